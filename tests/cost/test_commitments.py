"""Commitments: what one run pays for a term that it does not fill."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.cost.commitments import break_even_fraction, commitment_note, term_hours, unused_item
from planner.model.records import Purchase
from tests.builders import an_offer


@pytest.mark.parametrize(
    ("purchase", "used", "paid"),
    [
        (Purchase.RESERVED_1Y, 10.0, 8760.0),
        (Purchase.RESERVED_3Y, 10.0, 26280.0),
        (Purchase.SAVINGS_1Y, 8761.0, 17520.0),
        (Purchase.CAPACITY_BLOCK, 23.5, 24.0),
        (Purchase.CAPACITY_BLOCK, 23.6, 48.0),
        (Purchase.CAPACITY_BLOCK, 14 * 24.0, 21 * 24.0),
        (Purchase.CAPACITY_BLOCK, 182 * 24.0, None),
        (Purchase.ON_DEMAND, 10.0, 10.0),
    ],
)
def test_paid_hours_by_hand(purchase, used, paid):
    """Whole terms; blocks of 1 to 14 days, then weeks, half an hour of which is lost."""
    assert paid == term_hours(purchase, used)


@given(used=st.floats(min_value=0.1, max_value=100_000.0))
def test_used_and_unused_hours_make_whole_terms(used):
    """The bill of a reservation is that of whole terms, however long the run."""
    offer = an_offer(purchase=Purchase.RESERVED_1Y)

    unused = sum(item.quantity for item in unused_item(offer, used))

    assert (used + unused) % 8760 == pytest.approx(0, abs=1e-6) or (used + unused) % 8760 == pytest.approx(8760)


def test_break_even_by_hand():
    """At 6 of 10 USD an hour, 60 % of the term must be used; at 10 of 10 it never pays."""
    assert 0.6 == break_even_fraction(6.0, 10.0)
    assert break_even_fraction(10.0, 10.0) is None


def test_the_note_says_what_is_used_and_from_when_it_pays():
    """A reader sees use, waste and break-even in one sentence."""
    offer = an_offer(purchase=Purchase.RESERVED_1Y, usd_per_hour=6.0)

    note = commitment_note(offer, 87.6, 10.0, is_shared=False)

    assert (
        "reserved_1y: this run uses 1.00% of the 8,760 hours; the rest is paid and unused; "
        "it pays from 60.0% use on against 10 USD/h on demand" == note
    )
