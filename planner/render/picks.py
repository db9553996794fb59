"""What is proposed, for files and notebooks: the sentences of the first screen, and its rows as columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from planner.render.listing import Column, markdown_text, to_markdown
from planner.render.screen import LONGEST_PLACE, entries, foot_text, nothing_text, work_text
from planner.results.estimate import EstimateResult, answer_sentences
from planner.results.money import Money
from planner.results.speed_ups import speed_up_text
from planner.results.words import MARKETS
from planner.units import Row

if TYPE_CHECKING:
    from planner.cost.currency import Currency

_CELLS = ("pick", "number", "gpus", "where", "time", "usd", "usd_per_hour", "evidence", "price_of")

RANKING = "The ranking of all rows, with numbers of its own:"
"""What stands between what is proposed and the ranking, which counts otherwise."""


def answer_text(result: EstimateResult, currency: Currency | None = None) -> list[str]:
    """The sentences of the answer, warnings included; where nothing may be picked, that and the first of all rows."""
    money, picked = Money.of(currency), result.picked
    said = answer_sentences(result, currency)
    nothing = nothing_text(result, money) if picked is None or not picked.picks else ()
    return [*nothing, *said, *map(speed_up_text, result.speed_ups)]


def picks_table(result: EstimateResult, currency: Currency | None = None) -> tuple[Sequence[Column], list[Row]]:
    """Columns and rows of what is proposed, in the order of the screen; no rows where nothing may be picked."""
    money = Money.of(currency)
    if result.picked is None:
        return (), []
    rows = [
        {"market": MARKETS[one.market].partition(":")[0] + one.mark, **dict(zip(_CELLS, one.cells, strict=True))}
        | {"where": one.where(LONGEST_PLACE)}
        for one in entries(result, result.picked, money)
    ]
    return _columns(money.code), rows


def markdown_answer(result: EstimateResult, currency: Currency | None = None) -> str:
    """The work, the answer, what is proposed and how to read it, as Markdown."""
    columns, rows = picks_table(result, currency)
    parts = [
        f"{markdown_text(work_text(result, LONGEST_PLACE))}\n",
        *(f"{markdown_text(sentence)}\n" for sentence in answer_text(result, currency)),
        *([to_markdown(columns, rows)] if rows else []),
        *(f"{markdown_text(line)}\n" for line in foot_text(result, Money.of(currency))),
        f"{RANKING}\n",
    ]
    return "\n".join(parts)


def _columns(code: str) -> Sequence[Column]:
    column = partial(Column, may_fold=False)
    return (
        column(key="number", heading="#", is_number=True),
        column(key="pick", heading="pick"),
        column(key="market", heading="whom you pay"),
        column(key="gpus", heading="GPUs"),
        column(key="where", heading="where"),
        column(key="time", heading="time", is_number=True),
        column(key="usd", heading=code, is_number=True),
        column(key="usd_per_hour", heading=f"{code}/h", is_number=True),
        column(key="evidence", heading="evidence"),
        column(key="price_of", heading="price of"),
    )
