"""Plain requests over HTTPS for public price lists: timeouts, bounded retries, one host, bounded size.

Only the standard library, so that everything a cloud publishes without an account can be fetched by a default
installation. Proxies of the environment (`HTTPS_PROXY`, `NO_PROXY`) are honoured. Plain http is accepted for
loopback addresses alone.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import IO, Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, quote, urljoin, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from planner.errors import ProviderError

MAX_PAGE_BYTES = 64 * 1024 * 1024  # the largest single page of these interfaces is about 5 MB
MAX_ETAG_CHARACTERS = 200
MAX_WAIT_SECONDS = 60.0  # a service that asks for more is better tried again by a person, later
MIN_BYTES_PER_SECOND = 4096  # slower than this over a whole timeout counts as a dead connection
_RETRIED_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_CHUNK_BYTES = 256 * 1024
_SECRET_PARAMETER = re.compile(r"key|token|secret|sig|password|credential", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}

Result = TypeVar("Result")


class HttpStatusError(ProviderError):
    """The service answered with an error status; `status` is its number."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _BrokenOffError(Exception):
    """The connection failed, stalled or ended early: worth another try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The body of a page, decompressed, and its entity tag if it came with one that can be sent back."""

    body: bytes
    etag: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpClient:
    """How to ask: `timeout_seconds` for every single wait, `attempts` in all, `sleep` between them.

    `headers` go with every request, and so to one host only; a key among them is in no address and no message. Redirects
    stay on the host, scheme and port of the address, unless they go to one of `hosts` (with a port unless 443) over https.
    """

    timeout_seconds: float = 30.0
    attempts: int = 4  # rides out a throttled moment, and gives a dead host up after a few waits
    sleep: Callable[[float], None] = time.sleep
    headers: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()

    def get(self, url: str, *, max_bytes: int = MAX_PAGE_BYTES) -> bytes:
        """The body of one page, decompressed.

        Raises:
            HttpStatusError: an error status that stayed after the retries.
            ProviderError: no complete answer, a web page instead of data, or more than `max_bytes`.
        """
        return self.stream(url, lambda chunks: _joined(chunks, url, max_bytes))

    def post(self, url: str, document: Any) -> bytes:
        """The body of the answer to a question put as JSON; it may be put twice, so it must change nothing.

        Raises:
            ProviderError: as for `get`.
        """
        question = json.dumps(document).encode()

        def whole(response: http.client.HTTPResponse) -> bytes:
            return _joined(_body(response, url, self.timeout_seconds), url, MAX_PAGE_BYTES)

        return self._answer(url, whole, question)

    def page(self, url: str, *, max_bytes: int) -> Page:
        """One page with its entity tag; at most `max_bytes`, packed and unpacked.

        Raises:
            HttpStatusError: an error status that stayed after the retries.
            ProviderError: no complete answer, a web page instead of data, or more than `max_bytes`.
        """

        def whole(response: http.client.HTTPResponse) -> Page:
            if (response.length or 0) > max_bytes:
                raise _too_long(url, max_bytes)
            body = _joined(_body(response, url, self.timeout_seconds, max_bytes), url, max_bytes)
            return Page(body=body, etag=_usable_etag(response.headers.get("ETag")))

        return self._answer(url, whole)

    def stream(self, url: str, consume: Callable[[Iterator[bytes]], Result]) -> Result:
        """Returns the result of `consume`, which gets the decompressed body in chunks and starts anew on every retry.

        `consume` must take the chunks to their end, where a connection cut short is noticed.

        Raises:
            HttpStatusError: an error status that stayed after the retries.
            ProviderError: no complete answer, or a web page instead of data.
        """
        return self._answer(url, lambda response: consume(_body(response, url, self.timeout_seconds)))

    def _answer(
        self, url: str, consume: Callable[[http.client.HTTPResponse], Result], question: bytes | None = None
    ) -> Result:
        _check_scheme(url)
        attempt = 1
        while True:
            try:
                with closing(self._open(url, question)) as response:
                    return consume(response)
            except HTTPError as error:
                wait = retry_after_seconds(error.headers)
                message = _refusal(error, url)
                error.close()
                if error.code not in _RETRIED_STATUS or attempt == self.attempts:
                    raise HttpStatusError(f"{message}{_tried(attempt)}", error.code) from None
                if wait is not None and wait > MAX_WAIT_SECONDS:
                    raise HttpStatusError(
                        f"{message} It asks to wait {wait:.0f} s: try again then.", error.code
                    ) from None
            except _BrokenOffError as error:
                wait = None
                if attempt == self.attempts:
                    raise ProviderError(f"{shown(url)}: {error}.{_tried(attempt)}") from error
            self.sleep(backoff_seconds(attempt) if wait is None else wait)
            attempt += 1

    def _open(self, url: str, question: bytes | None) -> http.client.HTTPResponse:
        headers = {"Accept-Encoding": "gzip", "User-Agent": "gpu-cost-planner", **self.headers}
        if question is not None:
            headers["Content-Type"] = "application/json"
        request = Request(url, data=question, headers=headers)  # noqa: S310 - the scheme was checked
        try:
            response: http.client.HTTPResponse = build_opener(_KnownHostRedirects(self.hosts)).open(
                request, timeout=self.timeout_seconds
            )
        except HTTPError:
            raise
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            if isinstance(reason, ProviderError):
                raise reason from None
            if isinstance(reason, socket.gaierror):
                raise ProviderError(f"{shown(url)}: host not found ({reason}). Is there a network?") from error
            if isinstance(reason, ssl.SSLError):
                raise ProviderError(f"{shown(url)}: no trusted TLS connection ({reason}).") from error
            raise _BrokenOffError(_broken(reason, self.timeout_seconds)) from error
        return response


