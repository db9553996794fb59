"""Collects the marks of one kind of lines of one file, within bounded memory, and cleans them into runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from planner.logs.records import Counted, Event, Fact, Interval, Mark, Pause, Run, Start, StepIs, Total
from planner.logs.rounding import grain_of, relative_rounding
from planner.logs.steady import joined
from planner.model.frozen import dataclass

MOST_MARKS = 100_000
"""Marks held of one run; past it two neighbours become one. The estimate looks at some hundred groups of them."""
MOST_RUNS = 200
MOST_FIGURE = 1e30
"""Steps, seconds, samples, operations: a run has none above; a line may state anything."""
IN_STEPS = (Counted.STEP, Counted.EPOCH)
FIRST_DATE = 1.2e9
"""Clocks past it count from 1970 and have a year; those before it count from the start of a run or lack the year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What the lines of a format mean.

    `from_zero`: its clock counts from the start of the run. `stops`: its clock stands still outside training steps.
    """

    name: str
    counted: Counted = Counted.STEP
    step_is: StepIs = StepIs.OPTIMISER
    units_are_per_gpu: bool = False
    unit: str = "sample"
    from_zero: bool = False
    stops: bool = False
    holds_validation: bool = False
    are_epoch_means: bool = False  # a line is the mean step of an epoch
    is_open: bool = False  # steps at the end of each epoch are not seen: nothing is subtracted across it
    may_be_cumulative: bool = False  # its durations may be a clock: told by whether they grow with the steps
    grain: float = 0.0  # least difference of its durations, in seconds
    rank: int = 0  # of two kinds in one file the lower one counts


class On(NamedTuple):
    """An event of one of several series that a reader tells apart: the bars of a file, the tags of an event file."""

    series: str
    kind: Kind
    event: Event


class Tape:
    """The events of one kind of lines, in the order of the file."""

    def __init__(self, kind: Kind, source: str, series: str = "") -> None:
        self.kind = kind
        self.source = source
        self.series = series
        self.facts: dict[str, Fact] = {}
        self.marks_seen = 0
        self.ranks: set[int] = set()
        self._open = _Open(Start())
        self._closed: list[_Open] = []

    def add(self, event: Event) -> None:
        """Take one event of a reader; one with a figure that cannot be is passed over."""
        if not all(-MOST_FIGURE <= value <= MOST_FIGURE for value in event if isinstance(value, int | float)):
            return
        if isinstance(event, Mark):
            self.marks_seen += 1
            if event.rank is not None:
                self.ranks.add(event.rank)
            self._open.add(event)
        elif isinstance(event, Fact):
            self.facts[event.name] = event
        elif isinstance(event, Start):
            if not self._open.is_empty and len(self._closed) < MOST_RUNS:
                self._closed.append(self._open)
            self._open = _Open(event)
        elif isinstance(event, Pause):
            self._open.pauses[event.name] = self._open.pauses.get(event.name, 0.0) + event.seconds
        else:
            self._open.totals.append(event)

    def runs(self) -> list[Run]:
        """Every run of the tape that holds anything, each cleaned; a run that stands there twice counts once."""
        found: list[Run] = []
        for part in [*self._closed, self._open]:
            for run in _runs_of(part, self.kind, self.source):
                if not any(run.intervals and run.intervals == other.intervals for other in found):
                    found.append(run)
        return found[:MOST_RUNS]


class _Open:
    """What was read of one run."""

    def __init__(self, start: Start) -> None:
        self.start = start
        self.marks: list[Mark] = []
        self.pauses: dict[str, float] = {}
        self.totals: list[Total] = []

    @property
    def is_empty(self) -> bool:
        return not self.marks and not self.totals

    def add(self, mark: Mark) -> None:
        if self.marks and mark == self.marks[-1]:
            return
        self.marks.append(mark)
        if len(self.marks) > MOST_MARKS:
            self.marks = _halved(_distinct(_of_one_rank(self.marks)))


def _runs_of(part: _Open, kind: Kind, source: str) -> list[Run]:
    marks = _in_order(_distinct(_of_one_rank(part.marks)))
    grouped = _joined_where_resumed(_segments(marks))
    pauses = tuple(Pause(name, seconds) for name, seconds in sorted(part.pauses.items()))
    base = Run(
        kind=kind.name,
        source=source,
        label=part.start.label,
        counted=kind.counted,
        step_is=kind.step_is,
        units_are_per_gpu=kind.units_are_per_gpu,
        unit=kind.unit,
        stops=kind.stops,
        holds_validation=kind.holds_validation,
        are_epoch_means=kind.are_epoch_means,
        gpu_count=part.start.gpu_count,
        pauses=pauses,
    )
    runs = [_run(base, segments, kind) for segments in grouped]
    runs = [run for run in runs if run.intervals]
    for total in part.totals:
        runs.append(replace(base, total=total))
    return runs


def _run(base: Run, segments: Sequence[Sequence[Mark]], kind: Kind) -> Run:
    marks = [mark for segment in segments for mark in segment]
    if kind.may_be_cumulative:
        segments = [_told_apart(segment) for segment in segments]
        marks = [mark for segment in segments for mark in segment]
    has_durations = all(mark.seconds is not None for mark in marks)
    clocks = [mark.clock for mark in marks if mark.clock is not None]
    has_clock = len(clocks) == len(marks)
    if not has_durations and not has_clock:
        return base
    differences = [
        one
        for index, segment in enumerate(segments)
        for one in _without_zeros(_differences(segment, kind, is_first=not index))
    ]
    durations = [one for segment in segments for one in _without_zeros(_durations(segment))] if has_durations else []
    has_wall = has_clock and not kind.stops and bool(differences)
    end = clocks[-1] if clocks and clocks[-1] > FIRST_DATE else None
    seconds = [mark.seconds for mark in marks if mark.seconds]
    return replace(
        base,
        intervals=tuple(durations or differences),
        on_clock=tuple(differences) if has_wall and has_durations and kind.counted in IN_STEPS else (),
        clock_grain=grain_of(clocks) if clocks else 0.0,
        ended_at=end,
        grain=kind.grain if has_durations else grain_of(clocks),
        rounding=relative_rounding(seconds) if has_durations and not kind.grain else 0.0,
        wall_seconds=math.fsum(one.seconds for one in differences) if has_wall else None,
        restarts=len(segments) - 1,
    )


def _told_apart(segment: Sequence[Mark]) -> list[Mark]:
    """Times that grow with the steps are a clock; those of single steps are durations; others say nothing."""
    seconds = [mark.seconds or 0.0 for mark in segment]
    if len(segment) > 2 and seconds == sorted(seconds) and seconds[0] > 0:
        growth, steps = seconds[-1] / seconds[0], segment[-1].step / max(segment[0].step, 1.0)
        if growth > max(2.0, 0.3 * steps):
            return [mark._replace(clock=mark.seconds, seconds=None) for mark in segment]
    if any(after.step - before.step > 1 for before, after in pairwise(segment)):
        return [mark._replace(seconds=None) for mark in segment]
    return list(segment)


def _differences(segment: Sequence[Mark], kind: Kind, *, is_first: bool) -> Iterable[Interval]:
    """Intervals between the marks of a clock; from its zero to the first mark as well, where it counts from there."""
    if kind.from_zero and is_first and _is_from_start(segment):
        first = segment[0]
        yield Interval(end=first.step, steps=first.step, seconds=first.clock or 0.0, units=first.units)
    for before, after in pairwise(segment):
        if kind.is_open and before.epoch != after.epoch:
            continue
        if after.step > before.step and after.clock is not None and before.clock is not None:
            yield Interval(
                end=after.step,
                steps=after.step - before.step,
                seconds=after.clock - before.clock,
                units=after.units,
            )


def _durations(segment: Sequence[Mark]) -> Iterable[Interval]:
    """Intervals as the lines state them."""
    usual = segment[1].step - segment[0].step if len(segment) > 1 else 1.0
    before = segment[0].step - min(usual, segment[0].step or usual)
    for mark in segment:
        steps = mark.span if mark.span is not None else mark.step - before
        before = mark.step
        if steps > 0 and mark.seconds is not None:
            yield Interval(end=mark.step, steps=steps, seconds=mark.seconds * steps, units=mark.units)


def _without_zeros(intervals: Iterable[Interval]) -> Iterable[Interval]:
    """The intervals; those of no time, on a clock that is too coarse for them or of lines that came at once, belong to the next one."""
    held: list[Interval] = []
    for one in intervals:
        held.append(one)
        if one.seconds > 0:
            yield joined(held)
            held = []


def _is_from_start(segment: Sequence[Mark]) -> bool:
    """Whether the first mark is the run's own first: no more steps before it than between it and the next."""
    first = segment[0]
    if first.step <= 0 or first.clock is None or first.clock < 0:
        return False
    return len(segment) < 2 or first.step <= 1.5 * (segment[1].step - first.step)


