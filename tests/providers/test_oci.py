"""Oracle's adapter: shapes and prices per GPU over real HTTP on loopback."""

import json

import pytest

from providers.oci import OciProvider
from tests.providers.clouds import fixture_page, refreshed, saved_pages
from tests.providers.price_lists import list_answer, oci_on

PRODUCTS = json.loads(fixture_page("oci", "products.json"))
SHAPES = json.loads(fixture_page("oci", "shapes.json"))
H100 = SHAPES["items"][0]


def parsed(folder, *, products=PRODUCTS, shapes=SHAPES):
    """The prices in two pages."""
    pages = {"products.json": json.dumps(products).encode(), "shapes.json": json.dumps(shapes).encode()}
    return OciProvider().parse(saved_pages(folder, pages))


def changed(**changes):
    """The shape of eight H100 with other cells."""
    return {"items": [{**H100, **changes}]}


def priced(*localizations, **changes):
    """The H100 product with these prices."""
    product = {**PRODUCTS["items"][0], "currencyCodeLocalizations": list(localizations), **changes}
    return {"items": [product]}


def usd(*values, model="PAY_AS_YOU_GO", currency="USD"):
    return {"currencyCode": currency, "prices": [{"model": model, "value": value} for value in values]}


def test_a_shape_costs_its_gpus(tmp_path):
    """The price per GPU times the GPUs, never times the OCPUs; CPU and memory are in it."""
    outcome = refreshed(oci_on, list_answer, tmp_path)

    found = {
        offer.instance_type: (offer.gpu, offer.gpu_count, offer.usd_per_hour, offer.vcpus, offer.memory_gib)
        for offer in outcome.prices.offers
        if offer.purchase == "on_demand"
    }
    assert {
        "BM.GPU.H100.8": ("h100-80gb-sxm", 8, 80.0, 224, 2048),
        "BM.GPU.H200.8": ("h200-141gb-sxm", 8, 80.0, 224, 3072),
        "BM.GPU.A100-v2.8": ("a100-80gb-sxm", 8, 32.0, 256, 2048),
        "BM.GPU4.8": ("a100-40gb-sxm", 8, 24.4, 128, 2048),
        "VM.GPU.A10.1": ("a10", 1, 2.0, 30, 240),
        "VM.GPU.A10.2": ("a10", 2, 4.0, 60, 480),
        "BM.GPU.A10.4": ("a10", 4, 8.0, 128, 1024),
        "BM.GPU.L40S.4": ("l40s", 4, 14.0, 224, 1024),
        "BM.GPU.B200.8": ("b200-180gb-sxm", 8, 112.0, 256, 4096),
        "BM.GPU.GB200.4": ("gb200-192gb", 4, 64.0, 144, 960),
        "BM.GPU.MI300X.8": ("mi300x", 8, 48.0, 224, 2048),
        "VM.GPU3.1": ("v100-16gb", 1, 2.95, 12, 90),
        "VM.GPU3.2": ("v100-16gb", 2, 5.9, 24, 180),
        "VM.GPU3.4": ("v100-16gb", 4, 11.8, 48, 360),
        "BM.GPU3.8": ("v100-16gb", 8, 23.6, 104, 768),
        "VM.GPU2.1": ("p100-16gb", 1, 1.275, 24, 72),
        "BM.GPU2.2": ("p100-16gb", 2, 2.55, 56, 192),
    } == found
    assert {"global"} == {offer.region for offer in outcome.prices.offers}
    assert ["products: 15 rows", "shapes: 23 rows"] == outcome.lines
    assert ["/oci/products/?currencyCode=USD", "/oci/shapes.json"] == [call.path for call in outcome.calls]


def test_preemptible_shapes_cost_half(tmp_path):
    """Where a shape may be preemptible there is a spot price of half, and its source calls it a rule."""
    spot = {offer.instance_type: offer for offer in parsed(tmp_path).offers if offer.purchase == "spot"}

    assert {
        "BM.GPU.H100.8": 40.0,
        "BM.GPU.A100-v2.8": 16.0,
        "BM.GPU4.8": 12.2,
        "VM.GPU.A10.1": 1.0,
        "VM.GPU.A10.2": 2.0,
        "VM.GPU3.1": 1.475,
        "VM.GPU3.2": 2.95,
        "VM.GPU3.4": 5.9,
        "BM.GPU3.8": 11.8,
    } == {name: offer.usd_per_hour for name, offer in spot.items()}
    assert "half of on demand by rule" in spot["BM.GPU.H100.8"].source


