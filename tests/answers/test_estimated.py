"""The rows of an estimate against every offer priced: the best of each by its bill, and nobody is lost on the way."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings

import planner
from planner.errors import NothingLeftError, PlannerError, UnknownNameError
from planner.model.records import Purchase
from planner.prices.current import current_snapshots
from planner.prices.groups import offer_name
from tests.answers.drawn_jobs import JOBS
from tests.builders import a_snapshot, an_offer
from tests.examples import examples

TODAY = date(2026, 11, 20)
ALL_OFFERS = sum(snapshot.rows for snapshot in current_snapshots(as_of=TODAY))


@settings(max_examples=examples(25), deadline=None)
@given(job=JOBS)
def test_each_row_is_the_cheapest_of_its_offers(job):
    """By the bill, then by time, price and name; among the offers within the limits; on one machine and on several."""
    try:
        every = planner.estimate(**job, every_offer=True, as_of=TODAY)
    except PlannerError as error:
        with pytest.raises(type(error)):
            planner.estimate(**job, as_of=TODAY)
        return
    best = {}
    for one in every.estimates:
        offer = one.offer
        row = (offer.provider, offer.gpu, offer.gpu_count, offer.purchase)
        place = (one.usd, one.seconds, offer.usd_per_hour, offer_name(offer))
        best[row] = min(best.get(row, (place, one)), (place, one), key=lambda entry: entry[0])

    rows = planner.estimate(**job, as_of=TODAY)

    bare = [replace(one, rank=0, is_pareto=False) for one in rows.estimates]
    assert sorted(map(repr, bare)) == sorted(repr(replace(one, rank=0, is_pareto=False)) for _, one in best.values())


@pytest.mark.parametrize(
    "job",
    [
        {"model": "resnet50", "epochs": 90},
        {"model": "resnet50", "epochs": 90, "limit": 7, "max_hours": 20.0, "max_usd": 50.0},
        {"model": "resnet50", "epochs": 90, "nodes": 2, "basis": "scaled", "batch_size": 1024},
        {"model": "resnet50", "epochs": 900, "purchases": ("spot", "capacity_block"), "has_checkpoints": False},
        {"model": "llama-3-8b", "tokens": 1e9, "nodes": 4, "gpus": ("A100:8", "V100")},
    ],
)
@pytest.mark.parametrize("every_offer", [False, True])
def test_every_offer_is_shown_or_counted(job, every_offer):
    """The rows and the counts of those left out add up to the rows of the books."""
    result = planner.estimate(**job, every_offer=every_offer, as_of=TODAY)

    assert ALL_OFFERS == len(result.estimates) + sum(entry.count for entry in result.left_out)


def test_a_machine_of_ones_own_needs_no_listed_offer(tmp_path):
    """Filters that no listed offer passes leave the machines, which know no purchase, region or age."""
    path = tmp_path / "own.toml"
    path.write_text('[[machines]]\nname = "lab"\ngpu = "rtx-3090"\ngpu_count = 2\nusd_per_hour = 0.2\n')
    options = {"model": "resnet50", "epochs": 1, "gpus": ["rtx-3090"], "purchases": ["capacity_block"], "as_of": TODAY}

    result = planner.estimate(**options, price_book=path)

    assert ["lab"] == [one.offer.instance_type for one in result.estimates]
    assert ALL_OFFERS == sum(entry.count for entry in result.left_out)
    with pytest.raises(NothingLeftError, match="No offer is left of"):
        planner.estimate(**options)


def test_a_misspelt_region_is_named_though_a_machine_would_do(tmp_path):
    """Own machines hide no mistake in the filters."""
    path = tmp_path / "own.toml"
    path.write_text('[[machines]]\nname = "lab"\ngpu = "rtx-3090"\ngpu_count = 2\nusd_per_hour = 0.2\n')

    with pytest.raises(UnknownNameError, match="us-east-1"):
        planner.estimate(model="resnet50", epochs=1, regions=["us-esat-1"], price_book=path, as_of=TODAY)


def test_a_commitment_is_compared_with_the_lowest_price_on_demand_of_its_type_there(tmp_path):
    """Two zones ask 20 and 16 USD an hour, another region 8: 12 USD for a year pay from three quarters of its hours on."""
    offer = an_offer(provider="market", region="north-1", zone="a", usd_per_hour=20.0, observed_on=TODAY)
    year = replace(offer, zone=None, purchase=Purchase.RESERVED_1Y, usd_per_hour=12.0)
    elsewhere = replace(offer, region="south-1", zone=None, usd_per_hour=8.0)
    a_snapshot(tmp_path, offer, replace(offer, zone="b", usd_per_hour=16.0), elsewhere, year, provider="market")

    (row,) = planner.estimate(
        model="resnet50", epochs=90, data_dir=tmp_path, providers=["market"], purchases=["reserved_1y"], as_of=TODAY
    ).estimates

    assert ["it pays from 75.0% use on against 16 USD/h on demand"] == [
        note.rpartition("; ")[2] for note in row.notes if "on demand" in note
    ]
