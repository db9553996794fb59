"""`planner prices pull`, `planner prices publish` and `planner refresh --from` an address, as typed."""

import json

import pytest
from click.testing import CliRunner

from planner.cli.root import cli
from planner.prices import books
from planner.prices.snapshots import list_snapshots
from tests.builders import a_snapshot, an_offer
from tests.prices import tls
from tests.prices.publisher import TODAY, Publisher


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch, tmp_path):
    """The test's own authority is the one that the system trusts, and no books come with the package."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.authority()))
    monkeypatch.setattr(books, "shipped_data_dir", lambda: tmp_path / "shipped")


@pytest.fixture
def theirs(tmp_path):
    """What is published: two sound books."""
    found = Publisher(tmp_path / "theirs")
    found.book("acme")
    found.book("other")
    found.index()
    return found


@pytest.fixture
def server(theirs):
    """A server of it."""
    with tls.serving(tls.Folder(theirs.folder)) as running:
        yield running


def _run(*arguments, **environment):
    return CliRunner().invoke(cli, [str(one) for one in arguments], env=environment)


def _here(folder):
    return [path.parent.name for path in list_snapshots(folder)]


def test_without_an_address_it_says_how_to_set_one(run_planner, tmp_path):
    """Exit 2; no address is built in."""
    done = run_planner("prices", "pull", "--data-dir", tmp_path / "ours")

    assert (2, "") == (done.returncode, done.stdout)
    for way in ("planner prices pull URL", "--prices-url", "PLANNER_PRICES_URL", "[prices.pull] prices_url"):
        assert way in done.stderr
    assert not (tmp_path / "ours").exists()


def test_an_address_that_is_not_https_is_a_usage_error(run_planner, tmp_path):
    """Exit 2, of a refresh too, and no way round it."""
    for command in (("prices", "pull"), ("refresh", "--from")):
        done = run_planner(*command, "http://127.0.0.1:1/latest.json", "--data-dir", tmp_path)

        assert (2, "") == (done.returncode, done.stdout)
        assert "is not https" in done.stderr


@pytest.mark.parametrize("way", ["argument", "option", "environment", "user file"])
def test_every_way_to_give_the_address(server, tmp_path, monkeypatch, way):
    """Typed, as an option, in the environment, in the user's own file."""
    words = {"argument": [server.url], "option": ["--prices-url", server.url]}.get(way, [])
    if "environment" == way:
        monkeypatch.setenv("PLANNER_PRICES_URL", server.url)
    if "user file" == way:
        folder = tmp_path / "config" / "gpu-cost-planner"
        folder.mkdir(parents=True)
        (folder / "planner.toml").write_text(f'[prices.pull]\nprices_url = "{server.url}"\n')
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    done = _run("prices", "pull", *words, "--data-dir", tmp_path / "ours")

    assert 0 == done.exit_code, done.output
    assert ["acme", "other"] == _here(tmp_path / "ours")


def test_what_is_typed_wins_over_the_environment(server, tmp_path, monkeypatch):
    """The other address is not asked."""
    monkeypatch.setenv("PLANNER_PRICES_URL", "https://127.0.0.1:1/")

    assert 0 == _run("prices", "pull", server.url, "--data-dir", tmp_path / "ours").exit_code


def test_books_that_fail_end_in_exit_1_and_the_others_land(theirs, server, tmp_path):
    """As of a refresh: a line on standard error for each that failed, and the table for all."""
    for path in (theirs.folder / "prices" / "acme").glob("*.csv"):
        path.write_text("spoilt")

    done = _run("prices", "pull", server.url, "--data-dir", tmp_path / "ours", "--format", "json")

    assert 1 == done.exit_code
    assert f"acme: FAILED. prices/acme/{TODAY}.csv is not what the index vouches for" in done.stderr
    document = json.loads(done.stdout)
    assert "planner.refresh/1" == document["schema"]
    assert {"acme": "failed", "other": "written"} == {one["provider"]: one["result"] for one in document["outcomes"]}
    assert ["other"] == _here(tmp_path / "ours")


def test_an_unchanged_index_is_said(server, tmp_path):
    """Exit 0, and each provider with the day of its book."""
    _run("prices", "pull", server.url, "--data-dir", tmp_path / "ours")

    done = _run("prices", "pull", server.url, "--data-dir", tmp_path / "ours")

    assert 0 == done.exit_code
    assert "The index is unchanged since" in done.stderr
    assert [["acme", "unchanged", str(TODAY)], ["other", "unchanged", str(TODAY)]] == [
        line.split()[:3] for line in done.stdout.splitlines()[1:]
    ]


def test_an_index_that_cannot_be_had_ends_in_exit_1(run_planner, tmp_path):
    """Nobody listens there."""
    done = run_planner("prices", "pull", "https://127.0.0.1:1/", "--data-dir", tmp_path, "--timeout", "1")

    assert (1, "") == (done.returncode, done.stdout)
    assert "Error: https://127.0.0.1:1/latest.json" in done.stderr


def test_refresh_from_an_address_takes_the_providers_named(server, tmp_path):
    """The same as a pull, with the options of a refresh."""
    done = _run("refresh", "other", "--from", server.url, "--data-dir", tmp_path / "ours")

    assert 0 == done.exit_code, done.output
    assert ["other"] == _here(tmp_path / "ours")


def test_refresh_from_an_address_takes_the_regions_named(theirs, server, tmp_path):
    """The rest of the book comes with a pull that asks for it."""
    north, south = (an_offer(provider="third", region=region, observed_on=TODAY) for region in ("north", "south"))
    theirs.book("third", north, south)
    theirs.index()
    ours = tmp_path / "ours"

    _run("refresh", "third", "--from", server.url, "--regions", "north", "--data-dir", ours)
    part = books.newest_offers(ours)
    done = _run("prices", "pull", server.url, "--data-dir", ours)

    assert ["north"] == [offer.region for offer in part]
    assert 0 == done.exit_code, done.output
    assert {"north", "south"} == {offer.region for offer in books.newest_offers(ours) if "third" == offer.provider}


def test_publish_prints_the_books_and_what_is_new(tmp_path):
    """Twice: the second time nothing is."""
    a_snapshot(tmp_path / "data", an_offer(provider="acme"), provider="acme", stem="2026-06-01")
    command = ("prices", "publish", tmp_path / "public", "--data-dir", tmp_path / "data", "--format", "json")

    first, again = _run(*command), _run(*command)

    assert (0, 0) == (first.exit_code, again.exit_code)
    (book,) = json.loads(first.stdout)["books"]
    assert ("acme", "new", "2026-06-01", 1) == (book["provider"], book["result"], book["date"], book["rows"])
    assert "unchanged" == json.loads(again.stdout)["books"][0]["result"]
    assert "1 books, 0 of them new" in again.stderr


def test_publish_ends_in_exit_1_if_a_book_is_damaged(tmp_path):
    """The others are published, and the message names the file."""
    bad = a_snapshot(tmp_path / "data", an_offer(provider="acme"), provider="acme", stem="2026-06-01")
    a_snapshot(tmp_path / "data", an_offer(provider="other"), provider="other", stem="2026-06-01")
    bad.write_bytes(bad.read_bytes()[:-5])

    done = _run("prices", "publish", tmp_path / "public", "--data-dir", tmp_path / "data")

    assert 1 == done.exit_code
    assert str(bad) in done.stderr
    assert "other" in done.stdout
