"""What the forms show at once, and what they call it; every other option stands below, by the words of its declaration."""

from __future__ import annotations

from collections.abc import Mapping

from planner.model.frozen import dataclass
from planner.options.arguments import GROUPS as OF_ESTIMATES
from planner.options.arguments import LimitArguments, ShownArguments, WorkArguments
from planner.options.card_arguments import CardArguments
from planner.options.declared import declared
from planner.options.language_arguments import LanguageArguments
from planner.options.owner_arguments import OwnerArguments
from planner.options.tree_arguments import TreeArguments

_OF_RUNS = (WorkArguments, LanguageArguments, TreeArguments)
_OTHERS = tuple(group for group in OF_ESTIMATES if group not in _OF_RUNS)

GROUPS: Mapping[str, tuple[type, ...]] = {
    "estimate": (*_OF_RUNS, *_OTHERS, ShownArguments),
    "recommend": (*_OF_RUNS, LimitArguments, CardArguments, *_OTHERS, ShownArguments),
    "compare": (WorkArguments, OwnerArguments, LanguageArguments, TreeArguments, *_OTHERS, ShownArguments),
    "fit": (LanguageArguments,),
}
"""The declarations of each kind of question by subject, in the order of its form."""

_RUN = (
    "model",
    "epochs",
    "tokens",
    "samples",
    "rows",
    "method",
    "sequence_length_or_image_size",
    "precision",
    "batch_size",
)
_WHERE = ("gpus", "max_price_age_days")

IN_SIGHT: Mapping[str, tuple[str, ...]] = {
    "estimate": (*_RUN, *_WHERE, "nodes", "max_hours", "max_usd", "hour_worth_usd", "sort", "limit"),
    "recommend": (*_RUN, "max_hours", "max_usd", "card_budget_usd", "hour_worth_usd", *_WHERE, "nodes"),
    "compare": (
        *_RUN, "buy", "own", "condition", "country", "jobs_per_month", "utilisation", "gpu_hours_per_month", "peak_factor",
        "peak_months_per_year", "usd_per_kwh", "months", "card_usd", "discount_per_year", "against", "rent_usd_per_hour", "hosting_usd_per_month",
        "staff_usd_per_month", "resale_fraction", *_WHERE, "purchases", "share_commitment",
    ),
    "fit": ("model", "gpus", "method", "precision", "batch_size", "sequence_length", "optimizer"),
}  # fmt: skip
"""The options whose fields stand open, in their order; the others are below, folded."""

LABELS: Mapping[str, tuple[str, str]] = {
    "model": ("Model", "such as resnet50"),
    "epochs": ("Epochs", "such as 90"),
    "tokens": ("Tokens of the run", "such as 10B"),
    "samples": ("Samples of an epoch", "such as 50k"),
    "rows": ("Rows", "such as 10M"),
    "method": ("Method", ""),
    "sequence_length": ("Sequence length", "2048 at most"),
    "sequence_length_or_image_size": ("Pixels or tokens", "the model's"),
    "batch_size": ("Batch per GPU", "as measured"),
    "buy": ("Buy", "such as rtx-4090, rtx-3090:2"),
    "own": ("There already", "none"),
    "country": ("Country", ""),
    "jobs_per_month": ("Jobs a month", "such as 4"),
    "usd_per_kwh": ("Electricity, USD/kWh", ""),
    "months": ("Horizon, months", ""),
    "card_usd": ("Price of the cards, USD", ""),
    "discount_per_year": ("Discount a year, 0.05 for 5 %", ""),
    "against": ("Verdict against", "on demand; or reserved_3y"),
    "utilisation": ("Use of the month", "such as 60%"),
    "gpu_hours_per_month": ("GPU hours a month", "such as 200"),
    "peak_factor": ("Busy month, times a usual", "all alike; or 3"),
    "peak_months_per_year": ("Busy months a year", "1"),
    "rent_usd_per_hour": ("Own rent, USD/h", "list prices"),
    "hosting_usd_per_month": ("Hosting, USD a month", ""),
    "staff_usd_per_month": ("Staff, USD a month", ""),
    "maintenance_fraction_per_year": ("Upkeep, part of the price a year", ""),
    "resale_fraction": ("Resale, part of the price", ""),
    "gpus": ("GPUs", "all; or A100, H100:8"),
    "nodes": ("Machines together", ""),
    "max_price_age_days": ("Oldest price, days", ""),
    "providers": ("Provider", ""),
    "purchases": ("Purchase", ""),
    "regions": ("Regions", "all; or us-east-1, EU"),
    "share_commitment": ("Others use the rest of a commitment", ""),
    "max_hours": ("At most, hours", "none; or 48h, 2d"),
    "max_usd": ("At most, USD", "none; or 200"),
    "hour_worth_usd": ("An hour's wait, USD", ""),
    "card_budget_usd": ("Card budget, USD", "none; or 400"),
    "sort": ("Best first by", ""),
    "limit": ("Rows to show", ""),
}
"""What fields are called, and what stands in them while they are empty; others are called like their parameter."""

SLIDERS: Mapping[str, tuple[float, float, float]] = {
    "jobs_per_month": (0, 60, 1),
    "usd_per_kwh": (0, 0.8, 0.01),
    "months": (1, 120, 1),
    "card_usd": (0, 6000, 50),
    "discount_per_year": (0, 0.25, 0.005),
}
"""Numbers that are slid too: from, to, step."""

SHIPPED = ("hosting_usd_per_month", "staff_usd_per_month", "maintenance_fraction_per_year", "resale_fraction")
"""Fields in which the figure stands that an answer took."""

WORK: Mapping[str, str] = {
    "epochs": "samples tokens",
    "batch_size": "samples",
    "tokens": "tokens",
    "method": "tokens",
    "Language models": "tokens",
    "rows": "rows",
    "Trees": "rows",
}
"""The kinds of work that an option or a group belongs to; of another kind it is hidden while it is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What a page asks while nothing else is given: `values` by their field, unless a field of `unless` is filled in."""

    values: Mapping[str, str]
    unless: tuple[str, ...]


def _spelled(*homes: type) -> tuple[str, ...]:
    return tuple(one.spellings[0] for home in homes for one in declared(home).values() if one.option.is_typed)


_OWN_MODEL = (
    *("model", "dataset", "samples_per_epoch", "measured", "gmacs_per_sample", "params_millions", "activations_millions"),
    *_spelled(LanguageArguments, TreeArguments),
)  # fmt: skip
_USE = ("jobs_per_month", "gpu_hours_per_month", "utilisation")
_RESNET = {"model": "resnet50", "epochs": "90"}

EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "estimate": (Example(values=_RESNET, unless=_OWN_MODEL),),
    "recommend": (
        Example(values=_RESNET, unless=_OWN_MODEL),
        Example(values={"deadline": "48h"}, unless=("deadline", "budget", "max_cost", "card_budget", *_OWN_MODEL)),
    ),
    "compare": (
        Example(values=_RESNET, unless=(*_OWN_MODEL, "gpu_hours_per_month", "utilisation", "rent_usd_per_hour")),
        Example(values={"buy": "rtx-4090"}, unless=("buy", "own")),
        Example(values={"jobs_per_month": "4"}, unless=_USE),
    ),
    "fit": (
        Example(values={"model": "llama-3-8b"}, unless=("model", "params", "layers", "hidden", "heads", "vocab")),
        Example(values={"method": "lora"}, unless=("model", "method", "params", "layers", "hidden", "heads", "vocab")),
    ),
}
"""What each page shows an answer of before anybody types; it stands in no field, and the page says that it is one."""
