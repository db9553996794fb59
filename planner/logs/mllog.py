"""MLPerf's log lines: `:::MLLOG {...}` with the time in milliseconds, epochs or blocks, and the state of the run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from planner.logs.records import Counted, Event, Fact, Mark, Pause
from planner.logs.tape import Kind, On
from planner.logs.text import Line

EPOCHS = Kind(name="MLPerf log", counted=Counted.EPOCH)
CUT_SECONDS = 1.0
MOST_ROWS = 100_000
"""Lines that are held; a run has some hundred epochs, and a file that goes on for ever must not fill the memory."""
ALIKE = 0.02
KEYS = frozenset(
    [
        "run_start",
        "run_stop",
        "epoch_start",
        "epoch_stop",
        "block_start",
        "block_stop",
        "tracked_stats",
        "throughput",
        "train_samples",
        "global_batch_size",
        "local_batch_size",
        "gradient_accumulation_steps",
        "submission_benchmark",
    ]
)


def mllog_events(lines: Iterable[Line]) -> Iterator[Event | On]:
    """Whole epochs or blocks; the last one is left out where the run stops within it."""
    rows = _rows(lines)
    stop = next((row["time_ms"] for row in reversed(rows) if row.get("key") == "run_stop"), None)
    said = {str(row.get("key")): row.get("value") for row in rows if row.get("event_type") == "POINT_IN_TIME"}
    yield from _setting(said)
    start = next((row["time_ms"] for row in rows if row.get("key") == "run_start"), None)
    if start is not None and stop is not None:
        yield Fact("wall_seconds", (stop - start) / 1000)
    samples, epochs = _counted_blocks(rows)
    if samples is not None:
        yield Fact("epoch_samples", samples)
    elif epochs := _epochs(rows, stop):
        yield from _samples_of_an_epoch(said, _count(said.get("global_batch_size")), epochs, _stated(rows))
    if epochs:
        for number, (begin, end) in enumerate(epochs, 1):
            yield On("epochs", EPOCHS, Mark(number, end / 1000, (end - begin) / 1000, span=1))
        gaps = [(after[0] - before[1]) / 1000 for before, after in pairwise(epochs)]
        if gaps and min(gaps) > 0:
            yield On("epochs", EPOCHS, Pause("evaluation between epochs", math.fsum(gaps)))
    else:
        yield Fact("no_clock", "blocks")


def _setting(said: dict[str, Any]) -> Iterator[Event | On]:
    """The benchmark, samples of a step, and the GPUs that follow from them."""
    global_batch, local_batch = _count(said.get("global_batch_size")), _count(said.get("local_batch_size"))
    if isinstance(said.get("submission_benchmark"), str):
        yield Fact("benchmark", said["submission_benchmark"])
    if global_batch:
        yield Fact("step_samples", global_batch)
    if global_batch and local_batch:
        gpus = global_batch / (local_batch * (_count(said.get("gradient_accumulation_steps")) or 1.0))
        if gpus >= 1 and gpus == int(gpus):
            yield Fact("gpu_count", int(gpus))


def _rows(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The lines that are looked at; of a file that goes on for ever the first ones, and each end of a run."""
    rows: list[dict[str, Any]] = []
    for line in lines:
        row = _row(line.text)
        if row is not None and row.get("key") in KEYS and (len(rows) < MOST_ROWS or row["key"] == "run_stop"):
            rows.append(row)
    return rows


def _counted_blocks(rows: list[dict[str, Any]]) -> tuple[float | None, list[tuple[float, float]]]:
    """Samples of a block, and start and end of each in milliseconds, of logs whose blocks end at a count of samples; the usual size counts."""
    found: dict[float, list[tuple[float, float]]] = {}
    begun, before = None, 0.0
    for row in rows:
        count = _count(row.get("metadata", {}).get("samples_count"))
        if row.get("key") == "block_start":
            begun, before = row["time_ms"], count if count is not None else before
        elif row.get("key") == "block_stop" and begun is not None and count is not None:
            if count > before and row["time_ms"] > begun:
                found.setdefault(count - before, []).append((begun, row["time_ms"]))
            begun, before = None, count
    usual = max(found, key=lambda size: len(found[size]), default=None)
    return usual, found[usual] if usual is not None else []


def _epochs(rows: list[dict[str, Any]], stop: float | None) -> list[tuple[float, float]]:
    """Start and end of every whole epoch or block, in milliseconds."""
    for start_key, stop_key in (("epoch_start", "epoch_stop"), ("block_start", "block_stop")):
        begun: float | None = None
        sizes: list[float] = []
        found: list[tuple[float, float]] = []
        for row in rows:
            if row.get("key") == start_key:
                begun = row["time_ms"]
                sizes.append(_count(row.get("metadata", {}).get("epoch_count")) or 1.0)
            elif row.get("key") == stop_key and begun is not None:
                if stop is None or row["time_ms"] < stop - 1000 * CUT_SECONDS:
                    found.append((begun, row["time_ms"]))
                begun = None
        if len(found) > 0 and len(set(sizes[: len(found)])) == 1 and sizes[0] == 1.0:
            return found
    return []


def _stated(rows: list[dict[str, Any]]) -> list[float]:
    """Throughputs that the log states itself, in its order."""
    found = []
    for row in rows:
        value = row.get("value")
        if row.get("key") in ("tracked_stats", "throughput"):
            pace = _count(value.get("throughput") if isinstance(value, dict) else value)
            if pace is not None:
                found.append(pace)
    return found


def _samples_of_an_epoch(
    said: dict[str, Any], global_batch: float | None, epochs: list[tuple[float, float]], stated: list[float]
) -> Iterator[Event | On]:
    """`train_samples` may be samples or batches: the throughput that the log states decides, and without one nothing does."""
    samples = _count(said.get("train_samples"))
    if samples is None:
        return
    for factor in (1.0, global_batch or 1.0):
        paces = [samples * factor / ((end - begin) / 1000) for begin, end in epochs]
        if stated and all(abs(pace / other - 1) < ALIKE for pace, other in zip(paces, stated, strict=False)):
            yield Fact("epoch_samples", samples * factor)
            return
    if not stated and global_batch and samples > 200 * global_batch:
        yield Fact("epoch_samples", samples)


def _row(text: str) -> dict[str, Any] | None:
    at = text.find(":::MLLOG")
    brace = text.find("{", at)
    if at < 0 or brace < 0:
        return None
    try:
        row = json.loads(text[brace : text.rindex("}") + 1])
    except (ValueError, RecursionError):
        return None
    is_good = (
        isinstance(row, dict)
        and isinstance(row.get("time_ms"), int | float)
        and isinstance(row.get("metadata", {}), dict)
    )
    return row if is_good else None


def _count(value: object) -> float | None:
    """The value as a positive number; `None` if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e15:
        return None
    return float(value)
