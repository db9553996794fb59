"""What the options of an estimate ask for: the work, the offers that count, how many instances, the weakest basis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from planner.answers.ranking import check_limits
from planner.errors import UnknownNameError, UsageError
from planner.hardware.gpus import choose_gpus
from planner.model.records import Basis
from planner.options.bill import BillOptions, BillTerms
from planner.options.checked import listed
from planner.prices.catalog import USUAL_PURCHASES, OfferFilter, purchase_kind
from planner.units import current_day
from planner.work.listed import Work
from planner.work.planned import LanguageArguments, planned_work

MAX_PRICE_AGE_DAYS = 730
"""Older prices are left out unless asked for: in two years every cloud has changed the price of most GPUs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an estimate is asked for, taken apart and checked; `today` is the day that ages are counted from."""

    work: Work
    wanted: OfferFilter
    terms: BillTerms
    weakest: Basis
    nodes: int
    max_hours: float | None
    max_usd: float | None
    sort: str
    limit: int | None
    every_offer: bool
    price_book: Path | None
    data_dir: Path | None
    as_of: date | None
    today: date


def question_of(asked: Mapping[str, Any]) -> Question:
    """Turns the keyword arguments of `estimate`, defaults filled in, into a question.

    Raises:
        UsageError: an argument is out of range, or a name is unknown (`UnknownNameError`).
    """
    given = dict(asked)
    check_limits(given["max_hours"], given["max_usd"], given["max_price_age_days"], given["sort"], given["limit"])
    check_nodes(given["nodes"])
    kept = {
        name: given.pop(name)
        for name in (
            *("nodes", "max_hours", "max_usd", "sort", "limit", "every_offer", "price_book", "data_dir", "as_of"),
        )
    }
    offers = {
        name: given.pop(name)
        for name in ("gpus", "gpu_counts", "providers", "regions", "purchases", "max_price_age_days")
    }
    terms = {name: given.pop(name) for name in BillOptions.__annotations__ if name in given}
    language = {name: given.pop(name) for name in LanguageArguments.__annotations__ if name in given}
    weakest = weakest_basis(given.pop("basis"))
    return Question(
        work=described_work(**given, language=language, node_count=kept["nodes"]),
        wanted=wanted_offers(**offers),
        terms=BillTerms(**terms),
        weakest=weakest,
        today=kept["as_of"] or current_day(),
        **kept,
    )


def described_work(
    *,
    model: str | None = None,
    epochs: float | None = None,
    dataset: str | None = None,
    samples_per_epoch: float | None = None,
    precision: str = "amp",
    batch_size: int | None = None,
    framework: str | None = None,
    sequence_length_or_image_size: int | None = None,
    gmacs_per_sample: float | None = None,
    params_millions: float | None = None,
    activations_millions: float | None = None,
    measured: str | Iterable[str] = (),
    model_file: Path | None = None,
    language: Mapping[str, Any] | None = None,
    node_count: int = 1,
) -> Work:
    """The work that these options of `estimate` describe."""
    return planned_work(
        model=model,
        epochs=epochs,
        precision=precision,
        input_size=sequence_length_or_image_size,
        node_count=node_count,
        general={
            "dataset": dataset,
            "samples_per_epoch": samples_per_epoch,
            "batch_size": batch_size,
            "framework": framework,
        },
        own={
            "gmacs_per_sample": gmacs_per_sample,
            "params_millions": params_millions,
            "activations_millions": activations_millions,
            "measured": listed(measured) or None,
            "model_file": model_file,
        },
        language=language or {},
    )


def wanted_offers(
    *,
    gpus: str | Iterable[str] = (),
    gpu_counts: Iterable[float] = (),
    providers: str | Iterable[str] = (),
    regions: str | Iterable[str] = (),
    purchases: str | Iterable[str] = (),
    max_price_age_days: int | None = MAX_PRICE_AGE_DAYS,
) -> OfferFilter:
    """The filter that these options of `estimate` describe."""
    return OfferFilter(
        gpus=tuple(choose_gpus(text) for text in listed(gpus)),
        gpu_counts=tuple(gpu_counts),
        providers=listed(providers),
        regions=listed(regions),
        purchases=tuple(purchase_kind(text) for text in listed(purchases)) or USUAL_PURCHASES,
        max_price_age_days=max_price_age_days,
    )


def check_nodes(nodes: int) -> None:
    """Refuse a number of instances that cannot be one."""
    if nodes == 1:
        return
    from planner.throughput.nodes import MAX_NODES  # noqa: PLC0415 - most runs are on one machine

    if not 1 < nodes <= MAX_NODES:
        raise UsageError(f"--nodes must be 1 to {MAX_NODES:,}, not {nodes:,}.")


def weakest_basis(text: str | None) -> Basis:
    """The weakest basis that counts; all if none is named."""
    if text is None:
        return Basis.MODELLED
    try:
        return Basis(text)
    except ValueError:
        raise UnknownNameError("basis", text, map(str, Basis), "planner estimate --help") from None
