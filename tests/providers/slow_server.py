"""Servers on loopback that never finish, never stop or say what no server says; each is a generator of bytes."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import repeat

PAUSE_SECONDS = 0.02
"""Between two bytes of a server that drips: well within any time limit for a single wait."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
JUNK = b"[" + b"0," * 32_000

Bytes = Iterator[bytes | None]
"""What is sent; `None` is a pause."""


def dripped(start: bytes, each: bytes) -> Callable[[], Bytes]:
    """First a start, then so many bytes after each pause, for ever."""

    def sends() -> Bytes:
        yield start
        while True:
            yield None
            yield each

    return sends


def poured(start: bytes, each: bytes) -> Callable[[], Bytes]:
    """First a start, then the same again and again as fast as it is read."""

    def sends() -> Bytes:
        yield start
        yield from repeat(each)

    return sends


def bomb() -> Bytes:
    """A gzip stream that unpacks to a thousand times its size, without end."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    yield HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + packer.compress(b"[")
    while True:
        yield packer.compress(b"0," * 500_000)


def whole_bomb() -> Bytes:
    """A small gzip body, all of it there."""
    body = _packed_blanks()
    yield HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@cache
def _packed_blanks() -> bytes:
    return gzip.compress(b"[" + b" " * 60_000_000 + b"]")


def once(answer: bytes) -> Callable[[], Bytes]:
    """An answer, and the connection ends."""
    return lambda: iter([answer])


SLOW = {
    "silence": dripped(b"", b""),
    "status line dripped": dripped(b"HTTP/1.1 200 ", b"O"),
    "headers dripped": dripped(HEAD, b"X-A: 1\r\n"),
    "one header dripped": dripped(HEAD + b"X-A: ", b"1"),
    "continue for ever": poured(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "continue dripped": dripped(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "continue with headers": dripped(b"HTTP/1.1 100 Continue\r\n", b"X-A: 1\r\n"),
    "body dripped": dripped(HEAD + b"Content-Length: 100000\r\n\r\n[", b"1"),
    "body without length dripped": dripped(HEAD + b"Connection: close\r\n\r\n[", b"1"),
    "chunks dripped": dripped(CHUNKED + b"1\r\n[\r\n", b"1\r\n1\r\n"),
    "chunk line dripped": dripped(CHUNKED + b"1;", b"a"),
    "chunk lines of kilobytes": dripped(CHUNKED + b"1\r\n[\r\n", b"1;" + b"a" * 9000 + b"\r\n0\r\n"),
    "trailers for ever": poured(CHUNKED + b"2\r\n[]\r\n0\r\n", b"X-A: 1\r\n" * 500),
    "trailers dripped": dripped(CHUNKED + b"2\r\n[]\r\n0\r\n", b"X-A: 1\r\n"),
    "gzip dripped": dripped(HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n\x1f\x8b\x08", b"\0"),
}
"""What goes on for ever within the time limit of every single wait."""

ENDLESS = {
    "junk": poured(HEAD + b"Connection: close\r\n\r\n[", JUNK),
    "junk in chunks": poured(CHUNKED, b"%x\r\n%s\r\n" % (len(JUNK), JUNK)),
    "announced junk": poured(HEAD + b"Content-Length: 99999999999\r\n\r\n[", JUNK),
    "bomb": bomb,
    "whole bomb": whole_bomb,
}
"""What fills the memory of whoever reads all of it."""

ODD = {
    "negative chunk": once(CHUNKED + b"-5\r\n[1,2]\r\n0\r\n\r\n"),
    "chunk of no size": once(CHUNKED + b"zz\r\n[1,2]\r\n0\r\n\r\n"),
    "chunk of a huge size": once(CHUNKED + b"f" * 400 + b"\r\n[1,2]"),
    "cut chunk": once(CHUNKED + b"9\r\n[1"),
    "negative length": once(HEAD + b"Content-Length: -1\r\n\r\n[]"),
    "length of no number": once(HEAD + b"Content-Length: many\r\nConnection: close\r\n\r\n<<"),
    "no address to go to": once(b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n"),
    "a port of letters": once(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:a/\r\nContent-Length: 0\r\n\r\n"),
    "a file to go to": once(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"),
    "a host of dots": once(b"HTTP/1.1 302 Found\r\nLocation: https://" + b"a" * 70 + b"/\r\nContent-Length: 0\r\n\r\n"),
    "a part of a page": once(
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\n[]"
    ),
    "no HTTP": once(b"220 mail.example.com ESMTP\r\n" * 3),
    "control characters": once(b"HTTP/1.1 200 \x1b[2J\x07\r\n\x1b[31m: x\r\n\r\n\xff\xfe"),
    "many headers": once(HEAD + b"X-A: 1\r\n" * 5000 + b"\r\n[]"),
    "a long header": once(HEAD + b"X-A: " + b"1" * 100_000 + b"\r\n\r\n[]"),
    "an unknown encoding": once(HEAD + b"Content-Encoding: br\r\nContent-Length: 2\r\n\r\n[]"),
    "plain text as gzip": once(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]"),
    "status of no number": once(b"HTTP/1.1 two OK\r\n\r\n[]"),
    "nothing": once(b""),
}
"""What no server should say, and then the connection ends."""


@contextmanager
def sending(sends: Callable[[], Bytes]) -> Iterator[str]:
    """The address of a server that answers every connection so, until the block ends."""
    is_over = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(5)
            connection.recv(65_536)
            for part in sends():
                if is_over.is_set():
                    return
                if part is None:
                    is_over.wait(PAUSE_SECONDS)
                elif part:
                    connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(65_536)

    def accept() -> None:
        with suppress(OSError):  # nobody listens any more
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        is_over.set()
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        listening.close()
