"""The records of a choice: the few rows that are proposed, of each market, and what became of the others."""

from __future__ import annotations

from datetime import date

from planner.model.frozen import dataclass
from planner.model.picks import Mark, NotPicked, PaidTo, PickKind
from planner.model.records import Estimate, Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A row that is proposed.

    Attributes:
        market: whom one pays.
        kind: what it is for.
        number: its place on the screen, from 1.
        mark: why it stands apart; `None` for most.
        estimate: the row itself, with its bill; its `rank` is that among all rows, 0 where these show another region.
        other_regions: how many more regions ask the same, within 1 %.
        usd_per_hour_elsewhere: what the next region asks, where that is half as much again and more; else `None`.
    """

    market: PaidTo
    kind: PickKind
    number: int
    mark: Mark | None
    estimate: Estimate
    other_regions: int
    usd_per_hour_elsewhere: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverLimit:
    """A row that the limits keep from the screen: the nearest of a market left empty, or one that only an end bars.

    Attributes:
        market: whom one pays.
        offer: what is rented, on `node_count` machines.
        seconds: as expected; `seconds_high` at the slow end.
        usd: as expected; `usd_high` at the dear end.
        may_hold: whether the expected figures keep the limits, and only the slow or the dear end passes one.
    """

    market: PaidTo
    offer: Offer
    node_count: int
    seconds: float
    seconds_high: float
    usd: float
    usd_high: float
    may_hold: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldPerToken:
    """What a service asks for the whole run, by its tokens over all epochs; how long it takes it does not say.

    Attributes:
        provider: who trains.
        method: how: LoRA, where adapters are wanted.
        model: what it sells; empty where its price is one for all models of a size.
        usd: for the run, with its range where the source gives one.
        usd_per_million_tokens: the listed price.
        price_observed_on: its day.
        source: where it stands.
        note: what else the source says.
    """

    provider: str
    method: str
    model: str
    usd: float
    usd_low: float
    usd_high: float
    usd_per_million_tokens: float
    price_observed_on: date
    source: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """The rows that are proposed, and what became of the other machines.

    A machine is one instance type of a provider, bought in one way, in whatever region.

    Attributes:
        picks: the rows, in the order of the screen.
        machines: how many machines there are, all of them counted.
        not_picked: how many of them cannot be picked, by reason, most first; what bars a machine at any speed counts also
            where its speed is not known.
        over_limit: of each market what the limits keep from the screen and is better than its rows, or nearest.
        limits_hold: whether the dear and the slow end of every pick stay within the limits; true without limits.
        hour_worth_usd: what an hour of waiting counts.
        services: what is sold by the token, cheapest first.
        max_hours: the limit of time, and `max_usd` that of money; `None` without one.
    """

    picks: tuple[Pick, ...]
    machines: int
    not_picked: tuple[tuple[NotPicked, int], ...]
    over_limit: tuple[OverLimit, ...]
    limits_hold: bool
    hour_worth_usd: float
    services: tuple[SoldPerToken, ...] = ()
    max_hours: float | None = None
    max_usd: float | None = None
