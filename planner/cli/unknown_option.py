"""The message for an option that a command does not have: what may be meant, and which other command has it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import click

_MEANT = {
    "--utilization": ("--overhead-factor", "--measured"),
    "--utilisation": ("--overhead-factor", "--measured"),
    "--mfu": ("--overhead-factor", "--measured"),
    "--efficiency": ("--overhead-factor", "--measured"),
}
"""What people may mean where the option of that name belongs to another command or to none: how fast their code is."""
_NEAR = 0.75
"""Likeness of two names from which one is taken for the other misspelt."""


def unknown_option(error: click.NoSuchOption, typed: Sequence[str]) -> click.UsageError:
    """The error with a better suggestion than likeness alone: what is required and missing, what is meant, who has it.

    Args:
        error: as click raised it.
        typed: the words of the command line.
    """
    name, ctx = error.option_name, error.ctx
    if ctx is None:
        return error
    own = {opt: param for param in ctx.command.params for opt in (*param.opts, *param.secondary_opts)}
    near = [opt for opt in own if opt.startswith("--") and difflib.SequenceMatcher(None, name, opt).ratio() >= _NEAR]
    meant = [opt for opt in _MEANT.get(name, ()) if opt in own]
    missing = [
        param.opts[0]
        for param in ctx.command.params
        if isinstance(param, click.Option) and param.required and not set(param.opts) & set(typed)
    ]
    owners = [] if near or missing else _owners(name, ctx)
    said = f"No such option {name!r}."
    if owners:
        said += f" It is one of planner {' and planner '.join(owners)}."
    suggestions = meant or sorted(near, key=lambda opt: (opt not in missing, opt)) or missing
    if suggestions:
        said += f" Did you mean {' or '.join(suggestions)}?"
    return click.UsageError(said, ctx)


def _owners(name: str, ctx: click.Context) -> list[str]:
    """The commands that have an option of that name, three at most."""
    root = ctx.find_root()
    if not isinstance(root.command, click.Group):
        return []
    found = []
    for one in root.command.list_commands(root):
        command = root.command.get_command(root, one)
        if command is not None and any(name in param.opts for param in command.params):
            found.append(one)
    return found[:3]
