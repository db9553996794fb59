"""Files that people name are written to what the name stands for: links, pipes, streams, private files."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from planner.cli.root import cli
from planner.errors import OutputError
from planner.paths import new_beside
from planner.prices.lock import refresh_lock
from planner.prices.snapshots import write_durably
from planner.render import output_files
from planner.render.output_files import output_place, write_output
from planner.render.sweep_files import write_parts


def _by_write(path):
    write_output(path, b"new")


def _by_command(path):
    assert 0 == CliRunner().invoke(cli, ["gpus", "--format", "csv", "--output", str(path)]).exit_code


def _by_sweep(path):
    assert 2 == sum(1 for _ in write_parts([pd.DataFrame({"job": [1]}), pd.DataFrame({"job": [2]})], path))


WRITERS = {_by_write: b"new", _by_command: b"name,", _by_sweep: b"job,"}


@pytest.fixture(params=WRITERS, ids=lambda writer: writer.__name__)
def writer(request):
    """One way to write an output, and how what it writes begins."""
    return request.param, WRITERS[request.param]


def test_links_are_followed(tmp_path, writer):
    """Through a chain of links, also to a file not there yet, the file at the end is written and the links stay."""
    write, begin = writer
    (tmp_path / "far").mkdir()
    for name, before in (("old", "before"), ("new", None)):
        end = tmp_path / "far" / name
        if before:
            end.write_text(before)
        (tmp_path / f"{name}-2").symlink_to(end)
        (tmp_path / f"{name}-1").symlink_to(f"{name}-2")

        write(tmp_path / f"{name}-1")

        assert (tmp_path / f"{name}-1").is_symlink()
        assert (tmp_path / f"{name}-2").is_symlink()
        assert end.read_bytes().startswith(begin)
    assert {"old", "new"} == {path.name for path in (tmp_path / "far").iterdir()}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o755, 0o666])
def test_the_mode_of_a_file_is_kept(tmp_path, writer, mode):
    """A file keeps its mode when it is written anew."""
    write, begin = writer
    path = tmp_path / "run"
    path.write_text("before")
    path.chmod(mode)

    write(path)

    assert mode == stat.S_IMODE(path.stat().st_mode)
    assert path.read_bytes().startswith(begin)


def test_a_new_file_has_the_mode_of_the_umask(tmp_path, writer):
    """A file that was not there gets the mode that any new file gets."""
    write, _ = writer
    (tmp_path / "any").touch()

    write(tmp_path / "run")

    assert (tmp_path / "any").stat().st_mode == (tmp_path / "run").stat().st_mode


@pytest.mark.parametrize("write", [_by_write, _by_sweep])
def test_a_pipe_that_nobody_reads_is_refused(tmp_path, monkeypatch, write):
    """In words, and not waited for for ever: also one whose reader has left."""
    monkeypatch.setattr(output_files, "READER_SECONDS", 0.0)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))

    with pytest.raises(OutputError, match=r"it is a pipe that nobody reads\. Start its reader first"):
        write(pipe)

    assert ["pipe"] == [path.name for path in tmp_path.iterdir()]


def test_a_reader_may_come_a_moment_later(tmp_path, monkeypatch):
    """It is looked for again and again, and gets all of it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    monkeypatch.setattr(output_files.time, "sleep", lambda _: reader.is_alive() or reader.start())

    write_output(pipe, b"all of it")

    reader.join(60)
    assert [b"all of it"] == got


def test_a_pipe_is_written_straight(tmp_path, writer):
    """A FIFO stays one, and who reads it gets everything from the first byte."""
    write, begin = writer
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()

    write(pipe)
    assert pipe.is_fifo()
    reader.join()

    assert got[0].startswith(begin)
    assert ["pipe"] == [path.name for path in tmp_path.iterdir()]


def test_an_open_stream_is_written_straight(tmp_path):
    """A file that the shell has opened for standard output is written, not replaced behind its back."""
    with (tmp_path / "stream").open("w+b") as file:
        write_output(Path(f"/dev/fd/{file.fileno()}"), b"new")

        assert b"new" == file.read()


def test_a_private_file_is_private_while_it_is_written(tmp_path):
    """Nobody else may read the file that is to replace one of mode 0600."""
    path = tmp_path / "run"
    path.touch(0o600)

    with output_place(path) as place:
        assert path != place
        assert 0o600 == stat.S_IMODE(place.stat().st_mode)


