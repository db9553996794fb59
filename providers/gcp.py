"""Google Cloud: GPU machine prices put together from the Cloud Billing catalogue and the Compute API.

Prices: `cloudbilling.googleapis.com`, all rows of Compute Engine, USD. An API key in `GOOGLE_API_KEY` is enough (its
project must have the Cloud Billing API enabled), or application-default credentials. Nothing comes without either.
Shapes and regions of machines: `compute.googleapis.com`, with application-default credentials, the project in
`GOOGLE_CLOUD_PROJECT` and the permissions `compute.machineTypes.list` and `compute.acceleratorTypes.list` (role
Compute Viewer); without them the shipped tables are used and the refresh says so.

Covered: on demand, spot and resource-based commitments of 1 and 3 years for A2, A3, A4, G2, G4 and N1 with attached
GPUs. Not covered: flex-start and calendar mode, A4X (no public price), K80 (withdrawn), TPUs, workstation licences, sustained-use
discounts, disks and traffic. Bundled local SSD is part of the price.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from planner.errors import NotAskedError, ProviderError, close_matches
from providers.base import FetchRequest, ParsedPrices, RawPages, Report, Source
from providers.bounded import asked_in_time, bound_session
from providers.gcp_calls import ask_politely, explained, library_errors
from providers.gcp_machines import (
    Machines,
    ScopedRow,
    accelerator_rows,
    listed_machines,
    load_accelerators,
    machine_rows,
    shipped_machines,
)
from providers.gcp_prices import machine_offers
from providers.gcp_skus import ADDRESS, read_rates
from providers.saved import fetched, json_pages
from providers.sdk import load_sdk

COMPUTE_ENGINE = "services/6F81-5844-456A"
_SCOPES = ("https://www.googleapis.com/auth/cloud-billing.readonly", "https://www.googleapis.com/auth/compute.readonly")
_MAX_PAGES = 200  # 7 pages of prices and some 30 of machine types today; more than this is an endless list
_MAX_LIST_BYTES = 256 * 1024 * 1024  # of machine types, which are kept until all are there; some 20 MB today
_SKUS_PER_PAGE = 5000  # the service's maximum
_ROWS_PER_PAGE = 500  # the service's maximum
_NO_ACCOUNT = (
    "Google Cloud gives no prices without an account, so nothing was fetched. Set GOOGLE_API_KEY to an API key of a"
    " project that has the Cloud Billing API enabled, or run: gcloud auth application-default login"
)
_NO_COMPUTE = (
    "For the current list set GOOGLE_CLOUD_PROJECT to a project and sign in (gcloud auth application-default login)"
    " with the permissions compute.machineTypes.list and compute.acceleratorTypes.list (role Compute Viewer)."
)


class GcpProvider:
    """The adapter for Google Cloud.

    Args:
        environ: where the variables are looked up; by default the process's environment.
        credentials: used instead of application-default credentials.
        billing_endpoint: scheme and host of the Cloud Billing API, if not Google's own.
        compute_endpoint: scheme and host of the Compute API, if not Google's own.
        sleep: waits between tries.
    """

    name = "gcp"

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        credentials: Any = None,
        billing_endpoint: str | None = None,
        compute_endpoint: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._given_credentials = credentials
        self._billing_endpoint = billing_endpoint
        self._compute_endpoint = compute_endpoint
        self._sleep = sleep

    def fetch(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        """Save all pages of the price catalogue and, where the account allows, of the machine lists.

        The catalogue knows no filter by region: `request.regions` is applied when the pages are read.

        Raises:
            ProviderError: no credentials, or the catalogue did not come whole.
        """
        self._fetch_prices(request, pages, report)
        try:
            self._fetch_machines(request, pages, report)
        except ProviderError as error:
            pages.add_gap(f"The shipped table of Google machine types was used. {error}")

    def parse(self, pages: RawPages) -> ParsedPrices:
        """Offers of every GPU machine whose parts all have a price; pages are told apart by what they hold.

        Raises:
            ProviderError: a page is not JSON or none of the kinds known here, there is no price row at all, or none of
                the regions asked for has one.
        """
        fetch = fetched(pages)
        listed: list[ScopedRow] = []
        accelerators: list[ScopedRow] = []
        rows = _price_rows(pages, listed, accelerators)
        rates = read_rates(rows, gpu_products=_gpu_products(), observed_on=fetch.observed_at.astimezone(UTC).date())
        if not rates.rows:
            raise ProviderError(
                "There is no price row of Compute Engine in the pages of Google Cloud: their lists of skus are empty. Fetch "
                "or save them again; the service is 6F81-5844-456A, and each page names the next in nextPageToken."
            )
        strangers = _strangers(fetch.regions, {region for _, _, region in rates.usd})
        machines = listed_machines(listed, accelerators) if listed else shipped_machines()
        offers, unpriced = machine_offers(
            machines.machines,
            rates.usd,
            purchases=fetch.purchases,
            regions=fetch.regions,
            observed_on=fetch.observed_at.date(),
        )
        return ParsedPrices(
            offers=tuple(offers),
            held_back=rates.held_back + machines.held_back,
            unpriced=tuple(unpriced),
            unknown_gpus=_unknown(rates.unknown, machines),
            sources=_sources(fetch.observed_at, is_listed=bool(listed)),
            gaps=fetch.gaps + strangers,
        )

    def credentials(self) -> str:
        """One line: the credentials that were found or are missing; looks at variables and files only."""
        has_file = self._given_credentials is not None or _credentials_file(self._environ).is_file()
        if "GOOGLE_API_KEY" in self._environ:
            prices = "prices: API key in GOOGLE_API_KEY"
        elif has_file:
            prices = "prices: application-default credentials"
        else:
            return (
                "missing: set GOOGLE_API_KEY, or run gcloud auth application-default login"
                " (on Google Cloud machines the attached service account is used)"
            )
        if not has_file:
            return f"{prices}; machine types: shipped table (no application-default credentials)"
        project = self._environ.get("GOOGLE_CLOUD_PROJECT")
        return f"{prices}; machine types: " + (
            f"project {project}" if project else "shipped table (set GOOGLE_CLOUD_PROJECT)"
        )

    def _credentials(self, remedy: str) -> Any:
        """Application-default credentials; without any, a `NotAskedError` that says `remedy`."""
        if self._given_credentials is not None:
            return self._given_credentials
        auth = load_sdk("google.auth", extra="gcp")
        try:
            credentials, _ = auth.default(scopes=_SCOPES)
        except auth.exceptions.DefaultCredentialsError as error:
            raise NotAskedError(remedy) from error
        return credentials

    def _fetch_prices(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        billing = load_sdk("google.cloud.billing_v1", extra="gcp")
        key = self._environ.get("GOOGLE_API_KEY")
        # the key travels in a header, so that it is in no address, and REST is asked for: the default is gRPC
        credentials = None if key else self._credentials(_NO_ACCOUNT)
        client = billing.CloudCatalogClient(
            credentials=credentials,
            client_options=_options(self._billing_endpoint, api_key=key),
            transport="rest",
        )
        bound_session(client.transport._session)

        def ask(token: str) -> Any:
            wanted = {
                "parent": COMPUTE_ENGINE,
                "currency_code": "USD",
                "page_size": _SKUS_PER_PAGE,
                "page_token": token,
            }
            return client.list_skus(request=wanted, retry=None, timeout=request.timeout_seconds)

        count = 0
        listed = self._pages(ask, "price list", request.timeout_seconds, (key, _token(credentials)))
        for number, page in enumerate(listed, start=1):
            pages.save(f"skus/{number:03}.json", _wire_json(page))
            count += len(page.skus)
            report(f"price list: page {number}, {count:,} rows")
        if not count:
            raise ProviderError(f"{ADDRESS} answered without a single price row; nothing was changed.")

    def _fetch_machines(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        """Saves both lists of machines whole, or neither: half a list would look like machines that were withdrawn."""
        project = self._environ.get("GOOGLE_CLOUD_PROJECT")
        if not project:
            raise ProviderError(_NO_COMPUTE)
        credentials = self._credentials(_NO_COMPUTE)
        compute = load_sdk("google.cloud.compute_v1", extra="gcp")
        options = _options(self._compute_endpoint)
        saved: dict[str, bytes] = {}
        for kind, client_class in (
            ("machine types", compute.MachineTypesClient),
            ("accelerator types", compute.AcceleratorTypesClient),
        ):
            client = client_class(credentials=credentials, client_options=options)
            bound_session(client.transport._session)

            def ask(token: str, client: Any = client) -> Any:
                wanted = {"project": project, "max_results": _ROWS_PER_PAGE, "page_token": token}
                return client.aggregated_list(request=wanted, retry=None, timeout=request.timeout_seconds)

            listed = self._pages(ask, kind, request.timeout_seconds, (_token(credentials),))
            for number, page in enumerate(listed, start=1):
                saved[f"{kind.replace(' ', '-')}/{number:03}.json"] = _wire_json(page)
                if sum(map(len, saved.values())) > _MAX_LIST_BYTES:
                    raise ProviderError(f"Google {kind}: more than {_MAX_LIST_BYTES:,} bytes; not read further.")
                report(f"{kind}: page {number}")
        if not any(b'"machineTypes"' in body for body in saved.values()):
            raise ProviderError(f"Project {project} lists no machine type. {_NO_COMPUTE}")
        for name, body in saved.items():
            pages.save(name, body)

    def _pages(
        self, ask: Callable[[str], Any], what: str, timeout_seconds: float, secrets: Sequence[str | None]
    ) -> Iterator[Any]:
        """Every page of a list, in order: the libraries would follow a token that repeats for ever."""
        token = ""
        seen = {token}
        for number in range(1, _MAX_PAGES + 1):
            try:
                asked = partial(
                    asked_in_time,
                    partial(ask, token),
                    timeout_seconds,
                    f"Google {what}, page {number}",
                    known=library_errors(),
                )
                pager = ask_politely(asked, sleep=self._sleep)
            except library_errors() as error:
                raise explained(error, what=f"{what}, page {number}", secrets=secrets) from None
            page = next(iter(pager.pages))
            yield page
            token = page.next_page_token
            if not token:
                return
            if token in seen:
                raise ProviderError(f"Google {what}: page {number} points back to a page already read; not followed.")
            seen.add(token)
        raise ProviderError(f"Google {what}: more than {_MAX_PAGES} pages; not read further.")


def _token(credentials: Any) -> str | None:
    """The token that credentials send at the moment, so that it can be kept out of messages."""
    token = getattr(credentials, "token", None)
    return token if isinstance(token, str) else None


def _options(endpoint: str | None, *, api_key: str | None = None) -> dict[str, str]:
    options = {}
    if endpoint:
        options["api_endpoint"] = endpoint
    if api_key:
        options["api_key"] = api_key
    return options


def _wire_json(page: Any) -> bytes:
    """The page as the service sends it; the libraries keep only the message."""
    json_format = load_sdk("google.protobuf.json_format", extra="gcp")
    text: str = json_format.MessageToJson(type(page).pb(page), indent=None, ensure_ascii=False)
    return text.encode()


def _credentials_file(environ: Mapping[str, str]) -> Path:
    """The path of the application-default credentials, by the rules of Google's libraries."""
    if path := environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return Path(path)
    if folder := environ.get("CLOUDSDK_CONFIG"):
        return Path(folder) / "application_default_credentials.json"
    if os.name == "nt":
        return Path(environ.get("APPDATA", "")) / "gcloud" / "application_default_credentials.json"
    return Path(environ.get("HOME", "~")).expanduser() / ".config/gcloud/application_default_credentials.json"


