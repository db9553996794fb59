"""`planner calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from planner.answers.calibrate import Calibration, missing_of
from planner.answers.calibrate import calibrate as learn
from planner.answers.remaining import remaining_of
from planner.cli.declared_options import verb
from planner.cli.file_path import FilePath
from planner.cli.options import Amount, option, screen_width, write_result
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
from planner.logs.tables import Columns
from planner.logs.verdict import Judged
from planner.render.calibration import calibration_rendered, remaining_record, remaining_text


@verb()
@click.argument("paths", metavar="RUN...", nargs=-1, required=True, type=FilePath())
@run_options
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
    type=Amount(0, 1e15, min_open=True),
    help="Steps of the whole run, or epochs where its log counts those. Default: as the files say.",
)
@option(
    "--usd-per-hour",
    type=Amount(0, 1e9),
    help="What the machine costs. Default: the cheapest on-demand price of its GPUs.",
)
@calibration_options
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
    given, columns = given_facts(said), Columns(step=step_column, time=time_column)
    found = learn(paths, given=given, columns=columns, run=run)
    if is_talking():
        answered = answers_of_a_person(missing_of(found), given)
        if answered != given:
            found = learn(paths, given=answered, columns=columns, run=run)
    if anonymous:
        if found.usable:
            _one_of(found)
        print_rows(found, software, given.sample_tokens)
        return
    rest = None
    if remaining and found.usable:
        rest = remaining_of(_one_of(found), total_steps=total_steps, usd_per_hour=usd_per_hour)
    record = None if rest is None else remaining_record(rest)
    text = calibration_rendered(found, form, width=screen_width(None), remaining=record)
    if rest is not None and form in ("table", "markdown"):
        text += "\n" + remaining_text(rest)
    write_result(text, None)
    explain(found)
    if not found.usable:
        raise NothingLearntError("No run could be used, so no calibration was written.")
    if remaining:
        return
    write_calibration(calibration_place(output), found)


def _one_of(found: Calibration) -> Judged:
    """The only usable run.

    Raises:
        UsageError: there are several.
    """
    if len(found.usable) != 1:
        raise UsageError("Which of the {count} runs? Give {run}.", argument="run", count=len(found.usable))
    return found.usable[0]
