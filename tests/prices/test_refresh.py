"""What a refresh writes, keeps, holds back and refuses."""

import csv
import json
from datetime import UTC, date, datetime

import pytest

from planner.errors import ProviderError, UnknownNameError
from planner.model.records import Purchase
from planner.prices.current import current_snapshots
from planner.prices.lock import refresh_lock
from planner.prices.quarantine import held_back_path
from planner.prices.refresh import RefreshOrder, refresh, without_secrets
from planner.prices.registry import load_provider
from planner.prices.snapshots import read_rows, read_snapshot
from tests.builders import a_snapshot, an_offer

H100 = ("big", "north", None, "h100-80gb-sxm", 8.0, "on_demand", 60.0)
SPOT = ("big", "north", None, "h100-80gb-sxm", 8.0, "spot", 20.0)
L4 = ("small", "south", None, "l4", 1.0, "on_demand", 0.8)


def _book(path):
    return {tuple(row[:6]): row[6] for row in read_rows(read_snapshot(path))}


def _prices(path):
    return {(key[2], key[3], key[5]): float(price) for key, price in _book(path).items()}


def test_a_first_refresh_writes_a_book_of_today(fake):
    """The book has today's date, the fetched rows, the source, and is the newest of its provider."""
    fake.set(H100, SPOT, L4)

    outcome = fake.refresh()

    today = datetime.now(UTC).date().isoformat()
    assert None is outcome.error
    assert f"{today}.csv" == outcome.path.name
    assert {
        ("big", "north", "on_demand"): 60.0,
        ("big", "north", "spot"): 20.0,
        ("small", "south", "on_demand"): 0.8,
    } == _prices(outcome.path)
    snapshot = {found.provider: found for found in current_snapshots(fake.data_dir)}["fakecloud"]
    assert outcome.path == snapshot.path
    assert ["fakecloud list"] == [source["name"] for source in snapshot.sources]
    assert (3, 3, 0, 0) == (outcome.rows, len(outcome.changes.new), len(outcome.changes.gone), outcome.kept)


def test_a_second_refresh_of_one_day_sorts_after_the_first(fake):
    """Books are never changed: the second of a day carries its time."""
    fake.set(H100, L4)
    first = fake.refresh()
    fake.set((*H100[:-1], 50.0), L4)

    second = fake.refresh()

    assert first.path.stem < second.path.stem
    assert second.path.stem.startswith(first.path.stem + "T")
    assert 50.0 == _prices(second.path)["big", "north", "on_demand"]
    assert ["50 of 60"] == [f"{move.new.usd_per_hour:g} of {move.old.usd_per_hour:g}" for move in second.changes.moved]


def test_unchanged_prices_write_no_second_book(fake):
    """The same rows on the same day are the same book."""
    fake.set(H100, L4)
    first = fake.refresh()

    second = fake.refresh()

    assert None is second.path
    assert first.stem == second.stem
    assert (f"the same as book {first.stem}: nothing written",) == second.notes


def test_a_partial_refresh_keeps_the_rest_with_its_own_dates(fake):
    """One region is renewed; rows of the others stay and keep the day they were observed."""
    old = an_offer(
        provider="fakecloud", instance_type="small", gpu="l4", gpu_count=1.0, region="south", usd_per_hour=0.7
    )
    a_snapshot(fake.data_dir, old, provider="fakecloud", stem="2026-06-01")
    fake.set(H100, L4)

    outcome = fake.refresh(regions=("north",))

    observed = {row[3]: row[10] for row in read_rows(read_snapshot(outcome.path))}
    assert {"north": datetime.now(UTC).date().isoformat(), "south": "2026-06-01"} == observed
    assert 1 == outcome.kept


def test_a_full_refresh_drops_what_is_not_listed_any_more(fake):
    """Without gaps, a row that is gone from the list is gone from the book."""
    rows = [(f"type-{n}", "north", None, "l4", 1.0, "on_demand", 0.8) for n in range(10)]
    fake.set(*rows)
    fake.refresh()
    fake.set(*rows[:8])

    outcome = fake.refresh()

    assert ["type-8", "type-9"] == [offer.instance_type for offer in outcome.changes.gone]
    assert 8 == outcome.rows


def test_what_a_gap_left_open_keeps_its_older_rows(fake):
    """A purchase that could not be fetched is not taken for gone; what was fetched is."""
    fake.set(H100, SPOT, L4)
    fake.refresh()
    fake.set((*H100[:-1], 59.0), L4, gaps=["spot: the permission ec2:DescribeSpotPriceHistory is missing"])

    outcome = fake.refresh()

    assert 20.0 == _prices(outcome.path)["big", "north", "spot"]
    assert (1, ("spot: the permission ec2:DescribeSpotPriceHistory is missing",)) == (outcome.kept, outcome.gaps)


