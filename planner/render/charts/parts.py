"""Parts that all charts share: frame, axes, colours, and names made safe to show.

Colours are written as `var(--chart-...)`, which a page sets in its style sheet (`web/page.css`) for light and dark; a
picture gets those of the light theme, see `planner.render.charts.images`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from planner.render.listing import one_line

Spec = dict[str, Any]
Row = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"

LONGEST_NAME = 80
"""Characters of a name in a chart; what is longer ends in an ellipsis."""

HUES = tuple(f"var(--chart-{number})" for number in range(1, 9))
"""Eight colours that people who do not see all of them can tell apart, in the order in which they are given out."""

INK, QUIET, LINE, GRID = (f"var(--chart-{name})" for name in ("ink", "quiet", "line", "grid"))

CLOSE = 1.2
"""Largest over smallest value up to which a logarithmic axis is made longer than its values."""

ABOVE_BARS = {"type": "text", "baseline": "middle", "dy": -12, "tooltip": False}
"""A name over its bar, not beside it: so it is read whole on a narrow screen."""


def chart(title: str, says: str, rows: Sequence[Row], body: Spec) -> Spec:
    """A specification as wide as its place: `title` above, `says` the sentence below it and for who cannot see it."""
    return {
        "$schema": SCHEMA,
        "title": {"text": title, "subtitle": says},
        "description": f"{title}. {says}",
        "data": {"values": list(rows)},
        "width": "container",
        "height": 340,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": config(),
        **body,
    }


def about(charts: Mapping[str, Spec], *lines: str) -> dict[str, Spec]:
    """The charts, each with lines on what it is of, which a picture carries: a page says them above all its charts."""
    said = [one_line(line) for line in lines if line]
    return {name: {**spec, "usermeta": {"about": said}} for name, spec in charts.items()}


def config() -> Spec:
    """Type, axes, legends and colours of every chart."""
    text = {"labelColor": QUIET, "titleColor": QUIET, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 500}
    return {
        "background": None,
        "font": "system-ui, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif",
        "aria": False,  # the page says it in words, and in a table
        "mark": {"aria": False},
        "padding": 4,
        "view": {"stroke": None},
        "axis": {
            **text,
            "aria": False,
            "domainColor": LINE,
            "tickColor": LINE,
            "gridColor": GRID,
            "labelOverlap": "greedy",
            "labelSeparation": 6,
            "titlePadding": 8,
        },
        "axisX": {"tickCount": {"expr": "ceil(width / 90)"}},
        "legend": {
            **text,
            "aria": False,
            "orient": "top",
            "direction": "horizontal",
            "offset": 12,
            "symbolOpacity": 1,
            "columnPadding": 14,
            "layout": {"top": {"margin": 24, "direction": "horizontal"}},
            **_SYMBOLS,
        },
        "title": {
            "color": INK,
            "fontSize": 16,
            "subtitleColor": QUIET,
            "subtitleFontSize": 12,
            "anchor": "start",
            "offset": 14,
        },
        "range": {"category": list(HUES)},
        "text": {"color": INK, "fontSize": 12},
        "point": {"filled": True, "opacity": 1, "size": 60},
    }


_SYMBOLS = {"symbolBaseFillColor": QUIET, "symbolBaseStrokeColor": QUIET}


def name(text: object, longest: int = LONGEST_NAME) -> str:
    """A name as a chart or page shows it: control and direction characters visible, not longer than `longest`."""
    return one_line(str(text), longest)


def what(row: Row, longest: int = LONGEST_NAME) -> str:
    """GPUs of a row in a few characters: 2 x 8x a100-80gb-sxm."""
    together = f"{row['node_count']} x " if row["node_count"] > 1 else ""
    return f"{together}{row['gpu_count']:g}x {name(row['gpu'], longest)}"


def place(row: Row, longest: int = LONGEST_NAME) -> str:
    """Provider and zone, or region."""
    return f"{name(row['provider'], longest)} {name(row['zone'] or row['region'], longest)}"


def log_or_linear(values: Sequence[float]) -> Spec:
    """A logarithmic scale, or a linear one where a value is not above zero and a logarithm cannot show it."""
    if values and min(values) > 0:
        if max(values) < CLOSE * min(values):  # no room for numbers that differ: show more than there is
            return {"type": "log", "nice": False, "domain": [min(values) / CLOSE, max(values) * CLOSE]}
        return {"type": "log", "nice": False, "padding": 12}
    return {"type": "linear", "zero": True, "padding": 12}


def scale_words(scale: Spec) -> str:
    """The words that an axis title adds for a logarithmic scale; empty for a linear one."""
    return ", log scale" if scale["type"] == "log" else ""


def shown_in(field: str, title: str, form: str | None = None) -> Spec:
    """One line of a tooltip."""
    return {"field": field, "title": title, **({"format": form, "type": "quantitative"} if form else {})}


def over_bars(text: str, of: str, **mark: object) -> list[Spec]:
    """A layer that writes words over each bar, with paper around them where lines cross; `of` filters the rows."""
    base = {**ABOVE_BARS, "align": "left", "dx": 5, **mark}
    encoding = {"x": {"value": 0}, "text": {"field": text}}
    halo = {**base, "stroke": "var(--chart-paper)", "strokeWidth": 5, "strokeJoin": "round"}
    return [{"transform": [{"filter": of}], "mark": mark, "encoding": encoding} for mark in (halo, base)]


def axis_line(across: Spec, **others: object) -> Spec:
    """A thin line over the whole chart where `across` says."""
    return {
        "mark": {"type": "rule", "color": LINE, "strokeWidth": 1.5, "tooltip": False},
        "encoding": {**across, **others},
    }


def by_width(on_phone: object, in_half: object, in_whole: object) -> Spec:
    """One value on a phone, another on half and on the whole width of a page."""
    return {"expr": f"width < 420 ? {on_phone} : width < 700 ? {in_half} : {in_whole}"}


BY_WIDTH = r'\{"expr": "width < 420 \? [^"{}]*? : width < 700 \? [^"{}]*? : ([^"{}]*?)"\}'
"""Such a choice in JSON; its first group is the value on the whole width."""


@cache
def light_colours() -> dict[str, str]:
    """Colours of the light theme by their name in the style sheet, for example `chart-1`."""
    sheet = files("planner.render").joinpath("web/page.css").read_text(encoding="utf-8")
    light = sheet.split("}", 1)[0]  # the first block of the sheet
    return dict(re.findall(r"--(chart-[a-z0-9]+):\s*(#[0-9a-f]{6})", light))
