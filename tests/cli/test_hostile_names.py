"""Names of a price book that mean harm: whatever is printed, nobody's terminal, spreadsheet or browser obeys them."""

import csv
import io
import json

import pytest

from tests.builders import a_foreign_snapshot, an_offer

HOSTILE = {
    "script": "<script>window.hacked = 1</script>",
    "formula": "=cmd|' /C calc'!A0",
    "wide": "\N{FULLWIDTH EQUALS SIGN}1+1",
    "path": "../../../../etc/passwd",
    "direction": "abc\u202egpj.exe\u2066x\u200f",
    "terminal": "\x1b]0;owned\x07\x1b[31mred\x1b[2J\x9b2J",
    "lines": "one\ntwo\r\nthree",
    "null": "a\x00b",
    "link": "[press](javascript:alert(1)) `code` | cell",
    "long": "x" * 10_240,
}
BELIEVED = {name: text for name, text in HOSTILE.items() if text.isprintable() and len(text) <= 2000}
"""Those that a book may hold; a book with one of the others is damaged."""
FORMS = ("table", "json", "csv", "markdown")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A user's folder with a provider for each name, by another hand than the writer, which refuses such names."""
    folder = tmp_path_factory.mktemp("hostile")
    for index, (provider, text) in enumerate(HOSTILE.items()):
        price = 0.01 * (index + 1)  # each is the cheapest of all
        offer = an_offer(provider=provider, instance_type=text, region=text, zone=text, source=text, usd_per_hour=price)
        a_foreign_snapshot(folder, offer, provider=provider)
    return folder


@pytest.fixture
def run(run_planner, data_dir):
    """Runs a command over the folder."""
    return lambda *arguments: run_planner(*arguments, "--data-dir", data_dir, "--as-of", "2026-07-01")


ESTIMATE = ("estimate", "--model", "resnet50", "--epochs", 90, "--limit", len(HOSTILE))
COMPARE = ("compare", "--model", "resnet50", "--epochs", 90, "--buy", "rtx-4090", "--jobs-per-month", 4)
RECOMMEND = ("recommend", "--model", "resnet50", "--epochs", 90, "--limit", len(HOSTILE))
LIST = ("prices", "list", "--gpu", "a100-80gb-sxm", "--limit", len(HOSTILE))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("command", [ESTIMATE, COMPARE, RECOMMEND, LIST])
def test_a_terminal_shows_no_control_code(run, command, form):
    """Neither data nor notes hold a character that steers a terminal or turns its direction."""
    done = run(*command, "--format", form)

    assert 0 == done.returncode, done.stderr
    assert set() == {char for char in done.stdout + done.stderr if not char.isprintable() and char != "\n"}


@pytest.mark.parametrize("rank", range(1, len(HOSTILE) + 1))
def test_an_explanation_shows_no_control_code(run, rank):
    """The chain of a row names it, visibly."""
    done = run(*ESTIMATE, "--explain", rank)

    assert 0 == done.returncode
    assert all(char.isprintable() or char == "\n" for char in done.stdout)


def test_a_table_has_one_line_a_row_and_bearable_ones(run):
    """Line ends and kilobytes in a name do not tear the table apart."""
    lines = run(*ESTIMATE).stdout.splitlines()

    assert len(HOSTILE) + 1 == len(lines)
    assert max(map(len, lines)) < 300


def test_a_spreadsheet_runs_nothing(run):
    """No cell begins like a formula, and the names are still told apart."""
    rows = list(csv.DictReader(io.StringIO(run(*ESTIMATE, "--format", "csv").stdout)))

    cells = [cell for row in rows for key, cell in row.items() if key in ("instance_type", "region", "zone")]
    assert len(HOSTILE) == len(rows)
    assert [] == [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\uff1d"))]
    assert "'" + HOSTILE["formula"] == rows[1]["instance_type"]


def test_markdown_holds_no_markup_of_a_name(run):
    """A page made of it shows the name as text."""
    text = run(*ESTIMATE, "--format", "markdown").stdout

    assert "<script>" not in text
    assert "[press](" not in text
    # of sentences, of rows that are proposed, of the ranking
    assert {line.replace("\\|", "").count("|") for line in text.splitlines()} == {0, 11, 12}


def test_json_keeps_every_character(run):
    """Programs get the name as it is, by escapes; books with names that are none are left out, and named."""
    found = json.loads(run(*ESTIMATE, "--format", "json").stdout)

    assert list(BELIEVED.values()) == [row["instance_type"] for row in found["estimates"][: len(BELIEVED)]]
    assert sorted(HOSTILE.keys() - BELIEVED.keys()) == sorted(book["provider"] for book in found["damaged_books"])


def test_an_error_shows_no_control_code(run_planner):
    """What was typed comes back visibly."""
    done = run_planner("estimate", "--model", "resnet50", "--epochs", 1, "--chart", "\x1b[31mred\x9b2J.gif")

    assert 2 == done.returncode
    assert all(char.isprintable() or char == "\n" for char in done.stderr)
