"""The bill of a rental, by hand and by law."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.cost.rental import BillingRule, billed_seconds, billing_rule, rental_items
from planner.hardware.markets import Market

PER_SECOND = BillingRule(
    provider="testcloud",
    display_name="Test Cloud",
    instance_types="*",
    market=Market.GPU_CLOUD,
    increment_seconds=1.0,
    minimum_seconds=60.0,
    source="made for a test",
    as_of="2026-06-01",
    note="",
)
SECONDS = st.floats(min_value=0.001, max_value=1e8)


@pytest.mark.parametrize(
    ("increment", "minimum", "seconds", "expected"),
    [
        (1.0, 60.0, 3600.0, 3600.0),
        (1.0, 60.0, 3600.2, 3601.0),
        (1.0, 60.0, 10.0, 60.0),
        (60.0, 60.0, 61.0, 120.0),
        (3600.0, 3600.0, 3601.0, 7200.0),
        (None, None, 12.5, 12.5),
        (None, 60.0, 12.5, 60.0),
    ],
)
def test_billed_time_by_hand(increment, minimum, seconds, expected):
    """Steps round up, the minimum holds, an unknown rule bills what ran."""
    rule = BillingRule(
        provider="p",
        display_name="P",
        instance_types="*",
        market=Market.GPU_CLOUD,
        increment_seconds=increment,
        minimum_seconds=minimum,
        source="s",
        as_of="d",
        note="",
    )

    assert expected == billed_seconds(rule, seconds)


def test_items_of_ten_hours_at_twenty_dollars():
    """Ten hours of training and six minutes of start-up at 20 USD an hour are 200 and 2 USD."""
    items = rental_items(20.0, PER_SECOND, [("training", 36_000), ("start-up", 360)])

    assert [("training", 200.0), ("start-up", 2.0)] == [(item.name, round(item.usd, 9)) for item in items]


@given(training=SECONDS, startup=SECONDS, nodes=st.integers(1, 64))
def test_items_sum_to_billed_time_times_price(training, startup, nodes):
    """The bill is the sum of its items, and that is billed time times price times nodes."""
    items = rental_items(20.0, PER_SECOND, [("training", training), ("start-up", startup)], node_count=nodes)

    billed_hours = billed_seconds(PER_SECOND, training + startup) / 3600
    assert sum(item.usd for item in items) == pytest.approx(billed_hours * 20.0 * nodes, rel=1e-9)


@given(seconds=SECONDS)
def test_billed_time_is_never_less_than_run_time(seconds):
    """Rounding is never in the customer's favour."""
    assert billed_seconds(PER_SECOND, seconds) >= seconds


@pytest.mark.parametrize(("shape", "minimum"), [("BM.GPU.H100.8", 3600.0), ("VM.GPU.A10.1", 60.0)])
def test_the_rule_of_the_shape_holds(shape, minimum):
    """Oracle bills bare metal for an hour at least, virtual machines for a minute."""
    rule = billing_rule("oci", shape)

    assert rule is not None
    assert minimum == rule.minimum_seconds


def test_an_unknown_provider_has_no_rule():
    """A provider that is not in the table is not given somebody else's rule."""
    assert billing_rule("testcloud", "test-8x") is None
