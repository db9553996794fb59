"""Options and output shared by the commands."""

from __future__ import annotations

import functools
import math
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar, cast

import click
from click.core import ParameterSource

from planner.cli.file_path import FilePath, OutputFile
from planner.errors import OutputError, UsageError
from planner.render.listing import FORMATS, Listing, rendered, visible
from planner.render.output_files import write_output

if TYPE_CHECKING:
    from planner.cost.currency import Currency

_F = TypeVar("_F", bound=Callable[..., Any])


def option(name: str, *others: str, **settings: Any) -> Callable[[_F], _F]:
    """A click option whose every spelling is also an environment variable, `PLANNER_<NAME>`."""
    typed = [one for one in (name, *others) if one.startswith("--")]
    variables = ["PLANNER_" + one.removeprefix("--").partition("/")[0].replace("-", "_").upper() for one in typed]
    if settings.get("type") in (None, str) and not settings.get("is_flag"):
        settings.setdefault("shell_complete", completed)
    return click.option(name, *others, envvar=variables, **settings)


class Amount(click.FloatRange):
    """A number in a range; what is not a number, or has no end, is in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{number} is not a finite number.", param, ctx)
        return float(number)


def completed(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """The values that the shell offers for an option or argument."""
    from planner.cli.completion import candidates  # noqa: PLC0415 - only where somebody presses the tab key

    return list(candidates(ctx, param, incomplete))


def output_options(function: _F) -> _F:
    """`--format` and `--output`, the same for every listing."""
    return output_options_with()(function)


def output_options_with(*more_forms: str, also_endings: Collection[str] = ()) -> Callable[[_F], _F]:
    """`--format` and `--output` of a command that also writes other formats, or files that no format stands for."""
    return lambda function: _with_output_options(function, (*FORMATS, *more_forms), also_endings)


def chart_option(function: _F) -> _F:
    """`--chart`: for commands whose result has charts."""
    return option(
        "--chart",
        "charts",
        multiple=True,
        type=OutputFile(),
        help="Charts as pictures, FILE.svg or FILE.png. See docs/reports.md. Repeatable.",
    )(function)


def output_option(function: _F) -> _F:
    """`--output`: a file to write to, in a folder that is there."""
    return option(
        "--output",
        type=OutputFile(),
        help="Write to this file, .csv, .json, .md ... Its ending says the format.",
    )(function)


def _with_output_options(function: _F, forms: Sequence[str], also_endings: Collection[str]) -> _F:
    @functools.wraps(function)
    def call(*arguments: Any, form: str, output: Path | None, **options: Any) -> Any:
        form = _form_of(form, output, forms, also_endings)
        return function(*arguments, form=form, output=output, **options)

    return option(
        "--format",
        "form",
        type=click.Choice(forms, case_sensitive=False),
        default="table",
        show_default=True,
        metavar="FORMAT",
        help=f"{', '.join(forms[:-1])} or {forms[-1]}. How the result is written.",
    )(output_option(cast("_F", call)))


def _form_of(form: str, output: Path | None, forms: Sequence[str], also_endings: Collection[str]) -> str:
    """The format that is typed, or else the one that the ending of the file says.

    Raises:
        UsageError: both are typed and differ, or the command has no such format.
    """
    ending = "" if output is None else output.suffix.lower()
    wanted = ENDINGS.get(ending)
    if wanted is None or ending in also_endings:
        return form
    is_typed = click.get_current_context().get_parameter_source("form") is ParameterSource.COMMANDLINE
    if is_typed and form not in wanted:
        raise UsageError(
            "{output} {file} is {wanted} by its ending, and {form} says {given}. Leave one out.",
            argument="output",
            file=str(output),
            wanted=wanted[0],
            given=form,
        )
    if not set(wanted) & set(forms):
        raise UsageError(
            "{output} {file}: {wanted} is not written here. Formats: {forms}.",
            argument="output",
            file=str(output),
            wanted=wanted[0],
            forms=", ".join(forms),
        )
    return form if is_typed else wanted[0]


ENDINGS = {
    ".csv": ("csv",), ".json": ("json",), ".md": ("markdown", "github"), ".markdown": ("markdown", "github"),
    ".html": ("html",), ".htm": ("html",),
    ".parquet": ("parquet",), ".xlsx": ("xlsx",), ".pdf": ("pdf",), ".svg": ("svg",), ".png": ("png",),
}  # fmt: skip
"""The formats that the ending of a file says; that the last ones are written nowhere is better told than a wrong file."""


def is_quiet() -> bool:
    """Whether the user wants no notes."""
    ctx = click.get_current_context(silent=True)
    return ctx is not None and ctx.meta.get("planner.talk") == "quiet"


def is_verbose() -> bool:
    """Whether the user wants notes and assumptions in full."""
    ctx = click.get_current_context(silent=True)
    return ctx is not None and ctx.meta.get("planner.talk") == "verbose"


def is_given(name: str) -> bool:
    """Whether an option of the command was typed, or set by the environment or a settings file."""
    return click.get_current_context().get_parameter_source(name) is not ParameterSource.DEFAULT


def is_flat() -> bool:
    """Whether rows are numbered by their rank among all, not by their place on the first screen."""
    return any(is_given(name) for name in ("limit", "sort", "every_offer"))


def chosen_currency(code: str | None) -> Currency | None:
    """The currency of that code with its rate; `None` for USD."""
    if code is None or code.upper() == "USD":
        return None
    from planner.cost.currency import currency  # noqa: PLC0415 - only where somebody asks for it

    return currency(code)


def data_dir_option(function: _F) -> _F:
    """`--data-dir`: where the user's own snapshots lie."""
    return option(
        "--data-dir",
        type=FilePath(),
        help="Folder of your own price snapshots. Default: the platform's data folder.",
    )(function)


