"""Owning a base and renting the rest, from the options to the answer: sizes, lines, words and the document."""

from datetime import date

import pytest

from planner import compare
from planner.errors import UsageError
from planner.render.comparison import rendered_comparison
from planner.results.comparison import document
from tests.builders import a_snapshot, an_offer

DAY = date(2026, 7, 1)
BUSY = {"gpu_hours_per_month": 400, "peak_factor": 3, "peak_months_per_year": 3, "as_of": DAY}


@pytest.fixture(scope="module")
def rented(tmp_path_factory):
    """Where a 4090 is rented for 1 USD an hour, and for 0.60 USD an hour of three years."""
    home = tmp_path_factory.mktemp("books")
    common = {"gpu": "rtx-4090", "gpu_count": 1.0}
    a_snapshot(
        home,
        an_offer(**common, usd_per_hour=1.0, instance_type="a"),
        an_offer(**common, usd_per_hour=0.6, instance_type="b", purchase="reserved_3y"),
    )
    return {"providers": ["testcloud"], "data_dir": home}


def test_one_card_and_the_rest_rented_by_hand(rented):
    """400 h in nine months, 1,200 in three: two cards do it all; one does 5,790 of 7,200 h a year and 1,410 are rented."""
    result = compare(buy="rtx-4090", **BUSY, **rented)

    base, whole = sorted(result.options, key=lambda owned: owned.machine.card_count)
    assert ("1x rtx-4090 (new), rest rented", "2x rtx-4090 (new)") == (base.label, whole.label)
    items = {item.name: item.usd for item in base.items}
    watts, host = 360, 170  # 80 % of 450 W, and the shipped host
    assert pytest.approx((watts + host) / 1000 * 5790 * 3 * 0.184) == items["electricity under load"]
    assert pytest.approx(1410 * 3 * 1.0) == items["rented rest"]
    assert pytest.approx(7200 * 3 * 1.0) == base.rent_usd == whole.rent_usd
    assert [(0, base.rent_usd), (1, base.usd), (2, whole.usd)] == [
        (size.card_count, pytest.approx(size.usd)) for size in base.base_sizes
    ]
    line = next(row for row in result.alternatives if row.way == "own_and_rent")
    assert (pytest.approx(base.usd), base.label) == (line.usd_total, line.name)
    assert pytest.approx(base.usd / 36 / 600) == line.usd_per_gpu_hour  # of hours delivered, wherever they are worked
    # a commitment is made for the busiest month: 1,200 h are two machines
    reserved = next(row for row in result.alternatives if row.way == "reserved_3y")
    assert (pytest.approx(2 * 730 * 0.6), "2 x 1x rtx-4090") == (reserved.usd_per_month, reserved.name.split(",")[0])


def test_the_best_base_is_in_verdict_odds_and_document(rented):
    """Where it costs least it is the answer: named, with the part that is rented, its peak among what is drawn."""
    result = compare(buy="rtx-4090:1", **{**BUSY, "peak_factor": 10, "peak_months_per_year": 1}, **rented)
    record = document(result)

    assert result.own.rest is result.rent
    assert result.verdict.startswith("Buy 1x rtx-4090 (new), rest rented: over 36 months")
    # 11 x 400 + 4,000 = 8,400 h a year, of which 4,000 - 730 exceed the card
    assert "39% of the work exceeds the machine and is rented" in result.verdict
    peak = next(entry for entry in result.sensitivity if entry.name == "peak")
    assert (5.0, 10.0, 20.0) == (peak.low, peak.base, peak.high)
    assert {"factor": 10, "months_per_year": 1, "usual_hours_per_month": 400, "busy_hours_per_month": 4000} == {
        key: pytest.approx(value) for key, value in record["use"]["peak"].items() if value is not None
    }
    assert pytest.approx(3270 / 12) == record["own"]["rest"]["jobs_per_month"]
    assert pytest.approx(result.own.usd) == record["curve"][-1]["own_if_sold_usd"]
    assert result.use_curve[-1].utilisation > 1
    shown = " ".join(rendered_comparison(result, "table").split())
    assert "own + rent 1x rtx-4090 (new) 407" in shown
    assert "rented rest 9,810" in shown


def test_beside_a_commitment_the_rest_is_rented_on_demand(rented):
    """A year's term for a month's peak is no way to pay; the verdict names where the rest is rented."""
    result = compare(buy="rtx-4090", against="reserved_3y", **BUSY, **rented)

    base = next(owned for owned in result.options if owned.rest is not None)
    assert ("reserved_3y", "on_demand", 1.0) == (base.rental.way, base.rest.way, base.case.rest_usd_per_job)


@pytest.mark.parametrize(
    ("asked", "sizes"),
    [
        ({"buy": "rtx-4090", "gpu_hours_per_month": 700}, []),  # fits: the same as owning
        ({"buy": "rtx-4090", "gpu_hours_per_month": 800}, [1]),
        ({"buy": "rtx-4090", "gpu_hours_per_month": 20_000}, [1, 2, 3, 4, 5, 6, 7, 8]),  # beyond one host
        ({"own": "rtx-4090", "gpu_hours_per_month": 2000}, [1]),  # what is there is there
        ({"buy": "rtx-4090:2", "gpu_hours_per_month": 5000}, [2]),  # two were named
        (
            {"buy": "h100-80gb-sxm:8", "gpu_hours_per_month": 13_000, "rent_usd_per_hour": 20},
            [8 * n for n in range(1, 9)],
        ),
        ({"buy": "h100-80gb-sxm:8", "gpu_hours_per_month": 13_000, "rent_usd_per_hour": 20, "card_usd": 2e5}, [8]),
        ({"buy": "rtx-4090", "gpu_hours_per_month": 800, "card_usd": 2000}, []),  # and that of as many as it takes
        ({"buy": "rtx-4090", "utilisation": 0.6, "peak_factor": 1}, []),
    ],
)
def test_sizes_that_are_tried(rented, asked, sizes):
    """Only those that leave a rest; never several at the price of one."""
    result = compare(**asked, **rented, as_of=DAY)

    bases = [owned for owned in result.options if owned.rest is not None]
    tried = [size.card_count for owned in bases for size in owned.base_sizes if size.card_count]
    whole = [owned.machine.card_count for owned in result.options if owned.rest is None]
    assert sizes == [count for count in tried if count not in whole]
    assert len(bases) == bool(sizes)


def test_too_much_work_and_nothing_to_rent_the_rest_with(rented):
    """Only a commitment: the machine cannot do it, and that is said."""
    with pytest.raises(UsageError, match="Name more cards"):
        compare(buy="rtx-4090:1", gpu_hours_per_month=800, purchases=["reserved_3y"], **rented, as_of=DAY)
