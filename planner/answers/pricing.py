"""From an offer to its estimate: the only place where speeds and prices of a question are worked out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from planner.answers.offered import Offered
from planner.answers.question import Question
from planner.answers.ranking import Priced
from planner.answers.remarks import nothing_runs
from planner.answers.throughput import Cell, Speeds, predict_many, speeds_of
from planner.cost.bill import Biller
from planner.cost.course import Courses
from planner.errors import NothingLeftError, NoThroughputError, as_option
from planner.model.frozen import dataclass
from planner.model.records import Estimate, Offer, Throughput
from planner.prices.groups import OfferGroup


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pricing:
    """A question with the offers that may answer it, and all that is needed to price its work on each."""

    question: Question
    offered: Offered
    speeds: Speeds
    biller: Biller


def pricing_of(question: Question, offered: Offered) -> Pricing:
    """Prepares the pricing of a question over the offers.

    Raises:
        UnknownNameError: no row of any model is of the framework asked for.
        UsageError: own measurements contradict each other.
    """
    workload = question.work.workload
    return Pricing(
        question=question,
        offered=offered,
        speeds=speeds_of(workload, question.nodes, question.weakest),
        biller=Biller(question.terms, workload, on_demand=offered.on_demand, credits_usd=offered.credits_usd),
    )


def priced_heads(pricing: Pricing, left_out: Counter[str]) -> list[Priced]:
    """Estimates of the cheapest offer of each group; groups that cannot do the work are counted in `left_out`.

    Raises:
        NothingLeftError: none can; the message says why.
    """
    found = []
    for group in pricing.offered.groups:
        throughput = pricing.speeds.of(group.head)
        one = (
            throughput.spelled(as_option)
            if isinstance(throughput, NoThroughputError)
            else price_one(pricing, group.head, throughput)
        )
        if isinstance(one, str):
            left_out[one] += group.size
        else:
            found.append(Priced(estimate=one, size=group.size, group=group))
    if not found:
        workload = pricing.question.work.workload
        raise NothingLeftError(nothing_runs(workload, known_speeds(pricing), left_out, pricing.biller))
    return found


def priced_members(pricing: Pricing, head: Priced) -> Iterator[Priced]:
    """Estimates of every offer of a group, by price and name."""
    for one in first_of_group(pricing, head.group, head.estimate.throughput, head.size):
        yield Priced(estimate=one, size=1, group=head.group)


def first_of_group(pricing: Pricing, group: OfferGroup, throughput: Throughput, most: int) -> Iterator[Estimate]:
    """Estimates of the first `most` offers of a group, by price and name; none if they cannot do the work.

    The time of the group is worked out once, the price of each offer by itself.
    """
    offers = (group.head,) if most == 1 else group.members()[:most]
    courses = _courses(pricing, group.head, throughput)
    for offer in offers:
        one = courses if isinstance(courses, str) else _estimate(pricing, offer, throughput, courses)
        if isinstance(one, str):
            return  # what holds for one holds for all of the group
        yield one


def price_one(pricing: Pricing, offer: Offer, throughput: Throughput) -> Estimate | str:
    """The estimate of one offer, unranked, or the reason why it cannot do the work."""
    courses = _courses(pricing, offer, throughput)
    return courses if isinstance(courses, str) else _estimate(pricing, offer, throughput, courses)


def _courses(pricing: Pricing, offer: Offer, throughput: Throughput) -> Courses | str:
    question = pricing.question
    return pricing.biller.courses(offer, throughput, question.work.workload.samples, question.nodes)


def _estimate(pricing: Pricing, offer: Offer, throughput: Throughput, courses: Courses) -> Estimate | str:
    nodes = pricing.question.nodes
    bill = pricing.biller.bill_of(courses, offer, nodes)
    if isinstance(bill, str):
        return bill
    return Estimate(
        rank=0,
        offer=offer,
        node_count=nodes,
        throughput=throughput,
        seconds=bill.seconds,
        seconds_low=bill.seconds_low,
        seconds_high=bill.seconds_high,
        items=bill.items,
        usd_low=bill.usd_low,
        usd_high=bill.usd_high,
        fits_memory=throughput.fits_memory,
        notes=(*pricing.offered.notes_on(offer), *bill.notes, *throughput.notes),
        interruptions=bill.interruptions,
        basis_of_interruptions=bill.basis_of_interruptions,
    )


def known_speeds(pricing: Pricing) -> Mapping[Cell, Throughput | NoThroughputError]:
    """Throughput on each GPU and count offered, whatever its basis, or why it is unknown."""
    workload = pricing.question.work.workload
    heads = [group.head for group in pricing.offered.groups]
    if workload.language is None:
        return predict_many(workload, {(offer.gpu, offer.gpu_count) for offer in heads})
    return {(offer.gpu, offer.gpu_count): pricing.speeds.of(offer) for offer in heads}
