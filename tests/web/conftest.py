"""The local page as a process of its own, over loopback."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import pytest

from tests.conftest import ROOT

DAY = "2026-07-01"


@dataclass
class Reply:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]


class Served:
    """A running server and how to ask it."""

    def __init__(self, process, address):
        self.process = process
        self.address = address
        self.port = urlsplit(address).port

    def get(self, path, question=(), **asked):
        with self.asked(path, question, **asked) as connection:
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    @contextlib.contextmanager
    def asked(self, path, question=(), *, method="GET", headers=(), body=None):
        """A connection over which the question has been sent; its reply is still to be read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        with contextlib.closing(connection):
            query = urlencode(list(question.items() if isinstance(question, dict) else question), doseq=True)
            connection.request(method, f"{path}?{query}" if query else path, body=body, headers=dict(headers))
            yield connection


@contextlib.contextmanager
def served(*arguments, home, cache=None):
    """`planner serve` on a free port until the block ends; caches lie in the home unless a folder is given."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLANNER_")}
    environment |= {"PYTHONPATH": str(ROOT), "HOME": str(home)}
    environment |= {"XDG_DATA_HOME": str(home / "data"), "XDG_CACHE_HOME": str(cache or home / "cache")}
    process = subprocess.Popen(
        [sys.executable, "-m", "planner", "serve", "--port", "0", *map(str, arguments)],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = process.stdout.readline().strip()
        assert address, process.stderr.read()
        yield Served(process, address)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)


@pytest.fixture(scope="session")
def server(tmp_path_factory, shared_cache):
    """One server for all tests that change nothing: it has nothing that could be changed."""
    with served(home=tmp_path_factory.mktemp("served"), cache=shared_cache) as running:
        yield running
