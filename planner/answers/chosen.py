"""Chooses the rows of a screen among all that is priced: a few of each market, and what became of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter

from planner.answers.markets import is_commitment, paid_to
from planner.answers.picking import CHEAPER, FASTER, MOST_LINES, Choice, Shown, balanced_of, best_of_machines, screen_of
from planner.answers.pricing import Compared, Pricing, as_used, compared, priced_at
from planner.answers.question import Question
from planner.answers.ranking import Priced
from planner.answers.regions import best_region
from planner.model.picks import Mark, NotPicked, PaidTo
from planner.model.records import Basis, Offer, Purchase
from planner.results.picked import OverLimit, Pick, Picked, SoldPerToken
from planner.units import hours

Machine = tuple[str, str, float, Purchase, int]
"""Provider, instance type, GPUs, purchase and number of machines: what a row of the screen stands for."""

_PASSING = (NotPicked.OLD_PRICE, NotPicked.WIDE_RANGE)
"""Reasons that time will mend: a market that they alone leave empty comes back, with a mark."""
_BASES = tuple(Basis)
_MARKS = {NotPicked.OLD_PRICE: Mark.OLD_PRICE, NotPicked.WIDE_RANGE: Mark.WIDE_RANGE}


class Candidate:
    """A row that may be picked, or that only its price or its range bars: `reason` is `None` for most.

    What it may cost against others is worked out when it is first asked for: of old prices most never are.
    """

    def __init__(self, pricing: Pricing, priced: Priced, *, is_free: bool = False) -> None:
        self.pricing = pricing
        self.priced = priced
        self.market = paid_to(priced.offer)
        self._against: Compared | None = None
        self._choice: Choice | None = None
        self.reason = None if is_free else pricing.bars.of_price(priced.offer, self._ends)

    # kept by hand: `cached_property` takes a lock each time
    @property
    def against(self) -> Compared:
        """What it may cost and take against the other rows."""
        if self._against is None:
            self._against = compared(self.pricing, self.priced)
        return self._against

    @property
    def choice(self) -> Choice:
        """The row as the objective sees it."""
        if self._choice is None:
            self._choice = self._as_choice()
        return self._choice

    def _as_choice(self) -> Choice:
        one, against = self.priced, self.against
        offer = one.offer
        return Choice(
            market=self.market,
            machine=machine_of(one),
            usd=one.usd,
            usd_high=against.usd_high,
            hours=hours(one.seconds),
            hours_high=hours(against.seconds_high),
            is_several=one.node_count > 1,
            order=(
                _BASES.index(one.throughput.basis),
                -offer.observed_on.toordinal(),
                one.node_count,
                offer.provider,
                offer.instance_type,
                offer.region,
                offer.zone or "",
                offer.purchase,
            ),
            row=self,
        )

    def _ends(self) -> tuple[float, float]:
        return self.against.usd_low, self.against.usd_high

    @property
    def seconds_high(self) -> float:
        """The slow end of its time, whatever the code."""
        courses = self.priced.courses
        return max(courses.seconds_at_ends[1], courses.middle.seconds)

    @property
    def usd_high(self) -> float:
        """The dear end of its bill, whatever the code."""
        one, pricing = self.priced, self.pricing
        usd_per_hour = pricing.offered.price_range(one.offer, pricing.question.today)
        return pricing.biller.ends_of(one.courses, one.offer, one.usd, one.node_count, usd_per_hour=usd_per_hour)[1]


def picked(
    found: Sequence[tuple[Pricing, Iterable[Priced]]],
    rank_of: Callable[[Offer], int] = lambda offer: 0,
    services: tuple[SoldPerToken, ...] = (),
) -> Picked:
    """The rows of the screen, and what became of the other machines.

    Args:
        found: pricings, each with the cheapest of every group of offers; they differ in their number of machines.
        rank_of: the rank of an offer among all rows; 0 if it has none.
        services: what is sold by the token; one of them takes two lines of the screen.
    """
    question = found[0][0].question
    candidates, reasons = candidates_of(found)
    limits = (question.max_hours, question.max_usd)
    kept, at_ends = within(candidates, limits)
    if not at_ends:
        kept = _surest_of_each_market(kept, limits)
    markets, marked = _by_market(kept, question.hour_worth_usd)
    if markets:  # what a limit empties is named by its nearest row, not by an old price
        priced_now = {paid_to(one.priced.offer) for one in candidates if one.reason is None}
        marked = {market: row for market, row in marked.items() if market not in priced_now}
    has_limits = limits != (None, None)
    empty = set(PaidTo) - markets.keys() - marked.keys()
    over = _over_limit(candidates, markets, empty, question, at_ends=at_ends) if has_limits else ()
    taken = len({one.may_hold for one in over}) + (has_limits and not at_ends) + 2 * bool(services)
    rows = screen_of(markets, marked, question.hour_worth_usd, most_lines=MOST_LINES - taken)
    counts = Counter(reason for reason in reasons.values() if reason is not None)
    return Picked(
        picks=tuple(_pick(number, row, rank_of) for number, row in enumerate(rows, start=1)),
        machines=len(reasons),
        not_picked=tuple(sorted(counts.items(), key=lambda entry: (-entry[1], list(NotPicked).index(entry[0])))),
        over_limit=over,
        limits_hold=at_ends,
        hour_worth_usd=question.hour_worth_usd,
        services=services,
        max_hours=question.max_hours,
        max_usd=question.max_usd,
    )


def candidates_of(
    found: Sequence[tuple[Pricing, Iterable[Priced]]],
) -> tuple[list[Candidate], dict[Machine, NotPicked | None]]:
    """The rows that may be picked, or that only price or range bars; and of every machine the reason nearest to none."""
    reasons: dict[Machine, NotPicked | None] = {}
    candidates: list[Candidate] = []
    for pricing, priced in found:
        shared: Pricing | None = None
        for head in priced:
            is_bound = is_commitment(head.offer)
            if is_bound and shared is None:
                shared = as_used(pricing)
            candidate, reason = judged(shared if is_bound and shared else pricing, head)
            _keep_least(reasons, machine_of(head), reason)
            if candidate is not None:
                candidates.append(candidate)
    return candidates, reasons


def machine_of(one: Priced) -> Machine:
    """What a row is one of, whatever its region."""
    offer = one.offer
    return offer.provider, offer.instance_type, offer.gpu_count, offer.purchase, one.node_count


def judged(pricing: Pricing, head: Priced) -> tuple[Candidate | None, NotPicked | None]:
    """The cheapest row of a group that may be picked, or that only its price or its range bars; else the reason."""
    bars = pricing.bars
    reason = bars.of_machine(head.offer, head.throughput)
    if reason is not None:
        return None, reason
    offer: Offer | None = head.offer
    if bars.is_closed(head.offer):
        offer = next((one for one in head.group.members() if not bars.is_closed(one)), None)
    is_head = offer is head.offer and not is_commitment(head.offer)
    one = head if is_head else None if offer is None else priced_at(pricing, head, offer)
    if one is None:
        return None, NotPicked.CLOSED_REGION
    candidate = Candidate(pricing, one)
    return candidate, candidate.reason


def _keep_least(reasons: dict[Machine, NotPicked | None], machine: Machine, reason: NotPicked | None) -> None:
    """Keeps of a machine's groups the reason that is nearest to none: one row that may be picked is enough."""
    if machine not in reasons:
        reasons[machine] = reason
    elif reason is None or (known := reasons[machine]) is None:
        reasons[machine] = None
    else:
        reasons[machine] = max(known, reason, key=list(NotPicked).index)


