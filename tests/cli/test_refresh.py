"""`planner refresh` and `planner prices ...` as typed."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from planner.cli.root import cli
from planner.prices import registry
from tests.builders import a_snapshot, an_offer
from tests.prices.conftest import fake  # noqa: F401 - the fixture
from tests.prices.test_refresh import H100, L4, SPOT


def _run(*args):
    return CliRunner().invoke(cli, [str(arg) for arg in args])


def test_refresh_prints_a_line_per_book_and_details_beside_it(fake):  # noqa: F811
    """Data on standard output; moves, held-back rows and gaps on standard error."""
    a_snapshot(
        fake.data_dir,
        an_offer(
            provider="fakecloud", instance_type="big", region="north", zone=None, gpu="h100-80gb-sxm", usd_per_hour=50.0
        ),
        provider="fakecloud",
    )
    fake.set(H100, L4, ("free", "north", None, "l4", 1.0, "on_demand", None), gaps=["spot: needs FAKE_KEY"])

    result = _run("refresh", "fakecloud", "--data-dir", fake.data_dir)

    today = datetime.now(UTC).date().isoformat()
    assert 0 == result.exit_code, result.output
    line = result.stdout.splitlines()[-1].split()
    assert ["fakecloud", "written", today, "2", "1", "0", "1", "0", "1"] == line
    assert "fakecloud: largest move: big north on_demand: 50 -> 60 (+20.0%)\n" in result.stderr
    assert "fakecloud: new types: small\n" in result.stderr
    assert "fakecloud: held back: 1 x price '0.0' is not positive (free north on_demand)\n" in result.stderr
    assert "fakecloud: not fetched: spot: needs FAKE_KEY\n" in result.stderr


def test_a_failed_provider_ends_in_exit_1_and_is_said_first(fake):  # noqa: F811
    """The others are refreshed all the same."""
    fake.set(H100, fail="503 from the cloud.")

    result = _run("refresh", "fakecloud", "--data-dir", fake.data_dir)

    assert 1 == result.exit_code
    assert "fakecloud: FAILED. 503 from the cloud.\n" in result.stderr
    assert "failed" in result.stdout


def test_refresh_as_json_keeps_to_its_schema(fake):  # noqa: F811
    """A script reads figures, not tables."""
    fake.set(H100, L4)

    result = _run("refresh", "fakecloud", "--data-dir", fake.data_dir, "--format", "json")

    document = json.loads(result.stdout)
    assert "planner.refresh/1" == document["schema"]
    (outcome,) = document["outcomes"]
    assert ("fakecloud", "written", 2, 2, None) == (
        outcome["provider"],
        outcome["result"],
        outcome["rows"],
        outcome["new"],
        outcome["error"],
    )


def test_offline_and_from_exclude_each_other(tmp_path):
    """A usage error, before anything is done."""
    result = _run("refresh", "--offline", "--from", tmp_path)

    assert "exclude each other" in str(result.exception)


def test_regions_may_be_given_with_commas_and_in_capitals(fake):  # noqa: F811
    """--regions a,b is --regions a --regions b."""
    fake.set(H100, L4, ("third", "west", None, "l4", 1.0, "on_demand", 0.9))

    result = _run("refresh", "fakecloud", "--data-dir", fake.data_dir, "--regions", "North,south", "--format", "csv")

    assert "2" == dict(zip(*(line.split(",") for line in result.stdout.splitlines()[:2]), strict=False))["rows"]


def test_a_refresh_is_seen_by_estimate_and_by_diff(fake):  # noqa: F811
    """New prices with today's date in the estimate; the move in the difference, and the estimates it changes."""
    fake.set(H100, SPOT)
    _run("refresh", "fakecloud", "--data-dir", fake.data_dir)
    fake.set((*H100[:-1], 54.0), SPOT)
    _run("refresh", "fakecloud", "--data-dir", fake.data_dir)
    here = ("--data-dir", fake.data_dir, "--format", "json")
    job = ("--model", "resnet50", "--epochs", "90")

    estimate = _run("estimate", *job, "--provider", "fakecloud", "--purchase", "on_demand", *here)
    diff = _run("prices", "diff", "--provider", "fakecloud", *here)
    repriced = _run("prices", "diff", "--provider", "fakecloud", *job, *here)

    (row,) = json.loads(estimate.stdout)["estimates"]
    assert (54.0, datetime.now(UTC).date().isoformat()) == (row["usd_per_hour"], row["price_observed_on"])
    (change,) = json.loads(diff.stdout)["changes"]
    assert ("moved", 60.0, 54.0) == (change["change"], change["usd_per_hour_before"], change["usd_per_hour"])
    assert pytest.approx(-0.1) == change["change_fraction"]
    (changed,) = json.loads(repriced.stdout)["estimates"]
    assert pytest.approx(row["usd"]) == changed["usd"]
    assert pytest.approx(row["usd"] * 60 / 54) == changed["usd_before"]
    assert "fakecloud" in diff.stderr


