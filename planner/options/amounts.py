"""Amounts as people type them: `15B`, `300M`, `48h`."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from planner.errors import UsageError
from planner.units import SECONDS_PER_HOUR

_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_TIMES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}


def number_of(text: str) -> float:
    """A count with an optional K, M, B or T: `15B` is 15,000,000,000, `7e9` and `300,000` work too.

    Raises:
        UsageError: the text is no positive number.

    >>> number_of("1.4T")
    1400000000000.0
    """
    found = re.fullmatch(r"([0-9.]+(?:e[+-]?[0-9]+)?)([kmbt]?)", text.strip().lower().replace(",", "").replace("_", ""))
    try:
        value = float(found[1]) * _TIMES[found[2]] if found else 0.0
    except ValueError:
        value = 0.0
    if not 0 < value <= 1e18:
        raise UsageError(f"{text!r} is not a positive number. Write for example 15B, 300M or 7e9.")
    return value


def amount_of(count: float | str | None) -> float | None:
    """The count as a number; `None` stays `None`."""
    return number_of(count) if isinstance(count, str) else count


def number_or_text(text: str) -> float | str:
    """The number, if the text is one; else the text."""
    try:
        return float(text)
    except ValueError:
        return text


def hours_until(limit: float | str, *, as_of: date | None) -> float:
    """Hours of a limit of time: a number of hours, a time such as `48h`, `2d` or `90m`, or a day or time to come.

    Args:
        limit: what was given; a day such as `2026-12-01` means its end.
        as_of: the day, from its start, that days to come are counted from; `None` is now, by the clock of this machine.

    Raises:
        UsageError: it is no such thing, or lies in the past.
    """
    if not isinstance(limit, str):
        return limit
    text = limit.strip()
    if found := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([mhdw])", text):
        hours = float(found[1]) * _SECONDS[found[2]] / SECONDS_PER_HOUR
        if hours > 0:
            return hours
        raise UsageError("{max_hours} must be above 0, not {limit}.", argument="max_hours", limit=limit)
    now = datetime.combine(as_of, time()) if as_of else datetime.now()  # noqa: DTZ005 - the user's own clock
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            "{max_hours} {limit!r} is neither a time like 48h, 2d or 90m nor a date like 2026-12-01.",
            argument="max_hours",
            limit=limit,
        ) from None
    if until.tzinfo is not None:
        until = until.astimezone().replace(tzinfo=None)
    if len(text) == 10:
        until += timedelta(days=1)  # a day means its end
    if until <= now:
        raise UsageError(
            "{max_hours} {limit} is in the past: it is {now}.",
            argument="max_hours",
            limit=limit,
            now=f"{now:%Y-%m-%d %H:%M}",
        )
    return (until - now).total_seconds() / SECONDS_PER_HOUR
