"""How far figures are off, as cells and columns of a table."""

from __future__ import annotations

from collections.abc import Sequence

from planner.accuracy.results import ErrorSummary
from planner.render.listing import Column, number
from planner.units import Row


def figures_of(errors: ErrorSummary, columns: Sequence[Column]) -> Row:
    """What each of these columns of `ERROR_FIGURES` shows."""
    return {column.key: getattr(errors, column.key) for column in columns}


def percent(value: float) -> str:
    """A fraction in percent, with one decimal."""
    return f"{value:.1%}"


def signed(value: float) -> str:
    """A fraction in percent, with its sign."""
    return f"{value:+.1%}"


ERROR_FIGURES = (
    Column(key="n", heading="n", text=str, is_number=True),
    Column(key="median", heading="median", text=percent, is_number=True),
    Column(key="mean", heading="mean", text=percent, is_number=True),
    Column(key="p90", heading="90th percentile", text=percent, is_number=True),
    Column(key="bias", heading="bias", text=signed, is_number=True),
    Column(key="coverage", heading="coverage", text=percent, is_number=True),
    Column(key="width", heading="width", text=number(2), is_number=True),
)
