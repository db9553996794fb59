"""The maintenance script for cards, hosts and electricity, on figures made by hand."""

import csv

import pytest

from scripts.make_data.cards import write_cards
from scripts.make_data.electricity import write_electricity, write_grid_carbon
from scripts.make_data.hosts import write_hosts

CARDS = """gpu,condition,usd,as_of,source,note
rtx-4090,new,1599,2022-10-12,launch price: a paper,"list price at launch, see gpus.csv"
rtx-4090,new,2125,2022-2023,lambdal/deeplearning-benchmark x.csv (price column),basis not stated
rtx-4090,new,1900,2026-05,a guide,"midpoint of 1,800-2,000; other sources say far higher"
h100-80gb-sxm,new,33600,2023-05,a newsletter,DGX H100 system price divided by 8: includes the host
"""
HOSTS = """setup,gpu_count,host_cost_usd,host_cost_low_usd,host_cost_high_usd,what_is_included,host_idle_watts,host_load_watts,system_wall_watts_measured,basis,as_of,source,note
desktop-budget,1,500,400,700,a PC,60,120,,reported,2026,an article,
cpu-package-x,0,,,,CPU only,1,87,,measured,2025-01,a meter,
"""
PLACES = """region_type,country_or_region,iso,usd_per_kwh_household,usd_per_kwh_industry,grid_gco2_per_kwh,price_as_of,grid_as_of,price_source,grid_source,note
country,Georgia,GEO,0.066,0.105,120,2023-2026 average,2025,a survey,a grid,business rate used as industry
country,Germany,DEU,0.406,0.285,330,2023-2026 average,2025,a survey,a grid,
country,Germany,DEU,0.440,0.300,330,H2 2025,2025,Eurostat,a grid,newer than the 2023-2026 average row; prefer this one
aggregate,Africa,,0.127,0.123,544,2025-Q2,2024,a survey,a grid,
us-state,Georgia,US-GA,0.1369,0.0688,311,2023,2025,EIA,a mix,commercial 0.1070
us-state,Vermont,US-VT,0.2082,0.1127,0,2023,2025,EIA,a mix,commercial 0.1800
"""
GRIDS = """provider,region,city,country_iso2,state,grid_gco2_per_kwh,basis,year,provider_claims_green_energy,source
aws,us-east-1,Ashburn,US,Virginia,291,state grid average (estimate),2025,yes,a mix
aws,us-east-1,Ashburn,,,367.8,STALE: 2016-2018 factor removed,2016-2018,,an old table
ovh,DE1,Frankfurt,DE,,330,country grid average,2025,,a grid
"""


@pytest.fixture
def tables(tmp_path):
    """Every table made from the figures above, as rows."""
    (tmp_path / "gpus").mkdir()
    for name, text in (
        ("card-prices", CARDS),
        ("host-costs", HOSTS),
        ("electricity", PLACES),
        ("cloud-region-carbon", GRIDS),
    ):
        (tmp_path / "gpus" / f"{name}.csv").write_text(text)
    found = {}
    for write in (write_cards, write_hosts, write_electricity, write_grid_carbon):
        for path, _ in write(tmp_path, tmp_path / "out"):
            with path.open(newline="") as file:
                found[path.stem] = list(csv.DictReader(file))
    return found


def test_only_prices_that_somebody_pays_are_kept(tables):
    """No list price, no price of unknown basis, no share of a system; the range of a midpoint is read from its note."""
    priced = [row for row in tables["cards"] if row["usd"]]

    assert [("1900", "1800", "2000")] == [(row["usd"], row["usd_low"], row["usd_high"]) for row in priced]


def test_hosts_without_a_price_are_left_out(tables):
    """Power measurements alone cannot be bought."""
    assert ["desktop-budget", "b300-server-complete"] == [row["name"] for row in tables["hosts"]]


def test_the_newest_row_of_a_place_is_kept(tables):
    """Georgia is two places, Germany one; the commercial rate is the business price; a grid of nothing is unknown."""
    places = {(row["kind"], row["name"]): row for row in tables["electricity"]}

    assert {"Georgia", "Germany", "Vermont"} == {name for _, name in places}
    assert "0.44" == places["country", "Germany"]["usd_per_kwh_household"]
    assert "0.107" == places["us_state", "Georgia"]["usd_per_kwh_business"]
    assert "" == places["us_state", "Vermont"]["grid_gco2_per_kwh"]


def test_withdrawn_factors_and_other_clouds_are_left_out(tables):
    """One row a region that offers are priced in."""
    assert [("aws", "us-east-1", "291")] == [
        (row["provider"], row["region"], row["grid_gco2_per_kwh"]) for row in tables["grid_carbon"]
    ]
