"""What readers of logs yield, and what comes out: marks, facts, runs, verdicts."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from planner.model.frozen import dataclass


class Mark(NamedTuple):
    """One sign of progress: so many steps were done, at that time or after that long.

    `clock` is seconds on a clock of the log's own, `seconds` the time of one step as the line says it, a mean over `span` steps
    (`None`: over those since the mark before). `units` are the samples or tokens of one step.
    """

    step: float
    clock: float | None = None
    seconds: float | None = None
    span: float | None = None
    units: float | None = None
    epoch: float | None = None
    rank: int | None = None


class Fact(NamedTuple):
    """Something the file states about the run; the names are those of `Facts`."""

    name: str
    value: object


class Start(NamedTuple):
    """A line that says that a run begins here, and what it says of it."""

    label: str = ""
    gpu_count: int | None = None


class Pause(NamedTuple):
    """Seconds that went into something else than training, as the file names them."""

    name: str
    seconds: float


class Total(NamedTuple):
    """So many steps took so long, without a history: an average."""

    steps: float
    seconds: float
    units: float | None = None  # of one step
    problem: str = ""  # why it must not be used


Event: TypeAlias = Mark | Fact | Start | Pause | Total
"""What a reader may say of a line."""


class StepIs(StrEnum):
    """What one step of a counter stands for, as far as its name says it."""

    OPTIMISER = "optimiser"  # one update of the weights
    BATCH = "batch"  # one batch of each GPU: updates may take several
    UNKNOWN = "unknown"  # calls of a logger, epochs, anything


class Counted(StrEnum):
    """What a step of a log is."""

    STEP = "step"
    EPOCH = "epoch"
    SAMPLE = "sample"  # the log has samples per second and no time of a step
    TOKEN = "token"  # noqa: S105 - no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the files state of a run; `None` is not stated, and asked for where it is needed.

    `gpus_visible` were there, `gpu_count` were used. `batch_size` is per GPU and micro-step, `step_samples` of one optimiser
    step on all GPUs. `sample_tokens` is the length of a sample of text.
    """

    model: str | None = None
    gpu: str | None = None  # key of the GPU table, or the text of the file where that knows none
    gpus_visible: int | None = None
    gpu_count: int | None = None
    accelerator: str | None = None  # what is not a GPU of the table: a TPU
    node_count: int | None = None
    precision: str | None = None
    batch_size: float | None = None
    batch_of_all: float | None = None  # of each GPU or of all: the file does not say
    accumulation: float | None = None
    step_samples: float | None = None
    sample_tokens: float | None = None
    epoch_samples: float | None = None
    epoch_steps: float | None = None
    total_steps: float | None = None
    total_epochs: float | None = None
    total_flops: float | None = None
    done_steps: float | None = None
    is_resumed: bool | None = None
    sample_unit: str | None = None
    watts: float | None = None
    memory_gib: float | None = None
    started_at: float | None = None  # seconds since 1970
    wall_seconds: float | None = None
    stated_pace: tuple[str, float] | None = None  # a rate that a file states, by its key
    capability: str | None = None
    benchmark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """So many steps took so many seconds; `end` is the step it ends at."""

    end: float
    steps: float
    seconds: float
    units: float | None = None  # samples or tokens of one step


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a file: its intervals in order, what is known of it, and what it is called.

    `grain` is the least difference its clock or its figures show, in seconds of an interval. `wall_seconds` is from the first to the
    last sign on the clock, `None` where the log has durations only.
    """

    kind: str
    source: str
    label: str = ""
    counted: Counted = Counted.STEP
    step_is: StepIs = StepIs.OPTIMISER
    units_are_per_gpu: bool = False
    unit: str = "sample"
    intervals: tuple[Interval, ...] = ()
    on_clock: tuple[Interval, ...] = ()  # the same by the clock, where the lines state durations and have stamps
    clock_grain: float = 0.0
    grain: float = 0.0
    rounding: float = 0.0  # half width of the rounding of each figure, as a fraction
    wall_seconds: float | None = None
    ended_at: float | None = None  # seconds since 1970
    stops: bool = False  # its clock stands still in pauses
    holds_validation: bool = False
    are_epoch_means: bool = (
        False  # an interval is the mean step of an epoch, whose number of steps the lines do not say
    )
    restarts: int = 0
    gpu_count: int | None = None
    total: Total | None = None
    pauses: tuple[Pause, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def steps(self) -> float:
        """Steps that its intervals hold."""
        return math.fsum(one.steps for one in self.intervals)


class Verdict(StrEnum):
    """How far a run can be used."""

    STEADY = "steady"
    AVERAGE = "average"
    REFUSED = "refused"
