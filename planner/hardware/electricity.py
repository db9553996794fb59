"""Electricity: price and grid of countries, US states and provinces, and the grid under cloud regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from planner.errors import Message, UnknownNameError, UsageError
from planner.hardware.gpus import normalised
from planner.hardware.tables import read_rows
from planner.model.frozen import dataclass

DEFAULT_PLACE = "United States"
"""Where electricity is bought unless `--country` says otherwise; every answer states it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place of `data/electricity.csv`. `None` where no source states the figure."""

    name: str
    kind: str
    iso2: str
    iso3: str
    usd_per_kwh_household: float | None
    usd_per_kwh_business: float | None
    price_as_of: str
    price_source: str
    grid_gco2_per_kwh: float | None
    grid_as_of: str
    grid_source: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Carbon of the electricity at one place: grams of CO2 equivalent per kWh, and where the figure is from."""

    gco2_per_kwh: float
    where: str
    as_of: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _RegionRow:
    provider: str
    region: str
    place: str
    grid_gco2_per_kwh: float
    basis: str
    as_of: str
    source: str


def find_place(text: str) -> Place:
    """The place of that name or code: `Germany`, `DE`, `DEU`, `California`, `US-CA`, `Quebec`.

    Two-letter codes are countries (`CA` is Canada); states are written out or as `US-CA`.

    Raises:
        UnknownNameError: there is none; the message offers close matches.
        UsageError: the name is that of a country and of a state.
    """
    if text == DEFAULT_PLACE:
        return _usual_place()
    key = normalised(text)
    for codes in ("iso2", "iso3"):
        for place in load_places():
            if key and key == normalised(getattr(place, codes)):
                return place
    named = [place for place in load_places() if key in _names(place)]
    if not named:
        raise UnknownNameError(
            "country or state",
            text,
            [place.name for place in load_places()],
            Message("docs/ownership.md, or give {usd_per_kwh}"),
            argument="country",
        )
    if len(named) > 1:
        choices = " or ".join(f"{place.iso2} ({place.kind.replace('_', ' ')})" for place in named)
        raise UsageError(f"{text!r} names more than one place. Write {choices}.")
    return named[0]


def region_grid(provider: str, region: str) -> Grid | None:
    """The grid under a cloud region; `None` where it is not known.

    In this order: the provider's own region in `data/grid_carbon.csv`, or for a local zone its parent region; the
    country in a marketplace's region (`Romania/RO/EU`, `RO`).
    """
    grids = grids_of(provider)
    parent = max((known for known in grids if f"{region}-".startswith(f"{known}-")), key=len, default=None)
    if parent is not None:
        return grids[parent]
    # marketplaces write country and continent last (`US/NA`), or the country alone
    parts = region.split("/")
    country = parts[0] if len(parts) == 1 else parts[-2]
    return _country_grid(country) if len(country) == 2 else None


def place_grid(place: Place) -> Grid | None:
    """The grid of a place; `None` where it is not known."""
    if place.grid_gco2_per_kwh is None:
        return None
    return Grid(
        gco2_per_kwh=place.grid_gco2_per_kwh, where=place.name, as_of=place.grid_as_of, source=place.grid_source
    )


@cache
def load_places() -> Sequence[Place]:
    """Every place of the shipped table, in its order."""
    return read_rows("electricity.csv", Place)


@cache
def grids_of(provider: str) -> Mapping[str, Grid]:
    """The grid of every region of the shipped table that this provider has."""
    return {
        row.region: Grid(
            gco2_per_kwh=row.grid_gco2_per_kwh, where=f"{row.region}, {row.basis}", as_of=row.as_of, source=row.source
        )
        for row in read_rows("grid_carbon.csv", _RegionRow, holding=f"\n{provider},")
    }


@cache
def _country_grid(iso2: str) -> Grid | None:
    places = read_rows("electricity.csv", Place, holding=f",{iso2},")
    return next((place_grid(place) for place in places if place.iso2 == iso2), None)


@cache
def _usual_place() -> Place:
    (place,) = read_rows("electricity.csv", Place, holding=f"\n{DEFAULT_PLACE},")  # not the other two hundred
    return place


def _names(place: Place) -> set[str]:
    # provinces read "Quebec (Canada)"
    return {normalised(place.name), normalised(place.name.partition(" (")[0])}
