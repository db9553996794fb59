"""A recommendation: what is recommended, what nearly won, and its JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.model.frozen import dataclass
from planner.model.records import Estimate
from planner.results.answer import OLD_DAYS, RENEW, memory_warning, run_warnings
from planner.results.batch import batch_warning
from planner.results.estimate import EstimateResult, estimate_record
from planner.results.estimate import document as estimates_document
from planner.results.machines import Machine
from planner.results.shown import ShownInNotebooks
from planner.units import Row

if TYPE_CHECKING:
    from planner.cost.currency import Currency

SCHEMA = "planner.recommend/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """An estimate that lost, and why."""

    estimate: Estimate
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way(Machine):
    """One way to rent for the work: its time and cost, without the bill."""

    is_pareto: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation(ShownInNotebooks):
    """The answer: `result.estimates` best first, what nearly won, and the same in sentences.

    `answer` is what to take, what the next step up buys and whether it holds; `reasons` is all else that belongs to it.
    `everything` holds all ways there were, within the limits or not, for the picture of time against money.
    """

    result: EstimateResult
    near_misses: tuple[NearMiss, ...]
    answer: tuple[str, ...]
    reasons: tuple[str, ...]
    everything: tuple[Way, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that is said, the answer first."""
        return self.answer + self.reasons


def warnings(found: Recommendation, *, renew: str = RENEW) -> list[str]:
    """What to mind of the choice; each begins with `!`, and `renew` is the command that brings newer prices."""
    result, best = found.result, found.result.estimates[0]
    days = (result.as_of - best.offer.observed_on).days
    age = f"! The price is {days} days old. Newer: {renew}" if days >= OLD_DAYS and best.offer.provider != "own" else ""
    others = (memory_warning(best), batch_warning(best, result.workload), age)
    return [*run_warnings([best], result.workload), *filter(None, others)]


def said(found: Recommendation) -> tuple[str, ...]:
    """All that is said in reading order: the answer, what to mind of it, the reasons."""
    return (*found.answer, *warnings(found), *found.reasons)


def document(found: Recommendation, currency: Currency | None = None) -> Row:
    """The JSON document, schema `planner.recommend/1`: that of the estimates, with near misses and sentences."""
    content = estimates_document(found.result, currency)
    content["schema"] = SCHEMA
    content["near_misses"] = [estimate_record(miss.estimate) | {"why": miss.why} for miss in found.near_misses]
    content["answer"], content["sentences"] = list(found.answer), list(found.sentences)
    content["warnings"] = warnings(found)
    return content
