"""Whatever is asked: a right answer or a clear refusal; never a fault, never a hang."""

import asyncio
import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from planner.web.app import LONGEST_SECONDS
from tests.web.asgi import application, ask
from tests.web.questions import paths


def _asked(seed, count):
    async def ask_all():
        app = application()
        found = []
        for address in paths(random.Random(seed), count):  # noqa: S311 - the same questions each time
            async with asyncio.timeout(LONGEST_SECONDS + 5):  # the application's own limit ends what would hang
                found.append((address, await ask(app, address)))
        return found

    # a thread of its own: the browser of other tests may have left a running loop in this one
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask_all()).result()


def _check(found):
    for address, reply in found:
        assert reply.status in (200, 400, 404, 422, 429), f"{reply.status} {address}: {reply.body[:500]!r}"
        assert b"Traceback" not in reply.body, address
        if reply.headers["content-type"] == "application/json":
            document = json.loads(reply.body)
            if reply.status != 200:
                assert document["error"]["type"], address
                assert document["error"]["message"], address
            elif "error" not in document:
                assert "schema" in document or "openapi" in document or "html" in document, address


def test_some_questions():
    """A taste of the long run."""
    found = _asked(1, 40)

    _check(found)
    assert {200, 400, 422} <= {reply.status for _, reply in found}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 5))
def test_thousands_of_questions(seed):
    """Four hundred from each of three seeds."""
    _check(_asked(seed, 400))
