"""One spelling for one name: `East US` is `eastus`, as the book has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from planner.hardware.tables import read_columns


def region_names(provider: str) -> Mapping[str, str]:
    """The region that a name for people stands for: `US East (N. Virginia)` is `us-east-1`."""
    rows = read_columns("region_names.csv", "provider", "region", "name")
    return {name: region for one, region, name in rows if one == provider}


class Spellings:
    """Names in the spelling that was seen first: letters, digits and their order tell them apart, nothing else.

    Args:
        names: known spellings.
        others: names of quite another kind, and what each stands for.
    """

    def __init__(self, names: Iterable[str], others: Mapping[str, str] | None = None) -> None:
        self._first: dict[str, str] = {}
        for name in names:
            self.of(name)
        for name, meant in (others or {}).items():
            self._first.setdefault(_letters(name), self.of(meant))

    def of(self, name: str) -> str:
        """The first spelling of that name."""
        name = name.strip()
        return self._first.setdefault(_letters(name), name)


def _letters(name: str) -> str:
    # "1" and "-1" are one name, "a-1" and "a1" too; a name without letters and digits stands for itself
    return re.sub(r"[\W_]+", "", name).lower() or name
