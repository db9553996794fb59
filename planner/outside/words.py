"""What somebody else says, without credentials and without what a terminal would obey."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator

_SECRET_WORDS = ("SECRET", "TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE", "KEY", "CREDENTIAL")
_SHORTEST_SECRET = 8
_MOST_SAID = 10_000
"""Characters of what somebody else says: a message is for a person."""

_CREDENTIALS = (
    r"((?:[Bb]earer|BEARER|[Bb]asic|BASIC)[ +])(?=\S{16})[\w.~+/%=-]{8,}",
    r"([?&](?i:key|api_?key|access_token|client_secret|password|sig|signature|x-amz-(?:signature|security-token|credential))=)"
    r"[\w.~+/%=-]{8,}",
    r"()eyJ[\w-]{16,}\.[\w-]{8,}\.[\w-]*",
    r"()ya29\.[\w-]{16,}",
)
"""What a header or an address carries to be let in, and tokens that are told by their form; compiled when a text is cleaned."""


def without_secrets(text: str) -> str:
    """The text without credentials: the values of environment variables that look secret, and what headers and addresses carry.

    Adapters do not put credentials into messages; this is for a library or a service that repeats them.
    """
    for name, value in _secrets():
        for form in _spellings(value):
            text = text.replace(form, f"<{name}>")
    for credential in _CREDENTIALS:
        text = re.sub(credential, r"\1<secret>", text)
    return text


def page_without_secrets(body: bytes) -> bytes:
    """The bytes of a page without credentials; a packed page, and bytes that are no text, stay as they are."""
    text = body.decode(errors="surrogateescape")
    clean = without_secrets(text)
    return body if clean is text or clean == text else clean.encode(errors="surrogateescape")


def said_plainly(text: str) -> str:
    """What somebody else says as one line for a person: no credentials, no line ends, nothing that a terminal would obey.

    >>> said_plainly("no \\x1b[31mkey\\r\\n given")
    'no ?[31mkey given'
    """
    clean = without_secrets(text)
    if len(clean) > _MOST_SAID:
        clean = f"{clean[:_MOST_SAID]} ..."
    return "".join(char if char.isprintable() else "?" for char in " ".join(clean.split()))


def _secrets() -> Iterator[tuple[str, str]]:
    """Names and values of variables that look secret, without the blanks that files of secrets end with; passwords of proxies."""
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415 - only where somebody else says something

    for name, given in os.environ.items():
        value = given.strip()
        if name.upper().endswith("_PROXY"):
            with contextlib.suppress(ValueError):
                value = unquote(urlsplit(value).password or "")
        elif not any(word in name.upper() for word in _SECRET_WORDS):
            continue
        if len(value) >= _SHORTEST_SECRET:
            yield name, value


def _spellings(value: str) -> set[str]:
    """A secret as it is, and as it stands in addresses and JSON."""
    from urllib.parse import quote, quote_plus  # noqa: PLC0415 - as above

    # a byte of a variable that is no text stands for itself
    quoted = {way(value, safe=safe, errors="surrogateescape") for way in (quote, quote_plus) for safe in ("", "/")}
    lower = {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), one) for one in quoted}
    in_json = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    return {value, *quoted, *lower, *in_json, *(one.replace("/", "\\/") for one in in_json)}
