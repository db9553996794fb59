"""What machines cost to buy: card prices, hosts, systems, electricity and grids."""

from datetime import date

import pytest

from planner.errors import UnknownNameError, UsageError
from planner.hardware.cards import Condition, card_price, load_cards
from planner.hardware.electricity import DEFAULT_PLACE, find_place, load_places, region_grid
from planner.hardware.gpus import load_gpus
from planner.hardware.hosts import load_hosts, pcie_host
from planner.hardware.machines import Given, gpus_in, machine_for
from planner.hardware.tables import read_columns

TODAY = date(2026, 11, 20)
NEW, USED = Condition.NEW, Condition.USED


def _machine(gpu, count=None, condition=NEW, **given):
    return machine_for(gpu, count, condition=condition, given=Given(**given), today=TODAY)


def test_a_price_is_the_median_of_the_newest_of_each_source():
    """RTX 4090 new: 1,700, 1,900, 2,749 and 3,149 within a year; the yearly median of a source with a newer month is not
    counted."""
    price = card_price("rtx-4090", NEW)

    assert [3149.0, 2749.0, 1900.0, 1700.0] == [row.usd for row in price.rows]
    assert (2324.5, 1700.0, 3149.0) == (price.usd, price.usd_low, price.usd_high)
    assert not price.is_stale(TODAY)


def test_an_old_price_is_stale():
    """L40: nothing newer than February 2025."""
    assert card_price("l40", NEW).is_stale(TODAY)
    assert "is old: 2025-02" in " ".join(_machine("l40").notes)


def test_a_price_nobody_states_is_none():
    """Not 0, and not the list price at launch."""
    assert card_price("titan-rtx", NEW) is None
    assert card_price("rtx-4090", Condition.REFURBISHED) is None


def test_prices_of_unknown_basis_are_not_shipped():
    """No list price at launch, no benchmark's price column, and every row says what, when and who."""
    rows = [row for rows in load_cards().values() for row in rows]

    assert not [row for row in rows if "launch price" in row.source or "deeplearning-benchmark" in row.source]
    assert not [row for row in rows if not row.source or not row.as_of or row.day > TODAY]
    assert not [row for row in rows if row.gpu not in load_gpus()]
    assert {"a10g", "radeon-pro-v520", "rtx-2060-max-q", "rx-7700s", "t4g"} == {
        row.gpu for row in rows if row.usd is None
    }


def test_one_price_without_a_range_gets_one():
    """A single source says 1,500; the truth may lie a quarter beside it."""
    cards = _machine("rtx-3090").cards

    assert (1500.0, 1125.0, 1875.0) == (cards.usd, cards.usd_low, cards.usd_high)


def test_boards_are_bought_as_boards():
    """A K80 has two GPUs and one price."""
    machine = _machine("k80", condition=USED)

    assert (1, 2, 40.0) == (machine.card_count, machine.gpu_count, machine.cards.usd)
    assert pytest.approx(2 * 150 * 0.8) == machine.card_watts
    assert [2, 4, 4, 8] == [gpus_in(*of) for of in (("k80", None), ("m60", 2), ("a16", 1), ("h100-80gb-sxm", None))]


def test_modules_are_bought_as_whole_systems():
    """Eight H100 SXM come with their server, at the price of the system; used ones in a baseboard at the modules' price."""
    new, used = _machine("h100-80gb-sxm"), _machine("h100-80gb-sxm", condition=USED)

    assert (8, 0.0, 270_000.0) == (new.gpu_count, new.cards.usd, new.host.usd)
    assert (8, 8 * 22_500.0, 75_000.0) == (used.gpu_count, used.cards.usd, used.host.usd)
    assert new.in_data_centre


@pytest.mark.parametrize(
    ("gpu", "count", "condition", "words"),
    [
        ("h100-80gb-sxm", 1, NEW, "comes in systems of 8"),
        ("a10g", None, NEW, "not sold as a card: made for AWS"),
        ("titan-rtx", None, NEW, "list price at launch was 2,499 USD.*card_usd"),
        ("a100-80gb-pcie", None, NEW, "condition used .13,000 USD"),
        ("mi300x", None, NEW, "module alone is 15,000 USD.*quote.*card_usd"),
        ("a16", None, NEW, "No price of a new A16"),
        ("rtx-4090", 9, NEW, "host_usd and host_watts"),
    ],
)
def test_what_cannot_be_bought_says_why(gpu, count, condition, words):
    """The message names what would do."""
    with pytest.raises(UsageError, match=words):
        _machine(gpu, count, condition)


def test_a_module_is_no_card_for_a_desktop():
    """A V100 with the specifications of a module needs a server that nobody sells any more; one that exists will do."""
    with pytest.raises(UsageError, match=r"only fits servers built for it.*host_usd and host_watts"):
        _machine("v100-32gb", 1)

    assert 500.0 == _machine("v100-32gb", 1, host_usd=500.0, host_watts=300.0).host.usd


