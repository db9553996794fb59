"""The bytes of a file of jobs, which may be packed: told by its ending, of a bounded size."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

from planner.errors import UsageError
from planner.outside.files import MOST_UNPACKED_BYTES, Unpacked, opened
from planner.prices.unpacking import Header, ShortReads, check_packing

_CHUNK_BYTES = 1024 * 1024


def opened_jobs(path: Path) -> IO[bytes]:
    """What is in a file of jobs, open for reading; a packed one has been read to its end once, so that it has one.

    Raises:
        UsageError: it is packed in a way that needs a package which is not installed.
        ValueError: it has more bytes unpacked than a packed file may, is damaged, or is an archive of other than one file.
        OSError: it cannot be read.
    """
    if path.suffix not in _UNPACKERS:
        return opened(path)
    try:
        with _unpacked(path) as file:
            files = _files_of_tape(file) if _is_tape(path) else 1
            while file.read(_CHUNK_BYTES):
                pass
        if files != 1:
            raise ValueError(f"it is an archive of {files:,} files, not of one")
        file = _unpacked(path)
        return _first_of_tape(file) if _is_tape(path) else file
    except (zipfile.BadZipFile, tarfile.TarError, RuntimeError, NotImplementedError) as error:
        raise ValueError(f"it cannot be unpacked ({error})") from error


def _unpacked(path: Path) -> IO[bytes]:
    packed = opened(path)
    try:
        unpacker = _UNPACKERS[path.suffix](packed)
        return io.BufferedReader(Unpacked(unpacker, MOST_UNPACKED_BYTES, packed), _CHUNK_BYTES)
    except BaseException:
        packed.close()
        raise


def _zipped(packed: IO[bytes]) -> IO[bytes]:
    archive = zipfile.ZipFile(ShortReads(packed))  # type: ignore[arg-type]  # it reads what is open
    files = [info for info in archive.infolist() if not info.filename.endswith("/")]
    if len(files) != 1:
        raise ValueError(f"it is an archive of {len(files):,} files, not of one")
    check_packing(files[0])
    return archive.open(files[0])


def _zstandard(packed: IO[bytes]) -> IO[bytes]:
    try:
        import zstandard  # type: ignore[import-not-found]  # noqa: PLC0415 - of whoever has such files
    except ModuleNotFoundError as error:
        if error.name != "zstandard":
            raise
        raise UsageError("Jobs packed as .zst need the package zstandard: install it, or unpack them first.") from error
    return zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)  # type: ignore[no-any-return]


_UNPACKERS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    ".gz": lambda packed: cast("IO[bytes]", gzip.GzipFile(fileobj=packed)),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zip": _zipped,
    ".zst": _zstandard,
    ".tar": lambda packed: packed,
}


def _is_tape(path: Path) -> bool:
    return ".tar" in path.suffixes[-2:]


def _files_of_tape(file: IO[bytes]) -> int:
    with tarfile.open(fileobj=file, mode="r|", tarinfo=Header) as tape:
        return sum(1 for member in tape if member.isreg())


def _first_of_tape(file: IO[bytes]) -> IO[bytes]:
    tape = tarfile.open(fileobj=file, mode="r|", tarinfo=Header)  # noqa: SIM115 - closed with the file in it
    found = tape.extractfile(next(member for member in tape if member.isreg()))
    return cast("IO[bytes]", found)  # of a regular file there is one
