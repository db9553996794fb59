"""The index of a book: the same groups as its rows make, believed only where the rows would be."""

import json
import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import PlannerError, SnapshotError
from planner.hardware.gpus import choose_gpus, load_gpus
from planner.model.records import Purchase
from planner.paths import shipped_data_dir, user_cache_dir
from planner.prices.catalog import OfferFilter, select_groups, select_offers
from planner.prices.current import current_snapshots
from planner.prices.groups import grouped
from planner.prices.index import index_beside, index_of
from planner.prices.index_content import HEAD_START, sealed
from planner.prices.prune import prunable, prune
from planner.prices.snapshots import read_snapshot
from planner.prices.verify import verify_books
from planner.units import current_day
from tests.builders import a_raw_snapshot, a_row, a_snapshot, an_offer
from tests.examples import examples

TODAY = date(2026, 7, 1)
SNAPSHOTS = current_snapshots()
REGIONS = ("us-east-1", "US-EAST-1", "eu-west-1", "eastus", "us-central1", "global", "nowhere-1")


def as_rows_make_them(snapshots, wanted, today):
    """Groups with all members and what was left out by reading every row; or the error."""
    try:
        selection = select_offers(snapshots, wanted, today=today)
    except PlannerError as error:
        return type(error), str(error)
    return listed(grouped(selection.offers)), beside(selection)


def as_the_index_gives_them(snapshots, wanted, today):
    """The same by the index."""
    try:
        selection = select_groups(snapshots, wanted, today=today)
    except PlannerError as error:
        return type(error), str(error)
    return listed(selection.groups), beside(selection)


def listed(groups):
    """Head, size and all members of each group."""
    return [(group.head, group.size, list(group.members())) for group in groups]


def beside(selection):
    """What a selection says beside its offers."""
    return selection.books, selection.left_out, selection.unpriced, selection.excludes


gpu_texts = st.sampled_from(sorted(load_gpus())).flatmap(lambda name: st.sampled_from([name, f"{name}:8", f"{name}:3"]))
filters = st.builds(
    OfferFilter,
    gpus=st.lists(st.sampled_from(["A100", "H100:8", "T4"]) | gpu_texts, max_size=3).map(
        lambda texts: tuple(map(choose_gpus, texts))
    ),
    gpu_counts=st.lists(st.sampled_from([0.125, 1.0, 4.0, 8.0]), max_size=2).map(tuple),
    providers=st.lists(st.sampled_from([*{book.provider for book in SNAPSHOTS}, "AWS", "awz"]), max_size=3).map(tuple),
    regions=st.lists(st.sampled_from(REGIONS), max_size=2).map(tuple),
    purchases=st.lists(st.sampled_from(list(Purchase)), max_size=3).map(tuple),
    max_price_age_days=st.none() | st.integers(min_value=0, max_value=1500),
)


@settings(max_examples=examples(60))
@given(wanted=filters)
def test_any_filter_leaves_the_same_groups_as_reading_every_row(wanted):
    """Heads, sizes, members, their order, counts of what was left out, and the wording of refusals."""
    today = current_day()

    assert as_rows_make_them(SNAPSHOTS, wanted, today) == as_the_index_gives_them(SNAPSHOTS, wanted, today)


# few values of each, so that many rows share a group and tie in it
cells = st.fixed_dictionaries(
    {
        "gpu_count": st.sampled_from(["8", "8.0"]),
        "instance_type": st.sampled_from(["g5.48xlarge", "g4dn.12xlarge"]),
        "region": st.sampled_from(["us-east-1", "us-east-2", "eu-west-1", "nörd", '"a, b"']),
        "zone": st.sampled_from(["", "a", "b"]),
        "purchase": st.sampled_from(["on_demand", "spot"]),
        "usd_per_hour": st.sampled_from(["1", "1.0", "0.7", "1e1"]),
        "network_gbps": st.sampled_from(["100", "100.0", ""]),
        "observed_on": st.sampled_from(["2026-05-30", "2026-06-01"]),
    }
)


