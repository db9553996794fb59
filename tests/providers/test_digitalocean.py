"""DigitalOcean's adapter: pages of sizes, a price for the whole Droplet, over real HTTP on loopback."""

import json

import pytest

from providers.digitalocean import DigitalOceanProvider
from tests.providers.clouds import fixture_json, refreshed, saved_pages
from tests.providers.price_lists import KEY, digitalocean_on, list_answer
from tests.providers.replay import Answer

H100 = fixture_json("digitalocean", "sizes_p1.json")["sizes"][1]


def parsed(folder, *rows):
    """The prices of these sizes."""
    page = json.dumps({"sizes": rows, "links": {}}).encode()
    return DigitalOceanProvider(environ={}).parse(saved_pages(folder, {"sizes-001.json": page}))


def gpus(**changes):
    """A size of one H100 with other GPUs."""
    return {**H100, "gpu_info": {**H100["gpu_info"], **changes}}


def test_all_pages_of_sizes_become_offers(tmp_path):
    """One offer a region, at the price of the whole Droplet; memory is in GiB; cards of HGX machines are SXM."""
    outcome = refreshed(digitalocean_on, list_answer, tmp_path)

    assert {
        ("gpu-h100x1-80gb", "nyc2", "h100-80gb-sxm", 1, "on_demand", 4.41, 20, 240),
        ("gpu-h100x1-80gb", "tor1", "h100-80gb-sxm", 1, "on_demand", 4.41, 20, 240),
        ("gpu-h100x8-640gb", "nyc2", "h100-80gb-sxm", 8, "on_demand", 35.28, 160, 1920),
        ("gpu-h200x8-1128gb", "atl1", "h200-141gb-sxm", 8, "on_demand", 35.76, 192, 1920),
        ("gpu-l40sx1-48gb", "global", "l40s", 1, "on_demand", 1.57, 8, 64),
        ("gpu-4000adax1-20gb", "tor1", "rtx-4000-ada", 1, "on_demand", 0.76, 8, 32),
        ("gpu-mi300x8-1536gb", "atl1", "mi300x", 8, "on_demand", 20.72, 160, 1920),
        ("gpu-b300x8-2304gb-spot", "ric1", "b300-288gb-sxm", 8, "spot", 26.4, 224, 3584),
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
    assert ["/v2/sizes?per_page=500", "/v2/sizes?page=2&per_page=500"] == [call.path for call in outcome.calls]
    assert {f"Bearer {KEY}"} == {call.headers["Authorization"] for call in outcome.calls}
    assert ["sizes: page 1", "sizes: page 2"] == outcome.lines


def test_a_size_that_can_be_had_nowhere_says_so(tmp_path):
    """Its price stays, in the region that stands for all, and the source names it."""
    outcome = refreshed(digitalocean_on, list_answer, tmp_path)

    noted = {offer.instance_type: offer.source for offer in outcome.prices.offers if ":" in offer.source}
    assert {"gpu-l40sx1-48gb": "DigitalOcean sizes: not to be had at the moment"} == noted


def test_contracts_and_unknown_gpus_are_held_back_by_name(tmp_path):
    """A size sold under a contract is no on-demand price; sizes without GPUs are no doubt."""
    prices = refreshed(digitalocean_on, list_answer, tmp_path).prices

    assert {
        "gpu-mi325x8-2048gb-contracted": "sold under a contract, not on demand",
        "gpu-rx1x8-3200gb": "no single GPU of the table goes by 'nvidia_rx1, 8 with 3200 GB'",
    } == {row.instance_type: row.reason for row in prices.held_back}
    assert (("nvidia_rx1, 8 with 3200 GB", 1),) == prices.unknown_gpus


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({**H100, "price_hourly": None}, "no price"),
        ({**H100, "price_hourly": 0}, "the price is 0"),
        ({**H100, "price_hourly": -4.41}, "the price is -4.41"),
        ({**H100, "price_hourly": float("nan")}, "the price is nan"),
        ({**H100, "price_hourly": "4.41"}, "the price '4.41' is not a number"),
        ({**H100, "price_hourly": {"usd": 4.41}}, "the price '(an object)' is not a number"),
        ({**H100, "slug": None}, "no slug"),
        ({**H100, "regions": None}, "regions is not a list"),
        ({**H100, "regions": ["nyc2", 7]}, "no region"),
        ({**H100, "memory": "240 GB"}, "memory '240 GB' is not a size"),
        ({**H100, "vcpus": -20}, "vcpus '-20' is not a size"),
        ({**H100, "gpu_info": []}, "gpu_info is not an object"),
        (gpus(count=0), "no number of GPUs"),
        (gpus(count="1"), "count '1' is not a number of GPUs"),
        (gpus(model=None), "no model"),
        (gpus(vram=80), "vram is not an object"),
        (gpus(vram={"amount": 81920, "unit": "mib"}), "GPU memory in 'mib', not in 'gib'"),
        (gpus(vram={"amount": 10, "unit": "gib"}), "no single GPU of the table goes by 'nvidia_h100, 1 with 10 GB'"),
    ],
)
def test_an_odd_size_is_held_back(tmp_path, row, reason):
    """A row with a cell of the wrong kind gives no offer."""
    prices = parsed(tmp_path, row)

    assert () == prices.offers
    assert [reason] == [held.reason for held in prices.held_back]


