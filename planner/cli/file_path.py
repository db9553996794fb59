"""The type of an option that takes a file or a folder: what no file can be called is refused before it is looked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

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
