"""Whole JSON files: `trainer_state.json`, `train_results.json`, and the summary of a run of Weights & Biases."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from planner.logs.records import Counted, Event, Fact, Pause, StepIs, Total
from planner.logs.tables import OPTIMISER_STEPS, TIME_NAMES, Columns, row_events
from planner.logs.tape import Kind, On

STATE = Kind(name="Hugging Face trainer_state", rank=0)
RESULTS = Kind(name="Hugging Face results", rank=1)
RESULT_SAMPLES = Kind(name="Hugging Face results, samples", counted=Counted.SAMPLE, rank=1)
RESULT_TOKENS = Kind(name="Hugging Face results, tokens", counted=Counted.TOKEN, unit="token", rank=0)
SUMMARY = Kind(name="Weights & Biases summary", rank=2)
ROUNDED = 0.0005
"""Half of the last digit that the trainer writes of a rate."""
PACES = ("throughput", "samples_per_sec", "images_per_sec", "tokens_per_sec", "per_second")
SUMMARY_OF_EPOCHS = Kind(name="Weights & Biases summary", counted=Counted.EPOCH, holds_validation=True, rank=2)
UNSURE_SUMMARY = Kind(name="Weights & Biases summary", step_is=StepIs.UNKNOWN, rank=2)
_BEYOND = 1e100  # products and quotients of two such figures are floats


def json_events(content: Any) -> Iterator[Event | On]:
    """The events of a file of JSON of a kind that is known; none of another."""
    if not isinstance(content, Mapping):
        return
    if isinstance(content.get("log_history"), list) and "global_step" in content:
        yield from _trainer_state(content)
    elif "train_runtime" in content:
        yield from _train_results(content)
    elif "_runtime" in content or ("_wandb" in content and "_step" in content):
        yield from _summary(content)


def _trainer_state(state: Mapping[str, Any]) -> Iterator[Event | On]:
    """Totals of each call of `train`, less what was done before a restart; times of log lines where a callback adds them."""
    rows = [row for row in state["log_history"] if isinstance(row, Mapping)]
    stated = (("total_steps", "max_steps"), ("batch_size", "train_batch_size"), ("total_epochs", "num_train_epochs"))
    for name, key in stated:
        value = _figure(state, key)
        if value is not None and 0 < value < 1e12:
            yield Fact(name, value)
    losses = [
        {key: str(value) for key, value in row.items()}
        for row in rows
        if "loss" in row and _figure(row, "step") is not None
    ]
    if any(name in row for row in losses[:20] for name in TIME_NAMES):
        yield from row_events(losses, sorted({key for row in losses for key in row}), Columns())
    ends = [index for index, row in enumerate(rows) if _figure(row, "train_runtime") is not None]
    begin = 0
    for end in ends:
        yield from _finished(rows[begin : end + 1], since=_last_step(rows[:begin]))
        begin = end + 1
    if not ends:
        has_evaluation = any(str(key).endswith("_runtime") for row in rows for key in row)
        yield Fact("no_clock", "evaluation" if has_evaluation else "steps")


def _finished(rows: Sequence[Mapping[str, Any]], since: float) -> Iterator[Event | On]:
    """The total of one call of `train`: it took `train_runtime`, from the last restart on."""
    last = rows[-1]
    runtime, rate = _figure(last, "train_runtime") or 0.0, _figure(last, "train_samples_per_second") or 0.0
    all_steps = _figure(last, "step") or _last_step(rows)
    restarts = _restarts(rows)
    before = restarts[-1] if restarts else (since if since < all_steps else 0.0)
    steps, evaluation = all_steps - before, _evaluation(rows, before)
    if not steps > 0 or not runtime > 0:
        return
    if rate > 0:
        yield Fact("stated_pace", ("train_samples_per_second", rate))
    flops = _figure(last, "total_flos")
    if flops:
        yield Fact("total_flops", flops * steps / all_steps)
    problem = ""
    if evaluation > runtime:
        problem = (
            f"evaluations of the history took {evaluation:,.0f} s and the stated run time is {runtime:,.0f} s: the run was resumed, "
            "and nothing says where"
        )
    elif evaluation:
        yield On("total", STATE, Pause("evaluation", evaluation))
    # the trainer divides the samples of all steps by the time of the last process
    samples = rate * runtime / all_steps if rate > 0 else None
    yield On("total", STATE, Total(steps, runtime, units=samples, problem=problem))


def _evaluation(rows: Sequence[Mapping[str, Any]], after: float) -> float:
    """Seconds of all evaluations of the history after that step."""
    return math.fsum(
        _figure(row, key) or 0.0
        for row in rows
        if (_figure(row, "step") or 0.0) > after
        for key in row
        if str(key).startswith("eval") and str(key).endswith("_runtime")
    )


def _restarts(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    """The steps before each place where `epoch` or `step` falls back."""
    found: list[float] = []
    before: tuple[float, float] | None = None
    for row in rows:
        step, epoch = _figure(row, "step"), _figure(row, "epoch")
        if step is None or epoch is None or "loss" not in row:
            continue
        if before is not None and (epoch < before[1] - 1e-9 or step < before[0]):
            found.append(min(before[0], step))
        before = (step, epoch)
    return found


def _train_results(content: Mapping[str, Any]) -> Iterator[Event | On]:
    """Totals alone: tokens where they were counted, else samples, else steps."""
    runtime = _figure(content, "train_runtime")
    if runtime is None or not runtime > 0:
        return
    tokens, samples = _figure(content, "num_input_tokens_seen"), _figure(content, "train_samples_per_second")
    steps, flops = _figure(content, "train_steps_per_second"), _figure(content, "total_flos")
    if tokens and tokens > 0:
        yield On("tokens", RESULT_TOKENS, Total(tokens, runtime, units=1.0))
    if samples and samples > 0:
        yield On("samples", RESULT_SAMPLES, Total(samples * runtime, runtime, units=1.0))
    if steps and steps > 0:
        done = float(max(round(steps * runtime), 1))
        yield Fact("done_steps", done)
        if (
            samples and samples > 0 and ROUNDED / steps < 0.01
        ):  # both are of one time: their ratio holds after a restart too
            yield Fact("step_samples", samples / steps)
        yield On("steps", RESULTS, Total(done, runtime))
    if flops:
        yield Fact("total_flops", flops)


def _summary(content: Mapping[str, Any]) -> Iterator[Event | On]:
    """One point: the run time, and the last value of a counter; the own counter of the logger counts calls."""
    inner = content.get("_wandb")
    runtime = _figure(content, "_runtime") or (_figure(inner, "runtime") if isinstance(inner, Mapping) else None)
    if not runtime or not runtime > 0:
        yield Fact("no_clock", "rows")
        return
    for key in content:
        value = _figure(content, key)
        if value is not None and any(word in str(key).rpartition("/")[2] for word in PACES):
            yield Fact("stated_pace", (str(key), value))
    epoch = _figure(content, "epoch")
    for name in (*OPTIMISER_STEPS, "step", "iteration", "_step"):
        steps = _figure(content, name)
        if not steps or not steps > 0:
            continue
        if name in OPTIMISER_STEPS:
            yield On("summary", SUMMARY, Total(steps, runtime))
        elif epoch is not None and abs(steps - epoch) <= 1:  # a call of the logger an epoch
            yield On("summary", SUMMARY_OF_EPOCHS, Total(epoch + 1, runtime))
        else:
            yield On("summary", UNSURE_SUMMARY, Total(steps, runtime))
        return
    yield Fact("no_clock", "summary")


def _last_step(rows: Sequence[Mapping[str, Any]]) -> float:
    return max((_figure(row, "step") or 0.0 for row in rows), default=0.0)


def _figure(row: Mapping[str, Any], key: str) -> float | None:
    """The value as a number; `None` if it is none, or one that no run has. Next to nothing is 0: what is divided by it has an end."""
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _BEYOND:
        return None
    return float(value) if abs(value) > 1 / _BEYOND else 0.0
