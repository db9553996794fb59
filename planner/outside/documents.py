"""Text, JSON and TOML from outside; everything that is wrong with them is a `ValueError`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

MOST_DIGITS = 308
"""Of a whole number: one of more is not below the largest float."""

MOST_VALUES = 5_000_000
"""Of a JSON document: three bytes of it may be a hundred of memory, so that its size alone is no bound."""

MOST_PARTS_OF_A_KEY = 50
"""Of a TOML document, `a.b.c`: the library takes the square of their number."""

_LONG_NUMBER = re.compile(r"\d{19}")
_PART = re.compile(r"[\w-][ \t]*\.")
_STRING = re.compile(r""""(?:[^"\\]|\\.)*(?:"|\\?$)|'[^']*(?:'|$)""")  # one without an end ends with its line
_LONG_WORD = re.compile(r"\w{256}")  # of digits of any base


def text_of(body: bytes) -> str:
    """The text in UTF-8, without the byte-order mark that it may begin with.

    Raises:
        ValueError: it is in another encoding; the message is for a person.
    """
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError("it is UTF-16, not UTF-8")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text (byte {error.start})") from None


def json_of(document: bytes | str) -> Any:
    """The content of a JSON document, with no whole number that a float cannot hold.

    As other readers do, it takes NaN and infinite numbers: whoever needs a finite one checks it.

    Raises:
        ValueError: it is not UTF-8, cut off, not JSON, or nested too deeply; the message is for a person.
    """
    text = text_of(document) if isinstance(document, bytes) else document.removeprefix("\ufeff")
    if text.count(",") + text.count("[") + text.count("{") > MOST_VALUES:
        raise ValueError(f"it has more than {MOST_VALUES:,} values")
    # numbers of many digits are rare, and looking for them takes a tenth of reading
    as_whole = _whole if _LONG_NUMBER.search(text) else None
    try:
        return json.loads(text, parse_int=as_whole)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def toml_of(document: bytes | str) -> dict[str, Any]:
    """The content of a TOML document, with no whole number that a float cannot hold.

    Raises:
        ValueError: it is not UTF-8, not TOML, nested too deeply, or holds a larger number; the message is for a person.
    """
    import tomllib  # noqa: PLC0415 - few commands read any

    text = text_of(document) if isinstance(document, bytes) else document.removeprefix("\ufeff")
    if any(_parts(line) > MOST_PARTS_OF_A_KEY for line in text.splitlines()):
        raise ValueError(f"it has a key of more than {MOST_PARTS_OF_A_KEY} parts")
    try:
        content = tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _LONG_WORD.search(text) and any(
        isinstance(value, int) and abs(value) >= 10**MOST_DIGITS for value in _values(content)
    ):
        raise ValueError(f"it has a whole number of more than {MOST_DIGITS} digits")
    return content


def _parts(line: str) -> int:
    """Words with a dot behind them in a line of TOML, strings taken as words: no key in it has more parts."""
    if line.count(".") <= MOST_PARTS_OF_A_KEY:
        return 0
    return len(_PART.findall(_STRING.sub("s", line).partition("#")[0]))


def _values(content: Any) -> Iterator[Any]:
    left = [content]
    while left:
        found = left.pop()
        if isinstance(found, dict):
            left += found.values()
        elif isinstance(found, list):
            left += found
        else:
            yield found


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)