Limits = tuple[float | None, float | None]


def within(candidates: Sequence[Candidate], limits: Limits) -> tuple[list[Candidate], bool]:
    """Those within the limits at the slow and the dear end, and true; if none is, those whose expected figures are."""
    if limits == (None, None):
        return list(candidates), True
    sure = [one for one in candidates if miss_of(one, limits, at_ends=True) <= 0]
    if any(one.reason is None for one in sure):
        return sure, True
    return [one for one in candidates if miss_of(one, limits, at_ends=False) <= 0], False


def miss_of(candidate: Candidate, limits: Limits, *, at_ends: bool) -> float:
    """By what part the worse of the limits is passed; 0 or less if both hold."""
    max_hours, max_usd = limits
    late = -1.0 if max_hours is None else hours(figures_of(candidate, at_ends=at_ends)[0]) / max_hours - 1
    dear = -1.0 if max_usd is None else figures_of(candidate, at_ends=at_ends)[1] / max_usd - 1
    return max(late, dear)


def broken_of(candidate: Candidate, limits: Limits) -> int:
    """How many of the limits its slow and dear ends pass."""
    max_hours, max_usd = limits
    is_late = max_hours is not None and hours(candidate.seconds_high) > max_hours
    return is_late + (max_usd is not None and candidate.usd_high > max_usd)


def _surest_of_each_market(candidates: Sequence[Candidate], limits: Limits) -> list[Candidate]:
    """Of each market those whose ends pass the fewest limits: where none is sure to keep both, one is better than none."""
    fewest: dict[PaidTo, int] = {}
    broken = [broken_of(one, limits) for one in candidates]
    for one, count in zip(candidates, broken, strict=True):
        fewest[one.market] = min(fewest.get(one.market, count), count)
    return [one for one, count in zip(candidates, broken, strict=True) if count == fewest[one.market]]


