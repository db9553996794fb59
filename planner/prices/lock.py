"""A lock file in the data folder, so that only one refresh runs at a time; it ends with its process."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from planner.errors import OutputError, ProviderError
from planner.outside.documents import json_of
from planner.outside.files import bytes_of


@contextmanager
def refresh_lock(data_dir: Path) -> Iterator[None]:
    """Hold `refresh.lock` in `data_dir` while the block runs.

    The operating system ties the lock to the process, so a killed refresh leaves a file but no lock: the next one
    takes it over. The file tells people who holds it and since when.

    Raises:
        ProviderError: another refresh is running; the message names its process.
        OutputError: the folder cannot be written.
    """
    path = data_dir / "refresh.lock"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        file = open(path, "ab+", buffering=0, opener=_not_elsewhere)  # noqa: SIM115 - closed below
    except OSError as error:
        raise cannot_write(path, error) from error
    with file:
        if not try_lock(file):
            raise ProviderError(
                f"Another refresh of {data_dir} is running ({_owner(path)}). Wait for it, then try again."
            )
        try:
            _write_owner(file)
        except OSError as error:
            raise cannot_write(path, error) from error
        try:
            yield
        finally:
            # the file itself stays: removing it would let a third process lock a file that a second one still waits for
            file.truncate(0)


def _not_elsewhere(path: str, flags: int) -> int:
    """Open a file, not what a link leads to: it is emptied."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def cannot_write(path: Path | str, error: OSError) -> OutputError:
    """The error that says what could not be written in the user's folder, and what to do about it."""
    return OutputError(
        "Cannot write {path}: {why}. Free some space, or choose another folder with {data_dir}.",
        argument="data_dir",
        path=str(path),
        why=str(error.strerror),
    )


def _write_owner(file: BinaryIO) -> None:
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
    file.truncate(0)
    file.write(json.dumps(owner).encode())


def _owner(path: Path) -> str:
    for _ in range(20):
        try:
            owner = json_of(bytes_of(path))
            return f"process {owner['pid']} on {owner['host']} since {owner['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            time.sleep(0.01)  # it has the lock and is about to write its name
    return f"see {path}"


if sys.platform == "win32":
    import msvcrt

    # Windows locks bytes against reading too: lock one far behind the text that others read
    _FAR = 1 << 30

    def try_lock(file: BinaryIO) -> bool:
        """Lock an open file until it is closed; `False` if another process has it."""
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(file: BinaryIO) -> bool:
        """Lock an open file until it is closed; `False` if another process has it."""
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
