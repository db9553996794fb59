"""An estimate result as a table, JSON, CSV or Markdown, and the notes that belong under it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from planner.errors import Sentence
from planner.hardware.processors import device_count_text
from planner.model.records import Estimate, Workload
from planner.render.ages import books_text
from planner.render.listing import (
    Column,
    as_data,
    number,
    one_line,
    significant,
    span_texts,
    to_markdown,
    to_table,
)
from planner.results.estimate import EstimateResult, document, flat_rows
from planner.results.speed_ups import speed_up_text
from planner.results.words import basis_text
from planner.throughput.elsewhere import is_measured_alike
from planner.units import Row, hours

if TYPE_CHECKING:
    from planner.cost.currency import Currency

LONGEST_NAME = 60
"""Characters of a place or an instance type in the table; a fifth more than the longest there is."""

WIDE = 120
"""Columns a screen needs for all that is said of an estimate; narrower ones get the columns of the first screen."""


def rendered_estimates(
    result: EstimateResult, form: str, *, width: int | None, currency: Currency | None = None
) -> str:
    """The estimates in one of the formats of a listing.

    Args:
        result: what is shown.
        form: one of `planner.render.listing.FORMATS`.
        width: columns of the terminal; `None` for a file or pipe.
        currency: shown instead of USD in tables, beside USD in JSON and CSV; `None` for USD.
    """
    data = as_data(form, lambda: document(result, currency), lambda: flat_rows(result, currency))
    if data is not None:
        return data
    ranking = ranking_text(result, form, width=width, currency=currency)
    if form != "markdown":
        return ranking
    from planner.render.picks import markdown_answer  # noqa: PLC0415 - the terminal needs none of it

    return f"{markdown_answer(result, currency)}\n{ranking}"


def ranking_text(result: EstimateResult, form: str, *, width: int | None, currency: Currency | None = None) -> str:
    """The rows alone, as a table or Markdown; arguments as for `rendered_estimates`."""
    if form != "markdown" and width is not None and width < WIDE:
        from planner.render.ranking import narrow_ranking  # noqa: PLC0415 - wide tables need none of it

        return narrow_ranking(result, width, currency)
    per_usd = currency.per_usd if currency else 1.0
    rows = [_shown_row(estimate, result, per_usd) for estimate in result.estimates]
    columns: tuple[Column, ...] = _MARKDOWN if form == "markdown" else _COLUMNS_WIDE
    if currency is not None:
        columns = tuple(replace(column, heading=column.heading.replace("USD", currency.code)) for column in columns)
    return to_markdown(columns, rows) if form == "markdown" else to_table(columns, rows, width=width)


def estimates_table(result: EstimateResult) -> tuple[Sequence[Column], list[Row]]:
    """Columns and rows of the wide table, in USD."""
    return _COLUMNS_WIDE, [_shown_row(estimate, result, 1.0) for estimate in result.estimates]


def currency_note(currency: Currency) -> str:
    """A line that says at which day's rate amounts were converted."""
    return (
        f"Amounts: in {currency.code} at {currency.per_usd:.6g} {currency.code} per USD of {currency.as_of}; "
        f"{currency.source}"
    )


NEXT = "Next:    --explain 1 shows the arithmetic and sources of a row"
NEXT_ALL = "; --all every offer"


def notes_text(result: EstimateResult) -> Iterator[str]:
    """Lines to read with the table: assumptions, age of prices, and offers left out with the reasons."""
    if result.estimates and result.estimates[0].throughput.relative_low is not None:
        yield Sentence("Range:   {range}", range=range_text(result.estimates[0], result.workload))
    yield "Assumed:"
    yield from (f"  {line}" for line in result.assumptions)
    yield "Prices:  " + books_text(result.prices)
    if result.left_out:
        yield "Left out:"
        yield from (f"  {entry.count:>6,}  {entry.reason}" for entry in sorted(result.left_out, key=lambda e: -e.count))
    if result.unpriced:
        yield "No usable public price:"
        yield from (f"  {provider} {entry.instance_type}: {entry.reason}" for provider, entry in result.unpriced)
    if any(estimate.is_pareto for estimate in result.estimates):
        yield "Front:   * no other estimate is both faster and cheaper"
    if result.speed_ups:
        yield "Factor:"
        yield from (f"  {speed_up_text(one)}" for one in result.speed_ups)
    if result.notes:
        yield "Notes:"
        yield from (f"  {line}" for line in result.notes)


