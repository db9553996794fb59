"""Interrupted runs: by hand, by law, and against a simulation that knows none of the formulas."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.cost.checkpoints import (
    MANY_FAILURES,
    checkpoint_seconds_of,
    daly_interval_seconds,
    interrupted_run,
    percentile_seconds,
    young_interval_seconds,
)
from planner.errors import UsageError

HOUR = 3600.0
RATES = st.floats(min_value=0.0, max_value=0.5)
WORK = st.floats(min_value=60.0, max_value=200 * HOUR)


def a_run(**changes):
    return interrupted_run(
        **{
            "work_seconds": 10 * HOUR,
            "interruptions_per_hour": 0.1,
            "checkpoint_seconds": 30.0,
            "restart_seconds": 120.0,
            **changes,
        }
    )


def test_ten_hours_without_checkpoints_by_hand():
    """(e^(0.1 x 10) - 1) / 0.1 hours is 17.18 hours."""
    run = a_run(has_checkpoints=False, restart_seconds=0.0)

    assert pytest.approx(17.1828, abs=1e-4) == run.expected_seconds / HOUR


def test_ten_hours_with_hourly_checkpoints_by_hand():
    """Ten segments of one hour and 36 s of checkpoint: 10 x (e^0.101 - 1) / 0.1 hours."""
    run = a_run(checkpoint_seconds=36.0, restart_seconds=0.0, interval_seconds=HOUR)

    assert 10 == run.segments
    assert pytest.approx(10 * math.expm1(0.101) / 0.1, rel=1e-12) == run.expected_seconds / HOUR


def test_parts_sum_to_dalys_equation():
    """Work, checkpoints, work done twice and restarts are n x e^(rR) x (e^(rw) - 1) / r, whatever their shares."""
    run = a_run(interruptions_per_hour=1.0, restart_seconds=1800.0, checkpoint_seconds=60.0, interval_seconds=HOUR)

    in_hours = 10 * math.exp(0.5) * math.expm1(1 + 1 / 60)
    assert pytest.approx(in_hours, rel=1e-12) == run.expected_seconds / HOUR
    assert pytest.approx(10 * math.expm1(1 + 1 / 60) * math.exp(0.5), rel=1e-12) == run.count


def test_a_rare_interruption_loses_half_a_piece():
    """At one interruption in a million hours an hour of work loses half an hour times a millionth."""
    run = a_run(interruptions_per_hour=1e-6, work_seconds=HOUR, checkpoint_seconds=0.0, interval_seconds=HOUR)

    assert pytest.approx(0.5e-6 * HOUR, rel=1e-5) == run.lost_seconds


def test_no_interruptions_cost_nothing():
    """At rate 0 a run takes its work, without checkpoints that nobody needs."""
    run = a_run(interruptions_per_hour=0.0)

    assert (36_000.0, 0.0, 0.0) == (run.expected_seconds, run.count, run.checkpointing_seconds)


def test_asked_for_checkpoints_cost_time_even_without_interruptions():
    """An interval that was given is kept."""
    assert 36_000.0 + 10 * 30.0 == a_run(interruptions_per_hour=0.0, interval_seconds=HOUR).expected_seconds


def test_a_checkpoint_longer_than_the_mean_time_between_interruptions_is_refused():
    """No work would ever be saved; the message has both figures."""
    with pytest.raises(UsageError, match=r"takes 7200 s.*\(3,600 s at 1 per hour\)"):
        a_run(interruptions_per_hour=1.0, checkpoint_seconds=7200.0)


@given(rate=RATES, work=WORK, has_checkpoints=st.booleans())
def test_interruptions_never_make_a_run_shorter(rate, work, has_checkpoints):
    """The expected time is never below the time without interruptions, and rises with the rate."""
    run = a_run(interruptions_per_hour=rate, work_seconds=work, has_checkpoints=has_checkpoints)
    worse = a_run(interruptions_per_hour=rate * 1.5, work_seconds=work, has_checkpoints=has_checkpoints)

    assert run.expected_seconds >= work
    assert worse.expected_seconds >= run.expected_seconds * (1 - 1e-9)


@given(rate=st.floats(min_value=1e-4, max_value=0.5), segments=st.integers(1, 50))
def test_a_shorter_interval_never_loses_more_work_per_interruption(rate, segments):
    """Work done twice per failed piece falls with the length of the pieces."""
    coarse = a_run(interruptions_per_hour=rate, interval_seconds=10 * HOUR / segments)
    fine = a_run(interruptions_per_hour=rate, interval_seconds=10 * HOUR / (segments + 1))

    assert fine.lost_seconds / fine.count <= coarse.lost_seconds / coarse.count * (1 + 1e-9)


@given(rate=st.floats(min_value=1e-3, max_value=1.0), checkpoint=st.floats(min_value=1.0, max_value=300.0))
def test_dalys_interval_is_within_a_percent_of_the_best(rate, checkpoint):
    """No other interval saves more than a percent."""
    best = a_run(interruptions_per_hour=rate, checkpoint_seconds=checkpoint, work_seconds=500 * HOUR)
    others = [
        a_run(
            interruptions_per_hour=rate,
            checkpoint_seconds=checkpoint,
            work_seconds=500 * HOUR,
            interval_seconds=best.interval_seconds * factor,
        )
        for factor in (0.5, 0.7, 0.9, 1.1, 1.4, 2.0)
    ]

    assert best.expected_seconds <= 1.01 * min(other.expected_seconds for other in others)


@pytest.mark.parametrize("rate", [0.02, 0.15, 0.5])
@pytest.mark.parametrize("work_hours", [1.0, 6.0])
@pytest.mark.parametrize("interval_hours", [0.25, 1.0, None])
def test_closed_form_and_simulation_agree(rate, work_hours, interval_hours):
    """Mean time within 2 %, 90th percentile within 3 %, over a grid with and without checkpoints."""
    run = a_run(
        interruptions_per_hour=rate,
        work_seconds=work_hours * HOUR,
        interval_seconds=None if interval_hours is None else interval_hours * HOUR,
        has_checkpoints=interval_hours is not None,
    )

    simulated = _simulated(run, runs=60_000)

    assert pytest.approx(simulated.mean(), rel=0.02) == run.expected_seconds
    assert pytest.approx(np.quantile(simulated, 0.9), rel=0.03) == percentile_seconds(run)


def test_many_interruptions_have_a_percentile_too():
    """A month at two interruptions an hour: the percentile is just above the mean."""
    run = a_run(interruptions_per_hour=2.0, work_seconds=730 * HOUR)

    assert 1.0 < percentile_seconds(run) / run.expected_seconds < 1.02


@pytest.mark.parametrize("work_hours", [1e3, 1e6, 1e12])
def test_any_number_of_interruptions_has_a_percentile(work_hours):
    """The more there are, the nearer it is to the mean: 500 interruptions and 500 thousand million are answered alike."""
    run = a_run(interruptions_per_hour=0.5, work_seconds=work_hours * HOUR)

    assert 1.0 < percentile_seconds(run) / run.expected_seconds < 1 + 1 / math.sqrt(work_hours)


def test_the_two_ways_to_the_percentile_meet():
    """Just below and just above where the failures are no longer counted one by one."""
    below, above = (a_run(interruptions_per_hour=0.5, work_seconds=hours * HOUR) for hours in (900.0, 920.0))
    late = [(percentile_seconds(run) - run.expected_seconds) / math.sqrt(run.work_seconds) for run in (below, above)]

    assert below.count < 1.017 * MANY_FAILURES < above.count  # restarts are interrupted too
    assert pytest.approx(late[0], rel=0.01) == late[1]


def test_a_likely_calm_run_ends_on_time():
    """Where nine in ten runs see no interruption, the 90th percentile is the time without one."""
    run = a_run(interruptions_per_hour=0.001)

    assert run.work_seconds + run.checkpointing_seconds == percentile_seconds(run)


def test_checkpoint_time_comes_from_the_model_and_is_shared_by_nodes():
    """7,000 million parameters are 84 GB: 672 s on one node, 84 s on eight."""
    assert (672.0, 84.0) == (checkpoint_seconds_of(7000), checkpoint_seconds_of(7000, 8))


def test_free_checkpoints_are_not_written_without_end():
    """The best interval for a checkpoint that takes no time is a second, not zero."""
    assert 1.0 == daly_interval_seconds(0.0, HOUR)
    assert 0.0 == young_interval_seconds(0.0, HOUR)


def _simulated(run, *, runs):
    """Total times of simulated runs: draw the time to the next interruption again and again."""
    random = np.random.default_rng(7)
    mean = HOUR / run.per_hour
    piece = run.interval_seconds + run.checkpoint_seconds
    total = np.zeros(runs)
    left = np.full(runs, run.segments)
    is_restarting = np.zeros(runs, dtype=bool)
    while (busy := left > 0).any():
        need = np.where(is_restarting[busy], run.restart_seconds, piece)
        until = random.exponential(mean, busy.sum())
        done = until >= need
        total[busy] += np.where(done, need, until)
        left[busy] -= done & ~is_restarting[busy]
        is_restarting[busy] = ~done
    return total
