"""All ways to rent for one workload: the cheapest offer of every group, on one machine and on several together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from planner.answers.estimated import result_of
from planner.answers.offered import Offered, offered, own_prices
from planner.answers.pricing import priced_heads, pricing_of
from planner.answers.question import Question
from planner.answers.ranking import best_of_each_row, in_order, ranked
from planner.errors import NothingLeftError
from planner.model.records import Estimate
from planner.prices.current import current_snapshots
from planner.results.estimate import EstimateResult


def all_ways(questions: Sequence[Question]) -> EstimateResult:
    """One result with the cheapest estimate of each group for all questions; the rest is from the first that has a result.

    The questions differ in their number of machines only. If there is more than one, several machines are proposed only
    where the network between them is known: hosts of a marketplace have none to speak of. No offer that is left out is
    faster, or cheaper and as fast, than the one of its group.

    Raises:
        NothingLeftError: no offer passes the filters, or none has a known throughput on any number of machines.
        SnapshotError: a snapshot cannot be trusted.
    """
    first = questions[0]
    snapshots = current_snapshots(first.data_dir, as_of=first.as_of)
    own = own_prices(first.price_book, snapshots, first.today)
    choice = offered(snapshots, first.wanted, own, today=first.today)
    found: list[Estimate] = []
    result: EstimateResult | None = None
    refused: list[NothingLeftError] = []
    for question in questions:
        is_one_of_several = question.nodes > 1 and len(questions) > 1
        pricing = pricing_of(question, _with_network(choice) if is_one_of_several else choice)
        left_out = Counter({entry.reason: entry.count for entry in choice.selection.left_out})
        try:
            priced = priced_heads(pricing, left_out)
        except NothingLeftError as error:
            refused.append(error)
            continue
        found += [one.estimate for one in priced]
        if result is None:
            result = result_of(pricing, in_order(best_of_each_row(priced, left_out), "usd"), left_out)
    if result is None:
        raise refused[0]
    return replace(result, estimates=tuple(ranked(found, "usd")))


def _with_network(choice: Offered) -> Offered:
    return replace(choice, groups=tuple(group for group in choice.groups if group.head.network_gbps is not None))
