"""The recipes of docs/contributing.md, followed in a copy of the package."""

import csv
import re
import shlex
import subprocess
import sys
import textwrap

import pytest

from tests.added_rows import a_copy, commands_of, planner_of
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "contributing.md"
_FENCED = re.compile(r'^( *)```(\w+)(?: title="([^"]+)")?\n(.*?)^ *```$', re.MULTILINE | re.DOTALL)


def recipe(heading):
    """The blocks of a section: language, title and body of each."""
    section = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (text,) = [part for part in section if part.startswith(f"{heading}\n")]
    return [(language, title, textwrap.dedent(body)) for _, language, title, body in _FENCED.findall(text)]


def commands(heading, language):
    """The lines of the section's blocks of that language."""
    return [line for kind, _, body in recipe(heading) if kind == language for line in body.splitlines()]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The package with the rows of every recipe, each table in its order."""
    folder = a_copy(tmp_path_factory.mktemp("copy"))
    for heading in ("Add a GPU", "Add a language model"):
        for language, title, body in recipe(heading):
            if language == "csv":
                lines = (folder / title).read_text(encoding="utf-8").splitlines(keepends=True)
                text = lines[0] + "".join(sorted([*lines[1:], *body.splitlines(keepends=True)]))
                (folder / title).write_text(text, encoding="utf-8")
    with commands_of(folder):
        yield folder


@pytest.mark.parametrize("command", [*commands("Add a GPU", "bash"), *commands("Add a language model", "bash")])
def test_a_recipe_is_all_that_is_needed(command, copy):
    """With the rows of the page, and nothing else, its commands answer."""
    done = planner_of(copy, *shlex.split(command)[1:])

    assert 0 == done.returncode, done.stderr
    assert done.stdout


def test_the_rows_of_a_recipe_fill_their_columns(copy):
    """A row of the page has a cell for each column of its table."""
    tables = {title for heading in ("Add a GPU", "Add a language model") for _, title, _ in recipe(heading) if title}

    assert {"data/gpus.csv", "data/gpu_aliases.csv", "data/cards.csv", "data/language_models.csv"} == tables
    for table in tables:
        with (copy / table).open(encoding="utf-8", newline="") as file:
            assert 1 == len({len(row) for row in csv.reader(file)})


def test_the_model_of_the_recipe_has_its_published_parameters(copy):
    """Counted from its shape, to the last one: what the check that the page names asks of every row."""
    code = (
        "from planner.language.listed import find_language_model as find\n"
        "model = find('example-1b'); print(model.parameters, int(model.published_parameters))"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, check=True)

    counted, published = done.stdout.split()
    assert published == counted


@pytest.mark.parametrize("heading", ["Add a GPU", "Add a language model"])
def test_the_checks_that_a_recipe_names_exist(heading):
    """Every module, file and folder that a command of the recipe names is there."""
    words = [word for line in commands(heading, "sh") for word in shlex.split(line)]

    named = [word for word in words if "/" in word or word.startswith("scripts.")]
    assert named
    for word in named:
        path = ROOT / word.replace(".", "/") if word.startswith("scripts.") else ROOT / word
        assert path.exists() or path.with_suffix(".py").exists(), word
