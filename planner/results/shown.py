"""The base of results that show themselves in a notebook."""

from __future__ import annotations

import importlib
from typing import Any


class ShownInNotebooks:
    """Base of results: a table in a notebook, the text of the command line in a console of IPython.

    The module that draws them is found by its name: it imports the results, and they must not import it.
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        """The result as HTML, as a notebook asks for it."""
        return str(_notebook().html_of(self))

    def __init_subclass__(cls) -> None:
        """Give each result its own `_repr_pretty_`: IPython takes a class's own `__repr__` before one that is inherited."""
        super().__init_subclass__()
        cls._repr_pretty_ = _pretty  # type: ignore[attr-defined]  # a name that only IPython asks for


def _pretty(self: ShownInNotebooks, printer: Any, _is_cycle: bool) -> None:  # noqa: FBT001 - IPython calls it so
    """Prints the result as plain text, as a console of IPython asks for it."""
    printer.text(_notebook().plain_text(self).rstrip())


def _notebook() -> Any:
    return importlib.import_module("planner.render.notebook")
