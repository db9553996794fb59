"""Networks on processors: the share of its 32-bit peak that a processor reaches in training.

    scaled     the network, or others, trained on that very processor: a row of 2017, or of Apple's graphics cores
    modelled   every other: between the least share that was measured in training, and all of the peak

    rate = share x peak / (6 x multiply-adds of a forward pass)

The rows of training on cores are of one processor and of software of 2017, at 5 to 14 % of its peak. Forward passes of
today reach 70 to 130 % of the peak at base clock, and a training step cannot be faster than three of them.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

from planner.errors import NoThroughputError
from planner.hardware.gpus import shown_key
from planner.hardware.processors import Processor, ProcessorKind, load_processors
from planner.model.frozen import changed, dataclass
from planner.model.records import Basis, Model, Precision, Throughput, Workload
from planner.throughput.batches import Batch
from planner.throughput.knowledge import SHIPPED
from planner.throughput.limits import OPERATIONS_PER_MAC
from planner.throughput.own_runs import as_measured, own_batch_factor
from planner.throughput.processor_runs import ProcessorRun, inference_runs, measured_model, training_runs
from planner.throughput.ranges import holding

FORWARD = 2
"""Operations for each multiply-add of a forward pass alone; forward and backward take three times as many."""
PEAK = 1.0
"""The most of its peak at base clock that training may reach."""
MATRIX_GAIN = 2.0
"""What matrix units add to that in 16 bits: in BF16 they are 8 times as fast as vectors, and memory allows a part of it."""
LEAST_FORWARD = 0.036
"""Where no processor's training is known: one network in twenty reaches less forward (664 networks of timm, Core i9-10940X)."""
AROUND = 1.25
"""How far the next program on a measured processor may lie beyond those measured."""
OTHER_CHIP, OTHER_NETWORK = 1.5, 2.75
"""The same for another chip of Apple, and for another network or size there: the two networks that were measured differ by up to 2.7."""
NEWER = 72 / 13
"""How much faster software of today may be than that of 2017: as far as the factor of 72 that was measured then (ResNet-101)
lies above the 13 that a buying guide of 2025 states without a source."""
_SIXTEEN_BITS = (Precision.AMP, Precision.BF16, Precision.FP16, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shares:
    """A share of the peak, and the range that it may have in anybody's code and in code like that of the rows."""

    middle: float
    low: float
    high: float
    near: tuple[float, float]
    basis: Basis
    rows: tuple[ProcessorRun, ...]
    words: str


def network_throughput(
    workload: Workload, device: str, count: float, runs: Sequence[ProcessorRun] | None = None
) -> Throughput:
    """Samples per second of training on so many of the processor.

    Args:
        workload: a network; what it is computed in counts only where the processor has matrix units.
        device: key of a processor.
        count: how many of them; a part for some of its cores.
        runs: measured trainings; those shipped if `None`.

    Raises:
        NoThroughputError: it is a language model by its shape, the user measured other devices, or its arithmetic is not known.
    """
    if any(own.gpu == device for own in workload.measured):
        return _as_measured_by_user(workload, device, count)
    processor = load_processors()[device]
    shipped = training_runs() if runs is None else runs
    if processor.has_matrix_units is not None:
        return _of_processor(workload, processor, count, shipped)
    without, having = (
        _of_processor(workload, changed(processor, has_matrix_units=one), count, shipped) for one in (False, True)
    )
    return holding(
        without,
        [having],
        f"matrix_units of {shown_key(device)} is not stated: the range holds {having.precision} on them",
    )


def _of_processor(workload: Workload, processor: Processor, count: float, runs: Sequence[ProcessorRun]) -> Throughput:
    gflop = _work(workload)
    shares = _shares(workload, processor, runs)
    peak = processor.fp32_tflops * 1e3 * count
    rate = shares.middle * peak / gflop
    cores = f"{round(count * processor.cores)} cores" if processor.kind is ProcessorKind.CPU else "all graphics cores"
    return Throughput(
        samples_per_second=rate,
        low=rate * shares.low / shares.middle,
        high=rate * shares.high / shares.middle,
        relative_low=rate * shares.near[0] / shares.middle,
        relative_high=rate * shares.near[1] / shares.middle,
        basis=shares.basis,
        precision=_precision(workload, processor),
        stack="no measured program" if shares.basis is Basis.MODELLED else shares.rows[0].software,
        sources=tuple(dict.fromkeys(f"{row.source}, {row.as_of}" for row in shares.rows)) or (processor.source,),
        steps=(
            f"{shares.words}: {shares.middle:.1%} of {peak / 1e3:.3g} TFLOPS ({cores} of {shown_key(processor.name)}, 32 bits, base clock) "
            f"over {gflop:.3g} GFLOP a {workload.model.sample_unit}",
            f"range: {shares.low:.1%} to {shares.high:.1%} of the peak",
        ),
        notes=_notes(processor, shares),
    )


def share_of(run: ProcessorRun, operations: int = OPERATIONS_PER_MAC) -> float:
    """The part of its peak that a processor reached."""
    gflop = _gflop(measured_model(run.model), run.input_size, operations)
    if gflop is None:
        raise KeyError(run.model)  # a test asks for the arithmetic of every model of the tables
    return run.samples_per_second * gflop / (load_processors()[run.device].fp32_tflops * 1e3 * run.device_count)


def _work(workload: Workload) -> float:
    """Operations of a training step for one sample, in 1e9."""
    if workload.language is not None or workload.model.task.startswith("language-model"):
        raise NoThroughputError("no training of a language model on a processor was measured")
    if workload.measured:
        raise NoThroughputError(
            f"what you measured on {workload.measured[0].gpu} says nothing of a processor that you did not measure"
        )
    gflop = _gflop(workload.model, workload.input_size, OPERATIONS_PER_MAC)
    if gflop is None:
        name = workload.model.name
        raise NoThroughputError(f"the arithmetic of {name} is not known, and it was trained on no processor")
    return gflop


def _as_measured_by_user(workload: Workload, device: str, count: float) -> Throughput:
    """The user's own rate on the processor; on more or fewer of its cores, between the same rate and one in proportion."""
    own = min(
        (one for one in workload.measured if one.gpu == device),
        key=lambda one: (abs(math.log(one.gpu_count / count)), one.precision),
    )
    factor = own_batch_factor(workload, own, SHIPPED.batch())
    found = as_measured(own, workload, own.precision, Batch(size=own.batch_size, fits=None), factor)
    ratio = count / own.gpu_count
    if ratio == 1:
        return found
    ends = (min(1.0, ratio), max(1.0, ratio))
    return replace(
        found,
        samples_per_second=found.samples_per_second * math.sqrt(ratio),
        low=found.low * ends[0],
        high=found.high * ends[1],
        basis=Basis.SCALED,
        steps=(*found.steps, f"{ratio:.3g} times the cores: rate x {ends[0]:.3g} to {ends[1]:.3g}"),
    )


def _gflop(model: Model, size: int | None, operations: int) -> float | None:
    """Operations for a sample of that size, in 1e9; pictures grow with the square of their side. `None` if not known."""
    if model.forward_gmacs_per_sample is None:
        return None
    relative = 1.0 if size is None or model.input_size is None else size / model.input_size
    return operations * model.forward_gmacs_per_sample * (relative**2 if model.sample_unit == "image" else relative)


def _shares(workload: Workload, processor: Processor, runs: Sequence[ProcessorRun]) -> _Shares:
    kind = [run for run in runs if (one := load_processors().get(run.device)) and one.kind is processor.kind]
    own = [run for run in kind if run.device == processor.name]
    if processor.kind is ProcessorKind.APPLE:
        return _of_apple(workload, own, kind)
    if own:
        return _of_2017(workload, own)
    least = min(map(share_of, kind), default=LEAST_FORWARD) / AROUND * _thinness(workload.model.name)
    most = PEAK * (MATRIX_GAIN if _precision(workload, processor) is not Precision.FP32 else 1.0)
    middle = math.sqrt(least * most)
    return _Shares(
        middle=middle,
        low=least,
        high=most,
        near=(least, most),
        basis=Basis.MODELLED,
        rows=tuple(kind[:1]),
        words="modelled: the middle between the least share measured in training and the peak",
    )


def _of_2017(workload: Workload, own: Sequence[ProcessorRun]) -> _Shares:
    """The shares of a processor whose training was measured in old software."""
    alike = [run for run in own if run.model == workload.model.name]
    same = [run for run in alike if _is_of_size(run, workload)]
    shares = sorted(map(share_of, own))
    middle = share_of(alike[0]) if alike else statistics.median(shares)
    near = (middle / AROUND, middle * AROUND) if same else (shares[0] / AROUND, shares[-1] * AROUND)
    if not alike:
        middle, near = _thinned(middle, near, workload.model.name)
    return _Shares(
        middle=middle,
        low=near[0],
        high=near[1] * NEWER,
        near=near,
        basis=Basis.SCALED,
        rows=tuple(alike or own),
        words=f"measured with {own[0].software} in {own[0].as_of[:4]}"
        + ("" if same else ", at another size" if alike else f": the median of {len(own)} other networks"),
    )


def _of_apple(workload: Workload, own: Sequence[ProcessorRun], kind: Sequence[ProcessorRun]) -> _Shares:
    """The shares of graphics cores of Apple: of that chip, or of the others."""
    rows = own or kind
    wanted = workload.framework or "pytorch"
    alike = [run for run in rows if run.model == workload.model.name]
    same = [run for run in alike if _is_of_size(run, workload)]
    chosen = [run for run in same or alike if run.software == wanted] or same or alike or rows
    shares, around = sorted(map(share_of, chosen)), sorted(map(share_of, same or alike or rows))
    middle = statistics.median(shares)
    beyond = OTHER_NETWORK if not same else AROUND if own else OTHER_CHIP
    near = (around[0] / beyond, min(around[-1] * beyond, PEAK))
    if not own:
        near = _at_least_as_wide(near)
    if not alike:
        middle, near = _thinned(middle, near, workload.model.name)
    basis = Basis.MODELLED if not own else Basis.MEASURED if same and chosen is not rows else Basis.SCALED
    return _Shares(
        middle=middle,
        low=near[0],
        high=near[1],
        near=near,
        basis=basis,
        rows=tuple(chosen),
        words="measured"
        if basis is Basis.MEASURED
        else f"the median of {len(chosen)} row{'s'[: len(chosen) > 1]} of Apple's graphics cores",
    )


def _is_of_apple(run: ProcessorRun) -> bool:
    known = load_processors().get(run.device)
    return known is not None and known.kind is ProcessorKind.APPLE


def _at_least_as_wide(near: tuple[float, float]) -> tuple[float, float]:
    """The range, widened at both ends to the least that a processor without rows of its own has: `NEWER` from end to end."""
    low, high = near
    more = math.sqrt(max(1.0, NEWER * low / high))
    high = min(high * more, PEAK)
    return min(low / more, high / NEWER), high


def _is_of_size(run: ProcessorRun, workload: Workload) -> bool:
    """Whether a row is of the pictures or sequences that are planned: those asked for, else those the model is listed with."""
    return (workload.input_size or workload.model.input_size) in (None, run.input_size)


def _thinned(middle: float, near: tuple[float, float], model: str) -> tuple[float, tuple[float, float]]:
    """Share and range of a network that fills the cores less than the measured ones: half of it in the middle, all at the low end."""
    thin = _thinness(model)
    return middle * math.sqrt(thin), (near[0] * thin, near[1])


def _thinness(model: str) -> float:
    """How much less of the peak a network reaches forward than ResNet-50 on the same cores, at most 1; 1 where not known."""
    own, usual = inference_runs(model), inference_runs("resnet50")
    pairs = [
        (share_of(one, FORWARD), share_of(two, FORWARD)) for one in own for two in usual if one.device == two.device
    ]
    return min([1.0, *(one / two for one, two in pairs)])


def _precision(workload: Workload, processor: Processor) -> Precision:
    """16 bits where they were asked for and the processor has matrix units, else 32."""
    return Precision.BF16 if processor.has_matrix_units and workload.precision in _SIXTEEN_BITS else Precision.FP32


def _notes(processor: Processor, shares: _Shares) -> tuple[str, ...]:
    if processor.kind is ProcessorKind.APPLE:
        chips = len({row.device for row in training_runs() if _is_of_apple(row)})
        few = f"no training on this chip was measured; the range is set by hand about {chips} chips that were, too few to check it"
        return (
            "the rows of Apple's graphics cores hold the loading of pictures",
            *((few,) if shares.basis is Basis.MODELLED else ()),
        )
    if shares.basis is Basis.SCALED:
        return ("the rows of this processor are of 2017; the range holds software of today, which is faster",)
    return ("no training on this processor was measured; the range runs from the least share of 2017 to its peak",)
