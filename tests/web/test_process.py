"""The server as a process: how it starts, what it refuses to start with, how it ends, what it sees while it runs."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from planner.web.app import LONGEST_SECONDS
from planner.web.server import GRACE_SECONDS
from tests.builders import a_snapshot, an_offer
from tests.conftest import ROOT
from tests.web.conftest import DAY, served

CLOUD = {"model": "resnet50", "epochs": 90, "provider": "testcloud", "as_of": DAY}


def _usd_per_hour(server):
    return server.get("/api/estimate", CLOUD).json["estimates"][0]["usd_per_hour"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path, number):
    """Exit code 0, nothing on standard error but where it served."""
    with served(home=tmp_path) as server:
        assert 200 == server.get("/").status
        server.process.send_signal(number)
        rest, said = server.process.communicate(timeout=120)

    assert (0, "", "Serving until Ctrl+C.\n") == (server.process.returncode, rest, said)


BROKEN = {
    "a chunk of no size": "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a negative chunk": "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n",
    "a huge chunk": "Transfer-Encoding: chunked\r\n\r\n" + "f" * 400 + "\r\n",
    "a second request that is none": "\r\nSM\r\n\r\n",
    "zeros behind it": "\r\n" + "\0" * 70_000,
}


def test_requests_that_break_off_into_nonsense_leave_no_traceback(tmp_path):
    """Each is answered or cut off, whether its answer had begun or not, and the server answers the next."""
    with served(home=tmp_path) as server:
        head = f"GET /api/estimate?model=resnet50&epochs=9 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        head += "Connection: close\r\n"
        for rest in BROKEN.values():
            for first in (head + rest, head):
                with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
                    connection.sendall(first.encode())
                    if first == head:
                        connection.sendall(b"X-A: 1\r\n")
                        connection.sendall(rest.encode())
                    with contextlib.suppress(ConnectionError):
                        while connection.recv(65_536):
                            pass
        assert 200 == server.get("/").status
        server.process.send_signal(signal.SIGTERM)
        _, said = server.process.communicate(timeout=120)

    assert {"Serving until Ctrl+C.", "WARNING:  Invalid HTTP request received."} == set(said.splitlines())


def test_what_is_under_way_is_finished_first(tmp_path):
    """A question that was sent before the signal is answered, and nothing more is taken."""
    question = {"model": "llama-3-8b", "tokens": "1B", "nodes": "16", "as_of": DAY}  # a second of work
    with served(home=tmp_path) as server, server.asked("/api/estimate", question) as asking:
        server.process.send_signal(signal.SIGTERM)
        reply = asking.getresponse()
        reply.read()
        server.process.wait(timeout=120)

    assert (200, 0) == (reply.status, server.process.returncode)


def test_a_question_that_no_one_has_looked_at_yet_is_answered(tmp_path):
    """Sent before the signal but still with the operating system when the server begins to end: not cut off.

    The question is sent and the signal raised between the start and the first turn of the server's loop.
    """
    (tmp_path / "run.py").write_text(ASKED_AT_THE_LAST_MOMENT)

    done = subprocess.run(
        [sys.executable, "run.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "HTTP/1.1 200 OK" == done.stdout.partition("\n")[0], done.stderr


ASKED_AT_THE_LAST_MOMENT = """
import signal
import socket
from planner.web.server import listening_socket, serve

listening = listening_socket("127.0.0.1", 0)
address = listening.getsockname()
client = socket.socket()
client.settimeout(60)

def ask_and_end():
    client.connect(address)
    client.sendall(f"GET /api/models HTTP/1.1\\r\\nHost: 127.0.0.1:{address[1]}\\r\\n\\r\\n".encode())
    signal.raise_signal(signal.SIGTERM)

serve(listening, host="127.0.0.1", data_dir=None, when_ready=ask_and_end)
print(client.recv(100).decode())
"""


def test_the_end_waits_as_long_as_a_question_may_take():
    """No question that may still be answered is cut off, however slow the machine."""
    assert GRACE_SECONDS > LONGEST_SECONDS


def test_a_port_that_is_taken_is_said(run_planner):
    """With what to do about it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = run_planner("serve", "--port", other.getsockname()[1])

    assert 2 == done.returncode
    assert "is taken" in done.stderr
    assert "--port 0" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "192.0.2.1"), "--host"),
        (("--host", "no such name"), "--host"),
        (("--port", "70000"), "65535"),
        (("--data-dir", "nowhere"), "not a folder"),
    ],
)
def test_what_cannot_be_served_is_said(run_planner, arguments, words):
    """Exit 2 and a message."""
    done = run_planner("serve", *arguments)

    assert 2 == done.returncode
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_refresh_is_seen_while_it_serves(tmp_path):
    """The next answer is made from the new book, though the question is the same."""
    a_snapshot(tmp_path, an_offer(usd_per_hour=20.0), stem="2026-06-01")
    with served("--data-dir", tmp_path, home=tmp_path) as server:
        before = _usd_per_hour(server), _usd_per_hour(server)
        a_snapshot(tmp_path, an_offer(usd_per_hour=19.0), stem="2026-06-02")
        after = _usd_per_hour(server)

    assert ((20.0, 20.0), 19.0) == (before, after)


def test_a_damaged_book_is_no_fault_of_who_asks(tmp_path):
    """503, and whoever looks after the server reads what to do."""
    path = a_snapshot(tmp_path, an_offer(usd_per_hour=20.0))
    with served("--data-dir", tmp_path, home=tmp_path) as server:
        path.write_bytes(path.read_bytes().replace(b"20.0", b"10.0"))
        answer = server.get("/api/estimate", CLOUD)

    assert (503, "SnapshotError") == (answer.status, answer.error["type"])


def test_many_ask_at_once(server):
    """Different questions side by side get their own answers."""
    found = {}

    def ask(epochs):
        question = {"model": "resnet50", "epochs": epochs, "limit": 1, "as_of": DAY}
        found[epochs] = server.get("/api/estimate", question).json["workload"]["epochs"]

    threads = [threading.Thread(target=ask, args=(epochs,)) for epochs in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {epochs: float(epochs) for epochs in range(1, 9)} == found


def test_only_the_loopback_is_listened_at(server):
    """By default nobody else reaches it."""
    assert server.address.startswith("http://127.0.0.1:")


def test_it_loads_nothing_until_it_is_asked_for(start_planner):
    """Help needs neither the framework nor the drawing library."""
    assert 0 == start_planner("serve", "--help").returncode
