"""Number formats: which GPU can train in which, and the peak rate that applies."""

from __future__ import annotations

import math

from planner.errors import NoThroughputError, UsageError
from planner.model.frozen import changed
from planner.model.records import Basis, Gpu, Precision, Throughput

SIXTEEN_BIT = (Precision.AMP, Precision.BF16, Precision.FP16)
WIDTHS = {"16": Precision.AMP, "tf32": Precision.TF32, "fp32": Precision.FP32}
"""The number formats that differ in speed, each with the precision that stands for it."""


FORMAT_REACH = 0.076
"""Half width of what another 16-bit format changes, as a natural log: nine in ten of 62 pairs of rows in fp16 and in mixed precision
with the same script, GPU, count and software differ by no more (Lambda's logs; the median not at all)."""


def width_of(precision: Precision) -> str:
    """`16` for mixed precision, bf16 and fp16, which the measured rows show to be equally fast; else the name."""
    return "16" if precision in SIXTEEN_BIT else str(precision)


def peak_tflops(gpu: Gpu, precision: Precision) -> float:
    """Dense peak of the units that do a run's matrix products, in TFLOPS.

    Without tensor cores mixed precision is foretold by the FP32 rate: Pascal's FP16 units run at 1/64 of that. Where they are faster it
    may exceed it (`highest_tflops`). Of fp8 it is the rate of bf16, in which all but the large products run.

    Raises:
        NoThroughputError: the GPU cannot train in this precision.
    """
    refuse_missing_precision(gpu, precision)
    if precision in (*SIXTEEN_BIT, Precision.FP8):
        return gpu.fp16_tensor_tflops or _fp32(gpu)
    if precision is Precision.TF32:
        return gpu.tf32_tensor_tflops or _fp32(gpu)
    return _fp32(gpu)


def highest_tflops(gpu: Gpu, precision: Precision) -> float:
    """Dense peak that no run in this precision can exceed, in TFLOPS: of 16 bits on cards that take two of them at a time, twice FP32.

    Raises:
        NoThroughputError: the GPU cannot train in this precision.
    """
    peak = peak_tflops(gpu, precision)
    return max(peak, gpu.fp16_non_tensor_tflops or 0.0) if precision in SIXTEEN_BIT else peak


def refuse_missing_precision(gpu: Gpu, precision: Precision) -> None:
    """Raise if the GPU has no such number format.

    Raises:
        NoThroughputError: bf16 or tf32 before Ampere, tf32 on AMD GPUs without it, fp8 before Ada and Hopper, any format
            on a GPU without figures.
    """
    if precision is Precision.FP8 and gpu.fp8_tensor_tflops is None:
        raise _without_units(gpu, precision, "bf16 or amp")
    if precision is Precision.BF16 and gpu.bf16_tensor_tflops is None:
        raise _without_units(gpu, precision, "amp or fp32")
    if precision is Precision.TF32 and gpu.tf32_tensor_tflops is None:
        raise _without_units(gpu, precision, "fp32 or amp")


def refuse_fp8(model: str, precision: Precision | None) -> None:
    """Raise if a model that is no language model shall be trained in fp8.

    Raises:
        UsageError: no such training run was measured.
    """
    if precision is Precision.FP8:
        raise UsageError(
            "No training run of {name} in fp8 was measured, so none is predicted: it is for language models. "
            "Use {precision} amp or bf16.",
            argument="precision",
            name=model,
        )


def _without_units(gpu: Gpu, precision: Precision, others: str) -> NoThroughputError:
    return NoThroughputError(
        "{gpu} ({architecture}) has no {missing} units. Use {precision} {others}.",
        argument="precision",
        gpu=gpu.name,
        architecture=gpu.architecture,
        missing=precision,
        others=others,
    )


def precision_notes(gpu: Gpu, asked: Precision, measured: Precision | None) -> list[str]:
    """Notes on this number format on this GPU; `measured` is the precision of the row, if there is one."""
    if asked in SIXTEEN_BIT and gpu.fp16_tensor_tflops is None:
        if highest_tflops(gpu, asked) > peak_tflops(gpu, asked):
            return ["no tensor cores, but 16-bit operations two at a time: between the FP32 rate and twice that"]
        return ["no tensor cores: mixed precision computes in FP32, and saves memory traffic only"]
    if asked is not (measured or Precision.AMP) and asked in SIXTEEN_BIT:
        return [f"{asked} taken to be as fast as {measured or Precision.AMP}: both run on the same tensor cores"]
    if asked is Precision.FP32 and gpu.tf32_tensor_tflops is not None and measured is None:
        return [
            "true FP32, TF32 switched off: not measured on this architecture; frameworks use TF32 unless told otherwise"
        ]
    return []


def of_other_format(found: Throughput, measured: Precision) -> Throughput:
    """A figure as measured in that format, for the one that it is asked in: scaled, and wider, where that is another one."""
    if found.precision is measured:
        return found
    most = math.exp(FORMAT_REACH)
    return changed(
        found,
        basis=Basis.SCALED,
        low=found.low / most,
        high=found.high * most,
        relative_low=None if found.relative_low is None else found.relative_low / most,
        relative_high=None if found.relative_high is None else found.relative_high * most,
        steps=(*found.steps, f"{found.precision} in place of {measured}: x 1 (range x or / {most:.2f})"),
    )


def _fp32(gpu: Gpu) -> float:
    if gpu.fp32_tflops is None:
        raise NoThroughputError(f"No FP32 rate of {gpu.name} is known (data/gpus.csv).")
    return gpu.fp32_tflops
