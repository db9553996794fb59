"""Lambda's adapter: cents of whole instances, one price in all regions, a key; over real HTTP on loopback."""

import json

import pytest

from providers.lambda_cloud import LambdaProvider
from tests.providers.clouds import fixture_json, fixture_page, refreshed, saved_pages
from tests.providers.markets import KEY, lambda_on, market_answer
from tests.providers.replay import Answer, in_turn

TYPES = fixture_json("lambda", "instance_types.json")["data"]
H100 = TYPES["gpu_1x_h100_pcie"]
REGIONS = {"europe-central-1", "us-east-1", "us-south-1", "us-west-3"}


def parsed(folder, **types):
    """The prices of these instance types, without the list of images."""
    return LambdaProvider(environ={}).parse(saved_pages(folder, {"types.json": json.dumps({"data": types}).encode()}))


def changed(**changes):
    """The type of one H100 with other figures."""
    return {**H100, "instance_type": {**H100["instance_type"], **changes}}


def test_cents_of_whole_instances_become_usd(tmp_path):
    """The form of a GPU stands in its description; types without GPUs are no doubt."""
    outcome = refreshed(lambda_on, market_answer, tmp_path)

    assert {
        ("gpu_8x_b200_sxm6", "b200-180gb-sxm", 8, 40.0, 208, 2900),
        ("gpu_1x_h100_pcie", "h100-80gb-pcie", 1, 2.9, 26, 225),
        ("gpu_1x_rtx6000", "quadro-rtx-6000", 1, 0.6, 14, 46),
        ("gpu_8x_a100_80gb_sxm4", "a100-80gb-sxm", 8, 15.0, 240, 1800),
        ("gpu_8x_v100", "v100-16gb", 8, 4.8, 92, 448),
    } == {
        (offer.instance_type, offer.gpu, offer.gpu_count, offer.usd_per_hour, offer.vcpus, offer.memory_gib)
        for offer in outcome.prices.offers
    }
    assert ["instance-types: 7", "images: 4"] == outcome.lines
    assert {f"Bearer {KEY}"} == {call.headers["Authorization"] for call in outcome.calls}


def test_one_price_holds_in_every_region(tmp_path):
    """Those of the images and those with stock; where a type is not in stock, the row says so."""
    offers = refreshed(lambda_on, market_answer, tmp_path).prices.offers

    notes = {offer.region: offer.source for offer in offers if offer.instance_type == "gpu_8x_a100_80gb_sxm4"}
    assert {
        "europe-central-1": "Lambda instance types: not in stock at the moment",
        "us-east-1": "Lambda instance types: not in stock at the moment",
        "us-south-1": "Lambda instance types",
        "us-west-3": "Lambda instance types",
    } == notes
    assert REGIONS == {offer.region for offer in offers if offer.instance_type == "gpu_8x_b200_sxm6"}


def test_without_any_region_a_price_is_global(tmp_path):
    """Nothing is in stock and no image was listed."""
    (offer,) = parsed(tmp_path, a={**H100, "regions_with_capacity_available": []}).offers

    assert "global" == offer.region


def test_a_gpu_nobody_knows_is_held_back_by_name(tmp_path):
    """And counted."""
    prices = refreshed(lambda_on, market_answer, tmp_path).prices

    assert [("gpu_2x_x9", "9", "no single GPU of the table goes by 'X9 (128 GB)'")] == [
        (row.instance_type, row.usd_per_hour, row.reason) for row in prices.held_back
    ]
    assert (("X9 (128 GB)", 1),) == prices.unknown_gpus


