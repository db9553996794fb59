from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.model.records import Purchase
from providers.gcp_machines import Machine, listed_machines
from providers.gcp_prices import Part, machine_offers, machine_parts, machine_usd_per_hour, parts_text
from providers.gcp_skus import read_rates
from tests.providers.clouds import NOON, fixture_json
from tests.providers.test_gcp_machines import ACCELERATOR_ROWS, MACHINE_ROWS
from tests.providers.test_gcp_skus import ALL_SKUS, PRODUCTS

DAY = date(2026, 11, 20)
RATES = read_rates(ALL_SKUS, gpu_products=PRODUCTS, observed_on=NOON.date()).usd
MACHINES = {machine.instance_type: machine for machine in listed_machines(MACHINE_ROWS, ACCELERATOR_ROWS).machines}
MACHINES["n1-standard-4 + 1x nvidia-tesla-t4"] = Machine(
    instance_type="n1-standard-4 + 1x nvidia-tesla-t4",
    family="N1",
    accelerator="nvidia-tesla-t4",
    gpu="t4",
    gpu_count=1.0,
    vcpus=4,
    memory_gib=15.0,
    local_ssd_gib=0,
    network_gbps=None,
    regions=("us-central1",),
)
PURCHASES = {
    "on_demand": Purchase.ON_DEMAND,
    "spot": Purchase.SPOT,
    "cud_1y": Purchase.RESERVED_1Y,
    "cud_3y": Purchase.RESERVED_3Y,
}
EXPECTED = fixture_json("gcp", "expected.json")


def offers_of(*names, rates=RATES, purchases=(), regions=()):
    return machine_offers(
        [MACHINES[name] for name in names], rates, purchases=purchases, regions=regions, observed_on=DAY
    )


@pytest.mark.parametrize(
    ("name", "way", "usd_per_hour"),
    [
        (name, way, usd)
        for name, ways in EXPECTED["us-central1"].items()
        for way, usd in ways.items()
        if way in PURCHASES
    ],
)
def test_a_machine_costs_the_sum_of_its_parts(name, way, usd_per_hour):
    """Machine prices in us-central1 equal the published ones to the millionth, in every way of paying."""
    parts, missing = machine_parts(MACHINES[name], "us-central1", PURCHASES[way], RATES)

    assert [] == missing
    assert usd_per_hour == str(machine_usd_per_hour(parts))


def test_the_parts_are_shown():
    """The source of an offer holds the sum that makes its price, local SSD included."""
    (offer,), _ = offers_of("a2-ultragpu-1g", purchases=[Purchase.ON_DEMAND], regions=["us-central1"])

    assert 5.068798 == offer.usd_per_hour
    assert (
        "Cloud Billing catalogue: 12 vCPU x 0.031611 + 170 GiB RAM x 0.004237 + 1 nvidia-a100-80gb x 3.92808"
        " + 375 GiB SSD x 0.08/730"
    ) == offer.source


@pytest.mark.parametrize(("name", "region"), EXPECTED["must_have_no_on_demand"])
def test_a_machine_without_all_parts_has_no_price(name, region):
    """Where one part has no price there is no offer."""
    parts_missing = machine_parts(MACHINES[name], region, Purchase.ON_DEMAND, RATES)[1]
    offers, _ = offers_of(name, purchases=[Purchase.ON_DEMAND])

    assert parts_missing
    assert [] == offers


@pytest.mark.parametrize("part", ["A2 core", "A2 memory", "nvidia-a100-80gb GPU", "local SSD"])
def test_every_part_is_needed(part):
    """Taking any one rate away makes the offer unpriced, with the part's name and the region."""
    rates = {key: usd for key, usd in RATES.items() if key[0] != part}

    offers, unpriced = offers_of("a2-ultragpu-1g", rates=rates, purchases=[Purchase.SPOT], regions=["us-central1"])

    assert [] == offers
    assert [f"spot: no price for {part} in us-central1"] == [row.reason for row in unpriced]


@pytest.mark.parametrize(
    "name", ["a4-highgpu-8g", "a4x-highgpu-4g", "a3-ultragpu-8g", "a3-highgpu-1g", "a3-highgpu-4g"]
)
def test_types_not_sold_on_demand_are_not_offered(name):
    """A type that Google sells as spot or by reservation only has no on-demand offer, although its parts have prices."""
    offers, unpriced = offers_of(name, purchases=[Purchase.ON_DEMAND])

    assert [] == offers
    assert ["not sold on demand: spot, flex-start or reservation only"] == [row.reason for row in unpriced]


def test_spot_of_a_machine_not_sold_on_demand_is_offered():
    """The B200 machine is offered as spot at eight slices."""
    (offer,), _ = offers_of("a4-highgpu-8g", purchases=[Purchase.SPOT])

    assert (39.6336, "b200-180gb-sxm", 8.0) == (offer.usd_per_hour, offer.gpu, offer.gpu_count)


def test_regions_and_purchases_are_chosen():
    """Only what was asked for is offered; without a choice everything is."""
    chosen, _ = offers_of("g2-standard-4", purchases=[Purchase.SPOT], regions=["europe-west4"])
    everything, _ = offers_of("g2-standard-4")

    assert [("europe-west4", "spot")] == [(offer.region, offer.purchase) for offer in chosen]
    assert {"us-central1", "europe-west4"} == {offer.region for offer in everything}
    assert {"on_demand", "spot", "reserved_1y", "reserved_3y"} == {offer.purchase for offer in everything}


@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 10**10)), min_size=1, max_size=5))
def test_the_price_is_the_sum_shown(numbers):
    """Adding up the text of the parts gives the price to half a millionth."""
    parts = [Part(quantity=Decimal(n), unit="GiB", usd_per_unit=Decimal(nanos).scaleb(-9)) for n, nanos in numbers]

    total = sum(
        Decimal(quantity) * Decimal(rate)
        for quantity, rate in (line.split(" GiB x ") for line in parts_text(parts).split(" + "))
    )

    assert abs(total - machine_usd_per_hour(parts)) <= Decimal("0.0000005")
