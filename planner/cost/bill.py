"""The whole bill of one run on one offer: rent, interruptions, the rest of a commitment, and the items asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from planner.cost.checkpoints import percentile_seconds
from planner.cost.course import Course, Courses, Timer
from planner.cost.rental import BillingRule, billed_seconds, billing_rule, rental_hours, rental_items
from planner.model.costs import CostItem, Interruptions, ItemKind, total_usd
from planner.model.frozen import dataclass
from planner.model.records import Estimate, Offer, Purchase, Throughput, Workload
from planner.options.bill_arguments import BillArguments
from planner.units import hours

_ON_DEMAND, _SPOT, _BLOCK = Purchase.ON_DEMAND, Purchase.SPOT, Purchase.CAPACITY_BLOCK

EXTRAS = ("dataset_gb", "results_gb", "tax_fraction")
"""Arguments that put an item on the bill beside rent: where none is given, nobody looks for such items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Time and cost of one run on one offer; seconds from the start of billing to the result."""

    seconds: float
    seconds_low: float
    seconds_high: float
    items: tuple[CostItem, ...]
    usd_low: float
    usd_high: float
    interruptions: Interruptions | None
    basis_of_interruptions: str
    notes: tuple[str, ...]


class Biller(Timer):
    """Writes the bill of one workload on any offer.

    Args:
        terms: what is on the bill.
        workload: what runs.
        on_demand: USD per hour of an offer's machine on demand, to compare commitments with; `None` where it is not known.
        credits_usd: what each provider owes the user, in USD.
    """

    def __init__(
        self,
        terms: BillArguments,
        workload: Workload,
        *,
        on_demand: Callable[[Offer], float | None] | None = None,
        credits_usd: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(terms, workload)
        self.workload = workload
        self.on_demand = on_demand
        self.credits_usd = credits_usd or {}
        self._hours: dict[tuple[BillingRule | None, Course, int], Sequence[float]] = {}
        self._spreads: dict[tuple[BillingRule | None, Courses, int], tuple[float, float]] = {}
        self._shares_term = terms["share_commitment"]
        self._has_extras = bool(credits_usd) or any(cast("Mapping[str, Any]", terms)[name] for name in EXTRAS)

    def bill(self, offer: Offer, throughput: Throughput, node_count: int = 1) -> Bill | str:
        """The bill, or the reason why this offer cannot do the work; `refused` then holds the numbers.

        The ends of the range are the bills of the best and the worst course, by the same arithmetic.
        """
        courses = self.courses(offer, throughput, self.workload.samples, node_count)
        if isinstance(courses, str):
            return courses
        usd = self.usd_of(courses, offer, node_count)
        return usd if isinstance(usd, str) else self.bill_of(courses, offer, node_count)

    def usd_of(self, courses: Courses, offer: Offer, node_count: int = 1) -> float | str:
        """The sum of the bill of a run whose time is known already, on this offer or another of its group.

        Or the reason why this offer cannot do the work. It is all that is needed to compare offers.
        """
        rule = billing_rule(offer.provider, offer.instance_type)
        if offer.purchase is _BLOCK and not self._fits_block(rule, courses.high, node_count):
            return "longer than the longest capacity block"
        return self._usd(offer, rule, courses.middle, node_count)

    def bill_of(
        self, courses: Courses, offer: Offer, node_count: int = 1, *, usd_per_hour: tuple[float, float] | None = None
    ) -> Bill:
        """The bill of a run whose time is known already, on an offer that `usd_of` does not refuse.

        Args:
            courses: the time.
            offer: what is rented.
            node_count: instances rented side by side.
            usd_per_hour: lowest and highest price that the offer may have; `None` if it is sure.
        """
        rule = billing_rule(offer.provider, offer.instance_type)
        middle, low, high = courses.middle, courses.low, courses.high
        items, notes = self._items(offer, rule, middle, node_count)
        usd = total_usd(items)
        seconds_low, seconds_high = _holding(middle.seconds, low.seconds, high.seconds)
        usd_low, usd_high = self.ends_of(courses, offer, usd, node_count, usd_per_hour=usd_per_hour)
        return Bill(
            seconds=middle.seconds,
            seconds_low=seconds_low,
            seconds_high=seconds_high,
            items=items,
            usd_low=usd_low,
            usd_high=usd_high,
            interruptions=middle.interruptions,
            basis_of_interruptions=courses.basis_of_interruptions,
            notes=notes,
        )

    def ends_of(
        self,
        courses: Courses,
        offer: Offer,
        usd: float,
        node_count: int = 1,
        *,
        usd_per_hour: tuple[float, float] | None = None,
    ) -> tuple[float, float]:
        """The cheap and the dear end of a bill of `usd`; arguments as for `bill_of`."""
        rule = billing_rule(offer.provider, offer.instance_type)
        if usd_per_hour is None or usd_per_hour == (offer.usd_per_hour, offer.usd_per_hour):
            return _holding(usd, *(self._usd(offer, rule, end, node_count) for end in (courses.low, courses.high)))
        if self._is_rent_alone(offer) and usd > 0:
            price = offer.usd_per_hour
            fewer, more = self._spread(rule, courses, node_count)
            less, dearer = math.log(price / usd_per_hour[0]), math.log(usd_per_hour[1] / price)
            return usd * math.exp(-math.hypot(fewer, less)), usd * math.exp(math.hypot(more, dearer))
        by_time = _holding(usd, *(self._usd(offer, rule, end, node_count) for end in (courses.low, courses.high)))
        by_price = (self._usd(offer, rule, courses.middle, node_count, price) for price in usd_per_hour)
        return joined(usd, by_time, _holding(usd, *by_price))

    def _spread(self, rule: BillingRule | None, courses: Courses, node_count: int) -> tuple[float, float]:
        """By how much less and more is billed at the ends of the time, as logarithms; rent follows it, at any price."""
        key = (rule, courses, node_count)
        found = self._spreads.get(key)
        if found is None:
            idle_seconds = self.terms["idle_seconds"]
            seconds = (courses.middle.seconds, *courses.seconds_at_ends)
            middle, low, high = [billed_seconds(rule, one + idle_seconds) for one in seconds]
            low, high = _holding(middle, low, high)
            found = self._spreads[key] = (math.log(middle / low), math.log(high / middle))
        return found

    def _items(
        self, offer: Offer, rule: BillingRule | None, course: Course, node_count: int
    ) -> tuple[tuple[CostItem, ...], tuple[str, ...]]:
        """All items of the bill of a course, and notes on them."""
        items = rental_items(
            offer.usd_per_hour, rule, course.parts, idle_seconds=self.terms["idle_seconds"], node_count=node_count
        )
        notes: tuple[str, ...] = ()
        if _has_term(offer):
            items, notes = self._with_term(offer, items, node_count)
        if self._has_extras:
            items, missing = self._with_extras(offer, items, course.seconds)
            notes += missing
        return items, notes

    def _with_term(
        self, offer: Offer, items: tuple[CostItem, ...], node_count: int
    ) -> tuple[tuple[CostItem, ...], tuple[str, ...]]:
        """The items with the rest of the term that a commitment binds, if this run pays it."""
        from planner.cost.commitments import commitment_note, unused_item  # noqa: PLC0415 - rarely asked for

        paid_hours = math.fsum(item.quantity for item in items) / node_count
        on_demand = None if self.on_demand is None else self.on_demand(offer)
        note = commitment_note(offer, paid_hours, on_demand, is_shared=self.terms["share_commitment"])
        unused = () if self.terms["share_commitment"] else unused_item(offer, paid_hours, node_count)
        return items + unused, (note,)

    def _with_extras(
        self, offer: Offer, items: tuple[CostItem, ...], seconds: float
    ) -> tuple[tuple[CostItem, ...], tuple[str, ...]]:
        """The items with storage and traffic, tax on all of them, and the provider's credit."""
        from planner.cost.extras import extra_items  # noqa: PLC0415 - only where somebody asks for it

        more, missing = extra_items(
            offer,
            dataset_gb=self.terms["dataset_gb"],
            results_gb=self.terms["results_gb"],
            params_millions=self.params_millions,
            seconds=seconds,
            without=self.terms["without"],
        )
        items += more
        items += tax_item(items, self.terms["tax_fraction"])
        return items + self._credit(offer.provider, items), missing

    def _credit(self, provider: str, items: tuple[CostItem, ...]) -> tuple[CostItem, ...]:
        credit = min(self.credits_usd.get(provider, 0.0), total_usd(items))
        if not credit:
            return ()
        return (CostItem(name="credit", kind=ItemKind.CREDIT, quantity=1.0, unit="credit", usd_per_unit=-credit),)

    def _fits_block(self, rule: BillingRule | None, course: Course, node_count: int) -> bool:
        from planner.cost.commitments import term_hours  # noqa: PLC0415 - rarely asked for

        paid_hours = math.fsum(self._billed(rule, course, node_count)) / node_count
        return term_hours(Purchase.CAPACITY_BLOCK, paid_hours) is not None

    def _billed(self, rule: BillingRule | None, course: Course, node_count: int) -> Sequence[float]:
        """Instance-hours of each item of the rent; offers that take the same time share them."""
        key = (rule, course, node_count)
        found = self._hours.get(key)
        if found is None:
            idle_seconds = self.terms["idle_seconds"]
            found = rental_hours(rule, course.parts, idle_seconds=idle_seconds, node_count=node_count)
            self._hours[key] = found
        return found

    def _usd(
        self,
        offer: Offer,
        rule: BillingRule | None,
        course: Course,
        node_count: int,
        usd_per_hour: float | None = None,
    ) -> float:
        """The sum of the bill, at the price of the offer or at another."""
        if self._is_rent_alone(offer):
            # the sum of the same items without making them: most bills, and all ends, are only compared
            price = offer.usd_per_hour if usd_per_hour is None else usd_per_hour
            return math.fsum([quantity * price for quantity in self._billed(rule, course, node_count)])
        items, _ = self._items(offer if usd_per_hour is None else _at(offer, usd_per_hour), rule, course, node_count)
        return total_usd(items)

    def _is_rent_alone(self, offer: Offer) -> bool:
        """Whether nothing is billed but hours at one price."""
        return not self._has_extras and (self._shares_term or not _has_term(offer))


