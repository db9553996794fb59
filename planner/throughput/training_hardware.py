"""What a step of a language model runs on: sustained rates of a GPU and of the wires between several."""

from __future__ import annotations

from planner.errors import NoThroughputError
from planner.model import Gpu, Precision
from planner.throughput.checks import peak_tflops
from planner.throughput.step_time import GPUS_PER_NODE, Hardware

POWER_EXPONENT = 0.3
"""How strongly a low power limit holds matrix products back. The BERT rows of 17 GPUs lower the mean error of the
step time from 10.5 % at 0 to 9.7 % at 0.3 and 9.4 % at 0.5; the smaller one keeps closer to the data sheet."""
AMPLE_WATTS_PER_TFLOP = 1.2
"""From here on the clock does not fall: an A100 SXM with 1.28 W a TFLOP holds it, an H100 with 0.71 does not."""
PCIE_GB_PER_S = {3: 12.0, 4: 24.0, 5: 48.0}
"""What sixteen lanes carry one way, after protocol."""
NETWORK_GB_PER_S = 25.0
"""One GPU's share of the network of a cluster: 1,600 Gbit/s for eight GPUs, that of the measured clusters."""


def hardware_of(gpu: Gpu, gpu_count: int, precision: Precision, network_gbit_per_s: float | None = None) -> Hardware:
    """Rates for a run on `gpu_count` GPUs; over eight, machines of eight with `network_gbit_per_s` each.

    Raises:
        NoThroughputError: no arithmetic rate is known of the GPU in that precision.
    """
    peak = peak_tflops(gpu, precision)
    if peak is None:
        raise NoThroughputError(f"no peak rate of {gpu.name} in {precision} is known")
    network = None
    if gpu_count > GPUS_PER_NODE:
        network = NETWORK_GB_PER_S if network_gbit_per_s is None else network_gbit_per_s / 8 / GPUS_PER_NODE
    return Hardware(
        peak_flops=peak * 1e12 * power_factor(gpu, peak),
        bytes_per_second=gpu.memory_bandwidth_gb_per_s * 1e9,
        link_bytes_per_second=_link_gb_per_s(gpu, gpu_count) * 1e9,
        network_bytes_per_second=None if network is None else network * 1e9,
    )


def power_factor(gpu: Gpu, peak: float) -> float:
    """Share of the data sheet's rate that the power limit leaves to long matrix products; 1 where it is ample."""
    if gpu.tdp_watts is None:
        return 1.0
    return min(1.0, (gpu.tdp_watts / peak / AMPLE_WATTS_PER_TFLOP) ** POWER_EXPONENT)


def _link_gb_per_s(gpu: Gpu, gpu_count: int) -> float:
    """Rate one way; bridges join pairs only, so more GPUs talk over the bus."""
    bridged = "bridge" in (gpu.interconnect or "").lower()
    if gpu.interconnect_gb_per_s is not None and not (bridged and gpu_count > 2):
        return gpu.interconnect_gb_per_s / 2
    return PCIE_GB_PER_S.get(gpu.pcie_generation or 4, PCIE_GB_PER_S[4])
