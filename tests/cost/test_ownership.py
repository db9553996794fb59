"""What owning costs: every item by hand, its zero case, and the laws between them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.cost.break_even import break_even_months, case_break_even_months, never_reason, paid_if_sold_months
from planner.cost.discount import monthly_rate, months_worth, worth_today
from planner.cost.ownership import kwh_per_month, own_usd, ownership_items, running_usd_per_month
from planner.cost.rent_or_buy import cost_curve, margin_usd, rent_usd
from planner.cost.resale import ResaleCurve, resale_fraction, value_fraction
from tests.builders import a_case, some_terms

MONEY = st.floats(min_value=0, max_value=1e6)
FRACTION = st.floats(min_value=0, max_value=1)
DISCOUNT = st.sampled_from([0.0, 1e-12, 0.01, 0.05, 0.3, 1.0])


def _usd(items):
    return {item.name: round(item.usd, 6) for item in items}


@st.composite
def terms(draw):
    return some_terms(
        card_usd=draw(MONEY),
        host_usd=draw(MONEY),
        idle_watts=draw(st.floats(0, 500)),
        pue=draw(st.floats(1, 3)),
        usd_per_kwh=draw(st.floats(0, 1)),
        running_usd_per_hour=draw(st.none() | st.floats(0, 10)),
        hosting_usd_per_month=draw(st.floats(0, 1000)),
        maintenance_fraction_per_year=draw(FRACTION),
        staff_usd_per_month=draw(st.floats(0, 1000)),
        resale_fraction=draw(st.none() | FRACTION),
        resale_curve=draw(st.sampled_from(ResaleCurve)),
        discount_per_year=draw(DISCOUNT),
        months=draw(st.floats(1, 120)),
    )


@st.composite
def cases(draw):
    return a_case(
        terms=draw(terms()),
        jobs_per_month=draw(st.floats(0, 100)),
        rent_usd_per_job=draw(st.floats(0, 1000)),
        hours_per_job=draw(st.floats(0.01, 7)),
    )


def test_every_item_by_hand():
    """Two years of a 3,000 USD machine at 100 hours a month, with everything there is."""
    machine = some_terms(
        card_usd=2000,
        host_usd=1000,
        card_watts=400,
        host_watts=100,
        idle_watts=50,
        pue=1.5,
        usd_per_kwh=0.2,
        hosting_usd_per_month=10,
        maintenance_fraction_per_year=0.02,
        staff_usd_per_month=5,
        resale_fraction=0.25,
        months=24,
    )

    items = _usd(ownership_items(machine, 100))

    assert {
        "cards": 2000,
        "host": 1000,
        "electricity under load": 360.0,  # 0.5 kW x 100 h x 1.5 x 24 x 0.2
        "electricity idle": 226.8,  # 0.05 kW x 630 h x 1.5 x 24 x 0.2
        "hosting": 240,
        "maintenance": 120.0,
        "staff": 120,
        "resale": -750.0,
    } == items


def test_a_running_cost_replaces_both_electricity_items():
    """Hours used at the price given, and no kWh beside them."""
    machine = some_terms(card_usd=100, running_usd_per_hour=0.5, idle_watts=100, months=10)

    assert {"cards": 100, "running": 500.0, "resale": -30.0} == _usd(ownership_items(machine, 100))


def test_a_discount_makes_later_payments_cheaper():
    """A year of 100 USD a month at 10 percent is worth 1,149.46 - 0 USD today: an item of its own says so."""
    machine = some_terms(card_usd=500, hosting_usd_per_month=100, discount_per_year=0.1, months=12)

    items = _usd(ownership_items(machine, 0))

    rate = 1.1 ** (1 / 12) - 1
    assert pytest.approx(100 * (1 - 1 / 1.1) / rate - 1200 + 150 - 150 / 1.1) == items["later payments"]


def test_an_idle_machine_without_idle_watts_uses_nothing():
    """Switched off between jobs."""
    assert (0.0, 0.0) == kwh_per_month(some_terms(idle_watts=0), 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [("card_usd", -1), ("pue", 0.5), ("months", 0), ("usd_per_kwh", float("nan")), ("resale_fraction", -0.1)],
)
def test_impossible_terms_are_refused(field, value):
    """The message names the field and the value."""
    with pytest.raises(ValueError, match=field):
        some_terms(**{field: value})


@given(machine=terms(), hours=st.floats(0, 730))
def test_items_sum_to_the_total(machine, hours):
    """Purchase + running costs - resale, worth today, is the sum of what is listed."""
    total = sum(item.usd for item in ownership_items(machine, hours))

    assert pytest.approx(own_usd(machine, hours), rel=1e-9, abs=1e-6) == total


@given(case=cases(), factor=st.floats(0.01, 100))
def test_scaling_all_money_scales_the_margin(case, factor):
    """A decision does not depend on the currency."""
    scaled = replace(
        case,
        rent_usd_per_job=case.rent_usd_per_job * factor,
        terms=replace(
            case.terms,
            card_usd=case.terms.card_usd * factor,
            host_usd=case.terms.host_usd * factor,
            usd_per_kwh=case.terms.usd_per_kwh * factor,
            running_usd_per_hour=None
            if case.terms.running_usd_per_hour is None
            else case.terms.running_usd_per_hour * factor,
            hosting_usd_per_month=case.terms.hosting_usd_per_month * factor,
            staff_usd_per_month=case.terms.staff_usd_per_month * factor,
        ),
    )
    size = rent_usd(case) + case.terms.upfront_usd + abs(own_usd(case.terms, case.hours_per_month)) + 1

    assert pytest.approx(margin_usd(case) * factor, rel=1e-6, abs=1e-9 * size * factor) == margin_usd(scaled)


@given(case=cases(), dearer=st.floats(0, 1))
def test_dearer_electricity_never_helps_buying(case, dearer):
    """The margin of buying falls or stays."""
    changed = replace(case, terms=replace(case.terms, usd_per_kwh=case.terms.usd_per_kwh + dearer))

    assert margin_usd(changed) <= margin_usd(case) + 1e-6


@given(case=cases())
def test_break_even_is_where_the_curves_cross(case):
    """At that month both sides have cost the same; without one, renting never catches up."""
    months = case_break_even_months(case)

    terms_ = case.terms
    saving = case.rent_usd_per_month - running_usd_per_month(terms_, case.hours_per_month)
    if months is None:
        assert saving * months_worth(1200, terms_.discount_per_year) < terms_.upfront_usd or saving <= 0
    else:
        saved = saving * months_worth(months, terms_.discount_per_year)
        assert pytest.approx(terms_.upfront_usd, rel=1e-6, abs=1e-6) == saved or terms_.upfront_usd == 0


def test_break_even_lies_between_the_months_where_the_curve_changes_sides():
    """3,000 USD at 250 USD saved a month: month 12."""
    case = a_case(jobs_per_month=10, rent_usd_per_job=25, terms=some_terms(card_usd=2900, card_watts=0))

    curve = cost_curve(case)

    assert 11.6 == case_break_even_months(case)
    assert curve[11].own_usd > curve[11].rent_usd
    assert curve[12].own_usd < curve[12].rent_usd


@pytest.mark.parametrize(
    ("upfront", "saving", "discount", "expected"),
    [
        (1000, 100, 0.0, 10.0),
        (0, 100, 0.0, 0.0),
        (0, 0, 0.0, 0.0),
        (0, -1, 0.0, None),
        (1000, 0, 0.0, None),
        (1000, -5, 0.0, None),
        (1e300, 1e-300, 0.0, None),
        (1000, 1, 0.5, None),  # 1 USD a month for ever is worth 29 USD at 50 percent
    ],
)
def test_break_even_by_hand(upfront, saving, discount, expected):
    """Price by saving; never without a saving."""
    assert expected == break_even_months(upfront, saving, discount)


def test_never_has_a_reason():
    """Nothing used, running dearer than renting, or money too dear."""
    nothing = a_case(jobs_per_month=0)
    dear = a_case(rent_usd_per_job=0.001)
    costly = a_case(rent_usd_per_job=0.01, terms=some_terms(card_usd=1000, card_watts=0, discount_per_year=1.0))

    assert "nothing is used" in never_reason(nothing)
    assert "costs" in never_reason(dear)
    assert "cost of the money" in never_reason(costly)


def test_the_month_from_which_selling_leaves_no_loss():
    """1,200 USD, worth nothing from the first month, saved at 100 USD a month: month 12; never within 6."""
    case = a_case(
        jobs_per_month=1, rent_usd_per_job=100, terms=some_terms(card_usd=1200, card_watts=0, resale_fraction=0.0)
    )

    assert 12.0 == paid_if_sold_months(cost_curve(case))
    assert paid_if_sold_months(cost_curve(replace(case, terms=replace(case.terms, months=6)))) is None


@pytest.mark.parametrize(
    ("curve", "months", "expected"),
    [
        (ResaleCurve.BROKER, 0, 1.0),
        (ResaleCurve.BROKER, 12, 0.60),
        (ResaleCurve.BROKER, 18, 0.525),
        (ResaleCurve.BROKER, 36, 0.30),
        (ResaleCurve.BROKER, 60, 0.30 * (2 / 3) ** 2),
        (ResaleCurve.TREND, 0, 1.0),
        (ResaleCurve.TREND, 60, 10**-0.7),
    ],
)
def test_resale_curves_by_hand(curve, months, expected):
    """The published points, straight lines between them, and the last year's part beyond."""
    assert pytest.approx(expected) == resale_fraction(curve, months)


