"""Levels of a marketplace: three columns that only books with levels have, from the file to the answers."""

import hashlib
import json
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import planner
from planner.errors import SnapshotError
from planner.paths import shipped_data_dir
from planner.prices.catalog import OfferFilter, select_groups, select_offers
from planner.prices.groups import grouped
from planner.prices.refresh import RefreshOrder, refresh
from planner.prices.snapshots import COLUMNS, csv_bytes, list_snapshots, read_rows, read_snapshot
from planner.prices.verify import verify_books
from planner.results.estimate import document, flat_rows
from tests.builders import a_raw_snapshot, a_row, a_snapshot, an_offer

TODAY = date(2026, 7, 1)
LEVEL = ("usd_per_hour_cheapest", "offers_count", "reliability")
IN_TEXT = (*COLUMNS, *LEVEL)


def a_level(**changes):
    """Eight A100 at 20 USD in the middle of seven offers from 16.5 USD on."""
    figures = {"usd_per_hour_cheapest": 16.5, "offers_count": 7, "reliability": 0.9931}
    return an_offer(**{**figures, **changes})


def a_raw_level(tmp_path, *cells, width=IN_TEXT):
    """A book whose last row has these cells in the columns of a level."""
    rows = [(*a_row(), "", "", ""), (*a_row(region="south-1"), *cells)]
    return a_raw_snapshot(tmp_path, *rows, columns=width, schema="planner.snapshot/2")


def offers_of(path):
    """All offers of one book."""
    return select_offers([read_snapshot(path)], OfferFilter(), today=TODAY).offers


def test_a_level_reads_back_as_it_was_written(tmp_path):
    """With an offer of another kind beside it, whose cells stay empty."""
    level, other = a_level(), an_offer(region="south-1", offers_count=None)

    path = a_snapshot(tmp_path, level, other)

    assert (level, other) == offers_of(path)
    assert [["16.5", "7", "0.9931"], ["", "", ""]] == [row[12:] for row in read_rows(read_snapshot(path))]
    assert "planner.snapshot/2" == json.loads(path.with_suffix(".json").read_text())["schema"]


@pytest.mark.parametrize("known", [{"usd_per_hour_cheapest": 16.5}, {"offers_count": 7}, {"reliability": 0.0}])
def test_one_known_figure_makes_a_level(tmp_path, known):
    """The other two are unknown, not 0."""
    offer = an_offer(**known)

    assert (offer,) == offers_of(a_snapshot(tmp_path, offer))


def test_a_book_without_levels_is_written_as_before(tmp_path):
    """Twelve columns and the first schema: older versions read it, and its bytes do not change."""
    path = a_snapshot(tmp_path, an_offer())

    assert path.read_bytes() == (
        b"gpu,gpu_count,instance_type,region,zone,purchase,usd_per_hour,vcpus,memory_gib,network_gbps,observed_on,source\n"
        b"a100-80gb-sxm,8,test-8x,north-1,,on_demand,20.0,96,1000,,2026-06-01,made for a test\n"
    )
    assert "planner.snapshot/1" == json.loads(path.with_suffix(".json").read_text())["schema"]


def test_shipped_books_without_levels_still_read():
    """All of them, with nothing known of a level."""
    for path in list_snapshots(shipped_data_dir()):
        snapshot = read_snapshot(path)
        if snapshot.columns == COLUMNS:
            offer = offers_of(path)[0]
            assert (None, None, None) == tuple(getattr(offer, name) for name in LEVEL)


@pytest.mark.parametrize(
    ("figures", "what"),
    [
        ({"usd_per_hour_cheapest": 20.1}, "above usd_per_hour"),
        ({"usd_per_hour_cheapest": 0.0}, "usd_per_hour_cheapest must be a positive"),
        ({"usd_per_hour_cheapest": float("nan")}, "usd_per_hour_cheapest must be a positive"),
        ({"offers_count": 0}, "offers_count must be a positive"),
        ({"reliability": 1.01}, "reliability must be from 0 to 1"),
        ({"reliability": float("nan")}, "reliability must be from 0 to 1"),
    ],
)
def test_a_level_that_cannot_be_is_refused(figures, what):
    """As a record, whoever makes it."""
    with pytest.raises(ValueError, match=what):
        a_level(**figures)


@pytest.mark.parametrize("cells", [("21", "7", "0.9"), ("x", "7", "0.9"), ("16", "7.5", "0.9"), ("16", "7", "99")])
def test_a_bad_cell_is_an_error_that_names_the_offer(tmp_path, cells):
    """A book that says what cannot be is not read past it."""
    path = a_raw_level(tmp_path, *cells)

    with pytest.raises(SnapshotError, match="test-8x in south-1, on_demand"):
        offers_of(path)


