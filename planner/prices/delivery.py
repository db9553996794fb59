"""One provider's prices on their way into a book: fetched now, or parsed again from raw pages saved before.

Raw pages lie under `<data folder>/raw/<provider>/<moment>/`. A fetch that did not end has no manifest there and is
never parsed; the next refresh clears it away.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.errors import NotAskedError, ProviderError
from planner.model.frozen import dataclass
from planner.model.records import Purchase
from planner.prices.changes import PlaceKey
from planner.prices.given_prices import given_prices
from planner.prices.registry import fetch_in_time, fetch_request, load_provider, prices_kind, raw_pages

if TYPE_CHECKING:
    from providers.base import ParsedPrices, RawPages, Report


MOST_TIMEOUTS = 120
"""The whole fetch of a provider may take so many times the time limit of a page: an hour, by default."""


CLOCK_SLACK = timedelta(days=1)
"""What two clocks may differ by, zones included."""


class Reach(StrEnum):
    """How to treat offers that a delivery does not list, from "gone" to "unknown"."""

    COMPLETE = "complete"  # they are gone
    PER_REGION = "per region"  # they are gone where their region and purchase is listed at all, else unknown
    LISTED_ONLY = "listed only"  # nothing, but for those the delivery names as gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Parsed prices of one provider, and the offers that they replace.

    Empty `regions` or `purchases` mean all. `sources`, `excludes` and `retired` go into the sidecar as they are. `gone`
    are offers that it saw vanish, `notes` is what people should know of it, `paths` are the files it was read from.
    """

    provider: str
    observed_at: datetime
    parsed: ParsedPrices
    regions: tuple[str, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    reach: Reach = Reach.COMPLETE
    gone: frozenset[PlaceKey] = frozenset()
    notes: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    sources: tuple[dict[str, Any], ...]
    excludes: tuple[dict[str, Any], ...] = ()
    retired: tuple[dict[str, Any], ...] = ()


def check_day(delivery: Delivery, now: datetime) -> None:
    """Raises an error for prices of a day that has not come.

    Raises:
        ProviderError: no refresh could replace them until then.
    """
    day = max([delivery.observed_at.date(), *(offer.observed_on for offer in delivery.parsed.offers)])
    if day > (now + CLOCK_SLACK).date():
        raise ProviderError(
            "The prices are said to be of {day}, a day that has not come: no refresh could replace them until then. Correct "
            "the day ({observed_on}), or the clock.",
            argument="observed_on",
            day=day.isoformat(),
        )


def fetch_delivery(
    provider: str,
    folder: Path,
    *,
    now: datetime,
    regions: tuple[str, ...],
    purchases: tuple[Purchase, ...],
    timeout_seconds: float,
    report: Report,
) -> Delivery:
    """Fetch raw pages into a new folder below `folder`, and parse them."""
    adapter = load_provider(provider)
    request = fetch_request(regions, purchases, timeout_seconds)
    pages = raw_pages(_new_folder(folder, now))
    fetch_in_time(adapter, request, pages, report, most_seconds=MOST_TIMEOUTS * timeout_seconds)
    pages.finish(provider=provider, observed_at=now, request=request)
    return parse_pages(pages)


def saved_delivery(provider: str, folder: Path) -> Delivery:
    """Parse the newest complete raw pages below `folder` again.

    Raises:
        NotAskedError: there are none.
    """
    complete = complete_fetches(folder)
    if not complete:
        raise NotAskedError(
            f"No raw pages of {provider} are saved in {folder}. "
            f"Run once with a network: planner refresh {provider}, or bring pages along: planner refresh --from PATH"
        )
    return parse_pages(raw_pages(complete[-1]))


def parse_pages(pages: RawPages) -> Delivery:
    """The delivery parsed from the raw pages of one complete fetch.

    Raises:
        ProviderError: the fetch is not complete, or its provider is not known here.
    """
    manifest = pages.manifest()
    path = pages.folder / "manifest.json"
    missing = [name for name in _texts(manifest, "pages", path) if not pages.place(name).is_file()]
    if missing:
        raise ProviderError(f"{path} lists {len(missing)} pages that are not there, first {missing[0]!r}. Fetch again.")
    try:
        provider = str(manifest["provider"])
        observed_at = datetime.fromisoformat(str(manifest["observed_at"]))
        purchases = tuple(Purchase(text) for text in _texts(manifest, "purchases", path))
    except (KeyError, ValueError) as error:
        raise ProviderError(f"{path} lacks or spoils a field ({error}). Fetch again.") from error
    parsed = given_prices(provider, load_provider(provider).parse(pages), prices_kind())
    return Delivery(
        provider=provider,
        observed_at=observed_at,
        parsed=parsed,
        sources=tuple(asdict(source) for source in parsed.sources),
        # what could not be fetched is not gone
        reach=Reach.PER_REGION if parsed.gaps else Reach.COMPLETE,
        regions=tuple(_texts(manifest, "regions", path)),
        purchases=purchases,
    )


def complete_fetches(folder: Path) -> list[Path]:
    """Folders of complete fetches below `folder`, oldest first."""
    return sorted(path.parent for path in folder.glob("*/manifest.json"))


def clear_fetches(folder: Path, *, keep_newest: bool) -> None:
    """Remove interrupted fetches below `folder` and, with `keep_newest`, all complete ones but the newest."""
    complete = complete_fetches(folder)
    kept = set(complete[-1:] if keep_newest else complete)
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and path not in kept:
            shutil.rmtree(path, ignore_errors=True)


def _new_folder(folder: Path, now: datetime) -> Path:
    """The path of a new folder: pages of two fetches must never mix, not even of two in one second."""
    name = f"{now:%Y-%m-%dT%H%M%S}"
    taken = list(folder.glob(f"{name}*"))
    return folder / (f"{name}-{len(taken) + 1}" if taken else name)


def _texts(manifest: dict[str, object], field: str, path: Path) -> list[str]:
    found = manifest.get(field)
    if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found):
        raise ProviderError(f"{path} lacks or spoils the field {field!r}. Fetch again.")
    return found
