"""Recommendations: the best within the limits, by brute force; what nearly won; limits that cannot be met."""

import json
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planner
from planner.answers.recommend_words import DESK_CARDS
from planner.errors import LimitError, UsageError
from planner.render.front import front_picture
from tests.answers.test_estimate import book  # noqa: F401 - a fixture
from tests.examples import examples

TODAY = date(2026, 7, 1)


def run(book, **options):  # noqa: F811 - the fixture's value
    return planner.recommend(model="resnet50", epochs=90, nodes=1, data_dir=book, as_of=TODAY, **options)


def everything(book):  # noqa: F811
    return planner.estimate(model="resnet50", epochs=90, data_dir=book, as_of=TODAY).estimates


@pytest.fixture(scope="module")
def all_of_them():
    """Every estimate of the shipped books."""
    return planner.estimate(model="resnet50", epochs=90, as_of=date(2026, 11, 20)).estimates


@settings(max_examples=examples(6), deadline=None)
@given(limit_hours=st.floats(min_value=4.0, max_value=100.0))
def test_with_a_deadline_nothing_that_may_be_picked_costs_half(all_of_them, limit_hours):
    """Whatever is sure to end in time and may be picked is not cheaper than half of it: ends weigh, but not that much."""
    found = planner.recommend(
        model="resnet50", epochs=90, nodes=1, deadline=f"{limit_hours}h", as_of=date(2026, 11, 20)
    )

    best = found.result.estimates[0]
    others = [one for one in all_of_them if one.not_picked is None and one.seconds_high <= limit_hours * 3600]
    assert best.seconds_high <= limit_hours * 3600
    assert all(one.usd > 0.5 * best.usd for one in others)


@pytest.mark.parametrize(
    ("gpus", "is_said"), [(["h100-80gb-sxm:8", "b200-180gb-sxm:8"], True), (["h100-80gb-sxm:8"], False)]
)
def test_a_row_expected_to_be_better_is_named_with_its_doubt(gpus, is_said):
    """B200 should take half the time for the same money, but its speed is less known: not first, and that is said."""
    job = {"model": "gpt2", "tokens": "10B", "providers": ["aws"], "purchases": ["on_demand"], "gpus": gpus}
    job |= {"nodes": 1, "as_of": date(2026, 11, 26)}

    found = planner.recommend(**job)

    least = min(found.result.estimates, key=lambda one: one.usd + 10 * one.seconds / 3600)
    best = found.result.estimates[0]
    said = [text for text in found.answer if "are expected on" in text]
    is_better = least.usd + 10 * least.seconds / 3600 < 0.95 * (best.usd + 10 * best.seconds / 3600)
    assert is_said == is_better == bool(said)
    if is_said:
        assert (
            f"{least.usd:.0f} USD and {least.seconds / 60:.0f} min are expected on 8x B200 at AWS, which is less sure"
            in said[0]
        )
        assert "8x H100" in found.answer[0]
        assert not [text for text in found.answer if "USD more save" in text and "8x B200" in text]  # said already


@pytest.mark.parametrize("limits", [{}, {"deadline": "100h"}, {"budget_usd": 500}])
def test_limits_are_spoken_of_where_there_are_any(book, limits):  # noqa: F811
    """The cheapest and the fastest are those within the limits only if somebody set one."""
    said = [one for one in run(book, **limits).reasons if one.startswith(("The cheapest", "The fastest"))]

    assert said
    assert all((" within the limits is " in one) == bool(limits) for one in said)


@pytest.mark.parametrize("budgets", [(20, 40, 80, 160)])
def test_a_larger_budget_is_not_spent_for_its_own_sake(budgets):
    """Within a budget the cost, money and time together, only falls as the budget grows; the last two are the same."""
    found = [
        planner.recommend(
            model="resnet50", epochs=90, nodes=1, budget_usd=usd, as_of=date(2026, 11, 20)
        ).result.estimates[0]
        for usd in budgets
    ]

    assert all(one.usd_high <= usd for one, usd in zip(found, budgets, strict=True))
    assert found[-1].offer == found[-2].offer


