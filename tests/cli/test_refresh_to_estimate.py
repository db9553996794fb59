"""From saved pages to an answer: a refresh, then an estimate with its prices, then what moved."""

import json
import shutil

from planner.units import current_day
from tests.conftest import ROOT

ON_DEMAND_A2 = ("--provider", "gcp", "--gpu", "a100-40gb-sxm:1", "--purchase", "on_demand")


def test_a_refresh_from_recorded_pages_shows_in_the_estimate_with_todays_date(run_planner, tmp_path):
    """a2-highgpu-1g in us-central1 costs 3.673385 by the recorded rates, observed today; the move of H100 spot is listed."""
    pages, data = tmp_path / "pages", tmp_path / "data"
    pages.mkdir()
    data.mkdir()
    for page in (ROOT / "tests" / "fixtures" / "gcp").glob("*_p?.json"):
        shutil.copy(page, pages)
    day = current_day().isoformat()

    refreshed = run_planner("refresh", "--from", pages, "--observed-on", day, "--accept", "--data-dir", data)
    estimated = run_planner(
        "estimate", "--model", "resnet50", "--epochs", 90, *ON_DEMAND_A2, "--data-dir", data, "--format", "json"
    )
    moved = run_planner("prices", "diff", "--provider", "gcp", "--data-dir", data, "--all", "--format", "json")

    assert (0, 0, 0) == (refreshed.returncode, estimated.returncode, moved.returncode), refreshed.stderr
    best = json.loads(estimated.stdout)["estimates"][0]
    assert ("a2-highgpu-1g", "us-central1", day) == (best["instance_type"], best["region"], best["price_observed_on"])
    assert abs(best["usd_per_hour"] - 3.673385) < 1e-5
    h100 = {
        (row["region"], row["purchase"]): (round(row["usd_per_hour_before"], 2), round(row["usd_per_hour"], 2))
        for row in json.loads(moved.stdout)["changes"]
        if row["instance_type"] == "a3-highgpu-8g" and row["change"] == "moved"
    }
    assert (50.61, 36.14) == h100["us-central1", "spot"]
