"""Published books and indexes with any bytes changed: taken whole or refused with a reason, and nothing else."""

import hashlib
import json
import math
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from planner.errors import ProviderError
from planner.model.records import Unpriced
from planner.prices.published import PublishedBook, PublishedIndex, index_bytes, read_index
from planner.prices.published_book import local_copy
from planner.prices.readers import find_deliveries
from planner.prices.variants import Said
from tests.builders import a_snapshot, an_offer

DAY = date(2026, 6, 15)
NOW = datetime(2026, 6, 16, tzinfo=UTC)
PIECES = (
    b"", b"\x00", b"\xff", b'"', b",", b"\n", b"\r", b"nan", b"inf", b"1e400", b"-", b"{", b"[", b"null", b"[]", b"{}", b"true", b"9" * 400,
    b"\xe2\x80\xae", b"2026-06-15", b"2999-01-01", b"../", b"acme",
)  # fmt: skip
SPLICES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(PIECES)), min_size=1, max_size=4)


def _spliced(body, splices):
    for place, length, piece in splices:
        start = round(place * len(body))
        body = body[:start] + piece + body[start + length :]
    return body


def _a_book():
    """CSV and sidecar of a book that has all a book can have."""
    offers = (
        an_offer(provider="acme"),
        an_offer(provider="acme", region="south", usd_per_hour_cheapest=1.0, offers_count=3, reliability=0.5),
    )
    beside = {
        "unpriced": [Unpriced(instance_type="x", gpu="l4", gpu_count=1.0, reason="on request")],
        "excludes": [{"instance_types": "*", "what": "disks"}],
        "retired": [{"instance_type": "old", "retired_on": "2025-01-01"}],
    }
    with TemporaryDirectory() as folder:
        path = a_snapshot(Path(folder), *offers, provider="acme", stem=DAY.isoformat(), **beside)
        return path.read_bytes(), path.with_suffix(".json").read_bytes()


ROWS, SIDECAR = _a_book()


def _taken(rows, sidecar):
    """What is taken of a book whose checksums and counts are right; `None` if it is refused."""
    book = PublishedBook(
        provider="acme",
        day=DAY,
        file="acme.csv",
        rows=rows.count(b"\n") - 1,
        sha256=hashlib.sha256(rows).hexdigest(),
    )
    try:
        content = json.loads(sidecar)
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict):
        sidecar = json.dumps({**content, "rows": book.rows, "sha256": book.sha256}).encode()
    with TemporaryDirectory() as folder:
        try:
            copy = local_copy(book, rows, sidecar, Path(folder) / "book")
            (found,) = find_deliveries(
                copy.folder, scratch=Path(folder), data_dir=Path(folder), observed_on=None, said=Said()
            )
            return copy.checked(found.load)
        except ProviderError:
            return None


def test_the_book_itself_is_taken():
    """So that the tests below change something that is sound."""
    delivery = _taken(ROWS, SIDECAR)

    assert 2 == len(delivery.parsed.offers)
    assert (1, 1, 1) == (len(delivery.parsed.unpriced), len(delivery.excludes), len(delivery.retired))


@given(rows=SPLICES, sidecar=SPLICES, which=st.sampled_from(("rows", "sidecar", "both")))
def test_a_changed_book_is_taken_or_refused(rows, sidecar, which):
    """Offers that are taken can be written as JSON, and are not of a day to come."""
    delivery = _taken(
        _spliced(ROWS, rows) if which != "sidecar" else ROWS, _spliced(SIDECAR, sidecar) if which != "rows" else SIDECAR
    )

    for offer in delivery.parsed.offers if delivery else ():
        assert offer.observed_on <= DAY
        assert (offer.instance_type + offer.region + offer.source).isprintable()
        numbers = (
            offer.usd_per_hour,
            offer.gpu_count,
            offer.vcpus or 0,
            offer.memory_gib or 0,
            offer.offers_count or 0,
        )
        assert all(map(math.isfinite, numbers))


def _index():
    book = PublishedBook(provider="acme", day=DAY, file="prices/acme/x.csv", rows=2, sha256="0" * 64)
    return PublishedIndex(published_at=datetime(2026, 6, 15, 6, tzinfo=UTC), books=(book,))


def test_an_index_reads_back_as_written():
    """Every field."""
    assert _index() == read_index(index_bytes(_index()), "the index", now=NOW)


@given(splices=SPLICES)
def test_a_changed_index_is_taken_or_refused(splices):
    """What is taken lies below its folder, is not of a day to come, and has a name that may be a folder."""
    try:
        index = read_index(_spliced(index_bytes(_index()), splices), "the index", now=NOW)
    except ProviderError:
        return

    for book in index.books:
        assert not {"", ".", ".."} & set(book.file.split("/"))
        assert book.day <= date(2026, 6, 17)
        assert book.provider.replace("-", "a").isalnum()
