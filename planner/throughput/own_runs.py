"""The user's own measurements and runs: as the answer where they were made, and as what other machines are carried from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from planner.errors import NoThroughputError, UsageError
from planner.hardware.gpus import load_gpus, shown_key
from planner.model.records import Basis, Gpu, OwnMeasurement, Precision, Throughput, Workload
from planner.throughput.adjustments import FILLED, FULL, NO_CHANGE, Factor, batch_factor
from planner.throughput.batches import Batch
from planner.throughput.precision import refuse_fp8, refuse_missing_precision
from planner.throughput.ranges import measured_reach
from planner.throughput.scaling import Scaling, Together, most_in_a_machine


def check_inputs(workload: Workload) -> None:
    """Raise if a batch, a size or an own measurement of a workload cannot be one.

    Raises:
        UsageError: with what is wrong.
    """
    if workload.batch_size is not None and workload.batch_size < 1:
        raise UsageError(f"The batch size must be at least 1, not {workload.batch_size}.")
    if workload.input_size is not None and workload.input_size < 1:
        raise UsageError(f"The sequence length or image size must be at least 1, not {workload.input_size}.")
    for precision in (workload.precision, *(own.precision for own in workload.measured)):
        refuse_fp8(workload.model.name, precision)
    for own in workload.measured:
        refuse_impossible(own)


def as_measured(
    own: OwnMeasurement, workload: Workload, precision: Precision, batch: Batch, factor: Factor
) -> Throughput:
    """The throughput where it was measured: with the range that the run says of itself, or that of other machines of its kind."""
    unit, rate = workload.model.sample_unit, own.samples_per_second
    reach = measured_reach(workload.model.name, versions=2)  # the software is the user's; the machine may be another
    low, high, why = math.exp(-reach), math.exp(reach), "as other machines with the same GPU and software differ"
    if own.low is not None:
        low, high, why = own.ends[0] / rate, own.ends[1] / rate, "as your run says of itself"
    step = f"own measurement: {rate:,.6g} {unit}s/s on {own.gpu_count} x {shown_key(own.gpu)} in {own.precision}"
    moved = rate * math.exp(factor.log)
    return Throughput(
        samples_per_second=moved,
        low=moved * low * math.exp(-factor.below),
        high=moved * high * math.exp(factor.above),
        basis=Basis.SCALED if factor.log else Basis.MEASURED_BY_YOU,
        precision=precision,
        stack="the software of your own measurement",
        sources=(f"own measurement on {own.gpu_count} x {shown_key(own.gpu)}",),
        batch_size_per_gpu=batch.size,
        fits_memory=batch.fits,
        steps=(step, *((factor.step,) if factor.step else ()), f"range: x {low:.3f} to x {high:.3f}, {why}"),
    )


def own_batch_factor(workload: Workload, own: OwnMeasurement, law: Mapping[str, float]) -> Factor:
    """What the batch asked for changes against that of an own run; nothing where either is not known.

    A batch of one's own need not fill the GPU, so more of it may gain more; of `FILLED` images and more it does.
    """
    if own.batch_size is None or workload.batch_size is None or workload.batch_size == own.batch_size:
        return NO_CHANGE
    is_full = own.batch_size >= FILLED and workload.model.sample_unit == "image"
    return batch_factor(workload.batch_size, own.batch_size, law, FULL if is_full else math.inf)


def beside_own(batch: Factor, of_own: Batch, usual: float | None, law: Mapping[str, float]) -> Factor:
    """What the planned batch changes against that of the measurement, where memory reduced that one; nothing where both are as small.

    Args:
        batch: the factor against the usual batch.
        of_own: the batch of the measurement, which memory may have reduced.
        usual: of the GPU that was measured.
        law: as `batch_factor`.
    """
    if not of_own.is_reduced:
        return batch
    there = batch_factor(of_own.size, usual, law)
    log, below, above = batch.log - there.log, abs(batch.below - there.below), abs(batch.above - there.above)
    step = f"batch beside that of the measurement: x {math.exp(log):.3f}" if log else ""
    return Factor(log=log, below=below, above=above, step=step)


def nearest_place(own: Sequence[OwnMeasurement], gpu: Gpu, gpu_count: float) -> OwnMeasurement:
    """The measurement on the same GPU if there is one, of the same number of them if possible."""
    return min(own, key=lambda one: (one.gpu != gpu.name, one.gpu_count != gpu_count))


def own_reach(own: Sequence[OwnMeasurement]) -> float:
    """Half width of the widest range that the runs say of themselves; 0 where they say none."""
    return max((math.log(one.ends[1] / one.ends[0]) / 2 for one in own), default=0.0)


def measured_together(own: OwnMeasurement, batch_size: float | None) -> Together:
    """The GPUs of a measurement. `batch_size`: per GPU, taken where the measurement states none."""
    log_rate = math.log(own.samples_per_second / own.gpu_count)
    return Together(own.gpu, own.gpu_count, log_rate, own.batch_size or batch_size)


def for_one_gpu(own: OwnMeasurement, scaling: Scaling, batch_size: float | None) -> OwnMeasurement:
    """The measurement as one of its GPUs alone would give it. `batch_size`: per GPU, taken where the measurement states none."""
    if own.gpu_count == 1:
        return own
    single = scaling.alone(measured_together(own, batch_size))
    return replace(own, gpu_count=1, samples_per_second=math.exp(single))


def refuse_impossible(own: OwnMeasurement) -> None:
    """Raise if the GPU of an own measurement lacks the number format that it states, or no machine holds so many of it.

    Raises:
        UsageError: with the reason.
    """
    largest = most_in_a_machine(load_gpus()[own.gpu])
    if own.gpu_count > largest:
        raise UsageError(
            "{measured} {gpu}:{count}: an own measurement is of one machine, which holds at most {largest}. "
            "Give the speed that one machine has by itself, and the others with {nodes}.",
            argument="measured",
            gpu=shown_key(own.gpu),
            count=own.gpu_count,
            largest=largest,
        )
    try:
        refuse_missing_precision(load_gpus()[own.gpu], own.precision)
    except NoThroughputError as error:
        raise UsageError("An own measurement cannot be what it says: {why}", argument="measured", why=error) from error
