"""HTML that is escaped unless it was made here: text becomes markup only through `element`."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TypeAlias

from planner.render.listing import one_line, visible

LONGEST_TEXT = 600
"""Characters of one text; a price book may hold any amount, and a page must stay small."""


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Content: TypeAlias = "str | Markup | Iterable[Content] | None"

_VOID = {"meta", "link", "input", "br"}


def element(name: str, /, *content: Content, **attributes: str | bool | None) -> Markup:
    """An element; text in it is escaped, `None` left out, `class_` is the attribute class and `data_sort` data-sort."""
    opening = f"<{name}{''.join(_attributes(attributes))}>"
    return Markup(opening if name in _VOID else f"{opening}{joined(content)}</{name}>")


def joined(content: Content) -> Markup:
    """Several pieces one after another, each escaped unless it is markup."""
    if content is None:
        return Markup()
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return Markup(escape(one_line(content, LONGEST_TEXT)))
    return Markup("".join(joined(piece) for piece in content))


def _attributes(attributes: dict[str, str | bool | None]) -> Iterable[str]:
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        name = key.rstrip("_").replace("_", "-")
        yield f" {name}" if value is True else f' {name}="{escape(visible(value))}"'
