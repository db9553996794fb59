"""JSON, one object a line: LLaMA-Factory, Detectron2, mmdetection, history of Weights & Biases, and any other by its keys."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from planner.logs.configs import facts_of
from planner.logs.line_reader import EpochCounter, clock_text
from planner.logs.records import Event, Fact, Mark
from planner.logs.tables import Columns, row_events
from planner.logs.tape import Kind, On
from planner.logs.text import Line

LLAMA_FACTORY = Kind(name="LLaMA-Factory", from_zero=True)
DETECTRON = Kind(name="Detectron2")
MM = Kind(name="mmdetection")


def is_json_lines(first_lines: Iterable[str]) -> bool:
    """Whether most of the lines are objects of JSON."""
    lines = [line for line in first_lines if line.strip()][:12]
    good = sum(_object(line) is not None for line in lines)
    return good > 0 and 2 * good >= len(lines)


def json_line_events(lines: Iterable[Line], columns: Columns) -> Iterator[Event | On]:
    """The events of the objects; a line that is none is passed by."""
    rows = (row for line in lines if (row := _object(line.text)) is not None)
    ahead = list(itertools.islice(rows, 200))
    rest = itertools.chain(ahead, rows)
    keys = {key for row in ahead for key in row}
    if columns.step is None and columns.time is None:
        if {"current_steps", "elapsed_time"} <= keys:
            yield from _llama_factory(rest)
            return
        if {"eta_seconds", "iteration", "time"} <= keys:
            yield from _detectron(rest)
            return
        if {"time", "data_time"} <= keys and ("iter" in keys or "step" in keys):
            yield from _mm(rest)
            return
        if keys & {"train_runtime"}:
            yield Fact("no_clock", "rows")
            return
    for row in ahead[:3]:
        yield from facts_of({key: value for key, value in row.items() if not isinstance(value, Mapping)})
    yield from row_events((_flat(row) for row in rest), sorted(keys), columns)


def _llama_factory(rows: Iterable[Mapping[str, Any]]) -> Iterator[Event | On]:
    """Time as text in whole seconds; rows of evaluation carry no loss, and the last may lack the time."""
    for row in rows:
        clock = clock_text(str(row.get("elapsed_time", "")))
        step, total = row.get("current_steps"), row.get("total_steps")
        if isinstance(total, int) and total > 0:
            yield Fact("total_steps", total)
        is_evaluation = row.get("loss") is None and row.get("eval_loss") is not None
        if clock is not None and isinstance(step, int) and not is_evaluation:
            yield On("steps", LLAMA_FACTORY, Mark(step, clock))


def _detectron(rows: Iterable[Mapping[str, Any]]) -> Iterator[Event | On]:
    """`time` is the median of the last twenty iterations, which count from zero; the estimate of the end tells their number."""
    for row in rows:
        step, seconds, eta = row.get("iteration"), row.get("time"), row.get("eta_seconds")
        if not isinstance(step, int) or not isinstance(seconds, int | float) or not seconds > 0:
            continue
        if eta == 0:
            yield Fact("total_steps", step + 1)
        yield On("steps", DETECTRON, Mark(step + 1, None, float(seconds)))


def _mm(rows: Iterable[Mapping[str, Any]]) -> Iterator[Event | On]:
    """Lines of training have the mode `train`, or a loss; the first line may describe the machine."""
    steps = EpochCounter()
    for row in rows:
        seconds = row.get("time")
        if row.get("mode", "train") != "train" or not isinstance(seconds, int | float) or not seconds > 0:
            continue
        if not any("loss" in str(key) for key in row):
            continue
        iteration, epoch = row.get("iter"), row.get("epoch")
        if isinstance(row.get("step"), int):
            done = float(row["step"])
        elif isinstance(iteration, int) and isinstance(epoch, int):
            done = steps.step(epoch, iteration)
        elif isinstance(iteration, int):
            done = float(iteration)
        else:
            continue
        if isinstance(row.get("memory"), int | float):
            yield Fact("memory_gib", row["memory"] / 1024)
        yield On("steps", MM, Mark(done, None, float(seconds)))


def _flat(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row with what hangs below a key as `key/name`, and without values that are no figures or texts."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            flat.update({f"{key}/{name}": part for name, part in value.items() if isinstance(part, int | float | str)})
        elif isinstance(value, int | float | str) and not isinstance(value, bool):
            flat[key] = value
    return flat


def _object(line: str) -> Mapping[str, Any] | None:
    text = line.strip().rstrip(",")
    if not text.startswith("{") or not text.endswith("}"):
        return None
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
