"""Times as people type them: `48h`, `1h30m`, `2 weeks`, `2026-12-01`."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time, timedelta

from planner.errors import UsageError
from planner.options.amounts import AmbiguousError, number_of, parted, per_unit, plain
from planner.units import DAYS_PER_YEAR, HOURS_PER_MONTH, SECONDS_PER_HOUR


def hours_or_day(text: str) -> float | str:
    """A limit of time: hours as a number, a day or a day and time as it stands.

    Raises:
        ValueError: it is neither.
    """
    try:
        return duration_of(text, "h")
    except AmbiguousError:
        raise
    except ValueError:
        moment = _moment(text)
        if moment is None:
            raise
        return moment


def duration_of(text: str, unit: str) -> float:
    """A time in the unit that a plain number has: `48h`, `2d`, `90min`, `1.5 h`, `1h30m`, `2 weeks`.

    Raises:
        ValueError: it is none, or may be two.
    """
    if re.search(r"\dM$|\d M$", text):
        raise AmbiguousError(f"{text} may be {text[:-1]}min or {text[:-1]} months")
    text = text.lower()
    parts = re.findall(r"([-+]?[\d.,_]+(?:e[-+]?\d+)?)\s*([a-z]*)[\s,]*(?:and\s+)?", text)
    if len(parts) > 1 and all(_SECONDS.get(name) for _, name in parts):
        whole = r"(?:[\d.,_]+(?:e[-+]?\d+)?\s*[a-z]+[\s,]*(?:and\s+)?)+"
        if re.fullmatch(whole, text):
            return math.fsum(number_of(value) * _SECONDS[name] for value, name in parts) / _SECONDS[unit]
    if re.fullmatch(r"\d+:\d\d", text):
        first, _, second = text.partition(":")
        raise AmbiguousError(f"{text} may be {first}h{second}m or {first}m{second}s")
    value, name = parted(text)
    return value * per_unit(name or unit, _SECONDS) / _SECONDS[unit]


def days_of(text: str) -> int | float:
    """A whole number of days: `30`, `30d`, `2 weeks`, `1y`."""
    days = duration_of(text, "d")
    return int(days) if days.is_integer() else days


def day_of(text: str) -> date:
    """A day: `2026-06-01`, `2026/6/1`, `20260601`.

    Raises:
        ValueError: it is none, or may be two.
    """
    if found := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{4})(\d\d)(\d\d)", text):
        year, month, day = (int(part) for part in found.groups() if part)
        return date(year, month, day)
    if found := re.fullmatch(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", text):
        first, second, year = (int(part) for part in found.groups())
        raise AmbiguousError(f"{text} may be {year}-{first:02}-{second:02} or {year}-{second:02}-{first:02}")
    raise ValueError


def hours_until(limit: float | str, *, as_of: date | None) -> float:
    """Hours of a limit of time: a number of hours, a time such as `48h`, `2d` or `90m`, or a day or time to come.

    Args:
        limit: what was given; a day such as `2026-12-01` means its end.
        as_of: the day, from its start, that days to come are counted from; `None` is now, by the clock of this machine.

    Raises:
        UsageError: it is no such thing, or lies in the past.
    """
    try:
        text = hours_or_day(plain(limit)) if isinstance(limit, str) else limit
    except ValueError:
        raise UsageError(
            "{max_hours} must be a time or a day, not {limit!r}.", argument="max_hours", limit=limit
        ) from None
    if not isinstance(text, str):
        return text
    now = datetime.combine(as_of, time()) if as_of else datetime.now()  # noqa: DTZ005 - the user's own clock
    until = datetime.fromisoformat(text)
    if until.tzinfo is not None:
        until = until.astimezone().replace(tzinfo=None)
    if len(text) == len("2026-12-01"):
        until += timedelta(days=1)  # a day means its end
    if until <= now:
        raise UsageError(
            "{max_hours} {limit} is in the past: it is {now}.",
            argument="max_hours",
            limit=limit,
            now=f"{now:%Y-%m-%d %H:%M}",
        )
    return (until - now).total_seconds() / SECONDS_PER_HOUR


def _moment(text: str) -> str | None:
    """A day, or a day and time, in the spelling of ISO 8601; `None` if the text is neither."""
    try:
        return day_of(text).isoformat()
    except AmbiguousError:
        raise
    except ValueError:
        pass
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


_SECONDS = {
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
    "d": 86_400, "day": 86_400, "days": 86_400,
    "w": 604_800, "week": 604_800, "weeks": 604_800,
    "y": 86_400 * DAYS_PER_YEAR, "year": 86_400 * DAYS_PER_YEAR, "years": 86_400 * DAYS_PER_YEAR,
    "month": 3600 * HOURS_PER_MONTH, "months": 3600 * HOURS_PER_MONTH,
}  # fmt: skip
