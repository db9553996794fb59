"""A comparison as a screen, JSON, CSV or Markdown, and the notes that belong under it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from planner.cost.rent_or_buy import rent_usd
from planner.cost.sensitivity import Sensitivity
from planner.model.records import Throughput
from planner.render.listing import Column, as_data, markdown_text, one_line, significant, spaced, to_markdown
from planner.results.alternatives import OWN_AND_RENT, Alternative
from planner.results.comparison import (
    Comparison,
    amounts,
    curve_rows,
    document,
    ranking_rows,
    rented_kg,
    rented_kwh,
    sentence_in,
)
from planner.results.owning import owning_text, short_usd
from planner.results.sides import Owned, Rental
from planner.results.words import basis_text
from planner.units import Row, hours

if TYPE_CHECKING:
    from planner.cost.currency import Currency

WIDTH = 80
"""Columns of the screen: it fits the narrowest usual one, 80 x 24."""
NARROWEST = 60

MOST_LINES = 22  # with the notes; the command and the prompt stand on a screen of 24 too
FEWEST_WAYS = 4
CURVE_POINTS = 7


def rendered_comparison(
    comparison: Comparison, form: str, currency: Currency | None = None, *, width: int | None = None
) -> str:
    """The comparison in one of the formats of a listing, ending in a line end; totals in the currency too, if there is one.

    The screen is as wide as a terminal of `width` columns, from 60 to 80.
    """
    data = as_data(form, lambda: document(comparison, currency), lambda: curve_rows(comparison))
    if data is not None:
        return data
    if form == "markdown":
        return _markdown(comparison, currency)
    columns = _columns(width)
    last = "Every item, range and assumption: --verbose; all figures: --format json"
    foot = last if len(last) <= columns else "Every item, range, assumption: --verbose"
    return "\n".join([*screen_lines(comparison, currency, columns), foot]) + "\n"


def answer_lines(comparison: Comparison) -> list[str]:
    """The verdict and every way to pay, without what speaks of options of the command."""
    verdict = textwrap.wrap(comparison.verdict, WIDTH, break_on_hyphens=False)
    lines = [*verdict, *_warned(comparison, WIDTH), "", *_ways_lines(comparison, len(comparison.alternatives))]
    return [one_line(line).rstrip() for line in lines]


def notes_text(comparison: Comparison, currency: Currency | None = None, *, in_full: bool = False) -> Iterator[str]:
    """Lines to read with the screen: what could not be compared and notes; in full also every item, range and assumption."""
    if in_full:
        yield from _details(comparison, currency)
        yield "Assumed [and what changes it]:"
        yield from _wrapped(comparison.assumptions)
    if comparison.not_compared:
        yield "Not compared:"
        yield from _wrapped(f"{entry.gpu}: {entry.reason}" for entry in comparison.not_compared)
    for note in comparison.notes:
        yield from textwrap.wrap(f"Note: {note}", WIDTH, subsequent_indent="    ", break_on_hyphens=False)


def _columns(width: int | None) -> int:
    return WIDTH if width is None else min(max(width, NARROWEST), WIDTH)


def screen_lines(comparison: Comparison, currency: Currency | None = None, columns: int = WIDTH) -> list[str]:
    """The screen without its foot, which speaks of options of the command."""
    return [one_line(line).rstrip() for line in _screen(comparison, currency, columns)]


def _screen(comparison: Comparison, currency: Currency | None, columns: int) -> Iterator[str]:
    """The answer: the verdict, every way to pay, what owning is made of, and what turns the verdict."""
    verdict = textwrap.wrap(comparison.verdict, columns, break_on_hyphens=False)
    verdict += _warned(comparison, columns)
    owning = textwrap.wrap(owning_text(comparison.own), columns, subsequent_indent="  ", break_on_hyphens=False)
    money = (
        [] if currency is None else textwrap.wrap(sentence_in(comparison, currency), columns, break_on_hyphens=False)
    )
    beside = len(verdict) + len(money) + len(owning) + len(list(notes_text(comparison)))
    most = max(FEWEST_WAYS, MOST_LINES - beside - 2)
    is_full = len(comparison.alternatives) == most  # then the line between goes, not a way to pay
    yield from verdict
    if not is_full:
        yield ""
    yield from _ways_lines(comparison, most if is_full else most - 1, columns)
    yield from money
    yield from owning


def _warned(comparison: Comparison, columns: int) -> Iterator[str]:
    for warning in comparison.warnings:
        yield from textwrap.wrap(warning, columns, subsequent_indent="  ", break_on_hyphens=False)


def _ways_lines(comparison: Comparison, most: int, columns: int = WIDTH) -> Iterator[str]:
    """A line for each way to pay, cheapest first; the one that the verdict is against is marked."""
    months = comparison.own.case.terms.months
    has_jobs = comparison.workload is not None
    baseline = comparison.rent
    every = comparison.alternatives
    shown = every if len(every) <= most else _fewer(comparison, max(2, most - 1))
    rows = [(" USD", "", "price", "a month", f"{months:g} mo", "a run" if has_jobs else "GPU-h", "pays from")]
    for row in shown:
        each = row.usd_per_job if has_jobs else row.usd_per_gpu_hour
        rows.append(
            (
                f"{'>' if row.is_rented and row.name == baseline.label else ' '}{row.title}",
                _place(row).replace(" Standard_", " ", 1),  # Azure's own pages leave it out
                (row.price_observed_on or "")[:7],
                short_usd(row.usd_per_month),
                short_usd(row.usd_total),
                "" if each is None else significant(each),
                _from(row),
            )
        )
    yield from spaced(rows, right=range(2, 7), flexible=1, columns=columns, droppable=(4, 2))
    if len(comparison.alternatives) > len(shown):
        yield f" and {len(comparison.alternatives) - len(shown)} others: --format json"


def _fewer(comparison: Comparison, most: int) -> list[Alternative]:
    """The cheapest ways to pay, and always the two that the verdict weighs."""
    every = comparison.alternatives
    weighed = [row for row in every if row.name in (comparison.rent.label, comparison.own.label)]
    cheapest = [row for row in every if row not in weighed][: max(0, most - len(weighed))]
    return [row for row in every if row in weighed or row in cheapest]


def _place(row: Alternative) -> str:
    """Where a way to pay is: provider and type of a rental, else the machine's own name."""
    if row.instance_type is not None:
        return f"{row.provider} {row.instance_type}"
    # what the name of the way says already
    if row.way == OWN_AND_RENT:
        return row.name.removesuffix(", rest rented")
    return row.name.removesuffix(" (new)").removesuffix(" (used)")


