"""Rent or buy, end to end in Python: equal work, shared jobs, ranking, ranges, energy."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planner
from planner.answers.compare import compare
from planner.cost.rent_or_buy import margin_usd
from planner.errors import NothingLeftError, UnknownNameError, UsageError
from planner.model.records import Purchase
from planner.render.comparison import rendered_comparison
from planner.results.comparison import document
from tests.builders import a_snapshot, an_offer
from tests.examples import examples

JOB = {"model": "resnet50", "epochs": 90, "as_of": date(2026, 7, 1)}
HOURS = {"rent_usd_per_hour": 1.0, "as_of": date(2026, 7, 1)}


def test_the_work_is_the_same_on_both_sides():
    """Renting is an estimate on demand at a list price; the owned card takes samples / throughput."""
    result = compare(**JOB, buy="rtx-4090", jobs_per_month=4)

    offer = result.rent.offer
    found = planner.estimate(**JOB, providers=[offer.provider], gpus=[offer.gpu], every_offer=True).estimates
    rented = next(one for one in found if one.offer == offer)
    assert (rented.usd, rented.seconds) == (result.rent.usd_per_job, result.rent.seconds)
    assert pytest.approx(1_281_167 * 90) == result.own.job_seconds * result.own.throughput.samples_per_second
    assert pytest.approx(4 * 36 * rented.usd) == result.curve[-1].rent_usd


def test_a_comparison_of_a_language_model_says_what_the_job_is():
    """Tokens, method and stack stand under the table, and all that was said of the run in the document."""
    job = {"model": "llama-3-8b", "method": "qlora", "tokens": "100M", "as_of": date(2026, 7, 1)}

    result = compare(**job, buy="rtx-4090", jobs_per_month=4)

    said = "job 100,000,000 tokens, qlora, amp, stack transformers-peft [tokens method precision stack]"
    assert said == result.assumptions[-1]
    work = document(result)["workload"]
    assert ("qlora", 1e8, 2048, 16) == (work["method"], work["tokens"], work["sequence_length"], work["rank"])


def test_items_sum_to_the_total_and_the_curve_ends_there():
    """What is listed is what is compared."""
    result = compare(**JOB, buy="rtx-4090", jobs_per_month=4, discount_per_year=0.08, hosting_usd_per_month=20)

    assert pytest.approx(result.own.usd) == result.curve[-1].own_if_sold_usd
    assert pytest.approx(result.own.margin_usd) == result.curve[-1].rent_usd - result.own.usd


def test_a_given_rent_per_hour_is_for_the_gpu_named():
    """Else for a machine as fast as the one bought."""
    same = compare(**JOB, buy="rtx-4090", jobs_per_month=4, rent_usd_per_hour=0.5)
    other = compare(**JOB, buy="rtx-4090", jobs_per_month=4, rent_usd_per_hour=0.5, gpus=["rtx-3090"])

    assert pytest.approx(same.own.job_seconds / 3600 * 0.5) == same.rent.usd_per_job
    assert other.rent.seconds > same.rent.seconds


@pytest.mark.parametrize("work", [{"model": "resnet50", "epochs": 90, "jobs_per_month": 250}, {"utilisation": 0.6}])
def test_a_commitment_is_paid_by_the_month(work):
    """Three years of a reservation cost every hour of 36 months, used or not, on as many machines as the work fills."""
    result = compare(
        **work,
        buy="h100-80gb-sxm",
        gpus=["H100:8"],
        providers=["aws"],
        purchases=["reserved_3y"],
        as_of=date(2026, 7, 1),
    )

    offer, hours = result.rent.offer, result.rent.seconds / 3600 * result.own.case.jobs_per_month
    machines = max(1, -(-hours // 730))
    assert "reserved_3y" == offer.purchase == result.rent.way
    assert pytest.approx(machines * offer.usd_per_hour * 730) == result.own.case.rent_usd_per_month
    assert 0 == result.rent.usd_per_job


def test_a_capacity_block_is_no_way_to_pay_for_months():
    """It is sold for days."""
    with pytest.raises(UsageError, match="capacity_block"):
        compare(utilisation=0.6, buy="h100-80gb-sxm", purchases=["capacity_block"])


def test_the_verdict_is_against_a_list_price_unless_another_is_named():
    """Neither spot nor a private machine, which are cheaper: named, they are what it is against."""
    use = {"buy": "h100-80gb-sxm", "utilisation": 0.6, "as_of": date(2026, 7, 1)}

    usual, spot, aws = (compare(**use, **named) for named in ({}, {"against": "spot"}, {"against": "aws:p5.48xlarge"}))

    assert ("on_demand", "spot") == (usual.rent.way, spot.rent.way)
    assert ("aws", "p5.48xlarge") == (aws.rent.offer.provider, aws.rent.offer.instance_type)
    assert {row.way for row in usual.alternatives} >= {
        "on_demand",
        "spot",
        "marketplace",
        "reserved_3y",
        "buy_new",
        "buy_used",
    }
    with pytest.raises(UnknownNameError, match=r"aws:p5.48xlarg'. Did you mean aws:p5.48xlarge"):
        compare(**use, against="aws:p5.48xlarg")


def test_a_machine_is_named_with_or_without_its_purchase():
    """Alone at its price on demand, though it is cheaper otherwise; unknown names come with those there are."""
    use = {"buy": "h100-80gb-sxm", "utilisation": 0.6, "as_of": date(2026, 7, 1)}

    alone, spot = (compare(**use, against=name).rent for name in ("aws:p5.48xlarge", "AWS:p5.48xlarge:spot"))

    assert ("on_demand", "spot") == (alone.way, spot.way)
    assert spot.usd_per_month < alone.usd_per_month
    with pytest.raises(UnknownNameError, match=r"on_demand, .*spot, or PROVIDER:TYPE"):
        compare(**use, against="nothing")


def test_training_by_the_token_is_a_rental_like_others():
    """20 runs of 10 million tokens and 3 trials at the price of the table, with tax; the verdict can be against it."""
    asked = {"model": "llama-3-8b", "method": "qlora", "tokens": 1e7, "jobs_per_month": 20, "buy": "rtx-4090"}

    result = compare(**asked, against="service", trials=3, tax_fraction=0.25, as_of=date(2026, 7, 1))

    service = result.rent.service
    month = 20 * 3 * 10 * service.usd_per_million_tokens * 1.25
    line = next(row for row in result.alternatives if row.name == result.rent.label)
    assert (pytest.approx(month), pytest.approx(36 * month)) == (line.usd_per_month, result.own.rent_usd)
    assert (None, service.provider, service.as_of) == (line.seconds, line.provider, line.price_observed_on)
    old = compare(**asked, max_price_age_days=10, against="on_demand", as_of=date(2026, 10, 12))
    assert "service" not in {row.way for row in old.alternatives}


def test_machines_by_the_hour_are_ranked_by_what_they_cost():
    """The same GPU hours: a card that is there costs least, whatever renting each of them would cost."""
    result = compare(
        buy=["l40s:4", "h100-80gb-sxm:8"], own="rtx-3090:2", gpu_hours_per_month=1400, as_of=date(2026, 11, 26)
    )

    usd = [owned.usd for owned in result.options]
    assert sorted(usd) == usd
    assert "2x rtx-3090 (owned)" == result.own.label == result.alternatives[0].name


def test_every_way_to_pay_adds_up():
    """A line's total is its month over the horizon, its GPU hour is of hours that work, and buying pays where it says."""
    result = compare(buy="rtx-4090:4", utilisation=0.5, as_of=date(2026, 7, 1))
    best = result.own

    for row in result.alternatives:
        assert pytest.approx(row.usd_per_month * 36) == row.usd_total
        if row.usd_per_gpu_hour is not None and row.way not in ("spot", "service"):
            assert pytest.approx(row.usd_per_month / (365 * 4)) == row.usd_per_gpu_hour
    turning = next(row for row in result.alternatives if row.name == result.rent.label).break_even_utilisation
    case = replace(best.case, jobs_per_month=turning * 730 / best.case.hours_per_job)
    assert pytest.approx(0, abs=1e-3) == margin_usd(case)


