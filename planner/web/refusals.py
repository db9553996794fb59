"""Errors as answers: a status and `{"error": {"type", "message", "parameter"}}`, for what people and scripts get wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from planner.errors import DataError, PlannerError, Spelling, UnknownNameError, UsageError, close_matches
from planner.web.parameters import Question, parameter_of

BAD, NOT_FOUND, WRONG_METHOD, TOO_LONG, WRONG_HOST, NO_ANSWER, TOO_MANY, FAILED, UNAVAILABLE = (
    400, 404, 405, 414, 421, 422, 429, 500, 503,
)  # fmt: skip


@dataclass(kw_only=True, eq=False)
class Refusal(Exception):  # noqa: N818 - it is an answer
    """A question that is not answered, and why."""

    status: int
    type: str
    message: str
    parameter: str | None = None
    matches: tuple[str, ...] = ()

    def body(self) -> bytes:
        """The JSON document."""
        return error_body(self.type, self.message, self.parameter, self.matches)


def error_body(kind: str, message: str, parameter: str | None = None, matches: Sequence[str] = ()) -> bytes:
    """The JSON document of an error."""
    error: dict[str, Any] = {"type": kind, "message": message}
    if parameter is not None:
        error["parameter"] = parameter
    if matches:
        error["matches"] = list(matches)
    return (json.dumps({"error": error}, ensure_ascii=True) + "\n").encode()


def refusal_of(error: PlannerError, question: Question | None) -> Refusal:
    """Turns an error of the planner into a refusal of the web.

    A value that cannot be used is 400; a question that is understood and has no answer is 422; books or tables that cannot
    be trusted are no fault of who asks: 503.
    """
    spell = partial(parameter_of, question=question)
    status = BAD if isinstance(error, UsageError) else UNAVAILABLE if isinstance(error, DataError) else NO_ANSWER
    return Refusal(
        status=status,
        type=type(error).__name__,
        message=error.spelled(spell),
        parameter=None if question is None else _parameter_of(error, question, spell),
        matches=tuple(error.matches) if isinstance(error, UnknownNameError) else (),
    )


def refusal_of_values(errors: Sequence[Mapping[str, Any]], known: Mapping[str, object]) -> Refusal:
    """The refusal for the first wrong value of a question: unknown name, not a number, beyond a limit."""
    first = errors[0]
    name = str(first["loc"][1]) if len(first["loc"]) > 1 else ""
    if first["type"] == "extra_forbidden":
        matches = close_matches(name, known)
        hint = f" Did you mean {' or '.join(matches)}?" if matches else ""
        return Refusal(
            status=BAD,
            type="UnknownParameter",
            message=f"Unknown parameter {_short(name)!r}.{hint} See: /api",
            parameter=_short(name),
            matches=tuple(matches),
        )
    value = _short(str(first.get("input", "")))
    said = str(first["msg"]).removeprefix("Value error, ")
    return Refusal(status=BAD, type="WrongValue", message=f"{name} {value!r}: {said}.", parameter=name)


def repeated(name: str) -> Refusal:
    """The refusal for a parameter that takes one value and was given several."""
    return Refusal(
        status=BAD,
        type="RepeatedParameter",
        message=f"{name} is given more than once; it takes one value.",
        parameter=name,
    )


def _parameter_of(error: PlannerError, question: Question, spell: Spelling) -> str | None:
    """The parameter that the error is about, or that holds the unknown name; `None` if it is none of the question."""
    if error.argument is not None:
        name = spell(error.argument)
        return name if name in type(question).model_fields else None
    if isinstance(error, UnknownNameError):
        for parameter, value in question.given().items():
            if any(str(one).startswith(error.name) for one in (value if isinstance(value, tuple) else (value,))):
                return parameter
    return None


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "\N{HORIZONTAL ELLIPSIS}"
