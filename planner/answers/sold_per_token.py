"""Fine-tuning sold by the token: what services ask for the run of a question, beside the machines that it could rent."""

from __future__ import annotations

from datetime import date

from planner.answers.question import Question
from planner.language.services import Service, services_for
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


def tokens_billed(workload: Workload, terms: BillArguments) -> float:
    """Tokens that a service is paid for: those of the run, once for each trial."""
    return workload.samples * terms["trials"]


def _sold(service: Service, question: Question) -> SoldPerToken:
    terms = question.terms
    millions = tokens_billed(question.work.workload, terms) / MILLION * (1 + terms["tax_fraction"])
    usd = service.usd_per_million_tokens
    return SoldPerToken(
        provider=service.provider,
        method=service.method,
        model=service.model,
        usd=millions * usd,
        usd_low=millions * (usd if service.usd_low is None else service.usd_low),
        usd_high=millions * (usd if service.usd_high is None else service.usd_high),
        usd_per_million_tokens=usd,
        price_observed_on=date.fromisoformat(service.as_of),
        source=service.source,
        note=service.note,
    )
