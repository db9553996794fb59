"""Fine-tuning sold by the token: what services ask for the run of a question, beside the machines that it could rent."""

from __future__ import annotations

from datetime import date

from planner.answers.question import Question
from planner.language.services import Service, services_for
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
    found = (_sold(service, question) for service in services_for(language.job) if _is_current(service, question))
    most = question.max_usd
    return tuple(one for one in found if most is None or max(one.usd, one.usd_high) <= most)


def _names_machines(question: Question) -> bool:
    wanted = question.wanted
    named = (wanted.gpus, wanted.gpu_counts, wanted.providers, wanted.regions, wanted.instances)
    return any(named) or wanted.purchases != USUAL_PURCHASES or question.nodes > 1


def _is_current(service: Service, question: Question) -> bool:
    """Whether the price was known on the day of the question, and is no older than a price may be."""
    days = (question.today - date.fromisoformat(service.as_of)).days
    wanted = question.wanted
    most = wanted.max_price_age_days if wanted.names_age else DAYS_PER_YEAR
    return 0 <= days and (most is None or days <= most)


def _sold(service: Service, question: Question) -> SoldPerToken:
    terms, tokens = question.terms, question.work.workload.samples
    millions = tokens * terms["trials"] / MILLION * (1 + terms["tax_fraction"])
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
