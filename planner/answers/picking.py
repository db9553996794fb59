"""The rows of a market worth showing: the best balance of money and time, the fastest, the cheapest, and between.

    money = (usd + usd_high) / 2 + (10 v if there are several machines)
    time  = (hours + hours_high) / 2
    cost  = money + v x time                                  v: what an hour of waiting is worth, in USD

The ends are those of the range that differs from row to row: a row must win by more than its own doubt.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from planner.model.frozen import dataclass
from planner.model.picks import Mark, PaidTo, PickKind

SETUP_HOURS = 10.0
"""What setting up several machines takes somebody, in hours of waiting. A judgement: no source counts it."""

MONEY_TRADED = math.log(2) / math.log(1.1)
"""Nobody keeps a row if half the money buys a result 10 % later: a trade at least as good as that puts it out."""

FASTER, FASTER_HOURS = 0.85, 2 / 60
"""A fastest row is shown if it saves 15 % of the time, and two minutes."""
CHEAPER = 0.85
"""A cheapest row is shown if it saves 15 % of the money, expected and half way to the dear end."""
APART_TIME, APART_MONEY = 1.2, 1.1
"""A row between others is so many times their time and money."""

MOST_ROWS, MOST_OF_ONE, MOST_LINES = 8, 7, 11
"""Rows of a screen, rows of a single market, and rows with the titles of their markets."""
SMALL_USD, SMALL_HOURS = 1.0, 1 / 6
"""Below both, any machine will do."""

LEAST_USD = 0.01
"""Smaller sums are taken as a cent: what a credit pays is not infinitely better than what costs little."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """A row that may be picked: its figures, and what decides between equals.

    Attributes:
        market: whom one pays.
        machine: what it is a row of; only one row of each is shown.
        usd: expected money, and `usd_high` its dear end.
        hours: expected time, and `hours_high` its slow end.
        is_several: whether several machines work together.
        order: decides between rows of the same cost, smaller first; no two rows share it.
        row: what the choice stands for.
    """

    market: PaidTo
    machine: Any
    usd: float
    usd_high: float
    hours: float
    hours_high: float
    is_several: bool
    order: tuple[Any, ...]
    row: Any = None

    def money(self, hour_worth: float) -> float:
        """USD half way to the dear end, with what setting up several machines is worth."""
        return (self.usd + self.usd_high) / 2 + (SETUP_HOURS * hour_worth if self.is_several else 0.0)

    @property
    def time(self) -> float:
        """Hours half way to the slow end."""
        return (self.hours + self.hours_high) / 2

    def cost(self, hour_worth: float) -> float:
        """Money and time as one figure, in USD."""
        return self.money(hour_worth) + hour_worth * self.time

    def merit(self, hour_worth: float) -> tuple[Any, ...]:
        """The sort key of the objective: least cost, then what decides between equals."""
        return self.cost(hour_worth), self.order


def best_of_machines(choices: Iterable[Choice], hour_worth: float) -> list[Choice]:
    """The row of least cost of each machine, in the order of their merit."""
    best: dict[Any, Choice] = {}
    for choice in sorted(choices, key=lambda one: one.merit(hour_worth)):
        best.setdefault(choice.machine, choice)
    return list(best.values())


def worthwhile(choices: Iterable[Choice], hour_worth: float) -> list[Choice]:
    """The rows that no other beats in money and time, nor by a trade nobody refuses; fastest first.

    It is enough to compare rows of the front: what beats a row is itself no better than one of them.
    """
    front: list[Choice] = []
    ordered = sorted(choices, key=lambda one: (one.time, one.money(hour_worth), one.order))
    for choice in ordered:
        if not front or choice.money(hour_worth) < front[-1].money(hour_worth):
            front.append(choice)
    return [one for one in front if not any(is_wasted(one, other, hour_worth) for other in front)]


def is_wasted(one: Choice, other: Choice, hour_worth: float) -> bool:
    """Whether the other costs less, and saves at least half the money for each 10 % that it takes longer."""
    money, less = (max(choice.money(hour_worth), LEAST_USD) for choice in (one, other))
    return less < money and math.log(money / less) >= MONEY_TRADED * math.log(max(other.time / one.time, 1.0))


def balanced_of(choices: Iterable[Choice], hour_worth: float) -> Choice:
    """The row of least cost among those that are worth their money."""
    return min(worthwhile(choices, hour_worth), key=lambda one: one.merit(hour_worth))


def picks_of(choices: Iterable[Choice], hour_worth: float) -> dict[PickKind, Choice]:
    """The balanced row of a market, and its cheapest and fastest where they are better by enough to matter."""
    front = worthwhile(choices, hour_worth)
    balanced = min(front, key=lambda one: one.merit(hour_worth))
    found = {PickKind.BALANCED: balanced}
    cheapest, fastest = front[-1], front[0]
    if cheapest.usd <= CHEAPER * balanced.usd and cheapest.money(hour_worth) <= CHEAPER * balanced.money(hour_worth):
        found[PickKind.CHEAPEST] = cheapest
    if fastest.time <= FASTER * balanced.time and balanced.time - fastest.time >= FASTER_HOURS:
        found[PickKind.FASTEST] = fastest
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """A choice with its place on the screen."""

    market: PaidTo
    kind: PickKind
    choice: Choice
    mark: Mark | None


def screen_of(
    markets: Mapping[PaidTo, Sequence[Choice]],
    marked: Mapping[PaidTo, tuple[Choice, Mark]],
    hour_worth: float,
    *,
    most_lines: int = MOST_LINES,
) -> list[Shown]:
    """The rows of the screen, market by market: one of each first, then a second, then a third, then between.

    Args:
        markets: what may be picked of each.
        marked: the row of each market of which nothing may be picked, with the reason why it stands apart.
        hour_worth: what an hour of waiting is worth, in USD.
        most_lines: rows and titles of markets together.
    """
    picks = {market: picks_of(markets[market], hour_worth) for market in PaidTo if markets.get(market)}
    if len(picks) > 1 and PaidTo.MARKETPLACE in picks:
        private = picks[PaidTo.MARKETPLACE]
        cheapest = private.get(PickKind.CHEAPEST) or private[PickKind.BALANCED]
        picks[PaidTo.MARKETPLACE] = {PickKind.CHEAPEST: cheapest}
    count = len(picks) + len(marked)
    room = MOST_OF_ONE if count == 1 else max(min(MOST_ROWS, most_lines - count), count)
    if all(_is_small(of[kind]) for of in picks.values() for kind in (PickKind.BALANCED,) if kind in of):
        room = min(room, count)
    chosen = _allotted(picks, room - len(marked))
    free = room - len(marked) - sum(map(len, chosen.values()))
    found = [
        Shown(market=market, kind=kind, choice=choice, mark=None)
        for market, of_market in chosen.items()
        for kind, choice in of_market.items()
    ]
    if picks and free > 0:
        first = next(iter(picks))
        between = _between(markets[first], list(picks[first].values()), free, hour_worth)
        found += [Shown(market=first, kind=PickKind.BETWEEN, choice=one, mark=None) for one in between]
    found += [
        Shown(market=market, kind=PickKind.BALANCED, choice=choice, mark=mark)
        for market, (choice, mark) in marked.items()
    ]
    return sorted(found, key=_place_on_screen)


def _is_small(choice: Choice) -> bool:
    return choice.usd < SMALL_USD and choice.hours < SMALL_HOURS


def _allotted(picks: Mapping[PaidTo, Mapping[PickKind, Choice]], room: int) -> dict[PaidTo, dict[PickKind, Choice]]:
    """The rows that there is room for: the first of every market, then the second, then the third."""
    turns = {market: list(of.items()) for market, of in picks.items()}
    chosen: dict[PaidTo, dict[PickKind, Choice]] = {market: {} for market in picks}
    for turn in range(3):
        for market, rows in turns.items():
            if turn < len(rows) and (turn == 0 or sum(map(len, chosen.values())) < room):
                kind, choice = rows[turn]
                chosen[market][kind] = choice
    return chosen


def _between(choices: Iterable[Choice], shown: Sequence[Choice], most: int, hour_worth: float) -> list[Choice]:
    """Rows that are worth their money, and well apart from those shown and from each other; of least cost first."""
    found: list[Choice] = []
    for one in sorted(worthwhile(choices, hour_worth), key=lambda one: one.merit(hour_worth)):
        if len(found) < most and all(_is_apart(one, other, hour_worth) for other in (*shown, *found)):
            found.append(one)
    return found


def _is_apart(one: Choice, other: Choice, hour_worth: float) -> bool:
    times = sorted((one.time, other.time))
    money = sorted(max(choice.money(hour_worth), LEAST_USD) for choice in (one, other))
    return times[1] >= APART_TIME * times[0] and money[1] >= APART_MONEY * money[0]


def _place_on_screen(shown: Shown) -> tuple[Any, ...]:
    return tuple(PaidTo).index(shown.market), tuple(PickKind).index(shown.kind), shown.choice.time
