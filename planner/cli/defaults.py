"""Hands what settings files say to click, as defaults of the command that runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import click

from planner.cli.settings import Setting, read_files, settings_of


def set_defaults(ctx: click.Context, group: click.Group, name: str, command: click.Command) -> None:
    """Make the settings files that are there the defaults of this command; `ctx` is that of `planner` itself.

    Raises:
        DataError: a file holds what it must not hold.
    """
    settings = settings_of(name, dict(full_names(name, command)), read_files(), EveryCommand(ctx, group))
    ctx.default_map = default_map(settings)
    ctx.meta["planner.settings"] = settings


def full_names(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command by its name, or all commands below it by theirs."""
    if isinstance(command, click.Group):
        for below, one in command.commands.items():
            yield from full_names(f"{name} {below}", one)
    else:
        yield name, command


def default_map(settings: dict[str, dict[str, Setting]]) -> dict[str, Any]:
    """The settings in the nested form that click looks defaults up in."""
    found: dict[str, Any] = {}
    for name, values in settings.items():
        place = found
        for word in name.split(" "):
            place = place.setdefault(word, {})
        place.update({key: setting.value for key, setting in values.items()})
    return found


@dataclass
class EveryCommand:
    """All commands of a group; they are loaded when somebody asks for them."""

    ctx: click.Context
    group: click.Group

    @property
    def words(self) -> list[str]:
        """First words of all commands."""
        return self.group.list_commands(self.ctx)

    def loaded(self) -> dict[str, click.Command]:
        """All commands by their full names."""
        return self._loaded

    @cached_property
    def _loaded(self) -> dict[str, click.Command]:
        found: dict[str, click.Command] = {}
        for word in self.words:
            command = self.group.get_command(self.ctx, word)
            if command is not None:
                found.update(full_names(word, command))
        return found
