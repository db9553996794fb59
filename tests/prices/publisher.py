"""A folder of published price books made by hand for tests, so that any part of it can be wrong."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

from tests.builders import a_snapshot, an_offer

TODAY = datetime.now(UTC).date()


class Publisher:
    """Books and the entries of their index; `index` writes it."""

    def __init__(self, folder):
        self.folder = folder
        self.entries = {}

    def book(self, provider, *offers, day=TODAY, **sidecar):
        """Write a book and its entry; returns the entry, which a test may spoil."""
        offers = offers or [an_offer(provider=provider, observed_on=day)]
        path = a_snapshot(self.folder, *offers, provider=provider, stem=day.isoformat(), **sidecar)
        return self.enter(provider, path, day)

    def enter(self, provider, path, day=TODAY):
        """The entry of a book that lies in the folder."""
        body = path.read_bytes()
        self.entries[provider] = {
            "provider": provider,
            "date": day.isoformat(),
            "file": path.relative_to(self.folder).as_posix(),
            "rows": body.count(b"\n") - 1,
            "sha256": hashlib.sha256(body).hexdigest(),
            "sidecar_sha256": hashlib.sha256(path.with_suffix(".json").read_bytes()).hexdigest(),
        }
        return self.entries[provider]

    def index(self, *, hours_ago=0, **changes):
        """Write the index of the books so far."""
        moment = datetime.now(UTC) - timedelta(hours=hours_ago)
        content = {
            "schema": "planner.books/1",
            "published_at": moment.isoformat(timespec="seconds"),
            "books": list(self.entries.values()),
            **changes,
        }
        temporary = self.folder / "latest.json.new"
        temporary.write_text(json.dumps(content))
        temporary.replace(self.folder / "latest.json")
