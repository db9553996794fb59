"""Reads the folder of raw pages that a fetch left, for the parsers."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from planner.errors import ProviderError
from planner.model.records import Purchase
from providers.base import MOST_PAGE_BYTES, RawPages
from providers.http import json_document


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """When pages were fetched, what was asked for (empty means all) and what could not be had."""

    observed_at: datetime
    regions: tuple[str, ...]
    purchases: tuple[Purchase, ...]
    gaps: tuple[str, ...]


def fetched(pages: RawPages) -> Fetched:
    """The manifest of a fetch as a record; a moment without a time zone is taken as UTC.

    Raises:
        ProviderError: there is no manifest, so the fetch was interrupted.
    """
    manifest = pages.manifest()
    try:
        moment = datetime.fromisoformat(str(manifest["observed_at"]))
        return Fetched(
            observed_at=moment if moment.tzinfo else moment.replace(tzinfo=UTC),
            regions=_texts(manifest.get("regions")),
            purchases=tuple(Purchase(name) for name in _texts(manifest.get("purchases"))),
            gaps=_texts(manifest.get("gaps")),
        )
    except (KeyError, ValueError) as error:
        raise ProviderError(f"The manifest of the pages lacks or spoils a field ({error}). Fetch again.") from error


def json_pages(pages: RawPages) -> Iterator[tuple[str, Any]]:
    """Name and content of every saved page, in name order; pages may be gzipped.

    Raises:
        ProviderError: a page is not JSON, or damaged.
    """
    for name, body in pages.pages("**/*"):
        if name != "manifest.json" and not name.endswith(".part"):
            yield name, json_document(_unpacked(body, name), name)


def _unpacked(body: bytes, name: str) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            text = file.read(MOST_PAGE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ProviderError(f"{name} is damaged or cut off ({error}).") from error
    if len(text) > MOST_PAGE_BYTES:
        raise ProviderError(f"{name} has more than {MOST_PAGE_BYTES:,} bytes unpacked: no page has so many.")
    return text


def _texts(values: object) -> tuple[str, ...]:
    return tuple(str(value) for value in values) if isinstance(values, list) else ()
