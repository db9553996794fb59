"""Snapshots: written whole or not at all, read only when vouched for."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import OutputError, SnapshotError
from planner.model.records import Purchase, Unpriced
from planner.prices.snapshots import (
    csv_bytes,
    interrupted_writes,
    list_snapshots,
    read_rows,
    read_snapshot,
    write_snapshot,
)
from tests.builders import a_raw_snapshot, a_row, a_snapshot, an_offer


def test_a_written_snapshot_reads_back_the_same_rows(tmp_path):
    """What was written is what is read, sorted by GPU, count, type, region, zone and purchase."""
    path = a_snapshot(tmp_path, an_offer(region="south-1"), an_offer(region="north-1", usd_per_hour=12.34))

    rows = list(read_rows(read_snapshot(path)))

    expected = [
        ["a100-80gb-sxm", "8", "test-8x", "north-1", "", "on_demand", "12.34", "96", "1000", "", "2026-06-01"],
        ["a100-80gb-sxm", "8", "test-8x", "south-1", "", "on_demand", "20.0", "96", "1000", "", "2026-06-01"],
    ]
    assert expected == [row[:11] for row in rows]


def test_the_sidecar_counts_rows_and_keeps_unpriced_types(tmp_path):
    """The sidecar says how many rows there are and which types have no price."""
    unpriced = Unpriced(
        instance_type="p5e.48xlarge", gpu="h200-141gb-sxm", gpu_count=8.0, reason="capacity blocks only"
    )

    snapshot = read_snapshot(a_snapshot(tmp_path, an_offer(), unpriced=[unpriced]))

    assert 1 == snapshot.rows
    assert (unpriced,) == snapshot.unpriced
    assert date(2026, 6, 1) == snapshot.observed_on


def test_counts_sort_as_numbers():
    """Two GPUs come before sixteen."""
    body = csv_bytes([an_offer(gpu_count=16.0), an_offer(gpu_count=2.0), an_offer(gpu_count=0.125)]).decode()

    assert ["0.125", "2", "16"] == [line.split(",")[1] for line in body.splitlines()[1:]]


@given(price=st.floats(min_value=1e-6, max_value=1e6, allow_nan=False))
def test_prices_survive_the_file_exactly(price):
    """A price read back is the very same number."""
    body = csv_bytes([an_offer(usd_per_hour=price)]).decode()

    assert price == float(body.splitlines()[1].split(",")[6])


def test_a_snapshot_is_never_changed(tmp_path):
    """Writing the same day twice is refused."""
    a_snapshot(tmp_path, an_offer())

    with pytest.raises(OutputError, match="never changed"):
        a_snapshot(tmp_path, an_offer(usd_per_hour=1.0))


def test_a_csv_without_sidecar_does_not_count(tmp_path):
    """An interrupted write is not a snapshot; it is found by name."""
    path = a_snapshot(tmp_path, an_offer())
    path.with_suffix(".json").unlink()

    assert [] == list_snapshots(tmp_path)
    assert [path] == interrupted_writes(tmp_path)


def test_an_altered_file_is_refused(tmp_path):
    """One changed digit in a price breaks the checksum, and the message names the file."""
    path = a_snapshot(tmp_path, an_offer())
    path.write_text(path.read_text().replace("20.0", "2.00"))

    with pytest.raises(SnapshotError, match=r"2026-06-01\.csv.*sha256"):
        read_rows(read_snapshot(path))


def test_a_newer_schema_asks_for_an_upgrade(tmp_path):
    """A sidecar of a later schema is not guessed at."""
    path = a_raw_snapshot(tmp_path, a_row(), schema="planner.snapshot/3")

    with pytest.raises(SnapshotError, match="newer version: upgrade"):
        read_snapshot(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": 7}', "\x00"])
def test_a_spoilt_sidecar_is_refused(tmp_path, text):
    """Whatever a sidecar holds, the error is ours and names it."""
    path = a_snapshot(tmp_path, an_offer())
    path.with_suffix(".json").write_text(text)

    with pytest.raises(SnapshotError, match=r"2026-06-01\.json"):
        read_snapshot(path)


@pytest.mark.parametrize("field", ["provider", "rows", "sha256", "sources"])
def test_a_sidecar_without_a_field_is_refused(tmp_path, field):
    """Each required field is missed."""
    path = a_snapshot(tmp_path, an_offer())
    sidecar = path.with_suffix(".json")
    content = json.loads(sidecar.read_text())
    del content[field]
    sidecar.write_text(json.dumps(content))

    with pytest.raises(SnapshotError, match=field):
        read_snapshot(path)


def test_other_columns_are_refused(tmp_path):
    """A file whose columns are not ours is not read by position."""
    path = a_raw_snapshot(tmp_path, columns=("gpu", "usd_per_hour"))

    with pytest.raises(SnapshotError, match="line 1"):
        read_rows(read_snapshot(path))


def test_a_failed_write_leaves_nothing(tmp_path):
    """If the folder cannot be made, there is an error and no file."""
    (tmp_path / "prices").write_text("in the way")

    with pytest.raises(OutputError, match="Cannot write"):
        write_snapshot(tmp_path, provider="testcloud", stem="2026-06-01", offers=[], sources=[], made_by="a test")

    assert ["prices"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("purchase", list(Purchase))
def test_every_purchase_kind_is_written(tmp_path, purchase):
    """All kinds of purchase have a place in the file."""
    path = a_snapshot(tmp_path, an_offer(purchase=purchase))

    assert str(purchase) == next(iter(read_rows(read_snapshot(path))))[5]
