"""Checks that the `parse` of an adapter gave what it promises: those of others are not run through a type checker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from planner.errors import ProviderError
from planner.model.frozen import values_of
from planner.model.records import HeldBack, Offer, Purchase, Unpriced

if TYPE_CHECKING:
    from providers.base import ParsedPrices


def given_prices(provider: str, given: object, kind: type) -> ParsedPrices:
    """What `parse` gave, once it is a `ParsedPrices` (`kind`) all through.

    Raises:
        ProviderError: it is something else; the message says what was given, and what is expected.
    """
    if not isinstance(given, kind):
        raise _wrong(provider, f"gave {_shown(given)}", "ParsedPrices of providers.base")
    parsed = cast("ParsedPrices", given)
    for name, (is_one, what) in _LISTS.items():
        listed = getattr(parsed, name)
        if not isinstance(listed, tuple):
            raise _wrong(provider, f"gave {_shown(listed)} as {name}", f"a tuple, each {what}")
        odd = next((one for one in listed if not is_one(one)), listed)
        if odd is not listed:
            raise _wrong(provider, f"gave {_shown(odd)} among {name}", what)
    for offer in parsed.offers:
        cell = next((name for name, value in values_of(offer).items() if not _fits(name, value)), None)
        if cell is not None:
            raise _wrong(provider, f"gave an offer with {cell} {_shown(getattr(offer, cell))}", _CELLS[cell][1])
        if offer.provider != provider:
            raise _wrong(provider, f"gave an offer of the provider {_shown(offer.provider)}", repr(provider))
    return parsed


def _wrong(provider: str, what: str, expected: str) -> ProviderError:
    return ProviderError(f"parse() of the adapter of {provider!r} {what}; expected: {expected}. Mend the adapter.")


def _shown(value: object) -> str:
    kind = type(value).__name__
    if value is None or isinstance(value, (str, int, float, date)):
        return "None" if value is None else f"{str(value)[:60]!r} ({kind})"
    return f"a value of the type {kind}"  # its own words may be long, or fail


def _is_pair(one: object) -> bool:
    return isinstance(one, tuple) and len(one) == 2 and isinstance(one[0], str) and type(one[1]) is int


_LISTS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "offers": (lambda one: isinstance(one, Offer), "an Offer"),
    "held_back": (lambda one: isinstance(one, HeldBack), "a HeldBack"),
    "unpriced": (lambda one: isinstance(one, Unpriced), "an Unpriced"),
    "unknown_gpus": (_is_pair, "a name and a number of rows"),
    "sources": (lambda one: "Source" == type(one).__name__, "a Source"),
    "gaps": (lambda one: isinstance(one, str), "a text"),
    "ended": (lambda one: isinstance(one, Purchase), "a Purchase"),
}
_TEXT: tuple[Callable[[Any], bool], str] = (lambda value: isinstance(value, str), "a text")
_NUMBER: tuple[Callable[[Any], bool], str] = (lambda value: type(value) in (int, float), "a number")
_CELLS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("provider", "instance_type", "region", "zone", "gpu", "source"), _TEXT),
    **dict.fromkeys(("gpu_count", "vcpus", "memory_gib", "network_gbps", "usd_per_hour"), _NUMBER),
    **dict.fromkeys(("usd_per_hour_cheapest", "reliability"), _NUMBER),
    "offers_count": (lambda value: type(value) is int, "a whole number"),
    "purchase": (lambda value: isinstance(value, Purchase), "a Purchase"),
    "observed_on": (lambda value: type(value) is date, "a date"),
}
_MAY_BE_NONE = ("zone", "vcpus", "memory_gib", "network_gbps", "usd_per_hour_cheapest", "offers_count", "reliability")


def _fits(name: str, value: object) -> bool:
    return (value is None and name in _MAY_BE_NONE) or _CELLS[name][0](value)
