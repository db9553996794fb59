"""`planner mcp`: the planner's questions as tools for agents and editors."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from planner.cli.declared_options import verb
from planner.cli.options import data_dir_option, write_notes
from planner.errors import UsageError


@verb()
@data_dir_option
def mcp(*, data_dir: Path | None) -> None:
    """Serve estimate, recommend, compare, fit, gpus and prices as tools over standard input and output (Model Context Protocol).

    An agent or editor starts this command and speaks to it; it ends when its input ends. Tools only read and answer: they
    take no file names, write nothing and open no connection. Needs the extra mcp.

    \b
    Example, for the settings of an editor:
      {"mcpServers": {"gpu-cost-planner": {"command": "planner", "args": ["mcp"]}}}
    """
    if find_spec("mcp") is None:
        raise UsageError("planner mcp needs the extra mcp: pip install 'gpu-cost-planner[mcp]'")
    from planner.cli.agent_server import serve  # noqa: PLC0415 - needs the extra

    if data_dir is not None and not data_dir.is_dir():
        raise UsageError(f"The data directory {str(data_dir)!r} is not a folder. Make it, or leave out --data-dir.")
    if sys.stdin.isatty():
        write_notes(
            ["Waiting for an agent to speak on standard input; Ctrl-D ends. An editor starts this: see --help."]
        )
    serve(data_dir)
