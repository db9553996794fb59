"""Verda's adapter: prices as text, of whole instances, over real HTTP on loopback."""

import json

import pytest

from providers.verda import VerdaProvider
from tests.providers.clouds import fixture_page, refreshed, saved_pages
from tests.providers.price_lists import list_answer, verda_on

TYPES = json.loads(fixture_page("verda", "instance_types.json"))
H100 = TYPES[0]


def parsed(folder, *rows):
    """The prices of these instance types."""
    return VerdaProvider().parse(saved_pages(folder, {"instance-types.json": json.dumps(rows).encode()}))


def test_prices_are_of_whole_instances(tmp_path):
    """Text becomes USD per hour of all GPUs; memory of all GPUs tells the variants apart."""
    outcome = refreshed(verda_on, list_answer, tmp_path)

    on_demand = {
        offer.instance_type: (offer.gpu, offer.gpu_count, offer.usd_per_hour, offer.vcpus, offer.memory_gib)
        for offer in outcome.prices.offers
        if offer.purchase == "on_demand"
    }
    spot = {offer.instance_type: offer.usd_per_hour for offer in outcome.prices.offers if offer.purchase == "spot"}
    assert {
        "1H100.80S.30V": ("h100-80gb-sxm", 1, 3.25, 30, 120),
        "8H100.80S.176V": ("h100-80gb-sxm", 8, 26.0, 176, 1480),
        "8A100.40S.176V": ("a100-40gb-sxm", 8, 10.32, 176, 960),
        "1A100.80S.22V": ("a100-80gb-sxm", 1, 1.79, 22, 120),
        "8B300.288S.240V": ("b300-288gb-sxm", 8, 45.6, 240, 2200),
        "1RTXPRO6000.30V": ("rtx-pro-6000-blackwell", 1, 1.89, 30, 110),
        "4V100.20V": ("v100-16gb", 4, 0.56, 20, 90),
    } == on_demand
    assert {
        "1H100.80S.30V": 1.14,
        "8H100.80S.176V": 9.12,
        "8A100.40S.176V": 5.16,
        "1A100.80S.22V": 0.9,
        "8B300.288S.240V": 15.96,
    } == spot
    assert ["10 instance types"] == outcome.lines


def test_what_is_not_believed_is_held_back_by_name(tmp_path):
    """Euro, a spot price of 0 and an unknown GPU are named; a type without spot and one without GPUs are no doubt."""
    prices = parsed(tmp_path, *TYPES)

    assert [
        ("1RX1.16V", None, "9.99", "no single GPU of the table goes by 'RX1 SXM9 with 400 GB a GPU'"),
        ("4V100.20V", "spot", "0.00", "the price is 0.00"),
        ("8H200.141S.176V", "on_demand", "28.80", "priced in 'eur', not in 'usd'"),
        ("8H200.141S.176V", "spot", "10.08", "priced in 'eur', not in 'usd'"),
    ] == [(row.instance_type, row.purchase, row.usd_per_hour, row.reason) for row in prices.held_back]
    assert (("RX1 SXM9 with 400 GB a GPU", 1),) == prices.unknown_gpus


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        (3.95, "the price '3.95' is not a number in text"),
        ("3,95", "the price '3,95' is not a number in text"),
        ("$3.95", "the price '$3.95' is not a number in text"),
        ("1e2", "the price '1e2' is not a number in text"),
        ("nan", "the price 'nan' is not a number in text"),
        ("inf", "the price 'inf' is not a number in text"),
        ("", "the price '' is not a number in text"),
        ("٣", "the price '٣' is not a number in text"),
        ("0", "the price is 0"),
        ("-3.95", "the price is -3.95"),
        ("999999999999", "the price is 999999999999"),
        (None, "no price"),
        (True, "the price 'True' is not a number in text"),
        (["3.95"], "the price '(a list)' is not a number in text"),
    ],
)
def test_only_a_plain_number_in_text_is_a_price(tmp_path, price, reason):
    """Anything else is held back, and the spot price beside it goes on."""
    prices = parsed(tmp_path, {**H100, "price_per_hour": price})

    assert [reason] == [row.reason for row in prices.held_back]
    assert ["spot"] == [offer.purchase for offer in prices.offers]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"gpu": None}, "gpu is not an object"),
        ({"gpu": {"number_of_gpus": "1", "description": "1x H100 SXM5 80GB"}}, "'1' is not a number of GPUs"),
        ({"gpu": {"number_of_gpus": 1, "description": ""}}, "no description"),
        ({"gpu": {"number_of_gpus": 2, "description": "1x H100 SXM5 80GB"}}, "2 GPUs are described as"),
        ({"gpu": {"number_of_gpus": 1, "description": "H100"}}, "1 GPUs are described as 'H100'"),
        ({"gpu_memory": 80}, "gpu_memory is not an object"),
        ({"gpu_memory": {"size_in_gigabytes": 640}}, "goes by 'H100 SXM5 with 640 GB a GPU'"),
        ({"gpu_memory": {"size_in_gigabytes": 10}}, "goes by 'H100 SXM5 with 10 GB a GPU'"),
        ({"cpu": {"number_of_cores": "30"}}, "number_of_cores '30' is not a size"),
        ({"memory": []}, "memory is not an object"),
        ({"instance_type": 5}, "no instance_type"),
        ({"instance_type": "\ud800"}, "instance_type is not a name"),
    ],
)
def test_an_odd_row_is_held_back(tmp_path, changes, reason):
    """A row with a cell of the wrong kind gives no offer."""
    prices = parsed(tmp_path, {**H100, **changes})

    assert () == prices.offers
    (row,) = prices.held_back
    assert reason in row.reason
    row.instance_type.encode()


def test_a_currency_that_is_not_said_is_not_taken_for_usd(tmp_path):
    """Without a currency both prices are held back."""
    prices = parsed(tmp_path, {**H100, "currency": None})

    assert () == prices.offers
    assert ["priced in 'None', not in 'usd'"] * 2 == [row.reason for row in prices.held_back]


def test_no_account_is_needed():
    """The line of `planner providers`."""
    assert "prices: no account needed" == VerdaProvider().credentials()
