"""One value of a settings file: where it stands, and whether the option can take it."""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from planner.cli.declared_options import Word
from planner.cli.names import setting_name, spelling_of
from planner.errors import DataError, PlannerError
from planner.model.frozen import dataclass

PROJECT_PATHS = ("calibration", "model_file", "price_book")
"""Options with a path that a project's file may set, if the path stays inside the project: files that are only read."""

NOT_IN_PROJECTS = ("data_dir", "engine", "quiet", "scheduler")
"""What a project's file may not set besides: where books are kept, where jobs are sent, and to be silent about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """A settings file as it stands: its tables, and its text to find lines in."""

    path: Path
    is_project: bool
    tables: Mapping[str, Any]
    text: str

    @property
    def shown(self) -> str:
        """The path as a person would write it: a project's from here, the user's in full."""
        text = os.path.relpath(self.path) if self.is_project else str(self.path)
        return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A key in a table of a file."""

    file: SettingsFile
    table: tuple[str, ...]
    key: str

    def error(self, problem: str) -> DataError:
        """An error that names file, line, table and key before the problem, and a way round after it."""
        line = _line(self.file.text, self.table, self.key)
        where = f", line {line}" if line else ""
        name = shown(".".join((*self.table, self.key)))
        return DataError(f"{self.file.shown}{where}: {name} {problem} Or run with --no-config.")


def checked(command: click.Command, param: click.Option, value: Any, place: Place) -> Any:
    """The value in the form that click takes for a default.

    Raises:
        DataError: the file may not set it, or the option cannot take it.
    """
    if place.file.is_project and setting_name(param) in NOT_IN_PROJECTS:
        raise place.error(only_user(_typed(param)))
    values = value if isinstance(value, list) and param.multiple else [value]
    found = [_scalar(command, param, one, place) for one in values]
    return found if param.multiple else found[0]


def of_its_kind(param: click.Option, value: Any) -> Any:
    """The value, if it is of the kind that the option takes.

    Raises:
        ValueError: it is of another; the message says which would do.
    """
    one = param.type.one if isinstance(param.type, Word) else None
    takes_days = isinstance(param.type, click.DateTime) if one is None else date in one.kinds
    if isinstance(value, (date, datetime)) and takes_days:
        return value.strftime("%Y-%m-%d")
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if param.is_flag:
        wanted, is_right = "true or false", isinstance(value, bool)
    elif one is not None and one.is_number and not isinstance(value, str):
        is_whole = float not in one.kinds
        wanted, is_right = (
            "a whole number" if is_whole else "a number",
            is_number and (not is_whole or isinstance(value, int)),
        )
    elif isinstance(param.type, click.types.IntParamType):
        wanted, is_right = "a whole number", is_number and isinstance(value, int)
    elif isinstance(param.type, click.types.FloatParamType):
        wanted, is_right = "a number", is_number
    else:
        wanted, is_right = "a text", isinstance(value, str)
    if not is_right:
        raise ValueError(f"must be {wanted}, not {shown(value)}")
    return value


def only_user(what: str) -> str:
    """The reason why a project's file may not set an option."""
    return (
        f"may not be set by a project: {what} can write, remove, connect or hide. "
        "Type it, or set it in your own file (planner config names it)."
    )


def hint(name: str, words: Iterable[str]) -> str:
    """The closest of the words as a question, with a blank before it; empty if none is close."""
    close = difflib.get_close_matches(name, sorted(words), n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def shown(value: Any) -> str:
    """A value from a file, short and without control characters."""
    text = repr(value) if not isinstance(value, str) or not value.isprintable() else value
    return text if len(text) <= 60 else text[:59] + "\N{HORIZONTAL ELLIPSIS}"


def _scalar(command: click.Command, param: click.Option, value: Any, place: Place) -> Any:
    try:
        value = of_its_kind(param, value)
    except ValueError as error:
        raise place.error(f"{error}.") from error
    if isinstance(value, str) and not value.isprintable():
        raise place.error(f"holds control characters: {shown(value)}.")
    if isinstance(param.type, click.Path):
        value = str(_path(param, value, place))
    try:
        param.type(value, param, click.Context(command))
    except click.BadParameter as error:
        raise place.error(f"cannot be used: {error.message}") from error
    except PlannerError as error:
        raise place.error(f"cannot be used: {error.spelled(spelling_of(command))}") from error
    return value


def _path(param: click.Option, text: str, place: Place) -> Path:
    """A path as it counts from the file's own folder; out of a project's file it must stay inside the project."""
    folder = place.file.path.parent.resolve()
    if not place.file.is_project:
        return folder / Path(text).expanduser()
    if setting_name(param) not in PROJECT_PATHS:
        raise place.error(only_user(_typed(param)))
    path = (folder / text).resolve()
    if not path.is_relative_to(folder):
        raise place.error(f"leads out of the project: {shown(text)}. Type it, or set it in your own file.")
    return path


def _typed(param: click.Option) -> str:
    return "--" + setting_name(param).replace("_", "-")


def _line(text: str, table: tuple[str, ...], key: str) -> int | None:
    """The line a key stands in, for tables and keys written plainly; `None` for those that are not found so."""
    current: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[([^\[\]]+)\]\s*(#.*)?$", line):
            current = tuple(part.strip().strip("\"'") for part in header[1].split("."))
            if current == (*table, key):
                return number
        elif current == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
            return number
    return None
