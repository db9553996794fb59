"""Radeon cards held to what was measured of them: how far they fall short of what their data sheets promise.

All rows of AMD that the learning has are none: a card of AMD is foretold from its data sheet by what NVIDIA's cards reach
of theirs. One source trained 31 networks on four Radeon cards and on an RTX 2080 Ti; the ratio that it measured over the
ratio foretold is a level of the card, in 16 and in 32 bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache

from planner.errors import NoThroughputError
from planner.hardware.gpus import load_gpus
from planner.hardware.tables import read_rows, read_table
from planner.model.frozen import changed, dataclass
from planner.model.records import Gpu, Throughput
from planner.throughput.ranges import together

ANY, WITHOUT_BUILDS = "rdna", "rdna-without-builds"
"""The rows of cards of RDNA that were not measured: those that PyTorch has builds for, and those that it never had any for (RDNA 1).

Builds decide how fast 16 bits are: the one card without any that was measured (RX 5700) is four times as slow in 16 bits as in 32.
"""

BESIDE = "rtx-2080-ti"
USUAL_BATCH = 12
"""The batch of the card beside them; ratios at another one (RX 7800 XT: 4) judge, and teach nothing of other cards."""
SMALLER_BATCH = 0.2
"""Half of what a batch of 4 instead of 12 may cost: a third of the batch at an exponent of up to 0.37, as a natural log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RadeonRatio:
    """Training throughput of a network over that of an RTX 2080 Ti in the same source, from `data/radeon_ratios.csv`."""

    model: str
    gpu: str
    precision: str
    batch_size: int
    ratio_to_rtx_2080_ti: float
    as_of: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RadeonLevel:
    """The level of a card in numbers of that width, from `data/radeon_levels.csv`: natural logs, learnt from so many networks."""

    gpu: str
    width: str
    models: int
    shift_ln: float
    half_width_ln: float
    source: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelOfNetwork:
    """How far one network falls short on a card, as a natural log: its measured ratio over the foretold one."""

    ratio: RadeonRatio
    log: float


def at_radeon_level(
    found: Throughput, gpu: Gpu, model: str, width: str, foretold: Callable[[Gpu], Throughput]
) -> Throughput:
    """The throughput at the level of the card, with a range at least as wide as its networks differ; others as they are.

    Where this very network ran on the card, the level is its own; the range stays that of the card, as the ratio is of a batch of 12.
    A Radeon of another line than RDNA, and a card of another maker, keeps its figure, as no row says which way it is off; its slow end is
    lower by as much as those of RDNA may be. `foretold` gives the throughput of one GPU before any level.
    """
    is_rdna = gpu.architecture.startswith("RDNA")
    if found.basis.is_measured or (gpu.vendor in ("AMD", "NVIDIA") and not (is_rdna or gpu.name.startswith("radeon"))):
        return found
    measured = radeon_levels().get((gpu.name, width))
    level = measured or radeon_levels().get((unseen_of(gpu), width))
    if level is None:
        return found
    network = level_of_network(model, gpu, width, foretold) if measured else None
    shift, sources = level.shift_ln if is_rdna else 0.0, found.sources
    why = f"level of the card, from {level.models} networks on Radeon cards beside an RTX 2080 Ti"
    if network is not None:
        shift, ratio = network.log, network.ratio
        why = f"{ratio.ratio_to_rtx_2080_ti:.2f} of an RTX 2080 Ti, measured in {ratio.precision} at batch {ratio.batch_size}"
        sources = (*sources, f"{ratio.source}, {ratio.as_of}")
    rate = found.samples_per_second * math.exp(shift)
    low, high = (math.log(found.samples_per_second / found.low), math.log(found.high / found.samples_per_second))
    near = tuple(abs(math.log(end / found.samples_per_second)) for end in found.relative_ends)
    below = level.half_width_ln if is_rdna else level.half_width_ln - min(level.shift_ln, 0.0)
    above = level.half_width_ln if is_rdna else 0.0
    return changed(
        found,
        samples_per_second=rate,
        sources=sources,
        low=rate * math.exp(-together(low, below)),
        high=rate * math.exp(together(high, above)),
        relative_low=rate * math.exp(-min(together(near[0], below), together(low, below))),
        relative_high=rate * math.exp(min(together(near[1], above), together(high, above))),
        steps=(
            *found.steps,
            f"{why}: x {math.exp(shift):.2f} (range x or / {math.exp(level.half_width_ln):.2f})"
            if is_rdna
            else f"slow end / {math.exp(below):.2f}: as far as Radeon cards may fall short of their data sheets",
        ),
    )


def level_of_network(model: str, gpu: Gpu, width: str, foretold: Callable[[Gpu], Throughput]) -> LevelOfNetwork | None:
    """The level of a network that ran on the card in numbers of that width; `None` if it did not, or where nothing can be foretold."""
    wanted = (model, gpu.name, "fp16" if width == "16" else width)
    ratio = next((one for one in radeon_ratios() if (one.model, one.gpu, one.precision) == wanted), None)
    if ratio is None:
        return None
    try:
        faster = foretold(load_gpus()[BESIDE]).samples_per_second / foretold(gpu).samples_per_second
        log = math.log(ratio.ratio_to_rtx_2080_ti * faster)
    except NoThroughputError:
        return None  # the batch asked for does not fit into the card beside it
    return LevelOfNetwork(ratio=ratio, log=log + (0.0 if ratio.batch_size == USUAL_BATCH else SMALLER_BATCH))


def unseen_of(gpu: Gpu) -> str:
    """The row that stands for a Radeon that was not measured."""
    return WITHOUT_BUILDS if gpu.architecture.startswith("RDNA1") else ANY


@cache
def radeon_levels() -> Mapping[tuple[str, str], RadeonLevel]:
    """Levels by card and width; two rows stand for cards that were not measured (`unseen_of`)."""
    return read_table("radeon_levels.csv", RadeonLevel, lambda row: (row.gpu, row.width))


@cache
def radeon_ratios() -> tuple[RadeonRatio, ...]:
    """Every measured ratio, in the order of the table."""
    return tuple(read_rows("radeon_ratios.csv", RadeonRatio))
