"""The command line: parse, call one function, render."""

from __future__ import annotations

import gc
from typing import NoReturn


def main() -> NoReturn:
    """Run the `planner` command and exit."""
    # a process this short makes many small records and hardly a cycle: looking for cycles less often, from the first
    # import on, saves a tenth of its time
    gc.set_threshold(100_000, 20, 20)
    from planner.cli.root import run  # noqa: PLC0415 - not before the line above

    run()
