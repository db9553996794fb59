"""Cards ranked for one model as a listing."""

from __future__ import annotations

from collections.abc import Iterator

from planner.answers.cards_ranked import RankedCard, RankedCards, Span, budget_sentence
from planner.hardware.access import is_in_default_wheel
from planner.hardware.cards import CardPrice
from planner.hardware.frameworks import is_pytorch
from planner.hardware.gpus import shown_key
from planner.hardware.processors import Processor
from planner.model.records import Basis, Gpu, Workload
from planner.render.listing import Column, Listing, markdown_text, rendered, significant
from planner.results.words import money_text
from planner.units import Row


def ranked_listing(found: RankedCards, limit: int | None = None) -> Listing:
    """One GPU a row, best first."""
    rows = [_row(rank, row, found) for rank, row in enumerate(found.rows[:limit], start=1)]
    return Listing(schema="planner.ranked-cards/1", name="cards", columns=_COLUMNS, rows=rows)


def rendered_budget(found: RankedCards, budget_usd: float, limit: int, form: str, *, width: int | None) -> str:
    """The cards for a budget in one of the formats of a listing; Markdown begins with the sentence that answers."""
    table = rendered(ranked_listing(found, limit), form, width=width)
    return f"{markdown_text(budget_sentence(found, budget_usd))}\n\n{table}" if form == "markdown" else table


def ranked_notes(found: RankedCards, limit: int | None = None) -> Iterator[str]:
    """What the figures mean, and what fell out."""
    unit = found.workload.model.sample_unit
    whose = "for code as fast as the stack"
    if found.workload.language is None and any(row.throughput.basis is Basis.MODELLED for row in found.rows):
        whose = "for code as fast as the stack, of modelled rows for anybody's"
    yield f"Rates are {unit}s a second of one GPU; ranges are {whose}, and hold the spread of prices."
    yield "Per watt: 80 % of the board's limit, 60 to 100 % at the ends; no row states what training drew."
    yield "A price in brackets is more than a year old and does not count for the order."
    if any(isinstance(row.gpu, Processor) for row in found.rows):
        yield "Of processors no table has a price, and their limit in watts is that of the chip alone."
    if limit is not None and limit < len(found.rows):
        yield f"{len(found.rows) - limit} more rows: --limit"
    yield from (f"{count:>6,}  {reason}" for reason, count in found.left_out.items())


def _row(rank: int, row: RankedCard, found: RankedCards) -> Row:
    throughput = row.throughput
    low, high = row.ends
    return {
        "rank": rank,
        "gpu": row.gpu.name,
        "model": found.workload.model.name,
        "samples_per_second": throughput.samples_per_second,
        "samples_per_second_low": low,
        "samples_per_second_high": high,
        "basis": str(throughput.basis),
        "precision": str(throughput.precision),
        "memory_gib": row.gpu.memory_gib if isinstance(row.gpu, Gpu) else None,
        "fits_memory": throughput.fits_memory,
        "in_default_wheel": _in_default_wheel(row.gpu, found.workload),
        **_price("new", row.new, row.per_usd_new, is_old=row.is_old_new),
        **_price("used", row.used, row.per_usd_used, is_old=row.is_old_used),
        "watts": None if row.watts is None else row.watts.middle,
        "watts_low": None if row.watts is None else row.watts.low,
        "watts_high": None if row.watts is None else row.watts.high,
        "per_watt": None if row.per_watt is None else row.per_watt.middle,
        "per_watt_low": None if row.per_watt is None else row.per_watt.low,
        "per_watt_high": None if row.per_watt is None else row.per_watt.high,
        "sources": list(throughput.sources),
        # what the table shows: figures with their ranges
        "rate": _span_text(Span(middle=throughput.samples_per_second, low=low, high=high)),
        "usd": " / ".join([_price_text(row.new, is_old=row.is_old_new), _price_text(row.used, is_old=row.is_old_used)]),
        "per_kusd": " / ".join(map(_per_kusd, (row.per_usd_new, row.per_usd_used))),
        "per_w": "-" if row.per_watt is None else _span_text(row.per_watt),
    }


def _in_default_wheel(gpu: Gpu | Processor, workload: Workload) -> bool | None:
    """Whether PyTorch's default wheel runs there; `None` where it plays no part."""
    if not isinstance(gpu, Gpu) or workload.trees is not None or not is_pytorch(workload.framework):
        return None
    return is_in_default_wheel(gpu)


def _price(name: str, price: CardPrice | None, per_usd: Span | None, *, is_old: bool) -> Row:
    return {
        f"usd_{name}": None if price is None else price.usd,
        f"usd_{name}_low": None if price is None else price.usd_low,
        f"usd_{name}_high": None if price is None else price.usd_high,
        f"usd_{name}_as_of": None if price is None else price.as_of,
        f"usd_{name}_is_old": is_old if price is not None else None,
        f"per_usd_{name}": None if per_usd is None else per_usd.middle,
        f"per_usd_{name}_low": None if per_usd is None else per_usd.low,
        f"per_usd_{name}_high": None if per_usd is None else per_usd.high,
    }


def _price_text(price: CardPrice | None, *, is_old: bool) -> str:
    if price is None:
        return "-"
    return f"({money_text(price.usd)})" if is_old else money_text(price.usd)


def _per_kusd(span: Span | None) -> str:
    if span is None:
        return "-"
    return _span_text(Span(middle=1000 * span.middle, low=1000 * span.low, high=1000 * span.high))


def _span_text(span: Span) -> str:
    return f"{significant(span.middle)} ({significant(span.low)}-{significant(span.high)})"


_COLUMNS = (
    Column(key="rank", heading="#", is_number=True),
    Column(key="gpu", heading="GPU", text=shown_key, may_fold=False),
    Column(key="rate", heading="samples/s", is_number=True),
    Column(key="basis", heading="basis"),
    Column(key="usd", heading="USD new / used", is_number=True),
    Column(key="per_kusd", heading="per 1,000 USD, new / used", is_number=True),
    Column(key="per_w", heading="per watt", is_number=True),
    Column(
        key="in_default_wheel",
        heading="PyTorch",
        text=lambda is_in: {True: "yes", False: "old builds", None: "-"}[is_in],
    ),
)
