from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.model.records import Purchase
from providers.gcp_machines import load_accelerators
from providers.gcp_skus import read_rates
from tests.examples import examples
from tests.providers.clouds import NOON, fixture_json

PRODUCTS = {name: accelerator.name for accelerator in load_accelerators().values() for name in accelerator.price_names}
ALL_SKUS = [sku for number in (1, 2, 3, 4) for sku in fixture_json("gcp", f"billing_skus_p{number}.json")["skus"]]


def a_sku(description="A2 Instance Core running in Americas", **changes):
    """A price row of 2.5 USD an hour in us-central1."""
    sku = {
        "skuId": changes.pop("sku_id", "0000-0000-0001"),
        "description": description,
        "category": {
            "resourceFamily": "Compute",
            "resourceGroup": changes.pop("group", "CPU"),
            "usageType": changes.pop("usage", "OnDemand"),
        },
        "serviceRegions": changes.pop("regions", ["us-central1"]),
        "pricingInfo": [
            {
                "effectiveTime": changes.pop("effective", "2026-11-20T08:00:00Z"),
                "pricingExpression": {
                    "usageUnit": changes.pop("unit", "h"),
                    "tieredRates": [{"unitPrice": changes.pop("price", usd("2", 500_000_000))}],
                },
            }
        ],
    }
    return sku | changes


def usd(units, nanos, currency="USD"):
    return {"currencyCode": currency, "units": units, "nanos": nanos}


def rates_of(*skus):
    return read_rates(skus, gpu_products=PRODUCTS, observed_on=NOON.date())


def only_rate(*skus):
    """The key and price of the single rate in some rows."""
    ((key, price),) = rates_of(*skus).usd.items()
    return key, price


def only_doubt(*skus):
    """The reason of the single row held back, with no rate beside it."""
    rates = rates_of(*skus)
    assert {} == dict(rates.usd)
    (row,) = rates.held_back
    return row.reason


@pytest.mark.parametrize(
    ("description", "usage", "unit", "key"),
    [
        ("A2 Instance Core running in Americas", "OnDemand", "h", ("A2 core", "on_demand")),
        ("A2 Instance Ram running in Americas", "OnDemand", "GiBy.h", ("A2 memory", "on_demand")),
        ("Spot Preemptible A3Plus Instance Core running in Americas", "Preemptible", "h", ("A3Plus core", "spot")),
        ("Commitment v1: A2 Cpu in Americas for 1 Year", "Commit1Yr", "h", ("A2 core", "reserved_1y")),
        ("Commitment v1: Ram in Americas for 3 Years", "Commit3Yr", "GiBy.h", ("N1 memory", "reserved_3y")),
        ("Nvidia Tesla A100 GPU running in Tokyo", "OnDemand", "h", ("nvidia-tesla-a100 GPU", "on_demand")),
        ("Nvidia Tesla A100 80GB GPU running in Tokyo", "OnDemand", "h", ("nvidia-a100-80gb GPU", "on_demand")),
        ("Nvidia H100 80GB Plus GPU running in Americas", "OnDemand", "h", ("nvidia-h100-mega-80gb GPU", "on_demand")),
        ("H200 141GB GPU attached to Spot Preemptible VMs running in Americas", "Preemptible", "h",
         ("nvidia-h200-141gb GPU", "spot")),
        ("Commitment v1: Nvidia L4 GPU running in Tokyo for 3 Year", "Commit3Yr", "h", ("nvidia-l4 GPU", "reserved_3y")),
        ("Spot Preemptible A4 Nvidia B200 (1 gpu slice) running in Americas", "OnDemand", "h", ("A4 slice", "spot")),
        ("1/8 vGPU no lssd running in Iowa", "OnDemand", "h", ("G4 slice", "on_demand")),
        ("SSD backed Local Storage", "OnDemand", "GiBy.mo", ("local SSD", "on_demand")),
        ("SSD backed Local Storage in Milan", "OnDemand", "GiBy.mo", ("local SSD", "on_demand")),
    ],
)  # fmt: skip
def test_a_description_names_its_product(description, usage, unit, key):
    """Every known product is recognised with its way of paying, whatever the place is called."""
    found, price = only_rate(a_sku(description, usage=usage, unit=unit))

    assert (*key, "us-central1") == found
    assert Decimal("2.5") == price


