"""`--output`: its ending says the format, and its folder must be there."""

import json

import click
import pytest
from click.testing import CliRunner

from planner.cli.file_path import OutputFile
from planner.cli.names import spelling_of
from planner.cli.root import cli


def ran(*arguments):
    """The result of a command, with its error in the words of a terminal."""
    done = CliRunner().invoke(cli, list(map(str, arguments)), standalone_mode=False)
    if done.exception is None:
        return 0, done.stdout
    error = done.exception
    return error.exit_code, error.spelled(spelling_of(cli.get_command(click.Context(cli), arguments[0])))


@pytest.mark.parametrize(
    ("name", "begin"), [("a.csv", "name,"), ("a.json", '{"schema"'), ("a.MD", "| GPU"), ("a.txt", "GPU"), ("a", "GPU")]
)
def test_the_ending_says_the_format(tmp_path, name, begin):
    """Any other is a table."""
    assert (0, "") == ran("gpus", "--output", tmp_path / name)

    text = (tmp_path / name).read_text()
    assert text.replace("\n", "").replace(" ", "").lower().startswith(begin.replace(" ", "").lower())


def test_a_report_by_its_ending(tmp_path):
    """`--output run.html` is a page."""
    job = ("--model", "resnet50", "--epochs", 90, "--gpu", "T4", "--provider", "gcp")

    assert 0 == ran("estimate", *job, "--output", tmp_path / "run.html")[0]
    assert (tmp_path / "run.html").read_text().lstrip().lower().startswith("<!doctype html>")


def test_what_contradicts_the_ending_is_refused(tmp_path):
    """Only what is typed: a format from the environment or a file is a habit, and gives way."""
    file = tmp_path / "a.csv"

    code, said = ran("gpus", "--format", "json", "--output", file)

    assert (2, False) == (code, file.exists())
    assert f"--output {file} is csv by its ending, and --format says json. Leave one out." == said
    assert (0, "") == ran("gpus", "--format", "CSV", "--output", file)
    done = CliRunner().invoke(
        cli, ["gpus", "--output", str(file)], standalone_mode=False, env={"PLANNER_FORMAT": "json"}
    )
    assert done.exception is None
    assert file.read_text().startswith("name,")


@pytest.mark.parametrize("name", ["a.html", "a.xlsx", "a.parquet"])
def test_what_is_not_written_is_refused(tmp_path, name):
    """No table under a name that says otherwise."""
    code, said = ran("gpus", "--output", tmp_path / name)

    assert 2 == code
    assert said.endswith("is not written here. Formats: table, json, csv, markdown.")


@pytest.mark.parametrize(("verb", "option"), [("gpus", "--output"), ("estimate", "--output"), ("estimate", "--chart")])
def test_a_folder_that_is_not_there_is_said_before_any_work(tmp_path, verb, option):
    """It is never made; the model, which does not exist, is not even looked at."""
    job = ("--model", "nothing", "--epochs", 1) if verb == "estimate" else ()

    code, said = ran(verb, *job, option, tmp_path / "new" / "a.svg")

    assert (2, False) == (code, (tmp_path / "new").exists())
    assert said.startswith(f"{option} {tmp_path}/new/a.svg: there is no folder {tmp_path}/new. Make it first")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "'': that names no file."),
        ("  ", "'  ': that names no file."),
        ("-", "-: standard output is no file: leave the option out."),
        (".", ".: that is a folder. Name a file in it, such as result.txt"),
        ("there", "there: that is a folder. Name a file in it, such as there/result.txt"),
        ("there/", "there/: that is a folder. Name a file in it, such as there/result.txt"),
        ("there/..", "there/..: that is a folder."),
        ("none/", "none/: that names a folder, and there is none. For a file of that name type none"),
        ("a.csv/", "a.csv/: that names a folder, and there is none. For a file of that name type a.csv"),
        ("none/.", "none/.: that names a folder, and there is none."),
        ("there/none/a.csv", "there/none/a.csv: there is no folder there/none. Make it first"),
    ],
)
def test_what_is_no_name_of_a_file_is_refused(tmp_path, monkeypatch, name, said):
    """A slash at the end, a folder, nothing at all: nothing is written, and the message says what to do."""
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)

    code, message = ran("gpus", "T4", "--output", name)

    assert (2, f"--output {said}") == (code, message[: len(f"--output {said}")])
    assert [tmp_path / "there"] == [*tmp_path.rglob("*")]


