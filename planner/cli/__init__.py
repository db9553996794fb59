"""The command line: parse, call one function, render."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # not imported from typing: what is loaded out here, Ctrl-C ends with a traceback
if TYPE_CHECKING:
    from typing import Any, NoReturn


def main() -> NoReturn:
    """Run the `planner` command and exit."""
    # a process this short makes many small records and hardly a cycle: looking for cycles less often, from the first
    # import on, saves a tenth of its time
    gc.set_threshold(100_000, 20, 20)
    try:
        from planner.cli.process import mind_signals  # noqa: PLC0415 - not before the line above

        mind_signals()
        from planner.cli.root import run  # noqa: PLC0415 - as above

        run()
    except BaseException as error:
        # while modules are loaded an interrupt may end as an error of the compiler
        process: Any = sys.modules.get("planner.cli.process")
        code = process.signal_code() if hasattr(process, "signal_code") else None
        if code is None and not isinstance(error, KeyboardInterrupt):
            raise
        try:
            os.write(2, b"Error: Interrupted.\n")
        finally:
            os._exit(code or 130)
