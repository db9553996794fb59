"""Charts of an estimate: time against cost, and the bill by item."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from planner.render.charts.history import history_chart
from planner.render.charts.machines import (
    best_text,
    front_layer,
    machines_layer,
    names_layers,
    other_machines,
    picked_points,
    picks_layer,
)
from planner.render.charts.parts import (
    ABOVE_BARS,
    QUIET,
    Row,
    Spec,
    by_width,
    chart,
    log_or_linear,
    name,
    over_bars,
    place,
    scale_words,
    shown_in,
    what,
)
from planner.render.listing import number, significant, span_texts
from planner.results.words import basis_text
from planner.units import hours

BARS = 15
"""Bills that are drawn; more bars are not compared by eye."""

RANGES = 60
"""Rows up to which every range is drawn; of more, only those of the front and of the first ranks."""

LABELS = 5
"""First ranks that are numbered in the picture, beside those on the front."""

LABEL_ROOM = (0.06, 0.05)
"""Parts of width and height that one rank needs to be read beside another."""

ITEMS = 7
"""Items with a colour of their own; the smaller ones together are the eighth."""


def estimate_charts(document: Row, history: Sequence[Row] = (), machines: Sequence[Row] = ()) -> dict[str, Spec]:
    """The specifications of all charts by name, in reading order.

    Args:
        document: `planner.results.estimate.document`.
        history: `planner.render.charts.history.history_rows` of its rows; without them that chart is left out.
        machines: `planner.results.machines.machine_records` of all that is priced; without them only the rows are drawn.

    Returns:
        `time-cost`, `cost-items` and, with history, `price-history`; empty where there is no estimate.
    """
    estimates = document["estimates"]
    if not estimates:
        return {}
    money = Money(document)
    picks = picked_points(document.get("picks", ()), money.per_usd)
    charts = {
        "time-cost": _time_cost(estimates, machines, picks, money),
        "cost-items": _cost_items(document, money),
    }
    return {**charts, **({"price-history": history_chart(history)} if history else {})}


class Money:
    """The currency amounts are shown in."""

    def __init__(self, document: Row) -> None:
        currency = document.get("currency") or {"code": "USD", "per_usd": 1.0}
        self.code: str = currency["code"]
        self.per_usd: float = currency["per_usd"]


def _time_cost(estimates: Sequence[Row], machines: Sequence[Row], picks: Sequence[Row], money: Money) -> Spec:
    rows = [_point(estimate, money, len(estimates)) for estimate in estimates]
    points = [*rows, *(others := other_machines(machines, estimates, money.per_usd))]
    across, up = _scale("hours", rows, [*points, *picks]), _scale("usd", rows, [*points, *picks])
    for row in _labelled(rows, points):
        row["labelled"] = True
    hours_axis = {"type": "quantitative", "scale": across, "title": f"hours from start to end{scale_words(across)}"}
    money_axis = {"type": "quantitative", "scale": up, "title": f"{money.code} for the run{scale_words(up)}"}
    x, y = {"field": "hours", **hours_axis}, {"field": "usd", **money_axis}
    body = {
        "height": 380,
        "encoding": {"x": x, "y": y},
        "layer": [
            {
                "layer": [
                    # Vega warns of a layer that draws nothing
                    *([machines_layer(others, money.code)] if others else []),
                    *([picks_layer(picks, money.code)] if picks else []),
                    *_range_layers(hours_axis, money_axis),
                ]
            },
            front_layer(points),
            _points_layer({row["basis"] for row in rows}, money),
            {
                "transform": [{"filter": "datum.labelled"}],
                "mark": {"type": "text", "dx": 8, "dy": -9, "align": "left", "fontWeight": 600, "tooltip": False},
                "encoding": {"text": {"field": "rank", "type": "quantitative"}},
            },
            *names_layers(points),
        ],
        "resolve": {"legend": {"color": "independent"}},
    }
    return chart(
        "Time against cost",
        _says(points, is_more=bool(others), has_picks=bool(picks), code=money.code),
        rows,
        body,
    )


def _scale(figure: str, rows: Sequence[Row], points: Sequence[Row]) -> Spec:
    """The scale of an axis that has room for every point, and for the ranges drawn."""
    ends = [row[f"{figure}_{end}"] for row in rows if row["ranged"] for end in ("low", "high")]
    return log_or_linear([*ends, *(point[figure] for point in points)])


def _says(points: Sequence[Row], *, is_more: bool, has_picks: bool, code: str) -> str:
    """What the chart shows, in words."""
    return (
        "Each large point is a row of the table; numbers are ranks, thin lines ranges. "
        + ("Small points are all other machines, each at its cheapest. " if is_more else "")
        + ("Rings are the picks, a commitment at what the run uses of it. " if has_picks else "")
        + "The stepped line is the Pareto front: nothing else is both faster and cheaper. "
        + f"{best_text(points, code)} Lower left is better."
    )


def _range_layers(hours_axis: Spec, money_axis: Spec) -> list[Spec]:
    """The thin lines through a point: how long and how much at least and at most."""
    quiet = {"type": "rule", "color": QUIET, "opacity": 0.35, "tooltip": False}
    ends = (
        {"x": {"field": "hours_low", **hours_axis}, "x2": {"field": "hours_high"}},
        {"y": {"field": "usd_low", **money_axis}, "y2": {"field": "usd_high"}},
    )
    return [{"transform": [{"filter": "datum.ranged"}], "mark": quiet, "encoding": encoding} for encoding in ends]


def _points_layer(found: Collection[str], money: Money) -> Spec:
    """The points: coloured by purchase, shaped by the basis of their throughput, of which `found` occur."""
    shapes = {basis: shape for basis, shape in _SHAPES.items() if basis in found}
    return {
        "params": [{"name": "bought", "select": {"type": "point", "fields": ["purchase"]}, "bind": "legend"}],
        "mark": {"type": "point", "size": 80},
        "encoding": {
            "color": {"field": "purchase", "type": "nominal", "title": "purchase"},
            "shape": {
                "field": "basis",
                "type": "nominal",
                "title": "throughput",
                "scale": {"domain": list(shapes), "range": list(shapes.values())},
            },
            "opacity": {"condition": {"param": "bought", "value": 1}, "value": 0.12},
            "tooltip": [
                shown_in("title", "estimate"),
                shown_in("instance", "instance"),
                shown_in("purchase", "purchase"),
                shown_in("hours_text", "hours"),
                shown_in("usd_text", money.code),
                shown_in("price_text", f"{money.code}/h, instance"),
                shown_in("basis", "throughput"),
            ],
        },
    }


def _labelled(rows: Sequence[Row], points: Sequence[Row]) -> list[Row]:
    """The rows whose rank is written beside their point: the first and those of the front, where there is room."""
    wanted = [row for row in rows if row["front"] or row["rank"] <= LABELS]
    places = {row["rank"]: (_place(row["hours"], points, "hours"), _place(row["usd"], points, "usd")) for row in wanted}
    kept: list[Row] = []
    for row in wanted:
        x, y = places[row["rank"]]
        others = [places[other["rank"]] for other in kept]
        if all(abs(x - at_x) > LABEL_ROOM[0] or abs(y - at_y) > LABEL_ROOM[1] for at_x, at_y in others):
            kept.append(row)
    return kept


def _place(value: float, rows: Sequence[Row], field: str) -> float:
    """The position of a value on its axis, 0 to 1."""
    low, high = (max(extreme(row[field] for row in rows), 1e-9) for extreme in (min, max))
    return math.log(max(value, 1e-9) / low) / math.log(high / low) if high > low else 0.0


_SHAPES = {"yours": "diamond", "measured": "circle", "scaled": "triangle-up", "modelled": "square"}


def _point(estimate: Row, money: Money, count: int) -> Row:
    usd, low, high = (estimate[key] * money.per_usd for key in ("usd", "usd_low", "usd_high"))
    front = bool(estimate["is_pareto"])
    return {
        "rank": estimate["rank"],
        "title": f"{estimate['rank']}: {what(estimate)}, {place(estimate)}",
        "instance": name(estimate["instance_type"]),
        "purchase": name(estimate["purchase"]).replace("_", " "),
        "basis": basis_text(estimate["throughput"]["basis"]),
        "hours": hours(estimate["seconds"]),
        "hours_low": hours(estimate["seconds_low"]),
        "hours_high": hours(estimate["seconds_high"]),
        "hours_text": spread(
            hours(estimate["seconds"]), hours(estimate["seconds_low"]), hours(estimate["seconds_high"])
        ),
        "usd": usd,
        "usd_low": low,
        "usd_high": high,
        "usd_text": spread(usd, low, high, is_money=True),
        "price_text": number(2)(estimate["usd_per_hour"] * money.per_usd),
        "front": front,
        "ranged": count <= RANGES or front or estimate["rank"] <= BARS,
        "labelled": False,
    }


def spread(value: float, low: float, high: float, *, is_money: bool = False) -> str:
    """A figure with its range: 13.0 (7.23 to 23.6)."""
    if is_money:
        return f"{number(2)(value)} ({' to '.join(span_texts(value, low, high))})"
    return f"{significant(value)} ({significant(low)} to {significant(high)})"


def _cost_items(document: Row, money: Money) -> Spec:
    """The bills of the picks, with their numbers; without any, those of the first rows."""
    picks = [(pick["number"], pick["estimate"]) for pick in document.get("picks", ())]
    shown = (picks or [(row["rank"], row) for row in document["estimates"]])[:BARS]
    names = _largest_items([estimate for _, estimate in shown])
    rows = [row for number, estimate in shown for row in _item_rows(number, estimate, names, money)]
    title = f"{money.code} for the run"
    body = {
        "height": 42 * len(shown),
        "encoding": {
            "y": {
                "field": "row",
                "type": "nominal",
                "sort": list(dict.fromkeys(row["row"] for row in rows)),
                "axis": None,
            },
            "x": {"field": "usd", "type": "quantitative", "title": title, "stack": "zero"},
        },
        "layer": [
            {
                "params": [{"name": "item", "select": {"type": "point", "fields": ["item"]}, "bind": "legend"}],
                "mark": {"type": "bar", "height": {"band": 0.4}, "yOffset": 9},
                "encoding": {
                    "color": {
                        "field": "item",
                        "type": "nominal",
                        "title": None,
                        "scale": {"domain": names},
                        "legend": {"columns": by_width(2, 3, 4), "labelLimit": by_width(120, 140, 200)},
                    },
                    "order": {"field": "order", "type": "quantitative"},
                    "opacity": {"condition": {"param": "item", "value": 1}, "value": 0.15},
                    "tooltip": [
                        shown_in("row", "estimate"),
                        shown_in("item", "item"),
                        shown_in("usd", money.code, ",.2f"),
                        shown_in("total", f"{money.code} in all"),
                    ],
                },
            },
            *over_bars("row", "datum.order === 0", limit={"expr": "width - 132"}),
            {
                "transform": [{"filter": "datum.order === 0"}],
                "mark": {**ABOVE_BARS, "align": "right", "color": QUIET},
                "encoding": {"x": {"value": "width"}, "text": {"field": "total"}},
            },
        ],
    }
    many = f" The first {BARS} rows are shown." if not picks and len(document["estimates"]) > BARS else ""
    return chart(
        "Where the money goes",
        f"The bill of each {'pick' if picks else 'row'} by item, in {money.code}; at the right the sum and its range.{many}",
        rows,
        body,
    )


def _largest_items(estimates: Sequence[Row]) -> list[str]:
    """Names of the items with the largest sums, largest first, then `other items` for the rest."""
    sums: dict[str, float] = {}
    for estimate in estimates:
        for item in estimate["items"]:
            key = name(item["name"])
            sums[key] = sums.get(key, 0.0) + abs(item["usd"])
    ordered = sorted(sums, key=lambda key: (-sums[key], key))
    return ordered if len(ordered) <= ITEMS + 1 else [*ordered[:ITEMS], _OTHER]


_OTHER = "other items"


def _item_rows(number: int, estimate: Row, names: Sequence[str], money: Money) -> list[Row]:
    sums: dict[str, float] = {}
    for item in estimate["items"]:
        key = name(item["name"])
        key = key if key in names else _OTHER
        sums[key] = sums.get(key, 0.0) + item["usd"] * money.per_usd
    total = spread(*(estimate[key] * money.per_usd for key in ("usd", "usd_low", "usd_high")), is_money=True)
    row = f"{number}. {what(estimate)}, {place(estimate)}, {name(estimate['purchase']).replace('_', ' ')}"
    ordered = sorted(sums, key=names.index)
    return [
        {
            "number": number,
            "row": row,
            "item": item,
            "order": order,
            "usd": sums[item],
            "total": total,
        }
        for order, item in enumerate(ordered)
    ]
