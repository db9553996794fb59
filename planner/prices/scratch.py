"""A folder for what is only in the way, gone afterwards; those that killed processes left are cleared by the next."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from planner.prices.lock import try_lock

_PREFIX = "planner-refresh-"
_HELD = "held"
"""A file in each folder, locked as long as its process lives."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder among the temporary files of the system while the block runs."""
    place = Path(tempfile.gettempdir())
    _clear(place)
    # locked before it goes by its name: a folder of that name without a lock is nobody's
    made = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}"))
    folder = place / made.name.removeprefix(".")
    try:
        with (made / _HELD).open("wb") as held:
            try_lock(held)
            made.rename(folder)
            yield folder
    finally:
        for left in (made, folder):
            shutil.rmtree(left, ignore_errors=True)


def _clear(place: Path) -> None:
    """Remove the folders of processes that are gone, as far as they are this user's."""
    day_ago = time.time() - timedelta(days=1).total_seconds()
    for folder in (*place.glob(f"{_PREFIX}*"), *place.glob(f".{_PREFIX}*")):
        with suppress(OSError):  # what another process renames or removes meanwhile is not ours
            # one without its name yet is locked in a moment, or was left by a process that was killed in that moment
            if folder.name.startswith(".") and folder.lstat().st_mtime >= day_ago:
                continue
            if folder.is_symlink() or (os.name == "posix" and folder.stat().st_uid != os.getuid()):
                continue
            with (folder / _HELD).open("ab") as held:
                if not try_lock(held):
                    continue
                shutil.rmtree(folder, ignore_errors=True)
