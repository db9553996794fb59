"""How fast a language model trains on a number of GPUs, and whether it fits: the best layout, with a 90 % range."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from planner.errors import NoThroughputError, UsageError
from planner.hardware.gpus import load_gpus
from planner.model import Basis, Benchmark, Gpu, Precision, Throughput, Workload
from planner.throughput.flops import hardware_flops_per_token, training_flops_per_token, utilisation
from planner.throughput.language_jobs import LanguageWork, Method, Recomputation
from planner.throughput.language_models import LanguageModel
from planner.throughput.layouts import Plan, best_plan
from planner.throughput.measured import benchmarks_of
from planner.throughput.memory import ADAPTER_ROOM, GIB, devices_per_gpu, usable_bytes
from planner.throughput.precision import peak_tflops
from planner.throughput.step_time import Hardware, load_stacks, load_step_time
from planner.throughput.training_hardware import NETWORK_GBIT_PER_S, hardware_of

Cell = tuple[str, float]

UNSEEN_METHOD_REACH = math.log(1.35)  # an assumption: adapters in a stack measured without, or all weights in the other
OTHER_VENDOR_REACH = math.log(1.5)  # an assumption: no row of an AMD GPU is shipped
FAR_REACH = math.log(1.15)  # an assumption: more GPUs, or larger models, than were measured
MEASURED_GPUS = 128
MEASURED_PARAMETERS = 70e9
UNSTATED_GBIT_PER_S = 100.0
"""Network of a rented instance whose offer does not state one: the middle of what clouds sell with several GPUs."""
DEFAULT_STACK = "llm-foundry"
ADAPTER_STACK = "transformers-peft"
"""The stack that adapters were measured in, and that most of them are trained in."""
CHECKED_GPU = "h100-80gb-sxm"  # never fitted, but how far off it is was measured
FITTED_GPUS = ("a100-40gb-sxm", "a100-80gb-sxm")
_BASE_SPLIT = {
    "llm-foundry": "llm-foundry A100, models left out",
    "megatron-deepspeed": "Megatron grid, shapes left out",
    ADAPTER_STACK: "adapters A100, models left out",
}
"""What says how far off a stack's steps are on the GPU it was fitted to."""


def usual_stack(method: Method) -> str:
    """The stack that an estimate stands for where none is named."""
    return ADAPTER_STACK if method.has_adapters else DEFAULT_STACK


def predict_language_model(workload: Workload, cells: Iterable[Cell]) -> dict[Cell, Throughput | NoThroughputError]:
    """Tokens per second of the workload's job on each (GPU, count) in its best layout, or why it does not run there."""
    work = workload.language
    if work is None:
        raise ValueError(f"{workload.model.name} is not described as a language model")
    precision = workload.precision or Precision.AMP
    return {cell: _predicted_or_why_not(work, precision, *cell) for cell in cells}


@lru_cache(maxsize=4096)
def _predicted_or_why_not(
    work: LanguageWork, precision: Precision, gpu: str, gpu_count: float
) -> Throughput | NoThroughputError:
    try:
        return _predicted(work, precision, gpu, gpu_count)
    except NoThroughputError as error:
        return NoThroughputError(str(error))  # what is kept must not hold on to where it was raised
    except UsageError as error:  # of this number of GPUs: others may do
        return NoThroughputError(str(error).rstrip("."))


def language_throughput(
    model: LanguageModel,
    *,
    gpu: str,
    gpu_count: float,
    precision: Precision | None,
    micro_batch: int | None = None,
    sequence_length: int | None = None,
    node_count: int = 1,
    network_gbit_per_s: float | None = None,
) -> Throughput:
    """Tokens per second of pretraining, as a benchmark counts them: steps only, nothing lost between them.

    Raises:
        NoThroughputError: the model does not fit, or the GPU lacks the precision.
        UsageError: the number of GPUs cannot be split.
    """
    from planner.throughput.language_work import LanguageOptions, language_workload, plan_job  # noqa: PLC0415 - it plans with this

    text = "amp" if precision is None else str(precision)
    options = LanguageOptions(sequence_length=sequence_length, micro_batch=micro_batch)
    job = plan_job(model, options, text)
    # as many sequences as feed every GPU, where the usual batch would not
    least = math.ceil(gpu_count) * node_count * (micro_batch or 1) * job.sequence_length
    job = replace(job, batch_tokens=max(job.batch_tokens, least))
    work = LanguageWork(
        job=job,
        stack=DEFAULT_STACK,
        node_count=node_count,
        network_gbit_per_s=network_gbit_per_s,
        is_whole_run=False,
    )
    workload = language_workload(work, tokens=float(job.batch_tokens), passes=1.0, precision=precision)
    return _predicted(work, workload.precision or Precision.AMP, gpu, gpu_count)


