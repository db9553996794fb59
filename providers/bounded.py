"""Bounds for the libraries of the clouds: no answer larger than a page, packed or not, and none that is waited for without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from http.client import HTTPException
from typing import Any, TypeVar

from planner.errors import ProviderError
from providers.deadline import TooLateError, in_time
from providers.http import MAX_PAGE_BYTES
from providers.sdk import load_sdk

Result = TypeVar("Result")

_STUMBLES = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, HTTPException)
"""What libraries raise where an answer is of another shape than they trust it to be."""

_CHUNK_BYTES = 64 * 1024


def asked_in_time(
    call: Callable[[], Result], seconds: float, what: str, *, known: tuple[type[Exception], ...]
) -> Result:
    """Returns the result of a call of a library, which is left behind after so many seconds; `known` errors pass through.

    Raises:
        ProviderError: it did not end in time, or the library stumbled over the answer.
    """
    try:
        return in_time(lambda _: call(), seconds)
    except TooLateError:
        raise ProviderError(f"{what}: no whole answer within {seconds:g} s.") from None
    except known:
        raise
    except _STUMBLES as error:
        name = type(error).__name__
        raise ProviderError(f"{what}: the answer is not what was asked for, a page of a proxy? ({name})") from None


def bound_session(session: Any) -> Any:
    """The session of `requests`, from now on without answers larger than a page."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, _bounded_adapter()())
    return session


def bound_pools(manager: Any) -> None:
    """Make a pool manager of `urllib3` give no answers larger than a page."""
    kinds = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded_pool(kind) for scheme, kind in kinds.items()}


@cache
def _bounded_adapter() -> Any:
    adapters = load_sdk("requests.adapters", extra="all")

    class BoundedAdapter(adapters.HTTPAdapter):  # type: ignore[misc, name-defined]
        """Reads every answer at once, as long as it is no larger than a page."""

        def send(self, request: Any, *arguments: Any, **settings: Any) -> Any:
            response = super().send(request, *arguments, **settings)
            body = bytearray()
            with closing(response.raw):
                for chunk in response.iter_content(_CHUNK_BYTES):
                    body += chunk
                    if len(body) > MAX_PAGE_BYTES:
                        raise _too_long(request.url)
            response._content = bytes(body)
            return response

    return BoundedAdapter


@cache
def _bounded_pool(kind: Any) -> Any:
    class BoundedPool(kind):  # type: ignore[misc]
        """Gives answers whose stream ends with an error behind the size of a page."""

        def urlopen(self, method: str, url: str, *arguments: Any, **settings: Any) -> Any:
            response = super().urlopen(method, url, *arguments, **settings)
            stream = response.stream

            def bounded(*arguments: Any, **settings: Any) -> Iterator[bytes]:
                count = 0
                for chunk in stream(*arguments, **settings):
                    count += len(chunk)
                    if count > MAX_PAGE_BYTES:
                        raise _too_long(url)
                    yield chunk

            response.stream = bounded
            return response

    return BoundedPool


def _too_long(url: Any) -> ProviderError:
    place = str(url).partition("?")[0][:200]
    return ProviderError(f"{place} answered with more than {MAX_PAGE_BYTES:,} bytes; not read further.")
