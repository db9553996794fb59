"""The index of published price books, `latest.json`: what a publisher writes last and a reader trusts in nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from planner.errors import ProviderError
from planner.model.frozen import dataclass
from planner.outside.documents import json_of
from planner.paths import is_provider_name
from planner.prices.delivery import CLOCK_SLACK

SCHEMA = "planner.books/1"
MOST_BOOKS = 200
MOST_ROWS = 250_000  # the largest of today's books has some thousand

_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedBook:
    """One book of an index; `file` is its CSV, named from the folder of the index, and its sidecar lies beside it."""

    provider: str
    day: date
    file: str
    rows: int
    sha256: str
    sidecar_sha256: str | None = None

    @property
    def sidecar(self) -> str:
        """The sidecar, named like `file`."""
        return f"{self.file.removesuffix('.csv')}.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedEntry:
    """An entry that cannot be one; `name` is its provider, or its place in the index."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedIndex:
    """An index: its books, and the entries that cannot be books."""

    published_at: datetime
    books: tuple[PublishedBook, ...]
    refused: tuple[RefusedEntry, ...] = ()


def read_index(body: bytes, where: str, *, now: datetime) -> PublishedIndex:
    """The index in these bytes; `where` names it in messages.

    Raises:
        ProviderError: it is no index of this version, or from the future.
    """
    try:
        content = json_of(body)
    except ValueError as error:
        raise ProviderError(f"{where} is cut off or not JSON: {error}.") from error
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        newer = isinstance(schema, str) and re.fullmatch(r"planner\.books/[0-9]+", schema)
        advice = "It was made by a newer version: upgrade gpu-cost-planner." if newer else "Is the address right?"
        raise ProviderError(f"{where} has schema {str(schema)[:60]!r}; this version reads {SCHEMA!r}. {advice}")
    published_at = _moment(content.get("published_at"), where)
    if published_at > now + CLOCK_SLACK:
        raise ProviderError(f"{where} says it was published at {published_at}, which is in the future.")
    entries = content.get("books")
    if not isinstance(entries, list) or not entries or len(entries) > MOST_BOOKS:
        raise ProviderError(f"{where} does not list 1 to {MOST_BOOKS} books.")
    read = [_entry(entry, number, (now + CLOCK_SLACK).date()) for number, entry in enumerate(entries, start=1)]
    return PublishedIndex(
        published_at=published_at,
        books=tuple(one for one in read if isinstance(one, PublishedBook)),
        refused=tuple(one for one in read if isinstance(one, RefusedEntry)),
    )


def index_bytes(index: PublishedIndex) -> bytes:
    """The index as a file: the same bytes for the same books and moment."""
    books = [
        {
            "provider": book.provider,
            "date": book.day.isoformat(),
            "file": book.file,
            "rows": book.rows,
            "sha256": book.sha256,
            "sidecar_sha256": book.sidecar_sha256,
        }
        for book in index.books
    ]
    content = {"schema": SCHEMA, "published_at": moment_text(index.published_at), "books": books}
    return (json.dumps(content, indent=2) + "\n").encode()


def moment_text(moment: datetime) -> str:
    """A moment in UTC, to the second: `2026-11-26T06:00:00Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def _moment(text: object, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ProviderError(f"{where} does not say when it was published.") from None


def _entry(entry: object, number: int, last_day: date) -> PublishedBook | RefusedEntry:
    provider = entry.get("provider") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not is_provider_name(provider):
        return RefusedEntry(name=f"entry {number}", reason="names no provider by small letters, digits and dashes.")
    reason = _problem(entry, last_day)
    if reason:
        return RefusedEntry(name=str(provider), reason=f"The index {reason}")
    return PublishedBook(
        provider=str(provider),
        day=date.fromisoformat(entry["date"]),
        file=entry["file"],
        rows=entry["rows"],
        sha256=entry["sha256"],
        sidecar_sha256=entry.get("sidecar_sha256"),
    )


def _problem(entry: Mapping[str, Any], last_day: date) -> str | None:
    """What is wrong with an entry besides its provider."""
    day = _day(entry.get("date"))
    if day is None:
        return "gives no date YYYY-MM-DD."
    if day > last_day:
        return f"dates the book {day}, which is in the future."
    if not _is_contained(entry.get("file")):
        return f"names the file {str(entry.get('file'))[:60]!r}; a CSV below the folder of the index is wanted."
    if type(entry.get("rows")) is not int or not 0 < entry["rows"] <= MOST_ROWS:
        return f"counts {str(entry.get('rows'))[:20]} rows; 1 to {MOST_ROWS:,} are believed."
    sums = [entry.get("sha256"), *([entry["sidecar_sha256"]] if entry.get("sidecar_sha256") is not None else [])]
    if not all(isinstance(one, str) and _SHA256.fullmatch(one) for one in sums):
        return "gives no sha256 in 64 small hexadecimal digits."
    return None


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 else None
    except ValueError:
        return None


def _is_contained(text: object) -> bool:
    # plain names alone: no "..", no address, no query, nothing that a server or a shell could read otherwise
    if not isinstance(text, str) or not text.endswith(".csv") or len(text) > 300:
        return False
    return all(_PART.fullmatch(part) for part in text.split("/"))