def check_same_host(link: str, origin: str, hosts: Collection[str] = ()) -> str:
    """Returns `link` as an absolute address; refuses one with another scheme, host or port than `origin`.

    Args:
        link: where a page points to.
        origin: the address of that page.
        hosts: further hosts that it may point to over https, each with its port unless that is 443.

    Raises:
        ProviderError: it points elsewhere.
    """
    try:
        absolute = urljoin(origin, link)
        found = _origin(absolute)
        stays = found in {_origin(origin), *(_origin(f"https://{host}") for host in hosts)}
    except ValueError as error:
        raise ProviderError(f"{shown(origin)} points on to {link!r}, which is not an address.") from error
    if not stays:
        raise ProviderError(f"{shown(origin)} points on to another host, {shown(absolute)}; not followed.")
    return absolute


def json_document(body: bytes, where: str) -> Any:
    """The JSON document in `body` (UTF-8, with or without a byte-order mark); `where` names it in messages.

    Raises:
        ProviderError: it is empty, a web page, cut off or otherwise not JSON.
    """
    if not body.strip():
        raise ProviderError(f"{where} is empty where JSON was expected.")
    if _looks_like_web_page(body):
        raise ProviderError(f"{where} is a web page where JSON was expected.")
    try:
        return json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ProviderError(f"{where} is not UTF-8 text (byte {error.start}).") from error
    except (ValueError, RecursionError) as error:
        raise ProviderError(f"{where} is cut off or not JSON: {error}.") from error


