"""Prices over time: history and its index, states and differences, verification, pruning."""

from datetime import date

import pytest

from planner.errors import NothingLeftError, ProviderError, UnknownNameError, UsageError
from planner.model.records import Purchase
from planner.prices.changes import changes
from planner.prices.history import price_history
from planner.prices.lock import refresh_lock
from planner.prices.prune import prunable, prune
from planner.prices.quarantine import held_back_path
from planner.prices.states import compare_states, current_state, earlier_state, state_at
from tests.builders import a_snapshot, an_offer

GPU = "a100-80gb-sxm"


def _series(data_dir, **wanted):
    (series,) = price_history(
        data_dir, **{"gpus": [GPU], "purchases": [Purchase.ON_DEMAND], "providers": ["testcloud"], **wanted}
    ).series
    return [(point.day.isoformat(), point.low, point.median, point.high) for point in series.points]


@pytest.fixture
def books(tmp_path):
    """Three days of a test cloud with two regions; one day has two books."""
    for stem, north, south in (
        ("2026-06-01", 16.0, 24.0),
        ("2026-06-02", 16.0, 32.0),
        ("2026-06-02T120000", 8.0, 32.0),
        ("2026-06-03", 8.0, 40.0),
    ):
        offers = [an_offer(usd_per_hour=north), an_offer(region="south-1", usd_per_hour=south)]
        a_snapshot(tmp_path, *offers, stem=stem)
    return tmp_path


def test_history_gives_prices_per_gpu_hour_by_day(books):
    """Lowest, median and highest of all offers; of two books of a day the later."""
    assert [
        ("2026-06-01", 2.0, 2.5, 3.0),
        ("2026-06-02", 1.0, 2.5, 4.0),
        ("2026-06-03", 1.0, 3.0, 5.0),
    ] == _series(books)


def test_history_of_one_region_and_from_a_day_on(books):
    """Regions are told apart; days before are left out."""
    assert [("2026-06-03", 5.0, 5.0, 5.0)] == _series(books, region="south-1", since=date(2026, 6, 3))


def test_history_of_a_gpu_nobody_sells_is_an_error(books):
    """The message says what was asked for."""
    with pytest.raises(NothingLeftError, match="No price book has a price of a100-80gb-sxm, spot, testcloud"):
        _series(books, purchases=[Purchase.SPOT])


def test_half_a_character_is_the_name_of_nothing(books):
    """What a terminal cannot decode is a provider or region without prices."""
    for asked in ({"providers": ("\udcff",)}, {"region": "\ud800"}):
        with pytest.raises(NothingLeftError):
            _series(books, **asked)


def test_the_index_follows_the_books(books):
    """New books are added, removed ones taken out, and a deleted index is made anew."""
    first = _series(books)
    a_snapshot(books, an_offer(usd_per_hour=80.0), stem="2026-06-04")
    with_new = _series(books)
    for suffix in (".csv", ".json"):
        (books / "prices" / "testcloud" / "2026-06-04").with_suffix(suffix).unlink()
    without = _series(books)
    (books / "index.sqlite").unlink()
    anew = _series(books)

    assert [*first, ("2026-06-04", 10.0, 10.0, 10.0)] == with_new
    assert first == without
    assert first == anew


@pytest.mark.parametrize("content", [b"", b"this is no database at all" * 100])
def test_a_spoiled_index_is_made_anew(books, content):
    """It is derived: whatever lies in its place, the answer is right."""
    expected = _series(books)
    (books / "index.sqlite").write_bytes(content)

    assert expected == _series(books)


def test_without_a_writable_folder_the_index_is_made_in_memory(books):
    """The answer does not depend on being able to keep it."""
    expected = _series(books)
    (books / "index.sqlite").unlink()
    (books / "index.sqlite").mkdir()  # nobody can write a file there, not even root

    assert expected == _series(books)


def test_a_damaged_book_is_left_out_of_the_history_and_named(books):
    """The other days are still answered."""
    path = books / "prices" / "testcloud" / "2026-06-01.csv"
    path.write_bytes(path.read_bytes().replace(b"16.0", b"1.0"))

    found = price_history(books, gpus=[GPU], purchases=[Purchase.ON_DEMAND], providers=["testcloud"])

    assert 2 == len(found.series[0].points)
    assert ["altered or damaged" in problem for problem in found.problems] == [True]


