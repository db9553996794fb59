"""Fine-tuning sold by the token: what services ask for the run of a question, beside the machines that it could rent."""

from __future__ import annotations

from datetime import date

from planner.answers.question import Question
from planner.cost.bill import tax_item
from planner.language.services import Service, services_for
from planner.model.costs import CostItem, ItemKind, total_usd
from planner.model.records import Workload
from planner.options.bill_arguments import BillArguments
from planner.prices.catalog import USUAL_PURCHASES
from planner.results.picked import SoldPerToken
from planner.units import DAYS_PER_YEAR

MILLION = 1e6


def sold_per_token(question: Question) -> tuple[SoldPerToken, ...]:
    """The services that do the run within its limits, cheapest first; none where somebody asks for machines of some kind.

    A service says what it asks, never how long it takes: none is sure to keep a limit of time.
    """
    language = question.work.workload.language
    if language is None or question.max_hours is not None or _names_machines(question):
        return ()
    wanted = question.wanted
    most_days = wanted.max_price_age_days if wanted.names_age else DAYS_PER_YEAR
    found = (
        _sold(service, question)
        for service in services_for(language.job)
        if is_current(service, question.today, most_days)
    )
    most = question.max_usd
    return tuple(one for one in found if most is None or max(one.usd, one.usd_high) <= most)


def _names_machines(question: Question) -> bool:
    wanted = question.wanted
    named = (wanted.gpus, wanted.gpu_counts, wanted.providers, wanted.regions, wanted.instances)
    return any(named) or wanted.purchases != USUAL_PURCHASES or question.nodes > 1


def is_current(service: Service, today: date, max_age_days: int | None) -> bool:
    """Whether the price was known on that day, and is no older than a price may be; `None`: it may be of any age."""
    days = (today - date.fromisoformat(service.as_of)).days
    return days >= 0 and (max_age_days is None or days <= max_age_days)


def service_items(service: Service, workload: Workload, terms: BillArguments) -> tuple[CostItem, ...]:
    """The bill of a service for a run: its tokens, once for each trial, and tax."""
    tokens = CostItem(
        name="training tokens",
        kind=ItemKind.TIME,
        quantity=workload.samples * terms["trials"] / MILLION,
        unit="million tokens",
        usd_per_unit=service.usd_per_million_tokens,
    )
    return (tokens, *tax_item((tokens,), terms["tax_fraction"]))


def _sold(service: Service, question: Question) -> SoldPerToken:
    usd = service.usd_per_million_tokens
    taxed = total_usd(service_items(service, question.work.workload, question.terms))
    low, high = (usd if end is None else end for end in (service.usd_low, service.usd_high))
    return SoldPerToken(
        provider=service.provider,
        method=service.method,
        model=service.model,
        usd=taxed,
        usd_low=min(taxed, taxed / usd * low),
        usd_high=max(taxed, taxed / usd * high),
        usd_per_million_tokens=usd,
        price_observed_on=date.fromisoformat(service.as_of),
        source=service.source,
        note=service.note,
    )
