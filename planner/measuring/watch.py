"""Runs a command until its steady pace is known, watches its output and the GPUs meanwhile, and stops it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM, Signals, signal
from types import FrameType

from planner.logs.reader import Log, log_of
from planner.logs.records import Facts, Verdict
from planner.logs.text import Line, Splitter
from planner.logs.text_log import TextLog
from planner.logs.verdict import Judged, judged_runs
from planner.measuring.child import Child
from planner.measuring.nvml import Drawn, GpuWatch, NoPowerError
from planner.model.frozen import dataclass

WITHIN = 0.03
LEAST_SECONDS = 20.0
"""Steady training before the pace is believed: clocks and fans of a GPU settle in seconds, and caches of the allocator in some steps."""
SAMPLE_SECONDS = 0.25
LOOK_SECONDS, LOOK_SHARE = 1.0, 0.05
"""The time between two looks at what was read, and the share of all time that they may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What comes before the time of a command counts: it ends with the first line that begins so, after so many seconds at most."""

    line: str
    seconds: float


class Ended(StrEnum):
    """Why a command is not watched any longer."""

    KNOWN = "known"  # the steady pace is known within 3 %
    TIME = "time"  # the time is over
    INTERRUPTED = "interrupted"
    EXITED = "exited"  # it ended by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What was seen of a command.

    `log` is what its output says, with facts of the driver where the output has none; `last_signal` the last one that it took to stop it, and
    `interrupt` the one that this program got.
    """

    log: Log
    ended: Ended
    seconds: float
    lines: int
    exit_code: int | None
    last_signal: str
    interrupt: Signals | None
    started_at: float
    notes: tuple[str, ...]


def watch(
    command: Sequence[str],
    *,
    name: str,
    given: Facts,
    seconds: float,
    echo: Callable[[bytes], None],
    least_seconds: float = LEAST_SECONDS,
    environment: Mapping[str, str] | None = None,
    setup: Setup | None = None,
) -> Watched:
    """Run the command until its pace is known, and stop it with all that it started.

    Args:
        command: program and arguments.
        name: what its output is called in messages.
        given: what the user says of the run.
        seconds: how long it may run.
        echo: takes its output, as it comes.
        least_seconds: steady training that must be seen.
        environment: more variables for the command.
        setup: what it does before its time counts; `None` where it counts from the start.

    Raises:
        UsageError: it cannot be started.
    """
    gpus, notes = _gpus()
    with _interrupts() as asked:
        watching = _Watching(name, given, least_seconds, setup)
        child = Child(command, environment)
        last = "none"
        try:
            ended = watching.follow(child, gpus, seconds, echo, asked)
        finally:
            processes = child.processes()
            took = time.monotonic() - watching.began
            last = child.stop(echo, is_urgent=lambda: len(asked) > 1)
    log = watching.log()
    if gpus is not None:
        drawn = gpus.drawn(watching.steady_since(log))
        gpus.close()
        log, said = _with_drawn(log, drawn)
        notes += said
    if ended is Ended.EXITED and processes:
        notes.append(f"it left {len(processes)} of its processes behind: they were ended")
    return Watched(
        log=log,
        ended=ended,
        seconds=took,
        lines=watching.lines,
        exit_code=child.exit_code if ended is Ended.EXITED else None,
        last_signal=last,
        interrupt=asked[0] if asked else None,
        started_at=watching.started_at,
        notes=tuple(notes),
    )


def is_known(one: Judged, least_seconds: float) -> bool:
    """Whether a run is steady, its range no wider than 3 % to either side, and long enough."""
    if one.verdict is not Verdict.STEADY or one.steady is None:
        return False
    half = max(one.high / one.rate, one.rate / one.low) - 1
    return half <= WITHIN + 1e-9 and one.steady.steps * one.steady.seconds >= least_seconds


def with_startup(one: Judged, started_at: float) -> Judged:
    """The run, with start-up counted from the start of its command to its steady part, if the clock of its log is this one's."""
    run, steady = one.run, one.steady
    intervals = run.on_clock or run.intervals
    if steady is None or run.wall_seconds is None or run.ended_at is None or not intervals or run.restarts:
        return one
    first = intervals[0]
    # a run that was resumed has steps that are not of this start
    before = min(first.end - first.steps, first.steps)
    at_first = run.ended_at - run.wall_seconds - started_at
    until = [each for each in intervals if each.end <= steady.first]
    spent = at_first + math.fsum(each.seconds for each in until)
    steps = before + math.fsum(each.steps for each in until)
    return replace(one, startup_seconds=max(spent - steps * steady.seconds, 0.0))


