"""Price history, changes, reports on books: as listings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planner.answers.repriced import RepricedEstimate
from planner.model.records import Offer
from planner.prices.history import HistoryPoint, PriceSeries
from planner.prices.prune import Prunable
from planner.prices.states import ProviderChanges
from planner.prices.verify import BookReport
from planner.render.listing import Column, Listing, number
from planner.units import Row

CHART_WIDTH = 30
_BARS = "▁▂▃▄▅▆▇█"


def series_listing(series: Iterable[PriceSeries]) -> Listing:
    """One line per GPU, provider and purchase, with a chart of its medians."""
    return Listing(schema="planner.price-history/1", name="series", columns=_SERIES, rows=[_series(s) for s in series])


def points_listing(series: Iterable[PriceSeries]) -> Listing:
    """One record per GPU, provider, purchase and day."""
    rows = [{**_name(each), **_point(point)} for each in series for point in each.points]
    return Listing(schema="planner.price-history/1", name="points", columns=(), rows=rows)


def changes_listing(found: Iterable[ProviderChanges], limit: int | None) -> Listing:
    """Prices that moved, largest move first, then rows that are new, then rows that are gone."""
    rows = [row for each in found for row in _changes(each)]
    rows.sort(key=lambda row: (_KINDS.index(row["change"]), -abs(row["change_fraction"] or 0)))
    return Listing(schema="planner.price-diff/1", name="changes", columns=_CHANGES, rows=rows[:limit])


def repriced_listing(found: Iterable[RepricedEstimate]) -> Listing:
    """Estimates whose cost changed, cheapest first."""
    return Listing(
        schema="planner.price-diff/1", name="estimates", columns=_REPRICED, rows=[_repriced(e) for e in found]
    )


def reports_listing(reports: Iterable[BookReport]) -> Listing:
    """One line per book and whether it can be trusted."""
    rows = [
        {
            "provider": report.provider,
            "book": report.stem,
            "rows": report.rows,
            "origin": "shipped" if report.is_shipped else "own",
            "state": "good" if not report.problems else "BAD",
            "path": str(report.path),
            "problems": list(report.problems),
        }
        for report in reports
    ]
    return Listing(schema="planner.price-books/1", name="books", columns=_REPORTS, rows=rows)


def prunable_listing(things: Iterable[Prunable]) -> Listing:
    """One line per thing that can go."""
    rows = [
        {
            "provider": thing.provider,
            "name": thing.name,
            "what": thing.why,
            "size_bytes": thing.size_bytes,
            "paths": [str(path) for path in thing.paths],
        }
        for thing in things
    ]
    return Listing(schema="planner.prunable/1", name="prunable", columns=_PRUNABLE, rows=rows)


def chart(values: Sequence[float], width: int = CHART_WIDTH) -> str:
    """A line of bars, lowest value lowest; more values than `width` are thinned to it, the last one always stays.

    >>> chart([1.0, 2.0, 3.0])
    '▁▅█'
    >>> chart([5.0, 5.0])
    '▁▁'
    """
    if len(values) > width:
        values = [values[round(place * (len(values) - 1) / (width - 1))] for place in range(width)]
    low, high = min(values), max(values)
    if high == low:
        return _BARS[0] * len(values)
    return "".join(_BARS[min(7, int((value - low) / (high - low) * 8))] for value in values)


_KINDS = ("moved", "new", "gone")


def _name(series: PriceSeries) -> Row:
    return {
        "gpu": series.gpu,
        "provider": series.provider,
        "purchase": str(series.purchase),
        "region": series.region,
    }


def _point(point: HistoryPoint) -> Row:
    return {
        "day": point.day.isoformat(),
        "offers": point.offers,
        "usd_per_gpu_hour_low": point.low,
        "usd_per_gpu_hour_median": point.median,
        "usd_per_gpu_hour_high": point.high,
        "cheapest": point.cheapest,
    }


def _series(series: PriceSeries) -> Row:
    first, last = series.points[0], series.points[-1]
    return {
        **_name(series),
        "days": len(series.points),
        "from": first.day.isoformat(),
        "to": last.day.isoformat(),
        "median_first": first.median,
        "median_last": last.median,
        "change_fraction": series.change_fraction,
        "low_last": last.low,
        "cheapest": last.cheapest,
        "chart": chart([point.median for point in series.points]),
    }


def _changes(found: ProviderChanges) -> Iterable[Row]:
    for move in found.changes.moved:
        yield _change(found, "moved", move.new, before=move.old, after=move.new, fraction=move.change_fraction)
    for offer in found.changes.new:
        yield _change(found, "new", offer, after=offer)
    for offer in found.changes.gone:
        yield _change(found, "gone", offer, before=offer)


def _change(
    found: ProviderChanges,
    what: str,
    offer: Offer,
    *,
    before: Offer | None = None,
    after: Offer | None = None,
    fraction: float | None = None,
) -> Row:
    return {
        "change": what,
        "provider": offer.provider,
        "gpu": offer.gpu,
        "gpu_count": offer.gpu_count,
        "instance_type": offer.instance_type,
        "region": offer.region,
        "zone": offer.zone,
        "purchase": str(offer.purchase),
        "usd_per_hour_before": before.usd_per_hour if before else None,
        "usd_per_hour": after.usd_per_hour if after else None,
        "change_fraction": fraction,
        "book_before": found.old_stem,
        "book": found.new_stem,
    }


def _repriced(found: RepricedEstimate) -> Row:
    offer = found.estimate.offer
    return {
        "rank": found.estimate.rank,
        "rank_before": found.rank_before,
        "provider": offer.provider,
        "instance_type": offer.instance_type,
        "region": offer.region,
        "gpu": offer.gpu,
        "gpu_count": offer.gpu_count,
        "purchase": str(offer.purchase),
        "usd_before": found.usd_before,
        "usd": found.estimate.usd,
        "change_fraction": found.change_fraction,
        "usd_per_hour_before": found.offer_before.usd_per_hour if found.offer_before else None,
        "usd_per_hour": offer.usd_per_hour,
    }


def _percent(fraction: float) -> str:
    return f"{fraction:+.1%}"


_GPU = Column(key="gpu", heading="GPU")
_COUNT = Column(key="gpu_count", heading="count", text=lambda value: f"{value:g}", is_number=True)
_PROVIDER = Column(key="provider", heading="provider")
_PURCHASE = Column(key="purchase", heading="purchase")
_CHANGE = Column(key="change_fraction", heading="change", text=_percent, is_number=True)
_SERIES = (
    _GPU,
    _PROVIDER,
    _PURCHASE,
    Column(key="from", heading="from"),
    Column(key="to", heading="to"),
    Column(key="days", heading="days", is_number=True),
    Column(key="median_first", heading="median first", text=number(3), is_number=True),
    Column(key="median_last", heading="last", text=number(3), is_number=True),
    _CHANGE,
    Column(key="low_last", heading="lowest last", text=number(3), is_number=True),
    Column(key="chart", heading="median over time"),
)
_CHANGES = (
    Column(key="change", heading="change of"),
    _PROVIDER,
    _GPU,
    _COUNT,
    Column(key="instance_type", heading="instance"),
    Column(key="region", heading="region"),
    Column(key="zone", heading="zone"),
    _PURCHASE,
    Column(key="usd_per_hour_before", heading="USD/h before", text=number(3), is_number=True),
    Column(key="usd_per_hour", heading="now", text=number(3), is_number=True),
    _CHANGE,
)
_REPRICED = (
    Column(key="rank", heading="rank", is_number=True),
    Column(key="rank_before", heading="before", is_number=True),
    _PROVIDER,
    Column(key="instance_type", heading="instance"),
    Column(key="region", heading="region"),
    _GPU,
    _COUNT,
    _PURCHASE,
    Column(key="usd_before", heading="USD before", text=number(2), is_number=True),
    Column(key="usd", heading="now", text=number(2), is_number=True),
    _CHANGE,
)
_REPORTS = (
    _PROVIDER,
    Column(key="book", heading="book"),
    Column(key="origin", heading="origin"),
    Column(key="rows", heading="rows", text=number(0), is_number=True),
    Column(key="state", heading="state"),
)
_PRUNABLE = (
    _PROVIDER,
    Column(key="name", heading="name"),
    Column(key="what", heading="what"),
    Column(key="size_bytes", heading="bytes", text=number(0), is_number=True),
)
