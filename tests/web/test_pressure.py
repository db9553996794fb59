"""The page under pressure: half requests, many at once, the same question asked by many."""

import asyncio
import json
import re
import resource
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
import uvicorn
from uvicorn.server import ServerState

from planner.web import app, connections
from planner.web.connections import MOST_AN_ADDRESS, MOST_CONNECTIONS, MOST_LEFT_BYTES, PatientProtocol
from planner.web.parameters import EstimateQuestion
from tests.web import asgi
from tests.web.conftest import DAY, served

HALF = b"GET /api/estimate?model=resnet50 HTTP/1.1\r\nHost: x"


class Transport(asyncio.Transport):
    """A connection without a network; `written` is what was sent over it."""

    def __init__(self, address):
        super().__init__({"peername": (address, 1), "sockname": ("127.0.0.1", 2)})
        self.written = b""
        self.left = 0
        self.is_closed = False
        self.is_aborted = False

    def write(self, data):
        self.written += data

    def close(self):
        self.is_closed = True

    def abort(self):
        self.is_closed = self.is_aborted = True

    def is_closing(self):
        return self.is_closed

    def get_write_buffer_size(self):
        return self.left

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


@pytest.fixture
def connect():
    """Connections of one server, made without a network."""
    loop = asyncio.new_event_loop()
    state = ServerState()
    config = uvicorn.Config(lambda *_: None, http=PatientProtocol, log_level="critical")

    def made(address="127.0.0.1"):
        protocol = PatientProtocol(config, state, {}, _loop=loop)
        protocol.connection_made(Transport(address))
        return protocol

    yield SimpleNamespace(made=made, loop=loop)
    loop.close()


def test_who_does_not_end_a_request_is_cut_off(connect, monkeypatch):
    """Once its time is over, however many bytes have come; who is being answered stays."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0)
    half, silent, whole = connect.made(), connect.made(), connect.made()
    half.data_received(HALF)
    whole.cycle = SimpleNamespace(response_complete=False)
    whole.data_received(HALF)

    connect.loop.run_until_complete(asyncio.sleep(0.01))

    assert [True, True, False] == [one.transport.is_closed for one in (half, silent, whole)]


def test_a_full_house_makes_room(connect):
    """The one that has waited longest without a request goes; with every place in use, the newcomer is told to come again."""
    first, *others = [connect.made() for _ in range(MOST_CONNECTIONS)]
    newcomer = connect.made()

    assert (True, False) == (first.transport.is_closed, newcomer.transport.is_closed)

    first.connection_lost(None)
    for one in (*others, newcomer):
        one.no_longer_waits()  # a request of each has come
    late = connect.made()

    assert late.transport.is_closed
    assert late.transport.written.startswith(b"HTTP/1.1 503 ")


def test_who_does_not_take_an_answer_is_cut_off(connect):
    """To close it would wait for the reader. Who takes some of it has time for the rest."""
    idle, slow = connect.made(), connect.made()
    for one in (idle, slow):
        one.transport.left = 1_000_000
        one.pause_writing()
    slow.transport.left = 900_000

    for one in (idle, slow):
        one._time_over()

    assert (True, False) == (idle.transport.is_aborted, slow.transport.is_aborted)


def test_answers_that_nobody_takes_make_room(connect):
    """For newcomers where all places are theirs, and for each other where they would fill the memory."""
    held = [connect.made() for _ in range(MOST_CONNECTIONS)]
    for one in held:
        one.transport.left = 100
        one.cycle = SimpleNamespace(response_complete=False)
        one.data_received(HALF)
        one.pause_writing()
    connect.made()

    assert (1, True) == (sum(one.transport.is_aborted for one in held), held[0].transport.is_aborted)

    held[-1].transport.left = MOST_LEFT_BYTES
    held[-1].pause_writing()

    assert [True] * (MOST_CONNECTIONS - 1) + [False] == [one.transport.is_aborted for one in held]


def test_one_address_does_not_take_all_places(connect):
    """Another machine displaces its own connections from its bound on, and nobody else's."""
    mine = connect.made()
    theirs = [connect.made("192.0.2.7") for _ in range(MOST_AN_ADDRESS)]
    connect.made("192.0.2.7")

    assert (False, True, False) == (
        mine.transport.is_closed,
        theirs[0].transport.is_closed,
        theirs[1].transport.is_closed,
    )


def test_a_question_of_many_is_worked_out_once(monkeypatch):
    """Whoever asks while it is worked out gets the same answer."""
    worked = []

    def answered(question, data_dir, form):
        worked.append(question)
        release.wait(30)
        return app.Answer(body=b"{}")

    release = threading.Event()
    monkeypatch.setattr(app, "answer", answered)
    desk = app.Desk(None)

    async def ask():
        asking = [
            asyncio.create_task(desk._found(EstimateQuestion(model="resnet50", epochs=1), "json")) for _ in range(50)
        ]
        await asyncio.sleep(0)
        release.set()
        return await asyncio.gather(*asking)

    found = asyncio.run(ask())
    desk.close()

    assert (1, 50) == (len(worked), len(found))
    assert {b"{}"} == {one.body for one in found}


@pytest.mark.slow
def test_half_requests_keep_nobody_out(tmp_path):
    """With more of them than there are places, a question is answered, and 300 at once are too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    question = f"GET /api/estimate?model=resnet50&epochs=90&as_of={DAY} HTTP/1.1\r\n".encode()
    try:
        with served(home=tmp_path) as server:
            host, port = "127.0.0.1", server.port
            halves = [socket.create_connection((host, port), timeout=60) for _ in range(MOST_CONNECTIONS + 50)]
            for one in halves:
                one.sendall(HALF)
            asking = [socket.create_connection((host, port), timeout=60) for _ in range(300)]
            for one in asking:
                one.sendall(question + f"Host: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
            heads = {one.recv(12) for one in asking}
            for one in (*halves, *asking):
                one.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert {b"HTTP/1.1 200"} == heads


@pytest.mark.slow
def test_memory_stays_flat_over_unlike_questions(tmp_path):
    """A thousand that nobody asked before: once what is remembered has reached its bounds, no more is held."""
    question = {"model": "resnet50", "gpu": "A100", "as_of": DAY}
    with served(home=tmp_path) as server:
        held = []
        for number in range(1001):
            assert 200 == server.get("/api/estimate", {**question, "epochs": 1 + number / 100}).status
            if number in (0, 700, 1000):
                held.append(_mib(server.process.pid))

    first, before, after = held
    assert after - before < 25
    assert after - first < 200


def _mib(process):
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def test_one_name_with_other_figures_is_answered_for_each_who_asks():
    """Two users call their card alike at the same time: each is told of the memory of his own, again and again."""

    async def asked():
        desk = asgi.application()
        for count in (1, 2):
            ways = [f"my-card[memory_gib={gib} bandwidth_gb_per_s=640 fp32_tflops=48.7]:{count}" for gib in (16, 24)]
            yield await asyncio.gather(
                *(asgi.ask(desk, f"/api/fit?{urlencode({'model': 'gpt2', 'gpu': way})}") for way in ways)
            )

    async def found():
        return [[json.loads(reply.body) for reply in replies] async for replies in asked()]

    for both in asyncio.run(found()):
        memory = [one["fits"][0]["usable_gib"] for one in both]
        assert [15, 23] == pytest.approx(memory, abs=1)
        assert ["my-card" in one["fits"][0]["gpus"] for one in both] == [True, True]
