"""The whole way with the built-in clouds: pages over loopback or from files, checks, book, estimate, differences."""

import gzip
import json
import shutil
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from planner.cli.root import cli
from planner.model.records import Purchase
from planner.paths import shipped_data_dir
from planner.prices import registry
from planner.prices.books import book_offers
from planner.prices.refresh import RefreshOrder, refresh
from planner.prices.snapshots import read_snapshot
from tests.providers.aws_server import AWS
from tests.providers.clouds import API_KEY, FIXTURES, azure_answer, azure_on, bad_replies, gcp_answer, gcp_on
from tests.providers.replay import Answer


def _run(*args):
    return CliRunner().invoke(cli, [str(arg) for arg in args])


def _registered(monkeypatch, provider):
    """Let the registry hand out this very provider."""
    monkeypatch.setattr("tests.prices.loopback.CLOUD", provider)
    monkeypatch.setitem(registry.BUILT_IN, provider.name, "tests.prices.loopback:cloud")


def test_a_refresh_over_http_is_seen_by_estimate_and_diff(tmp_path, monkeypatch):
    """Azure's pages for one region: a book of today, an estimate at its prices, and what moved since the shipped book."""
    data = ("--data-dir", tmp_path / "data")
    with azure_on(azure_answer) as (provider, _, _):
        _registered(monkeypatch, provider)
        done = _run("refresh", "azure", "--regions", "eastus", *data)
    today = datetime.now(UTC).date().isoformat()

    estimate = _run(
        "estimate",
        "--model",
        "resnet50",
        "--epochs",
        "90",
        "--provider",
        "azure",
        "--region",
        "eastus",
        "--gpu",
        "H100:8",
        "--purchase",
        "on_demand",
        "--all",
        *data,
        "--format",
        "json",
    )
    diff = _run("prices", "diff", "--provider", "azure", *data, "--all", "--format", "json")

    assert 0 == done.exit_code, done.output
    rows = {row["instance_type"]: row for row in json.loads(estimate.stdout)["estimates"]}
    row = rows["Standard_ND96isr_H100_v5"]
    assert (98.32, today) == (row["usd_per_hour"], row["price_observed_on"])
    changed = json.loads(diff.stdout)["changes"]
    assert {"moved", "new"} <= {change["change"] for change in changed}
    assert {"eastus"} == {change["region"] for change in changed}


@pytest.mark.parametrize("reply", [*bad_replies("azure", "azure-retail").values()])
def test_no_hostile_reply_harms_the_book_before(tmp_path, monkeypatch, reply):
    """Whatever Azure's price service says: the old book is whole, and a new one holds believable rows only."""
    data = tmp_path / "data"
    order = RefreshOrder(data_dir=data, providers=("azure",), regions=("eastus",), timeout_seconds=2.0)
    shipped = max((shipped_data_dir() / "prices" / "azure").glob("*.json"))
    (data / "prices" / "azure").mkdir(parents=True)
    for path in (shipped, shipped.with_suffix(".csv")):
        shutil.copy(path, data / "prices" / "azure" / path.name)
    before = {path: path.read_bytes() for path in (data / "prices").rglob("*") if path.is_file()}

    def answer(call):
        return reply if "/api/retail/prices" in call.path else azure_answer(call)

    with azure_on(answer) as (provider, _, _):
        _registered(monkeypatch, provider)
        (outcome,) = refresh(order, lambda *_: None)

    assert before == {path: path.read_bytes() for path in before}
    assert None is outcome.traceback
    assert outcome.error or outcome.path or "nothing written" in " ".join(outcome.notes)
    if outcome.path:
        assert all(offer.usd_per_hour > 0 for offer in book_offers(read_snapshot(outcome.path)))
    else:
        assert set(before) == {path for path in (data / "prices").rglob("*") if path.is_file()}


