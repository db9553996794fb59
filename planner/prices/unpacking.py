"""Archives from elsewhere, unpacked into a folder: within stated caps, by names that stay in it, regular files alone."""

from __future__ import annotations

import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from planner.errors import ProviderError, UsageError
from planner.paths import contained

MOST_BYTES = 4 * 1024**3
"""All files of an archive together, unpacked; a data folder of years has some 2 GB."""

MOST_FILES = 20_000
_CHUNK_BYTES = 1024 * 1024
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    RuntimeError,  # a zip file with a password
    NotImplementedError,  # a way of packing that the library does not know
    ValueError,  # names and numbers that cannot be
    MemoryError,  # a size in a header
)
"""What the libraries raise for archives that are damaged or made to do harm."""


def unpack(path: Path, folder: Path) -> bool:
    """Unpack an archive into a folder with its name below `folder`; whether the file is one.

    Raises:
        ProviderError: it is damaged, leads out of the folder, or would fill the disk.
    """
    home = folder / path.name.partition(".")[0]
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                _write_all(_zipped(archive), home)
            return True
        if tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                _write_all(_taped(archive), home)
            return True
    except _DAMAGE as error:
        raise ProviderError(f"{path} cannot be unpacked: {str(error) or type(error).__name__}.") from error
    return False


def check_is_file(path: Path) -> None:
    """Refuse what is neither a file nor a folder: a pipe or a device may never end, or never begin.

    Raises:
        UsageError: it is none.
    """
    if not path.is_file():
        raise UsageError(f"{str(path)!r} is neither a file nor a folder. Save what it gives to a file first.")


_Part = tuple[str, int, Callable[[], IO[bytes] | None]]
"""Name and stated size of a file in an archive, and what opens it."""


def _zipped(archive: zipfile.ZipFile) -> Iterator[_Part]:
    for info in archive.infolist():
        if not info.is_dir():
            yield info.filename, info.file_size, lambda info=info: archive.open(info)  # type: ignore[misc]  # bound now


def _taped(archive: tarfile.TarFile) -> Iterator[_Part]:
    for member in archive:
        # links and devices hold no prices
        if member.isreg():
            yield member.name, member.size, lambda member=member: archive.extractfile(member)  # type: ignore[misc]  # bound now


def _write_all(parts: Iterator[_Part], home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    written = 0
    for number, (name, size, opened) in enumerate(parts, start=1):
        if number > MOST_FILES:
            raise ValueError(f"more than {MOST_FILES:,} files")
        _check_room(written + size, size, home)
        target = contained(home, name.removeprefix("./"))
        target.parent.mkdir(parents=True, exist_ok=True)
        source = opened()
        if source is None:
            continue
        with source, target.open("wb") as file:
            while chunk := source.read(_CHUNK_BYTES):
                # what a header states need not be so
                written += len(chunk)
                _check_room(written, len(chunk), home)
                file.write(chunk)


def _check_room(total: int, size: int, home: Path) -> None:
    if total > MOST_BYTES:
        raise ValueError(f"unpacked it has more than {MOST_BYTES:,} bytes")
    free = shutil.disk_usage(home).free
    if 2 * size > free:
        raise ValueError(f"no room for {size:,} bytes below {home}: the disk has {free:,} left")
