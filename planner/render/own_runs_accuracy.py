"""What `planner validate` says of runs of our own: the section of docs/accuracy.md."""

from __future__ import annotations

from collections.abc import Sequence

from planner.accuracy.own_run_errors import BEFORE, MEMORY, RUNS, STACK, RunBeside, runs_beside
from planner.accuracy.results import ErrorSummary, SplitResult
from planner.render.listing import Column, general, number, to_markdown
from planner.units import Row

OWN_RUNS = (BEFORE, RUNS, STACK, MEMORY)
"""The splits of the section, in its order."""


def own_runs_section(splits: Sequence[SplitResult]) -> str:
    """The section of the page; empty without the splits."""
    found = {split.split: split for split in splits if split.split in OWN_RUNS}
    if not found:
        return ""
    rows = [_row(name, "all", found[name].errors, found[name].still_known) for name in OWN_RUNS if name in found]
    classes = [
        _row(name, group.name, group, "")
        for name in OWN_RUNS
        if name in found
        for group in found[name].groups.get("class", ())
    ]
    return "\n".join(
        [
            _TEXT,
            to_markdown(_SPLITS, rows),
            "\nBy class:\n",
            to_markdown(_CLASSES, classes),
            _WHAT_IT_SHOWS,
            to_markdown(_RUNS, [_run(one) for one in runs_beside()]),
            "",
        ]
    )


def _row(split: str, name: str, errors: ErrorSummary, still_known: str) -> Row:
    return {
        "split": split,
        "class": name,
        "still_known": still_known,
        "n": errors.n,
        "median": errors.median,
        "p90": errors.p90,
        "bias": errors.bias,
        "coverage": errors.coverage,
        "width": errors.width,
    }


def _run(one: RunBeside) -> Row:
    measured, before, today = one.measured, one.before, one.today
    return {
        "run": measured.name,
        "unit": f"{measured.unit}s/s",
        "measured": measured.per_second,
        "before": None if before is None else before.per_second,
        "before_range": None if before is None else _range(before.low, before.high, measured.per_second),
        "today": None if today is None else today.samples_per_second,
        "today_range": None if today is None else _range(today.low, today.high, measured.per_second),
        "counted": one.counted_gib,
        "held": one.held_gib,
        "watts": measured.watts,
    }


def _range(low: float | None, high: float | None, measured: float | None) -> str | None:
    if low is None or high is None or measured is None:
        return None
    outside = "" if low <= measured <= high else ", **outside**"
    return f"{general(low)} to {general(high)}{outside}"


def _percent(value: float) -> str:
    return f"{value:.1%}"


def _signed(value: float) -> str:
    return f"{value:+.1%}"


_FIGURES = (
    Column(key="n", heading="n", text=str, is_number=True),
    Column(key="median", heading="median", text=_percent, is_number=True),
    Column(key="p90", heading="90th percentile", text=_percent, is_number=True),
    Column(key="bias", heading="bias", text=_signed, is_number=True),
    Column(key="coverage", heading="coverage", text=_percent, is_number=True),
    Column(key="width", heading="width", text=number(2), is_number=True),
)
_SPLITS = (
    Column(key="split", heading="split"),
    Column(key="still_known", heading="what is known"),
    *_FIGURES,
)
_CLASSES = (Column(key="split", heading="split"), Column(key="class", heading="class"), *_FIGURES)
_RUNS = (
    Column(key="run", heading="run"),
    Column(key="unit", heading="unit"),
    Column(key="measured", heading="measured", text=general, is_number=True),
    Column(key="before", heading="said before", text=general, is_number=True),
    Column(key="before_range", heading="range"),
    Column(key="today", heading="said today", text=general, is_number=True),
    Column(key="today_range", heading="range"),
    Column(key="counted", heading="counted GiB", text=number(1), is_number=True),
    Column(key="held", heading="held GiB", text=number(1), is_number=True),
    Column(key="watts", heading="watts", text=general, is_number=True),
)
_TEXT = """
## On an H100 of our own

One day of 2026 an H100 80 GB SXM was at hand for minutes. `scripts/gpu_runs.py` trained a list of networks on it for some seconds each, with random weights
and data, in plain PyTorch 2.11, timm, torchvision, transformers and peft ([own_runs.csv](../data/README.md#own_runscsv-and-own_runs_predictedcsv)). What the planner said of each run was
written down, with its range, at a commit before the first of them (`own_runs_before`). Nothing is learnt from these runs. It is one machine and one PyTorch:
their errors go together, so a coverage of 66 runs says less than its n. Runs are counted, not implementations.
"""
_WHAT_IT_SHOWS = """
What was said before held {before}. Where it failed, and why:

"""