def test_an_older_spot_price_above_todays_on_demand_price_leaves_the_book(fake):
    """A kept row must not contradict a fresh one."""
    fake.set(H100, (*SPOT[:-1], 55.0), L4)
    fake.refresh()
    fake.set((*H100[:-1], 40.0), L4)

    outcome = fake.refresh(purchases=(Purchase.ON_DEMAND,))

    assert ("big", "north", "spot") not in _prices(outcome.path)
    assert ["spot price 55 is above on demand 40"] == [row.reason for row in outcome.held_back]


def test_odd_rows_are_held_back_into_a_readable_file(fake):
    """The rest goes on; the file beside the book gives each row and the reason."""
    fake.set(H100, L4, ("free", "north", None, "l4", 1.0, "on_demand", None))

    outcome = fake.refresh()

    with held_back_path(outcome.path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert 2 == outcome.rows
    assert [("free", "0.0", "price '0.0' is not positive")] == [
        (row["instance_type"], row["usd_per_hour"], row["reason"]) for row in rows
    ]


def test_a_suspicious_whole_is_refused_and_the_old_book_stays(fake):
    """Too few rows: no book, the figures in the message, and the way to insist."""
    fake.set(*[(f"type-{n}", "north", None, "l4", 1.0, "on_demand", 0.8) for n in range(10)])
    first = fake.refresh()
    fake.set(*[(f"type-{n}", "north", None, "l4", 1.0, "on_demand", 0.8) for n in range(3)])

    refused = fake.refresh()
    accepted = fake.refresh(is_offline=True, accepts=True)

    assert (
        "The prices as a whole are not believed. on_demand: 3 rows where there were 10 (-70%; the limit is -30%). "
        "The book before stays in use. If the change is real: planner refresh fakecloud --offline --accept"
    ) == refused.error
    assert None is refused.path
    assert 3 == accepted.rows
    assert 10 == len(_book(first.path))
    assert ("accepted: on_demand: 3 rows where there were 10 (-70%; the limit is -30%).",) == accepted.notes


def test_a_failing_provider_leaves_the_old_book_and_no_trace(fake):
    """Half the pages came: no book, no manifest, the old book is the newest."""
    fake.set(H100, L4)
    first = fake.refresh()
    before = sorted(path for path in fake.data_dir.rglob("*") if path.is_file() and "raw" not in path.parts)
    fake.set(H100, L4, pages=3, fail="503 from the cloud. Try again later.")

    outcome = fake.refresh()

    after = sorted(path for path in fake.data_dir.rglob("*") if path.is_file() and "raw" not in path.parts)
    assert "503 from the cloud. Try again later." == outcome.error
    assert before == after
    assert {first.path: 2} == {first.path: len(_book(first.path))}


def test_a_bug_in_an_adapter_is_reported_and_does_not_stop_the_others(fake):
    """The boundary round a provider catches everything, keeps the traceback, and the next provider is refreshed."""
    fake.set(H100, bug="boom")

    outcomes = refresh(RefreshOrder(data_dir=fake.data_dir, providers=("fakecloud", "fakecloud")), lambda *_: None)

    assert ["The adapter failed in a way it should not: ZeroDivisionError: boom"] * 2 == [
        outcome.error for outcome in outcomes
    ]
    assert "ZeroDivisionError" in outcomes[0].traceback


def test_a_dry_run_writes_nothing(fake):
    """All checks and figures, and the data folder stays as it was: absent."""
    fake.set(H100, L4)

    outcome = fake.refresh(is_dry_run=True)

    assert (2, None) == (outcome.rows, outcome.path)
    assert not fake.data_dir.exists()


def test_offline_parses_the_newest_complete_pages(fake):
    """Interrupted fetches do not count, and nothing is fetched."""
    fake.set(H100, L4)
    written = fake.refresh()
    fake.set(H100, L4, pages=2, fail="cut in the middle")
    fake.refresh()
    written.path.unlink()
    written.path.with_suffix(".json").unlink()
    fake.path.unlink()

    outcome = fake.refresh(is_offline=True)

    assert 2 == outcome.rows
    assert outcome.path.is_file()


def test_offline_without_pages_says_how_to_get_some(fake):
    """The message names the folder and both ways out."""
    outcome = fake.refresh(is_offline=True)

    assert (
        f"No raw pages of fakecloud are saved in {fake.data_dir / 'raw' / 'fakecloud'}. Run once with a network: "
        "planner refresh fakecloud, or bring pages along: planner refresh --from PATH"
    ) == outcome.error


def test_raw_pages_are_kept_of_the_newest_fetch_only(fake):
    """Older pages go once a newer book is written."""
    fake.set(H100, L4)
    fake.refresh()
    stale = fake.data_dir / "raw" / "fakecloud" / "2020-01-01T000000"
    stale.mkdir()
    fake.set((*H100[:-1], 50.0), L4)

    fake.refresh()

    assert not stale.exists()
    assert 1 == len(list((fake.data_dir / "raw" / "fakecloud").iterdir()))


def test_a_damaged_book_before_is_passed_over(fake):
    """A refresh repairs: the damaged book is named, and the new one stands without it."""
    fake.set(H100, L4)
    first = fake.refresh()
    first.path.write_bytes(first.path.read_bytes().replace(b"60.0", b"10.0"))
    fake.set((*H100[:-1], 50.0), L4)

    second = fake.refresh()

    assert 50.0 == _prices(second.path)["big", "north", "on_demand"]
    assert ["passed over"] == [note.partition(":")[0] for note in second.notes]


def test_a_mistyped_region_gets_a_hint(fake):
    """No price came: the message offers a region that the book has."""
    fake.set(H100, L4)
    fake.refresh()

    outcome = fake.refresh(regions=("nort",))

    assert "No price came for the regions nort. Did you mean north?" == outcome.error


def test_a_second_refresh_at_once_says_who_holds_the_lock(fake):
    """It does not wait, and names the process."""
    fake.set(H100)

    with refresh_lock(fake.data_dir), pytest.raises(ProviderError, match=r"is running \(process \d+ on "):
        fake.refresh()


def test_the_lock_of_a_dead_process_is_taken_over(fake):
    """A file left by a killed refresh is no lock."""
    fake.data_dir.mkdir()
    (fake.data_dir / "refresh.lock").write_text(json.dumps({"pid": 1, "host": "gone", "since": "2020"}))
    fake.set(H100)

    outcome = fake.refresh()

    assert None is outcome.error


def test_temporary_files_of_a_killed_refresh_are_swept(fake):
    """The next refresh leaves no rubbish behind."""
    folder = fake.data_dir / "prices" / "fakecloud"
    folder.mkdir(parents=True)
    for name in (".2026-06-01.csv.4711.tmp", "2026-06-01.csv", "2026-06-01.held-back.csv"):
        (folder / name).write_text("half")
    fake.set(H100)

    outcome = fake.refresh()

    stem = outcome.path.stem
    assert [f"{stem}.csv", f"{stem}.index.jsonl", f"{stem}.json"] == sorted(path.name for path in folder.iterdir())


def test_sidecar_facts_of_kept_rows_are_carried_over(fake):
    """What prices leave out and which types are retired stays true for rows that stay."""
    old = an_offer(
        provider="fakecloud", instance_type="old-1x", gpu="l4", gpu_count=1.0, region="south", usd_per_hour=1.0
    )
    retired = [{"instance_type": "old-1x", "retired_on": "2030-01-01", "address": "https://example.org"}]
    excludes = [{"instance_types": "old-*", "what": "local SSD"}, {"instance_types": "other-*", "what": "tax"}]
    a_snapshot(fake.data_dir, old, provider="fakecloud", excludes=excludes, retired=retired)
    fake.set(H100)

    outcome = fake.refresh(regions=("north",))

    snapshot = read_snapshot(outcome.path)
    assert ({"instance_types": "old-*", "what": "local SSD"},) == snapshot.excludes
    assert {"old-1x": date(2030, 1, 1)} == snapshot.retired


def test_secrets_in_a_message_are_taken_out(fake, monkeypatch):
    """The value of a secret variable never reaches a message or a file."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")
    fake.set(H100, fail="refused for key wJalrXUtnFEMI/K7MDENG")

    outcome = fake.refresh()

    assert "refused for key <AWS_SECRET_ACCESS_KEY>" == outcome.error
    assert "nothing to hide" == without_secrets("nothing to hide")


def test_an_unknown_provider_is_named_with_close_matches():
    """Nobody is asked for prices of a cloud that no adapter knows."""
    with pytest.raises(UnknownNameError, match=r"Unknown provider 'azur'\. Did you mean azure"):
        load_provider("azur")
