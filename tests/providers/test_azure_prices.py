from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.hardware.gpus import load_gpus
from planner.model.records import Purchase
from providers.azure_prices import retail_offers, row_kind
from providers.azure_sizes import read_sizes, shipped_regions, shipped_sizes
from tests.examples import examples
from tests.providers.clouds import NOON, fixture_json

EXPECTED = fixture_json("azure", "expected.json")
EASTUS = [row for n in (1, 2) for row in fixture_json("azure", f"retail_vm_eastus_preview_p{n}.json")["Items"]]
SKUS = [row for n in (1, 2, 3) for row in fixture_json("azure", f"resource_skus_p{n}.json")["value"]]
SIZE = "Standard_NC24ads_A100_v4"


def a_row(price=3.673, **changes):
    """An on-demand price row of one size in eastus."""
    row = {
        "currencyCode": "USD",
        "tierMinimumUnits": 0.0,
        "retailPrice": price,
        "unitPrice": price,
        "armRegionName": "eastus",
        "effectiveStartDate": "2026-01-01T00:00:00Z",
        "meterId": "meter-1",
        "meterName": "NC24adsA100v4",
        "productName": "NCads A100 v4 Series Linux",
        "skuId": "sku-1",
        "serviceName": "Virtual Machines",
        "unitOfMeasure": "1 Hour",
        "type": "Consumption",
        "armSkuName": SIZE,
    }
    return row | changes


def offers_of(*rows, skus=(), purchases=(), regions=()):
    return retail_offers(rows, read_sizes(skus), purchases=purchases, regions=regions, observed_at=NOON)


def only_price(*rows):
    (offer,) = offers_of(*rows).offers
    return offer.purchase, offer.usd_per_hour


def only_doubt(*rows):
    found = offers_of(*rows)
    assert () == found.offers
    (held,) = found.held_back
    return held.reason


def test_rows_are_told_apart():
    """All rows of one region fall into the kinds they were counted in by hand."""
    counts = Counter(row_kind(row) for row in EASTUS)

    assert EXPECTED["eastus"]["rows"] == len(EASTUS)
    assert {
        "on_demand": EXPECTED["eastus"]["on_demand_linux"],
        "spot": EXPECTED["eastus"]["spot_linux"],
        "low_priority": EXPECTED["eastus"]["low_priority_linux"],
        "windows": EXPECTED["eastus"]["windows"],
        "dev_test": EXPECTED["eastus"]["devtest"],
        "reservation": EXPECTED["eastus"]["reservation"],
    } == counts


def test_recorded_prices_are_reached():
    """On demand, spot and reservations of the recorded sizes equal the published figures."""
    found = {(o.instance_type, o.purchase): o.usd_per_hour for o in offers_of(*EASTUS, skus=SKUS).offers}

    a100 = EXPECTED["eastus"][SIZE]
    assert float(a100["on_demand"]) == found[SIZE, "on_demand"]
    assert float(a100["spot"]) == found[SIZE, "spot"]
    assert a100["reserved_1y_hour"] == f"{found[SIZE, 'reserved_1y']:.4f}"
    assert a100["reserved_3y_hour"] == f"{found[SIZE, 'reserved_3y']:.4f}"
    h100 = EXPECTED["eastus"]["Standard_ND96isr_H100_v5"]
    assert float(h100["on_demand"]) == found["Standard_ND96isr_H100_v5", "on_demand"]
    assert float(h100["spot"]) == found["Standard_ND96isr_H100_v5", "spot"]
    assert ("Standard_ND96isr_H100_v5", "reserved_1y") not in found


def test_shares_of_a_gpu_keep_their_fraction():
    """A sixth of an A10 is 0.166667 GPUs, although the service counts it as one."""
    (offer,) = [
        offer
        for offer in offers_of(*EASTUS, skus=SKUS).offers
        if offer.instance_type == "Standard_NV6ads_A10_v5" and offer.purchase is Purchase.ON_DEMAND
    ]

    assert (0.166667, 0.454, 6.0, 55.0) == (offer.gpu_count, offer.usd_per_hour, offer.vcpus, offer.memory_gib)


