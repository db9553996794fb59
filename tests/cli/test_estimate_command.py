"""`planner estimate` as a user runs it: tables, formats, exit codes, faults of the world."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from datetime import date

import pytest

from planner.answers.estimate import estimate
from planner.render.estimates import rendered_estimates
from tests.builders import a_raw_snapshot, a_row, a_snapshot, an_offer

RUN = ("estimate", "--model", "resnet50", "--epochs", "90", "--as-of", "2026-07-01")
FEW = (*RUN, "--provider", "aws", "--purchase", "on_demand", "--gpu", "H100", "--gpu", "a100-40gb-sxm", "--limit", "15")


def test_two_runs_give_the_same_bytes(run_planner):
    """The order of rows is total."""
    first, second = run_planner(*RUN), run_planner(*RUN)

    assert first.stdout == second.stdout
    assert first.stderr == second.stderr
    assert first.returncode == second.returncode == 0


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_golden_output(run_planner, golden, form):
    """What a person or a script sees."""
    done = run_planner(*FEW, "--format", form)

    golden(f"estimate.{form}", done.stdout)
    assert 0 == done.returncode


def test_golden_notes(run_planner, golden):
    """What stands under the table goes to standard error: a few short lines, all of them with --verbose."""
    short, full = run_planner(*FEW).stderr, run_planner(*FEW, "--verbose").stderr

    golden("estimate.notes", short)
    assert max(map(len, short.splitlines())) <= 80
    assert len(short.splitlines()) <= 8
    for heading in ("Range:   90 %, whatever the code", "Assumed:", "Prices:  aws 16-161 d", "Left out:", "Notes:"):
        assert f"\n{heading}" in full


def test_golden_explanation(run_planner, golden):
    """The whole chain for the first row."""
    golden("estimate.explain", run_planner(*FEW, "--explain", 1).stdout)


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_table_fits_its_width(golden, width):
    """No line is wider than the screen, and the rows read at a glance."""
    result = estimate(
        model="resnet50",
        epochs=90,
        as_of=date(2026, 7, 1),
        providers=["aws", "azure", "gcp"],
        purchases=["on_demand"],
        limit=8,
    )

    text = _without_colour(rendered_estimates(result, "table", width=width))

    golden(f"estimate.{width}", text)
    assert max(map(len, text.splitlines())) <= width


def test_colour_only_on_a_terminal(run_planner):
    """A pipe gets no escape codes."""
    assert "\x1b" not in run_planner(*RUN).stdout


def test_the_json_contract(run_planner):
    """Keys that other people's scripts rely on."""
    document = json.loads(run_planner(*RUN, "--format", "json").stdout)

    assert "planner.estimate/1" == document["schema"]
    assert {"model", "samples_per_epoch", "epochs", "samples", "precision"} <= document["workload"].keys()
    assert {"provider", "observed_on", "age_days", "source"} <= document["prices"][0].keys()
    assert {"reason", "count"} == document["left_out"][0].keys()
    first = document["estimates"][0]
    assert {
        "rank", "provider", "region", "zone", "instance_type", "gpu", "gpu_count", "node_count", "purchase",
        "usd_per_hour", "usd_per_gpu_hour", "price_observed_on", "throughput", "seconds", "seconds_low",
        "seconds_high", "usd", "usd_low", "usd_high", "items", "fits_memory", "is_pareto", "notes",
    } <= first.keys()  # fmt: skip
    assert {"samples_per_second", "low", "high", "basis", "sources"} <= first["throughput"].keys()
    assert {"name", "kind", "quantity", "unit", "usd_per_unit", "usd"} == first["items"][0].keys()
    assert 15 == len(document["estimates"])
    assert pytest.approx(first["usd"]) == sum(item["usd"] for item in first["items"])


def test_csv_has_one_line_per_estimate(run_planner):
    """A header and fifteen rows that a spreadsheet reads."""
    rows = list(csv.DictReader(io.StringIO(run_planner(*RUN, "--format", "csv").stdout)))

    assert [str(rank) for rank in range(1, 16)] == [row["rank"] for row in rows]


def test_every_option_is_an_environment_variable(run_planner):
    """Scripts can set the workload once."""
    done = run_planner(
        "estimate",
        environment={
            "PLANNER_MODEL": "resnet50",
            "PLANNER_EPOCHS": "90",
            "PLANNER_LIMIT": "2",
            "PLANNER_FORMAT": "csv",
        },
    )

    assert 3 == len(done.stdout.splitlines())


