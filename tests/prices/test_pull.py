"""`planner prices pull` end to end over loopback HTTPS: what it takes, what it keeps, and what it does not fall for."""

import contextlib
import gzip
import json
import threading
from datetime import timedelta

import pytest

from planner.errors import ProviderError, UsageError
from planner.model.records import Purchase, Unpriced
from planner.prices import books
from planner.prices import pull as pull_module
from planner.prices.books import book_offers
from planner.prices.lock import refresh_lock
from planner.prices.pull import pull
from planner.prices.refresh import RefreshOrder
from planner.prices.snapshots import list_snapshots, read_snapshot
from providers import published as publishing
from tests.builders import a_raw_snapshot, a_row, a_snapshot, an_offer
from tests.prices import tls
from tests.prices.publisher import TODAY, Publisher
from tests.prices.tls import Reply

YESTERDAY = TODAY - timedelta(days=1)


class Client:
    """A data folder that pulls from a running server."""

    def __init__(self, data_dir, server):
        self.data_dir = data_dir
        self.server = server

    def pull(self, address="", *, hosts=(), **order):
        """Pull, by default from the server's root."""
        order = RefreshOrder(**{"data_dir": self.data_dir, "timeout_seconds": 20.0, **order})
        return pull(order, address or self.server.url, lambda *_: None, hosts=hosts)

    def books(self):
        """Days of the whole books here, by provider."""
        return [f"{path.parent.name}/{path.stem}" for path in list_snapshots(self.data_dir)]

    def price(self, provider):
        """The only price of the newest book of a provider here."""
        (offer,) = self.offers(provider)
        return offer.usd_per_hour

    def offers(self, provider):
        """The offers of the newest book of a provider here."""
        newest = [path for path in list_snapshots(self.data_dir) if provider == path.parent.name][-1]
        return book_offers(read_snapshot(newest))

    def asked(self):
        """Paths asked for since the last time somebody looked."""
        paths = [ask.path for ask in self.server.asked]
        self.server.asked.clear()
        return paths


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch, tmp_path):
    """The test's own authority is the one that the system trusts, and no books come with the package."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.authority()))
    monkeypatch.setattr(books, "shipped_data_dir", lambda: tmp_path / "shipped")


@pytest.fixture
def theirs(tmp_path):
    """What is published."""
    (tmp_path / "theirs").mkdir()
    return Publisher(tmp_path / "theirs")


@pytest.fixture
def ours(tmp_path, theirs):
    """A data folder beside a server of what is published; files that come later are there too."""
    with tls.serving(tls.Folder(theirs.folder)) as server:
        yield Client(tmp_path / "ours", server)


def _error(done, provider):
    (outcome,) = [one for one in done.outcomes if provider == one.provider]
    return outcome.error


# what is taken


def test_books_come_whole_with_what_their_sidecars_say(theirs, ours):
    """Rows, sources, unpriced types, what prices leave out, and retired types are those that were published."""
    offers = [
        an_offer(provider="acme", observed_on=TODAY),
        an_offer(provider="acme", region="south", usd_per_hour=21.5),
    ]
    beside = {
        "unpriced": [Unpriced(instance_type="x", gpu="l4", gpu_count=1.0, reason="on request")],
        "excludes": [{"instance_types": "test-*", "what": "local SSD"}],
        "retired": [{"instance_type": "old", "retired_on": "2025-09-30", "address": "https://example.com"}],
    }
    theirs.book("acme", *offers, **beside)
    theirs.book("other")
    theirs.index()

    done = ours.pull()

    assert [("acme", None), ("other", None)] == [(one.provider, one.error) for one in done.outcomes]
    assert [f"acme/{TODAY}", f"other/{TODAY}"] == ours.books()
    snapshot = read_snapshot(ours.data_dir / "prices" / "acme" / f"{TODAY}.csv")
    assert sorted(offers, key=lambda offer: offer.region) == list(book_offers(snapshot))
    assert "made for a test" == snapshot.sources[0]["name"]
    assert (1, 1, 1) == (len(snapshot.unpriced), len(snapshot.excludes), len(snapshot.retired))


def test_levels_of_a_marketplace_come_with_their_figures(theirs, ours):
    """The lowest price, how many hosts ask, and how often their machines are up."""
    level = an_offer(provider="acme", observed_on=TODAY, usd_per_hour_cheapest=15.0, offers_count=7, reliability=0.98)
    theirs.book("acme", level)
    theirs.index()

    assert [None] == [one.error for one in ours.pull().outcomes]
    assert [level] == list(ours.offers("acme"))


def test_a_request_says_nothing_of_who_asks(theirs, ours):
    """The host, what the client understands, and a name without a version: no query, no cookie, no more headers."""
    theirs.book("acme")
    theirs.index()
    ours.server.answers["/latest.json"] = lambda _: Reply(
        body=(theirs.folder / "latest.json").read_bytes(), headers=(("Set-Cookie", "who=you"), ("ETag", '"1"'))
    )

    ours.pull()
    ours.pull()

    expected = {"Host", "Accept-Encoding", "User-Agent", "Connection"}
    first, *_, last = ours.server.asked
    assert expected == dict(first.headers).keys()
    assert expected | {"If-None-Match"} == dict(last.headers).keys()
    assert {"gpu-cost-planner"} == {dict(ask.headers)["User-Agent"] for ask in ours.server.asked}
    assert [] == [ask.path for ask in ours.server.asked if "?" in ask.path]


def test_the_folder_stands_for_its_index(theirs, ours):
    """With and without a slash, and by the name of the index."""
    theirs.book("acme")
    theirs.index()

    for address in ("", "/", "/latest.json"):
        ours.pull(f"{ours.server.url}{address}")

    assert ["/latest.json", f"/prices/acme/{TODAY}.csv", f"/prices/acme/{TODAY}.json"] == ours.asked()[:3]
    assert [f"acme/{TODAY}"] == ours.books()


def test_an_unchanged_index_is_said_and_nothing_is_fetched(theirs, ours):
    """The entity tag of the first answer is sent back; the second answer has no body."""
    theirs.book("acme")
    theirs.index()
    ours.pull()
    before = ours.asked()

    done = ours.pull()

    assert 3 == len(before)
    assert ["/latest.json"] == ours.asked()
    assert "unchanged" in done.notes[0]
    assert [("acme", None, None)] == [(one.provider, one.error, one.path) for one in done.outcomes]


def test_books_that_have_landed_are_not_fetched_again(theirs, ours):
    """A new index with one new book brings that one alone."""
    theirs.book("acme")
    theirs.book("other", day=YESTERDAY)
    theirs.index(hours_ago=1)
    ours.pull()
    ours.asked()
    theirs.book("other", an_offer(provider="other", usd_per_hour=21.0, observed_on=TODAY))
    theirs.index()

    ours.pull()

    assert ["/latest.json", f"/prices/other/{TODAY}.csv", f"/prices/other/{TODAY}.json"] == ours.asked()
    assert 21.0 == ours.price("other")


def test_a_book_removed_here_is_fetched_again(theirs, ours):
    """An unchanged index is no reason to stay without it."""
    theirs.book("acme")
    theirs.index()
    ours.pull()
    for path in (ours.data_dir / "prices" / "acme").iterdir():
        path.unlink()

    ours.pull()

    assert [f"acme/{TODAY}"] == ours.books()


def test_a_damaged_memory_of_pulls_costs_a_fetch_and_no_more(theirs, ours):
    """What stands in pulled.json is never needed."""
    theirs.book("acme")
    theirs.index()
    ours.pull()
    spoilt = {"schema": "planner.pulled/1", "addresses": {f"{ours.server.url}/latest.json": {"etag": 5}}}
    for text in ("{", "[]", json.dumps(spoilt)):
        (ours.data_dir / "pulled.json").write_text(text)

        assert [None] == [one.error for one in ours.pull().outcomes]


def test_only_providers_asked_for_come(theirs, ours):
    """The others come with a pull that asks for all."""
    theirs.book("acme")
    theirs.book("other")
    theirs.index()

    ours.pull(providers=("other",))
    only = ours.books()
    ours.pull()

    assert [f"other/{TODAY}"] == only
    assert [f"acme/{TODAY}", f"other/{TODAY}"] == ours.books()


def test_a_provider_that_is_not_published_is_an_error(theirs, ours):
    """The message says which are."""
    theirs.book("acme")
    theirs.index()

    with pytest.raises(ProviderError, match="no prices of gone; it lists: acme"):
        ours.pull(providers=("gone",))


def test_a_dry_run_writes_nothing(theirs, ours):
    """It fetches and checks."""
    theirs.book("acme")
    theirs.index()

    (outcome,) = ours.pull(is_dry_run=True).outcomes

    assert (1, None) == (outcome.rows, outcome.path)
    assert not ours.data_dir.exists()


def test_a_pull_waits_for_no_refresh(theirs, ours):
    """One of them at a time; the other is told who has the lock."""
    theirs.book("acme")
    theirs.index()

    with refresh_lock(ours.data_dir), pytest.raises(ProviderError, match="Another refresh"):
        ours.pull()


# what stays


def test_an_older_book_never_takes_the_place_of_a_newer_one(theirs, ours):
    """It is not even fetched; the day of both is said."""
    a_snapshot(ours.data_dir, an_offer(provider="acme", usd_per_hour=19.0), provider="acme", stem=TODAY.isoformat())
    theirs.book("acme", day=YESTERDAY)
    theirs.index()

    (outcome,) = ours.pull().outcomes

    assert outcome.error is None
    assert f"the published book is of {YESTERDAY}, the one here of {TODAY}: kept" == outcome.notes[0]
    assert ["/latest.json"] == ours.asked()
    assert 19.0 == ours.price("acme")


def test_a_replayed_index_is_not_taken(theirs, ours):
    """One that is older than an index seen before brings nothing, though its books be new here."""
    theirs.book("acme", an_offer(provider="acme", usd_per_hour=20.0))
    theirs.index(hours_ago=5)
    old = (theirs.folder / "latest.json").read_bytes()
    theirs.book("other")
    theirs.index()
    ours.pull()
    for path in (ours.data_dir / "prices" / "acme").iterdir():
        path.unlink()
    ours.asked()
    ours.server.answers["/latest.json"] = old

    done = ours.pull()

    assert "is older than that of" in done.notes[0]
    assert ["/latest.json"] == ours.asked()
    assert [f"other/{TODAY}"] == ours.books()


def test_a_price_observed_later_here_stays(theirs, ours):
    """The published book is newer as a whole and older in one row."""
    spot = {"provider": "acme", "purchase": Purchase.SPOT}
    old, new = TODAY - timedelta(days=9), TODAY - timedelta(days=2)
    mine = [an_offer(provider="acme", observed_on=new), an_offer(**spot, usd_per_hour=8.0, observed_on=new)]
    a_snapshot(ours.data_dir, *mine, provider="acme", stem=new.isoformat())
    fresh = an_offer(provider="acme", usd_per_hour=21.0, observed_on=TODAY)
    theirs.book("acme", fresh, an_offer(**spot, usd_per_hour=7.0, observed_on=old))
    theirs.index()

    ours.pull()

    assert {(21.0, TODAY), (8.0, new)} == {(offer.usd_per_hour, offer.observed_on) for offer in ours.offers("acme")}


def test_what_a_publisher_cannot_see_stays(theirs, ours):
    """It lists no spot price at all: those from here are kept with their day. A type it dropped where it lists others is gone."""
    spot = an_offer(provider="acme", purchase=Purchase.SPOT, usd_per_hour=8.0, observed_on=YESTERDAY)
    gone = an_offer(provider="acme", instance_type="gone", observed_on=YESTERDAY)
    many = [an_offer(provider="acme", instance_type=f"type-{n}", observed_on=YESTERDAY) for n in range(8)]
    a_snapshot(ours.data_dir, *many, spot, gone, provider="acme", stem=YESTERDAY.isoformat())
    theirs.book("acme", *many)
    theirs.index()

    assert [None] == [one.error for one in ours.pull().outcomes]

    assert {spot, *many} == set(ours.offers("acme"))


def test_prices_that_cannot_be_believed_are_held_back(theirs, ours):
    """The checks are those of a refresh: the reason is said, the old price stays, and the rest lands."""
    mine = [an_offer(provider="acme", instance_type=f"type-{n}", observed_on=YESTERDAY) for n in range(8)]
    a_snapshot(ours.data_dir, *mine, provider="acme", stem=YESTERDAY.isoformat())
    odd = an_offer(provider="acme", instance_type="type-0", usd_per_hour=2.5, observed_on=TODAY)
    theirs.book("acme", odd, *mine[1:])
    theirs.index()

    (outcome,) = ours.pull().outcomes

    assert "one GPU, not of the instance with 8" in outcome.held_back[0].reason
    assert set(mine) == set(ours.offers("acme"))


def test_what_was_held_back_can_be_accepted_later(theirs, ours):
    """The index is the same and the book has landed: it is fetched again all the same."""
    mine = [an_offer(provider="acme", instance_type=f"type-{n}", observed_on=YESTERDAY) for n in range(8)]
    a_snapshot(ours.data_dir, *mine, provider="acme", stem=YESTERDAY.isoformat())
    odd = an_offer(provider="acme", instance_type="type-0", usd_per_hour=2.5, observed_on=TODAY)
    theirs.book("acme", odd, *mine[1:])
    theirs.index()
    ours.pull()

    ours.pull(accepts=True)

    assert {odd, *mine[1:]} == set(ours.offers("acme"))


def test_a_book_that_changed_as_a_whole_is_refused(theirs, ours):
    """The old one stays; --accept is the way in."""
    mine = [an_offer(provider="acme", instance_type=f"type-{n}", observed_on=YESTERDAY) for n in range(8)]
    a_snapshot(ours.data_dir, *mine, provider="acme", stem=YESTERDAY.isoformat())
    theirs.book("acme", *mine[:3])
    theirs.index()

    refused = ours.pull()
    before = ours.books()
    accepted = ours.pull(accepts=True)

    assert "repeat the command with --accept" in _error(refused, "acme")
    assert [f"acme/{YESTERDAY}"] == before
    assert (None, 3) == (_error(accepted, "acme"), len(ours.offers("acme")))


# what it does not fall for: books


def _half_broken(theirs):
    """Two sound books and the entry of a third, to be spoiled."""
    theirs.book("acme")
    theirs.book("sound")
    entry = theirs.book("broken")
    return entry, theirs.folder / entry["file"]


def _others_land(ours, theirs, match):
    """The broken book is an error, the others land, and the next pull asks for it again."""
    theirs.index()
    done = ours.pull()

    assert match in _error(done, "broken")
    assert [f"acme/{TODAY}", f"sound/{TODAY}"] == ours.books()


def test_a_pull_in_part_is_tried_again(theirs, ours):
    """The index is not held for known as long as one of its books has not landed; those that have are not fetched again."""
    _, path = _half_broken(theirs)
    path.write_bytes(path.read_bytes()[:-20])
    match = "is not what the index vouches for"
    _others_land(ours, theirs, match)
    ours.asked()

    again = ours.pull()

    assert match in _error(again, "broken")
    assert not any("acme" in path for path in ours.asked())


def test_a_book_with_another_checksum_is_not_parsed(theirs, ours):
    """Not even one byte may differ."""
    _, path = _half_broken(theirs)
    path.write_bytes(path.read_bytes().replace(b"20.0", b"20.1"))

    _others_land(ours, theirs, "is not what the index vouches for")


def test_a_sidecar_with_another_checksum_is_not_parsed(theirs, ours):
    """It says what prices leave out, so it counts as much."""
    _, path = _half_broken(theirs)
    path.with_suffix(".json").write_text(path.with_suffix(".json").read_text().replace("none", "some"))

    _others_land(ours, theirs, "is not what the index vouches for")


def test_a_book_that_is_cut_off_is_not_taken(theirs, ours):
    """Its checksum is not that of the whole."""
    _, path = _half_broken(theirs)
    path.write_bytes(path.read_bytes()[:-20])

    _others_land(ours, theirs, "is not what the index vouches for")


def test_a_book_that_is_not_there_is_an_error(theirs, ours):
    """The message has the status and the address."""
    _, path = _half_broken(theirs)
    path.unlink()

    _others_land(ours, theirs, "HTTP status 404")


def test_a_sidecar_that_is_not_there_is_an_error(theirs, ours):
    """A book without one is none."""
    entry, path = _half_broken(theirs)
    del entry["sidecar_sha256"]
    path.with_suffix(".json").unlink()

    _others_land(ours, theirs, "HTTP status 404")


def test_the_checksum_of_a_sidecar_may_be_missing(theirs, ours):
    """Its own checksum of the rows ties it to the book."""
    entry, _ = _half_broken(theirs)
    del entry["sidecar_sha256"]
    theirs.index()

    assert {None} == {one.error for one in ours.pull().outcomes}


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("rows", 10**12, "250,000 are believed"),
        ("rows", 2, "it has 1 rows where the index says 2"),
        ("rows", 0, "250,000 are believed"),
        ("rows", 1.0, "250,000 are believed"),
        ("rows", True, "250,000 are believed"),
        ("rows", "1", "250,000 are believed"),
        ("date", "2999-01-01", "in the future"),
        ("date", "today", "no date"),
        ("date", None, "no date"),
        ("sha256", "0" * 64, "is not what the index vouches for"),
        ("sha256", "A" * 64, "64 small hexadecimal digits"),
        ("sha256", 5, "64 small hexadecimal digits"),
        ("sidecar_sha256", "0" * 64, "is not what the index vouches for"),
        ("sidecar_sha256", [], "64 small hexadecimal digits"),
        ("file", "../../ours/prices/acme/2026-01-01.csv", "below the folder of the index"),
        ("file", "/etc/passwd.csv", "below the folder of the index"),
        ("file", "https://example.com/book.csv", "below the folder of the index"),
        ("file", "//example.com/book.csv", "below the folder of the index"),
        ("file", "prices/./broken/book.csv", "below the folder of the index"),
        ("file", "prices\\broken\\book.csv", "below the folder of the index"),
        ("file", "prices/%2e%2e/book.csv", "below the folder of the index"),
        ("file", "book.csv?who=you", "below the folder of the index"),
        ("file", "book.csv\n", "below the folder of the index"),
        ("file", "~root/book.csv", "below the folder of the index"),
        ("file", "book.exe", "below the folder of the index"),
        ("file", None, "below the folder of the index"),
    ],
)
def test_an_entry_that_cannot_be_is_refused_and_the_others_land(theirs, ours, name, value, match):
    """Before anything is fetched by it."""
    entry, _ = _half_broken(theirs)
    entry[name] = value

    _others_land(ours, theirs, match)


@pytest.mark.parametrize("name", ["../acme", "Broken", "a/b", "", "a" * 41, "a.b", "brö", None, 5, ["acme"], "con\n"])
def test_a_name_that_is_no_provider_is_refused_and_the_others_land(theirs, ours, name):
    """It is never a part of a path; the place in the index says which it was."""
    entry, _ = _half_broken(theirs)
    entry["provider"] = name
    theirs.index()

    done = ours.pull()

    assert "names no provider" in _error(done, "entry 3")
    assert [f"acme/{TODAY}", f"sound/{TODAY}"] == ours.books()


def test_rows_of_gpus_nobody_knows_here_are_counted_and_left_out(theirs, ours):
    """A publisher may know more GPUs than an older reader."""
    row = a_row(observed_on=YESTERDAY.isoformat())
    path = a_raw_snapshot(theirs.folder, row, a_row(gpu="gpu-of-tomorrow"), provider="acme", stem=TODAY.isoformat())
    theirs.enter("acme", path)
    theirs.index()

    (outcome,) = ours.pull().outcomes

    assert (None, 1, (("gpu-of-tomorrow", 1),)) == (outcome.error, outcome.rows, outcome.unknown_gpus)


@pytest.mark.parametrize(
    "cells",
    [
        {"usd_per_hour": "nan"},
        {"usd_per_hour": "-1"},
        {"usd_per_hour": "0"},
        {"usd_per_hour": "1e300"},
        {"gpu_count": "inf"},
        {"vcpus": "nan"},
        {"memory_gib": "-5"},
        {"network_gbps": "many"},
        {"purchase": "gift"},
        {"observed_on": "2999-01-01"},
        {"observed_on": "soon"},
        {"instance_type": "\x1b[2Jcleared"},
        {"instance_type": ""},
        {"region": "x" * 3000},
    ],
)
def test_a_cell_that_cannot_be_refuses_its_book(theirs, ours, cells):
    """Whoever wrote it is not believed in the rest; nothing of it is left here."""
    day = {"observed_on": YESTERDAY.isoformat()}
    rows = (a_row(**day), a_row(**{**day, "instance_type": "other", **cells}))
    _half_broken(theirs)
    for path in (theirs.folder / "prices" / "broken").iterdir():
        path.unlink()
    (theirs.folder / "prices" / "broken").rmdir()
    theirs.enter("broken", a_raw_snapshot(theirs.folder, *rows, provider="broken", stem=TODAY.isoformat()))

    _others_land(ours, theirs, "is not a sound book")


@pytest.mark.parametrize(
    "body",
    [
        b"gpu\xff\n1\n",
        b"gpu,gpu_count\n\n",
        b'gpu\n"' + b"x" * 200_000 + b'"\n',
        b"a100-80gb-sxm,8\na100-80gb-sxm,8\n",
        b"gpu,price\na100-80gb-sxm,1\n",
    ],
)
def test_a_file_that_is_no_book_is_refused(theirs, ours, body):
    """Bytes that are no text, empty rows, endless cells, no heading, other columns."""
    entry, path = _half_broken(theirs)
    path.write_bytes(body)
    sidecar = json.loads(path.with_suffix(".json").read_text())
    theirs.enter("broken", path)
    sidecar |= {"rows": entry["rows"], "sha256": theirs.entries["broken"]["sha256"]}
    path.with_suffix(".json").write_text(json.dumps(sidecar))
    theirs.enter("broken", path)

    _others_land(ours, theirs, "is not a sound book")


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "planner.snapshot/99"},
        {"schema": ["planner.snapshot/1"]},
        {"provider": "acme"},
        {"rows": 5},
        {"sha256": "0" * 64},
        {"sources": None},
        {"sources": ["a text"]},
        {"sources": [{"name": 5}]},
        {"sources": [{"name": "x" * 3000}]},
        {"excludes": [{"what": "no types"}]},
        {"retired": [{"instance_type": "x", "retired_on": "soon"}]},
        {"unpriced": [{"instance_type": "x", "gpu": "l4", "gpu_count": "many", "reason": "?"}]},
        {"unpriced": [{"instance_type": "x", "gpu": "l4", "gpu_count": float("nan"), "reason": "?"}]},
    ],
)
def test_a_sidecar_that_cannot_be_refuses_its_book(theirs, ours, changes):
    """What it holds is read by every later estimate."""
    _, path = _half_broken(theirs)
    sidecar = path.with_suffix(".json")
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), **changes}))
    theirs.enter("broken", path)

    _others_land(ours, theirs, "its sidecar")


# what it does not fall for: indexes


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (b"", "empty body"),
        (b"<!doctype html><p>Sign in", "web page"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "has schema 'None'"),
        (b'{"schema": "planner.books/2"}', "newer version"),
        (b'{"schema": "planner.books/1"}', "does not say when"),
        (b'{"schema": "planner.books/1", "published_at": "soon"}', "does not say when"),
        (b'{"schema": "planner.books/1", "published_at": "0001-01-01T00:00:00+23:00"}', "does not say when"),
        (b'{"schema": "planner.books/1", "published_at": "2999-01-01T00:00:00Z"}', "in the future"),
        (b'{"schema": "planner.books/1", "published_at": "2026-01-01T00:00:00Z"}', "does not list"),
        (b'{"schema": "planner.books/1", "published_at": "2026-01-01T00:00:00Z", "books": []}', "does not list"),
        (
            b'{"schema": "planner.books/1", "published_at": "2026-01-01", "books": [%s{}]}' % (b"{}," * 200),
            "does not list",
        ),
    ],
)
def test_what_is_no_index_is_refused(theirs, ours, body, match):
    """Nothing is fetched by it, and nothing written but the lock."""
    ours.server.answers["/latest.json"] = lambda _: Reply(body=body)

    with pytest.raises(ProviderError, match=match):
        ours.pull()

    assert ["/latest.json"] == ours.asked()
    assert ["refresh.lock"] == [path.name for path in ours.data_dir.iterdir()]


def test_an_index_that_is_cut_off_is_refused(theirs, ours):
    """At any byte."""
    theirs.book("acme")
    theirs.index()
    body = (theirs.folder / "latest.json").read_bytes()
    for end in range(1, len(body), 40):
        ours.server.answers["/latest.json"] = body[:end]

        with pytest.raises(ProviderError, match="cut off or not JSON"):
            ours.pull()

    assert [] == ours.books()


@pytest.mark.parametrize(
    ("address", "match"),
    [
        ("http://127.0.0.1/latest.json", "not https"),
        ("ftp://example.com/latest.json", "not https"),
        ("https://me:secret@example.com/latest.json", "holds a user name"),
        ("https://example.com/latest.json?who=me", "holds a query"),
        ("https://example.com/#latest", "holds a query or a fragment"),
        ("latest.json", "not an address"),
        ("https:///latest.json", "not an address"),
        ("https://example.com:port/", "not an address"),
        ("https://exa mple.com/", "not an address"),
        ("https://example.com/\r\nHost: elsewhere", "not an address"),
    ],
)
def test_an_address_is_plain_https_and_nothing_else(tmp_path, address, match):
    """Nothing is opened, and the data folder is not made."""
    with pytest.raises(UsageError, match=match) as caught:
        pull(RefreshOrder(data_dir=tmp_path / "ours"), address, lambda *_: None)

    assert "secret" not in str(caught.value)
    assert not (tmp_path / "ours").exists()


# what it does not fall for: servers


def test_a_server_that_nobody_vouches_for_is_not_asked(theirs, ours, monkeypatch):
    """Without its authority among the trusted ones there is no request."""
    theirs.book("acme")
    theirs.index()
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(ProviderError, match="no trusted TLS connection"):
        ours.pull()

    assert [] == ours.asked()


def test_a_redirect_on_the_same_host_is_followed(theirs, ours):
    """Books are then named from the address that was asked for."""
    theirs.book("acme")
    theirs.index()
    ours.server.answers["/moved/latest.json"] = Reply(status=302, headers=(("Location", "/latest.json"),))
    for name in ("csv", "json"):
        file = f"/prices/acme/{TODAY}.{name}"
        ours.server.answers[f"/moved{file}"] = Reply(status=301, headers=(("Location", file),))

    ours.pull(f"{ours.server.url}/moved")

    assert [f"acme/{TODAY}"] == ours.books()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_redirect_elsewhere_is_not_followed(theirs, ours, scheme):
    """Neither to a host that nobody named, nor to one that was named without TLS."""
    with tls.serving({}) as other:
        port = other.url.rpartition(":")[2]
        place = f"{scheme}://localhost:{port}/latest.json"
        ours.server.answers["/latest.json"] = Reply(status=302, headers=(("Location", place),))

        hosts = () if "https" == scheme else (f"localhost:{port}",)
        with pytest.raises(ProviderError, match="points on to another host"):
            ours.pull(hosts=hosts)

        assert [] == other.asked


def test_a_redirect_to_a_host_that_was_named_is_followed(theirs, ours):
    """Over https, for a book as for the index."""
    entry = theirs.book("acme")
    theirs.index()
    with tls.serving(tls.Folder(theirs.folder)) as other:
        host = other.url.removeprefix("https://").replace("127.0.0.1", "localhost")
        ours.server.answers[f"/{entry['file']}"] = Reply(
            status=302, headers=(("Location", f"https://{host}/{entry['file']}"),)
        )

        refused = ours.pull()
        done = ours.pull(hosts=(host,))

    assert "points on to another host" in _error(refused, "acme")
    assert None is _error(done, "acme")
    assert [f"acme/{TODAY}"] == ours.books()


@pytest.mark.parametrize("host", ["", "https://example.com", "example.com/path", "me@example.com", "example.com:"])
def test_a_host_is_a_name_and_a_port(tmp_path, host):
    """What is none is a usage error, before anything is opened."""
    with pytest.raises(UsageError, match="is not a host"):
        pull(RefreshOrder(data_dir=tmp_path), "https://example.com", lambda *_: None, hosts=(host,))


def test_a_circle_of_redirects_ends(theirs, ours):
    """After three, with an error."""
    ours.server.answers["/latest.json"] = Reply(status=302, headers=(("Location", "/latest.json"),))

    with pytest.raises(ProviderError, match="302"):
        ours.pull()

    assert len(ours.asked()) <= 5


@pytest.mark.parametrize("packed", [False, True])
def test_an_index_without_end_is_not_read(theirs, ours, packed, monkeypatch):
    """Neither as it comes nor unpacked may it be larger than allowed."""
    monkeypatch.setattr(pull_module, "MOST_INDEX_BYTES", 100_000)
    body = b"[" + b" " * 50_000_000
    headers = (("Content-Encoding", "gzip"),) if packed else ()
    sent = gzip.compress(body, 9) if packed else body
    ours.server.answers["/latest.json"] = Reply(body=sent, headers=headers)

    with pytest.raises(ProviderError, match="more than 100,000 bytes"):
        ours.pull()


@pytest.mark.parametrize("packed", [False, True])
def test_a_book_without_end_is_not_read(theirs, ours, packed, monkeypatch):
    """The others land."""
    entry, _ = _half_broken(theirs)
    monkeypatch.setattr(pull_module, "MOST_BOOK_BYTES", 100_000)
    body = b"x" * 20_000_000
    headers = (("Content-Encoding", "gzip"),) if packed else ()
    ours.server.answers[f"/{entry['file']}"] = Reply(body=gzip.compress(body) if packed else body, headers=headers)

    _others_land(ours, theirs, "more than 100,000 bytes")


def test_a_stream_that_announces_no_end_is_not_read(theirs, ours, monkeypatch):
    """Chunks without end are cut at the same size; so are packed bytes that unpack to nothing."""
    monkeypatch.setattr(pull_module, "MOST_INDEX_BYTES", 100_000)

    def endless(chunk, *headers):
        def answer(handler):
            handler.send_response(200)
            for name, value in (("Transfer-Encoding", "chunked"), *headers):
                handler.send_header(name, value)
            handler.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    handler.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            handler.close_connection = True

        return answer

    empty_blocks = b"\x00\x00\x00\xff\xff" * 2000
    start = gzip.compress(b"")[:10]
    for answer in (
        endless(b" " * 8192),
        endless(start + empty_blocks, ("Content-Encoding", "gzip")),
        endless(empty_blocks, ("Content-Encoding", "gzip")),
    ):
        ours.server.answers["/latest.json"] = answer

        with pytest.raises(ProviderError, match=r"more than 100,000 bytes|damaged gzip"):
            ours.pull()


def test_all_pages_of_a_pull_have_a_limit_together(theirs, ours, monkeypatch):
    """Each of many books may be small enough: what came before the limit lands, the others are named."""
    for provider in ("aws", "gcp", "vast"):
        theirs.book(provider, an_offer(provider=provider, observed_on=TODAY))
    theirs.index()
    first = theirs.folder / theirs.entries["aws"]["file"]
    files = (theirs.folder / "latest.json", first, first.with_suffix(".json"))
    monkeypatch.setattr(publishing, "MOST_BYTES", sum(file.stat().st_size for file in files) + 10)

    errors = {one.provider: one.error or "" for one in ours.pull(jobs=1).outcomes}

    (landed,) = [book.partition("/")[0] for book in ours.books()]
    assert {"aws", "gcp", "vast"} - {landed} == {name for name, error in errors.items() if "bytes together" in error}


def test_all_pages_of_a_pull_have_a_time_together(theirs, ours, monkeypatch):
    """Two hundred books, each in time, would be hours."""
    theirs.book("aws")
    theirs.index()
    monkeypatch.setattr(pull_module, "MOST_TIMEOUTS", 0)

    with pytest.raises(ProviderError, match="within 0 s together"):
        ours.pull()

    assert [] == ours.asked()


@pytest.mark.parametrize("part", ["status line", "headers", "body", "interim answers"])
def test_a_server_that_drips_is_left(theirs, ours, part):
    """Each byte comes in time, and there is always another one: only a limit on the whole ends it."""
    is_over = threading.Event()

    def drip(handler):
        write = handler.wfile.write
        if "headers" == part:
            write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        if "body" == part:
            write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        more = b"HTTP/1.1 100 Continue\r\n\r\n" if "interim answers" == part else b" "
        try:
            while not is_over.wait(0.02):
                write(more)
        except OSError:
            pass
        handler.close_connection = True

    ours.server.answers["/latest.json"] = drip
    try:
        with pytest.raises(ProviderError, match=r"did not answer in full within 0\.5 s"):
            ours.pull(timeout_seconds=0.5)
    finally:
        is_over.set()


def test_a_book_that_drips_is_left_and_the_others_land(theirs, ours):
    """One bad server does not keep the books that came."""
    entry, _ = _half_broken(theirs)
    theirs.index()
    is_over = threading.Event()

    def drip(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        try:
            while not is_over.wait(0.02):
                handler.wfile.write(b"X: y\r\n" if not is_over.is_set() else b"")
        except OSError:
            pass
        handler.close_connection = True

    ours.server.answers[f"/{entry['file']}"] = drip
    try:
        done = ours.pull(timeout_seconds=2.0)
    finally:
        is_over.set()

    assert _error(done, "broken") is not None
    assert [f"acme/{TODAY}", f"sound/{TODAY}"] == ours.books()


def test_a_failing_server_is_asked_again(theirs, ours):
    """A moment of trouble is ridden out, within the time limit."""
    theirs.book("acme")
    theirs.index()
    body = (theirs.folder / "latest.json").read_bytes()
    left = [Reply(status=503), Reply(body=body)]
    ours.server.answers["/latest.json"] = lambda _: left.pop(0)

    assert [None] == [one.error for one in ours.pull().outcomes]
