"""Runs of the command in the process of the tests, which keeps what it has read."""

import contextlib
import gc
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from planner.cli.root import run as run_command


def run(arguments, cwd, environment):
    """Run the command in that folder, with that environment and no input; returns the completed process, as `subprocess.run` does."""
    words = [*map(str, arguments)]
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    with (
        contextlib.chdir(cwd),
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "argv", ["planner", *words]),
        Path(os.devnull).open(encoding="utf-8") as stdin,
        mock.patch.object(sys, "stdin", stdin),
        mock.patch.object(sys, "stdout", streams[0]),
        mock.patch.object(sys, "stderr", streams[1]),
        # what is for the end of a process: signals are those of the tests, which also look for cycles
        mock.patch("planner.cli.root.on_the_way_out"),
        mock.patch.object(gc, "freeze"),
    ):
        try:
            run_command()
        except SystemExit as end:
            code = end.code
        for stream in streams:
            stream.flush()
    texts = [stream.buffer.getvalue().decode().replace("\r\n", "\n") for stream in streams]
    return subprocess.CompletedProcess(["planner", *words], code, *texts)
