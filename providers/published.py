"""Pages of a publisher of price books: GET over https alone, in bounded time, saying nothing of who asks.

A request names the page, and what any client must send: the host, `User-Agent: gpu-cost-planner` without a version, that
gzip is understood, and the entity tag that the publisher gave before. No cookies, no query, no user.
"""

from __future__ import annotations

import re
import threading
import time
from http.client import NOT_MODIFIED
from urllib.parse import SplitResult, urljoin, urlsplit

from planner.errors import ProviderError, UsageError
from providers.base import MOST_BYTES
from providers.http import HttpClient, HttpStatusError, Page, shown

INDEX_NAME = "latest.json"


class Publisher:
    """A publisher at an address, asked with a time limit for each page as a whole, retries and redirects included.

    All its pages together have a limit too, of seconds from now on and of bytes.
    """

    def __init__(self, address: str, *, hosts: tuple[str, ...], timeout_seconds: float, most_seconds: float) -> None:
        """Note the address of an index, or of the folder it lies in, further hosts that it may redirect to, and both limits.

        Raises:
            UsageError: it is not a plain https address, or a host is none.
        """
        odd = [host for host in hosts if not re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?", host)]
        if odd:
            raise UsageError(f"{odd[0]!r} is not a host; one looks like example.com or example.com:8443.")
        self.index = index_address(address)
        self.hosts = (urlsplit(self.index).netloc, *hosts)
        self.timeout_seconds = timeout_seconds
        self._most_seconds = most_seconds
        self._until = time.monotonic() + most_seconds
        self._bytes = 0
        self._counting = threading.Lock()  # books are fetched side by side

    def page(self, file: str = "", *, etag: str | None = None, max_bytes: int) -> Page | None:
        """The index, or a file named from its folder; `None` if it is still the one that `etag` stands for.

        Raises:
            ProviderError: no whole answer in time, more than `max_bytes`, or a redirect to another place; or all pages
                together took too long or have too many bytes.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise ProviderError(f"The pages were not fetched within {self._most_seconds:,.0f} s together; given up.")
        headers = {"If-None-Match": etag} if etag else {}
        client = HttpClient(timeout_seconds=min(self.timeout_seconds, left), headers=headers, hosts=self.hosts)
        try:
            page = client.page(urljoin(self.index, file), max_bytes=max_bytes)
        except HttpStatusError as error:
            if etag and error.status == NOT_MODIFIED:
                return None
            raise
        with self._counting:
            self._bytes += len(page.body)
            is_too_much = self._bytes > MOST_BYTES
        if is_too_much:
            raise ProviderError(f"The pages have more than {MOST_BYTES:,} bytes together; not fetched further.")
        return page


def index_address(text: str) -> str:
    """The address of an index, given in full or as the folder that holds it.

    Raises:
        UsageError: it is not https, holds a user, a query or a fragment, or cannot be an address.
    """
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        has_host = False
    if not has_host or not text.isascii() or not text.isprintable() or set(' "<>\\^`{|}') & set(text):
        without_user = text.rpartition("@")[2]
        raise UsageError(f"{without_user!r} is not an address of published price books; one looks like {_EXAMPLE}.")
    problem = _problem(parts)
    if problem:
        raise UsageError(f"The address {shown(text)!r} {problem} One looks like {_EXAMPLE}.")
    path = parts.path if parts.path.endswith(".json") else f"{parts.path.rstrip('/')}/{INDEX_NAME}"
    return parts._replace(path=path).geturl()


_EXAMPLE = f"https://example.com/prices/{INDEX_NAME}"


def _problem(parts: SplitResult) -> str | None:
    if parts.scheme != "https":
        return "is not https: prices could be altered on their way."
    if "@" in parts.netloc:
        return "holds a user name: published books need none, and none is sent."
    if parts.query or parts.fragment or parts.geturl().endswith(("?", "#")):
        return "holds a query or a fragment: only the page is asked for."
    return None
