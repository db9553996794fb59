"""Recommendations against brute force: every offer on every number of machines, by the recommendation's own order."""

import math
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planner
from planner.errors import LimitError, NothingLeftError
from tests.builders import a_snapshot, an_offer
from tests.examples import examples

TODAY = date(2026, 11, 20)
GPUS = ("a100-80gb-sxm", "h100-80gb-sxm", "l40s", "a10g", "v100-16gb")
OFFERS = st.lists(
    st.builds(
        lambda gpu, count, usd, network: (gpu, count, usd, network),
        st.sampled_from(GPUS),
        st.sampled_from([1.0, 2.0, 8.0]),
        st.floats(0.05, 60),
        st.sampled_from([None, 100.0, 3200.0]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=examples(15), deadline=None)
@given(
    drawn=OFFERS,
    hour_worth=st.sampled_from([0.0, 1.0, 10.0, 100.0]),
    limits=st.tuples(
        st.none() | st.floats(min_value=0.5, max_value=60), st.none() | st.floats(min_value=5, max_value=300)
    ),
    room=st.none() | st.tuples(st.floats(1.001, 1.6), st.floats(1.001, 1.6)),
)
def test_the_answer_is_that_of_brute_force(tmp_path_factory, drawn, hour_worth, limits, room):
    """Every offer on every number of machines, by the formulas of the page: limits at the ends, then money or cost.

    With `room` both limits lie so much above the first row, so that often no row is sure to keep them: then those go first
    whose ends break the fewest.
    """
    folder = tmp_path_factory.mktemp("book")
    offers = [
        an_offer(
            gpu=gpu,
            gpu_count=count,
            usd_per_hour=usd,
            network_gbps=network,
            instance_type=f"t{number}",
            observed_on=TODAY,
        )
        for number, (gpu, count, usd, network) in enumerate(drawn)
    ]
    a_snapshot(folder, *offers)
    asked = {"model": "resnet50", "epochs": 90, "providers": ["testcloud"], "data_dir": folder, "as_of": TODAY}
    every = [one for one in _every_offer(asked) if one.not_picked is None]
    deadline_hours, budget_usd = limits
    if room is not None and every:
        deadline_hours, budget_usd = every[0].seconds / 3600 * room[0], max(every[0].usd * room[1], 0.01)
    limits = {"deadline": deadline_hours and f"{deadline_hours:.20f}h", "budget_usd": budget_usd}

    def keeps(seconds, usd):
        return (deadline_hours is None or seconds <= deadline_hours * 3600) and (
            budget_usd is None or usd <= budget_usd
        )

    holding = [one for one in every if keeps(one.seconds_high, one.usd_high)]
    if not holding:
        holding = [one for one in every if keeps(one.seconds, one.usd)]
        broken = [(not keeps(one.seconds_high, 0)) + (not keeps(0, one.usd_high)) for one in holding]
        holding = [one for one, count in zip(holding, broken, strict=True) if count == min(broken)]
    if not every:
        return
    try:
        best = planner.recommend(**asked, **limits, hour_worth_usd=hour_worth).result.estimates[0]
    except LimitError:
        assert not holding
        return

    figures = [_money_and_time(one, hour_worth) for one in holding]
    money, time = _money_and_time(best, hour_worth)
    if deadline_hours is not None:
        assert money == pytest.approx(min(other for other, _ in figures))
        return
    kept = [one for one in figures if not any(_is_wasted(one, other) for other in figures)]
    assert money + hour_worth * time == pytest.approx(min(one[0] + hour_worth * one[1] for one in kept))


def _money_and_time(one, hour_worth):
    """By hand: prices are of today, so that only the speed against other rows is in doubt."""
    startup = sum(item.quantity for item in one.items if item.name == "start-up") / one.node_count
    expected = one.seconds / 3600
    slow = startup + (expected - startup) * one.throughput.samples_per_second / one.throughput.relative_ends[0]
    money = (one.usd + one.usd * slow / expected) / 2 + (10 * hour_worth if one.node_count > 1 else 0)
    return money, (expected + slow) / 2


def _is_wasted(one, other):
    """Less money, and at least half of it saved for each 10 % more time."""
    less = math.log(max(one[0], 0.01) / max(other[0], 0.01))
    return other[0] < one[0] and less >= math.log(2) / math.log(1.1) * math.log(max(other[1] / one[1], 1)) + 1e-12


def test_a_type_without_a_network_does_not_hide_one_with(tmp_path):
    """Of two types with the same GPUs the dearer can be joined, the cheaper cannot."""
    a_snapshot(
        tmp_path,
        an_offer(instance_type="alone", usd_per_hour=19.0),
        an_offer(instance_type="joined", usd_per_hour=20.0, network_gbps=400.0),
    )

    found = planner.recommend(
        model="resnet50", epochs=90, deadline="1.5h", providers=["testcloud"], data_dir=tmp_path, as_of=TODAY
    )

    assert ("joined", True) == (found.result.estimates[0].offer.instance_type, found.result.estimates[0].node_count > 1)


def test_the_price_of_an_hour_does_not_hide_what_a_run_costs(tmp_path):
    """Where much data comes in, the type with the faster network is cheaper, though each of its hours is dearer."""
    a_snapshot(
        tmp_path,
        an_offer(instance_type="slow", usd_per_hour=19.0, network_gbps=0.5),
        an_offer(instance_type="fast", usd_per_hour=20.0, network_gbps=10.0),
    )
    options = {"model": "resnet50", "epochs": 90, "dataset_gb": 1000.0, "providers": ["testcloud"], "nodes": 1}

    found = planner.recommend(**options, data_dir=tmp_path, as_of=TODAY, deadline="20h")

    assert "fast" == found.result.estimates[0].offer.instance_type


def test_several_machines_may_do_what_one_cannot():
    """A model that fits no single machine asked for is planned on two or more of them."""
    options = {"model": "llama-3-70b", "tokens": 1e8, "gpus": ["H100:8"], "as_of": TODAY}
    with pytest.raises(NothingLeftError):
        planner.recommend(**options, nodes=1)

    assert planner.recommend(**options).result.estimates[0].node_count > 1


def _every_offer(asked):
    every = []
    for count in (1, 2, 4, 8):
        try:
            every += planner.estimate(**asked, nodes=count, every_offer=True).estimates
        except NothingLeftError:
            continue
    return every
