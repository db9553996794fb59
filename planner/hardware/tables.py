"""The one reader of shipped tables: each row of a CSV file becomes a record whose fields are the file's columns.

A cell is read by the type its field is declared with: `str`, `int`, `float`, `bool` (`yes` or `no`), `date`, an enumeration
of the record's own module, or `tuple[str, ...]` (words parted by spaces). With `| None` an empty cell is `None`.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from planner.errors import DataError
from planner.paths import shipped_data_dir

R = TypeVar("R")
K = TypeVar("K")
Holding = str | None


class Known(Mapping[str, R]):
    """Rows of a table by their keys. What `beyond` finds by another key is known as well, and not listed."""

    def __init__(self, rows: Mapping[str, R], beyond: Callable[[str], R | None]) -> None:
        self._rows, self._beyond = rows, beyond

    def __getitem__(self, key: str) -> R:
        row = self._rows.get(key)
        if row is None and (row := self._beyond(key)) is None:
            raise KeyError(key)
        return row

    def __contains__(self, key: object) -> bool:
        return key in self._rows or (isinstance(key, str) and self._beyond(key) is not None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def read_table(name: str | Path, record: type[R], key: Callable[[R], K]) -> dict[K, R]:
    """The rows of a shipped table by their key, in the order of the file.

    Args:
        name: of the file in the folder of shipped data, or a path.
        record: a dataclass; its fields are the columns of the file, in any order.
        key: what a row is found by; two rows with one key are an error.

    Raises:
        DataError: a column is missing, unknown or double, a cell is not what its field is, a key is there twice.
    """
    rows = read_rows(name, record)
    found = {key(row): row for row in rows}
    if len(found) < len(rows):
        keys = [key(row) for row in rows]
        index = next(index for index, one in enumerate(keys) if one in keys[:index])
        raise _damaged(name, index, f"{keys[index]!r} is there twice")
    return found


def read_groups(name: str | Path, record: type[R], key: Callable[[R], K]) -> dict[K, tuple[R, ...]]:
    """The rows of a shipped table that share a key, in the order of the file; errors as of `read_table`."""
    found: dict[K, list[R]] = {}
    for row in read_rows(name, record):
        found.setdefault(key(row), []).append(row)
    return {one: tuple(rows) for one, rows in found.items()}


def read_rows(name: str | Path, record: type[R], holding: Holding = None) -> list[R]:
    """Every row of a shipped table, in the order of the file; errors as of `read_table`.

    Args:
        name: of the file in the folder of shipped data, or a path.
        record: a dataclass; its fields are the columns of the file, in any order.
        holding: a text that lines must hold to be parsed at all, with a line end before it if they must begin with it: ten times
            faster where few are wanted of a table of thousands.
    """
    make: Callable[..., R] = record
    kinds = _kinds(make)
    heading, rows = _cells(name, kinds, kinds, holding)
    # column by column, which is twice as fast as row by row
    columns = [
        _converted(name, column, kinds[column], texts, holding)
        for column, texts in zip(heading, zip(*rows, strict=True), strict=bool(rows))
    ]
    found: list[R] = []
    try:
        for values in zip(*columns, strict=True):
            found.append(make(**dict(zip(heading, values, strict=True))))  # noqa: PERF401 - an error needs the place
    except ValueError as error:
        raise _damaged(name, len(found), str(error), holding) from error
    return found


def read_columns(name: str | Path, *columns: str) -> list[tuple[str, ...]]:
    """The cells of these columns as text, a tuple a row: for a search over a table too large to make records of.

    Raises:
        DataError: a column is missing, or a row has too few or too many cells.
    """
    heading, rows = _cells(name, columns, None, None)
    pick = [heading.index(column) for column in columns]
    return [tuple([row[place] for place in pick]) for row in rows]


def _cells(
    name: str | Path, wanted: Iterable[str], known: Iterable[str] | None, holding: Holding
) -> tuple[list[str], list[list[str]]]:
    """The heading and the cells of every wanted line."""
    rows: list[list[str]] = []
    try:
        with _path(name).open(encoding="utf-8", newline="") as file:
            heading = next(csv.reader(file), [])
            _check_heading(name, heading, wanted, heading if known is None else known)
            # row by row: what was read before a damaged one says where it is
            rows.extend(csv.reader(_lines(file.read(), holding) if holding else file, strict=True))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{_path(name)} cannot be read: {error}. Reinstall gpu-cost-planner.") from error
    except csv.Error as error:
        raise _damaged(name, len(rows), str(error), holding) from error
    if set(map(len, rows)) - {len(heading)}:
        index = next(index for index, row in enumerate(rows) if len(row) != len(heading))
        raise _damaged(name, index, f"{len(rows[index])} cells under {len(heading)} columns", holding)
    return heading, rows


def _lines(text: str, holding: str) -> Iterator[str]:
    """The lines of a table behind its heading that hold the text, or begin with it."""
    text, end = f"\n{text}", 0
    while (found := text.find(holding, end)) >= 0:
        start = found if holding.startswith("\n") else text.rfind("\n", 0, found)
        end = text.find("\n", start + 1)
        end = len(text) if end < 0 else end
        yield text[start + 1 : end + 1]


def _check_heading(name: str | Path, heading: Sequence[str], wanted: Iterable[str], known: Iterable[str]) -> None:
    missing = [column for column in wanted if column not in heading]
    unknown = [column for column in heading if column not in known]
    if missing:
        raise _damaged(name, None, f"column {missing[0]!r} is missing")
    if unknown:
        raise _damaged(name, None, f"column {unknown[0]!r} is not known")
    if len(set(heading)) < len(heading):
        raise _damaged(name, None, f"column {max(heading, key=list(heading).count)!r} is there twice")


def _converted(name: str | Path, column: str, kind: _Kind, texts: Sequence[str], holding: Holding) -> Sequence[Any]:
    if kind.convert is str and not kind.may_be_empty:
        return texts
    values: dict[str, Any] = {"": None} if kind.may_be_empty else {}
    for text in dict.fromkeys(texts):  # each text once: most columns repeat a few
        try:
            if text not in values:
                values[text] = kind.convert(text)
        except (ValueError, KeyError) as error:
            what = f"column {column}: {text!r} is not {kind.what}"
            raise _damaged(name, texts.index(text), what, holding) from error
    return [values[text] for text in texts]


def _damaged(name: str | Path, index: int | None, what: str, holding: Holding = None) -> DataError:
    """The error that names the line of a row, counted from 0 among those parsed; `None` is the heading."""
    path, line = _path(name), 1
    if index is not None:
        with path.open(encoding="utf-8", newline="") as file:
            next(file)
            numbers = [number for number, text in enumerate(file, 2) if holding is None or holding in f"\n{text}"]
        line = numbers[_last_line(path, index, holding) - 1]
    return DataError(f"{path}, line {line}: {what}. Reinstall gpu-cost-planner.")


def _last_line(path: Path, index: int, holding: Holding) -> int:
    """The last line of a row, counted among those parsed: a quoted cell may hold line breaks."""
    with path.open(encoding="utf-8", newline="") as file:
        next(file)
        reader = csv.reader(_lines(file.read(), holding) if holding else file)
        for _ in range(index + 1):
            next(reader)
        return reader.line_num


def _path(name: str | Path) -> Path:
    return shipped_data_dir() / name  # a path from the root stands for itself


class _Kind(NamedTuple):
    convert: Callable[[str], Any]
    what: str
    may_be_empty: bool = False


@cache
def _kinds(record: Any) -> Mapping[str, _Kind]:
    """The reader of each field's cells. `typing.get_type_hints` would find the same, a hundred times slower."""
    homes = {name: home for home in reversed(record.__mro__) for name in vars(home).get("__annotations__", ())}
    if not hasattr(record, "__record_fields__"):  # a dataclass of the library, which may have fields beside its columns
        homes = {one.name: homes[one.name] for one in fields(record) if one.metadata.get("is_column", True)}
    return {name: _kind(home.__annotations__[name], home.__module__) for name, home in homes.items()}


def _kind(declared: str, module: str) -> _Kind:
    plain = declared.removesuffix(" | None")
    kind = _PLAIN.get(plain) or _enumeration(getattr(sys.modules[module], plain))
    return kind if plain == declared else kind._replace(may_be_empty=True)


def _enumeration(members: type[Enum]) -> _Kind:
    values = {str(member.value): member for member in members}
    return _Kind(values.__getitem__, f"one of {', '.join(values)}")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_PLAIN: Mapping[str, _Kind] = {
    "str": _Kind(str, "text"),
    "int": _Kind(int, "a whole number"),
    "float": _Kind(_number, "a number"),
    "bool": _Kind({"yes": True, "no": False}.__getitem__, "yes or no"),
    "date": _Kind(date.fromisoformat, "a day like 2026-11-25"),
    "tuple[str, ...]": _Kind(_words, "words"),
}
