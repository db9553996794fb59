"""What a row of a price book can be: one definition for checks, writer, reader and verification."""

from __future__ import annotations

from datetime import date

from planner.hardware.gpus import load_gpus
from planner.model.frozen import names_of
from planner.model.records import Offer

GPUS_FROM = 1e-3  # the smallest parts that are sold are some hundredths of a GPU
GPUS_BELOW = 1e6
USD_PER_HOUR_FROM = 1e-4  # the electricity of one watt; nobody lets a machine, or a part of one with a GPU, for less
USD_PER_HOUR_BELOW = 1e7
FIGURES_BELOW = 1e9
_LEAST_OF = {"vcpus": 1e-3, "memory_gib": 1e-3, "network_gbps": 1e-3, "offers_count": 1}
"""What a figure is at least: of nothing a machine has nothing, and a source that says 0 does not know."""
LONGEST_TEXT = 2000


def offer_problem(offer: Offer) -> str | None:
    """The reason why no book may hold that offer; `None` if one may.

    Names are printable: control characters, line ends and lone surrogates would part a row, or not be written at all.
    """
    if not offer.instance_type or not offer.region:
        return "the instance type or the region has no name"
    if offer.gpu not in load_gpus():
        return f"unknown GPU {offer.gpu[:60]!r}"
    if not GPUS_FROM <= float(count_text(offer.gpu_count)) < GPUS_BELOW:
        return f"{offer.gpu_count:,g} GPUs cannot be"
    for price in (offer.usd_per_hour, offer.usd_per_hour_cheapest):
        if price is not None and not USD_PER_HOUR_FROM <= price < USD_PER_HOUR_BELOW:
            return f"{price:g} USD an hour cannot be"
    return next((problem for name in names_of(Offer) if (problem := _cell_problem(name, getattr(offer, name)))), None)


def late_problem(offer: Offer, day: date) -> str | None:
    """The reason why the book of that day may not hold the offer: it was observed later. `None` if it was not."""
    return f"observed on {offer.observed_on}, after the day of the list" if offer.observed_on > day else None


def count_text(count: float) -> str:
    """A number of GPUs as a row has it: six digits, as sources print a third of a GPU."""
    return f"{count:g}"


def figure_text(figure: float | None) -> str:
    """A figure of a machine as a row has it: ten digits, empty where it is not known."""
    return "" if figure is None else f"{figure:.10g}"


def _cell_problem(name: str, value: object) -> str | None:
    if isinstance(value, str) and not (len(value) <= LONGEST_TEXT and value.isprintable()):
        return f"{name} {value[:40]!r} is not a name"
    # a NaN is not above 0 either; what counts is the figure as it is written
    if isinstance(value, (int, float)) and not (
        _LEAST_OF.get(name, 0) <= value < FIGURES_BELOW and float(figure_text(value)) < FIGURES_BELOW
    ):
        return f"{name} {value} cannot be" if value < FIGURES_BELOW else f"{name} is not below {FIGURES_BELOW:g}"
    return None
