"""Turns the arguments of an estimate into a question: workload, offer filter, terms of the bill, limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, cast

from planner.cost.currency import usd_at_most
from planner.errors import UnknownNameError
from planner.hardware.processors import is_processor
from planner.model.frozen import changed, dataclass
from planner.model.records import Basis, Workload
from planner.options.arguments import EstimateArguments, OfferArguments
from planner.options.bill import bill_terms
from planner.options.bill_arguments import BillArguments
from planner.options.declared import filled
from planner.options.times import hours_until
from planner.options.vocabulary import SORTS
from planner.prices.catalog import USUAL_PURCHASES
from planner.prices.filters import OfferFilter
from planner.prices.offers import offer_filter
from planner.units import current_day
from planner.work.listed import Work
from planner.work.planned import planned_work


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The checked arguments of an estimate as workload, filter, bill terms and limits; ages are counted from `today`."""

    work: Work
    wanted: OfferFilter
    terms: BillArguments
    weakest: Basis
    nodes: int
    max_hours: float | None
    max_usd: float | None
    sort: str
    limit: int | None
    every_offer: bool
    hour_worth_usd: float
    price_book: Path | None
    data_dir: Path | None
    as_of: date | None
    today: date


def question_of(asked: EstimateArguments) -> Question:
    """Turns all keyword arguments of `estimate`, defaults included, into a question.

    Raises:
        UsageError: arguments contradict each other, or a name is unknown (`UnknownNameError`).
    """
    if asked["calibration"]:
        from planner.work.calibrated import with_calibration  # noqa: PLC0415 - only where somebody gives a file

        asked = with_calibration(asked)
    if asked["sort"] not in SORTS:
        raise UnknownNameError("sort order", asked["sort"], SORTS, "planner estimate --help")
    limit = asked["max_hours"]
    work, wanted = planned_work(asked), wanted_offers(asked)
    return Question(
        work=work,
        wanted=changed(
            wanted,
            has_processors=wanted.has_processors or _runs_on_processors(work.workload),
            is_strict=asked["strict"],
        ),
        terms=bill_terms(asked),
        weakest=weakest_basis(asked["basis"]),
        nodes=asked["nodes"] or 1,
        max_hours=None if limit is None else hours_until(limit, as_of=asked["as_of"]),
        max_usd=usd_at_most(asked["max_usd"], asked["max_cost"]),
        sort=asked["sort"],
        limit=asked["limit"],
        every_offer=asked["every_offer"],
        hour_worth_usd=asked["hour_worth_usd"],
        price_book=asked["price_book"],
        data_dir=asked["data_dir"],
        as_of=asked["as_of"],
        today=asked["as_of"] or current_day(),
    )


def _runs_on_processors(workload: Workload) -> bool:
    """Whether machines without a GPU count unasked: boosted trees run there, and what was measured on a processor."""
    return workload.trees is not None or any(is_processor(own.gpu) for own in workload.measured)


def question_from(options: Mapping[str, Any]) -> Question:
    """Turns some arguments of `estimate` into a question; the others take their defaults.

    Raises:
        UsageError: an argument is out of range, or a name is unknown (`UnknownNameError`).
    """
    return question_of(cast("EstimateArguments", filled(EstimateArguments, options)))


def wanted_offers(asked: OfferArguments) -> OfferFilter:
    """The offer filter that the arguments describe; if no kind of purchase is named, on demand and spot count."""
    wanted = offer_filter(asked)
    return wanted if wanted.purchases else changed(wanted, purchases=USUAL_PURCHASES)


def weakest_basis(text: str | None) -> Basis:
    """The weakest basis of throughput that counts; if none is named, every basis counts."""
    if text is None:
        return Basis.MODELLED
    try:
        return Basis(text)
    except ValueError:
        raise UnknownNameError("basis", text, map(str, Basis), "planner estimate --help") from None
