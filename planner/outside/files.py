"""Files that somebody else made: opened where they have an end, unpacked within bounds."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_FILE_BYTES = 16 * 1024**2

MOST_UNPACKED_BYTES = 256 * 1024**2
"""What comes out of a packed file, whatever went in; who reads files that are larger by right states another bound."""

_CHUNK_BYTES = 128 * 1024


def bytes_of(path: Path, most: int = MOST_FILE_BYTES) -> bytes:
    """The content of a file, by default of one that somebody wrote by hand, or that a program wrote for people.

    Raises:
        ValueError: it is larger than any of those.
        OSError: it cannot be read.
    """
    with opened(path) as file:
        body = file.read(most + 1)
    if len(body) > most:
        raise ValueError(f"it has more than {most:,} bytes")
    return body


def opened(path: Path, most: int | None = None) -> BufferedReader:
    """What lies at a path, open for reading: a file or standard input, never a pipe or a device, which may not end or begin.

    Raises:
        OSError: it is neither, has more than `most` bytes, or cannot be read.
    """
    is_waited_for = getattr(os, "O_NONBLOCK", 0)  # a pipe that nobody writes to would not open
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | is_waited_for)
    try:
        _check_ends(handle, path, most)
        if is_waited_for:
            os.set_blocking(handle, True)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _check_ends(handle: int, path: Path, most: int | None) -> None:
    status = os.fstat(handle)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    if not (stat.S_ISREG(status.st_mode) or _is_input(status)):
        what = "it is neither a file nor standard input; save what it gives to a file first"
        raise OSError(errno.EINVAL, what, str(path))
    if most is not None and status.st_size > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(path))


def _is_input(status: os.stat_result) -> bool:
    try:
        return os.path.samestat(status, os.fstat(0)) and not stat.S_ISCHR(status.st_mode)
    except OSError:  # it is closed
        return False


def unpacked(file: IO[bytes], most: int = MOST_UNPACKED_BYTES) -> IO[bytes]:
    """What is in an open file: if it is packed with gzip what comes out, of which no more than `most` bytes can be read.

    Reading it raises `PackedError` where there are more, or where it is damaged.
    """
    is_packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if not is_packed:
        return file
    from gzip import GzipFile  # noqa: PLC0415 - few files are packed

    unpacker = cast("IO[bytes]", GzipFile(fileobj=file))
    return BufferedReader(Unpacked(unpacker, most, file), _CHUNK_BYTES)


class PackedError(ValueError):
    """A packed file is damaged, or holds more than it may; the message is for a person."""


class Unpacked(RawIOBase):
    """What an unpacker gives, up to a bound; closed with the packed file."""

    def __init__(self, unpacker: IO[bytes], most: int, *packed: IO[bytes]) -> None:
        """Read at most that many bytes of an unpacker, and close it with the files that it reads."""
        self._unpacker = unpacker
        self._packed = packed
        self._most = self._left = most

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer as far as there is something.

        Raises:
            PackedError: there is more than a packed file may hold, or it is damaged.
        """
        with memoryview(buffer).cast("B") as room:
            try:
                body = self._unpacker.read(len(room))
            except _damage() as error:
                raise PackedError(f"it is damaged or cut off ({error})") from error
            self._left -= len(body)
            if self._left < 0:
                raise PackedError(f"unpacked it has more than {self._most:,} bytes; unpack it, and give what is in it")
            room[: len(body)] = body
        return len(body)

    def close(self) -> None:
        """Close the unpacker, and what it reads."""
        for file in (self._unpacker, *self._packed):
            file.close()
        super().close()


def _damage() -> tuple[type[Exception], ...]:
    """What unpackers raise for files that are damaged, or made to do harm; without that of a disk."""
    import lzma  # noqa: PLC0415 - loaded by the unpacker, if at all
    import zlib  # noqa: PLC0415
    from gzip import BadGzipFile  # noqa: PLC0415

    return (EOFError, BadGzipFile, zlib.error, lzma.LZMAError, MemoryError)
