"""The same runs at other prices: only what is paid by the hour changes."""

from dataclasses import replace
from datetime import date

import pytest

import planner
from planner.answers.repriced import repriced

DAY = date(2026, 11, 20)


def test_storage_and_traffic_cost_what_they_did():
    """At half the price of the hour the rent is half; the rest of the bill was the same before."""
    (now,) = planner.estimate(
        model="resnet50",
        epochs=90,
        dataset_gb=5000,
        results_gb=500,
        gpus=["A100:8"],
        providers=["aws"],
        limit=1,
        as_of=DAY,
    ).estimates
    half = replace(now.offer, usd_per_hour=now.offer.usd_per_hour / 2)

    (found,) = repriced([now], [half])

    rent = sum(item.usd for item in now.items if item.unit == "instance-hour")
    assert 0 < rent < now.usd
    assert pytest.approx(now.usd - rent / 2) == found.usd_before
    assert (1, half) == (found.rank_before, found.offer_before)
