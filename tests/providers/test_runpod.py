"""RunPod's adapter: prices of a GPU become prices of pods, and placeholders are no prices; over HTTP on loopback."""

import json

import pytest

from planner.model.records import Purchase
from providers.runpod import RunpodProvider
from tests.providers.clouds import fixture_json, refreshed, saved_pages
from tests.providers.markets import market_answer, runpod_on
from tests.providers.replay import Answer

TYPES = fixture_json("runpod", "gpu_types.json")["data"]["gpuTypes"]
H100 = TYPES[0]


def parsed(folder, *rows):
    """The prices of these GPU types."""
    body = json.dumps({"data": {"gpuTypes": rows}}).encode()
    return RunpodProvider().parse(saved_pages(folder, {"gpu-types.json": body}))


def test_a_pod_costs_its_gpus_times_the_price_of_one(tmp_path):
    """Both clouds, each only where it sells the GPU, up to the most that a pod may hold."""
    outcome = refreshed(runpod_on, market_answer, tmp_path)

    assert {
        **{f"{n}x_H100-80GB-HBM3_SECURE": ("h100-80gb-sxm", n, 3.5 * n) for n in (1, 2, 4, 8)},
        **{f"{n}x_H100-80GB-HBM3_COMMUNITY": ("h100-80gb-sxm", n, 2.5 * n) for n in (1, 2, 4, 8)},
        **{f"{n}x_H200_SECURE": ("h200-141gb-sxm", n, 4.25 * n) for n in (1, 2, 4, 8)},
        **{f"{n}x_A100-SXM4-40GB_COMMUNITY": ("a100-40gb-sxm", n, 1.2 * n) for n in (1, 2, 4, 8)},
        **{f"{n}x_MI300X-OAM_SECURE": ("mi300x", n, 2.5 * n) for n in (1, 2, 4, 8)},
        "1x_RTX-4090_SECURE": ("rtx-4090", 1, 0.6),
        "2x_RTX-4090_SECURE": ("rtx-4090", 2, 1.2),
        "4x_RTX-4090_SECURE": ("rtx-4090", 4, 2.4),
        "6x_RTX-4090_SECURE": ("rtx-4090", 6, 3.6),
        "1x_RTX-4090_COMMUNITY": ("rtx-4090", 1, 0.35),
        "2x_RTX-4090_COMMUNITY": ("rtx-4090", 2, 0.7),
        "4x_RTX-4090_COMMUNITY": ("rtx-4090", 4, 1.4),
        "6x_RTX-4090_COMMUNITY": ("rtx-4090", 6, 2.1),
    } == {
        offer.instance_type: (offer.gpu, offer.gpu_count, pytest.approx(offer.usd_per_hour, abs=1e-12))
        for offer in outcome.prices.offers
    }
    assert {("global", Purchase.ON_DEMAND)} == {(offer.region, offer.purchase) for offer in outcome.prices.offers}
    assert ["7 GPU types"] == outcome.lines


def test_one_question_without_a_key_is_enough(tmp_path):
    """A query by POST as JSON."""
    (call,) = refreshed(runpod_on, market_answer, tmp_path).calls

    assert ("POST", "/graphql", "application/json") == (call.method, call.path, call.headers["Content-Type"])
    assert "securePrice" in json.loads(call.body)["query"]
    assert "Authorization" not in call.headers


def test_unknown_gpus_and_shares_are_held_back_by_name(tmp_path):
    """A MIG slice is a part of a GPU; a GPU nobody knows is counted."""
    prices = parsed(tmp_path, *TYPES)

    assert [
        ("NVIDIA B300 SXM6 AC MIG 1g.34gb", None, "a share of a GPU (MIG)"),
        ("RTX-X9-Example_SECURE", "1.5", "no single GPU of the table goes by 'NVIDIA RTX X9 Example with 64 GB'"),
    ] == [(row.instance_type, row.usd_per_hour, row.reason) for row in prices.held_back]
    assert (("NVIDIA RTX X9 Example with 64 GB", 1),) == prices.unknown_gpus


def test_what_is_not_in_stock_says_so(tmp_path):
    """Its price holds all the same."""
    sources = {offer.instance_type: offer.source for offer in parsed(tmp_path, *TYPES).offers}

    assert "RunPod GPU types: not to be had at the moment" == sources["1x_A100-SXM4-40GB_COMMUNITY"]
    assert "RunPod GPU types" == sources["1x_H200_SECURE"]


