"""What somebody else says, without credentials and without what a terminal would obey."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator

_SECRET_WORDS = ("SECRET", "TOKEN", "PASSWORD", "KEY", "CREDENTIAL")
_SHORTEST_SECRET = 8
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
    from urllib.parse import quote  # noqa: PLC0415 - only where somebody else says something

    for name, value in _secrets():
        for form in {value, quote(value, safe=""), json.dumps(value)[1:-1]}:
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
    return "".join(char if char.isprintable() else "?" for char in " ".join(without_secrets(text).split()))


def _secrets() -> Iterator[tuple[str, str]]:
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and any(word in name.upper() for word in _SECRET_WORDS):
            yield name, value
