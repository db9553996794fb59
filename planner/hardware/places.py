"""Where a cloud region lies: its country, its continent, and the words that people have for both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from planner.hardware.gpus import normalised
from planner.hardware.tables import read_columns, read_rows
from planner.model.frozen import dataclass

_FIRST_WORDS = {"us": "US", "australia": "AU"}
"""Countries that regions without a row are named after: `us-west-3`, `us-gov-east-1`."""

_CONTINENTS = {"europe": "europe", "asia": "asia"}
"""Continents that regions without a row are named after: `europe-central-1`."""

_LETTERS = {"EU": "europe", "AS": "asia", "AF": "africa", "NA": "north-america", "SA": "south-america", "OC": "oceania"}
"""Continents as marketplaces write them, last in a region: `Romania/RO/EU`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """One country of `data/countries.csv`."""

    iso2: str
    name: str
    continent: str
    is_eu: bool
    aliases: tuple[str, ...]
    source: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a region lies: `None` and nothing where it is not known.

    Attributes:
        country: two letters.
        continent: as in `data/countries.csv`.
        names: of the town, state or county, as `normalised` writes them.
    """

    country: str | None
    continent: str | None
    names: frozenset[str]


def is_country(text: str) -> bool:
    """Whether the text is a country's name or code, or the European Union: `UK`, `Germany`, `DE`, `EU`."""
    key = normalised(text)
    return key in _countries() or key in _UNION


def lies_in(location: Location, text: str) -> bool:
    """Whether a location is in the country, the union, the continent, the state or the town of that name."""
    key = normalised(text)
    if key in _countries():
        return location.country == _countries()[key]
    if key in _UNION:
        return location.country is not None and location.country in _members()
    return key == location.continent or key in location.names


def location_of(provider: str, region: str) -> Location:
    """Where a provider's region lies, as far as `data/grid_carbon.csv` or its own name says."""
    row = _row_of(provider, region)
    if row is not None:
        *names, country = _rows()[provider, row].split(", ")
        return _location(country, names if row == region else [])  # a local zone is in its parent's country, no more
    *names, last = region.split("/")  # marketplaces: `Oregon/US/NA`, `RO`
    if names and last in _LETTERS:
        country = names.pop()
        return _location(country, names, _LETTERS[last])
    if last.lower() in _countries():
        return _location(last, [])
    word = region.partition("-")[0]
    if word in _FIRST_WORDS or region.startswith("usgov"):
        return _location(_FIRST_WORDS.get(word, "US"), [])
    return Location(country=None, continent=_CONTINENTS.get(word), names=frozenset())


def place_words() -> list[str]:
    """Names of countries and continents, for suggestions."""
    return [
        *(country.name for country in load_countries()),
        *sorted({country.continent for country in load_countries()}),
        "UK",
        "USA",
        "EU",
    ]


@cache
def load_countries() -> Sequence[Country]:
    """Every country of the shipped table, in its order."""
    return read_rows("countries.csv", Country)


_UNION = ("eu", "european-union")


def _location(country: str, names: Sequence[str], continent: str | None = None) -> Location:
    known = {one.iso2: one.continent for one in load_countries()}
    return Location(
        country=country.upper(),
        continent=known.get(country.upper(), continent),
        names=frozenset(normalised(name) for name in names),
    )


def _row_of(provider: str, region: str) -> str | None:
    """The region whose row counts: its own, or for a local zone that of its parent; `None` if there is none."""
    parents = [name for of, name in _rows() if of == provider and f"{region}-".startswith(f"{name}-")]
    return max(parents, key=len, default=None)


@cache
def _rows() -> Mapping[tuple[str, str], str]:
    return {
        (provider, region): place
        for provider, region, place in read_columns("grid_carbon.csv", "provider", "region", "place")
    }


@cache
def _countries() -> Mapping[str, str]:
    """Two letters of each country by every name it goes by."""
    return {
        normalised(name): country.iso2
        for country in load_countries()
        for name in (country.iso2, country.name, *country.aliases)
    }


@cache
def _members() -> frozenset[str]:
    return frozenset(country.iso2 for country in load_countries() if country.is_eu)
