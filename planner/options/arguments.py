"""Every option of the product, declared once: its meaning, type, range, default and other names.

From here come the options of the command line and their environment variables, the parameters of the page and of agents, the
columns of a sweep, the keys of `planner.toml`, completion, the checks of types and ranges, and docs/options.md.
"""

# no `from __future__ import annotations` here: the declarations are read as they stand, which takes half the time

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, TypedDict

from planner.options.bill_arguments import BillArguments, Names
from planner.options.language_arguments import LanguageArguments
from planner.options.option import Option, Same
from planner.options.readers import (
    COST,
    COUNT,
    DAYS,
    DEADLINE,
    MILLIONS,
    SIZE,
    USD,
    USD_LIMIT,
)
from planner.options.tree_arguments import TreeArguments


class Usual(int):
    """A whole number that counts where nobody gives one: equal to the same number given, and told from it."""


MAX_PRICE_AGE_DAYS = Usual(730)
"""Older prices are left out unless asked for: in two years every cloud has changed the price of most GPUs."""

HOUR_WORTH_USD = 10.0
"""What an hour of waiting counts: 24 USD an hour of the clock where waiting stops all work of an engineer who costs 100 USD
an hour (mean wage of 2024 in the USA: 144,570 USD a year, Bureau of Labor Statistics; taken as 70 % of the cost), half of
it where it stops half. A student sets 1, a team before a launch 100."""

MOST = 1e12  # more dollars, watts or runs than there are
MOST_ROWS = 10**9


class WorkArguments(TypedDict, total=False):
    """Work: what is trained, on how much data, on how many machines."""

    model: Annotated[
        str | None,
        Option(
            "Model to train; see: planner models. Or the config.json of a language model; with own figures, any name.",
            known="models",
            metavar="NAME",
        ),
    ]
    epochs: Annotated[
        float | None,
        Option("Passes over the training data. Language models may be given {tokens} instead.", above=0, high=1e6),
    ]
    dataset: Annotated[
        str | None,
        Option(
            "Training set; see: planner models --datasets. Default: the one the model is usually trained on.",
            known="datasets",
            metavar="NAME",
        ),
    ]
    samples_per_epoch: Annotated[
        float | None,
        Option("Samples in an epoch, instead of {dataset}. In the model's unit.", above=0, high=1e15, read=COUNT),
    ]
    batch_size: Annotated[
        int | None, Option("Samples per GPU and step. Default: what the measurement used.", low=1, high=10**9)
    ]
    sequence_length_or_image_size: Annotated[
        int | None,
        Option(
            "Pixels or tokens of a sample. Default: the model's own.",
            low=1,
            high=10**9,
            spellings=("image_size", "sequence_length"),
            read=SIZE,
        ),
    ]
    image_size: Annotated[int | None, Same("sequence_length_or_image_size")]
    precision: Annotated[
        str,
        Option(
            "amp, fp32, tf32, bf16, fp16, fp8 or best. amp is mixed with 16 bits, fp8 for language models only, "
            "best the fastest known.",
            default="amp",
            known="precisions",
            metavar="NAME",
        ),
    ]
    nodes: Annotated[int | None, Option("Machines that work together on the run. Default: 1.", low=1, high=4096)]
    measured: Annotated[
        Names,
        Option(
            "Own speed: a100-80gb-sxm=1234. In samples per second, carried to every other GPU. Repeatable.",
            metavar="GPU=RATE",
        ),
    ]
    calibration: Annotated[
        Iterable[Path],
        Option("Calibration file of your own run. See: planner calibrate. Repeatable.", is_file=True),
    ]
    basis: Annotated[
        str | None,
        Option(
            "Weakest wanted: measured, scaled, modelled. Measured by you or others. Default: all.",
            known="bases",
            metavar="BASIS",
            is_rare=True,
        ),
    ]
    framework: Annotated[
        str | None,
        Option(
            "Whose measurements count: pytorch, mxnet ... Default: newest PyTorch evidence.",
            known="frameworks",
            metavar="NAME",
            is_rare=True,
        ),
    ]
    gmacs_per_sample: Annotated[
        float | None,
        Option(
            "Own model: 1e9 multiply-adds, forward. Of one forward pass of a sample.",
            above=0,
            high=1e9,
            is_rare=True,
        ),
    ]
    params_millions: Annotated[
        float | None,
        Option("Own model: parameters, in millions.", above=0, high=1e9, read=MILLIONS, is_rare=True),
    ]
    activations_millions: Annotated[
        float | None,
        Option(
            "Own model: outputs of its layers. In millions, of matrix and convolution layers.",
            above=0,
            high=1e9,
            read=MILLIONS,
            is_rare=True,
        ),
    ]
    model_file: Annotated[
        Path | None, Option("TOML file with the figures of your own model.", is_file=True, is_rare=True)
    ]


class BookArguments(TypedDict, total=False):
    """Books: which price books are read."""

    as_of: Annotated[
        date | None,
        Option("Plan with the prices known on that day. YYYY-MM-DD.", metavar="DAY", is_rare=True),
    ]
    data_dir: Annotated[
        Path | None,
        Option("Folder of your own price snapshots. Default: the platform's data folder.", is_file=True, is_rare=True),
    ]
    strict: Annotated[
        bool,
        Option(
            "Refuse to answer where a price book is damaged. Default: it is left out, and named.",
            default=False,
            is_rare=True,
        ),
    ]


class SharedArguments(BookArguments, total=False):
    """Prices: which price books are read, and prices of your own."""

    price_book: Annotated[
        Path | None,
        Option(
            "TOML file of your own prices. Rates, discounts, credits and machines; see docs/own-prices.md.",
            is_file=True,
        ),
    ]


