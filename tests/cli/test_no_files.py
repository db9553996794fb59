"""What somebody names as a file and is none: a pipe that nobody writes to, a device without end, a folder."""

import os
import subprocess
import sys

import pytest

from planner.errors import UsageError
from planner.outside.files import MOST_FILE_BYTES, bytes_of
from planner.render.sweep_files import read_parts
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes with names and devices are of POSIX")

RUN = ("--model", "resnet50", "--epochs", "1", "--no-config")
READERS = {
    "own prices": ("estimate", *RUN, "--price-book"),
    "own prices of a comparison": ("compare", *RUN, "--buy", "rtx-4090", "--jobs-per-month", "4", "--price-book"),
    "a calibration": ("estimate", *RUN, "--calibration"),
    "figures of a model": ("estimate", "--epochs", "1", "--no-config", "--model-file"),
    "a configuration": ("estimate", "--tokens", "1e9", "--no-config", "--model"),
    "a configuration that is to fit": ("fit", "--no-config", "--model"),
    "jobs": ("sweep",),
    "a log": ("calibrate",),
    "prices brought along": ("refresh", "--dry-run", "--from"),
}


@pytest.fixture(scope="module")
def pipe(tmp_path_factory):
    """A pipe that nobody writes to."""
    path = tmp_path_factory.mktemp("pipes") / "config.json"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("place", ["pipe", "/dev/zero"])
@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_or_a_device_is_refused_and_not_waited_for(fork_planner, tmp_path, pipe, reader, place):
    """By every command that reads a file, in words that say what to do."""
    done = fork_planner(*READERS[reader], pipe if place == "pipe" else place, cwd=tmp_path)

    assert 1 <= done.returncode <= 2
    assert "ave what it gives to a file first" in done.stderr or "Unknown model" in done.stderr, done.stderr
    assert "bug" not in done.stderr


@pytest.mark.parametrize("name", ["planner.toml", ".planner.toml"])
def test_a_pipe_in_the_place_of_settings_is_refused(fork_planner, tmp_path, name):
    """Or passed over where it is not looked for."""
    os.mkfifo(tmp_path / name)
    (tmp_path / ".git").mkdir()

    done = fork_planner("gpus", "H100", cwd=tmp_path)

    assert "is not a file. Remove it" in done.stderr if name == "planner.toml" else 0 == done.returncode


def test_standard_input_may_be_named(tmp_path):
    """Whatever feeds it, a pipe too: whoever names it knows."""
    done = subprocess.run(
        [sys.executable, "-m", "planner", "sweep", "/dev/stdin", "--limit", "1", "--format", "csv"],
        input="model,epochs\nresnet50,1\n",
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert 0 == done.returncode, done.stderr
    assert 2 == len(done.stdout.splitlines())


def test_jobs_without_a_line_end_are_refused(run_planner, tmp_path):
    """A file of zeros, of which a reader of tables would hold all as its heading."""
    with (tmp_path / "jobs.csv").open("wb") as file:
        file.truncate(2**40)

    done = run_planner("sweep", "jobs.csv")

    assert 2 == done.returncode
    assert "its first line has more than 1,048,576 bytes" in done.stderr


@pytest.mark.parametrize("endless", [b"a" * 2_000_000, b'"' + b"\n" * 2_000_000], ids=["a row", "a quoted cell"])
@pytest.mark.parametrize("before", [0, 3], ids=["at once", "after jobs"])
def test_jobs_with_a_row_without_end_are_refused(tmp_path, monkeypatch, endless, before):
    """Of which a reader of tables would hold all; the rows before it are read."""
    monkeypatch.setattr("planner.render.sweep_files._MOST_PART_BYTES", 500_000)
    path = tmp_path / "jobs.txt"
    path.write_bytes(b"model,epochs\n" + b"resnet50,1\n" * before + endless)

    with pytest.raises(UsageError, match="500,000 bytes hold fewer"):
        list(read_parts(path, rows=2))


def test_a_file_by_hand_has_an_end(tmp_path):
    """Nobody writes 16 MiB; a folder is none."""
    with (tmp_path / "large").open("wb") as file:
        file.truncate(MOST_FILE_BYTES + 1)

    with pytest.raises(ValueError, match="more than 16,777,216 bytes"):
        bytes_of(tmp_path / "large")
    with pytest.raises(IsADirectoryError):
        bytes_of(tmp_path)
