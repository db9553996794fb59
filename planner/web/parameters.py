"""The parameters of the web's addresses: the options of the command line, with underscores, each within limits.

Values that the planner itself judges (names, ranges with a meaning) are left to it, so that its messages are the same here.
The limits below only keep a question from being too large. Nothing here names a file: an address cannot read one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from planner.model.frozen import dataclass
from planner.options.arguments import EstimateArguments, ShownArguments
from planner.options.declared import Declared, declared
from planner.options.fit_arguments import FitArguments
from planner.options.owner_arguments import CompareArguments, RecommendArguments
from planner.options.readers import DAY

LONGEST_TEXT = 200
MOST_VALUES = 50
LARGEST = 1e18
LARGEST_WHOLE = 10**9
MOST_ROWS = 1000
USUAL_ROWS = 15


def _day(text: object) -> object:
    # pydantic would take any number for seconds since 1970
    if not isinstance(text, str):
        return text
    try:
        return DAY(text)
    except ValueError as error:
        raise ValueError(str(error) or f"must be {DAY.what}, for example {DAY.examples}") from None


Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Amount = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Day = Annotated[date, BeforeValidator(_day)]
Whole = Annotated[int, Field(ge=-LARGEST_WHOLE, le=LARGEST_WHOLE)]

_KINDS: Mapping[type, Any] = {str: Text, float: Amount, int: Whole, bool: bool, date: Day}


class Question(BaseModel):
    """The base of questions, whose values are given by name; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Text | None = Field(
        default=None, description="json (the default), csv, markdown, or html: a page to keep, as a download."
    )

    def given(self) -> dict[str, Any]:
        """The values that were given, lists as tuples."""
        return {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self.model_dump(exclude_unset=True).items()
        }


_NOT_HERE = ("every_offer", "is_owned")
"""A page shows so many rows, never every offer; a machine of one's own stands in a file."""


def _for_pages(home: type) -> Iterator[Declared]:
    return (
        one
        for one in declared(home).values()
        if one.option.is_typed and not one.option.is_file and one.name not in _NOT_HERE
    )


def _fields(home: type, question: type[Question]) -> Iterator[tuple[str, Any]]:
    for one in _for_pages(home):
        for spelling in one.spellings:
            if spelling not in question.model_fields:
                yield spelling, _field(one)


def _field(one: Declared) -> Any:
    # a number may be written as a text with a unit: the declaration reads it
    kind: Any = _KINDS[one.kinds[0]] | Text if one.is_number else _KINDS[one.kinds[0]]
    text = re.sub(r"\{(\w+)\}", r"\1", one.option.help)
    if one.is_list:
        several: Any = Annotated[list[kind], Field(max_length=MOST_VALUES)]
        return several, Field(default=[], description=text)
    if one.default not in (None, False) and "Default" not in text:
        text += f" Default: {str(one.default).removesuffix('.0')}."
    return kind | None, Field(default=None, description=text)


_Q = TypeVar("_Q", bound=Question)


def _with_parameters_of(*homes: type) -> Callable[[type[_Q]], type[_Q]]:
    """Decorator of a question: every spelling of every option of the declarations becomes a field."""

    def decorate(question: type[_Q]) -> type[_Q]:
        made = create_model(
            question.__name__, __base__=question, **dict(field for home in homes for field in _fields(home, question))
        )
        made.__doc__ = question.__doc__
        return made

    return decorate


@_with_parameters_of(EstimateArguments, ShownArguments)
class EstimateQuestion(Question):
    """Time and cost of a training run on every offer: the options of `planner estimate`."""

    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = Field(default=USUAL_ROWS, description="Rows to give.")


@_with_parameters_of(CompareArguments, ShownArguments)
class CompareQuestion(Question):
    """Rent or buy a card: the options of `planner compare`."""


@_with_parameters_of(RecommendArguments, ShownArguments)
class RecommendQuestion(Question):
    """What to rent within a deadline and a budget, and why: the options of `planner recommend`."""

    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = Field(
        default=declared(RecommendArguments)["limit"].default, description="Rows to give."
    )


@_with_parameters_of(FitArguments)
class FitQuestion(Question):
    """Whether a run fits into the memory of GPUs, and what would make it fit: the options of `planner fit`."""

    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = Field(
        default=20, description="GPUs to list where gpu is not given."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of question: its name in addresses and on the command line, its parameters, and where they are declared."""

    name: str
    question: type[Question]
    home: type


KINDS = (
    Kind(name="estimate", question=EstimateQuestion, home=EstimateArguments),
    Kind(name="recommend", question=RecommendQuestion, home=RecommendArguments),
    Kind(name="compare", question=CompareQuestion, home=CompareArguments),
    Kind(name="fit", question=FitQuestion, home=FitArguments),
)


def kind_of(question: Question) -> Kind:
    """The kind of a question."""
    return next(kind for kind in KINDS if type(question) is kind.question)


def offered(question: type[Question]) -> dict[str, Declared]:
    """Every option of a kind of question by its name in Python: those that its addresses take."""
    home = next(kind.home for kind in KINDS if kind.question is question)
    found = {one.name: one for one in _for_pages(home)}
    shown = {one.name: one for one in _for_pages(ShownArguments) if one.spellings[0] in question.model_fields}
    return {**found, **shown}


@cache
def arguments_of(home: type) -> Mapping[str, str]:
    """The name in Python of every parameter of an address."""
    return {spelling: one.name for one in _for_pages(home) for spelling in one.spellings}


def parameter_of(argument: str, question: Question | None = None) -> str:
    """The parameter that gives an argument of Python: the one that the question gives, else its first spelling."""
    one = None if question is None else declared(kind_of(question).home).get(argument)
    if question is None or one is None:
        return argument
    given = question.given()
    return next((name for name in one.spellings if name in given), one.spellings[0])
