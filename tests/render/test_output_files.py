"""Files that people name are written to what the name stands for: links, pipes, streams, private files."""

import os
import stat
import threading
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from planner.cli.root import cli
from planner.errors import OutputError
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
