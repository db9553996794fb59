"""The factor for another batch: by hand within twice the known batch, and beyond it, where no row tells anything."""

import math

import pytest

from planner.throughput.adjustments import batch_factor

LAW = {"low": 0.1, "median": 0.2, "high": 0.6}
TWICE, FOUR_TIMES = math.log(2), math.log(4)


@pytest.mark.parametrize(
    ("batch", "most", "log", "sides", "far"),
    [
        # twice: 0.1 to 0.6 of the doubling
        (128, math.inf, 0.2 * TWICE, (0.1 * TWICE, 0.4 * TWICE), (0.0, 0.0)),
        # half: the exponent that gains most loses most
        (32, math.inf, -0.2 * TWICE, (0.4 * TWICE, 0.1 * TWICE), (0.0, 0.0)),
        # eight times: as twice, and of the four beyond it nothing or all
        (
            512,
            math.inf,
            0.2 * 3 * TWICE,
            (math.hypot(0.1 * TWICE, 0.2 * FOUR_TIMES), math.hypot(0.4 * TWICE, 0.8 * FOUR_TIMES)),
            (0.2 * FOUR_TIMES, 0.8 * FOUR_TIMES),
        ),
        # an eighth
        (
            8,
            math.inf,
            -0.2 * 3 * TWICE,
            (math.hypot(0.4 * TWICE, 0.8 * FOUR_TIMES), math.hypot(0.1 * TWICE, 0.2 * FOUR_TIMES)),
            (0.8 * FOUR_TIMES, 0.2 * FOUR_TIMES),
        ),
        # a GPU that is full gains nothing beyond twice
        (512, 2.0, 0.2 * TWICE, (0.1 * TWICE, 0.4 * TWICE), (0.0, 0.0)),
        # within a tenth, and three quarters of many: the same batch
        (69, math.inf, 0.0, (0.0, 0.0), (0.0, 0.0)),
    ],
)
def test_the_factor_by_hand(batch, most, log, sides, far):
    """The speed is known at 64 samples; exponents of 0.1 to 0.6, middle 0.2."""
    factor = batch_factor(batch, 64, LAW, most)

    assert (log, *sides) == pytest.approx((factor.log, factor.below, factor.above))
    assert far == pytest.approx(factor.far)


@pytest.mark.parametrize(("batch", "changes"), [(384, False), (256, True), (1024, True)])
def test_three_quarters_of_a_large_batch_are_as_fast(batch, changes):
    """384 of 512 change nothing."""
    assert changes is (batch_factor(batch, 512, LAW).log != 0.0)


def test_a_batch_that_is_not_known_widens_the_range():
    """Nothing is moved, and either end may be as far as the steepest exponent."""
    factor = batch_factor(64, None, LAW)

    assert (0.0, 0.6, 0.6) == (factor.log, factor.below, factor.above)
    assert "not known" in factor.note
