"""Cards ranked for one model: how fast each trains it, for what a card costs today and for what it draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any, cast

from planner.answers.throughput import speeds_of
from planner.errors import LimitError, NoThroughputError, PlannerError, Sentence, UnknownNameError, UsageError
from planner.hardware.cards import CardPrice, Condition, Form, card_price
from planner.hardware.gpus import load_gpus
from planner.hardware.machines import LOAD_FRACTION
from planner.hardware.processors import Processor, choose_devices, load_processors
from planner.model.frozen import dataclass
from planner.model.records import Basis, Gpu, Throughput, Workload
from planner.options.arguments import WorkloadArguments
from planner.options.card_arguments import RANKED_BY
from planner.options.declared import filled
from planner.results.words import range_text
from planner.throughput.builds import build_warning
from planner.units import current_day
from planner.work.listed import known_model
from planner.work.planned import planned_work
from planner.work.tree_tools import tree_tool

LOAD_LOW, LOAD_HIGH = 0.6, 1.0
"""Of its limit a GPU in training draws 60 to 100 percent; `LOAD_FRACTION` is taken as usual."""

_CARDS = (Form.CARD, Form.BOARD)


class Rank(StrEnum):
    """What cards are ordered by."""

    VALUE = "value"
    WATT = "watt"
    SPEED = "speed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A figure with its range; what its ends hold says `ranked_ends`."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedCard:
    """One GPU, or one processor, for the model. A price is `None` where no source states one, a figure where a part of it is not known.

    `ends` are those of the throughput that the other figures are made from (`ranked_ends`). `per_usd_new` and `per_usd_used` are samples per second for a USD of the card, `per_watt` for a watt; the prices may be
    older than a year (`is_old_new`, `is_old_used`), and then do not count for the order.
    """

    gpu: Gpu | Processor
    throughput: Throughput
    ends: tuple[float, float]
    new: CardPrice | None
    used: CardPrice | None
    is_old_new: bool
    is_old_used: bool
    per_usd_new: Span | None
    per_usd_used: Span | None
    per_watt: Span | None
    watts: Span | None

    @property
    def best_per_usd(self) -> float | None:
        """The most samples per second for a USD, new or used, at prices of the last year."""
        spans = ((self.per_usd_new, self.is_old_new), (self.per_usd_used, self.is_old_used))
        return max((span.middle for span, is_old in spans if span is not None and not is_old), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedCards:
    """Cards in order, the work they were ranked for, and how many fell out for each reason."""

    workload: Workload
    rank: Rank
    rows: tuple[RankedCard, ...]
    left_out: Mapping[str, int]


def ranked_cards(
    asked: Mapping[str, Any], rank: str = "value", gpus: Sequence[str] = (), *, today: date | None = None
) -> RankedCards:
    """Every GPU that trains the model, or the GPUs and processors named, best first.

    Args:
        asked: arguments of a workload by their names in Python; the amount of work plays no part and may be left out.
        rank: `value` (samples per second for a USD of the card), `watt` (for a watt) or `speed`.
        gpus: names of GPUs and processors; all GPUs if empty.
        today: the day that ages of prices are counted from.

    Raises:
        UnknownNameError: there is no such order, model or GPU.
        NoThroughputError: no GPU is known to train the model.
    """
    try:
        order = Rank(rank)
    except ValueError:
        raise UnknownNameError("rank", rank, map(str, Rank), "planner gpus --help", argument="rank") from None
    named = [
        key for text in gpus for key in choose_devices(text).gpus
    ]  # first: what is named may be added to those known
    workload = _workload(asked)
    speeds = speeds_of(workload)
    left_out: dict[str, int] = {}
    rows = []
    for name in dict.fromkeys(named) or load_gpus():
        found = speeds.on(name, 1.0)
        reason = str(found).rstrip(".") if isinstance(found, NoThroughputError) else None
        device = load_gpus().get(name) or load_processors()[name]
        row = None
        if not isinstance(found, NoThroughputError):
            row = _ranked(device, found, ranked_ends(found, workload), today or current_day())
        if row is not None and order is Rank.VALUE and row.new is None and row.used is None and not gpus:
            row, reason = None, "no price of a card is known"
        if row is None:
            left_out[reason or ""] = left_out.get(reason or "", 0) + 1
        else:
            rows.append(row)
    if not rows:
        raise NoThroughputError("; ".join(left_out) + f". See: planner throughput --model {workload.model.name}")
    return RankedCards(
        workload=workload, rank=order, rows=tuple(sorted(rows, key=lambda row: _place(row, order))), left_out=left_out
    )


def cards_within(
    asked: Mapping[str, Any], budget_usd: float, gpus: Sequence[str] = (), *, today: date | None = None
) -> RankedCards:
    """The cards that can be had for the budget, fastest first: new or used, at prices of the last year.

    Cards that need other builds of PyTorch than the default one count where they are named, or where no other costs so little.

    Raises:
        LimitError: no card costs so little; the message names the cheapest.
        NoThroughputError: no GPU is known to train the model.
    """
    every = ranked_cards(asked, "speed", gpus, today=today)
    priced = [row for row in every.rows if _cheapest(row) is not None]
    affordable = [row for row in priced if _cheapest_usd(row) <= budget_usd]
    is_named = bool(gpus)
    within = [row for row in affordable if is_named or software_warning(row, every.workload) is None] or affordable
    if not within:
        raise _too_dear(every, priced, budget_usd, is_named=is_named)
    left_out = {
        **every.left_out,
        "dearer than the budget": len(priced) - len(affordable),
        "not in PyTorch's default wheel": len(affordable) - len(within),
        "no price of the last year": len(every.rows) - len(priced),
    }
    return replace(every, rows=tuple(within), left_out={reason: count for reason, count in left_out.items() if count})


def _too_dear(every: RankedCards, priced: Sequence[RankedCard], budget_usd: float, *, is_named: bool) -> LimitError:
    least = min(priced, key=_cheapest_usd, default=None)
    cheapest = "" if least is None else f" The cheapest is {least.gpu.display_name}: {_cheapest_usd(least):,.0f} USD."
    if is_named and least is None:
        cheapest = " No price of the last year is known of them."
    return LimitError(
        "{card_budget_usd} {budget:,.10g} USD: no card{named} of the last year's prices costs so little and trains {name}.{cheapest}",
        argument="card_budget_usd",
        budget=budget_usd,
        named=" that was named" if is_named else "",
        name=every.workload.model.name,
        cheapest=cheapest,
    )


def software_warning(row: RankedCard, workload: Workload) -> str | None:
    """What of today's builds speaks against the card, as for every other answer; of a processor nothing."""
    return None if isinstance(row.gpu, Processor) else build_warning(workload, row.gpu.name)


