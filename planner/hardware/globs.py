"""Globs of the shipped tables."""

from __future__ import annotations

import fnmatch


def matches(text: str, pattern: str) -> bool:
    """Whether a glob matches the whole text, as `fnmatch.fnmatchcase` has it.

    Most globs are a name or its beginning, which need no compiling: that takes longer than all else that tables are asked.

    >>> matches("usgovvirginia", "usgov*"), matches("VM.GPU3.1", "BM.*")
    (True, False)
    """
    start, star, rest = pattern.partition("*")
    if rest or "?" in start or "[" in start:
        return fnmatch.fnmatchcase(text, pattern)
    return text.startswith(start) if star else text == start
