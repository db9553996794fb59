"""The whole way of Vast, RunPod, Lambda and Vultr: from the terminal over HTTP into checked books, and on to an estimate."""

import csv
import json
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from planner.hardware.gpus import resolve_gpu
from planner.model.records import Purchase
from planner.paths import shipped_data_dir
from planner.prices.books import book_offers, previous_book
from planner.prices.refresh import RefreshOrder, refresh
from planner.prices.snapshots import list_snapshots, read_snapshot
from providers.base import FetchRequest, RawPages
from tests.builders import a_snapshot
from tests.conftest import ROOT
from tests.loopback_markets import PATHS
from tests.providers.markets import KEY, market_answer
from tests.providers.replay import Answer, serving
from tests.providers.test_markets_hostile import BROKEN

NAMES = tuple(PATHS)


@pytest.fixture(scope="module")
def planner(fork_planner, tmp_path_factory):
    """Runs the command with loopback as its only network."""
    home = tmp_path_factory.mktemp("home")

    def run(*arguments, url="http://127.0.0.1:9", **settings):
        folders = {"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CACHE_HOME": str(home)}
        environment = {**folders, "MARKETS": url, "LAMBDA_API_KEY": KEY, "NO_PROXY": "127.0.0.1", **settings}
        return fork_planner(*arguments, cwd=ROOT, environment=environment, module="tests.loopback_markets")

    return run


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory, planner):
    """A data folder after a refresh of all four, with what the command said."""
    data = tmp_path_factory.mktemp("data")
    with serving(market_answer) as server:
        done = planner("refresh", *NAMES, "--accept", "--data-dir", data, "--format", "json", url=server.url)
    assert 0 == done.returncode, done.stderr
    return data, {outcome["provider"]: outcome for outcome in json.loads(done.stdout)["outcomes"]}


def test_four_books_are_written(refreshed):
    """With the rows of the pages made by hand; what was not believed lies beside them."""
    data, outcomes = refreshed

    assert {"vast": 7, "runpod": 28, "lambda": 20, "vultr": 11} == {name: outcomes[name]["rows"] for name in NAMES}
    assert set(NAMES) == {path.parent.name for path in list_snapshots(data)}
    held = {
        path.parent.name: list(csv.DictReader(path.read_text().splitlines()))
        for path in data.glob("prices/*/*.held-back.csv")
    }
    assert {"vast": 6, "runpod": 2, "lambda": 1, "vultr": 1} == {name: len(rows) for name, rows in held.items()}
    assert "the host is unverified" in {row["reason"] for row in held["vast"]}


def test_unknown_gpus_are_told(refreshed):
    """By name, beside the rows."""
    _, outcomes = refreshed

    told = " ".join(json.dumps(outcomes[name]) for name in NAMES)
    assert [] == [
        gpu for gpu in ("RTX 4070S Ti with 16 GB", "NVIDIA RTX X9 Example", "X9 (128 GB)", "X9") if gpu not in told
    ]


def test_spot_prices_of_an_older_runpod_book_are_gone(tmp_path, refreshed, planner):
    """Their absence is no sign of a broken fetch: no --accept is needed, and the rest of the book is compared as ever."""
    (path,) = [path for path in list_snapshots(refreshed[0]) if path.parent.name == "runpod"]
    on_demand = [replace(offer, observed_on=date(2026, 10, 1)) for offer in book_offers(read_snapshot(path))]
    spot = [replace(offer, purchase=Purchase.SPOT) for offer in on_demand]
    a_snapshot(tmp_path, *on_demand, *spot, provider="runpod", stem="2026-11-20")

    with serving(market_answer) as server:
        done = planner("refresh", "runpod", "--data-dir", tmp_path, "--format", "json", url=server.url)

    (outcome,) = json.loads(done.stdout)["outcomes"]
    assert (0, len(on_demand), len(spot)) == (done.returncode, outcome["rows"], outcome["gone"])
    assert {"on_demand"} == {offer.purchase for offer in book_offers(read_snapshot(list_snapshots(tmp_path)[-1]))}