def test_a_reservation_is_a_total_divided_by_its_hours():
    """21033 USD for a year of 8760 hours is 2.401027 USD an hour, and the source shows the division."""
    (offer,) = offers_of(a_row(21033.0, type="Reservation", reservationTerm="1 Year")).offers

    assert (Purchase.RESERVED_1Y, 2.401027) == (offer.purchase, offer.usd_per_hour)
    assert "Azure Retail Prices, meter meter-1: 21033 USD for 1 Year / 8760 h" == offer.source
    assert date(2026, 11, 20) == offer.observed_on


def test_a_five_year_reservation_is_left_out():
    """Terms without a name here give no offer and are no doubt."""
    found = offers_of(a_row(100000.0, type="Reservation", reservationTerm="5 Years"))

    assert ((), ()) == (found.offers, found.held_back)


def test_savings_plans_ride_on_the_on_demand_row():
    """Both terms of a savings plan are offered beside the on-demand price, in whatever order they come."""
    plans = [{"term": "3 Years", "retailPrice": 1.9}, {"term": "1 Year", "retailPrice": 2.7}]

    prices = {offer.purchase: offer.usd_per_hour for offer in offers_of(a_row(savingsPlan=plans)).offers}

    assert {"on_demand": 3.673, "savings_3y": 1.9, "savings_1y": 2.7} == prices


@pytest.mark.parametrize(
    "changes",
    [
        {"productName": "NCads A100 v4 Series Windows"},
        {"productName": "NCads A100 v4 Series Windows", "meterName": "NC24adsA100v4 Spot"},
        {"type": "DevTestConsumption"},
        {"meterName": "NC24adsA100v4 Low Priority"},
        {"productName": "NCads A100 v4 Series Dedicated Host"},
        {"productName": "NCads A100 v4 Series CloudServices"},
        {"productName": "NC Promo Series"},
        {"serviceName": "Cloud Services"},
        {"armSkuName": "Standard_NC6_Promo"},
        {"armSkuName": "Standard_NP10s"},
        {"armSkuName": "Standard_D4s_v5"},
        {"armSkuName": "", "productName": "Virtual Machines Dsv5 Series"},
    ],
)
def test_other_products_are_left_out_in_silence(changes):
    """Windows, developer, low-priority, dedicated and promotional rows and other machines are no offers and no doubts."""
    found = offers_of(a_row(**changes))

    assert ((), (), ()) == (found.offers, found.held_back, found.unknown)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": 0.0}, "the price is 0.0"),
        ({"price": -3.06}, "the price is -3.06"),
        ({"price": float("nan")}, "the price is nan"),
        ({"price": float("inf")}, "the price is inf"),
        ({"price": None}, "no price"),
        ({"price": "3,673.00"}, "the price '3,673.00' is not a number"),
        ({"price": "3.673"}, "the price '3.673' is not a number"),
        ({"price": True}, "the price True is not a number"),
        ({"unitPrice": 0.459}, "retail price 3.673, but unit price 0.459"),
        ({"currencyCode": "JPY"}, "priced in 'JPY', not USD"),
        ({"unitOfMeasure": "100 Hours"}, "sold by '100 Hours', not by the hour"),
        ({"tierMinimumUnits": 10.0}, "a price from 10.0 units on"),
        ({"armRegionName": ""}, "no region"),
        ({"effectiveStartDate": "2026-12-01T00:00:00Z"}, "not in force before 2026-12-01T00:00:00Z"),
        ({"effectiveEndDate": "2026-11-20T12:00:00Z"}, "no longer in force since 2026-11-20T12:00:00Z"),
        ({"effectiveStartDate": "soon"}, "effectiveStartDate 'soon' is not a time"),
        ({"armSkuName": ""}, "a GPU product without a size name"),
    ],
)
def test_an_odd_row_is_held_back(changes, reason):
    """A row that cannot be believed is kept out of the offers, with the reason."""
    assert reason == only_doubt(a_row(**changes))


