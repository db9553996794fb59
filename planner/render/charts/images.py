"""Charts as SVG and PNG files, for slides and papers."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from planner.errors import UsageError
from planner.render.charts.parts import BY_WIDTH, Spec, light_colours
from planner.render.output_files import write_output

SUFFIXES = (".svg", ".png")
WIDTH = 760
"""Pixels across: fits a slide, and text stays readable in a column of a paper."""

SCALE = 2.0
"""Pixels of a PNG per pixel of the drawing."""


def write_charts(charts: Mapping[str, Spec], file: Path) -> list[Path]:
    """Write the chart that the file's name ends in, or else every chart beside it; returns what was written.

    `run-time-cost.svg` is the chart `time-cost`; `run.svg` becomes `run-time-cost.svg`, `run-cost-items.svg` ...

    Raises:
        UsageError: the name does not end in .svg or .png, or the extra `report` is not installed.
        OutputError: the place cannot be written.
    """
    if file.suffix.lower() not in SUFFIXES:
        raise UsageError(
            "{charts} {file}: a chart is written as .svg or .png, for example run.svg.",
            argument="charts",
            file=str(file),
        )
    named = [name for name in charts if file.stem == name or file.stem.endswith(f"-{name}")]
    places = dict.fromkeys(named[:1], file) or {name: file.with_stem(f"{file.stem}-{name}") for name in charts}
    for name, place in places.items():
        write_output(place, chart_image(charts[name], file.suffix.lower()))
    return list(places.values())


def chart_image(spec: Spec, suffix: str) -> bytes:
    """The chart as the bytes of an `.svg` or `.png`, in the light theme.

    Raises:
        UsageError: the extra `report` is not installed.
    """
    drawn = picture_spec(spec)
    engine = chart_engine()
    if suffix == ".svg":
        return str(engine.vegalite_to_svg(drawn)).encode()
    return bytes(engine.vegalite_to_png(drawn, scale=SCALE))


def picture_spec(spec: Spec) -> Spec:
    """The specification with a width of its own, the colours of the light theme, and what it is of below its title."""
    text = json.dumps({**spec, "width": WIDTH, "background": "var(--chart-paper)", "padding": 16})
    text = re.sub(BY_WIDTH, r"\1", text)  # a picture has one width, and room for a legend is counted before it is drawn
    for name, colour in light_colours().items():
        text = text.replace(f"var(--{name})", colour)
    drawn: Spec = json.loads(text)
    says = [drawn["title"]["subtitle"], *drawn.pop("usermeta", {}).get("about", [])]
    drawn["title"]["subtitle"] = [line for text in says for line in textwrap.wrap(text, 120)]
    return drawn


def chart_engine() -> Any:
    """The library that draws Vega-Lite without a browser and holds the JavaScript of Vega.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import vl_convert  # noqa: PLC0415 - 30 MB, and only reports need it
    except ModuleNotFoundError as error:
        if error.name != "vl_convert":
            raise
        raise UsageError("Reports and charts need the extra report: pip install 'gpu-cost-planner[report]'") from error
    return vl_convert
