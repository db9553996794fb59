"""Reads the declarations of options, once; command line, web, sweeps and tools are all derived from the result."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import cache, wraps
from numbers import Integral, Real
from pathlib import Path
from reprlib import Repr
from types import UnionType
from typing import Any, ParamSpec, TypeVar, get_origin

from planner.errors import UnknownNameError, UsageError
from planner.options.amounts import AmbiguousError
from planner.options.option import UNSET, Option, Same
from planner.options.readers import DAY, FLAG, NUMBER, WHOLE, Reader
from planner.options.vocabulary import meant, separated
from planner.paths import can_be_path

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

NO_END = 1e9
"""An upper limit of that much or more only says that there are not so many; a message leaves it out."""

SEE = "docs/options.md"

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60

LEAST = 1e-100
"""A smaller number is as good as 0: divided by it others end beyond what a float holds."""

MOST_CHARACTERS = 20_000
"""Of all texts of an argument together; every name of a list of hundreds fits."""


class Declared:
    """One declared argument: its name, its `Option`, and the kinds of value it takes.

    `kinds` are the types of one value (`str`, `float`, `int`, `bool`, `Path`, `date`); `is_list` says that it takes several,
    `is_optional` that it may be `None`.
    """

    __slots__ = ("is_list", "is_optional", "kinds", "name", "option")

    def __init__(self, name: str, hint: Any) -> None:
        self.name = name
        self.option: Option = hint.__metadata__[0]
        of = hint.__origin__
        types = of.__args__ if isinstance(of, UnionType) else (of,)
        lists = [one for one in types if get_origin(one) is not None]
        self.is_list = bool(lists)
        self.kinds: tuple[type, ...] = (
            lists[0].__args__ if lists else tuple(kind for kind in types if kind is not _NONE)
        )
        self.is_optional = _NONE in types

    @property
    def spellings(self) -> tuple[str, ...]:
        """Its names on the command line and in the address of a page, without dashes, the first one first."""
        return self.option.spellings or (self.name,)

    @property
    def default(self) -> Any:
        """The value that counts if none is given."""
        if self.option.default is UNSET:
            return () if self.is_list else None
        return self.option.default

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers, which have a range."""
        return float in self.kinds or int in self.kinds

    def usable(self, value: Any) -> Any:
        """The value as the functions take it: a tuple for a list, a float for a whole number if a float is meant.

        Raises:
            UsageError: it is of another type, too long, or out of range.
        """
        if value is None:
            if self.is_optional:
                return None
            raise self._of_wrong_type(value)
        if _characters(value) > MOST_CHARACTERS:
            raise UsageError(
                f"{{{self.name}}} has more than {{most:,}} characters.", argument=self.name, most=MOST_CHARACTERS
            )
        if not self.is_list:
            value = self.read(value) if isinstance(value, str) else value
            if not self._is_of_kind(value):
                raise self._of_wrong_type(value)
            return self._within(value)
        if isinstance(value, str):
            value = (value,)  # a lone text is names, not a list of letters
        if isinstance(value, bytes | Mapping) or not isinstance(value, Iterable):
            raise self._of_wrong_type(value)
        given = tuple(value)
        values = [one for each in given for one in (self.read_several(each) if isinstance(each, str) else (each,))]
        if not all(self._is_of_kind(one) for one in values):
            raise self._of_wrong_type(value)
        return tuple(self._within(one) for one in values)

    def read(self, text: str) -> Any:
        """The value of a text, as people type it; its range is not looked at.

        Raises:
            UsageError: it is none, or may be several; the message says what would do.
        """
        reader = self.reader
        if reader is None:
            if self.option.known:
                words = meant(self.option.known, text)
                return words[0] if len(words) == 1 else self._refuse_ambiguous(text, " or ".join(words))
            return text.strip() if str in self.kinds else text
        try:
            return reader(text)
        except AmbiguousError as error:
            return self._refuse_ambiguous(text, str(error).partition(" may be ")[2] or str(error))
        except (ValueError, OverflowError) as error:
            raise UsageError(
                f"{{{self.name}}} must be {{what}}, not {{given!r}}.{{why}} Write for example {{examples}}.",
                argument=self.name,
                what=reader.what,
                given=_cut(text),
                why=f" {error}." if str(error) else "",
                examples=reader.examples,
            ) from None

    def read_several(self, text: str) -> list[Any]:
        """The values of a text that may hold several: `A100, H100:8`, `reserved`."""
        parts = separated(text)
        if self.reader is not None:
            return [self.read(part) for part in parts]
        return [word for part in parts for word in meant(self.option.known, part)]

    def read_cell(self, cell: Any) -> Any:
        """The value of a table's cell, where numbers may have become floats, and texts numbers; `usable` checks it."""
        if self.is_list:
            return tuple(self._cell(one) for one in (cell.split(";") if isinstance(cell, str) else _several(cell)))
        return self._cell(cell)

    def _cell(self, cell: Any) -> Any:
        if isinstance(cell, str):
            return Path(cell.strip()) if Path in self.kinds else cell
        if bool in self.kinds and cell in (0, 1):
            return bool(cell)
        if str in self.kinds and not self.is_number:
            return str(cell)
        is_whole = float not in self.kinds and isinstance(cell, float) and cell.is_integer()
        return int(cell) if is_whole else cell

    @property
    def reader(self) -> Reader | None:
        """How a text becomes its value; `None` for words and files."""
        if self.option.read is not None:
            return self.option.read
        return next((_READERS[kind] for kind in self.kinds if kind in _READERS), None)

    def _refuse_ambiguous(self, text: str, choices: str) -> Any:
        raise UsageError(
            f"{{{self.name}}} {{given!r}} may be {{choices}}. Write which.",
            argument=self.name,
            given=_cut(text),
            choices=choices,
        )

    def described_kind(self) -> str:
        """The kinds of value that it takes, in words: `a number or None`."""
        words = [_KINDS[kind][1] for kind in self.kinds]
        if self.is_list:
            words = [
                f"{_KINDS[kind][1]} or a list of {_KINDS[kind][2]}" if kind is str else f"a list of {_KINDS[kind][2]}"
                for kind in self.kinds
            ]
        return " or ".join([*words, "None"] if self.is_optional else words)

    def _is_of_kind(self, value: Any) -> bool:
        return any(_KINDS[kind][0](value) for kind in self.kinds)

    def _of_wrong_type(self, value: Any) -> UsageError:
        given = "None" if value is None else f"{_SHORT.repr(value)} ({type(value).__name__})"
        return UsageError(
            f"{{{self.name}}} must be {{kind}}, not {{given}}.",
            argument=self.name,
            kind=self.described_kind(),
            given=given,
        )

    def _within(self, value: Any) -> Any:
        """The value, if it lies within the range of the option; whole numbers become floats if floats are meant."""
        if isinstance(value, Path) and not can_be_path(value):
            raise UsageError(
                f"{{{self.name}}} {{given!r}} is the name of no file: it is too long, or holds a NUL or half a character.",
                argument=self.name,
                given=_cut(str(value)),
            )
        if not self.is_number or isinstance(value, str):
            return value
        option = self.option
        if 0 < abs(value) < LEAST and option.above is None:
            value = 0.0
        is_inside = (option.low is None or value >= option.low) and (option.above is None or value > option.above)
        is_divisor_lost = option.above == 0 and 0 < value < LEAST
        if not is_inside or is_divisor_lost or (option.high is not None and value > option.high) or math.isnan(value):
            advice = option.advice(value) if option.advice and value > (option.high or 0) else ""
            raise UsageError(
                f"{{{self.name}}} must be {{range}}, not {{value}}.{{advice}}",
                argument=self.name,
                range=self.described_range(says_end=value > (option.high or 0)),
                value=f"{value:,}" if isinstance(value, int) and abs(value) < NO_END else f"{value:g}",
                advice=advice,
            )
        if float in self.kinds:
            return float(value)
        return value if isinstance(value, int) else int(value)  # a default that is handed on stays one

    def described_range(self, *, says_end: bool = False) -> str:
        """The range in words: `1 to 4,096`, `above 0`; `says_end`: also an end so far off that nobody needs to be told."""
        option = self.option
        has_end = option.high is not None and (says_end or option.high < NO_END)
        if option.above is not None:
            return f"above {option.above:g}" + (f" and at most {option.high:,.10g}" if has_end else "")
        return f"{option.low:g} to {option.high:,.10g}" if has_end else f"at least {option.low:g}"


