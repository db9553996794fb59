"""Charts of every way to pay as a line, over the use of the machine and over the months, with the points where each turns."""

from __future__ import annotations

from collections.abc import Sequence

from planner.render.charts.parts import HUES, INK, Row, Spec, by_width, chart, name, shown_in
from planner.render.listing import significant
from planner.results.alternatives import way_title
from planner.units import HOURS_PER_MONTH


def ways_by_use(document: Row) -> Spec:
    """USD a month of every way to pay over the use of the machine: lines cross where one starts to pay."""
    planned = document["use"]["hours_per_month"]
    uses = [entry["hours_per_month"] for entry in document["use_curve"]]
    rows = [
        {"at": at, "way": title, "usd": usd}
        for title, _, line in _lines(document)
        for at, usd in zip(uses, line["usd_by_use"], strict=True)
    ]
    turns = [
        {
            "at": share * HOURS_PER_MONTH,
            "way": title,
            "usd": _between(share * HOURS_PER_MONTH, uses, line["usd_by_use"]),
        }
        for title, row, line in _lines(document)
        if (share := row["break_even_utilisation"]) and row["is_rented"]
    ]
    body = _every_way(rows, turns, x=("hours of use a month", "hours a month"), y="USD a month")
    body["layer"] += marked_across(planned, f"planned: {significant(planned)} h")
    return chart(
        "Every way to pay over use",
        f"USD a month, by hours of use a month: {_WHAT} Purchase and resale are included. A point: from there on "
        f"{name(document['own']['label'])} costs less than that rental.",
        rows,
        body,
    )


def ways_by_month(document: Row) -> Spec:
    """USD spent until each month by every way to pay: lines cross where a purchase has paid."""
    months = [month["month"] for month in document["curve"]]
    rows = [
        {"at": at, "way": title, "usd": usd}
        for title, _, line in _lines(document)
        for at, usd in zip(months, line["usd_by_month"], strict=True)
    ]
    turns = [
        {"at": at, "way": title, "usd": _between(at, months, line["usd_by_month"])}
        for title, row, line in _lines(document)
        if (at := line["turns_after_months"]) is not None and row["is_rented"]
    ]
    return chart(
        "Every way to pay over the months",
        f"USD spent until the end of each month: {_WHAT} What a machine would still fetch is not taken off. A point: from "
        f"there on {name(document['own']['label'])} has cost less than that rental.",
        rows,
        _every_way(rows, turns, x=("months", "after month"), y="USD spent until then"),
    )


_WHAT = "the cheapest machine of each way to rent for the planned work, and each machine owned."


def _lines(document: Row) -> list[tuple[str, Row, Row]]:
    """Title, record and line of each way to pay; the first of those with one title, and every machine by its name."""
    found: dict[str, tuple[str, Row, Row]] = {}
    for row, line in zip(document["alternatives"], document["lines"], strict=True):
        title = way_title(row) if row["is_rented"] else name(row["name"])
        found.setdefault(title, (title, row, line))
    return list(found.values())


def _between(at: float, places: Sequence[float], values: Sequence[float]) -> float:
    """The height of a line at a place between its points."""
    after = next((index for index, place in enumerate(places) if place >= at), len(places) - 1)
    before = max(0, after - 1)
    width = places[after] - places[before]
    share = (at - places[before]) / width if width else 0.0
    return values[before] + min(1.0, share) * (values[after] - values[before])


def _every_way(rows: Sequence[Row], turns: Sequence[Row], *, x: tuple[str, str], y: str) -> Spec:
    """Lines over a quantity, one for each way to pay, with a point where each turns."""
    titles = list(dict.fromkeys(row["way"] for row in rows))
    tooltip = [shown_in("way", "way"), shown_in("at", x[1], ",.4"), shown_in("usd", y, ",.0f")]
    dashes = {"domain": titles, "range": [[1, 0] if at < len(HUES) else [6, 3] for at in range(len(titles))]}
    turning = {
        "data": {"values": list(turns)},
        "mark": {"type": "point", "size": 110},
        "encoding": {"tooltip": tooltip},
    }
    return {
        "encoding": {
            "x": {
                "field": "at",
                "type": "quantitative",
                "title": x[0],
                "scale": {"nice": False, "domainMin": 0},
                "axis": {"grid": False},
            },
            "y": {"field": "usd", "type": "quantitative", "title": y},
            "color": {
                "field": "way",
                "type": "nominal",
                "title": None,
                "scale": {"domain": titles, "range": [HUES[at % len(HUES)] for at in range(len(titles))]},
                "legend": {"symbolType": "stroke", "symbolSize": 300, "columns": by_width(1, 2, 4), "labelLimit": 180},
            },
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2.5, "tooltip": False},
                "encoding": {"strokeDash": {"field": "way", "type": "nominal", "scale": dashes, "title": None}},
            },
            {"mark": {"type": "point", "size": 90, "opacity": 0}, "encoding": {"tooltip": tooltip}},
            *([turning] if turns else []),  # Vega warns of a layer that draws nothing
        ],
    }


def marked_across(across: float, text: str) -> list[Spec]:
    """A line down the chart with words beside it."""
    data, x = {"values": [{"at": across, "says": text}]}, {"field": "at", "type": "quantitative"}
    return [
        {"data": data, "mark": _DASHED, "encoding": {"x": x, "y": None, "color": None}},
        {
            "data": data,
            "mark": {
                "type": "text",
                "align": {"expr": "scale('x', datum.at) > width / 2 ? 'right' : 'left'"},
                "dx": {"expr": "scale('x', datum.at) > width / 2 ? -6 : 6"},
                "baseline": "top",
                "tooltip": False,
            },
            "encoding": {"x": x, "y": {"value": 2}, "color": None, "text": {"field": "says"}},
        },
    ]


_DASHED = {"type": "rule", "color": INK, "strokeDash": [5, 4], "strokeWidth": 1.5, "tooltip": False}
