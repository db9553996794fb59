"""Finds settings files. Loaded by every command, so it needs nothing but `os`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

FILE_NAME = "planner.toml"


def user_file() -> Path:
    """The user's own settings file; it need not exist.

    Linux: `$XDG_CONFIG_HOME/gpu-cost-planner/planner.toml`, by default under `~/.config`.
    macOS: under `~/Library/Application Support`. Windows: under `%APPDATA%`.
    """
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or os.path.join(_home(), "AppData", "Roaming")  # noqa: PTH118
    elif sys.platform == "darwin":
        base = os.path.join(_home(), "Library", "Application Support")  # noqa: PTH118
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(_home(), ".config")  # noqa: PTH118
    return Path(base, "gpu-cost-planner", FILE_NAME)


def project_folders() -> list[Path]:
    """Folders that are asked for a project file, nearest first: the current one and those above it.

    Up to the root of the repository, or to the home folder. Outside both only the current folder: what another user of
    the machine left in a shared folder such as /tmp is not taken for a project.
    """
    try:
        here = os.getcwd()  # noqa: PTH109 - text is all that is needed
    except OSError:
        return []  # somebody has removed the current folder
    home = _home()
    folders: list[Path] = []
    folder = here
    while True:
        folders.append(Path(folder))
        if folder == home or os.path.lexists(os.path.join(folder, ".git")):  # noqa: PTH118
            return folders
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            return [Path(here)]
        folder = above


def project_file() -> Path | None:
    """The nearest project file, if there is one."""
    for folder in project_folders():
        path = folder / FILE_NAME
        if os.path.lexists(path):
            return path
    return None


def present_files() -> tuple[Path | None, Path | None]:
    """The project's file and the user's, each `None` if it is not there."""
    project, user = project_file(), user_file()
    if project == user:  # somebody works in the configuration folder
        project = None
    return project, user if os.path.lexists(user) else None


def _home() -> str:
    return os.path.expanduser("~")  # noqa: PTH111 - a folder that cannot be found is no error here
