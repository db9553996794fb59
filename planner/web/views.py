"""Writes an answer: in the formats of the command line, as a report, or as the JSON that the page shows."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from planner.answers.cards_ranked import RankedCards
from planner.options.arguments import EstimateArguments
from planner.paths import default_user_data_dir
from planner.render.charts.history import history_rows
from planner.render.comparison import rendered_comparison
from planner.render.estimates import rendered_estimates
from planner.render.fit import rendered_fits
from planner.render.ranked_cards import rendered_budget
from planner.render.recommendation import rendered_recommendation
from planner.render.report.comparison import comparison_parts, comparison_report
from planner.render.report.estimates import estimate_parts, estimate_report
from planner.render.report.fit import fit_parts, fit_report
from planner.render.report.markup import joined
from planner.render.report.page import Parts
from planner.render.report.recommendation import cards_parts, cards_report, recommendation_parts, recommendation_report
from planner.results import comparison as comparison_results
from planner.results import estimate as estimate_results
from planner.results import recommendation as recommendation_results
from planner.results.machines import machine_records
from planner.web.parameters import (
    CompareQuestion,
    EstimateQuestion,
    FitQuestion,
    Question,
    RecommendQuestion,
    arguments_of,
    kind_of,
)
from planner.web.questions import cards_of, compared, estimated, fitted, recommended

MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "view": "application/json",
}
VIEW = "view"
"""What the page asks for: an answer as markup with the specifications of its charts, and the values it rests on."""

FORMATS = tuple(form for form in MEDIA_TYPES if form != VIEW)


def written(question: Question, data_dir: Path | None, form: str) -> str:
    """The answer in one of `FORMATS`, or as `VIEW`.

    Raises:
        PlannerError, Refusal: there is no answer.
    """
    return _WRITERS[type(question)](question, data_dir, form)


def command_line(question: Question) -> str:
    """The command line that gives the same answer."""
    return shlex.join(["planner", kind_of(question).name, *_options(question)])


def _options(question: Question) -> Iterator[str]:
    given = question.given()
    order = [*arguments_of(EstimateArguments), *arguments_of(kind_of(question).home), *given]
    for name in sorted(given, key=order.index):
        value = given[name]
        option = "--" + name.replace("_", "-")
        if name == "format" or value is False:
            if name == "checkpoints":
                yield "--no-checkpoints"
            continue
        for one in value if isinstance(value, tuple) else (value,):
            yield from (option,) if one is True else (option, f"{one:g}" if isinstance(one, float) else str(one))


def _estimate(question: EstimateQuestion, data_dir: Path | None, form: str) -> str:
    result, money = estimated(question, data_dir)
    if form not in ("html", VIEW):
        return rendered_estimates(result, form, width=None, currency=money)
    document = estimate_results.document(result, money)
    if form == VIEW:
        parts = estimate_parts(document, command=command_line(question), machines=machine_records(result.machines))
        return _view(parts, {})
    history = history_rows(document["estimates"], data_dir or default_user_data_dir(), result.as_of)
    machines = machine_records(result.machines)
    return estimate_report(document, command=command_line(question), history=history, machines=machines)


def _compare(question: CompareQuestion, data_dir: Path | None, form: str) -> str:
    result, money = compared(question, data_dir)
    if form not in ("html", VIEW):
        return rendered_comparison(result, form, money)
    document = comparison_results.document(result, money)
    if form == VIEW:
        return _view(comparison_parts(document, command=command_line(question)), _values(document))
    history = history_rows([document["rent"]], data_dir or default_user_data_dir(), result.as_of)
    return comparison_report(document, command=command_line(question), history=history)


def _recommend(question: RecommendQuestion, data_dir: Path | None, form: str) -> str:
    cards = cards_of(question)
    if cards is not None:
        return _cards(question, *cards, form)
    found, money = recommended(question, data_dir)
    if form not in ("html", VIEW):
        return rendered_recommendation(found, form, width=None, currency=money)
    document, machines = recommendation_results.document(found, money), machine_records(found.everything)
    if form == VIEW:
        return _view(recommendation_parts(document, command=command_line(question), machines=machines), {})
    return recommendation_report(document, command=command_line(question), machines=machines)


def _cards(question: RecommendQuestion, found: RankedCards, budget_usd: float, form: str) -> str:
    command = command_line(question)
    if form == VIEW:
        return _view(cards_parts(found, budget_usd, question.limit, command=command), {})
    if form == "html":
        return cards_report(found, budget_usd, question.limit, command=command)
    return rendered_budget(found, budget_usd, question.limit, form, width=None)


def _fit(question: FitQuestion, _: Path | None, form: str) -> str:
    found = fitted(question)
    if form == VIEW:
        return _view(fit_parts(found, command=command_line(question)), {})
    if form == "html":
        return fit_report(found, command=command_line(question))
    return rendered_fits(found, form, width=None)


def _values(document: dict[str, Any]) -> dict[str, Any]:
    """The values that the comparison used, given or not, for the page's sliders."""
    own, use = document["own"], document["use"]
    purchase_usd = math.fsum(own["terms"][part] for part in ("card_usd", "host_usd", "networking_usd"))
    return {
        "jobs_per_month": use["peak"]["usual_jobs_per_month"] if use["peak"] else use["jobs_per_month"],
        "months": use["months"],
        "usd_per_kwh": own["terms"]["usd_per_kwh"],
        "card_usd": own["terms"]["card_usd"] or None,  # 0: in the price of the whole system, or nothing is bought
        "discount_per_year": own["terms"]["discount_per_year"],
        "hosting_usd_per_month": own["terms"]["hosting_usd_per_month"],
        "staff_usd_per_month": own["terms"]["staff_usd_per_month"],
        "maintenance_fraction_per_year": own["terms"]["maintenance_fraction_per_year"],
        "resale_fraction": own["usd_resale"] / purchase_usd if purchase_usd else None,
    }


def _view(parts: Parts, values: dict[str, Any]) -> str:
    content = {
        "title": parts.title,
        "subtitle": parts.subtitle,
        "html": joined(parts.content),
        "charts": parts.charts,
        "values": values,
    }
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


_WRITERS: dict[type[Question], Callable[[Any, Path | None, str], str]] = {
    EstimateQuestion: _estimate,
    RecommendQuestion: _recommend,
    CompareQuestion: _compare,
    FitQuestion: _fit,
}
