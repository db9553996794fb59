"""The chart of earlier prices per GPU-hour of the markets in an estimate, book by book."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from planner.errors import NothingLeftError
from planner.model.records import Purchase
from planner.prices.history import PriceSeries, price_history
from planner.render.charts.parts import Row, Spec, by_width, chart, log_or_linear, name, scale_words, shown_in

SERIES = 8
"""Lines in the chart: as many as there are colours."""


def history_rows(estimates: Iterable[Row], data_dir: Path, as_of: date) -> list[Row]:
    """Lowest, median and highest listed price of the markets that the first rows rent in, day by day.

    A market is a GPU at a provider by a kind of purchase, over all regions. The first `SERIES` different ones of the
    rows count that books of at least two days list: of the others there is nothing to tell yet. Days after `as_of` are
    left out.

    Args:
        estimates: records of `planner.results.estimate.document`, best first.
        data_dir: the user's folder; shipped books belong to the history too.
        as_of: the day of the estimate.
    """
    markets: dict[tuple[str, str, str], None] = {}
    for estimate in estimates:
        if estimate.get("provider"):
            markets.setdefault((estimate["gpu"], estimate["provider"], estimate["purchase"]))
    if not markets:
        return []
    try:
        found = price_history(
            data_dir,
            gpus=sorted({gpu for gpu, _, _ in markets}),
            providers=sorted({provider for _, provider, _ in markets}),
            purchases=[Purchase(kind) for kind in sorted({purchase for _, _, purchase in markets})],
        )
    except NothingLeftError:  # prices of the user's own file are in no book
        return []
    series = {(line.gpu, line.provider, str(line.purchase)): _points(line, as_of) for line in found.series}
    known = [series[key] for key in markets if len(series.get(key, ())) > 1]
    return [row for points in known[:SERIES] for row in points]


def _points(series: PriceSeries, as_of: date) -> list[Row]:
    return [
        {
            "gpu": series.gpu,
            "provider": series.provider,
            "purchase": str(series.purchase),
            "day": point.day.isoformat(),
            "low": point.low,
            "median": point.median,
            "high": point.high,
            "offers": point.offers,
            "cheapest": point.cheapest,
        }
        for point in series.points
        if point.day <= as_of
    ]


def history_chart(history: Sequence[Row]) -> Spec:
    """The lowest listed price of each market over the days that have a book."""
    rows = [
        {
            **row,
            "market": f"{name(row['gpu'])}, {name(row['provider'])}, {name(row['purchase']).replace('_', ' ')}",
            "cheapest": name(row["cheapest"]),
        }
        for row in history
    ]
    scale = log_or_linear([row["low"] for row in rows])
    body = {
        "height": 320,
        "encoding": _axes(scale),
        "layer": [
            {"mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2, "tooltip": False}},
            {
                "mark": {"type": "point"},
                "encoding": {
                    "tooltip": [
                        shown_in("market", "market"),
                        shown_in("day", "day"),
                        shown_in("low", "lowest, USD per GPU-hour", ",.4f"),
                        shown_in("cheapest", "instance at that price"),
                        shown_in("median", "median", ",.4f"),
                        shown_in("high", "highest", ",.4f"),
                        shown_in("offers", "offers", ","),
                    ]
                },
            },
        ],
    }
    return chart(
        "Price history",
        "Lowest listed price per GPU-hour over all regions, in USD, of the markets that the first rows rent in, where "
        "books of several days list them. A point is a book; a step says that a later book listed another price, not on "
        "which day it changed.",
        rows,
        body,
    )


def _axes(scale: Spec) -> Spec:
    """Days across, the lowest price up on `scale`, a colour for each market."""
    return {
        "x": {
            "field": "day",
            "type": "temporal",
            "title": "day of the price book",
            "scale": {"type": "utc"},
            "axis": {"format": "%b %Y"},
        },
        "y": {
            "field": "low",
            "type": "quantitative",
            "scale": scale,
            "title": f"USD per GPU-hour, lowest listed{scale_words(scale)}",
        },
        "color": {
            "field": "market",
            "type": "nominal",
            "title": None,
            "sort": None,
            "legend": {"columns": by_width(1, 2, 3), "labelLimit": 280},
        },
    }
