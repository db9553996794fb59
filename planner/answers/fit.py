"""Does it fit: the one answer to it, for the GPUs asked for or for every GPU that is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from planner.errors import NoThroughputError, PlannerError, Sentence, UsageError, named
from planner.hardware.frameworks import wheel_problem
from planner.hardware.gpus import GpuChoice, load_gpus, shown_key
from planner.hardware.processors import choose_gpus_only
from planner.language.jobs import plan_job
from planner.language.memory_fit import (
    MemoryReport,
    fit_of_language_model,
    fit_of_vision_model,
    may_hold,
    share_or_whole_count,
    what_may_hold,
    whole_count,
)
from planner.language.stacks import stands_for_tuned_code
from planner.model.frozen import dataclass
from planner.model.language_runs import LanguageWork
from planner.model.rates import Cell
from planner.model.records import Gpu, Precision, Workload, precision_named
from planner.options.declared import declared
from planner.options.fit_arguments import FitArguments
from planner.options.language_arguments import LanguageArguments
from planner.throughput.measured import benchmarks_of
from planner.throughput.memory import RunMemory, usable_bytes
from planner.work.language import chosen_language_model, chosen_stack, is_language_model
from planner.work.listed import known_model, resolve_model
from planner.work.tree_tools import tree_tool

_NO_GPU = (
    "It trains out of the memory of its machine, which planner fit does not count; planner fit without a processor says what a "
    "run needs, and planner prices list --gpu cpu --format csv what machines have."
)
_TREES = (
    "{name} boosts trees, whose memory is that of their table and is not counted by planner fit. "
    "planner estimate with {rows} says where they are measured."
)
COMPILED = "counted for compiled code; plain code of Transformers held up to 1.9 times as much, the stack transformers-peft counts it"
COUNTS = (1, 2, 4, 8)
"""GPUs of one machine, as they are rented and built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fits:
    """Memory reports of one run, and what it is; of those left out by a limit, `hidden`, so many fit.

    `other_builds` counts the GPUs of an overview that hold the run and that today's wheels of PyTorch do not run on.
    """

    reports: tuple[MemoryReport, ...]
    what: str
    is_overview: bool  # of every GPU, each in the smallest number that holds the run
    advice: tuple[str, ...] = ()  # what else to ask for
    hidden: int = 0
    hidden_fitting: int = 0
    other_builds: int = 0


def fits(
    *,
    model: str | None,
    gpus: Sequence[str],
    precision: str,
    batch_size: int,
    options: LanguageArguments,
    limit: int | None = None,
) -> Fits:
    """Whether a model fits on the GPUs named; with none named, on which it does, the smallest machine first.

    Raises:
        UnknownNameError: a model, GPU or precision is not known.
        UsageError: options contradict each other, or the model boosts trees.
        NoThroughputError: parameters or activations of an image model are not known.
    """
    if model is not None and tree_tool(model) is not None:
        raise UsageError(_TREES, argument="model", name=model)
    batch_size = declared(FitArguments)["batch_size"].usable(batch_size)
    kind = precision_named(precision) or Precision.AMP
    choices = [choose_gpus_only(text, _NO_GPU) for text in gpus]
    said = [name for name, value in options.items() if value not in (None, False)]
    asked: _Asked
    if model is not None and not is_language_model(model) and (not said or known_model(model) is not None):
        if said:
            raise UsageError(
                "{name} is not a language model: {given} cannot be used.",
                argument=said[0],
                name=model,
                given=named(*said),
            )
        asked = _VisionFit(model, batch_size, kind)
    else:
        asked = _LanguageFit(model, options, precision, kind)
    if not choices:
        asked.refuse_unknown()
        return _overview(asked, limit)
    reports = [asked.report(load_gpus()[name], asked.count_of(choice)) for choice in choices for name in choice.gpus]
    return Fits(reports=tuple(reports), what=asked.what, is_overview=False)


