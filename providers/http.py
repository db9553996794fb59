"""Plain requests over HTTPS for public price lists: in bounded time, with bounded retries, to one host, of bounded size.

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
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import partial
from typing import IO, Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, quote, urljoin, urlsplit, urlunsplit
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from planner.errors import ProviderError
from planner.outside.documents import json_of
from providers.deadline import Deadline, TooLateError, in_time
from providers.http_body import BrokenOffError, body_chunks, bounded, how_broken, joined, looks_like_web_page

MAX_PAGE_BYTES = 32 * 1024 * 1024  # packed and unpacked; the largest single page of these interfaces is about 5 MB
MAX_ETAG_CHARACTERS = 200
MAX_WAIT_SECONDS = 60.0  # a service that asks for more is better tried again by a person, later
_RETRIED_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_LONGEST_SHOWN = 300
_SECRET_PARAMETER = re.compile(r"key|token|secret|sig|password|credential", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}

Result = TypeVar("Result")


class HttpStatusError(ProviderError):
    """The service answered with an error status; `status` is its number."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The body of a page, decompressed, and its entity tag if it came with one that can be sent back."""

    body: bytes
    etag: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpClient:
    """How to ask: `timeout_seconds` for a page as a whole, waits and all `attempts` included; `sleep` between them.

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
        return self.page(url, max_bytes=max_bytes).body

    def post(self, url: str, document: Any) -> bytes:
        """The body of the answer to a question put as JSON; it may be put twice, so it must change nothing.

        Raises:
            ProviderError: as for `get`.
        """
        question = json.dumps(document).encode()

        def whole(response: http.client.HTTPResponse, deadline: Deadline) -> bytes:
            return joined(body_chunks(response, shown(url), deadline, MAX_PAGE_BYTES), shown(url), MAX_PAGE_BYTES)

        return self._answer(url, whole, question)

    def page(self, url: str, *, max_bytes: int) -> Page:
        """One page with its entity tag; at most `max_bytes`, packed and unpacked.

        Raises:
            HttpStatusError: an error status that stayed after the retries.
            ProviderError: no complete answer, a web page instead of data, or more than `max_bytes`.
        """

        def whole(response: http.client.HTTPResponse, deadline: Deadline) -> Page:
            body = joined(body_chunks(response, shown(url), deadline, max_bytes), shown(url), max_bytes)
            return Page(body=body, etag=_usable_etag(response.headers.get("ETag")))

        return self._answer(url, whole)

    def stream(self, url: str, consume: Callable[[Iterator[bytes]], Result], *, max_bytes: int) -> Result:
        """Returns the result of `consume`, which gets the decompressed body of a large file in chunks, anew on every retry.

        `consume` must take the chunks to their end, where a connection cut short is noticed. What has come puts the end of the
        time off: a file may take as long as it needs at `MIN_BYTES_PER_SECOND`.

        Raises:
            HttpStatusError: an error status that stayed after the retries.
            ProviderError: no complete answer, more than `max_bytes` (packed or not), or a web page instead of data.
        """

        def each(response: http.client.HTTPResponse, deadline: Deadline) -> Result:
            chunks = body_chunks(response, shown(url), deadline, max_bytes, is_file=True)
            return consume(bounded(chunks, shown(url), max_bytes))

        return self._answer(url, each)

    def _answer(
        self,
        url: str,
        consume: Callable[[http.client.HTTPResponse, Deadline], Result],
        question: bytes | None = None,
    ) -> Result:
        _check_scheme(url)
        try:
            return in_time(partial(self._tried, url, consume, question), self.timeout_seconds)
        except TooLateError:
            raise ProviderError(f"{shown(url)} did not answer in full within {self.timeout_seconds:g} s.") from None

    def _tried(
        self,
        url: str,
        consume: Callable[[http.client.HTTPResponse, Deadline], Result],
        question: bytes | None,
        deadline: Deadline,
    ) -> Result:
        attempt = 1
        while True:
            try:
                with closing(self._open(url, question, deadline)) as response:
                    if response.status != http.client.OK:  # a part of a page, say, which nobody asked for
                        said = f"{shown(url)} answered with HTTP status {response.status}, which is no whole page."
                        raise HttpStatusError(said, response.status)
                    return consume(response, deadline)
            except HTTPError as error:
                asked = retry_after_seconds(error.headers)
                message = _refusal(error, url)
                error.close()
                if error.code not in _RETRIED_STATUS or attempt == self.attempts:
                    raise HttpStatusError(f"{message}{_after(attempt)}", error.code) from None
                if asked is not None and asked > min(MAX_WAIT_SECONDS, deadline.seconds_left):
                    raise HttpStatusError(
                        f"{message} It asks to wait {asked:.0f} s: try again then.", error.code
                    ) from None
                wait = backoff_seconds(attempt) if asked is None else asked
                if wait > deadline.seconds_left:
                    raise HttpStatusError(f"{message}{_after(attempt)}", error.code) from None
            except BrokenOffError as error:
                wait = backoff_seconds(attempt)
                if attempt == self.attempts or wait > deadline.seconds_left:
                    raise ProviderError(f"{shown(url)}: {error}.{_after(attempt)}") from error
            self.sleep(wait)
            attempt += 1

    def _open(self, url: str, question: bytes | None, deadline: Deadline) -> http.client.HTTPResponse:
        headers = {"Accept-Encoding": "gzip", "User-Agent": "gpu-cost-planner", **self.headers}
        if question is not None:
            headers["Content-Type"] = "application/json"
        request = Request(url, data=question, headers=headers)  # noqa: S310 - the scheme was checked
        try:
            opener = build_opener(_KnownHostRedirects(self.hosts), _Http(deadline), _Https(deadline))
            response: http.client.HTTPResponse = opener.open(request, timeout=max(deadline.seconds_left, 0.001))
        except HTTPError:
            raise
        except ValueError as error:  # what a redirect leads to
            raise ProviderError(f"{shown(url)} points on to what is no address.") from error
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            if isinstance(reason, ProviderError):
                raise reason from None
            if isinstance(reason, socket.gaierror):
                raise ProviderError(f"{shown(url)}: host not found ({reason}). Is there a network?") from error
            if isinstance(reason, ssl.SSLError):
                raise ProviderError(f"{shown(url)}: no trusted TLS connection ({reason}).") from error
            raise BrokenOffError(how_broken(reason, deadline)) from error
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
    if looks_like_web_page(body):
        raise ProviderError(f"{where} is a web page where JSON was expected.")
    try:
        return json_of(body)
    except ValueError as error:
        raise ProviderError(f"{where} is cut off or not JSON: {error}.") from error


def shown(url: str) -> str:
    """`url` as a message may show it: without user, password or the values of secret parameters."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.rpartition("@")[2].partition("?")[0][:_LONGEST_SHOWN]
    host = parts.netloc.rpartition("@")[2]
    query = "&".join(
        f"{name}={'...' if _SECRET_PARAMETER.search(name) else quote(value, safe='/:,')}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    text = urlunsplit((parts.scheme, host, parts.path, query, ""))
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _check_scheme(url: str) -> None:
    try:
        scheme, host, _ = _origin(url)
    except ValueError:
        scheme, host = "", None
    if scheme == "https" and host:
        return
    if scheme == "http" and host in {"127.0.0.1", "::1", "localhost"}:
        return
    raise ProviderError(f"{shown(url)!r} is not an https address.")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


class _Http(HTTPHandler):
    """Opens connections that end with the time for the page."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: Request) -> http.client.HTTPResponse:
        """Open one."""
        return self.do_open(partial(_watched, http.client.HTTPConnection, self._deadline), req)


class _Https(HTTPSHandler):
    """The same over TLS."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def https_open(self, req: Request) -> http.client.HTTPResponse:
        """Open one."""
        return self.do_open(partial(_watched, http.client.HTTPSConnection, self._deadline), req)


def _watched(
    kind: type[http.client.HTTPConnection], deadline: Deadline, host: str, **settings: Any
) -> http.client.HTTPConnection:
    """A connection whose socket ends once nobody waits for the page any more."""

    class Watched(kind):  # type: ignore[misc, valid-type]  # one of two
        def connect(self) -> None:
            super().connect()
            deadline.watch(self.sock)

    return Watched(host, **settings)


class _KnownHostRedirects(HTTPRedirectHandler):
    max_redirections = 3

    def __init__(self, hosts: Collection[str]) -> None:
        self.hosts = hosts

    def http_error_302(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> http.client.HTTPResponse | None:
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except ValueError:  # the library's own, where the place to go to is no address
            fp.close()
            raise

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(  # noqa: PLR0917 - the library's signature
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        try:
            check_same_host(newurl, req.full_url, self.hosts)
        except ProviderError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _usable_etag(text: str | None) -> str | None:
    """The entity tag, unless it is one that nobody can mean to be sent back."""
    if text is None or not 0 < len(text) <= MAX_ETAG_CHARACTERS:
        return None
    return text if text.isascii() and text.isprintable() else None


def _refusal(error: HTTPError, url: str) -> str:
    reason = {
        401: " (not authorised)",
        403: " (not allowed)",
        404: " (not found)",
        429: " (too many requests)",
    }
    return f"{shown(url)} answered with HTTP status {error.code}{reason.get(error.code, '')}."


def _after(attempts: int) -> str:
    return f" Tried {attempts} times." if attempts > 1 else ""


def retry_after_seconds(headers: Mapping[str, str] | Message) -> float | None:
    """Seconds a Retry-After header asks for (a number or a date), `None` without one that can be read."""
    text = (headers.get("Retry-After") or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def backoff_seconds(attempt: int) -> float:
    """1, 2, 4 ... seconds, each shortened by up to half at random so that clients do not return together."""
    return min(2.0 ** (attempt - 1), MAX_WAIT_SECONDS) * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
