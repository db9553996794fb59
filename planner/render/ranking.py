"""The ranking of an estimate on a terminal: rows of one line, and the few lines of notes that fit beside them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from planner.prices.catalog import DEARER
from planner.render.listing import one_line
from planner.render.screen import LEAST, NARROW, REASONS, fitting, relative_text
from planner.render.screen_table import row_entry, table_lines
from planner.results.answer import RENEW, absent_text, ages_text, damaged_text, run_warnings
from planner.results.estimate import EstimateResult
from planner.results.money import Money
from planner.units import hours

if TYPE_CHECKING:
    from planner.cost.currency import Currency

MOST_WARNINGS = 2
"""So many GPUs that today's builds leave out are named; --verbose has all."""


def narrow_ranking(result: EstimateResult, width: int, currency: Currency | None = None) -> str:
    """The rows of the ranking, a line each, in the columns of the first screen; a star is on the Pareto front."""
    money = Money.of(currency)
    entries = [row_entry(one, result, money, f"{one.rank}{'*' * one.is_pareto}") for one in result.estimates]
    return "".join(
        f"{one_line(line, max(width, LEAST))}\n" for line in table_lines(entries, money.code, max(width, LEAST))
    )


def ranking_notes(result: EstimateResult, renew: str = RENEW, *, is_whole: bool = False) -> Iterator[str]:
    """What belongs beside a ranking on a screen: what to mind, what is left out, and where the rest is.

    Args:
        result: the ranking.
        renew: the command that brings newer prices.
        is_whole: whether every offer is shown already.
    """
    yield from map(absent_text, result.absent)
    yield from damaged_text(result.damaged)
    yield from islice(run_warnings(result.estimates, result.workload), MOST_WARNINGS)
    yield from _over_limits(result)
    barred = [f"{one.rank} {REASONS[one.not_picked]}" for one in result.estimates if one.not_picked is not None]
    if barred:
        yield fitting("! No picks: ", barred, NARROW)
    if age := ages_text(result.estimates, result.as_of, renew):
        yield age
    if result.estimates:
        yield relative_text(result.estimates[0], result.workload)
    left_out = sorted(result.left_out, key=lambda entry: -entry.count)
    if left_out:
        counts = [f"{entry.count:,} {_SHORT.get(entry.reason, entry.reason)}" for entry in left_out]
        yield fitting("Left out: ", counts, NARROW)
    if any(one.is_pareto for one in result.estimates):
        yield "* nothing else is both faster and cheaper"
    every = "" if is_whole else "  Every offer: --all"
    yield f"Why: --explain 1.  Assumptions and all notes: --verbose.{every}"


_SHORT = {DEARER: "in dearer regions"}


def _over_limits(result: EstimateResult) -> Iterator[str]:
    """How many of the rows may pass a limit at the slow or the dear end: the ranking holds limits at the expected figures."""
    picked, count = result.picked, len(result.estimates)
    if picked is None:
        return
    for limit, what, high in (
        (picked.max_usd, "at the dear end", [one.usd_high for one in result.estimates]),
        (picked.max_hours, "at the slow end", [hours(one.seconds_high) for one in result.estimates]),
    ):
        over = 0 if limit is None else sum(end > limit for end in high)
        if over:
            yield f"! {over} of {count} rows may pass the limit {what} of their range."