def test_every_option_that_names_a_file_to_write_is_checked_alike():
    """Whatever the command: no `--output`, `--chart` or `--write` has a type of its own."""
    found = [
        (path, one)
        for path, command in commands(cli)
        for one in command.params
        if one.name in ("output", "charts", "page")
    ]

    assert len(found) > 20
    assert [] == [path for path, one in found if not isinstance(one.type, OutputFile)]


def commands(command, path=()):
    """Every command with its path."""
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from commands(command.get_command(click.Context(command), name), (*path, name))


def test_data_sets_are_listed():
    """As models are, in every format; part of a name is enough, an alias too."""
    found = json.loads(ran("models", "--datasets", "--format", "json")[1])

    assert "planner.datasets/1" == found["schema"]
    assert {"imagenet-1k": 1_281_167}.items() <= {one["name"]: one["samples"] for one in found["datasets"]}.items()
    assert "imagenet-1k" in ran("models", "--datasets", "ilsvrc2012")[1]
    assert (2, True) == (
        ran("models", "--datasets", "imagnet")[0],
        "imagenet" in ran("models", "--datasets", "imagnet")[1],
    )


def test_a_range_that_passes_a_limit_is_said():
    """A gate holds the expected cost; the note says how far the range goes."""
    job = (
        "estimate",
        "--model",
        "resnet50",
        "--epochs",
        90,
        "--gpu",
        "T4",
        "--provider",
        "gcp",
        "--as-of",
        "2026-11-20",
    )
    found = json.loads(ran(*job, "--format", "json", "--limit", 1)[1])["estimates"][0]
    limit = (found["usd"] + found["usd_high"]) / 2

    notes = json.loads(ran(*job, "--format", "json", "--limit", 1, "--max-usd", limit)[1])["notes"]

    assert notes[0] == (
        f"1 of 1 rows may pass --max-usd {limit:,.10g} at the high end of their range; "
        f"the first row may come to {found['usd_high']:,.2f} USD"
    )
    beyond = json.loads(ran(*job, "--format", "json", "--limit", 1, "--max-usd", found["usd_high"] + 1)[1])["notes"]
    assert not any("may pass" in note for note in beyond)


def test_a_limit_in_the_shown_currency():
    """20 in EUR is 20 EUR; USD keep their own option, and both at once are refused."""
    job = ("estimate", "--model", "resnet50", "--epochs", 90, "--gpu", "T4", "--provider", "gcp", "--format", "json")

    as_shown = ran(*job, "--currency", "EUR", "--max-cost", "60")
    assert as_shown == ran(*job, "--currency", "EUR", "--max-cost", "60 EUR")
    assert 0 == as_shown[0]
    assert ran(*job, "--max-cost", "60") == ran(*job, "--max-usd", "60")
    code, said = ran(*job, "--max-usd", 1, "--max-cost", 1)
    assert (2, "--max-usd and --max-cost both limit the cost; give one.") == (code, said)


@pytest.mark.parametrize(
    ("arguments", "sentence", "heading"),
    [
        (("estimate", "--model", "resnet50", "--epochs", 90, "--provider", "aws"), " USD and ", "| # | GPUs | where |"),
        (("recommend", "--model", "resnet50", "--epochs", 90, "--provider", "aws"), "Take ", "| # | GPUs | where |"),
        (("recommend", "--model", "resnet50", "--card-budget", 400), "Which card for 400 USD: ", "| # | GPU |"),
        (("fit", "--model", "llama-3-8b", "--method", "lora", "--gpu", "T4"), "It does not fit on 1 x t4", "| GPUs |"),
        (
            ("compare", "--buy", "rtx-4090", "--utilisation", 0.3, "--rent-usd-per-hour", 1),
            " over 36 months it costs ",
            "| way to pay |",
        ),
    ],
)
def test_a_page_of_markdown_begins_with_the_answer(arguments, sentence, heading):
    """What the terminal says first stands before the rows, warnings included."""
    code, text = ran(*arguments, "--format", "markdown")

    before = text.partition(heading)[0]
    assert 0 == code
    assert heading in text
    assert sentence in before
    assert before.strip()


@pytest.mark.parametrize(("stated", "most"), [("60", 60), ("70", 70), ("", 80), ("0", 80), ("-5", 80), ("wide", 80)])
def test_the_columns_that_a_variable_states_count_in_a_pipe(stated, most):
    """The screen of a comparison is no wider; what is no number of columns is passed over."""
    question = ["compare", "--gpu-hours-per-month", "200", "--buy", "rtx-4090"]
    done = CliRunner().invoke(cli, question, standalone_mode=False, env={"COLUMNS": stated})

    assert done.exception is None
    assert most - 10 <= max(map(len, done.stdout.splitlines())) <= most
