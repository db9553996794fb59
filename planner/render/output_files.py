"""Writes the files that people name, such as those of `--output`, to what they name."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from planner.errors import OutputError
from planner.paths import left_beside, new_beside

READER_SECONDS = 10.0
"""How long a pipe may wait for its reader, which may be started at the same moment."""

_LOOK_SECONDS = 0.05
_MOST_LINKS = 40  # as the system follows
_OPEN_STREAMS = (Path("/dev/stdout"), Path("/dev/stderr"), Path("/dev/fd"), Path("/proc"))


def write_output(path: Path, body: bytes) -> None:
    """Write to what the path names, as `output_place` says.

    Raises:
        OutputError: it cannot be written.
    """
    with output_place(path) as place, place.open("ab" if is_stream(place) else "wb") as file:
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
        if before is not None and stat.S_ISFIFO(before.st_mode):
            with _read_by_somebody(path):
                yield path
        elif before is not None and _is_for_others(path, before):
            yield path
        else:
            _check_links(path)
            yield from _replacing(path.resolve(), before)
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror}.") from error


def is_stream(path: Path) -> bool:
    """Whether a path names an open stream, by whatever links: what it has got already stays, as behind `>> log`."""
    for _ in range(_MOST_LINKS):
        path = Path(os.path.normpath(path.absolute()))
        if any(map(path.is_relative_to, _OPEN_STREAMS)):
            return True
        if not path.is_symlink():
            return False
        path = path.parent / path.readlink()
    return False


@contextmanager
def _read_by_somebody(pipe: Path) -> Iterator[None]:
    """Hold a pipe open while the block runs, once somebody reads it: opening it would wait for a reader for ever."""
    until = time.monotonic() + READER_SECONDS
    while True:
        try:
            descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        if time.monotonic() >= until:
            raise OutputError(
                f"Cannot write {pipe}: it is a pipe that nobody reads. Start its reader first, or name a file."
            )
        time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        os.close(descriptor)


def _is_for_others(path: Path, status: os.stat_result) -> bool:
    """Whether somebody else looks at the very thing: a device, a pipe, an open stream, a file with a second name."""
    return is_stream(path) or not stat.S_ISREG(status.st_mode) or status.st_nlink > 1


def _check_links(path: Path) -> None:
    """Refuse to follow a link that somebody else put into a folder where all may: it leads to what they cannot write."""
    for _ in range(_MOST_LINKS):
        if os.name != "posix" or not path.is_symlink():
            return
        link, folder = path.lstat(), path.parent.stat()
        is_shared = bool(folder.st_mode & stat.S_ISVTX and folder.st_mode & stat.S_IWOTH)
        if is_shared and link.st_uid not in (os.geteuid(), folder.st_uid):
            raise PermissionError(errno.EACCES, f"{path} is a link of another user in a folder that all may write")
        path = path.parent / path.readlink()


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _replacing(target: Path, before: os.stat_result | None) -> Iterator[Path]:
    for left in left_beside(target):
        with contextlib.suppress(OSError):  # another user's
            left.unlink()
    # nobody reads in the new file what the old one kept to its owner, not even while it is written
    temporary = new_beside(target, 0o666 if before is None else 0o600)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        if before is not None:
            _take_over(temporary, before)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _take_over(path: Path, before: os.stat_result) -> None:
    """Give a file the owner, as far as that is allowed, and the mode of the one it is to replace."""
    if os.name == "posix":
        with contextlib.suppress(PermissionError):
            os.chown(path, before.st_uid, before.st_gid)
    path.chmod(stat.S_IMODE(before.st_mode))
