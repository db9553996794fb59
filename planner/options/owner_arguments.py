"""Options about owning a machine, and the arguments of `compare` and `recommend`."""

# read as they stand, see arguments.py

from typing import Annotated, TypedDict

from planner.options.arguments import (
    MOST,
    MOST_ROWS,
    AimArguments,
    LimitArguments,
    OfferArguments,
    SharedArguments,
    WorkloadArguments,
)
from planner.options.bill_arguments import BillArguments, Names
from planner.options.card_arguments import CardArguments
from planner.options.option import Option, Same
from planner.options.readers import DEADLINE, FRACTION, HOURS, USD, USD_LIMIT, USD_PER_KWH, WATTS
from planner.options.readers import MONTHS as IN_MONTHS

MONTHS = 36.0
"""Horizon of a comparison: the three years that card makers' warranties and the broker schedule of resale values cover."""


def _percent(value: float) -> str:
    return f" It is a fraction: {value:g} would be {value * 100:g}%. For {value:g} percent write {value / 100:g}."


def _cents(value: float) -> str:
    return f" It is dollars per kWh. For {value:g} cents write {value / 100:g}."


class OwnerArguments(TypedDict, total=False):
    """Owning: the machine bought, how much it is used, and what it costs."""

    buy: Annotated[
        Names,
        Option("GPU to buy: rtx-4090, rtx-3090:2, 2xA100. Repeatable.", known="gpus", metavar="GPU"),
    ]
    own: Annotated[Names, Option("GPU that is there already. Repeatable.", known="gpus", metavar="GPU")]
    jobs_per_month: Annotated[
        float | None,
        Option("Runs of the work a month.", low=0, high=MOST, spellings=("jobs_per_month", "runs_per_month")),
    ]
    runs_per_month: Annotated[float | None, Same("jobs_per_month")]
    gpu_hours_per_month: Annotated[
        float | None,
        Option("Hours x GPUs a month. Machine hours beside {rent_usd_per_hour}.", low=0, high=MOST, read=HOURS),
    ]
    utilisation: Annotated[
        float | None,
        Option(
            "Part of the month in use: 0.6 or 60%. Beside {jobs_per_month}: at most.",
            low=0,
            high=1,
            advice=_percent,
            spellings=("utilisation", "utilization"),
            read=FRACTION,
        ),
    ]
    utilization: Annotated[float | None, Same("utilisation")]
    peak_factor: Annotated[
        float | None,
        Option("Work of a busy month, times that of a usual one. Default: all months are alike.", low=1, high=1000),
    ]
    peak_months_per_year: Annotated[
        float | None, Option("Busy months a year. Default: 1, beside {peak_factor}.", above=0, high=11.9, is_rare=True)
    ]
    months: Annotated[float, Option("Horizon in months.", default=MONTHS, low=1, high=240, read=IN_MONTHS)]
    rent_usd_per_hour: Annotated[
        float | None,
        Option("USD per hour of a rented machine. Instead of the cheapest offer.", low=0, high=MOST, read=USD),
    ]
    against: Annotated[
        str | None,
        Option(
            "What the verdict is against: spot, PROVIDER:TYPE. on_demand, spot, service, reserved_3y ..., PROVIDER:TYPE (at its "
            "price on demand) or PROVIDER:TYPE:PURCHASE. Default: the cheapest list price on demand.",
            metavar="KIND",
        ),
    ]
    condition: Annotated[str, Option("new, used or refurbished.", default="new", known="conditions", metavar="WORD")]
    card_usd: Annotated[
        float | None,
        Option("USD for all cards. Of the machine. Default: the shipped price.", low=0, high=MOST, read=USD),
    ]
    host_usd: Annotated[
        float | None,
        Option(
            "USD for the rest of the machine. 0 for a PC that exists. Default: shipped.", low=0, high=MOST, read=USD
        ),
    ]
    card_watts: Annotated[
        float | None,
        Option(
            "Watts of all cards under load. Default: 80 % of their limit.", low=0, high=MOST, read=WATTS, is_rare=True
        ),
    ]
    host_watts: Annotated[
        float | None,
        Option("Watts of the rest under load. Default: shipped.", low=0, high=MOST, read=WATTS, is_rare=True),
    ]
    idle_watts: Annotated[
        float | None,
        Option(
            "Watts when it does not work. 0 if it is off. Default: shipped.", low=0, high=MOST, read=WATTS, is_rare=True
        ),
    ]
    pue: Annotated[
        float | None,
        Option(
            "Energy of the building per machine's. Default: 1 at home, 1.58 for servers.", low=1, high=5, is_rare=True
        ),
    ]
    usd_per_kwh: Annotated[
        float | None,
        Option(
            "Price of electricity. Default: household (servers: business) price of {country}.",
            low=0,
            high=5,
            advice=_cents,
            read=USD_PER_KWH,
        ),
    ]
    country: Annotated[
        str | None,
        Option(
            "Where electricity is bought: Germany, US-CA. A country or US state. Default: United States.",
            known="countries",
            metavar="NAME",
        ),
    ]
    running_usd_per_hour: Annotated[
        float | None, Option("USD per hour of use, not electricity.", low=0, high=MOST, read=USD, is_rare=True)
    ]
    hosting_usd_per_month: Annotated[
        float | None, Option("Rack, cooling, line. Default: 0, shipped from 50,000 USD on.", low=0, high=MOST, read=USD)
    ]
    maintenance_fraction_per_year: Annotated[
        float | None,
        Option(
            "Support and spares, part of the purchase. Default: as hosting.",
            low=0,
            high=1,
            advice=_percent,
            read=FRACTION,
            is_rare=True,
        ),
    ]
    staff_usd_per_month: Annotated[
        float | None, Option("People who look after it. Default: as hosting.", low=0, high=MOST, read=USD)
    ]
    networking_usd: Annotated[
        float | None,
        Option(
            "Switches and cables between several machines. Default: as hosting.",
            low=0,
            high=MOST,
            read=USD,
            is_rare=True,
        ),
    ]
    resale_fraction: Annotated[
        float | None,
        Option(
            "What the purchase fetches at the end. A part of it, 0.4 or 40%. Default: {resale_curve}.",
            low=0,
            high=1,
            advice=_percent,
            read=FRACTION,
        ),
    ]
    resale_curve: Annotated[
        str,
        Option(
            "broker or trend. broker is 60, 45, 30 % after 1, 2, 3 years.",
            default="broker",
            known="resale_curves",
            metavar="WORD",
            is_rare=True,
        ),
    ]
    discount_per_year: Annotated[
        float | None,
        Option("Cost of money: 0.05 or 5%. Default: as hosting.", low=0, high=1, advice=_percent, read=FRACTION),
    ]


