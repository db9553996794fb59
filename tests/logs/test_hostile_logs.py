"""Logs made to do harm, or damaged: none is a fault of the planner, and what lies beside it is still read."""

import gzip
import json
import math
import os

import pytest

from planner.answers.calibrate import calibrate
from planner.errors import UsageError
from planner.logs import reader
from planner.logs.reader import read_file, read_folder_or_file
from planner.logs.records import Facts, Verdict

LOG = "".join(f"2026-11-01 10:{step // 60:02d}:{step % 60:02d} step {step} loss 2.{step}\n" for step in range(600))
PACKED = gzip.compress(LOG.encode(), mtime=0)
DAMAGED = {
    "cut off": PACKED[: len(PACKED) // 2],
    "without its sum": PACKED[:-8],
    "another way of packing": PACKED[:2] + b"\x99" + PACKED[3:],
    "changed": PACKED[:300] + b"\xff\x00\xff" + PACKED[303:],
    "nothing but its mark": PACKED[:2],
}


def test_a_packed_log_is_read(tmp_path):
    """As the same log that is not packed."""
    (tmp_path / "run.log").write_text(LOG)
    (tmp_path / "run.log.gz").write_bytes(PACKED)

    (plain,), (packed,) = read_file(tmp_path / "run.log").runs, read_file(tmp_path / "run.log.gz").runs

    assert plain.intervals == packed.intervals
    assert 599 == len(packed.intervals)


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_packed_log_is_named_and_the_others_are_read(tmp_path, damage):
    """In its folder; alone too."""
    (tmp_path / "bad.log.gz").write_bytes(DAMAGED[damage])
    (tmp_path / "good.log").write_text(LOG)
    (tmp_path / "config.json").write_bytes(DAMAGED[damage])

    bad = read_file(tmp_path / "bad.log.gz")
    (logs,) = read_folder_or_file(tmp_path)

    assert not bad.runs
    assert "bad.log.gz: it is damaged or cut off" in bad.reason
    assert ["good.log"] == [log.path.name for log in logs if log.runs]


@pytest.mark.parametrize(
    ("start", "piece"),
    [(LOG, "x"), (LOG, "\n"), ("", "\0"), ('{"log_history": [', "[],"), (":::MLLOG {}\n", ":::MLLOG "), ("a,b\n", '"')],
    ids=["a line", "empty lines", "zeros", "JSON", "MLPerf", "a table"],
)
def test_a_packed_log_that_grows_without_end_is_left(tmp_path, monkeypatch, start, piece):
    """After a stated number of bytes, whatever is in it."""
    monkeypatch.setattr(reader, "MOST_JSON_BYTES", 500_000)
    monkeypatch.setattr("planner.logs.text.opened.__defaults__", (500_000,))
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(start.encode() + piece.encode() * 1_000_000))

    log = read_file(tmp_path / "bomb.json.gz")

    assert log is None or (not log.runs and "500,000 bytes" in log.reason)


@pytest.mark.skipif(os.name != "posix", reason="pipes with names")
@pytest.mark.parametrize("name", ["config.yaml", "args.json"])
def test_settings_that_are_a_pipe_are_passed_over(tmp_path, name):
    """They would never begin."""
    os.mkfifo(tmp_path / name)
    (tmp_path / "config.json").symlink_to("config.json")
    (tmp_path / "good.log").write_text(LOG)

    ((log,),) = read_folder_or_file(tmp_path / "good.log")

    assert log.runs


SETTINGS_MADE_TO_DO_HARM = {
    "a list of lists of itself": "a0: &a0 [x, x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
    + "precision: *a29\ngpu: *a29\nmodel: *a29\nbatch_size: *a29\n",
    "a map of itself": "precision: &a {x: *a}\n",
    "no end of keys": "".join(f"k{n}: {{a: 1}}\n" for n in range(300_000)),
    "objects of a program": "batch_size: !!python/object/apply:os.system ['false']\n",
    **{
        f"{tag} of nothing": f"batch_size: 8\nx: {tag} {value}\n"
        for tag, value in (
            *(("!!timestamp", "99-99-99"), ("!!timestamp", "2001-13-45"), ("!!bool", "x"), ("!!int", "''")),
            *(("!!float", "''"), ("!!int", "0b"), ("!!set", "[1]"), ("!!omap", "3"), ("!!binary", "x"), ("!!map", "1")),
        )
    },
    "numbers of no size": f"batch_size: {'9' * 5000}\nepochs: 0x{'f' * 5000}\nworld_size: .nan\n",
}


@pytest.mark.parametrize("harm", SETTINGS_MADE_TO_DO_HARM)
def test_settings_made_to_do_harm_are_passed_over(tmp_path, harm):
    """Beside a log, which is read."""
    pytest.importorskip("yaml")
    (tmp_path / "config.yaml").write_text(SETTINGS_MADE_TO_DO_HARM[harm])
    (tmp_path / "good.log").write_text(LOG)

    ((log,),) = read_folder_or_file(tmp_path / "good.log")

    assert log.runs
    assert log.facts.batch_size is None
    assert log.facts.precision is None


@pytest.mark.parametrize("runtime", [0, 1e-320, 1e-300, 1e300, -1])
@pytest.mark.parametrize("pace", [0, 1e-320, 1e-300, 1e300, -1])
def test_totals_next_to_nothing_are_refused_or_a_rate(tmp_path, runtime, pace):
    """What is divided by them must not be beyond what a float holds."""
    totals = {"train_runtime": runtime, "train_samples_per_second": pace, "train_steps_per_second": pace, "epoch": 3.0}
    (tmp_path / "train_results.json").write_text(json.dumps(totals))

    try:
        (judged,) = calibrate([tmp_path], given=Facts(gpu="a100-80gb-sxm", gpu_count=1, batch_size=64)).runs
    except UsageError as error:
        assert "no file in it looks like a log" in str(error)  # noqa: PT017 - totals that are none make no log
    else:
        assert judged.verdict is Verdict.REFUSED or 0 < judged.rate < math.inf