@pytest.mark.parametrize("cells", [(), ("16",), ("16", "7", "0.9", "more")])
def test_a_row_of_another_length_is_refused(tmp_path, cells):
    """Twelve cells are too few where fifteen belong; by rows and by the index alike."""
    path = a_raw_level(tmp_path, *cells)

    with pytest.raises(SnapshotError, match=rf"line 3: {12 + len(cells)} columns where 15 belong"):
        offers_of(path)
    with pytest.raises(SnapshotError, match=rf"line 3: {12 + len(cells)} columns where 15 belong"):
        select_groups([read_snapshot(path)], OfferFilter(), today=TODAY)


@pytest.mark.parametrize("schema", ["planner.snapshot/1", "planner.snapshot/2"])
def test_the_columns_must_be_those_of_the_schema(tmp_path, schema):
    """A book of the first schema has no level, one of the second has room for it."""
    columns = IN_TEXT if schema == "planner.snapshot/1" else COLUMNS
    path = a_raw_snapshot(tmp_path, a_row(), columns=columns, schema=schema)

    with pytest.raises(SnapshotError, match="line 1: the columns must be"):
        read_rows(read_snapshot(path))


levels = st.builds(
    a_level,
    region=st.sampled_from(["NA", "EU", "AS"]),
    instance_type=st.sampled_from(["8x_A100", "8x_A100_40"]),
    usd_per_hour=st.sampled_from([18.0, 20.0]),
    usd_per_hour_cheapest=st.none() | st.sampled_from([1.5, 18.0]),
    offers_count=st.none() | st.integers(min_value=1, max_value=10**6),
    reliability=st.none() | st.floats(min_value=0, max_value=1),
)


@given(offers=st.lists(levels, min_size=1, max_size=9, unique_by=lambda offer: (offer.region, offer.instance_type)))
def test_groups_of_the_index_have_the_levels_of_the_rows(offers):
    """Heads and all members, made anew and by the index left behind."""
    with tempfile.TemporaryDirectory() as folder:
        path = a_snapshot(Path(folder), *offers)
        expected = [(group.head, list(group.members())) for group in grouped(offers_of(path))]
        for _ in range(2):
            groups = select_groups([read_snapshot(path)], OfferFilter(), today=TODAY).groups

            assert expected == [(group.head, list(group.members())) for group in groups]


def test_offers_show_their_level(tmp_path):
    """As records and in the frame; `None` where it is not known."""
    a_snapshot(tmp_path, a_level(), an_offer(region="south-1"))

    level, other = planner.offers(providers=["testcloud"], data_dir=tmp_path, as_of=TODAY)
    frame = planner.offers_frame(providers=["testcloud"], data_dir=tmp_path, as_of=TODAY)

    assert (16.5, 7, 0.9931) == tuple(getattr(level, name) for name in LEVEL)
    assert (None, None, None) == tuple(getattr(other, name) for name in LEVEL)
    assert [16.5, 7, 0.9931] == [frame[name][0] for name in LEVEL]


def test_an_estimate_shows_the_level_of_its_offer(tmp_path):
    """In JSON, and only where it is one; a CSV keeps the same columns for every row."""
    a_snapshot(tmp_path, a_level(), an_offer(gpu="h100-80gb-sxm", instance_type="h-8x"))

    found = planner.estimate(
        model="resnet50", epochs=90, providers=["testcloud"], data_dir=tmp_path, as_of=date(2026, 6, 2)
    )

    rows = {row["instance_type"]: row for row in document(found)["estimates"]}
    assert [16.5, 7, 0.9931] == [rows["test-8x"][name] for name in LEVEL]
    assert [] == [name for name in LEVEL if name in rows["h-8x"]]
    assert 1 == len({tuple(row) for row in flat_rows(found)})


def test_books_with_levels_are_brought_along(tmp_path):
    """`refresh --from` takes the book of another machine over, levels and all."""
    there, here = tmp_path / "there", tmp_path / "here"
    here.mkdir()
    offers = [a_level(), a_level(region="south-1", usd_per_hour=21.0)]
    path = a_snapshot(there, *offers)

    (outcome,) = refresh(RefreshOrder(data_dir=here, path=there), lambda *_: None)

    assert outcome.error is None
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(outcome.path.read_bytes()).digest()
    assert [] == [report.problems for report in verify_books(here, ("testcloud",)) if report.problems]


def test_the_bytes_of_a_book_do_not_depend_on_the_order_of_its_offers():
    """A level last gives the columns to all."""
    offers = [an_offer(region="north-1"), a_level(region="south-1")]

    assert csv_bytes(offers) == csv_bytes(reversed(offers))
    assert 15 == len(csv_bytes(offers).decode().splitlines()[1].split(","))