def test_an_odd_savings_plan_leaves_the_on_demand_price():
    """A bad rate of a savings plan holds that rate back alone."""
    found = offers_of(a_row(savingsPlan=[{"term": "1 Year", "retailPrice": -1.0}]))

    assert ["on_demand"] == [offer.purchase for offer in found.offers]
    assert ["savings plan: the price is -1.0"] == [row.reason for row in found.held_back]


def test_the_newest_price_of_a_product_counts():
    """An older price of the same product is history, not a conflict, also under another meter."""
    newest = a_row(3.5, effectiveStartDate="2026-11-01T00:00:00Z", meterId="meter-2")

    assert ("on_demand", 3.5) == only_price(newest, a_row())


def test_repeated_rows_count_once():
    """Pages that shift while they are read repeat rows; one offer comes of it."""
    assert ("on_demand", 3.673) == only_price(a_row(), a_row(), a_row(skuId="sku-2"))


def test_two_prices_for_one_thing_are_both_held_back():
    """Different prices from one moment, or from two products, are reported; the smaller is not taken."""
    said = "several prices in force for one thing: 3.673, 7.346"

    assert said == only_doubt(a_row(), a_row(7.346))
    assert said == only_doubt(a_row(), a_row(7.346, skuId="sku-2", effectiveStartDate="2026-05-01T00:00:00Z"))


def test_unknown_sizes_and_gpus_are_named():
    """A size nobody has listed, and a size whose GPU is not in the table of GPUs, are counted by name."""
    found = offers_of(
        a_row(armSkuName="Standard_NX99zz_R900_v9"),
        a_row(armSkuName="Standard_NX99zz_R900_v9"),
        a_row(armSkuName="Standard_NG32ads_V620_v1"),
    )

    assert (("Standard_NX99zz_R900_v9", 2), ("radeon-pro-v620 (Standard_NG32ads_V620_v1)", 1)) == found.unknown
    assert () == found.offers


def test_regions_and_purchases_are_chosen():
    """Only the regions and ways of paying asked for are offered."""
    rows = (a_row(), a_row(armRegionName="westeurope"), a_row(1.0, meterName="NC24adsA100v4 Spot"))

    found = offers_of(*rows, purchases=[Purchase.ON_DEMAND], regions=["westeurope"])

    assert [("westeurope", "on_demand")] == [(offer.region, offer.purchase) for offer in found.offers]


def test_spot_at_the_price_of_on_demand_is_kept():
    """A spot price that equals on demand is real for some machines."""
    rows = fixture_json("azure", "retail_vm_multi.json")["Items"]
    name = "Standard_ND96isr_H200_v5"

    prices = {
        offer.purchase: offer.usd_per_hour
        for offer in offers_of(*rows).offers
        if (offer.instance_type, offer.region) == (name, "germanywestcentral")
    }

    assert 110.24 == prices[Purchase.ON_DEMAND] == prices[Purchase.SPOT]


def test_real_reservations_of_a_government_region():
    """509408 and 1386990 USD for one and three years are 58.15 and 52.78 USD an hour."""
    rows = fixture_json("azure", "retail_vm_multi.json")["Items"]

    prices = {
        offer.purchase: f"{offer.usd_per_hour:.2f}"
        for offer in offers_of(*rows).offers
        if (offer.instance_type, offer.region) == ("Standard_ND96isr_H200_v5", "usgovvirginia")
    }

    assert ("58.15", "52.78") == (prices[Purchase.RESERVED_1Y], prices[Purchase.RESERVED_3Y])


def test_a_converted_list_gives_no_offer():
    """Prices in EUR are conversions; all are held back."""
    found = offers_of(*fixture_json("azure", "retail_vm_westeurope_eur.json")["Items"])

    assert () == found.offers
    assert {"priced in 'EUR', not USD"} == {row.reason for row in found.held_back}


