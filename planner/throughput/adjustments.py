"""Factors on throughput for a batch size or an input size other than the measured one."""

from __future__ import annotations

import math
from collections.abc import Mapping

from planner.model.frozen import dataclass
from planner.model.records import Gpu, Model
from planner.throughput.ranges import together

SAME_BATCH = 0.1  # batches within so much of each other are one
FILLED, NEARLY_SAME = 256, 0.75
"""From so many samples on a GPU is as fast at three quarters of them, within what its range holds: ResNet-50 on an A100 makes 400
images a second at 12 and 1,582 at 1,280, which is most x b / (b + 37), and 1 per cent less at 960."""
FULL = 2.0  # times the usual batch, which fills the memory of its GPU
SMALL_IMAGE, LARGE_IMAGE = 64, 128
"""Pixels a side: up to the first nobody keeps the stride made for photographs, from the second on everybody does."""
STEM_STRIDES = (
    # (what the network's name holds, stride of its first layers together): a network without them stays as it is
    ("resnet", 4.0),
    ("resnext", 4.0),
    ("res2net", 4.0),
    ("densenet", 4.0),
    ("efficientnet", 2.0),
    ("mobilenet", 2.0),
    ("mnasnet", 2.0),
    ("regnet", 2.0),
)
INPUT_SIZE_DEVIATION = 0.15  # 90 % half width per unit of ln(relative arithmetic): kernels suit some sizes better


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A factor on throughput as a natural logarithm, how far its 90 % range goes below and above it, and a line that explains it."""

    log: float
    below: float
    above: float
    step: str = ""
    note: str = ""
    far: tuple[float, float] = (0.0, 0.0)  # of `below` and `above`: what no row tells, batches being too far apart


NO_CHANGE = Factor(log=0.0, below=0.0, above=0.0)


def batch_factor(
    batch_size: float | None, usual_batch: float | None, law: Mapping[str, float], most: float = FULL
) -> Factor:
    """The factor for another batch per GPU: rate(b) = rate(b0) x (b / b0) ** e, e learnt from rows at two batch sizes.

    Args:
        batch_size: the one asked for; `None` leaves everything as it is.
        usual_batch: the one that the rate is known at.
        law: `low`, `median` and `high` of e. The rows are at most twice apart; beyond that up to the whole ratio may be gained, or nothing.
        most: times the known batch beyond which nothing is gained.

    Examples:
        Half the usual batch at e = 0.2: 0.5 ** 0.2 = 0.87.
        Beyond twice the usual batch: as at twice, since a GPU that is full gains no more.
        Three quarters of a large batch: as at that batch.
    """
    if batch_size is None:
        return NO_CHANGE
    if usual_batch is None:
        note = (
            f"batch {batch_size:g} a GPU asked for; the batch of the measured rows is not known, so nothing was changed"
        )
        return Factor(log=0.0, below=law["high"], above=law["high"], note=note)
    ratio = batch_size / usual_batch
    if abs(ratio - 1.0) <= SAME_BATCH or (batch_size >= FILLED and NEARLY_SAME <= ratio < 1):
        return NO_CHANGE
    log_ratio = math.log(min(ratio, most))
    near = math.copysign(min(abs(log_ratio), math.log(FULL)), log_ratio)
    below, above = _ends(near, law["low"], law["median"], law["high"])
    far_below, far_above = _ends(log_ratio - near, 0.0, law["median"], 1.0)
    log = law["median"] * log_ratio
    return Factor(
        log=log,
        below=together(below, far_below),
        above=together(above, far_above),
        step=f"batch {batch_size:g} a GPU in place of {usual_batch:g}: x {math.exp(log):.3f}",
        far=(far_below, far_above),
    )


def _ends(log_ratio: float, low: float, median: float, high: float) -> tuple[float, float]:
    """How far the rate at so many times the batch may lie below and above that of the middle exponent."""
    slower, faster = (median - low) * log_ratio, (high - median) * log_ratio
    return (slower, faster) if log_ratio > 0 else (-faster, -slower)


def input_size_factor(model: Model, measured_size: int | None, wanted_size: int | None) -> Factor:
    """The factor for another image size or sequence length: images by area, sequences by length, tokens none.

    The part of attention that grows with the square of the length is left out; a note says so.
    """
    log_arithmetic = math.log(relative_arithmetic(model, measured_size, wanted_size))
    if log_arithmetic == 0.0:
        if wanted_size is not None and wanted_size != measured_size and measured_size is not None:
            note = f"length {wanted_size} in place of {measured_size}: throughput per {model.sample_unit} taken as unchanged"
            return Factor(log=0.0, below=INPUT_SIZE_DEVIATION, above=INPUT_SIZE_DEVIATION, note=note)
        return NO_CHANGE
    step = f"input size {wanted_size} in place of {measured_size}: arithmetic x {math.exp(log_arithmetic):.3f}"
    doubt = stem_doubt(model, measured_size, wanted_size) if model.sample_unit == "image" else 0.0
    is_image = model.sample_unit == "image"
    note = (
        ""
        if is_image
        else "attention's growth with the square of the length is left out: a few per cent below 1,000 tokens"
    )
    reach = together(INPUT_SIZE_DEVIATION * abs(log_arithmetic), doubt)
    return Factor(log=-log_arithmetic, below=reach, above=reach, step=step, note=note)


def relative_arithmetic(model: Model, measured_size: int | None, wanted_size: int | None) -> float:
    """Operations of one sample at the wanted size, divided by those at the measured size; 1 if either is unknown.

    Examples:
        ResNet-18 from 224 to 32 pixels: (32 / 224) ** 2 x 16 = 0.33, its first layers having no stride there.
    """
    if wanted_size is None or measured_size is None:
        return 1.0
    ratio = wanted_size / measured_size
    if model.sample_unit == "image":
        return ratio**2 * without_stem_stride(model, measured_size, wanted_size)
    return {"sequence": ratio}.get(model.sample_unit, 1.0)


def without_stem_stride(model: Model, measured_size: int | None, wanted_size: int | None) -> float:
    """How many times the arithmetic grows where small images are trained without the stride of the first layers; else 1.

    Examples:
        ResNet-18 at 64 pixels: 16. At 90, where some keep the stride: 4, the one network as far off as the other.
    """
    return math.exp(_log_of_stem(model, measured_size, wanted_size) * small_image_share(wanted_size))


def stem_doubt(model: Model, measured_size: int | None, wanted_size: int | None) -> float:
    """How far off a figure may be at a size between small and large, as a natural logarithm: two networks may be meant, and one is nearer."""
    share = small_image_share(wanted_size)
    return _log_of_stem(model, measured_size, wanted_size) * min(share, 1.0 - share)


def small_image_note(model: Model, measured_size: int | None, wanted_size: int | None) -> str:
    """Which network a figure stands for, where small images are trained with another one; else empty."""
    if stem_doubt(model, measured_size, wanted_size):
        return f"at {wanted_size} pixels some train the network without the stride of its first layers: between the two, range widened"
    if without_stem_stride(model, measured_size, wanted_size) != 1.0:
        return f"at {wanted_size} pixels: the network as it is trained there, without the stride of its first layers"
    return ""


def small_image_share(size: int | None) -> float:
    """How far images of that size are trained as small ones are, from 0 to 1; between the two sizes by the logarithm."""
    if size is None:
        return 0.0
    share = math.log(LARGE_IMAGE / size) / math.log(LARGE_IMAGE / SMALL_IMAGE)
    return min(1.0, max(0.0, share))


def _log_of_stem(model: Model, measured_size: int | None, wanted_size: int | None) -> float:
    """The natural logarithm of how much arithmetic the first layers' stride saves, if the measured network has it and the wanted one may not."""
    if (measured_size or 0) <= SMALL_IMAGE or small_image_share(wanted_size) == 0.0:
        return 0.0
    return next((2 * math.log(stride) for part, stride in STEM_STRIDES if part in model.name), 0.0)


def usual_batch(gpu: Gpu, batches: Mapping[str, float], gpus: Mapping[str, Gpu]) -> float | None:
    """The batch per GPU of the rows on this GPU, else of those on the GPU with the most similar memory, in proportion; one sample at least."""
    if not batches:
        return None
    if gpu.name in batches:
        return float(batches[gpu.name])
    near = min(batches, key=lambda name: (abs(math.log(gpus[name].memory_gib / gpu.memory_gib)), name))
    return max(1.0, batches[near] * gpu.memory_gib / gpus[near].memory_gib)
