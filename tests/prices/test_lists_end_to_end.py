"""The whole way with the clouds that publish one list: loopback, checks, book, quarantine, offline, estimate."""

import csv
import io
import json
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from planner.cli.root import cli
from planner.paths import shipped_data_dir
from planner.prices import registry
from planner.prices.books import book_offers
from planner.prices.refresh import RefreshOrder, refresh
from planner.prices.snapshots import read_snapshot
from tests.prices import loopback
from tests.providers.clouds import fixture_page
from tests.providers.price_lists import KEY, ON, instead, list_answer
from tests.providers.replay import Answer

CLOUDS = tuple(ON)
DAY = datetime.now(UTC).date().isoformat()


def run(*args):
    return CliRunner().invoke(cli, [str(arg) for arg in args])


@pytest.fixture
def on(monkeypatch):
    """Point the four clouds at servers with an answer; the servers end with the test."""
    with ExitStack() as servers:

        def start(answer=list_answer):
            for cloud in CLOUDS:
                provider, _, _ = servers.enter_context(ON[cloud](answer))
                monkeypatch.setitem(loopback.CLOUDS, cloud, provider)
                monkeypatch.setitem(registry.BUILT_IN, cloud, f"tests.prices.loopback:{cloud}")

        yield start


def books(data):
    """Every offer of today's books by provider, type, region and purchase."""
    return {
        (provider, offer.instance_type, offer.region, str(offer.purchase)): offer
        for provider in CLOUDS
        for path in (data / "prices" / provider).glob("*.json")
        for offer in book_offers(read_snapshot(path.with_suffix(".csv")))
    }


def quarantine(data):
    """Type and reason of every row that was held back."""
    return {
        (row["provider"], row["instance_type"], row["reason"])
        for path in (data / "prices").glob("*/*.held-back.csv")
        for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    }


def test_a_refresh_writes_a_book_and_a_quarantine_each(tmp_path, on):
    """Rows by hand: one a type, region and kind of purchase; unknown GPUs and odd prices are named beside the book."""
    on()
    done = run("refresh", *CLOUDS, "--data-dir", tmp_path, "--format", "json")

    assert 0 == done.exit_code, done.output
    outcomes = {row["provider"]: row for row in json.loads(done.stdout)["outcomes"]}
    assert {"oci": 26, "verda": 12, "hyperstack": 9, "digitalocean": 8} == {
        cloud: outcomes[cloud]["rows"] for cloud in CLOUDS
    }
    found = books(tmp_path)
    assert 80.0 == found["oci", "BM.GPU.H100.8", "global", "on_demand"].usd_per_hour
    assert 9.12 == found["verda", "8H100.80S.176V", "global", "spot"].usd_per_hour
    assert 19.2 == found["hyperstack", "n3-H100-SXM5x8", "CANADA-1", "on_demand"].usd_per_hour
    assert 35.28 == found["digitalocean", "gpu-h100x8-640gb", "nyc2", "on_demand"].usd_per_hour
    held = quarantine(tmp_path)
    assert ("verda", "8H200.141S.176V", "priced in 'eur', not in 'usd'") in held
    assert {"BM.GPU.RX1.8", "1RX1.16V", "QX9-400G-SXM9", "gpu-rx1x8-3200gb"} <= {name for _, name, _ in held}
    assert "oci: unknown GPUs: BM.GPU.RX1.8 with 200 GB a GPU (1 rows)" in done.stderr


def test_the_books_are_used_by_estimate(tmp_path, on):
    """One row a cloud for eight H100, each at the price of today."""
    on()
    run("refresh", *CLOUDS, "--data-dir", tmp_path)
    asked = ("estimate", "--model", "resnet50", "--epochs", "90", "--gpu", "H100:8", "--purchase", "on_demand", "--all")
    clouds = [word for cloud in CLOUDS for word in ("--provider", cloud)]

    estimate = run(*asked, *clouds, "--data-dir", tmp_path, "--format", "json")

    assert 0 == estimate.exit_code, estimate.output
    assert {
        ("oci", "BM.GPU.H100.8", 80.0, DAY),
        ("verda", "8H100.80S.176V", 26.0, DAY),
        ("hyperstack", "n3-H100-SXM5x8", 19.2, DAY),
        ("digitalocean", "gpu-h100x8-640gb", 35.28, DAY),
    } == {
        (row["provider"], row["instance_type"], row["usd_per_hour"], row["price_observed_on"])
        for row in json.loads(estimate.stdout)["estimates"]
    }


def test_offline_makes_the_same_books_from_saved_pages(tmp_path, on):
    """No call is made, no key is needed, and the rows are the same."""
    on()
    run("refresh", *CLOUDS, "--data-dir", tmp_path)
    before = books(tmp_path)
    shutil.rmtree(tmp_path / "prices")
    on(lambda _: Answer(status=503))

    done = run("refresh", *CLOUDS, "--offline", "--data-dir", tmp_path)

    assert 0 == done.exit_code, done.output
    assert before == books(tmp_path)


def test_no_key_is_in_any_byte_written_or_printed(tmp_path, on, monkeypatch):
    """Books, sidecars, raw pages, quarantine and both outputs, with --debug."""
    monkeypatch.setenv("HYPERSTACK_API_KEY", KEY)
    on()

    done = run("--debug", "refresh", *CLOUDS, "--data-dir", tmp_path)

    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"n3-H100-SXM5x8" in written
    assert KEY.encode() not in written + done.stdout.encode() + done.stderr.encode()


@pytest.mark.parametrize(
    "reply",
    [
        Answer(status=500),
        Answer(body=b"<html>"),
        Answer(body=b"[]"),
        Answer(body=b'{"items": [], "sizes": [], "data": []}'),
        Answer(body=b'[{"name": "\\ud800", "value": 1}, 7]'),
    ],
)
def test_no_hostile_reply_harms_the_book_before(tmp_path, on, reply):
    """The old books stay as they are, nothing new is written, and no adapter fails in a way it should not."""
    shipped = max((shipped_data_dir() / "prices" / "oci").glob("*.json"))
    (tmp_path / "prices" / "oci").mkdir(parents=True)
    for path in (shipped, shipped.with_suffix(".csv")):
        shutil.copy(path, tmp_path / "prices" / "oci" / path.name)
    before = {path: path.read_bytes() for path in (tmp_path / "prices").rglob("*") if path.is_file()}
    on(lambda _: reply)

    outcomes = refresh(RefreshOrder(data_dir=tmp_path, providers=CLOUDS, timeout_seconds=2.0), lambda *_: None)

    assert before == {path: path.read_bytes() for path in (tmp_path / "prices").rglob("*") if path.is_file()}
    assert [None] * 4 == [outcome.traceback for outcome in outcomes]
    assert all(outcome.error for outcome in outcomes)


def test_a_price_of_one_gpu_for_the_whole_machine_is_held_back(tmp_path, on):
    """The checks of all providers hold for these: an eighth of yesterday's price does not enter the book."""
    on()
    run("refresh", "digitalocean", "--data-dir", tmp_path)
    page = fixture_page("digitalocean", "sizes_p1.json").replace(b"35.28", b"4.41")
    on(instead("sizes?per_page", Answer(body=page)))

    done = run("refresh", "digitalocean", "--data-dir", tmp_path)

    assert 0 == done.exit_code, done.output
    assert "looks like the price of one GPU, not of the instance with 8: 4.41 where it was 35.28 before" in done.stderr
    assert 35.28 == books(tmp_path)["digitalocean", "gpu-h100x8-640gb", "nyc2", "on_demand"].usd_per_hour
