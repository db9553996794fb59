"""What no prediction may exceed: the share of a GPU's peak that was ever seen, and the pace of the host at small batches."""

from __future__ import annotations

import math
import re

from planner.errors import Message, UsageError
from planner.hardware.gpus import load_gpus, shown_key
from planner.model.frozen import changed
from planner.model.records import Gpu, Model, OwnMeasurement, Precision, Throughput, Workload
from planner.throughput.adjustments import Factor, relative_arithmetic
from planner.throughput.overlap import side_by_side
from planner.throughput.precision import highest_tflops, peak_tflops
from planner.throughput.ranges import together

MAX_PEAK_SHARE = 0.75
"""No row of the shipped tables uses more of a GPU's dense peak; no prediction may."""
HIGHEST_PEAK_SHARE = 0.8
"""Of the high end of a range: one row in FP32 on a V100 comes so far."""
PACKED = "RDNA"
"""Architectures without tensor cores whose 16-bit rate training was seen to use: an RX 6800 trains VGG-16 at 95 % of its FP32 peak in pure
16 bits (lamikr/pytorch-gpu-benchmark, 2024-06-07). Of others only the high end may lie above the FP32 rate."""
OPERATIONS_PER_MAC = 6  # two per multiply-add, forward pass and twice as much backward
_ANOTHER_LENGTH = Message(", or state another {sequence_length}")
ANOTHER_SIZE = {
    "image": Message(", or state another {image_size}"),
    "sequence": _ANOTHER_LENGTH,
    "token": _ANOTHER_LENGTH,
}
OWN_SPEED = "your own speed is"
FORWARD_SHARE = 1 / 3  # of a step that trains every layer; one that trains few takes little more
HOST_MILLISECONDS = (0.55, 0.275)
"""That the host of eager PyTorch takes for a convolution of a training step: usual, fast. ResNet-50 at batch 12 takes 30 ms on
A100, RTX 3090 and 2080 Ti alike, in FP16 as in FP32 (lamikr/pytorch-gpu-benchmark, 2025-01-31). It is the speed of one thread, which
no figure names: a host may be as much faster as slower, twice."""
USUAL_CONVOLUTIONS = 52  # of MobileNet v2; ResNet-50 has 53


