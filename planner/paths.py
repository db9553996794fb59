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
_LONGEST_BEGINNING = 50  # characters of four bytes at most
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


def new_beside(target: Path, mode: int = 0o666) -> Path:
    """A new empty file in the same folder, under a name that nobody can have put a link at.

    The name says whose process it is, so that `left_beside` finds those of processes that are gone.

    Raises:
        OSError: it cannot be made.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
    made = target.with_name(f"{_beside(target)}{os.getpid()}-{os.urandom(8).hex()}.tmp")
    os.close(os.open(made, flags, mode))
    return made


def left_beside(target: Path) -> list[Path]:
    """Files that `new_beside` made for the target in processes that are gone."""
    if os.name != "posix":
        return []  # where asking after a process would end it
    pattern = re.compile(re.escape(_beside(target)) + r"(\d{1,9})-[0-9a-f]{16}\.tmp")
    named = ((path, pattern.fullmatch(path.name)) for path in target.parent.iterdir())
    return [path for path, found in named if found is not None and _is_gone(int(found[1]))]


def _beside(target: Path) -> str:
    return f".{target.name[:_LONGEST_BEGINNING]}."  # the whole may be as long as names can be


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False  # another user's
    return False


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
