"""From a log to its own wall time: what an estimate with the calibration of a run says, and what its first third says of the rest."""

import json
from datetime import UTC, datetime

import pytest

import planner
from planner.answers.calibrate import calibrate
from planner.answers.remaining import remaining_of
from planner.logs.calibration import calibration_text
from planner.logs.records import Facts
from tests.logs.written import put, spread

MACHINE_SECONDS = 120.0
"""Until a rented machine is up: an estimate counts it, and no log has it."""
BATCH, EPOCH_STEPS = 64, 400
GIVEN = {"model": "resnet50", "gpu": "a100-80gb-sxm", "gpu_count": 1, "precision": "amp", "batch_size": BATCH}


def simulated(epochs=20, start=90.0, pace=0.5, evaluation=12.0, noise=0.02):
    """The wall time at the end of every step of a run: loading and compilation, epochs of 400 steps, an evaluation after each."""
    clock, ends = start, []
    for step in range(1, epochs * EPOCH_STEPS + 1):
        clock += pace * spread(step, noise)
        ends.append(clock)
        if step % EPOCH_STEPS == 0:
            clock += evaluation
    return ends


def stamped(ends):
    """A line with a date each 20 steps; the first one comes before loading."""
    moment = lambda at: datetime.fromtimestamp(1.75e9 + at, UTC).strftime("%Y-%m-%d %H:%M:%S")  # noqa: E731
    lines = [f"{moment(0)} INFO train step 0 loss 7.0\n"]
    return "".join(
        [*lines, *(f"{moment(ends[n - 1])} INFO train step {n} loss 2.3\n" for n in range(20, len(ends) + 1, 20))]
    )


def history(ends):
    """Rows of a history with seconds since the start."""
    rows = (
        json.dumps({"_step": n // 10, "train/global_step": n, "_runtime": ends[n - 1], "loss": 2.3})
        for n in range(10, len(ends) + 1, 10)
    )
    return "\n".join(rows) + "\n"


def elapsed(ends):
    """LLaMA-Factory's lines: whole seconds since the start as text."""
    clock = lambda at: f"{int(at) // 3600}:{int(at) // 60 % 60:02d}:{int(at) % 60:02d}"  # noqa: E731
    rows = (
        json.dumps({"current_steps": n, "loss": 2.3, "elapsed_time": clock(ends[n - 1])})
        for n in range(10, len(ends) + 1, 10)
    )
    return "\n".join(rows) + "\n"


def bar(ends):
    """A bar of the whole run, written every two seconds or so; evaluation is inside."""
    clock = lambda at: f"{int(at) // 3600}:{int(at) // 60 % 60:02d}:{int(at) % 60:02d}"  # noqa: E731
    total = len(ends)
    return "".join(
        f"\rtrain: {100 * n // total}%|##| {n}/{total} [{clock(ends[n - 1])}<1:00:00,  1.96it/s, loss=2.3]"
        for n in range(4, total + 1, 4)
    )


WRITERS = {"dates": stamped, "history": history, "whole seconds": elapsed, "bar": bar}


@pytest.mark.parametrize("name", WRITERS)
def test_an_estimate_of_the_logged_run_takes_its_wall_time(name, tmp_path):
    """8,000 steps with 90 s of start-up and an evaluation of 12 s each 400 steps: the estimate is within 5 % of the clock."""
    ends = simulated()
    found = calibrate([put(tmp_path, "train.log", WRITERS[name](ends))], given=Facts(**GIVEN))
    place = put(tmp_path, "own.toml", calibration_text(found.records))

    (best,) = planner.estimate(
        calibration=[place], samples_per_epoch=EPOCH_STEPS * BATCH, epochs=20, gpus=["a100-80gb-sxm:1"], purchases=["on_demand"], limit=1,
    ).estimates  # fmt: skip

    assert best.seconds - MACHINE_SECONDS == pytest.approx(ends[-1], rel=0.05)
    assert "measured_by_you" == best.throughput.basis
    low, high = best.seconds_low - MACHINE_SECONDS, best.seconds_high - MACHINE_SECONDS
    assert low < ends[-1] < high


@pytest.mark.parametrize("name", WRITERS)
def test_the_first_third_foretells_the_rest(name, tmp_path):
    """What is left at 30 % is within the range that is given for it, evaluations counted."""
    ends = simulated()
    seen = len(ends) * 3 // 10
    (run,) = calibrate([put(tmp_path, "train.log", WRITERS[name](ends[:seen]))], given=Facts(**GIVEN)).runs

    rest = remaining_of(run, total_steps=len(ends))

    assert rest.low < ends[-1] - ends[seen - 1] < rest.high
    assert rest.seconds == pytest.approx(ends[-1] - ends[seen - 1], rel=0.05)


@pytest.mark.parametrize("name", WRITERS)
def test_how_often_it_is_logged_and_how_fast_it_is(name, tmp_path):
    """Half of the lines give the same rate, twice the times half of it, and an hour's pause more stalls and the same rate."""
    ends = simulated(epochs=6, start=0.0, evaluation=0.0)
    paused = [end + 3600.0 * (step > 1200) for step, end in enumerate(ends)]
    write = WRITERS[name]

    def learnt(text, folder):
        (run,) = calibrate([put(tmp_path / folder, "train.log", text)], given=Facts(**GIVEN)).runs
        return run

    once = learnt(write(ends), "once")
    twice = learnt(write([2 * end for end in ends]), "twice")
    held = learnt(write(paused), "held")
    separator = "\r" if name == "bar" else "\n"
    lines = [line for line in write(ends).split(separator) if line]
    rare = learnt(
        "".join(separator * (name == "bar") + line + separator * (name != "bar") for line in lines[1::2]), "rare"
    )

    assert once.rate == pytest.approx(BATCH / 0.5, rel=0.01)
    assert twice.rate == pytest.approx(once.rate / 2, rel=0.01)
    assert rare.rate == pytest.approx(once.rate, rel=0.01)
    assert held.rate == pytest.approx(once.rate, rel=0.01)
    assert held.stall_share == pytest.approx(3600 / (len(ends) * 0.5), rel=0.1)
