"""Several providers at once, all but one at servers made to do harm: each ends in time, and the good one's book is published."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from itertools import islice

import pytest

from planner.prices.books import book_offers
from planner.prices.snapshots import list_snapshots, read_snapshot
from tests.conftest import ROOT
from tests.loopback_markets import PATHS
from tests.prices import tls
from tests.prices.publisher import Publisher
from tests.providers.markets import KEY, market_answer
from tests.providers.replay import serving
from tests.providers.slow_server import ENDLESS, ODD, SLOW, sending

GOOD = "vultr"
BAD = tuple(name for name in PATHS if name != GOOD)
HOSTILE = {**SLOW, **ENDLESS, **ODD}
SECONDS = 3
MOST_MIB = 700
"""Of the whole process with three pages of 32 MiB at once; that of one that answers is a tenth."""

posix = pytest.mark.skipif(os.name != "posix", reason="memory and signals of POSIX")


def batched(names, count):
    """The names in groups of that many; the last may be smaller."""
    rest = iter(names)
    return list(iter(lambda: tuple(islice(rest, count)), ()))


CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}


# who starts the tests in the background may have SIGINT ignored, and what a process ignores its children do
_START = f"""
import resource, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
resource.setrlimit(resource.RLIMIT_DATA, ({MOST_MIB} * 1024**2,) * 2)
from tests.loopback_markets import main
main()
"""


@contextmanager
def _running(home, *words, **settings):
    """The process of a command with its folders in a home."""
    for folder in ("data", "temporary"):
        (home / folder).mkdir(exist_ok=True)
    environment = {
        **dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"), str(home)),
        "TMPDIR": str(home / "temporary"),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LAMBDA_API_KEY": KEY,
        "NO_PROXY": "127.0.0.1",
        **settings,
    }
    with subprocess.Popen(
        [sys.executable, "-c", _START, *map(str, words)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def _refreshing(home, sends, *options):
    """The process of a refresh of four providers, those of `sends` at servers that send so."""
    words = ["refresh", *PATHS, "--timeout", SECONDS, "--accept", "--data-dir", home / "data", *options]
    with ExitStack() as servers:
        addresses = {f"MARKETS_{name.upper()}": servers.enter_context(sending(sends[name])) for name in sends}
        addresses["MARKETS"] = servers.enter_context(serving(market_answer)).url
        yield servers.enter_context(_running(home, *words, **addresses))


def _books(home):
    """Rows of every book by provider; an error if one is not whole."""
    return {path.parent.name: len(book_offers(read_snapshot(path))) for path in list_snapshots(home / "data")}


def _left(home):
    """Temporary folders, pages of fetches that did not end, and parts of files."""
    pages = [path for path in home.glob("data/raw/*/*") if not (path / "manifest.json").exists()]
    return [*(home / "temporary").iterdir(), *pages, *home.rglob("*.tmp"), *home.rglob("*.part")]


@posix
@pytest.mark.slow
@pytest.mark.parametrize("names", batched(HOSTILE, len(BAD)), ids=", ".join)
def test_hostile_servers_cost_nobody_else(tmp_path, names):
    """Each ends by the time of its page, in bounded memory and in an error that names it; the good one gets its book."""
    bad = dict(zip(BAD, names, strict=False))
    with _refreshing(tmp_path, {one: HOSTILE[name] for one, name in bad.items()}, "--format", "json") as process:
        said, told = process.communicate(timeout=120)

    outcomes = {outcome["provider"]: outcome for outcome in json.loads(said)["outcomes"]}
    assert (1, None) == (process.returncode, outcomes[GOOD]["error"]), told
    assert [] == [one for one in bad if not outcomes[one]["error"] or f"{one}: FAILED" not in told]
    assert 11 == _books(tmp_path)[GOOD]
    assert not {*bad} & {*_books(tmp_path)}
    assert [] == _left(tmp_path)
    assert "in a way it should not" not in told  # where memory is short, too


@posix
@pytest.mark.slow
@pytest.mark.parametrize("name", ["headers dripped", "continue for ever"])
@pytest.mark.parametrize("number", CODES)
def test_a_signal_while_servers_hang_leaves_whole_books_and_nothing_else(tmp_path, monkeypatch, name, number):
    """Once the good provider's book is written; what SIGKILL left is cleared by the next refresh."""
    monkeypatch.setattr("tests.prices.test_beside_hostile.SECONDS", 100)
    with _refreshing(tmp_path, dict.fromkeys(BAD, HOSTILE[name])) as process:
        while f"{GOOD}: writing" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(number)
        _, told = process.communicate(timeout=60)

    assert CODES[number] == process.returncode
    assert "Traceback" not in told
    assert _books(tmp_path) in ({}, {GOOD: 11})
    if number != signal.SIGKILL:
        assert told.endswith("Error: Interrupted.\n")
        assert [] == _left(tmp_path)
    with _refreshing(tmp_path, {}) as process:
        process.communicate(timeout=60)
    assert {"vast": 7, "runpod": 28, "lambda": 20, "vultr": 11} == _books(tmp_path)
    assert [] == _left(tmp_path)


