"""The frame of a report: head, security policy, style, scripts, and the figures its charts are drawn into."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from planner.model.frozen import dataclass
from planner.render.charts.parts import Spec
from planner.render.charts.vega import vega_script
from planner.render.report.markup import Content, Markup, element, joined

SCRIPTS = ("theme.js", "table.js", "charts.js", "report.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Title and content of a page without its frame, and the specifications of its charts."""

    title: str
    subtitle: str
    content: Content
    charts: dict[str, Spec]


def report_page(parts: Parts, *, skip_to: str, skip_text: str = "Skip to the table") -> str:
    """The whole file of a report; whoever uses a keyboard can skip to the place `skip_to`.

    Raises:
        UsageError: the extra `report` is not installed.
    """
    return page(
        parts.title,
        element("a", skip_text, class_="skip", href=skip_to),
        top(parts.title, element("p", parts.subtitle, class_="quiet")),
        element("main", parts.content),
        charts=parts.charts,
    )


def page(title: str, *content: Content, charts: Mapping[str, Spec]) -> str:
    """The whole file: `content` is its body, `charts` are drawn into its figures by name.

    The policy lets nothing run but the scripts written here, by their checksum, and nothing be fetched.
    """
    scripts, style = [vega_script(), *map(web_file, SCRIPTS)], web_file("page.css")
    policy = (
        f"default-src 'none'; script-src {' '.join(map(_checksum, scripts))}; style-src {_checksum(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=Markup(policy)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        Markup(f"<style>{style}</style>"),
    )
    data = Markup(f'<script type="application/json" id="chart-specs">{safe_json(charts)}</script>')
    code = [Markup(f"<script>{script}</script>\n") for script in scripts]
    body = element("body", content, data, code)
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


@cache
def web_file(name: str) -> str:
    """One of our own style sheets or scripts, by its name in `planner/render/web`."""
    return files("planner.render").joinpath("web", name).read_text(encoding="utf-8")


def safe_json(value: object) -> str:
    """JSON that can lie in a script element: no character of it can end the element or a line of code."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def figure(name: str, spec: Spec, numbers: Content, *, is_whole: bool = False) -> Markup:
    """A figure for a chart: heading, sentence, place to draw and numbers as text; alone on its line if whole."""
    return element(
        "figure",
        element("figcaption", element("h3", spec["title"]["text"]), element("p", spec["title"]["subtitle"])),
        element("div", class_="drawing", data_chart=name),
        element("div", numbers, class_="tools"),
        class_="chart whole" if is_whole else "chart",
        id=f"chart-{name}",
    )


def section(heading: str, *content: Content, id_: str | None = None) -> Markup:
    """A part of the page with a heading of the second level; nothing if there is no content."""
    inner = joined(content)
    return element("section", element("h2", heading), inner, id=id_) if inner else Markup()


def listed(lines: Sequence[Content], *, ordered: bool = False, id_prefix: str | None = None) -> Markup:
    """A list; with `id_prefix` its entries can be pointed at by number. Nothing without lines."""
    if not lines:
        return Markup()
    entries = [
        element("li", line, id=f"{id_prefix}-{index}" if id_prefix else None)
        for index, line in enumerate(lines, start=1)
    ]
    return element("ol" if ordered else "ul", entries)


def top(title: str, *below: Content) -> Markup:
    """The head of the page: title, what stands below it, and the button for the theme."""
    return element(
        "header",
        element("div", element("h1", title), below),
        element("button", "Dark theme", type="button", class_="theme", hidden=True),
        class_="top",
    )


def _checksum(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