@given(curve=st.sampled_from(ResaleCurve), months=st.floats(0, 240), later=st.floats(0, 24))
def test_a_machine_never_gains_value(curve, months, later):
    """Resale falls with age, on every curve."""
    assert 0 <= resale_fraction(curve, months + later) <= resale_fraction(curve, months) <= 1


def test_a_given_fraction_holds_at_the_horizon():
    """And is reached by the same part each month; nothing is nothing at once."""
    assert pytest.approx(0.2) == value_fraction(36, horizon_months=36, fraction=0.2, curve=ResaleCurve.BROKER)
    assert pytest.approx(0.0) == value_fraction(1, horizon_months=36, fraction=0, curve=ResaleCurve.BROKER)


@given(discount=DISCOUNT, months=st.floats(0, 240))
def test_payments_are_worth_no_more_than_their_face(discount, months):
    """Money later is worth less than money now, and as much at a discount of nothing."""
    assert months_worth(months, discount) <= months + 1e-6
    assert worth_today(100, months, discount) <= 100 + 1e-6
    assert pytest.approx(1 + discount) == (1 + monthly_rate(discount)) ** 12


def test_the_curve_ends_at_the_totals():
    """The last month of the curve is the horizon, resale included."""
    case = a_case(terms=some_terms(discount_per_year=0.05, idle_watts=20))

    last = cost_curve(case)[-1]

    assert 36 == last.month
    assert pytest.approx(rent_usd(case)) == last.rent_usd
    assert pytest.approx(own_usd(case.terms, case.hours_per_month)) == last.own_if_sold_usd


def test_tax_falls_on_the_purchase_only():
    """25 % of 1,000 and 400 USD are 350 USD on the first day; resale and maintenance follow the price before tax."""
    untaxed = some_terms(host_usd=400.0, maintenance_fraction_per_year=0.03, discount_per_year=0.05)
    taxed = replace(untaxed, tax_fraction=0.25)

    items = _usd(ownership_items(taxed, 100))
    assert 350.0 == items.pop("tax")
    assert pytest.approx(_usd(ownership_items(untaxed, 100))) == items
    assert pytest.approx(own_usd(untaxed, 100) + 350.0) == own_usd(taxed, 100)
    assert 1750.0 == taxed.upfront_usd
    with pytest.raises(ValueError, match="tax_fraction must be at least 0"):
        replace(untaxed, tax_fraction=-0.1)
