"""Cards ranked for a model: rates, prices and watts that belong together, and the card for a budget."""

from datetime import date

import pytest

import planner
from planner.answers.cards_ranked import budget_sentence, cards_within, cheapest_way, ranked_cards
from planner.errors import LimitError, NoThroughputError, UnknownNameError, UsageError
from planner.hardware.cards import Condition, card_price
from planner.hardware.gpus import load_gpus

DAY = date(2026, 11, 26)
RESNET = {"model": "resnet50"}


@pytest.fixture(scope="module")
def by_value():
    """Every card for ResNet-50."""
    return ranked_cards(RESNET, today=DAY)


def test_a_row_is_speed_over_price(by_value):
    """Of the RTX 3090, worked out from what the other commands say: 24 GiB, used price, 80 % of 350 W."""
    (row,) = (row for row in by_value.rows if row.gpu.name == "rtx-3090")
    rate = planner.predict_throughput(model="resnet50", gpu="rtx-3090")
    low, high = rate.relative_ends
    price = card_price("rtx-3090", Condition.USED)

    assert pytest.approx(rate.samples_per_second / price.usd) == row.per_usd_used.middle
    assert pytest.approx((low / price.usd_high, high / price.usd_low)) == (row.per_usd_used.low, row.per_usd_used.high)
    assert pytest.approx(rate.samples_per_second / (0.8 * 350)) == row.per_watt.middle
    assert pytest.approx((low / 350, high / 210)) == (row.per_watt.low, row.per_watt.high)


def test_the_order_is_that_of_the_figure(by_value):
    """Prices older than a year do not count: such rows stand last."""
    merits = [row.best_per_usd for row in by_value.rows]
    known = [merit for merit in merits if merit is not None]

    assert sorted(known, reverse=True) == known
    assert merits == [*known, *[None] * (len(merits) - len(known))]
    assert len(known) >= 10


def test_watts_count_for_every_gpu():
    """Modules too, which no shop sells as a card; an L4 beats a GTX 1080 Ti three times over."""
    found = ranked_cards(RESNET, "watt", today=DAY)
    merits = {row.gpu.name: row.per_watt.middle for row in found.rows if row.per_watt is not None}

    assert list(merits.values()) == sorted(merits.values(), reverse=True)
    assert {name for name, gpu in load_gpus().items() if gpu.tdp_watts} - merits.keys() <= {"k80", "m60"}
    assert merits["l4"] > 3 * merits["gtx-1080-ti"]


def test_the_card_for_a_budget_is_the_fastest_that_it_buys():
    """At prices of the last year, in the cheaper condition, and only cards that today's PyTorch runs on."""
    found = cards_within(RESNET, 800, today=DAY)

    assert all(cheapest_way(row)[1].usd <= 800 for row in found.rows)
    assert [row.throughput.samples_per_second for row in found.rows] == sorted(
        (row.throughput.samples_per_second for row in found.rows), reverse=True
    )
    assert "rtx-3090" == found.rows[0].gpu.name
    assert not {"gtx-1080-ti", "p40"} & {row.gpu.name for row in found.rows}


def test_a_budget_below_every_card_is_a_limit():
    """With the cheapest there is."""
    with pytest.raises(LimitError, match="The cheapest is Tesla P40: 162 USD"):
        cards_within(RESNET, 10, today=DAY)


def test_a_recommendation_names_the_card():
    """Beside what it says of renting."""
    found = planner.recommend(model="resnet50", epochs=1, card_budget=400, providers=["aws"], as_of=DAY)

    assert any("Which card for 400 USD: GeForce RTX 3080" in sentence for sentence in found.sentences)


def test_a_recommendation_keeps_to_the_gpus_that_were_named():
    """For the card as for the machines: an RTX 3060 for the money though an RTX 3080 would do, and none of T4."""
    (one,) = cards_within(RESNET, 400, ["RTX 3060"], today=DAY).rows
    found = planner.recommend(model="resnet50", epochs=1, card_budget=400, gpus=["T4"], as_of=DAY)

    assert "rtx-3060" == one.gpu.name
    assert any("no card that was named" in sentence for sentence in found.sentences)