def fit_of(workload: Workload, gpu: str, gpu_count: float) -> MemoryReport:
    """Whether and how a workload fits on so many of a GPU, at its own batch, and what would make it fit.

    A workload whose batch is open is asked with one sample a GPU, which is the least.

    Raises:
        NoThroughputError: nothing is known of its memory, or a share of a GPU is asked of a language model.
    """
    precision = workload.precision or Precision.AMP
    if workload.language is not None:
        count = whole_count(GpuChoice(text=f"{gpu}:{gpu_count:g}", gpus=(gpu,), count=gpu_count))
        return fit_of_language_model(workload.language, load_gpus()[gpu], count, precision)
    run = RunMemory(workload.model, benchmarks_of(workload.model.name), workload.input_size)
    return fit_of_vision_model(
        run, load_gpus()[gpu], gpu_count, batch_size=workload.batch_size or 1, precision=precision
    )


def what_would_fit(workload: Workload, cells: Iterable[Cell], nodes: int = 1) -> str:
    """A sentence with the cheapest change that makes the workload fit on those of the cells with most memory; empty without any.

    It is asked where a question ends in a refusal only, for it takes long to find.
    """
    language = workload.language
    asked = workload if language is None else replace(workload, language=replace(language, node_count=nodes))
    known = [(gpu, count) for gpu, count in cells if count >= 1 or language is None]
    if not known:
        return ""
    gpu, count = max(known, key=lambda cell: _room(cell, is_split=language is not None))
    try:
        change = fit_of(asked, gpu, count).change
    except PlannerError:
        return ""
    if not change:
        return ""
    return Sentence(
        " Cheapest change that fits on {count:g} x {gpu}: {change}.", count=count, gpu=shown_key(gpu), change=change
    )


def _room(cell: Cell, *, is_split: bool) -> tuple[float, float, str]:
    """Memory that a run has there; one that is not split has that of one GPU, of however many."""
    gpu, count = cell
    return usable_bytes(load_gpus()[gpu]) * (count if is_split else min(count, 1.0)), -count, gpu


class _Asked(Protocol):
    """A run whose memory is asked for."""

    what: str
    counts: Sequence[int]
    trains_all_weights: bool

    def count_of(self, choice: GpuChoice) -> float:
        """The number of GPUs that a choice means."""

    def report(self, gpu: Gpu, count: float, *, with_change: bool = True) -> MemoryReport:
        """Whether and how it fits."""

    def may_hold(self, gpu: Gpu, count: int) -> bool:
        """Whether so many GPUs have memory enough; a bound that is quick to tell."""

    def refuse_unknown(self) -> None:
        """Refuses a run whose memory is not known on any GPU."""


class _LanguageFit:
    """A language model's run, as options describe it."""

    counts: Sequence[int] = COUNTS

    def __init__(self, model: str | None, options: LanguageArguments, precision: str, kind: Precision) -> None:
        job = plan_job(chosen_language_model(model, options), options, precision)
        self._work = LanguageWork(job=job, stack=chosen_stack(options, job.method))
        self._precision = kind
        self.trains_all_weights = not job.method.has_adapters
        self.what = (
            f"{job.model.name}, {job.model.parameters / 1e9:.4g}B parameters, {job.method}, {job.held}, "
            f"{job.sequence_length:,} tokens a sequence"
            + ("" if job.has_optimizer_in_backward else f", {job.batch_tokens:,} a step")
            + "".join(f"; {remark}" for remark in job.model.remarks)
            + (f"; {COMPILED}" if stands_for_tuned_code(self._work) else "")
        )

    def count_of(self, choice: GpuChoice) -> float:
        return whole_count(choice)

    def report(self, gpu: Gpu, count: float, *, with_change: bool = True) -> MemoryReport:
        return fit_of_language_model(self._work, gpu, int(count), self._precision, with_change=with_change)

    def may_hold(self, gpu: Gpu, count: int) -> bool:
        return may_hold(self._work, gpu, count)

    def refuse_unknown(self) -> None:
        """Nothing: every shape has a count."""


