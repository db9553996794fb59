"""Exact groups of offers: what they share, who leads them, and that their members take a run the same time."""

from dataclasses import replace
from datetime import date

import pytest

from planner.cost.bill import Biller
from planner.hardware.spot import interruption_rate
from planner.model.costs import total_usd
from planner.model.records import Basis, Precision, Purchase, Throughput, Workload
from planner.prices.catalog import OfferFilter, select_offers
from planner.prices.current import current_snapshots
from planner.prices.groups import grouped
from planner.units import current_day
from planner.work.listed import resolve_model
from tests.builders import an_offer, terms_of


def test_the_cheapest_leads_and_names_part_equals():
    """Members go by price, then by region; the head is the first of them, the size counts all."""
    offers = [
        an_offer(region="b", usd_per_hour=2.0),
        an_offer(region="c", usd_per_hour=1.0),
        an_offer(region="a", usd_per_hour=2.0),
    ]

    (group,) = grouped(offers)

    assert group.head is offers[1]
    assert 3 == group.size
    assert ["c", "a", "b"] == [offer.region for offer in group.members()]


@pytest.mark.parametrize(
    "change",
    [
        {"provider": "other"},
        {"gpu": "a100-40gb-sxm"},
        {"gpu_count": 4.0},
        {"instance_type": "test-8y"},
        {"network_gbps": 100.0},
        {"purchase": Purchase.SPOT},
        {"observed_on": date(2026, 6, 2)},
    ],
)
def test_what_time_or_age_depends_on_parts_groups(change):
    """An offer that differs in any part of the key is in a group of its own, in the order of the offers."""
    first, second = an_offer(), an_offer(**change)

    assert [first, second, first] == [group.head for order in ([first, second], [first]) for group in grouped(order)]


def test_what_has_no_part_in_time_does_not():
    """Region, zone, host, price and source leave an offer in its group."""
    other = an_offer(region="b", zone="b-1", vcpus=1.0, memory_gib=1.0, usd_per_hour=30.0, source="other")

    assert [2] == [group.size for group in grouped([an_offer(), other])]


def test_regions_that_take_spot_back_more_often_are_apart():
    """One AWS type at three published rates is three groups on spot and one on demand."""
    regions = ("us-east-1", "us-east-2", "eu-west-1", "ap-south-1", "us-west-2")
    offers = [an_offer(provider="aws", instance_type="g5.48xlarge", region=region) for region in regions]
    rates = {interruption_rate(offer) for offer in offers}

    assert len(rates) > 1
    assert 1 == len(grouped(offers))
    assert len(rates) == len(grouped([replace(offer, purchase=Purchase.SPOT) for offer in offers]))


@pytest.mark.parametrize(
    ("terms", "nodes"),
    [
        ({}, 1),
        ({"dataset_gb": 5000.0, "results_gb": 300.0, "tax_fraction": 0.19, "image_gb": 20.0}, 1),
        ({"interruptions_per_hour": 0.01, "trials": 3, "idle_seconds": 1234.5}, 4),
        ({"gpu_hours_per_failure": 100.0, "overhead_factor": 1.3, "dataset_gb": 10.0}, 2),
    ],
)
def test_members_of_shipped_groups_take_the_same_time_and_their_bills_go_by_price(terms, nodes):
    """To the last bit: one duration a group, and bills in the order of the members, ends of the range included."""
    offers = select_offers(current_snapshots(), OfferFilter(), today=current_day()).offers
    speed = Throughput(
        samples_per_second=1234.5,
        low=1000.1,
        high=1500.9,
        basis=Basis.MEASURED,
        precision=Precision.AMP,
        stack="",
        sources=(),
    )
    work = Workload(
        model=resolve_model("resnet50"), dataset=None, samples_per_epoch=1.3e6, epochs=37.7, precision=Precision.AMP
    )
    biller = Biller(terms_of(**terms), work, credits_usd={"aws": 100.0})

    for group in grouped(offers):
        members = group.members()[:: 1 + group.size // 4]
        bills = [biller.bill(offer, speed, nodes) for offer in members]
        if isinstance(bills[0], str):
            assert {bills[0]} == set(bills)
            continue
        money = [(total_usd(bill.items), bill.usd_low, bill.usd_high) for bill in bills]

        assert 1 == len({(bill.seconds, bill.seconds_low, bill.seconds_high) for bill in bills})
        for column in zip(*money, strict=True):
            assert sorted(column) == list(column)
        assert group.head is members[0]
