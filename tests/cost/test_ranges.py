"""Ranges of a bill hold their middle, whatever is on it, and no option makes a bill that is none."""

import math
import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

import planner
from planner.cost.bill import Bill, Biller, joined, percentile
from planner.cost.checkpoints import percentile_seconds
from planner.errors import NothingLeftError, UsageError
from planner.model.records import Basis, Estimate, Precision, Purchase, Throughput
from planner.options.vocabulary import ITEMS
from planner.render.estimates import estimates_table
from planner.render.listing import span_texts
from planner.work.language import plan_language_work
from planner.work.listed import plan_work
from tests.builders import an_offer, language_of, terms_of

WORKLOADS = (
    plan_work(model="resnet50", epochs=90).workload,
    plan_language_work(model="mixtral-8x7b", options=language_of(method="qlora", tokens=1e9)).workload,
)

TERMS = st.fixed_dictionaries(
    {},
    optional={
        "interruptions_per_hour": st.sampled_from([0.0, 1e-310, 1e-9, 0.003]) | st.floats(0.0, 1000.0),
        "checkpoint_interval_seconds": st.sampled_from([1.0, 600.0, 1e9]) | st.floats(1.0, 1e6),
        "checkpoint_seconds": st.sampled_from([0.0, 1e-9, 1e7]) | st.floats(0.0, 1e4),
        "restart_seconds": st.sampled_from([0.0, 1e7]) | st.floats(0.0, 1e5),
        "gpu_hours_per_failure": st.sampled_from([1.0, 1e12]) | st.floats(1.0, 1e6),
        "has_checkpoints": st.booleans(),
        "share_commitment": st.booleans(),
        "trials": st.integers(1, 100_000),
        "evaluation_fraction": st.floats(0.0, 100.0),
        "overhead_factor": st.floats(1.0, 100.0),
        "dataset_gb": st.floats(0.0, 1e4),
        "results_gb": st.floats(0.0, 1e4),
        "image_gb": st.floats(0.0, 100.0),
        "idle_seconds": st.floats(0.0, 1e5),
        "tax_fraction": st.floats(0.0, 1.0),
        "without": st.lists(st.sampled_from(ITEMS), unique=True).map(tuple),
    },
)
OFFERS = st.builds(
    an_offer,
    provider=st.sampled_from(["testcloud", "aws", "gcp", "azure", "vultr"]),
    purchase=st.sampled_from(Purchase),
    gpu_count=st.sampled_from([0.125, 1.0, 8.0]),
    usd_per_hour=st.floats(0.01, 100.0),
    network_gbps=st.sampled_from([None, 1.0]),
)
SPEEDS = st.tuples(st.floats(1.0, 1e7), st.floats(0.3, 1.0), st.floats(1.0, 3.0)) | st.tuples(
    st.floats(1.0, 1e7), st.just(1.0 - 2**-52), st.just(1.0 + 2**-52)
)


def _throughput(speed):
    middle, low, high = speed
    return Throughput(
        samples_per_second=middle,
        low=middle * low,
        high=middle * high,
        basis=Basis.MEASURED,
        precision=Precision.AMP,
        stack="test",
        sources=("test",),
    )


def _biller(workload, terms, credit):
    """Who writes the bills; a contradiction of two options leaves the second out."""
    try:
        known = terms_of(**terms)
    except UsageError:
        known = terms_of(**{name: value for name, value in terms.items() if not name.startswith("checkpoint_")})
    return Biller(known, workload, credits_usd={"aws": credit, "testcloud": credit} if credit else None)