@pytest.mark.parametrize(
    "description",
    [
        "DWS Defined Duration A2 Core running in Americas",
        "Nvidia H100 80GB GPU attached to DWS Defined Duration VMs running in Americas",
        "Nvidia H100 Mega 80GB GPU attached to DWS Defined Duration VMs running in Americas",
        "DWS Calendar Mode A4 Nvidia B200 (1 gpu slice) running in Americas",
        "Reserved Nvidia H100 80GB GPU in Mumbai in Calendar Mode",
        "Nvidia H100 80GB GPU in Mumbai in Calendar Mode",
        "Nvidia H100 80GB GPU running in Mumbai attached to DWS Flex Start VMs",
        "Reserved A2 Ram in Americas",
        "Nvidia Tesla T4 GPU attached to Sole Tenancy VMs running in Tokyo",
        "Nvidia Tesla T4 GPU suspended state in Americas",
        "Nvidia L4 Virtual Workstation GPU running in Tokyo",
        "Custom Instance Core running in Americas",
        "G2 Custom Instance Core running in Americas",
        "N1 Sole Tenancy Instance Core running in Americas",
        "Memory Optimized Upgrade Premium for Memory-optimized Instance Core running in Americas",
    ],
)
def test_flex_start_calendar_and_other_products_are_not_rates(description):
    """A row that only resembles a product is neither a rate nor an unknown GPU, although it is typed as on demand."""
    rates = rates_of(a_sku(description, group="GPU"))

    assert ({}, (), {}) == (dict(rates.usd), rates.held_back, rates.unknown)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": usd("0", 0)}, "the price is 0.000000000"),
        ({"price": usd("-2", -500_000_000)}, "the price is -2.500000000"),
        ({"price": usd("1,234", 0)}, "'1,234' is not a whole number of USD"),
        ({"price": usd("1", 10**9)}, "1000000000 is not a number of billionths"),
        ({"price": usd("1", float("nan"))}, "nan is not a number of billionths"),
        ({"price": usd("1", 0, "EUR")}, "priced in 'EUR', not USD"),
        ({"unit": "mo"}, "sold by 'mo', not by h"),
        ({"regions": []}, "for no region"),
        ({"regions": ["global"]}, "for the whole world, not a region"),
        ({"effective": "2026-12-01T00:00:00Z"}, "no price in force yet"),
        ({"usage": "Commit"}, "described as on_demand, but of usage type 'Commit'"),
        ({"pricingInfo": []}, "no price"),
    ],
)
def test_a_known_product_with_an_odd_price_is_held_back(changes, reason):
    """A price that cannot be one keeps its row out, with the reason."""
    assert reason == only_doubt(a_sku(**changes))


def test_a_free_first_tier_is_not_the_price():
    """Two tiers are held back: taking the first would make the machine free."""
    sku = a_sku()
    tiers = sku["pricingInfo"][0]["pricingExpression"]["tieredRates"]
    tiers.insert(0, {"unitPrice": usd("0", 0)})

    assert "2 price tiers where one is expected" == only_doubt(sku)


def test_absent_units_are_zero():
    """A price below a dollar may come without its whole part."""
    _, price = only_rate(a_sku(price={"currencyCode": "USD", "nanos": 31_611_000}))

    assert Decimal("0.031611") == price


def test_memory_by_the_gigabyte_becomes_gibibytes():
    """0.1 USD for a GB is 0.1073741824 USD for a GiB."""
    _, price = only_rate(a_sku("A2 Instance Ram running in Americas", unit="GBy.h", price=usd("0", 100_000_000)))

    assert Decimal("0.1073741824") == price


def test_the_newest_price_in_force_counts():
    """Of several versions of one row the latest that has begun is taken."""
    sku, other, later = (a_sku(price=usd(units, 0)) for units in ("1", "2", "3"))
    other["pricingInfo"][0]["effectiveTime"] = "2026-10-01T00:00:00Z"
    later["pricingInfo"][0]["effectiveTime"] = "2026-12-01T00:00:00Z"

    _, price = only_rate(sku | {"pricingInfo": [*other["pricingInfo"], *later["pricingInfo"], *sku["pricingInfo"]]})

    assert Decimal(1) == price


def test_one_price_under_two_names_is_one_price():
    """The same price under another id or place name is no conflict."""
    _, price = only_rate(a_sku(), a_sku("A2 Instance Core running in Japan", sku_id="other"))

    assert Decimal("2.5") == price


def test_two_prices_for_one_thing_are_both_held_back():
    """Neither of two different prices is taken, whether they share an id or not."""
    for sku_id in ("0000-0000-0001", "other"):
        reason = only_doubt(a_sku(), a_sku(price=usd("9", 0), sku_id=sku_id))

        assert reason.startswith("several prices for one thing: ")
        assert "2.5" in reason
        assert "9" in reason


def test_an_unlisted_gpu_is_reported_by_name():
    """GPU products that nobody has listed are counted, also as spot and without a description."""
    rates = rates_of(
        a_sku("Nvidia R900 384GB GPU running in Iowa", group="GPU"),
        a_sku(
            "Nvidia R900 384GB GPU attached to Spot Preemptible VMs running in Iowa", group="GPU", usage="Preemptible"
        ),
        a_sku("", group="GPU", sku_id="061A"),
    )

    assert {"Nvidia R900 384GB GPU": 2, "GPU price 061A without a description": 1} == rates.unknown


def test_the_whole_catalogue_reads_without_doubt():
    """All 918 rows of the recorded catalogue are either rates or left out on purpose."""
    rates = rates_of(*ALL_SKUS)

    assert (918, (), {}) == (rates.rows, rates.held_back, rates.unknown)
    assert Decimal("0.031611") == rates.usd["A2 core", Purchase.ON_DEMAND, "us-east1"]
    assert ("A3Ultra core", Purchase.ON_DEMAND, "europe-west4") not in rates.usd


@settings(max_examples=examples(30), deadline=None)
@given(
    st.permutations([a_sku(), a_sku(price=usd("9", 0)), a_sku(sku_id="x"), a_sku("Nvidia L4 GPU running in X"), "?"])
)
def test_the_order_of_rows_changes_nothing(skus):
    """Rates, rows held back and their order do not depend on the order of the catalogue."""
    assert rates_of(*skus) == rates_of(*sorted(skus, key=str))


@pytest.mark.parametrize("moment", ["2026-11-20T23:59:59", "2026-11-21T01:00:00+02:00", "2026-11-20T08:01:44.373Z"])
def test_a_price_of_the_same_day_is_in_force(moment):
    """The day in UTC decides, since files saved by hand know no hour; a moment without a zone is UTC."""
    assert Decimal("2.5") == only_rate(a_sku(effective=moment))[1]
