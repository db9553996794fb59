"""What `planner calibrate` and `planner measure` share: options on the run, questions, and the file they write."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from planner.answers.calibrate import Calibration, calibrated_run
from planner.cli.file_path import OutputFile
from planner.cli.names import spelling_of
from planner.cli.options import Amount, option, write_notes, write_problems, write_result
from planner.errors import Message, PlannerError, UsageError
from planner.hardware.processors import choose_gpus_only
from planner.logs.anonymous import anonymous_row
from planner.logs.calibration import NO_PROCESSOR, SCHEMA, calibration_text
from planner.logs.records import Facts
from planner.model.records import precision_named
from planner.render.calibration import calibration_notes
from planner.render.listing import FORMATS
from planner.render.output_files import write_output

_F = TypeVar("_F", bound=Callable[..., Any])

DEFAULT_FILE = Path("planner-calibration.toml")
ASKED = {
    "gpu": ("Which GPU", str),
    "gpu_count": ("How many GPUs worked together", int),
    "batch_size": ("Samples per GPU and step", int),
    "samples_per_epoch": ("Samples in an epoch", float),
    "model": ("Which model, as in: planner models", str),
}


def run_options(function: _F) -> _F:
    """What the user says of a run: it wins over its log."""
    for one in reversed(_OF_RUN):
        function = one(function)
    return function


def calibration_options(function: _F) -> _F:
    """How the result is printed, and where the calibration goes."""
    for one in reversed(_OF_FILE):
        function = one(function)
    return function


class NothingLearntError(PlannerError):
    """Every run was refused."""


def given_facts(said: dict[str, Any]) -> Facts:
    """What the options say of the runs.

    Raises:
        UsageError: the GPU may be several, or two options name unlike counts.
        UnknownNameError: no GPU or precision goes by that name.
    """
    facts = Facts(
        gpu_count=said["gpu_count"],
        model=said["model"],
        batch_size=said["batch_size"],
        epoch_samples=said["samples_per_epoch"],
        sample_tokens=said["sequence_length"],
        watts=said["watts"],
        memory_gib=said["memory_gib"],
    )
    if said["precision"] is not None:
        facts = replace(facts, precision=str(precision_named(said["precision"]) or "amp"))
    if said["gpu"] is None:
        return facts
    choice = choose_gpus_only(said["gpu"], NO_PROCESSOR)
    if len(choice.gpus) > 1:
        raise UsageError(
            "{gpu} {text} may be {gpus}. Name one of them.",
            argument="gpu",
            text=said["gpu"],
            gpus=", ".join(choice.gpus),
        )
    count: int | float | None = said["gpu_count"] or choice.count
    if choice.count is not None and count is not None and count != choice.count:
        raise UsageError(
            "{gpu} says {one:g} GPUs and {gpu_count} {other}.", argument="gpu", one=choice.count, other=count
        )
    return replace(facts, gpu=choice.gpus[0], gpu_count=None if count is None else int(count))


def is_talking() -> bool:
    """Whether a person sits there who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def answers_of_a_person(missing: list[str], given: Facts) -> Facts:
    """The facts, with the answers of the person at the terminal; an empty answer leaves one open."""
    for name in missing:
        text, kind = ASKED[name]
        answer = click.prompt(f"{text}? (empty: not known)", default="", show_default=False, err=True)
        if not answer:
            continue
        try:
            if name == "gpu":
                given = replace(given, gpu=choose_gpus_only(answer, NO_PROCESSOR).gpus[0])
            else:
                key = {"samples_per_epoch": "epoch_samples"}.get(name, name)
                given = replace(given, **{key: kind(answer)})
        except (ValueError, PlannerError) as error:
            write_problems([f"Not used: {error}"])
    return given


def explain(found: Calibration) -> None:
    """Write why runs were refused, and what is odd or asked of the others, to standard error."""
    spell = spelling_of(click.get_current_context().command)
    lines = [note.spelled(spell) if isinstance(note, Message) else note for note in calibration_notes(found)]
    problems = [line for line in lines if line.startswith("!")]
    write_notes([line for line in lines if not line.startswith("!")])
    write_problems(problems)


def calibration_place(output: Path | None) -> Path:
    """Where the calibration goes; known before any work is done.

    Raises:
        UsageError: another file is there.
    """
    place = output or DEFAULT_FILE
    if place.is_file() and not _may_be_calibration(place):
        raise UsageError(
            "{output} {place} is there already and is no calibration.", argument="output", place=str(place)
        )
    return place


def _may_be_calibration(place: Path) -> bool:
    """Whether a file is empty, or begins as a calibration does."""
    with place.open("rb") as file:
        start = file.read(200)
    return not start or SCHEMA.partition("/")[0].encode() in start


def write_calibration(place: Path, found: Calibration) -> None:
    """Write the calibration, and say how it is used.

    Raises:
        OutputError: it cannot be written.
    """
    write_output(place, calibration_text(found.records).encode())
    write_notes([f"Written: {place}. Use it: planner estimate --calibration {place} ..."])


def print_rows(found: Calibration, software: str | None, size: float | None) -> None:
    """Write the usable runs as rows for the project's tables; `size` is the side of an image or the tokens of a sample.

    Raises:
        NothingLearntError: no run can be used.
        UsageError: a row lacks something.
    """
    if not found.usable:
        explain(found)
        raise NothingLearntError("No run could be used, so there is no row.")
    rows = [
        anonymous_row(
            calibrated_run(one), one.run.kind, software=software, input_size=None if size is None else int(size)
        )
        for one in found.usable
    ]
    write_result(rows[0] + "".join(row.partition("\n")[2] for row in rows[1:]), None)


_OF_RUN: tuple[Callable[[Any], Any], ...] = (
    option("--gpu", help="GPU of the run, with a count if wanted: 'RTX 4090', H100:8. Default: as the files say."),
    option(
        "--gpu-count", type=click.IntRange(1, 100_000), help="GPUs that worked together. Default: as the files say."
    ),
    option("--model", help="Model that was trained. See: planner models. Default: as the files say."),
    option("--precision", help="amp, bf16, fp16, tf32, fp32 or fp8. Default: as the files say."),
    option("--batch-size", type=click.IntRange(1, 10**9), help="Samples per GPU and step. Default: as the files say."),
    option(
        "--samples-per-epoch",
        type=Amount(0, 1e15, min_open=True),
        help="Samples in an epoch. For logs of whole epochs. Default: as the files say.",
    ),
    option(
        "--sequence-length",
        type=click.IntRange(1, 10**9),
        help="Tokens of a sample. The rate is one of tokens then. Default: as the files say.",
    ),
    option("--watts", type=Amount(0, 1e7, min_open=True), help="Power drawn by all GPUs together, in watts."),
    option("--memory-gib", type=Amount(0, 1e5, min_open=True), help="Memory held on one GPU, in GiB."),
)
_OF_FILE: tuple[Callable[[Any], Any], ...] = (
    option(
        "--anonymous",
        is_flag=True,
        help="Print the run as a row for the project's tables, without names. Writes no file.",
    ),
    option("--software", help="Of that row: framework and version, such as 'PyTorch 2.9, CUDA 13.0'."),
    option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        metavar="FORMAT",
        help="table, json, csv or markdown. How the result is written.",
    ),
    option(
        "--output",
        type=OutputFile(),
        help="Calibration file to write. Default: planner-calibration.toml.",
    ),
)
