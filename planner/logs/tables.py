"""Tables: Ultralytics, fastai, Lightning, Keras, exported history of Weights & Biases and TensorBoard, and any other by its columns."""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from planner.logs.line_reader import clock_text
from planner.logs.records import Counted, Event, Fact, Mark, StepIs
from planner.logs.tape import FIRST_DATE, Kind, On
from planner.logs.text import Line
from planner.model.frozen import dataclass

STEP_NAMES = (
    "global_step", "trainer/global_step", "train/global_step", "update_step", "optimizer_step", "train_step", "iteration", "iter",
    "num_updates", "current_steps", "step", "steps", "_step",
)  # fmt: skip
OPTIMISER_STEPS = frozenset(
    ("global_step", "trainer/global_step", "train/global_step", "update_step", "optimizer_step", "num_updates")
)
"""Counters that are those of the optimiser by their name; others may count log calls, epochs or micro-batches."""
TIME_NAMES = (
    "_runtime", "relative time (process)", "_timestamp", "wall_time", "wall time", "timestamp", "elapsed_time", "elapsed",
    "time_elapsed", "elapsed_seconds", "relative_time", "created_at", "datetime", "time", "wall", "total_time", "runtime",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns that the user names."""

    step: str | None = None
    time: str | None = None


_OF_VALIDATION = re.compile(r"(?:val|valid|validation|eval|evaluation|test)(?:[_/. -]|$)", re.IGNORECASE)
EITHER = ("time", "wall", "total_time", "runtime")
"""Names that programs give to a clock and to the time of one epoch alike."""

ULTRALYTICS = Kind(name="Ultralytics", counted=Counted.EPOCH, from_zero=True, holds_validation=True)
FASTAI = Kind(name="fastai", counted=Counted.EPOCH, holds_validation=True)


def is_table(first_lines: Iterable[str]) -> bool:
    """Whether the lines are those of a table with a header."""
    lines = [line for line in first_lines if line.strip()][:10]
    if len(lines) < 2 or lines[0].lstrip().startswith(("{", "[")) or "|" in lines[0] or ": " in lines[0]:
        return False
    cells = _cells(lines[0])
    named = sum(not _is_number(cell) and bool(cell) for cell in cells)
    rows = [_cells(line) for line in lines[1:]]
    alike = [row for row in rows if len(row) == len(cells) and any(_is_number(cell) for cell in row)]
    return len(cells) >= 2 and named >= len(cells) - 1 and 2 * len(alike) >= len(rows)


def table_events(lines: Iterable[Line], columns: Columns) -> Iterator[Event | On]:
    """The events of the rows of a table."""
    lines = iter(lines)
    header: list[str] = []
    for line in lines:
        if line.text.strip():
            header = _cells(line.text)
            break
    yield from row_events(_rows(lines, header), header, columns)


def row_events(rows: Iterable[Mapping[str, str]], header: list[str], columns: Columns) -> Iterator[Event | On]:
    """The events of rows with these columns."""
    names = set(header)
    if columns.step is None and columns.time is None:
        if "time" in names and any(
            name.startswith(("train/box_loss", "train/loss", "train/seg_loss", "train/cls_loss")) for name in names
        ):
            yield from _ultralytics(rows)
            return
        if {"epoch", "train_loss", "time"} <= names and "step" not in names:
            yield from _fastai(rows)
            return
    rows = iter(rows)
    ahead = list(itertools.islice(rows, 500))
    step, time = columns.step or _step_name(ahead), columns.time or _time_name(ahead)
    if step is None or time is None:
        yield Fact("no_clock", "steps" if step else "rows")
        yield Fact("columns", tuple(header[:40]))
        return
    yield from _generic(itertools.chain(ahead, rows), step, time, ahead, columns)


def _ultralytics(rows: Iterable[Mapping[str, str]]) -> Iterator[Event | On]:
    for row in rows:
        if _is_number(row.get("epoch", "")) and _is_number(row.get("time", "")):
            yield On("epochs", ULTRALYTICS, Mark(float(row["epoch"]), float(row["time"])))


def _fastai(rows: Iterable[Mapping[str, str]]) -> Iterator[Event | On]:
    """Epochs of fastai: `mm:ss` or `h:mm:ss` of each; a plain number of seconds is not of fastai."""
    for row in rows:
        seconds = clock_text(row.get("time", ""))
        if _is_number(row.get("epoch", "")) and seconds:
            yield On("epochs", FASTAI, Mark(float(row["epoch"]) + 1, None, seconds, span=1))


def _generic(
    rows: Iterable[Mapping[str, str]], step: str, time: str, ahead: list[Mapping[str, str]], columns: Columns
) -> Iterator[Event | On]:
    counted = Counted.EPOCH if "epoch" in step.lower() or _counts_epochs(ahead, step) else Counted.STEP
    is_named = columns.step is not None or step in OPTIMISER_STEPS
    times = _times_by_step(ahead, step, time)
    is_duration = len(times) > 2 and (_falls_often(times) or (time.lower() in EITHER and not _grows_with(times)))
    kind = Kind(
        name=f"table, {step} and {time}",
        counted=counted,
        step_is=StepIs.OPTIMISER if is_named else StepIs.UNKNOWN,
        from_zero=time.rpartition(" - ")[2]
        in ("_runtime", "elapsed_time", "elapsed", "time_elapsed", "elapsed_seconds"),
        holds_validation=counted is Counted.EPOCH,
    )
    is_either = is_duration and times == sorted(times) and len(set(times)) == len(times)
    if is_duration and (is_either or columns.time is None):
        yield Fact("no_clock", "steps" if columns.time is None else "either")
        yield Fact("columns", tuple(ahead[0])[:40])
        return
    for row in rows:
        done, clock = row.get(step, ""), time_of(row.get(time, ""))
        if _is_number(done) and clock is not None and _is_training(row, step, time):
            mark = Mark(float(done), None, clock) if is_duration else Mark(float(done), clock)
            yield On("rows", kind, mark)


def _times_by_step(rows: list[Mapping[str, str]], step: str, time: str) -> list[float]:
    """The times in the order of their steps, if each step has one: rows may stand in any order. Else in the order of the rows."""
    pairs = [
        (float(row[step]), clock)
        for row in rows
        if _is_number(row.get(step, "")) and (clock := time_of(row.get(time, ""))) is not None
    ]
    distinct = sorted(set(pairs))
    if len({done for done, _ in distinct}) == len(distinct):
        pairs = distinct
    return [clock for _, clock in pairs]


def _is_training(row: Mapping[str, str], step: str, time: str) -> bool:
    """Whether a row is of training: not one in which all that is filled in is of validation."""
    is_of_validation = False
    for key, value in row.items():
        if value in ("", None) or key in (step, time, "epoch") or key.startswith("_"):
            continue
        if not _is_of_validation(key):
            return True
        is_of_validation = True
    return not is_of_validation


@lru_cache(maxsize=4096)
def _is_of_validation(key: str) -> bool:
    return _OF_VALIDATION.match(key) is not None


def _counts_epochs(rows: list[Mapping[str, str]], step: str) -> bool:
    """Whether the counter goes up by one with the epoch: it counts epochs then, whatever its name."""
    pairs = [
        (float(row[step]), float(row["epoch"]))
        for row in rows
        if _is_number(row.get(step, "")) and _is_number(row.get("epoch", ""))
    ]
    if len(pairs) < 3:
        return False
    gaps = {done - epoch for done, epoch in pairs}
    return len({done for done, _ in pairs}) > 2 and len(gaps) == 1


def _step_name(rows: list[Mapping[str, str]]) -> str | None:
    return _first_filled(rows, (*STEP_NAMES, "epoch"), _is_number)


def _time_name(rows: list[Mapping[str, str]]) -> str | None:
    return _first_filled(rows, TIME_NAMES, lambda cell: time_of(cell) is not None)


def _first_filled(
    rows: list[Mapping[str, str]], names: Iterable[str], is_filled: Callable[[object], bool]
) -> str | None:
    """The first of these columns that has values in more than a few rows; capitals do not matter."""
    written = {key.lower(): key for row in rows for key in row}
    written |= _without_runs(written)
    for name in names:
        key = written.get(name.lower())
        if key is not None and sum(is_filled(row.get(key, "")) for row in rows) > max(len(rows) // 20, 1):
            return key
    return None


def _without_runs(written: Mapping[str, str]) -> dict[str, str]:
    """The columns of an export of Weights & Biases, `run - key`, by their keys; none of a key that several runs have."""
    ends = [key.rpartition(" - ")[2] for key in written if " - " in key]
    return {
        end: name for key, name in written.items() if " - " in key and ends.count(end := key.rpartition(" - ")[2]) == 1
    }


def _grows_with(times: list[float]) -> bool:
    """Whether the times are a clock by how they grow: with the rows, and not a little as those of slower and slower epochs do."""
    first = times[0] if times[0] > 0 else times[1]
    return times[0] > FIRST_DATE or times[-1] / first > max(2.0, 0.3 * len(times))


def _falls_often(times: list[float]) -> bool:
    falls = sum(after < before for before, after in itertools.pairwise(times))
    return falls > len(times) / 10


def time_of(text: object) -> float | None:
    """Seconds of a cell: a number, `h:mm:ss` or a date with a time; milliseconds since 1970 are told by their size."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        value = float(text)
    else:
        cell = str(text).strip()
        if not _is_number(cell):
            return clock_text(cell) if ":" in cell and "-" not in cell else _moment(cell)
        value = float(cell)
    return value / 1000 if value > 1e11 else value


def _moment(cell: str) -> float | None:
    if len(cell) < 16 or not cell[:4].isdigit():
        return None
    try:
        moment = datetime.fromisoformat(cell.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _rows(lines: Iterable[Line], header: list[str]) -> Iterator[Mapping[str, str]]:
    """Rows as wide as the header; a header in the middle, a cut row and an empty one are passed by."""
    for line in lines:
        cells = _cells(line.text)
        if len(cells) == len(header) and cells != header:
            yield dict(zip(header, cells, strict=True))


def _cells(line: str) -> list[str]:
    commas = line.count(",")
    separator = "\t" if line.count("\t") > commas else (";" if line.count(";") > commas else ",")
    if '"' not in line:
        return [cell.strip() for cell in line.split(separator)]
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:
        return []


def _is_number(cell: object) -> bool:
    try:
        return math.isfinite(float(str(cell)))
    except ValueError:
        return False
