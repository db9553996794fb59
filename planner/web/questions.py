"""From a question to the planner's result: parameters become arguments, names are checked before anything takes them for a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from planner.answers.compare import compare
from planner.answers.estimate import estimate
from planner.cost.currency import Currency, currency, limit_shown_in
from planner.errors import Spelling, spelled
from planner.language.listed import find_language_model
from planner.options.arguments import EstimateArguments
from planner.options.declared import declared
from planner.options.language_arguments import LanguageArguments
from planner.options.owner_arguments import CompareArguments
from planner.results.comparison import Comparison
from planner.results.estimate import EstimateResult
from planner.web.parameters import CompareQuestion, EstimateQuestion, Question, arguments_of, parameter_of
from planner.web.refusals import BAD, Refusal
from planner.work.listed import known_model
from planner.work.unknown import unknown_model

_OWN_FIGURES = ("gmacs_per_sample", "params_millions", "activations_millions", "measured")
_LANGUAGE = frozenset(name for name, one in declared(LanguageArguments).items() if one.option.is_typed)


def estimated(question: EstimateQuestion, data_dir: Path | None) -> tuple[EstimateResult, Currency | None]:
    """The estimate that is asked for, and the currency it is shown in.

    Raises:
        PlannerError, Refusal: there is no answer.
    """
    arguments = _arguments(question, EstimateArguments)
    money = _money(arguments)
    result = estimate(**{**arguments, "limit": question.limit}, data_dir=data_dir)
    return spelled(result, _spelling(question)), money


def compared(question: CompareQuestion, data_dir: Path | None) -> tuple[Comparison, Currency | None]:
    """The comparison that is asked for, and the currency it is shown in.

    Raises:
        PlannerError, Refusal: there is no answer.
    """
    arguments = _arguments(question, CompareArguments)
    money = _money(arguments)
    return spelled(compare(**arguments, data_dir=data_dir), _spelling(question)), money


def _spelling(question: Question) -> Spelling:
    """How the address of a question spells the arguments."""
    return partial(parameter_of, given=question.given())


def _money(arguments: dict[str, Any]) -> Currency | None:
    """Take the currency out of the arguments, a limit of costs being in it; `None` for USD."""
    code = arguments.pop("currency", None)
    money = None if code is None or code.upper() == "USD" else currency(code)
    if isinstance(arguments.get("max_cost"), str) and money is not None:
        arguments["max_cost"] = limit_shown_in(
            declared(EstimateArguments)["max_cost"].usable(arguments["max_cost"]), money.code
        )
    return money


def _arguments(question: Question, home: type) -> dict[str, Any]:
    """The question as arguments in Python.

    Raises:
        Refusal: an argument is given by two of its names.
    """
    given = question.given()
    given.pop("format", None)
    _check_model(given)
    names, arguments = arguments_of(home), {}
    first: dict[str, str] = {}
    for spelling, value in given.items():
        name = names.get(spelling, spelling)
        if first.setdefault(name, spelling) != spelling:
            message = f"{first[name]} and {spelling} are the same; give one."
            raise Refusal(status=BAD, type="UsageError", message=message, parameter=first[name])
        arguments[name] = value
    return arguments


def _check_model(given: dict[str, Any]) -> None:
    """Refuses a name that is no listed model, before the planner takes it for a file."""
    name = given.get("model")
    is_own = any(figure in given for figure in _OWN_FIGURES) and not _LANGUAGE & given.keys()
    if name is None or is_own or known_model(name) is not None or find_language_model(name) is not None:
        return
    raise unknown_model(name, see="/api/models")
