"""Writes files, connections, settings and times of a run to standard error, for `--verbose`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from planner.cli.names import setting_name
from planner.cli.options import write_notes
from planner.paths import default_user_data_dir, shipped_data_dir

_CODE = (".py", ".pyc", ".so", ".pyd", ".pth", ".zip")
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/share/zoneinfo/")
_PLACES = {ParameterSource.COMMANDLINE: "typed", ParameterSource.DEFAULT_MAP: "settings file"}


def watch() -> None:
    """Report every file and connection that the process opens from now on, each once, as it happens.

    The interpreter announces them itself (audit events), so that nothing is forgotten and no function has to report.
    """
    if _Watch.current is None:
        _Watch.current = _Watch()
        sys.addaudithook(_Watch.current.saw)


def report_settings(ctx: click.Context) -> None:
    """Report versions, folders and settings of a command, and, when the process ends, what it took."""
    _say(f"planner {version('gpu-cost-planner')}, Python {sys.version.split()[0]}")
    _say(f"shipped data {shipped_data_dir()}, own data {ctx.params.get('data_dir') or default_user_data_dir()}")
    for line in _settings(ctx):
        _say(line)
    ctx.call_on_close(lambda: _say(f"{ctx.command_path} is done; peak memory {_peak_mb()}"))


class _Watch:
    """Sees the events of the interpreter and reports those that a person may want to know."""

    current: _Watch | None = None

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.is_busy = False
        self.data = str(shipped_data_dir())
        self.libraries = tuple({sys.prefix, sys.base_prefix, os.path.dirname(os.__file__)})  # noqa: PTH120

    def saw(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.is_busy or event not in ("open", "sqlite3.connect", "socket.getaddrinfo", "socket.connect"):
            return
        self.is_busy = True  # what is done here must not be reported in turn
        try:
            line = self._line(event, arguments)
            if line is not None and line not in self.seen:
                self.seen.add(line)
                _say(line)
        finally:
            self.is_busy = False

    def _line(self, event: str, arguments: tuple[Any, ...]) -> str | None:
        if event == "socket.getaddrinfo":
            return f"looks up {arguments[0]}"
        if event == "socket.connect":
            return f"connects to {arguments[1]}"
        name, mode = arguments[0], arguments[1] if event == "open" else None
        if not isinstance(name, (str, bytes, os.PathLike)):
            return None
        path = os.path.abspath(os.fsdecode(name))  # noqa: PTH100 - as it is called, links not followed
        if not self._is_of_interest(path):
            return None
        is_written = isinstance(mode, str) and any(letter in mode for letter in "wax+")
        if mode is None and event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            is_written = True
        size = "" if is_written or not Path(path).is_file() else f" ({Path(path).stat().st_size:,} bytes)"
        return f"{'writes' if is_written else 'reads'} {path}{size}"

    def _is_of_interest(self, path: str) -> bool:
        if path.startswith(self.data):
            return True
        return not (path.endswith(_CODE) or path.startswith(_SYSTEM) or path.startswith(self.libraries))


def _settings(ctx: click.Context) -> Iterator[str]:
    """Every setting that is not the built-in one, and where it comes from."""
    found = ctx.meta.get("planner.settings", {}).get(ctx.command_path.partition(" ")[2], {})
    files = {name: one for name, one in found.items() if ctx.get_parameter_source(name) is ParameterSource.DEFAULT_MAP}
    for param in ctx.command.params:
        source = ctx.get_parameter_source(str(param.name))
        if source in (ParameterSource.DEFAULT, None) or param.name not in ctx.params:
            continue
        place = files[param.name].file.shown if param.name in files else _PLACES.get(source, "environment")
        value = ctx.params[param.name]
        shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        yield f"{setting_name(param)} = {shown} ({place})"


def _peak_mb() -> str:
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return "not known"
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"{used * (1 if sys.platform == 'darwin' else 1024) / 1e6:,.0f} MB"


def _say(line: str) -> None:
    write_notes([f"[{time.perf_counter() - _BEGUN:7.3f} s] {line}"])


_BEGUN = time.perf_counter()
