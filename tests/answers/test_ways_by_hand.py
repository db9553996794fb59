"""Eight H100 at 60 % of the month: every way to pay worked out from the price books and tables, with no code of the planner."""

import csv
import math
from datetime import date

import pytest

from planner import compare
from tests.conftest import ROOT

HOURS, MONTHS = 438.0, 36  # 60 % of 730
WORTH = sum(1.08 ** (-month / 12) for month in range(1, MONTHS + 1))  # 8 % a year: of machines of 50,000 USD and more


@pytest.fixture(scope="module")
def lines():
    """The lines by way to pay and market; interruptions of spot as the test of an hour of work has them."""
    result = compare(
        buy="h100-80gb-sxm:8",
        utilisation=0.6,
        interruptions_per_hour=0.2,
        checkpoint_seconds=36.0,
        checkpoint_interval_seconds=1800.0,
        restart_seconds=180.0,
        without=["failures"],
        as_of=date(2026, 11, 25),
    )
    return {(row.way, row.market): row for row in result.alternatives}


def book_price(name, purchase):
    """USD an hour in the newest book of the provider, of the machine with that full name."""
    _, where, _, region = name.split(", ")
    provider, instance = where.split(" ", 1)
    newest = max((ROOT / "data" / "prices" / provider).glob("*.csv"))
    rows = csv.DictReader(newest.read_text(encoding="utf-8").splitlines())
    found = {
        float(row["usd_per_hour"])
        for row in rows
        if (row["gpu"], float(row["gpu_count"]), row["instance_type"], row["purchase"])
        == ("h100-80gb-sxm", 8, instance, purchase)
        and region in (row["region"], row["zone"])
    }
    (usd,) = found
    return usd


def cheapest(providers):
    """The lowest price on demand of eight H100 in the newest books of these, less than a year old."""
    found = []
    for provider in providers:
        newest = max((ROOT / "data" / "prices" / provider).glob("*.csv"))
        for row in csv.DictReader(newest.read_text(encoding="utf-8").splitlines()):
            is_wanted = (row["gpu"], row["gpu_count"], row["purchase"]) == ("h100-80gb-sxm", "8", "on_demand")
            if is_wanted and row["observed_on"] > "2025-11-25":
                found.append(float(row["usd_per_hour"]))
    return min(found)


def test_hours_on_demand_are_paid_by_the_hour(lines):
    """438 hours a month at the price of the book, the lowest there is; 8 x 438 GPU hours are delivered."""
    for market, providers in (
        ("large_cloud", ("aws", "azure", "gcp", "oci")),
        ("gpu_cloud", ("runpod", "lambda", "nebius", "crusoe", "coreweave", "hyperstack", "vultr")),
    ):
        line = lines["on_demand", market]
        usd = book_price(line.name, "on_demand")

        assert cheapest(providers) == usd
        assert (pytest.approx(HOURS * usd), pytest.approx(HOURS * usd * WORTH)) == (line.usd_per_month, line.usd_total)
        assert pytest.approx(usd / 8) == line.usd_per_gpu_hour


def test_a_marketplace_is_paid_by_the_hour(lines):
    """At its level."""
    line = lines["marketplace", "marketplace"]

    assert pytest.approx(HOURS * book_price(line.name, "on_demand")) == line.usd_per_month


def test_spot_pays_for_its_interruptions(lines):
    """At 0.2 an hour a piece of half an hour with its checkpoint takes e^(0.2 x 0.05) (e^(0.2 x 0.51) - 1) / 0.2 hours."""
    line = lines["spot", "spot"]
    each = 2 * math.exp(0.2 * 0.05) * math.expm1(0.2 * 0.51) / 0.2

    assert pytest.approx(HOURS * each * book_price(line.name, "spot")) == line.usd_per_month


@pytest.mark.parametrize("way", ["reserved_1y", "reserved_3y"])
def test_a_commitment_pays_every_hour(lines, way):
    """730 hours a month, and the GPU hours that work share them."""
    line = lines[way, "commitment"]
    usd = 730 * book_price(line.name, way)

    assert (pytest.approx(usd), pytest.approx(usd * WORTH)) == (line.usd_per_month, line.usd_total)
    assert pytest.approx(usd / (8 * HOURS)) == line.usd_per_gpu_hour


@pytest.mark.parametrize(
    ("way", "usd", "host_watts", "host_idle"),
    [
        ("buy_new", 270_000, 3272, 1800),  # a whole system
        ("buy_used", 8 * 22_500 + 75_000, 3000, 1500),  # modules at 21,500 and 23,500, and what they stand in
    ],
)
def test_a_machine_pays_purchase_power_place_people_and_money(lines, way, usd, host_watts, host_idle):
    """Resale of 30 % after three years; 1.58 x 0.135 USD/kWh; 184.06 USD a kW, 2,150 USD of staff, 10 % a year, 8 % money."""
    with (ROOT / "data" / "gpus.csv").open(encoding="utf-8", newline="") as file:
        idle = next(float(row["idle_watts"]) for row in csv.DictReader(file) if row["name"] == "h100-80gb-sxm")
    load, rest = 8 * 700 * 0.8 + host_watts, 8 * idle + host_idle
    power = (load * HOURS + rest * (730 - HOURS)) / 1000 * 1.58 * 0.135
    month = power + (8 * 700 + host_watts) / 1000 * 184.06 + 2150 + 0.1 * usd / 12

    total = usd + month * WORTH - 0.30 * usd / 1.08**3

    assert pytest.approx(total) == lines[way, "own"].usd_total
    assert pytest.approx(total / WORTH / (8 * HOURS)) == lines[way, "own"].usd_per_gpu_hour
