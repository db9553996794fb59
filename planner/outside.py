"""Text and JSON from outside, read into what the rest may trust; everything that is wrong with them is a `ValueError`."""

from __future__ import annotations

import json
import re
from typing import Any

_LONG_NUMBER = re.compile(r"\d{19}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


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
        raise ValueError(f"it is not UTF-8 (byte {error.start})") from None


def json_of(document: bytes | str) -> Any:
    """The content of a JSON document, with texts that can be written again and numbers that a float can hold or is infinite.

    Raises:
        ValueError: it is not UTF-8, cut off, not JSON, nested too deeply, or holds NaN; the message is for a person.
    """
    text = text_of(document) if isinstance(document, bytes) else document.removeprefix("\ufeff")
    # numbers of many digits and halves of characters are rare, and looking for them takes a tenth of reading
    as_whole = _whole if _LONG_NUMBER.search(text) else None
    try:
        content = json.loads(text, parse_int=as_whole, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return _with_whole_characters(content) if _HALF_CHARACTER.search(text) else content


def toml_of(document: bytes | str) -> dict[str, Any]:
    """The content of a TOML document.

    Raises:
        ValueError: it is not UTF-8, not TOML, or nested too deeply; the message is for a person.
    """
    import tomllib  # noqa: PLC0415 - few commands read any

    text = text_of(document) if isinstance(document, bytes) else document.removeprefix("\ufeff")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def whole_characters(text: str) -> str:
    """The text with a mark for each lone surrogate, which no file and no terminal takes."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 300 else float(digits)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _with_whole_characters(content: Any) -> Any:
    if isinstance(content, str):
        return whole_characters(content)
    if isinstance(content, list):
        return [_with_whole_characters(one) for one in content]
    if isinstance(content, dict):
        return {whole_characters(name): _with_whole_characters(one) for name, one in content.items()}
    return content