def _from(row: Alternative) -> str:
    share = row.break_even_utilisation
    if share is None:
        return "never"
    return "always" if share == 0 else f"{share:.0%} use"


def _details(comparison: Comparison, currency: Currency | None) -> Iterator[str]:
    """Items side by side, the course over the months, and what each assumption does."""
    yield from _side_by_side(comparison, currency)
    yield ""
    yield from _curve_lines(comparison)
    yield f"{'':<25}{'low':>9}{'margin':>10}{'high':>9}{'margin':>10}{'flips at':>12}"
    for entry in comparison.sensitivity:
        flips = "never" if entry.flips_at is None else _value(entry.flips_at, entry)
        yield (
            f"{f'{entry.name}, {entry.unit}':<25}{_value(entry.low, entry):>9}{short_usd(entry.margin_low_usd):>10}"
            f"{_value(entry.high, entry):>9}{short_usd(entry.margin_high_usd):>10}{flips:>12}"
        )
    if len(comparison.options) > 1:
        yield ""
        yield from _ranking_lines(comparison)


def _side_by_side(comparison: Comparison, currency: Currency | None) -> Iterator[str]:
    """Totals over the horizon, item by item."""
    yield from (f"{name:<26}{rented:>27}{owned:>27}" for name, rented, owned in _item_rows(comparison, currency))


