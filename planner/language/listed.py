"""Language models by name: the shipped table of shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from planner.hardware.tables import read_table
from planner.model.language_models import LanguageModel


def find_language_model(name: str) -> LanguageModel | None:
    """The model of the shipped table by name, alias or repository; `None` if there is none.

    `Qwen/Qwen2.5-7B-Instruct` is `qwen2.5-7b`: a chat model has the shape of its base. A folder of that name is not
    meant by it.
    """
    keys = {_normalised(name)}
    if name.count("/") == 1 and not Path(name).exists():
        keys.add(_normalised(name.partition("/")[2]))
    keys |= {re.sub(_CHAT, "", key) for key in keys}
    for model in load_language_models().values():
        if not keys.isdisjoint(map(_normalised, (model.name, *model.aliases))):
            return model
    return None


@cache
def load_language_models() -> Mapping[str, LanguageModel]:
    """Every model of the shipped table by its name, in the order of the file."""
    return read_table("language_models.csv", LanguageModel, lambda model: model.name)


_CHAT = r"-(instruct|chat|it|base|hf|pt)(?=-|$)"
"""What repositories add to the name of a model without changing its shape."""


def _normalised(name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-").removeprefix("meta-")
