"""Every option of the product, declared once: its meaning, type, range, default and other names.

From here come the options of the command line and their environment variables, the parameters of the page and of agents, the
columns of a sweep, the keys of `planner.toml`, completion, the checks of types and ranges, and docs/options.md.
"""

# no `from __future__ import annotations` here: the declarations are read as they stand, which takes half the time

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, TypedDict

from planner.options.amounts import number_or_text
from planner.options.language_arguments import LanguageArguments
from planner.options.option import Option, Same

MAX_PRICE_AGE_DAYS = 730
"""Older prices are left out unless asked for: in two years every cloud has changed the price of most GPUs."""

GPU_HOURS_PER_FAILURE = 50_000.0
"""One unexpected interruption of a training run per so many GPU-hours.

Meta's Llama 3 run: 419 unexpected interruptions in 54 days on 16,384 H100, 50,676 GPU-hours each
(https://arxiv.org/abs/2407.21783, section 3.3.4, July 2024)."""

HOUR_WORTH_USD = 10.0
"""What an hour of waiting counts: 24 USD an hour of the clock where waiting stops all work of an engineer who costs 100 USD
an hour (mean wage of 2024 in the USA: 144,570 USD a year, Bureau of Labor Statistics; taken as 70 % of the cost), half of
it where it stops half. A student sets 1, a team before a launch 100."""

SORTS = ("usd", "hours", "value")
MOST = 1e12  # more dollars, watts or runs than there are
MOST_ROWS = 10**9

Names = str | Iterable[str]


class WorkArguments(TypedDict, total=False):
    """Work: what is trained, on how much data, on how many machines."""

    model: Annotated[
        str | None,
        Option(
            "Model to train, see: planner models; or the config.json of a language model. With own figures, any name.",
            known="models",
        ),
    ]
    epochs: Annotated[
        float | None,
        Option("Passes over the training data. Language models may be given {tokens} instead.", above=0, high=1e6),
    ]
    dataset: Annotated[
        str | None, Option("Training set. Default: the one the model is usually trained on.", known="datasets")
    ]
    samples_per_epoch: Annotated[
        float | None, Option("Samples in an epoch, in the model's unit, instead of {dataset}.", above=0, high=1e15)
    ]
    precision: Annotated[
        str,
        Option(
            "amp (16-bit mixed), fp32, tf32, bf16, fp16, fp8 (language models only), or best (fastest known).",
            default="amp",
            known="precisions",
        ),
    ]
    batch_size: Annotated[
        int | None, Option("Samples per GPU and step. Default: what the measurement used.", low=1, high=10**9)
    ]
    framework: Annotated[
        str | None,
        Option(
            "Framework whose measurements count: pytorch, mxnet ... Default: newest PyTorch evidence.",
            known="frameworks",
        ),
    ]
    sequence_length_or_image_size: Annotated[
        int | None,
        Option(
            "Pixels or tokens of a sample. Default: the model's own.",
            low=1,
            high=10**9,
            spellings=("image_size", "sequence_length"),
        ),
    ]
    image_size: Annotated[int | None, Same("sequence_length_or_image_size")]
    gmacs_per_sample: Annotated[
        float | None, Option("Own model: 1e9 multiply-adds of one forward pass.", above=0, high=1e9)
    ]
    params_millions: Annotated[float | None, Option("Own model: parameters, in millions.", above=0, high=1e9)]
    activations_millions: Annotated[
        float | None, Option("Own model: outputs of matrix and convolution layers, in millions.", above=0, high=1e9)
    ]
    measured: Annotated[
        Names,
        Option(
            "Own measurement in samples per second, carried to every other GPU: a100-80gb-sxm=1234. Repeatable.",
            metavar="GPU=RATE",
        ),
    ]
    calibration: Annotated[
        Iterable[Path],
        Option("Calibration file of your own run, see: planner calibrate. Repeatable.", is_file=True),
    ]
    model_file: Annotated[Path | None, Option("TOML file with the figures of your own model.", is_file=True)]
    basis: Annotated[
        str | None,
        Option("Weakest basis wanted: measured (by you or others), scaled or modelled. Default: all.", known="bases"),
    ]
    nodes: Annotated[int | None, Option("Instances that work together on the run. Default: 1.", low=1, high=4096)]


