"""Vultr's adapter: whole plans, shares of a GPU by memory, ids that say what is inside; over HTTP on loopback."""

import json

import pytest

from planner.model.records import Purchase
from providers.vultr import VultrProvider
from tests.providers.clouds import fixture_json, refreshed, saved_pages
from tests.providers.markets import market_answer, vultr_on
from tests.providers.replay import Answer

A100 = fixture_json("vultr", "plans_p1.json")["plans"][0]
METAL = fixture_json("vultr", "plans_metal.json")["plans_metal"]
H100 = METAL[0]


def parsed(folder, *plans, metal=()):
    """The prices of these plans."""
    pages = {"plans": {"plans": plans}, "metal": {"plans_metal": metal}}
    return VultrProvider().parse(
        saved_pages(folder, {f"{name}.json": json.dumps(page).encode() for name, page in pages.items()})
    )


def test_plans_become_offers_of_each_location(tmp_path):
    """Shares by memory, prices of a location where it has its own, preemptible where it is cheaper."""
    outcome = refreshed(vultr_on, market_answer, tmp_path)

    assert {
        ("vcg-a100-2c-15g-10vram", "ewr", "on_demand"): ("a100-80gb-pcie", 0.125, 0.342, 2, 15),
        ("vcg-a100-24c-240g-160vram", "ewr", "on_demand"): ("a100-80gb-pcie", 2, 4.795, 24, 240),
        ("vcg-a100-24c-240g-160vram", "sjc", "on_demand"): ("a100-80gb-pcie", 2, 5.1, 24, 240),
        ("vcg-a40-1c-5g-2vram", "global", "on_demand"): ("a40", 0.041667, 0.075, 1, 5),
        ("vcg-l40s-16c-180g-48vram", "ord", "on_demand"): ("l40s", 1, 1.671, 16, 180),
        ("vbm-112c-2048gb-8-h100-gpu", "ams", "on_demand"): ("h100-80gb-sxm", 8, 23.92, 224, 2048),
        ("vbm-112c-2048gb-8-h100-gpu", "ams", "spot"): ("h100-80gb-sxm", 8, 18.4, 224, 2048),
        ("vbm-64c-2048gb-8-l40-gpu", "ewr", "on_demand"): ("l40s", 8, 9.0, 128, 2048),
        ("vbm-72c-480gb-gh200-gpu", "atl", "on_demand"): ("gh200-96gb", 1, 1.99, 72, 480),
        ("vbm-48c-1024gb-4-a100-gpu", "ewr", "on_demand"): ("a100-80gb-pcie", 4, 9.589, 96, 1024),
        ("vbm-256c-3072gb-8-b200-gpu", "global", "spot"): ("b200-180gb-sxm", 8, 25.6, 256, 3072),
    } == {
        (offer.instance_type, offer.region, str(offer.purchase)): (
            offer.gpu,
            offer.gpu_count,
            offer.usd_per_hour,
            offer.vcpus,
            offer.memory_gib,
        )
        for offer in outcome.prices.offers
    }
    noted = {offer.instance_type for offer in outcome.prices.offers if "sold nowhere at the moment" in offer.source}
    assert {"vcg-a40-1c-5g-2vram", "vbm-256c-3072gb-8-b200-gpu"} == noted


def test_all_pages_are_followed_without_a_key(tmp_path):
    """The cursor of a list leads to its next page; each list starts anew."""
    outcome = refreshed(vultr_on, market_answer, tmp_path)

    assert [
        "/v2/plans?type=all&per_page=500",
        "/v2/plans?type=all&per_page=500&cursor=bmV4dF9fMg%3D%3D",
        "/v2/plans-metal?per_page=500",
    ] == [call.path for call in outcome.calls]
    assert [] == [call for call in outcome.calls if "Authorization" in call.headers]
    assert ["plans: page 1", "plans: page 2", "plans_metal: page 1"] == outcome.lines


def test_only_plans_with_gpus_count(tmp_path):
    """A free plan and machines without GPUs are no doubt; a GPU nobody knows is."""
    prices = refreshed(vultr_on, market_answer, tmp_path).prices

    assert [("vcg-x9-8c-80g-64vram", "2.0")] == [(row.instance_type, row.usd_per_hour) for row in prices.held_back]
    assert (("X9", 1),) == prices.unknown_gpus


@pytest.mark.parametrize(
    ("memory", "count"), [(4, 0.05), (8, 0.1), (10, 0.125), (20, 0.25), (40, 0.5), (80, 1), (320, 4), (640, 8)]
)
def test_a_share_is_that_of_the_memory(tmp_path, memory, count):
    """4 of 80 GB are 0.05 of a GPU, never one."""
    (offer,) = parsed(tmp_path, {**A100, "gpu_vram_gb": memory}).offers

    assert count == offer.gpu_count


def test_a_stated_number_of_gpus_goes_before_memory(tmp_path):
    """192 GB of a B200 are what makers round, not more GPUs."""
    plan = {**A100, "id": "vcg-b200-8", "gpu_type": "NVIDIA_B200", "gpu_vram_gb": 1536, "gpu_count": 8}

    assert [8.0] == [offer.gpu_count for offer in parsed(tmp_path, plan).offers]


