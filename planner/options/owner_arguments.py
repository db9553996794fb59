"""Options about owning a machine, and the arguments of `compare` and `recommend`."""

# read as they stand, see arguments.py

from typing import Annotated, TypedDict

from planner.options.amounts import number_or_text
from planner.options.arguments import (
    MOST,
    MOST_ROWS,
    AimArguments,
    BillArguments,
    LimitArguments,
    Names,
    OfferArguments,
    SharedArguments,
    WorkloadArguments,
)
from planner.options.option import Option, Same

MONTHS = 36.0
"""Horizon of a comparison: the three years that card makers' warranties and the broker schedule of resale values cover."""


def _percent(value: float) -> str:
    return f" It is a fraction: {value:g} would be {value:.0%}. For {value:g} percent write {value / 100:g}."


def _cents(value: float) -> str:
    return f" It is dollars per kWh. For {value:g} cents write {value / 100:g}."


class OwnerArguments(TypedDict, total=False):
    """Owning: the machine bought, how much it is used, and what it costs."""

    buy: Annotated[
        Names,
        Option("GPU to buy, with a number of cards if wanted: rtx-4090, rtx-3090:2. Repeatable.", known="gpus"),
    ]
    own: Annotated[Names, Option("GPU that is there already. Repeatable.", known="gpus")]
    jobs_per_month: Annotated[
        float | None,
        Option("Runs of the work a month.", low=0, high=MOST, spellings=("jobs_per_month", "runs_per_month")),
    ]
    runs_per_month: Annotated[float | None, Same("jobs_per_month")]
    gpu_hours_per_month: Annotated[
        float | None,
        Option("Hours x GPUs a month; machine hours beside {rent_usd_per_hour}.", low=0, high=MOST),
    ]
    utilisation: Annotated[
        float | None,
        Option("Part of the month in use, 0 to 1; beside {jobs_per_month}: at most.", low=0, high=1, advice=_percent),
    ]
    months: Annotated[float, Option("Horizon in months.", default=MONTHS, low=1, high=240)]
    rent_usd_per_hour: Annotated[
        float | None,
        Option("USD per hour of a rented machine, instead of the cheapest offer.", low=0, high=MOST),
    ]
    against: Annotated[
        str | None,
        Option(
            "What the verdict is against: on_demand, spot, reserved_3y ... or PROVIDER:TYPE. Default: the cheapest list "
            "price on demand."
        ),
    ]
    condition: Annotated[str, Option("Cards are bought new, used or refurbished.", default="new", known="conditions")]
    card_usd: Annotated[
        float | None, Option("USD for all cards of the machine. Default: the shipped price.", low=0, high=MOST)
    ]
    host_usd: Annotated[
        float | None,
        Option("USD for the rest of the machine; 0 for a PC that exists. Default: shipped.", low=0, high=MOST),
    ]
    card_watts: Annotated[
        float | None, Option("Watts of all cards under load. Default: 80 % of their limit.", low=0, high=MOST)
    ]
    host_watts: Annotated[float | None, Option("Watts of the rest under load. Default: shipped.", low=0, high=MOST)]
    idle_watts: Annotated[
        float | None,
        Option("Watts of the machine when it does not work; 0 if it is off. Default: shipped.", low=0, high=MOST),
    ]
    pue: Annotated[
        float | None,
        Option(
            "Energy of the building per energy of the machine. Default: 1 at home, 1.58 for servers.", low=1, high=5
        ),
    ]
    usd_per_kwh: Annotated[
        float | None,
        Option("USD per kWh. Default: household (servers: business) price of {country}.", low=0, high=5, advice=_cents),
    ]
    country: Annotated[
        str | None,
        Option(
            "Country or US state for electricity: Germany, DE, California, US-CA. Default: United States.",
            known="countries",
        ),
    ]
    running_usd_per_hour: Annotated[
        float | None, Option("USD per hour of use, instead of electricity.", low=0, high=MOST)
    ]
    hosting_usd_per_month: Annotated[
        float | None, Option("Rack, cooling, line. Default: 0, shipped from 50,000 USD on.", low=0, high=MOST)
    ]
    maintenance_fraction_per_year: Annotated[
        float | None,
        Option("Support and spares, part of the purchase. Default: as hosting.", low=0, high=1, advice=_percent),
    ]
    staff_usd_per_month: Annotated[
        float | None, Option("People who look after it. Default: as hosting.", low=0, high=MOST)
    ]
    networking_usd: Annotated[
        float | None,
        Option("Switches and cables between several machines. Default: as hosting.", low=0, high=MOST),
    ]
    resale_fraction: Annotated[
        float | None,
        Option(
            "Part of the purchase fetched at the end, 0 to 1. Default: {resale_curve}.", low=0, high=1, advice=_percent
        ),
    ]
    resale_curve: Annotated[
        str,
        Option("broker (60, 45, 30 % after 1, 2, 3 years) or trend.", default="broker", known="resale_curves"),
    ]
    discount_per_year: Annotated[
        float | None,
        Option("Cost of money: 0.05 for 5 percent. Default: as hosting.", low=0, high=1, advice=_percent),
    ]


class CompareArguments(OwnerArguments, WorkloadArguments, OfferArguments, SharedArguments, BillArguments, total=False):
    """The arguments of `compare`."""


class RecommendArguments(
    WorkloadArguments, OfferArguments, SharedArguments, LimitArguments, AimArguments, BillArguments, total=False
):
    """The arguments of `recommend`."""

    limit: Annotated[int | None, Option("Rows to show.", default=5, low=1, high=MOST_ROWS)]
    nodes: Annotated[
        int | None, Option("Instances that work together. Default: 1, 2, 4 and 8 are tried.", low=1, high=4096)
    ]
    max_hours: Annotated[
        float | str | None,
        Option(
            "When it must be done: hours, 48h, 2d, 90m from now, or a date such as 2026-12-01 (its end).",
            above=0,
            high=1e9,
            spellings=("deadline", "max_hours"),
            read=number_or_text,
            metavar="TIME",
        ),
    ]
    max_usd: Annotated[
        float | None,
        Option("What it may cost, in USD.", above=0, high=MOST, spellings=("budget", "max_usd")),
    ]
    is_owned: Annotated[
        bool,
        Option(
            "Whether you have a machine of your own; it must stand under [[machines]] in {price_book}.",
            default=False,
            spellings=("owned",),
        ),
    ]
    owned: Annotated[bool, Same("is_owned")]
    jobs_per_month: Annotated[
        float,
        Option(
            "Such runs a month, to weigh a purchase.",
            default=1.0,
            above=0,
            high=1e6,
            spellings=("runs_per_month", "jobs_per_month"),
        ),
    ]
    runs_per_month: Annotated[float, Same("jobs_per_month")]
