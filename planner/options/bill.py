"""What is on a bill and how much of it: the terms that a person may set, each with its range and its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from planner.errors import UnknownNameError, UsageError
from planner.units import SECONDS_PER_HOUR

STARTUP_SECONDS = 120.0
"""From the start of billing to the first training step: boot, container start, first batch. An assumption, not a
measurement: clouds publish none. Each estimate states it."""

USUAL_OVERHEAD = (1.0, 1.31)
"""Time of a whole run over its time at the benchmark's speed. 1.31: MPT-7B, one trillion tokens in 9.5 days on 440 A100
(https://www.databricks.com/blog/mpt-7b, 5 May 2023) against the rate its makers publish for that model and card."""

GPU_HOURS_PER_FAILURE = 50_000.0
"""One unexpected interruption of a training run per so many GPU-hours.

Meta's Llama 3 run: 419 unexpected interruptions in 54 days on 16,384 H100, 50,676 GPU-hours each
(https://arxiv.org/abs/2407.21783, section 3.3.4, July 2024)."""

ITEMS = ("start-up", "interruptions", "failures", "staging", "storage", "egress")
"""What `without` can take off a bill. Every other item is there only if its own option asks for it."""


class BillOptions(TypedDict, total=False):
    """The options of a bill by name, as `estimate`, `recommend` and `estimate_many` take them; see `BillTerms`."""

    interruptions_per_hour: float | None
    has_checkpoints: bool
    checkpoint_interval_seconds: float | None
    checkpoint_seconds: float | None
    restart_seconds: float | None
    gpu_hours_per_failure: float
    share_commitment: bool
    trials: int
    evaluation_fraction: float
    overhead_factor: float
    dataset_gb: float
    results_gb: float
    image_gb: float
    idle_seconds: float
    tax_fraction: float
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillTerms:
    """What is on the bill, and how much of it.

    Attributes:
        interruptions_per_hour: of one spot instance; `None` takes the published or the default rate.
        has_checkpoints: without, an interrupted run starts from its beginning.
        checkpoint_interval_seconds: work between checkpoints; `None` takes the optimum.
        checkpoint_seconds: time to write one; `None` derives it from the model's size.
        restart_seconds: from a new instance to the first new step; `None` is start-up plus reading a checkpoint.
        gpu_hours_per_failure: GPU-hours between hardware failures.
        share_commitment: others use the rest of a commitment's term, so that it is not paid by this run.
        trials: runs of this length, one after the other, until one is right.
        evaluation_fraction: evaluation, as a fraction of training time.
        overhead_factor: time of a real run over its time at the benchmark's speed, 1 or more.
        dataset_gb: size of the training data in GB (1e9 bytes): staged in once and stored over the run.
        results_gb: what is downloaded at the end, in GB.
        image_gb: container image pulled at each start, in GB.
        idle_seconds: until somebody notices the end and stops the instance.
        tax_fraction: tax on the whole bill, 0.19 for 19 %.
        without: items of `ITEMS` to leave off.
    """

    interruptions_per_hour: float | None = None
    has_checkpoints: bool = True
    checkpoint_interval_seconds: float | None = None
    checkpoint_seconds: float | None = None
    restart_seconds: float | None = None
    gpu_hours_per_failure: float = GPU_HOURS_PER_FAILURE
    share_commitment: bool = False
    trials: int = 1
    evaluation_fraction: float = 0.0
    overhead_factor: float = 1.0
    dataset_gb: float = 0.0
    results_gb: float = 0.0
    image_gb: float = 0.0
    idle_seconds: float = 0.0
    tax_fraction: float = 0.0
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, naming the option."""
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"--{name.replace('_', '-')} must be {low:g} to {high:,.0f}, not {value:g}.")
        for item in self.without:
            if item not in ITEMS:
                raise UnknownNameError("item of the bill", item, ITEMS, "planner estimate --help")
        if (self.interruptions_per_hour or 0) * (self.checkpoint_seconds or 0) >= SECONDS_PER_HOUR:
            raise UsageError(
                f"A checkpoint takes {self.checkpoint_seconds:g} s, as long as the mean time between interruptions at "
                f"{self.interruptions_per_hour:g} per hour, or longer: no work would be saved."
            )
        if not self.has_checkpoints and (self.checkpoint_seconds or self.checkpoint_interval_seconds):
            raise UsageError("--no-checkpoints contradicts a checkpoint time or interval. Leave one of them out.")


_RANGES = (
    ("interruptions_per_hour", 0, 1000),
    ("checkpoint_interval_seconds", 1, 1e9),
    ("checkpoint_seconds", 0, 1e7),
    ("restart_seconds", 0, 1e7),
    ("gpu_hours_per_failure", 1, 1e12),
    ("trials", 1, 100_000),
    ("evaluation_fraction", 0, 100),
    ("overhead_factor", 1, 100),
    ("dataset_gb", 0, 1e9),
    ("results_gb", 0, 1e9),
    ("image_gb", 0, 1e5),
    ("idle_seconds", 0, 1e8),
    ("tax_fraction", 0, 1),
)