def _has_term(offer: Offer) -> bool:
    return offer.purchase is not _ON_DEMAND and offer.purchase is not _SPOT


def joined(middle: float, *ranges: tuple[float, float]) -> tuple[float, float]:
    """The range of a bill from ranges of several causes that have nothing to do with each other; each holds the middle.

    Their distances from the middle add up as squares: of logarithms, since time and price multiply; of USD where an
    end is 0 or less, as credit can make it.

    >>> [round(end, 1) for end in joined(100.0, (90.0, 110.0), (100.0, 120.0))]
    [90.0, 122.8]
    """
    lows, highs = zip(*ranges, strict=True)
    return _holding(middle, _end(middle, lows), _end(middle, highs))


def _end(middle: float, ends: Sequence[float]) -> float:
    side = 1 if max(ends) > middle else -1
    if min(middle, *ends) <= 0:
        return middle + side * math.hypot(*(end - middle for end in ends))
    return middle * math.exp(side * math.hypot(*(math.log(end / middle) for end in ends)))


def tax_item(items: tuple[CostItem, ...], fraction: float) -> tuple[CostItem, ...]:
    """The item for tax on all the items; none at a fraction of 0."""
    if not fraction:
        return ()
    taxed = total_usd(items)
    return (CostItem(name="tax", kind=ItemKind.TAX, quantity=fraction, unit="of the bill", usd_per_unit=taxed),)