def test_history_draws_a_chart_and_lists_days(tmp_path):
    """A line per series on the screen, a row per day for a script."""
    for day, price in (("2026-06-01", 16.0), ("2026-06-02", 24.0), ("2026-06-03", 32.0)):
        a_snapshot(tmp_path, an_offer(usd_per_hour=price), stem=day)
    command = ("prices", "history", "--gpu", "a100-80gb-sxm", "--provider", "testcloud", "--data-dir", tmp_path)

    table = _run(*command)
    rows = _run(*command, "--format", "csv")

    assert table.stdout.splitlines()[-1].endswith("▁▅█")
    assert "+100.0%" in table.stdout
    assert ["2026-06-01", "2026-06-02", "2026-06-03"] == [line.split(",")[4] for line in rows.stdout.splitlines()[1:]]


def test_verify_ends_in_exit_1_if_a_book_is_bad(tmp_path):
    """The bad book and its problem are named."""
    path = a_snapshot(tmp_path, an_offer())
    good = _run("prices", "verify", "testcloud", "--data-dir", tmp_path)
    path.write_bytes(path.read_bytes() + b"x")
    bad = _run("prices", "verify", "testcloud", "--data-dir", tmp_path)

    assert (0, 1) == (good.exit_code, bad.exit_code)
    assert str(path) in bad.stderr


def test_prune_lists_and_removes_only_when_told(tmp_path):
    """Without --yes nothing goes."""
    for day in ("2026-06-01", "2026-06-02"):
        a_snapshot(tmp_path, an_offer(), stem=day)
    command = ("prices", "prune", "--keep", "1", "--data-dir", tmp_path)

    listed = _run(*command)
    after_listing = sorted(path.name for path in (tmp_path / "prices" / "testcloud").iterdir())
    removed = _run(*command, "--yes")

    assert 4 == len(after_listing)
    assert "Nothing is removed without --yes. Would go: 1" in listed.stderr
    assert "Removed: 1" in removed.stderr
    assert ["2026-06-02.csv", "2026-06-02.json"] == sorted(
        path.name for path in (tmp_path / "prices" / "testcloud").iterdir()
    )


def test_offline_opens_no_socket(fake, tmp_path):  # noqa: F811
    """A whole process with every way to a network taken away parses the saved pages all the same."""
    fake.set(H100, L4)
    fake.refresh()
    fake.path.unlink()
    for path in (fake.data_dir / "prices" / "fakecloud").iterdir():
        path.unlink()
    code = (
        "import socket, sys\n"
        "def no(*args, **kwargs): raise SystemExit('a socket was opened')\n"
        "socket.socket = socket.create_connection = socket.getaddrinfo = no\n"
        "import _socket; _socket.socket = no\n"
        "from planner.prices import registry\n"
        "registry.BUILT_IN['fakecloud'] = 'tests.prices.fakecloud:FakeCloud'\n"
        f"sys.argv = ['planner', 'refresh', 'fakecloud', '--offline', '--data-dir', {str(fake.data_dir)!r}]\n"
        "from planner.cli import main; main()\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), check=False
    )

    assert 0 == done.returncode, done.stderr
    assert "written" in done.stdout


def test_providers_that_nobody_named_need_no_key(fake, monkeypatch):  # noqa: F811
    """A refresh of all asks those it can; the others are named with their variable, and only naming one fails."""
    monkeypatch.setattr(
        registry, "BUILT_IN", {name: registry.BUILT_IN[name] for name in ("fakecloud", "hyperstack", "digitalocean")}
    )
    for variable in ("HYPERSTACK_API_KEY", "DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    fake.set(H100, L4)

    every = _run("refresh", "--data-dir", fake.data_dir, "--format", "json")
    named = _run("refresh", "hyperstack", "fakecloud", "--data-dir", fake.data_dir)

    results = {row["provider"]: row["result"] for row in json.loads(every.stdout)["outcomes"]}
    assert {"digitalocean": "not asked", "fakecloud": "written", "hyperstack": "not asked"} == results
    assert "hyperstack: not asked: HYPERSTACK_API_KEY is not set. A key that may read is enough" in every.stderr
    assert (0, 1) == (every.exit_code, named.exit_code)
    assert "hyperstack: FAILED. HYPERSTACK_API_KEY is not set." in named.stderr


def test_a_refresh_that_can_ask_nobody_fails(fake):  # noqa: F811
    """Without a single saved page there is nothing to parse again."""
    done = _run("refresh", "--offline", "--data-dir", fake.data_dir)

    assert 1 == done.exit_code
    assert "fakecloud: not asked: No raw pages of fakecloud are saved" in done.stderr
