"""How options are called in settings files, and how messages call them at a terminal."""

from __future__ import annotations

import click

from planner.errors import Spelling, as_option


def spelling_of(command: click.Command | None) -> Spelling:
    """How a command's options spell the names of arguments: `gpus` is `--gpu`; what it does not have, as an option would be."""
    params = [] if command is None else command.params
    spelled = {
        str(param.name): " or ".join(opt for opt in param.opts if opt.startswith("--"))
        for param in params
        if isinstance(param, click.Option)
    }
    return lambda name: spelled.get(name) or as_option(name)


def setting_name(param: click.Parameter) -> str:
    """How an option is called without its dashes, as in a settings file: `max_price_age`."""
    names = [name for name in param.opts if name.startswith("--")]
    return names[0].removeprefix("--").replace("-", "_") if names else str(param.name)