def test_without_a_memory_the_model_must_mean_one_card(tmp_path):
    """Of the cards called H100 one is SXM, and DigitalOcean's are."""
    assert {"h100-80gb-sxm"} == {offer.gpu for offer in parsed(tmp_path, gpus(vram=None)).offers}


@pytest.mark.parametrize(
    ("following", "text"),
    [
        ("{BASE}/v2/sizes?per_page=500", "the pages point in a circle; not followed"),
        ("http://198.51.100.7/v2/sizes?page=2", "points on to another host, http://198.51.100.7/v2/sizes?page=2"),
        ("https://[", "which is not an address"),
    ],
)
def test_pages_that_lead_astray_end_the_fetch(tmp_path, following, text):
    """Circles and other hosts are errors, and the token goes nowhere else."""
    page = json.dumps({"sizes": [H100], "links": {"pages": {"next": following}}}).encode()

    outcome = refreshed(digitalocean_on, lambda _: Answer(body=page), tmp_path)

    assert text in outcome.error
    assert 1 == len(outcome.calls)
    assert not (tmp_path / "manifest.json").exists()


def test_pages_without_end_are_not_read_on(tmp_path):
    """A list that always names a further page is given up after 50."""

    def answer(call):
        number = int(call.path.rpartition("n=")[2] or 0) if "n=" in call.path else 0
        links = {"pages": {"next": f"{{BASE}}/v2/sizes?n={number + 1}"}}
        return Answer(body=json.dumps({"sizes": [H100], "links": links}).encode())

    outcome = refreshed(digitalocean_on, answer, tmp_path)

    assert "more than 50 pages; not read further" in outcome.error
    assert 50 == len(outcome.calls)


def test_either_variable_holds_the_token(tmp_path):
    """The name of the provider's own tools is understood too."""
    environ = {"DIGITALOCEAN_ACCESS_TOKEN": KEY}

    outcome = refreshed(digitalocean_on, list_answer, tmp_path, environ=environ)

    assert {f"Bearer {KEY}"} == {call.headers["Authorization"] for call in outcome.calls}
    assert "prices: key in DIGITALOCEAN_ACCESS_TOKEN" == DigitalOceanProvider(environ=environ).credentials()
    missing = "missing: set DIGITALOCEAN_TOKEN or DIGITALOCEAN_ACCESS_TOKEN"
    assert missing == DigitalOceanProvider(environ={}).credentials()
