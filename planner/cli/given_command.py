"""The command line that gives the same answer, including options set by the environment or a file."""

from __future__ import annotations

import shlex
from datetime import datetime
from typing import Any

import click
from click.core import ParameterSource

_NOT_SHOWN = ("output",)


def given_command(ctx: click.Context) -> str:
    """The running command with every option that was given, as a line for a shell."""
    words = ctx.command_path.split()
    for param in ctx.command.params:
        name = param.name or ""
        if name in _NOT_SHOWN or ctx.get_parameter_source(name) is ParameterSource.DEFAULT:
            continue
        value = ctx.params.get(name)
        if isinstance(value, bool):
            words += [param.opts[0]] if value else param.secondary_opts[:1]
        elif isinstance(value, tuple):
            words += [word for one in value for word in (param.opts[0], _word(one))]
        elif value is not None:
            words += [param.opts[0], _word(value)]
    return shlex.join(words)


def _word(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