def test_the_same_pages_are_parsed_again_without_a_network(refreshed, planner):
    """Nothing listens any more, and no key is there."""
    data, _ = refreshed
    before = sorted(path for path in data.glob("prices/**/*") if path.is_file())

    again = planner("refresh", *NAMES, "--offline", "--accept", "--data-dir", data, LAMBDA_API_KEY="")

    assert 0 == again.returncode, again.stderr
    assert 4 == again.stderr.count("nothing written")
    assert before == sorted(path for path in data.glob("prices/**/*") if path.is_file())


def test_the_books_stand_up_to_verification(refreshed, planner):
    """Sidecar, checksum, order, prices and index, the columns of a level included."""
    data, _ = refreshed

    done = planner("prices", "verify", *NAMES, "--data-dir", data, "--format", "json")

    own = [book for book in json.loads(done.stdout)["books"] if book["origin"] != "shipped"]
    assert [(name, "good", []) for name in sorted(NAMES)] == [
        (book["provider"], book["state"], book["problems"]) for book in own
    ]


def test_an_estimate_uses_the_new_books(refreshed, planner):
    """At today's price of the level, with its low end and the number of its machines."""
    data, _ = refreshed
    done = planner(
        *("estimate", "--model", "resnet50", "--epochs", "90", "--gpu", "RTX 5090:4", "--provider", "vast"),
        *("--data-dir", data, "--format", "json"),
    )

    (row,) = json.loads(done.stdout)["estimates"]
    assert ("4x_RTX_5090", "AS", 1.8) == (row["instance_type"], row["region"], row["usd_per_hour"])
    assert (1.6, 2, 0.99) == (row["usd_per_hour_cheapest"], row["offers_count"], row["reliability"])


