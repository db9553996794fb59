"""How a command ends, and what it leaves: closed streams, other encodings, signals, killed runs before it."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from planner.errors import SnapshotError
from planner.prices.readers import Found
from planner.prices.refresh import RefreshOrder, delivered
from planner.prices.scratch import scratch_folder
from planner.render.output_files import write_output

ESTIMATE = ["estimate", "--model", "resnet50", "--epochs", "90", "--limit", "1", "--quiet"]
PLANNER = [sys.executable, "-m", "planner"]
posix = pytest.mark.skipif(os.name != "posix", reason="shells and signals of POSIX")


def _sh(line, *words):
    """Runs a line of shell in which "$@" is the command; nothing is read that the line does not name."""
    return subprocess.run(
        ["sh", "-c", line, "sh", *PLANNER, *words],
        capture_output=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


@posix
@pytest.mark.parametrize(
    ("line", "words", "code", "said"),
    [
        ('"$@" >&-', ESTIMATE, 1, b"Cannot write the result"),
        ('"$@" 2>&- >&- <&-', ESTIMATE, 1, b""),
        ('"$@" 2>&-', ESTIMATE, 0, b""),
        ('"$@" 2>/dev/full', [*ESTIMATE[:-1], "--verbose"], 0, b""),
        pytest.param('"$@" 2>/dev/full', ["estimate", "--model", "nothing"], 2, b"", marks=pytest.mark.slow),
        pytest.param('"$@" 2>/dev/full', ["estimate", "--no-option"], 2, b"", marks=pytest.mark.slow),
        pytest.param('"$@" 2>/dev/full', ["refresh", "aws", "--offline"], 1, b"", marks=pytest.mark.slow),
        pytest.param('"$@" </dev/zero', ["mcp"], 2, b"more than 67,108,864 bytes", marks=pytest.mark.slow),
        ('"$@" <&-', ["mcp"], 0, b""),
        pytest.param('"$@" >&- </dev/null', ["mcp"], 0, b"", marks=pytest.mark.slow),
    ],
)
def test_closed_streams_are_no_bug(line, words, code, said):
    """A result that nobody takes is an error, in words where there is a place for them; an agent that is gone ends."""
    done = _sh(line, *words)

    assert (code, b"") == (done.returncode, b"" if said in done.stderr else done.stderr)
    assert b"bug in planner" not in done.stderr
    assert b"Traceback" not in done.stderr


@posix
@pytest.mark.slow  # a page with its charts
def test_html_is_utf8_whatever_the_terminal_has():
    """The page says so of itself."""
    done = _sh('PYTHONIOENCODING=latin-1 "$@"', *ESTIMATE, "--format", "html")

    assert (0, b"") == (done.returncode, done.stderr)
    assert "\u2195" in done.stdout.decode("utf-8") or "\\2195" in done.stdout.decode("utf-8")


# who starts the tests in the background may have SIGINT ignored, and what a process ignores its children do
_LOADING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Late:
    def find_spec(self, name, *_):
        if name == sys.argv[1]:
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Late())
from planner.cli import main
main()
"""


@posix
@pytest.mark.parametrize("module", ["planner.cli.root", "click", "planner.errors"])
def test_ctrl_c_while_modules_load_has_no_traceback(module):
    """It ends with one line and exit code 130."""
    done = subprocess.run([sys.executable, "-c", _LOADING, module], capture_output=True, check=False, timeout=60)

    assert (130, b"Error: Interrupted.\n") == (done.returncode, done.stderr)


_WAITING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from planner.prices import refresh
from planner.cli import main
def waits(order, progress):
    with refresh.scratch_folder() as folder:
        print(folder, flush=True)
        sys.stdin.read()
import planner.cli.refresh
planner.cli.refresh.run_refresh = waits
sys.argv = ["planner", "refresh", "aws", "--dry-run"]
main()
"""


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_clears_what_is_half_done(number, code):
    """SIGTERM ends a refresh as Ctrl-C does: without its folder of temporary files, without a traceback."""
    with subprocess.Popen(
        [sys.executable, "-c", _WAITING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        folder = Path(process.stdout.readline().decode().strip())
        assert folder.is_dir()
        process.send_signal(number)
        _, said = process.communicate(timeout=60)

    assert (code, b"Error: Interrupted.\n") == (process.returncode, said.lstrip())
    assert not folder.exists()


# each takes the exception that the signal raises, as code of others may, and goes on as if nothing had been
_SWALLOWED = """
import contextlib, signal, sys, weakref
number, how, then = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)
def come():
    signal.raise_signal(int(number))
