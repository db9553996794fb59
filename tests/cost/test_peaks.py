"""A base that is owned and the rest rented: by hand, and the laws between owning, renting and both."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.cost.break_even import case_break_even_months
from planner.cost.discount import months_worth
from planner.cost.ownership import own_usd
from planner.cost.rent_or_buy import cost_curve, margin_at, margin_usd, owning_items, rent_usd
from planner.model.peaks import STEADY, Peak
from tests.builders import a_case, some_terms

BARE = some_terms(
    card_usd=900, host_usd=100, card_watts=0, host_watts=0, idle_watts=0, running_usd_per_hour=0.1, resale_fraction=0.0,
    hosting_usd_per_month=0, maintenance_fraction_per_year=0, staff_usd_per_month=0, discount_per_year=0.0, months=12,
)  # fmt: skip
PEAKS = st.builds(Peak, factor=st.floats(1, 50), share=st.floats(0, 0.99))


@st.composite
def cases(draw):
    """Any base: of any size beside the work, down to nothing; its rest at the rent of all the work."""
    usd = draw(st.floats(0, 1000))
    return a_case(
        terms=some_terms(
            card_usd=draw(st.floats(0, 1e5)),
            running_usd_per_hour=draw(st.none() | st.floats(0, 10)),
            hosting_usd_per_month=draw(st.floats(0, 1000)),
            resale_fraction=draw(st.none() | st.floats(0, 1)),
            discount_per_year=draw(st.sampled_from([0.0, 0.05, 0.3])),
            months=draw(st.floats(1, 120)),
        ),
        jobs_per_month=draw(st.floats(0, 1000)),
        rent_usd_per_job=usd,
        rest_usd_per_job=usd,
        hours_per_job=draw(st.floats(0.01, 7)),
        most_hours_per_month=draw(st.floats(0, 730)),
        peak=draw(PEAKS),
    )


def test_nine_usual_months_and_three_busy_ones_by_hand():
    """400 runs of an hour in nine months and 1,200 in three: 600 on average, of which 117.5 exceed 730 h a month."""
    case = a_case(
        terms=BARE,
        jobs_per_month=600,
        rent_usd_per_job=2,
        rest_usd_per_job=2,
        hours_per_job=1,
        most_hours_per_month=730,
        peak=Peak(factor=3, share=0.25),
    )

    # 9 x 400 + 3 x 730 = 5,790 hours of the machine a year, 3 x 470 = 1,410 rented
    assert (pytest.approx(482.5), pytest.approx(117.5)) == (case.hours_per_month, case.rest_jobs_per_month)
    assert {"cards": 900, "host": 100, "running": 579.0, "rented rest": 2820.0} == {
        item.name: pytest.approx(item.usd) for item in owning_items(case)
    }
    assert pytest.approx(14_400 - 4399) == margin_usd(case)
    assert pytest.approx(1000 / (1200 - 48.25 - 235)) == case_break_even_months(case)
    assert pytest.approx(4399) == cost_curve(case)[-1].own_usd


def test_a_changed_assumption_moves_what_exceeds_the_base():
    """Five times a usual month in busy ones, double speed, half the rent of the rest: each by hand."""
    case = a_case(
        terms=BARE, jobs_per_month=600, rent_usd_per_job=2, rest_usd_per_job=2, hours_per_job=1, most_hours_per_month=730,
        peak=Peak(factor=3, share=0.25),
    )  # fmt: skip
    margin = margin_at(case)

    # busy months of 2,000: 800 on average, 3 x 1,270 rented
    assert pytest.approx(800 * 24 - 1000 - 579 - 3 * 1270 * 2) == margin({"peak_factor": 5.0})
    # half the hours: 600 in a busy month fit
    assert pytest.approx(14_400 - 1000 - 300 * 12 * 0.1) == margin({"own_speed": 2.0})
    assert pytest.approx(14_400 - 1000 - 579 - 1410) == margin({"rest_rent": 0.5})
    assert pytest.approx(14_400 - 1000 - 579 - 1410) == margin({"rest_speed": 2.0})
    # 1,200 on average, 800 in a usual month: full all year, 470 rented in each of twelve months
    assert pytest.approx(1200 * 24 - 1000 - 730 * 1.2 - 470 * 24) == margin({"jobs_per_month": 1200.0})


@given(case=cases())
def test_base_and_rest_are_the_sum_of_their_parts(case):
    """The total is what the base costs and what the rest costs, and never less than either; the items say the same."""
    worth = months_worth(case.terms.months, case.terms.discount_per_year)
    base, rest = own_usd(case.terms, case.hours_per_month), case.rest_jobs_per_month * case.rest_usd_per_job * worth
    total = rent_usd(case) - margin_usd(case)

    close = {"rel": 1e-9, "abs": 1e-6 * (1 + rent_usd(case))}
    assert pytest.approx(base + rest, **close) == total
    assert total >= max(base, rest) - 1e-6 * (1 + rent_usd(case))
    assert pytest.approx(total, **close) == sum(item.usd for item in owning_items(case))
    assert 0 <= case.hours_per_month <= case.work_hours_per_month * (1 + 1e-9)


@given(case=cases())
def test_without_a_rest_it_is_owning_and_without_a_base_renting(case):
    """A base of which the busiest month fits costs what owning costs; one of nothing what renting costs."""
    busiest = case.work_hours_per_month * case.peak.busiest
    owned = replace(case, most_hours_per_month=busiest * (1 + 1e-9))
    nothing = replace(
        case, most_hours_per_month=0.0, terms=replace(BARE, card_usd=0, host_usd=0, months=case.terms.months)
    )

    assert pytest.approx(0, abs=1e-300) == owned.rest_jobs_per_month  # of 5e-324 jobs the least there is is left
    assert pytest.approx(
        margin_usd(replace(case, most_hours_per_month=None)), abs=1e-6 * (1 + rent_usd(case))
    ) == margin_usd(owned)
    assert pytest.approx(0, abs=1e-6 * (1 + rent_usd(nothing))) == margin_usd(nothing)


@given(case=cases(), more=st.floats(1, 3))
def test_a_larger_base_leaves_no_more_to_rent(case, more):
    """And months that are alike leave no more than months that differ, at the same work of a year."""
    larger = replace(case, most_hours_per_month=case.most_hours_per_month * more)

    slack = 1e-9 * (1 + case.jobs_per_month)
    assert larger.rest_jobs_per_month <= case.rest_jobs_per_month + slack
    assert replace(case, peak=STEADY).rest_jobs_per_month <= case.rest_jobs_per_month + slack


@pytest.mark.parametrize(("factor", "share"), [(0.5, 0.1), (2.0, 1.0), (2.0, -0.1), (float("nan"), 0.1)])
def test_impossible_peaks_are_refused(factor, share):
    """A busy month has no less work than a usual one, and some months are usual."""
    with pytest.raises(ValueError, match="must be"):
        Peak(factor=factor, share=share)