def percentile(estimate: Estimate, fraction: float = 0.9) -> tuple[float, float]:
    """Seconds and USD that at least that fraction of such runs stays within; only interruptions vary.

    The throughput stays at its middle figure; every further second pays rent and storage, with tax on both. Never below
    the mean: where most runs see no interruption and a few lose very much, more than that fraction ends within it.
    """
    run = estimate.interruptions
    if run is None:
        return estimate.seconds, estimate.usd
    late = max(0.0, percentile_seconds(run, fraction) - run.expected_seconds)
    return estimate.seconds + late, estimate.usd + _usd_of_more(estimate, late)


def _usd_of_more(estimate: Estimate, seconds: float) -> float:
    """USD that so many seconds more cost: rent beyond what is left of a commitment, storage, and tax on both.

    Traffic is paid once, and a credit is taken as used up.
    """
    unused_hours = math.fsum(item.quantity for item in estimate.items if item.kind is ItemKind.UNUSED_TERM)
    rented = max(0.0, hours(seconds) * estimate.node_count - unused_hours)
    stored = math.fsum(item.usd for item in estimate.items if item.kind is ItemKind.STORAGE)
    tax_fraction = math.fsum(item.quantity for item in estimate.items if item.kind is ItemKind.TAX)
    return (rented * estimate.offer.usd_per_hour + stored * seconds / estimate.seconds) * (1 + tax_fraction)


def items_at(items: Iterable[CostItem], usd_per_hour: float) -> tuple[CostItem, ...]:
    """The items of the same run on an offer that differs by its price per hour; tax and credit follow the others."""
    found: list[CostItem] = []
    for item in items:
        before = total_usd(found)
        if item.kind in _BY_THE_HOUR:
            found.append(replace(item, usd_per_unit=usd_per_hour))
        elif item.kind is ItemKind.TAX:
            found.append(replace(item, usd_per_unit=before))
        elif item.kind is ItemKind.CREDIT:
            found.append(replace(item, usd_per_unit=max(item.usd_per_unit, -before)))
        else:
            found.append(item)
    return tuple(found)


_BY_THE_HOUR = (ItemKind.TIME, ItemKind.BILLED_TIME, ItemKind.UNUSED_TERM)


def _at(offer: Offer, usd_per_hour: float) -> Offer:
    """The offer at another price."""
    return replace(offer, usd_per_hour=usd_per_hour, usd_per_hour_cheapest=None)


def _holding(middle: float, low: float, high: float) -> tuple[float, float]:
    """The ends of a range, moved outward where the middle lies outside.

    They come from the same formula at other speeds, so they are in order but for the last bit: parts of different
    sizes, rounded and added up to the same sum, may end a bit apart.
    """
    return min(low, middle), max(high, middle)
