"""Verdict, odds and table of a comparison cannot disagree, whatever is asked: over all its options, drawn at random."""

from datetime import date

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from planner import compare
from planner.errors import PlannerError
from tests.answers.drawn_jobs import BILL

DAY = date(2026, 11, 25)
MACHINES = st.sampled_from(
    [
        {"buy": "rtx-4090"},
        {"buy": "rtx-4090:4"},
        {"buy": ("rtx-3090", "rtx-5090")},
        {"buy": "h100-80gb-sxm:8"},
        {"buy": "b300-288gb-sxm:8"},
        {"buy": "rtx-3090", "condition": "used"},
        {"buy": "l40s", "own": "rtx-3090"},
        {"own": "rtx-4090:2"},
    ]
)
USE = st.one_of(
    st.builds(lambda part: {"utilisation": part}, st.floats(0.001, 1.0)),
    st.builds(lambda hours: {"gpu_hours_per_month": hours}, st.floats(1, 20_000)),
    st.builds(
        lambda jobs, model: {"jobs_per_month": jobs, **model},
        st.floats(0.01, 30),
        st.sampled_from(
            [
                {"model": "resnet50", "epochs": 9},
                {"model": "bert-large-squad", "epochs": 2},
                {"model": "llama-3-8b", "method": "qlora", "tokens": 1e7},
            ]
        ),
    ),
)
TERMS = st.fixed_dictionaries(
    {},
    optional={
        "months": st.floats(1, 120),
        "peak_factor": st.floats(1, 20),
        "rent_usd_per_hour": st.floats(0.01, 100),
        "against": st.sampled_from(["on_demand", "spot", "marketplace", "reserved_1y", "reserved_3y"]),
        "card_usd": st.floats(0, 400_000),
        "host_usd": st.floats(0, 100_000),
        "card_watts": st.floats(1, 10_000),
        "host_watts": st.floats(0, 5000),
        "idle_watts": st.floats(0, 3000),
        "pue": st.floats(1, 2),
        "usd_per_kwh": st.floats(0, 1),
        "country": st.sampled_from(["Germany", "India", "France"]),
        "running_usd_per_hour": st.floats(0, 3),
        "hosting_usd_per_month": st.floats(0, 5000),
        "maintenance_fraction_per_year": st.floats(0, 0.5),
        "staff_usd_per_month": st.floats(0, 20_000),
        "networking_usd": st.floats(0, 50_000),
        "resale_fraction": st.floats(0, 1),
        "discount_per_year": st.floats(0, 0.5),
        "providers": st.sampled_from([("aws",), ("gcp", "azure"), ("runpod",)]),
        "purchases": st.sampled_from([("spot",), ("on_demand",), ("reserved_1y", "on_demand")]),
    },
)
QUESTIONS = st.tuples(MACHINES, USE, TERMS, BILL).map(lambda parts: {key: part[key] for part in parts for key in part})


def check(asked):
    """Fails where sentence, odds and table of the comparison say different things; passes what cannot be asked."""
    try:
        result = compare(**asked, as_of=DAY)
    except PlannerError:
        assume(False)
    own, share = result.own, result.odds.probability_buying_wins
    margin = own.rent_usd - own.usd
    assert pytest.approx(margin, abs=1e-6 * (1 + abs(own.usd) + own.rent_usd)) == own.margin_usd
    assert pytest.approx(own.usd, rel=1e-9, abs=1e-6) == sum(item.usd for item in own.items)

    rows = {row.name: row for row in result.alternatives}
    ours, rented = rows[own.label], rows[result.rent.label]
    assert pytest.approx((own.usd, own.rent_usd), rel=1e-6, abs=1e-6) == (ours.usd_total, rented.usd_total)
    assert [row.usd_total for row in result.alternatives] == sorted(row.usd_total for row in result.alternatives)

    turning = [entry for entry in result.sensitivity if entry.turns]
    start = result.verdict.partition(" ")[0].rstrip(":")
    assert 0 <= share <= 1
    if start in ("Buy", "Use"):
        assert own.margin_usd > 0
        assert share > 0.5
        assert ours.usd_total < rented.usd_total
    elif start == "Rent":
        assert own.margin_usd <= 0
        assert share <= 0.5
        assert ours.usd_total >= rented.usd_total
    else:
        assert result.verdict.startswith("Too close to call")
        assert (own.margin_usd > 0) != (share > 0.5)
    assert not (turning and (" in 100% of" in result.verdict or " in 0% of" in result.verdict))
    for entry in result.sensitivity:
        assert entry.low <= entry.base <= entry.high
        if (entry.margin_low_usd > 0) != (entry.margin_high_usd > 0):
            assert entry.turns
    if ". Against " in result.verdict:
        said = result.verdict.rpartition(". Against ")[2]
        ways = said.removesuffix(" renting is cheaper.").removesuffix(" buying is cheaper.").split(", ")
        for way in ways:
            cheapest = min(row.usd_total for row in result.alternatives if row.title == way and row.is_rented)
            dearest = max(row.usd_total for row in result.alternatives if row.title == way and row.is_rented)
            assert cheapest <= own.usd if own.margin_usd > 0 else dearest > own.usd


_SLOW_TO_DRAW = (HealthCheck.too_slow, HealthCheck.filter_too_much)


A_MONTH = {"buy": "rtx-4090", "utilisation": 1.0, "months": 1.0, "purchases": ("spot",), "providers": ("aws",)}
A_MONTH |= {"discount_per_year": 0.0, "resale_fraction": 0.0, "rent_usd_per_hour": 7.0}
"""The verdict turns at a life below the shortest that is looked for, a month, and within the range of the life."""


@settings(max_examples=12, deadline=None, suppress_health_check=_SLOW_TO_DRAW)
@example(asked=A_MONTH)
@given(asked=QUESTIONS)
def test_verdict_odds_and_table_agree_on_a_few(asked):
    """A dozen each time."""
    check(asked)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=_SLOW_TO_DRAW)
@given(asked=QUESTIONS)
def test_verdict_odds_and_table_agree_on_five_hundred(asked):
    """Every option of the owner's side and of the bill, machines of a desk and of a data centre, by hours and by runs."""
    check(asked)
