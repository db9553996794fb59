"""How long two parts of a step take that run side by side."""

from __future__ import annotations

LAUNCH_SHARPNESS = 8.0
"""Host and GPU work side by side almost perfectly: the slower of the two sets the pace."""


def side_by_side(one: float, other: float, sharpness: float = LAUNCH_SHARPNESS) -> float:
    """Time of two parts that overlap: between the larger of them and their sum.

    >>> side_by_side(3.0, 4.0, sharpness=2.0), side_by_side(3.0, 4.0, sharpness=1.0)
    (5.0, 7.0)
    """
    larger, smaller = max(one, other), min(one, other)
    return larger * (1 + (smaller / larger) ** sharpness) ** (1 / sharpness) if larger > 0 else 0.0
