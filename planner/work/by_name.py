"""Models by name alone: for whoever asks from elsewhere, and must not have files read or looked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.language.listed import find_language_model
from planner.options.declared import declared
from planner.options.language_arguments import LanguageArguments
from planner.work.listed import known_model
from planner.work.planned import OWN_FIGURES
from planner.work.tree_tools import tree_tool
from planner.work.unknown import unknown_model


def refuse_files(arguments: Mapping[str, Any], see: str) -> None:
    """Refuses a model that is neither a known name nor the label of own figures: elsewhere it may name a file.

    Args:
        arguments: those that are given, by their names in Python.
        see: where the names are listed.

    Raises:
        UnknownNameError: the same words whether there is such a file or not.
    """
    name = arguments.get("model")
    is_own = any(arguments.get(figure) for figure in OWN_FIGURES)
    if (
        name is None
        or tree_tool(name) is not None
        or (is_own and not declared(LanguageArguments).keys() & arguments.keys())
    ):
        return
    if known_model(name) is None and find_language_model(name) is None:
        raise unknown_model(name, see=see)