class _VisionFit:
    """Training of a listed image model at a batch."""

    counts: Sequence[int] = (1,)  # every GPU holds all of it
    trains_all_weights = False

    def __init__(self, model: str, batch_size: int, kind: Precision) -> None:
        if batch_size < 1:
            raise UsageError("{batch_size} must be at least 1, not {given}.", argument="batch_size", given=batch_size)
        image_model = resolve_model(model)
        self._run = RunMemory(image_model, benchmarks_of(image_model.name))
        self._batch_size, self._precision = batch_size, kind
        is_text = image_model.sample_unit == "sequence" and image_model.input_size is not None
        length = f" of {image_model.input_size} tokens" if is_text else ""
        self.what = f"{image_model.name}, {batch_size} {image_model.sample_unit}s{length} a GPU, {kind}"

    def count_of(self, choice: GpuChoice) -> float:
        return share_or_whole_count(choice)

    def report(self, gpu: Gpu, count: float, *, with_change: bool = True) -> MemoryReport:
        return fit_of_vision_model(self._run, gpu, count, batch_size=self._batch_size, precision=self._precision)

    def may_hold(self, gpu: Gpu, count: int) -> bool:
        return True

    def refuse_unknown(self) -> None:
        least = self._run.least()
        if least is not None and self._run.needed(self._batch_size, self._precision) is None:
            raise NoThroughputError(
                "{least}; what activations add is not known.{instead}",
                least=self._run.least_text(least),
                instead=what_may_hold(self._run),
            )


def _overview(asked: _Asked, limit: int | None) -> Fits:
    """A report for every known GPU, in the smallest number that holds the run, else in the largest.

    Fitting ones come first, of those the ones that today's wheels of PyTorch run on.
    """
    found = [_smallest(asked, gpu) for gpu in load_gpus().values()]
    found.sort(key=_place)
    shown, hidden = found[:limit], found[len(found[:limit]) :]
    return Fits(
        # what would make a run fit takes long to find: only where it is shown
        reports=tuple(one if one.fits else asked.report(one.gpu, one.gpu_count) for one in shown),
        what=asked.what,
        is_overview=True,
        advice=_advice(asked, len(found), hidden),
        hidden=len(hidden),
        hidden_fitting=sum(one.fits for one in hidden),
        other_builds=len([one for one in found if one.fits and _needs_other_build(one)]),
    )


def _advice(asked: _Asked, every: int, hidden: Sequence[MemoryReport]) -> tuple[Sentence, ...]:
    """Sentences on what takes less memory, and on the GPUs that are not listed."""
    said = []
    if asked.trains_all_weights:
        said.append(Sentence("All weights are trained: {method} lora or qlora trains adapters, in less memory."))
    if hidden:
        holding = sum(one.fits for one in hidden)
        others = len(hidden) - holding
        said.append(
            Sentence(
                "{count} more GPUs: {holding} hold{s} it, {others} do{es} not; {limit} {every} lists all. planner fit --gpu NAME:COUNT "
                "shows the parts.",
                count=len(hidden),
                holding=holding,
                s="s" * (holding == 1),
                others=others,
                es="es" * (others == 1),
                every=every,
            )
        )
    return tuple(said)


def _smallest(asked: _Asked, gpu: Gpu) -> MemoryReport:
    for count in asked.counts:
        if asked.may_hold(gpu, count) and (found := asked.report(gpu, count, with_change=False)).fits:
            return found
    return asked.report(gpu, asked.counts[-1], with_change=False)


def _place(report: MemoryReport) -> tuple[bool, bool, float, float, str]:
    """Sorts those that fit by build and by the memory of all GPUs together, the others by how much of the need they have."""
    together = report.gpu_count * report.usable_bytes
    short_of = 0.0 if report.fits else report.memory.total / report.usable_bytes
    return not report.fits, report.fits and _needs_other_build(report), short_of or together, together, report.gpu.name


def _needs_other_build(report: MemoryReport) -> bool:
    return wheel_problem(None, report.gpu.name) is not None
