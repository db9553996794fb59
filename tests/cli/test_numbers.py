"""Numbers that are none, or have no end, at options that no declaration checks."""

import click
import pytest
from click.testing import CliRunner

from planner.cli.root import cli, run
from planner.errors import PlannerError

LONG = "9" * 5000


def _numbers(command, path=()):
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            yield from _numbers(command.get_command(ctx, name), (*path, name))
    else:
        yield from (
            pytest.param(one, id=f"{' '.join(path)} {one.opts[-1]}")
            for one in command.params
            if isinstance(one.type, click.FloatRange)
        )


@pytest.mark.parametrize("option", list(_numbers(cli)))
@pytest.mark.parametrize("text", ["nan", "-nan", "inf", "-inf", "1e309"])
def test_no_option_takes_what_is_no_finite_number(option, text):
    """A NaN lies in every range, as click compares; a time or a price of it would come out as NaN."""
    with pytest.raises(click.BadParameter):
        option.type.convert(text, option, None)


@pytest.mark.parametrize("age", ["inf", "nan", "1e300", "1e308", "-1", "36501"])
def test_the_list_of_prices_takes_the_ages_that_an_estimate_takes(age):
    """All others are refused by name."""
    result = CliRunner().invoke(cli, ["prices", "list", "--max-price-age", age])

    assert isinstance(result.exception, PlannerError | SystemExit)
    assert "max" in f"{result.exception} {result.output}"


@pytest.mark.parametrize(
    "arguments",
    [
        ("estimate", "--model", "resnet50", "--epochs", "1", "--precision", LONG),
        ("prices", "list", "--limit", LONG),
        ("calibrate", "run", "--batch-size", LONG),
        ("gpus", LONG),
    ],
)
def test_a_giant_value_does_not_hide_what_is_said_of_it(capfd, monkeypatch, arguments):
    """Its beginning and its end are shown, by this tool's messages and by those of the library of options."""
    monkeypatch.setattr("sys.argv", ["planner", *arguments])
    with pytest.raises(SystemExit) as ended:
        run()

    said = capfd.readouterr().err
    assert ended.value.code
    assert "9...9" in said
    assert len(said) < 2000


@pytest.mark.parametrize("batch", ["nan", "inf", "1.5", "0", "-3"])
@pytest.mark.parametrize("command", [("fit", "--model", "resnet50"), ("fit", "--model", "llama-3-8b"), ("gpus",)])
def test_a_batch_is_a_whole_number_also_where_it_plays_no_part(command, batch):
    """A language model has its own options for it, and a list of sheets has no use for it."""
    result = CliRunner().invoke(cli, [*command, "--batch-size", batch])

    assert isinstance(result.exception, PlannerError)
    assert "batch_size" in str(result.exception)