@cache
def declared(home: type) -> Mapping[str, Declared]:
    """Every argument of a declaration by its first name, in the order they stand there."""
    return {name: Declared(name, hint) for name, hint in _hints(home) if isinstance(hint.__metadata__[0], Option)}


@cache
def other_names(home: type) -> Mapping[str, str]:
    """Second names of arguments, and the first name of each."""
    return {name: hint.__metadata__[0].name for name, hint in _hints(home) if isinstance(hint.__metadata__[0], Same)}


def filled(home: type, given: Mapping[str, Any], see: str = SEE) -> dict[str, Any]:
    """Every argument of the declaration by its first name: the given ones, checked, and defaults for the rest.

    Raises:
        UnknownNameError: an argument is not one of them; the message offers close ones.
        UsageError: a value is of a wrong type or out of range, or an argument is given by two names.
    """
    known, others, found = declared(home), other_names(home), dict(_defaults(home))
    for typed, value in given.items():
        name = others.get(typed, typed)
        if name not in known:
            raise UnknownNameError("argument", typed, [*known, *others], see)
        if name != typed and name in given:
            raise UsageError("{one} and {other} are the same; give one.", argument=name, one=typed, other=name)
        found[name] = known[name].usable(value)
    return found


def takes(home: type) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Decorator of a public function: checks its keyword arguments against the declaration and fills in the defaults.

    The function finds every argument by its first name, with its default where none was given. `help()` and
    `inspect.signature` show the arguments with their types.
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @wraps(function)
        def asked(*values: Arguments.args, **given: Arguments.kwargs) -> Result:
            return function(*values, **filled(home, given, f"help(planner.{function.__name__})"))

        asked.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # functions may have one
            [
                inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default)
                for one in declared(home).values()
            ]
        )
        return asked

    return decorate


