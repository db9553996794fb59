"""From a question to the planner's result: parameters become arguments, names are checked before anything takes them for a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from planner.answers.cards_ranked import RankedCards, cards_for, is_of_cards_alone
from planner.answers.compare import compare
from planner.answers.estimate import estimate
from planner.answers.fit import Fits, fits
from planner.answers.recommend import recommend
from planner.cost.currency import Currency, taken_currency
from planner.errors import Spelling, spelled
from planner.options.arguments import EstimateArguments
from planner.options.declared import declared, filled
from planner.options.fit_arguments import FitArguments
from planner.options.language import language_arguments
from planner.options.owner_arguments import RecommendArguments
from planner.results.comparison import Comparison
from planner.results.estimate import EstimateResult
from planner.results.recommendation import Recommendation
from planner.web.parameters import (
    CompareQuestion,
    EstimateQuestion,
    FitQuestion,
    Question,
    RecommendQuestion,
    arguments_of,
    kind_of,
    parameter_of,
)
from planner.web.refusals import BAD, Refusal
from planner.work.by_name import refuse_files


def estimated(question: EstimateQuestion, data_dir: Path | None) -> tuple[EstimateResult, Currency | None]:
    """The estimate that is asked for, and the currency it is shown in.

    Raises:
        PlannerError, Refusal: there is no answer.
    """
    arguments = _arguments(question)
    money = _money(arguments)
    result = estimate(**{**arguments, "limit": question.limit}, data_dir=data_dir)
    return spelled(result, _spelling(question)), money


def compared(question: CompareQuestion, data_dir: Path | None) -> tuple[Comparison, Currency | None]:
    """The comparison that is asked for, and the currency it is shown in.

    Raises:
        PlannerError, Refusal: there is no answer.
    """
    arguments = _arguments(question)
    money = _money(arguments)
    return spelled(compare(**arguments, data_dir=data_dir), _spelling(question)), money


def recommended(question: RecommendQuestion, data_dir: Path | None) -> tuple[Recommendation, Currency | None]:
    """The recommendation that is asked for, and the currency it is shown in.

    Raises:
        PlannerError, Refusal: there is no answer.
    """
    arguments = _arguments(question)
    money = _money(arguments)
    found = recommend(**{**arguments, "limit": question.limit}, data_dir=data_dir)
    return spelled(found, _spelling(question)), money


def cards_of(question: RecommendQuestion) -> tuple[RankedCards, float] | None:
    """The cards for a budget, and the budget, where the question is of nothing else; `None` of other questions.

    Raises:
        PlannerError, Refusal: there is no answer.
    """
    arguments = _arguments(question)
    arguments.pop("currency", None)
    asked = filled(RecommendArguments, arguments)
    if not is_of_cards_alone(asked):
        return None
    budget = asked["card_budget_usd"]
    return cards_for(asked, budget), budget


def fitted(question: FitQuestion) -> Fits:
    """The memory reports that are asked for.

    Raises:
        PlannerError, Refusal: there is no answer.
    """
    arguments = _arguments(question)
    arguments.pop("limit", None)
    asked = filled(FitArguments, arguments)
    run = {name: asked.pop(name) for name in ("model", "gpus", "precision", "batch_size")}
    found = fits(**run, options=language_arguments(asked), limit=question.limit)
    return spelled(found, _spelling(question))


def _spelling(question: Question) -> Spelling:
    """How the address of a question spells the arguments."""
    return partial(parameter_of, question=question)


def _money(arguments: dict[str, Any]) -> Currency | None:
    """Take the currency out of the arguments, a limit of costs being in it; `None` for USD."""
    if isinstance(arguments.get("max_cost"), str):
        arguments["max_cost"] = declared(EstimateArguments)["max_cost"].usable(arguments["max_cost"])
    return taken_currency(arguments)


def _arguments(question: Question) -> dict[str, Any]:
    """The question as arguments in Python.

    Raises:
        Refusal: an argument is given by two of its names.
    """
    given = question.given()
    given.pop("format", None)
    names, arguments = arguments_of(kind_of(question).home), {}
    first: dict[str, str] = {}
    for spelling, value in given.items():
        name = names.get(spelling, spelling)
        if first.setdefault(name, spelling) != spelling:
            message = f"{first[name]} and {spelling} are the same; give one."
            raise Refusal(status=BAD, type="UsageError", message=message, parameter=first[name])
        arguments[name] = value
    refuse_files(arguments, "/api/models")
    return arguments
