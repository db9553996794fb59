"""Archives from elsewhere, unpacked into a folder: within stated caps, by names that stay in it, regular files alone."""

from __future__ import annotations

import io
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Self, cast

from planner.errors import ProviderError, UsageError
from planner.paths import contained

MOST_BYTES = 4 * 1024**3
"""All files of an archive together, unpacked; a data folder of years has some 2 GB."""

MOST_FILES = 20_000
MOST_ENTRIES = 100_000
"""Folders, links and all else that an archive lists; only files are unpacked."""

MOST_HEADER_BYTES = 128 * 1024
"""What stands before a file of a tar archive: its long name, its attributes."""

MOST_DIRECTORY_BYTES = 16 * 1024**2
"""The list at the end of a zip file, read as a whole; that of 20,000 files has some 2 MB."""

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
            with ShortReads(io.FileIO(path)) as file, zipfile.ZipFile(file) as archive:
                _write_all(_zipped(archive), home)
            return True
        if (tape := _tape(path)) is not None:
            with tape:
                _write_all(_taped(tape), home)
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


def check_packing(info: zipfile.ZipInfo) -> None:
    """Refuse ways of packing in a zip file that the library unpacks as a whole, however much comes of it.

    Raises:
        NotImplementedError: it is one; the message is for a person.
    """
    if info.compress_type in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        raise NotImplementedError(
            f"{info.filename!r} in it is packed with bzip2 or LZMA; pack it with deflate, as usual"
        )


class ShortReads(io.BufferedReader):
    """A zip file of which no more than its list may be read at once; the library reads that as a whole, whatever its size."""

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes.

        Raises:
            ValueError: they are more than any list has.
        """
        if size is not None and size > MOST_DIRECTORY_BYTES:
            raise ValueError(f"its list of files has {size:,} bytes")
        return super().read(size)


class Header(tarfile.TarInfo):
    """A header of a tar archive, refused before the library reads on, of however many bytes it says it is."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """The header in a block; that of a long name or of attributes says how long they are.

        Raises:
            ValueError: they are longer than any, or the file is one with holes, whose map has no end.
        """
        found = super().frombuf(buf, encoding, errors)
        if found.type == tarfile.GNUTYPE_SPARSE:
            raise ValueError(_WITH_HOLES)
        if found.type in _LONG_HEADERS and found.size > MOST_HEADER_BYTES:
            raise ValueError(f"one of its headers has {found.size:,} bytes")
        return found

    def _proc_gnusparse_10(self, *_: object) -> None:
        raise ValueError(_WITH_HOLES)


_LONG_HEADERS = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
_WITH_HOLES = "it holds a file with holes; no price list has any"


_PACKED = {b"\x1f\x8b": "r:gz", b"BZh": "r:bz2", b"\xfd7zXZ\0": "r:xz"}


def _tape(path: Path) -> tarfile.TarFile | None:
    # left to itself the library tries every way of packing, and one takes zeros for empty streams without end
    with path.open("rb") as file:
        first = file.read(6)
    mode = next((mode for mark, mode in _PACKED.items() if first.startswith(mark)), "r:")
    try:
        return cast("tarfile.TarFile", tarfile.open(path, mode, tarinfo=Header))  # type: ignore[call-overload]  # modes are words to it
    except tarfile.TarError:
        return None


_Part = tuple[str, int, Callable[[], IO[bytes] | None]]
"""Name and stated size of a file in an archive, and what opens it."""


def _zipped(archive: zipfile.ZipFile) -> Iterator[_Part]:
    for number, info in enumerate(archive.infolist()):
        _check_entries(number)
        check_packing(info)
        if not info.filename.endswith("/"):  # `is_dir` fails at a name of nothing
            yield info.filename, info.file_size, lambda info=info: archive.open(info)  # type: ignore[misc]  # bound now


def _taped(archive: tarfile.TarFile) -> Iterator[_Part]:
    for number, member in enumerate(archive):
        _check_entries(number)
        if member.offset_data + member.size > MOST_BYTES:  # of whatever kind: to pass over it is to unpack it
            raise ValueError(f"unpacked it has more than {MOST_BYTES:,} bytes")
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


def _check_entries(number: int) -> None:
    if number >= MOST_ENTRIES:
        raise ValueError(f"it lists more than {MOST_ENTRIES:,} files and folders")


def _check_room(total: int, size: int, home: Path) -> None:
    if total > MOST_BYTES:
        raise ValueError(f"unpacked it has more than {MOST_BYTES:,} bytes")
    free = shutil.disk_usage(home).free
    if 2 * size > free:
        raise ValueError(f"no room for {size:,} bytes below {home}: the disk has {free:,} left")