class BookArguments(TypedDict, total=False):
    """Books: which price books are read."""

    as_of: Annotated[date | None, Option("Plan with the prices known on that day, YYYY-MM-DD.")]
    data_dir: Annotated[
        Path | None,
        Option("Folder of your own price snapshots. Default: the platform's data folder.", is_file=True),
    ]


class SharedArguments(BookArguments, total=False):
    """Prices: which price books are read, and prices of your own."""

    price_book: Annotated[
        Path | None,
        Option("TOML file of your own rates, discounts, credits and machines. See docs/own-prices.md.", is_file=True),
    ]


class OfferArguments(TypedDict, total=False):
    """Offers: which of them count."""

    gpus: Annotated[
        Names,
        Option(
            "GPU, with a count if wanted: A100, H100:8, 'RTX 4090'. Repeatable. Default: all.",
            known="gpus",
            spellings=("gpu",),
        ),
    ]
    gpu: Annotated[Names, Same("gpus")]
    gpu_counts: Annotated[
        Iterable[float],
        Option("GPUs per instance. Repeatable. Default: any.", above=0, high=1024, spellings=("gpu_count",)),
    ]
    gpu_count: Annotated[Iterable[float], Same("gpu_counts")]
    providers: Annotated[
        Names, Option("Provider. Repeatable. Default: all.", known="providers", spellings=("provider",))
    ]
    provider: Annotated[Names, Same("providers")]
    regions: Annotated[
        Names,
        Option("Region as the provider writes it. Repeatable. Default: all.", known="regions", spellings=("region",)),
    ]
    region: Annotated[Names, Same("regions")]
    purchases: Annotated[
        Names,
        Option(
            "on_demand, spot, reserved_1y, reserved_3y, savings_1y, savings_3y, capacity_block. Repeatable. "
            "Default: on_demand and spot.",
            known="purchases",
            spellings=("purchase",),
        ),
    ]
    purchase: Annotated[Names, Same("purchases")]
    max_price_age_days: Annotated[
        int | None,
        Option(
            "Leave out prices older than so many days.",
            default=MAX_PRICE_AGE_DAYS,
            low=0,
            high=36_500,
            spellings=("max_price_age",),
        ),
    ]
    max_price_age: Annotated[int | None, Same("max_price_age_days")]


class ListArguments(OfferArguments, BookArguments, total=False):
    """The arguments of `offers`."""

    purchases: Annotated[
        Names,
        Option(
            "on_demand, spot, reserved_1y ... Repeatable. Default: all.", known="purchases", spellings=("purchase",)
        ),
    ]
    max_price_age_days: Annotated[
        int | None,
        Option("Leave out prices older than so many days.", low=0, high=36_500, spellings=("max_price_age",)),
    ]


class LimitArguments(TypedDict, total=False):
    """Limits: what takes too long or costs too much."""

    max_hours: Annotated[
        float | str | None,
        Option(
            "Leave out what takes longer: hours, 48h, 2d, 90m, or a date such as 2026-12-01 (its end).",
            above=0,
            high=1e9,
            spellings=("max_hours", "deadline"),
            read=number_or_text,
            metavar="TIME",
        ),
    ]
    deadline: Annotated[float | str | None, Same("max_hours")]
    max_usd: Annotated[
        float | None,
        Option("Leave out what costs more, in USD.", above=0, high=MOST, spellings=("max_usd", "budget")),
    ]
    budget: Annotated[float | None, Same("max_usd")]
    budget_usd: Annotated[float | None, Same("max_usd")]


class AimArguments(TypedDict, total=False):
    """Aim: what is worth paying for."""

    hour_worth_usd: Annotated[
        float,
        Option(
            "What an hour of waiting counts, in USD: picks balance money and time by it.",
            default=HOUR_WORTH_USD,
            low=0,
            high=MOST,
            spellings=("hour_worth",),
        ),
    ]
    hour_worth: Annotated[float, Same("hour_worth_usd")]


