"""The `planner` command: finds the command's module, runs it, and turns errors into messages and exit codes."""

from __future__ import annotations

import gc
import importlib
import os
import re
import sys
from contextlib import suppress
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from planner.cli.common import common_options, equipped
from planner.cli.names import spelling_of
from planner.cli.options import tell
from planner.cli.process import INTERRUPTED, end_if_signalled, leave_at_once, on_the_way_out, open_streams
from planner.cli.settings_places import present_files
from planner.errors import PlannerError

LONGEST_WORD = 1000
"""Characters of a word in a message: no address or path has more."""

COMMANDS = {
    "calibrate": "planner.cli.calibrate:calibrate",
    "compare": "planner.cli.compare:compare",
    "config": "planner.cli.config:config",
    "estimate": "planner.cli.estimate:estimate",
    "export": "planner.cli.export:export",
    "fit": "planner.cli.fit:fit",
    "gpus": "planner.cli.lookups:gpus",
    "mcp": "planner.cli.mcp:mcp",
    "measure": "planner.cli.measure:measure",
    "models": "planner.cli.lookups:models",
    "prices": "planner.cli.prices:prices",
    "providers": "planner.cli.lookups:providers",
    "recommend": "planner.cli.recommend:recommend",
    "sweep": "planner.cli.sweep:sweep",
    "refresh": "planner.cli.refresh:refresh",
    "serve": "planner.cli.serve:serve",
    "throughput": "planner.cli.lookups:throughput",
    "validate": "planner.cli.validate:validate",
}
"""Each command and where it lives; a module is imported when its command runs."""

SUMMARIES = {
    "calibrate": "The speed of your own run, learnt from its log files.",
    "compare": "Rent or buy: break-even, items, what flips the verdict.",
    "config": "Settings in force and where they come from.",
    "estimate": "Time and cost of a training run on every offer.",
    "export": "A row of the estimate as a file for SkyPilot, dstack, Kubernetes or Terraform.",
    "fit": "Memory of a model on a GPU, and what makes it fit.",
    "gpus": "Specifications of GPUs.",
    "mcp": "The same questions as tools for agents and editors.",
    "measure": "The speed of a training on this machine, by a short run of it.",
    "models": "Models and what is known of them.",
    "prices": "Price books: list, history, diff, verify, prune, pull, publish.",
    "providers": "Providers, their billing rules and newest prices.",
    "recommend": "The best way within a deadline and a budget.",
    "sweep": "The best offer for every job of a file.",
    "refresh": "New price books from the clouds or from saved files.",
    "serve": "A local page and JSON API.",
    "throughput": "Measured training throughput.",
    "validate": "How far predictions are off, recomputed from the shipped rows.",
}


class _LazyGroup(click.Group):
    """A group whose commands are imported only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name]} is not a click command")
        return equipped(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from planner.errors import UnknownNameError  # noqa: PLC0415

            raise UnknownNameError("command", args[0], COMMANDS, "planner --help")
        name, command, rest = super().resolve_command(ctx, args)
        ctx.ensure_object(dict)["command"] = command
        if name is not None and command is not None and not (ctx.resilient_parsing or _is_without_files(ctx, rest)):
            from planner.cli.defaults import set_defaults  # noqa: PLC0415 - only where there is a settings file

            set_defaults(ctx, self, name, command)
        return name, command, rest

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        # the same for the tab key: click would import every command to ask whether it is hidden
        from planner.cli.completion import command_items  # noqa: PLC0415 - only where somebody presses it

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return list(command_items(SUMMARIES, incomplete))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # short texts are kept here: help must not import every command
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUMMARIES[name]) for name in sorted(COMMANDS)])


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.option("--debug", is_flag=True, envvar="PLANNER_DEBUG", help="Show the traceback of an error.")
@common_options
@click.version_option(package_name="gpu-cost-planner", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, *, debug: bool) -> None:
    """How long a training run takes and what it costs on every GPU you could rent.

    \b
    Example: planner estimate --model resnet50 --epochs 90
    """
    ctx.ensure_object(dict)["debug"] = debug
    if ctx.invoked_subcommand is None:
        from planner.cli.welcome import WELCOME  # noqa: PLC0415 - only where nothing is asked

        click.echo(WELCOME, nl=False)


def _is_without_files(ctx: click.Context, arguments: list[str]) -> bool:
    """Whether settings files are unwanted or absent; `--no-config` may also stand after the command."""
    unwanted = "--no-config" in arguments or ctx.get_parameter_source("no_config") not in (
        None,
        ParameterSource.DEFAULT,
    )
    return unwanted or present_files() == (None, None)


def run() -> NoReturn:
    """Run the command line and exit: 0 good, 1 our error, 2 usage, 3 a limit that cannot be met, 130 interrupted, 143 ended."""
    open_streams()
    if "_PLANNER_COMPLETE" in os.environ:
        from planner.cli.completion import register  # noqa: PLC0415 - only where somebody presses the tab key

        register()
    debug = "--debug" in sys.argv or bool(os.environ.get("PLANNER_DEBUG"))
    run_of: dict[str, Any] = {}  # what the contexts of this run know, the command that runs among it
    try:
        result = cli.main(standalone_mode=False, prog_name="planner", obj=run_of)
        sys.stdout.flush()
    except Exception as error:  # the one place where errors, and bugs, become messages
        if debug:
            raise
        end_if_signalled(tell)
        code = _tell(error, run_of.get("command"))
        if code == INTERRUPTED:
            leave_at_once(code)
        _leave(code)
    _leave(result if isinstance(result, int) else 0)


def _tell(error: Exception, command: click.Command | None) -> int:
    """Say what went wrong on standard error, in the options of the command; returns the exit code."""
    if isinstance(error, BrokenPipeError):
        return 1  # the reader left (| head): nothing to say, and nobody to say it to
    if isinstance(error, click.exceptions.Abort):
        message, code = "Interrupted.", INTERRUPTED
    elif isinstance(error, click.ClickException):
        if isinstance(error, click.NoSuchOption):
            from planner.cli.unknown_option import unknown_option  # noqa: PLC0415 - only on the way out

            error = unknown_option(error, sys.argv[1:])
        vars(error)["message"] = with_short_words(error.message)
        with suppress(OSError):  # nobody reads it
            error.show()
        return error.exit_code
    elif isinstance(error, PlannerError):
        message, code = error.spelled(spelling_of(command, sys.argv[1:])), error.exit_code
    elif isinstance(error, OSError):
        where = f" {error.filename}" if error.filename else ""
        message, code = f"The system refused{where}: {error.strerror or error}.", 1
    else:
        message = f"This is a bug in planner: {error!r}. Run `planner --debug ...` and report what it prints."
        code = 1
    from planner.render.listing import visible  # noqa: PLC0415 - needed only on the way out

    tell(f"Error: {with_short_words(visible(message))}")
    return code


def with_short_words(message: str) -> str:
    """The message with the middle of giant words left out: a value of 5,000 digits would hide what is said of it."""
    return re.sub(rf"\S{{{LONGEST_WORD},}}", lambda word: f"{word[0][:200]}...{word[0][-20:]}", message)


def _leave(code: int) -> NoReturn:
    end_if_signalled(tell)
    # what is still in a buffer cannot be written any more if the reader is gone or the disk is full
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    on_the_way_out()
    gc.freeze()  # nothing is searched for cycles on the way out
    sys.exit(code)
