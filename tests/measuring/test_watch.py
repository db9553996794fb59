"""A command is watched, its pace learnt by when its lines come, and it is stopped with all that it started."""

import os
import sys
from pathlib import Path

import pytest

from planner.answers.measure import measure_command
from planner.errors import UsageError
from planner.logs.reader import log_of
from planner.logs.records import Facts, Verdict
from planner.logs.text import Line
from planner.logs.text_log import TextLog
from planner.logs.verdict import judged_runs
from planner.measuring import child
from planner.measuring.child import descendants_of
from planner.measuring.watch import Ended, Setup
from tests.measuring.trainers import is_running, paced, stubborn

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups and terminals of POSIX")


@pytest.fixture
def started_since():
    """What asks which processes run below this one that did not before the test; servers of other tests may."""
    before = descendants_of(os.getpid())
    return lambda: [process for process in descendants_of(os.getpid()) if process not in before]


def measured(command, *, seconds=60.0, least=0.5, **given):
    """What a short look at the command teaches, and its output."""
    heard = []
    done = measure_command(command, given=Facts(**given), seconds=seconds, echo=heard.append, least_seconds=least)
    return done, b"".join(heard)


@pytest.mark.parametrize(
    "form",
    [
        r"step {step} loss 2.0\n",
        r"Epoch 1:  10%|##   | {step}/90000 [00:00<10:00, 50.0it/s, loss=2.0]\r",
        r"iter {step}: loss 2.0, time {ms:.2f}ms, mfu 3.00%\n",
        r"Train Epoch: 1 [{step}/60000 (1%)]\tLoss: 2.0\n",
    ],
    ids=["step and loss", "bar", "time of a step", "samples of an epoch"],
)
def test_lines_without_a_clock_are_timed_by_when_they_come(form):
    """20 steps a second, half a second of start-up before: the rate, and start-up apart."""
    done, heard = measured(paced(0.05, form, start=0.5), seconds=2.5, least=1e6)

    (run,) = done.calibration.runs
    assert Verdict.STEADY is run.verdict, (run.reason, heard[-300:])
    assert run.rate == pytest.approx(20.0, rel=0.1)
    # start-up is half a second and the start of a Python
    assert 0.4 < run.startup_seconds < 3.0


def test_the_time_of_a_loop_counts_from_its_first_line():
    """Two seconds of imports and warm-up are no part of the one second given, if the command is known to need them."""
    heard = []
    command = paced(0.02, r"step {step} loss 2.0\n", start=2.0)

    early, late = (
        measure_command(command, given=Facts(), seconds=1.0, echo=heard.append, least_seconds=1e6, setup=setup)
        for setup in (None, Setup(line="step", seconds=60))
    )

    assert [] == [one for one in early.calibration.runs if one.run.intervals]
    assert [True] == [bool(one.run.intervals) for one in late.calibration.runs]
    assert late.watched.seconds > 3.0


def test_it_stops_once_the_rate_is_known(started_since):
    """A pace that holds is known within 3 % long before the time is over; SIGINT is enough to end the command."""
    done, _ = measured(paced())

    assert Ended.KNOWN is done.watched.ended
    assert "SIGINT" == done.watched.last_signal
    assert "known within 3 %" in done.notes[0]
    assert [] == started_since()


def test_the_batch_makes_samples_of_steps():
    """What the user says of the run counts as for a log."""
    done, _ = measured(paced(), seconds=3.0, batch_size=8, gpu_count=2, gpu="t4")

    (record,) = done.calibration.records
    assert (record.sample_unit, record.gpu, record.batch_size) == ("sample", "t4", 8)
    assert record.samples_per_second == pytest.approx(20.0 * 16, rel=0.1)


def test_nothing_that_a_command_started_is_left(tmp_path, monkeypatch, started_since):
    """One that ignores SIGINT and SIGTERM, its child in a session of its own and an orphan: all are gone, and SIGKILL is named."""
    monkeypatch.setattr(child, "INTERRUPT_SECONDS", 0.2)
    monkeypatch.setattr(child, "TERMINATE_SECONDS", 0.2)
    place = tmp_path / "pid"

    done, _ = measured(stubborn(place), seconds=1.5)

    assert [] == started_since()
    assert not is_running(int(place.read_text()))
    assert "SIGKILL" == done.watched.last_signal
    assert "SIGKILL" in done.notes[0]


def test_a_command_that_ends_by_itself_leaves_nothing_running(started_since):
    """A failure before the first step: its code is said, nothing is learnt, and what it left in the background is ended."""
    script = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)']); print('CUDA out of memory'); sys.exit(3)"

    done, heard = measured([sys.executable, "-c", script])

    assert (Ended.EXITED, 3) == (done.watched.ended, done.watched.exit_code)
    assert () == done.calibration.usable
    assert b"out of memory" in heard
    assert any("left 1 of its processes" in note for note in done.notes)
    assert any("1 lines of output were read" in note for note in done.notes)
    assert [] == started_since()


def test_silence_is_said():
    """A command that writes nothing has no rate, and the way out is named."""
    done, _ = measured([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.3)

    assert Ended.TIME is done.watched.ended
    assert any("wrote nothing" in note and "planner calibrate" in note for note in done.notes)


def test_a_command_that_is_not_there():
    """It is named, with how a command is given."""
    with pytest.raises(UsageError, match="no-such-trainer cannot be started: No such file"):
        measured(["no-such-trainer"])


def test_lines_that_come_at_once_are_not_steps_of_no_time():
    """A buffer of ten lines a second is ten steps a second, and not nine of no time and one of a second."""
    text = TextLog("output")
    for burst in range(12):
        for step in range(10):
            text.read(Line(f"step {10 * burst + step} loss 2.0", 1.7e9 + burst + 0.001 * (burst % 3)))

    (run,) = judged_runs(log_of(Path("output"), text.tapes()), Facts())

    assert run.rate == pytest.approx(10.0, rel=0.01)
