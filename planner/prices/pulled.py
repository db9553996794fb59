"""What the last pull of each address brought, `pulled.json` in the data folder; without it, everything is asked for again.

It holds the entity tag of the index, when that was published, and which published book of each provider has landed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from planner.model.frozen import dataclass
from planner.outside.documents import json_of
from planner.outside.files import bytes_of
from planner.prices.books import book_paths
from planner.prices.published import PublishedBook, moment_text
from planner.prices.snapshots import write_durably

FILE_NAME = "pulled.json"
SCHEMA = "planner.pulled/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPull:
    """The last pull of an address; `landed` has day and checksum of a published book by provider.

    `etag` is kept only of an index whose every book has landed.
    """

    published_at: datetime | None
    etag: str | None
    landed: dict[str, tuple[date, str]]

    def has(self, book: PublishedBook) -> bool:
        """Whether that book is the one that has landed."""
        return self.landed.get(book.provider) == (book.day, book.sha256)


NO_PULL = LastPull(published_at=None, etag=None, landed={})


def last_pull(data_dir: Path, address: str) -> LastPull:
    """The last pull of that address, without the books that are no longer here; `NO_PULL` if nothing is known of it."""
    entry = _read(data_dir / FILE_NAME).get(address)
    try:
        found = _last_pull(entry)
    except (TypeError, KeyError, ValueError):
        return NO_PULL
    here = {name: day_here(data_dir, name) for name in found.landed}
    landed = {
        name: (day, checksum) for name, (day, checksum) in found.landed.items() if (here[name] or date.min) >= day
    }
    return replace(found, landed=landed, etag=found.etag if landed.keys() == found.landed.keys() else None)


def write_last_pull(data_dir: Path, address: str, last: LastPull) -> None:
    """Note what a pull of that address brought, beside what is known of others.

    Raises:
        OutputError: it cannot be written.
    """
    entry = {
        "published_at": moment_text(last.published_at) if last.published_at else None,
        "etag": last.etag,
        "landed": {name: [day.isoformat(), checksum] for name, (day, checksum) in sorted(last.landed.items())},
    }
    content = {"schema": SCHEMA, "addresses": {**_read(data_dir / FILE_NAME), address: entry}}
    write_durably(data_dir / FILE_NAME, (json.dumps(content, indent=2) + "\n").encode())


def day_here(data_dir: Path, provider: str) -> date | None:
    """The day of the newest book of a provider, shipped or the user's own; `None` if there is none."""
    days = [path.stem[:10] for path in book_paths(data_dir, provider)]
    return date.fromisoformat(max(days)) if days else None


def _last_pull(entry: Any) -> LastPull:
    moment, etag = entry["published_at"], entry["etag"]
    return LastPull(
        published_at=datetime.fromisoformat(moment) if moment else None,
        etag=etag if isinstance(etag, str) else None,
        landed={
            str(name): (date.fromisoformat(day), str(checksum)) for name, (day, checksum) in entry["landed"].items()
        },
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json_of(bytes_of(path))
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        return {}
    addresses = content.get("addresses")
    return addresses if isinstance(addresses, dict) else {}