def range_text(estimate: Estimate, workload: Workload) -> str:
    """A sentence that says how wide the range is for code as fast as the stack, and how to get there.

    The half width is that of a range with equal ratios to both sides: 0.8 to 1.25 times is plus or minus 25 %.
    """
    low, high = estimate.throughput.relative_ends
    share = math.sqrt(high / low) - 1
    if is_measured_alike(workload, estimate.offer.gpu):
        return f"90 %, at the speed of your own measurement: plus or minus {share:.0%}"
    alone = f"for code as fast as this stack: plus or minus {share:.0%}"
    if workload.language is None:
        return Sentence(f"90 %, whatever the code; {alone}; one own measurement gets you there: {{measured}}")
    from planner.language.stacks import stands_for_tuned_code  # noqa: PLC0415 - most runs need none of it

    if stands_for_tuned_code(workload.language):
        return Sentence(f"90 % of code that its authors tuned; {alone}; of plain code: {{stack}} transformers-peft")
    return f"90 %, whatever the code; {alone}"


def what_is_rented(estimate: Estimate) -> str:
    """GPUs in a few characters: 2 x 8x a100-80gb-sxm."""
    together = f"{estimate.node_count} x " if estimate.node_count > 1 else ""
    return f"{together}{device_count_text(estimate.offer.gpu, estimate.offer.gpu_count)}"


def _shown_row(estimate: Estimate, result: EstimateResult, per_usd: float) -> Row:
    offer = estimate.offer
    place, instance = (
        one_line(f"{offer.provider} {offer.zone or offer.region}", LONGEST_NAME),
        one_line(offer.instance_type, LONGEST_NAME),
    )
    what = what_is_rented(estimate)
    age = f"{(result.as_of - offer.observed_on).days} d"
    money = (estimate.usd * per_usd, estimate.usd_low * per_usd, estimate.usd_high * per_usd)
    took = f"({significant(hours(estimate.seconds_low))}-{significant(hours(estimate.seconds_high))})"
    cost = f"({'-'.join(span_texts(*money))})"
    return {
        "rank": f"{estimate.rank}{'*' if estimate.is_pareto else ' '}",
        "what": what,
        "place": place,
        "instance_type": instance,
        "purchase": str(offer.purchase),
        "usd_per_hour": offer.usd_per_hour * per_usd,
        "usd_per_gpu_hour": offer.usd_per_gpu_hour * per_usd,
        "hours": f"{significant(hours(estimate.seconds))} {took}",
        "usd": f"{number(2)(money[0])} {cost}",
        "basis": basis_text(estimate.throughput.basis),
        "age": age,
    }


_RANK = Column(key="rank", heading="#", is_number=True, may_fold=False)
_PRICE = Column(key="usd_per_hour", heading="USD/h", text=number(2), is_number=True, may_fold=False)
_COLUMNS_WIDE = (
    _RANK,
    Column(key="what", heading="GPUs", may_fold=False),
    Column(key="place", heading="where"),
    Column(key="instance_type", heading="instance"),
    Column(key="purchase", heading="purchase", may_fold=False),
    _PRICE,
    Column(key="hours", heading="hours (low-high)", is_number=True, may_fold=False),
    Column(key="usd", heading="USD (low-high)", is_number=True, may_fold=False),
    Column(key="basis", heading="basis", may_fold=False),
    Column(key="age", heading="age", is_number=True, may_fold=False),
)
_MARKDOWN = (
    *_COLUMNS_WIDE[:6],
    Column(key="usd_per_gpu_hour", heading="USD/GPU-h", text=number(2), is_number=True),
    *_COLUMNS_WIDE[6:],
)