def test_a_large_machine_pays_for_its_place_and_people():
    """From 50,000 USD on hosting, staff, upkeep and the cost of money are counted; each can be set to 0."""
    use = {"buy": "h100-80gb-sxm", "utilisation": 0.6, "as_of": date(2026, 7, 1)}
    nothing = {
        "hosting_usd_per_month": 0,
        "staff_usd_per_month": 0,
        "maintenance_fraction_per_year": 0,
        "discount_per_year": 0,
    }

    usual, bare = compare(**use).own, compare(**use, **nothing).own

    # 8 x 700 W and a host of 3,272 W at 184.06 USD per kW and month; an eighth of a post; 10 % of 270,000 USD a year
    assert pytest.approx(8.872 * 184.06) == usual.case.terms.hosting_usd_per_month
    assert (2150, 0.1, 0.08) == (
        usual.case.terms.staff_usd_per_month,
        usual.case.terms.maintenance_fraction_per_year,
        usual.case.terms.discount_per_year,
    )
    assert {"hosting", "staff", "maintenance", "later payments"} == {i.name for i in usual.items} - {
        i.name for i in bare.items
    }
    assert not compare(buy="rtx-4090", utilisation=0.5).own.term_ranges


@settings(max_examples=examples(25), deadline=None)
@given(
    utilisation=st.floats(0.02, 1.0),
    usd=st.floats(100, 300_000),
    rent=st.floats(0.05, 60.0),
    months=st.floats(6, 72),
    resale=st.none() | st.floats(0, 1),
)
def test_verdict_odds_and_table_agree(utilisation, usd, rent, months, resale):
    """No side is named that most draws are against, and no certainty that one assumption alone can turn."""
    result = compare(
        buy="rtx-5090:8", card_usd=usd, host_usd=4000, utilisation=utilisation, rent_usd_per_hour=rent, months=months,
        resale_fraction=resale, as_of=date(2026, 7, 1),
    )  # fmt: skip
    share, turns = result.odds.probability_buying_wins, [entry for entry in result.sensitivity if entry.turns]

    if result.verdict.startswith("Buy"):
        assert result.own.margin_usd > 0
        assert share > 0.5
    elif result.verdict.startswith("Rent"):
        assert result.own.margin_usd <= 0
        assert share <= 0.5
    else:
        assert result.verdict.startswith("Too close to call")
    if turns:
        assert "100% of" not in result.verdict
        assert " 0% of" not in result.verdict
    for entry in result.sensitivity:
        assert entry.low <= entry.base <= entry.high
        if entry.turns:
            assert entry.flips_at is not None
        elif result.own.margin_usd != 0:
            assert (entry.margin_low_usd > 0) == (entry.margin_high_usd > 0) or entry.flips_at is not None


