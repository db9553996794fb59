"""Hyperstack's adapter: a price per GPU from the price book, shapes from the flavours, over real HTTP on loopback."""

import json

import pytest

from providers.hyperstack import HyperstackProvider
from tests.providers.clouds import fixture_page, refreshed, saved_pages
from tests.providers.price_lists import KEY, hyperstack_on, instead, list_answer
from tests.providers.replay import Answer

LINES = json.loads(fixture_page("hyperstack", "pricebook.json"))
FLAVORS = json.loads(fixture_page("hyperstack", "flavors.json"))
A6000 = LINES[0]


def parsed(folder, lines, flavors=None):
    """The prices of these lines of the price book."""
    pages = {"pricebook.json": json.dumps(lines).encode()}
    if flavors is not None:
        pages["flavors.json"] = json.dumps(flavors).encode()
    return HyperstackProvider(environ={}).parse(saved_pages(folder, pages))


def flavor(**changes):
    """Flavours with one of one RTX A6000, some cells changed."""
    row = {**FLAVORS["data"][0]["flavors"][0], **changes}
    return {"data": [{"gpu": "RTX-A6000", "region_name": "NORWAY-1", "flavors": [row]}]}


def test_a_flavour_costs_its_gpus(tmp_path):
    """The price per GPU times the GPUs of each flavour, in the region of the flavour; what is paid, not the list price."""
    outcome = refreshed(hyperstack_on, list_answer, tmp_path)

    assert {
        ("n3-RTX-A6000x1", "NORWAY-1", "rtx-a6000", 1, "on_demand", 0.5, 28, 58),
        ("n3-RTX-A6000x8", "NORWAY-1", "rtx-a6000", 8, "on_demand", 4.0, 252, 464),
        ("n3-H100-SXM5x8", "CANADA-1", "h100-80gb-sxm", 8, "on_demand", 19.2, 192, 1800),
        ("n3-H100x1", "CANADA-1", "h100-80gb-pcie", 1, "on_demand", 2.5, 28, 180),
        ("n3-H100x1-spot", "CANADA-1", "h100-80gb-pcie", 1, "spot", 2.0, 28, 180),
        ("n3-H100x4", "NORWAY-1", "h100-80gb-pcie", 4, "on_demand", 10.0, 124, 720),
        ("n3-A100x2-spot", "CANADA-1", "a100-80gb-pcie", 2, "spot", 2.2, 60, 240),
        ("n3-A100x8-NVLink", "CANADA-1", "a100-80gb-pcie", 8, "on_demand", 11.2, 252, 1440),
        ("n3-RTX-PRO6000-SEx2", "US-1", "rtx-pro-6000-blackwell", 2, "on_demand", 3.6, 62, 360),
    } == {
        (
            offer.instance_type,
            offer.region,
            offer.gpu,
            offer.gpu_count,
            offer.purchase,
            offer.usd_per_hour,
            offer.vcpus,
            offer.memory_gib,
        )
        for offer in outcome.prices.offers
    }
    sources = {offer.instance_type: offer.source for offer in outcome.prices.offers}
    assert "Hyperstack price book: discounted from 3.2 until 2027-03-01T00:00:00" == sources["n3-H100-SXM5x8"]
    assert "Hyperstack price book: out of stock" == sources["n3-RTX-A6000x8"]
    assert ["price book: 14 lines", "flavours: 8 groups"] == outcome.lines


def test_what_has_no_price_or_no_flavour_is_held_back_by_name(tmp_path):
    """GPUs without flavour, flavours without price, unknown GPUs; lines that are no GPU are no doubt."""
    prices = parsed(tmp_path, LINES, FLAVORS)

    assert {
        "H200-141G-SXM5": "no flavour has this GPU",
        "L40": "no flavour has this GPU",
        "QX9-400G-SXM9": "no single GPU of the table goes by 'QX9-400G-SXM9'",
        "n3-L40Sx1": "no usable price of its GPU L40S in the price book",
    } == {row.instance_type: row.reason for row in prices.held_back}
    assert (("QX9-400G-SXM9", 1),) == prices.unknown_gpus