def figures_of(candidate: Candidate, *, at_ends: bool) -> tuple[float, float]:
    """Seconds and USD that a limit is held against."""
    if at_ends:
        return candidate.seconds_high, candidate.usd_high
    return candidate.priced.seconds, candidate.priced.usd


def _over_limit(
    candidates: Iterable[Candidate],
    markets: Mapping[PaidTo, Sequence[Choice]],
    empty: Container[PaidTo],
    question: Question,
    *,
    at_ends: bool,
) -> tuple[OverLimit, ...]:
    """What the limits keep from the screen: of each market the best row that only an end bars, else of an empty one the nearest.

    Args:
        candidates: all rows, those that the limits bar too.
        markets: those that keep the limits.
        empty: the markets of which no row is shown.
        question: its limits, and what an hour is worth.
        at_ends: whether the limits are held against the slow and the dear end.
    """
    limits, worth = (question.max_hours, question.max_usd), question.hour_worth_usd
    free: dict[PaidTo, list[Candidate]] = {}
    for candidate in candidates:
        if candidate.reason is None:
            free.setdefault(candidate.market, []).append(candidate)
    doubtful, nearest = [], []
    for market in filter(free.__contains__, PaidTo):
        misses = [(miss_of(one, limits, at_ends=False), place, one) for place, one in enumerate(free[market])]
        kept = markets.get(market, ())
        hoped = [one.choice for miss, _, one in misses if miss <= 0] if at_ends else []
        best = balanced_of(hoped, worth) if hoped else None
        if best is not None and best not in kept and (not kept or _is_worth_a_line(best, balanced_of(kept, worth))):
            doubtful.append((best.merit(worth), _barred(best.row, may_hold=True)))
        elif market in empty:
            miss, _, one = min(misses)
            nearest.append((miss, _barred(one, may_hold=False)))
    by_place = itemgetter(0)
    return tuple(row for _, row in (*sorted(doubtful, key=by_place), *sorted(nearest, key=by_place)))


def _is_worth_a_line(one: Choice, shown: Choice) -> bool:
    """Whether it is so much faster or cheaper than the row shown as a second pick would have to be."""
    return one.hours <= FASTER * shown.hours or one.usd <= CHEAPER * shown.usd


def _barred(one: Candidate, *, may_hold: bool) -> OverLimit:
    return OverLimit(
        market=one.market,
        offer=one.priced.offer,
        node_count=one.priced.node_count,
        seconds=one.priced.seconds,
        seconds_high=one.seconds_high,
        usd=one.priced.usd,
        usd_high=one.usd_high,
        may_hold=may_hold,
    )


def _by_market(
    candidates: Iterable[Candidate], hour_worth: float
) -> tuple[dict[PaidTo, list[Choice]], dict[PaidTo, tuple[Choice, Mark]]]:
    """What may be picked of each market, one row a machine; and of a market without any, the row that is marked."""
    free: dict[PaidTo, list[Choice]] = {}
    barred: dict[PaidTo, dict[NotPicked, list[Candidate]]] = {}
    for candidate in candidates:
        market = candidate.market
        if candidate.reason is None:
            free.setdefault(market, []).append(candidate.choice)
        else:
            barred.setdefault(market, {}).setdefault(candidate.reason, []).append(candidate)
    marked: dict[PaidTo, tuple[Choice, Mark]] = {}
    for market in PaidTo:
        if market in free or market not in barred:
            continue
        # young prices with a wide range before old ones
        reason = next(reason for reason in reversed(_PASSING) if reason in barred[market])
        those = barred[market][reason]
        # of old prices the newest; a wide range says nothing against the month of a price
        rows = _of_newest_month(those) if reason is NotPicked.OLD_PRICE else [one.choice for one in those]
        marked[market] = (best_of_machines(rows, hour_worth)[0], _MARKS[reason])
    return {market: best_of_machines(rows, hour_worth) for market, rows in free.items()}, marked


def _of_newest_month(candidates: Sequence[Candidate]) -> Iterator[Choice]:
    months = [(day.year, day.month) for day in (one.priced.offer.observed_on for one in candidates)]
    newest = max(months)
    return (one.choice for one, month in zip(candidates, months, strict=True) if month == newest)


def _pick(number: int, row: Shown, rank_of: Callable[[Offer], int]) -> Pick:
    candidate: Candidate = row.choice.row
    region = best_region(candidate.pricing, candidate.priced)
    return Pick(
        market=row.market,
        kind=row.kind,
        number=number,
        mark=row.mark,
        estimate=region.written(rank_of(region.row.offer)),
        other_regions=region.others,
        usd_per_hour_elsewhere=region.usd_per_hour_elsewhere,
    )