def test_jobs_that_do_not_fit_ask_for_more_cards():
    """Said aloud; each card does its own jobs, so one job takes as long as before."""
    one = compare(**JOB, buy="rtx-4090", jobs_per_month=4)
    more = compare(**JOB, buy="rtx-4090", jobs_per_month=60)
    half = compare(**JOB, buy="rtx-4090", jobs_per_month=20, utilisation=0.5)

    alone = [next(owned for owned in result.options if owned.rest is None) for result in (one, more, half)]
    assert [1, 3, 2] == [owned.machine.card_count for owned in alone]
    assert alone[0].job_seconds == alone[1].job_seconds
    assert "3 cards bought, each doing its own jobs" in " ".join(alone[1].notes)


def test_a_count_puts_all_cards_on_one_job():
    """Two cards finish sooner; of more work than they can do the rest is rented, or it is refused where nothing is."""
    two = compare(**JOB, buy="rtx-4090:2", jobs_per_month=4)

    assert two.own.job_seconds < compare(**JOB, buy="rtx-4090", jobs_per_month=4).own.job_seconds
    (full, *_) = compare(**JOB, buy="rtx-4090:1", jobs_per_month=60).options
    assert (1, 730) == (full.machine.card_count, full.case.hours_per_month)
    with pytest.raises(UsageError, match="Name more cards"):
        compare(**JOB, buy="rtx-4090:1", jobs_per_month=60, purchases=["reserved_3y"])


