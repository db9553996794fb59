"""From an offer to its estimate: the only place where speeds and prices of a question are worked out.

Most offers are only compared. Their time and the sum of their bill come first; the whole bill is written where it is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from planner.answers.barred import Bars
from planner.answers.markets import paid_to
from planner.answers.offered import Offered
from planner.answers.question import Question
from planner.answers.ranking import Priced
from planner.answers.remarks import nothing_runs
from planner.answers.throughput import Speeds, predict_many, speeds_of
from planner.cost.bill import Biller
from planner.cost.course import Courses
from planner.errors import NothingLeftError, NoThroughputError, Sentence
from planner.model.costs import total_usd
from planner.model.frozen import changed, dataclass
from planner.model.rates import Cell
from planner.model.records import Estimate, Offer, Throughput
from planner.prices.groups import OfferGroup


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pricing:
    """A question with the offers that may answer it, and all that is needed to price its work on each.

    `relative` keeps the courses at the ends that differ from row to row, by the courses at all ends and those ends;
    `heads` the cheapest offer of each group that was priced, or why it cannot do the work.
    """

    question: Question
    offered: Offered
    speeds: Speeds
    biller: Biller
    bars: Bars
    relative: dict[tuple[Courses, tuple[float, float]], Courses]
    heads: dict[OfferGroup, Priced | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What may differ from row to row: ends of the bill in USD, and the slow end of the time in seconds.

    The part of the range that is common to all rows is not in them: how fast the user's code is.
    """

    usd_low: float
    usd_high: float
    seconds_high: float


