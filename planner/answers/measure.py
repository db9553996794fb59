"""Learns from a training that is run for a while on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath

from planner.answers.calibrate import Calibration, learned
from planner.logs.records import Facts, Verdict
from planner.measuring.watch import LEAST_SECONDS, Ended, Setup, Watched, watch, with_startup
from planner.model.frozen import dataclass

INTERPRETERS = ("python", "bash", "sh", "torchrun", "accelerate", "deepspeed", "uv", "srun", "env", "nice", "time")
"""Programs whose name says nothing of the training that they start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a command taught, how it was watched, and sentences on both."""

    calibration: Calibration
    watched: Watched
    notes: tuple[str, ...]


def measure_command(
    command: Sequence[str],
    *,
    given: Facts | None = None,
    seconds: float,
    echo: Callable[[bytes], None],
    least_seconds: float = LEAST_SECONDS,
    environment: Mapping[str, str] | None = None,
    setup: Setup | None = None,
) -> Measured:
    """Run the command until its steady pace is known within 3 %, and stop it; nothing that it started is left.

    Args:
        command: program and arguments.
        given: what the user says of the run; it wins over the output and the driver.
        seconds: how long it may run.
        echo: takes its output, as it comes.
        least_seconds: steady training that must be seen.
        environment: more variables for the command.
        setup: what it does before its time counts; `None` where it counts from the start.

    Raises:
        UsageError: the command cannot be started.
    """
    facts = given or Facts()
    watched = watch(
        command,
        name=f"output of {name_of(command)}",
        given=facts,
        seconds=seconds,
        echo=echo,
        least_seconds=least_seconds,
        environment=environment,
        setup=setup,
    )
    return learned_from(watched, facts)


def learned_from(watched: Watched, given: Facts) -> Measured:
    """What was seen of a command, with what the user says of it; start-up counts from the start of the command."""
    runs, said = learned([watched.log], given)
    found = Calibration(runs=tuple(with_startup(one, watched.started_at) for one in runs), notes=tuple(said))
    return Measured(calibration=found, watched=watched, notes=tuple(_sentences(watched, found)))


def name_of(command: Sequence[str]) -> str:
    """What the command runs, in a word: the script, where the first words are a launcher and its options.

    >>> name_of(["/usr/bin/python3", "-u", "a/train.py", "--lr", "0.1"]), name_of(["./llm.c"])
    ('train.py', 'llm.c')
    """
    for word in command:
        name = PurePath(word).name
        if name.startswith("-") or name.rstrip("0123456789.") in INTERPRETERS or "=" in name or name.isdigit():
            continue
        return name
    return PurePath(command[0]).name


def _sentences(watched: Watched, found: Calibration) -> Iterable[str]:
    spent = f"{watched.seconds:,.0f} s"
    if watched.ended is Ended.EXITED:
        yield f"the command ended by itself after {spent}, with exit code {watched.exit_code}"
    else:
        why = {
            Ended.KNOWN: "the steady rate is known within 3 %",
            Ended.TIME: "the time is over",
            Ended.INTERRUPTED: "interrupted",
        }[watched.ended]
        how = "" if watched.last_signal == "SIGINT" else f"; it took {watched.last_signal}"
        yield f"stopped after {spent}: {why}{how}"
    facts = found.runs[-1].facts if found.runs else Facts()
    if facts.watts is not None:
        yield f"power {facts.watts:,.0f} W while it was steady, of {facts.gpu_count:g} GPU{'s' * (facts.gpu_count != 1)} together"
    if facts.memory_gib is not None:
        yield f"memory held {facts.memory_gib:,.1f} GiB on one GPU, at most"
    yield from watched.notes
    if found.usable:
        return
    if not watched.lines:
        yield "! the command wrote nothing. What writes to files only is read from those: planner calibrate FILE"
    elif all(one.verdict is Verdict.REFUSED and not one.run.intervals for one in found.runs):
        yield (
            f"! {watched.lines:,} lines of output were read. One with a step and a loss is enough, such as 'step 10 loss 2.31': when it comes is "
            "the clock. What writes to files only is read from those: planner calibrate FILE"
        )
    elif watched.ended is Ended.TIME:
        yield "! the time was too short for a steady rate: give {seconds} more"
