"""All ways to rent for one workload: the cheapest offer of every group, on one machine and on several together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from planner.answers.estimated import result_of
from planner.answers.offered import Offered, offered, own_prices
from planner.answers.pricing import Pricing, priced_heads, pricing_of
from planner.answers.question import Question
from planner.answers.ranking import Priced, best_of_each_row, front_of, in_order
from planner.answers.regions import Region
from planner.errors import NothingLeftError
from planner.model.frozen import dataclass
from planner.model.records import Estimate
from planner.prices.current import current_snapshots
from planner.results.estimate import EstimateResult


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ways:
    """The cheapest offer of every group and number of machines, priced, cheapest run first.

    Attributes:
        pricing: what priced those of the first number of machines that has any.
        left_out: offers that were left out of those, by reason.
        found: all of them.
        front: the places of those that no other beats in time without costing more.
        by_count: the same by their number of machines, each with what priced it.
    """

    pricing: Pricing
    left_out: Mapping[str, int]
    by_count: Sequence[tuple[Pricing, Sequence[Priced]]]
    found: Sequence[Priced]
    front: Set[int]

    def result_of(self, shown: Sequence[Estimate]) -> EstimateResult:
        """The result that holds these estimates, and what belongs to them all."""
        return result_of(self.pricing, shown, self.left_out)

    def written(self, one: Priced) -> Estimate:
        """The estimate of one of them, with its rank among all."""
        place = self._place(one)
        return one.write(rank=0 if place is None else place + 1, is_pareto=place in self.front)

    def written_in(self, region: Region, one: Priced, rank: int | None = None) -> Estimate:
        """The estimate of one of them in the region that stands for its machine, with its rank among all or the one given."""
        place = self._place(one)
        named = rank if rank is not None else 0 if place is None else place + 1
        return region.written(named, is_pareto=place in self.front)

    def _place(self, one: Priced) -> int | None:
        return next((place for place, other in enumerate(self.found) if other is one), None)


def all_ways(questions: Sequence[Question]) -> Ways:
    """Prices the cheapest offer of each group for all questions.

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
    by_count: list[tuple[Pricing, Sequence[Priced]]] = []
    first_left_out: Counter[str] | None = None
    refused: list[NothingLeftError] = []
    for question in questions:
        is_one_of_several = question.nodes > 1 and len(questions) > 1
        pricing = pricing_of(question, _with_network(choice) if is_one_of_several else choice, choice.groups)
        left_out = Counter({entry.reason: entry.count for entry in choice.selection.left_out})
        try:
            priced = priced_heads(pricing, left_out)
        except NothingLeftError as error:
            refused.append(error)
            continue
        by_count.append((pricing, priced))
        if first_left_out is None:
            best_of_each_row(priced, left_out)  # counts what is dearer
            first_left_out = left_out
    if first_left_out is None:
        raise refused[0]
    ordered = in_order((one for _, priced in by_count for one in priced), "usd")
    return Ways(
        pricing=by_count[0][0], left_out=first_left_out, by_count=by_count, found=ordered, front=front_of(ordered)
    )


def _with_network(choice: Offered) -> Offered:
    return replace(choice, groups=tuple(group for group in choice.groups if group.head.network_gbps is not None))
