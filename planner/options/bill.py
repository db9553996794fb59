"""What is on a bill and how much of it: the terms that a person may set, each with its range and its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.errors import UnknownNameError, UsageError
from planner.options.arguments import GPU_HOURS_PER_FAILURE, BillArguments
from planner.options.declared import declared
from planner.units import SECONDS_PER_HOUR

STARTUP_SECONDS = 120.0
"""From the start of billing to the first training step: boot, container start, first batch. An assumption, not a
measurement: clouds publish none. Each estimate states it."""

USUAL_OVERHEAD = (1.0, 1.31)
"""Time of a whole run over its time at the benchmark's speed. 1.31: MPT-7B, one trillion tokens in 9.5 days on 440 A100
(https://www.databricks.com/blog/mpt-7b, 5 May 2023) against the rate its makers publish for that model and card."""

ITEMS = ("start-up", "interruptions", "failures", "staging", "storage", "egress")
"""What `without` can take off a bill. Every other item is there only if its own option asks for it."""


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
        for item in self.without:
            if item not in ITEMS:
                raise UnknownNameError("item of the bill", item, ITEMS, "planner estimate --help")
        if (self.interruptions_per_hour or 0) * (self.checkpoint_seconds or 0) >= SECONDS_PER_HOUR:
            raise UsageError(
                f"A checkpoint takes {self.checkpoint_seconds:g} s, as long as the mean time between interruptions at "
                f"{self.interruptions_per_hour:g} per hour, or longer: no work would be saved."
            )
        if not self.has_checkpoints and (self.checkpoint_seconds or self.checkpoint_interval_seconds):
            raise UsageError(
                "{no_checkpoints} contradicts a checkpoint time or interval. Leave one of them out.",
                argument="has_checkpoints",
            )


def bill_terms(asked: BillArguments) -> BillTerms:
    """The terms that the arguments describe.

    Raises:
        UnknownNameError: `without` names no item of a bill.
        UsageError: checkpoints take longer than there is time between interruptions, or contradict `has_checkpoints`.
    """
    given: Mapping[str, Any] = asked
    return BillTerms(**{name: given[name] for name in declared(BillArguments)})
