"""How many times as fast GPUs are as the fastest processor of an answer."""

from __future__ import annotations

from planner.hardware.processors import devices_text
from planner.model.frozen import dataclass
from planner.results.words import range_text
from planner.units import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedUp:
    """The speed of so many GPUs over that of a processor, with the range that both of theirs leave."""

    gpu: str
    gpu_count: float
    processor: str
    processor_count: float
    factor: float
    low: float
    high: float


def speed_up_text(one: SpeedUp) -> str:
    """`1x A100-40G is 28 (5.2-154) times as fast as 96 cores Xeon 8488C`."""
    return (
        f"{devices_text(one.gpu, one.gpu_count)} is {range_text(one.factor, one.low, one.high)} times as fast as "
        f"{devices_text(one.processor, one.processor_count)}."
    )


def speed_up_record(one: SpeedUp) -> Row:
    """The JSON record."""
    return {
        "gpu": one.gpu,
        "gpu_count": one.gpu_count,
        "processor": one.processor,
        "processor_count": one.processor_count,
        "factor": one.factor,
        "low": one.low,
        "high": one.high,
    }
