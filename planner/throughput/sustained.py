"""What a GPU sustains of the rate on its data sheet, in long matrix products."""

from __future__ import annotations

import math

from planner.model.records import Gpu, Precision
from planner.throughput.precision import peak_tflops

POWER_EXPONENT = 0.3
"""How strongly a low power limit holds matrix products back. The BERT rows of 17 GPUs lower the mean error of the
step time from 10.5 % at 0 to 9.7 % at 0.3 and 9.4 % at 0.5; the smaller one keeps closer to the data sheet."""
AMPLE_WATTS_PER_TFLOP = 1.2
"""From here on the clock does not fall: an A100 SXM with 1.28 W a TFLOP holds it, an H100 with 0.71 does not."""
SMALL_CARD_WATTS = 75.0
SMALL_CARD_FACTOR = 0.75
"""Cards fed by the slot alone (T4, L4) throttle further under long products: https://arxiv.org/abs/1903.07486 measures
about 0.64 of a T4's peak. An assumption for training: no row of these cards is shipped."""
AMD_FACTOR = 0.7
"""620 TFLOPS of an MI300X against 720 of an H100 in the same 16-bit products, for 1,307 and 989 on paper:
https://semianalysis.com/2024/12/22/mi300x-vs-h100-vs-h200-benchmark-part-1-training/. No row of these is shipped."""
HALF_RATE_FACTOR = 1.3
"""Where sums in FP32 run at half the rate of the units, as on GeForce cards, the units are fed with ease and the data sheet is
reached; their clocks go beyond it. The BERT rows of RTX 3090 and 4090 were 16 and 24 % slower by the plain data sheet than
measured; left out one by one, the mean error over all GPUs falls from 11.6 % to 10.7 % at 1.3 and to 10.5 % at 1.5. The smaller
one is what the causes explain: 1 / 0.85 of the efficiency of an A100 times a clock a tenth above the sheet."""


def sustained_tflops(gpu: Gpu, precision: Precision) -> float:
    """Dense TFLOPS that long matrix products sustain, on the scale of an A100, which has the rate of its data sheet.

    Raises:
        NoThroughputError: the GPU cannot train in that precision.
    """
    peak = peak_tflops(gpu, precision)
    share = 1.0 if gpu.vendor == "NVIDIA" else AMD_FACTOR
    if gpu.tdp_watts is None:
        return peak * share
    if gpu.tdp_watts <= SMALL_CARD_WATTS:
        share *= SMALL_CARD_FACTOR
    if precision is not Precision.FP32 and _sums_at_half_rate(gpu):
        share *= HALF_RATE_FACTOR
    watts_per_tflop = gpu.tdp_watts / peak
    return peak * share * min(1.0, math.pow(watts_per_tflop / AMPLE_WATTS_PER_TFLOP, POWER_EXPONENT))


def _sums_at_half_rate(gpu: Gpu) -> bool:
    """Whether 16-bit products with sums in FP32 run at half the rate of the tensor cores: a quarter of that of 8-bit integers."""
    if gpu.int8_tops is None or gpu.fp16_tensor_tflops is None:
        return False  # nothing says so
    return gpu.int8_tops > 3 * gpu.fp16_tensor_tflops
