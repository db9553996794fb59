"""The one reader of shipped tables: each row of a CSV file becomes a record whose fields are the file's columns.

A cell is read by the type its field is declared with: `str`, `int`, `float`, `bool` (`yes` or `no`), `date`, an enumeration
of the record's own module, or `tuple[str, ...]` (words parted by spaces). With `| None` an empty cell is `None`.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from planner.errors import DataError
from planner.paths import shipped_data_dir

R = TypeVar("R")
K = TypeVar("K")
Convert = Callable[[str], Any]


def read_table(name: str | Path, record: type[R], key: Callable[[R], K]) -> dict[K, R]:
    """The rows of a shipped table by their key, in the order of the file.

    Args:
        name: of the file in the folder of shipped data, or a path.
        record: a dataclass; its fields are the columns of the file, in any order.
        key: what a row is found by; two rows with one key are an error.

    Raises:
        DataError: a column is missing, unknown or double, a cell is not what its field is, a key is there twice.
    """
    found: dict[K, R] = {}
    for line, row in _records(name, record, ""):
        if key(row) in found:
            raise _damaged(name, line, f"{key(row)!r} is there twice")
        found[key(row)] = row
    return found


def read_groups(name: str | Path, record: type[R], key: Callable[[R], K]) -> dict[K, tuple[R, ...]]:
    """The rows of a shipped table that share a key, in the order of the file; errors as of `read_table`."""
    found: dict[K, list[R]] = {}
    for row in read_rows(name, record):
        found.setdefault(key(row), []).append(row)
    return {one: tuple(rows) for one, rows in found.items()}


def read_rows(name: str | Path, record: type[R], holding: str = "") -> list[R]:
    """Every row of a shipped table, in the order of the file; errors as of `read_table`.

    Args:
        name: of the file in the folder of shipped data, or a path.
        record: a dataclass; its fields are the columns of the file, in any order.
        holding: only lines with this text are parsed, which is ten times faster in a table of thousands.
    """
    return [row for _, row in _records(name, record, holding)]


def read_columns(name: str | Path, *columns: str) -> list[tuple[str, ...]]:
    """The cells of these columns as text, a tuple a row: for a search over a table too large to make records of.

    Raises:
        DataError: a column is missing, or a row has too few or too many cells.
    """
    lines = _lines(name, "")
    heading = next(lines)[1]
    _check_heading(name, heading, columns, heading)
    places = [heading.index(column) for column in columns]
    return [tuple(cells[place] for place in places) for _, cells in lines]


def _records(name: str | Path, record: type[R], holding: str) -> Iterator[tuple[int, R]]:
    make: Callable[..., R] = record
    known = _converters(make)
    lines = _lines(name, holding)
    heading = next(lines)[1]
    _check_heading(name, heading, known, known)
    columns = [(column, known[column]) for column in heading]
    for line, cells in lines:
        try:
            row = make(**{column: convert(cell) for (column, convert), cell in zip(columns, cells, strict=True)})
        except ValueError as error:
            raise _damaged(name, _in_file(name, holding, line), _explained(columns, cells, error)) from error
        yield line, row


def _lines(name: str | Path, holding: str) -> Iterator[tuple[int, list[str]]]:
    """Cells of the heading and of each line that holds the text, with their number among those."""
    path = _path(name)
    reader = None
    try:
        with path.open(encoding="utf-8", newline="") as file:
            heading = next(csv.reader(file), [])
            yield 1, heading
            reader = csv.reader((line for line in file if holding in line) if holding else file, strict=True)
            for cells in reader:
                if len(cells) != len(heading):
                    line = _in_file(name, holding, reader.line_num + 1)
                    raise _damaged(name, line, f"{len(cells)} cells under {len(heading)} columns")
                yield reader.line_num + 1, cells
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}. Reinstall gpu-cost-planner.") from error
    except csv.Error as error:
        line = _in_file(name, holding, reader.line_num + 1) if reader is not None else 1
        raise _damaged(name, line, str(error)) from error


def _check_heading(name: str | Path, heading: Sequence[str], wanted: Iterable[str], known: Iterable[str]) -> None:
    missing = [column for column in wanted if column not in heading]
    unknown = [column for column in heading if column not in known]
    if missing:
        raise _damaged(name, 1, f"column {missing[0]!r} is missing")
    if unknown:
        raise _damaged(name, 1, f"column {unknown[0]!r} is not known")
    if len(set(heading)) < len(heading):
        raise _damaged(name, 1, f"column {max(heading, key=list(heading).count)!r} is there twice")


@cache
def _converters(record: Any) -> dict[str, Convert]:
    # typing.get_type_hints would do the same in a hundred times the time
    return {field.name: _converter(str(field.type), record.__module__) for field in fields(record)}


def _converter(kind: str, module: str) -> Convert:
    plain = kind.removesuffix(" | None")
    convert = _KINDS.get(plain) or getattr(sys.modules[module], plain)
    return convert if plain == kind else lambda text: convert(text) if text else None


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a number")
    return value


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(f"{text!r} is neither yes nor no")
    return text == "yes"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day like 2026-11-25") from None


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_KINDS: dict[str, Convert] = {
    "str": str,
    "int": _whole,
    "float": _number,
    "bool": _yes_or_no,
    "date": _day,
    "tuple[str, ...]": _words,
}


def _explained(columns: Sequence[tuple[str, Convert]], cells: Sequence[str], error: ValueError) -> str:
    """What is wrong with a row: its first cell that cannot be read, else what its record says."""
    for (column, convert), cell in zip(columns, cells, strict=True):
        try:
            convert(cell)
        except ValueError as found:
            return f"column {column}: {found}"
    return str(error)


def _in_file(name: str | Path, holding: str, line: int) -> int:
    """The number in the file of a line whose number among those with the text is known."""
    if not holding:
        return line
    with _path(name).open(encoding="utf-8", newline="") as file:
        numbers = [number for number, text in enumerate(file, 1) if number == 1 or holding in text]
    return numbers[line - 1]


def _damaged(name: str | Path, line: int, what: str) -> DataError:
    return DataError(f"{_path(name)}, line {line}: {what}. Reinstall gpu-cost-planner.")


def _path(name: str | Path) -> Path:
    return shipped_data_dir() / name  # a path from the root stands for itself
