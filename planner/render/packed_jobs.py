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
from typing import IO, TYPE_CHECKING, Any, cast

from planner.errors import UsageError
from planner.outside.files import MOST_UNPACKED_BYTES, PackedError, Unpacked, opened
from planner.prices.unpacking import Header, ShortReads, check_packing

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK_BYTES = 1024 * 1024
_PIECE_BYTES = 256  # of zstandard: four bytes may be a block of 128 KiB
_LARGEST_WINDOW = 128 * 1024**2  # of memory that a frame may ask for, as the command zstd has it


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
        raise UsageError(
            "Jobs packed as .zst need the package zstandard: pip install zstandard, or unpack them first (unzstd)."
        ) from error
    return cast("IO[bytes]", io.BufferedReader(_Frames(packed, zstandard)))


class _Frames(io.RawIOBase):
    """What is in the frames of a file; the library's own reader takes one that is cut off for whole."""

    def __init__(self, packed: IO[bytes], library: Any) -> None:
        self._packed = packed
        self._library = library
        self._frame: Any = None
        self._ahead = b""
        self._body = memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer as far as there is something.

        Raises:
            PackedError: a frame is damaged, cut off, or made to take all memory.
        """
        while not self._body:
            piece = self._ahead or self._packed.read(_PIECE_BYTES)
            if not piece and self._frame is None:
                return 0
            if not piece:
                raise PackedError("it is cut off")
            self._body = memoryview(self._unpacked(piece))
        with memoryview(buffer).cast("B") as room:
            count = min(len(room), len(self._body))
            room[:count] = self._body[:count]
        self._body = self._body[count:]
        return count

    def _unpacked(self, piece: bytes) -> bytes:
        if self._frame is None:
            self._frame = self._library.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).decompressobj()
        try:
            body: bytes = self._frame.decompress(piece)
        except self._library.ZstdError as error:
            raise PackedError(f"it is damaged ({error})") from error
        self._ahead = b""
        if self._frame.eof:
            self._ahead, self._frame = self._frame.unused_data, None
        return body


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