def _item_rows(comparison: Comparison, currency: Currency | None = None) -> Iterator[tuple[str, str, str]]:
    best, rental = comparison.own, comparison.rent
    case = best.case
    yield f"USD over {case.terms.months:g} months", _cut(rental.label), _cut(best.label)
    if comparison.workload is not None:
        yield "hours a job", _span(rental), _owned_span(best)
        yield "throughput", _basis(rental.throughput), _basis(best.throughput)
    yield "rent", f"{rent_usd(case):,.0f}", ""
    for item in best.items:
        yield item.name, "", f"{item.usd:,.0f}"
    yield "total", f"{rent_usd(case):,.0f}", f"{best.usd:,.0f}"
    if comparison.workload is not None and best.usd_per_job is not None:
        yield "per job", f"{best.rent_usd_per_job:,.2f}", f"{best.usd_per_job:,.2f}"
    if currency is not None:
        shown = amounts(comparison, currency)
        yield f"total, {currency.code}", f"{shown['rent_total']:,.0f}", f"{shown['own_total']:,.0f}"
        if shown["own_per_job"] is not None:
            yield f"per job, {currency.code}", f"{shown['rent_per_job']:,.2f}", f"{shown['own_per_job']:,.2f}"
    yield (
        "kWh, kg CO2",
        f"{_maybe(rented_kwh(comparison))}, {_maybe(rented_kg(comparison))}",
        f"{_maybe(best.kwh)}, {_maybe(best.kg_co2)}",
    )


