"""`planner measure -- COMMAND`: what it prints and writes, and how it is interrupted."""

import os
import signal
import subprocess
import sys
import tomllib

import pytest

from tests.measuring.trainers import is_running, paced, stubborn, wait_for

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups and terminals of POSIX")
PLANNER = [sys.executable, "-m", "planner", "measure"]


def run(folder, *words):
    return subprocess.run([*PLANNER, *words], check=False, cwd=folder, capture_output=True, text=True, timeout=120)


def test_a_measured_command_is_a_calibration(tmp_path):
    """The table on stdout, the output of the command on stderr, the file with the keys of the contract."""
    done = run(tmp_path, "--seconds", "3", "--gpu", "T4:1", "--batch-size", "8", "--", *paced())

    (one,) = tomllib.loads((tmp_path / "planner-calibration.toml").read_text())["runs"]
    assert 0 == done.returncode, done.stderr
    assert ("t4", 1, "sample", "steady") == (one["gpu"], one["gpu_count"], one["sample_unit"], one["verdict"])
    assert one["samples_per_second"] == pytest.approx(160.0, rel=0.1)
    assert "steady" in done.stdout
    assert "step 1 loss" not in done.stdout
    assert "step 1 loss" in done.stderr
    assert "stopped after" in done.stderr


def test_what_cannot_be_measured_is_said(tmp_path):
    """No command: usage. A command without steps: exit code 1, the way out, and no file."""
    nothing = run(tmp_path)
    silent = run(tmp_path, "--", sys.executable, "-c", "print('hello')")

    (tmp_path / "notes.txt").write_text("mine")
    other = run(tmp_path, "--output", "notes.txt", "--", *paced())

    assert 2 == nothing.returncode
    assert 2 == other.returncode
    assert "step 1 loss" not in other.stderr
    assert "is no calibration" in other.stderr
    assert "planner measure -- python train.py" in nothing.stderr
    assert 1 == silent.returncode
    assert "1 lines of output were read" in silent.stderr
    assert "step 10 loss" in silent.stderr
    assert not (tmp_path / "planner-calibration.toml").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupt_ends_the_command_and_keeps_what_is_known(tmp_path, number, code):
    """Ctrl-C, `kill` and a closed terminal: nothing is left running, the rate so far is written, the exit code says why."""
    process = subprocess.Popen(
        [*PLANNER, "--", *paced()], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    heard = b""
    while b"step 60 " not in heard:
        heard += os.read(process.stderr.fileno(), 4096)
    process.send_signal(number)
    process.communicate(timeout=60)

    (one,) = tomllib.loads((tmp_path / "planner-calibration.toml").read_text())["runs"]
    assert code == process.returncode
    assert one["samples_per_second"] == pytest.approx(20.0, rel=0.1)
    assert not _in_session(process.pid)


@pytest.mark.slow
def test_a_second_interrupt_does_not_wait(tmp_path):
    """A command that ignores both signals: the second Ctrl-C goes on to SIGTERM and SIGKILL at once."""
    place = tmp_path / "pid"
    process = subprocess.Popen(
        [*PLANNER, "--", *stubborn(place)], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: place.exists() and place.read_text())
    process.send_signal(signal.SIGINT)
    # the first one has been taken when the trainer, which ignores it, is still there and asked to stop
    wait_for(lambda: not process.send_signal(signal.SIGINT) and process.poll() is not None, 60)

    assert not is_running(int(place.read_text()))


def _in_session(leader):
    """Processes of the session that the planner led."""
    listed = subprocess.run(["ps", "-A", "-o", "sess=,pid="], capture_output=True, text=True, check=False).stdout
    return [pid for session, pid in (line.split() for line in listed.splitlines()) if int(session) == leader]
