"""Pages of a publisher of price books: GET over https alone, in bounded time, saying nothing of who asks.

A request names the page, and what any client must send: the host, `User-Agent: gpu-cost-planner` without a version, that
gzip is understood, and the entity tag that the publisher gave before. No cookies, no query, no user.
"""

from __future__ import annotations

import re
from http.client import NOT_MODIFIED
from urllib.parse import SplitResult, urljoin, urlsplit

from planner.errors import UsageError
from providers.http import HttpClient, HttpStatusError, Page, shown

INDEX_NAME = "latest.json"


class Publisher:
    """A publisher at an address, asked with a time limit for each page as a whole, retries and redirects included."""

    def __init__(self, address: str, *, hosts: tuple[str, ...], timeout_seconds: float) -> None:
        """Note the address of an index, or of the folder it lies in, and further hosts that it may redirect to.

        Raises:
            UsageError: it is not a plain https address, or a host is none.
        """
        odd = [host for host in hosts if not re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?", host)]
        if odd:
            raise UsageError(f"{odd[0]!r} is not a host; one looks like example.com or example.com:8443.")
        self.index = index_address(address)
        self.hosts = (urlsplit(self.index).netloc, *hosts)
        self.timeout_seconds = timeout_seconds

    def page(self, file: str = "", *, etag: str | None = None, max_bytes: int) -> Page | None:
        """The index, or a file named from its folder; `None` if it is still the one that `etag` stands for.

        Raises:
            ProviderError: no whole answer in time, more than `max_bytes`, or a redirect to another place.
        """
        headers = {"If-None-Match": etag} if etag else {}
        client = HttpClient(timeout_seconds=self.timeout_seconds, headers=headers, hosts=self.hosts)
        try:
            return client.page(urljoin(self.index, file), max_bytes=max_bytes)
        except HttpStatusError as error:
            if etag and error.status == NOT_MODIFIED:
                return None
            raise


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