def test_a_slower_card_takes_longer():
    """Time is shown, not only money."""
    result = compare(**JOB, buy=["rtx-4090", "rtx-3090"], jobs_per_month=4)

    seconds = {owned.machine.gpu.name: owned.job_seconds for owned in result.options}
    assert seconds["rtx-3090"] > seconds["rtx-4090"]


def test_an_own_measurement_counts_for_the_machine_bought():
    """1e6 x 36 samples at 500 a second are 20 hours on the very card they were measured on."""
    result = compare(
        model="mine",
        measured=["rtx-3090=500"],
        samples_per_epoch=1e6,
        epochs=36,
        buy="rtx-3090",
        jobs_per_month=4,
        rent_usd_per_hour=0.4,
        gpus=["rtx-3090"],
    )

    assert (72_000.0, "measured_by_you") == (result.own.job_seconds, str(result.own.throughput.basis))
    assert pytest.approx(0.4 * 20) == result.rent.usd_per_job


def test_cards_are_ranked_and_what_fails_is_told():
    """Best first; a card that is not sold does not stop the others, and alone it is an error."""
    result = compare(**JOB, buy=["rtx-4090", "rtx-3090", "a10g"], own="v100-16gb", jobs_per_month=4)

    margins = [owned.margin_usd for owned in result.options]
    assert sorted(margins, reverse=True) == margins
    assert ["a10g"] == [entry.gpu for entry in result.not_compared]
    with pytest.raises(UsageError, match="not sold"):
        compare(**JOB, buy="a10g", jobs_per_month=4)


def test_a_card_that_is_owned_costs_only_its_use():
    """No purchase, no resale, no idle draw: it would idle anyway."""
    result = compare(**JOB, own="rtx-3090", jobs_per_month=4)

    assert {"electricity under load"} == {item.name for item in result.own.items}
    assert result.own.is_owned_already


def test_hours_of_the_same_gpu_without_a_workload(tmp_path):
    """Without a price per hour, the cheapest offer of the GPU that would be bought, per GPU hour."""
    a_snapshot(
        tmp_path,
        an_offer(gpu="rtx-4090", gpu_count=2.0, usd_per_hour=1.0, instance_type="a"),
        an_offer(gpu="rtx-4090", gpu_count=1.0, usd_per_hour=0.6, instance_type="b"),
    )

    result = compare(
        buy="rtx-4090:2", gpu_hours_per_month=100, providers=["testcloud"], data_dir=tmp_path, as_of=date(2026, 7, 1)
    )

    assert pytest.approx(1.0) == result.rent.usd_per_job  # 2 x 0.50 USD
    assert pytest.approx(50.0) == result.own.case.hours_per_month  # 100 GPU hours on two GPUs


