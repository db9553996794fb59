"""Break-even points that others have published, reproduced to rounding."""

import pytest

from planner.answers.compare import compare
from planner.cost.break_even import break_even_months

LENOVO = "https://lenovopress.lenovo.com/lp2225-on-premise-vs-cloud-generative-ai-total-cost-of-ownership"
DETTMERS = "https://timdettmers.com/2023/01/30/which-gpu-for-deep-learning/"
DAYS_PER_MONTH = 365 / 12


def test_a_server_of_eight_h100_against_on_demand():
    """Lenovo (LP2225, May 2025): 833,806 USD and 0.87 USD/h against 98.32 USD/h break even after 8,556 hours."""
    result = compare(
        buy="h100-80gb-sxm:8",
        card_usd=833_806,
        running_usd_per_hour=0.87,
        rent_usd_per_hour=98.32,
        utilisation=1.0,
        hosting_usd_per_month=0,  # nothing but power is counted there
        staff_usd_per_month=0,
        maintenance_fraction_per_year=0,
        discount_per_year=0,
    )

    assert 8556 == round(result.break_even.gpu_hours), LENOVO
    assert pytest.approx(11.7, abs=0.05) == result.break_even.months
    assert 8556 == round(break_even_months(833_806, 98.32 - 0.87))  # hours in, hours out


def test_a_desktop_used_fifteen_percent_of_the_time():
    """T. Dettmers (2020, 2023): 2,200 USD, 350 + 100 W at 0.12 USD/kWh against 2.14 USD/h, about 293 days at 15 percent."""
    result = compare(
        buy="rtx-3090",
        card_usd=2200,
        host_usd=0,
        card_watts=350,
        host_watts=100,
        usd_per_kwh=0.12,
        rent_usd_per_hour=2.14,
        utilisation=0.15,
    )

    assert 293 == round(result.break_even.months * DAYS_PER_MONTH), DETTMERS
    assert pytest.approx(591, abs=0.5) == result.own.kwh / 3  # kWh a year, as the text has it


@pytest.mark.parametrize("use", [{"utilisation": 0.0}, {"gpu_hours_per_month": 0}])
def test_nothing_used_never_breaks_even(use):
    """Without use nothing is saved; the reason is given."""
    result = compare(buy="rtx-3090", rent_usd_per_hour=2.14, **use)

    assert (None, None, None) == (result.break_even.jobs, result.break_even.months, result.break_even.gpu_hours)
    assert "never pays: nothing is used" in result.verdict