def test_the_front_is_what_brute_force_says(all_of_them):
    """An estimate is on the front if and only if no other is at least as good in both and better in one."""
    for one in all_of_them:
        is_beaten = any(
            other.seconds <= one.seconds
            and other.usd <= one.usd
            and (other.seconds < one.seconds or other.usd < one.usd)
            for other in all_of_them
        )

        assert one.is_pareto is not is_beaten


def test_an_hour_that_is_worth_more_is_paid_for():
    """At 1,000 USD an hour the answer is faster and dearer than at none."""
    asked = {"model": "resnet50", "epochs": 90, "nodes": 1, "as_of": date(2026, 11, 20)}

    patient, hurried = (planner.recommend(**asked, hour_worth=worth).result.estimates[0] for worth in (0, 1000))

    assert patient.seconds > hurried.seconds
    assert patient.usd < hurried.usd


def test_the_next_step_up_is_said_with_what_an_hour_saved_costs():
    """Its figures are those of two rows: the money more, the time less, and one by the other."""
    found = planner.recommend(model="vit_base_patch16_224", epochs=90, as_of=date(2026, 11, 20))

    (said,) = (sentence for sentence in found.sentences if "USD more save" in sentence)
    parts = re.fullmatch(r"([\d.,]+) USD more save ([\d.]+) (min|h): ([\d.,]+) USD an hour, on .*\.", said)
    usd, time, unit, per_hour = parts.groups()
    assert float(usd) / (float(time) / {"min": 60, "h": 1}[unit]) == pytest.approx(float(per_hour), rel=0.1)


def test_a_machine_is_named_in_the_region_of_the_first_screen():
    """Of regions that ask the same one is shown, by the same rule; a price of one region alone is said in both."""
    job = {"model": "resnet50", "epochs": 90, "as_of": date(2026, 11, 26)}
    found = planner.recommend(**job, nodes=1, limit=30)
    regions = {
        (pick.estimate.offer.provider, pick.estimate.offer.instance_type, pick.estimate.offer.purchase): pick.estimate
        for pick in planner.estimate(**job).picked.picks
    }

    shared = [
        (one, other)
        for one in found.result.estimates
        if (other := regions.get((one.offer.provider, one.offer.instance_type, one.offer.purchase)))
    ]

    assert len(shared) > 1
    assert all(one.offer.region == other.offer.region for one, other in shared)
    assert any("(gcp europe-north1, elsewhere 2." in sentence for sentence in found.answer)


def test_the_next_step_says_why_several_machines_are_passed_over():
    """Four hosts save more time for less money than the step: what setting them up counts is named, and moves with an hour's worth."""
    job = {"model": "resnet50", "epochs": 90, "as_of": date(2026, 11, 26)}

    ten, two, nothing = (planner.recommend(**job, hour_worth=worth) for worth in (10, 2, 0))

    (step,) = [text for text in ten.answer if "USD more save" in text]
    (passed,) = [text for text in ten.answer if "would save" in text]
    money, per_hour = (
        float(found) for found in re.match(r"([\d.]+) USD more save .*: ([\d.]+) USD an hour", step).groups()
    )
    minutes, usd = re.match(r"4x8x H100 at Google Cloud would save (\d+) min for ([\d.]+) USD, but", passed).groups()
    assert float(usd) < money
    assert float(usd) / float(minutes) * 60 < per_hour
    assert passed.endswith("but setting up several machines counts 10 hours, 100 USD.")
    assert [text for text in two.answer if text.endswith("several machines counts 10 hours, 20 USD.")]
    assert not [text for text in nothing.answer if "setting up" in text]


def test_of_rows_that_are_not_sure_one_that_may_break_but_one_limit_is_taken():
    """The ends of the choice pass one limit, those of a row that costs less pass both; the sentence says so."""
    found = planner.recommend(
        model="resnet50", epochs=90, deadline="4h", budget=20, as_of=date(2026, 11, 26), limit=100
    )

    broken = [(one.seconds_high > 4 * 3600) + (one.usd_high > 20) for one in found.result.estimates]
    best, *others = found.result.estimates
    assert sorted(broken) == broken
    assert {1, 2} == set(broken)
    assert best.usd_high < max(one.usd_high for one in others)
    assert (
        f"Of {len(broken)} rows that end within 4 h and cost no more than 20 USD, {broken.count(1)} may break only one of "
        "the limits: the least money of those."
    ) in found.answer[0]
    (sure,) = [text for text in found.answer if "With bad luck" in text]
    assert sure.startswith("No row is sure to keep both limits. ")
    assert sure.endswith(f"which breaks the {'deadline' if best.seconds_high > 4 * 3600 else 'budget'}: leave room.")


