"""The estimator: what it must not depend on, whatever the run."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.logs.records import Interval
from planner.logs.steady import NotSteadyError, lower_mode, steady_of, weighted_median
from tests.examples import examples

paces = st.floats(1e-4, 1e3)
noises = st.lists(st.floats(-0.03, 0.03), min_size=30, max_size=40)


def intervals(pace, noise, steps=1.0):
    return [
        Interval(end=(number + 1) * steps, steps=steps, seconds=pace * steps * (1 + part))
        for number, part in enumerate(noise)
    ]


@settings(max_examples=examples(12))
@given(paces, noises)
def test_doubling_all_times_halves_the_rate(pace, noise):
    """Twice the seconds are twice the pace, range included, to the last digits."""
    once = steady_of(intervals(pace, noise))
    twice = steady_of(
        [Interval(end=one.end, steps=one.steps, seconds=2 * one.seconds) for one in intervals(pace, noise)]
    )

    assert (2 * once.seconds, 2 * once.low, 2 * once.high) == pytest.approx(
        (twice.seconds, twice.low, twice.high), rel=1e-12
    )
    assert once.stall_share == pytest.approx(twice.stall_share, abs=1e-9)


@settings(max_examples=examples(12))
@given(noises, st.integers(8, 25), st.floats(5, 5000))
def test_a_pause_changes_the_stall_share_and_nothing_else(noise, place, pause):
    """An hour anywhere in the steady part leaves the pace where it was: only what is lost grows, by that hour."""
    plain = intervals(1.0, noise)
    held = [
        Interval(end=one.end, steps=one.steps, seconds=one.seconds + pause * (number == place))
        for number, one in enumerate(plain)
    ]

    before, after = steady_of(plain), steady_of(held)

    assert after.seconds == pytest.approx(before.seconds, rel=0.01)
    assert after.stall_share * after.steps * after.seconds + after.startup_seconds == pytest.approx(
        pause, rel=0.05, abs=1.5
    )


@settings(max_examples=examples(12))
@given(noises, st.integers(2, 5))
def test_the_pace_does_not_depend_on_how_often_it_is_logged(noise, every):
    """Joining neighbours, as a log with fewer lines does, gives the same pace."""
    fine = intervals(0.5, noise * 5)
    coarse = [
        Interval(end=fine[end - 1].end, steps=every, seconds=sum(one.seconds for one in fine[end - every : end]))
        for end in range(every, len(fine) + 1, every)
    ]

    assert steady_of(coarse).seconds == pytest.approx(steady_of(fine).seconds, rel=0.02)


def test_start_up_is_not_the_pace():
    """Compilation and a ragged half of a short log count as start-up: 60 + 9 x 5 + ... less their steps at 1 s."""
    ragged = [60.0, 7.0, 5.0, 9.0, 3.0, 6.0, 4.0, 8.0]
    run = [Interval(end=n + 1, steps=1, seconds=s) for n, s in enumerate([*ragged, *[1.0] * 12])]

    found = steady_of(run)

    assert 1.0 == found.seconds
    assert found.startup_seconds == pytest.approx(sum(ragged) - len(ragged))
    assert 0.0 == found.stall_share


def test_steps_that_begin_too_fast_are_not_the_pace():
    """Asynchronous launches make first steps too fast; the pace is that of the long part."""
    run = [Interval(end=n + 1, steps=1, seconds=s) for n, s in enumerate([45.0, 0.3, 5.66, 5.4, *[5.67] * 6])]

    assert 5.67 == steady_of(run).seconds


def test_a_slow_spell_is_told_apart():
    """A long slower part is named with its factor, and the range says that the machine drifts."""
    run = intervals(1.0, [0.0] * 60) + [Interval(end=61 + n, steps=1, seconds=1.4) for n in range(30)]

    found = steady_of(run)

    assert 1.0 == found.seconds
    assert [(60, 90, pytest.approx(1.4))] == [(one.first, one.last, one.times) for one in found.spells]
    assert found.is_drifting
    assert found.high == pytest.approx(1.08)


def test_whole_seconds_do_not_pull_the_pace():
    """A clock of whole seconds on steps of 1.13 s: single differences are 1 or 2, the pace is neither."""
    clocks = [int(1.13 * n) for n in range(400)]
    run = [Interval(end=n, steps=1, seconds=clocks[n] - clocks[n - 1]) for n in range(1, 400)]

    assert steady_of(run, grain=1.0).seconds == pytest.approx(1.13, rel=0.01)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ([1.0] * 4, "too few intervals"),
        ([2.0**n for n in range(12)], "not yet steady"),
        ([1.0, 9.0, 3.0, 27.0, 2.0, 14.0, 5.0], "not yet steady"),
    ],
)
def test_what_is_not_steady_is_refused(seconds, said):
    """Too few intervals, a pace that only grows, and one that jumps have no steady rate."""
    run = [Interval(end=n + 1, steps=1, seconds=s) for n, s in enumerate(seconds)]

    with pytest.raises(NotSteadyError, match=said):
        steady_of(run)


def test_three_whole_epochs_are_enough():
    """Epochs of over 20 s are means of many steps: three tell a pace."""
    run = [Interval(end=n + 1, steps=1, seconds=300.0) for n in range(3)]

    assert 300.0 == steady_of(run, are_epochs=True).seconds
    with pytest.raises(NotSteadyError):
        steady_of(run)


def test_steps_of_unlike_size_are_steady_in_the_mean():
    """Two kinds of steps in turn, 0.4 and 1.6 s: the pace is the mean of the two, 1 s."""
    run = [Interval(end=n + 1, steps=1, seconds=0.4 if n % 2 else 1.6) for n in range(60)]

    assert steady_of(run).seconds == pytest.approx(1.0)


def test_the_lower_mode_passes_a_second_cluster():
    """Eleven intervals without a pause and seven with one: the mode is that of the eleven."""
    assert 208.8 == pytest.approx(lower_mode([(208.8 + n / 10 - 0.5, 1.0) for n in range(11)] + [(262.0, 1.0)] * 7))


def test_the_median_goes_by_weight():
    """A value with most of the weight is the median; two halves share it."""
    assert 3.0 == weighted_median([(1.0, 1.0), (3.0, 5.0), (9.0, 1.0)])
    assert 2.0 == weighted_median([(1.0, 1.0), (3.0, 1.0)])
