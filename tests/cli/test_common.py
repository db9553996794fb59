"""What all commands share: the welcome, `--quiet` and `--verbose`."""

import shlex

import pytest

from planner.cli.welcome import WELCOME
from tests.builders import a_raw_snapshot, a_row

RUN = ("estimate", "--model", "resnet50", "--epochs", "90", "--as-of", "2026-07-01", "--limit", "2")
EXAMPLES = [line.strip() for line in WELCOME.splitlines() if line.startswith("  planner ")]


def test_no_arguments_show_three_examples(start_planner):
    """Whoever types the bare name learns what to type next."""
    done = start_planner()

    assert (0, WELCOME, "") == (done.returncode, done.stdout, done.stderr)
    assert 3 == len(EXAMPLES)
    assert "planner --help" in done.stdout


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_work_as_printed(start_planner, example):
    """A copied line gives an answer."""
    done = start_planner(*shlex.split(example)[1:])

    assert 0 == done.returncode, done.stderr
    assert done.stdout


@pytest.mark.parametrize(
    "command",
    [
        RUN,
        ("compare", "--model", "resnet50", "--epochs", "90", "--buy", "rtx-4090", "--jobs-per-month", "4"),
        ("fit", "--model", "resnet50", "--gpu", "T4"),
        ("models",),
        ("providers",),
        ("prices", "list", "--limit", "3"),
        ("prices", "diff", "2026-05-20", "2026-06-15"),
        ("prices", "verify", "aws"),
        ("throughput", "--model", "resnet50"),
    ],
)
def test_quiet_leaves_the_data_alone(run_planner, command):
    """The same bytes on standard output, and nothing beside them."""
    loud = run_planner(*command)
    quiet = run_planner(*command, "--quiet")

    assert loud.stderr or "compare" in command  # whose screen says all that it has to say
    assert (0, loud.stdout, "") == (quiet.returncode, quiet.stdout, quiet.stderr)


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("--quiet", *RUN), {}),
        ((*RUN, "--quiet"), {}),
        (RUN, {"PLANNER_QUIET": "1"}),
        ((*RUN, "--quiet"), {"PLANNER_VERBOSE": "1"}),
    ],
)
def test_quiet_may_stand_anywhere(run_planner, arguments, environment):
    """Before the command, after it, or in the environment; what is typed wins."""
    assert "" == run_planner(*arguments, environment=environment).stderr


def test_quiet_keeps_errors(run_planner):
    """An error is no note."""
    assert "Unknown model" in run_planner("estimate", "--model", "resnet5O", "--epochs", "1", "--quiet").stderr


def test_quiet_keeps_bad_price_books(run_planner, tmp_path):
    """What is wrong with a book is why the exit code is 1."""
    a_raw_snapshot(tmp_path, a_row(usd_per_hour="-4"), provider="aws", stem="2026-06-30")

    done = run_planner("prices", "verify", "aws", "--data-dir", tmp_path, "--quiet")

    assert 1 == done.returncode
    assert "usd_per_hour" in done.stderr


def test_quiet_keeps_the_failure_of_a_refresh(run_planner, tmp_path):
    """A provider that could not be refreshed is named; its progress is not."""
    (tmp_path / "prices.zip").write_bytes(b"no archive")

    done = run_planner("refresh", "--from", "prices.zip", "--data-dir", tmp_path, "--quiet")

    assert 1 == done.returncode
    assert "prices.zip" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("--quiet", *RUN, "--verbose"), {}),
        ((*RUN, "--verbose", "--quiet"), {}),
        (RUN, {"PLANNER_VERBOSE": "1", "PLANNER_QUIET": "1"}),
    ],
)
def test_quiet_and_verbose_exclude_each_other(run_planner, arguments, environment):
    """Nobody can mean both."""
    done = run_planner(*arguments, environment=environment)

    assert (2, "") == (done.returncode, done.stdout)
    assert "--quiet and --verbose exclude each other" in done.stderr


def test_verbose_says_what_was_read_and_how_long_it_took(start_planner):
    """Each price book by its path and size, each setting by its origin, and the same data."""
    done = start_planner(*RUN, "--verbose", environment={"PLANNER_GPU": "A100 H100:8"})

    assert start_planner(*RUN, "--gpu", "A100", "--gpu", "H100:8").stdout == done.stdout
    assert "data/prices/aws/2026-06-15.json (3,423 bytes)" in done.stderr
    assert "model = resnet50 (typed)" in done.stderr
    assert "gpu = A100, H100:8 (environment)" in done.stderr
    assert "planner estimate is done; peak memory " in done.stderr
    assert ".py" not in done.stderr
    assert "Assumed:" in done.stderr


def test_verbose_says_what_was_written(run_planner, tmp_path):
    """The file of --output is named."""
    done = run_planner(*RUN, "--output", tmp_path / "out.csv", "--format", "csv", "--verbose")

    assert "writes " in done.stderr
    assert str(tmp_path) in done.stderr


def test_every_command_has_both(run_planner):
    """Also commands below a command."""
    for command in (("gpus",), ("prices", "history"), ("refresh",)):
        assert "--quiet" in run_planner(*command, "--help").stdout
