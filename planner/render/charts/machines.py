"""What time against cost draws beside the rows shown: every other machine, the front of all, the picks, the best by name."""

from __future__ import annotations

from collections.abc import Sequence

from planner.render.charts.parts import INK, Row, Spec, name, place, shown_in, what
from planner.render.listing import number, significant
from planner.results.words import basis_text
from planner.units import hours

MOST = 1200
"""Machines drawn; of more, those of least time and money: a page stays small."""

LONGEST = 40
"""Characters of each name of a machine."""


def other_machines(machines: Sequence[Row], estimates: Sequence[Row], per_usd: float) -> list[Row]:
    """The points of the machines that are no row shown, at most `MOST`, in the order of time by money.

    Args:
        machines: `planner.results.machines.machine_records`.
        estimates: the rows shown.
        per_usd: what amounts are multiplied by.
    """
    shown = {_figures(row) for row in estimates}
    others = [row for row in machines if _figures(row) not in shown]
    best = {id(row) for key in ("seconds", "usd") if others for row in (min(others, key=lambda one: one[key]),)}
    others.sort(key=lambda row: (id(row) not in best, row["seconds"] * row["usd"], row["seconds"]))
    return [_point(row, per_usd) for row in others[:MOST]]


def _figures(row: Row) -> tuple[object, ...]:
    return tuple(
        row[key] for key in ("provider", "instance_type", "gpu_count", "node_count", "purchase", "seconds", "usd")
    )


def _point(row: Row, per_usd: float) -> Row:
    return {
        **_named(row),
        "basis": basis_text(row["basis"]),
        "hours": float(f"{hours(row['seconds']):.6g}"),
        "usd": float(f"{row['usd'] * per_usd:.6g}"),
    }


def _named(row: Row) -> Row:
    return {
        "title": f"{what(row, LONGEST)}, {place(row, LONGEST)}",
        "instance": name(row["instance_type"], LONGEST),
        "purchase": name(row["purchase"]).replace("_", " "),
    }


def picked_points(picks: Sequence[Row], per_usd: float) -> list[Row]:
    """A ring for each pick, where its own bill puts it."""
    return [
        {
            "pick": f"{pick['number']}: {pick['pick']}, {pick['market'].replace('_', ' ')}",
            **_named(pick["estimate"]),
            "hours": hours(pick["estimate"]["seconds"]),
            "usd": pick["estimate"]["usd"] * per_usd,
        }
        for pick in picks
    ]


def fastest_and_cheapest(points: Sequence[Row]) -> tuple[Row, Row]:
    """The fastest point and the cheapest, ties to the other figure."""
    return (
        min(points, key=lambda row: (row["hours"], row["usd"])),
        min(points, key=lambda row: (row["usd"], row["hours"])),
    )


def best_text(points: Sequence[Row], code: str) -> str:
    """The sentence that names the fastest and the cheapest of all points."""
    fastest, cheapest = fastest_and_cheapest(points)
    if fastest is cheapest:
        return f"Fastest and cheapest of all: {_says(fastest, code)}."
    return f"Fastest of all: {_says(fastest, code)}; cheapest: {_says(cheapest, code)}."


def _says(row: Row, code: str) -> str:
    return f"{_bare(row)} ({significant(row['hours'])} h, {number(2)(row['usd'])} {code})"


def _bare(row: Row) -> str:
    """The title without the rank that rows of the table have before it."""
    return str(row["title"]).removeprefix(f"{row['rank']}: " if "rank" in row else "")


def front_layer(points: Sequence[Row]) -> Spec:
    """The stepped line through all that no other point beats in time without costing more."""
    front: list[Row] = []
    for row in sorted(points, key=lambda row: (row["hours"], row["usd"])):
        if not front or row["usd"] < front[-1]["usd"]:
            front.append({"hours": row["hours"], "usd": row["usd"]})
    return {
        "data": {"values": front},
        "mark": {"type": "line", "interpolate": "step-after", "color": INK, "strokeWidth": 1.5, "tooltip": False},
        "encoding": {"order": {"field": "hours", "type": "quantitative"}},
    }


def machines_layer(others: Sequence[Row], code: str) -> Spec:
    """The small points of the machines that are no row of the table."""
    return {
        "data": {"values": list(others)},
        "mark": {"type": "point", "size": 22},
        "encoding": {
            "color": {"field": "purchase", "type": "nominal", "legend": None},
            "opacity": {"condition": {"param": "bought", "value": 0.5}, "value": 0.06},
            "tooltip": [
                shown_in("title", "machine, at its cheapest"),
                shown_in("instance", "instance"),
                shown_in("purchase", "purchase"),
                shown_in("hours", "hours", ",.4"),
                shown_in("usd", code, ",.2f"),
                shown_in("basis", "throughput"),
            ],
        },
    }


def picks_layer(picks: Sequence[Row], code: str) -> Spec:
    """The rings around the picks."""
    return {
        "data": {"values": list(picks)},
        "mark": {"type": "point", "size": 230, "filled": False, "color": INK, "strokeWidth": 1.75},
        "encoding": {
            "tooltip": [
                shown_in("pick", "pick"),
                shown_in("title", "machine"),
                shown_in("instance", "instance"),
                shown_in("purchase", "purchase"),
                shown_in("hours", "hours", ",.4"),
                shown_in("usd", code, ",.2f"),
            ]
        },
    }


def names_layers(points: Sequence[Row]) -> list[Spec]:
    """The names of the fastest and of the cheapest beside their points, with paper around them."""
    fastest, cheapest = fastest_and_cheapest(points)
    words = (
        [("fastest and cheapest", fastest)] if fastest is cheapest else [("fastest", fastest), ("cheapest", cheapest)]
    )
    rows = [{"hours": row["hours"], "usd": row["usd"], "says": f"{word}: {_bare(row)}"} for word, row in words]
    base = {
        "type": "text",
        "dy": {"expr": "scale('y', datum.usd) > height - 28 ? -18 : 18"},
        "dx": {"expr": "scale('x', datum.hours) > width / 2 ? 6 : -6"},
        "align": {"expr": "scale('x', datum.hours) > width / 2 ? 'right' : 'left'"},
        "limit": {"expr": "width - 16"},
        "tooltip": False,
    }
    halo = {**base, "stroke": "var(--chart-paper)", "strokeWidth": 4, "strokeJoin": "round"}
    encoding = {"text": {"field": "says"}}
    return [{"data": {"values": rows}, "mark": mark, "encoding": encoding} for mark in (halo, {**base, "color": INK})]
