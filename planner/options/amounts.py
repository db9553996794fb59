"""Amounts as people type them: `15B`, `50,000`, `60%`, `$20`, `48h`, `1.5 TB`.

Functions that turn a text into a number. What may mean two things is refused with both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping


class AmbiguousError(ValueError):
    """The text may mean several things; the message names them."""


def plain(text: str) -> str:
    """The text with the signs of a keyboard: one kind of dash, blank, quote and times sign, and no blanks around it."""
    text = text.strip()
    return text if text.isascii() else text.translate(_KEYBOARD).strip()


def number_of(text: str) -> float:
    """The number of a text: `90`, `1.5`, `50k`, `15B`, `50,000`, `50_000`, `7e9`, `2 million`.

    Raises:
        ValueError: it is none, or may be two.

    >>> number_of("1.4T")
    1400000000000.0
    """
    value, unit = parted(text)
    return value * per_unit(unit, _TIMES)


def count_of(text: str) -> float:
    """A count of things, of which there are no parts: 50.000 may be fifty thousand.

    Raises:
        ValueError: it is no number, or may be two.
    """
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text):
        raise AmbiguousError(f"{text} may be {float(text):g} or {text.replace('.', ',')}")
    return number_of(text)


def whole_of(text: str) -> int | float:
    """A whole number; one with a fraction stays as it is, and is refused with the range."""
    value = count_of(text)
    return int(value) if value.is_integer() else value


def size_of(text: str) -> int | float:
    """A whole number that people round to powers of two: 4k may be 4,000 or 4,096.

    Raises:
        ValueError: it is no number, or may be two.
    """
    value, unit = parted(text)
    if unit == "k":
        raise AmbiguousError(f"{text} may be {value * 1000:,.10g} or {value * 1024:,.10g}")
    return whole_of(text)


def fraction_of(text: str) -> float:
    """A fraction: `0.6`, `60%`, `60 percent`.

    >>> fraction_of("60 %")
    0.6
    """
    value, unit = parted(text)
    return value / 100 if unit in _PERCENT else value * per_unit(unit, {"": 1, "x": 1})


def per_hour_of(text: str) -> float:
    """A rate an hour: `0.05`, `5%/h`, `2/day`.

    Raises:
        ValueError: it is none, or a percentage of no time.
    """
    found = re.fullmatch(r"(.*?)\s*(?:/|per|an?)\s*(h|hour|d|day)", text.lower())
    if found is None:
        value, unit = parted(text)
        if unit in _PERCENT:
            raise AmbiguousError(f"{text} may be {value:g}%/hour or {value:g}%/day")
        return number_of(text)
    return fraction_of(found[1]) / (24 if found[2][0] == "d" else 1)


def usd_of(text: str) -> float:
    """An amount in USD: `20`, `$20`, `20 USD`, `$1,500`, `1.5k`, `$2.50/h`.

    Raises:
        ValueError: it is none, or one in another currency.
    """
    value, code = money_of(text)
    if code not in ("", "USD"):
        raise ValueError(f"{text} is in {code}, and this is in USD")
    return value


def usd_per_kwh_of(text: str) -> float:
    """A price of electricity in USD per kWh: `0.15`, `$0.15/kWh`, `15 cents`."""
    text = re.sub(r"\s*(?:/|per)\s*kwh$", "", text.lower())
    cents = re.sub(r"\s*(?:\u00a2|ct|cents?)$", "", text)
    return usd_of(text) if cents == text else number_of(cents) / 100


def money_of(text: str) -> tuple[float, str]:
    """An amount and the code of its currency, empty where none stands: `EUR 20`, `€20`, `20`.

    Raises:
        ValueError: it is no amount.

    >>> money_of("20 EUR")
    (20.0, 'EUR')
    """
    bare = re.sub(r"\s*(?:/|\bper\b|\ban?\b)\s*(?:gpu[- ]?)?(?:h|hr|hour|month|mo|run)$", "", text, flags=re.IGNORECASE)
    sign = r"us\$|\$|\u20ac|\u00a3|\u00a5|dollars?|euros?|[a-z]{3}"
    found = re.fullmatch(rf"(?P<before>{sign})?\s*(?P<amount>[-+]?[\d.].*?)\s*(?P<after>{sign})?", bare, re.IGNORECASE)
    if found is None:
        raise ValueError
    named = [_CURRENCIES.get(one.lower(), one.upper()) for one in (found["before"], found["after"]) if one]
    if len(set(named)) > 1:
        raise ValueError
    amount = found["amount"]
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", amount):
        raise AmbiguousError(f"{amount} may be {float(amount):g} or {amount.replace('.', ',')}")
    return number_of(amount), named[0] if named else ""


def cost_of(text: str) -> float | str:
    """An amount in the shown currency, or with its own: `20` as a number, `€20` as the text `20.0 EUR`."""
    value, code = money_of(text)
    return f"{value!r} {code}" if code else value


def months_of(text: str) -> float:
    """Months: `36`, `3 years`, `18mo`."""
    value, unit = parted(text)
    return value * per_unit(unit.lower(), _MONTHS)


def gigabytes_of(text: str) -> float:
    """Gigabytes of 1e9 bytes: `150`, `150GB`, `1.5 TB`, `100 GiB`."""
    value, unit = parted(text)
    return value * per_unit(unit.lower(), _GIGABYTES)


def watts_of(text: str) -> float:
    """Watts: `450`, `450W`, `1.2 kW`."""
    value, unit = parted(text)
    return value * per_unit(unit.lower(), {"": 1, "w": 1, "watt": 1, "watts": 1, "kw": 1000})


def millions_of(text: str) -> float:
    """Millions: a plain number counts them, `25M` and `7B` count one by one."""
    value, unit = parted(text)
    return value * per_unit(unit, _TIMES) / (1e6 if unit else 1)


def flag_of(text: str) -> bool:
    """Yes or no: `true`, `yes`, `on`, `1`, and their opposites.

    Raises:
        ValueError: it is neither.
    """
    found = _FLAGS.get(text.lower())
    if found is None:
        raise ValueError
    return found


def parted(text: str) -> tuple[float, str]:
    """The number at the head of a text, and the unit behind it as it stands.

    Raises:
        ValueError: there is no number, or it may be two.
    """
    try:
        value = float(text)
    except ValueError:
        found = re.match(r"[-+]?(?:\d[\d,._' ]*\d|\d|\.\d+)(?:e[-+]?\d+)?", text, re.IGNORECASE)
        if found is None:
            raise ValueError from None
        return _grouped(found[0]), text[found.end() :].strip()
    if re.fullmatch(r"[1-9]\d{0,2}\.000", text):  # nobody writes 20.000 for 20
        raise AmbiguousError(f"{text} may be {value:g} or {text.replace('.', ',')}")
    return value, ""


def _grouped(text: str) -> float:
    """A number whose thousands may be parted by commas, blanks, `_` or `'`, or several times by points."""
    if re.fullmatch(r"[-+]?\d{1,3}(\.\d{3}){2,}", text):
        return float(text.replace(".", ""))
    if re.fullmatch(r"[-+]?\d{1,3}([,_' ]\d{3})+(\.\d+)?", text):
        return float(re.sub(r"[,_' ]", "", text))
    if re.fullmatch(r"[-+]?\d+,\d+", text):
        raise AmbiguousError(f"{text} may be {text.replace(',', '.')} or {text.replace(',', '')}")
    return float(text)


def per_unit(unit: str, units: Mapping[str, float]) -> float:
    """How many of the plain unit one of this unit is.

    Raises:
        ValueError: there is no such unit here.
    """
    known = units.get(unit, units.get(unit.lower()))
    if known is None:
        raise ValueError
    return known


_KEYBOARD = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u00a0\u2009\u202f\u2007\u3000", " "),
        **dict.fromkeys("\u00d7\u2715\u2a2f", "x"),
        **dict.fromkeys("\u2018\u2019\u02bc", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", None),
        **dict.fromkeys("\u200b\u200e\u200f\ufeff", None),
    }
)
"""Signs that editors and web pages put where a keyboard has another."""

_TIMES = {
    "": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12, "thousand": 1e3, "million": 1e6, "mio": 1e6, "mn": 1e6,
    "billion": 1e9, "bn": 1e9, "trillion": 1e12,
}  # fmt: skip
_PERCENT = ("%", "percent", "per cent", "pct")
_CURRENCIES = {
    "$": "USD", "us$": "USD", "dollar": "USD", "dollars": "USD", "\u20ac": "EUR", "euro": "EUR", "euros": "EUR", "\u00a3": "GBP",
    "\u00a5": "JPY",
}  # fmt: skip
_MONTHS = {
    "": 1, "m": 1, "mo": 1, "month": 1, "months": 1, "y": 12, "yr": 12, "yrs": 12, "year": 12, "years": 12,
}  # fmt: skip
_GIGABYTES = {
    "": 1, "gb": 1, "g": 1, "mb": 1e-3, "tb": 1e3, "t": 1e3, "pb": 1e6,
    "mib": 2**20 / 1e9, "gib": 2**30 / 1e9, "tib": 2**40 / 1e9,
}  # fmt: skip
_FLAGS = {
    **dict.fromkeys(("true", "yes", "y", "on", "1", "1.0"), True),
    **dict.fromkeys(("false", "no", "n", "off", "0", "0.0"), False),
}
