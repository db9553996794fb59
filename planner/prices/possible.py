"""What a row of a price book can be: one definition for checks, writer, reader and verification."""

from __future__ import annotations

from planner.hardware.gpus import load_gpus
from planner.model.frozen import names_of
from planner.model.records import Offer

GPUS_BELOW = 1e6
USD_PER_HOUR_BELOW = 1e7
FIGURES_BELOW = 1e9
LONGEST_TEXT = 2000


def offer_problem(offer: Offer) -> str | None:
    """The reason why no book may hold that offer; `None` if one may.

    Names are printable: control characters, line ends and lone surrogates would part a row, or not be written at all.
    """
    if not offer.instance_type or not offer.region:
        return "the instance type or the region has no name"
    if offer.gpu not in load_gpus():
        return f"unknown GPU {offer.gpu!r}"
    if not offer.gpu_count < GPUS_BELOW:
        return f"{offer.gpu_count:,.0f} GPUs cannot be"
    if not offer.usd_per_hour < USD_PER_HOUR_BELOW:
        return f"{offer.usd_per_hour:g} USD an hour cannot be"
    return next((problem for name in names_of(Offer) if (problem := _cell_problem(name, getattr(offer, name)))), None)


def _cell_problem(name: str, value: object) -> str | None:
    if isinstance(value, str) and not (len(value) <= LONGEST_TEXT and value.isprintable()):
        return f"{name} {value[:40]!r} is not a name"
    if isinstance(value, (int, float)) and not 0 <= value < FIGURES_BELOW:  # a NaN is not above 0 either
        return f"{name} {value} is not a figure"
    return None
