"""Folders of the shipped data and of the user's own snapshots."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path, PurePosixPath

from planner.errors import DataError, ProviderError

_PACKAGE = Path(__file__).resolve().parent
_PROVIDER = re.compile(r"[a-z0-9-]{1,40}")
_LONGEST_NAME, _LONGEST_PATH = 255, 4000  # bytes of a part, characters of all
_LONGEST_PART = 200  # bytes; file systems take 255, and endings are put behind


@cache
def shipped_data_dir() -> Path:
    """The folder of shipped tables: `planner/_data` in a wheel, `data/` beside the package in a checkout.

    Raises:
        DataError: neither place holds the tables; the message names both.
    """
    places = (_PACKAGE / "_data", _PACKAGE.parent / "data")
    for place in places:
        if (place / "gpus.csv").is_file():
            return place
    raise DataError(f"The shipped data is missing. Looked in {places[0]} and {places[1]}. Reinstall gpu-cost-planner.")


def measuring_loop() -> Path:
    """The script that trains a model with PyTorch, for a Python that has it."""
    return _PACKAGE / "measuring" / "loop" / "torch_loop.py"


def default_user_data_dir() -> Path:
    """The platform's folder for this user's own price snapshots; it need not exist.

    Linux: `$XDG_DATA_HOME/gpu-cost-planner`, by default `~/.local/share/gpu-cost-planner`.
    macOS: `~/Library/Application Support/gpu-cost-planner`. Windows: `%LOCALAPPDATA%\\gpu-cost-planner`.
    """
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "gpu-cost-planner"


def user_cache_dir() -> Path:
    """The platform's folder for what can be made anew at any time; it need not exist.

    Linux: `$XDG_CACHE_HOME/gpu-cost-planner`, by default `~/.cache/gpu-cost-planner`. macOS:
    `~/Library/Caches/gpu-cost-planner`. Windows: `%LOCALAPPDATA%\\gpu-cost-planner\\cache`.
    """
    if sys.platform == "win32":
        return default_user_data_dir() / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "gpu-cost-planner"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gpu-cost-planner"


def can_be_path(path: Path) -> bool:
    """Whether a file may go by that path here: no NUL, no half of a character, no longer than file systems take.

    >>> [can_be_path(Path(text)) for text in ("a/b.csv", "x" * 300, "a" + chr(0), chr(0xD800))]
    [True, False, False, False]
    """
    try:
        parts = [os.fsencode(part) for part in path.parts]
    except UnicodeEncodeError:
        return False
    return all(len(part) <= _LONGEST_NAME and b"\0" not in part for part in parts) and len(str(path)) <= _LONGEST_PATH


def is_file(path: Path) -> bool:
    """Whether a file goes by that path, which may be any text: a name of no file is none."""
    return can_be_path(path) and path.is_file()


def is_there(path: Path) -> bool:
    """Whether a file or folder goes by that path, which may be any text."""
    return can_be_path(path) and path.exists()


def is_provider_name(text: object) -> bool:
    """Whether that may be the name of a provider, and so of a folder of its books."""
    return isinstance(text, str) and _PROVIDER.fullmatch(text) is not None


def contained(folder: Path, name: str) -> Path:
    """The path of `name`, parts parted by `/`, below `folder`: names of others lead nowhere else.

    Raises:
        ProviderError: the name leads out of the folder, or no file can go by it everywhere.
    """
    if name.startswith("/") or not name or not all(map(_is_part, name.split("/"))):
        raise ProviderError(
            f"{name[:80]!r} is not used as the name of a file below {folder}: such names have parts of 1 to "
            f"{_LONGEST_PART} printable characters without '..', backslash or colon."
        )
    return folder / PurePosixPath(name)


def _is_part(text: str) -> bool:
    # printable excludes control characters and lone surrogates; a backslash or colon parts names on Windows
    if not text.strip(". ") or not text.isprintable() or "\\" in text or ":" in text:
        return False
    return len(text.encode()) <= _LONGEST_PART