class Limits:
    """The limits of one workload; `measured_size` is the input size that stands where none is asked for."""

    def __init__(self, model: Model, workload: Workload, measured_size: int | None) -> None:
        size = workload.input_size or measured_size
        is_eager = workload.framework is None or workload.framework.lower().startswith("pytorch")
        knows_host = is_eager and model.sample_unit == "image" and not workload.measured  # an own run holds it already
        self._convolutions = _convolutions(model) if knows_host else None
        self._gmacs = None
        if model.forward_gmacs_per_sample is not None:
            self._gmacs = model.forward_gmacs_per_sample * relative_arithmetic(model, model.input_size, size)
        self._own_tflops = {own: needed for own in workload.measured if (needed := self._needed(own, model, size))}
        self._own_share = max((needed / _possible(own) for own, needed in self._own_tflops.items()), default=0.0)

    def notes_on_own(self) -> tuple[str, ...]:
        """That an own measurement takes more than 80 % of the peak."""
        found = []
        for own, needed in self._own_tflops.items():
            if needed > HIGHEST_PEAK_SHARE * _possible(own):
                found.append(
                    f"{OWN_SPEED} {needed / _possible(own):.0%} of the dense peak: check unit, number of GPUs and input size; "
                    "where layers are frozen, the true share is smaller"
                )
            elif needed > HIGHEST_PEAK_SHARE * _named(own):
                found.append(
                    f"{OWN_SPEED} {needed / _named(own):.0%} of the FP32 peak: if PyTorch ran it in TF32, write {shown_key(own.gpu)}@tf32; "
                    "its convolutions run so unless told otherwise"
                )
        return tuple(found)

    def _needed(self, own: OwnMeasurement, model: Model, size: int | None) -> float | None:
        """TFLOPS of each GPU that an own measurement takes if every layer is trained; `None` where the arithmetic is not known.

        Raises:
            UsageError: the forward pass alone takes more than the peak.
        """
        if self._gmacs is None:
            return None
        needed = own.samples_per_second / own.gpu_count * OPERATIONS_PER_MAC * self._gmacs / 1e3
        if needed * FORWARD_SHARE > _possible(own):
            raise UsageError(
                "{measured} {gpu}={rate:.12g}: the forward passes alone of {name}{size} take {needed:,.0f} TFLOPS on each GPU, "
                "whose peak in {precision} is {peak:g}. Check rate, unit and number of GPUs{another}.",
                argument="measured",
                gpu=f"{shown_key(own.gpu)}:{own.gpu_count}" if own.gpu_count > 1 else shown_key(own.gpu),
                rate=own.samples_per_second,
                name=model.name,
                size=f" at size {size}" if size else "",
                needed=needed * FORWARD_SHARE,
                precision=own.precision if _possible(own) == _named(own) else Precision.TF32,
                peak=_possible(own),
                another=ANOTHER_SIZE.get(model.sample_unit, "") if size else "",
            )
        return needed

    def at_smaller_batch(self, factor: Factor, batch: float | None, usual: float | None, rate: float) -> Factor:
        """The factor of a smaller batch where the host's time for a step is known: that stays, the GPU's shrinks with the batch.

        Args:
            factor: what it is otherwise.
            batch: samples of one GPU and step.
            usual: those at which it makes `rate` samples a second.
            rate: of one GPU.

        Examples:
            ResNet-50 on an H100, 2,790/s at 1,280: 459 ms, beside which the host works 28. At 64 the GPU takes 23 ms, so the host
            sets the pace: 29 ms, x 0.8.
        """
        if self._convolutions is None or batch is None or usual is None or factor.log >= 0:
            return factor
        middle, low, high = (batch / usual / taken for taken in self._taken(batch / usual, usual / rate))
        return Factor(
            log=math.log(middle),
            below=math.log(middle / low),
            above=math.log(high / middle),
            step=f"batch {batch:g} a GPU in place of {usual:g}, the host no faster than before: x {middle:.3f}",
        )

    def at_smaller_size(self, factor: Factor, batch: float | None, usual: float | None, rate: float) -> Factor:
        """The factor of a smaller picture, which leaves the host's time for a step as it is.

        Args:
            factor: what the arithmetic alone makes of it.
            batch: samples of one GPU and step; `None` for the usual ones.
            usual: those at which it makes `rate` samples a second, in pictures of the measured size.
            rate: of one GPU.
        """
        if self._convolutions is None or usual is None or factor.log <= 0:
            return factor
        share = min(1.0, (batch or usual) / usual)
        before, after = (self._taken(part, usual / rate) for part in (share, share * math.exp(-factor.log)))
        middle, *ends = (large / small for large, small in zip(before, after, strict=True))
        return changed(
            factor,
            log=math.log(middle),
            below=together(factor.below, math.log(middle / min(middle, *ends))),
            above=together(factor.above, math.log(max(middle, *ends) / middle)),
            step=f"{factor.step}, the host no faster than before: x {middle:.3f}",
        )

    def _taken(self, share: float, step_seconds: float) -> tuple[float, float, float]:
        """Time of a step relative to one of `step_seconds` if the GPU's part shrinks to that share: usual, worst, best.

        Host and GPU work side by side, the host for no longer than the measured step took. At worst its work takes twice as long
        and hides behind nothing; at best it is fast.
        """
        host_seconds = (milliseconds * (self._convolutions or 0) / 1e3 for milliseconds in HOST_MILLISECONDS)
        usual, fast = (min(1.0, seconds / step_seconds) for seconds in host_seconds)
        middle = side_by_side(usual, share) / side_by_side(usual, 1.0)
        return middle, max(middle, (2 * usual + share) / (2 * usual + 1)), min(middle, max(share, fast))

    def held(self, one: Throughput, gpu: Gpu, gpu_count: float) -> Throughput:
        """The throughput, lowered where it needs more of the peak than was ever seen; what was measured stays."""
        if one.basis.is_measured:
            return one
        return self._below_peak(self._at_pace_of_host(one, gpu_count), gpu, gpu_count)

    def _at_pace_of_host(self, one: Throughput, gpu_count: float) -> Throughput:
        batch = one.batch_size_per_gpu
        if self._convolutions is None or batch is None:
            return one
        middle, fast = (
            batch * gpu_count * 1e3 / (milliseconds * self._convolutions) for milliseconds in HOST_MILLISECONDS
        )
        if one.high <= fast and one.samples_per_second <= middle:
            return one
        note = f"at batch {batch:g} the host sets the pace: {self._convolutions} convolutions of about {HOST_MILLISECONDS[0]:g} ms a step"
        return _capped(one, middle, fast, note)

    def _below_peak(self, one: Throughput, gpu: Gpu, gpu_count: float) -> Throughput:
        if self._gmacs is None:
            return one
        possible = highest_tflops(gpu, one.precision)
        peak = possible if gpu.architecture.startswith(PACKED) else peak_tflops(gpu, one.precision)
        rate = gpu_count * 1e3 / (OPERATIONS_PER_MAC * self._gmacs)  # of a TFLOPS
        of_this = (
            needed / _named(own)
            for own, needed in self._own_tflops.items()
            if (own.gpu, own.precision) == (gpu.name, one.precision)
        )
        share = max(MAX_PEAK_SHARE, self._own_share, *of_this)
        most, highest = share * peak * rate, max(HIGHEST_PEAK_SHARE, share) * possible * rate
        if one.high <= highest and one.samples_per_second <= most:
            return one
        return _capped(one, most, highest, f"held at {share:.0%} of the dense peak of {peak:g} TFLOPS")


def _named(own: OwnMeasurement) -> float:
    """The peak in the number format that a measurement states, in TFLOPS."""
    return highest_tflops(load_gpus()[own.gpu], own.precision)


def _possible(own: OwnMeasurement) -> float:
    """The peak in the format that it may have run in: what PyTorch calls FP32 may be TF32."""
    tf32 = load_gpus()[own.gpu].tf32_tensor_tflops if own.precision is Precision.FP32 else None
    return max(_named(own), tf32 or 0.0)


def _capped(one: Throughput, most: float, highest: float, note: str) -> Throughput:
    """The throughput with its middle at `most` and its ends at `highest`, and noted where the middle had to come down.

    The low end comes down with the middle: what was foretold too high is no better known for being held.
    """
    rate = min(one.samples_per_second, most)
    share = rate / one.samples_per_second
    relative_low, relative_high = one.relative_low, one.relative_high
    is_held = share < 1
    return changed(
        one,
        samples_per_second=rate,
        low=one.low * share,
        high=max(min(one.high, highest), rate),
        relative_low=None if relative_low is None else relative_low * share,
        relative_high=None if relative_high is None else max(min(relative_high, highest), rate),
        steps=(*one.steps, f"{note}: {rate:,.4g}/s") if is_held else one.steps,
        notes=(*one.notes, note) if is_held else one.notes,
    )


def _convolutions(model: Model) -> int:
    """About how many convolutions a network has: the depth that its name states, else as many as usual."""
    found = re.search(r"(?:resne(?:t|xt|st)|densenet|vgg)_?(\d{2,3})", model.name)
    return int(found[1]) if found else USUAL_CONVOLUTIONS