class _Watching:
    """The output of a command as it is read."""

    def __init__(self, name: str, given: Facts, least_seconds: float, setup: Setup | None = None) -> None:
        self.name, self.given, self.least_seconds = name, given, least_seconds
        self._setup, self._setup_seconds = setup, 0.0 if setup is None else setup.seconds
        self.began, self.started_at = time.monotonic(), time.time()
        self.lines = 0
        self._text = TextLog(name)
        self._splitter = Splitter()
        self._begun = self.started_at

    def follow(
        self,
        child: Child,
        gpus: GpuWatch | None,
        seconds: float,
        echo: Callable[[bytes], None],
        asked: Sequence[object],
    ) -> Ended:
        """Read and look until there is a reason to stop."""
        pause = min(LOOK_SECONDS, self.least_seconds)
        look_at, sample_at = pause, 0.0
        while True:
            data = child.read(SAMPLE_SECONDS)
            now = time.monotonic() - self.began
            if data:
                echo(data)
                self._hear(data)
            if asked:
                return Ended.INTERRUPTED
            if now >= self._setup_seconds + seconds:
                return Ended.TIME
            if child.exit_code is not None and not data:
                self._read(self._splitter.end())
                return Ended.EXITED
            if gpus is not None and now >= sample_at:
                gpus.sample(self.started_at + now, child.processes())
                sample_at = now + SAMPLE_SECONDS
            if now >= look_at:
                if self._is_known():
                    return Ended.KNOWN
                took = time.monotonic() - self.began - now
                look_at = now + max(pause, took / LOOK_SHARE)

    def log(self) -> Log:
        """What was read so far."""
        log = log_of(Path(self.name), self._text.tapes())
        return replace(log, facts=replace(log.facts, started_at=self.started_at))

    def steady_since(self, log: Log) -> float:
        """The time at which the steady part began; that of the start if there is none."""
        spent = [
            one.steady.steps * one.steady.seconds for one in judged_runs(log, self.given) if one.steady is not None
        ]
        return max(self.started_at, self._begun - spent[-1]) if spent else self.started_at

    def _is_known(self) -> bool:
        return is_known(judged_runs(self.log(), self.given)[-1], self.least_seconds)

    def _hear(self, data: bytes) -> None:
        """Take output: a text came when its first bytes did."""
        now = self.started_at + time.monotonic() - self.began
        begun = self._begun if self._splitter.is_inside else now
        for text in self._splitter.feed(data):
            self._read([text], begun)
            begun = now
        self._begun = begun

    def _read(self, texts: Sequence[str], arrived: float | None = None) -> None:
        for text in texts:
            self.lines += 1
            if self._setup is not None and text.startswith(self._setup.line):
                self._setup, self._setup_seconds = None, time.monotonic() - self.began
            self._text.read(Line(text, self._begun if arrived is None else arrived))


def _gpus() -> tuple[GpuWatch | None, list[str]]:
    try:
        return GpuWatch(), []
    except NoPowerError as error:
        return None, [str(error)]


def _with_drawn(log: Log, drawn: Drawn | None) -> tuple[Log, list[str]]:
    """The log, with what the driver says where its own lines say nothing."""
    if drawn is None:
        return log, ["the command held no memory on any NVIDIA GPU: power and memory are not in the result"]
    facts = replace(
        log.facts,
        gpu=drawn.gpu or log.facts.gpu,
        gpu_count=log.facts.gpu_count or drawn.count,
        watts=drawn.watts,
        memory_gib=drawn.memory_gib,
    )
    return replace(log, facts=facts), list(drawn.notes)


@contextmanager
def _interrupts() -> Iterator[list[Signals]]:
    """The signals to stop that come meanwhile: they are written down and not followed, so that the command can be ended first."""
    asked: list[Signals] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def hear(number: int, _frame: FrameType | None) -> None:
        asked.append(Signals(number))

    before = {number: signal(number, hear) for number in (SIGINT, SIGTERM, SIGHUP)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal(number, handler)
