"""Options of commands, made from their declarations."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from planner.cli.file_path import FilePath
from planner.cli.options import completed, option
from planner.options.declared import Declared, declared


def declared_options(
    home: type,
    *,
    without: Collection[str] = (),
    only: Collection[str] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Callable[[Any], Any]:
    """Decorator of a command's function: every option of the declaration, in its order, by its name in Python.

    Args:
        home: the declaration.
        without: arguments that the command sets itself.
        only: the arguments it takes, if not all.
        defaults: defaults that only the command line has.
    """
    kept = [
        one
        for one in declared(home).values()
        if one.option.is_typed and one.name not in without and (only is None or one.name in only)
    ]

    def decorate(function: Any) -> Any:
        for one in reversed(kept):
            function = _click_option(one, (defaults or {}).get(one.name, one.default))(function)
        return function

    return decorate


class GroupedCommand(click.Command):
    """A command whose `--help` lists its options by subject.

    Args:
        groups: declarations, in the order of their headings.
        arguments: those of `click.Command`.
    """

    def __init__(self, *arguments: Any, groups: Iterable[type] = (), **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.groups = tuple(groups)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of each group under its heading."""
        from planner.cli.help_page import write_options  # noqa: PLC0415 - only where somebody asks for it

        write_options(ctx, formatter, self.groups)


def verb(name: str | None = None, *, groups: Iterable[type] = ()) -> Callable[[Any], click.Command]:
    """Decorator that makes a command of a function; `groups` are the declarations of its options."""
    return click.command(
        name,
        cls=GroupedCommand,
        groups=groups,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    )


def dashed(name: str) -> str:
    """An argument as it is typed: `max_hours` is `--max-hours`."""
    return "--" + name.replace("_", "-")


class Word(click.ParamType[Any]):
    """What an option takes, read by its declaration: a text becomes the value that its kind of amount or word has."""

    def __init__(self, one: Declared) -> None:
        self.one = one
        self.name = "text" if one.reader is None else one.reader.metavar.lower()

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value; of an option that takes several a tuple, for a text may hold more than one."""
        if not isinstance(value, str):
            return value
        return tuple(self.one.read_several(value)) if self.one.is_list else self.one.read(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """What stands for the value in `--help`."""
        return self.name.upper()

    def split_envvar_value(self, rv: str) -> list[str]:
        """The values of an environment variable: parted by `,` or `;` where there is one, else by blanks."""
        return [rv] if any(mark in rv for mark in ",;") else rv.split()


class _Option(click.Option):
    """An option whose every value may hold several."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """The values of all texts, one after the other."""
        found: Any = super().type_cast_value(ctx, value)
        if not self.multiple or not isinstance(self.type, Word):
            return found
        return tuple(one for part in found or () for one in (part if isinstance(part, tuple) else (part,)))


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
    kind = FilePath() if Path in one.kinds else Word(one)
    if one.option.known:
        settings["shell_complete"] = completed
    return option(*names, one.name, cls=_Option, type=kind, metavar=one.option.metavar, **settings)