def test_the_list_of_all_services_holds_nothing_odd():
    """Rows of databases, disks and machines without GPUs pass by in silence."""
    found = offers_of(*fixture_json("azure", "retail_unfiltered.json")["Items"])

    assert ((), (), ()) == (found.offers, found.held_back, found.unknown)


@settings(max_examples=examples(25), deadline=None)
@given(st.permutations([*EASTUS[:25], a_row(), a_row(9.0), "?"]), st.integers(0, 20))
def test_order_and_repetition_change_nothing(rows, repeated):
    """Offers do not depend on the order of rows or on rows that come twice."""
    once = offers_of(*EASTUS[:25], a_row(), a_row(9.0), "?")

    again = offers_of(*rows, *rows[:repeated])

    assert (once.offers, set(once.held_back)) == (again.offers, set(again.held_back))


def test_resource_skus_correct_the_shipped_sizes():
    """vCPUs and memory come from the resource SKU list; every recorded count of GPUs agrees with the table."""
    sizes = read_sizes(SKUS)

    assert {} == sizes.contradicted
    assert () == sizes.held_back
    assert frozenset() == sizes.unlisted_gpus
    with_gpus = [sku for sku in SKUS if any(pair["name"] == "GPUs" for pair in sku.get("capabilities", []))]
    assert (EXPECTED["resource_skus"]["items"], EXPECTED["resource_skus"]["with_gpus"]) == (len(SKUS), len(with_gpus))
    assert {sku["name"] for sku in with_gpus} == sizes.listed


def a_sku(name=SIZE, gpus="1", vcpus="24", memory="220"):
    pairs = {"GPUs": gpus, "vCPUs": "96", "vCPUsAvailable": vcpus, "MemoryGB": memory}
    capabilities = [{"name": key, "value": value} for key, value in pairs.items() if value is not None]
    return {"resourceType": "virtualMachines", "name": name, "locations": ["westEurope"], "capabilities": capabilities}


def test_a_constrained_size_has_the_vcpus_it_can_use():
    """The vCPUs available count, not those of the machine behind."""
    assert 12.0 == read_sizes([a_sku(vcpus="12")]).by_name[SIZE].vcpus


@pytest.mark.parametrize("skus", [[a_sku(gpus="4")], [a_sku(), a_sku(memory="440")]])
def test_a_contradicted_size_is_held_back(skus):
    """Where the list gives another number of GPUs or two shapes, the price row is held back: which is right is unknown."""
    found = offers_of(a_row(), skus=skus)

    assert () == found.offers
    assert 1 == len(found.held_back)


@pytest.mark.parametrize("memory", [None, "1.900,0", "0", "nan"])
def test_an_unusable_shape_is_held_back_and_the_table_used(memory):
    """A missing or impossible memory size is reported; the shipped figure stands."""
    sizes = read_sizes([a_sku(memory=memory)])

    assert 220.0 == sizes.by_name[SIZE].memory_gib
    assert [("westeurope", SIZE)] == [(row.region, row.instance_type) for row in sizes.held_back]


def test_a_size_with_gpus_that_nobody_listed_is_named():
    """GPU sizes of the account that the table lacks are reported even without a price."""
    assert frozenset({"Standard_NX1_v9"}) == read_sizes([a_sku("Standard_NX1_v9")]).unlisted_gpus


def test_shipped_sizes_are_sound():
    """Every shipped size has a positive count of GPUs, and its GPU is known except for two Radeon cards."""
    sizes = shipped_sizes().values()

    assert [] == [size.name for size in sizes if not 0 < size.gpu_count <= 8]
    assert {"radeon-pro-v620", "radeon-pro-v710"} == {size.gpu for size in sizes} - load_gpus().keys()
    assert [] == [region for region in shipped_regions() if region != region.lower()]
