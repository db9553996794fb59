"""`planner estimate`: how long a workload takes and what it costs on every offer."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Unpack

from planner.answers.estimated import estimated
from planner.answers.question import MAX_PRICE_AGE_DAYS, Question, question_of
from planner.options.bill import BillOptions
from planner.options.checked import checked
from planner.results.estimate import EstimateResult
from planner.work.planned import LanguageArguments


class MoreOptions(BillOptions, LanguageArguments, total=False):
    """What `estimate` takes besides: the options of a bill and those of a language model."""


@checked(MoreOptions)
def estimate(
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
    basis: str | None = None,
    nodes: int = 1,
    gpus: str | Iterable[str] = (),
    gpu_counts: Iterable[float] = (),
    providers: str | Iterable[str] = (),
    regions: str | Iterable[str] = (),
    purchases: str | Iterable[str] = (),
    max_hours: float | None = None,
    max_usd: float | None = None,
    max_price_age_days: int | None = MAX_PRICE_AGE_DAYS,
    sort: str = "usd",
    limit: int | None = None,
    every_offer: bool = False,
    data_dir: Path | None = None,
    as_of: date | None = None,
    price_book: Path | None = None,
    **more: Unpack[MoreOptions],
) -> EstimateResult:
    """Time and cost of a workload on every offer that passes the filters, ranked.

    seconds = start-up + samples / throughput + what interruptions cost; usd = billed time x price of the whole instance
    and what else was asked for, as items that add up. The low and high of both come from the range of the throughput
    and of the interruptions.

    Args:
        model: name or alias, see `planner models`; with own figures, any name for the own model.
        epochs: passes over the data, above 0; language models may be given `tokens` instead.
        dataset: name of the training set; by default the one the model is usually trained on.
        samples_per_epoch: instead of a dataset, in the model's own unit.
        precision: `amp`, `fp32`, `tf32`, `bf16`, `fp16` or `best`.
        batch_size: samples per GPU and step.
        framework: whose measurements the figure stands for; by default the newest PyTorch evidence.
        sequence_length_or_image_size: tokens or pixels; by default the model's own.
        gmacs_per_sample: of an own model: 1e9 multiply-adds of one forward pass.
        params_millions: of an own model.
        activations_millions: of an own model: output elements of matrix and convolution layers for one sample.
        measured: own measurements such as `a100-80gb-sxm=1234` (samples per second), carried to every other GPU.
        model_file: a TOML file with the same figures.
        basis: the weakest basis wanted: `measured`, `scaled` or `modelled`; `None` takes all.
        nodes: instances that work together, each with its own price.
        gpus: spellings such as `A100`, `H100:8`; empty for all.
        gpu_counts: GPUs per instance; empty for any.
        providers: provider names; empty for all.
        regions: region names as the provider writes them; empty for all.
        purchases: kinds of purchase; empty for on demand and spot.
        max_hours: leave out what takes longer.
        max_usd: leave out what costs more.
        max_price_age_days: leave out older prices; `None` takes every age.
        sort: `usd`, `hours`, or `value` (smallest product of both).
        limit: keep the best so many; `None` keeps all.
        every_offer: one estimate per offer instead of the best region per (provider, GPU, count, purchase).
        data_dir: folder of the user's own snapshots; by default the platform's.
        as_of: plan with the prices known on that day.
        price_book: TOML file of own rates, discounts, credits and machines.
        more: what is on the bill, see `planner.options.bill.BillTerms`; and what is said of a language model, see
            `planner.work.language.LanguageOptions`.

    Raises:
        UsageError: an argument is out of range, or a name is unknown (`UnknownNameError`).
        NothingLeftError: no offer passes the filters, or none has a known throughput.
        LimitError: offers are left, but none within `max_hours` and `max_usd`.
        DataError: a snapshot cannot be trusted.
    """
    asked: dict[str, Any] = dict(locals())
    more = asked.pop("more")
    return estimated(question_of({**asked, **more}))


def question_from(options: Mapping[str, Any]) -> Question:
    """The question that these arguments of `estimate` ask, the others at their defaults.

    Raises:
        UsageError: an argument is out of range, or a name is unknown (`UnknownNameError`).
    """
    return question_of({**_defaults(), **options})


@cache
def _defaults() -> Mapping[str, Any]:
    parameters = inspect.signature(estimate).parameters.values()
    return {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}
