"""Rentals of training that is sold by the token: no machine, and no time stated."""

from __future__ import annotations

from datetime import date

from planner.answers.buying.rented import LISTED_RENT
from planner.answers.buying.ways_to_pay import SERVICE
from planner.answers.sold_per_token import is_current, service_items
from planner.errors import Sentence
from planner.language.services import Service, services_for
from planner.model.costs import CostItem, total_usd
from planner.model.records import Workload
from planner.options.bill_arguments import BillArguments
from planner.results.sides import Rental


def rent_services(
    workload: Workload, jobs_per_month: float, terms: BillArguments, *, today: date, max_age_days: int | None
) -> tuple[Rental, ...]:
    """The services that do the runs of a language model at a price that is no older than a price may be; else none."""
    if workload.language is None:
        return ()
    return tuple(
        _rental(service, service_items(service, workload, terms), jobs_per_month)
        for service in services_for(workload.language.job)
        if is_current(service, today, max_age_days)
    )


def _rental(service: Service, items: tuple[CostItem, ...], jobs_per_month: float) -> Rental:
    usd, usd_per_million = total_usd(items), service.usd_per_million_tokens
    name = f"{service.provider}, {service.method} of {service.model or 'models of this size'}"
    return Rental(
        way=SERVICE,
        market=SERVICE,
        label=name,
        usd_per_job=usd,
        usd_per_month=usd * jobs_per_month,
        items=items,
        factor_low=min(LISTED_RENT[0], (service.usd_low or usd_per_million) / usd_per_million),
        factor_high=max(LISTED_RENT[1], (service.usd_high or usd_per_million) / usd_per_million),
        service=service,
        assumptions=(
            Sentence(
                "trained by {name}: {usd:,.3g} USD a million tokens of {day}; how long it takes is not stated",
                name=name,
                usd=usd_per_million,
                day=service.as_of,
            ),
        ),
    )
