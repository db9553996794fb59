"""The first screen of an estimate: the answer in a sentence, a few rows of each market, and what was left out and why."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from planner.answers.remarks import USUAL_PIXELS
from planner.hardware.processors import is_processor
from planner.model.costs import ItemKind
from planner.model.picks import NotPicked, PaidTo, PickKind
from planner.model.records import Basis, Estimate, Workload
from planner.render.listing import shortened, visible
from planner.render.screen_table import Entry, cells_of, price_text, table_lines, where_text
from planner.results.answer import RENEW, absent_text, damaged_text, headline, leading, less_text, remarks
from planner.results.estimate import EstimateResult
from planner.results.money import Money
from planner.results.over_limit import over_limit_texts
from planner.results.picked import Pick, Picked, SoldPerToken
from planner.results.speed_ups import speed_up_text
from planner.results.words import MARKETS, gpus_text, provider_name, range_text, time_text
from planner.throughput.elsewhere import is_measured_alike
from planner.units import epochs_text

if TYPE_CHECKING:
    from planner.cost.currency import Currency

MOST_LINES = 22
"""The command and the prompt stand on a screen of 24 lines too."""
NARROW, LEAST = 80, 60
LONGEST_PLACE = 200
"""Characters of a place, or a line, where no screen asks for fewer."""
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
        rate = f"{currency.per_usd:.4g} a USD on {currency.as_of}" if currency else ""
        lines = _lines(result, picked, money, columns, renew=renew, rate=rate)
    return "".join(visible(shortened(line, columns)).rstrip() + "\n" for line in lines)


def answer_lines(result: EstimateResult, columns: int = NARROW, currency: Currency | None = None) -> list[str]:
    """The answer without the foot, which speaks of options of the command: the work, the sentences and the picks."""
    picked, money = result.picked, Money.of(currency)
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
    said += [absent_text(one) for one in result.absent[:MOST_ABSENT]]
    said += list(map(speed_up_text, result.speed_ups[:MOST_SPEED_UPS]))
    said += over_limit_texts(picked, money, longest=longest)
    said += damaged_text(result.damaged)
    return [line for sentence in said for line in wrapped(sentence, columns, indent)]


def wrapped(sentence: str, columns: int, indent: str) -> Sequence[str]:
    """The sentence in lines of at most so many columns, each after the indent: nothing of what is said is cut."""
    if len(indent) + len(sentence) <= columns:
        return (indent + sentence,)
    import textwrap  # noqa: PLC0415 - most sentences are short

    kept = re.sub(r"(?<=[\d)]) (?=(?:h|min|d|s|[A-Z]{3})\b)", _NO_BREAK, sentence)
    lines = textwrap.wrap(kept, columns, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    return [line.replace(_NO_BREAK, " ") for line in lines]


_NO_BREAK = "\N{NO-BREAK SPACE}"
"""Holds a figure and its unit on one line."""


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


def _table(result: EstimateResult, picked: Picked, money: Money, columns: int) -> Iterator[str]:
    """The heading, then the title and the rows of each market."""
    shown = entries(result, picked, money)
    heading, *rows = table_lines(shown, money.code, columns)
    yield heading
    market = None
    for entry, row in zip(shown, rows, strict=True):
        if entry.market is not market:
            market = entry.market
            title = MARKETS[market] + entry.mark
            yield title if len(title) <= columns else MARKETS[market].partition(":")[0] + entry.mark
        yield row


def entries(result: EstimateResult, picked: Picked, money: Money) -> list[Entry]:
    """The rows that are proposed, and the cheapest service, in the order of the screen."""
    found = [_of_pick(pick, result, money) for pick in picked.picks]
    found += [_of_service(one, result, money) for one in picked.services[:1]]
    return sorted(found, key=lambda entry: tuple(PaidTo).index(entry.market))


def _of_pick(pick: Pick, result: EstimateResult, money: Money) -> Entry:
    cells = cells_of(pick.estimate, result, money, str(pick.kind), pick.number)
    mark = f" ({str(pick.mark).replace('_', ' ')})" if pick.mark else ""
    return Entry(pick.market, mark, cells, partial(where_text, pick))


def _of_service(service: SoldPerToken, result: EstimateResult, money: Money) -> Entry:
    """A row without machine, time and number: a service states neither, and nothing of it is measured."""
    usd = range_text(*(amount * money.per_usd for amount in (service.usd, service.usd_low, service.usd_high)))
    price = price_text(service.price_observed_on, result)
    where = f"{service.provider} {service.method}{f' of {service.model}' * bool(service.model)}"
    cells = [str(PickKind.CHEAPEST), "", "", "", "-", usd, "", "", price]
    return Entry(PaidTo.SERVICE, ", how long is not stated", cells, partial(shortened, where))


def _nothing(result: EstimateResult, money: Money) -> list[str]:
    return [*(f"  {line}" for line in nothing_text(result, money)), ""]


def nothing_text(result: EstimateResult, money: Money) -> Iterator[str]:
    """What is said where every row is barred: that, and the first row of the ranking."""
    yield "No row may be picked; why stands below."
    for one in result.estimates[:1]:
        what = f"{gpus_text(one.offer, one.node_count)} at {provider_name(one.offer)}"
        yield f"First of all rows: {money.span(one)} {money.code} and {time_text(one.seconds)} on {what}."


def _foot(result: EstimateResult, money: Money, columns: int, rate: str = "") -> Iterator[str]:
    """How to read the figures, what was not picked, and how to see more."""
    picked = result.picked
    if picked is None:
        return
    yield from foot_text(result, money, columns, rate)
    ways = [f"All {picked.machines:,} machines: --all."]
    ways += ["Why: --explain 1."] if picked.picks else []
    ways.append("Yours: --provider aws --deadline 4h")
    while len("  ".join(ways)) > columns:
        ways.pop()
    yield "  ".join(ways)


def foot_text(result: EstimateResult, money: Money, columns: int | None = None, rate: str = "") -> Iterator[str]:
    """How to read the figures, and what was not picked: as much of that as fits into so many columns."""
    picked = result.picked
    if picked is None:
        return
    if picked.picks:
        longest = math.inf if columns is None else columns
        holds = relative_text(leading(picked).estimate, result.workload)
        yield holds if len(holds) <= longest else holds.replace(_WHOLE_RANGE, "Nine runs in ten", 1)
        worth = f"{money.text(picked.hour_worth_usd)} {money.code}"
        hour = f"An hour counts {worth}, {rate}" if rate else f"An hour of waiting counts {worth} (--hour-worth)"
        said = f"{hour}. {_left_off(picked)}".rstrip()
        yield said if len(said) <= longest else f"An hour counts {worth}. {_left_off(picked)}".rstrip()
    counts = [f"{count:,} {REASONS[reason]}" for reason, count in picked.not_picked]
    if counts:
        yield fitting("Not picked: ", counts, columns)


def relative_text(estimate: Estimate, workload: Workload) -> str:
    """A line on the range: what of it is common to all rows."""
    throughput = estimate.throughput
    low, high = throughput.relative_ends
    share = (high / low) ** 0.5 - 1
    within = f"+-{share:.0%}" if share < 1 else f"within a factor of {1 + share:.2g}"
    if is_measured_alike(workload, estimate.offer.gpu):
        is_network = workload.language is None and workload.trees is None
        if is_processor(estimate.offer.gpu) or not is_network or throughput.basis is Basis.MEASURED_BY_YOU:
            return f"Ranges hold nine runs in ten, at your measured speed: {within}."
        if workload.batch_size is None and share < 1:
            return f"Ranges: {_CARRIED} in ten, at your measured speed: {within}; less with --batch-size."
        return f"Ranges hold {_CARRIED} runs in ten, at your measured speed: {within}."
    if workload.language is not None:
        from planner.language.stacks import stands_for_tuned_code  # noqa: PLC0415 - most runs need none of it

        if stands_for_tuned_code(workload.language):
            return "Ranges hold nine in ten of tuned code; plain code: --stack transformers-peft."
    if (low, high) == (throughput.low, throughput.high):
        return f"{_WHOLE_RANGE}."
    return f"{_WHOLE_RANGE}; as fast as the stack: {within}."


_CARRIED = "eight"  # of others' codes on GPUs, of which one measurement was known: `planner validate --split apart_gpu` and its like
_WHOLE_RANGE = "Ranges hold nine runs in ten, whatever the code"


def _left_off(picked: Picked) -> str:
    """What the sums leave out."""
    kinds = {item.kind for item in leading(picked).estimate.items}
    missing = [
        name for name, kind in (("storage", ItemKind.STORAGE), ("traffic", ItemKind.TRAFFIC)) if kind not in kinds
    ]
    return f"No {', no '.join(missing)}." if missing else ""


def fitting(start: str, parts: Sequence[str], longest: int | None) -> str:
    """The parts that fit on a line, and three dots for the others."""
    text = start + ", ".join(parts)
    count = len(parts)
    while longest is not None and count > 1 and len(text) > longest:
        count -= 1
        text = f"{start}{', '.join(parts[:count])} ..."
    return text
