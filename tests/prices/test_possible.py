"""One definition of a possible row: what passes the checks is written, and what is written is read."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import OutputError, SnapshotError
from planner.model.records import Unpriced
from planner.prices.books import book_offers
from planner.prices.checks import check_offers
from planner.prices.history import price_history
from planner.prices.index import index_of
from planner.prices.refresh import RefreshOrder, refresh
from planner.prices.snapshots import COLUMNS_BY_SCHEMA, csv_bytes, read_snapshot, write_snapshot
from planner.prices.verify import verify_books
from tests.builders import a_raw_snapshot, a_row, a_snapshot, an_offer
from tests.examples import examples

NAMES = st.one_of(
    st.sampled_from(
        ["a\rb", "a\nb", "\r", "a\0b", "\ud800", "a\u2028b", "a\xa0b", 'a"b', "a,b", "", " ", "a" * 2001, "é"]
    ),
    st.text(),
    st.text(st.characters(codec="utf-8"), min_size=1),
)
FIGURES = st.one_of(st.sampled_from([1e-300, 0.125, 999_999.0, 1e6, 4e6, 1e7, 5e8, 1e300]), st.floats(1e-6, 1e12))
IMPOSSIBLE = [
    {"gpu_count": 4e6},
    {"usd_per_hour": 5e8},
    {"vcpus": 1e300},
    {"memory_gib": math.nan},
    {"network_gbps": -1.0},
    {"gpu": "nosuch"},
    *(
        {field: f"a{mark}b"}
        for field in ("instance_type", "region", "zone", "source")
        for mark in "\r\n\0\ud800\u2028\x1b"
    ),
]
UNREAD = ["nan", "inf", "-inf", "-1", "0", "-0.0", "1e-320", "1e300", "9" * 400]
"""Texts of numbers that no figure of a row can have."""


@settings(max_examples=examples(30))
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                **dict.fromkeys(("instance_type", "region", "zone", "source"), NAMES),
                **dict.fromkeys(("gpu_count", "usd_per_hour", "vcpus", "memory_gib"), FIGURES),
            },
        ),
        max_size=4,
    )
)
def test_what_passes_the_checks_reads_back(tmp_path_factory, rows):
    """Whatever comes, even vouched for by a person, the book of what passes is written and reads back the same."""
    folder = tmp_path_factory.mktemp("book")
    checked = check_offers([an_offer(), *(an_offer(**row) for row in rows)], previous=(), bands={}, accepts=True)

    book = read_snapshot(a_snapshot(folder, *checked.offers))

    assert len(checked.offers) == book.rows == sum(group.size for group in index_of(book).groups)
    assert csv_bytes(checked.offers) == csv_bytes(book_offers(book))


@pytest.mark.parametrize("change", IMPOSSIBLE, ids=repr)
def test_an_impossible_row_is_held_back_and_never_written(tmp_path, change):
    """The checks hold it back though a person accepts it, and the writer refuses it and leaves nothing."""
    offer = an_offer(**change)

    checked = check_offers([offer], previous=(), bands={}, accepts=True)

    assert ((), 1, ()) == (checked.offers, len(checked.held_back), checked.implausible)
    with pytest.raises(OutputError, match="is not written: "):
        a_snapshot(tmp_path, offer)
    assert [] == [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("column", "text", "limit"),
    [
        ("gpu_count", "4000000", "from 0.001 to below 1,000,000"),
        ("gpu_count", "1e-320", "from 0.001 to below 1,000,000"),
        ("usd_per_hour", "5e8", "from 0.0001 to below 10,000,000"),
        ("usd_per_hour", "1e-320", "from 0.0001 to below 10,000,000"),
    ],
)
def test_the_reader_names_the_limit(tmp_path, column, text, limit):
    """A book that holds such a figure is refused by line, column and limit."""
    path = a_raw_snapshot(tmp_path, a_row(**{column: text}))

    with pytest.raises(SnapshotError, match=f"line 2, column {column}: '{text}' is not {limit}"):
        book_offers(read_snapshot(path))


def test_a_row_later_than_its_book_is_not_written(tmp_path):
    """No reader would take it."""
    with pytest.raises(OutputError, match="observed on 2026-06-01, after the day of the list"):
        write_snapshot(tmp_path, provider="c", stem="2026-05-31", offers=[an_offer()], sources=[], made_by="a test")


def test_an_older_book_with_a_row_that_cannot_be_is_passed_over(tmp_path):
    """A refresh keeps what it did not renew, of the newest book that is whole."""
    a_raw_snapshot(tmp_path, a_row(region="south-1", observed_on="2026-05-30"), stem="2026-05-30")
    a_raw_snapshot(tmp_path, a_row(region="north\xa01"), a_row(region="south-1", usd_per_hour="9"))
    brought = a_snapshot(tmp_path / "brought", an_offer(region="east-1"), stem="2026-06-02")

    (outcome,) = refresh(RefreshOrder(data_dir=tmp_path, path=brought), lambda *_: None)

    assert outcome.error is None
    assert "region 'north\\xa01' is not a name" in " ".join(outcome.notes)
    assert ["east-1", "south-1"] == [offer.region for offer in book_offers(read_snapshot(outcome.path))]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        *((column, text) for column in ("vcpus", "memory_gib", "network_gbps") for text in UNREAD),
        *((column, text) for column in ("usd_per_hour", "gpu_count") for text in UNREAD),
        *(("offers_count", text) for text in ("0", "-1", "1000000000", "9" * 400)),
        *((column, f"a{mark}b") for column in ("instance_type", "region", "zone", "source") for mark in "\0\u2028\x1b"),
        *(("observed_on", day) for day in ("20260601", "2026-W22-1", "2026-06-02", "9999-12-31")),
    ],
)
def test_what_no_refresh_writes_no_reader_takes(tmp_path, column, text):
    """A book whose checksum is right, and one of whose rows cannot be: whoever reads it says so, index, offers and verification alike."""
    levels = dict.fromkeys(COLUMNS_BY_SCHEMA["planner.snapshot/2"][12:], "")
    rows = [a_row(**levels), a_row(**{"zone": "b", **levels, column: text})]
    columns = COLUMNS_BY_SCHEMA["planner.snapshot/2"]
    path = a_raw_snapshot(tmp_path, *rows, provider="c", columns=columns, schema="planner.snapshot/2")

    for read in (book_offers, index_of):
        with pytest.raises(SnapshotError):
            read(read_snapshot(path))
    (report,) = verify_books(tmp_path, ("c",))
    assert report.problems


@pytest.mark.parametrize("column", ["usd_per_hour", "gpu_count"])
@pytest.mark.parametrize("text", UNREAD)
def test_the_history_leaves_a_book_out_whose_price_cannot_be(tmp_path, column, text):
    """It names the book, and has the points of the others."""
    a_raw_snapshot(tmp_path, a_row(), provider="c", stem="2026-05-01")
    a_raw_snapshot(tmp_path, a_row(**{column: text}), provider="c", stem="2026-06-01")

    found = price_history(tmp_path, gpus=(), purchases=(), providers=("c",))

    assert [1] == [len(series.points) for series in found.series]
    assert [f"column {column}"] == [
        part for problem in found.problems for part in [f"column {column}"] if part in problem
    ]


def test_a_type_without_a_price_may_go_by_any_name(tmp_path):
    """A lone surrogate in what a sidecar says is escaped when it is written, and reads back."""
    entry = Unpriced(instance_type="a\ud800b", gpu="l4", gpu_count=1.0, reason="none")

    path = a_snapshot(tmp_path, an_offer(), unpriced=[entry])

    assert (entry,) == read_snapshot(path).unpriced