def shown(url: str) -> str:
    """`url` as a message may show it: without user, password or the values of secret parameters."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    query = "&".join(
        f"{name}={'...' if _SECRET_PARAMETER.search(name) else quote(value, safe='/:,')}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


def _check_scheme(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}:
        return
    raise ProviderError(f"{shown(url)!r} is not an https address.")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


class _KnownHostRedirects(HTTPRedirectHandler):
    max_redirections = 3

    def __init__(self, hosts: Collection[str]) -> None:
        self.hosts = hosts

    def redirect_request(  # noqa: PLR0917 - the library's signature
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        try:
            check_same_host(newurl, req.full_url, self.hosts)
        except ProviderError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _joined(chunks: Iterator[bytes], url: str, max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > max_bytes:
            raise _too_long(url, max_bytes)
    return bytes(body)


def _too_long(url: str, max_bytes: int) -> ProviderError:
    return ProviderError(f"{shown(url)} answered with more than {max_bytes:,} bytes; not read further.")


def _usable_etag(text: str | None) -> str | None:
    """The entity tag, unless it is one that nobody can mean to be sent back."""
    if text is None or not 0 < len(text) <= MAX_ETAG_CHARACTERS:
        return None
    return text if text.isascii() and text.isprintable() else None


def _body(
    response: http.client.HTTPResponse, url: str, timeout_seconds: float, max_bytes: int | None = None
) -> Iterator[bytes]:
    """The decompressed body in chunks; `max_bytes` are those that come over the wire."""
    if "html" in response.headers.get("Content-Type", "").lower():
        raise ProviderError(f"{shown(url)} answered with a web page, not data: a proxy or a sign-in page?")
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding not in {"identity", "gzip"}:
        raise ProviderError(f"{shown(url)} answered in the unknown encoding {encoding!r}.")
    wire = _received(response, url, timeout_seconds, max_bytes)
    is_first = True
    for chunk in _gunzipped(wire, url) if encoding == "gzip" else wire:
        if is_first and _looks_like_web_page(chunk):
            raise ProviderError(f"{shown(url)} answered with a web page, not data: a proxy or a sign-in page?")
        is_first = False
        yield chunk
    if is_first:
        raise ProviderError(f"{shown(url)} answered with an empty body.")


def _received(
    response: http.client.HTTPResponse, url: str, timeout_seconds: float, max_bytes: int | None
) -> Iterator[bytes]:
    begun, received, announced = time.monotonic(), 0, response.length
    while True:
        try:
            chunk = response.read1(_CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenOffError(_broken(error, timeout_seconds)) from error
        if not chunk:
            break
        received += len(chunk)
        if max_bytes is not None and received > max_bytes:
            raise _too_long(url, max_bytes)
        seconds = time.monotonic() - begun
        if seconds > timeout_seconds and received < MIN_BYTES_PER_SECOND * seconds:
            raise _BrokenOffError(f"only {received:,} bytes came in {seconds:.0f} s")
        yield chunk
    # read1 ends quietly when the other side hangs up in the middle of an announced length
    if announced is not None and received < announced:
        raise _BrokenOffError(f"the connection was cut after {received:,} of {announced:,} bytes")


def _gunzipped(chunks: Iterator[bytes], url: str) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                # bounded output: a small packed chunk may stand for gigabytes
                if text := unpacker.decompress(rest, 4 * _CHUNK_BYTES):
                    yield text
                rest = unpacker.unconsumed_tail
            if unpacker.unused_data:
                raise ProviderError(f"{shown(url)} answered with damaged gzip data: it goes on after its end.")
    except zlib.error as error:
        raise ProviderError(f"{shown(url)} answered with damaged gzip data: {error}.") from error
    if not unpacker.eof:
        raise _BrokenOffError("the compressed answer ends early")


def _looks_like_web_page(body: bytes) -> bool:
    return body[:512].lstrip(b"\xef\xbb\xbf \t\r\n")[:9].lower().startswith((b"<!doctype", b"<html"))


def _broken(reason: object, timeout_seconds: float) -> str:
    if isinstance(reason, TimeoutError):
        return f"nothing came for {timeout_seconds:g} s"
    if isinstance(reason, ConnectionRefusedError):
        return "the connection was refused"
    return f"the connection broke ({type(reason).__name__}: {reason})"


def _refusal(error: HTTPError, url: str) -> str:
    reason = {
        401: " (not authorised)",
        403: " (not allowed)",
        404: " (not found)",
        429: " (too many requests)",
    }
    return f"{shown(url)} answered with HTTP status {error.code}{reason.get(error.code, '')}."


def _tried(attempts: int) -> str:
    return f" Tried {attempts} times." if attempts > 1 else ""


def retry_after_seconds(headers: Mapping[str, str] | Message) -> float | None:
    """Seconds a Retry-After header asks for (a number or a date), `None` without one that can be read."""
    text = (headers.get("Retry-After") or "").strip()
    if not text:
        return None
    if text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def backoff_seconds(attempt: int) -> float:
    """1, 2, 4 ... seconds, each shortened by up to half at random so that clients do not return together."""
    return min(2.0 ** (attempt - 1), MAX_WAIT_SECONDS) * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
