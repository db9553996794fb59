"""Options of commands, made from their declarations."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from planner.cli.options import option
from planner.options.declared import Declared, declared


def declared_options(
    home: type, *, without: Collection[str] = (), defaults: Mapping[str, Any] | None = None
) -> Callable[[Any], Any]:
    """Decorator of a command's function: every option of the declaration, in its order, by its name in Python.

    Args:
        home: the declaration.
        without: arguments that the command sets itself.
        defaults: defaults that only the command line has.
    """
    kept = [one for one in declared(home).values() if one.option.is_typed and one.name not in without]

    def decorate(function: Any) -> Any:
        for one in reversed(kept):
            function = _click_option(one, (defaults or {}).get(one.name, one.default))(function)
        return function

    return decorate


class GroupedCommand(click.Command):
    """A command whose `--help` lists its options by subject; what no declaration has comes last.

    Args:
        groups: declarations, in the order of their headings.
        arguments: those of `click.Command`.
    """

    def __init__(self, *arguments: Any, groups: Iterable[type] = (), **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.groups = tuple(groups)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of each group under its heading."""
        left = {
            str(param.name): record
            for param in self.get_params(ctx)
            if (record := param.get_help_record(ctx)) is not None
        }
        sections = []
        for group in self.groups:
            records = [left.pop(name) for name in declared(group) if name in left]
            sections.append(((group.__doc__ or "").partition(":")[0], records))
        sections.append(("Output and settings" if self.groups else "Options", list(left.values())))
        for heading, records in sections:
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


def dashed(name: str) -> str:
    """An argument as it is typed: `max_hours` is `--max-hours`."""
    return "--" + name.replace("_", "-")


def _click_option(one: Declared, default: Any) -> Callable[[Any], Any]:
    names = [dashed(spelling) for spelling in one.spellings]
    text = re.sub(r"\{(\w+)\}", lambda found: dashed(found[1]), one.option.help)
    settings: dict[str, Any] = {"help": text}
    if bool in one.kinds:
        if default or one.is_optional:  # which may be on in a file of settings
            names = [f"{name}/--no-{name[2:]}" for name in names]
        return option(*names, one.name, is_flag=True, default=default, show_default=bool(default), **settings)
    if one.is_list:
        settings["multiple"] = True
    elif default is not None:
        settings |= {"default": default, "show_default": True}
    return option(*names, one.name, type=_click_type(one), metavar=one.option.metavar, **settings)


def _click_type(one: Declared) -> Any:
    if one.option.read is not None:
        return one.option.read
    if Path in one.kinds:
        return click.Path(path_type=Path)
    if date in one.kinds:
        return _Day(["%Y-%m-%d"])
    return one.kinds[0]


class _Day(click.DateTime):
    """A day, YYYY-MM-DD."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text as a date."""
        return value if type(value) is date else super().convert(value, param, ctx).date()
