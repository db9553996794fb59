"""What is asked of offers."""

from __future__ import annotations

from planner.hardware.gpus import GpuChoice
from planner.model.frozen import dataclass
from planner.model.records import Purchase


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFilter:
    """The offers that are wanted. An empty tuple or `None` asks for all."""

    gpus: tuple[GpuChoice, ...] = ()
    gpu_counts: tuple[float, ...] = ()
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    instances: tuple[str, ...] = ()
    max_price_age_days: int | None = None
    names_age: bool = False  # somebody says how old a price may be
    has_processors: bool = False  # machines without a GPU count too; where `gpus` names any, those of it
    is_strict: bool = False  # a damaged book among those asked for is an error; else it is left out and named
