"""One spelling for one name: `East US` is `eastus`, as the book has it."""

from __future__ import annotations

import re
from collections.abc import Iterable


class Spellings:
    """Names in the spelling that was seen first: letters, digits and their order tell them apart, nothing else."""

    def __init__(self, names: Iterable[str]) -> None:
        self._first: dict[str, str] = {}
        for name in names:
            self.of(name)

    def of(self, name: str) -> str:
        """The first spelling of that name."""
        name = name.strip()
        # "1" and "-1" are one name, "a-1" and "a1" too; a name without letters and digits stands for itself
        return self._first.setdefault(re.sub(r"[\W_]+", "", name).lower() or name, name)
