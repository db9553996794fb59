"""Regions and instance types as people name them, found among those of the price books."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from planner.errors import UnknownNameError, UsageError
from planner.hardware.places import is_country, lies_in, location_of, place_words
from planner.options.amounts import plain
from planner.options.vocabulary import squeezed
from planner.prices.index import index_of
from planner.prices.places import region_names
from planner.prices.processor_offers import types_without_gpu
from planner.prices.snapshots import Snapshot

Place = tuple[str, str]
"""Region and zone, as a book writes them; the zone is empty where a price holds for the whole region."""

_FEW = 2
"""So many providers are named in a message."""

_Places = Mapping[str, frozenset[Place]]
"""Places by provider."""


def chosen_places(snapshots: Sequence[Snapshot], texts: Iterable[str]) -> _Places:
    """The places that these texts name in each book: regions, zones, countries, continents, states and towns.

    What a book itself calls a region or a zone goes first, over all of the books; a country is all that lies in it.

    Raises:
        UnknownNameError: none of the books has a place of that name; the message offers close ones.
    """
    books = {snapshot.provider: index_of(snapshot).places() for snapshot in snapshots}
    found: dict[str, set[Place]] = {provider: set() for provider in books}
    for text in texts:
        for provider, place in _named(text, books):
            found[provider].add(place)
    return {provider: frozenset(places) for provider, places in found.items()}


def chosen_types(snapshots: Sequence[Snapshot], texts: Iterable[str]) -> frozenset[str]:
    """The instance types that these texts name: `p5.48xlarge`, `P5.48XLARGE`, `p5*`.

    Raises:
        UnknownNameError: none of the books has such a type; the message offers close ones.
    """
    known = {group.row[2] for snapshot in snapshots for group in index_of(snapshot).groups}
    known |= types_without_gpu()
    found: set[str] = set()
    for text in texts:
        types = _types_named(text, known)
        if not types:
            raise UnknownNameError(
                _of("instance type", snapshots), text, sorted(known), "planner prices list --all", argument="instances"
            )
        found |= types
    return frozenset(found)


def names_machine_without_gpu(texts: Iterable[str]) -> bool:
    """Whether one of the texts names an instance type of `data/processor_offers.csv`."""
    return any(_types_named(text, types_without_gpu()) for text in texts)


def _types_named(text: str, known: Iterable[str]) -> set[str]:
    name = plain(text).lower()
    if any(char in name for char in "*?"):
        return {one for one in known if fnmatch.fnmatchcase(one.lower(), name)}
    bare = squeezed(name).removeprefix("standard")
    return {one for one in known if one.lower() == name} or {
        one for one in known if squeezed(one).removeprefix("standard") == bare
    }


def _named(text: str, books: Mapping[str, Iterable[Place]]) -> set[tuple[str, Place]]:
    name = plain(text).lower()
    every = [(provider, place) for provider, places in books.items() for place in places]
    ways = (
        (_by_location,)
        if is_country(name)
        else (_as_written, _nearly, _around_zone, _without_number, _as_displayed, _by_location)
    )
    for way in ways:
        found = {one for one in every if way(*one, name)}
        if found:
            return found
    if is_country(name):
        raise UsageError(
            "{regions} {text!r}: no region {where}lies there, as far as is known. See: planner prices list --all",
            argument="regions",
            text=text,
            where=f"of {' or '.join(books)} " if len(books) <= _FEW else "",
        )
    raise UnknownNameError(_of("region", books), text, _offered(every), "planner prices list --all", argument="regions")


def _as_written(_: str, place: Place, name: str) -> bool:
    """Whether it is the region or the zone as the book writes it."""
    region, zone = place
    return name == region.lower() or bool(zone and name == zone.lower())


def _nearly(_: str, place: Place, name: str) -> bool:
    """Whether it is the region as it is displayed, region and zone together, or a zone of a region priced as a whole."""
    region, zone = (word.lower() for word in place)
    if name.replace(" ", "") == region or name.replace(" ", "-") == region:
        return True
    if zone:
        return name in {f"{region}{mark}{zone}" for mark in "-/: "}
    return name[:-2] == region and name[-2] == "-" and name[-1] in "abcdef"


def _around_zone(provider: str, place: Place, name: str) -> bool:
    """Whether it is a zone of the region, as its provider writes zones: `us-east-1a`, `us-central1-a`, `eastus-1`."""
    region = place[0].lower()
    zone = name.removeprefix(region)
    return name != zone and provider in _ZONES and re.fullmatch(_ZONES[provider], zone) is not None


_ZONES = {"aws": "[a-f]", "gcp": "-[a-f]", "azure": "[-/: ](az|zone)?[- ]?[1-3]", "oci": "[-/: ]ad[- ]?[1-3]"}
"""What follows the region in the name of a zone."""


def _without_number(_: str, place: Place, name: str) -> bool:
    """Whether it is one of the regions that only a number tells apart: `us-east` is `us-east-1`, `us-east-2`, `us-east4`."""
    return squeezed(place[0]).rstrip("0123456789") == squeezed(name)


def _as_displayed(provider: str, place: Place, name: str) -> bool:
    """Whether it is the name a provider displays, whole or what stands in brackets: `US East (N. Virginia)`."""
    return (place[0], squeezed(name)) in _displayed(provider)


@cache
def _displayed(provider: str) -> frozenset[tuple[str, str]]:
    """Region and name of all that a provider displays otherwise, as `squeezed` writes it."""
    return frozenset(
        (region, squeezed(name))
        for shown, region in region_names(provider).items()
        for name in (shown, shown.partition("(")[2])
        if name
    )


def _by_location(provider: str, place: Place, name: str) -> bool:
    return lies_in(location_of(provider, place[0]), name)


def _offered(places: Iterable[tuple[str, Place]]) -> Iterator[str]:
    """Every name that would have been understood: regions and zones, towns and states, countries and continents."""
    places = list(places)
    yield from sorted({word for _, place in places for word in place if word})
    yield from sorted({town for provider, place in places for town in location_of(provider, place[0]).names})
    yield from place_words()


def _of(kind: str, books: Iterable[Snapshot | str]) -> str:
    """The kind of name, and whose it is where few providers were asked."""
    names = [book if isinstance(book, str) else book.provider for book in books]
    return f"{kind} of {' or '.join(names)}" if len(names) <= _FEW else kind
