"""All ways to rent for one workload: the cheapest offer of every group, on one machine and on several together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from functools import cached_property

from planner.answers.offered import Offered, offered, own_prices
from planner.answers.pricing import Pricing, priced_heads, pricing_of
from planner.answers.question import Question
from planner.answers.ranking import Priced, best_of_each_row, front_of, in_order
from planner.answers.regions import Region
from planner.answers.resulting import result_of
from planner.errors import NothingLeftError
from planner.model.frozen import changed
from planner.model.records import Estimate
from planner.prices.current import current_snapshots
from planner.prices.groups import OfferGroup
from planner.results.estimate import EstimateResult


class Ways:
    """The cheapest offer of every group and number of machines.

    Most questions are answered by a few of them: all are priced when somebody asks for all.

    Attributes:
        groups: the groups of offers for each number of machines, with what prices them.
    """

    def __init__(self, groups: Sequence[tuple[Pricing, Sequence[OfferGroup]]]) -> None:
        self.groups = groups

    @property
    def question(self) -> Question:
        """What is asked of the first number of machines."""
        return self.groups[0][0].question

    @cached_property
    def by_count(self) -> Sequence[tuple[Pricing, Sequence[Priced]]]:
        """All that is priced for each number of machines that can do the work.

        Raises:
            NothingLeftError: none can; the message says why one machine cannot.
        """
        return [(pricing, priced) for pricing, priced, _ in self._priced]

    @cached_property
    def found(self) -> Sequence[Priced]:
        """All of them, cheapest run first."""
        return in_order((one for _, priced in self.by_count for one in priced), "usd")

    @cached_property
    def front(self) -> Set[int]:
        """The places of those that no other beats in time without costing more."""
        return front_of(self.found)

    def result_of(self, shown: Sequence[Estimate]) -> EstimateResult:
        """The result that holds these estimates, and what belongs to them all."""
        pricing, priced, left_out = self._priced[0]
        left_out = Counter(left_out)
        best_of_each_row(priced, left_out)  # counts what is dearer
        return result_of(pricing, shown, left_out)

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

    @cached_property
    def _priced(self) -> Sequence[tuple[Pricing, Sequence[Priced], Mapping[str, int]]]:
        found, refused = [], []
        for pricing, _ in self.groups:
            left_out = Counter({entry.reason: entry.count for entry in pricing.offered.selection.left_out})
            try:
                found.append((pricing, priced_heads(pricing, left_out), left_out))
            except NothingLeftError as error:
                refused.append(error)
        if not found:
            raise refused[0]
        return found


def all_ways(questions: Sequence[Question]) -> Ways:
    """The offers that may do the work of all questions, a group each.

    The questions differ in their number of machines only. If there is more than one, several machines are proposed only
    where the network between them is known: hosts of a marketplace have none to speak of. No offer that is left out is
    faster, or cheaper and as fast, than the one of its group.

    Raises:
        NothingLeftError: no offer passes the filters.
        SnapshotError: a snapshot cannot be trusted.
    """
    first = questions[0]
    snapshots = current_snapshots(first.data_dir, as_of=first.as_of)
    own = own_prices(first.price_book, snapshots, first.today)
    choice = offered(snapshots, first.wanted, own, today=first.today)
    priced = []
    for question in questions:
        is_one_of_several = question.nodes > 1 and len(questions) > 1
        pricing = pricing_of(question, _with_network(choice) if is_one_of_several else choice, choice.groups)
        priced.append((pricing, pricing.offered.groups))
    return Ways(priced)


def _with_network(choice: Offered) -> Offered:
    return changed(choice, groups=tuple(group for group in choice.groups if group.head.network_gbps is not None))
