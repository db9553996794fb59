"""Storage and traffic: tiers by hand, tables with sources, missing prices named."""

from datetime import date

import pytest

from planner.cost.extras import egress_usd, extra_items, load_egress_tiers, load_storage_prices, transfer_seconds
from tests.builders import an_offer


@pytest.mark.parametrize(
    ("provider", "gb", "usd"),
    [
        ("aws", 100, 0.0),
        ("aws", 101, 0.09),
        ("aws", 10_240 + 1000, 10_140 * 0.09 + 1000 * 0.085),
        ("azure", 1100, 87.0),
        ("gcp", 10, 1.2),
        ("oci", 10_340, 0.85),
    ],
)
def test_egress_by_hand(provider, gb, usd):
    """Each GB costs what its tier costs; the first hundred are free at AWS and Azure."""
    assert pytest.approx(usd) == egress_usd(load_egress_tiers()[provider], gb)


def test_storage_by_hand():
    """150 GB and two checkpoints of 1.2 GB over 73 hours, a tenth of a month, at 0.08 USD."""
    offer = an_offer(provider="aws")

    (item,), notes = extra_items(offer, dataset_gb=150, results_gb=0, params_millions=100, seconds=73 * 3600)

    assert pytest.approx(152.4 * 0.1 * 0.08) == item.usd
    assert () == notes


def test_a_missing_price_is_named_and_never_zero():
    """Where no price is known there is no item, and a note."""
    items, notes = extra_items(an_offer(), dataset_gb=150, results_gb=5, params_millions=None, seconds=3600)

    assert () == items
    assert 2 == len(notes)
    assert all("testcloud" in note for note in notes)


def test_a_switched_off_item_is_gone():
    """`without` takes it off the bill."""
    offer = an_offer(provider="aws")

    items, _ = extra_items(
        offer, dataset_gb=150, results_gb=500, params_millions=None, seconds=3600, without=("storage", "egress")
    )

    assert () == items


def test_staging_runs_at_the_slower_of_network_and_stream():
    """100 GB at 5 Gbit/s take 160 s, at 1 Gbit/s 800 s."""
    assert 160.0 == transfer_seconds(an_offer(network_gbps=400.0), 100)
    assert 800.0 == transfer_seconds(an_offer(network_gbps=1.0), 100)


def test_every_price_has_a_source_and_a_date():
    """No row of the tables is without them."""
    rows = [*load_storage_prices().values(), *(tier for tiers in load_egress_tiers().values() for tier in tiers)]

    assert all(row.source and date.fromisoformat(row.as_of) for row in rows)


def test_tiers_rise():
    """Each provider's tiers begin at 0 and are in order."""
    for tiers in load_egress_tiers().values():
        starts = [tier.from_gb for tier in tiers]

        assert starts == sorted(starts)
        assert 0.0 == starts[0]
