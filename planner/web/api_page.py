"""The reference of the JSON API as a page of its own: the OpenAPI document, readable, from this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_KEYS = {
    "planner.estimate/1": (
        "schema workload as_of prices estimates left_out unpriced assumptions notes",
        "the document of `planner estimate --format json`",
    ),
    "planner.compare/1": (
        "schema as_of workload use rent own against alternatives break_even margin_usd verdict odds curve use_curve lines sensitivity ranking "
        "not_compared assumptions notes",
        "the document of `planner compare --format json`",
    ),
    "planner.recommend/1": (
        "schema workload as_of prices estimates near_misses sentences left_out unpriced assumptions notes",
        "the document of `planner recommend --format json`",
    ),
    "planner.fit/1": ("schema fits", "the document of `planner fit --format json`"),
    "planner.models/1": ("schema models", "names, aliases and arithmetic"),
    "planner.gpus/1": ("schema gpus", "specifications"),
    "planner.providers/1": ("schema providers", "newest price book and its age"),
}
_LISTS = frozenset(
    (
        *("prices", "estimates", "left_out", "unpriced", "assumptions", "notes"),
        *("alternatives", "curve", "use_curve", "lines", "sensitivity", "ranking", "not_compared"),
        *("near_misses", "sentences", "fits"),
        *("models", "gpus", "providers"),
    )
)
_TEXTS = frozenset(("schema", "as_of", "verdict"))


def document_schema(schema: str) -> dict[int | str, dict[str, Any]]:
    """The responses of an address for the OpenAPI document: keys of the answer, and the shape of errors."""
    keys, says = _KEYS[schema]
    properties: dict[str, Any] = {
        key: {"type": "array"}
        if key in _LISTS
        else {"type": "string"}
        if key in _TEXTS
        else {"type": "number"}
        if key.endswith("_usd")
        else {"type": ["object", "null"]}
        for key in keys.split()
    }
    properties["schema"] = {"const": schema}
    content = {"application/json": {"schema": {"type": "object", "required": keys.split(), "properties": properties}}}
    refused = {"application/json": {"schema": _ERROR}}
    return {
        200: {"description": f"{schema}: {says}", "content": content},
        400: {"description": "A parameter is unknown, or its value cannot be used.", "content": refused},
        422: {"description": "The question is understood and has no answer: no offer is left.", "content": refused},
        429: {"description": "Too many questions at once, or an answer that took too long.", "content": refused},
        503: {
            "description": "Price books that cannot be trusted.",
            "content": refused,
        },
    }


_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["type", "message"],
            "properties": {
                "type": {"type": "string"},
                "message": {"type": "string"},
                "parameter": {"type": "string"},
                "matches": {"type": "array", "items": {"type": "string"}},
            },
        }
    },
}


def api_page(openapi: Mapping[str, Any]) -> str:
    """The reference as HTML, made from the OpenAPI document."""
    info = openapi["info"]
    body = "\n".join(_operation(path, one["get"]) for path, one in openapi["paths"].items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>JSON API - {escape(info["title"])}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/page.css">
<link rel="stylesheet" href="/assets/api.css">
</head>
<body>
<header><h1>JSON API</h1><p>{escape(info["description"])}</p>
<p>The same as a document for programs: <a href="/openapi.json">/openapi.json</a>. <a href="/">Back to the page</a></p></header>
<main>
{body}
</main>
</body>
</html>
"""


def _operation(path: str, operation: Mapping[str, Any]) -> str:
    example = _EXAMPLES.get(path, path)
    answers = "".join(
        f"<li><b>{escape(str(code))}</b> {escape(one['description'])}</li>"
        for code, one in operation["responses"].items()
    )
    rows = "".join(_rows(operation.get("parameters", ())))
    table = (
        f'<div class="wide" tabindex="0" role="region" aria-label="Parameters of {escape(path)}"><table><thead><tr><th scope="col">parameter</th>'
        f'<th scope="col">value</th><th scope="col">meaning</th></tr></thead><tbody>{rows}</tbody></table></div>'
        if rows
        else ""
    )
    return (
        f"<section><h2><code>GET {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>"
        f'<p>Try: <a href="{escape(example)}">{escape(example)}</a></p>{table}<h3>Answers</h3><ul>{answers}</ul></section>'
    )


_EXAMPLES = {
    "/api/estimate": "/api/estimate?model=resnet50&epochs=90&gpu=A100&limit=5",
    "/api/recommend": "/api/recommend?model=resnet50&epochs=90&deadline=48h&budget=200",
    "/api/fit": "/api/fit?model=llama-3-8b&method=qlora&gpu=rtx-4090",
    "/api/compare": "/api/compare?model=resnet50&epochs=90&buy=rtx-4090&jobs_per_month=4",
}


def _rows(parameters: Any) -> Iterator[str]:
    # how an answer is written comes last
    for one in sorted(parameters, key=lambda one: bool(one["name"] == "format")):
        yield (
            f'<tr><th scope="row"><code>{escape(one["name"])}</code></th><td>{escape(_kind(one["schema"]))}</td>'
            f"<td>{escape(one.get('description', ''))}</td></tr>"
        )


def _kind(schema: Mapping[str, Any]) -> str:
    options = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    kind = str(options[0].get("type", "string"))
    if kind == "array":
        return f"{options[0]['items'].get('type', 'string')}, repeatable"
    return "date" if options[0].get("format") == "date" else kind
