"""Hours of a machine like the one that would be bought: whole machines, like for like, interruptions included."""

import math
from datetime import date

import pytest

from planner.answers.buying.owning import job_time
from planner.answers.buying.rent_hours import rent_hours_at, rent_same
from planner.answers.buying.renting import Market, rent_at
from planner.answers.buying.ways_to_pay import baseline_of
from planner.cost.bill import Biller
from planner.errors import NothingLeftError
from planner.model.costs import ItemKind
from planner.model.records import Purchase
from planner.work.listed import plan_work
from tests.builders import a_snapshot, an_offer, terms_of

DAY = date(2026, 7, 1)
WORK = plan_work(model="resnet50", epochs=90).workload


def _rented(tmp_path, gpu_count, *offers, terms=terms_of(), purchases=()):  # noqa: B008 - a record that nobody changes
    a_snapshot(tmp_path, *(an_offer(gpu="h100-80gb-sxm", **offer) for offer in offers))
    market = Market(providers=("testcloud",), data_dir=tmp_path, as_of=DAY, purchases=purchases)
    rentals = rent_same(
        "h100-80gb-sxm", gpu_count, hours_per_month=100.0, busiest_hours=100.0, market=market, today=DAY, terms=terms
    )
    return baseline_of(rentals, None)


def test_a_machine_of_eight_is_not_eight_machines_of_one(tmp_path):
    """Eight cards cost what a machine with eight costs, however cheap one is; the label names it in full."""
    rental = _rented(
        tmp_path,
        8,
        {"gpu_count": 1.0, "usd_per_hour": 0.93, "instance_type": "one"},
        {"gpu_count": 8.0, "usd_per_hour": 33.14, "instance_type": "eight"},
    )

    assert 33.14 == rental.usd_per_job == rental.usd_per_hour
    assert "8x h100-80gb-sxm, testcloud eight, on_demand, north-1" == rental.label
    assert ("h100-80gb-sxm", 8.0) == rental.cell
    assert () == rental.notes


@pytest.mark.parametrize(
    ("wanted", "sizes", "usd", "gpus", "label"),
    [
        (1, {8.0: 30.0}, 30.0, 8.0, "8x h100-80gb-sxm, testcloud t8, on_demand, north-1"),
        (3, {1.0: 2.0, 2.0: 4.0, 4.0: 9.0, 8.0: 12.0}, 9.0, 4.0, "4x h100-80gb-sxm, testcloud t4, on_demand, north-1"),
        (16, {1.0: 1.0, 8.0: 12.0}, 24.0, 16.0, "2 x 8x h100-80gb-sxm, testcloud t8, on_demand, north-1"),
        (6, {2.0: 4.0, 4.0: 7.0}, 14.0, 8.0, "2 x 4x h100-80gb-sxm, testcloud t4, on_demand, north-1"),
        (1, {0.5: 1.0, 2.0: 5.0}, 5.0, 2.0, "2x h100-80gb-sxm, testcloud t2, on_demand, north-1"),
    ],
)
def test_other_sizes_are_rented_whole(tmp_path, *, wanted, sizes, usd, gpus, label):
    """As few machines as hold so many, then as few GPUs; all of it is paid, and that is said."""
    rental = _rented(
        tmp_path,
        wanted,
        *({"gpu_count": size, "usd_per_hour": price, "instance_type": f"t{size:g}"} for size, price in sizes.items()),
    )

    assert (usd, gpus, label) == (rental.usd_per_job, rental.cell[1], rental.label)
    assert f"nobody rents a machine of {wanted}x h100-80gb-sxm there" in rental.notes[0]
    assert f"{gpus:g} GPUs in all" in rental.notes[0]


def test_only_parts_of_a_gpu_are_no_machine(tmp_path):
    """Half a GPU is not the one that would be bought."""
    with pytest.raises(NothingLeftError, match="only parts of one are offered"):
        _rented(tmp_path, 1, {"gpu_count": 0.5, "usd_per_hour": 1.0})


