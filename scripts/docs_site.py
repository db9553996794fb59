"""What MkDocs is told about this repository: pages from outside `docs/`, notebooks, and the reference made from the code.

Links are written as they must be to work in the repository (`../data/README.md`). Pages that lie outside `docs/` are
taken into the site under their own path, and links from or to them are rewritten for it; a link to any other file
outside `docs/` stays as it is, which a strict build refuses.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import planner
from planner.cli.names import variables_of
from planner.cli.root import cli
from scripts.docs_notebooks import notebook_page

ROOT = Path(__file__).parent.parent
OUTSIDE = ("data/README.md", "data/prices/README.md", "CHANGELOG.md")
"""Pages outside `docs/` that are pages of the site too."""

RECORDS = {
    "records": ("Workload", "Offer", "Throughput", "Estimate", "CostItem", "Unpriced"),
    "left_out": ("LeftOut",),
    "book_ages": ("BookUsed", "PriceAges"),
}
"""Records, by their module of `planner.model`, that users of the Python functions meet."""

_LINK = re.compile(r"(?<=\]\()(?P<path>[^)#:\s]+)(?=[)#])")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside `docs/` and those made from the code."""
    for name in OUTSIDE:
        files.append(File.generated(config, name, content=(ROOT / name).read_text(encoding="utf-8")))
    for name, lines in {"reference/commands.md": _commands_page(), "reference/python.md": _python_page()}.items():
        stub = files.get_file_from_path(name)  # what the repository shows in its place
        if stub is not None:
            files.remove(stub)
        files.append(File.generated(config, name, content="\n".join(lines)))
    for path in sorted((ROOT / "docs").rglob("*.ipynb")):
        name = path.relative_to(ROOT / "docs").with_suffix(".md").as_posix()
        content = notebook_page(path.read_text(encoding="utf-8"), path.name)
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Turn links that are right in the repository into links that are right in the site."""
    here = page.file.src_uri
    repository_path = here if here in OUTSIDE else f"docs/{here}"

    def in_site(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(repository_path), link["path"]))
        if target in OUTSIDE:
            site_path = target
        elif target == "README.md":
            site_path = "index.md"
        elif target.startswith("docs/"):
            site_path = target.removeprefix("docs/")
            if site_path.endswith(".ipynb") and not here.startswith(site_path.removesuffix("ipynb")):
                site_path = site_path.replace(".ipynb", ".md")
        else:
            return link["path"]
        return posixpath.relpath(site_path, posixpath.dirname(here) or ".")

    return _LINK.sub(in_site, markdown)


def on_post_page(output: str, **_: Any) -> str:
    """Name the search dialog for screen readers: the theme (9.8) leaves it without a name."""
    search = 'data-md-component="search" role="dialog"'
    return output.replace(search, f'{search} aria-label="Search"')


def _commands_page() -> Iterator[str]:
    yield "# Commands\n"
    yield "Made from the commands themselves; `planner COMMAND --help` prints the same. An option is also an environment"
    yield "variable; a repeatable one takes several values there, separated by spaces.\n"
    yield from _command(cli, click.Context(cli, info_name="planner", **cli.context_settings), "##")


def _command(command: click.Command, context: click.Context, heading: str) -> Iterator[str]:
    """Heading, text, usage and options of a command, then of the commands below it."""
    yield f"{heading} {context.command_path}\n"
    yield from _help_text(command.help or "")
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```\n"
    yield from _options_table(command, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                deeper = click.Context(below, info_name=name, parent=context, **below.context_settings)
                yield from _command(below, deeper, heading if command is cli else f"{heading}#")


def _help_text(text: str) -> Iterator[str]:
    """Paragraphs as they are; the examples of a command as a block that can be copied."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in paragraph.replace("\b", "").strip().splitlines()]
        first = re.sub(r"^Examples?:\s*", "", lines[0])
        if first == lines[0]:
            yield " ".join(lines).replace("<", "&lt;") + "\n"
        else:
            examples = "\n".join(f"$ {line}" for line in [first, *lines[1:]] if line)
            yield f"```console\n{examples}\n```\n"


def _options_table(command: click.Command, context: click.Context) -> Iterator[str]:
    yield "| option | what it does | default | environment variable |"
    yield "| --- | --- | --- | --- |"
    for option in command.get_params(context):
        record = option.get_help_record(context) if isinstance(option, click.Option) else None
        if isinstance(option, click.Option) and record is not None:
            spelling, text = record
            text, _, facts = text.partition("  [")
            default = re.search(r"default: ([^;\]]*)", facts)
            variable = ", ".join(f"`{name}`" for name in variables_of(option))
            shown = f"`{default[1]}`" if default else ""
            yield f"| `{spelling}` | {_cell(text)} | {shown} | {variable} |"
    yield ""


def _cell(text: str) -> str:
    """Text for a table cell; pipes in code are no separators to Markdown, others are."""
    return text.replace("|", "&#124;").replace("<", "&lt;")


def _python_page() -> Iterator[str]:
    yield "# Python\n"
    yield "The public names of `planner`, made from their signatures and docstrings. All else may change without notice.\n"
    for name in planner.__all__:
        yield _reference(f"{getattr(planner, name).__module__}.{name}", f"planner.{name}")
    yield "## Records\n"
    yield "What the functions above return is made of these. Units are part of the names.\n"
    for module, names in RECORDS.items():
        for name in names:
            yield _reference(f"planner.model.{module}.{name}", name, level=3)


def _reference(path: str, heading: str, level: int = 2) -> str:
    return f"::: {path}\n    options:\n      heading: {heading}\n      heading_level: {level}\n"
