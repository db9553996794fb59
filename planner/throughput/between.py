"""The range of a figure for a stranger's run, in two parts, and the shifts that other implementations call for.

    part one = t x tau                       common to all rows of an answer: how fast the user's code is against this stack
    part two = t x sigma                     differs from row to row: GPU, count, number format
    whole    = hypot(part one, part two)

All are half widths of 90 % ranges of a natural logarithm. Tau and sigma are learnt per class of models from implementations
predicted by the others, t is Student's. An own measurement takes part one away; part two is then what implementations
predicted from one of their own cells were off by, whatever their class. A row that is less certain within its source than those learnt from
(a GPU without rows, figures filled in) is wider by that much.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from planner.model.frozen import changed, dataclass
from planner.model.records import Model, OwnMeasurement, Throughput
from planner.throughput.learnt import Record
from planner.throughput.precision import width_of
from planner.throughput.ranges import together

THIN = 8.0
"""Activations per multiply-add (millions over 1e9) from which a network is thin: EfficientNet and MobileNet have 8 to 20,
ResNet-50 and its like 2 to 4."""
POOLED = "all"
NO_BATCH = "_no_batch"
"""Ends the kind of a row that is carried from an own measurement where the batch, here or there, is not stated."""
PUBLISHED_REACH = math.log(2.5)
"""Code that is slower than every published one by more is held by no range: what is published says little of it."""
Sides = tuple[float, float]
"""Half widths of a range below and above its middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What decides how far a stranger's run may lie from a figure.

    `kind` is `known` (other rows of the model), `arithmetic`, or how the row differs from an own measurement: `own_same`,
    `own_count`, `own_gpu`, `own_both`, `own_format`, with `_no_batch` behind where the batch is not stated. `below` and `above` are the half widths within one source, `level` the part of
    them that the level has, where only the arithmetic is known.
    """

    stack_class: str
    kind: str
    width: str
    from_width: str  # the number format that the figure was carried from
    is_thin: bool
    is_of_stack: bool = False  # the stack was asked for by its own name
    layout_gain: float = (
        0.0  # logarithm of what 16 bits gain by the other memory layout, where the stack was measured in both
    )
    below: float
    above: float
    level: float = 0.0
    batch: Sides = (
        0.0,
        0.0,
    )  # of `below` and `above`: a batch far from that of the own measurement, of which rows tell nothing
    unmeasured: Unmeasured | None = None  # where the own measurement is of another number format

    @property
    def claimed(self) -> Sides:
        """`below` and `above` without the parts of the level and of the batch."""
        below, above = (
            math.sqrt(max(half**2 - self.level**2 - batch**2, 0.0))
            for half, batch in zip((self.below, self.above), self.batch, strict=True)
        )
        return below, above

    def on_top(self, usual: float) -> Sides:
        """What the row has beyond others: what it claims beyond the usual, and its batch."""
        below, above = (
            together(excess(half, usual), batch) for half, batch in zip(self.claimed, self.batch, strict=True)
        )
        return below, above


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmeasured:
    """What is known of a row without the own measurement: how far its figure lies from the one carried, as a natural log."""

    gap: float
    situation: Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Half widths of the 90 % range of a natural logarithm: what all rows have in common, and what each has alone."""

    common: float
    below: float
    above: float


def shift(situation: Situation, learnt: Record) -> float:
    """What is added to the natural logarithm of a figure so that strangers' runs lie about it.

    A figure carried from an own measurement in another number format is drawn to what is known without it: code differs in 16 bits
    by how well it is tuned for them, in FP32 and TF32 far less.
    """
    if situation.unmeasured is not None:
        kept = learnt["kept"].get(situation.unmeasured.situation.kind, {}).get(formats_of(situation), 1.0)
        return float(1.0 - kept) * pull(situation.unmeasured, learnt)
    thin = learnt["thin"] if situation.is_thin else 0.0
    if situation.kind == "arithmetic":
        return float(thin + _of(learnt["levels"], situation.stack_class)[situation.width])
    if situation.kind != "known" or situation.width == situation.from_width:
        return float(thin)
    if situation.is_of_stack:
        # its ratio of formats is the one of its class, which is of code in the other layout; TF32 and FP32 are alike in both
        return float(thin + situation.layout_gain)
    formats = _of(learnt["carried"], situation.stack_class)
    return float(thin + formats.get(situation.width, 0.0) - formats.get(situation.from_width, 0.0))