def test_near_misses_say_what_they_lack():
    """Cheaper ones that end too late come first, with how much they save and how late they are."""
    found = planner.recommend(model="resnet50", epochs=90, nodes=1, deadline="6h", as_of=date(2026, 11, 20))

    best, miss = found.result.estimates[0], found.near_misses[0]
    assert miss.estimate.usd < best.usd
    late = (miss.estimate.seconds_high - 6 * 3600) / 3600
    assert f"saves {best.usd - miss.estimate.usd:.1f} USD, may be {late:.1f} h late" == miss.why


def test_a_limit_that_nothing_meets_names_the_nearest():
    """Exit code 3, and the nearest, fastest and cheapest with their figures."""
    with pytest.raises(LimitError, match=r"Nothing ends within 1 h for 4 USD. Nearest \(3\.\d times the limit\): \dx "):
        planner.recommend(
            model="resnet50",
            epochs=90,
            deadline="1h",
            budget_usd=4,
            nodes=1,
            basis="measured",
            as_of=date(2026, 11, 20),
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"deadline": "2026-06-30"}, "max_hours 2026-06-30 is in the past"),
        ({"deadline": "0h"}, "max_hours must be above 0, not 0"),
        ({"deadline": "soon"}, "max_hours must be a time or a day, not 'soon'. Write for example 48, 48h, 2d"),
        ({"budget_usd": 0.0}, "max_usd must be above 0, not 0"),
        ({"budget_usd": -5.0}, "max_usd must be above 0, not -5"),
        ({"limit": 0}, "limit must be at least 1"),
        ({"is_owned": True}, "Describe it under [[machines]]"),
    ],
)
def test_bad_limits_are_refused(book, options, message):  # noqa: F811
    """The message names the option, the value and what would do."""
    with pytest.raises(UsageError) as caught:
        run(book, **options)

    assert message in str(caught.value)


def test_a_day_means_its_end(book):  # noqa: F811
    """On 1 July, a deadline of 2 July leaves 48 hours."""
    by_date, by_hours = run(book, deadline="2026-07-02"), run(book, deadline="48h")

    assert by_date.sentences[0] == by_hours.sentences[0]
    assert "end within 48 h" in by_date.sentences[0]


def test_an_owned_machine_is_weighed_against_renting(tmp_path):
    """The sentences compare it with what is rented, by the figures of both."""
    path = tmp_path / "book.toml"
    path.write_text('[[machines]]\nname = "lab"\ngpu = "rtx-3090"\ngpu_count = 1\nusd_per_hour = 0.50\n')

    found = planner.recommend(
        model="resnet50", epochs=90, is_owned=True, nodes=1, price_book=path, deadline="96h", as_of=date(2026, 11, 20)
    )

    assert "Your own machine takes 35.42 h at 17.71 USD; the rented one is" in found.answer[-1]


def test_the_command_prints_a_screen_and_on_request_all_else(run_planner):
    """The answer, the next best and what nearly won; reasons and picture with --verbose; JSON has the same content."""
    arguments = (
        "recommend",
        "--model",
        "resnet50",
        "--epochs",
        90,
        "--deadline",
        "6h",
        "--as-of",
        "2026-11-20",
        "--basis",
        "measured",
    )

    shown = run_planner(*arguments).stdout
    asked = run_planner(*arguments, "--verbose")
    document = json.loads(run_planner(*arguments, "--format", "json").stdout)

    lines = shown.splitlines()
    assert lines[2].startswith("  Take 4x H100 at Google Cloud, spot (a3-highgpu-4g, ")
    assert "Nearly:" in lines
    assert len(lines) <= 22
    assert max(map(len, lines)) <= 80
    assert shown == asked.stdout
    assert "* nothing else is both faster and cheaper" in asked.stderr
    assert "Size of the project: " in asked.stderr
    assert "planner.recommend/1" == document["schema"]
    assert [1, 2, 3, 4, 5] == [row["rank"] for row in document["estimates"]]
    assert all(miss["why"] for miss in document["near_misses"])
    assert document["sentences"][0].startswith("Take 4x H100 at Google Cloud, spot")


