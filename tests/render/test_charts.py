"""Charts as specifications: the numbers in them, and pictures drawn from them."""

import html
import json
import pickle
import re
from datetime import date
from itertools import pairwise

import pytest

import planner
from planner.errors import UsageError
from planner.model.records import Purchase
from planner.render.charts import comparison_charts, estimate_charts
from planner.render.charts.history import history_rows
from planner.render.charts.images import chart_image, write_charts
from planner.render.charts.parts import HUES, light_colours, log_or_linear
from planner.render.report.comparison import comparison_pictures
from planner.render.report.estimates import estimate_pictures
from planner.results.alternatives import way_title
from planner.results.comparison import document as comparison_document
from planner.results.estimate import document as estimate_document
from planner.results.machines import Machines, machine_records
from tests.builders import a_snapshot, an_offer

DAY = date(2026, 7, 1)


@pytest.fixture(scope="module")
def estimated():
    """The document of twenty estimates."""
    return estimate_document(planner.estimate(model="resnet50", epochs=90, as_of=DAY, limit=20))


@pytest.fixture(scope="module")
def compared():
    """The document of a comparison in which owning wins after some months."""
    comparison = planner.compare(buy=["rtx-3090"], condition="used", rent_usd_per_hour=0.5, utilisation=0.3, as_of=DAY)
    return comparison_document(comparison)


def values(spec):
    """The records a chart is drawn from."""
    return spec["data"]["values"]


def test_charts_come_in_the_order_they_are_read(estimated, compared):
    """Names are part of file names, so they stay."""
    history = [{"gpu": "t4", "provider": "aws", "purchase": "spot", "day": "2026-01-01", "low": 1.0, "cheapest": "x"}]

    assert ["time-cost", "cost-items", "price-history"] == list(estimate_charts(estimated, history))
    assert ["ways", "ways-months", "months", "use", "sensitivity", "cost-items"] == list(comparison_charts(compared))


def test_no_estimate_no_chart(estimated):
    """Nothing is drawn of nothing."""
    assert {} == estimate_charts({**estimated, "estimates": []})


def test_time_against_cost_holds_every_row(estimated):
    """Hours and USD of the document, with their ranges and the front."""
    rows = values(estimate_charts(estimated)["time-cost"])

    assert [
        (row["seconds"] / 3600, row["usd"], row["usd_low"], row["usd_high"], row["is_pareto"])
        for row in estimated["estimates"]
    ] == [(row["hours"], row["usd"], row["usd_low"], row["usd_high"], row["front"]) for row in rows]


@pytest.fixture(scope="module")
def all_machines():
    """The chart of three rows shown of all, and the answer with every offer, which knows all of them."""
    few = planner.estimate(model="resnet50", epochs=90, as_of=DAY, limit=3)
    spec = estimate_charts(estimate_document(few), (), machine_records(few.machines))["time-cost"]
    return spec, few, planner.estimate(model="resnet50", epochs=90, as_of=DAY, every_offer=True, limit=None).estimates


def drawn(spec):
    """Hours and USD of every row and machine of time against cost, to six digits."""
    points = [*values(spec), *values(spec["layer"][0]["layer"][0])]
    return {(float(f"{row['hours']:.6g}"), float(f"{row['usd']:.6g}")) for row in points}


def test_time_against_cost_draws_every_machine(all_machines):
    """Whatever is shown: each machine of the whole ranking at its cheapest, in less than 150 kB."""
    spec, _, everything = all_machines
    cheapest = {}
    for one in everything:
        offer = one.offer
        machine = offer.provider, offer.instance_type, offer.gpu_count, offer.purchase
        if machine not in cheapest or one.usd < cheapest[machine].usd:
            cheapest[machine] = one

    points = drawn(spec)

    assert len(cheapest) > 300
    expected = {(float(f"{one.seconds / 3600:.6g}"), float(f"{one.usd:.6g}")) for one in cheapest.values()}
    assert set() == expected - points
    assert len(json.dumps(spec)) < 150_000


