"""The time of a run on an offer, from the start of billing to its result: as expected, at its best and at its worst."""

from __future__ import annotations

import math

from planner.cost.checkpoints import HOPELESS_RATIO, checkpoint_seconds_of, interrupted_run, same_plan
from planner.cost.failures import COUNTED_FROM, failures_per_hour
from planner.cost.startup import usual_startup_seconds
from planner.errors import NothingLeftError, Sentence, UsageError
from planner.hardware.spot import InterruptionRate, interruption_rate
from planner.model.costs import Interruptions
from planner.model.frozen import dataclass
from planner.model.records import Offer, Purchase, Throughput, Workload
from planner.options.bill_arguments import GPU_HOURS_PER_FAILURE, BillArguments
from planner.units import hours

_SPOT = Purchase.SPOT

Parts = tuple[tuple[str, float], ...]
"""Parts of a run, each with its seconds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """One possible course of a run: the seconds of each part by name, which sum to `seconds`."""

    parts: Parts
    seconds: float
    interruptions: Interruptions | None  # None: none are counted


class Courses:
    """A run as expected, at its best (fast and calm) and at its worst (slow and disturbed).

    Most runs are only compared by their middle course: each is worked out when somebody asks for it first.
    """

    def __init__(
        self, timer: Timer, start: Parts, trainings: tuple[float, float, float], disturbed: _Disturbed | None
    ) -> None:
        self._timer = timer
        self._start = start
        self._training, self._fastest, self._slowest = trainings
        self._disturbed = disturbed
        self._middle: Course | None = None
        self._low: Course | None = None
        self._high: Course | None = None
        self._seconds: tuple[float, float] | None = None
        self.basis_of_interruptions = "" if disturbed is None else disturbed.rate.source

    # kept by hand: `cached_property` takes a lock each time
    @property
    def middle(self) -> Course:
        """The run at the middle of the speeds and of the interruptions."""
        if self._middle is None:
            self._middle = self._course(self._training, None if self._disturbed is None else self._disturbed.run)
        return self._middle

    @property
    def low(self) -> Course:
        """The shortest run."""
        if self._low is None:
            self._low = self._course(self._fastest, None if self._disturbed is None else self._calm(self._disturbed))
        return self._low

    @property
    def high(self) -> Course:
        """The longest run."""
        if self._high is None:
            self._high = self._course(self._slowest, None if self._disturbed is None else self._disturbed.worst)
        return self._high

    @property
    def seconds_at_ends(self) -> tuple[float, float]:
        """Seconds of the shortest and of the longest run: all that comparing needs of them."""
        if self._seconds is None:
            disturbed = self._disturbed
            calm, worst = (None, None) if disturbed is None else (self._calm(disturbed), disturbed.worst)
            seconds_of = self._timer.seconds_of
            self._seconds = (
                seconds_of(self._start, self._timer.work_seconds(self._fastest), calm),
                seconds_of(self._start, self._timer.work_seconds(self._slowest), worst),
            )
        return self._seconds

    def _calm(self, disturbed: _Disturbed) -> Interruptions:
        return same_plan(
            disturbed.run,
            work_seconds=self._timer.work_seconds(self._fastest),
            interruptions_per_hour=disturbed.rate.low,
        )

    def _course(self, training: float, run: Interruptions | None) -> Course:
        return self._timer.course(self._start, training, run)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Disturbed:
    """How a run is interrupted: the rate, the run at its middle, and the slowest run at its high end."""

    rate: InterruptionRate
    run: Interruptions
    worst: Interruptions


class Timer:
    """Works out the time of a workload on any offer.

    Args:
        terms: what counts.
        workload: what runs; `None` for hours of work of which nothing else is known.
    """

    def __init__(self, terms: BillArguments, workload: Workload | None) -> None:
        self.terms = terms
        self.params_millions = None if workload is None else workload.trained_params_millions
        self.is_language = workload is not None and workload.language is not None
        self.refused: dict[str, tuple[float, NothingLeftError]] = {}  # reason: (how bad, the least bad case in numbers)
        self.counts_interruptions = "interruptions" not in terms["without"]
        self._starts: dict[tuple[float, int], Parts] = {}
        self._known: dict[object, Courses | str] = {}  # offers that take the same time share their courses

    def courses(self, offer: Offer, throughput: Throughput, samples: float, node_count: int = 1) -> Courses | str:
        """The courses of a run over so many samples, or why the offer cannot do it; `refused` then holds the numbers."""
        speeds = throughput.samples_per_second, throughput.high, throughput.low
        return self.courses_at(speeds, offer, samples, node_count)

    def courses_at(
        self, speeds: tuple[float, float, float], offer: Offer, samples: float, node_count: int = 1
    ) -> Courses | str:
        """The courses of a run at these samples per second: as expected, fastest and slowest."""
        start, reclaimed = self.start_parts(offer, node_count), self._reclaimed(offer)
        key = (speeds, samples, start, reclaimed, offer.gpu_count, node_count)
        known = self._known.get(key)
        if known is None:
            training, fastest, slowest = [samples / speed for speed in speeds]
            rate = self._rate(reclaimed, offer.gpu_count, hours(self.work_seconds(training)), node_count)
            known = self._known[key] = self._courses(start, (training, fastest, slowest), rate, node_count)
        return known

    def _courses(
        self, start: Parts, trainings: tuple[float, float, float], rate: InterruptionRate | None, node_count: int
    ) -> Courses | str:
        if rate is None:
            return Courses(self, start, trainings, None)
        training, _, slowest = trainings
        restart_seconds = self.restart_seconds(node_count, math.fsum(seconds for _, seconds in start))
        run = self.run(self.work_seconds(training), rate.per_hour, node_count, restart_seconds)
        if isinstance(run, str):
            return run
        worst = same_plan(run, work_seconds=self.work_seconds(slowest), interruptions_per_hour=rate.high)
        if not math.isfinite(worst.expected_seconds):
            return self._hopeless(worst)
        disturbed = _Disturbed(rate=rate, run=run, worst=worst)
        return Courses(self, start, trainings, disturbed)

    def work_seconds(self, training_seconds: float) -> float:
        """Time of all the work: overhead, evaluation and trials on top of training at the benchmark's speed."""
        terms = self.terms
        return training_seconds * terms["overhead_factor"] * (1 + terms["evaluation_fraction"]) * terms["trials"]

    def startup_seconds(self, gpu_count: float, node_count: int) -> float:
        """Seconds from the start of billing to the first step of machines with so many GPUs each, loading included."""
        loading = self.terms["loading_seconds"] or 0.0
        if "start-up" in self.terms["without"]:
            return loading
        given = self.terms["startup_seconds"]
        return loading + (usual_startup_seconds(gpu_count, node_count) if given is None else given)

    def start_parts(self, offer: Offer, node_count: int) -> Parts:
        """The parts of the start, before the first step, with the seconds each takes."""
        if not (self.terms["image_gb"] or self.terms["dataset_gb"]):
            key = (offer.gpu_count, node_count)
            if key not in self._starts:  # offers of one count start alike
                self._starts[key] = (("start-up", self.startup_seconds(*key)),)
            return self._starts[key]
        startup = self.startup_seconds(offer.gpu_count, node_count)
        from planner.cost.extras import transfer_seconds  # noqa: PLC0415 - only where somebody asks for it

        parts = [("start-up", startup), ("image pull", transfer_seconds(offer, self.terms["image_gb"]))]
        if "staging" not in self.terms["without"]:
            parts.append(("staging the data in", transfer_seconds(offer, self.terms["dataset_gb"])))
        return tuple(parts)

    def rate(self, offer: Offer, work_hours: float, node_count: int) -> InterruptionRate | None:
        """Interruptions of the whole run per hour, reclaimed spot and failures together; `None` if none are counted."""
        return self._rate(self._reclaimed(offer), offer.gpu_count, work_hours, node_count)

    def _reclaimed(self, offer: Offer) -> InterruptionRate | None:
        """How often one spot instance is taken back; `None` where that is not counted."""
        if offer.purchase is not _SPOT or not self.counts_interruptions:
            return None
        given = self.terms["interruptions_per_hour"]
        if given is None:
            return interruption_rate(offer)
        return InterruptionRate(
            per_hour=given, low=given, high=given, source=Sentence("given with {interruptions_per_hour}")
        )

    def _rate(
        self, reclaimed: InterruptionRate | None, gpu_count: float, work_hours: float, node_count: int
    ) -> InterruptionRate | None:
        failures = failures_per_hour(gpu_count * node_count, self.terms["gpu_hours_per_failure"])
        if not self.counts_failures(node_count) or (reclaimed is None and failures * work_hours < COUNTED_FROM):
            failures = 0.0
        if reclaimed is not None:
            if node_count == 1 and failures == 0:
                return reclaimed
            return InterruptionRate(
                per_hour=reclaimed.per_hour * node_count + failures,
                low=reclaimed.low * node_count + failures,
                high=reclaimed.high * node_count + failures,
                source=reclaimed.source,
            )
        if failures == 0 and self.terms["checkpoint_interval_seconds"] is None:
            return None
        return InterruptionRate(
            per_hour=failures,
            low=failures,
            high=failures,
            source=f"one hardware failure per {self.terms['gpu_hours_per_failure']:,.0f} GPU-hours",
        )

    def counts_failures(self, node_count: int) -> bool:
        """Whether hardware failures are counted on top of the work.

        The speed of a language model over several machines is that of whole published runs, failures and all: there
        they are counted only at a rate that somebody gives.
        """
        is_in_speed = self.is_language and node_count > 1
        is_given = self.terms["gpu_hours_per_failure"] != GPU_HOURS_PER_FAILURE
        return "failures" not in self.terms["without"] and (is_given or not is_in_speed)

    def checkpoint_seconds(self, node_count: int) -> float:
        """Time to write a checkpoint: as given, or from the size of the model."""
        if self.terms["checkpoint_seconds"] is not None:
            return self.terms["checkpoint_seconds"]
        return checkpoint_seconds_of(self.params_millions, node_count)

    def restart_seconds(self, node_count: int, start_seconds: float) -> float:
        """Time from a new instance to its first new step."""
        if self.terms["restart_seconds"] is not None:
            return self.terms["restart_seconds"]
        return start_seconds + (self.checkpoint_seconds(node_count) if self.terms["has_checkpoints"] else 0.0)

    def run(self, work_seconds: float, per_hour: float, node_count: int, restart_seconds: float) -> Interruptions | str:
        """The work with its interruptions, or the reason why it cannot be done."""
        try:
            run = interrupted_run(
                work_seconds=work_seconds,
                interruptions_per_hour=per_hour,
                checkpoint_seconds=self.checkpoint_seconds(node_count),
                restart_seconds=restart_seconds,
                interval_seconds=self.terms["checkpoint_interval_seconds"],
                has_checkpoints=self.terms["has_checkpoints"],
            )
        except UsageError as error:
            reason = "a checkpoint takes as long as the mean time between interruptions"
            self.refused.setdefault(reason, (per_hour, NothingLeftError(error.message, argument=error.argument)))
            return reason
        bearable = HOPELESS_RATIO * max(work_seconds, run.checkpoint_seconds)  # a save outlasts a run of seconds
        return run if run.expected_seconds <= bearable else self._hopeless(run)

    def _hopeless(self, run: Interruptions) -> str:
        reason = f"interrupted so often that the work would take more than {HOPELESS_RATIO:g} times as long"
        how = "" if run.has_checkpoints else " without checkpoints"
        long = (
            f"would take {hours(run.expected_seconds):,.0f} h on average, "
            f"{run.expected_seconds / run.work_seconds:,.0f} times as long"
            if math.isfinite(run.expected_seconds)
            else "would never end"
        )
        text = (
            f"{hours(run.work_seconds):,.1f} h of work at {run.per_hour:.3g} interruptions per hour{how} {long}. "
            "Write checkpoints, or rent on demand."
        )
        if reason not in self.refused or run.expected_seconds < self.refused[reason][0]:
            self.refused[reason] = (run.expected_seconds, NothingLeftError(text))
        return reason

    def course(self, start: Parts, training: float, run: Interruptions | None) -> Course:
        """The course of a run that trains for so many seconds at the benchmark's speed."""
        work = self.work_seconds(training)
        parts = [("training", training), *start, *self._beyond_training(training, work)]
        if run is not None:
            parts.append(("checkpoints", run.checkpointing_seconds))
            parts += [("work done twice", run.lost_seconds), ("restarts", run.restarting_seconds)]
        return Course(
            parts=tuple(parts),
            seconds=self.seconds_of(start, work, run),
            interruptions=run,
        )

    def seconds_of(self, start: Parts, work_seconds: float, run: Interruptions | None) -> float:
        """Seconds of a run with so much work, from the start of billing to its result."""
        return math.fsum([seconds for _, seconds in start]) + (run.expected_seconds if run else work_seconds)

    def _beyond_training(self, training: float, work: float) -> Parts:
        """The seconds that overhead, evaluation and further trials add to training at the benchmark's speed."""
        if work == training:
            return ()
        terms = self.terms
        once = training * terms["overhead_factor"] * (1 + terms["evaluation_fraction"])
        overhead = training * (terms["overhead_factor"] - 1)
        return (
            ("overhead over the benchmark", overhead),
            ("evaluation", once - training - overhead),
            (f"{terms['trials'] - 1} more trials", work - once),
        )
