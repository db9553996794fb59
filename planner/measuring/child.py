"""A command that runs in a process group and on a terminal of its own, and is stopped with all that it started."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import selectors
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from planner.errors import UsageError

INTERRUPT_SECONDS, TERMINATE_SECONDS, KILL_SECONDS = 15.0, 5.0, 5.0
"""How long the command has after SIGINT, as after Ctrl-C, to write a checkpoint; after SIGTERM; and the system after SIGKILL."""
CHUNK = 1 << 16
ROWS, COLUMNS = 50, 250
"""The size of its terminal: a bar is cut to its width, and what is cut off may be the loss."""
BECOME_SUBREAPER = 36
"""Of `prctl` on Linux: processes that lose their parent become children of this one, and can be found."""


class Child:
    """A running command. Its output comes as bytes from `read`; `stop` ends it and every process that it started.

    Its output is a terminal, so that lines come when they are written and not when a buffer is full; its input is empty. It is in a
    process group of its own: Ctrl-C reaches this program alone, which passes it on.
    """

    def __init__(self, command: Sequence[str], more: Mapping[str, str] | None = None) -> None:
        """Start the command.

        Raises:
            UsageError: it cannot be started.
        """
        _adopt_orphans()
        self._before = set(descendants_of(os.getpid()))
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": str(COLUMNS), **(more or {})}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own command
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
                env=environment,
            )
        except OSError as error:
            os.close(master)
            raise UsageError(
                f"{command[0]} cannot be started: {error.strerror or error}. Give the command as you type it: planner measure -- python train.py"
            ) from error
        finally:
            os.close(slave)
        self._master = master
        os.set_blocking(master, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(master, selectors.EVENT_READ)
        self._is_open = True

    @property
    def exit_code(self) -> int | None:
        """The exit code of the command, that of a signal negative; `None` while it runs."""
        return self._process.poll()

    @property
    def is_open(self) -> bool:
        """Whether more output may come."""
        return self._is_open

    def processes(self) -> list[int]:
        """The command and what it started, as far as it still runs."""
        return [pid for pid in descendants_of(os.getpid()) if pid not in self._before]

    def read(self, seconds: float) -> bytes:
        """What was written by now; waits for so long at most, and returns nothing if nothing came."""
        if not self._is_open:
            time.sleep(seconds if self.exit_code is None else 0.0)
            return b""
        if not self._selector.select(seconds):
            # what runs on in the background may hold the terminal open for ever
            self._is_open = self.exit_code is None
            return b""
        try:
            data = os.read(self._master, CHUNK)
        except OSError:  # the last writer has closed the terminal
            data = b""
        self._is_open = bool(data)
        return data

    def stop(self, hear: Callable[[bytes], None], *, is_urgent: Callable[[], bool] = lambda: False) -> str:
        """End the command and all that it started; returns the name of the last signal that it took.

        SIGINT to its process group, after 15 s SIGTERM, after 5 s SIGKILL, each to whatever is left. Output goes on being read, so that
        nobody waits for room in a full terminal.

        Args:
            hear: takes the output that comes meanwhile.
            is_urgent: whether the user has asked again: the time that is left is not waited for.
        """
        last = "none"
        steps = (
            (signal.SIGINT, INTERRUPT_SECONDS),
            (signal.SIGTERM, TERMINATE_SECONDS),
            (signal.SIGKILL, KILL_SECONDS),
        )
        try:
            for number, seconds in steps:
                left = self.processes()
                if not left and self.exit_code is not None:
                    break
                last = number.name
                self._signal(number, left)
                until = time.monotonic() + seconds
                while time.monotonic() < until and not (is_urgent() and number is not signal.SIGKILL):
                    hear(self.read(0.05))
                    _reap(pid for pid in left if pid != self._process.pid)
                    if self.exit_code is not None and not self.processes():
                        break
        finally:
            self._close()
        return last

    def _signal(self, number: signal.Signals, processes: Iterable[int]) -> None:
        """The signal for the process group, as a terminal sends it; but for the first, for each process that left the group too."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
        others = [pid for pid in processes if number is not signal.SIGINT or self.exit_code is not None]
        for pid in others:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.getpgid(pid) != self._process.pid:
                    os.kill(pid, number)

    def _close(self) -> None:
        self._is_open = False
        self._selector.close()
        with contextlib.suppress(OSError):
            os.close(self._master)


def descendants_of(process: int) -> list[int]:
    """The processes below that one, children before their own; those that have ended and wait for their parent are left out."""
    children: dict[int, list[int]] = {}
    ended: set[int] = set()
    for pid, parent, state in _processes():
        children.setdefault(parent, []).append(pid)
        if state == "Z":
            ended.add(pid)
    found, ahead = [], [process]
    while ahead:
        below = children.get(ahead.pop(0), [])
        found += below
        ahead += below
    return [pid for pid in found if pid not in ended]


def _processes() -> Iterable[tuple[int, int, str]]:
    """Every process: its number, that of its parent, its state."""
    if Path("/proc/self/stat").is_file():
        for place in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, parent = place.read_text(errors="replace").rpartition(")")[2].split()[:2]
            except (OSError, ValueError):
                continue  # it has ended meanwhile
            yield int(place.parent.name), int(parent), state
        return
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=False)  # noqa: S607 - where the system has it
    for line in listed.stdout.splitlines():
        pid, parent, state = line.split()[:3]
        yield int(pid), int(parent), state[0]


def _adopt_orphans() -> None:
    """Become the parent of whatever a child leaves behind, so that it can be found and ended; only Linux can."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1, 0, 0, 0)


def _reap(processes: Iterable[int]) -> None:
    """Take leave of adopted processes that have ended."""
    for pid in processes:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