@pytest.mark.parametrize(
    "work", [{"gpu_hours_per_month": 100}, {"model": "resnet50", "epochs": 9, "jobs_per_month": 4}]
)
def test_the_region_rented_is_the_one_with_most_offers_and_a_lone_cheap_one_is_said(tmp_path, work):
    """Of equal prices the region where the provider has most offers, as on the first screen; a price that one region alone asks."""
    a_snapshot(
        tmp_path,
        *(
            an_offer(
                gpu="rtx-4090", gpu_count=1.0, instance_type="x", region=region, usd_per_hour=usd, purchase=purchase
            )
            for region, usd, purchase in (
                ("a-north", 0.6, Purchase.ON_DEMAND),
                ("b-south", 0.6, Purchase.ON_DEMAND),
                ("b-south", 0.1, Purchase.SPOT),
                ("a-north", 0.25, Purchase.SPOT),
            )
        ),
        an_offer(gpu="t4", region="b-south"),
    )

    result = compare(buy="rtx-4090", providers=["testcloud"], data_dir=tmp_path, as_of=date(2026, 7, 1), **work)

    assert "b-south" == result.rent.offer.region
    assert ("! One region only: spot (testcloud b-south, elsewhere 2.5x and more).",) == result.warnings
    assert result.warnings[0] in rendered_comparison(result, "table")
    assert result.warnings[0] in rendered_comparison(result, "markdown")


def test_a_gpu_nobody_rents_says_what_to_give():
    """Not a price of nothing."""
    with pytest.raises(NothingLeftError, match="rent_usd_per_hour"):
        compare(buy="rtx-2000-ada", utilisation=0.2, as_of=date(2026, 7, 1))


def test_energy_and_emissions_of_both_sides():
    """kWh at the meter times the grid of the place; not known where nothing is known of the machine."""
    result = compare(**JOB, buy="rtx-4090", jobs_per_month=4, country="FR", idle_watts=0)
    unknown = compare(**HOURS, buy="rtx-4090", utilisation=0.1)

    assert pytest.approx((360 + 170) / 1000 * result.own.case.hours_per_month * 36) == result.own.kwh
    assert pytest.approx(result.own.kwh * 0.041) == result.own.kg_co2
    assert result.rent.kwh_per_job > 0
    assert unknown.rent.kwh_per_job is None


@pytest.mark.parametrize(
    ("options", "pue", "usd_per_kwh"),
    [
        ({"buy": "rtx-4090"}, 1.0, 0.184),
        ({"buy": "rtx-4090", "country": "DE"}, 1.0, pytest.approx(0.44, abs=0.05)),
        ({"buy": "h100-80gb-sxm"}, 1.58, 0.135),
        ({"buy": "rtx-4090", "usd_per_kwh": 0.3, "pue": 1.2}, 1.2, 0.3),
    ],
)
def test_electricity_at_home_and_in_a_server_room(options, pue, usd_per_kwh):
    """Household price and no building at home; business price and the usual building for servers; or as given."""
    terms = compare(**HOURS, utilisation=0.2, **options).own.case.terms

    assert pue == terms.pue
    assert usd_per_kwh == terms.usd_per_kwh


def test_given_watts_replace_the_idle_draw_they_describe():
    """Card watts by hand leave only the host's idle draw; an existing PC idles anyway."""
    by_hand = compare(**HOURS, buy="rtx-4090", utilisation=0.2, card_watts=400)
    exists = compare(**HOURS, buy="rtx-4090", utilisation=0.2, host_usd=0)

    assert 70.0 == by_hand.own.case.terms.idle_watts
    assert 15.0 == exists.own.case.terms.idle_watts


