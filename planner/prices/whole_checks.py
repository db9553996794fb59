"""Checks whether a delivery as a whole can be believed; one that fails makes no book."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence

from planner.model.records import Offer, Purchase
from planner.prices.changes import offer_key

EVERYWHERE = "global"
"""The region of a price that holds in all regions."""

FEWER_ROWS_FRACTION = 0.30
MEDIAN_MOVE_FRACTION = 0.50
SMALLEST_MOVE = 3  # fewer prices that moved are judged row by row: one of them must not sink a short file


def check_whole(
    fresh: Sequence[Offer],
    previous: Sequence[Offer],
    *,
    implausible: Sequence[Offer] = (),
    may_shrink: bool = False,
) -> list[str]:
    """The reasons why a fetch as a whole is not believed, with figures; empty if it is.

    Args:
        fresh: rows that passed `check_offers`.
        previous: rows of the book before that the fetch set out to replace, no others.
        implausible: rows that were held back, but that a person can vouch for. If most are so, the others are no better.
        may_shrink: fewer rows are no reason, as for catalogues that never claimed to be complete.
    """
    if not fresh:
        return ["No row is left."]
    reasons = []
    for purchase in Purchase:
        now = [offer for offer in fresh if offer.purchase is purchase]
        before = [offer for offer in previous if offer.purchase is purchase]
        expected = len(before)
        if now and all(offer.region == EVERYWHERE for offer in now):
            # a price that holds everywhere stands for those that the book before had by region
            expected = len({(offer.instance_type, offer.zone) for offer in before})
        if not may_shrink and len(now) < (1 - FEWER_ROWS_FRACTION) * expected:
            reasons.append(
                f"{purchase}: {len(now):,} rows where there were {expected:,} "
                f"({len(now) / expected - 1:+.0%}; the limit is {-FEWER_ROWS_FRACTION:.0%})."
            )
        moves = price_moves(now, before)
        move = statistics.median(moves) if moves else 0.0
        far = sum(abs(one) > MEDIAN_MOVE_FRACTION for one in moves)
        doubted = far + sum(offer.purchase is purchase for offer in implausible)
        rows = doubted - far + len(now)
        if abs(move) > MEDIAN_MOVE_FRACTION and far >= SMALLEST_MOVE:
            reasons.append(
                f"{purchase}: the median price moved by {move:+.0%} (the limit is {MEDIAN_MOVE_FRACTION:.0%})."
            )
        elif doubted >= SMALLEST_MOVE and doubted > rows / 2:
            reasons.append(
                f"{purchase}: {doubted:,} of {rows:,} rows are not believed one by one, "
                f"or moved by more than {MEDIAN_MOVE_FRACTION:.0%}."
            )
    return reasons


def price_moves(now: Sequence[Offer], before: Sequence[Offer]) -> list[float]:
    """New price / old price, less one, of all rows in both.

    Without a row in both, the medians of GPU-hour prices are compared, GPU by GPU; empty without a GPU in both.
    """
    old = {offer_key(offer): offer.usd_per_hour for offer in before}
    ratios = [offer.usd_per_hour / old[key] for offer in now if (key := offer_key(offer)) in old]
    if not ratios:
        was, is_now = _gpu_medians(before), _gpu_medians(now)
        ratios = [is_now[gpu] / was[gpu] for gpu in is_now if gpu in was]
    return [ratio - 1 for ratio in ratios]


def _gpu_medians(offers: Iterable[Offer]) -> dict[str, float]:
    prices: dict[str, list[float]] = defaultdict(list)
    for offer in offers:
        prices[offer.gpu].append(offer.usd_per_gpu_hour)
    return {gpu: statistics.median(found) for gpu, found in prices.items()}
