"""Laws of imports, on the rows of the shipped books written as other projects' catalogues."""

import random
from dataclasses import replace
from datetime import date

import pytest

from planner.model.records import Purchase
from tests.builders import a_snapshot
from tests.prices.catalogues import GPUHUNT, SKYPILOT, a_table, brought, newest_shipped, rows_of

LATER = date(2026, 11, 1)
NAMES = {"lambda": "lambdalabs", "vast": "vastai"}
KINDS = [
    ("aws", "skypilot"),
    ("azure", "skypilot"),
    ("azure", "gpuhunt"),
    ("gcp", "gpuhunt"),
    ("lambda", "gpuhunt"),
    ("oci", "skypilot"),
    ("runpod", "skypilot"),
    ("vast", "skypilot"),
    ("vultr", "gpuhunt"),
]


def _written(tmp_path, offers, kind):
    """Offers as a catalogue, counts rounded as those are; returns the folder."""
    provider = offers[0].provider
    if kind == "own":
        a_snapshot(tmp_path / "there", *offers, provider=provider, stem=LATER.isoformat())
        return tmp_path / "there"
    if kind == "skypilot":
        return a_table(tmp_path / provider / "vms.csv", SKYPILOT, *map(_sky, offers))
    return a_table(tmp_path / "hunt" / f"{NAMES.get(provider, provider)}.csv", GPUHUNT, *map(_hunt, offers))


def _sky(offer):
    prices = (offer.usd_per_hour, "") if offer.purchase is Purchase.ON_DEMAND else ("", offer.usd_per_hour)
    size = (f"{offer.gpu_count:.3g}", offer.vcpus or "", offer.memory_gib or "", "")
    row = (offer.instance_type, offer.gpu, *size, *prices, offer.region, offer.zone or "")
    return dict(zip(SKYPILOT, row, strict=True))


def _hunt(offer):
    gpu = offer.gpu.partition("-")[0] if offer.provider == "gcp" else offer.gpu
    size = (offer.vcpus or 1, offer.memory_gib or 1, f"{offer.gpu_count:.3g}", gpu, "")
    is_spot = offer.purchase is Purchase.SPOT
    place = (offer.instance_type.partition("+")[0], offer.zone or offer.region, offer.usd_per_hour)
    return dict(zip(GPUHUNT, (*place, *size, is_spot, "", "", "", "", ""), strict=True))


def _said(offer):
    """What a catalogue of others can say of an offer: nothing of a marketplace's level, nor day and source of the row."""
    return replace(offer, observed_on=LATER, source="", usd_per_hour_cheapest=None, offers_count=None)


def _offers(provider):
    kinds = (Purchase.ON_DEMAND, Purchase.SPOT)
    return [offer for offer in newest_shipped(provider).values() if offer.purchase in kinds]


@pytest.mark.parametrize(("provider", "kind"), KINDS)
def test_a_books_own_rows_change_nothing(tmp_path, provider, kind):
    """Every row comes back as what it is: none is new, gone, moved or held back, and what a type has stays."""
    before = newest_shipped(provider)

    outcome = brought(_written(tmp_path, _offers(provider), kind), tmp_path / "data", observed_on=LATER)

    after = rows_of(outcome)
    assert ((), (), (), ()) == (outcome.changes.new, outcome.changes.gone, outcome.changes.moved, outcome.held_back)
    assert {key: _said(offer) for key, offer in before.items()} == {key: _said(offer) for key, offer in after.items()}


@pytest.mark.parametrize("provider", ["aws", "azure", "gcp", "lambda", "oci", "runpod", "vast", "vultr"])
def test_a_shipped_book_brought_along_is_the_same_book(tmp_path, provider):
    """Nothing is written for what is there already."""
    a_snapshot(tmp_path / "there", *newest_shipped(provider).values(), provider=provider, stem=_newest(provider))

    outcome = brought(tmp_path / "there", tmp_path / "data")

    assert None is outcome.error
    assert None is outcome.path
    assert (f"the same as book {_newest(provider)}: nothing written",) == outcome.notes


def _newest(provider):
    return max(offer.observed_on for offer in newest_shipped(provider).values()).isoformat()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("provider", "kind"), [*KINDS, ("azure", "own"), ("runpod", "own")])
def test_part_of_a_list_with_moved_prices_loses_nothing(tmp_path, provider, kind, seed):
    """No key goes, no date goes back, and what was not taken is as it was."""
    chance = random.Random(f"{provider} {kind} {seed}")  # noqa: S311 - a draw that can be repeated
    share = chance.choice([0.02, 0.2, 0.7])
    chosen = [offer for offer in _offers(provider) if chance.random() < share] or _offers(provider)[:1]
    moved = [
        replace(
            offer,
            usd_per_hour=offer.usd_per_hour * chance.choice([1, 1, 0.7, 1.4, 0.1, 30]),
            usd_per_hour_cheapest=None,
        )
        for offer in chosen
    ]
    day = chance.choice([LATER, date.fromisoformat(_newest(provider))])
    if kind == "own":
        moved = [replace(offer, observed_on=chance.choice([LATER, date(2020, 1, 1)])) for offer in moved]
    before = newest_shipped(provider)

    outcome = brought(_written(tmp_path, moved, kind), tmp_path / "data", observed_on=day, accepts=True)

    if outcome.path is None:
        return  # nothing in it was believed, or it was all there
    after = rows_of(outcome)
    assert set(before) == set(after)
    assert [] == [key for key, offer in before.items() if after[key].observed_on < offer.observed_on]
    fresh = {key for key, offer in after.items() if offer != before[key]}
    asked = {(offer.instance_type, offer.region, offer.zone, str(offer.purchase)) for offer in moved}
    assert fresh <= asked