@settings(max_examples=examples(25), deadline=None)
@given(
    jobs=st.floats(0, 25), usd=st.floats(0, 5000), rent=st.floats(0.01, 5), discount=st.sampled_from([0.0, 0.05, 0.2])
)
def test_every_answer_is_whole(jobs, usd, rent, discount):
    """A verdict, six assumptions sorted by swing, a probability, and flips that are flips."""
    result = compare(
        **JOB, buy="rtx-4090", jobs_per_month=jobs, card_usd=usd, rent_usd_per_hour=rent, discount_per_year=discount
    )

    swings = [entry.swing_usd for entry in result.sensitivity]
    assert {"rent", "life", "electricity", "resale"} <= {entry.name for entry in result.sensitivity}
    assert sorted(swings, reverse=True) == swings
    assert 0 <= result.odds.probability_buying_wins <= 1
    assert result.own.margin_usd > 0 or not result.verdict.startswith("Buy")
    flip = next((entry.flips_at for entry in result.sensitivity if entry.name == "card price"), None)
    if flip is not None and flip > 1e-6:
        case = result.own.case
        at_flip = margin_usd(replace(case, terms=replace(case.terms, card_usd=flip)))
        assert pytest.approx(0, abs=1e-4 * (1 + flip)) == at_flip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "How much will it be used"),
        ({"jobs_per_month": 4}, "needs a job"),
        ({"utilisation": 5}, "500%. For 5 percent write 0.05"),
        ({"utilisation": 0.2, "discount_per_year": 5}, "discount_per_year must be 0 to 1, not 5. It is a fraction"),
        ({"utilisation": 0.2, "resale_fraction": 30}, "For 30 percent write 0.3"),
        ({"utilisation": 0.2, "maintenance_fraction_per_year": 3}, "write 0.03"),
        ({"utilisation": 0.2, "usd_per_kwh": 30}, "For 30 cents write 0.3"),
        ({"utilisation": 0.2, "card_usd": -1}, "card_usd must be at least 0, not -1"),
        ({"utilisation": 0.2, "rent_usd_per_hour": -1}, "rent_usd_per_hour must be at least 0, not -1"),
        ({"utilisation": 0.2, "months": 0}, "months must be 1 to 240, not 0"),
        ({"utilisation": 0.2, "pue": 0.5}, "pue must be 1 to 5, not 0.5"),
        ({"utilisation": 0.2, "peak_months_per_year": 2}, "how busy says peak_factor"),
        ({"utilisation": 0.2, "peak_factor": 0.5}, "peak_factor must be 1 to 1,000, not 0.5"),
        ({"gpu_hours_per_month": 10, "utilisation": 0.2}, "Give one of"),
        ({"utilisation": float("nan")}, "not nan"),
        ({"utilisation": 0.2, "epochs": 3}, "epochs needs model"),
        ({"utilisation": 0.2, "buy": ()}, "Name a card with buy"),
        ({"utilisation": 0.2, "buy": "rtx-4090:1.5"}, "whole cards"),
        ({"utilisation": 0.2, "buy": ["rtx-4090", "rtx-3090"], "card_usd": 100}, "one machine"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, words):
    """The option, the value, and what would do."""
    with pytest.raises(UsageError, match=words.replace(".", r"\.")):
        compare(**{**HOURS, "buy": "rtx-4090", **options})


@pytest.mark.parametrize(
    ("option", "value", "match"),
    [("country", "Germny", "Germany"), ("condition", "usd", "used"), ("resale_curve", "brokr", "broker")],
)
def test_unknown_names_come_with_close_matches(option, value, match):
    """As everywhere."""
    with pytest.raises(UnknownNameError, match=match):
        compare(**HOURS, buy="rtx-4090", utilisation=0.1, **{option: value})


def test_the_frame_is_the_curve():
    """One row a month from 0 to the horizon."""
    frame = compare(**HOURS, buy="rtx-4090", utilisation=0.2, months=24).to_frame()

    assert ["month", "rent_usd", "own_usd", "own_if_sold_usd"] == list(frame.columns)
    assert 25 == len(frame)


def test_a_condition_without_a_price_is_named():
    """No used price of an RTX 5090 is known, nor any of a system of A100 80 GB: both ask for a quote."""
    unpriced = " ".join(compare(buy="rtx-5090", utilisation=0.5, as_of=date(2026, 11, 26)).notes)

    assert "no line for buying used: No price of a used GeForce RTX 5090 is known" in unpriced
    assert "Ask for a quote" in unpriced
    assert "no line for" not in " ".join(compare(buy="rtx-4090", utilisation=0.5, as_of=date(2026, 11, 26)).notes)
    for condition in ("new", "used"):
        with pytest.raises(UsageError, match="Ask for a quote"):
            compare(buy="a100-80gb-sxm", condition=condition, utilisation=0.5, as_of=date(2026, 11, 26))
