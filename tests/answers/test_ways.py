"""Recommendations against brute force: every offer on every number of machines, by the recommendation's own order."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planner
from planner.errors import LimitError, NothingLeftError
from planner.prices.groups import offer_name
from tests.answers.drawn_jobs import JOBS
from tests.builders import a_snapshot, an_offer

TODAY = date(2026, 11, 20)
NOT_ASKED = ("max_hours", "max_usd", "sort", "nodes")


@settings(max_examples=12, deadline=None)
@given(
    job=JOBS.map(lambda job: {name: value for name, value in job.items() if name not in NOT_ASKED}),
    nodes=st.sampled_from([None, 1, 2]),
    deadline_hours=st.none() | st.floats(min_value=0.1, max_value=300),
    budget_usd=st.none() | st.floats(min_value=1, max_value=5000),
)
def test_the_answer_is_that_of_brute_force(job, nodes, deadline_hours, budget_usd):
    """The best of each row that holds the limits, best first; or none, where no offer does."""
    every = _every_offer(job, nodes)
    holding = [
        one
        for one in every
        if (deadline_hours is None or one.seconds <= deadline_hours * 3600)
        and (budget_usd is None or one.usd <= budget_usd)
    ]
    best = {}
    for one in sorted(holding, key=_merit(deadline_hours, budget_usd)):
        offer = one.offer
        best.setdefault((offer.provider, offer.gpu, offer.gpu_count, offer.purchase, one.node_count), one)
    limits = {"deadline": deadline_hours and f"{deadline_hours:.20f}h", "budget_usd": budget_usd}

    try:
        found = planner.recommend(**job, **limits, nodes=nodes, limit=5, as_of=TODAY).result.estimates
    except NothingLeftError:
        assert not every
    except LimitError:
        assert every
        assert not holding
    else:
        assert [_bare(one) for one in list(best.values())[:5]] == [_bare(one) for one in found]


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


def _every_offer(job, nodes):
    every = []
    for count in (1, 2, 4, 8) if nodes is None else (nodes,):
        try:
            found = planner.estimate(**job, nodes=count, every_offer=True, as_of=TODAY).estimates
        except NothingLeftError:
            continue
        every += [one for one in found if nodes is not None or count == 1 or one.offer.network_gbps is not None]
    return every


def _merit(deadline_hours, budget_usd):
    def merit(one):
        usd, seconds = one.usd, one.seconds
        if deadline_hours is not None:
            order = usd, seconds
        else:
            order = (usd * seconds, usd) if budget_usd is None else (seconds, usd)
        return *order, usd, seconds, one.offer.usd_per_hour, offer_name(one.offer), one.node_count

    return merit


def _bare(one):
    return replace(one, rank=0, is_pareto=False)
