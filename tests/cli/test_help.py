"""The pages of `--help`: every verb, at 80 columns."""

import re

import click
import pytest
from click.testing import CliRunner

from planner.cli.defaults import EveryCommand
from planner.cli.root import cli

VERBS = sorted(EveryCommand(click.Context(cli), cli).loaded())


def page(verb, *more):
    """The lines of a help page."""
    done = CliRunner().invoke(
        cli, [*verb.split(), *more], standalone_mode=False, env={"COLUMNS": "80"}, prog_name="planner"
    )
    assert done.exception is None, done.exception
    return done.stdout.splitlines()


@pytest.mark.parametrize("verb", VERBS)
def test_an_option_is_a_line(verb):
    """At most two, and one for most; no line is wider than the screen, and all that everybody has is last."""
    lines = page(verb, "--help")
    start = next(
        number
        for number, line in enumerate(lines)
        if re.fullmatch(r"(Options|Work|[A-Z][a-z ]+):", line) and line != "Examples:"
    )
    options = [line for line in lines[start:] if line.startswith("  -")]
    more = [line for line in lines[start:] if line.startswith("   ")]

    assert options
    assert max(map(len, lines[start:])) <= 80
    assert len(more) <= max(2, len(options) / 3)
    assert "PLANNER_" not in "\n".join(lines[start:])
    assert lines.index("Seldom needed:") > lines.index(options[0])
    assert "--help-all" in lines[-1]


def test_estimate_is_in_groups_and_the_most_used_are_first():
    """What is trained, where, within what; layouts of language models and folders come last."""
    lines = page("estimate", "--help")
    headings = [line for line in lines if re.fullmatch(r"[A-Z][a-z ]+:", line)]

    assert [
        "Work:",
        "Where:",
        "Limits:",
        "Aim:",
        "Language models:",
        "Trees:",
        "Bill:",
        "Prices:",
        "Output:",
        "Seldom needed:",
    ] == headings
    assert lines[lines.index("Work:") + 1].startswith("  --model NAME ")
    assert lines.index("Seldom needed:") < next(number for number, line in enumerate(lines) if "--zero-stage" in line)


def test_all_of_an_option_is_there_on_request():
    """Every name, the whole text, range, default and environment variables."""
    text = " ".join(" ".join(page("estimate", "--help-all")).split())

    assert "--max-hours, --deadline TIME Leave out what takes longer: 48h, 2d, 90min. Hours if no unit is given" in text
    assert "[PLANNER_MAX_HOURS, PLANNER_DEADLINE]" in text
    assert "From above 0 and at most 1,000,000." in text