def test_what_cannot_be_priced_is_held_back_by_name(tmp_path):
    """An unknown GPU, a price of 0 and a shape of another product are named; hidden and old shapes are not sold."""
    prices = parsed(tmp_path)

    assert {
        "BM.GPU.RX1.8": "no single GPU of the table goes by 'BM.GPU.RX1.8 with 200 GB a GPU'",
        "VM.GPU.TRIAL.1": "the price is 0",
        "BM.GPU.A10.64": "0 of its parts are sold per GPU and hour (parts: T0012)",
    } == {row.instance_type: row.reason for row in prices.held_back}
    assert (("BM.GPU.RX1.8 with 200 GB a GPU", 1),) == prices.unknown_gpus
    assert "60.0" == next(row.usd_per_hour for row in prices.held_back if row.instance_type == "BM.GPU.RX1.8")


@pytest.mark.parametrize(
    ("products", "reason"),
    [
        (priced(usd(9.3, currency="EUR")), "0 pay-as-you-go prices in USD of part T0001: none"),
        (priced(usd(9.3, model="COMMIT")), "0 pay-as-you-go prices in USD of part T0001: none"),
        (priced(usd(10, 11)), "2 pay-as-you-go prices in USD of part T0001: 10, 11"),
        (priced(usd(10), pricetype="MONTH"), "0 pay-as-you-go prices in USD of part T0001: none"),
        (priced(usd("10")), "the price '10' is not a number"),
        (priced(usd(-10)), "the price is -10"),
        (priced(usd(float("nan"))), "the price is nan"),
        (priced(usd(float("inf"))), "the price is inf"),
        (priced(usd(None)), "no price"),
        (priced(usd(True)), "the price 'True' is not a number"),
        (priced(usd([1])), "the price '(a list)' is not a number"),
        (
            priced("USD", None, {"currencyCode": "USD", "prices": 4}),
            "0 pay-as-you-go prices in USD of part T0001: none",
        ),
        ({"items": []}, "0 of its parts are sold per GPU and hour (parts: T0001)"),
        ({"items": [None, 3, "T0001"]}, "0 of its parts are sold per GPU and hour (parts: T0001)"),
    ],
)
def test_an_odd_product_takes_its_shape_along(tmp_path, products, reason):
    """Without one positive pay-as-you-go price in USD the shape is held back with the reason."""
    prices = parsed(tmp_path, products=products, shapes=changed())

    assert () == prices.offers
    assert [reason] == [row.reason for row in prices.held_back if row.instance_type == "BM.GPU.H100.8"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"gpuQty": "8"}, "gpuQty '8' is not a number of GPUs"),
        ({"gpuQty": 8.0}, "gpuQty '8.0' is not a number of GPUs"),
        ({"gpuQty": -8}, "gpuQty '-8' is not a number of GPUs"),
        ({"gpuQty": None}, "no number of GPUs"),
        ({"gpuMemoryQty": "much"}, "gpuMemoryQty 'much' is not a size"),
        ({"gpuMemoryQty": 80}, "no single GPU of the table goes by 'BM.GPU.H100.8 with 10 GB a GPU'"),
        ({"bundleMemoryQty": -1}, "bundleMemoryQty '-1' is not a size"),
        ({"products": None}, "0 of its parts are sold per GPU and hour (parts: none)"),
        ({"products": [7, None]}, "0 of its parts are sold per GPU and hour (parts: none)"),
        ({"name": None}, "no name"),
        ({"name": "BM.GPU.\nH100.8"}, "name is not a name"),
        ({"name": "H100"}, "no single GPU of the table goes by 'H100 with 80 GB a GPU'"),
    ],
)
def test_an_odd_shape_is_held_back(tmp_path, changes, reason):
    """A shape with a cell of the wrong kind is not believed in any of its cells."""
    prices = parsed(tmp_path, shapes=changed(**changes))

    assert () == prices.offers
    assert [reason] == [row.reason for row in prices.held_back]


def test_names_that_hold_each_other_are_told_apart(tmp_path):
    """GB200 holds B200, GH200 holds H200, A100 holds A10: words of a name are compared whole."""
    shapes = [{**H100, "name": f"BM.GPU.{word}.8", "gpuMemoryQty": None} for word in ("GB200", "GH200", "A10", "B200")]

    found = {offer.instance_type: offer.gpu for offer in parsed(tmp_path, shapes={"items": shapes}).offers}

    assert {
        "BM.GPU.GB200.8": "gb200-192gb",
        "BM.GPU.GH200.8": "gh200-96gb",
        "BM.GPU.A10.8": "a10",
        "BM.GPU.B200.8": "b200-180gb-sxm",
    } == found


def test_rows_listed_twice_are_one_offer(tmp_path):
    """The same product and the same shape once more change nothing."""
    once = parsed(tmp_path / "once", shapes=changed())
    twice = {"items": changed()["items"] * 2}

    assert once == parsed(tmp_path / "twice", products={"items": PRODUCTS["items"] * 2}, shapes=twice)


def test_no_account_is_needed():
    """The line of `planner providers`."""
    assert "prices: no account needed" == OciProvider().credentials()
