"""The whole bill of a run: three clouds by hand, item by item, and what bad options are told."""

import math
from datetime import date

import pytest

import planner
from planner.cost.bill import Biller, items_at, percentile
from planner.cost.failures import failures_per_hour
from planner.errors import NothingLeftError, UsageError
from planner.hardware.spot import DEFAULT_RATE, interruption_rate
from planner.model.records import Basis, Estimate, Precision, Purchase, Throughput
from planner.work.language import plan_language_work
from planner.work.listed import plan_work
from tests.builders import an_offer, language_of, terms_of

WORK = plan_work(model="resnet50", epochs=90).workload
"""115,305,030 images; 25.6 million parameters, whose checkpoint is 0.307 GB and takes 2.45 s."""


def a_throughput(samples_per_second=1000.0, low=None, high=None):
    return Throughput(
        samples_per_second=samples_per_second,
        low=low or samples_per_second,
        high=high or samples_per_second,
        basis=Basis.MEASURED,
        precision=Precision.AMP,
        stack="test",
        sources=("test",),
    )


def a_bill(offer, throughput=None, on_demand=None, node_count=1, **terms):
    biller = Biller(terms_of(**terms), WORK, on_demand=on_demand)
    return biller.bill(offer, throughput or a_throughput(), node_count)


def an_estimate(bill, offer):
    return Estimate(
        rank=1,
        offer=offer,
        node_count=1,
        throughput=a_throughput(),
        seconds=bill.seconds,
        seconds_low=bill.seconds_low,
        seconds_high=bill.seconds_high,
        items=bill.items,
        usd_low=bill.usd_low,
        usd_high=bill.usd_high,
        usd_per_hour_low=offer.usd_per_hour,
        usd_per_hour_high=offer.usd_per_hour,
        interruptions=bill.interruptions,
    )


def items_of(bill):
    return {item.name: item.usd for item in bill.items}


def test_an_aws_spot_run_by_hand():
    """32.03 hours on p4d.24xlarge in us-east-1 at the published rate, a checkpoint every hour: every item."""
    offer = an_offer(provider="aws", instance_type="p4d.24xlarge", region="us-east-1", purchase=Purchase.SPOT)
    rate = interruption_rate(offer)

    bill = a_bill(offer, restart_seconds=300.0, checkpoint_seconds=60.0, checkpoint_interval_seconds=3600.0)

    work = 115_305.03
    segments = math.ceil(work / 3600)
    piece = work / segments + 60
    per_second = (rate.per_hour + 8 / 50_000) / 3600  # taken back, or broken
    lost = segments * (math.expm1(per_second * piece) / per_second - piece)
    restarts = segments * math.expm1(per_second * piece) * math.expm1(per_second * 300) / per_second
    seconds = 120 + work + segments * 60 + lost + restarts
    by_hand = {
        "training": work / 3600 * 20,
        "start-up": 120 / 3600 * 20,
        "checkpoints": segments * 60 / 3600 * 20,
        "work done twice": lost / 3600 * 20,
        "restarts": restarts / 3600 * 20,
        "rounding to billed time": (math.ceil(seconds) - seconds) / 3600 * 20,
    }
    assert pytest.approx(by_hand, rel=1e-6) == items_of(bill)
    assert pytest.approx(seconds) == bill.seconds


def test_a_gcp_run_on_demand_with_data_and_results_by_hand():
    """Staging 150 GB at 5 Gbit/s, storing them with two checkpoints, 10 GB out, 19 % tax."""
    offer = an_offer(provider="gcp", instance_type="a2-ultragpu-8g")

    bill = a_bill(offer, dataset_gb=150, results_gb=10, tax_fraction=0.19)

    seconds = 115_305.03 + 120 + 240
    stored = 150 + 2 * 25.6 * 12 / 1000
    by_hand = {
        "training": 115_305.03 / 3600 * 20,
        "start-up": 120 / 3600 * 20,
        "staging the data in": 240 / 3600 * 20,
        "rounding to billed time": 0.97 / 3600 * 20,
        "storage (balanced persistent disk)": stored * seconds / 3600 / 730 * 0.1,
        "egress of results": 1.2,
    }
    by_hand["tax"] = 0.19 * sum(by_hand.values())
    assert pytest.approx(by_hand, rel=1e-4) == items_of(bill)


def test_an_azure_reservation_by_hand():
    """32.06 hours of a year at 12 USD an hour: the other 8,727.94 hours are paid too, unless they are shared."""
    offer = an_offer(
        provider="azure", instance_type="Standard_ND96asr_v4", purchase=Purchase.RESERVED_1Y, usd_per_hour=12.0
    )

    def on_demand(one):
        return 20.0 if one is offer else None

    alone = a_bill(offer, on_demand=on_demand)
    shared = a_bill(offer, on_demand=on_demand, share_commitment=True)

    by_hand = {
        "training": 115_305.03 / 3600 * 12,
        "start-up": 120 / 3600 * 12,
        "rounding to billed time": 0.97 / 3600 * 12,
        "unused rest of the term": (8760 - 115_426 / 3600) * 12,
    }
    assert pytest.approx(by_hand, rel=1e-4) == items_of(alone)
    assert pytest.approx(8760 * 12) == sum(items_of(alone).values())
    assert pytest.approx(115_426 / 3600 * 12) == sum(items_of(shared).values())
    assert "it pays from 60.0% use on against 20 USD/h on demand" in alone.notes[0]


