"""How an argument is declared: its meaning, its range and its other spellings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from planner.options.readers import Reader

UNSET: Final = object()
"""The default of an option that has none of its own: `None`, or nothing for a list."""


class Option:
    """The declaration of an argument, beside its type: help, range, known names, spellings.

    Args:
        help: what it means, with unit; `{name}` stands for another argument, spelled as where it is read.
        default: what counts where nothing is given.
        low: smallest value that may be given.
        above: the value must be larger than that.
        high: largest value that may be given.
        known: list of names that its texts are from, for completion and tests: `gpus`, `providers` ...
        spellings: names on the command line and in a page's address, the first one first; by default its own name.
        advice: says, of a value that is too large, what may be meant.
        read: the kind of amount that a text states, at every door; by default as its type has it.
        metavar: what stands for the value in `--help`, where the kind of amount does not say it.
        is_rare: stands last in `--help`: few need it.
        is_file: names a file or folder: not for pages and agents.
        is_typed: whether the command line has it; what only Python has, has another spelling there.
    """

    __slots__ = (
        "above",
        "advice",
        "default",
        "help",
        "high",
        "is_file",
        "is_rare",
        "is_typed",
        "known",
        "low",
        "metavar",
        "read",
        "spellings",
    )

    def __init__(
        self,
        help: str,  # noqa: A002 - what click calls it
        *,
        default: Any = UNSET,
        low: float | None = None,
        above: float | None = None,
        high: float | None = None,
        known: str = "",
        spellings: tuple[str, ...] = (),
        advice: Callable[[float], str] | None = None,
        read: Reader | None = None,
        metavar: str | None = None,
        is_file: bool = False,
        is_rare: bool = False,
        is_typed: bool = True,
    ) -> None:
        self.help = help
        self.default = default
        self.low = low
        self.above = above
        self.high = high
        self.known = known
        self.spellings = spellings
        self.advice = advice
        self.read = read
        self.metavar = metavar
        self.is_file = is_file
        self.is_rare = is_rare
        self.is_typed = is_typed


class Same:
    """Marks a second name of an argument; its value is moved to the first name before anything is computed."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def brief(text: str) -> str:
    """The first sentence of a help text, without its stop."""
    text = re.split(r" (?:Default:|Repeatable)", text)[0]
    found = re.match(r"(.*?[^.])\.(?:\s|$)", text, re.DOTALL)
    return found[1] if found else text
