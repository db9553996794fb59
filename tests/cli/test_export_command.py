"""`planner export` as a user runs it: options of the estimate, rows, files, exit codes."""

import json
import shlex

import pytest
import yaml

from tests.builders import a_foreign_snapshot, an_offer

RUN = ("--model", "resnet50", "--epochs", "90", "--as-of", "2026-07-01")
TO = ("export", "--to")


@pytest.mark.parametrize("number", [1, 2])
def test_a_row_is_the_one_that_the_screen_shows(run_planner, number):
    """Machine and region of the pick under that number, which is another row of the ranking."""
    options = (*RUN, "--provider", "gcp", "--provider", "aws")
    shown = json.loads(run_planner("estimate", *options, "--format", "json").stdout)["picks"][number - 1]

    task = yaml.safe_load(run_planner(*TO, "skypilot", *options, "--row", number).stdout)

    assert number == shown["number"] != shown["rank"]
    assert task["resources"]["instance_type"] == shown["estimate"]["instance_type"]
    assert f"{shown['estimate']['provider']}/{shown['estimate']['region']}" == task["resources"]["infra"]


@pytest.mark.parametrize("row", [1, 3])
def test_a_row_of_the_ranking_is_the_one_that_the_ranking_shows(run_planner, row):
    """Machine, region and price of the estimate under that number, where --limit, --sort or --all stands in the command."""
    options = (*RUN, "--provider", "gcp", "--provider", "aws", "--sort", "hours")
    shown = json.loads(run_planner("estimate", *options, "--format", "json").stdout)["estimates"][row - 1]

    task = yaml.safe_load(run_planner(*TO, "skypilot", *options, "--row", row).stdout)

    assert shown["instance_type"].startswith(task["resources"]["instance_type"])
    assert f"{shown['provider']}/{shown['region']}" == task["resources"]["infra"]


def test_the_header_names_the_command_that_gives_the_same_file(run_planner, tmp_path):
    """What came from the environment is in it, and where the file went is not."""
    environment = {"PLANNER_MODEL": "resnet50", "PLANNER_EPOCHS": "90"}
    first = run_planner(
        *TO, "dstack", "--as-of", "2026-07-01", "--gpu", "RTX 4090:2", "--no-checkpoints", "--purchase", "on_demand",
        "--output", tmp_path / "task.yaml", environment=environment,
    )  # fmt: skip
    text = (tmp_path / "task.yaml").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("# Made by: planner ")]

    again = run_planner(*shlex.split(line.removeprefix("# Made by: planner ")))

    assert "" == first.stdout
    assert text == again.stdout
    assert "'RTX 4090:2' --purchase on_demand --as-of 2026-07-01 --no-checkpoints" in line


def test_the_note_says_how_to_start_it(run_planner, tmp_path):
    """On standard error, with the name of the file; SkyPilot has no limit of time, and the note says when to look."""
    options = (
        *RUN,
        "--provider",
        "aws",
        "--purchase",
        "spot",
        "--max-hours",
        "100",
        "--output",
        tmp_path / "task.yaml",
    )

    done = run_planner(*TO, "skypilot", *options)

    assert f"sky jobs launch {tmp_path / 'task.yaml'}" in done.stderr
    assert "SkyPilot cannot end the run here: watch it, the limit is reached after 100.0 hours" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("terraform", *RUN, "--row", "99999"), 2, "--row 99999: the screen has rows 1 to"),
        (("terraform", *RUN, "--row", "99999", "--limit", "3"), 2, "--row 99999: there are rows 1 to"),
        (("terraform", *RUN, "--row", "0"), 2, "--row 0: the screen has rows 1 to"),
        (("terraform", *RUN, "--provider", "vast"), 2, "Terraform takes aws, azure, gcp, on demand or spot"),
        (("kubernetes", *RUN, "--limit", "15"), 2, "Rows that can: --row"),
        (("nomad", *RUN), 2, "'nomad' is not one of"),
        (("skypilot", *RUN, "--max-usd", "0.01"), 3, "No estimate meets the limits"),
        (("skypilot", "--model", "resnet5O", "--epochs", "90"), 2, "Did you mean"),
    ],
)
def test_what_cannot_be_exported_gets_a_message(run_planner, arguments, code, message):
    """And nothing on standard output."""
    done = run_planner(*TO, *arguments)

    assert message in done.stderr
    assert (code, "") == (done.returncode, done.stdout)


def test_help_has_examples(run_planner):
    """With the options of the estimate, and without those that only say how it is shown."""
    done = run_planner("export", "--help")

    assert "Examples:" in done.stdout
    assert "--max-usd" in done.stdout
    assert "--explain" not in done.stdout
    assert 0 == done.returncode


def test_a_hostile_price_book_cannot_write_a_resource(run_planner, tmp_path):
    """A machine named like a piece of Terraform stays the name of a machine."""
    name = '" } resource "null_resource" "x" { provisioner "local-exec" { command = "${file("/etc/passwd")}" } } #'
    a_foreign_snapshot(
        tmp_path, an_offer(provider="aws", instance_type=name, region="us-east-1"), provider="aws", stem="2026-06-30"
    )

    done = run_planner(*TO, "terraform", *RUN, "--provider", "aws", "--gpu", "A100-80GB:8", "--data-dir", tmp_path)

    assert 0 == done.returncode, done.stderr
    assert 1 == sum(line.startswith("resource ") for line in done.stdout.splitlines())
    assert "\\u0024{file(" in done.stdout