class CompareArguments(OwnerArguments, WorkloadArguments, OfferArguments, SharedArguments, BillArguments, total=False):
    """The arguments of `compare`."""


class RecommendArguments(
    WorkloadArguments,
    CardArguments,
    OfferArguments,
    SharedArguments,
    LimitArguments,
    AimArguments,
    BillArguments,
    total=False,
):
    """The arguments of `recommend`."""

    limit: Annotated[int | None, Option("Rows to show.", default=5, low=1, high=MOST_ROWS)]
    nodes: Annotated[
        int | None, Option("Machines that work together. Default: 1, 2, 4 and 8 are tried.", low=1, high=4096)
    ]
    max_hours: Annotated[
        float | str | None,
        Option(
            "When it must be done: 48h, 2d, 2026-12-01. From now; hours if no unit is given, a date means its end.",
            above=0,
            high=1e9,
            spellings=("deadline", "max_hours"),
            read=DEADLINE,
        ),
    ]
    max_usd: Annotated[
        float | None,
        Option("What it may cost, in USD.", above=0, high=MOST, spellings=("budget", "max_usd"), read=USD_LIMIT),
    ]
    is_owned: Annotated[
        bool,
        Option(
            "Whether you own a machine. It must stand under [[machines]] in {price_book}.",
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
