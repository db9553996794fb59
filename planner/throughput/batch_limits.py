"""How many samples one step may take before a run needs more of them: at most as many as were published without loss.

    samples(B) = least x (1 + B / critical)

The law of *An Empirical Model of Large-Batch Training* (https://arxiv.org/abs/1812.06162). It holds MLPerf's reference points of
each benchmark within some per cent (`data/batch_limits.csv`). At a quarter of the critical batch a run needs 25 % more samples
than at small ones, which is about where these benchmarks themselves start.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from functools import cache

from planner.hardware.access import Checked
from planner.hardware.tables import read_rows
from planner.model.frozen import dataclass
from planner.model.records import Model, Workload

USUAL_STEPS, LEAST_STEPS = 100, 10
"""Steps of an epoch where nothing is published of the task, and where something is: judgements. MLPerf's largest batch of
ResNet-50 that converges has 19."""
SMALLEST_LIMIT = 32
"""Samples of a step that the smallest training set may have: the batch of the usual fine-tuning scripts."""
CRITICAL_SHARE = 4
"""The part of the critical batch that a step may have."""
UNITS = ("image", "sequence", "sample", "node", "utterance")
"""Units in which batches are counted too."""


class LimitKind(StrEnum):
    """What a published batch is."""

    LARGEST_WITHOUT_LOSS = "largest_without_loss"
    LARGEST_RECIPE = "largest_recipe"
    CRITICAL = "critical"


_WORDS = {
    LimitKind.LARGEST_WITHOUT_LOSS: "the largest published without loss",
    LimitKind.LARGEST_RECIPE: "the largest published recipe",
    LimitKind.CRITICAL: "a quarter of the critical batch",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedBatch:
    """A published batch over all GPUs: of models by name, `*` standing for any ending, and of other models of the task."""

    models: tuple[str, ...]
    task: str | None
    kind: LimitKind
    samples: float
    unit: str
    note: str
    source: str
    checked: Checked
    as_of: str

    def is_of(self, model: Model) -> bool:
        """Whether the batch is one of that very model."""
        return any(_matches(model.name, name) for name in self.models)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimit:
    """The most samples of a step over all GPUs, why, and the batch from which more cost as much as they save.

    `critical` is `None` where it is not known.
    """

    samples: int
    why: str
    critical: float | None

    def more_samples(self, batch: float) -> float | None:
        """The part of samples that a run needs more at this batch than at a small one; `None` where it is not known."""
        return None if self.critical is None else batch / self.critical


def batch_limit(workload: Workload) -> BatchLimit | None:
    """The most samples that a step of the workload may take; `None` of language models and of what has no such batch.

    It is the largest batch published without loss for the model, else a quarter of the critical batch of its task, both at most
    a tenth of an epoch; else a hundredth of an epoch.

    Examples:
        ResNet-50 on ImageNet: 8,192; on 20,000 pictures of one's own: 1,024.
    """
    model = workload.model
    if workload.language is not None or model.sample_unit not in UNITS:
        return None
    rows = [row for row in _published() if row.unit == model.sample_unit]
    critical = next((row for row in rows if row.kind is LimitKind.CRITICAL and row.is_of(model)), None) or next(
        (row for row in rows if row.kind is LimitKind.CRITICAL and row.task == model.task), None
    )
    recipes = [row for row in rows if row.kind is not LimitKind.CRITICAL and row.is_of(model)]
    found = max(recipes, key=lambda row: row.samples, default=critical)
    at = None if critical is None else critical.samples
    steps = USUAL_STEPS if found is None else LEAST_STEPS
    if found is None and workload.samples_per_epoch <= 1:  # a single sample stands for any amount of work
        return None
    of_epoch = _power_of_two(workload.samples_per_epoch / steps) if workload.samples_per_epoch > 1 else sys.maxsize
    most = of_epoch if found is None else int(found.samples / (CRITICAL_SHARE if found is critical else 1))
    if found is None or of_epoch < most:
        part = "hundredth" if found is None else "tenth"
        return BatchLimit(samples=of_epoch, why=f"a power of two within a {part} of an epoch", critical=at)
    return BatchLimit(samples=most, why=f"{_WORDS[found.kind]} ({found.source.partition(';')[0]})", critical=at)


def _power_of_two(samples: float) -> int:
    """The largest power of two within the samples, and at least `SMALLEST_LIMIT`: what people take as a batch."""
    return max(1 << int(samples).bit_length() - 1 if samples >= 1 else 1, SMALLEST_LIMIT)


def _matches(name: str, wanted: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


@cache
def _published() -> tuple[PublishedBatch, ...]:
    return tuple(read_rows("batch_limits.csv", PublishedBatch))