def pricing_of(question: Question, offered: Offered, every_group: Sequence[OfferGroup] | None = None) -> Pricing:
    """Prepares the pricing of a question over the offers.

    Args:
        question: what is asked.
        offered: the offers that are priced.
        every_group: all there are, where only a part is priced: the largest machine of a provider may not be among it.

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
        bars=Bars(question, [group.head for group in every_group or offered.groups]),
        relative={},
        heads={},
    )


def as_used(pricing: Pricing) -> Pricing:
    """The pricing with commitments at what the run uses of them: others use the rest of their term."""
    biller = pricing.biller
    shared = Biller(
        {**biller.terms, "share_commitment": True},
        biller.workload,
        on_demand=biller.on_demand,
        credits_usd=biller.credits_usd,
    )
    return changed(pricing, biller=shared, relative={}, heads={})


def priced_heads(pricing: Pricing, left_out: Counter[str]) -> list[Priced]:
    """Prices the cheapest offer of each group; groups that cannot do the work are counted in `left_out`.

    Raises:
        NothingLeftError: none can; the message says why.
    """
    found = []
    for group in pricing.offered.groups:
        one = head_of(pricing, group)
        if isinstance(one, str):
            left_out[one] += group.size
        else:
            found.append(one)
    if not found:
        workload = pricing.question.work.workload
        raise NothingLeftError(
            nothing_runs(workload, known_speeds(pricing), left_out, pricing.biller, pricing.question.nodes)
        )
    return found


def head_of(pricing: Pricing, group: OfferGroup) -> Priced | str:
    """The cheapest offer of a group with its figures, worked out once; or the reason why it cannot do the work."""
    known = pricing.heads.get(group)
    if known is None:
        known = pricing.heads[group] = _priced_once(pricing, group, group.head, size=group.size)
    return known


def priced_of_group(pricing: Pricing, group: OfferGroup, offer: Offer) -> Priced | str:
    """One offer of a group with its figures, or the reason why it cannot do the work."""
    return head_of(pricing, group) if offer is group.head else _priced_once(pricing, group, offer, size=1)


def _priced_once(pricing: Pricing, group: OfferGroup, offer: Offer, *, size: int) -> Priced | str:
    throughput = pricing.speeds.of(group.head)
    if isinstance(throughput, NoThroughputError):
        return Sentence("{why}", why=throughput)
    return _priced(pricing, group, offer, throughput, _courses(pricing, group, throughput), size=size)


def priced_members(pricing: Pricing, head: Priced) -> Iterator[Priced]:
    """Prices every offer of a group, by price and name."""
    return first_of_group(pricing, head.group, head.throughput, head.group.size)


def first_of_group(pricing: Pricing, group: OfferGroup, throughput: Throughput, most: int) -> Iterator[Priced]:
    """Prices the first `most` offers of a group, by price and name; none if they cannot do the work.

    The time of the group is worked out once, the price of each offer by itself.
    """
    courses = _courses(pricing, group, throughput)
    for offer in (group.head,) if most == 1 else group.members()[:most]:
        one = _priced(pricing, group, offer, throughput, courses, size=1)
        if isinstance(one, str):
            return  # what holds for one holds for all of the group
        yield one


def priced_at(pricing: Pricing, one: Priced, offer: Offer) -> Priced | None:
    """Prices another offer of the same group; `None` if it cannot do the work."""
    found = _priced(pricing, one.group, offer, one.throughput, one.courses, size=1)
    return None if isinstance(found, str) else found


def compared(pricing: Pricing, one: Priced) -> Compared:
    """The ends of what a row may cost and take against the others."""
    return _compared(pricing, one.offer, one.throughput, one.courses, one.usd)


def _compared(pricing: Pricing, offer: Offer, throughput: Throughput, courses: Courses, usd: float) -> Compared:
    question = pricing.question
    ends = throughput.relative_ends
    if ends != (throughput.low, throughput.high):
        known = pricing.relative.get((courses, ends))
        if known is None:
            speeds = (throughput.samples_per_second, ends[1], ends[0])
            relative = pricing.biller.courses_at(speeds, offer, question.work.workload.samples, question.nodes)
            known = pricing.relative[courses, ends] = courses if isinstance(relative, str) else relative
        courses = known
    usd_per_hour = pricing.offered.price_range(offer, question.today)
    usd_low, usd_high = pricing.biller.ends_of(courses, offer, usd, question.nodes, usd_per_hour=usd_per_hour)
    return Compared(
        usd_low=usd_low, usd_high=usd_high, seconds_high=max(courses.seconds_at_ends[1], courses.middle.seconds)
    )


def _courses(pricing: Pricing, group: OfferGroup, throughput: Throughput) -> Courses | str:
    question = pricing.question
    return pricing.biller.courses(group.head, throughput, question.work.workload.samples, question.nodes)


def _priced(
    pricing: Pricing,
    group: OfferGroup,
    offer: Offer,
    throughput: Throughput,
    courses: Courses | str,
    *,
    size: int,
) -> Priced | str:
    """One offer with its figures, for itself or for its whole group; or the reason why it cannot do the work."""
    if isinstance(courses, str):
        return courses
    usd = pricing.biller.usd_of(courses, offer, pricing.question.nodes)
    if isinstance(usd, str):
        return usd
    return Priced(
        offer=offer,
        node_count=pricing.question.nodes,
        seconds=courses.middle.seconds,
        usd=usd,
        throughput=throughput,
        size=size,
        group=group,
        courses=courses,
        write=partial(_estimate, pricing, offer, throughput, courses),
    )


def _estimate(
    pricing: Pricing, offer: Offer, throughput: Throughput, courses: Courses, *, rank: int, is_pareto: bool
) -> Estimate:
    """The estimate of an offer that was priced, with its whole bill."""
    usd_per_hour = pricing.offered.price_range(offer, pricing.question.today)
    bill = pricing.biller.bill_of(courses, offer, pricing.question.nodes, usd_per_hour=usd_per_hour)
    usd = total_usd(bill.items)
    against = _compared(pricing, offer, throughput, courses, usd)
    return Estimate(
        rank=rank,
        offer=offer,
        node_count=pricing.question.nodes,
        throughput=throughput,
        seconds=bill.seconds,
        seconds_low=bill.seconds_low,
        seconds_high=bill.seconds_high,
        items=bill.items,
        usd_low=bill.usd_low,
        usd_high=bill.usd_high,
        usd_per_hour_low=usd_per_hour[0],
        usd_per_hour_high=usd_per_hour[1],
        fits_memory=throughput.fits_memory,
        is_pareto=is_pareto,
        market=paid_to(offer),
        not_picked=pricing.bars.of_row(offer, throughput, (against.usd_low, against.usd_high)),
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
