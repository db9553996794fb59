"""Runs of our own: what they judge, and that what was said of them stands as it was said."""

import math
from dataclasses import replace

import pytest

from planner.accuracy import own_run_errors
from planner.accuracy.own_run_errors import (
    class_of,
    own_runs_before_split,
    own_runs_memory_split,
    own_runs_memory_stack_split,
    own_runs_stack_split,
    runs_beside,
)
from planner.accuracy.own_runs import measured_runs, runs_foretold
from scripts.gpu_runs import described, listed_runs, runs_but


def test_every_run_of_the_list_was_foretold_once():
    """The file that was written before is of the list that was run, line by line."""
    said = [
        (one.model, one.kind, one.method, one.precision, one.batch_size, one.size, one.options)
        for one in runs_foretold()
    ]

    listed = [
        (run.model, run.kind, run.method, run.precision, run.batch, run.size, " ".join(sorted(run.options)))
        for run in listed_runs()
    ]
    assert sorted(listed) == sorted(said)
    assert len(said) == len(set(said))


def test_no_run_is_shipped_that_is_not_in_the_list():
    """A row is of a run of the list, and none is there twice."""
    columns = tuple(described(listed_runs()[0]))
    listed = {tuple(described(run).values()) for run in listed_runs()}

    made = [tuple(_text(getattr(one, name)) for name in columns) for one in measured_runs()]

    assert set(made) <= listed
    assert len(made) == len(set(made))


def test_what_was_said_before_is_judged_by_its_own_range(monkeypatch):
    """Two runs: 20 % too high and inside its range, half as high and outside: median 35 %, half of them held."""
    two = [one for one in runs_beside() if one.before is not None][:2]
    rates = [one.before.per_second for one in two]
    measured = [
        replace(two[0].measured, per_second=rates[0] / 1.2),
        replace(two[1].measured, per_second=rates[1] * 2),
    ]
    said = [
        replace(two[0].before, low=rates[0] / 1.3, high=rates[0] * 1.3),
        replace(two[1].before, low=rates[1] / 1.9, high=rates[1] * 1.9),
    ]
    monkeypatch.setattr(own_run_errors, "measured_runs", lambda: measured)
    monkeypatch.setattr(own_run_errors, "runs_foretold", lambda: said)

    errors = own_runs_before_split().errors

    assert (2, 0.5) == (errors.n, errors.coverage)
    assert errors.median == pytest.approx((0.2 + 0.5) / 2)
    assert errors.width == pytest.approx((1.3**2 + 1.9**2) / 2)


def test_small_pictures_through_the_stem_of_large_ones_are_not_judged():
    """ResNet-18 at 64 pixels with its stride is shipped, and is not the network that the planner means."""
    odd = [one for one in measured_runs() if not one.is_the_planned]

    assert [("resnet18", 64, "")] == [(one.model, one.size, one.variant) for one in odd]


def test_named_stacks_hold_plain_code():
    """All weights of decoders in plain Transformers: every run is inside once the stack is named, and not before."""
    before = next(one for one in own_runs_before_split().groups["class"] if one.name == "decoders")
    named = own_runs_stack_split().errors

    assert before.coverage < 0.6
    assert named.coverage >= 0.9
    assert named.n == before.n - 1  # one is compiled


def test_plain_code_is_counted_in_its_own_stack():
    """Every run of plain code is within a quarter once the stack is named."""
    named = own_runs_memory_stack_split().errors

    assert (15, 1.0) == (named.n, named.coverage)
    assert named.median < 0.02


def test_held_memory_counts_the_context_of_the_driver():
    """PyTorch sees its own tensors: 0.8 GiB of the driver are beside them, as in the count."""
    one = next(each for each in runs_beside() if class_of(each.measured) == "LoRA")

    assert one.held_gib == pytest.approx(one.measured.memory_allocated_gib + 0.8)
    assert own_runs_memory_split().errors.n > 50
    assert math.isfinite(own_runs_memory_split().errors.median)


def test_runs_that_are_made_are_left_out_the_next_time(tmp_path):
    """A second time takes up where the first was cut."""
    place = tmp_path / "rows.csv"
    first = described(listed_runs()[0])
    place.write_text(",".join(first) + "\n" + ",".join(first.values()) + "\n", encoding="utf-8")

    assert listed_runs()[1:] == runs_but(place)
    assert listed_runs() == runs_but(None)


def _text(value):
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
