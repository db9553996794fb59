"""The command line: parse, call one function, render."""

from __future__ import annotations

import gc
import os

TYPE_CHECKING = False  # not imported from typing: what is loaded out here, Ctrl-C ends with a traceback
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the `planner` command and exit."""
    # a process this short makes many small records and hardly a cycle: looking for cycles less often, from the first
    # import on, saves a tenth of its time
    gc.set_threshold(100_000, 20, 20)
    try:
        from planner.cli.root import run  # noqa: PLC0415 - not before the line above

        run()
    except KeyboardInterrupt:  # while modules are loaded, or on the way out
        from planner.cli.process import INTERRUPTED  # noqa: PLC0415 - as above

        os.write(2, b"Error: Interrupted.\n")
        os._exit(INTERRUPTED)
