"""Small programs that print like a trainer, with a pace that a test knows; none needs PyTorch."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

PACED = """
import sys, time
pace, form, start = float(sys.argv[1]), sys.argv[2], float(sys.argv[3])
time.sleep(start)
begun = time.perf_counter()
for step in range(1, 100_000):
    time.sleep(max(0.0, begun + step * pace - time.perf_counter()))
    text = form.format(step=step, spent=int(step * pace), ms=pace * 1000)
    sys.stdout.write(text.encode().decode("unicode_escape"))
    if not {buffered}:
        sys.stdout.flush()
"""
STUBBORN = """
import os, signal, subprocess, sys, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
orphan = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'], start_new_session=True)"
subprocess.run([sys.executable, "-c", orphan])
subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(300)"], start_new_session=True)
open(sys.argv[1], "w").write(str(os.getpid()))
step = 0
while True:
    step += 1
    print(f"step {step} loss 2.0", flush=True)
    time.sleep(0.02)
"""


def paced(
    pace: float = 0.05, form: str = r"step {step} loss 2.0\n", start: float = 0.0, *, buffered: bool = False
) -> list[str]:
    """A trainer with one step each `pace` seconds, after `start` seconds of imports; `form` is its line."""
    return [sys.executable, "-c", PACED.replace("{buffered}", str(buffered)), str(pace), form, str(start)]


def stubborn(place: Path) -> list[str]:
    """A trainer that ignores SIGINT and SIGTERM and has started a process in a session of its own and an orphan; its number goes to the file."""
    return [sys.executable, "-c", STUBBORN, str(place)]


def is_running(process: int) -> bool:
    """Whether there is such a process, and not one that has ended and waits for its parent."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_for(holds, seconds: float = 20.0) -> None:
    """Wait until that holds.

    Raises:
        TimeoutError: it never does.
    """
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.02)
