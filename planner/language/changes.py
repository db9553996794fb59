"""What would make a language model's run fit: the cheapest changes of how it is held, laid out or trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from planner.errors import PlannerError, Sentence, joined
from planner.language.plan import plan_language_model
from planner.language.stacks import ADAPTER_STACK, logit_bytes, usual_stack
from planner.model.language_runs import CpuOffload, LanguageJob, LanguageWork, Method, Optimizer, Recomputation
from planner.model.records import Gpu, Precision
from planner.throughput.memory import GIB

MOST_GPUS = 1024
HOST_GIB_PER_GPU = 256.0
"""Host memory that a change may ask for: what AWS's p5.48xlarge has for each of its eight GPUs, and few have more."""
Held = dict[str, Any]
"""Fields of a job that say how weights and optimiser are held."""
Change = tuple[str, LanguageWork, int]
"""What to change as the template of a sentence, the work changed so, and the number of GPUs."""


def cheapest_change(work: LanguageWork, gpu: Gpu, count: int, precision: Precision) -> Sentence | None:
    """The first change that fits on the same GPUs, the first number of GPUs that does, and the first that trains adapters.

    `None` if nothing of all that fits.
    """
    ways = (_on_the_same_gpus(work, count, precision), _on_more_gpus(work, count), _adapters(work, count))
    found = [way for changes in ways if (way := _first_that_fits(changes, gpu, precision))]
    return Sentence("{ways}", ways=joined(found, ", or ")) if found else None


def _first_that_fits(changes: Iterator[Change], gpu: Gpu, precision: Precision) -> Sentence | None:
    for text, changed, gpus in changes:
        host = HOST_GIB_PER_GPU * gpus if changed.host_memory_gib is None else changed.host_memory_gib
        try:
            plan = plan_language_model(replace(changed, host_memory_gib=host), gpu, gpus, precision).plan
        except PlannerError:
            continue
        held = f"; {plan.host_bytes / GIB:,.0f} GiB of host memory" if plan.host_bytes else ""
        return Sentence(text + " ({how})", how=f"{plan.layout}{held}")
    return None


def _on_the_same_gpus(work: LanguageWork, count: int, precision: Precision) -> Iterator[Change]:
    """Changes that train the same weights on the same GPUs, those that cost least first."""
    job = work.job
    free = _laid_out_freely(work)
    if job.micro_batch is not None:
        yield "leave {micro_batch} open", replace(work, job=replace(job, micro_batch=None)), count
    if job.recomputation is not None:
        yield "leave {recompute} open", replace(work, job=replace(job, recomputation=None, micro_batch=None)), count
    if job.zero_stage is not None and count > 1:
        yield "leave {zero_stage} open", replace(work, job=replace(job, zero_stage=None, micro_batch=None)), count
    if free != job:
        yield "leave the layout open", replace(work, job=free), count
    for held in _ways_to_hold(free, precision):
        text = " ".join(_new_options(held, job))
        yield text, replace(work, job=held), count


def _ways_to_hold(job: LanguageJob, precision: Precision) -> Iterator[LanguageJob]:
    """Ways to hold weights and optimiser in less memory, from what changes least to what waits for the host."""
    if job.method.has_adapters:
        if job.cpu_offload is not CpuOffload.ALL:
            yield _unpaged(replace(job, cpu_offload=CpuOffload.ALL))
        return
    can_be_pure = job.precision_bytes == 2 and precision is not Precision.FP16
    small: Held = {"optimizer": Optimizer.ADAMW_8BIT}
    pure: Held = {"is_pure_bf16": True}
    ways = [small]
    if can_be_pure:
        at_once: Held = {**pure, "has_optimizer_in_backward": True}
        ways += [pure, {**pure, **small}, at_once, {**at_once, **small}]
        if job.cpu_offload is CpuOffload.NONE:
            ways.append({**at_once, "optimizer": Optimizer.PAGED_ADAMW_8BIT})
    for offload in (CpuOffload.OPTIMIZER, CpuOffload.ALL):
        ways.append({"cpu_offload": offload})
        if can_be_pure:
            ways.append({**pure, "cpu_offload": offload})
    for way in ways:
        held = replace(job, **way)
        yield held if held.optimizer.is_paged and "optimizer" in way else _unpaged(held)


def _unpaged(job: LanguageJob) -> LanguageJob:
    """The job with an optimiser that may be offloaded."""
    if job.cpu_offload is CpuOffload.NONE or not job.optimizer.is_paged:
        return job
    return replace(job, optimizer=Optimizer.ADAMW_8BIT if "8bit" in job.optimizer else Optimizer.ADAMW)


def _new_options(held: LanguageJob, job: LanguageJob) -> list[str]:
    """The options that one has to add to those of the job, to hold it so."""
    added = []
    if held.optimizer is not job.optimizer:
        added += ["{optimizer}", str(held.optimizer)]
    if held.is_pure_bf16 and not job.is_pure_bf16:
        added.append("{pure_bf16}")
    if held.has_optimizer_in_backward and not job.has_optimizer_in_backward:
        added.append("{optimizer_in_backward}")
    if held.cpu_offload is not job.cpu_offload:
        added += ["{cpu_offload}", str(held.cpu_offload)]
    return added


def _on_more_gpus(work: LanguageWork, count: int) -> Iterator[Change]:
    free = _laid_out_freely(work)
    more = count * 2
    while more <= MOST_GPUS:
        tokens = max(free.batch_tokens, more * free.sequence_length)
        yield f"{more} GPUs", replace(work, job=replace(free, batch_tokens=tokens)), more
        more *= 2


def _adapters(work: LanguageWork, count: int) -> Iterator[Change]:
    """Changes that train adapters in place of the weights, on the same GPUs, as one who types the method alone gets them."""
    job = work.job
    methods = {Method.FULL: (Method.LORA, Method.QLORA), Method.LORA: (Method.QLORA,)}.get(job.method, ())
    for method in methods:
        changed = replace(_laid_out_freely(work), method=method)
        if job.optimizer is job.method.usual_optimizer:
            changed = replace(changed, optimizer=method.usual_optimizer)
        yield f"{{method}} {method}", _in_usual_stack(replace(work, job=changed), job.method), count


def _in_usual_stack(work: LanguageWork, before: Method) -> LanguageWork:
    """The work in the stack that its method usually runs in, where the method before had its usual one too."""
    if work.stack != usual_stack(before) or usual_stack(before) == usual_stack(work.job.method):
        return work
    stack = usual_stack(work.job.method)
    held = logit_bytes(stack, work.job.method)
    job = replace(_as_adapters_run(work.job), logit_bytes=held, is_plain=stack == ADAPTER_STACK)
    return replace(work, job=job, stack=stack)


def _laid_out_freely(work: LanguageWork) -> LanguageJob:
    """The job with a layout left to the search, within what scripts of its stack can do."""
    job = replace(work.job, recomputation=None, zero_stage=None, tensor=None, pipeline=None, micro_batch=None)
    return _as_adapters_run(job) if work.stack == ADAPTER_STACK else job


def _as_adapters_run(job: LanguageJob) -> LanguageJob:
    return replace(job, recomputation=Recomputation.FULL, tensor=1, pipeline=1)
