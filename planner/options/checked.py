"""Checks the types of what Python callers hand to the public functions, before anything is computed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import wraps
from numbers import Integral, Real
from pathlib import Path
from reprlib import Repr
from typing import Any, ParamSpec, TypeVar

from planner.errors import UnknownNameError, UsageError
from planner.model.records import OwnMeasurement
from planner.paths import can_be_path

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def checked(
    *homes: type | Callable[..., Any],
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Decorator of a public function: keyword arguments of a wrong type or an unknown name are a `UsageError`.

    It is for the functions whose arguments are no options: a table of jobs, one GPU, own measurements as records. Options are
    checked by their declarations (`takes`).
    Types are those of the function's annotations. `homes` are the typed dictionaries and functions that say what its
    `**` takes; with a `**` and no home, names it does not know pass unseen. Annotations not listed in `_KINDS` are not
    checked, ranges neither: the functions know more about those.
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        own = inspect.signature(function).parameters.values()
        is_open = not homes and any(parameter.kind is parameter.VAR_KEYWORD for parameter in own)
        expected = {name: text for home in (*homes, function) for name, text in _annotations(home).items()}

        @wraps(function)
        def checking(*values: Arguments.args, **arguments: Arguments.kwargs) -> Result:
            for name, value in arguments.items():
                if name in expected:
                    _check(name, value, expected[name])
                elif not is_open:
                    raise UnknownNameError("argument", name, expected, f"help(planner.{function.__name__})")
            return function(*values, **arguments)

        return checking

    return decorate


def listed(names: str | Iterable[str]) -> tuple[str, ...]:
    """Names as a tuple: a lone text is one name, not a list of letters."""
    return (names,) if isinstance(names, str) else tuple(names)


def _annotations(home: type | Callable[..., Any]) -> Mapping[str, str]:
    if isinstance(home, type):
        return {name: getattr(kind, "__forward_arg__", str(kind)) for name, kind in home.__annotations__.items()}
    parameters = inspect.signature(home).parameters.values()
    return {one.name: str(one.annotation) for one in parameters if one.kind is not one.VAR_KEYWORD}


def _check(name: str, value: object, annotation: str) -> None:
    kinds = annotation.split(" | ")
    if not _KINDS.keys() >= set(kinds) or any(_KINDS[kind][0](value) for kind in kinds):
        return
    words = " or ".join(_KINDS[kind][1] for kind in kinds)
    given = "None" if value is None else f"{_SHORT.repr(value)} ({type(value).__name__})"
    raise UsageError(f"{name} must be {words}, not {given}.")


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are(is_one: Callable[[object], bool]) -> Callable[[object], bool]:
    """A test whether a value holds only such entries; iterators, which can be read only once, are not read."""

    def are(values: object) -> bool:
        if isinstance(values, list | tuple | set | frozenset):
            return all(is_one(value) for value in values)
        return isinstance(values, Iterable) and not isinstance(values, str | bytes | Mapping)

    return are


_KINDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "str": (_is_text, "a text"),
    "float": (_is_number, "a number"),
    "int": (_is_whole, "a whole number"),
    "bool": (lambda value: isinstance(value, bool), "True or False"),
    "Path": (lambda value: isinstance(value, Path) and can_be_path(value), "a pathlib.Path that a file can have"),
    "date": (lambda value: isinstance(value, date) and not isinstance(value, datetime), "a datetime.date"),
    "Iterable[str]": (_are(_is_text), "a list of texts"),
    "Iterable[float]": (_are(_is_number), "a list of numbers"),
    "Iterable[OwnMeasurement]": (
        _are(lambda value: isinstance(value, OwnMeasurement)),
        "a list of planner.model.records.OwnMeasurement",
    ),
    "tuple[str, ...]": (_are(_is_text), "a list of texts"),
    "None": (lambda value: value is None, "None"),
}
"""How each annotation of the public functions is told, and what it is called in a message."""
