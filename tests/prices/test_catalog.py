"""The catalogue: which snapshot counts, which offers pass, and that no bad row gets through."""

from datetime import date

import pytest

from planner.errors import LimitError, NothingLeftError, SnapshotError, UnknownNameError, UsageError
from planner.hardware.gpus import choose_gpus
from planner.model.records import Purchase
from planner.prices.catalog import OfferFilter, select_offers
from planner.prices.current import current_snapshots
from planner.prices.snapshots import read_snapshot
from tests.builders import a_raw_snapshot, a_row, a_snapshot, an_offer

TODAY = date(2026, 7, 1)


def chosen(path, wanted=None, **options):
    """Offers of one snapshot that pass a filter."""
    return select_offers([read_snapshot(path)], wanted or OfferFilter(), today=TODAY, **options)


def test_the_users_own_newer_snapshot_wins(tmp_path):
    """A snapshot in the user's folder that is newer than the shipped one of the provider takes its place."""
    a_snapshot(tmp_path, an_offer(provider="aws"), provider="aws", stem="2099-01-01")

    snapshots = {snapshot.provider: snapshot for snapshot in current_snapshots(tmp_path)}

    assert "2099-01-01" == snapshots["aws"].stem
    assert snapshots["gcp"].stem < "2099"


def test_an_older_own_snapshot_does_not_hide_a_newer_shipped_one(tmp_path):
    """Newest wins, wherever it lies."""
    a_snapshot(tmp_path, an_offer(provider="aws"), provider="aws", stem="2001-01-01")

    assert all(snapshot.stem > "2001-01-01" for snapshot in current_snapshots(tmp_path))


def test_as_of_ignores_later_snapshots(tmp_path):
    """Planning with the prices of a day takes the newest snapshot of that day or before."""
    a_snapshot(tmp_path, an_offer(), stem="2026-01-01")
    a_snapshot(tmp_path, an_offer(), stem="2026-02-01T101500")

    stems = {
        day: [snapshot.stem for snapshot in current_snapshots(tmp_path, as_of=day) if snapshot.provider == "testcloud"]
        for day in (date(2026, 1, 31), date(2026, 2, 1))
    }

    assert {date(2026, 1, 31): ["2026-01-01"], date(2026, 2, 1): ["2026-02-01T101500"]} == stems


def test_the_cheapest_region_of_each_group_is_kept_and_the_others_are_counted(tmp_path):
    """On demand and spot find their own best region."""
    path = a_snapshot(
        tmp_path,
        an_offer(region="north-1", usd_per_hour=20.0),
        an_offer(region="south-1", usd_per_hour=21.0),
        an_offer(region="north-1", usd_per_hour=9.0, purchase=Purchase.SPOT),
        an_offer(region="south-1", usd_per_hour=8.0, purchase=Purchase.SPOT),
    )

    selection = chosen(path, every_offer=False)

    assert {("on_demand", "north-1"), ("spot", "south-1")} == {(str(o.purchase), o.region) for o in selection.offers}
    assert [("dearer than the best region of the same provider, GPU, count and purchase", 2)] == [
        (entry.reason, entry.count) for entry in selection.left_out
    ]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (OfferFilter(gpus=(choose_gpus("H100"),)), "No price book has H100"),
        (OfferFilter(gpus=(choose_gpus("a100-80gb-sxm:4"),)), "other GPU counts: 2"),
        (OfferFilter(gpu_counts=(2.0,)), "other GPU counts: 2"),
        (OfferFilter(purchases=(Purchase.SPOT,)), "other purchase kinds: 2"),
    ],
)
def test_a_filter_that_leaves_nothing_is_named_with_its_count(tmp_path, wanted, reason):
    """The message says which filter took how many, or that no book has the GPU at all."""
    path = a_snapshot(tmp_path, an_offer(region="north-1"), an_offer(region="south-1"))

    with pytest.raises(NothingLeftError, match=reason):
        chosen(path, wanted)


@pytest.mark.parametrize("every_offer", [True, False])
def test_an_age_that_no_price_has_is_a_limit_not_met(tmp_path, every_offer):
    """The message says how old the newest price is that passes all other filters: 1 July less 27 June is 4 days."""
    path = a_snapshot(
        tmp_path,
        an_offer(region="north-1", observed_on=date(2026, 6, 20)),
        an_offer(region="south-1", observed_on=date(2026, 6, 27)),
        stem="2026-06-28",
    )

    with pytest.raises(LimitError, match=r"max_price_age_days 3: .* The newest of 2 .* is 4 days old, of 2026-06-27"):
        chosen(path, OfferFilter(max_price_age_days=3), every_offer=every_offer)


def test_any_count_wins_over_one_count_of_the_same_gpu(tmp_path):
    """`--gpu A100 --gpu A100:4` asks for every count."""
    path = a_snapshot(tmp_path, an_offer(gpu_count=8.0), an_offer(gpu_count=4.0))
    wanted = OfferFilter(gpus=(choose_gpus("a100-80gb-sxm"), choose_gpus("a100-80gb-sxm:4")))

    assert 2 == len(chosen(path, wanted).offers)