def pull(unmeasured: Unmeasured, learnt: Record) -> float:
    """How far the figure without the own measurement counts from the one carried, as a natural logarithm.

    The whole way as long as the user's code is of a speed that is published, from there on less, and nothing at twice that distance: code
    so much slower or faster is so for a reason that another number format does not change.
    """
    gap = unmeasured.gap + shift(unmeasured.situation, learnt)
    return math.copysign(min(abs(gap), max(2 * PUBLISHED_REACH - abs(gap), 0.0)), gap)


def formats_of(situation: Situation) -> str:
    """The key of a change of number format: `from_16`, `to_16`; empty between others, of which no code was measured in both."""
    if "16" not in (situation.width, situation.from_width):
        return ""
    return "from_16" if situation.from_width == "16" else "to_16"


def parts_of(situation: Situation, learnt: Record) -> Parts:
    """The two parts of the range of a figure."""
    if situation.kind in ("known", "arithmetic"):
        entry = _of(learnt[situation.kind], situation.stack_class)
        common = together(entry["common"], excess(situation.level, entry["usual_level"]))
        alone = entry["alone"]
    else:
        entry = learnt["usual"][situation.kind]
        common = 0.0
        alone = _of(learnt["steps"][situation.kind], situation.stack_class)
        if situation.width != situation.from_width and not situation.kind.startswith("own_format"):
            step = "own_format" + (NO_BATCH if situation.kind.endswith(NO_BATCH) else "")
            alone = together(alone, _of(learnt["steps"][step], situation.stack_class))
    below, above = (together(alone, more) for more in situation.on_top(entry["usual"]))
    return Parts(common=common, below=below, above=above)


def for_strangers(one: Throughput, situation: Situation, learnt: Record, unit: str) -> Throughput:
    """The figure of one source as that of a stranger's run: shifted, and with the range in two parts."""
    moved, parts = shift(situation, learnt), parts_of(situation, learnt)
    rate = one.samples_per_second * math.exp(moved)
    below, above = together(parts.common, parts.below), together(parts.common, parts.above)
    steps = [one_step for one_step in one.steps if not one_step.startswith("range: ")]
    if moved:
        steps.append(f"x {math.exp(moved):.3f}, {_why(situation)}: {rate:,.6g} {unit}s/s")
    if parts.common:
        steps.append(f"range: x or / {math.exp(parts.common):.3f}, as implementations differ; the same in all rows")
    steps.append(f"range: / {math.exp(parts.below):.3f} to x {math.exp(parts.above):.3f}, as this row alone may differ")
    return changed(
        one,
        samples_per_second=rate,
        low=rate * math.exp(-below),
        high=rate * math.exp(above),
        relative_low=rate * math.exp(-parts.below),
        relative_high=rate * math.exp(parts.above),
        steps=tuple(steps),
    )


def _why(situation: Situation) -> str:
    if situation.unmeasured is not None:
        one, other = _format(situation.from_width), _format(situation.width)
        return f"toward what is known without your measurement: speed in {one} tells only a part of that in {other}"
    said = []
    if situation.width != situation.from_width:
        said.append(f"of {_format(situation.width)} against {_format(situation.from_width)}")
    if situation.kind == "arithmetic":
        said.append("of models of this class")
    if situation.is_thin:
        said.append("of networks with little arithmetic")
    return f"as other implementations show {' and '.join(said)}"


def _format(width: str) -> str:
    return "16-bit" if width == "16" else width


def nearest_own(own: Sequence[OwnMeasurement], gpu: str, gpu_count: float, width: str) -> tuple[str, str]:
    """How a row differs from the most similar own measurement, and the number format of that."""

    def differences(one: OwnMeasurement) -> tuple[bool, bool, bool]:
        return width_of(one.precision) != width, one.gpu != gpu, one.gpu_count != gpu_count

    nearest = min(own, key=differences)
    _, other_gpu, other_count = differences(nearest)
    from_width = width_of(nearest.precision)
    if other_gpu and other_count:
        return "own_both", from_width
    if other_gpu:
        return "own_gpu", from_width
    if other_count:
        return "own_count", from_width
    return "own_same" if from_width == width else "own_format", from_width


def is_thin(model: Model) -> bool:
    """Whether a network moves much data for little arithmetic; not where its activations are not known."""
    gmacs, activations = model.forward_gmacs_per_sample, model.activations_millions
    return gmacs is not None and activations is not None and activations > THIN * gmacs


def _of(table: Record, stack_class: str) -> Any:
    return table[stack_class] if stack_class in table else table[POOLED]


def excess(half: float, usual: float) -> float:
    """How far a half width goes beyond the usual one, the two being of independent causes."""
    return math.sqrt(max(half**2 - usual**2, 0.0))
