"""Writes docs/options.md, the table of all options, from their declarations.

python -m scripts.docs_options
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from planner.answers import sweep
from planner.cli.agent_tools import TOOLS
from planner.cli.root import cli
from planner.options.arguments import GROUPS, EstimateArguments, ListArguments
from planner.options.declared import Declared, declared, other_names
from planner.options.owner_arguments import CompareArguments, OwnerArguments, RecommendArguments
from planner.web.parameters import KINDS, arguments_of

PAGE = Path(__file__).parent.parent / "docs" / "options.md"

INTRODUCTION = """# Options

Every option of the product. This page is made from their declarations by `python -m scripts.docs_options`.

- **One declaration serves all.** An option means the same, has the same range and the same default at the terminal, in Python,
  in a [sweep](sweep.md), on the [page](serve.md) and for [agents](agents.md). What is out of range, or of another type, is refused everywhere.
- **All names of an option do.** `deadline` is `max_hours`, `gpu` is `gpus`, at the terminal and in Python. Giving both is an error.
- **Several values** are parted by `,` or `;` everywhere: `aws,gcp`, `A100; H100:8`. At the terminal the option may also be repeated, in Python they may be a list, and in an
  environment variable blanks part them where no comma does.
- **Units are part of the names**: `checkpoint_seconds`, `dataset_gb`, `tax_fraction`. A plain number is in that unit, and a text may have its own.

What a text may be is part of the declaration too, so the same words do at every door, in any case:

| kind | understood |
| --- | --- |
| counts | `50k`, `1.5M`, `15B`, `1T`, `50,000`, `50_000`, `7e9`, `2 million` |
| fractions | `0.6`, `60%` |
| money | `20`, `$20`, `20 USD`, `$1.5k`; `max_cost` also `20 EUR`, `€20` |
| times | `48h`, `2d`, `90min`, `1.5 h`, `1h30m`, `2 weeks`; deadlines also `2026-12-01` |
| sizes, watts | `1.5TB`, `100 GiB`, `1.2kW` |
| GPUs | `A100`, `H100:8`, `8xH100`, `8x A100`, `A100 x8`, `8 A100s`, `RTX 4090` |
| providers | `aws`, `Amazon`, `google`, `Microsoft Azure`, `vast.ai` ... |
| regions | as the provider writes them, zones, `West Europe`, `Germany`, `UK`, `EU`, `Europe`, `Virginia` |
| purchases | `On Demand`, `ondemand`, `spot`, `reserved` (both terms), `savings`, `all` |
| instance types | `p5.48xlarge`, `p5*` |

What may mean two things is refused with both: `1,5`, `50.000` samples, `4k` tokens a sequence, `01/02/2026`. A country is what lies in it as far as the shipped table of regions
knows: the regions called `global` are in none.
- A key of [`planner.toml`](config.md) is the first name at the terminal without its dashes: `max_price_age`.

The last column but one says who takes it: `estimate`, `compare`, `recommend`, `sweep` (a column of its file, or an option of the command), `export`, `offers`
(`planner prices list` and `planner.offers`), the `page` and its API, and `agents`. What a command has beside these is on the page [commands](reference/commands.md).
"""

VERBS = ("estimate", "compare", "recommend", "sweep", "export", "offers", "page", "agents")

_HOMES: Mapping[str, type] = {
    "estimate": EstimateArguments,
    "compare": CompareArguments,
    "recommend": RecommendArguments,
    "export": EstimateArguments,
    "offers": ListArguments,
}
_COMMANDS = {"offers": ("prices", "list")}


def page() -> str:
    """The page as Markdown: a table per group of options, and what two verbs declare otherwise."""
    lines = [INTRODUCTION]
    for group in (*GROUPS, OwnerArguments):
        heading, _, about = (group.__doc__ or "").partition(":")
        verb = "compare" if group is OwnerArguments else "estimate"
        lines += _section(heading, about.strip(), group, verb, declared(group).values())
    for verb in ("recommend", "offers"):
        others = [one for one in declared(_HOMES[verb]).values() if not _is_usual(one)]
        lines += _section(f"In {verb}", f"What `{verb}` has otherwise, or alone.", _HOMES[verb], verb, others)
    return "\n".join(lines)


def verbs_of(name: str) -> tuple[str, ...]:
    """The verbs that take an argument, in the order of `VERBS`."""
    takers = {verb for verb, home in _HOMES.items() if name in declared(home)}
    if "estimate" in takers and (name not in sweep._SHARED or name in _params("sweep")):
        takers.add("sweep")
    if "export" in takers and _is_typed(name) and name not in _params("export"):
        takers.remove("export")
    if any(name in arguments_of(home).values() for home in (kind.home for kind in KINDS)):
        takers.add("page")
    if any(name in tool.input_schema()["properties"] for tool in TOOLS.values()):
        takers.add("agents")
    return tuple(verb for verb in VERBS if verb in takers)


def _section(heading: str, about: str, home: type, verb: str, options: Iterable[Declared]) -> Iterator[str]:
    yield f"## {heading}\n"
    yield about[:1].upper() + about[1:] + "\n"
    yield "| in Python | at the terminal | environment | values | default | taken by | meaning |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for one in options:
        names = [one.name, *(other for other, first in other_names(home).items() if first == one.name)]
        takers = verbs_of(one.name) if verb in ("estimate", "compare") else (verb,)
        cells = (
            _codes(names),
            *_terminal(verb, one),
            _values(one),
            _default(one, verb),
            _shortest(takers),
            re.sub(r"\{(\w+)\}", r"`\1`", one.option.help),
        )
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
    yield ""


def _terminal(verb: str, one: Declared) -> tuple[str, str]:
    """Spellings of an option and its environment variables; none where only Python has it."""
    param = _params(verb).get(one.name) or _params(verb).get(one.spellings[0])
    if param is None:
        return "in Python only", ""
    variables = [param.envvar] if isinstance(param.envvar, str) else list(param.envvar or ())
    return _codes([*param.opts, *param.secondary_opts]), _codes(variables)


def _values(one: Declared) -> str:
    """Type and range: `a whole number, 1 to 4,096`."""
    kind = "a file or folder" if one.option.is_file else one.described_kind().removesuffix(" or None")
    return f"{kind}, {one.described_range()}" if one.is_number else kind


def _default(one: Declared, verb: str) -> str:
    shown = "" if one.default in (None, ()) else f"`{one.default:,.10g}`" if one.is_number else f"`{one.default}`"
    param = _params(verb).get(one.name)
    typed = None if param is None or param.multiple else param.default
    if isinstance(typed, int) and typed != one.default and not one.is_list:
        return f"{shown or 'all'}; at the terminal `{typed}`"
    return shown


def _shortest(takers: tuple[str, ...]) -> str:
    left_out = [verb for verb in VERBS if verb not in takers]
    if not left_out:
        return "all"
    return f"all but {', '.join(left_out)}" if len(left_out) < len(takers) else ", ".join(takers)


def _is_usual(one: Declared) -> bool:
    """Whether a group declares it, as it stands."""
    return any(
        one.name in declared(group) and declared(group)[one.name].option is one.option
        for group in (*GROUPS, OwnerArguments)
    )


def _is_typed(name: str) -> bool:
    return any(name in declared(home) and declared(home)[name].option.is_typed for home in _HOMES.values())


def _params(verb: str) -> dict[str, click.Option]:
    command: Any = cli
    for part in _COMMANDS.get(verb, (verb,)):
        command = command.get_command(click.Context(cli), part)
    return {param.name: param for param in command.params if isinstance(param, click.Option) and param.name}


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
