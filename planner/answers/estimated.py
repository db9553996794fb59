"""From a question to its ranked estimates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from planner.answers.absent import absent_devices
from planner.answers.beside_processors import may_beat, on_the_front, speed_ups
from planner.answers.chosen import machine_of, picked
from planner.answers.offered import offered, own_prices
from planner.answers.pricing import Pricing, priced_heads, priced_members, pricing_of
from planner.answers.question import Question
from planner.answers.ranking import Priced, best_of_each_row, in_order, place_of, ranked, within_limits
from planner.answers.resulting import result_of, short_result_of
from planner.model.frozen import changed
from planner.prices.current import current_snapshots
from planner.results.estimate import EstimateResult
from planner.results.machines import Machine, Machines
from planner.results.picked import SoldPerToken


def estimated(question: Question) -> EstimateResult:
    """The ranked estimates that answer the question.

    Raises:
        NothingLeftError: no offer passes the filters, or none has a known throughput.
        LimitError: offers are left, but none within the limits.
        DataError: no snapshot can be trusted, or one cannot and that is not allowed.
    """
    pricing = _pricing(question)
    left_out = Counter({entry.reason: entry.count for entry in pricing.offered.selection.left_out})
    heads = priced_heads(pricing, left_out)
    on_front = on_the_front(pricing, heads)
    heads += on_front
    priced = heads
    if question.every_offer:
        priced = [one for head in priced for one in priced_members(pricing, head)]
    within = within_limits(priced, question.max_hours, question.max_usd, left_out)
    rows = in_order(within if question.every_offer else best_of_each_row(within, left_out), question.sort)
    shown = ranked(rows, question.sort, question.limit)
    if len(shown) < len(rows):
        left_out[f"ranked after the first {question.limit}"] += len(rows) - len(shown)
    ranks = {one.offer: rank for rank, one in enumerate(rows, start=1)}
    groups = (*pricing.offered.groups, *(one.group for one in on_front))
    chosen = picked([(pricing, groups)], lambda offer: ranks.get(offer, 0), _services(question))
    result = result_of(pricing, shown, left_out)
    absent = absent_devices(pricing, heads, within)
    return changed(
        result,
        notes=(*absent, *result.notes),
        absent=absent,
        picked=chosen,
        speed_ups=speed_ups(question, heads),
        machines=Machines(partial(_machines, within)),
    )


def proposed(question: Question) -> EstimateResult:
    """The answer with the rows that are picked, and without any ranking where these are known without it.

    Most offers are barred from the picks before their speed is known. A ranking would work out all of them.

    Raises:
        PlannerError: as `estimated`.
    """
    if question.wanted.gpus or question.every_offer:
        return estimated(question)  # each device that was named is looked for
    pricing = _pricing(question)
    chosen = picked([(pricing, pricing.offered.groups)], services=_services(question))
    if not any(pick.mark is None for pick in chosen.picks):
        return estimated(question)  # which says why
    cheapest_pick = min(
        pick.estimate.usd for pick in chosen.picks
    )  # of commitments alone no head is priced as it stands
    heads = (one.usd for one in pricing.heads.values() if isinstance(one, Priced))
    if may_beat(question, min(heads, default=cheapest_pick)):
        return estimated(question)
    return changed(short_result_of(pricing, [chosen.picks[0].estimate]), estimates=(), picked=chosen)


def _pricing(question: Question) -> Pricing:
    """The offers that may answer the question, and all that is needed to price its work on each."""
    snapshots = current_snapshots(question.data_dir, as_of=question.as_of)
    own = own_prices(question.price_book, snapshots, question.today)
    return pricing_of(question, offered(snapshots, question.wanted, own, today=question.today))


def _machines(priced: Sequence[Priced]) -> list[Machine]:
    """The cheapest row of each machine and of each time that it takes: what is neither is nowhere the best."""
    best: dict[tuple[object, ...], Priced] = {}
    for one in priced:
        key = (*machine_of(one), one.seconds)
        known = best.setdefault(key, one)
        if place_of(one, "usd") < place_of(known, "usd"):
            best[key] = one
    return [
        Machine(
            offer=one.offer,
            node_count=one.node_count,
            seconds=one.seconds,
            usd=one.usd,
            basis=one.throughput.basis,
        )
        for one in best.values()
    ]


def _services(question: Question) -> tuple[SoldPerToken, ...]:
    if question.work.workload.language is None:
        return ()
    from planner.answers.sold_per_token import sold_per_token  # noqa: PLC0415 - only of language models

    return sold_per_token(question)
