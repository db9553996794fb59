"""Options that all commands share (`--quiet`, `--verbose`, `--no-config`, `--help-all`), and the note on settings files."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from planner.cli.options import option, write_notes

if TYPE_CHECKING:
    from planner.cli.settings import Setting

_STRENGTH = {ParameterSource.DEFAULT_MAP: 1, ParameterSource.ENVIRONMENT: 2, ParameterSource.COMMANDLINE: 3}
"""Which of two opposite settings counts; a file gives way to the environment, and both to what is typed."""


def common_options(function: Any) -> Any:
    """The options of all commands; they work by the context of the run, not as arguments of the function."""
    for add in reversed(_OPTIONS):
        function = add(function)
    return function


def equipped(command: click.Command) -> click.Command:
    """The command, and every one below it, with the options and the habits that all commands share."""
    if isinstance(command, click.Group):
        for one in command.commands.values():
            equipped(one)
    elif command.callback is not None and not hasattr(command.callback, "shares_habits"):
        command.params += [param for param in _common_params() if param.name not in {p.name for p in command.params}]
        command.callback = _with_habits(command.callback)
    return command


def settings_used() -> tuple[str, ...]:
    """Lines that name this run's options from settings files, one a file; empty after the first call."""
    ctx = click.get_current_context()
    settings: dict[str, dict[str, Setting]] = ctx.meta.pop("planner.settings", {})
    files: dict[str, list[str]] = {}
    for name, setting in settings.get(ctx.command_path.partition(" ")[2], {}).items():
        if ctx.get_parameter_source(name) is ParameterSource.DEFAULT_MAP:
            files.setdefault(setting.file.shown, []).append(setting.key)
    return tuple(f"Defaults from {file}: {', '.join(keys)}" for file, keys in files.items())


def renewing_command() -> str:
    """The command that brings newer prices: from a published source if one is set, else from the clouds."""
    settings = click.get_current_context().find_root().default_map or {}
    pull = settings.get("prices", {}).get("pull", {})
    return (
        "planner prices pull" if os.environ.get("PLANNER_PRICES_URL") or pull.get("prices_url") else "planner refresh"
    )


def _with_habits(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def call(*arguments: Any, **options: Any) -> Any:
        ctx = click.get_current_context()
        ctx.ensure_object(dict)["command"] = ctx.command  # of a group too: the one that runs
        if "verbose" == ctx.meta.get("planner.talk"):
            from planner.cli.verbose import report_settings  # noqa: PLC0415 - only where somebody asks for it

            report_settings(ctx)
        try:
            return callback(*arguments, **options)
        finally:  # also under an error: what a file has set may be its cause
            if lines := settings_used():
                write_notes(lines)

    call.shares_habits = True  # type: ignore[attr-defined]  # commands are made once, and may be asked for twice
    return call


def _common_params() -> list[click.Parameter]:
    # on a command, not a function, each decorator adds its option at the end
    return common_options(click.Command("-")).params[::-1]  # type: ignore[no-any-return]  # takes both


def _say(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    """Sets how much is written to standard error; the command line wins over the environment, and that over a file."""
    if not value or ctx.resilient_parsing:
        return
    name = str(param.name)
    strength = _STRENGTH.get(ctx.get_parameter_source(name) or ParameterSource.DEFAULT, 0)
    said = ctx.meta.setdefault("planner.said", {})
    said[name] = max(strength, said.get(name, 0))
    quiet, verbose = said.get("quiet", 0), said.get("verbose", 0)
    if quiet == verbose:
        raise click.UsageError("--quiet and --verbose exclude each other: leave one out.", ctx)
    ctx.meta["planner.talk"] = "quiet" if quiet > verbose else "verbose"
    if verbose > quiet:
        from planner.cli.verbose import watch  # noqa: PLC0415 - only where somebody asks for it

        watch()


def _tell_all(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    """Shows the whole help, and ends."""
    if value and not ctx.resilient_parsing:
        from planner.cli.help_page import FULL  # noqa: PLC0415 - only where somebody asks for it

        ctx.meta[FULL] = True
        click.echo(ctx.get_help())
        ctx.exit()


_OPTIONS = (
    option("--quiet", is_flag=True, expose_value=False, callback=_say, help="No notes on standard error; only errors."),
    option(
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_say,
        help="Also files, settings and times, on standard error. Which files are read, settings and their origin, what took how long.",
    ),
    option("--no-config", is_flag=True, expose_value=False, help="Read no settings files (planner.toml)."),
    click.option(
        "--help-all",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_tell_all,
        help="Show all about each option and exit.",
    ),
)
