"""The interface of a provider's adapter: `fetch` saves raw pages from the cloud, `parse` turns pages into offers.

`fetch` is the only place that opens a connection; `parse` is pure, so a refresh can be repeated from saved pages
without a network. Pages are kept as the bytes that came over the wire, less anything secret.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from planner.errors import ProviderError
from planner.model.records import HeldBack, Offer, Purchase, Unpriced
from planner.outside.documents import json_of
from planner.outside.files import MOST_UNPACKED_BYTES, bytes_of
from planner.outside.words import page_without_secrets
from planner.paths import contained

MOST_BYTES = 2 * 1024**3
"""All pages of one fetch together; today's largest has some 100 MB."""

MOST_PAGE_BYTES = MOST_UNPACKED_BYTES
"""A page that is read as a whole, packed or not; somebody may have saved a list of all prices in one file, some 60 MB."""

_REGION = re.compile(r"[A-Za-z0-9-]{1,60}")

Report = Callable[[str], None]
"""Called by `fetch` with one short line a step ("us-east-1: 5 pages"); shown as progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """The order for a fetch. Empty `regions` or `purchases` mean all; the timeout holds for each page as a whole."""

    regions: tuple[str, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The origin of prices, written into the sidecar of a price book."""

    name: str
    observed_on: date
    address: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPrices:
    """Offers and notes parsed from the pages of one provider, before the checks.

    `unknown_gpus` names GPUs or families no table row stands for, with the number of rows each.
    `gaps` says what could not be fetched and which permission or variable is missing. `ended` names kinds of purchase that
    the provider has stopped selling: that none of their offers came is no sign of a broken fetch.
    """

    offers: tuple[Offer, ...]
    held_back: tuple[HeldBack, ...] = ()
    unpriced: tuple[Unpriced, ...] = ()
    unknown_gpus: tuple[tuple[str, int], ...] = ()
    sources: tuple[Source, ...] = ()
    gaps: tuple[str, ...] = ()
    ended: tuple[Purchase, ...] = ()


class Provider(Protocol):
    """One cloud. Built-in ones are lines in `planner.prices.registry`; others use the entry point `planner.providers`."""

    name: str

    def fetch(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        """Save every page the request needs; raise `ProviderError` if the cloud does not give a complete answer.

        What needs an account that is not there is noted with `pages.add_gap`, and the rest goes on.
        """

    def parse(self, pages: RawPages) -> ParsedPrices:
        """Turn saved pages into offers; no network, no clock, the same pages give the same offers."""

    def credentials(self) -> str:
        """One line: which credentials were found or which variable is missing. Never shows a secret."""


class RawPages:
    """The folder of raw pages of one fetch: files by name plus a manifest written last.

    A folder without a manifest is an interrupted fetch and is never parsed.
    """

    def __init__(self, folder: Path) -> None:
        """Use `folder`; it is made on the first save."""
        self.folder = folder
        self._gaps: list[str] = []
        self._bytes = 0
        self._is_over = False

    def save(self, name: str, body: bytes) -> None:
        """Keep one page under a relative name such as `us-east-1/get_products-001.json`; secrets that it repeats are blotted out.

        Raises:
            ProviderError: the name leads out of the folder, or there is no room for the page.
        """
        path = self.place(name)
        body = page_without_secrets(body)
        self.make_room(len(body))
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".part")
        temporary.write_bytes(body)
        temporary.replace(path)

    def make_room(self, size: int) -> None:
        """Count so many bytes that are about to be written; of a large file, part by part.

        Raises:
            ProviderError: the fetch has grown too large, would fill the disk, or has been given up.
        """
        self._bytes += size
        if self._is_over:
            raise ProviderError("The fetch has been given up: nothing more is saved.")
        if self._bytes > MOST_BYTES:
            raise ProviderError(f"The pages have more than {MOST_BYTES:,} bytes together; not fetched further.")
        folder = next(path for path in (self.folder, *self.folder.parents) if path.is_dir())
        free = shutil.disk_usage(folder).free
        if 2 * size > free:
            raise ProviderError(f"No room for {size:,} bytes below {self.folder}: the disk has {free:,} left.")

    def give_up(self) -> None:
        """Save nothing from now on: whoever waited for the fetch has left."""
        self._is_over = True

    def place(self, name: str) -> Path:
        """The path of the page of that name.

        Raises:
            ProviderError: the name leads out of the folder.
        """
        return contained(self.folder, name)

    def add_gap(self, what: str) -> None:
        """Records that something could not be fetched, and what was missing for it."""
        self._gaps.append(what)

    def regions_named(self, codes: Collection[str]) -> list[str]:
        """Those of a cloud's region codes that can be names of regions, sorted; what cannot be is noted as a gap."""
        named = {code for code in codes if _REGION.fullmatch(code)}
        for code in sorted(set(codes) - named):
            self.add_gap(f"prices of a region {code[:80]!r}: not asked for, no region has such a name")
        return sorted(named)

    def finish(self, *, provider: str, observed_at: datetime, request: FetchRequest) -> None:
        """Write the manifest: from now on the folder counts as a complete fetch."""
        manifest = {
            "schema": "planner.raw/1",
            "provider": provider,
            "observed_at": observed_at.isoformat(),
            "regions": list(request.regions),
            "purchases": [str(purchase) for purchase in request.purchases],
            "gaps": self._gaps,
            "pages": sorted(self._names()),
        }
        path = self.folder / "manifest.json"
        temporary = path.with_suffix(".part")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(manifest, file, indent=2, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def manifest(self) -> dict[str, object]:
        """The manifest of a complete fetch.

        Raises:
            ProviderError: there is none; the fetch was interrupted.
        """
        path = self.folder / "manifest.json"
        try:
            content = json_of(bytes_of(path))
        except FileNotFoundError:
            raise ProviderError(
                f"{self.folder} holds no manifest.json: the fetch was interrupted. Run: planner refresh"
            ) from None
        except OSError as error:
            raise ProviderError(f"Cannot read {path}: {error.strerror}.") from error
        except ValueError as error:
            raise ProviderError(f"{path} is not valid JSON ({error}). Delete the folder and fetch again.") from error
        if not isinstance(content, dict) or content.get("schema") != "planner.raw/1":
            raise ProviderError(f"{path} is not a manifest of raw pages this version reads.")
        return content

    def read(self, name: str) -> bytes:
        """The bytes of one page."""
        return self.place(name).read_bytes()

    def pages(self, pattern: str) -> Iterator[tuple[str, bytes]]:
        """Name and bytes of every page whose name matches the glob, in name order."""
        for path in sorted(self.folder.glob(pattern)):
            if path.is_file():
                size = path.stat().st_size
                if size > MOST_PAGE_BYTES:
                    raise ProviderError(f"{path} has {size:,} bytes: no page has more than {MOST_PAGE_BYTES:,}.")
                yield path.relative_to(self.folder).as_posix(), path.read_bytes()

    def _names(self) -> Iterator[str]:
        for path in self.folder.rglob("*"):
            if path.is_file() and path.suffix != ".part" and path.name != "manifest.json":
                yield path.relative_to(self.folder).as_posix()
