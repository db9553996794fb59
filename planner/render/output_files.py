"""Writes the files that people name, such as those of `--output`, to what they name."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from planner.errors import OutputError

_OPEN_STREAMS = (Path("/dev/stdout"), Path("/dev/stderr"), Path("/dev/fd"), Path("/proc"))


def write_output(path: Path, body: bytes) -> None:
    """Write to what the path names, as `output_place` says.

    Raises:
        OutputError: it cannot be written.
    """
    with output_place(path) as place, place.open("wb") as file:
        file.write(body)


@contextmanager
def output_place(path: Path) -> Iterator[Path]:
    """A path to write to while the block runs; afterwards `path` names what was written, whole or not at all.

    A link is followed to the file it names, and a file that is there keeps its mode and owner. A device, a pipe, an
    open stream (`/dev/null`, `/dev/stdout`) or a file with a second name (a hard link) is not replaced: the place is `path`
    itself.

    Raises:
        OutputError: it cannot be written; what was there stays.
    """
    try:
        before = _status(path)
        if before is not None and _is_for_others(path, before):
            yield path
        else:
            yield from _replacing(path.resolve(), before)
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror}.") from error


def _is_for_others(path: Path, status: os.stat_result) -> bool:
    """Whether somebody else looks at the very thing: a device, a pipe, an open stream, a file with a second name."""
    is_stream = any(map(path.is_relative_to, _OPEN_STREAMS))
    return is_stream or not stat.S_ISREG(status.st_mode) or status.st_nlink > 1


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _replacing(target: Path, before: os.stat_result | None) -> Iterator[Path]:
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    _clear(target)
    try:
        # nobody reads in the new file what the old one kept to its owner, not even while it is written
        temporary.touch(0o666 if before is None else 0o600)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        if before is not None:
            _take_over(temporary, before)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _clear(target: Path) -> None:
    """Remove what processes that were killed left of the same file."""
    if os.name != "posix":
        return  # where asking after a process would end it
    for path in target.parent.iterdir():
        found = re.fullmatch(re.escape(f".{target.name}.") + r"(\d{1,9})\.tmp", path.name)
        if found is None:
            continue
        try:
            os.kill(int(found[1]), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except OSError:
            continue  # another user's


def _take_over(path: Path, before: os.stat_result) -> None:
    """Give a file the owner, as far as that is allowed, and the mode of the one it is to replace."""
    if os.name == "posix":
        with contextlib.suppress(PermissionError):
            os.chown(path, before.st_uid, before.st_gid)
    path.chmod(stat.S_IMODE(before.st_mode))