@pytest.mark.parametrize(
    ("description", "gpu", "count"),
    [("2x H100 (80 GB SXM5)", "h100-80gb-sxm", 2), ("4x A100 (40 GB PCIe)", "a100-40gb-pcie", 4)],
)
def test_older_replies_say_count_and_gpu_in_the_description(tmp_path, description, gpu, count):
    """Without `gpu_description` and `specs.gpus`."""
    row = changed(description=description, specs={"vcpus": 26, "memory_gib": 225})
    del row["instance_type"]["gpu_description"]

    assert {(gpu, count)} == {(offer.gpu, offer.gpu_count) for offer in parsed(tmp_path, a=row).offers}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (changed(price_cents_per_hour=None), "no price"),
        (changed(price_cents_per_hour=0), "the price is 0 cents"),
        (changed(price_cents_per_hour=-290), "the price is -290 cents"),
        (changed(price_cents_per_hour="290"), "the price '290' is not a whole number of cents"),
        (changed(price_cents_per_hour=2.9), "the price '2.9' is not a whole number of cents"),
        (changed(price_cents_per_hour=float("nan")), "the price 'nan' is not a whole number of cents"),
        (changed(price_cents_per_hour=True), "the price 'True' is not a whole number of cents"),
        (changed(price_cents_per_hour=10**30), f"the price is {10**30} cents"),
        (changed(name=None), "no name"),
        (changed(specs=None), "specs is not an object"),
        (changed(specs={"gpus": "1"}), "gpus '1' is not a number of GPUs"),
        (changed(specs={"gpus": 1, "vcpus": "many"}), "vcpus 'many' is not a size"),
        (changed(gpu_description=7), "no gpu_description"),
        (changed(gpu_description=None, specs={}, description="H100"), "no number of GPUs"),
        ({**H100, "instance_type": []}, "instance_type is not an object"),
        ({**H100, "regions_with_capacity_available": None}, "regions_with_capacity_available is not a list"),
        (7, "the row is not an object"),
    ],
)
def test_an_odd_type_is_held_back(tmp_path, row, reason):
    """A row with a cell of the wrong kind gives no offer."""
    prices = parsed(tmp_path, a=row)

    assert ((), [reason]) == (prices.offers, [held.reason for held in prices.held_back])


def test_without_a_key_the_variable_is_named(tmp_path):
    """Before any request; a key that cannot be one is refused as well."""
    missing = refreshed(lambda_on, market_answer, tmp_path / "a", environ={})
    broken = refreshed(lambda_on, market_answer, tmp_path / "b", environ={"LAMBDA_API_KEY": "two words"})

    assert "LAMBDA_API_KEY is not set" in missing.error
    assert "LAMBDA_API_KEY does not hold a key" in broken.error
    assert ([], []) == (missing.calls, broken.calls)
    assert "missing: set LAMBDA_API_KEY" == LambdaProvider(environ={}).credentials()
    assert "prices: key in LAMBDA_API_KEY" == LambdaProvider(environ={"LAMBDA_API_KEY": KEY}).credentials()


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_is_said_to_be(tmp_path, status):
    """With the variable, without the key."""
    outcome = refreshed(lambda_on, in_turn(Answer(status=status)), tmp_path)

    assert "The key in LAMBDA_API_KEY is wrong" in outcome.error
    assert KEY not in outcome.error


@pytest.mark.parametrize("said", [Answer(status=500), Answer(status=404), Answer(body=b'{"data": 3}')])
def test_without_the_list_of_images_prices_come_with_a_gap(tmp_path, said):
    """Prices are there, in the regions with stock; that other regions are missing is said, and their rows of before stay."""
    outcome = refreshed(
        lambda_on, lambda call: said if call.path.endswith("/images") else market_answer(call), tmp_path
    )

    assert not outcome.error
    assert {"us-east-1", "us-south-1", "us-west-3"} == {offer.region for offer in outcome.prices.offers}
    (gap,) = outcome.prices.gaps
    assert gap.startswith("regions without a machine in stock: the list of images")


def test_saved_pages_parse_like_fetched_ones(tmp_path):
    """Under any name; what a page is, its content says."""
    pages = {"x.json": fixture_page("lambda", "images.json"), "y.json": fixture_page("lambda", "instance_types.json")}

    saved = LambdaProvider(environ={}).parse(saved_pages(tmp_path / "saved", pages))

    assert refreshed(lambda_on, market_answer, tmp_path / "fetched").prices == saved
