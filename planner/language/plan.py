"""The best layout of a language model on a number of GPUs, and its computed speed without a range."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace

from planner.errors import NoThroughputError
from planner.language.flops import hardware_flops_per_token, training_flops_per_token, utilisation
from planner.language.layouts import Plan, Room, best_plan
from planner.language.memory import ADAPTER_ROOM
from planner.language.stacks import Level, job_on, level_of, refuse_missing_kernels
from planner.language.step_time import Hardware, load_stacks
from planner.language.training_hardware import hardware_of
from planner.model.frozen import dataclass
from planner.model.language_runs import LanguageWork
from planner.model.records import Gpu, Precision
from planner.throughput.memory import GIB, devices_per_gpu, usable_bytes
from planner.throughput.precision import peak_tflops

UNSTATED_GBIT_PER_S = 100.0
"""Network of a rented instance whose offer does not state one: the middle of what clouds sell with several GPUs."""
MOST_UTILISATION = 0.75
"""Of the dense peak: no level lifts a figure beyond what the fastest published code reached (nanochat on A100, 0.74)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagePlan:
    """The best layout on so many GPUs of a kind and its speed, before the range is put round it.

    Seconds of `plan` are those of the fitted stack; tokens a second and utilisation have the level of published code.
    """

    gpu: Gpu
    gpu_count: int  # devices, as a program sees them
    is_cluster: bool  # of several machines
    precision: Precision
    has_flash_attention: bool
    level: Level | None  # of published code against the fitted steps; None: the stack is the fitted one
    plan: Plan
    usable_bytes: float
    roomy_bytes: float  # what a count may reach and leave room for what it does not see
    tokens_per_second: float
    mfu: float
    hfu: float

    @property
    def is_narrow(self) -> bool:
        """Whether the job fits by computation only: measured runs of its kind used so much more that it may not."""
        return self.plan.memory.total > self.roomy_bytes


def plan_language_model(work: LanguageWork, gpu: Gpu, gpu_count: float, precision: Precision) -> LanguagePlan:
    """The fastest layout of the job that fits on `gpu_count` GPUs of each of the work's machines, with room if one has it.

    Raises:
        NoThroughputError: the job does not fit, or the GPU cannot run it.
        UsageError: the number of GPUs cannot be split, or the batch does not feed them.
    """
    if gpu_count != int(gpu_count):
        raise NoThroughputError(f"{work.job.model.name} is planned for whole GPUs, not for a share of one")
    refuse_missing_kernels(work.stack, gpu)
    work = replace(work, job=job_on(work.job, gpu))
    share = devices_per_gpu(gpu)
    inside = int(gpu_count) * share
    devices = inside * work.node_count
    if work.job.is_pure_bf16 and precision is Precision.AMP:
        precision = Precision.BF16
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
    host = None if work.host_memory_gib is None else work.host_memory_gib * GIB
    plan = _roomiest_plan(work, devices, Room(usable_bytes=usable, host_bytes=host), roomy, hardware)
    level = level_of(work.stack, work.job, devices, is_fp8=precision is Precision.FP8)
    fitted = work.job.batch_sequences * work.job.sequence_length / plan.seconds_per_step
    peak = peak_tflops(gpu, precision) / share
    executed = hardware_flops_per_token(work.job, plan.layout.recomputation)
    if level is not None and level.shift > 0:
        most = MOST_UTILISATION * peak * 1e12 * hardware.product_gain * devices / executed
        level = replace(level, shift=min(level.shift, math.log(max(1.0, most / fitted))))
    tokens = fitted * (1.0 if level is None else math.exp(level.shift))
    return LanguagePlan(
        gpu=gpu,
        gpu_count=devices,
        is_cluster=hardware.network_bytes_per_second is not None,
        precision=precision,
        has_flash_attention=work.job.has_flash_attention,
        level=level,
        plan=plan,
        usable_bytes=usable,
        roomy_bytes=roomy,
        tokens_per_second=tokens,
        mfu=utilisation(training_flops_per_token(work.job), tokens / devices, peak),
        hfu=utilisation(executed, tokens / devices, peak),
    )


def _roomiest_plan(work: LanguageWork, devices: int, room: Room, roomy_bytes: float, hardware: Hardware) -> Plan:
    """The best plan with `roomy_bytes` of each GPU, else with all of the room."""
    stack = load_stacks()[work.stack]
    if roomy_bytes < room.usable_bytes:
        with contextlib.suppress(NoThroughputError):
            return best_plan(work.job, devices, replace(room, usable_bytes=roomy_bytes), hardware, stack)
    return best_plan(work.job, devices, room, hardware, stack)