def test_the_fastest_and_the_cheapest_of_all_are_named(all_machines):
    """By label and in the sentence: brute force over every offer finds the same, and the front runs from one to the other."""
    spec, _, everything = all_machines
    fastest = min(everything, key=lambda one: (one.seconds, one.usd))
    cheapest = min(everything, key=lambda one: (one.usd, one.seconds))

    named = {row["says"].partition(":")[0]: row for row in values(spec["layer"][-1])}

    for word, one in (("fastest", fastest), ("cheapest", cheapest)):
        assert one.offer.gpu in named[word]["says"]
        assert one.offer.provider in named[word]["says"]
        assert pytest.approx((one.seconds / 3600, one.usd), rel=1e-5) == (named[word]["hours"], named[word]["usd"])
    assert f"Fastest of all: {named['fastest']['says'].partition(': ')[2]} (" in spec["description"]
    front = values(spec["layer"][1])
    assert pytest.approx([named["fastest"]["usd"], named["cheapest"]["usd"]]) == [front[0]["usd"], front[-1]["usd"]]


def test_picks_are_ringed(all_machines):
    """Each at its own hours and USD."""
    spec, few, _ = all_machines

    assert [(pick.estimate.seconds / 3600, pick.estimate.usd) for pick in few.picked.picks] == [
        (row["hours"], row["usd"]) for row in values(spec["layer"][0]["layer"][1])
    ]


def test_of_too_many_machines_the_best_are_drawn(estimated):
    """A price book of one's own with thousands of machines leaves the fastest and the cheapest in the picture."""
    one = machine_records(planner.estimate(model="resnet50", epochs=90, as_of=DAY, limit=1).machines)[0]
    many = [{**one, "instance_type": f"type-{place}", "usd": 1e3 + place, "seconds": 1e6} for place in range(5000)]
    many += [{**one, "seconds": 1.0, "usd": 1e12}, {**one, "seconds": 1e12, "usd": 1e-3}]

    spec = estimate_charts(estimated, (), many)["time-cost"]

    others = values(spec["layer"][0]["layer"][0])
    assert (1200, 0.001, 1 / 3600) == (
        len(others), min(row["usd"] for row in others), pytest.approx(min(row["hours"] for row in others), rel=1e-5),
    )  # fmt: skip
    assert len(json.dumps(spec)) < 300_000


def test_machines_are_worked_out_when_they_are_asked_for():
    """Once, for the first who asks; a copy holds what was found."""
    calls = []
    machines = Machines(lambda: calls.append(1) or ())

    assert [] == calls
    assert ([], machines, [1]) == (list(machines), pickle.loads(pickle.dumps(machines)), calls)  # noqa: S301 - our own


def test_bars_add_up_to_the_bill(estimated):
    """Items of a bill, small ones together, sum to its cost; the picks are drawn, without any the first fifteen rows."""

    def sums(document):
        drawn = {}
        for row in values(estimate_charts(document)["cost-items"]):
            drawn[row["number"]] = drawn.get(row["number"], 0) + row["usd"]
        return drawn

    picks = {pick["number"]: pytest.approx(pick["estimate"]["usd"]) for pick in estimated["picks"]}
    assert 1 < len(picks) < 15
    assert picks == sums(estimated)
    ranked = {row["rank"]: pytest.approx(row["usd"]) for row in estimated["estimates"][:15]}
    assert ranked == sums({**estimated, "picks": []})


def test_many_items_share_the_last_colour(estimated):
    """Eight colours can be told apart: the smallest items become one."""
    row = json.loads(json.dumps(estimated["estimates"][0]))
    row["items"] = [{"name": f"item {size}", "usd": float(size)} for size in range(1, 12)]

    spec = estimate_charts({**estimated, "estimates": [row], "picks": []})["cost-items"]

    bills = {entry["item"]: entry["usd"] for entry in values(spec)}
    assert len(bills) == len(HUES)
    assert sum(range(1, 5)) == bills["other items"]


def test_amounts_are_in_the_chosen_currency(estimated):
    """Numbers and axis titles speak of the same money."""
    currency = {"code": "EUR", "per_usd": 0.5, "as_of": "2026-01-01", "source": "a test"}

    spec = estimate_charts({**estimated, "currency": currency})["time-cost"]

    assert estimated["estimates"][0]["usd"] * 0.5 == values(spec)[0]["usd"]
    assert spec["encoding"]["y"]["title"].startswith("EUR")