def on_machines(
    workload: Workload, gpu: str, gpu_count: float, network_gbit_per_s: float | None
) -> Throughput | NoThroughputError:
    """The same on the workload's number of machines with that network each; offers differ in it."""
    if workload.language is None:
        raise ValueError(f"{workload.model.name} is not described as a language model")
    work = replace(workload.language, network_gbit_per_s=network_gbit_per_s)
    return _predicted_or_why_not(work, workload.precision or Precision.AMP, gpu, gpu_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagePlan:
    """The best layout on so many GPUs of a kind and its speed, before the range is put round it."""

    gpu: Gpu
    gpu_count: int  # devices, as a program sees them
    is_cluster: bool  # of several machines
    precision: Precision
    plan: Plan
    usable_bytes: float
    roomy_bytes: float  # what a count may reach and leave room for what it does not see
    tokens_per_second: float
    mfu: float
    hfu: float

    @property
    def is_narrow(self) -> bool:
        """Whether the job fits by the count, but measured runs of its kind held so much more that it may not."""
        return self.plan.memory.total > self.roomy_bytes


def plan_language_model(work: LanguageWork, gpu: Gpu, gpu_count: float, precision: Precision) -> LanguagePlan:
    """The fastest layout of the job that fits on `gpu_count` GPUs of each of the work's machines, with room if one has it.

    Raises:
        NoThroughputError: the job does not fit, or the GPU cannot run it.
        UsageError: the number of GPUs cannot be split, or the batch does not feed them.
    """
    if gpu_count != int(gpu_count):
        raise NoThroughputError(f"{work.job.model.name} is planned for whole GPUs, not for a share of one")
    share = devices_per_gpu(gpu)
    inside = int(gpu_count) * share
    devices = inside * work.node_count
    whole = hardware_of(
        gpu,
        devices,
        precision,
        gpus_per_machine=inside if work.node_count > 1 else None,
        network_gbit_per_s=work.network_gbit_per_s or (UNSTATED_GBIT_PER_S if work.node_count > 1 else None),
    )
    hardware = replace(whole, peak_flops=whole.peak_flops / share, bytes_per_second=whole.bytes_per_second / share)
    usable = usable_bytes(gpu)
    roomy = usable / ADAPTER_ROOM if work.job.method.has_adapters else usable
    plan = _roomiest_plan(work, devices, (roomy, usable), hardware)
    tokens = work.job.batch_sequences * work.job.sequence_length / plan.seconds_per_step
    peak = peak_tflops(gpu, precision) / share
    return LanguagePlan(
        gpu=gpu,
        gpu_count=devices,
        is_cluster=hardware.network_bytes_per_second is not None,
        precision=precision,
        plan=plan,
        usable_bytes=usable,
        roomy_bytes=roomy,
        tokens_per_second=tokens,
        mfu=utilisation(training_flops_per_token(work.job), tokens / devices, peak),
        hfu=utilisation(hardware_flops_per_token(work.job, plan.layout.recomputation), tokens / devices, peak),
    )


def _roomiest_plan(work: LanguageWork, devices: int, limits: tuple[float, float], hardware: Hardware) -> Plan:
    """The best plan within the first of the limits, in bytes, else within the second."""
    stack = load_stacks()[work.stack]
    if limits[0] < limits[1]:
        with contextlib.suppress(NoThroughputError):
            return best_plan(work.job, devices, limits[0], hardware, stack)
    return best_plan(work.job, devices, limits[1], hardware, stack)


def _predicted(work: LanguageWork, precision: Precision, gpu_name: str, gpu_count: float) -> Throughput:
    gpu = load_gpus()[gpu_name]
    plan = plan_language_model(work, gpu, gpu_count, precision)
    row = _measured_row(work, gpu, plan)
    overhead = _run_overhead()["middle"] if plan.is_cluster and work.is_whole_run else 1.0
    rate = (plan.tokens_per_second if row is None else row.samples_per_second) / overhead
    slower, faster = _reaches(work, plan, row)
    return Throughput(
        samples_per_second=rate,
        low=rate * math.exp(-slower),
        high=rate * math.exp(faster),
        basis=_basis(work, plan, row),
        precision=precision,
        stack=_description(work.stack),
        sources=_sources(work, row),
        steps=_steps(work, plan, row, rate, overhead),
        notes=_notes(work, plan),
    )


def _measured_row(work: LanguageWork, gpu: Gpu, plan: LanguagePlan) -> Benchmark | None:
    """The fastest shipped row of just this job, if nothing of the way was fixed."""
    job = work.job
    fixed = (job.recomputation, job.zero_stage, job.tensor, job.pipeline)
    if job.method is not Method.PRETRAIN or work.stack != "llm-foundry" or any(part is not None for part in fixed):
        return None
    rows = [
        row
        for row in benchmarks_of(job.model.name)
        if (row.gpu, row.gpu_count, row.input_size) == (gpu.name, plan.gpu_count, job.sequence_length)
        and job.micro_batch in (None, row.batch_size_per_gpu)
        and plan.precision in (Precision.AMP, Precision.BF16)
    ]
    return max(rows, key=lambda row: row.samples_per_second, default=None)


def _basis(work: LanguageWork, plan: LanguagePlan, row: Benchmark | None) -> Basis:
    if row is not None:
        return Basis.MEASURED
    job = work.job
    own = job.model.family == "MPT" and job.method is Method.PRETRAIN
    if work.stack == ADAPTER_STACK:
        own = job.model.family == "Qwen" and job.method.has_adapters
    return Basis.SCALED if own and plan.gpu.name in FITTED_GPUS else Basis.MODELLED


def _reaches(work: LanguageWork, plan: LanguagePlan, row: Benchmark | None) -> tuple[float, float]:
    """Logarithms of how much slower and how much faster the run may be, nine times in ten.

    Independent causes add as squares; each is the spread of left-out measurements, or an assumption that says so.
    """
    job, layout = work.job, plan.plan.layout
    splits = _left_out()
    causes = [splits[_BASE_SPLIT[work.stack]]]
    if row is not None:
        causes = [splits["llm-foundry A100, cells left out"]]
    if plan.gpu.name == CHECKED_GPU and work.stack == "llm-foundry":
        causes.append(splits["llm-foundry H100, fitted to A100"])
    elif plan.gpu.name not in FITTED_GPUS:
        causes.append(splits["BERT on other GPUs, GPUs left out"])
    if layout.tensor * layout.pipeline > 1 and work.stack != "megatron-deepspeed":
        causes.append(splits["Megatron grid, shapes left out"])
    if job.method.has_adapters != (work.stack == ADAPTER_STACK):
        causes.append((UNSEEN_METHOD_REACH, UNSEEN_METHOD_REACH))
    if plan.gpu.vendor != "NVIDIA":
        causes.append((OTHER_VENDOR_REACH, OTHER_VENDOR_REACH))
    if plan.gpu_count > MEASURED_GPUS or job.model.parameters > MEASURED_PARAMETERS or job.model.experts:
        causes.append((FAR_REACH, FAR_REACH))
    if row is None and job.recomputation is None and layout.recomputation is Recomputation.FULL:
        # less may have to be computed again than the count of memory says: frameworks free early, or keep some layers
        causes.append((0.0, math.log(plan.hfu / plan.mfu)))
    slower, faster = (math.sqrt(sum(cause[side] ** 2 for cause in causes)) for side in (0, 1))
    if plan.is_cluster and work.is_whole_run:
        overhead = _run_overhead()
        slower = math.hypot(slower, math.log(overhead["high"] / overhead["middle"]))
        faster = math.hypot(faster, math.log(overhead["middle"] / overhead["low"]))
    return slower, faster


@cache
def _left_out() -> Mapping[str, tuple[float, float]]:
    """How much slower and faster left-out steps were than foretold, as logarithms, by split."""
    splits = load_step_time()["left_out"].items()
    return {split: (math.log(entry["high"]), -math.log(entry["low"])) for split, entry in splits}


def _run_overhead() -> Mapping[str, float]:
    """Time of a whole run over several machines to the sum of its steps: `middle`, `low` and `high` of published runs.

    Checkpoints, evaluation, restarts and layouts short of the best; learnt in `planner/throughput/published_runs.py`.
    """
    overhead: Mapping[str, float] = load_step_time()["runs"]
    return overhead


def _description(stack: str) -> str:
    return str(load_step_time()["stacks"][stack]["description"])


def _sources(work: LanguageWork, row: Benchmark | None) -> tuple[str, ...]:
    shape = f"shape of {work.job.model.name}: {work.job.model.source}"
    if row is not None:
        return f"{row.source}, {row.as_of}", shape
    learnt_from = (
        "QwenLM/Qwen (LoRA and QLoRA on A100, 2023)"
        if work.stack == ADAPTER_STACK
        else "mosaicml/llm-foundry (A100, 2023-10-20), VIA-Research/vTrain (Megatron on A100, 2024-09-26)"
    )
    return (
        f"efficiencies learnt from {learnt_from} and BERT rows of 17 GPUs of lambdal/deeplearning-benchmark: "
        "data/language_step_time.json",
        shape,
    )


def _steps(
    work: LanguageWork, plan: LanguagePlan, row: Benchmark | None, rate: float, overhead: float
) -> tuple[str, ...]:
    job, layout, memory = work.job, plan.plan.layout, plan.plan.memory
    model = job.model
    active = f", {model.active_parameters / 1e9:.3g}B active" if model.experts else ""
    step = plan.plan.seconds_per_step
    learnt = plan.tokens_per_second
    return (
        f"{model.parameters / 1e9:.4g}B parameters{active}; {job.method}, {job.trained_parameters / 1e9:.4g}B trained, "
        f"{training_flops_per_token(job) / 1e9:.4g} GFLOP a token of a sequence of {job.sequence_length:,}",
        f"layout: {layout} on {plan.gpu_count} GPUs; {job.batch_tokens:,} tokens a step",
        f"memory: {memory.total / GIB:.1f} of {plan.usable_bytes / GIB:.1f} GiB a GPU",
        f"{job.batch_tokens:,} tokens / {step:.4g} s a step = {learnt:,.0f} tokens/s "
        f"= {learnt / plan.gpu_count:,.0f} a GPU: MFU {plan.mfu:.1%}, HFU {plan.hfu:.1%}",
        *((f"measured in place of that: {row.samples_per_second:,.0f} tokens/s",) if row else ()),
        *(
            (
                f"/ {overhead:.3g} for what whole runs over machines lose (checkpoints, evaluation, restarts, layouts short "
                f"of the best), the median of published ones: {rate:,.0f} tokens/s",
            )
            if overhead > 1
            else ()
        ),
    )


def _notes(work: LanguageWork, plan: LanguagePlan) -> tuple[str, ...]:
    notes = [
        "language models: the figure stands for one software stack (see --explain); others are up to 4 times slower"
    ]
    layers, layout = work.job.model.layers, plan.plan.layout
    if layers % layout.pipeline:
        notes.append(
            f"{layers} layers over {layout.pipeline} pipeline stages: the fullest holds {layout.stage_layers(layers)}; "
            "trainers have to be told to cut unevenly"
        )
    if work.job.method.has_adapters:
        where = "on A100 only" if work.stack == ADAPTER_STACK else f"with {ADAPTER_STACK} only"
        if work.stack != ADAPTER_STACK or plan.gpu.name not in FITTED_GPUS:
            notes.append(f"adapters were measured {where}; range widened")
    if plan.is_narrow:
        notes.append(
            f"memory is tight: measured runs of adapters held up to {ADAPTER_ROOM - 1:.0%} more than their count"
        )
    if plan.gpu.vendor != "NVIDIA":
        notes.append("no measurement of AMD GPUs is shipped; range widened")
    if plan.is_cluster and work.network_gbit_per_s is None:
        assumed = UNSTATED_GBIT_PER_S if work.node_count > 1 else NETWORK_GBIT_PER_S
        notes.append(f"network between machines not stated: {assumed:,.0f} Gbit/s of each assumed")
    return tuple(notes)