def test_output_goes_to_a_file_whole(run_planner, tmp_path):
    """The file holds what the screen would have shown, and nothing is left beside it."""
    done = run_planner(*FEW, "--output", tmp_path / "out.txt")

    assert "" == done.stdout
    assert run_planner(*FEW).stdout == (tmp_path / "out.txt").read_text()
    assert ["out.txt"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--model", "resnet5O"), 2, "Unknown model 'resnet5O'. Did you mean"),
        (("--gpu", "A10O"), 2, "Unknown GPU 'A10O'. Did you mean"),
        (("--provider", "asw"), 2, "Unknown provider 'asw'. Did you mean aws?"),
        (("--region", "us-east1-x"), 2, "Unknown region 'us-east1-x'. Did you mean"),
        (("--epochs", "0"), 2, "--epochs must be above 0"),
        (("--epochs", "-3"), 2, "--epochs must be above 0"),
        (("--epochs", "ninety"), 2, "must be a number, not 'ninety'"),
        (("--epochs", "1e12"), 2, "at most 1,000,000"),
        (("--epochs", "nan"), 2, "--epochs must be above 0"),
        (("--format", "xml"), 2, "xml"),
        (("--explain", "99999"), 2, "the screen has rows 1 to"),
        (("--gpu", "T4", "--provider", "lambda"), 1, "None of the providers asked for (lambda) rents out T4"),
        (("--max-usd", "0.01"), 3, "No estimate meets the limits"),
        (("--max-hours", "0.001"), 3, "% over"),
        (("--data-dir", "/nonexistent/place"), 2, "is not a folder"),
    ],
)
def test_bad_input_gets_a_message_and_its_exit_code(run_planner, arguments, code, message):
    """One line that says what is wrong; never a traceback."""
    done = run_planner(*RUN, *arguments)

    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert (code, "") == (done.returncode, done.stdout)


def test_an_unknown_command_offers_close_matches(run_planner):
    """A misspelt command is a usage error."""
    done = run_planner("estimte")

    assert "Did you mean estimate?" in done.stderr
    assert 2 == done.returncode


def test_debug_shows_the_traceback(run_planner):
    """Only on request."""
    done = run_planner("--debug", *RUN, "--model", "resnet5O")

    assert "Traceback" in done.stderr


def test_a_half_written_snapshot_is_ignored(run_planner, tmp_path):
    """Rows without a sidecar are an interrupted refresh: the older prices still answer."""
    path = a_snapshot(tmp_path, an_offer(provider="aws", usd_per_hour=0.5), provider="aws", stem="2026-06-30")
    path.with_suffix(".json").unlink()

    done = run_planner(*FEW, "--data-dir", tmp_path)

    assert run_planner(*FEW).stdout == done.stdout


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"usd_per_hour": "-4"}, "column usd_per_hour: '-4' is not a positive number"),
        ({"usd_per_hour": "nan"}, "column usd_per_hour"),
        ({"gpu": "a100-gold"}, "unknown GPU 'a100-gold'"),
    ],
)
def test_a_bad_row_in_the_data_directory_stops_the_answer(run_planner, tmp_path, changes, message):
    """A wrong price is never used, and the message says where it stands."""
    a_raw_snapshot(tmp_path, a_row(**changes), provider="aws", stem="2026-06-30")

    done = run_planner(*FEW, "--data-dir", tmp_path)

    assert message in done.stderr
    assert "2026-06-30.csv, line 2" in done.stderr
    assert (1, "") == (done.returncode, done.stdout)


def test_an_altered_snapshot_stops_the_answer(run_planner, tmp_path):
    """A file that is not what its sidecar vouches for is not used."""
    path = a_snapshot(tmp_path, an_offer(provider="aws"), provider="aws", stem="2026-06-30")
    path.write_text(path.read_text().replace("20.0", "2.00"))

    done = run_planner(*FEW, "--data-dir", tmp_path)

    assert "altered or damaged" in done.stderr
    assert 1 == done.returncode


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_data_directory_is_an_error(run_planner, tmp_path):
    """What cannot be read is not taken for empty."""
    a_snapshot(tmp_path, an_offer(provider="aws"), provider="aws", stem="2026-06-30")
    (tmp_path / "prices").chmod(0)

    done = run_planner(*FEW, "--data-dir", tmp_path)

    (tmp_path / "prices").chmod(0o700)
    assert "Cannot read" in done.stderr
    assert 1 == done.returncode


def test_a_full_disk_is_an_error(start_planner):
    """Standard output on a full device."""
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device, opened for the process
        done = start_planner(*FEW, capture_output=False, stdout=full, stderr=subprocess.PIPE)

    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert 1 == done.returncode


def test_a_place_that_cannot_be_written_is_an_error(run_planner):
    """An output file in a folder that takes none."""
    done = run_planner(*FEW, "--output", "/proc/planner-out.txt")

    assert "Cannot write /proc/planner-out.txt" in done.stderr
    assert 1 == done.returncode


def test_a_closed_pipe_ends_quietly():
    """`planner estimate ... | head -1` prints one line and no complaint."""
    command = f"'{sys.executable}' -m planner estimate --model resnet50 --epochs 90 --all --format csv 2>&1 | head -1"

    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)

    assert 1 == len(done.stdout.splitlines())
    assert "" == done.stderr


@pytest.mark.parametrize(
    "command", [(), ("estimate",), ("gpus",), ("models",), ("throughput",), ("prices", "list"), ("providers",)]
)
def test_help_is_there(run_planner, command):
    """Each command explains itself with an example."""
    done = run_planner(*command, "--help")

    assert "Example" in done.stdout
    assert 0 == done.returncode


def _without_colour(text):
    return "".join(line.rstrip() + "\n" for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines())
