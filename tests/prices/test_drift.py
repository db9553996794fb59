"""The price of today, given the age of the one in the book: hand-computed ends, and the table that ships."""

import math
from datetime import date, timedelta

import pytest

import planner
from planner.model.records import Purchase
from planner.prices.drift import (
    PriceClass,
    PriceDrift,
    is_flagship,
    price_class,
    price_drift,
    price_drifts,
    price_range,
)
from tests.builders import an_offer

DAY = date(2026, 11, 20)


def drift(**changed):
    figures = {
        "price_class": PriceClass.SPOT,
        "provider": None,
        "full_days": 100,
        "low_ln": -0.8,
        "high_ln": 0.4,
        "jumps_per_year": 0.0,
        "jump_low_ln": 0.0,
        "jump_high_ln": 0.0,
        "periods": 3,
        "pairs": 30,
        "source": "test",
        "as_of": DAY,
    }
    return PriceDrift(**{**figures, **changed})


def aged(days, **changed):
    return an_offer(observed_on=DAY - timedelta(days=days), **changed)


@pytest.mark.parametrize(
    ("age_days", "share"),
    [(0, 0.0), (25, 0.5), (100, 1.0), (400, 1.0), (-3, 0.0)],
)
def test_a_range_grows_with_the_root_of_the_age_and_then_stays(age_days, share):
    """A quarter of the time gives half of the range; the future, none."""
    assert pytest.approx((-0.8 * share, 0.4 * share)) == drift().ends(age_days, is_flagship=False)


def test_a_cut_counts_once_it_is_likelier_than_the_tail():
    """At 0.1 a year it reaches 5 % after 187 days; after ten years 63 %, of which the deepest 5 / 63 lie beyond."""
    steady = drift(low_ln=0.0, high_ln=0.0, jumps_per_year=0.1, jump_low_ln=-0.6, jump_high_ln=-0.3)

    before, after = (steady.ends(days, is_flagship=True) for days in (187, 188))
    old = steady.ends(3650, is_flagship=True)

    assert (0.0, 0.0) == before
    assert pytest.approx(-0.3, abs=0.002) == after[0]
    likely = 1 - math.exp(-1)
    assert pytest.approx(-0.6 + 0.3 * 0.05 / likely) == old[0]
    assert 0.0 == old[1]
    assert (0.0, 0.0) == steady.ends(3650, is_flagship=False)


@pytest.mark.parametrize(
    ("provider", "instance_type", "purchase", "expected"),
    [
        ("aws", "p5.48xlarge", Purchase.ON_DEMAND, PriceClass.LIST_LARGE),
        ("azure", "Standard_NC24ads_A100_v4", Purchase.RESERVED_3Y, PriceClass.LIST_LARGE),
        ("aws", "p5.48xlarge", Purchase.SPOT, PriceClass.SPOT),
        ("coreweave", "nvidia-a100", Purchase.SPOT, PriceClass.SPOT),
        ("lambda", "gpu_1x_a10", Purchase.ON_DEMAND, PriceClass.LIST_SMALL),
        ("runpod", "1x_L4_SECURE", Purchase.ON_DEMAND, PriceClass.LIST_SMALL),
        ("runpod", "1x_L4_COMMUNITY", Purchase.ON_DEMAND, PriceClass.MARKETPLACE),
        ("vast", "1x_RTX_4090", Purchase.ON_DEMAND, PriceClass.MARKETPLACE),
        ("nobody", "thing", Purchase.ON_DEMAND, None),
        ("nobody", "thing", Purchase.SPOT, PriceClass.SPOT),
    ],
)
def test_the_class_of_a_price(provider, instance_type, purchase, expected):
    """Spot moves like spot, whoever sells it; lists by the size of the cloud."""
    offer = an_offer(provider=provider, instance_type=instance_type, purchase=purchase)

    assert expected == price_class(offer)


def test_flagships_are_boards_since_the_a100():
    """The cut of June 2025 took A100, H100 and H200 boards, and neither V100 nor PCIe cards."""
    assert all(map(is_flagship, ("a100-40gb-sxm", "h100-80gb-sxm", "h200-141gb-sxm", "mi300x")))
    assert not any(map(is_flagship, ("v100-16gb", "a10g", "t4", "h100-80gb-pcie", "l40s")))


