"""Reports and pictures of charts, written for `--format html` and `--chart`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from planner.cli.names import variable_of
from planner.cli.options import write_result
from planner.errors import UsageError
from planner.paths import default_user_data_dir
from planner.render.charts.history import history_rows
from planner.render.charts.images import write_charts
from planner.render.charts.parts import Spec

if TYPE_CHECKING:
    from planner.answers.cards_ranked import RankedCards
    from planner.answers.fit import Fits
    from planner.cost.currency import Currency
    from planner.results.comparison import Comparison
    from planner.results.estimate import EstimateResult
    from planner.results.recommendation import Recommendation


def write_estimate_charts(
    result: EstimateResult,
    currency: Currency | None,
    data_dir: Path | None,
    pictures: Sequence[Path],
    output: Path | None,
    *,
    is_report: bool,
) -> list[str]:
    """Write the report of an estimate if it is wanted, and its pictures; returns notes on what was written."""
    from planner.render.report.estimates import estimate_pictures, estimate_report  # noqa: PLC0415
    from planner.results.estimate import document  # noqa: PLC0415
    from planner.results.machines import machine_records  # noqa: PLC0415

    content = document(result, currency)
    history = history_rows(content["estimates"], data_dir or default_user_data_dir(), result.as_of)
    machines = machine_records(result.machines)
    if is_report:
        _write_report(estimate_report(content, command=made_by(), history=history, machines=machines), output)
    return _write_pictures(estimate_pictures(content, history, machines), pictures, output if is_report else None)


def write_comparison_charts(
    result: Comparison,
    currency: Currency | None,
    data_dir: Path | None,
    pictures: Sequence[Path],
    output: Path | None,
    *,
    is_report: bool,
) -> list[str]:
    """Write the report of a comparison if it is wanted, and its pictures; returns notes on what was written."""
    from planner.render.report.comparison import comparison_pictures, comparison_report  # noqa: PLC0415
    from planner.results.comparison import document  # noqa: PLC0415

    content = document(result, currency)
    history = history_rows([content["rent"]], data_dir or default_user_data_dir(), result.as_of)
    if is_report:
        _write_report(comparison_report(content, command=made_by(), history=history), output)
    return _write_pictures(comparison_pictures(content, history), pictures, output if is_report else None)


def write_recommendation_report(found: Recommendation, currency: Currency | None, output: Path | None) -> list[str]:
    """Write the report of a recommendation; returns a note on what was written."""
    from planner.render.report.recommendation import recommendation_report  # noqa: PLC0415
    from planner.results.machines import machine_records  # noqa: PLC0415
    from planner.results.recommendation import document  # noqa: PLC0415

    machines = machine_records(found.everything)
    _write_report(recommendation_report(document(found, currency), command=made_by(), machines=machines), output)
    return _write_pictures({}, (), output)


def write_cards_report(found: RankedCards, budget_usd: float, limit: int, output: Path | None) -> list[str]:
    """Write the report of the cards for a budget; returns a note on what was written."""
    from planner.render.report.recommendation import cards_report  # noqa: PLC0415

    _write_report(cards_report(found, budget_usd, limit, command=made_by()), output)
    return _write_pictures({}, (), output)


def write_fit_report(found: Fits, output: Path | None) -> list[str]:
    """Write the report of a fit; returns a note on what was written."""
    from planner.render.report.fit import fit_report  # noqa: PLC0415

    _write_report(fit_report(found, command=made_by()), output)
    return _write_pictures({}, (), output)


def _write_report(text: str, output: Path | None) -> None:
    if output is None and sys.stdout.isatty():
        raise UsageError("--format html is a file for a browser. Add --output run.html")
    write_result(text, output)


def _write_pictures(charts: Mapping[str, Spec], pictures: Sequence[Path], report: Path | None) -> list[str]:
    places = [place for file in pictures for place in write_charts(charts, file)]
    return [*([f"Report:  {report}"] if report else []), *(f"Chart:   {place}" for place in places)]


def made_by() -> str:
    """The command line that is running, as somebody could type it again.

    With the variables that steered it, and as variables what came out of settings files.
    """
    context = click.get_current_context()
    steering = [
        f"{variable_of(parameter)}={shlex.quote(_as_variable(context.params[parameter.name]))}"
        for parameter in context.command.params
        if parameter.name in context.params  # --quiet and its like shape no result
        and variable_of(parameter)
        and context.get_parameter_source(parameter.name) in _STEERING
    ]
    return " ".join([*steering, "planner", shlex.join(sys.argv[1:])])


_STEERING = (ParameterSource.ENVIRONMENT, ParameterSource.DEFAULT_MAP)


def _as_variable(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