def test_prices_of_years_ago_are_not_planned_with():
    """A card of 2018 and a system of 2020 need a quote; the old price is named."""
    with pytest.raises(UsageError, match=r"10,664 USD of 2018: too old to plan with"):
        _machine("v100-16gb", 1, host_usd=500.0, host_watts=300.0)
    with pytest.raises(UsageError, match=r"the newest is 199,000 USD of 2020-05\). Ask for a quote"):
        _machine("a100-40gb-sxm")


def test_a_price_far_below_the_known_one_is_questioned():
    """8 cards for the price of four: perhaps it is the price of one too few."""
    low, usual = _machine("rtx-5090", 8, card_usd=10_000.0), _machine("rtx-5090", 8, card_usd=20_000.0)

    assert "is far below 8 x" in low.notes[0]
    assert () == usual.notes


def test_a_whole_system_draws_what_its_source_says():
    """76 percent of the 10.2 kW that a DGX H100 is rated for: 8 x 700 W x 0.8 of it are the GPUs."""
    system = _machine("h100-80gb-sxm")

    assert pytest.approx(0.76 * 10_200, abs=1) == system.card_watts + system.host_watts


def test_given_money_is_for_the_whole_machine():
    """Two cards for 5,000 together; a system's price leaves nothing for the host."""
    two = _machine("rtx-4090", 2, card_usd=5000.0)
    system = _machine("b200-180gb-sxm", card_usd=400_000.0)

    assert (5000.0, 1800.0) == (two.cards.usd, two.host.usd)
    assert (400_000.0, 0.0) == (system.cards.usd, system.host.usd)


@pytest.mark.parametrize(
    ("cards", "condition", "name"),
    [
        (1, NEW, "desktop-new-2026-memory"),
        (1, USED, "desktop-budget"),
        (2, NEW, "dual-gpu-desktop"),
        (3, NEW, "four-gpu-threadripper-pro"),
        (4, Condition.REFURBISHED, "four-gpu-epyc-used"),
        (8, USED, "eight-gpu-pcie-server"),
    ],
)
def test_the_usual_host(cards, condition, name):
    """The smallest machine that holds the cards, of the same state."""
    assert name == pcie_host(cards, condition).name


def test_hosts_say_where_they_are_from():
    """Every row has a price, its basis, date and source."""
    assert not [host for host in load_hosts() if not (host.usd > 0 and host.basis and host.as_of and host.source)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Germany", "Germany"),
        ("DE", "Germany"),
        ("deu", "Germany"),
        ("CA", "Canada"),
        ("California", "California"),
        ("us-ca", "California"),
        ("Quebec", "Quebec (Canada)"),
        ("united states", "United States"),
    ],
)
def test_places_by_name_and_code(text, name):
    """Two letters are a country; states go by name or US- code."""
    assert name == find_place(text).name


def test_a_name_of_two_places_is_not_settled_by_chance():
    """Georgia is a country and a state."""
    with pytest.raises(UsageError, match=r"GE \(country\) or US-GA"):
        find_place("Georgia")


def test_an_unknown_place_comes_with_close_matches():
    """And says what to give instead."""
    with pytest.raises(UnknownNameError, match=r"Germany.*usd_per_kwh"):
        find_place("Germny")


def test_places_hold_newest_figures_and_no_zeros():
    """US household price of May 2026; an unknown grid is unknown, not clean."""
    assert (0.184, "2026-05") == (find_place("US").usd_per_kwh_household, find_place("US").price_as_of)
    assert find_place("Vermont").grid_gco2_per_kwh is None
    assert find_place(DEFAULT_PLACE) == find_place("US")
    for place in load_places():
        prices = (place.usd_per_kwh_household, place.usd_per_kwh_business)
        assert all(price is None or 0 < price < 1 for price in prices), place
        assert not any(prices) or (place.price_as_of and place.price_source), place
        assert place.grid_gco2_per_kwh is None or (0 < place.grid_gco2_per_kwh < 1500 and place.grid_source), place


@pytest.mark.parametrize(
    ("provider", "region", "grams"),
    [
        ("gcp", "us-east5", 322.0),
        ("aws", "us-east-1", 291.0),
        ("aws", "us-east-1-atl-1", 291.0),
        ("vast", "Romania/RO/EU", 251.0),
        ("vast", "CN/AS", 525.0),
        ("runpod", "CA", 191.0),
        ("oci", "global", None),
        ("lambda", "europe-central-1", None),
        ("aws", "us-gov-west-1", None),
    ],
)
def test_the_grid_under_a_region(provider, region, grams):
    """The provider's own region, its parent, or the country a marketplace names; else not known."""
    grid = region_grid(provider, region)

    assert grams == (grid and grid.gco2_per_kwh)


def test_withdrawn_grid_factors_are_not_shipped():
    """Figures that their publisher took back are left out."""
    regions = read_columns("grid_carbon.csv", "provider", "region")
    grids = [region_grid(*region) for region in regions]
    assert len(set(regions)) == len(regions)
    assert not [grid for grid in grids if "STALE" in grid.where]
    assert all(0 < grid.gco2_per_kwh < 1500 for grid in grids)
