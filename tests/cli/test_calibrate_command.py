"""`planner calibrate`: what it prints, writes and refuses."""

import json
import tomllib

import pytest
from click.testing import CliRunner

from planner.cli.calibrate import calibrate
from tests.logs import written
from tests.logs.written import put


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(calibrate, [str(word) for word in words])


def test_a_steady_run_is_written(run, tmp_path):
    """The file has the keys of the contract; stdout has the table; a missing batch is asked for, not guessed."""
    put(tmp_path, "out.txt", written.nanogpt())

    done = run("out.txt", "--gpu", "T4:1")

    content = tomllib.loads((tmp_path / "planner-calibration.toml").read_text())
    (one,) = content["runs"]
    assert 0 == done.exit_code, done.output
    assert "planner.calibration/1" == content["schema"]
    assert ("t4", 1, "step", "steady") == (one["gpu"], one["gpu_count"], one["sample_unit"], one["verdict"])
    assert one["samples_per_second"] == pytest.approx(4.0, rel=0.01)
    assert one["startup_seconds"] == pytest.approx(29.75, abs=0.1)
    assert "--batch-size" in done.stderr
    assert "steady" in done.stdout


def test_a_refusal_writes_nothing(run, tmp_path):
    """No clock: exit code 1, the reason on stderr, no file."""
    put(tmp_path, "losses.csv", "epoch,step,loss\n" + "".join(f"0,{n},1.0\n" for n in range(50)))

    done = run("losses.csv")

    assert 1 == done.exit_code
    assert "no clock" in done.stderr
    assert not (tmp_path / "planner-calibration.toml").exists()


def test_json_says_what_the_file_says(run, tmp_path):
    """The document has the runs, what was refused, and the rest of the run where it is asked for."""
    put(tmp_path, "log.jsonl", written.llama_factory())

    done = run("log.jsonl", "--format", "json", "--remaining", "--total-steps", 2000)

    document = json.loads(done.stdout)
    assert [] == document["refused"]
    assert document["remaining"]["seconds"] == pytest.approx(1540, rel=0.01)
    assert {"seconds", "low", "high", "usd"} <= document["remaining"].keys()
    assert not (tmp_path / "planner-calibration.toml").exists()


def test_another_file_is_not_written_over(run, tmp_path):
    """A file that is no calibration stays."""
    put(tmp_path, "out.txt", written.nanogpt())
    put(tmp_path, "notes.toml", "mine = 1\n")

    done = run("out.txt", "--output", "notes.toml")

    assert 0 != done.exit_code
    assert "mine = 1\n" == (tmp_path / "notes.toml").read_text()


def test_one_of_several_runs(run, tmp_path):
    """`--run 2` keeps the second; a number that is none is refused."""
    put(tmp_path, "log", written.nanogpt(seconds=0.25) + written.nanogpt(seconds=0.5))

    done = run("log", "--run", 2)

    (one,) = tomllib.loads((tmp_path / "planner-calibration.toml").read_text())["runs"]
    assert 0 == done.exit_code
    assert one["samples_per_second"] == pytest.approx(2.0, rel=0.01)
    assert 0 != run("log", "--run", 3).exit_code
