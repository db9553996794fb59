"""`planner prices publish`: a folder for a web server, written in an order that readers survive."""

import hashlib
import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from planner.errors import OutputError, ProviderError
from planner.prices import books
from planner.prices import publish as publish_module
from planner.prices.current import current_snapshots
from planner.prices.publish import publish
from planner.prices.pull import pull
from planner.prices.refresh import RefreshOrder
from tests.builders import a_snapshot, an_offer
from tests.prices import tls
from tests.prices.publisher import TODAY

NOW = datetime.now(UTC).replace(microsecond=0)
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_shipped_books(monkeypatch, tmp_path):
    """No books come with the package."""
    monkeypatch.setattr(books, "shipped_data_dir", lambda: tmp_path / "shipped")


@pytest.fixture
def data(tmp_path):
    """A data folder with two providers, one of them with an older book too."""
    folder = tmp_path / "data"
    for provider, day in (("acme", YESTERDAY), ("acme", TODAY), ("other", YESTERDAY)):
        a_snapshot(folder, an_offer(provider=provider, observed_on=day), provider=provider, stem=day.isoformat())
    return folder


def _files(folder):
    """Bytes and time of change of every file, by name."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_newest_books_and_an_index_that_vouches_for_them(data, tmp_path):
    """Every field of the index, worked out from the files by another way."""
    publish(data, tmp_path / "public", now=NOW)

    def entry(provider, day):
        csv = tmp_path / "public" / "prices" / provider / f"{day}.csv"
        return {
            "provider": provider,
            "date": str(day),
            "file": f"prices/{provider}/{day}.csv",
            "rows": len(csv.read_text().splitlines()) - 1,
            "sha256": hashlib.sha256(csv.read_bytes()).hexdigest(),
            "sidecar_sha256": hashlib.sha256(csv.with_suffix(".json").read_bytes()).hexdigest(),
        }

    expected = [entry("acme", TODAY), entry("other", YESTERDAY)]
    assert {
        "schema": "planner.books/1",
        "published_at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
        "books": expected,
    } == json.loads((tmp_path / "public" / "latest.json").read_text())
    assert 5 == len(_files(tmp_path / "public"))
    for book in expected:
        for suffix in (".csv", ".json"):
            file = book["file"].replace(".csv", suffix)
            assert (data / file).read_bytes() == (tmp_path / "public" / file).read_bytes()


def test_publishing_again_changes_no_byte_and_writes_no_file(data, tmp_path):
    """Hours later, too: the moment of publication is that of the last change."""
    publish(data, tmp_path / "public", now=NOW)
    before = _files(tmp_path / "public")

    done = publish(data, tmp_path / "public", now=NOW + timedelta(hours=5))

    assert before == _files(tmp_path / "public")
    assert frozenset() == done.new


def test_a_new_book_moves_the_index_on_and_leaves_the_old_book_to_who_reads_it(data, tmp_path):
    """Only the provider with a new book is named."""
    publish(data, tmp_path / "public", now=NOW)
    a_snapshot(data, an_offer(provider="other", observed_on=TODAY), provider="other", stem=TODAY.isoformat())

    done = publish(data, tmp_path / "public", now=NOW + timedelta(hours=5))

    assert {"other"} == done.new
    assert (NOW + timedelta(hours=5), TODAY) == (done.index.published_at, done.index.books[1].day)
    assert (tmp_path / "public" / "prices" / "other" / f"{YESTERDAY}.csv").exists()


def test_a_clock_set_back_does_not_set_the_index_back(data, tmp_path):
    """Readers take no index older than one they have seen."""
    publish(data, tmp_path / "public", now=NOW)
    a_snapshot(data, an_offer(provider="other", observed_on=TODAY), provider="other", stem=TODAY.isoformat())

    done = publish(data, tmp_path / "public", now=NOW - timedelta(hours=5))

    assert NOW + timedelta(seconds=1) == done.index.published_at


def test_the_data_folder_itself_can_be_published(data):
    """Nothing is copied; what is published is read as a data folder, too."""
    before = _files(data)

    publish(data, data, now=NOW)

    after = _files(data)
    assert {"latest.json"} == after.keys() - before.keys()
    assert before == {name: after[name] for name in before}
    assert {"acme", "other"} <= {snapshot.provider for snapshot in current_snapshots(data)}


def test_a_newer_book_of_the_folder_stays(data, tmp_path):
    """Somebody who has lost his books does not take them from others."""
    publish(data, tmp_path / "public", now=NOW)
    for suffix in (".csv", ".json"):
        (data / "prices" / "acme" / f"{TODAY}{suffix}").unlink()
    shutil.rmtree(data / "prices" / "other")

    done = publish(data, tmp_path / "public", now=NOW + timedelta(hours=1))

    assert [("acme", TODAY), ("other", YESTERDAY)] == [(book.provider, book.day) for book in done.index.books]
    assert (NOW, frozenset()) == (done.index.published_at, done.new)
    assert "is newer than the book here: kept" in done.notes[0]


def test_a_damaged_book_is_said_and_the_one_before_is_published(data, tmp_path):
    """Others are published all the same."""
    path = data / "prices" / "acme" / f"{TODAY}.csv"
    path.write_bytes(path.read_bytes()[:-5])

    done = publish(data, tmp_path / "public", now=NOW)

    assert [("acme", YESTERDAY), ("other", YESTERDAY)] == [(book.provider, book.day) for book in done.index.books]
    assert "sha256 differs" in done.problems[0]


def test_a_sidecar_that_miscounts_is_not_published(data, tmp_path):
    """Who pulls would refuse it."""
    path = data / "prices" / "other" / f"{YESTERDAY}.json"
    path.write_text(path.read_text().replace('"rows": 1', '"rows": 2'))

    done = publish(data, tmp_path / "public", now=NOW)

    assert ["acme"] == [book.provider for book in done.index.books]
    assert "1 rows where its sidecar says 2" in done.problems[0]


def test_a_provider_by_a_name_that_is_refused_is_said(data, tmp_path):
    """An index holds only names that every reader takes."""
    a_snapshot(data, an_offer(provider="Big Cloud"), provider="Big Cloud")

    done = publish(data, tmp_path / "public", now=NOW)

    assert ["acme", "other"] == [book.provider for book in done.index.books]
    assert "'Big Cloud' is not published" in done.problems[0]


def test_without_a_book_there_is_nothing_to_publish(tmp_path):
    """No index is written."""
    with pytest.raises(ProviderError, match="no price book"):
        publish(tmp_path / "data", tmp_path / "public", now=NOW)

    assert not (tmp_path / "public").exists()


def test_a_damaged_index_is_written_anew(data, tmp_path):
    """And said."""
    publish(data, tmp_path / "public", now=NOW)
    (tmp_path / "public" / "latest.json").write_text("{")

    done = publish(data, tmp_path / "public", now=NOW)

    assert "cut off or not JSON" in done.notes[0]
    assert 2 == len(json.loads((tmp_path / "public" / "latest.json").read_text())["books"])


def test_the_index_comes_last(data, tmp_path, monkeypatch):
    """A disk that fills up at any file leaves an index whose every book is whole; sidecars come after their rows."""
    written = []
    really = publish_module.write_durably

    def failing(path, body):
        if len(written) == limit:
            raise OutputError("No space left on device.")
        written.append(path.name)
        really(path, body)

    monkeypatch.setattr(publish_module, "write_durably", failing)
    for limit in range(5):
        written.clear()
        with pytest.raises(OutputError):
            publish(data, tmp_path / f"public-{limit}", now=NOW)
        assert not (tmp_path / f"public-{limit}" / "latest.json").exists()
    limit = 5
    written.clear()

    publish(data, tmp_path / "public", now=NOW)

    assert [f"{TODAY}.csv", f"{TODAY}.json", f"{YESTERDAY}.csv", f"{YESTERDAY}.json", "latest.json"] == written


def test_what_is_published_can_be_pulled(data, tmp_path, monkeypatch):
    """From one data folder over the web into another, to the last row; then again, when there is nothing new."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.authority()))
    publish(data, tmp_path / "public", now=NOW)
    order = RefreshOrder(data_dir=tmp_path / "there")

    with tls.serving(tls.Folder(tmp_path / "public")) as server:
        first = pull(order, server.url, lambda *_: None)
        again = pull(order, server.url, lambda *_: None)

    assert [None, None] == [one.error for one in first.outcomes]
    assert "unchanged" in again.notes[0]
    for provider, day in (("acme", TODAY), ("other", YESTERDAY)):
        name = f"prices/{provider}/{day}.csv"
        assert (data / name).read_bytes() == (tmp_path / "there" / name).read_bytes()
