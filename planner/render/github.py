"""An estimate as a comment on a pull request, in GitHub's Markdown.

Names come out of price books and files of the pull request itself, so none of them stands in plain text: each is in a span
or a block of code, where GitHub looks for no HTML, no links, no mentions and no issue numbers.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from planner.errors import as_option, spelled
from planner.model.frozen import dataclass
from planner.model.records import Estimate, Workload
from planner.model.tree_runs import pass_name
from planner.render.estimates import currency_note, notes_text, what_is_rented
from planner.render.listing import number, significant, span_texts, visible
from planner.render.picks import answer_text, picks_table
from planner.results.estimate import EstimateResult
from planner.results.words import basis_text
from planner.units import epochs_text, hours

if TYPE_CHECKING:
    from planner.cost.currency import Currency

MARKER = "<!-- gpu-cost-planner -->"
"""First line of every comment: a workflow finds its earlier comment by it."""

MOST_ROWS = 50
MOST_DETAILS = 30_000
"""Characters of the folded part. GitHub takes 65,536 in all; fifty rows of the longest names take half of that."""

_NAME_LENGTH, _LINE_LENGTH = 80, 400
_FIRST = {"usd": "the cheapest", "hours": "the fastest", "value": "the best value (least USD x hours)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The limits of a run, and whether an estimate meets them all."""

    max_usd: float | None
    max_hours: float | None
    is_met: bool


def rendered_comment(
    result: EstimateResult, gate: Gate, *, sort: str, limit: int, command: str, currency: Currency | None = None
) -> str:
    """The comment: the limits, the sentences and rows of the first screen, the ranking, and assumptions folded away.

    Args:
        result: ranked estimates, best first.
        gate: if its limits are not met, `result` is the estimate without them.
        sort: what `result` is sorted by.
        limit: rows to show; never more than fifty.
        command: the command line that made it.
        currency: shown instead of USD; limits stay in USD.
    """
    money, shown = _Money(currency), result.estimates[: min(limit, MOST_ROWS)]
    lines = [
        MARKER,
        f"### Training {code(result.workload.model.name)} {_amount(result.workload)}",
        "",
        *_verdict(result, gate),
        *_answer(result, currency),
        *_picks(result, currency),
        f"The ranking of all rows, {_FIRST[sort]} first; its numbers are those of a run with `--limit`:",
        "",
        *_table(shown, result, money),
        "",
        _age(shown, result),
        "",
        "<details><summary>Assumptions, what was left out, sources</summary>",
        "",
        *_fenced(_details(shown, result, currency)),
        "",
        "</details>",
        "",
        "Made by:",
        "",
        *_fenced([command], width=None),
    ]
    return "\n".join(lines) + "\n"


def code(text: str, longest: int = _NAME_LENGTH) -> str:
    """Text as a span of code that nothing in it can end, in a table too.

    >>> print(code("@octocat `<b>`|" + chr(10) + "#1"))
    `@octocat �<b>���#1`
    """
    # in a span of code nothing can be escaped, so what could end it or its cell is made visible instead
    shown = "".join(char if char.isprintable() and char not in "`|\\" else "\N{REPLACEMENT CHARACTER}" for char in text)
    shown = shown if len(shown) <= longest else shown[: longest - 3] + "..."
    return f"`{shown}`" if shown.strip() else "-"


class _Money:
    """Amounts in the currency of the comment."""

    def __init__(self, currency: Currency | None) -> None:
        self.unit = currency.code if currency else "USD"
        self._per_usd = currency.per_usd if currency else 1.0

    def text(self, usd: float) -> str:
        return number(2)(usd * self._per_usd)

    def range(self, estimate: Estimate) -> str:
        amounts = (usd * self._per_usd for usd in (estimate.usd, estimate.usd_low, estimate.usd_high))
        return " to ".join(span_texts(*amounts))


def _amount(workload: Workload) -> str:
    if workload.language is not None:
        return f"({workload.language.job.method}) on {workload.samples:,.0f} tokens"
    return f"for {epochs_text(workload.epochs, pass_name(workload.trees))}"


def _verdict(result: EstimateResult, gate: Gate) -> Iterator[str]:
    cheapest = min(result.estimates, key=lambda found: (found.usd, found.rank))
    fastest = min(result.estimates, key=lambda found: (found.seconds, found.rank))
    limits, nearest = [], []
    if gate.max_usd is not None:
        limits.append(f"cost at most {gate.max_usd:,.10g} USD")
        over = _over(cheapest.usd, gate.max_usd)
        nearest.append(
            f"the cheapest costs {cheapest.usd:,.2f} USD{over} and takes {hours(cheapest.seconds):,.2f} hours"
        )
    if gate.max_hours is not None:
        limits.append(f"take at most {gate.max_hours:,.10g} hours")
        over = _over(hours(fastest.seconds), gate.max_hours)
        nearest.append(f"the fastest takes {hours(fastest.seconds):,.2f} hours{over} and costs {fastest.usd:,.2f} USD")
    if not limits:
        return
    asked = " and ".join(limits)
    if not gate.is_met:
        yield f"**Over the limit:** it may {asked}; {'; '.join(nearest)}. Without the limit:"
    else:
        yield f"**Within the limit:** it may {asked}. {_leeway(result.estimates[0], gate)}".rstrip()
    yield ""


