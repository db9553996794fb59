"""The pages of `--help`: options in named groups, one line each, those that few need last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from planner.cli.names import variables_of
from planner.options.declared import Declared, declared
from planner.options.option import brief

OUTPUT, RARE = "Output", "Seldom needed"
FULL = "planner.help_all"
"""Where a context notes that the page is to say all."""

_OF_OUTPUT = ("explain", "form", "output", "charts", "show_all", "limit")
_SHARED = ("quiet", "verbose", "no_config", "help_all")
_WIDEST_NAME = 33

_Section = tuple[str, list[tuple[click.Option, Declared | None]]]


def write_options(ctx: click.Context, formatter: click.HelpFormatter, groups: Iterable[type]) -> None:
    """Write the options of a command: one line each, or with `--help-all` everything about each."""
    is_full = ctx.meta.get(FULL, False)
    for heading, options in _sections(ctx, groups):
        records = [(_name(param, ctx), _full(param, one) if is_full else _brief(param)) for param, one in options]
        with formatter.section(heading):
            formatter.write_dl(records, col_max=_WIDEST_NAME)
    if not is_full:
        formatter.write_paragraph()
        formatter.write_text("All about each option, its range and its environment variable: --help-all")


def _sections(ctx: click.Context, groups: Iterable[type]) -> Iterator[_Section]:
    """Headings with their options: those of the command alone, the groups, output, and what is seldom needed."""
    left = {str(param.name): param for param in ctx.command.get_params(ctx) if isinstance(param, click.Option)}
    found: dict[str, list[tuple[click.Option, Declared | None]]] = {"Options": []}
    rare: list[tuple[click.Option, Declared | None]] = []
    for group in groups:
        heading = found.setdefault((group.__doc__ or "").partition(":")[0], [])
        for name, one in declared(group).items():
            if name in left:
                (rare if one.option.is_rare else heading).append((left.pop(name), one))
    output = found.setdefault(OUTPUT, [])
    output += [(left.pop(name), None) for name in _OF_OUTPUT if name in left]
    for name, param in left.items():
        is_shared = name in _SHARED or "--help" in param.opts
        (rare if is_shared else found["Options"]).append((param, None))
    yield from ((heading, options) for heading, options in found.items() if options)
    yield RARE, rare


def _name(param: click.Option, ctx: click.Context) -> str:
    names = param.opts if ctx.meta.get(FULL) else sorted(param.opts, key=len, reverse=True)[:1]
    if len(param.opts) > 1 and not ctx.meta.get(FULL):
        names = [one for one in param.opts if one.startswith("--")][:1]
    if param.secondary_opts:
        return " / ".join([*names, *param.secondary_opts[:1]])
    return ", ".join(names) + ("" if param.is_flag or param.count else f" {_metavar(param, ctx)}")


def _metavar(param: click.Option, ctx: click.Context) -> str:
    """What stands for the value; a range is told by `--help-all`."""
    text = param.make_metavar(ctx)
    return text if ctx.meta.get(FULL) else text.removesuffix(" RANGE")


def _brief(param: click.Option) -> str:
    """The first sentence of the help, and the default where there is one to say."""
    default = "" if param.is_flag or not param.show_default else _shown(param.default)
    return brief(param.help or "") + (f" [{default}]" if default not in ("", "0") else "")


def _full(param: click.Option, one: Declared | None) -> str:
    """The help, the range, the default and the environment variables."""
    default = "" if param.is_flag or not param.show_default else _shown(param.default)
    parts = [
        param.help or "",
        f"From {one.described_range()}." if one is not None and one.is_number else "",
        f"Default: {default}." if default else "",
        f"[{', '.join(variables_of(param))}]" if variables_of(param) else "",
    ]
    return " ".join(part for part in parts if part)


def _shown(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value))
    return "" if value is None else f"{value:,.10g}" if isinstance(value, float) else str(value)