def test_trials_evaluation_overhead_image_and_idle_by_hand():
    """1.31 times the benchmark, 10 % evaluation, three trials, a 15 GB image, an hour of idling."""
    bill = a_bill(an_offer(), overhead_factor=1.31, evaluation_fraction=0.1, trials=3, image_gb=15, idle_seconds=3600)

    training = 115_305.03 / 3600 * 20
    by_hand = {
        "training": training,
        "overhead over the benchmark": 0.31 * training,
        "evaluation": 0.131 * training,
        "2 more trials": 2 * 1.31 * 1.1 * training,
        "start-up": 120 / 3600 * 20,
        "image pull": 24 / 3600 * 20,
        "idle tail": 20.0,
    }
    assert pytest.approx(by_hand, rel=1e-9) == items_of(bill)
    assert pytest.approx(115_305.03 * 1.31 * 1.1 * 3 + 144) == bill.seconds


def test_a_plain_run_on_demand_has_the_plain_bill():
    """Nothing is added to training and start-up that nobody asked for."""
    bill = a_bill(an_offer())

    assert ["training", "start-up"] == list(items_of(bill))
    assert bill.interruptions is None


def test_items_sum_to_the_bill_at_every_end_of_the_range():
    """With one throughput and one rate, low, middle and high are the same bill."""
    offer = an_offer(provider="aws", purchase=Purchase.SPOT)

    bill = a_bill(offer, interruptions_per_hour=0.05, dataset_gb=100, results_gb=300, tax_fraction=0.2, idle_seconds=60)

    assert pytest.approx(sum(items_of(bill).values())) == bill.usd_low == bill.usd_high
    assert bill.seconds_low == bill.seconds == bill.seconds_high


def test_the_range_holds_the_range_of_the_rate():
    """Fast and calm is the low end, slow and disturbed the high one."""
    bill = a_bill(an_offer(purchase=Purchase.SPOT), a_throughput(1000.0, 900.0, 1100.0))

    assert bill.seconds_low < bill.seconds < bill.seconds_high
    assert bill.usd_low < sum(items_of(bill).values()) < bill.usd_high


def test_more_nodes_are_interrupted_more_often():
    """One instance taken back stops them all."""
    one = a_bill(an_offer(purchase=Purchase.SPOT), interruptions_per_hour=0.01)
    four = a_bill(an_offer(purchase=Purchase.SPOT), node_count=4, interruptions_per_hour=0.01)

    assert pytest.approx(4 * one.interruptions.per_hour) == four.interruptions.per_hour


def test_hardware_failures_count_on_wide_runs_only():
    """128 nodes of 8 GPUs for 32 hours expect 0.66 failures, one node 0.005."""
    wide = a_bill(an_offer(), node_count=128)
    narrow = a_bill(an_offer(), node_count=1)

    assert pytest.approx(1024 / 50_000) == wide.interruptions.per_hour
    assert wide.seconds > narrow.seconds
    assert narrow.interruptions is None
    assert a_bill(an_offer(), node_count=128, without=("failures",)).interruptions is None


def test_failures_of_language_models_over_machines_are_in_their_speed():
    """Published hours of whole runs hold their failures: counted once more only at a rate that is given."""
    work = plan_language_work(model="llama-3-8b", options=language_of(tokens=1e12)).workload
    offer, slow = an_offer(), a_throughput(100_000.0)

    wide, narrow = (Biller(terms_of(), work).bill(offer, slow, nodes) for nodes in (128, 1))
    given = Biller(terms_of(gpu_hours_per_failure=20_000.0), work).bill(offer, slow, 128)

    assert wide.interruptions is None
    assert narrow.interruptions.per_hour == 8 / 50_000
    assert given.interruptions.per_hour == 1024 / 20_000


def test_a_wide_run_fails_as_often_as_published():
    """Llama 3: 419 interruptions in 54 days on 16,384 GPUs; 50,000 GPU-hours each give 425."""
    assert pytest.approx(419, rel=0.02) == failures_per_hour(16_384) * 54 * 24


def test_without_interruptions_spot_is_the_spot_price():
    """The item can be switched off."""
    bill = a_bill(an_offer(purchase=Purchase.SPOT), without=("interruptions",))

    assert ["training", "start-up"] == list(items_of(bill))


def test_published_bands_are_rates_per_hour():
    """5 to 10 % of capacity in a month of 730 hours is 0.0001 per hour; no row gives the stated default."""
    known = interruption_rate(an_offer(provider="aws", instance_type="g5.48xlarge", region="us-east-1"))

    assert known is not DEFAULT_RATE
    assert known.low <= known.per_hour <= known.high
    assert interruption_rate(an_offer(provider="aws", instance_type="none")) is DEFAULT_RATE
    assert interruption_rate(an_offer(provider="gcp")) is DEFAULT_RATE
    assert pytest.approx(0.9) == math.exp(-24 * DEFAULT_RATE.per_hour)