def _estimate(bill, offer, throughput, node_count):
    return Estimate(
        rank=1,
        offer=offer,
        node_count=node_count,
        throughput=throughput,
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


@given(
    workload=st.sampled_from(WORKLOADS),
    terms=TERMS,
    offer=OFFERS,
    speed=SPEEDS,
    node_count=st.sampled_from([1, 3, 64]),
    credit=st.sampled_from([0.0, 50.0]),
)
def test_every_range_holds_its_middle(*, workload, terms, offer, speed, node_count, credit):
    """Time, money and the 90th percentile, as they are and as they are printed; or a reason why there is no bill."""
    throughput = _throughput(speed)
    biller = _biller(workload, terms, credit)

    bill = biller.bill(offer, throughput, node_count)

    if not isinstance(bill, Bill):
        assert bill
        return
    estimate = _estimate(bill, offer, throughput, node_count)
    seconds_p90, usd_p90 = percentile(estimate)
    assert 0 <= bill.seconds_low <= bill.seconds <= bill.seconds_high < math.inf
    assert 0 <= bill.usd_low <= estimate.usd <= bill.usd_high < math.inf
    assert estimate.seconds <= seconds_p90 < math.inf
    assert estimate.usd <= usd_p90 < math.inf
    low, high = span_texts(estimate.usd, bill.usd_low, bill.usd_high)
    assert _number(low) <= round(estimate.usd, 2) <= _number(high)


@given(
    workload=st.sampled_from(WORKLOADS), terms=TERMS, offer=OFFERS, speed=SPEEDS, node_count=st.sampled_from([1, 3, 64])
)
def test_the_ends_are_in_order_before_the_last_bit_is(workload, terms, offer, speed, node_count):
    """Less work and fewer interruptions never take longer: what puts ends in order hides nothing but rounding."""
    courses = _biller(workload, terms, 0.0).courses(offer, _throughput(speed), workload.samples, node_count)

    if not isinstance(courses, str):
        assert courses.low.seconds <= courses.middle.seconds * (1 + 1e-13)
        assert courses.middle.seconds <= courses.high.seconds * (1 + 1e-13)


@given(
    workload=st.sampled_from(WORKLOADS),
    terms=TERMS,
    offers=st.lists(OFFERS, min_size=2, max_size=6),
    speeds=st.lists(SPEEDS, min_size=1, max_size=2),
    node_count=st.sampled_from([1, 3]),
)
def test_offers_share_only_what_is_the_same(*, workload, terms, offers, speeds, node_count):
    """A bill is the same whether or not the same biller wrote those of other offers before."""
    shared = _biller(workload, terms, 0.0)

    for offer in offers:
        for speed in speeds:
            throughput = _throughput(speed)
            alone = _biller(workload, terms, 0.0).bill(offer, throughput, node_count)
            assert alone == shared.bill(offer, throughput, node_count)


def test_a_faster_run_is_not_longer_for_its_checkpoints():
    """Work of 10 hours with a checkpoint every 10 hours is one piece, a little more would be two: planned once, alike."""
    work = WORKLOADS[0]
    terms = terms_of(
        interruptions_per_hour=0.2, checkpoint_interval_seconds=36_000, checkpoint_seconds=1, without=("start-up",)
    )
    speed = work.samples / 36_100

    bill = Biller(terms, work).bill(an_offer(purchase=Purchase.SPOT), _throughput((speed, 1.0, 1.01)))

    assert 2 == bill.interruptions.segments
    assert bill.seconds_low < bill.seconds


def test_the_ends_are_bills_at_the_ends_of_the_speed():
    """Without interruptions the low end is the bill of the fast run, rounding to whole hours, storage and tax included."""
    terms = terms_of(dataset_gb=500, results_gb=10, tax_fraction=0.19, idle_seconds=900)
    offer = an_offer(provider="vultr")
    biller = Biller(terms, WORKLOADS[0])

    bill = biller.bill(offer, _throughput((1000.0, 0.8, 1.3)))

    fast, slow = (biller.bill(offer, _throughput((speed, 1.0, 1.0))) for speed in (1300.0, 800.0))
    assert pytest.approx(fast.usd_low, rel=1e-12) == bill.usd_low
    assert pytest.approx(slow.usd_high, rel=1e-12) == bill.usd_high


def test_a_percentile_is_not_below_the_mean():
    """Nineteen in twenty runs see no interruption, the twentieth starts again: the mean is later than the 90th percentile."""
    biller = Biller(
        terms_of(interruptions_per_hour=0.05 / 32, has_checkpoints=False, without=("failures",)), WORKLOADS[0]
    )
    offer, throughput = an_offer(purchase=Purchase.SPOT), _throughput((1000.0, 1.0, 1.0))
    bill = biller.bill(offer, throughput)
    estimate = _estimate(bill, offer, throughput, 1)

    assert percentile_seconds(bill.interruptions) < bill.interruptions.expected_seconds
    assert (estimate.seconds, estimate.usd) == percentile(estimate)


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (79.2251, 75.4, 84.48, ("75.4", "84.5")),
        (2089.0, 2089.0, 2089.0, ("2,089", "2,089")),
        (2089.4, 2089.4, 2089.4, ("2,089.4", "2,089.4")),
        (1234.56, 1234.56, 1236.0, ("1,230", "1,240")),
        (0.004, 0.003, 0.006, ("0.00", "0.01")),
        (70080.0, 70080.0, 70101.0, ("70,080", "70,100")),
    ],
)
def test_printed_ends_hold_the_printed_middle(value, low, high, expected):
    """Three digits where they do, more where the middle would lie outside."""
    assert expected == span_texts(value, low, high)


