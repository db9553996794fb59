"""Chooses the rows of a screen among all that is priced: a few of each market, and what became of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter

from planner.answers.barred import is_wide
from planner.answers.markets import is_commitment, paid_to
from planner.answers.picking import CHEAPER, FASTER, MOST_LINES, Choice, Shown, balanced_of, best_of_machines, screen_of
from planner.answers.pricing import Compared, Pricing, as_used, compared, priced_of_group
from planner.answers.question import Question
from planner.answers.ranking import Priced
from planner.answers.regions import best_region
from planner.model.picks import Mark, NotPicked, PaidTo
from planner.model.records import Basis, Offer, Purchase
from planner.prices.groups import OfferGroup
from planner.results.picked import OverLimit, Pick, Picked, SoldPerToken
from planner.units import hours

Machine = tuple[str, str, float, Purchase, int]
"""Provider, instance type, GPUs, purchase and number of machines: what a row of the screen stands for."""

_BASES = tuple(Basis)


class Candidate:
    """A row that may be picked, or that only its price or its range bars.

    What it may cost against others is worked out when it is first asked for: where only the cheapest counts most never are.
    """

    def __init__(self, pricing: Pricing, priced: Priced, *, is_old: bool = False, is_free: bool = False) -> None:
        self.pricing = pricing
        self.priced = priced
        self.market = paid_to(priced.offer)
        self._is_old = is_old
        self._is_free: bool | None = is_free or None  # not known yet
        self._against: Compared | None = None
        self._choice: Choice | None = None

    @property
    def reason(self) -> NotPicked | None:
        """What its price or its range bars it for; `None` for most."""
        if self._is_old:
            return NotPicked.OLD_PRICE
        if self._is_free is None:
            self._is_free = not is_wide(self.against.usd_low, self.against.usd_high)
        return None if self._is_free else NotPicked.WIDE_RANGE

    # kept by hand: `cached_property` takes a lock each time
    @property
    def against(self) -> Compared:
        """Its cost and time as compared with other rows: the ends that may differ from row to row."""
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
    found: Sequence[tuple[Pricing, Iterable[OfferGroup]]],
    rank_of: Callable[[Offer], int] = lambda offer: 0,
    services: tuple[SoldPerToken, ...] = (),
) -> Picked:
    """The rows of the screen, and what became of the other machines.

    Args:
        found: pricings, each with the groups of offers; they differ in their number of machines.
        rank_of: the rank of an offer among all rows; 0 if it has none.
        services: what is sold by the token; one of them takes two lines of the screen.
    """
    question = found[0][0].question
    candidates = Candidates(found)
    limits = (question.max_hours, question.max_usd)
    kept, at_ends = within(candidates.young, limits)
    hour_worth = question.hour_worth_usd
    free = _by_market(one for one in kept if one.reason is None)
    if not at_ends:
        free = {market: _surest(rows, limits) for market, rows in free.items()}
    markets = {market: best_of_machines((one.choice for one in rows), hour_worth) for market, rows in free.items()}
    # what a limit empties is named by its nearest row, not by an old price
    stay_empty = {one.market for one in candidates.free} if markets else set()
    marked = _marked(candidates, kept, set(markets) | stay_empty, hour_worth, limits, at_ends=at_ends)
    has_limits = limits != (None, None)
    empty = set(PaidTo) - markets.keys() - marked.keys()
    over = _over_limit(candidates.free, markets, empty, question, at_ends=at_ends) if has_limits else ()
    taken = len({one.may_hold for one in over}) + (has_limits and not at_ends) + 2 * bool(services)
    rows = screen_of(markets, marked, hour_worth, most_lines=MOST_LINES - taken)
    reasons = candidates.reasons()
    counts = Counter(reason for reason in reasons.values() if reason is not None)
    return Picked(
        picks=tuple(_pick(number, row, rank_of) for number, row in enumerate(rows, start=1)),
        machines=len(reasons),
        not_picked=tuple(sorted(counts.items(), key=lambda entry: (-entry[1], list(NotPicked).index(entry[0])))),
        over_limit=over,
        limits_hold=at_ends,
        hour_worth_usd=hour_worth,
        services=services,
        max_hours=question.max_hours,
        max_usd=question.max_usd,
    )


class Candidates:
    """All rows that may be picked, or that only price or range bars, of one number of machines or of several.

    Most offers are barred before anybody knows how fast they are: those are never priced, and of old prices only those
    of a market that shows nothing else.

    Attributes:
        young: those of prices that are young enough, some with too wide a range.
    """

    def __init__(self, found: Iterable[tuple[Pricing, Iterable[OfferGroup]]]) -> None:
        self.young: list[Candidate] = []
        self._counted: list[tuple[Machine, NotPicked | Candidate]] = []
        self._old: list[tuple[Pricing, OfferGroup, Offer]] = []
        for pricing, groups in found:
            shared: Pricing | None = None
            for group in groups:
                offer, reason = pricing.bars.before_speed(group)
                by_whom = pricing
                if is_commitment(offer) and reason in (None, NotPicked.OLD_PRICE):
                    by_whom = shared = shared or as_used(pricing)
                if reason is NotPicked.OLD_PRICE:
                    self._old.append((by_whom, group, offer))
                judged: NotPicked | Candidate | None = reason or _judged(by_whom, group, offer)
                if judged is None:
                    continue  # it cannot do the work: neither a row nor a machine of this answer
                if isinstance(judged, Candidate):
                    self.young.append(judged)
                self._counted.append((_machine(offer, pricing.question.nodes), judged))

    def reasons(self) -> dict[Machine, NotPicked | None]:
        """The reason of every machine: of all its rows the one nearest to none."""
        reasons: dict[Machine, NotPicked | None] = {}
        for machine, found in self._counted:
            _keep_least(reasons, machine, found.reason if isinstance(found, Candidate) else found)
        return reasons

    @property
    def free(self) -> list[Candidate]:
        """Those that nothing bars."""
        return [one for one in self.young if one.reason is None]

    def old(self, is_wanted: Callable[[Offer], bool] = lambda _: True) -> Iterator[Candidate]:
        """The rows of old prices among the offers that are wanted; the speed of the others is not looked up."""
        for pricing, group, offer in self._old:
            if is_wanted(offer):
                one = priced_of_group(pricing, group, offer)
                if not isinstance(one, str) and one.throughput.fits_memory is not False:
                    yield Candidate(pricing, one, is_old=True)

    def old_offers(self) -> list[Offer]:
        """The offers of old prices, whether they can do the work or not."""
        return [offer for _, _, offer in self._old]


def _judged(pricing: Pricing, group: OfferGroup, offer: Offer) -> Candidate | NotPicked | None:
    """The row of an offer that nothing bars before its speed is known; `None` if it cannot do the work."""
    one = priced_of_group(pricing, group, offer)
    if isinstance(one, str):
        return None
    return NotPicked.MEMORY if one.throughput.fits_memory is False else Candidate(pricing, one)


def machine_of(one: Priced) -> Machine:
    """What a row is one of, whatever its region."""
    return _machine(one.offer, one.node_count)


def _machine(offer: Offer, node_count: int) -> Machine:
    return offer.provider, offer.instance_type, offer.gpu_count, offer.purchase, node_count


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
    """The rows within the limits at their slow and dear ends, and `True`; if there are none, those as expected within, and `False`."""
    if limits == (None, None):
        return list(candidates), True
    sure = _held(candidates, limits, at_ends=True)
    if any(one.reason is None for one in sure):
        return sure, True
    return _held(candidates, limits, at_ends=False), False


def _held(candidates: Iterable[Candidate], limits: Limits, *, at_ends: bool) -> list[Candidate]:
    """The rows within the limits."""
    if limits == (None, None):
        return list(candidates)
    return [one for one in candidates if miss_of(one, limits, at_ends=at_ends) <= 0]


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


def _surest(candidates: Sequence[Candidate], limits: Limits) -> list[Candidate]:
    """The rows whose ends pass the fewest limits: where none is sure to keep both, one is better than none."""
    broken = [broken_of(one, limits) for one in candidates]
    return [one for one, count in zip(candidates, broken, strict=True) if count == min(broken)]


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
        candidates: all rows that nothing else bars.
        markets: those that keep the limits.
        empty: the markets of which no row is shown.
        question: its limits, and what an hour is worth.
        at_ends: whether the limits are held against the slow and the dear end.
    """
    limits, worth = (question.max_hours, question.max_usd), question.hour_worth_usd
    free = _by_market(candidates)
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


