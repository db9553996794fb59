"""Which day it is."""

from __future__ import annotations

from datetime import UTC, date, datetime


def current_day() -> date:
    """The day in UTC: price books are dated so, and an age counted in local days could be -1."""
    return datetime.now(UTC).date()
