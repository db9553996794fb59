"""`planner fit`: whether a model fits on a GPU, the parts of its memory, the largest batch, and what would make it fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from planner.errors import NoThroughputError, PlannerError, UsageError
from planner.hardware.gpus import GpuChoice, load_gpus
from planner.language.layouts import candidate_layouts
from planner.language.memory import memory_needed
from planner.language.plan import plan_language_model
from planner.language.stacks import job_on
from planner.model.frozen import dataclass
from planner.model.language_runs import LanguageJob, LanguageWork, Layout, Method, Optimizer
from planner.model.records import Benchmark, Gpu, Model, Precision
from planner.throughput.measured import benchmarks_of
from planner.throughput.memory import GIB, MAX_BATCH, Memory, RunMemory, devices_per_gpu, usable_bytes
from planner.throughput.precision import refuse_fp8

MOST_GPUS = 1024


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
    tokens_per_second: float | None = None  # of the language model in that layout; None for other models
    measured: Benchmark | None = None  # a run that held as much with no more memory, where the count is too large
    is_narrow: bool = False  # fits by the count, but measured runs of its kind held so much more that it may not

    @property
    def fits(self) -> bool:
        """Whether the parts together fit into what a program can use, or a measured run shows that they do."""
        return self.memory.total <= self.usable_bytes or self.measured is not None


def fit_language_model(work: LanguageWork, choice: GpuChoice, precision: Precision) -> list[MemoryReport]:
    """One report for each GPU that the choice covers.

    Raises:
        UsageError: the number of GPUs cannot be split as asked, or the batch does not feed them.
    """
    count = _whole_count(choice)
    return [_fit_of(work, load_gpus()[name], count, precision) for name in choice.gpus]


def fit_vision_model(model: Model, choice: GpuChoice, *, batch_size: int, precision: Precision) -> list[MemoryReport]:
    """One report for each GPU that the choice covers; every GPU holds the whole model and the batch.

    Raises:
        NoThroughputError: parameters or activations of the model are not known.
    """
    refuse_fp8(model.name, precision)
    run = RunMemory(model, benchmarks_of(model.name))
    memory = run.needed(batch_size, precision)
    if memory is None:
        raise NoThroughputError(
            f"Parameters or activations of {model.name} are not known, so its memory is not either."
        )
    found = []
    for name in choice.gpus:
        gpu = load_gpus()[name]
        count = 1.0 if choice.count is None else choice.count
        share = min(count, 1.0)
        fit, largest = run.fit(gpu, batch_size, precision, share), run.largest(gpu, precision, share)
        change = None
        if not fit.fits:
            change = f"--batch-size {largest}" if largest else _larger_gpu(memory.total)
        found.append(
            MemoryReport(
                gpu=gpu,
                gpu_count=count if count < 1 else _whole_count(choice),
                layout=f"batch {batch_size} a GPU",
                memory=memory,
                usable_bytes=usable_bytes(gpu) * share,
                largest_batch=largest,
                change=change,
                measured=fit.measured,
            )
        )
    return found


def _whole_count(choice: GpuChoice) -> int:
    count = 1 if choice.count is None else choice.count
    if count != int(count):
        raise UsageError(f"{choice.text}: memory is planned for whole GPUs. Write for example A100:8.")
    return int(count)


def _fit_of(work: LanguageWork, gpu: Gpu, count: int, precision: Precision) -> MemoryReport:
    work = replace(work, job=job_on(work.job, gpu))
    usable = usable_bytes(gpu)
    try:
        plan = plan_language_model(work, gpu, count, precision)
    except NoThroughputError:
        layout = _smallest_layout(work.job, count * devices_per_gpu(gpu) * work.node_count)
        return MemoryReport(
            gpu=gpu,
            gpu_count=count,
            layout=str(layout),
            memory=memory_needed(work.job, layout),
            usable_bytes=usable,
            largest_batch=None,
            change=_cheapest_change(work, gpu, count, precision),
        )
    return MemoryReport(
        gpu=gpu,
        gpu_count=count,
        layout=str(plan.plan.layout),
        memory=plan.plan.memory,
        usable_bytes=usable,
        largest_batch=_largest_micro_batch(work.job, plan.plan.layout, usable),
        change=None,
        tokens_per_second=plan.tokens_per_second,
        is_narrow=plan.is_narrow,
    )


def _smallest_layout(job: LanguageJob, gpu_count: int) -> Layout:
    return min(candidate_layouts(job, gpu_count), key=lambda layout: memory_needed(job, layout).total)


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


def _cheapest_change(work: LanguageWork, gpu: Gpu, count: int, precision: Precision) -> str | None:
    """The first change that makes the same training fit, and the first that trains adapters instead."""
    ways = (_same_training(work, count), _adapters(work, count))
    return ", or ".join(way for changes in ways if (way := _first_that_fits(changes, gpu, precision))) or None


def _first_that_fits(changes: Iterator[tuple[str, LanguageWork, int]], gpu: Gpu, precision: Precision) -> str | None:
    for text, changed, gpus in changes:
        try:
            plan = plan_language_model(changed, gpu, gpus, precision)
        except PlannerError:
            continue
        return f"{text} ({plan.plan.layout})"
    return None


def _same_training(work: LanguageWork, count: int) -> Iterator[tuple[str, LanguageWork, int]]:
    """Changes that still train the same weights, cheapest first."""
    job = work.job
    free = replace(job, recomputation=None, zero_stage=None, tensor=None, pipeline=None, micro_batch=None)
    if job.micro_batch is not None:
        yield "leave --micro-batch open", replace(work, job=replace(job, micro_batch=None)), count
    if job.recomputation is not None:
        yield "leave --recompute open", replace(work, job=replace(job, recomputation=None, micro_batch=None)), count
    if job.zero_stage is not None and count > 1:
        yield "leave --zero-stage open", replace(work, job=replace(job, zero_stage=None, micro_batch=None)), count
    if free != job:
        yield "leave the layout open", replace(work, job=free), count
    if job.optimizer is Optimizer.ADAMW:
        yield "--optimizer adamw-8bit", replace(work, job=replace(free, optimizer=Optimizer.ADAMW_8BIT)), count
    more = count * 2
    while more <= MOST_GPUS:
        tokens = max(free.batch_tokens, more * free.sequence_length)
        yield f"{more} GPUs", replace(work, job=replace(free, batch_tokens=tokens)), more
        more *= 2


def _adapters(work: LanguageWork, count: int) -> Iterator[tuple[str, LanguageWork, int]]:
    """Changes that train adapters in place of the weights, on the same GPUs."""
    job = work.job
    free = replace(job, recomputation=None, zero_stage=None, tensor=None, pipeline=None, micro_batch=None)
    if job.method is Method.FULL:
        yield "--method lora", replace(work, job=replace(free, method=Method.LORA)), count
    if job.method in (Method.FULL, Method.LORA):
        small = replace(free, method=Method.QLORA, optimizer=Optimizer.ADAMW_8BIT)
        yield "--method qlora", replace(work, job=small), count


def _larger_gpu(needed: float) -> str:
    return f"a GPU with {needed / GIB:.0f} GiB or more"
