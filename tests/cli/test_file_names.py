"""Texts where a file is asked for: whatever no file can be called is refused in words, at every option of every command."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import planner
from planner.cli.file_path import FilePath
from planner.cli.root import cli
from planner.errors import PlannerError, UsageError

NO_NAMES = {"too long": "x" * 5000, "a long part": "a/" + "x" * 256, "a NUL": "a\0b", "half a character": "\ud800x"}


def _options(command, words):
    """Every option that takes a file, with the words that lead to it."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from _options(command.get_command(context, name), [*words, name])
        return
    for option in command.params:
        if isinstance(option.type, FilePath):
            yield [*words, *option.opts[-1:]] if isinstance(option, click.Option) else words


OPTIONS = [" ".join(words) for words in _options(cli, [])]


@pytest.mark.parametrize("kind", NO_NAMES)
def test_no_command_looks_for_what_no_file_can_be(kind):
    """Not one fault of the planner; and files are asked for at many places."""
    for words in OPTIONS:
        result = CliRunner().invoke(cli, [*words.split(), NO_NAMES[kind]])

        assert result.exit_code, words
        assert isinstance(result.exception, SystemExit | PlannerError), words
        assert "is the name of no file" in f"{result.output}{result.exception}", words

    assert len(OPTIONS) > 40


@pytest.mark.parametrize("kind", NO_NAMES)
def test_python_is_told_the_same(kind):
    """Paths handed over, and names of models, which may be files."""
    for name in ("data_dir", "price_book", "model_file"):
        with pytest.raises(UsageError, match="is the name of no file"):
            planner.estimate(model="resnet50", epochs=1, **{name: Path(NO_NAMES[kind])})
    for name in (NO_NAMES[kind], NO_NAMES[kind] + ".json"):
        with pytest.raises(PlannerError):
            planner.estimate(model=name, epochs=1)
    with pytest.raises(PlannerError):
        planner.estimate(model="resnet50", epochs=1, calibration=[Path(NO_NAMES[kind])])