class Fragile:
    def __del__(self):
        come()
class Late:
    def find_spec(self, name, *_):
        if name == "unicodedata":
            come()
def destructor():
    Fragile()
def weak_callback():
    thing = Late()
    kept = weakref.ref(thing, lambda _: come())
    del thing
def suppress():
    with contextlib.suppress(BaseException):
        come()
def compiler():
    sys.meta_path.insert(0, Late())
    with contextlib.suppress(SyntaxError):
        exec(r"'\\N{BULLET}'")
def another_error():
    try:
        come()
    except BaseException as error:
        raise ValueError("something else") from None
from planner.prices import refresh
from planner.cli import main
def run(order, progress):
    with refresh.scratch_folder() as folder:
        print(folder, flush=True)
        try:
            globals()[how]()
            if then == "waits":
                sys.stdin.read()
        finally:
            if then == "waits":  # it does not come again where things are cleared up
                signal.raise_signal(signal.SIGALRM)
    return []
import planner.cli.refresh
planner.cli.refresh.run_refresh = run
sys.argv = ["planner", "refresh", "aws", "--dry-run"]
main()
"""


@posix
@pytest.mark.parametrize("then", ["waits", "ends"])
@pytest.mark.parametrize("how", ["destructor", "weak_callback", "suppress", "compiler", "another_error"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_whose_exception_is_swallowed_ends_the_command(number, code, how, then):
    """It comes again, the folder is cleared away, and the exit code is that of the signal, whoever took the exception."""
    with subprocess.Popen(
        [sys.executable, "-c", _SWALLOWED, str(int(number)), how, then],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        folder = Path(process.stdout.readline().decode().strip())
        code_found = process.wait(60)  # its input stays open
        said = process.stderr.read()

    assert (code, b"Error: Interrupted.\n") == (code_found, said.lstrip())
    assert not folder.exists()


def test_an_interrupt_waits_for_what_writes_into_the_scratch_folder(tmp_path):
    """Where prices are read from files: the folder is removed next, and must not come back."""
    begun = threading.Event()

    def interrupted():
        begun.wait(60)
        raise KeyboardInterrupt

    def writing():
        begun.set()
        time.sleep(0.2)  # so long it is still at work when the other has ended
        (tmp_path / "late").touch()
        raise SnapshotError("no more")

    order = RefreshOrder(data_dir=tmp_path / "data", path=tmp_path)
    found = [Found(provider="aws", order="1", load=interrupted), Found(provider="gcp", order="1", load=writing)]

    with pytest.raises(KeyboardInterrupt):
        delivered(order, found, tmp_path, lambda *_: None)

    assert (tmp_path / "late").exists()


def test_nothing_is_loaded_before_an_interrupt_is_minded():
    """Until `main` begins Ctrl-C ends in a traceback: importing it brings no module but the two of this project."""
    code = "import sys; before = set(sys.modules); import planner.cli; print(*sorted(set(sys.modules) - before))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {"planner", "planner.cli"} == set(found.stdout.split()) - {"__future__", "gc"}


def test_folders_of_killed_runs_are_cleared(tmp_path, monkeypatch):
    """By the next run; that of one which lives stays, as does what goes by another name."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, other = tmp_path / "planner-refresh-left", tmp_path / "planner-other"
    unnamed, just_made = tmp_path / ".planner-refresh-killed", tmp_path / ".planner-refresh-new"
    for folder in (left, other, unnamed, just_made):
        folder.mkdir()
        (folder / "page.json").write_text("[]")
    os.utime(unnamed, (0, 0))

    with scratch_folder() as living:
        assert not left.exists()
        with scratch_folder() as second:
            assert living.is_dir()
            assert living != second

    assert {other, just_made} == set(tmp_path.iterdir())


@posix
def test_parts_of_killed_writers_are_cleared(tmp_path):
    """By the next that writes the same file; those of a process that lives, and of other files, stay."""
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead, living = (tmp_path / f".plans.csv.{process}-{'0' * 16}.tmp" for process in (int(gone.stdout), os.getppid()))
    others = tmp_path / ".plans.csv.x.tmp", tmp_path / f".other.csv.{int(gone.stdout)}-{'0' * 16}.tmp"
    for path in (dead, living, *others):
        path.touch()

    write_output(tmp_path / "plans.csv", b"x")

    assert {living, *others, tmp_path / "plans.csv"} == set(tmp_path.iterdir())
