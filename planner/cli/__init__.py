"""The command line: parse, call one function, render."""

from planner.cli.main import main

__all__ = ["main"]