def _over(value: float, limit: float) -> str:
    return f" ({value / limit - 1:.1%} over)" if value > limit else ""


def _leeway(best: Estimate, gate: Gate) -> str:
    """A sentence that says whether the range of the best row goes beyond a limit."""
    beyond = []
    if gate.max_usd is not None and best.usd_high > gate.max_usd:
        beyond.append(f"{best.usd_high:,.2f} USD")
    if gate.max_hours is not None and hours(best.seconds_high) > gate.max_hours:
        beyond.append(f"{hours(best.seconds_high):,.2f} hours")
    return (
        f"At the high end of its range the first row of the ranking takes {' and '.join(beyond)}, which is over."
        if beyond
        else ""
    )


def _answer(result: EstimateResult, currency: Currency | None) -> Iterator[str]:
    """The sentences of the first screen, the first of them in bold."""
    first, *others = answer_text(result, currency)
    yield f"**{first}**" if _is_plain(first) else code(first, _LINE_LENGTH)
    for sentence in others:
        yield ""
        yield sentence if _is_plain(sentence) else code(sentence, _LINE_LENGTH)
    yield ""


def _is_plain(text: str) -> bool:
    """Whether GitHub takes a sentence for nothing but text: no sign of Markdown, no address, no mention, no issue."""
    is_link = re.search(r"www\.|://|\bGH-\d", text, re.IGNORECASE)
    return not is_link and re.fullmatch(r"[A-Za-z0-9!][A-Za-z0-9 .,:;()%+'/!?=-]*", text) is not None


def _picks(result: EstimateResult, currency: Currency | None) -> Iterator[str]:
    """The rows of the first screen."""
    columns, rows = picks_table(result, currency)
    if not rows:
        return
    yield f"| {' | '.join(column.heading for column in columns)} |"
    yield f"|{'|'.join(' ---: ' if column.is_number else ' --- ' for column in columns)}|"
    for row in rows:
        cells = (code(row[one.key]) if one.key in _NAMES else row[one.key] or "-" for one in columns)
        yield f"| {' | '.join(cells)} |"
    yield ""


_NAMES = ("gpus", "where")


def _table(shown: Sequence[Estimate], result: EstimateResult, money: _Money) -> Iterator[str]:
    yield f"| # | GPUs | where | instance | purchase | hours (low to high) | {money.unit} (low to high) | basis | price seen |"
    yield "| ---: | --- | --- | --- | --- | ---: | ---: | --- | --- |"
    for found in shown:
        offer = found.offer
        cells = (
            f"{found.rank}\\*" if found.is_pareto else str(found.rank),
            code(what_is_rented(found)),
            code(f"{offer.provider} {offer.zone or offer.region}"),
            code(offer.instance_type),
            str(offer.purchase).replace("_", " "),
            f"{significant(hours(found.seconds))} ({significant(hours(found.seconds_low))} to {significant(hours(found.seconds_high))})",
            f"{money.text(found.usd)} ({money.range(found)})",
            basis_text(found.throughput.basis),
            f"{offer.observed_on}, {(result.as_of - offer.observed_on).days} d",
        )
        yield f"| {' | '.join(cells)} |"
    if len(result.estimates) > len(shown):
        yield ""
        yield f"{len(result.estimates) - len(shown):,} more rows are not shown."


def _age(shown: Sequence[Estimate], result: EstimateResult) -> str:
    days = [(result.as_of - found.offer.observed_on).days for found in shown]
    when = f"{min(days)} to {max(days)} days old" if min(days) != max(days) else f"{min(days)} days old"
    return f"Prices are {when} on {result.as_of}; that capacity is free is not said."


def _details(shown: Sequence[Estimate], result: EstimateResult, currency: Currency | None) -> Iterator[str]:
    yield from (spelled(line, as_option) for line in notes_text(result))
    yield "Sources:"
    yield from (f"  price book of {book.provider}, {book.observed_on}: {book.source}" for book in result.prices)
    yield from dict.fromkeys(f"  price: {found.offer.source}" for found in shown)
    yield from dict.fromkeys(f"  throughput: {source}" for found in shown for source in found.throughput.sources)
    if currency is not None:
        yield currency_note(currency)


def _fenced(lines: Iterable[str], width: int | None = 110) -> Iterator[str]:
    """Lines as a block of code whose fence is longer than any row of backticks in them."""
    shown: list[str] = []
    for line in lines:
        text = visible(line).replace("\n", "\N{REPLACEMENT CHARACTER}")
        indent = " " * (len(text) - len(text.lstrip()) + 2)
        shown += textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False) if width else [text]
    kept: list[str] = []
    length = 0
    for line in shown:
        length += len(line) + 1
        if length > MOST_DETAILS:
            kept.append(f"... and {len(shown) - len(kept):,} lines more")
            break
        kept.append(line)
    fence = "`" * max(3, 1 + max((len(row) for line in kept for row in re.findall("`+", line)), default=0))
    yield f"{fence}text"
    yield from kept
    yield fence