def cards_for(asked: Mapping[str, Any], budget_usd: float) -> RankedCards:
    """The cards for the budget, of the arguments of a recommendation: only what has a part in the speed counts, and named GPUs.

    Raises:
        PlannerError: as `cards_within`.
    """
    given = {name: asked[name] for name in RANKED_BY if name in asked}
    return cards_within(given, budget_usd, asked.get("gpus") or (), today=asked.get("as_of"))


def is_of_cards_alone(asked: Mapping[str, Any]) -> bool:
    """Whether a recommendation names a budget for a card, and nothing of a run that could be rented."""
    given = (asked.get(name) for name in ("epochs", "tokens", "samples", "max_hours", "max_usd"))
    return asked.get("card_budget_usd") is not None and all(value is None for value in given)


def card_sentence(asked: Mapping[str, Any], budget_usd: float) -> str:
    """Which card for the money, of the arguments of a recommendation, or why there is none."""
    try:
        return budget_sentence(cards_for(asked, budget_usd), budget_usd)
    except PlannerError as error:
        return Sentence("{why}", why=error)


def budget_sentence(found: RankedCards, budget_usd: float) -> str:
    """Which card for the money, in a sentence."""
    row = found.rows[0]
    condition, price = cast("tuple[Condition, CardPrice]", cheapest_way(row))
    rate, (low, high) = row.throughput.samples_per_second, row.ends
    unsure = ", which may pass the budget" if price.usd_high > budget_usd else ""
    return (
        f"Which card for {budget_usd:,.0f} USD: {row.gpu.display_name}, {condition}, {price.usd:,.0f} USD "
        f"({price.usd_low:,.0f} to {price.usd_high:,.0f}, {price.as_of}{unsure}): {range_text(rate, low, high)} "
        f"{found.workload.model.sample_unit}s a second, {row.throughput.basis}.{_warned(row, found)}"
    )


