"""Numbers that are none, or have no end, at options that no declaration checks."""

import click
import pytest
from click.testing import CliRunner

from planner.cli.root import cli
from planner.errors import PlannerError


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
