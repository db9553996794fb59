"""The derived index of a price book, which gives its groups of offers without reading the book; it can be deleted.

It lies beside the book, `<stem>.index.jsonl`; for books that are not in the user's own folder (the shipped ones), or whose
folder cannot be written, in the user's cache. An index is believed if it is whole and names the book's checksum, the
tables it was made with, and size and times of the CSV. If only the times differ (an installation changes them), the CSV
is verified by its checksum and the new times are noted. All else is as if there were no index: it is made anew.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from planner.errors import OutputError
from planner.outside.files import bytes_of, opened
from planner.paths import shipped_data_dir, user_cache_dir
from planner.prices.index_content import HEAD_START, SCHEMA, made_index, seal_of, sealed, tables_checksum
from planner.prices.index_groups import BookIndex
from planner.prices.snapshots import MOST_BYTES, Snapshot, verify_sum, write_durably

INDEX_SUFFIX = ".index.jsonl"


# a snapshot that changes on disk is another object, so what is remembered is of this one
@lru_cache(maxsize=64)
def index_of(snapshot: Snapshot) -> BookIndex:
    """The index of a book, read if a valid one is kept, else made and kept if there is a place for it.

    Raises:
        SnapshotError: the book was altered or a row cannot be one, as when the rows themselves are read.
    """
    stamp = _stamp(snapshot.path)
    aged = None
    for place in _places(snapshot):
        found = _read(place, snapshot)
        if found is not None and found.head["stamp"] == stamp:
            return found
        aged = found or aged
    if aged is None:
        return _kept(snapshot, made_index(snapshot, stamp))
    verify_sum(snapshot)
    return _kept(snapshot, sealed({**aged.head, "stamp": stamp}) + aged.behind_head())


def index_problem(snapshot: Snapshot) -> str | None:
    """The problem if a kept index of the book would be believed but does not match the rows; `None` if all is well.

    Raises:
        SnapshotError: the book itself cannot be read.
    """
    for place in _places(snapshot):
        found = _read(place, snapshot)
        if found is not None and bytes_of(place, MOST_BYTES) != made_index(snapshot, found.head["stamp"]):
            return f"its index is not made from its rows; delete {place}"
    return None


def index_beside(book: Path) -> Path:
    """The path of the index of a book in the user's own folder."""
    return book.with_suffix(INDEX_SUFFIX)


def _places(snapshot: Snapshot) -> Iterator[Path]:
    """Paths where an index of the book may lie, in the order they are tried."""
    if not snapshot.path.is_relative_to(shipped_data_dir()):
        yield index_beside(snapshot.path)
    # a user without a home has no cache
    with contextlib.suppress(RuntimeError):
        name = f"{snapshot.provider}-{snapshot.stem}-{str(snapshot.sha256)[:16]}{INDEX_SUFFIX}"
        yield user_cache_dir() / "price-books" / name


def _stamp(path: Path) -> list[int]:
    """Size and times of a file: of its content, and (where the system has it) of any change at all, which nobody can set."""
    try:
        status = path.stat()
    except OSError:
        return []  # who reads the file says what is wrong with it
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _read(place: Path, snapshot: Snapshot) -> BookIndex | None:
    """The index kept at that place, if it is of this book and version; times of files are not compared."""
    try:
        with opened(place, MOST_BYTES) as file:
            checksum, line = file.read(HEAD_START), file.readline()
            start = file.tell()
            length = os.fstat(file.fileno()).st_size - start
    except (OSError, ValueError):
        return None  # ValueError: a sidecar's checksum that cannot be part of a name
    if seal_of(line) + b"\n" != checksum:
        return None
    wanted = {"schema": SCHEMA, "book": snapshot.sha256, "tables": tables_checksum(), "length": length}
    try:
        head = json.loads(line)
        if {name: head[name] for name in (*wanted, "stamp")} != {**wanted, "stamp": head["stamp"]}:
            return None
        return BookIndex(snapshot, head, place, start)
    except (ValueError, TypeError, LookupError, RecursionError):
        return None  # sealed, and none of ours


def _kept(snapshot: Snapshot, body: bytes) -> BookIndex:
    """The index made of these bytes, written to the first place that can be written, else held in memory."""
    for place in _places(snapshot):
        with contextlib.suppress(OutputError):
            write_durably(place, body)
            found = _read(place, snapshot)
            if found is not None:
                return found
    start = body.index(b"\n", HEAD_START) + 1
    return BookIndex(snapshot, json.loads(body[HEAD_START:start]), None, start, body)