def test_the_late_tenth_costs_more():
    """Seconds and USD of the 90th percentile move together."""
    offer = an_offer(purchase=Purchase.SPOT)
    bill = a_bill(offer, interruptions_per_hour=0.2)
    estimate = an_estimate(bill, offer)

    seconds, usd = percentile(estimate)

    assert seconds > estimate.seconds
    assert pytest.approx((seconds - estimate.seconds) / 3600 * 20) == usd - estimate.usd


def test_late_hours_pay_all_that_grows_with_time():
    """Storage of a longer run and tax on rent and storage too; traffic is paid once."""
    offer = an_offer(provider="aws", purchase=Purchase.SPOT)
    terms = {"interruptions_per_hour": 0.2, "dataset_gb": 500, "results_gb": 500, "tax_fraction": 0.25}
    bill = a_bill(offer, **terms)
    estimate = an_estimate(bill, offer)

    seconds, usd = percentile(estimate)

    late = seconds - estimate.seconds
    storage = items_of(bill)[next(name for name in items_of(bill) if name.startswith("storage"))]
    assert storage > 0
    assert late > 0
    assert pytest.approx(1.25 * (late / 3600 * 20 + storage * late / estimate.seconds)) == usd - estimate.usd


def test_late_hours_of_a_term_are_paid_already():
    """A month of the reserved year is used: what a late run needs more of the year costs nothing."""
    offer = an_offer(purchase=Purchase.RESERVED_1Y)
    bill = a_bill(offer, checkpoint_interval_seconds=600, gpu_hours_per_failure=20)
    estimate = an_estimate(bill, offer)

    seconds, usd = percentile(estimate)

    assert seconds > estimate.seconds
    assert estimate.usd == usd


@pytest.mark.parametrize("purchase", [Purchase.ON_DEMAND, Purchase.RESERVED_1Y])
def test_a_bill_at_another_price_is_the_bill_of_that_offer(purchase):
    """Rent follows the price of the hour, tax and credit follow the rest; storage and traffic stay."""
    terms = {"dataset_gb": 5000, "results_gb": 500, "tax_fraction": 0.25, "idle_seconds": 100}
    offer, dearer = (an_offer(provider="aws", purchase=purchase, usd_per_hour=price) for price in (20.0, 31.0))
    biller = Biller(terms_of(**terms), WORK, credits_usd={"aws": 15.0})

    items = biller.bill(offer, a_throughput()).items

    assert biller.bill(dearer, a_throughput()).items == items_at(items, 31.0)


def test_a_hopeless_run_is_refused_with_the_numbers():
    """48.5 hours of work at 0.15 interruptions per hour without checkpoints would take 9,618 hours."""
    biller = Biller(
        terms_of(interruptions_per_hour=0.15, has_checkpoints=False, restart_seconds=0, without=("failures",)), WORK
    )

    reason = biller.bill(an_offer(purchase=Purchase.SPOT), a_throughput(WORK.samples / (48.5 * 3600)))

    assert "interrupted so often that the work would take more than 10 times as long" == reason
    assert (
        "48.5 h of work at 0.15 interruptions per hour without checkpoints would take 9,618 h on average, 198 times as "
        "long. Write checkpoints, or rent on demand." == str(biller.refused[reason][1])
    )


def test_an_estimate_of_hopeless_runs_only_ends_with_the_numbers():
    """Nothing is left, and the error says what it would take."""
    with pytest.raises(NothingLeftError, match=r"No offer is left: interrupted so often .* h on average"):
        planner.estimate(
            model="resnet50",
            epochs=90,
            gpus=["a10"],
            purchases=["spot"],
            interruptions_per_hour=0.3,
            has_checkpoints=False,
            as_of=date(2026, 11, 20),
        )


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"interruptions_per_hour": -1}, "interruptions_per_hour must be 0 to 1,000, not -1"),
        ({"trials": 0}, "trials must be 1 to 100,000, not 0"),
        ({"overhead_factor": 0.9}, "overhead_factor must be 1 to 100, not 0.9"),
        ({"tax_fraction": 19}, "tax_fraction must be 0 to 1, not 19"),
        ({"dataset_gb": math.nan}, "dataset_gb must be"),
        ({"without": ("storge",)}, "Unknown item of the bill 'storge'. Did you mean storage?"),
        (
            {"has_checkpoints": False, "checkpoint_seconds": 5},
            "has_checkpoints is off, so there is nothing for checkpoint_seconds to say",
        ),
        (
            {"interruptions_per_hour": 1.0, "checkpoint_seconds": 7200.0},
            "A checkpoint takes 7200 s, as long as the mean time between interruptions",
        ),
    ],
)
def test_bad_terms_are_refused(terms, message):
    """The message names the option, the value and what would do."""
    with pytest.raises(UsageError) as caught:
        terms_of(**terms)

    assert message in str(caught.value)
