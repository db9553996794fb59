"""From a question to the planner's result: parameters become arguments, names are checked before anything takes them for a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from planner.answers.compare import compare
from planner.answers.estimate import estimate
from planner.cost.currency import Currency, currency
from planner.errors import UnknownNameError
from planner.language.listed import find_language_model, load_language_models
from planner.results.comparison import Comparison
from planner.results.estimate import EstimateResult
from planner.web.parameters import ARGUMENTS, CompareQuestion, EstimateQuestion, Question
from planner.web.refusals import BAD, Refusal
from planner.work.listed import known_model, load_models
from planner.work.planned import LanguageArguments

_OWN_FIGURES = ("gmacs_per_sample", "params_millions", "activations_millions", "measured")
_LANGUAGE = frozenset(LanguageArguments.__annotations__) - {"sequence_length"}


def estimated(question: EstimateQuestion, data_dir: Path | None) -> tuple[EstimateResult, Currency | None]:
    """The estimate that is asked for, and the currency it is shown in.

    Raises:
        PlannerError, Refusal: there is no answer.
    """
    arguments = _arguments(question)
    code = arguments.pop("currency", None)
    money = None if code is None or code.upper() == "USD" else currency(code)
    return estimate(**{**arguments, "limit": question.limit}, data_dir=data_dir), money


def compared(question: CompareQuestion, data_dir: Path | None) -> Comparison:
    """The comparison that is asked for.

    Raises:
        PlannerError, Refusal: there is no answer.
    """
    return compare(**_arguments(question), data_dir=data_dir)


def _arguments(question: Question) -> dict[str, Any]:
    """The question as arguments in Python."""
    given = question.given()
    given.pop("format", None)
    if "image_size" in given and "sequence_length" in given:
        raise Refusal(
            status=BAD,
            type="UsageError",
            message="image_size and sequence_length are the same; give one.",
            parameter="image_size",
        )
    _check_model(given)
    return {ARGUMENTS.get(name, name): value for name, value in given.items()}


def _check_model(given: dict[str, Any]) -> None:
    """Refuse what is no listed model before the planner takes it for a file."""
    name = given.get("model")
    is_own = any(figure in given for figure in _OWN_FIGURES) and not _LANGUAGE & given.keys()
    if name is None or is_own or known_model(name) is not None or find_language_model(name) is not None:
        return
    names = [spelling for model in load_models() for spelling in (model.name, *model.aliases)]
    names += [spelling for shape in load_language_models().values() for spelling in (shape.name, *shape.aliases)]
    raise UnknownNameError("model", name, names, "/api/models")
