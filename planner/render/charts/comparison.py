"""Charts of a comparison: money over months and over use, effects of the assumptions, and both bills."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.render.charts.history import history_chart
from planner.render.charts.parts import (
    ABOVE_BARS,
    HUES,
    QUIET,
    Row,
    Spec,
    axis_line,
    by_width,
    chart,
    name,
    over_bars,
    shown_in,
)
from planner.render.charts.ways_to_pay import marked_across, ways_by_month, ways_by_use
from planner.render.listing import number, significant

RENT, OWN, SOLD = "rent", "own", "own, if sold then"


def comparison_charts(document: Row, history: Sequence[Row] = ()) -> dict[str, Spec]:
    """Specifications by name, in the order in which they are read.

    Args:
        document: `planner.results.comparison.document`.
        history: `planner.render.charts.history.history_rows` of what is rented; without them that chart is left out.

    Returns:
        `ways`, `ways-months`, `months`, `use`, `sensitivity`, `cost-items` and, with history, `price-history`.
    """
    charts = {
        "ways": ways_by_use(document),
        "ways-months": ways_by_month(document),
        "months": _months(document),
        "use": _use(document),
        "sensitivity": _sensitivity(document),
        "cost-items": _cost_items(document),
    }
    return {**charts, **({"price-history": history_chart(history)} if history else {})}


def _months(document: Row) -> Spec:
    fields = ((RENT, "rent_usd"), (OWN, "own_usd"), (SOLD, "own_if_sold_usd"))
    rows = [
        {"month": month["month"], "way": way, "usd": month[field]}
        for month in document["curve"]
        for way, field in fields
    ]
    layers: list[Spec] = [
        {
            "mark": {"type": "line", "strokeWidth": 2.5, "tooltip": False},
            "encoding": {"strokeDash": {"field": "way", "type": "nominal", "scale": _DASHES, "title": None}},
        },
        {
            "mark": {"type": "point", "size": 90, "opacity": 0},
            "encoding": {
                "tooltip": [
                    shown_in("way", "way"),
                    shown_in("month", "after month", ".4"),
                    shown_in("usd", "USD spent", ",.0f"),
                ]
            },
        },
    ]
    months = document["break_even"]["months"]
    if months and months <= document["use"]["months"]:
        layers += marked_across(months, f"pays after {significant(months)} months")
    body = {
        "encoding": {
            "x": {
                "field": "month",
                "type": "quantitative",
                "title": "months from the purchase",
                "scale": {"nice": False},
                "axis": {"grid": False},
            },
            "y": {"field": "usd", "type": "quantitative", "title": "USD spent until then"},
            "color": {
                "field": "way",
                "type": "nominal",
                "title": None,
                "scale": _WAYS,
                "legend": {"symbolType": "stroke", "symbolSize": 300},
            },
        },
        "layer": layers,
    }
    return chart(
        "Rent or own over the months",
        f"USD spent until the end of each month: {name(document['rent']['label'])} rented, "
        f"{name(document['own']['label'])} owned, and owned if the machine is sold in that month.",
        rows,
        body,
    )


_WAYS = {"domain": [RENT, OWN, SOLD], "range": [HUES[0], HUES[1], HUES[2]]}
_DASHES = {"domain": [RENT, OWN, SOLD], "range": [[1, 0], [1, 0], [5, 4]]}


def _use(document: Row) -> Spec:
    rows = [
        {**entry, "pays": "never" if (months := entry["break_even_months"]) is None else f"{number(1)(months)} months"}
        for entry in document["use_curve"]
    ]
    use = document["use"]["hours_per_month"]
    body = {
        "encoding": {
            "x": {
                "field": "hours_per_month",
                "type": "quantitative",
                "title": "hours of use a month",
                "scale": {"nice": False, "domainMin": 0},
                "axis": {"grid": False},
            },
            "y": {"field": "margin_usd", "type": "quantitative", "title": "USD by which owning is cheaper"},
        },
        "layer": [
            axis_line({"y": {"datum": 0}}, x=None),
            {
                "mark": {"type": "line", "color": HUES[1], "strokeWidth": 2.5, "tooltip": False},
            },
            {
                "mark": {"type": "point", "color": HUES[1]},
                "encoding": {
                    "tooltip": [
                        shown_in("hours_per_month", "hours a month", ",.0f"),
                        shown_in("utilisation", "of the month", ".0%"),
                        shown_in("margin_usd", "USD by which owning is cheaper", ",.0f"),
                        shown_in("pays", "pays after"),
                    ]
                },
            },
            *marked_across(use, f"planned: {significant(use)} h"),
        ],
    }
    return chart(
        "Rent or own over use",
        f"How many USD owning is cheaper over {document['use']['months']:g} months, by hours of use a month; below zero "
        "renting is cheaper.",
        rows,
        body,
    )


def _sensitivity(document: Row) -> Spec:
    rows = list(_swings(document))
    body = {
        "height": 44 * len(document["sensitivity"]),
        "encoding": {
            "y": {
                "field": "row",
                "type": "nominal",
                "sort": list(dict.fromkeys(row["row"] for row in rows)),
                "axis": None,
            }
        },
        "layer": [
            axis_line({"x": {"datum": 0}}, y=None),
            {
                "mark": {"type": "bar", "height": {"band": 0.4}, "yOffset": 9},
                "encoding": {
                    "x": {"field": "base", "type": "quantitative", "title": "USD by which owning is cheaper"},
                    "x2": {"field": "margin"},
                    "color": {
                        "field": "end",
                        "type": "nominal",
                        "title": "assumption at its",
                        "scale": {"domain": ["low end", "high end"], "range": [HUES[0], HUES[1]]},
                    },
                    "tooltip": [
                        shown_in("row", "assumption"),
                        shown_in("value", "value"),
                        shown_in("margin", "USD by which owning is cheaper", ",.0f"),
                        shown_in("flips", "verdict"),
                    ],
                },
            },
            *over_bars("row", "datum.end === 'low end'", limit={"expr": "width - 116"}),
            {
                "transform": [{"filter": "datum.end === 'low end'"}],
                "mark": {**ABOVE_BARS, "align": "right", "dx": -4, "color": QUIET},
                "encoding": {"x": {"value": "width"}, "text": {"field": "flips"}},
            },
        ],
    }
    return chart(
        "What the verdict hangs on",
        "How many USD owning is cheaper when one assumption moves from its low to its high end and all others stay; "
        "below zero renting is cheaper. At the right: the value at which the verdict turns.",
        rows,
        body,
    )


def _swings(document: Row) -> Iterator[Row]:
    for order, entry in enumerate(document["sensitivity"]):
        ends = (
            ("low end", entry["low"], entry["margin_low_usd"]),
            ("high end", entry["high"], entry["margin_high_usd"]),
        )
        flips = "never turns" if entry["flips_at"] is None else f"turns at {quantity(entry['flips_at'], entry)}"
        for end, value, margin in ends:
            yield {
                "order": order,
                "row": f"{entry['name']}: {quantity(entry['low'], entry)} to {quantity(entry['high'], entry, unit=True)}",
                "end": end,
                "value": quantity(value, entry, unit=True),
                "base": document["margin_usd"],
                "margin": margin,
                "flips": flips,
            }


def quantity(value: float, entry: Row, *, unit: bool = False) -> str:
    """A value of an assumption: 30%, 1,450 USD."""
    if entry["unit"] == "of price":
        return f"{value:.0%}" + (" of the price" if unit else "")
    text = significant(value) if abs(value) > 1e-9 * abs(entry["base"]) else "0"  # as good as nothing
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return short + (f" {entry['unit']}" if unit else "")


def _cost_items(document: Row) -> Spec:
    rent, own = document["rent"], document["own"]
    sides = (
        (f"rent: {name(rent['label'])}", rent["usd_total"], [("rent", rent["usd_total"])]),
        (f"own: {name(own['label'])}", own["usd_total"], [(name(item["name"]), item["usd"]) for item in own["items"]]),
    )
    rows = [
        {"side": side, "total": f"{number(0)(total)} USD", "order": order, "item": item, "usd": usd}
        for side, total, items in sides
        for order, (item, usd) in enumerate(items)
    ]
    body = {
        "height": 56 * len(sides),
        "encoding": {
            "y": {
                "field": "side",
                "type": "nominal",
                "sort": list(dict.fromkeys(row["side"] for row in rows)),
                "axis": None,
            }
        },
        "layer": [
            axis_line({"x": {"datum": 0}}, y=None),
            {
                "mark": {"type": "bar", "height": {"band": 0.45}, "yOffset": 10},
                "encoding": {
                    "x": {"field": "usd", "type": "quantitative", "stack": "zero", "title": "USD over the horizon"},
                    "color": {
                        "field": "item",
                        "type": "nominal",
                        "sort": None,
                        "title": None,
                        "legend": {"columns": by_width(2, 3, 4), "labelLimit": by_width(120, 140, 200)},
                    },
                    "order": {"field": "order", "type": "quantitative"},
                    "tooltip": [
                        shown_in("side", "way"),
                        shown_in("item", "item"),
                        shown_in("usd", "USD", ",.0f"),
                        shown_in("total", "in all"),
                    ],
                },
            },
            *over_bars("side", "datum.order === 0", limit={"expr": "width - 100"}),
            {
                "transform": [{"filter": "datum.order === 0"}],
                "mark": {**ABOVE_BARS, "align": "right", "dx": -4, "color": QUIET},
                "encoding": {"x": {"value": "width"}, "text": {"field": "total"}},
            },
        ],
    }
    return chart(
        "Both bills",
        f"USD over {document['use']['months']:g} months by item; what the machine still fetches is below zero.",
        rows,
        body,
    )