@pytest.mark.parametrize(
    ("changes", "sold"),
    [
        ({}, {"on_demand": 23.92, "spot": 18.4}),
        ({"hourly_cost_preemptible": 23.92}, {"on_demand": 23.92}),
        ({"hourly_cost_preemptible": 0}, {"on_demand": 23.92}),
        ({"hourly_cost_preemptible": None}, {"on_demand": 23.92}),
        ({"deploy_preemptible": False}, {"on_demand": 23.92}),
        ({"deploy_ondemand": False}, {"spot": 18.4}),
        ({"location_cost": {"ams": {"hourly_cost": 30, "hourly_cost_preemptible": 20}}}, {"on_demand": 30, "spot": 20}),
        ({"location_cost": {"ewr": {"hourly_cost": 30}}}, {"on_demand": 23.92, "spot": 18.4}),
        ({"location_cost": []}, {"on_demand": 23.92, "spot": 18.4}),
    ],
)
def test_what_is_not_sold_has_no_price(tmp_path, changes, sold):
    """Preemptible at the price of on demand is no offer; a location may have prices of its own."""
    offers = parsed(tmp_path, metal=[{**H100, **changes}]).offers

    assert sold == {str(offer.purchase): offer.usd_per_hour for offer in offers}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hourly_cost": None}, "no price"),
        ({"hourly_cost": 0}, "the price is 0"),
        ({"hourly_cost": -0.342}, "the price is -0.342"),
        ({"hourly_cost": float("nan")}, "the price is nan"),
        ({"hourly_cost": "0.342"}, "the price '0.342' is not a number"),
        ({"hourly_cost": {"usd": 1}}, "the price '(an object)' is not a number"),
        ({"gpu_vram_gb": "10"}, "gpu_vram_gb '10' is not a size"),
        ({"gpu_vram_gb": None, "id": "vcg-a100-2c"}, "no gpu_vram_gb"),
        ({"gpu_vram_gb": 200}, "200 GB are no whole number of GPUs with 80 GB"),
        ({"gpu_count": 0}, "no number of GPUs"),
        ({"gpu_type": ["NVIDIA_A100"]}, "no gpu_type"),
        ({"id": None}, "no id"),
        ({"locations": None}, "locations is not a list"),
        ({"locations": ["ewr", 7]}, "no location"),
        ({"ram": "15 GB"}, "ram '15 GB' is not a size"),
        ({"vcpu_count": -2}, "vcpu_count '-2' is not a size"),
        ({"deploy_ondemand": False, "deploy_preemptible": False}, "sold neither on demand nor preemptible"),
    ],
)
def test_an_odd_plan_is_held_back(tmp_path, changes, reason):
    """A row with a cell of the wrong kind gives no offer."""
    prices = parsed(tmp_path, {**A100, **changes})

    assert ((), [reason]) == (prices.offers, [held.reason for held in prices.held_back])


@pytest.mark.parametrize("name", ["vbm-gpu", "vbm-8-gpu", "8-h100-gpu"])
def test_a_machine_whose_id_does_not_name_a_gpu_is_held_back(tmp_path, name):
    """The id is all that says it."""
    prices = parsed(tmp_path, metal=[{**H100, "id": name}])

    assert () == prices.offers
    assert [name] == [row.instance_type for row in prices.held_back]


def test_an_odd_preemptible_price_leaves_the_other(tmp_path):
    """It is held back as what it is."""
    prices = parsed(tmp_path, metal=[{**H100, "hourly_cost_preemptible": "cheap"}])

    assert [Purchase.ON_DEMAND] == [offer.purchase for offer in prices.offers]
    assert [("spot", "cheap")] == [(row.purchase, row.usd_per_hour) for row in prices.held_back]


def with_next(cursor):
    links = {"links": {"next": cursor}}
    return Answer(body=json.dumps({"plans": [A100], "plans_metal": [], "meta": links}).encode())


def test_a_cursor_in_circles_ends_the_fetch(tmp_path):
    """The second time it comes."""
    outcome = refreshed(vultr_on, lambda _: with_next("again"), tmp_path)

    assert "the cursor 'again' came a second time; not followed" in outcome.error
    assert 2 == len(outcome.calls)


def test_pages_without_end_are_not_read_on(tmp_path):
    """A list that always names a further page is given up after 50."""
    numbers = iter(range(1, 10**6))

    outcome = refreshed(vultr_on, lambda _: with_next(f"page {next(numbers)}"), tmp_path)

    assert "more than 50 pages; not read further" in outcome.error
    assert 50 == len(outcome.calls)


@pytest.mark.parametrize("cursor", ["http://198.51.100.7/?x=", "&type=vc2", "../../v1", {"a": 1}, ["b"], 7])
def test_a_cursor_is_only_ever_a_cursor(tmp_path, cursor):
    """Whatever it holds, the next page is asked of the same list."""
    refreshed(vultr_on, lambda _: with_next(cursor), tmp_path)
    outcome = refreshed(vultr_on, lambda _: with_next(cursor), tmp_path)

    assert {"/v2/plans"} == {call.path.partition("?")[0] for call in outcome.calls}
    assert {1} == {call.path.count("type=") for call in outcome.calls}
