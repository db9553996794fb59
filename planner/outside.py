"""Text and JSON from outside, read into what the rest may trust; everything that is wrong with them is a `ValueError`."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Iterator
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_SECRET_WORDS = ("SECRET", "TOKEN", "PASSWORD", "KEY", "CREDENTIAL")
_SHORTEST_SECRET = 8
MOST_DIGITS = 308
"""Of a whole number: one of more is not below the largest float."""
_CREDENTIALS = (
    r"((?:[Bb]earer|BEARER|[Bb]asic|BASIC)[ +])(?=\S{16})[\w.~+/%=-]{8,}",
    r"([?&](?i:key|api_?key|access_token|client_secret|password|sig|signature|x-amz-(?:signature|security-token|credential))=)"
    r"[\w.~+/%=-]{8,}",
    r"()eyJ[\w-]{16,}\.[\w-]{8,}\.[\w-]*",
    r"()ya29\.[\w-]{16,}",
)
"""What a header or an address carries to be let in, and tokens that are told by their form; compiled when a text is cleaned."""

MOST_FILE_BYTES = 16 * 1024**2

MOST_UNPACKED_BYTES = 256 * 1024**2
"""What comes out of a packed file, whatever went in; who reads files that are larger by right states another bound."""

MOST_VALUES = 5_000_000
"""Of a JSON document: three bytes of it may be a hundred of memory, so that its size alone is no bound."""

MOST_PARTS_OF_A_KEY = 50
"""Of a TOML document, `a.b.c`: the library takes the square of their number."""

_CHUNK_BYTES = 128 * 1024
_LONG_NUMBER = re.compile(r"\d{19}")
_PART = re.compile(r"[\w-][ \t]*\.")
_STRING = re.compile(r""""(?:[^"\\]|\\.)*(?:"|\\?$)|'[^']*(?:'|$)""")  # one without an end ends with its line
_LONG_WORD = re.compile(r"\w{256}")  # of digits of any base


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


def text_of(body: bytes) -> str:
    """The text in UTF-8, without the byte-order mark that it may begin with.

    Raises:
        ValueError: it is in another encoding; the message is for a person.
    """
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError("it is UTF-16, not UTF-8")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text (byte {error.start})") from None


def json_of(document: bytes | str) -> Any:
    """The content of a JSON document, with no whole number that a float cannot hold.

    As other readers do, it takes NaN and infinite numbers: whoever needs a finite one checks it.

    Raises:
        ValueError: it is not UTF-8, cut off, not JSON, or nested too deeply; the message is for a person.
    """
    text = text_of(document) if isinstance(document, bytes) else document.removeprefix("\ufeff")
    if text.count(",") + text.count("[") + text.count("{") > MOST_VALUES:
        raise ValueError(f"it has more than {MOST_VALUES:,} values")
    # numbers of many digits are rare, and looking for them takes a tenth of reading
    as_whole = _whole if _LONG_NUMBER.search(text) else None
    try:
        return json.loads(text, parse_int=as_whole)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def toml_of(document: bytes | str) -> dict[str, Any]:
    """The content of a TOML document, with no whole number that a float cannot hold.

    Raises:
        ValueError: it is not UTF-8, not TOML, nested too deeply, or holds a larger number; the message is for a person.
    """
    import tomllib  # noqa: PLC0415 - few commands read any

    text = text_of(document) if isinstance(document, bytes) else document.removeprefix("\ufeff")
    if any(_parts(line) > MOST_PARTS_OF_A_KEY for line in text.splitlines()):
        raise ValueError(f"it has a key of more than {MOST_PARTS_OF_A_KEY} parts")
    try:
        content = tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _LONG_WORD.search(text) and any(
        isinstance(value, int) and abs(value) >= 10**MOST_DIGITS for value in _values(content)
    ):
        raise ValueError(f"it has a whole number of more than {MOST_DIGITS} digits")
    return content


def _parts(line: str) -> int:
    """Words with a dot behind them in a line of TOML, strings taken as words: no key in it has more parts."""
    if line.count(".") <= MOST_PARTS_OF_A_KEY:
        return 0
    return len(_PART.findall(_STRING.sub("s", line).partition("#")[0]))


def _values(content: Any) -> Iterator[Any]:
    left = [content]
    while left:
        found = left.pop()
        if isinstance(found, dict):
            left += found.values()
        elif isinstance(found, list):
            left += found
        else:
            yield found


def without_secrets(text: str) -> str:
    """The text without credentials: the values of environment variables that look secret, and what headers and addresses carry.

    Adapters do not put credentials into messages; this is for a library or a service that repeats them.
    """
    from urllib.parse import quote  # noqa: PLC0415 - only where somebody else says something

    for name, value in _secrets():
        for form in {value, quote(value, safe=""), json.dumps(value)[1:-1]}:
            text = text.replace(form, f"<{name}>")
    for credential in _CREDENTIALS:
        text = re.sub(credential, r"\1<secret>", text)
    return text


def page_without_secrets(body: bytes) -> bytes:
    """The bytes of a page without credentials; a packed page, and bytes that are no text, stay as they are."""
    text = body.decode(errors="surrogateescape")
    clean = without_secrets(text)
    return body if clean is text or clean == text else clean.encode(errors="surrogateescape")


def said_plainly(text: str) -> str:
    """What somebody else says as one line for a person: no credentials, no line ends, nothing that a terminal would obey.

    >>> said_plainly("no \\x1b[31mkey\\r\\n given")
    'no ?[31mkey given'
    """
    return "".join(char if char.isprintable() else "?" for char in " ".join(without_secrets(text).split()))


def _secrets() -> Iterator[tuple[str, str]]:
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and any(word in name.upper() for word in _SECRET_WORDS):
            yield name, value


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)