def test_without_flavours_each_gpu_is_a_machine_of_one(tmp_path):
    """The price book alone gives prices; the gap says what is missing."""
    outcome = refreshed(hyperstack_on, instead("/flavors", Answer(status=503)), tmp_path)

    assert {
        "RTX-A6000": 0.5,
        "L40": 1.0,
        "A100-80G-PCIe-NVLink": 1.4,
        "A100-80G-PCIe-spot": 1.1,
        "H100-80G-SXM5": 2.4,
        "H100-80G-PCIe": 2.5,
        "H100-80G-PCIe-spot": 2.0,
        "RTX-PRO6000-SE": 1.8,
        "H200-141G-SXM5": 3.99,
    } == {offer.instance_type: offer.usd_per_hour for offer in outcome.prices.offers}
    assert {(1.0, "global")} == {(offer.gpu_count, offer.region) for offer in outcome.prices.offers}
    (gap,) = outcome.prices.gaps
    assert gap.startswith("Hyperstack's flavours: each GPU is priced as a machine of one. http://127.0.0.1")
    assert "HTTP status 503" in gap


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"value": 0}, "the price is 0"),
        ({"value": -0.5}, "the price is -0.5"),
        ({"value": float("nan")}, "the price is nan"),
        ({"value": "0.5"}, "the price '0.5' is not a number"),
        ({"value": None}, "no price"),
        ({"value": 10**300}, "the price is 1000"),
        ({"name": None}, "no name"),
        ({"name": {}}, "no name"),
        ({"name": "A" * 500}, "name is not a name"),
    ],
)
def test_an_odd_line_is_held_back(tmp_path, changes, reason):
    """A line with a cell of the wrong kind gives no price."""
    prices = parsed(tmp_path, [{**A6000, **changes}])

    assert () == prices.offers
    assert prices.held_back[0].reason.startswith(reason)


def test_two_prices_of_one_gpu_are_held_back(tmp_path):
    """Which of them holds is not guessed; the same line twice is one."""
    odd = parsed(tmp_path / "odd", [A6000, {**A6000, "value": 0.7}])
    same = parsed(tmp_path / "same", [A6000, A6000])

    assert () == odd.offers
    assert ["several prices for one GPU: 0.5, 0.7"] == [row.reason for row in odd.held_back]
    assert [0.5] == [offer.usd_per_hour for offer in same.offers]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"gpu_count": "1"}, "gpu_count '1' is not a number of GPUs"),
        ({"gpu": None}, "no gpu"),
        ({"region_name": None}, "no region_name"),
        ({"cpu": "28"}, "cpu '28' is not a size"),
        ({"ram": -1}, "ram '-1' is not a size"),
        ({"name": ["n3"]}, "no name"),
    ],
)
def test_an_odd_flavour_is_held_back(tmp_path, changes, reason):
    """A flavour with a cell of the wrong kind is no offer."""
    prices = parsed(tmp_path, [A6000], flavor(**changes))

    assert () == prices.offers
    assert reason in [row.reason for row in prices.held_back]


def test_the_key_travels_in_its_header(tmp_path):
    """Both pages are asked for with `api_key`, and the key is in no address."""
    outcome = refreshed(hyperstack_on, list_answer, tmp_path)

    sent = [{name.lower(): value for name, value in call.headers.items()} for call in outcome.calls]
    assert [KEY, KEY] == [headers["api_key"] for headers in sent]
    assert ["/v1/pricebook", "/v1/core/flavors"] == [call.path for call in outcome.calls]
    assert "prices: key in HYPERSTACK_API_KEY" == HyperstackProvider(environ={"HYPERSTACK_API_KEY": KEY}).credentials()
    assert "missing: set HYPERSTACK_API_KEY" == HyperstackProvider(environ={}).credentials()
