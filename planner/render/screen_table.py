"""The table of a screen: machine, where, time and money of a few rows, each on one line of the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from planner.answers.markets import paid_to
from planner.hardware.markets import Market, market_of
from planner.model.picks import PaidTo, PickKind
from planner.model.records import Estimate
from planner.render.listing import shortened
from planner.results.estimate import EstimateResult
from planner.results.money import Money
from planner.results.picked import Pick
from planner.results.words import ANYWHERE, basis_text, gpus_text, time_text

WIDE = 120
"""Columns from which rows have the price of an hour and its date."""
_LEAST_WHERE, _PROVIDER_ALONE = 6, 12
"""Columns of `where` in a narrow window, and below how many of them the provider stands there alone."""


class Entry(NamedTuple):
    """A row of the table: whom one pays, its cells, and what stands under `where` in so many characters."""

    market: PaidTo
    mark: str
    cells: list[str]
    where: Callable[[int], str]


def table_lines(entries: Sequence[Entry], code: str, columns: int) -> Iterator[str]:
    """The heading, then a line for each row; amounts are in the currency of that code."""
    is_wide = columns >= WIDE
    names = ["", "", "GPUs", "where", "time", code, f"{code}/h", "evidence", "price of"]
    rows = [entry.cells for entry in entries]
    if not is_wide:
        rows = [[*cells[:6], cells[7]] for cells in rows]
        names = [*names[:6], names[7]]
    widths = [max(len(line[place]) for line in (names, *rows)) for place in range(len(names))]
    longest = max(len("where"), *(len(entry.where(200)) for entry in entries))
    left = columns - sum(widths) + widths[_WHERE] - len(widths)
    widths[_WHERE] = min(longest, max(left, _LEAST_WHERE))
    widths[_GPUS] -= max(min(longest, _LEAST_WHERE) - left, 0)  # what stands last is not cut for a long name
    yield _line(names, widths, is_wide=is_wide)
    for entry, cells in zip(entries, rows, strict=True):
        cells[_GPUS] = shortened(cells[_GPUS], widths[_GPUS])
        cells[_WHERE] = entry.where(widths[_WHERE])
        yield _line(cells, widths, is_wide=is_wide)


_GPUS, _WHERE, _TIME, _PER_HOUR = 2, 3, 4, 6


def cells_of(one: Estimate, result: EstimateResult, money: Money, first: str, number: int | str) -> list[str]:
    """The cells of a row after its first word and its number; that of `where` is left open."""
    offer = one.offer
    return [
        first,
        str(number),
        gpus_text(offer, one.node_count),
        "",
        time_text(one.seconds),
        money.span(one),
        f"{offer.usd_per_hour * one.node_count * money.per_usd:,.2f}",
        basis_text(one.throughput.basis),
        "" if paid_to(offer) is PaidTo.OWN else price_text(offer.observed_on, result),
    ]


def row_entry(one: Estimate, result: EstimateResult, money: Money, number: int | str) -> Entry:
    """The row of an estimate that stands for itself, not for a market: how it is bought comes first, then its number."""
    market = paid_to(one.offer)
    row = Pick(market=market, kind=PickKind.BALANCED, number=one.rank, mark=None, estimate=one, other_regions=0)
    purchase = str(one.offer.purchase).replace("_", " ")
    return Entry(market, "", cells_of(one, result, money, purchase, number), partial(where_text, row))


def price_text(day: date, result: EstimateResult) -> str:
    """The month of a price, and its age in days."""
    return f"{day:%Y-%m}, {(result.as_of - day).days} d"


def _line(cells: Sequence[str], widths: Sequence[int], *, is_wide: bool) -> str:
    right = {_TIME, _PER_HOUR} if is_wide else {_TIME}
    parts = (
        cell.rjust(width) if place in right else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return " " + " ".join(parts).rstrip()


def where_text(pick: Pick, longest: int) -> str:
    """Provider, type and region; where they do not fit the region goes first, then the end of the type."""
    offer = pick.estimate.offer
    if pick.market is PaidTo.OWN:
        return shortened(offer.instance_type, longest)
    machine = f"{offer.provider} {_type_text(pick)}".strip()
    regions = pick.other_regions + 1
    place = f"{regions} regions" if regions >= _MANY_REGIONS else offer.region
    if place.lower() in ANYWHERE:
        place = ""
    if place and 1 < regions < _MANY_REGIONS:
        place += f" +{pick.other_regions}"
    full = f"{machine} {place}".strip()
    if len(full) <= longest:
        return full
    if longest < _PROVIDER_ALONE:
        return shortened(offer.provider, longest)
    # Azure's own pages leave out the word that all its sizes begin with
    return shortened(machine if len(machine) <= longest else machine.replace(" Standard_", " ", 1), longest)


_MANY_REGIONS = 5


def _type_text(pick: Pick) -> str:
    """The instance type as people know it: of RunPod and Vast, whose types are made up of the GPU, what is left."""
    offer = pick.estimate.offer
    head, _, rest = offer.instance_type.partition("_")
    if not head.removesuffix("x").isdigit():
        return offer.instance_type
    last = rest.rpartition("_")[2]
    if last in ("SECURE", "COMMUNITY"):
        return last.lower()
    return "" if market_of(offer.provider, offer.instance_type) is Market.MARKETPLACE else offer.instance_type