class RankingArguments(TypedDict, total=False):
    """Ranking: the order of the rows, and how many."""

    sort: Annotated[
        str,
        Option("usd (cheapest first), hours (fastest first), value (USD x hours).", default="usd", known="sorts"),
    ]
    limit: Annotated[int | None, Option("Rows to show.", low=1, high=MOST_ROWS)]
    every_offer: Annotated[
        bool, Option("Every offer: all regions and zones, all rows.", default=False, spellings=("all",))
    ]


class BillArguments(TypedDict, total=False):
    """Bill: interruptions, commitments and the items beside rent."""

    interruptions_per_hour: Annotated[
        float | None,
        Option(
            "Interruptions of one spot instance per hour. Default: as published for type and region, else 10 % a day.",
            low=0,
            high=1000,
        ),
    ]
    has_checkpoints: Annotated[
        bool, Option("Whether the run saves its state.", default=True, spellings=("checkpoints",))
    ]
    checkpoints: Annotated[bool, Same("has_checkpoints")]
    checkpoint_interval_seconds: Annotated[
        float | None, Option("Work between checkpoints. Default: the best interval (Daly).", low=1, high=1e9)
    ]
    checkpoint_seconds: Annotated[
        float | None,
        Option("Time to write a checkpoint. Default: from the size of the model.", low=0, high=1e7),
    ]
    restart_seconds: Annotated[
        float | None,
        Option("From a new instance to the first new step. Default: start-up and reading.", low=0, high=1e7),
    ]
    gpu_hours_per_failure: Annotated[
        float, Option("GPU-hours between hardware failures.", default=GPU_HOURS_PER_FAILURE, low=1, high=1e12)
    ]
    share_commitment: Annotated[
        bool, Option("Others use the rest of a commitment's term: do not count it.", default=False)
    ]
    trials: Annotated[
        int, Option("Full runs, one after the other, until one is right.", default=1, low=1, high=100_000)
    ]
    evaluation_fraction: Annotated[
        float, Option("Evaluation, as a fraction of training time.", default=0.0, low=0, high=100)
    ]
    startup_seconds: Annotated[
        float | None,
        Option(
            "Loading and compilation before the steady pace, at every start. Default: as in {calibration}, else 0.",
            low=0,
            high=1e7,
        ),
    ]
    overhead_factor: Annotated[
        float,
        Option(
            "Time of a real run over its time at the benchmark's speed; published: 1 to 1.31.",
            default=1.0,
            low=1,
            high=100,
        ),
    ]
    dataset_gb: Annotated[
        float,
        Option("Size of the training data in GB: staged in, and stored over the run.", default=0.0, low=0, high=1e9),
    ]
    results_gb: Annotated[float, Option("What is downloaded at the end, in GB.", default=0.0, low=0, high=1e9)]
    image_gb: Annotated[float, Option("Container image pulled at every start, in GB.", default=0.0, low=0, high=1e5)]
    idle_seconds: Annotated[
        float,
        Option("Until the instance is stopped after the run has ended.", default=0.0, low=0, high=1e8),
    ]
    tax_fraction: Annotated[float, Option("Tax on the whole bill: 0.19 for 19 %.", default=0.0, low=0, high=1)]
    without: Annotated[
        Names,
        Option(
            "Take an item off the bill: start-up, interruptions, failures, staging, storage, egress. Repeatable.",
            known="items",
        ),
    ]


class WorkloadArguments(WorkArguments, LanguageArguments, total=False):
    """The arguments that describe a workload of any kind."""


class EstimateArguments(
    WorkloadArguments,
    OfferArguments,
    SharedArguments,
    LimitArguments,
    AimArguments,
    RankingArguments,
    BillArguments,
    total=False,
):
    """The arguments of `estimate`."""


class ShownArguments(TypedDict, total=False):
    """Output: how an answer is shown; what is computed does not depend on it."""

    currency: Annotated[
        str | None,
        Option("Show amounts in this currency, at the dated rate in the data: EUR, GBP, CHF, JPY.", known="currencies"),
    ]


GROUPS = (
    WorkArguments,
    OfferArguments,
    SharedArguments,
    LimitArguments,
    AimArguments,
    RankingArguments,
    BillArguments,
    LanguageArguments,
)
"""The declarations of an estimate by subject, in the order of `--help`; the first word of each is its heading."""