def _hints(home: type) -> Iterable[tuple[str, Any]]:
    return ((name, hint) for name, hint in home.__annotations__.items() if hasattr(hint, "__metadata__"))


@cache
def _defaults(home: type) -> Mapping[str, Any]:
    return {name: one.default for name, one in declared(home).items()}


def _several(cell: Any) -> Iterable[Any]:
    return cell if isinstance(cell, Iterable) else (cell,)


def _characters(value: Any) -> int:
    texts = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
    return sum(map(len, [one for one in texts if isinstance(one, str)])) + len(texts)


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT.maxstring else text[: _SHORT.maxstring - 3] + "..."


_NONE = type(None)

_READERS: Mapping[type, Reader] = {float: NUMBER, int: WHOLE, bool: FLAG, date: DAY}
"""How texts of each kind are read, unless an option says otherwise."""

_KINDS: Mapping[type, tuple[Callable[[Any], bool], str, str]] = {
    str: (lambda value: isinstance(value, str), "a text", "texts"),
    float: (lambda value: isinstance(value, Real) and not isinstance(value, bool), "a number", "numbers"),
    int: (lambda value: isinstance(value, Integral) and not isinstance(value, bool), "a whole number", "whole numbers"),
    bool: (lambda value: isinstance(value, bool), "True or False", ""),
    Path: (lambda value: isinstance(value, Path), "a pathlib.Path", ""),
    date: (lambda value: isinstance(value, date) and not isinstance(value, datetime), "a datetime.date", ""),
}
"""How values of each kind are told, and what one and several are called in a message."""