@posix
@pytest.mark.slow
@pytest.mark.parametrize("number", CODES)
def test_a_signal_while_a_published_book_hangs_leaves_whole_books_and_nothing_else(tmp_path, number):
    """The one that came before it stays; the next pull brings the other."""
    public = Publisher(tmp_path / "public")
    for provider in ("acme", "other"):
        public.book(provider)
    public.index()
    answers = _Hanging(tmp_path / "public", "/" + public.entries["other"]["file"])
    server = tls.bound(answers, [])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    words = ("prices", "pull", f"{server.url}/latest.json", "--data-dir", tmp_path / "data", "--timeout", "100")
    try:
        with _running(tmp_path, *words, SSL_CERT_FILE=str(tls.authority())) as process:
            while "acme: writing" not in process.stderr.readline():
                assert process.poll() is None
            assert answers.is_asked.wait(60)
            process.send_signal(number)
            _, told = process.communicate(timeout=60)
        assert (CODES[number], False) == (process.returncode, "Traceback" in told)
        assert {*_books(tmp_path)} <= {"acme"}
        assert number == signal.SIGKILL or not _left(tmp_path)
        answers.is_over.set()
        with _running(tmp_path, *words, SSL_CERT_FILE=str(tls.authority())) as process:
            process.communicate(timeout=60)
    finally:
        answers.is_over.set()
        server.shutdown()
        server.server_close()

    assert {"acme": 1, "other": 1} == _books(tmp_path)
    assert [] == _left(tmp_path)


class _Hanging(tls.Folder):
    """The files of a folder, of which one does not come until it is over."""

    def __init__(self, folder, path):
        super().__init__(folder)
        self.path = path
        self.is_asked, self.is_over = threading.Event(), threading.Event()

    def get(self, path, default=None):
        if path == self.path:
            self.is_asked.set()
            self.is_over.wait(100)
        return super().get(path, default)


@posix
@pytest.mark.slow
@pytest.mark.parametrize("number", CODES)
def test_a_signal_during_a_sweep_leaves_no_part_of_a_file(tmp_path, number):
    """Nor a file that is not whole; what SIGKILL left is cleared by the next that writes it."""
    (tmp_path / "jobs.csv").write_text("model,epochs\n" + "".join(f"resnet50,{n}\n" for n in range(1, 20_000)))
    (tmp_path / "one.csv").write_text("model,epochs\nresnet50,1\n")

    with _running(tmp_path, "sweep", tmp_path / "jobs.csv", "--output", tmp_path / "plans.csv") as process:
        while not [*tmp_path.glob(".plans.csv.*.tmp")]:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        _, told = process.communicate(timeout=60)

    assert (CODES[number], False) == (process.returncode, "Traceback" in told)
    assert not (tmp_path / "plans.csv").exists()
    assert (number == signal.SIGKILL) == bool(_left(tmp_path))
    with _running(tmp_path, "sweep", tmp_path / "one.csv", "--output", tmp_path / "plans.csv") as process:
        process.communicate(timeout=60)
    assert [] == _left(tmp_path)
    assert 2 == len((tmp_path / "plans.csv").read_text().splitlines())
