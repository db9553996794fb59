"""Notebooks as pages of the documentation site, with the outputs they were saved with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def notebook_page(text: str, name: str) -> str:
    """Markdown of a notebook: its text, its code, and below each piece of code what it printed, showed or drew.

    Args:
        text: the notebook as it is stored (nbformat 4).
        name: its file, offered for download below the title.
    """
    cells = json.loads(text)["cells"]
    title, *rest = _text(cells[0]["source"]).split("\n", 1)
    parts = [title, f"[{name}]({name}) is this page as a notebook.", *rest]
    for cell in cells[1:]:
        source = _text(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif cell["cell_type"] == "code":
            parts.append(f"```python\n{source}\n```")
            parts += [shown for output in cell["outputs"] for shown in _output(output)]
    return "\n\n".join(parts) + "\n"


def _output(output: dict[str, Any]) -> Iterator[str]:
    if output["output_type"] == "stream":
        yield f"```text\n{_text(output['text']).rstrip()}\n```"
        return
    data = output.get("data", {})
    if "image/png" in data:
        picture = _text(data["image/png"]).replace("\n", "")
        yield f'<p><img src="data:image/png;base64,{picture}" alt="The plot that the code above draws."></p>'
    elif "text/html" in data:
        # one line: a blank one would end the block in Markdown
        yield f'<div class="notebook-output">{" ".join(_text(data["text/html"]).split())}</div>'
    elif "text/plain" in data:
        yield f"```text\n{_text(data['text/plain'])}\n```"


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)
