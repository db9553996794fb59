"""What the forms show at once, and what they call it; every other option stands below, by the words of its declaration."""

from __future__ import annotations

from collections.abc import Mapping

from planner.options.arguments import GROUPS as OF_ESTIMATES
from planner.options.arguments import LimitArguments, ShownArguments, WorkArguments
from planner.options.card_arguments import CardArguments
from planner.options.language_arguments import LanguageArguments
from planner.options.owner_arguments import OwnerArguments
from planner.options.tree_arguments import TreeArguments

_OF_RUNS = (WorkArguments, LanguageArguments, TreeArguments)
_OTHERS = tuple(group for group in OF_ESTIMATES if group not in _OF_RUNS)

GROUPS: Mapping[str, tuple[type, ...]] = {
    "estimate": (*_OF_RUNS, *_OTHERS, ShownArguments),
    "recommend": (*_OF_RUNS, LimitArguments, CardArguments, *_OTHERS, ShownArguments),
    "compare": (*_OF_RUNS, OwnerArguments, *_OTHERS, ShownArguments),
    "fit": (LanguageArguments,),
}
"""The declarations of each kind of question by subject, in the order of its form."""

_RUN = ("model", "epochs", "tokens", "rows", "method", "sequence_length_or_image_size", "precision", "batch_size")
_WHERE = ("gpus", "max_price_age_days")

IN_SIGHT: Mapping[str, tuple[str, ...]] = {
    "estimate": (*_RUN, *_WHERE, "nodes", "max_hours", "max_usd", "hour_worth_usd", "sort", "limit"),
    "recommend": (*_RUN, "max_hours", "max_usd", "card_budget_usd", "hour_worth_usd", *_WHERE, "nodes"),
    "compare": (
        *_RUN, "buy", "own", "condition", "country", "jobs_per_month", "utilisation", "gpu_hours_per_month", "peak_factor",
        "peak_months_per_year", "usd_per_kwh", "months", "card_usd", "discount_per_year", "against", "rent_usd_per_hour", "hosting_usd_per_month",
        "staff_usd_per_month", "resale_fraction", *_WHERE,
    ),
    "fit": ("model", "gpus", "method", "precision", "batch_size", "sequence_length", "optimizer"),
}  # fmt: skip
"""The options whose fields stand open, in their order; the others are below, folded."""

LABELS: Mapping[str, tuple[str, str]] = {
    "model": ("Model", "resnet50"),
    "epochs": ("Epochs", ""),
    "tokens": ("Tokens of the run", "10B"),
    "rows": ("Rows", "10M"),
    "method": ("Method", "pretrain"),
    "sequence_length": ("Sequence length", ""),
    "sequence_length_or_image_size": ("Pixels or tokens", ""),
    "batch_size": ("Batch per GPU", "as measured"),
    "buy": ("Buy", "rtx-4090, rtx-3090:2"),
    "own": ("There already", "none"),
    "country": ("Country", "United States"),
    "jobs_per_month": ("Jobs a month", ""),
    "usd_per_kwh": ("Electricity, USD/kWh", ""),
    "months": ("Horizon, months", ""),
    "card_usd": ("Price of the cards, USD", ""),
    "discount_per_year": ("Discount a year, 0.05 for 5 %", ""),
    "against": ("Against", "cheapest on demand; or spot"),
    "utilisation": ("Use of the month", "0.6 or 60%"),
    "gpu_hours_per_month": ("GPU hours a month", "200h"),
    "peak_factor": ("Work of a busy month, times a usual one", "all alike; or 3"),
    "peak_months_per_year": ("Busy months a year", "1"),
    "rent_usd_per_hour": ("Own rent, USD/h", "list prices"),
    "hosting_usd_per_month": ("Hosting, USD a month", ""),
    "staff_usd_per_month": ("Staff, USD a month", ""),
    "maintenance_fraction_per_year": ("Upkeep, part of the price a year", ""),
    "resale_fraction": ("Resale, part of the price", ""),
    "gpus": ("GPUs", "all; or A100, H100:8"),
    "nodes": ("Machines together", ""),
    "max_price_age_days": ("Age of prices, days", ""),
    "providers": ("Provider", ""),
    "purchases": ("Purchase", ""),
    "regions": ("Regions", "all; or us-east-1, EU"),
    "max_hours": ("At most, hours", "48h, 2d"),
    "max_usd": ("At most, USD", "200"),
    "hour_worth_usd": ("An hour's wait, USD", ""),
    "card_budget_usd": ("Card budget, USD", "400"),
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
    "epochs": "samples",
    "batch_size": "samples",
    "tokens": "tokens",
    "method": "tokens",
    "Language models": "tokens",
    "rows": "rows",
    "Trees": "rows",
}
"""The kind of work that an option or a group belongs to; of another kind it is hidden while it is empty."""