def test_a_card_of_old_builds_is_named_where_no_other_costs_so_little():
    """A P40 for 162 USD used, with what PyTorch needs there; with 400 USD one that runs at once comes before it."""
    found = cards_within(RESNET, 200, today=DAY)

    assert ["p40"] == [row.gpu.name for row in found.rows]
    assert "162 USD" in budget_sentence(found, 200)
    assert "P40 needs another wheel of PyTorch: cu126" in budget_sentence(found, 200)
    assert "p40" not in {row.gpu.name for row in cards_within(RESNET, 400, today=DAY).rows}


def test_pytorch_has_no_part_in_cards_for_trees():
    """They are built by their own tools: a P40 stands among cards for 800 USD without a word on wheels."""
    found = cards_within({"model": "xgboost", "rows": 1e7}, 800, today=DAY)

    assert "p40" in {row.gpu.name for row in found.rows}
    assert "wheel" not in budget_sentence(found, 800)


def test_processors_are_ranked_where_they_are_named():
    """Rate over 80 % of 145 W; no table has what one costs."""
    found = ranked_cards({"model": "xgboost", "rows": 1e7}, "watt", ["Xeon E5-2686 v4", "T4"], today=DAY)
    (row,) = (row for row in found.rows if row.gpu.name == "xeon-e5-2686-v4")

    assert (None, None) == (row.new, row.used)
    assert pytest.approx(1e9 / 40.645 / (0.8 * 145)) == row.per_watt.middle


def test_language_models_and_trees_are_ranked_too():
    """What does not fit is left out with the reason; trees are as fast on every card that was not measured."""
    text = ranked_cards({"model": "llama-3-8b", "method": "qlora"}, today=DAY)
    trees = ranked_cards({"model": "xgboost", "rows": 1e6}, gpus=["RTX 3090", "RTX 4090"], today=DAY)

    assert any("does not fit" in reason for reason in text.left_out)
    assert {"rtx-3090", "rtx-4090"} == {row.gpu.name for row in trees.rows}


@pytest.mark.parametrize(
    ("asked", "rank", "gpus", "error", "said"),
    [
        (RESNET, "nice", (), UnknownNameError, "Unknown rank"),
        ({}, "value", (), UsageError, "For which model"),
        (RESNET, "value", ("RTX 9999",), UnknownNameError, "Unknown GPU"),
        ({"model": "llama-3.1-70b", "method": "full"}, "value", ("T4",), NoThroughputError, "does not fit"),
    ],
)
def test_what_cannot_be_ranked_is_refused(asked, rank, gpus, error, said):
    """By the name that is wrong, or with the reason why nothing runs."""
    with pytest.raises(error, match=said):
        ranked_cards(asked, rank, gpus, today=DAY)


def test_the_commands_show_ranges(run_planner):
    """The table has a range in every figure; JSON has each end, and the day of each price."""
    import json  # noqa: PLC0415 - one test of this file

    table = run_planner("gpus", "--rank", "value", "--model", "resnet50", "--limit", "3")
    data = json.loads(
        run_planner("recommend", "--model", "resnet50", "--card-budget", "400", "--format", "json").stdout
    )

    assert 4 == len(table.stdout.splitlines())
    first = data["cards"][0]
    assert first["samples_per_second_low"] < first["samples_per_second"] < first["samples_per_second_high"]
    assert first["per_usd_used_low"] <= first["per_usd_used"] <= first["per_usd_used_high"]
    assert first["usd_used"] <= 400
    assert first["usd_used_as_of"].startswith("20")


def test_cards_without_a_price_stand_last_by_speed():
    """None of these is sold at a price of the last year."""
    found = ranked_cards(RESNET, "value", ["GTX 1050", "Radeon VII", "Titan RTX"], today=DAY)

    assert ["titan-rtx", "radeon-vii", "gtx-1050"] == [row.gpu.name for row in found.rows]


def test_a_network_that_nobody_measured_has_the_range_of_anybodys_code():
    """Stable Diffusion 1.5: there is no stack to be as fast as, so that the ends are those of every estimate."""
    (row,) = ranked_cards({"model": "sd-1.5"}, "watt", ["A100 80GB SXM"]).rows
    found = planner.predict_throughput(model="sd-1.5", gpu="a100-80gb-sxm")

    assert (found.low, found.high) == row.ends
    assert row.ends[1] / row.ends[0] > 4
    assert pytest.approx((found.low / 400, found.high / 240)) == (row.per_watt.low, row.per_watt.high)  # of 400 W
