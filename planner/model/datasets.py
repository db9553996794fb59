"""Training sets and their sizes."""

from __future__ import annotations

from planner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A training set and its size, from `data/datasets.csv`; a sample is one `sample_unit`."""

    name: str
    aliases: tuple[str, ...]
    samples: int
    sample_unit: str
    source: str
    as_of: str