def _of_one_rank(marks: Sequence[Mark]) -> Sequence[Mark]:
    """The marks of the process that wrote most of them; each writes the same steps."""
    counts: dict[int | None, int] = {}
    for mark in marks:
        counts[mark.rank] = counts.get(mark.rank, 0) + 1
    if len(counts) < 2 or 3 * len(counts) > len(marks):  # numbers of lines are no ranks
        return marks
    chosen = max(counts, key=lambda rank: (counts[rank], rank is not None, -(rank or 0)))
    return [mark for mark in marks if mark.rank == chosen]


def _distinct(marks: Sequence[Mark]) -> list[Mark]:
    """One mark a step: the first of neighbours of one step, and no mark that stood there before with the same clock."""
    kept: list[Mark] = []
    seen: set[tuple[float, float | None]] = set()
    for mark in marks:
        if kept and mark.step == kept[-1].step and mark.epoch == kept[-1].epoch:
            continue
        if mark.clock is not None:
            if (mark.step, mark.clock) in seen:
                continue
            seen.add((mark.step, mark.clock))
        kept.append(mark)
    return kept


def _in_order(marks: list[Mark]) -> list[Mark]:
    """The marks by step, if only the order of lines was lost: no step stands there twice, and the clock rises with the steps."""
    ordered = sorted(marks, key=lambda mark: mark.step)
    if ordered == marks or len({mark.step for mark in marks}) < len(marks):
        return marks
    clocks = [mark.clock for mark in ordered if mark.clock is not None]
    return ordered if clocks == sorted(clocks) else marks


