"""Logs longer than memory: read as a stream, whatever their lines are."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, re, resource, sys
from pathlib import Path
from planner.answers.calibrate import calibrate
(run,) = calibrate([Path(sys.argv[1])]).runs
# Linux counts what the process that started this one held as its own, but for this figure
status = Path("/proc/self/status")
held = re.search(r"VmHWM:\\s+(\\d+)", status.read_text()) if status.exists() else None
kibibytes = int(held[1]) if held else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([str(run.verdict), run.rate, kibibytes / 1024]))
"""
MOST_MIB = 150


def plain_lines(file):
    """40 MB of lines that say nothing, with a step of 0.25 s in each fiftieth."""
    for number in range(8_000):
        file.write(
            f"INFO worker {number % 8} fetched a shard from the store, nothing to see here, {number} bytes of it\n" * 50
        )
        file.write(f"iter {number}: loss 2.0, time {250 + number % 3}.10ms, mfu 30.00%\n")


def step_lines(file):
    """250,000 steps of 0.25 s: more than the marks that are held."""
    for number in range(250_000):
        file.write(f"iter {number}: loss 2.0, time {250 + number % 3}.10ms, mfu 30.00%\n")


def one_line(file):
    """40 MB without an end of a line, after some steps."""
    for number in range(100):
        file.write(f"iter {number}: loss 2.0, time {250 + number % 3}.10ms, mfu 30.00%\n")
    for _ in range(40):
        file.write("x" * 1_000_000)


@pytest.mark.slow
@pytest.mark.parametrize("write", [plain_lines, step_lines, one_line])
def test_a_long_log_is_read_in_little_memory(write, tmp_path):
    """The rate is that of a short one, and a process holds no more than 150 MiB."""
    place = tmp_path / "train.log"
    with place.open("w") as file:
        write(file)

    done = subprocess.run([sys.executable, "-c", SCRIPT, str(place)], capture_output=True, text=True, check=True)

    verdict, rate, mebibytes = json.loads(done.stdout)
    assert "steady" == verdict
    assert rate == pytest.approx(1 / 0.2511, rel=0.01)
    assert mebibytes < MOST_MIB