def test_a_planted_key_is_in_no_byte_written_or_printed(tmp_path, monkeypatch):
    """Book, sidecar, raw pages, quarantine, both outputs, with --debug, whether Google answers or repeats the key."""
    monkeypatch.setenv("GOOGLE_API_KEY", API_KEY)

    def echo(call):
        said = f"refused: {call.headers.get('x-goog-api-key')}"
        return Answer(status=403, body=json.dumps({"error": {"code": 403, "message": said, "status": "X"}}).encode())

    seen = b""
    for answer in (gcp_answer, echo):
        with gcp_on(answer) as (provider, server, _):
            _registered(monkeypatch, provider)
            result = _run("--debug", "refresh", "gcp", "--accept", "--data-dir", tmp_path)
            sent = "".join(str(call.headers) for call in server.calls)
        seen += result.stdout.encode() + result.stderr.encode() + repr(result.exception).encode()
    seen += b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert API_KEY in sent
    assert API_KEY.encode() not in seen


def _offers(outcome, day):
    return {
        (offer.instance_type, offer.region, offer.purchase): offer.usd_per_hour
        for offer in book_offers(read_snapshot(outcome.path))
        if offer.observed_on == day and offer.zone is None
    }


def _bring(path, data_dir, **order):
    (outcome,) = refresh(RefreshOrder(data_dir=data_dir, path=path, **order), lambda *_: None)
    assert None is outcome.error, outcome.error
    return outcome


def test_saved_google_pages_give_composed_prices(tmp_path):
    """SKU and machine pages saved by hand, told by their content; the prices of the reference come out."""
    folder = tmp_path / "pages"
    folder.mkdir()
    for number, path in enumerate(sorted((FIXTURES / "gcp").glob("*_p*.json"))):
        (folder / f"saved-{number}.json").write_bytes(path.read_bytes())
    day = datetime(2026, 11, 20, tzinfo=UTC).date()

    outcome = _bring(folder, tmp_path / "data", observed_on=day, accepts=True)

    offers = _offers(outcome, day)
    assert pytest.approx(3.673385) == offers["a2-highgpu-1g", "us-central1", Purchase.ON_DEMAND]
    assert pytest.approx(88.49, abs=0.005) == offers["a3-highgpu-8g", "us-central1", Purchase.ON_DEMAND]
    assert pytest.approx(4.49993) == offers["g4-standard-48", "us-central1", Purchase.ON_DEMAND]


def test_saved_azure_pages_keep_the_regions_they_do_not_hold(tmp_path):
    """Pages of one region renew that region; the others stay as they were."""
    folder = tmp_path / "pages"
    folder.mkdir()
    for path in (FIXTURES / "azure").glob("retail_vm_eastus_preview_p*.json"):
        (folder / path.name).write_bytes(path.read_bytes())
    day = datetime(2026, 11, 20, tzinfo=UTC).date()

    outcome = _bring(folder, tmp_path / "data", observed_on=day)

    assert {"eastus"} == {region for _, region, _ in _offers(outcome, day)}
    assert outcome.kept > 2000


@pytest.mark.parametrize("name", ["bulk_us-east-1.csv", "bulk_us-east-1.json", "bulk_us-east-1.csv.gz"])
def test_aws_bulk_files_are_dated_by_their_publication(tmp_path, name):
    """JSON, CSV and gzip; AWS says in the file when it published it."""
    source = AWS / name.removesuffix(".gz")
    body = source.read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(body) if name.endswith(".gz") else body)

    outcome = _bring(tmp_path / name, tmp_path / "data", accepts=True)

    day = datetime.fromisoformat(outcome.stem[:10]).date()
    assert 2026 == day.year
    assert 21.957642 == _offers(outcome, day)["p4d.24xlarge", "us-east-1", Purchase.ON_DEMAND]


def test_cloud_files_without_a_date_need_one(tmp_path):
    """Azure's pages do not say when they were fetched."""
    page = FIXTURES / "azure" / "retail_vm_eastus_preview_p1.json"
    (tmp_path / "page.json").write_bytes(page.read_bytes())

    (outcome,) = refresh(RefreshOrder(data_dir=tmp_path / "data", path=tmp_path / "page.json"), lambda *_: None)

    assert "--observed-on YYYY-MM-DD" in outcome.error
