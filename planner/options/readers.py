"""The kinds of amount that options take: how a text of each is read, and what a message says of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from planner.errors import Message
from planner.options.amounts import (
    cost_of,
    count_of,
    flag_of,
    fraction_of,
    gigabytes_of,
    millions_of,
    months_of,
    number_of,
    per_hour_of,
    plain,
    size_of,
    usd_of,
    usd_per_kwh_of,
    watts_of,
    whole_of,
)  # fmt: skip
from planner.options.times import day_of, days_of, duration_of, hours_or_day


class Reader:
    """Turns a text into the value of an option; a `ValueError` says, as the rest of a sentence, why it cannot.

    Args:
        read: from a text without blanks around it to the value.
        what: what the text must be, after an article: `a number of seconds`.
        examples: texts that are understood, for messages.
        metavar: what stands for the value in `--help`.
    """

    __slots__ = ("examples", "metavar", "read", "what")

    def __init__(self, read: Callable[[str], Any], what: str, examples: str | Message, metavar: str) -> None:
        self.read = read
        self.what = what
        self.examples = examples
        self.metavar = metavar

    def __call__(self, text: str) -> Any:
        """The value of a text, blanks and dashes in any spelling."""
        return self.read(plain(text))


def amount_of(count: float | str | None) -> float | None:
    """The count as a number; `None` stays `None`."""
    return COUNT(count) if isinstance(count, str) else count


NUMBER = Reader(number_of, "a number", "90, 1.5 or 50k", "NUMBER")
COUNT = Reader(count_of, "a number", "15B, 300M, 50,000 or 7e9", "COUNT")
WHOLE = Reader(whole_of, "a whole number", "8 or 1,024", "NUMBER")
SIZE = Reader(size_of, "a whole number", "4096 or 32,000", "NUMBER")
MILLIONS = Reader(millions_of, "a number of millions", "25.6 or 25.6M", "MILLIONS")
FRACTION = Reader(fraction_of, "a fraction", "0.6 or 60%", "FRACTION")
FACTOR = Reader(fraction_of, "a factor", "1.2 or 120%", "FACTOR")
PER_HOUR = Reader(per_hour_of, "a number an hour", "0.05, 2/day or 10%/day", "RATE")
USD_LIMIT = Reader(usd_of, "an amount in USD", Message("20, $20 or 20 USD; other currencies with {max_cost}"), "USD")
USD = Reader(usd_of, "an amount in USD", "20, $20 or 20 USD", "USD")
USD_PER_KWH = Reader(usd_per_kwh_of, "USD per kWh", "0.15, $0.15 or 15 cents", "USD")
COST = Reader(cost_of, "an amount", "20, 20 EUR or $20", "AMOUNT")
SECONDS = Reader(partial(duration_of, unit="s"), "a number of seconds", "600, 10min or 2h", "SECONDS")
HOURS = Reader(partial(duration_of, unit="h"), "a number of hours", "200 or 200h", "HOURS")
DAYS = Reader(days_of, "a number of days", "30, 30d or 2 weeks", "DAYS")
MONTHS = Reader(months_of, "a number of months", "36 or 3 years", "MONTHS")
DEADLINE = Reader(hours_or_day, "a time or a day", "48, 48h, 2d, 90min or 2026-12-01", "TIME")
GIGABYTES = Reader(gigabytes_of, "a size in GB", "150, 150GB or 1.5TB", "GB")
WATTS = Reader(watts_of, "a number of watts", "450, 450W or 1.2kW", "WATTS")
DAY = Reader(day_of, "a day", "2026-06-01", "DAY")
FLAG = Reader(flag_of, "yes or no", "yes or no", "")