def _by_market(candidates: Iterable[Candidate]) -> dict[PaidTo, list[Candidate]]:
    found: dict[PaidTo, list[Candidate]] = {}
    for candidate in candidates:
        found.setdefault(candidate.market, []).append(candidate)
    return found


def _marked(
    candidates: Candidates,
    kept: Iterable[Candidate],
    others: Container[PaidTo],
    hour_worth: float,
    limits: Limits,
    *,
    at_ends: bool,
) -> dict[PaidTo, tuple[Choice, Mark]]:
    """The row that stands for each market without any other: young prices with a wide range before old ones."""
    wide = _by_market(one for one in kept if one.reason is not None)
    marked: dict[PaidTo, tuple[Choice, Mark]] = {}
    for market in PaidTo:
        if market in others:
            continue
        # a wide range says nothing against the month of a price; of old prices the newest
        rows, mark = wide.get(market, []), Mark.WIDE_RANGE
        if not rows:
            months = (_held(month, limits, at_ends=at_ends) for month in _old_by_month(candidates, market))
            rows, mark = next(filter(None, months), []), Mark.OLD_PRICE
        if rows:
            rows = rows if at_ends else _surest(rows, limits)
            marked[market] = (best_of_machines((one.choice for one in rows), hour_worth)[0], mark)
    return marked


def _old_by_month(candidates: Candidates, market: PaidTo) -> Iterator[list[Candidate]]:
    """Rows of a market whose prices are too old, of one month each, the newest first."""
    months = {_month(offer) for offer in candidates.old_offers() if paid_to(offer) is market}
    for month in sorted(months, reverse=True):
        yield list(candidates.old(partial(_is_of, market, month)))


def _is_of(market: PaidTo, month: tuple[int, int], offer: Offer) -> bool:
    return paid_to(offer) is market and _month(offer) == month


def _month(offer: Offer) -> tuple[int, int]:
    return offer.observed_on.year, offer.observed_on.month


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