def _curve_lines(comparison: Comparison) -> Iterator[str]:
    months = comparison.curve
    step = max(1, -(-(len(months) - 1) // (CURVE_POINTS - 1)))
    shown = [*months[:-1:step], months[-1]][-CURVE_POINTS - 1 :]
    yield f"{'spent after month':<18}" + "".join(f"{month.month:>8}" for month in shown)
    for name, field in (("rent", "rent_usd"), ("own", "own_usd"), ("own, if sold then", "own_if_sold_usd")):
        yield f"{name:<18}" + "".join(f"{short_usd(getattr(month, field)):>8}" for month in shown)


def _ranking_lines(comparison: Comparison) -> Iterator[str]:
    yield f"{'best first':<40}{'USD':>9}{'margin':>9}{'pays after':>12}{'h a job':>9}"
    for row in ranking_rows(comparison):
        months = row["break_even_months"]
        job = "" if row["seconds"] is None else significant(hours(row["seconds"]))
        pays = "" if row["what"].startswith("keep") or row["what"].endswith("(owned)") else "never"
        yield (
            f"{_cut(row['what'], 39):<40}{short_usd(row['usd_total']):>9}{short_usd(row['margin_usd']):>9}"
            f"{pays if months is None else f'{months:,.1f} mo':>12}{job:>9}"
        )


def comparison_tables(
    comparison: Comparison, currency: Currency | None = None
) -> Iterator[tuple[Sequence[Column], Sequence[Row]]]:
    """Items side by side, what flips the verdict, the ranking, and the curve, as columns and rows."""
    items = [dict(zip(("item", "rent", "own"), row, strict=True)) for row in _item_rows(comparison, currency)]
    yield _WAYS, [_way_row(row) for row in comparison.alternatives]
    yield (
        (
            Column(key="item", heading=items[0]["item"]),
            Column(key="rent", heading=f"rent: {comparison.rent.label}", is_number=True),
            Column(key="own", heading=comparison.own.label, is_number=True),
        ),
        items[1:],
    )
    yield _SENSITIVITY, [_sensitivity_row(entry) for entry in comparison.sensitivity]
    yield _RANKING, ranking_rows(comparison)
    yield _CURVE, [asdict(month) for month in comparison.curve]


def _markdown(comparison: Comparison, currency: Currency | None) -> str:
    ways, *tables = (
        to_markdown(_as_markdown(columns), rows) for columns, rows in comparison_tables(comparison, currency)
    )
    parts = [
        markdown_text(comparison.verdict) + "\n",
        *([markdown_text(sentence_in(comparison, currency)) + "\n"] if currency else []),
        *(markdown_text(line) + "\n" for line in comparison.warnings),
        ways,
        markdown_text(owning_text(comparison.own)) + "\n",
        *tables,
        "Assumed:\n\n" + "".join(f"- {one_line(line)}\n" for line in comparison.assumptions),
        *(f"Note: {markdown_text(note)}\n" for note in comparison.notes),
        *(f"Not compared: {markdown_text(f'{one.gpu}: {one.reason}')}\n" for one in comparison.not_compared),
    ]
    return "\n".join(parts)


def _as_markdown(columns: Sequence[Column]) -> list[Column]:
    """The columns with headings that are text to Markdown: those of a comparison hold names."""
    return [replace(column, heading=markdown_text(column.heading)) for column in columns]


def _sensitivity_row(entry: Sensitivity) -> Row:
    return {
        **asdict(entry),
        "low_text": f"{_value(entry.low, entry)}: {entry.margin_low_usd:,.0f}",
        "high_text": f"{_value(entry.high, entry)}: {entry.margin_high_usd:,.0f}",
        "flips_text": "never" if entry.flips_at is None else _value(entry.flips_at, entry),
    }


def _way_row(row: Alternative) -> Row:
    return {**asdict(row), "way": row.title, "pays": _from(row)}


def _dollars(value: float) -> str:
    return f"{value:,.0f}"


_SENSITIVITY = (
    Column(key="name", heading="assumption"),
    Column(key="unit", heading="unit"),
    Column(key="low_text", heading="low: margin of owning, USD", is_number=True),
    Column(key="high_text", heading="high: margin", is_number=True),
    Column(key="flips_text", heading="verdict flips at", is_number=True),
)
_WAYS = (
    Column(key="way", heading="way to pay"),
    Column(key="name", heading="machine"),
    Column(key="price_observed_on", heading="price of"),
    Column(key="usd_per_month", heading="USD a month", text=_dollars, is_number=True),
    Column(key="usd_per_job", heading="USD a run", text=significant, is_number=True),
    Column(key="usd_total", heading="USD in all", text=_dollars, is_number=True),
    Column(key="usd_per_gpu_hour", heading="USD per GPU hour used", text=significant, is_number=True),
    Column(key="pays", heading="buying pays from"),
)
_RANKING = (
    Column(key="what", heading="best first"),
    Column(key="usd_total", heading="USD", text=_dollars, is_number=True),
    Column(key="margin_usd", heading="margin", text=_dollars, is_number=True),
    Column(key="break_even_months", heading="pays after months", text=significant, is_number=True),
)
_CURVE = (
    Column(key="month", heading="month", is_number=True),
    Column(key="rent_usd", heading="rent", text=_dollars, is_number=True),
    Column(key="own_usd", heading="own", text=_dollars, is_number=True),
    Column(key="own_if_sold_usd", heading="own, if sold then", text=_dollars, is_number=True),
)


def _span(rental: Rental) -> str:
    if rental.seconds is None or rental.seconds_low is None or rental.seconds_high is None:
        return "not stated"
    low, high = hours(rental.seconds_low), hours(rental.seconds_high)
    return f"{significant(hours(rental.seconds))} ({significant(low)}-{significant(high)})"


def _owned_span(owned: Owned) -> str:
    middle = hours(owned.job_seconds)
    if owned.throughput is None:
        return significant(middle)
    rate = owned.throughput
    low = middle * rate.samples_per_second / rate.high
    high = middle * rate.samples_per_second / rate.low
    return f"{significant(middle)} ({significant(low)}-{significant(high)})"


def _basis(throughput: Throughput | None) -> str:
    return "not known" if throughput is None else basis_text(throughput.basis)


def _value(value: float, entry: Sensitivity) -> str:
    return f"{value:.0%}" if entry.unit == "of price" else significant(value)


def _maybe(value: float | None) -> str:
    return "not known" if value is None else significant(value)


def _cut(text: str, width: int = 26) -> str:
    return text if len(text) <= width else text[: width - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _wrapped(lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield from textwrap.wrap(
            line, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
