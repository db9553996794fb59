"""The hardware under a step of a language model: sustained rates of a GPU and of the wires between several."""

from __future__ import annotations

import math

from planner.language.step_time import Hardware, load_step_time
from planner.model.records import Gpu, Precision
from planner.throughput.precision import peak_tflops
from planner.throughput.sustained import sustained_tflops

ATTENTION_SHARE = 0.35
"""Of the data sheet, in attention kernels that do not know a GPU's asynchronous instructions: FlashAttention-2 on an H100
(https://arxiv.org/abs/2407.08608, abstract). The fitted stack is of 2023, its A100 reach 0.56."""
ASYNCHRONOUS = ("Hopper", "Blackwell GB1")
"""Architectures with such instructions; of the second no figure is known."""
PCIE_GB_PER_S = 12.0
"""What sixteen lanes of the third generation carry one way, after protocol; each generation doubles it."""
USUAL_PCIE, OLDEST_PCIE, NEWEST_PCIE = 4, 3, 5
"""Generations that a card may have whose user did not state it."""
GPUS_PER_MACHINE = 8
MOST_GPUS_OF_A_MACHINE = 16
"""A count up to sixteen is one machine, the largest that is rented; more are machines of eight."""
NETWORK_GBIT_PER_S = 1600.0
"""Of a machine of eight in a cluster built for training, such as the measured ones."""


def hardware_of(
    gpu: Gpu,
    gpu_count: int,
    precision: Precision,
    *,
    gpus_per_machine: int | None = None,
    network_gbit_per_s: float | None = None,
) -> Hardware:
    """Rates for a run on `gpu_count` GPUs in machines of `gpus_per_machine`, each with `network_gbit_per_s`.

    Raises:
        NoThroughputError: the GPU cannot train in that precision.
    """
    peak = peak_tflops(gpu, precision)
    inside = gpus_per_machine or (gpu_count if gpu_count <= MOST_GPUS_OF_A_MACHINE else GPUS_PER_MACHINE)
    network = None
    if gpu_count > inside:
        # gigabits of a machine to gigabytes of one of its GPUs
        network = (network_gbit_per_s or NETWORK_GBIT_PER_S) / 8 / inside
    return Hardware(
        peak_flops=sustained_tflops(gpu, precision) * 1e12,
        bytes_per_second=gpu.memory_bandwidth_gb_per_s * 1e9,
        link_bytes_per_second=_link_gb_per_s(gpu, min(gpu_count, inside)) * 1e9,
        host_bytes_per_second=_host_gb_per_s(gpu) * 1e9,
        network_bytes_per_second=None if network is None else network * 1e9,
        gpus_per_machine=inside,
        attention_flops=ATTENTION_SHARE * peak * 1e12 if gpu.architecture.startswith(ASYNCHRONOUS) else None,
        product_gain=_product_gain(gpu, precision),
    )


def _product_gain(gpu: Gpu, precision: Precision) -> float:
    """How much faster than in 16 bits the layers' matrix products run: learnt where 8 bits have twice the peak."""
    if precision is not Precision.FP8:
        return 1.0
    peaks = (gpu.fp8_tensor_tflops or 0.0) / peak_tflops(gpu, precision)
    return math.pow(float(load_step_time()["fp8"]["gain"]), math.log2(max(1.0, peaks)))


def _link_gb_per_s(gpu: Gpu, gpu_count: int) -> float:
    """GB/s of one GPU's link in one direction; bridges join pairs only, so more GPUs talk over the bus."""
    bridged = "bridge" in (gpu.interconnect or "").lower()
    if gpu.interconnect_gb_per_s is not None and not (bridged and gpu_count > 2):
        return gpu.interconnect_gb_per_s / 2
    return _host_gb_per_s(gpu)


def _host_gb_per_s(gpu: Gpu) -> float:
    """GB/s from the GPU to its machine's memory, one way: over the bus, whatever joins the GPUs."""
    return PCIE_GB_PER_S * 2.0 ** ((gpu.pcie_generation or USUAL_PCIE) - 3)