@pytest.mark.parametrize("target", ["folder", "loop", "missing/run"])
def test_what_cannot_be_written_is_an_error(tmp_path, target):
    """A folder, a link to itself and a folder that is not there are errors, and nothing is left behind."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "far").symlink_to("missing/run")

    with pytest.raises(OutputError, match="Cannot write"):
        write_output(tmp_path / target, b"new")

    assert {"folder", "loop", "far"} == {path.name for path in tmp_path.iterdir()}


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    """An error half way keeps the old file, and leaves no temporary one."""
    path = tmp_path / "run"
    path.write_text("before")

    with pytest.raises(ZeroDivisionError):
        _write_half(path)

    assert "before" == path.read_text()
    assert ["run"] == [path.name for path in tmp_path.iterdir()]


def _write_half(path):
    with output_place(path) as place:
        place.write_text("half")
        raise ZeroDivisionError


def test_a_second_name_names_the_same_file(tmp_path):
    """As with a shell's `>`: a hard link goes on to show what was written by the other name."""
    one, two = tmp_path / "a.csv", tmp_path / "b.csv"
    one.write_bytes(b"old and longer")
    two.hardlink_to(one)

    write_output(one, b"new")

    assert b"new" == two.read_bytes()


def test_a_link_at_the_name_of_the_file_in_the_making_is_not_written_through(tmp_path, monkeypatch):
    """Nobody can guess the name; who does all the same gets an error, not a file of somebody else overwritten."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    monkeypatch.setattr(os, "urandom", lambda size: b"\0" * size)
    for name in (f".run.{os.getpid()}.tmp", f".run.{os.getpid()}-{'00' * 8}.tmp"):
        (tmp_path / name).symlink_to(precious)

    with pytest.raises(OutputError, match="Cannot write"):
        write_output(tmp_path / "run", b"new")
    with pytest.raises(OutputError, match="Cannot write"):
        write_durably(tmp_path / "run", b"new")

    assert "mine" == precious.read_text()
    assert not (tmp_path / "run").exists()


def test_two_files_in_the_making_have_two_names(tmp_path):
    """Of which none is known before."""
    names = {new_beside(tmp_path / "run").name for _ in range(20)}

    assert 20 == len(names)


@pytest.mark.parametrize("name", ["x" * 255, "\U0001f4b0" * 63])
def test_a_name_may_be_as_long_as_names_can_be(tmp_path, name):
    """What is written in its place meanwhile has a shorter one."""
    write_output(tmp_path / name, b"new")
    write_durably(tmp_path / name, b"newer")

    assert b"newer" == (tmp_path / name).read_bytes()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="gives a link to another user")
@pytest.mark.parametrize("is_shared", [True, False])
def test_a_link_of_another_user_in_a_shared_folder_is_not_followed(tmp_path, is_shared):
    """As the system itself refuses it there: it may lead to what only the one who follows it may write."""
    precious, shared = tmp_path / "precious", tmp_path / "shared"
    precious.write_text("mine")
    shared.mkdir()
    shared.chmod(0o1777 if is_shared else 0o755)
    (shared / "run").symlink_to(precious)
    os.chown(shared / "run", 4711, -1, follow_symlinks=False)
    (tmp_path / "mine").symlink_to(shared / "run")

    for path in (shared / "run", tmp_path / "mine"):
        if is_shared:
            with pytest.raises(OutputError, match="a link of another user in a folder that all may write"):
                write_output(path, b"new")
        else:
            write_output(path, b"new")

    assert ("mine" if is_shared else "new") == precious.read_text()


def test_a_link_in_place_of_the_lock_is_not_emptied(tmp_path):
    """Who may write into a data folder could have any file of others emptied."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "refresh.lock").symlink_to(precious)

    with pytest.raises(OutputError, match=r"refresh\.lock"), refresh_lock(tmp_path / "data"):
        pass

    assert "mine" == precious.read_text()


@pytest.mark.skipif(os.name != "posix", reason="streams have paths there")
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/../dev/stdout", "link"])
def test_what_a_stream_has_got_stays(tmp_path, name):
    """As behind `>> log`: the file under the stream is neither emptied nor replaced."""
    (tmp_path / "link").symlink_to("/dev/stdout")
    log = tmp_path / "log"
    log.write_text("earlier\n")
    code = "import sys; from pathlib import Path; from planner.render.output_files import write_output; write_output(Path(sys.argv[1]), b'new')"

    with log.open("ab") as file:
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], stdout=file, check=True)

    assert "earlier\nnew" == log.read_text()
