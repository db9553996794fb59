"""Names of options in settings files, and in messages at a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

import click

from planner.errors import Spelling, as_option, spelled

T = TypeVar("T")


def spelling_of(command: click.Command | None, typed: Iterable[str] = ()) -> Spelling:
    """How a command's options spell the names of arguments: `gpus` is `--gpu`; what it does not have, as an option would be.

    Of several spellings it is the one among the words typed, else the first.
    """
    words = {word.partition("=")[0] for word in typed}
    spelled: dict[str, str] = {}
    for param in [] if command is None else command.params:
        opts = [opt for opt in param.opts if opt.startswith("--")]
        if opts and isinstance(param, click.Option):
            spelled[str(param.name)] = next((opt for opt in opts if opt in words), opts[0])
    return lambda name: spelled.get(name) or as_option(name)


def in_options(result: T) -> T:
    """A result whose sentences name the options of the command that runs."""
    return spelled(result, spelling_of(click.get_current_context().command))


def setting_name(param: click.Parameter) -> str:
    """The name of an option without its dashes, as in a settings file: `max_price_age`."""
    names = [name for name in param.opts if name.startswith("--")]
    return names[0].removeprefix("--").replace("-", "_") if names else str(param.name)


def variable_of(param: click.Parameter) -> str:
    """The environment variable that sets an option: the one that is set, else its first; empty if it has none."""
    names = variables_of(param)
    return next((name for name in names if os.environ.get(name)), names[0] if names else "")


def variables_of(param: click.Parameter) -> tuple[str, ...]:
    """Every environment variable that may set an option."""
    return (param.envvar,) if isinstance(param.envvar, str) else tuple(param.envvar or ())
