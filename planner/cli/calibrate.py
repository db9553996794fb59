"""`planner calibrate`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from planner.answers.calibrate import Calibration, calibrated_run, missing_of
from planner.answers.calibrate import calibrate as learn
from planner.answers.remaining import remaining_of
from planner.cli.declared_options import verb
from planner.cli.names import spelling_of
from planner.cli.options import option, screen_width, write_notes, write_problems, write_result
from planner.errors import Message, PlannerError, UsageError
from planner.hardware.gpus import choose_gpus
from planner.logs.anonymous import anonymous_row
from planner.logs.calibration import SCHEMA, calibration_text
from planner.logs.records import Facts
from planner.logs.tables import Columns
from planner.logs.verdict import Judged
from planner.model.records import precision_named
from planner.render.calibration import calibration_notes, calibration_rendered, remaining_record, remaining_text
from planner.render.listing import FORMATS
from planner.render.output_files import write_output

DEFAULT_FILE = Path("planner-calibration.toml")
ASKED = {
    "gpu": ("Which GPU", str),
    "gpu_count": ("How many GPUs worked together", int),
    "batch_size": ("Samples per GPU and step", int),
    "samples_per_epoch": ("Samples in an epoch", float),
    "model": ("Which model, as in: planner models", str),
}


@verb()
@click.argument("paths", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@option("--gpu", help="GPU of the run, with a count if wanted: 'RTX 4090', H100:8. Default: as the files say.")
@option("--gpu-count", type=click.IntRange(1, 100_000), help="GPUs that worked together. Default: as the files say.")
@option("--model", help="Model that was trained. See: planner models. Default: as the files say.")
@option("--precision", help="amp, bf16, fp16, tf32, fp32 or fp8. Default: as the files say.")
@option("--batch-size", type=click.IntRange(1, 10**9), help="Samples per GPU and step. Default: as the files say.")
@option(
    "--samples-per-epoch",
    type=click.FloatRange(0, 1e15, min_open=True),
    help="Samples in an epoch. For logs of whole epochs. Default: as the files say.",
)
@option(
    "--sequence-length",
    type=click.IntRange(1, 10**9),
    help="Tokens of a sample. The rate is one of tokens then. Default: as the files say.",
)
@option("--watts", type=click.FloatRange(0, 1e7, min_open=True), help="Power drawn by all GPUs together, in watts.")
@option("--memory-gib", type=click.FloatRange(0, 1e5, min_open=True), help="Memory held on one GPU, in GiB.")
@option("--step-column", help="Column or key with the step. Of a CSV or JSON Lines file of no known kind.")
@option("--time-column", help="Column or key with the time. Seconds, h:mm:ss or a date with a time.")
@option("--run", type=int, help="Only this run of those listed, from 1. Default: all.")
@option(
    "--remaining",
    is_flag=True,
    help="What is left of the run: time, cost, and where the rest is cheaper. Writes no file.",
)
@option(
    "--total-steps",
    type=click.FloatRange(0, 1e15, min_open=True),
    help="Steps of the whole run, or epochs where its log counts those. Default: as the files say.",
)
@option(
    "--usd-per-hour",
    type=click.FloatRange(0, 1e9),
    help="What the machine costs. Default: the cheapest on-demand price of its GPUs.",
)
@option(
    "--anonymous", is_flag=True, help="Print the run as a row for the project's tables, without names. Writes no file."
)
@option("--software", help="Of that row: framework and version, such as 'PyTorch 2.9, CUDA 13.0'.")
@option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    metavar="FORMAT",
    help="table, json, csv or markdown. How the result is written.",
)
@option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Calibration file to write. Default: planner-calibration.toml.",
)
def calibrate(
    *,
    paths: tuple[Path, ...],
    run: int | None,
    step_column: str | None,
    time_column: str | None,
    remaining: bool,
    total_steps: float | None,
    usd_per_hour: float | None,
    anonymous: bool,
    software: str | None,
    form: str,
    output: Path | None,
    **said: Any,
) -> None:
    """Learn the speed of your own run from its log files, and write it for `planner estimate --calibration`.

    RUN is a file or a folder: of Hugging Face, Lightning, Ultralytics, Weights & Biases, TensorBoard, Keras, MLPerf and many more, or
    plain output. The format is told by content. A run is steady, an average only, or refused with the reason; nothing is guessed.

    \b
    Examples:
      planner calibrate runs/detect/train
      planner calibrate train.log --gpu H100:8 --batch-size 32
      planner calibrate metrics.csv --step-column step --time-column seconds
      planner calibrate train.log --remaining --total-steps 100000
      planner estimate --model resnet50 --epochs 90 --calibration planner-calibration.toml
    """
    given, columns = _given(said), Columns(step=step_column, time=time_column)
    found = learn(paths, given=given, columns=columns, run=run)
    if sys.stdin.isatty() and sys.stderr.isatty():
        answered = _ask(missing_of(found), given)
        if answered != given:
            found = learn(paths, given=answered, columns=columns, run=run)
    if anonymous:
        _print_row(found, software, given)
        return
    rest = None
    if remaining and found.usable:
        rest = remaining_of(_one_of(found), total_steps=total_steps, usd_per_hour=usd_per_hour)
    record = None if rest is None else remaining_record(rest)
    text = calibration_rendered(found, form, width=screen_width(None), remaining=record)
    if rest is not None and form in ("table", "markdown"):
        text += "\n" + remaining_text(rest)
    write_result(text, None)
    _explain(found)
    if not found.usable:
        raise NothingLearntError("No run could be used, so no calibration was written.")
    if remaining:
        return
    place = output or DEFAULT_FILE
    _write(place, found)
    write_notes([f"Written: {place}. Use it: planner estimate --calibration {place} ..."])


def _one_of(found: Calibration) -> Judged:
    """The only usable run.

    Raises:
        UsageError: there are several.
    """
    if len(found.usable) != 1:
        raise UsageError("Which of the {count} runs? Give {run}.", argument="run", count=len(found.usable))
    return found.usable[0]


def _print_row(found: Calibration, software: str | None, given: Facts) -> None:
    if not found.usable:
        _explain(found)
        raise NothingLearntError("No run could be used, so there is no row.")
    one = _one_of(found)
    size = None if given.sample_tokens is None else int(given.sample_tokens)
    write_result(anonymous_row(calibrated_run(one), one.run.kind, software=software, input_size=size), None)


class NothingLearntError(PlannerError):
    """Every run was refused."""


def _given(said: dict[str, Any]) -> Facts:
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
    choice = choose_gpus(said["gpu"])
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


def _ask(missing: list[str], given: Facts) -> Facts:
    """The facts, with the answers of the person at the terminal; an empty answer leaves one open."""
    for name in missing:
        text, kind = ASKED[name]
        answer = click.prompt(f"{text}? (empty: not known)", default="", show_default=False, err=True)
        if not answer:
            continue
        try:
            if name == "gpu":
                given = replace(given, gpu=choose_gpus(answer).gpus[0])
            else:
                key = {"samples_per_epoch": "epoch_samples"}.get(name, name)
                given = replace(given, **{key: kind(answer)})
        except (ValueError, PlannerError) as error:
            write_problems([f"Not used: {error}"])
    return given


def _explain(found: Calibration) -> None:
    spell = spelling_of(click.get_current_context().command)
    lines = [note.spelled(spell) if isinstance(note, Message) else note for note in calibration_notes(found)]
    problems = [line for line in lines if line.startswith("!")]
    write_notes([line for line in lines if not line.startswith("!")])
    write_problems(problems)


def _write(place: Path, found: Calibration) -> None:
    """Write the calibration; a file of another kind is not written over.

    Raises:
        UsageError: the place holds another file.
        OutputError: it cannot be written.
    """
    if (
        place.is_file()
        and place.stat().st_size
        and SCHEMA.partition("/")[0] not in place.read_text(errors="replace")[:200]
    ):
        raise UsageError(
            "{output} {place} is there already and is no calibration.", argument="output", place=str(place)
        )
    write_output(place, calibration_text(found.records).encode())