def test_the_key_is_in_nothing_that_was_written(refreshed):
    """Neither in pages nor in books."""
    data, _ = refreshed

    assert [] == [path for path in data.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def test_pages_of_a_few_rows_are_refused_beside_the_shipped_books(tmp_path, planner):
    """They lost nearly all rows; the message has the figures, and no book is written."""
    with serving(market_answer) as server:
        done = planner("refresh", "lambda", "vast", "--data-dir", tmp_path, url=server.url)

    assert 1 == done.returncode
    assert 2 == (done.stdout + done.stderr).count("planner refresh")
    assert "where there were" in done.stdout + done.stderr
    assert [] == list_snapshots(tmp_path)


@pytest.mark.parametrize("kind", ["web page", "cut", "null", "404", "redirect to a stranger"])
def test_no_hostile_reply_harms_the_book_before(refreshed, kind, planner):
    """Whatever all four services say, the books are as they were, and the errors are ours."""
    data, _ = refreshed
    before = {path: path.read_bytes() for path in (data / "prices").rglob("*") if path.is_file()}

    with serving(lambda _: BROKEN[kind][0]) as server:
        done = planner("refresh", *NAMES, "--data-dir", data, url=server.url)

    assert 1 == done.returncode
    assert "Traceback" not in done.stdout + done.stderr
    assert "should not" not in done.stdout + done.stderr
    assert before == {path: path.read_bytes() for path in (data / "prices").rglob("*") if path.is_file()}


def shipped(provider):
    """The offers of the newest shipped book of a provider."""
    book = previous_book(shipped_data_dir(), provider, "9999", [])
    return [] if book is None else book[1]


def lambda_of_today(call):
    """Lambda's pages as they would be if nothing had changed since the shipped book, on one day for all."""
    by_type = defaultdict(list)
    for offer in shipped("lambda"):
        by_type[offer.instance_type].append(offer)
    if call.path.endswith("/images"):
        regions = sorted({offer.region for offer in shipped("lambda")})
        return Answer(body=json.dumps({"data": [{"region": {"name": region}} for region in regions]}).encode())
    described = {"h100-80gb-sxm": "H100 (80 GB SXM5)", "h100-80gb-pcie": "H100 (80 GB PCIe)"}
    types = {
        name: {
            "instance_type": {
                "name": name,
                "gpu_description": described.get(offers[0].gpu, offers[0].gpu),
                "price_cents_per_hour": round(offers[0].usd_per_hour * 100),
                "specs": {"gpus": int(offers[0].gpu_count)},
            },
            "regions_with_capacity_available": [],
        }
        for name, offers in by_type.items()
    }
    return Answer(body=json.dumps({"data": types}).encode())


def test_types_go_by_the_names_of_the_shipped_books(refreshed):
    """Or an older price would not be that of the same offer: of the types that both have, none has other GPUs."""
    data, outcomes = refreshed
    books = {path.parent.name: path for path in list_snapshots(data)}
    for name in NAMES:
        known = {offer.instance_type: (offer.gpu, offer.gpu_count) for offer in shipped(name)}
        new = {offer.instance_type: (offer.gpu, offer.gpu_count) for offer in book_offers(read_snapshot(books[name]))}
        common = known.keys() & new.keys()

        assert common, name
        assert {one: known[one] for one in common} == {one: new[one] for one in common}
    assert {"1x_H100-80GB-HBM3_SECURE", "8x_MI300X-OAM_SECURE"} <= {offer.instance_type for offer in shipped("runpod")}
    assert 28 == outcomes["runpod"]["rows"]


def vultr_of_today(call):
    """Vultr's plans as they would be if nothing had changed."""
    kind = "plans_metal" if "metal" in call.path else "plans"
    plans = [
        {"id": offer.instance_type, "hourly_cost": offer.usd_per_hour, "locations": ["ewr"]}
        for offer in shipped("vultr")
        if offer.instance_type.startswith("vcg-") == (kind == "plans")
    ]
    return Answer(body=json.dumps({kind: plans}).encode())


def test_an_unchanged_price_list_is_believed_beside_the_shipped_books(tmp_path, planner):
    """Whole pages of the prices shipped: no --accept is needed, and nothing is held back."""

    def answer(call):
        return vultr_of_today(call) if call.path.startswith("/v2/") else lambda_of_today(call)

    with serving(answer) as server:
        done = planner("refresh", "lambda", "vultr", "--data-dir", tmp_path, "--format", "json", url=server.url)

    outcomes = {outcome["provider"]: outcome for outcome in json.loads(done.stdout)["outcomes"]}
    assert 0 == done.returncode, done.stdout
    for name in ("lambda", "vultr"):
        assert 0 == outcomes[name]["held_back"], outcomes[name]
        assert len(shipped(name)) == outcomes[name]["rows"]


_PODS = (
    "A40", "A100 80GB PCIe", "A100-SXM4-80GB", "B200", "H100 80GB HBM3", "H100 NVL", "H100 PCIe", "H200", "L4", "L40", "L40S",
    "GeForce RTX 3090", "GeForce RTX 4090", "GeForce RTX 5090", "RTX 4000 Ada Generation", "RTX 6000 Ada Generation", "RTX A4000",
    "RTX A4500", "RTX A5000", "RTX A6000",
)  # fmt: skip
_MEMORY = {
    "A40": 48,
    "A100 80GB PCIe": 80,
    "A100-SXM4-80GB": 80,
    "B200": 180,
    "H100 NVL": 94,
    "H200": 141,
    "L4": 24,
    "L40": 48,
}


def test_the_first_refresh_of_runpod_needs_nobody_to_vouch_for_it(tmp_path):
    """The shipped book has copies of one price for eight countries; twenty GPUs at a price that holds everywhere replace them."""
    newest = book_offers(read_snapshot(max(p for p in list_snapshots(shipped_data_dir()) if p.parent.name == "runpod")))
    usd = {offer.gpu: offer.usd_per_gpu_hour for offer in newest}
    types = [
        {
            "id": f"NVIDIA {name}",
            "memoryInGb": _MEMORY.get(name),
            "secureCloud": True,
            "communityCloud": False,
            "securePrice": round(1.1 * usd.get(resolve_gpu(name)[-1], 0.8), 2),
            "maxGpuCountSecureCloud": 8,
            "minPodGpuCount": 1,
        }
        for name in _PODS
    ]
    for count, error in ((20, None), (5, "20 rows where there were 100")):
        pages = RawPages(tmp_path / str(count) / "raw" / "runpod" / "2026-11-25T120000")
        pages.save("gpu-types.json", json.dumps({"data": {"gpuTypes": types[:count]}}).encode())
        pages.finish(provider="runpod", observed_at=datetime(2026, 11, 25, 12, tzinfo=UTC), request=FetchRequest())

        (outcome,) = refresh(
            RefreshOrder(data_dir=tmp_path / str(count), providers=("runpod",), is_offline=True), lambda *_: None
        )

        assert (error or "") in (outcome.error or "")
        assert (error is None) == (outcome.error is None), outcome
