"""The base of results that show themselves, at the prompt of Python and in a notebook."""

from __future__ import annotations

import importlib
from typing import Any


class ShownInNotebooks:
    """Base of results: its first lines at the prompt, a table in a notebook, the command's text in a console of IPython.

    The module that draws them is found by its name: it imports the results, and they must not import it.
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        """The result as HTML, as a notebook asks for it."""
        return str(_notebook().html_of(self))

    def __init_subclass__(cls) -> None:
        """Give each result its own methods: that of all records would come before an inherited `__repr__`, as IPython sees it."""
        super().__init_subclass__()
        cls.__repr__ = _first_lines  # type: ignore[method-assign,assignment]  # its own, as said above
        cls._repr_pretty_ = _pretty  # type: ignore[attr-defined]  # a name that only IPython asks for


def _first_lines(self: ShownInNotebooks) -> str:
    """What Python's prompt prints: the answer and the rows that it speaks of, not every field of every record."""
    return str(_notebook().first_lines(self).rstrip())


def _pretty(self: ShownInNotebooks, printer: Any, _is_cycle: bool) -> None:  # noqa: FBT001 - IPython calls it so
    """Prints the result as plain text, as a console of IPython asks for it."""
    printer.text(_notebook().plain_text(self).rstrip())


def _notebook() -> Any:
    return importlib.import_module("planner.render.notebook")