def test_spot_has_ended_unless_a_floor_is_below_the_price(tmp_path):
    """A floor for bids is not a price; equal to the price it says that nothing is to be saved."""
    lower = {**H100, "lowestPrice": {"minimumBidPrice": 1.25, "uninterruptablePrice": 2.5, "stockStatus": "High"}}

    ended, sold = parsed(tmp_path / "ended", H100), parsed(tmp_path / "sold", lower)

    assert ((Purchase.SPOT,), ()) == (ended.ended, sold.ended)
    (floor,) = sold.held_back
    assert ("NVIDIA H100 80GB HBM3", "spot", "1.25") == (floor.instance_type, floor.purchase, floor.usd_per_hour)
    assert "a floor for bids" in floor.reason
    assert {Purchase.ON_DEMAND} == {offer.purchase for offer in sold.offers}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"securePrice": 0}, "the price is 0"),
        ({"securePrice": None}, "no price"),
        ({"securePrice": -3.5}, "the price is -3.5"),
        ({"securePrice": float("nan")}, "the price is nan"),
        ({"securePrice": "3.5"}, "the price '3.5' is not a number"),
        ({"securePrice": [3.5]}, "the price '(a list)' is not a number"),
        ({"secureCloud": None}, "secureCloud 'None' is neither yes nor no"),
        ({"secureCloud": "true"}, "secureCloud 'true' is neither yes nor no"),
        ({"maxGpuCountSecureCloud": 0}, "pods of 1 to 0 GPUs"),
        ({"maxGpuCountSecureCloud": "8"}, "maxGpuCountSecureCloud '8' is not a number of GPUs"),
        ({"minPodGpuCount": 16}, "pods of 16 to 8 GPUs"),
        ({"id": None}, "no id"),
        ({"id": {}}, "no id"),
        ({"memoryInGb": "80"}, "memoryInGb '80' is not a size"),
        ({"lowestPrice": 7}, "lowestPrice is not an object"),
    ],
)
def test_an_odd_type_is_held_back(tmp_path, changes, reason):
    """A cell of the wrong kind gives no offer of the cloud it is about, or of none."""
    prices = parsed(tmp_path, {**H100, "communityCloud": False, **changes})

    assert ((), [reason]) == (prices.offers, [row.reason for row in prices.held_back])


def test_the_other_cloud_is_offered_where_one_is_odd(tmp_path):
    """A price of Secure Cloud that cannot be does not take Community Cloud with it."""
    prices = parsed(tmp_path, {**H100, "securePrice": None})

    assert {"COMMUNITY"} == {offer.instance_type.rpartition("_")[2] for offer in prices.offers}
    assert ["H100-80GB-HBM3_SECURE"] == [row.instance_type for row in prices.held_back]


def test_the_most_of_both_clouds_holds_where_that_of_one_is_not_said(tmp_path):
    """Older replies have one number."""
    row = {
        key: value for key, value in H100.items() if key not in ("maxGpuCountSecureCloud", "maxGpuCountCommunityCloud")
    }

    assert {1, 2} == {offer.gpu_count for offer in parsed(tmp_path, {**row, "maxGpuCount": 2}).offers}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"errors": [{"message": "Cannot query field"}]}, "answered with an error: Cannot query field."),
        ({"errors": [{"message": "x"}], "data": {"gpuTypes": [H100]}}, "answered with an error: x."),
        ({"errors": "down"}, "answered with an error: down."),
        ({"errors": [7]}, "answered with an error: 7."),
        ({"data": None}, "holds no list of GPU types"),
        ({"data": {"gpuTypes": None}}, "holds no list of GPU types"),
        ({"data": {"gpuTypes": {}}}, "holds no list of GPU types"),
        ({"data": []}, "holds no list of GPU types"),
        ([], "holds no list of GPU types"),
    ],
)
def test_errors_told_with_status_200_are_errors(tmp_path, content, text):
    """GraphQL answers with 200 whatever happened."""
    outcome = refreshed(runpod_on, lambda _: Answer(body=json.dumps(content).encode()), tmp_path)

    assert text in outcome.error
    assert not (tmp_path / "manifest.json").exists()
