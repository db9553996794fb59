"""No reader ever sees a broken or a mixed book, whatever happens to a refresh."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from planner.errors import OutputError
from planner.prices import registry
from planner.prices.refresh import RefreshOrder, refresh
from tests.conftest import ROOT
from tests.prices import stress

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


@pytest.fixture
def folder(monkeypatch):
    """An open folder: one of the tests reads it as another user."""
    monkeypatch.setattr(registry, "BUILT_IN", dict(registry.BUILT_IN))
    monkeypatch.setenv("FAKECLOUD", "")
    monkeypatch.setenv("SSL_CERT_FILE", "")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        for path in Path(name).rglob("*"):
            path.chmod(0o755)


@pytest.mark.parametrize("count", [3, pytest.param(80, marks=pytest.mark.slow)])
def test_a_killed_refresh_leaves_the_old_book_or_the_new_one(folder, count):
    """SIGKILL at random moments; the next refresh clears up what was left."""
    counted = stress.kill_at_random_moments(folder, count)

    assert (count, 0, 0, 0) == (
        counted["killed"],
        counted["broken"],
        counted["next_refresh_failed"],
        counted["left_after_next_refresh"],
    )


# hundreds of kills are those of benchmarks/reliability.py
@pytest.mark.parametrize("count", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_a_killed_pull_leaves_the_old_books_or_new_ones(folder, count):
    """SIGKILL at random moments of a pull over loopback HTTPS; the next one brings what is published now."""
    counted = stress.kill_pulls_at_random_moments(folder, count)

    assert (count, 0, 0, 0, 0) == (
        counted["killed"],
        counted["broken"],
        counted["next_pull_failed"],
        counted["next_pull_is_behind"],
        counted["left_after_next_pull"],
    )


def test_a_full_disk_is_an_error_and_the_old_book_stays(folder):
    """Files may not grow beyond a limit: from nothing at all to just short of the book, then enough."""
    counted = stress.fill_the_disk(folder, [0, 100, 1_000, 5_000, 20_000, 1_000_000])

    assert {"refused": 5, "written": 1, "broken": 0, "left_half": 0} == counted


def test_of_two_refreshes_at_once_one_writes_and_the_other_says_why_not(folder):
    """Or they come one after the other and both write nothing twice."""
    counted = stress.race(folder, 2)

    assert (0, 4) == (counted["broken"], counted["written"] + counted["locked_out"])


# more of them share the same processors: the refreshes take longer, and no more is read while each book is written
@pytest.mark.parametrize(("readers", "refreshes"), [(3, 2), pytest.param(12, 10, marks=pytest.mark.slow)])
def test_readers_during_a_refresh_see_whole_books_only(folder, readers, refreshes):
    """Each read is one version, never an older one than the read before."""
    counted = stress.read_during_refreshes(folder, readers, refreshes)

    assert 0 == counted["broken"]
    assert counted["reads"] > 0


def test_a_folder_that_may_not_be_written_is_named(folder):
    """The message says how to choose another; the old book stays."""
    assert {"refused": 1, "broken": 0} == stress.forbid_writing(folder)


def test_a_data_folder_that_is_a_file_is_an_output_error(folder):
    """What stands in the way is named."""
    (folder / "data").write_text("not a folder")

    with pytest.raises(OutputError, match="Cannot write"):
        refresh(RefreshOrder(data_dir=folder / "data", providers=("fakecloud",)), lambda *_: None)


_REFRESH = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts the tests in the background may have it ignored
from planner.cli import main
from planner.prices import registry
from tests.prices import fakecloud
registry.BUILT_IN["fakecloud"] = fakecloud.ADDRESS
main()
"""


def test_ctrl_c_in_the_middle_of_a_refresh_leaves_the_old_book(folder):
    """It does not wait for the request under way, ends with 130 and leaves no page behind; the next one is not in anybody's way."""
    data_dir, listed = folder / "data", folder / "list.json"
    stress.use_fakecloud(listed)
    stress.set_version(listed, 0)
    assert stress.refresh_once(data_dir) is None
    stress.set_version(listed, 1, seconds=3600)
    before = sorted(data_dir.rglob("*"))
    command = [sys.executable, "-c", _REFRESH, "refresh", "fakecloud", "--data-dir", str(data_dir)]

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ}
    ) as running:
        said = running.stderr.readline()
        while "page 1 of 20" not in said:
            said += running.stderr.readline() or pytest.fail(said)
        running.send_signal(signal.SIGINT)
        _, rest = running.communicate(timeout=300)

    assert (130, "Interrupted.") == (running.returncode, rest.strip().splitlines()[-1].removeprefix("Error: "))
    assert before == sorted(data_dir.rglob("*"))
    assert 2.0 == stress.newest_price(data_dir)
    stress.set_version(listed, 2)
    assert stress.refresh_once(data_dir) is None
    assert 2.002 == stress.newest_price(data_dir)


def test_a_terminated_refresh_leaves_nothing_but_the_old_book(folder):
    """SIGTERM in the middle ends it at once, without a traceback or a temporary folder."""
    data_dir, listed, temporary = folder / "data", folder / "list.json", folder / "temporary"
    temporary.mkdir()
    stress.use_fakecloud(listed)
    stress.set_version(listed, 0)
    assert stress.refresh_once(data_dir) is None
    stress.set_version(listed, 1, seconds=3600)
    command = [sys.executable, "-c", _REFRESH, "refresh", "fakecloud", "--data-dir", str(data_dir)]

    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)}
    ) as running:
        said = running.stderr.readline()
        while "page 1 of 20" not in said:
            said += running.stderr.readline() or pytest.fail(said)
        running.terminate()
        _, rest = running.communicate(timeout=300)

    assert 128 + signal.SIGTERM == running.returncode
    assert "Traceback" not in rest
    assert [] == [*temporary.iterdir()]
    assert 2.0 == stress.newest_price(data_dir)
