"""The body of an answer over HTTP, in chunks: unpacked, whole, of bounded size, and in time."""

from __future__ import annotations

import http.client
import zlib
from collections.abc import Iterator

from planner.errors import ProviderError
from providers.deadline import Deadline

MIN_BYTES_PER_SECOND = 128 * 1024
"""The slowest that a large file may come; a page has the time limit alone."""

_CHUNK_BYTES = 256 * 1024
_UNPACKED_BYTES = 4 * _CHUNK_BYTES


class BrokenOffError(Exception):
    """The connection failed, stalled or ended early: worth another try."""


def body_chunks(
    response: http.client.HTTPResponse, where: str, deadline: Deadline, max_bytes: int, *, is_file: bool = False
) -> Iterator[bytes]:
    """The body in chunks, unpacked; `max_bytes` are those that come over the wire. A file brings time with every byte.

    Raises:
        BrokenOffError: it ends early.
        ProviderError: it is no data, damaged, or too long.
        TooLateError: nobody waits for it any more.
    """
    if "html" in response.headers.get("Content-Type", "").lower():
        raise ProviderError(f"{where} answered with a web page, not data: a proxy or a sign-in page?")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise ProviderError(f"{where} answered in the unknown encoding {encoding[:40]!r}.")
    wire = _received(response, where, deadline, max_bytes, is_file=is_file)
    is_first = True
    for chunk in _gunzipped(wire, where, deadline) if encoding == "gzip" else wire:
        if is_first and looks_like_web_page(chunk):
            raise ProviderError(f"{where} answered with a web page, not data: a proxy or a sign-in page?")
        is_first = False
        yield chunk
    if is_first:
        raise ProviderError(f"{where} answered with an empty body.")


def joined(chunks: Iterator[bytes], where: str, max_bytes: int) -> bytes:
    """The chunks as one, at most `max_bytes` of them.

    Raises:
        ProviderError: there are more.
    """
    return b"".join(bounded(chunks, where, max_bytes))


def bounded(chunks: Iterator[bytes], where: str, max_bytes: int) -> Iterator[bytes]:
    """The chunks, as long as they have no more than `max_bytes` together.

    Raises:
        ProviderError: there are more.
    """
    count = 0
    for chunk in chunks:
        count += len(chunk)
        if count > max_bytes:
            raise _too_long(where, max_bytes)
        yield chunk


def looks_like_web_page(body: bytes) -> bool:
    """Whether that is the beginning of HTML."""
    return body[:512].lstrip(b"\xef\xbb\xbf \t\r\n")[:9].lower().startswith((b"<!doctype", b"<html"))


def how_broken(reason: object, deadline: Deadline) -> str:
    """What became of a connection, in words."""
    if isinstance(reason, TimeoutError):
        return f"nothing came for {deadline.seconds:g} s"
    if isinstance(reason, ConnectionRefusedError):
        return "the connection was refused"
    # what a server sends instead of an answer is part of some of these
    said = "".join(char if char.isprintable() else "?" for char in str(reason))
    return f"the connection broke ({type(reason).__name__}: {said[:100]})"


def _too_long(where: str, max_bytes: int) -> ProviderError:
    return ProviderError(f"{where} answered with more than {max_bytes:,} bytes; not read further.")


def _received(
    response: http.client.HTTPResponse, where: str, deadline: Deadline, max_bytes: int, *, is_file: bool
) -> Iterator[bytes]:
    received, announced = 0, response.length
    if (announced or 0) > max_bytes:
        raise _too_long(where, max_bytes)
    while True:
        try:
            chunk = response.read1(_CHUNK_BYTES)
        except (OSError, ValueError, http.client.HTTPException) as error:
            deadline.check()
            raise BrokenOffError(how_broken(error, deadline)) from error
        deadline.check()
        if not chunk:
            break
        # the library takes a chunk of a negative size for one without end
        left = getattr(response, "chunk_left", None)
        if isinstance(left, int) and left < 0:
            raise ProviderError(f"{where} answered in a chunk of a negative size.")
        received += len(chunk)
        if received > max_bytes:
            raise _too_long(where, max_bytes)
        if is_file:
            deadline.add(len(chunk) / MIN_BYTES_PER_SECOND)
        yield chunk
    # read1 ends quietly when the other side hangs up in the middle of an announced length
    if announced is not None and received < announced:
        raise BrokenOffError(f"the connection was cut after {received:,} of {announced:,} bytes")


def _gunzipped(chunks: Iterator[bytes], where: str, deadline: Deadline) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        for chunk in chunks:
            rest, text = chunk, b""
            while rest or len(text) == _UNPACKED_BYTES:
                # bounded output: a small packed chunk may stand for gigabytes
                text = unpacker.decompress(rest, _UNPACKED_BYTES)
                rest = unpacker.unconsumed_tail
                deadline.check()
                if text:
                    yield text
            if unpacker.unused_data:
                raise ProviderError(f"{where} answered with damaged gzip data: it goes on after its end.")
    except zlib.error as error:
        raise ProviderError(f"{where} answered with damaged gzip data: {error}.") from error
    if not unpacker.eof:
        raise BrokenOffError("the compressed answer ends early")