def test_an_hour_of_work_on_spot_pays_for_its_interruptions(tmp_path):
    """At 0.2 interruptions an hour, checkpoints of 36 s each half hour and restarts of 180 s, by hand."""
    terms = terms_of(
        interruptions_per_hour=0.2,
        checkpoint_seconds=36.0,
        checkpoint_interval_seconds=1800.0,
        restart_seconds=180.0,
        without=("failures",),
    )

    rental = _rented(tmp_path, 8, {"purchase": Purchase.SPOT, "usd_per_hour": 10.0}, terms=terms)

    hours = 2 * math.exp(0.2 * 0.05) * math.expm1(0.2 * 0.51) / 0.2  # two pieces of half an hour and a checkpoint
    assert pytest.approx(10.0 * hours) == rental.usd_per_job
    assert pytest.approx(3600 * hours) == rental.seconds
    assert any("0.2 interruptions per instance and hour" in line for line in rental.assumptions)


def test_an_hour_on_demand_is_an_hour(tmp_path):
    """Whatever is said of checkpoints: the machine that would be bought does not pay for them either."""
    terms = terms_of(checkpoint_seconds=36.0, checkpoint_interval_seconds=1800.0, gpu_hours_per_failure=10.0)

    rental = _rented(tmp_path, 16, {"usd_per_hour": 10.0}, terms=terms)

    assert (20.0, 3600.0) == (rental.usd_per_job, rental.seconds)


def test_spot_that_is_interrupted_too_often_is_not_the_cheapest(tmp_path):
    """A price of a tenth that takes eleven times as long is no offer; alone it is an error with the numbers."""
    spot = {"purchase": Purchase.SPOT, "usd_per_hour": 1.0, "instance_type": "spot"}
    terms = terms_of(interruptions_per_hour=60.0, restart_seconds=200.0, checkpoint_seconds=10.0)

    rental = _rented(tmp_path / "both", 8, spot, {"usd_per_hour": 20.0, "instance_type": "calm"}, terms=terms)

    assert "testcloud calm, on_demand" in rental.label
    with pytest.raises(NothingLeftError, match=r"interrupted so often .* times as long"):
        _rented(tmp_path / "spot", 8, spot, terms=terms)


def test_a_job_of_ones_own_takes_overhead_evaluation_and_trials():
    """1.2 x 1.1 x 3 times as long as the benchmark; start-up, image, staging and idling are those of a rented machine."""
    terms = terms_of(
        overhead_factor=1.2, evaluation_fraction=0.1, trials=3, idle_seconds=600, image_gb=10, dataset_gb=5
    )
    cell = ("h100-80gb-sxm", 8.0)

    throughput, plain = job_time(WORK, cell, terms_of())
    _, full = job_time(WORK, cell, terms)

    assert pytest.approx(WORK.samples / throughput.samples_per_second / 3600) == plain
    assert pytest.approx(1.2 * 1.1 * 3 * plain) == full
    assert (None, 1.0) == job_time(None, cell, terms)


def test_a_given_rent_takes_the_time_of_the_bill():
    """At a price of one's own a run takes what `estimate` says, but for start-up; idling and tax are paid."""
    terms = terms_of(overhead_factor=1.2, evaluation_fraction=0.1, trials=3, idle_seconds=600, tax_fraction=0.19)
    cell = ("h100-80gb-sxm", 8.0)

    rental = rent_at(2.0, WORK, 1.0, gpus=(), fallback=cell, terms=terms)

    offer = an_offer(gpu=cell[0], usd_per_hour=2.0)
    bill = Biller(terms, WORK).bill(offer, rental.throughput)
    assert pytest.approx(bill.seconds - 120) == rental.seconds
    assert pytest.approx(sum(item.usd for item in bill.items) - 1.19 * 120 / 3600 * 2.0, rel=1e-9) == rental.usd_per_job


def test_hours_at_a_given_rent_are_taxed():
    """Hours are hours: of all terms only tax counts."""
    rental = rent_hours_at(2.0, terms_of(tax_fraction=0.25, trials=5, overhead_factor=2.0), 100.0)

    assert 2.5 == rental.usd_per_job
    assert [ItemKind.TIME, ItemKind.TAX] == [item.kind for item in rental.items]