def _warned(row: RankedCard, found: RankedCards) -> str:
    warning = software_warning(row, found.workload)
    return f" {warning[:1].upper()}{warning[1:]}." if warning else ""


def cheapest_way(row: RankedCard) -> tuple[Condition, CardPrice] | None:
    """The condition in which the card costs least at a price of the last year, and that price."""
    ways = [
        (condition, price)
        for condition, price, is_old in (
            (Condition.NEW, row.new, row.is_old_new),
            (Condition.USED, row.used, row.is_old_used),
        )
        if price is not None and not is_old
    ]
    return min(ways, key=lambda way: way[1].usd, default=None)


def _cheapest(row: RankedCard) -> CardPrice | None:
    way = cheapest_way(row)
    return None if way is None else way[1]


def _cheapest_usd(row: RankedCard) -> float:
    price = _cheapest(row)
    return float("inf") if price is None else price.usd


def _workload(asked: Mapping[str, Any]) -> Workload:
    """The work, of any amount: what it is ranked by does not depend on it."""
    given = {name: value for name, value in asked.items() if value is not None}
    model = given.get("model")
    if model is None:
        raise UsageError("For which model? Give {model}, for example {model} resnet50.", argument="model")
    if tree_tool(model) is None:
        from planner.work.language import is_language_model  # noqa: PLC0415 - most models are none

        is_text = known_model(model) is None and not given.get("measured") and is_language_model(model)
        given |= {"tokens": 1e9} if is_text else {"epochs": 1.0, "samples_per_epoch": 1.0}
    return planned_work(cast("WorkloadArguments", filled(WorkloadArguments, given))).workload


def ranked_ends(throughput: Throughput, workload: Workload) -> tuple[float, float]:
    """The ends of the range of one card: for code as fast as the stack, and for anybody's code where only the arithmetic of a network is known.

    A network that nobody measured has no stack to be as fast as.
    """
    if throughput.basis is Basis.MODELLED and workload.language is None:
        return throughput.low, throughput.high
    return throughput.relative_ends


def _ranked(gpu: Gpu | Processor, throughput: Throughput, ends: tuple[float, float], today: date) -> RankedCard:
    prices = {condition: _sold(gpu.name, condition) for condition in (Condition.NEW, Condition.USED)}
    new, used = prices[Condition.NEW], prices[Condition.USED]
    rate = Span(middle=throughput.samples_per_second, low=ends[0], high=ends[1])
    watts = None
    if gpu.tdp_watts is not None:
        watts = Span(middle=gpu.tdp_watts * LOAD_FRACTION, low=gpu.tdp_watts * LOAD_LOW, high=gpu.tdp_watts * LOAD_HIGH)
    return RankedCard(
        gpu=gpu,
        throughput=throughput,
        ends=ends,
        new=new,
        used=used,
        is_old_new=new is not None and new.is_stale(today),
        is_old_used=used is not None and used.is_stale(today),
        per_usd_new=None if new is None else _per(rate, Span(middle=new.usd, low=new.usd_low, high=new.usd_high)),
        per_usd_used=None if used is None else _per(rate, Span(middle=used.usd, low=used.usd_low, high=used.usd_high)),
        per_watt=None if watts is None else _per(rate, watts),
        watts=watts,
    )


def _sold(gpu: str, condition: Condition) -> CardPrice | None:
    """The price of a card or board; modules and shares of systems go into no PC."""
    price = card_price(gpu, condition)
    return price if price is not None and price.form in _CARDS else None


def _per(rate: Span, cost: Span) -> Span:
    return Span(middle=rate.middle / cost.middle, low=rate.low / cost.high, high=rate.high / cost.low)


def _place(row: RankedCard, rank: Rank) -> tuple[float, float, str]:
    """Best first; what is not known stands last, by speed."""
    merit = {
        Rank.VALUE: row.best_per_usd,
        Rank.WATT: None if row.per_watt is None else row.per_watt.middle,
        Rank.SPEED: row.throughput.samples_per_second,
    }[rank]
    return (float("inf") if merit is None else -merit, -row.throughput.samples_per_second, row.gpu.name)