def test_a_free_run_is_drawn_on_a_linear_axis(estimated):
    """A logarithm cannot show zero."""
    free = {**estimated["estimates"][0], "usd": 0.0, "usd_low": 0.0}

    spec = estimate_charts({**estimated, "estimates": [free, *estimated["estimates"][1:]]})["time-cost"]

    assert "linear" == spec["encoding"]["y"]["scale"]["type"]
    assert "log" == spec["encoding"]["x"]["scale"]["type"]


def test_values_that_hardly_differ_get_a_longer_axis():
    """Ticks of ten digits tell nobody anything."""
    assert [pytest.approx(10.0), pytest.approx(14.52)] == log_or_linear([12.0, 12.1])["domain"]
    assert "domain" not in log_or_linear([1.0, 2.0])


def test_ranks_do_not_lie_on_each_other(estimated):
    """Of points at one place only the best is numbered."""
    twins = [{**estimated["estimates"][0], "rank": rank} for rank in (1, 2, 3)]

    rows = values(estimate_charts({**estimated, "estimates": [*twins, *estimated["estimates"][5:]]})["time-cost"])

    assert [True, False, False] == [row["labelled"] for row in rows[:3]]


def test_names_are_made_visible_and_short(estimated):
    """No direction mark, control code or novel reaches a chart."""
    row = {**estimated["estimates"][0], "instance_type": "a\u202eb\x1b[31m" + "x" * 10_000}

    shown = values(estimate_charts({**estimated, "estimates": [row]})["time-cost"])[0]["instance"]

    assert shown.startswith("a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}[31mxx")
    assert len(shown) == 80


def test_the_curve_over_months_is_that_of_the_document(compared):
    """Three lines of one point a month, and the day on which the purchase pays."""
    spec = comparison_charts(compared)["months"]

    rows = values(spec)
    owned = [row["usd"] for row in rows if row["way"] == "own"]
    assert [month["own_usd"] for month in compared["curve"]] == owned
    assert compared["break_even"]["months"] == spec["layer"][2]["data"]["values"][0]["at"]


def test_every_way_to_pay_is_a_line_that_turns_where_the_table_says(compared):
    """Over use each line passes its own figure at the planned use; over the months it ends at its total less resale."""
    charts, use = comparison_charts(compared), compared["use"]["hours_per_month"]
    over_use, over_months = charts["ways"], charts["ways-months"]
    titles = {row["name"]: (way_title(row) if row["is_rented"] else row["name"]) for row in compared["alternatives"]}

    assert (
        set(titles.values()) == {row["way"] for row in values(over_use)} == {row["way"] for row in values(over_months)}
    )
    for row in compared["alternatives"]:
        line = sorted((one["at"], one["usd"]) for one in values(over_use) if one["way"] == titles[row["name"]])
        (left, low), (right, high) = next(pair for pair in pairwise(line) if pair[1][0] >= use)
        assert pytest.approx(row["usd_per_month"], rel=1e-6) == low + (use - left) / (right - left) * (high - low)
    (turn,) = over_use["layer"][2]["data"]["values"]
    (rented,) = [row for row in compared["alternatives"] if row["is_rented"]]
    assert pytest.approx(rented["break_even_utilisation"] * 730) == turn["at"]
    (paid,) = over_months["layer"][2]["data"]["values"]
    assert pytest.approx(compared["break_even"]["months"]) == paid["at"]
    assert pytest.approx(paid["at"] * compared["rent"]["usd_per_month"]) == paid["usd"]


def test_each_assumption_has_both_its_ends(compared):
    """From the margin as planned to the margin at the low and at the high end."""
    rows = values(comparison_charts(compared)["sensitivity"])

    expected = [
        (compared["margin_usd"], margin)
        for entry in compared["sensitivity"]
        for margin in (entry["margin_low_usd"], entry["margin_high_usd"])
    ]
    assert expected == [(row["base"], row["margin"]) for row in rows]


def test_both_bills_add_up(compared):
    """The items of owning, resale below zero, sum to its total."""
    rows = values(comparison_charts(compared)["cost-items"])

    owned = sum(row["usd"] for row in rows if row["side"].startswith("own"))
    assert pytest.approx(compared["own"]["usd_total"]) == owned
    assert min(row["usd"] for row in rows) < 0