class OfferArguments(TypedDict, total=False):
    """Where: which offers count."""

    gpus: Annotated[
        Names,
        Option(
            "A100, H100:8, 8xH100, 'RTX 4090'. A GPU, with a count if wanted. Repeatable. Default: all.",
            known="gpus",
            spellings=("gpu",),
            metavar="GPU",
        ),
    ]
    gpu: Annotated[Names, Same("gpus")]
    providers: Annotated[
        Names,
        Option(
            "aws, gcp, azure ...; see: planner providers. Repeatable. Default: all.",
            known="providers",
            spellings=("provider",),
            metavar="NAME",
        ),
    ]
    provider: Annotated[Names, Same("providers")]
    regions: Annotated[
        Names,
        Option(
            "us-east-1, a zone, Germany, EU, Europe ... Repeatable. Default: all.",
            known="regions",
            spellings=("region",),
            metavar="NAME",
        ),
    ]
    region: Annotated[Names, Same("regions")]
    purchases: Annotated[
        Names,
        Option(
            "on_demand, spot, reserved, savings or all. Also reserved_1y, reserved_3y, savings_1y, savings_3y and "
            "capacity_block. Repeatable. Default: on_demand and spot.",
            known="purchases",
            spellings=("purchase",),
            metavar="KIND",
        ),
    ]
    purchase: Annotated[Names, Same("purchases")]
    instances: Annotated[
        Names,
        Option(
            "Instance type: p5.48xlarge, or p5* for many. Repeatable. Default: all.",
            known="instance_types",
            spellings=("instance",),
            metavar="TYPE",
        ),
    ]
    instance: Annotated[Names, Same("instances")]
    gpu_counts: Annotated[
        Iterable[float],
        Option("GPUs per machine. Repeatable. Default: any.", above=0, high=1024, spellings=("gpu_count",)),
    ]
    gpu_count: Annotated[Iterable[float], Same("gpu_counts")]
    max_price_age_days: Annotated[
        int | None,
        Option(
            "Leave out prices older than so many days. Without it none older than 365 is picked.",
            default=MAX_PRICE_AGE_DAYS,
            low=0,
            high=36_500,
            spellings=("max_price_age",),
            read=DAYS,
        ),
    ]
    max_price_age: Annotated[int | None, Same("max_price_age_days")]


class ListArguments(OfferArguments, BookArguments, total=False):
    """The arguments of `offers`."""

    purchases: Annotated[
        Names,
        Option(
            "on_demand, spot, reserved, savings ... Repeatable. Default: all.",
            known="purchases",
            spellings=("purchase",),
            metavar="KIND",
        ),
    ]
    max_price_age_days: Annotated[
        int | None,
        Option(
            "Leave out prices older than so many days.", low=0, high=36_500, spellings=("max_price_age",), read=DAYS
        ),
    ]


class LimitArguments(TypedDict, total=False):
    """Limits: what takes too long or costs too much."""

    max_hours: Annotated[
        float | str | None,
        Option(
            "Leave out what takes longer: 48h, 2d, 90min. Hours if no unit is given; or a date such as 2026-12-01 (its end).",
            above=0,
            high=1e9,
            spellings=("max_hours", "deadline"),
            read=DEADLINE,
        ),
    ]
    deadline: Annotated[float | str | None, Same("max_hours")]
    max_usd: Annotated[
        float | None,
        Option(
            "Leave out what costs more, in USD.", above=0, high=MOST, spellings=("max_usd", "budget"), read=USD_LIMIT
        ),
    ]
    budget: Annotated[float | None, Same("max_usd")]
    budget_usd: Annotated[float | None, Same("max_usd")]
    max_cost: Annotated[
        float | str | None,
        Option(
            "The same in another currency: 20 EUR. Without one, in that of {currency}.",
            above=0,
            high=MOST,
            read=COST,
            metavar="AMOUNT",
        ),
    ]


class AimArguments(TypedDict, total=False):
    """Aim: what is worth paying for."""

    hour_worth_usd: Annotated[
        float,
        Option(
            "What an hour of waiting counts, in USD. Picks balance money and time by it.",
            default=HOUR_WORTH_USD,
            low=0,
            high=MOST,
            spellings=("hour_worth",),
            read=USD,
        ),
    ]
    hour_worth: Annotated[float, Same("hour_worth_usd")]


class RankingArguments(TypedDict, total=False):
    """Output: the order of the rows, and how many."""

    sort: Annotated[
        str,
        Option(
            "usd, hours or value. Cheapest first, fastest first, or by USD x hours.",
            default="usd",
            known="sorts",
            metavar="ORDER",
        ),
    ]
    limit: Annotated[int | None, Option("Rows to show.", low=1, high=MOST_ROWS)]
    every_offer: Annotated[
        bool, Option("Every offer. All regions and zones, all rows.", default=False, spellings=("all",))
    ]


class WorkloadArguments(WorkArguments, LanguageArguments, TreeArguments, total=False):
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
        Option(
            "Show amounts in EUR, GBP, CHF or JPY. At the dated rate in the data.", known="currencies", metavar="CODE"
        ),
    ]


GROUPS = (
    WorkArguments,
    OfferArguments,
    LimitArguments,
    AimArguments,
    LanguageArguments,
    TreeArguments,
    BillArguments,
    SharedArguments,
    RankingArguments,
)
"""The declarations of an estimate by subject, in the order of `--help`; the first word of each is its heading."""
