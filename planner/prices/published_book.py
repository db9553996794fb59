"""A published book as it came, made into one that can be read here: distrusted cell by cell.

Rows of GPUs that this version does not know are counted and left out, so that a publisher may know more than its readers.
Everything else that cannot be refuses the book as a whole: whoever wrote it is not to be believed.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from planner.errors import ProviderError, SnapshotError
from planner.hardware.gpus import load_gpus
from planner.model.frozen import dataclass
from planner.outside.documents import json_of
from planner.prices.checksums import sha256_of
from planner.prices.delivery import Delivery
from planner.prices.possible import offer_problem
from planner.prices.published import MOST_ROWS, PublishedBook
from planner.prices.sidecars import ENTRIES, entries_of
from planner.prices.snapshots import COLUMNS_BY_SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCopy:
    """A published book in a folder of its own, as a book lies there, and what was left out of it."""

    book: PublishedBook
    folder: Path
    unknown_gpus: tuple[tuple[str, int], ...]

    def checked(self, load: Callable[[], Delivery]) -> Delivery:
        """The delivery, once each of its offers is one that could have been observed.

        Raises:
            ProviderError: one cannot be.
        """
        try:
            delivery = load()
        except SnapshotError as error:
            # what a message advises for a file here does not help against one that lies elsewhere
            reason, _, _ = str(error).partition(" Delete ")
            raise _unsound(self.book, reason.replace(str(self.folder), "").rstrip(".")) from error
        for offer in delivery.parsed.offers:
            if offer.observed_on > self.book.day:
                raise _unsound(self.book, f"a price is observed on {offer.observed_on}, after the day of the book")
            problem = offer_problem(offer)
            if problem is not None:
                raise _unsound(self.book, problem)
        return delivery


def local_copy(book: PublishedBook, body: bytes, sidecar: bytes, folder: Path) -> LocalCopy:
    """Write the book into `folder`, so that it reads as any other.

    Raises:
        ProviderError: rows or sidecar are not what the index says, or cannot be.
    """
    rows = _rows(book, body)
    vouched = _sidecar(book, sidecar)
    known = load_gpus()
    kept = [rows[0], *(row for row in rows[1:] if row[0] in known)]
    unknown = Counter(row[0] for row in rows[1:] if row[0] not in known)
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows(kept)
    text = file.getvalue().encode()
    content = {
        "provider": book.provider,
        "observed_at": book.day.isoformat(),
        "rows": len(kept) - 1,
        "sha256": sha256_of(text),
        **vouched,
    }
    home = folder / book.provider
    home.mkdir(parents=True)
    (home / f"{book.day}.csv").write_bytes(text)
    (home / f"{book.day}.json").write_text(json.dumps(content), encoding="utf-8")
    return LocalCopy(book=book, folder=folder, unknown_gpus=tuple(sorted(unknown.items())))


def _rows(book: PublishedBook, body: bytes) -> list[list[str]]:
    # counted before they are parsed: no book makes more records than it may have rows
    count = body.count(b"\n") - 1
    if count != book.rows or count > MOST_ROWS:
        raise _unsound(book, f"it has {count:,} rows where the index says {book.rows:,}")
    try:
        rows = list(csv.reader(io.StringIO(body.decode("utf-8"), newline="")))
    except (ValueError, csv.Error) as error:
        raise _unsound(book, f"its rows cannot be read: {error}") from error
    if len(rows) - 1 != book.rows or not all(rows):
        raise _unsound(book, f"it has {len(rows) - 1:,} rows where the index says {book.rows:,}")
    if "gpu" != rows[0][0]:
        raise _unsound(book, "its first column is not gpu")
    return rows


def _sidecar(book: PublishedBook, body: bytes) -> dict[str, Any]:
    """The schema of a sidecar, and its lists, each entry with what it must have."""
    try:
        content = json_of(body)
    except ValueError as error:
        raise _unsound(book, f"its sidecar is cut off or not JSON: {error}") from error
    wanted = {"provider": book.provider, "rows": book.rows, "sha256": book.sha256}
    if not isinstance(content, dict) or {key: content.get(key) for key in wanted} != wanted:
        raise _unsound(book, "its sidecar is that of another book")
    schema = content.get("schema")
    if not isinstance(schema, str) or schema not in COLUMNS_BY_SCHEMA:
        raise _unsound(book, f"its sidecar has schema {str(schema)[:60]!r}; a newer version may read it")
    try:
        return {"schema": schema, **{name: entries_of(content, name) for name in ENTRIES}}
    except ValueError as error:
        raise _unsound(book, f"its sidecar cannot be read: {error}") from error


def _unsound(book: PublishedBook, reason: str) -> ProviderError:
    return ProviderError(f"{book.file} is not a sound book: {reason}.")
