"""docs/guides.md: what is bold in a row is printed by the row's command."""

import re
import shlex

import pytest

from tests.conftest import ROOT

_ROW = re.compile(r"^\|(?P<said>[^|]*)\|(?P<answer>[^|]*)\| `planner (?P<command>.*)` \|$", re.MULTILINE)
_PAGE = (ROOT / "docs" / "guides.md").read_text(encoding="utf-8")
_ROWS = [(row["command"], re.findall(r"\*\*(.+?)\*\*", row["answer"])) for row in _ROW.finditer(_PAGE)]


def test_the_page_has_rows():
    """So that another way to write the table does not silence the test below."""
    assert 35 <= len(_ROWS)


@pytest.mark.parametrize(("command", "facts"), _ROWS)
def test_the_command_of_a_row_prints_what_the_row_says(run_planner, command, facts):
    """Answers and refusals alike; the width of columns does not count."""
    done = run_planner(*shlex.split(command), environment={"PLANNER_AS_OF": "2026-11-20"})

    printed = re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert facts, command
    assert [] == [fact for fact in facts if fact not in printed], printed
