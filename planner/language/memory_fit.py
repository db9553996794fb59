"""`planner fit`: whether a model fits on a GPU, the parts of its memory, the largest batch, and what would make it fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from planner.errors import DoesNotFitError, NoThroughputError, Sentence, UsageError
from planner.hardware.gpus import GpuChoice, load_gpus, shown_key
from planner.language.changes import cheapest_change
from planner.language.layouts import least_memory
from planner.language.memory import memory_needed
from planner.language.plan import plan_language_model
from planner.language.stacks import job_on
from planner.model.frozen import dataclass
from planner.model.language_runs import LanguageJob, LanguageWork, Layout
from planner.model.records import Benchmark, Gpu, Precision
from planner.throughput.measured import benchmarks_of
from planner.throughput.memory import GIB, MAX_BATCH, Memory, RunMemory, devices_per_gpu, usable_bytes
from planner.throughput.precision import refuse_fp8


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryReport:
    """Whether and how a run fits on `gpu_count` of one GPU; if nothing fits, in the layout that needs least memory.

    `largest_batch` counts sequences (or images) of one forward pass on one GPU; `None` if not even one fits.
    """

    gpu: Gpu
    gpu_count: float  # below 1: a slice, with that share of the memory
    layout: str
    memory: Memory
    usable_bytes: float
    largest_batch: int | None
    change: str | None  # the cheapest change that makes it fit; None where it fits, or nothing does
    least_bytes: float | None = None  # of the layout that needs least; None where there is one layout only
    host_bytes: float = 0.0  # memory of each machine for what its GPUs do not hold
    tokens_per_second: float | None = None  # of the language model in that layout; None for other models
    measured: Benchmark | None = None  # a run that held as much with no more memory, where the count is too large
    is_narrow: bool = False  # fits by the count, but measured runs of its kind held so much more that it may not
    reason: str | None = None  # why it does not run there, whatever the memory

    @property
    def fits(self) -> bool:
        """Whether the parts together fit into what a program can use, or a measured run shows that they do."""
        return self.reason is None and (self.memory.total <= self.usable_bytes or self.measured is not None)


def fit_of_language_model(
    work: LanguageWork, gpu: Gpu, count: int, precision: Precision, *, with_change: bool = True
) -> MemoryReport:
    """Whether and how the work fits on so many of a GPU, and unless told otherwise what would make it fit.

    Raises:
        UsageError: the number of GPUs cannot be split as asked, or the batch does not feed them.
    """
    usable, job = usable_bytes(gpu), job_on(work.job, gpu)
    try:
        plan = plan_language_model(work, gpu, count, precision)
    except NoThroughputError as error:
        is_short = isinstance(error, DoesNotFitError)
        layout, memory = least_memory(job, count * devices_per_gpu(gpu) * work.node_count)
        return MemoryReport(
            gpu=gpu,
            gpu_count=count,
            layout=str(layout),
            memory=memory,
            usable_bytes=usable,
            largest_batch=None,
            least_bytes=memory.total,
            change=cheapest_change(work, gpu, count, precision) if with_change and is_short else None,
            reason=None if is_short and memory.total > usable else Sentence("{why}", why=error),
        )
    return MemoryReport(
        gpu=gpu,
        gpu_count=count,
        layout=str(plan.plan.layout),
        memory=plan.plan.memory,
        usable_bytes=usable,
        largest_batch=_largest_micro_batch(job, plan.plan.layout, usable),
        change=None,
        least_bytes=least_memory(job, count * devices_per_gpu(gpu) * work.node_count)[1].total,
        host_bytes=plan.plan.host_bytes,
        tokens_per_second=plan.tokens_per_second,
        is_narrow=plan.is_narrow,
    )


def fit_of_vision_model(
    run: RunMemory, gpu: Gpu, count: float, *, batch_size: int, precision: Precision
) -> MemoryReport:
    """Whether the batch fits on each of so many of a GPU, or on a share of one, and what would.

    Raises:
        NoThroughputError: parameters or activations of the model are not known.
    """
    refuse_fp8(run.name, precision)
    memory = run.needed(batch_size, precision)
    if memory is None:
        raise _unknown_memory(run, gpu, count)
    share = min(count, 1.0)
    fit, largest = run.fit(gpu, batch_size, precision, share), run.largest(gpu, precision, share)
    change = None
    if not fit.fits:
        change = Sentence("{batch_size} {largest}", largest=largest) if largest else _larger_gpu(memory.total)
    return MemoryReport(
        gpu=gpu,
        gpu_count=count,
        layout=f"batch {batch_size} a GPU",
        memory=memory,
        usable_bytes=usable_bytes(gpu) * share,
        largest_batch=largest,
        change=change,
        measured=fit.measured,
    )


def _unknown_memory(run: RunMemory, gpu: Gpu, count: float) -> NoThroughputError:
    """The error for a model whose activations are not known: it does not fit, or nobody knows; and what may hold it."""
    least, instead = run.least(count), what_may_hold(run)
    if least is None:
        text = "Parameters or activations of {name} are not known, so its memory is not either.{instead}"
        return NoThroughputError(text, name=run.name, instead=instead)
    there = usable_bytes(gpu) * min(count, 1.0)
    is_short = least > there
    return (DoesNotFitError if is_short else NoThroughputError)(
        "{least}, and each {gpu} has {there:.1f}{so}.{instead}",
        least=run.least_text(least),
        gpu=shown_key(gpu.name),
        there=there / GIB,
        so=": it does not fit"
        if is_short
        else ". What its activations add is not known, so neither is whether it fits",
        instead=instead,
    )


def what_may_hold(run: RunMemory) -> Sentence:
    """What may hold a run whose activations are not known: GPUs with more than it takes without them, and what did hold it."""
    said, least = "", run.least()
    if least is not None:
        larger = sorted((usable_bytes(gpu), gpu.name) for gpu in load_gpus().values() if usable_bytes(gpu) > least)
        said += f" Of {len(load_gpus())} GPUs {len(larger)} have more than {least / GIB:.1f} GiB"
        said += f", the smallest {larger[0][1]}." if larger else "."
        if run.is_divided():
            said += (
                f" Over 8 GPUs, divided as measured runs were, it takes {(run.least(8) or least) / GIB:.1f} on each."
            )
    row, adapters = run.smallest_run(), benchmarks_of(f"{run.name}-lora")
    if row is not None:
        said += f" It did run on {row.gpu_count} x {row.gpu}."
    if adapters:
        said += f" Adapters take less: {{model}} {adapters[0].model} did run on {adapters[0].gpu_count} x {adapters[0].gpu}."
    return Sentence(said)


def may_hold(work: LanguageWork, gpu: Gpu, count: int) -> bool:
    """Whether so many of the GPU have memory enough for the work in some layout, whatever else it needs."""
    try:
        _, memory = least_memory(job_on(work.job, gpu), count * devices_per_gpu(gpu) * work.node_count)
    except UsageError:
        return False
    return memory.total <= usable_bytes(gpu)


def whole_count(choice: GpuChoice) -> int:
    """The number of GPUs that a choice means, one if it says none.

    Raises:
        UsageError: it is a share of one.
    """
    count = 1 if choice.count is None else choice.count
    if count != int(count):
        raise UsageError(f"{choice.text}: memory is planned for whole GPUs. Write for example A100:8.")
    return int(count)


def share_or_whole_count(choice: GpuChoice) -> float:
    """The number of GPUs that a choice means, one if it says none; below one, the share of one.

    Raises:
        UsageError: it is a number of GPUs that is not whole.
    """
    return choice.count if choice.count is not None and choice.count < 1 else whole_count(choice)


def _largest_micro_batch(job: LanguageJob, layout: Layout, usable: float) -> int:
    """Sequences of one forward pass that fit in this layout, whatever the batch of a step is."""
    wide = replace(job, batch_tokens=max(job.batch_tokens, MAX_BATCH * layout.gpu_count * job.sequence_length))
    return _largest(lambda batch: memory_needed(wide, replace(layout, micro_batch=batch)).total <= usable)


def _largest(fits: Callable[[int], bool]) -> int:
    """The largest batch that fits, by halving; 1 is known to fit."""
    low, high = 1, 2
    while high < MAX_BATCH and fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _larger_gpu(needed: float) -> str:
    return f"a GPU with {needed / GIB:.0f} GiB or more"
