"""The types of options that take a file or a folder: what no file can be called is refused before it is looked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from planner.errors import UsageError, named
from planner.paths import can_be_path


class FilePath(click.Path):
    """A path, of a file that need not be there."""

    def __init__(self, **settings: Any) -> None:
        """Take the settings of `click.Path`; values are `pathlib.Path`."""
        super().__init__(path_type=Path, **settings)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; texts that are too long, or hold what no name may, are refused in words."""
        if not can_be_path(Path(value)):
            shown = str(value)
            shown = shown if len(shown) <= 60 else shown[:57] + "..."
            self.fail(
                f"{shown!r} is the name of no file: it is too long, or holds a NUL or half a character.", param, ctx
            )
        return super().convert(value, param, ctx)


class OutputFile(FilePath):
    """The path of a file to write, in a folder that is there: all else is refused before any work, and nothing is made."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path.

        Raises:
            UsageError: no file is named, but a folder, standard output or nothing; or its folder is not there.
        """
        text = os.fspath(value)
        path: Path = super().convert(value, param, ctx)
        wrong = _what_is_wrong(text, path)
        if wrong is not None:
            name = "output" if param is None else str(param.name)
            shown = text if text.strip() else repr(text)
            raise UsageError("{which} {file}: {wrong}", argument=name, which=named(name), file=shown, wrong=wrong)
        return path


def _what_is_wrong(text: str, path: Path) -> str | None:
    """Why a text names no file that can be written, and what to do; `None` if it does."""
    if not text.strip():
        return "that names no file. Name one, or leave the option out."
    if text == "-":
        return "standard output is no file: leave the option out. A file of that name is ./-"
    if path.is_dir():
        return f"that is a folder. Name a file in it, such as {path / 'result.txt'}"
    if os.path.basename(text) in ("", ".", ".."):  # noqa: PTH119 - a path has lost the slash at its end
        return f"that names a folder, and there is none. For a file of that name type {path}"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}. Make it first, or name another."
    return None