def test_history_is_of_the_markets_of_the_rows(tmp_path):
    """GPU, provider and purchase of the rows, each day up to that of the estimate; one day alone is no history."""
    for stem, usd in (("2026-01-05", 8.0), ("2026-03-05", 16.0), ("2026-09-05", 24.0)):
        day = date.fromisoformat(stem)
        offers = [an_offer(usd_per_hour=usd, observed_on=day)]
        if usd == 8.0:
            offers.append(an_offer(usd_per_hour=usd / 2, observed_on=day, purchase=Purchase.SPOT))
        a_snapshot(tmp_path, *offers, stem=stem)
    market = {"gpu": "a100-80gb-sxm", "provider": "testcloud", "purchase": "on_demand"}

    found = history_rows([market, {**market, "purchase": "spot"}, market, {"gpu": "t4"}], tmp_path, DAY)

    assert [("2026-01-05", "on_demand", 1.0), ("2026-03-05", "on_demand", 2.0)] == [
        (row["day"], row["purchase"], row["low"]) for row in found
    ]


def test_an_unknown_market_has_no_history(tmp_path):
    """Prices of a file of one's own are in no book."""
    assert [] == history_rows([{"gpu": "t4", "provider": "desk", "purchase": "on_demand"}], tmp_path, DAY)


def test_every_chart_is_drawn_as_svg_and_png(estimated, compared):
    """Pictures stand alone: drawn colours, no reference to a style sheet, the title in them."""
    for charts in (estimate_charts(estimated), comparison_charts(compared)):
        for spec in charts.values():
            svg = chart_image(spec, ".svg").decode()
            assert svg.startswith("<svg")
            assert "var(" not in svg
            assert spec["title"]["text"] in svg
            assert chart_image(spec, ".png").startswith(b"\x89PNG")


def test_a_picture_says_what_it_is_of(estimated, compared):
    """Model, machine and days, in words below its title; nothing of it is cut off above."""
    work = (f"resnet50 for {estimated['workload']['epochs']:g} epochs", estimated["answer"][0].split(" on ")[1][:10])
    machines = (compared["own"]["label"], compared["rent"]["label"])
    for charts, document, words in (
        (estimate_pictures(estimated), estimated, work),
        (comparison_pictures(compared), compared, machines),
    ):
        for spec in charts.values():
            svg = chart_image(spec, ".svg").decode()
            shown = html.unescape(" ".join(re.findall(r">([^<>]+)<", svg)))
            assert [] == [word for word in (*words, document["as_of"]) if word not in shown]
            plot = re.search(r'<g fill="none"[^>]*translate\([\d.]+,([\d.]+)\)', svg)[1]
            title = re.search(r'role-title"><g transform="translate\([-\d.]+,([-\d.]+)\)', svg)[1]
            assert float(plot) + float(title) >= 0


def test_the_name_of_a_file_chooses_the_chart(estimated, tmp_path):
    """A name that ends in a chart's is that chart; any other stands for all of them."""
    charts = estimate_charts(estimated)

    one = write_charts(charts, tmp_path / "run-cost-items.svg")
    both = write_charts(charts, tmp_path / "run.svg")

    assert [tmp_path / "run-cost-items.svg"] == one
    assert [tmp_path / "run-time-cost.svg", tmp_path / "run-cost-items.svg"] == both
    assert all(path.read_text(encoding="utf-8").startswith("<svg") for path in both)


def test_other_kinds_of_pictures_are_refused(estimated, tmp_path):
    """The message names the two that are written."""
    with pytest.raises(UsageError, match=re.escape(".svg or .png")):
        write_charts(estimate_charts(estimated), tmp_path / "run.gif")


def test_pictures_have_the_colours_of_the_light_theme():
    """Every colour a specification may name stands in the first block of the style sheet."""
    names = {hue.removeprefix("var(--").removesuffix(")") for hue in HUES}

    assert names | {"chart-ink", "chart-quiet", "chart-line", "chart-grid", "chart-paper"} == set(light_colours())
