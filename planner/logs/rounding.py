"""How finely the figures of a log are written."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

LEAST = 1e-6
GRAINS = (1.0, 0.1, 0.01, 0.001)
MOST_DIGITS = 6


def grain_of(clocks: Sequence[float]) -> float:
    """The step that all readings of a clock are multiples of, in seconds; 0 where none is seen.

    >>> grain_of([10.0, 22.0, 35.0]), grain_of([1.5, 2.25]), grain_of([0.1234567, 0.2])
    (1.0, 0.01, 0.0)
    """
    since = [clock - clocks[0] for clock in clocks]  # a double of today's date shows tenths of a microsecond
    for grain in GRAINS:
        if all(abs(clock / grain - round(clock / grain)) < LEAST / grain for clock in since):
            return grain
    return 0.0


def relative_rounding(values: Sequence[float]) -> float:
    """Half of the last written digit, as a fraction of the usual value; 0 where they have many digits.

    >>> relative_rounding([0.05, 0.06, 0.05])
    0.1
    """
    if not values:
        return 0.0
    for digits in range(MOST_DIGITS):
        if all(abs(value - round(value, digits)) < 1e-9 for value in values):
            return round(0.5 / 10.0**digits / median(values), 9)
    return 0.0
