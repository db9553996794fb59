"""The error for a model that nobody has heard of: close names, why some are not planned, and what to give instead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from planner.errors import Message, UnknownNameError, UsageError
from planner.hardware.tables import read_columns
from planner.language.listed import language_names
from planner.outside.files import opened
from planner.paths import is_there
from planner.work.tree_tools import tree_names


def no_model(text: str, *, see: str = "planner models") -> UsageError:
    """The error for a text that names neither a model nor a file of one: what is the matter with the file, or the unknown name."""
    if not text.lower().endswith(_FILES) and not text.startswith(_PLACES):
        return unknown_model(text, see=see)
    return UsageError(_OF_FILES, argument="model", path=text, why=_of_file(Path(text)))


def _of_file(path: Path) -> str:
    """Why no model is read from what lies there."""
    if not is_there(path):
        return "No such file or directory"
    try:
        opened(path).close()
    except IsADirectoryError:
        return "it is a folder without a config.json"
    except OSError as error:
        return str(error.strerror)
    return "it is no config.json"


def unknown_model(name: str, *, see: str = "planner models") -> UnknownNameError:
    """The error for that name, with close matches among all models and how a model that is not listed is described."""
    networks = [
        one for name, aliases in read_columns("models.csv", "name", "aliases") for one in (name, *aliases.split())
    ]
    known = [*networks, *language_names(), *tree_names()]
    return UnknownNameError("model", name, known, Message(_INSTEAD, see=see), why=_why(name))


def is_no_network(name: str) -> bool:
    """Whether the name of a user's own model says that it is no network: trees, vectors or the like, which no rule carries to another device."""
    kinds = " ".join(
        kinds for kinds, is_network in read_columns("unplanned_models.csv", "kinds", "is_network") if is_network == "no"
    )
    return _holds(name, (*kinds.split(), *tree_names()))


def _why(name: str) -> str:
    """Why no model of this kind is planned by name; empty where nothing is known about the kind."""
    for kinds, reason in read_columns("unplanned_models.csv", "kinds", "reason"):
        if _holds(name, kinds.split()):
            return f" {reason}"
    return ""


def _holds(name: str, kinds: Iterable[str]) -> bool:
    words = re.sub(r"[^a-z0-9.]+", "-", name.lower())
    return any(re.search(rf"(^|-){re.escape(kind)}(?![a-z])", words) for kind in kinds)


_FILES = (".toml", ".json", ".yaml", ".yml", ".txt", ".csv", ".safetensors", ".pt", ".gguf")
_PLACES = ("/", "./", "../", "~")
_OF_FILES = (
    "Cannot read the model file {path}: {why}. {model} takes a name, or the config.json of a language model; {model_file} a TOML "
    "file of figures."
)

_INSTEAD = (
    "{see}. A model that is not listed: of a language model its config.json as {model}, or {params}, {layers}, {hidden}, "
    "{heads} and {vocab}; of any other {gmacs_per_sample} and {params_millions}, or {measured} GPU=SAMPLES_PER_SECOND of a short run"
)