def test_a_list_price_of_an_unknown_seller_has_the_widest_range():
    """A month old, that of GPU clouds; of an H100 after ten years the cut of large clouds reaches lower."""
    offers = [aged(days, provider="nobody", gpu="h100-80gb-sxm", usd_per_hour=10.0) for days in (30, 3650)]
    large, small = (price_drifts()[kind, None] for kind in (PriceClass.LIST_LARGE, PriceClass.LIST_SMALL))

    young, old = (price_range(offer, DAY) for offer in offers)

    assert pytest.approx((10 * math.exp(small.low_ln), 10 * math.exp(small.high_ln))) == young
    assert pytest.approx(10 * math.exp(large.ends(3650, is_flagship=True)[0])) == old[0] < young[0]
    assert young[1] == old[1]


def test_a_level_reaches_the_cheapest_offer():
    """A price of today is certain but for what somebody already asks."""
    offer = aged(0, provider="vast", instance_type="1x_RTX_4090", usd_per_hour=0.5, usd_per_hour_cheapest=0.3)

    assert (0.3, 0.5) == price_range(offer, DAY)


def test_list_prices_of_large_clouds_stay_until_they_are_cut():
    """41 days after it was read the price of a p5 is its price; a year after, a cut is likelier than 5 %."""
    young, old = (
        price_range(aged(days, provider="aws", gpu="h100-80gb-sxm", gpu_count=8.0, usd_per_hour=55.04), DAY)
        for days in (41, 365)
    )

    assert (55.04, 55.04) == young
    assert 0.5 < old[0] / 55.04 < 0.75
    assert 55.04 == old[1]


def test_every_class_has_figures_that_hold_the_price():
    """Each row of the table is a range round 0, with source and day; a provider without a row has that of its class."""
    drifts = price_drifts()

    assert set(PriceClass) == {kind for kind, provider in drifts if provider is None}
    for one in drifts.values():
        assert one.low_ln <= 0 <= one.high_ln
        assert one.source
        assert one.as_of >= date(2026, 10, 1)
    assert drifts[PriceClass.SPOT, None].low_ln < drifts[PriceClass.LIST_LARGE, None].low_ln
    assert (drifts[PriceClass.SPOT, "azure"],) == price_drift(an_offer(provider="azure", purchase=Purchase.SPOT))
    assert (drifts[PriceClass.SPOT, None],) == price_drift(an_offer(provider="coreweave", purchase=Purchase.SPOT))


def test_an_estimate_has_the_range_of_its_price():
    """USD hold the range of the price, hours do not; a row of today's price has the range of its speed alone."""
    asked = {"model": "resnet50", "epochs": 90, "providers": ["azure"], "purchases": ["spot"], "limit": 1}
    (estimate,) = planner.estimate(**asked, as_of=DAY).estimates
    (younger,) = planner.estimate(**asked, as_of=estimate.offer.observed_on).estimates

    assert (estimate.usd_per_hour_low, estimate.usd_per_hour_high) == price_range(estimate.offer, DAY)
    assert estimate.usd_per_hour_low < estimate.offer.usd_per_hour < estimate.usd_per_hour_high
    by_speed = younger.usd_high / younger.usd
    by_price = estimate.usd_per_hour_high / estimate.offer.usd_per_hour
    together = math.exp(math.hypot(math.log(by_speed), math.log(by_price)))
    assert pytest.approx(together, rel=0.001) == estimate.usd_high / estimate.usd
    assert (younger.seconds_low, younger.seconds_high) == (estimate.seconds_low, estimate.seconds_high)
    assert younger.usd_per_hour_low == younger.usd_per_hour_high == younger.offer.usd_per_hour


def test_an_own_price_has_no_age(tmp_path):
    """A rate of the user is sure, and so is a discount on a list price."""
    book = tmp_path / "prices.toml"
    book.write_text('[[discounts]]\nprovider = "azure"\npurchase = "spot"\ndiscount_fraction = 0.1\n')

    (estimate,) = planner.estimate(
        model="resnet50", epochs=90, providers=["azure"], purchases=["spot"], price_book=book, limit=1, as_of=DAY
    ).estimates

    assert estimate.usd_per_hour_low == estimate.usd_per_hour_high == estimate.offer.usd_per_hour
