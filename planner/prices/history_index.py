"""A derived index over all price books: price per GPU-hour by GPU, purchase, region and day. Delete it at any time.

It lies in `<data folder>/index.sqlite` and is brought up to date before each question: books that are new are read,
books that are gone or altered are taken out. Where the folder cannot be written it is made in memory, for one question.
"""

from __future__ import annotations

import sqlite3
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from planner.errors import SnapshotError
from planner.prices.books import book_paths
from planner.prices.rows import bad_row, has_possible_price
from planner.prices.snapshots import read_rows, read_snapshot

ALL_REGIONS = ""

# raise it when a table changes, or what is let into it: an index of another version is made anew
_VERSION = 2
_TABLES = """
CREATE TABLE book (provider TEXT, stem TEXT, path TEXT, stamp TEXT, problem TEXT, PRIMARY KEY (provider, stem)) WITHOUT ROWID;
CREATE TABLE price (
    gpu TEXT, purchase TEXT, region TEXT, provider TEXT, stem TEXT,
    offers INTEGER, low REAL, median REAL, high REAL, cheapest TEXT,
    PRIMARY KEY (gpu, purchase, region, provider, stem)
) WITHOUT ROWID;
CREATE INDEX price_of_book ON price (provider, stem);
"""

Report = Callable[[int], None]
"""Called with the number of books that must be read before the question can be answered."""


@contextmanager
def open_index(data_dir: Path, report: Report = lambda _: None) -> Iterator[sqlite3.Connection]:
    """The index, up to date with all books, shipped and the user's own."""
    connection = _connect(data_dir / "index.sqlite")
    with closing(connection):
        _update(connection, data_dir, report)
        yield connection


def unreadable_books(connection: sqlite3.Connection) -> list[str]:
    """Why books are left out of the index, one message each."""
    return [
        row[0] for row in connection.execute("SELECT problem FROM book WHERE problem <> '' ORDER BY provider, stem")
    ]


def _connect(path: Path) -> sqlite3.Connection:
    for attempt in range(2):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if attempt:
                # not an index, or of another version: it is derived, so make it anew
                path.unlink(missing_ok=True)
            return _ready(str(path))
        except (sqlite3.Error, OSError):
            continue
    return _ready(":memory:")


def _ready(place: str) -> sqlite3.Connection:
    connection = sqlite3.connect(place, timeout=30)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
        elif version != _VERSION:
            raise sqlite3.DatabaseError(f"index version {version}")  # noqa: TRY301 - an index that cannot be used
        # derived data: a lost index costs seconds, waiting for the disk at each write costs more
        connection.execute("PRAGMA synchronous = OFF")
    except BaseException:
        connection.close()
        raise
    return connection


def _update(connection: sqlite3.Connection, data_dir: Path, report: Report) -> None:
    # the user's own book of the same stem comes later and wins, as everywhere
    books = {(path.parent.name, path.stem): path for path in book_paths(data_dir)}
    stamps = {name: _stamp(path) for name, path in books.items()}
    known = {(row[0], row[1]): row[2] for row in connection.execute("SELECT provider, stem, stamp FROM book")}
    gone = [name for name in known if stamps.get(name) != known[name]]
    missing = [name for name in books if known.get(name) != stamps[name]]
    if not gone and not missing:
        return
    report(len(missing))
    with connection:
        for provider, stem in gone:
            connection.execute("DELETE FROM price WHERE provider = ? AND stem = ?", (provider, stem))
            connection.execute("DELETE FROM book WHERE provider = ? AND stem = ?", (provider, stem))
        for name in missing:
            _add(connection, name, books[name], stamps[name])


def _stamp(path: Path) -> str:
    # tells that a file was replaced; ages are never read from the file system
    found = path.with_suffix(".json").stat()
    return f"{path} {found.st_mtime_ns} {found.st_size}"


def _add(connection: sqlite3.Connection, name: tuple[str, str], path: Path, stamp: str) -> None:
    provider, stem = name
    problem = ""
    try:
        rows = list(_summaries(path))
    except SnapshotError as error:
        problem, rows = str(error), []
    connection.execute("INSERT INTO book VALUES (?, ?, ?, ?, ?)", (provider, stem, str(path), stamp, problem))
    connection.executemany(
        "INSERT INTO price VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(gpu, purchase, region, provider, stem, *figures) for (gpu, purchase, region), figures in rows],
    )


def _summaries(path: Path) -> Iterator[tuple[tuple[str, str, str], tuple[int, float, float, float, str]]]:
    groups: dict[tuple[str, str, str], list[tuple[float, str]]] = defaultdict(list)
    snapshot = read_snapshot(path)
    for line, row in enumerate(read_rows(snapshot), start=2):
        if not has_possible_price(snapshot, row):
            raise bad_row(snapshot, line, row)
        found = (float(row[6]) / float(row[1]), row[2])
        groups[row[0], row[5], row[3]].append(found)
        groups[row[0], row[5], ALL_REGIONS].append(found)
    for key, found_here in groups.items():
        yield key, _figures(found_here)


def _figures(found: Iterable[tuple[float, str]]) -> tuple[int, float, float, float, str]:
    ordered = sorted(found)
    prices = [price for price, _ in ordered]
    return len(prices), prices[0], statistics.median(prices), prices[-1], ordered[0][1]