def test_changes_match_rows_and_sort_moves_by_size():
    """New, gone, moved and unmoved rows are told apart."""
    old = [
        an_offer(region=name, usd_per_hour=price) for name, price in (("a", 10.0), ("b", 10.0), ("c", 10.0), ("d", 1.0))
    ]
    new = [
        an_offer(region=name, usd_per_hour=price) for name, price in (("a", 11.0), ("b", 5.0), ("c", 10.0), ("e", 1.0))
    ]

    found = changes(old, new)

    assert [("b", -0.5), ("a", 0.1)] == [(move.new.region, round(move.change_fraction, 9)) for move in found.moved]
    assert (["e"], ["d"], 1) == ([o.region for o in found.new], [o.region for o in found.gone], found.same)


def test_states_are_days_moments_and_books(books):
    """A day holds all its books, a moment those until then, a path one book."""
    path = books / "prices" / "testcloud" / "2026-06-01.csv"

    stems = [
        state_at(books, text).books["testcloud"].stem
        for text in ("2026-06-02", "2026-06-02T110000", "2026-06-02T120000", str(path), str(path.with_suffix(".json")))
    ]

    assert ["2026-06-02T120000", "2026-06-02", "2026-06-02T120000", "2026-06-01", "2026-06-01"] == stems


def test_the_state_before_is_the_book_before_of_each_provider(books):
    """What the last refresh changed, provider by provider."""
    a_snapshot(books, an_offer(provider="other"), provider="other", stem="2026-01-01")
    now = current_state(books)

    before = earlier_state(books, now)

    assert "2026-06-02T120000" == before.books["testcloud"].stem
    assert "other" not in before.books


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "nosuch.csv"])
def test_what_is_no_state_is_a_usage_error(books, text):
    """The message shows what would be understood."""
    with pytest.raises(UsageError, match="is neither a day"):
        state_at(books, text)


def test_a_day_before_all_books_is_a_usage_error(books):
    """There is nothing to compare with."""
    with pytest.raises(UsageError, match="There is no price book of 1999-01-01 or before"):
        state_at(books, "1999-01-01")


def test_comparing_days_names_the_books_compared(books):
    """Each provider with the stems of its books and the differences."""
    compared, damaged = compare_states(state_at(books, "2026-06-01"), state_at(books, "2026-06-03"))
    found = {each.provider: each for each in compared}

    test = found["testcloud"]
    assert ("2026-06-01", "2026-06-03") == (test.old_stem, test.new_stem)
    assert () == damaged
    assert [("south-1", 40.0), ("north-1", 8.0)] == [(m.new.region, m.new.usd_per_hour) for m in test.changes.moved]


def test_comparing_an_unknown_provider_is_an_error(books):
    """A typing mistake is not an empty answer."""
    state = state_at(books, "2026-06-03")

    with pytest.raises(UnknownNameError, match="Unknown provider 'testclud'"):
        compare_states(state, state, ["testclud"])


def test_pruning_keeps_the_newest_and_takes_what_lies_beside_a_book(books):
    """Old books go with their quarantine file, sidecar first; the newest stays whatever the rule says."""
    folder = books / "prices" / "testcloud"
    held_back_path(folder / "2026-06-01.csv").write_text("rows")

    things = prunable(books, keep=None, before=date(2030, 1, 1))
    prune(books, things)

    assert ["2026-06-03.csv", "2026-06-03.json"] == sorted(path.name for path in folder.iterdir())
    assert [".json", ".csv", ".csv"] == [path.suffix for path in things[0].paths]


def test_both_rules_of_pruning_must_let_a_book_go(books):
    """--keep and --older-than together take only what both allow."""
    names = [thing.name for thing in prunable(books, keep=2, before=date(2026, 6, 2))]

    assert ["2026-06-01"] == names


def test_pruning_takes_interrupted_writes_and_older_raw_pages(fake):
    """What can never be read again goes with the old books."""
    half = fake.data_dir / "prices" / "testcloud" / "2026-06-09.csv"
    half.parent.mkdir(parents=True)
    half.write_text("half")
    for name in ("2026-06-01T000000", "2026-06-02T000000"):
        pages = fake.data_dir / "raw" / "testcloud" / name
        pages.mkdir(parents=True)
        (pages / "manifest.json").write_text("{}")

    names = [(thing.name, thing.why) for thing in prunable(fake.data_dir, keep=1, before=None)]

    assert [("2026-06-09", "interrupted write"), ("2026-06-01T000000", "raw pages of an earlier refresh")] == names


def test_pruning_needs_a_rule_and_waits_for_no_refresh(books):
    """Nothing is removed by accident, and nothing under the hands of a refresh."""
    with pytest.raises(UsageError, match="Say what can go"):
        prunable(books, keep=None, before=None)
    with pytest.raises(UsageError, match="keep must be at least 1"):
        prunable(books, keep=0, before=None)
    with refresh_lock(books), pytest.raises(ProviderError, match="is running"):
        prune(books, prunable(books, keep=1, before=None))