def _price_rows(pages: RawPages, machines: list[ScopedRow], accelerators: list[ScopedRow]) -> Iterator[Any]:
    """Price rows one after the other, since all of them fill hundreds of MB; rows of the other lists go to theirs."""
    for name, page in json_pages(pages):
        if isinstance(page, dict) and isinstance(page.get("skus"), list):
            yield from page["skus"]
        elif isinstance(page, dict) and isinstance(page.get("items"), dict):
            machines += machine_rows(page)
            accelerators += accelerator_rows(page)
        elif page != {}:  # a page may truly be empty
            raise ProviderError(f"{name} holds neither price rows nor machine or accelerator types of Google Cloud.")


def _strangers(wanted: Sequence[str], priced: Collection[str]) -> tuple[str, ...]:
    """Regions asked for that have no price; they may be another cloud's, but not all of them."""
    said = []
    for region in wanted:
        if region not in priced:
            matches = close_matches(region, priced)
            hint = f" Did you mean {' or '.join(matches)}?" if matches else ""
            said.append(f"Google Cloud has no GPU price in the region {region!r}.{hint}")
    if wanted and len(said) == len(wanted):
        raise ProviderError(" ".join(said))
    return tuple(said)


def _gpu_products() -> dict[str, str]:
    return {name: accelerator.name for accelerator in load_accelerators().values() for name in accelerator.price_names}


def _unknown(products: Mapping[str, int], machines: Machines) -> tuple[tuple[str, int], ...]:
    return tuple(sorted({**products, **machines.unknown}.items()))


def _sources(observed_at: datetime, *, is_listed: bool) -> tuple[Source, ...]:
    shapes = Source(
        name="Google Compute Engine machine types" if is_listed else "shipped table of Google machine types",
        observed_on=observed_at.date(),
        address="https://compute.googleapis.com/compute/v1" if is_listed else "data/gcp_machine_types.csv",
        note="shapes and regions of machines",
    )
    prices = Source(
        name="Google Cloud Billing catalogue",
        observed_on=observed_at.date(),
        address=ADDRESS,
        note="list prices in USD; machine prices are sums of their parts, bundled local SSD included",
    )
    return prices, shapes
