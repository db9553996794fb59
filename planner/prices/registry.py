"""Every provider that can be refreshed: built-in ones by a line here, others by an entry point.

This module alone knows the package `providers`, and only by strings: nothing is imported until a provider is used.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, cast

from planner.errors import ProviderError, UnknownNameError
from planner.hardware.markets import ENTRY_POINT_GROUP
from planner.model.records import HeldBack, Offer, Purchase, Unpriced

if TYPE_CHECKING:
    from providers.base import FetchRequest, ParsedPrices, Provider, RawPages, Report
    from providers.gcp_machines import Machine
    from providers.published import Publisher

BUILT_IN = {
    "aws": "providers.aws:AwsProvider",
    "azure": "providers.azure:AzureProvider",
    "digitalocean": "providers.digitalocean:DigitalOceanProvider",
    "gcp": "providers.gcp:GcpProvider",
    "hyperstack": "providers.hyperstack:HyperstackProvider",
    "lambda": "providers.lambda_cloud:LambdaProvider",
    "oci": "providers.oci:OciProvider",
    "runpod": "providers.runpod:RunpodProvider",
    "vast": "providers.vast:VastProvider",
    "verda": "providers.verda:VerdaProvider",
    "vultr": "providers.vultr:VultrProvider",
}


def provider_names() -> list[str]:
    """Names of all providers that can be refreshed, sorted."""
    return sorted({*BUILT_IN, *(point.name for point in _plug_ins())})


def load_provider(name: str) -> Provider:
    """The adapter of a provider, its module imported now.

    Raises:
        UnknownNameError: no provider of that name is built in or installed.
        ProviderError: two packages offer the name, or the adapter cannot be loaded.
    """
    where = _address(name)
    module_name, _, attribute = where.partition(":")
    try:
        module = importlib.import_module(module_name)
        made = getattr(module, attribute)()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # code of others may raise anything when imported
        raise ProviderError(
            f"The adapter of provider {name!r} ({where}) cannot be loaded: {what_failed(error)}."
        ) from error
    missing = [part for part in ("fetch", "parse", "credentials") if not callable(getattr(made, part, None))]
    if missing:
        raise ProviderError(f"The adapter of provider {name!r} ({where}) has no {', '.join(missing)}.")
    return cast("Provider", made)


def what_failed(error: BaseException) -> str:
    """The kind of an error of somebody else's code, and what it says if it can."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - an error may have a fault itself
        said = ""
    return f"{type(error).__name__}: {said}".rstrip(": .")


def machines_of(provider: str) -> tuple[Machine, ...]:
    """Machines with GPUs of a built-in provider, from its shipped table."""
    module = importlib.import_module(f"providers.{provider}_machines")
    return cast("tuple[Machine, ...]", module.shipped_machines().machines)


def raw_pages(folder: Path) -> RawPages:
    """The raw pages kept in `folder`."""
    return cast("RawPages", importlib.import_module("providers.base").RawPages(folder))


def parsed_prices(
    offers: Iterable[Offer],
    *,
    held_back: Iterable[HeldBack] = (),
    unpriced: Iterable[Unpriced] = (),
    unknown_gpus: Iterable[tuple[str, int]] = (),
    gaps: Iterable[str] = (),
) -> ParsedPrices:
    """Prices read without an adapter, in the form that adapters give."""
    parsed = importlib.import_module("providers.base").ParsedPrices(
        offers=tuple(offers),
        held_back=tuple(held_back),
        unpriced=tuple(unpriced),
        unknown_gpus=tuple(unknown_gpus),
        gaps=tuple(gaps),
    )
    return cast("ParsedPrices", parsed)


def prices_kind() -> type:
    """The record that the `parse` of an adapter gives."""
    return cast("type", importlib.import_module("providers.base").ParsedPrices)


def fetch_request(regions: Iterable[str], purchases: Iterable[Purchase], timeout_seconds: float) -> FetchRequest:
    """The order for an adapter's fetch; empty means all."""
    request = importlib.import_module("providers.base").FetchRequest(
        regions=tuple(regions), purchases=tuple(purchases), timeout_seconds=timeout_seconds
    )
    return cast("FetchRequest", request)


def fetch_in_time(
    adapter: Provider, request: FetchRequest, pages: RawPages, report: Report, *, most_seconds: float
) -> None:
    """Let an adapter fetch; it is left behind where it is not done within so many seconds.

    Raises:
        ProviderError: it is not done in time, or did not get a complete answer.
    """
    deadline = importlib.import_module("providers.deadline")
    try:
        deadline.in_time(lambda _: adapter.fetch(request, pages, report), most_seconds)
    except deadline.TooLateError:
        raise ProviderError(f"Not fetched in full within {most_seconds:,.0f} s; given up.") from None
    finally:
        pages.give_up()


def publisher(address: str, *, hosts: Iterable[str], timeout_seconds: float, most_seconds: float) -> Publisher:
    """The publisher of price books at an address, of whom all pages together are had within so many seconds.

    Raises:
        UsageError: it is no plain https address, or a host is none.
    """
    made = importlib.import_module("providers.published").Publisher(
        address, hosts=tuple(hosts), timeout_seconds=timeout_seconds, most_seconds=most_seconds
    )
    return cast("Publisher", made)


def _address(name: str) -> str:
    plug_ins = [point for point in _plug_ins() if point.name == name]
    places = [*([BUILT_IN[name]] if name in BUILT_IN else []), *(point.value for point in plug_ins)]
    if not places:
        raise UnknownNameError("provider", name, provider_names(), "planner providers")
    if len(set(places)) > 1:
        raise ProviderError(
            f"Provider {name!r} is offered more than once: {', '.join(places)}. Uninstall all but one of the packages."
        )
    return places[0]


def _plug_ins() -> Iterable[EntryPoint]:
    return entry_points(group=ENTRY_POINT_GROUP)