def write_listing(listing: Listing, form: str, output: Path | None) -> None:
    """Write a listing in the chosen format to standard output or a file."""
    write_result(rendered(listing, form, width=screen_width(output)), output)


def screen_width(output: Path | None) -> int | None:
    """Columns of the terminal that the result goes to; `None` if it goes to a file or a pipe, which get every column of a table."""
    if output is not None or not sys.stdout.isatty():
        return None
    return _columns(sys.stdout)


def text_width(output: Path | None) -> int | None:
    """Columns for what is written as a screen of text: of the terminal, in a pipe as `COLUMNS` states; else `None`."""
    return screen_width(output) or (_stated_columns() if output is None else None)


def write_result(text: str, output: Path | None) -> None:
    """Write data to standard output, or to what `--output` names: a file is there whole or not at all.

    Raises:
        OutputError: the place cannot be written.
    """
    if output is not None:
        write_output(output, text.encode(errors="backslashreplace"))
        return
    try:
        if _is_utf8_alone(text):
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode(errors="backslashreplace"))
        else:
            click.echo(text, nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"Cannot write the result: {error.strerror}.") from error


def _is_utf8_alone(text: str) -> bool:
    """Whether a text says that it is UTF-8, or has characters that the encoding of standard output lacks."""
    if text.startswith("<!doctype html"):
        return True
    try:
        text.encode(sys.stdout.encoding or "utf-8", sys.stdout.errors or "strict")
    except (UnicodeError, LookupError):
        return True
    return False


def write_notes(lines: Iterable[str]) -> None:
    """Write notes to standard error, after the data, unless `--quiet`; long lines are folded for a terminal."""
    if not is_quiet():
        write_problems(lines)


def write_problems(lines: Iterable[str]) -> None:
    """Write what went wrong to standard error, quiet or not; nothing for no lines."""
    lines = [visible(line) for line in lines]
    if not lines:
        return
    if sys.stderr.isatty():
        width = _columns(sys.stderr)
        lines = [_folded(line, width) for line in lines]
    tell("\n".join(lines))


def tell(text: str) -> None:
    """Write to standard error, or to nobody where that is full or closed: the result and the exit code stand."""
    with suppress(OSError):
        click.echo(text, err=True)


def _folded(line: str, width: int) -> str:
    import textwrap  # noqa: PLC0415 - only terminals need it

    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(line, width, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True)


def _columns(stream: TextIO) -> int:
    # some terminals (of `script`, of a build server) report no width at all
    return _stated_columns() or os.get_terminal_size(stream.fileno()).columns or 120


def _stated_columns() -> int | None:
    """The columns that the variable `COLUMNS` states; `None` where it states no number of one to four digits above 0."""
    stated = os.environ.get("COLUMNS", "")
    return int(stated) or None if re.fullmatch("[0-9]{1,4}", stated) else None
