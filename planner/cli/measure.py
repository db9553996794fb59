"""`planner measure`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planner.answers.calibrate import missing_of
from planner.cli.declared_options import verb
from planner.cli.file_path import FilePath
from planner.cli.options import Amount, is_quiet, option, screen_width, write_notes, write_problems, write_result
from planner.cli.own_runs import (
    NothingLearntError,
    answers_of_a_person,
    calibration_options,
    calibration_place,
    explain,
    given_facts,
    is_talking,
    print_rows,
    run_options,
    write_calibration,
)
from planner.errors import UsageError
from planner.logs.records import Facts
from planner.render.calibration import calibration_rendered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.answers.calibrate import Calibration
    from planner.answers.measure_model import MeasuredModel


SECONDS = 300.0


@verb()
@click.argument("command", metavar="[-- COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@option(
    "--seconds",
    type=Amount(0, 1e6, min_open=True),
    default=SECONDS,
    show_default=True,
    help="Stop then, if the steady rate is not known before.",
)
@option("--python", type=FilePath(), help="Python that has PyTorch. Default: the active one.")
@option(
    "--image-size", type=click.IntRange(1, 100_000), help="Side of an image, in pixels. Default: that of the model."
)
@option(
    "--repeats", type=click.IntRange(1, 100), default=2, show_default=True, help="Processes of each setting of a model."
)
@run_options
@calibration_options
def measure(
    *,
    command: tuple[str, ...],
    seconds: float,
    python: Path | None,
    image_size: int | None,
    repeats: int,
    anonymous: bool,
    software: str | None,
    form: str,
    output: Path | None,
    **said: Any,
) -> None:
    """Run a training for a while, learn its speed, and write it for `planner estimate --calibration`.

    COMMAND is started as you type it, after two dashes. Its output is read as planner calibrate reads a log, with the time at which each
    line comes; power and memory come from the NVIDIA driver (extra measure). It is stopped as soon as its steady rate is known within
    3 %: SIGINT as by Ctrl-C, after 15 s SIGTERM, after 5 s more SIGKILL, for all that it started.

    Without a command, --model is trained by a plain PyTorch loop on synthetic data: any model of torchvision, timm or transformers, a
    model of planner models, or a config.json. Every number format of the device is tried, images in both layouts.

    \b
    Examples:
      planner measure -- python train.py --epochs 1
      planner measure --seconds 600 --batch-size 32 -- torchrun --nproc-per-node 8 train.py
      planner measure --model resnet50 --batch-size 128
      planner estimate --model resnet50 --epochs 90 --calibration planner-calibration.toml
    """
    if not command and said["model"] is None:
        raise UsageError(
            "What is to be measured? Give the command of a training: planner measure -- python train.py. Or a {model}.",
            argument="model",
        )
    if os.name != "posix":
        raise UsageError(
            "planner measure runs on Linux and macOS. A log of the run says as much: planner calibrate RUN"
        )
    given, place = given_facts(said), calibration_place(output)
    if command:
        found, notes, interrupt = _of_command(command, given, seconds)
        size = given.sample_tokens
    else:
        asked = {"python": python, "image_size": image_size, "repeats": repeats, "seconds": seconds}
        done = _of_model(given, said, **asked)
        found, notes, interrupt = done.calibration, list(done.notes), done.interrupt
        software, size = software or done.software, done.input_size
    if anonymous:
        print_rows(found, software, size)
        return
    write_result(calibration_rendered(found, form, width=screen_width(None)), None)
    write_notes([note for note in notes if not note.startswith("!")])
    explain(found)
    write_problems([note for note in notes if note.startswith("!")])
    if found.usable:
        write_calibration(place, found)
    if interrupt is not None:
        click.get_current_context().exit(128 + interrupt)
    if not found.usable:
        raise NothingLearntError("No rate is known, so no calibration was written.")


def _of_command(command: Sequence[str], given: Facts, seconds: float) -> tuple[Calibration, list[str], int | None]:
    """What a command teaches; a person at the terminal is asked for what it does not say."""
    from planner.answers.measure import learned_from, measure_command  # noqa: PLC0415 - of POSIX alone

    done = measure_command(command, given=given, seconds=seconds, echo=_echo)
    if done.watched.interrupt is None and is_talking():
        done = learned_from(done.watched, answers_of_a_person(missing_of(done.calibration), given))
    return done.calibration, [note.replace("{seconds}", "--seconds") for note in done.notes], done.watched.interrupt


def _of_model(given: Facts, said: Mapping[str, Any], **asked: Any) -> MeasuredModel:
    """What a plain loop of a model teaches; the loop says itself what it ran with."""
    from planner.answers.measure_model import Wanted, measure_model  # noqa: PLC0415 - of POSIX alone

    wanted = Wanted(
        model=said["model"],
        precision=given.precision,
        batch_size=said["batch_size"],
        sequence_length=said["sequence_length"],
        **asked,
    )
    return measure_model(wanted, given=Facts(gpu=given.gpu, watts=given.watts), say=lambda line: write_notes([line]))


def _echo(data: bytes) -> None:
    """The output of the command goes to standard error, as it comes."""
    if data and not is_quiet():
        with suppress(OSError):  # as notes, to nobody where that is full or closed
            sys.stderr.buffer.write(data)
            sys.stderr.buffer.flush()