def test_reserved_totals_are_inside_their_printed_range():
    """A term is paid whole, whatever the speed: 24 x 365 hours, low and high alike."""
    result = planner.estimate(
        model="resnet50", epochs=90, purchases=["reserved_1y"], as_of=date(2026, 11, 20), every_offer=True, limit=200
    )

    for row in estimates_table(result)[1]:
        middle, _, ends = row["usd"].partition(" (")
        low, high = ends.rstrip(")").split("-")
        assert _number(low) <= _number(middle) <= _number(high), row["usd"]


def test_ranges_of_speed_and_price_join_as_drawing_both_does():
    """Two causes drawn 200,000 times from log-normal laws with these 90 % ranges: their product has the joined range."""
    source = random.Random(7)  # noqa: S311 - a simulation, not a secret
    deviations = [math.log(end / 100.0) / 1.6449 for end in (115.0, 130.0)]
    draws = sorted(
        100.0 * math.exp(sum(source.gauss(0.0, deviation) for deviation in deviations)) for _ in range(200_000)
    )

    low, high = joined(100.0, (100 / 1.15, 115.0), (100 / 1.3, 130.0))

    assert pytest.approx(draws[10_000], rel=0.005) == low
    assert pytest.approx(draws[190_000], rel=0.005) == high


def test_only_what_is_paid_by_the_hour_follows_the_price():
    """Ten hours at 4 USD that may be 2 or 8: storage stays beside 20 to 80, with no range of time."""
    offer, work = an_offer(provider="aws", usd_per_hour=4.0), plan_work(model="resnet50", epochs=90).workload
    terms = terms_of(without=("start-up", "staging", "failures"), dataset_gb=1000.0)
    biller = Biller(terms, work)
    courses = biller.courses(offer, _throughput((work.samples / 36_000, 1.0, 1.0)), work.samples)

    sure = biller.bill_of(courses, offer)
    bill = biller.bill_of(courses, offer, usd_per_hour=(2.0, 8.0))

    more = sum(item.usd for item in sure.items) - 40.0
    assert more > 0
    assert (sure.usd_low, sure.usd_high) == pytest.approx((40.0 + more, 40.0 + more))
    assert (bill.usd_low, bill.usd_high) == pytest.approx((20.0 + more, 80.0 + more))
    assert (bill.seconds_low, bill.seconds_high, bill.items) == (sure.seconds_low, sure.seconds_high, sure.items)


def test_a_price_that_can_only_rise_leaves_the_low_end_to_the_speed():
    """The low end is that of the best course alone, to the last bits."""
    offer, work = an_offer(usd_per_hour=4.0), plan_work(model="resnet50", epochs=90).workload
    biller = Biller(terms_of(), work)
    courses = biller.courses(offer, _throughput((1000.0, 0.8, 1.3)), work.samples)

    sure = biller.bill_of(courses, offer)
    bill = biller.bill_of(courses, offer, usd_per_hour=(4.0, 6.0))

    assert pytest.approx(sure.usd_low, rel=1e-12) == bill.usd_low
    assert bill.usd_high > 1.5 * sum(item.usd for item in sure.items)


def test_a_run_that_never_ends_is_refused():
    """10,000 hours between restarts of no time: infinitely many of them take none, and the run is hopeless all the same."""
    with pytest.raises(NothingLeftError, match="interrupted so often"):
        planner.estimate(
            model="mixtral-8x7b",
            method="qlora",
            tokens=1e9,
            purchases=["spot"],
            interruptions_per_hour=5,
            has_checkpoints=False,
            without=("start-up",),
            as_of=date(2026, 11, 20),
        )


def _number(text):
    return float(text.replace(",", ""))