def test_the_command_exits_with_3_when_nothing_meets_the_limits(run_planner):
    """Scripts can tell a limit from an error."""
    done = run_planner("recommend", "--model", "resnet50", "--epochs", 90, "--budget", 1)

    assert 3 == done.returncode
    assert "Nearest" in done.stderr


@pytest.mark.parametrize("form", ["csv", "markdown"])
def test_every_format_holds_the_near_misses(run_planner, form):
    """What nearly won is in tables to hand on, too."""
    done = run_planner("recommend", "--model", "resnet50", "--epochs", 90, "--deadline", "6h", "--format", form)

    assert re.search(r"saves [\d.]+ USD, may be [\d.]+ h late", done.stdout)


def test_the_picture_shows_both_ends(all_of_them):
    """The fastest is at the left edge, the cheapest on the bottom line, both on the front."""
    lines = front_picture(all_of_them, width=72).splitlines()

    bottom = lines[-4]
    assert "*" in bottom
    assert any(line[12:13] == "*" for line in lines)


def test_several_nodes_are_tried_where_their_network_is_known():
    """A deadline that one instance misses is met by several, and none of them is without a known network."""
    found = planner.recommend(model="resnet50", epochs=90, deadline="0.5h", as_of=date(2026, 11, 20))

    best = found.result.estimates[0]
    assert best.node_count > 1
    assert best.seconds <= 1800
    assert all(one.offer.network_gbps is not None for one in found.everything if one.node_count > 1)
    assert found.sentences[0].startswith(f"Take {best.node_count}x8x ")


def test_a_purchase_is_weighed_against_renting():
    """The last sentence is the verdict of a comparison at so many runs a month."""
    found = planner.recommend(model="resnet50", epochs=90, nodes=1, runs_per_month=4, as_of=date(2026, 11, 20))

    verdict = planner.compare(
        model="resnet50", epochs=90, buy=DESK_CARDS, jobs_per_month=4, as_of=date(2026, 11, 20)
    ).verdict
    assert f"Cloud or card, at 4 such runs a month: {verdict} See: planner compare" == found.sentences[-1]


def test_a_card_is_weighed_for_a_language_model_too():
    """What was said of the run reaches the comparison: tokens and method, not only the name."""
    job = {"model": "llama-3-8b", "method": "qlora", "tokens": "100M", "as_of": date(2026, 11, 20)}

    found = planner.recommend(**job, nodes=1)

    verdict = planner.compare(**job, buy=DESK_CARDS, jobs_per_month=1).verdict
    assert f"Cloud or card, at one such run a month: {verdict} See: planner compare" == found.sentences[-1]


def test_the_least_money_that_is_not_the_least_expected_says_why():
    """Rows of several machines may cost less: what setting them up counts is said, and changes with an hour's worth."""
    job = {
        "model": "yolov8m",
        "epochs": 100,
        "deadline": "8h",
        "providers": ["aws", "azure", "gcp"],
        "as_of": date(2026, 11, 20),
    }

    usual, nothing = planner.recommend(**job), planner.recommend(**job, hour_worth=0)

    best = usual.result.estimates[0]
    assert 1 == best.node_count
    assert min(one.usd for one in usual.result.estimates) < 0.95 * best.usd
    (said,) = (text for text in usual.answer if "USD are expected on" in text)
    assert said.endswith("but setting up several machines counts 10 hours, 100 USD.")
    assert not any("USD more save" in text for text in usual.answer)  # for less money it is faster too
    assert nothing.result.estimates[0].node_count > 1
    assert not any("setting up" in text for text in nothing.answer)


def test_a_near_miss_that_saves_nothing_names_its_limits_alone():
    """A row that is slower and dearer once saved minus 2,809 seconds."""
    found = planner.recommend(model="resnet50", epochs=90, max_hours=0.5, max_usd=20, as_of=date(2026, 11, 20))

    said = ["17 min late", "saves 1.5 USD, 18 min late", "43 min late and 24 USD over"]
    assert said == [miss.why for miss in found.near_misses[:3]]