def test_a_price_of_the_last_allowed_day_passes(tmp_path):
    """Thirty days before 1 July is 1 June."""
    path = a_snapshot(tmp_path, an_offer(observed_on=date(2026, 6, 1)))

    assert 1 == len(chosen(path, OfferFilter(max_price_age_days=30)).offers)


def test_a_retired_type_is_left_out_from_its_day_on(tmp_path):
    """What can no longer be rented is not offered, whatever price is still listed."""
    retired = [{"instance_type": "test-8x", "retired_on": "2026-07-01"}]
    path = a_snapshot(tmp_path, an_offer(), an_offer(instance_type="newer-8x"), retired=retired)

    assert ["newer-8x"] == [offer.instance_type for offer in chosen(path).offers]


def test_an_unknown_provider_offers_close_matches():
    """A misspelt provider is an error that helps."""
    with pytest.raises(UnknownNameError, match="Did you mean azure"):
        select_offers(current_snapshots(), OfferFilter(providers=("azur",)), today=TODAY)


def test_an_unknown_region_offers_close_matches(tmp_path):
    """A misspelt region is told apart from a region without the GPU."""
    path = a_snapshot(tmp_path, an_offer(region="north-1"))

    with pytest.raises(UnknownNameError, match="Did you mean north-1"):
        chosen(path, OfferFilter(regions=("nort-1",)))


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"usd_per_hour": "-1"}, "usd_per_hour"),
        ({"usd_per_hour": "0"}, "usd_per_hour"),
        ({"usd_per_hour": "0.0000"}, "usd_per_hour"),
        ({"usd_per_hour": "NaN"}, "usd_per_hour"),
        ({"usd_per_hour": "inf"}, "usd_per_hour"),
        ({"usd_per_hour": ""}, "usd_per_hour"),
        ({"usd_per_hour": "4.05 USD"}, "usd_per_hour"),
        ({"gpu_count": "0"}, "gpu_count"),
        ({"gpu_count": ""}, "gpu_count"),
        ({"gpu": "a100-801gb"}, "gpu"),
        ({"gpu": ""}, "gpu"),
        ({"purchase": "borrowed"}, "purchase"),
    ],
)
def test_a_bad_row_is_an_error_that_names_line_and_column(tmp_path, changes, column):
    """A snapshot with an impossible cell is refused, even when the cell is in the last row."""
    path = a_raw_snapshot(tmp_path, a_row(), a_row(region="south-1", **changes))

    with pytest.raises(SnapshotError, match=rf"line 3, column {column}"):
        chosen(path)


@pytest.mark.parametrize("changes", [{"vcpus": "many"}, {"memory_gib": "x"}, {"observed_on": "yesterday"}])
def test_a_bad_side_figure_is_an_error_that_names_the_offer(tmp_path, changes):
    """A cell that is only read for chosen rows is refused as well."""
    path = a_raw_snapshot(tmp_path, a_row(**changes))

    with pytest.raises(SnapshotError, match="test-8x in north-1, on_demand"):
        chosen(path)


@pytest.mark.parametrize("row", [("a100-80gb-sxm", "8"), ("",), (*a_row(), "one too many")])
def test_a_row_of_another_length_is_refused(tmp_path, row):
    """A cut or stretched line is not read by position."""
    path = a_raw_snapshot(tmp_path, row)

    with pytest.raises(SnapshotError, match="line 2"):
        chosen(path)


def test_a_data_directory_that_is_given_must_exist(tmp_path):
    """A misspelt folder is not silently an empty one."""
    with pytest.raises(UsageError, match="is not a folder"):
        current_snapshots(tmp_path / "nowhere")


def test_excluded_parts_are_known_for_the_types_they_concern(tmp_path):
    """What a price leaves out is told for the matching types only."""
    path = a_snapshot(
        tmp_path,
        an_offer(instance_type="a3-highgpu-8g"),
        an_offer(instance_type="a2-highgpu-8g"),
        excludes=[{"instance_types": "a3-*", "what": "bundled local SSD"}],
    )

    selection = chosen(path)

    assert {"a3-highgpu-8g": ("bundled local SSD",), "a2-highgpu-8g": ()} == {
        offer.instance_type: selection.excluded_from(offer) for offer in selection.offers
    }


def test_a_part_excluded_before_a_day_is_in_newer_prices(tmp_path):
    """An entry that says "observed_before" speaks of older rows; a row of that very day counts the part in."""
    days = (date(2026, 7, 29), date(2026, 7, 30))
    path = a_snapshot(
        tmp_path,
        *(an_offer(instance_type="a3-highgpu-8g", region=str(day), observed_on=day) for day in days),
        excludes=[{"instance_types": "a3-*", "what": "bundled local SSD", "observed_before": "2026-07-30"}],
        stem="2026-07-30",
    )

    selection = chosen(path)

    assert [("bundled local SSD",), ()] == [selection.excluded_from(offer) for offer in selection.offers]
