"""What `planner prices verify` says of books: of a good one nothing, whatever comes beside it, and of a bad one why."""

import json
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.model.records import Purchase
from planner.paths import shipped_data_dir
from planner.prices import registry
from planner.prices.books import book_offers
from planner.prices.refresh import RefreshOrder, refresh
from planner.prices.snapshots import list_snapshots, read_snapshot
from planner.prices.verify import verify_books
from tests.builders import a_foreign_snapshot, a_raw_snapshot, a_row, a_snapshot, an_offer
from tests.examples import examples
from tests.prices import fakecloud

SHIPPED = {path.parent.name: path for path in list_snapshots(shipped_data_dir())}
"""The newest shipped book of each provider."""


def _problems(data_dir, *providers):
    return {(each.provider, each.stem): each.problems for each in verify_books(data_dir, providers) if each.problems}


def _one_row_later(data_dir, provider):
    """An own book of a later day that has one row of the shipped one, and no other GPU."""
    offer = book_offers(read_snapshot(SHIPPED[provider]))[-1]
    a_snapshot(data_dir, offer, provider=provider, stem="2026-11-20")


def test_verify_finds_what_is_wrong_with_a_book(tmp_path):
    """Altered, unsorted, doubled, dated after its own day, unbelievable; a good book has no problem."""
    good = a_snapshot(tmp_path, an_offer(), provider="testcloud", stem="2026-06-01")
    altered = a_snapshot(tmp_path, an_offer(provider="b"), provider="b", stem="2026-06-01")
    altered.write_bytes(altered.read_bytes() + b"x")
    rows = (a_row(region="z"), a_row(region="a"), a_row(region="a"))
    a_raw_snapshot(tmp_path, *rows, provider="c")
    a_raw_snapshot(tmp_path, a_row(observed_on="2026-07-01"), provider="late")
    a_raw_snapshot(tmp_path, a_row(region="p", usd_per_hour="9000"), provider="d")
    (tmp_path / "prices" / "d" / "2026-06-05.csv").write_text("half")

    reports = {(r.provider, r.stem): r.problems for r in verify_books(tmp_path, ("testcloud", "b", "c", "d", "late"))}

    assert () == reports["testcloud", good.stem]
    assert ["altered or damaged" in problem for problem in reports["b", "2026-06-01"]] == [True]
    assert ["rows are not in order", "1 offers are listed twice"] == [
        problem.partition(",")[0] for problem in reports["c", "2026-06-01"]
    ]
    (late,), (band,) = reports["late", "2026-06-01"], reports["d", "2026-06-01"]
    assert "test-8x in north-1, on_demand: observed on 2026-07-01, after the day of the list" in late
    assert "test-8x p on_demand: 1125 USD per GPU-hour is outside" in band
    assert ("no sidecar: left by an interrupted refresh, never read; delete it",) == reports["d", "2026-06-05"]


@pytest.mark.slow  # reads every row of every book
def test_every_shipped_book_verifies(tmp_path):
    """The checks that guard a refresh hold for the books in the package."""
    assert [] == [(report.path.name, report.problems) for report in verify_books(tmp_path) if report.problems]


@pytest.mark.parametrize("provider", sorted(SHIPPED))
def test_a_later_book_of_ones_own_leaves_the_shipped_ones_good(tmp_path, provider):
    """A short book of one provider, that says nothing of the GPUs that the others have."""
    _one_row_later(tmp_path, provider)

    assert {} == _problems(tmp_path, provider)


def test_later_books_of_all_providers_leave_the_shipped_ones_good(tmp_path):
    """Several of each, all at once, also at prices that nobody asks."""
    for provider in SHIPPED:
        _one_row_later(tmp_path, provider)
        a_snapshot(tmp_path, an_offer(provider=provider, usd_per_hour=9e6), provider=provider, stem="2026-11-21")

    assert {("2026-11-21", 1)} == {(stem, len(problems)) for (_, stem), problems in _problems(tmp_path).items()}


GPUS = ("a100-80gb-sxm", "l4", "p100-16gb", "h100-80gb-sxm")
PRICES = st.one_of(
    st.sampled_from([1e-320, 9.9e-5, 1e-4, 0.03, 0.097, 1.0, 2.0, 19.0, 9_999_999.9, 1e7, 1e300]),
    st.floats(1e-320, 1e300, allow_subnormal=True),
)
ROWS = st.tuples(
    st.sampled_from(["one", "two"]),
    st.sampled_from(["north", "south"]),
    st.sampled_from([None, "a"]),
    st.sampled_from(GPUS),
    st.sampled_from([1e-320, 1e-3, 0.333, 1 / 3, 1.0, 8.0, 999_999.0, 999_999.9, 1e6]),
    st.sampled_from([str(purchase) for purchase in Purchase]),
    PRICES,
)
LISTS = st.lists(
    st.tuples(
        st.lists(ROWS, min_size=1, max_size=5),
        st.booleans(),
        st.sampled_from([(), (), ("north",)]),
        st.sampled_from([(), (), ("south is late",)]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lists=LISTS)
def test_what_a_refresh_writes_is_good(tmp_path_factory, monkeypatch, lists):
    """At once, and after every later refresh: rows of all kinds, vouched for or not, of some regions or all."""
    folder = tmp_path_factory.mktemp("cloud")
    monkeypatch.setitem(registry.BUILT_IN, "fakecloud", fakecloud.ADDRESS)
    monkeypatch.setenv("FAKECLOUD", str(folder / "list.json"))
    for rows, accepts, regions, gaps in lists:
        (folder / "list.json").write_text(json.dumps({"rows": rows, "gaps": gaps}))
        order = RefreshOrder(data_dir=folder, providers=("fakecloud",), accepts=accepts, regions=regions)
        (outcome,) = refresh(order, lambda *_: None)

        assert None is outcome.traceback
        assert {} == _problems(folder, "fakecloud")


BROUGHT = st.lists(
    st.tuples(
        st.dates(date(2026, 6, 1), date(2026, 6, 4)),
        st.lists(
            st.fixed_dictionaries(
                {
                    "observed_on": st.dates(date(2026, 5, 30), date(2026, 6, 5)),
                    "usd_per_hour": st.sampled_from([0.001, 2.0, 3.0, 20.0, 21.0, 40.0, 900.0]),
                },
                optional={
                    "region": st.sampled_from(["south-1", "north\xa01"]),
                    "zone": st.just("a"),
                    "purchase": st.sampled_from(Purchase),
                    "gpu_count": st.sampled_from([7.99999999, 1.0]),
                    "vcpus": st.sampled_from([1e9 - 0.01, 96.000000001]),
                    "usd_per_hour_cheapest": st.just(0.001),
                },
            ),
            min_size=1,
            max_size=5,
        ),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(books=BROUGHT)
def test_what_is_brought_along_is_good(tmp_path_factory, books):
    """Books of another hand, rows twice and names that cannot be among theirs: what is written of them is good."""
    here = tmp_path_factory.mktemp("here")
    for day, rows, accepts in books:
        there = tmp_path_factory.mktemp("there")
        a_foreign_snapshot(there, *(an_offer(**row) for row in rows), stem=day.isoformat())
        (outcome,) = refresh(RefreshOrder(data_dir=here, path=there, accepts=accepts), lambda *_: None)

        assert None is outcome.traceback
        assert {} == _problems(here, "testcloud")