@given(
    rows=st.lists(cells, min_size=1, max_size=40),
    provider=st.sampled_from(["aws", "testcloud"]),
    regions=st.lists(st.sampled_from(["US-EAST-1", "eu-west-1", "nörd"]), max_size=2).map(tuple),
    age=st.sampled_from([None, 30, 31]),
    retired=st.booleans(),
)
def test_any_book_gives_the_same_groups_as_reading_every_row(rows, provider, regions, age, retired):
    """Also one out of order, with ties, other spellings of a number, zones, quotes, and rates of AWS by region."""
    wanted = OfferFilter(regions=regions, max_price_age_days=age)
    gone = [{"instance_type": "g5.48xlarge", "retired_on": "2026-07-01"}] if retired else []
    with tempfile.TemporaryDirectory() as folder:
        path = a_raw_snapshot(Path(folder), *(a_row(**row) for row in rows), provider=provider, retired=gone)
        for _ in range(2):  # the second time by the index that the first left behind
            book = [read_snapshot(path)]

            assert as_rows_make_them(book, wanted, TODAY) == as_the_index_gives_them(book, wanted, TODAY)


@pytest.mark.parametrize(
    "changes",
    [
        {"usd_per_hour": "-1"},
        {"usd_per_hour": "NaN"},
        {"usd_per_hour": ""},
        {"gpu_count": "0"},
        {"gpu_count": ""},
        {"gpu": "a100-801gb"},
        {"purchase": "borrowed"},
        {"instance_type": "one,too many"},
    ],
)
def test_a_bad_row_is_the_same_error_as_when_rows_are_read(tmp_path, changes):
    """No index is made of a book that is refused."""
    path = a_raw_snapshot(tmp_path, a_row(), a_row(region="south-1", **changes))
    kind, said = as_rows_make_them([read_snapshot(path)], OfferFilter(), TODAY)

    assert SnapshotError is kind
    assert (kind, said) == as_the_index_gives_them([read_snapshot(path)], OfferFilter(), TODAY)
    assert not index_beside(path).exists()


@pytest.mark.parametrize("sha256", [7, None, "\x00", "../../../x", "é" * 300])
def test_a_checksum_that_is_none_is_refused_as_when_rows_are_read(tmp_path, sha256):
    """The index is named by it, and whatever stands there leads nowhere."""
    path = a_raw_snapshot(tmp_path, a_row(), sha256=sha256)

    assert SnapshotError is by_rows(path)[0]
    assert by_rows(path) == by_index(path)


@pytest.fixture
def book(tmp_path):
    """A book of two groups, one of them with three members at two prices."""
    return a_snapshot(
        tmp_path,
        an_offer(region="b", usd_per_hour=20.0),
        an_offer(region="c", usd_per_hour=19.5),
        an_offer(region="a", usd_per_hour=20.0),
        an_offer(purchase=Purchase.SPOT, usd_per_hour=9.0),
    )


def by_index(path, **wanted):
    """Groups of a book, as a new process sees it."""
    return as_the_index_gives_them([read_snapshot(path)], OfferFilter(**wanted), TODAY)


def by_rows(path, **wanted):
    """The same by reading the rows."""
    return as_rows_make_them([read_snapshot(path)], OfferFilter(**wanted), TODAY)


def head_of(path):
    """The head of an index."""
    return json.loads(path.read_bytes().split(b"\n")[1])


_OPENED = """
import sys
from datetime import date
from pathlib import Path
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
from planner.prices.catalog import OfferFilter, select_groups
from planner.prices.snapshots import read_snapshot
groups = select_groups([read_snapshot(Path(sys.argv[1]))], OfferFilter(), today=date(2026, 7, 1)).groups
print(opened.count(sys.argv[1]))
largest = max((group.members() for group in groups), key=len)
print(largest[0].region, opened.count(sys.argv[1]))
print(largest[1].region, largest[2].region, opened.count(sys.argv[1]))
"""


