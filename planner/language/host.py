"""What a language model's run takes of its host: memory for what the GPUs do not hold, and the time that costs.

Measured: torchao's offload of a model of 1.1 B parameters, pure BF16, adds 0.25 s a step to 1.27 s, DeepSpeed's (untuned)
1.86 s, both on a desktop processor
(https://github.com/pytorch/ao/blob/03cf0adec63fdbae2fd6d2aa7688b52ee8c64004/torchao/prototype/low_bit_optim/README.md).
"""

from __future__ import annotations

import math

from planner.language.memory import MASTER_BYTES, has_no_master, sharded, state_bytes, weight_bytes
from planner.language.step_time import Hardware
from planner.model.language_runs import CpuOffload, LanguageJob, Layout
from planner.throughput.memory import GIB, Memory

HOST_BYTES = 4 * GIB
"""What a training program takes of its machine's memory besides: an assumption. With it 7 B parameters in torchtune come to
58 GB with a paged optimiser, where 55.5 were seen, and with CPU offload, where 64.1 were
(https://github.com/meta-pytorch/torchtune/issues/1278)."""

UPDATE_SECONDS = 0.23e-9
"""Of one parameter, on the processors of one machine: 0.25 s for 1.1 B."""
SLOWER, FASTER = 1.86 / 0.25, 0.4
"""How much longer the host may take, and how much of its time may be hidden: DeepSpeed untuned took so many times torchao's
time; of torchtune's 20.9 s for 32,768 tokens through 70 B parameters on eight A100 some 8 s are the host's, where we say 21
(https://github.com/pytorch/torchtune/blob/0031bfb080bd35ec533c412df883cf2bf7bf7fe4/README.md)."""


def spilled_bytes(job: LanguageJob, layout: Layout, memory: Memory, usable_bytes: float) -> float:
    """What the GPU has no room for of a paged optimiser's states, and the host holds; 0 for other optimisers."""
    if not job.optimizer.is_paged:
        return 0.0
    return max(0.0, memory.total + state_bytes(job, layout) - usable_bytes)


def host_bytes(job: LanguageJob, layout: Layout, spilled: float, gpus_per_machine: int) -> float:
    """Memory of one machine that the run takes for what its GPUs do not hold; 0 where they hold all.

    An offloaded update works on copies: of the gradients, and of the weights where there is no FP32 copy.
    """
    a_gpu = spilled
    if job.cpu_offload is not CpuOffload.NONE:
        shard = layout.shards(job.model.layers)
        copies = 2 * job.precision_bytes if has_no_master(job) else MASTER_BYTES
        a_gpu = state_bytes(job, layout) + job.trained_parameters * copies / shard / sharded(layout, 1)
        if job.cpu_offload is CpuOffload.ALL and not (has_no_master(job) and not job.method.has_adapters):
            a_gpu += weight_bytes(job) / shard / sharded(layout, 3)
    return a_gpu * min(layout.gpu_count, gpus_per_machine) + HOST_BYTES if a_gpu else 0.0


def host_seconds(job: LanguageJob, layout: Layout, hardware: Hardware, spilled: float) -> float:
    """Seconds of a step in which the GPUs wait for their host; 0 where they hold all."""
    link, updates = hardware.host_bytes_per_second, job.updates(layout)
    if job.cpu_offload is CpuOffload.NONE:
        return updates * 2 * spilled / link  # to the GPU and back
    shard = layout.shards(job.model.layers)
    updated = job.trained_parameters / shard / sharded(layout, 1)
    on_a_machine = updated * min(layout.gpu_count, hardware.gpus_per_machine)
    update = on_a_machine * UPDATE_SECONDS + 2 * job.precision_bytes * updated / link  # gradients down, weights up
    fetched = 0.0
    if job.cpu_offload is CpuOffload.ALL:  # forward and backward
        fetched = 2 * weight_bytes(job) / shard / sharded(layout, 3) / link * job.micro_batches(layout)
    return updates * update + fetched


def host_reach(share: float) -> tuple[float, float]:
    """How much slower and how much faster a step may be, as logarithms, whose time is the host's by that share."""
    return math.log(1 + share * (SLOWER - 1)), -math.log(1 - share * (1 - FASTER))