def _segments(marks: Sequence[Mark]) -> list[list[Mark]]:
    """The marks, cut where step or clock falls: nothing is ever subtracted across such a place."""
    found: list[list[Mark]] = []
    for mark in marks:
        last = found[-1][-1] if found else None
        falls = last is None or mark.step < last.step
        falls = falls or (mark.clock is not None and last is not None and mark.clock < (last.clock or 0))
        if falls:
            found.append([])
        found[-1].append(mark)
    return found


def _joined_where_resumed(segments: Iterable[list[Mark]]) -> list[list[list[Mark]]]:
    """The segments by run: one that goes on near where the one before ended belongs to the same run."""
    runs: list[list[list[Mark]]] = []
    for segment in segments:
        before = runs[-1][-1] if runs else None
        if before is not None and _goes_on(before, segment):
            runs[-1].append(segment)
        else:
            runs.append([segment])
    return runs


def _goes_on(before: Sequence[Mark], segment: Sequence[Mark]) -> bool:
    gap = before[-1].step - before[-2].step if len(before) > 1 else 1.0
    is_begun = segment[0].step > before[0].step + gap
    return is_begun and segment[0].step <= before[-1].step + 2 * gap


def _halved(marks: Sequence[Mark]) -> list[Mark]:
    """Every two marks as one: durations are averaged, clocks keep the later."""
    kept: list[Mark] = []
    for first, second in zip(marks[::2], marks[1::2], strict=False):
        if second.seconds is None or first.seconds is None or second.step < first.step:
            kept.append(second if second.step >= first.step else first)
            continue
        spans = (first.span or 1.0, second.span or 1.0)
        mean = (first.seconds * spans[0] + second.seconds * spans[1]) / math.fsum(spans)
        kept.append(second._replace(seconds=mean, span=None if second.span is None else math.fsum(spans)))
    return kept