def opened_in_a_new_process(path):
    """How often the CSV was opened for the heads, for the first member, and for two more."""
    done = subprocess.run([sys.executable, "-c", _OPENED, str(path)], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_rows_are_not_read_again_until_a_further_member_is_asked_for(book):
    """The first question makes the index; from then on the CSV stays closed but for members behind the head."""
    assert "0" != opened_in_a_new_process(book)[0]
    assert ["0", "c", "0", "a", "b", "1"] == opened_in_a_new_process(book)


def test_a_book_altered_by_hand_is_refused_with_its_index_in_place(book):
    """Size and time of change tell it, and then the checksum."""
    by_index(book)
    book.write_text(book.read_text().replace("19.5", "1.95"))

    assert SnapshotError is by_index(book)[0]
    assert by_rows(book) == by_index(book)


@pytest.mark.skipif(sys.platform == "win32", reason="has no time of any change")
def test_a_book_altered_under_its_old_times_is_refused(book):
    """Who sets size and time of change back cannot set the time of that."""
    by_index(book)
    before = book.stat()
    book.write_text(book.read_text().replace("19.5", "18.5"))
    os.utime(book, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert before.st_mtime_ns == book.stat().st_mtime_ns
    assert SnapshotError is by_index(book)[0]


def test_a_book_altered_while_it_is_planned_with_is_refused(book):
    """Members are read later than heads: a row that is not what the index says ends in the checksum."""
    groups = select_groups([read_snapshot(book)], OfferFilter(), today=TODAY).groups
    book.write_text(book.read_text().replace("20.0", "2.00"))

    with pytest.raises(SnapshotError, match="sha256 differs"):
        groups[0].members()[1]


def test_other_times_of_the_same_content_are_noted(book):
    """A copied or installed book is verified once, and believed by its new times from then on."""
    by_index(book)
    made = index_beside(book).read_bytes()
    os.utime(book, ns=(1, 1))

    assert by_rows(book) == by_index(book)
    assert book.stat().st_mtime_ns == head_of(index_beside(book))["stamp"][1]
    assert made.split(b"\n")[2:] == index_beside(book).read_bytes().split(b"\n")[2:]
    assert "0" == opened_in_a_new_process(book)[0]


SPOILT = {
    "empty": lambda body: b"",
    "checksum only": lambda body: body[:HEAD_START],
    "cut in the head": lambda body: body[:300],
    "cut behind the head": lambda body: body[: body.index(b"\n", HEAD_START) + 10],
    "one byte short": lambda body: body[:-1],
    "more behind": lambda body: body + b"x",
    "not text": lambda body: b"\x00\xff" * 500,
    "head of another kind": lambda body: sealed([]),
    "another schema": lambda body: lying(body, schema="planner.price-index/999"),
    "another book": lambda body: lying(body, book="0" * 64),
    "other tables": lambda body: lying(body, tables="0" * 64),
    "another length": lambda body: lying(body, length=1),
    **{
        f"without its {name}": lambda body, name=name: lacking(body, name)
        for name in ("schema", "book", "stamp", "tables", "length", "sources", "groups")
    },
    **{
        f"groups that are {groups!r}": lambda body, groups=groups: lying(body, groups=groups)
        for groups in (7, None, [7], [[]], [[1, 2, 3]], ["x" * 17], [[0] * 17])
    },
    "members overwritten": lambda body: body[: body.index(b"\n", HEAD_START) + 1] + b"7" * len(tail(body)),
}


def lying(body, **changes):
    """An index whose checksum is right, with a group too large: whoever believes it gives another answer."""
    head = json.loads(body.split(b"\n")[1])
    head["groups"][0][0] += 1
    return sealed({**head, **changes}) + tail(body)


def lacking(body, name):
    """An index whose checksum is right, and that lacks a part of its head."""
    return sealed({key: value for key, value in json.loads(body.split(b"\n")[1]).items() if key != name}) + tail(body)


def tail(body):
    """What lies behind the head."""
    return body[body.index(b"\n", HEAD_START) + 1 :]


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_index_is_as_none(book, spoil):
    """Never an error, never another answer; with region filter and without."""
    by_index(book)
    body = index_beside(book).read_bytes()
    for wanted in ({}, {"regions": ("b",)}, {"regions": ("nowhere",)}):
        index_beside(book).write_bytes(spoil(body))

        assert by_rows(book, **wanted) == by_index(book, **wanted)


@settings(max_examples=examples(150))
@given(data=st.data())
def test_no_damaged_byte_changes_an_answer(data):
    """One byte anywhere in the index is another one."""
    with tempfile.TemporaryDirectory() as folder:
        offers = [
            an_offer(region=region, usd_per_hour=price) for region, price in (("a", 20.0), ("b", 20.5), ("c", 19))
        ]
        path = a_snapshot(Path(folder), *offers)
        expected = by_index(path)
        body = bytearray(index_beside(path).read_bytes())
        body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
        index_beside(path).write_bytes(body)

        assert expected == by_index(path)


def test_an_index_may_be_deleted_at_any_time(book):
    """Between heads and members too."""
    expected = by_rows(book)
    selection = select_groups([read_snapshot(book)], OfferFilter(), today=TODAY)
    index_beside(book).unlink()

    assert expected[0] == listed(selection.groups)


def test_where_the_folder_takes_no_index_the_cache_does(book):
    """As for a folder that is shared and read-only."""
    index_beside(book).mkdir()

    assert by_rows(book) == by_index(book)
    (cached,) = (user_cache_dir() / "price-books").glob("testcloud-*")
    assert read_snapshot(book).sha256 == head_of(cached)["book"]
    assert "0" == opened_in_a_new_process(book)[0]
    cached.unlink()


def test_where_nothing_can_be_written_the_answer_is_the_same(book, tmp_path, monkeypatch):
    """A full disk or a home that is not there costs time, nothing else."""
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(in_the_way))
    index_beside(book).mkdir()

    assert by_rows(book) == by_index(book)
    assert by_rows(book, regions=("B",)) == by_index(book, regions=("B",))


def test_shipped_books_have_their_index_in_the_cache_of_the_user():
    """An installation is never written to."""
    for snapshot in SNAPSHOTS:
        index_of(read_snapshot(snapshot.path))

    assert [] == list(shipped_data_dir().rglob("*.index.jsonl"))
    named = {path.name.partition("-")[0] for path in (user_cache_dir() / "price-books").glob("*.index.jsonl")}
    assert {snapshot.provider for snapshot in SNAPSHOTS} <= named


def test_a_refresh_leaves_an_index_beside_its_book_and_clears_up_lone_ones(fake):
    """The first question after it need not make one."""
    fake.set(("type-1", "north", None, "l4", 1.0, "on_demand", 2.0))
    lone = fake.data_dir / "prices" / "fakecloud" / "2026-06-01.index.jsonl"
    lone.parent.mkdir(parents=True)
    lone.write_text("of a book that is gone")

    path = fake.refresh().path

    assert read_snapshot(path).sha256 == head_of(index_beside(path))["book"]
    assert not lone.exists()


def test_pruning_takes_the_index_with_its_book(tmp_path):
    """Nothing of an old book stays."""
    old, new = (a_snapshot(tmp_path, an_offer(), stem=stem) for stem in ("2026-06-01", "2026-06-02"))
    for path in (old, new):
        by_index(path)

    prune(tmp_path, prunable(tmp_path, keep=1, before=None))

    assert ["2026-06-02.csv", "2026-06-02.index.jsonl", "2026-06-02.json"] == sorted(
        path.name for path in old.parent.iterdir()
    )


def test_verifying_finds_an_index_that_would_be_believed_and_is_wrong(book, tmp_path):
    """Whole, of the right book, and not what its rows make; a damaged one is no problem, for nobody reads it."""

    def problems():
        return [report.problems for report in verify_books(tmp_path, ("testcloud",))]

    by_index(book)
    good = index_beside(book)
    assert [()] == problems()
    head = head_of(good)
    head["groups"][0][0] += 1
    good.write_bytes(sealed(head) + tail(good.read_bytes()))
    assert [(f"its index is not made from its rows; delete {good}",)] == problems()
    good.write_bytes(b"damaged")
    assert [()] == problems()


def test_processes_that_make_an_index_at_once_agree(book):
    """Each sees the same groups, and one whole index is left."""
    running = [
        subprocess.Popen([sys.executable, "-c", _OPENED, str(book)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]

    said = [process.communicate(timeout=300)[0].split() for process in running]

    assert [("c", "a", "b")] * 4 == [(words[1], words[3], words[4]) for words in said]
    assert ["2026-06-01.csv", "2026-06-01.index.jsonl", "2026-06-01.json"] == sorted(
        path.name for path in book.parent.iterdir()
    )
    assert "0" == opened_in_a_new_process(book)[0]
