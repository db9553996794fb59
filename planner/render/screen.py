"""The first screen of an estimate: the answer in a sentence, a few rows of each market, and what was left out and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from planner.answers.remarks import USUAL_PIXELS
from planner.hardware.markets import Market, market_of
from planner.model.costs import ItemKind
from planner.model.picks import NotPicked, PaidTo, PickKind
from planner.model.records import Throughput, Workload
from planner.render.listing import shortened, visible
from planner.results.answer import RENEW, Money, absent_text, damaged_text, headline, leading, less_text, remarks
from planner.results.estimate import EstimateResult
from planner.results.picked import Pick, Picked, SoldPerToken
from planner.results.speed_ups import speed_up_text
from planner.results.words import MARKETS, basis_text, gpus_text, provider_name, range_text, time_text
from planner.units import SECONDS_PER_HOUR, epochs_text

if TYPE_CHECKING:
    from planner.cost.currency import Currency

MOST_LINES = 22
"""The command and the prompt stand on a screen of 24 lines too."""
WIDE = 120
"""Columns from which rows have the price of an hour and its date."""
NARROW, LEAST = 80, 60
_LEAST_WHERE = 12
MOST_SPEED_UPS = 2
"""So many GPUs are set beside a processor; JSON has all."""
MOST_ABSENT = 2
"""So many devices that were named and have no row are said to have none; the notes have all."""

REASONS = {
    NotPicked.CLOSED_REGION: "closed region",
    NotPicked.ARM_HOST: "Arm host",
    NotPicked.GPU_TOO_OLD: "GPU too old",
    NotPicked.NO_FLASH_ATTENTION: "no flash attention",
    NotPicked.NEVER_MEASURED: "architecture never measured",
    NotPicked.SLICE: "slice of a GPU",
    NotPicked.MEMORY: "does not fit",
    NotPicked.PART_OF_HOST: "part of a host",
    NotPicked.NETWORK_UNKNOWN: "network unknown",
    NotPicked.OLD_PRICE: "price older than a year",
    NotPicked.WIDE_RANGE: "wide range",
}
"""Why rows are not picked, in the words of the screen."""


def first_screen(
    result: EstimateResult, *, width: int | None, currency: Currency | None = None, renew: str = RENEW
) -> str:
    """The answer on one screen of 22 lines, none longer than the width.

    Args:
        result: the answer, with the rows that were picked.
        width: columns of the terminal; `None` for a file or pipe, which get 80.
        currency: shown instead of USD.
        renew: the command that brings newer prices.
    """
    columns = NARROW if width is None else max(width, LEAST)
    picked, money = result.picked, Money.of(currency)
    if picked is None or not picked.picks:
        said = (*_damaged(result), *_nothing(result, money))
        lines = [work_text(result, columns), "", *said, *_foot(result, money, columns)]
    else:
        rate = f", {currency.per_usd:.4g} a USD on {currency.as_of}" if currency else ""
        lines = _lines(result, picked, money, columns, renew=renew, rate=rate)
    return "".join(visible(shortened(line, columns)).rstrip() + "\n" for line in lines)


def answer_lines(result: EstimateResult, columns: int = NARROW) -> list[str]:
    """The answer without the foot, which speaks of options of the command: the work, the sentences and the picks."""
    picked, money = result.picked, Money()
    if picked is None or not picked.picks:
        lines = [work_text(result, columns), "", *_damaged(result), *_nothing(result, money)]
    else:
        said = _sentences(result, picked, money, columns, renew=RENEW)
        lines = [work_text(result, columns), "", *said, *_table(result, picked, money, columns)]
    return [visible(shortened(line, columns)).rstrip() for line in lines]


def _lines(result: EstimateResult, picked: Picked, money: Money, columns: int, *, renew: str, rate: str) -> list[str]:
    top = [work_text(result, columns), "", *_sentences(result, picked, money, columns, renew=renew)]
    table = list(_table(result, picked, money, columns))
    foot = list(_foot(result, money, columns, rate))
    spare = MOST_LINES - len(top) - len(table) - len(foot)
    if spare < 0:
        top.remove("")
    if spare < -1:
        foot = foot[1:]  # the range; it is in --verbose too
    return [*top, *table, *([""] if spare > 0 else []), *foot]


def _sentences(result: EstimateResult, picked: Picked, money: Money, columns: int, *, renew: str) -> list[str]:
    """What to take, what is cheaper, what to mind and what the limits leave out, indented."""
    indent = "  "
    longest = columns - len(indent)
    said = [headline(picked, money, longest=longest)]
    less = less_text(picked, money, longest=longest)
    said += [less] if less else []
    said += remarks(picked, result.workload, result.as_of, money, renew=renew)
    said += [shortened(absent_text(one), longest) for one in result.absent[:MOST_ABSENT]]
    said += list(map(speed_up_text, result.speed_ups[:MOST_SPEED_UPS]))
    said += [over_text(picked, money, longest)] if picked.over_limit else []
    return [*(indent + line for line in said), *_damaged(result)]


def _damaged(result: EstimateResult) -> list[str]:
    return [f"  {line}" for line in damaged_text(result.damaged)]


def work_text(result: EstimateResult, columns: int) -> str:
    """What is run, on how much data; the precision goes first where it is too long."""
    workload = result.workload
    name = workload.model.name
    if workload.language is not None:
        work = f"{name}, {workload.language.job.method} on {amount_text(workload.samples)} tokens"
    elif workload.trees is not None:
        run = workload.trees
        work = f"{name}, {run.rounds} rounds of depth {run.depth} on {amount_text(run.rows)} rows of {run.features} columns"
    else:
        data = workload.dataset or "own data"
        work = f"{name}, {epochs_text(workload.epochs)} of {data}: {amount_text(workload.samples)} {_samples_text(workload)}"
    precision = "fastest precision" if workload.precision is None else _PRECISIONS.get(str(workload.precision), "")
    full = f"{work}, {precision or workload.precision}"
    return full if len(full) <= columns else work


_PRECISIONS = {"amp": "mixed precision"}


def _samples_text(workload: Workload) -> str:
    """What is counted, with the length of sequences and unusual sizes of images: `sequences of 128 tokens`."""
    unit, size = workload.model.sample_unit, workload.input_size or workload.model.input_size
    parts = {"sequence": "tokens", "image": "pixels"}
    if size is None or unit not in parts or (unit, size) == ("image", USUAL_PIXELS):
        return f"{unit}s"
    return f"{unit}s of {size} {parts[unit]}"


def amount_text(count: float) -> str:
    """A number of samples in words: 115 million, 1.5 billion.

    >>> [amount_text(count) for count in (115_305_030, 153.6e6, 1e12, 600_000, 9_400)]
    ['115 million', '154 million', '1 trillion', '600 thousand', '9,400']
    """
    for size, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"), (1e5, "thousand")):
        if count >= 0.9995 * size:
            return f"{count / (1e3 if word == 'thousand' else size):.3g} {word}"
    return f"{count:,.0f}"


def over_text(picked: Picked, money: Money, longest: int) -> str:
    """What the limits leave out: the nearest row of each market that they leave empty; what fits."""
    limits = [
        *([time_text(picked.max_hours * SECONDS_PER_HOUR)] if picked.max_hours is not None else []),
        *([f"{money.text(picked.max_usd)} {money.code}"] if picked.max_usd is not None else []),
    ]
    start = f"Over {' or '.join(limits)}: "
    parts = [f"{_SHORT[one.market]} from {money.text(one.usd)} ({time_text(one.seconds)})" for one in picked.over_limit]
    while len(parts) > 1 and len(start + ", ".join(parts)) > longest:
        parts.pop()
    return start + ", ".join(parts)


_SHORT = {
    PaidTo.OWN: "your own",
    PaidTo.LARGE_CLOUD: "large clouds",
    PaidTo.GPU_CLOUD: "GPU clouds",
    PaidTo.COMMITMENT: "commitments",
    PaidTo.SERVICE: "services",
    PaidTo.SPOT: "spot",
    PaidTo.MARKETPLACE: "marketplaces",
}


class _Entry(NamedTuple):
    """A row of the table: whom one pays, its cells, and what stands under `where` in so many characters."""

    market: PaidTo
    mark: str
    cells: list[str]
    where: Callable[[int], str]


def _table(result: EstimateResult, picked: Picked, money: Money, columns: int) -> Iterator[str]:
    """The heading, then the title and the rows of each market."""
    is_wide = columns >= WIDE
    entries = [_of_pick(pick, result, money) for pick in picked.picks]
    entries += [_of_service(one, result, money) for one in picked.services[:1]]
    entries.sort(key=lambda entry: tuple(PaidTo).index(entry.market))
    names = ["", "", "GPUs", "where", "time", money.code, f"{money.code}/h", "evidence", "price of"]
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
    market = None
    for entry, cells in zip(entries, rows, strict=True):
        if entry.market is not market:
            market = entry.market
            yield MARKETS[market] + entry.mark
        cells[_GPUS] = shortened(cells[_GPUS], widths[_GPUS])
        cells[_WHERE] = entry.where(widths[_WHERE])
        yield _line(cells, widths, is_wide=is_wide)


_GPUS, _WHERE, _TIME, _PER_HOUR = 2, 3, 4, 6


def _of_pick(pick: Pick, result: EstimateResult, money: Money) -> _Entry:
    one = pick.estimate
    offer = one.offer
    cells = [
        str(pick.kind),
        str(pick.number),
        gpus_text(offer, one.node_count),
        "",
        time_text(one.seconds),
        money.span(one),
        f"{offer.usd_per_hour * one.node_count * money.per_usd:,.2f}",
        basis_text(one.throughput.basis),
        "" if pick.market is PaidTo.OWN else _price_of(offer.observed_on, result),
    ]
    mark = f" ({str(pick.mark).replace('_', ' ')})" if pick.mark else ""
    return _Entry(pick.market, mark, cells, partial(where_text, pick))


def _of_service(service: SoldPerToken, result: EstimateResult, money: Money) -> _Entry:
    """A row without machine, time and number: a service states neither, and nothing of it is measured."""
    usd = range_text(*(amount * money.per_usd for amount in (service.usd, service.usd_low, service.usd_high)))
    price = _price_of(service.price_observed_on, result)
    where = f"{service.provider} {service.method}{f' of {service.model}' * bool(service.model)}"
    cells = [str(PickKind.CHEAPEST), "", "", "", "-", usd, "", "", price]
    return _Entry(PaidTo.SERVICE, ", how long is not stated", cells, partial(shortened, where))


def _price_of(day: date, result: EstimateResult) -> str:
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
    if place.lower() in _ANYWHERE:
        place = ""
    if place and 1 < regions < _MANY_REGIONS:
        place += f" +{pick.other_regions}"
    is_alone = pick.usd_per_hour_elsewhere is not None and place and regions < _MANY_REGIONS
    if is_alone:
        place += " only"  # all others ask far more
    full = f"{machine} {place}".strip()
    if len(full) <= longest:
        return full
    if is_alone and len(short := f"{machine} {regions} region{'s' * (regions > 1)}") <= longest:
        return short
    # Azure's own pages leave out the word that all its sizes begin with
    return shortened(machine if len(machine) <= longest else machine.replace(" Standard_", " ", 1), longest)


_MANY_REGIONS = 5
_ANYWHERE = ("", "global", "any")


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


def _nothing(result: EstimateResult, money: Money) -> Iterator[str]:
    """What is said where every row is barred: that, and the first row of the ranking."""
    yield "  No row may be picked; why stands below."
    for one in result.estimates[:1]:
        what = f"{gpus_text(one.offer, one.node_count)} at {provider_name(one.offer)}"
        yield f"  First of all rows: {money.span(one)} {money.code} and {time_text(one.seconds)} on {what}."
    yield ""


def _foot(result: EstimateResult, money: Money, columns: int, rate: str = "") -> Iterator[str]:
    """How to read the figures, what was not picked, and how to see more."""
    picked = result.picked
    if picked is None:
        return
    if picked.picks:
        yield relative_text(leading(picked).estimate.throughput, is_own=bool(result.workload.measured))
        hour = f"An hour of waiting counts {money.text(picked.hour_worth_usd)} {money.code} (--hour-worth)"
        yield f"{hour}{rate}. {_left_off(picked)}".rstrip()
    counts = [f"{count:,} {REASONS[reason]}" for reason, count in picked.not_picked]
    if counts:
        yield _fitting("Not picked: ", counts, columns)
    explain = "Why: --explain 1.  " if picked.picks else ""
    yield f"All {picked.machines:,} machines: --all.  {explain}Yours: --provider aws --deadline 4h"


def relative_text(throughput: Throughput, *, is_own: bool) -> str:
    """A line on the range: what of it is common to all rows."""
    low, high = throughput.relative_ends
    share = (high / low) ** 0.5 - 1
    if is_own:
        return f"Ranges hold nine runs in ten, at the speed of your measurement: +-{share:.0%}."
    if (low, high) == (throughput.low, throughput.high):
        return "Ranges hold nine runs in ten, whatever the code."
    return f"Ranges hold nine runs in ten, whatever the code; as fast as the stack: +-{share:.0%}."


def _left_off(picked: Picked) -> str:
    """What the sums leave out."""
    kinds = {item.kind for item in leading(picked).estimate.items}
    missing = [
        name for name, kind in (("storage", ItemKind.STORAGE), ("traffic", ItemKind.TRAFFIC)) if kind not in kinds
    ]
    return f"No {', no '.join(missing)}." if missing else ""


def _fitting(start: str, parts: Sequence[str], longest: int) -> str:
    """The parts that fit on a line, and three dots for the others."""
    text = start + ", ".join(parts)
    count = len(parts)
    while count > 1 and len(text) > longest:
        count -= 1
        text = f"{start}{', '.join(parts[:count])} ..."
    return text
