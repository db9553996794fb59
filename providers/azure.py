"""Microsoft Azure: GPU sizes from the Retail Prices service, checked against the list of resource SKUs.

Prices: `https://prices.azure.com/api/retail/prices`, USD, without an account. Sizes (vCPUs, memory, GPU counts):
`https://management.azure.com`, with `AZURE_SUBSCRIPTION_ID`, credentials that azure-identity finds (`az login`, a
managed identity or `AZURE_CLIENT_ID` and companions) and the permission `Microsoft.Compute/skus/read` (role Reader);
without them the shipped table of sizes is used and the refresh says so.

Covered: Linux, on demand, spot, reservations and savings plans of 1 and 3 years, all public and US government regions.
Not covered: Windows, low priority, developer prices, dedicated hosts, China, five-year reservations, disks and traffic.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from planner.errors import ProviderError, close_matches
from planner.hardware.gpus import load_gpus
from planner.model.records import Unpriced
from providers import azure_prices, azure_sizes
from providers.azure_arm import fetch_sku_pages
from providers.azure_prices import concerns_gpus, retail_offers
from providers.azure_sizes import Sizes, is_gpu_machine, read_sizes, shipped_regions
from providers.base import FetchRequest, ParsedPrices, RawPages, Report, Source
from providers.http import HttpClient, check_same_host, json_document, shown
from providers.saved import fetched, json_pages
from providers.sdk import load_sdk

_MAX_PAGES = 100  # of one region: its GPU rows fill one page today
_MAX_LIST_BYTES = 64 * 1024 * 1024  # of one region, whose pages are kept until all are there; some 2 MB today
_WORKERS = 4  # the service throttles a client after a few hundred requests a minute
_VERSION = "2023-01-01-preview"  # the first to carry savings plans; its filter values are case sensitive
_GPU_ROWS = "serviceName eq 'Virtual Machines' and contains(armSkuName, 'Standard_N')"
_NO_ACCOUNT = (
    "To check sizes against Azure's own list set AZURE_SUBSCRIPTION_ID and sign in (az login) with the permission"
    " Microsoft.Compute/skus/read (role Reader)."
)


class AzureProvider:
    """The adapter for Microsoft Azure.

    Args:
        environ: where the variables are looked up; by default the process's environment.
        retail_address: scheme, host and path of the Retail Prices service.
        credential: used instead of what azure-identity finds.
        arm_options: further arguments of the client for resource SKUs, such as `base_url`.
        sleep: waits between tries.
    """

    name = "azure"

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        retail_address: str = azure_prices.ADDRESS,
        credential: Any = None,
        arm_options: Mapping[str, Any] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._retail_address = retail_address
        self._given_credential = credential
        self._arm_options = arm_options or {}
        self._sleep = sleep

    def fetch(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        """Save the price rows of every region and, where the account allows, the list of resource SKUs.

        Raises:
            ProviderError: a region did not come whole, or there is no price at all.
        """
        client = HttpClient(timeout_seconds=request.timeout_seconds, sleep=self._sleep)
        regions = [region.lower() for region in request.regions] or self._all_regions(client, pages, report)
        priced = self._fetch_prices(client, regions, pages, report)
        try:
            self._fetch_sizes(priced if request.regions else [], request.timeout_seconds, pages, report)
        except ProviderError as error:
            pages.add_gap(f"The shipped table of Azure sizes was used. {error}")

    def parse(self, pages: RawPages) -> ParsedPrices:
        """Offers of every known GPU size; pages are told apart by what they hold.

        Raises:
            ProviderError: a page is not JSON or none of the kinds known here.
        """
        fetch = fetched(pages)
        rows, skus = _read(pages)
        sizes = read_sizes(skus)
        retail = retail_offers(
            rows,
            sizes,
            purchases=fetch.purchases,
            regions=[region.lower() for region in fetch.regions],
            observed_at=fetch.observed_at,
        )
        priced = {offer.instance_type for offer in retail.offers}
        unknown = dict(retail.unknown)
        unknown.update({name: 1 for name in sizes.unlisted_gpus if name not in unknown})
        return ParsedPrices(
            offers=retail.offers,
            held_back=retail.held_back + sizes.held_back,
            unpriced=tuple(_unpriced(sizes, priced)),
            unknown_gpus=tuple(sorted(unknown.items())),
            sources=_sources(fetch.observed_at, is_listed=bool(skus)),
            gaps=fetch.gaps,
        )

    def credentials(self) -> str:
        """One line: the credentials that were found or are missing; looks at variables and files only."""
        prices = "prices: no account needed"
        if not self._environ.get("AZURE_SUBSCRIPTION_ID"):
            return f"{prices}; sizes: shipped table (set AZURE_SUBSCRIPTION_ID)"
        if self._given_credential is not None:
            found = "credentials given"
        elif "AZURE_CLIENT_ID" in self._environ:
            found = "credentials in AZURE_CLIENT_ID"
        elif Path(self._environ.get("AZURE_CONFIG_DIR", "~/.azure")).expanduser().is_dir():
            found = "credentials of az login"
        else:
            found = "no credentials found (run az login, or set AZURE_CLIENT_ID)"
        return f"{prices}; sizes: AZURE_SUBSCRIPTION_ID set, {found}"

    def _all_regions(self, client: HttpClient, pages: RawPages, report: Report) -> list[str]:
        """Regions seen before and every other one that sells a GPU size as spot today."""
        found = set(shipped_regions())
        for page in self._retail_pages(client, f"{_GPU_ROWS} and contains(meterName, ' Spot')"):
            rows = _items(page, "the list of regions")
            found |= {str(row.get("armRegionName") or "").lower() for row in rows if isinstance(row, dict)}
        found.discard("")
        regions = pages.regions_named(found)
        report(f"{len(regions)} regions")
        return regions

    def _fetch_prices(self, client: HttpClient, regions: Sequence[str], pages: RawPages, report: Report) -> list[str]:
        """Saves all pages and returns the regions that have prices.

        Region by region: pages are cut by row number, so rows would shift while a longer list is read. A region may
        be another cloud's, since one list of regions serves several clouds; that is a gap, unless all of them are.
        """
        priced, strangers = [], []
        with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
            answers = pool.map(partial(self._region_pages, client), regions)
            for region, bodies in zip(regions, answers, strict=True):
                count = sum(len(_items(body, region)) for body in bodies)
                report(f"{region}: {count:,} rows")
                if count:
                    priced.append(region)
                elif region not in shipped_regions():
                    strangers.append(_stranger(region))
                for number, body in enumerate(bodies, start=1):
                    pages.save(f"retail/{region}-{number:03}.json", body)
        if not priced:
            said = " ".join(strangers) or "It may be down; try again later."
            raise ProviderError(f"{shown(self._retail_address)} answered without a single GPU price. {said}")
        for stranger in strangers:
            pages.add_gap(stranger)
        return priced

    def _region_pages(self, client: HttpClient, region: str) -> list[bytes]:
        try:
            return list(self._retail_pages(client, f"{_GPU_ROWS} and armRegionName eq '{region}'"))
        except ProviderError as error:
            raise ProviderError(f"Azure prices of {region}: {error}") from error

    def _retail_pages(self, client: HttpClient, condition: str) -> Iterator[bytes]:
        """All pages of a query; a next link in circles or to another host ends the fetch."""
        link = f"{self._retail_address}?api-version={_VERSION}&currencyCode='USD'&$filter={quote(condition)}"
        seen: set[str] = set()
        size = 0
        while link not in seen:
            if len(seen) >= _MAX_PAGES:
                raise ProviderError(f"{shown(link)}: more than {_MAX_PAGES} pages; not read further.")
            seen.add(link)
            body = client.get(link)
            size += len(body)
            if size > _MAX_LIST_BYTES:
                raise ProviderError(f"{shown(link)}: more than {_MAX_LIST_BYTES:,} bytes of pages; not read further.")
            page = json_document(body, shown(link))
            _items(body, shown(link))
            yield body
            following = page.get("NextPageLink")
            if not following:
                return
            link = check_same_host(str(following), link)
        raise ProviderError(f"{shown(link)} was reached a second time: the pages point in a circle; not followed.")

    def _fetch_sizes(self, regions: Sequence[str], timeout_seconds: float, pages: RawPages, report: Report) -> None:
        subscription = self._environ.get("AZURE_SUBSCRIPTION_ID")
        if not subscription:
            raise ProviderError(_NO_ACCOUNT)
        credential = self._given_credential
        if credential is None:
            credential = load_sdk("azure.identity", extra="azure").DefaultAzureCredential()
        saved = fetch_sku_pages(
            credential=credential,
            subscription=subscription,
            regions=regions,
            timeout_seconds=timeout_seconds,
            report=report,
            client_options=self._arm_options,
        )
        for name, body in saved.items():
            pages.save(name, body)


def _items(body: bytes, where: str) -> list[Any]:
    page = json_document(body, where)
    if not isinstance(page, dict) or not isinstance(page.get("Items"), list):
        raise ProviderError(f"{where} holds no list of prices.")
    items: list[Any] = page["Items"]
    return items


def _stranger(region: str) -> str:
    matches = close_matches(region, shipped_regions())
    hint = f" Did you mean {' or '.join(matches)}?" if matches else ""
    return f"Azure has no GPU price in the region {region!r}.{hint}"


def _read(pages: RawPages) -> tuple[list[Any], list[Any]]:
    """Price rows and resource SKUs that may be about GPUs: all of either would fill hundreds of MB."""
    rows: list[Any] = []
    skus: list[Any] = []
    for name, page in json_pages(pages):
        if isinstance(page, dict) and isinstance(page.get("Items"), list):
            rows += filter(concerns_gpus, page["Items"])
        elif isinstance(page, dict) and isinstance(page.get("value"), list):
            skus += filter(is_gpu_machine, page["value"])
        else:
            raise ProviderError(f"{name} holds neither retail prices nor resource SKUs of Azure.")
    return rows, skus


def _unpriced(sizes: Sizes, priced: set[str]) -> Iterator[Unpriced]:
    for name in sorted(sizes.listed - priced):
        size = sizes.by_name.get(name)
        if size is not None and size.gpu in load_gpus():
            yield Unpriced(
                instance_type=name,
                gpu=size.gpu,
                gpu_count=size.gpu_count,
                reason=sizes.contradicted.get(name, "in Azure's list of sizes, but without a usable retail price"),
            )


def _sources(observed_at: datetime, *, is_listed: bool) -> tuple[Source, ...]:
    prices = Source(
        name="Azure Retail Prices",
        observed_on=observed_at.date(),
        address=azure_prices.ADDRESS,
        note="list prices in USD for Linux; reservations are whole-term totals divided by 8760 or 26280 hours",
    )
    sizes = Source(
        name="Azure resource SKUs" if is_listed else "shipped table of Azure sizes",
        observed_on=observed_at.date(),
        address=azure_sizes.ADDRESS if is_listed else "data/azure_sizes.csv",
        note="vCPUs, memory and GPU counts",
    )
    return prices, sizes
