"""`planner measure`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planner.answers.calibrate import missing_of
from planner.cli.declared_options import verb
from planner.cli.options import is_quiet, option, screen_width, write_notes, write_problems, write_result
from planner.cli.own_runs import (
    DEFAULT_FILE,
    NothingLearntError,
    answers_of_a_person,
    calibration_options,
    explain,
    given_facts,
    is_talking,
    run_options,
    write_calibration,
)
from planner.errors import UsageError
from planner.render.calibration import calibration_rendered

if TYPE_CHECKING:
    from planner.answers.measure import Measured

SECONDS = 300.0


@verb()
@click.argument("command", metavar="[-- COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@option(
    "--seconds",
    type=click.FloatRange(0, 1e6, min_open=True),
    default=SECONDS,
    show_default=True,
    help="Stop then, if the steady rate is not known before.",
)
@run_options
@calibration_options
def measure(*, command: tuple[str, ...], seconds: float, form: str, output: Path | None, **said: Any) -> None:
    """Run your training for a while, learn its speed, and write it for `planner estimate --calibration`.

    COMMAND is started as you type it, after two dashes. Its output is read as planner calibrate reads a log, with the time at which each
    line comes; power and memory come from the NVIDIA driver (extra measure). It is stopped as soon as its steady rate is known within
    3 %: SIGINT as by Ctrl-C, after 15 s SIGTERM, after 5 s more SIGKILL, for all that it started.

    \b
    Examples:
      planner measure -- python train.py --epochs 1
      planner measure --seconds 600 --batch-size 32 -- torchrun --nproc-per-node 8 train.py
      planner estimate --model resnet50 --epochs 90 --calibration planner-calibration.toml
    """
    if not command:
        raise UsageError("What is to be measured? Give the command of a training: planner measure -- python train.py")
    if os.name != "posix":
        raise UsageError(
            "planner measure runs on Linux and macOS. A log of the run says as much: planner calibrate RUN"
        )
    from planner.answers.measure import learned_from, measure_command  # noqa: PLC0415 - of POSIX alone

    given = given_facts(said)
    done = measure_command(command, given=given, seconds=seconds, echo=_echo)
    if done.watched.interrupt is None and is_talking():
        done = learned_from(done.watched, answers_of_a_person(missing_of(done.calibration), given))
    _show(done, form)
    if done.calibration.usable:
        place = output or DEFAULT_FILE
        write_calibration(place, done.calibration)
        write_notes([f"Written: {place}. Use it: planner estimate --calibration {place} ..."])
    if done.watched.interrupt is not None:
        click.get_current_context().exit(128 + done.watched.interrupt)
    if not done.calibration.usable:
        raise NothingLearntError("No rate is known, so no calibration was written.")


def _echo(data: bytes) -> None:
    """The output of the command goes to standard error, as it comes."""
    if data and not is_quiet():
        sys.stderr.buffer.write(data)
        sys.stderr.buffer.flush()


def _show(done: Measured, form: str) -> None:
    text = calibration_rendered(done.calibration, form, width=screen_width(None))
    write_result(text, None)
    notes = [note.replace("{seconds}", "--seconds") for note in done.notes]
    write_notes([note for note in notes if not note.startswith("!")])
    explain(done.calibration)
    write_problems([note for note in notes if note.startswith("!")])
