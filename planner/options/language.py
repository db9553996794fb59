"""The arguments of a language model's run, of which most are usually left open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from planner.options.declared import filled
from planner.options.language_arguments import LanguageArguments


def language_arguments(given: Mapping[str, Any]) -> LanguageArguments:
    """Every argument of a language model's run: those given, checked, and `None` for the rest.

    Raises:
        UnknownNameError: an argument is not one of them.
        UsageError: a value is of a wrong type or out of range.
    """
    return cast("LanguageArguments", filled(LanguageArguments, given))
