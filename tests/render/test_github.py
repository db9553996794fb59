"""Comments on pull requests: the answer first, the gate, and names that stay names."""

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from planner.answers.estimate import estimate
from planner.render.github import MARKER, Gate, code, rendered_comment
from tests.export.exports import HOSTILE

FEW = (
    "estimate", "--model", "resnet50", "--epochs", "90", "--as-of", "2026-07-01", "--provider", "aws",
    "--purchase", "on_demand", "--gpu", "H100", "--gpu", "a100-40gb-sxm", "--format", "github",
)  # fmt: skip
OPEN = Gate(max_usd=None, max_hours=None, is_met=True)
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


@pytest.fixture(scope="module")
def result():
    """The best estimates of one day."""
    return estimate(model="resnet50", epochs=90, as_of=date(2026, 7, 1), limit=3)


def test_golden_comment(run_planner, golden):
    """What a pull request shows."""
    done = run_planner(*FEW, "--max-usd", "400")

    golden("estimate.github", done.stdout)
    assert 0 == done.returncode


def test_golden_comment_over_the_limit(run_planner, golden):
    """The comment says by how much, shows the nearest rows, and the command leaves with 3."""
    done = run_planner(*FEW, "--max-usd", "100", "--max-hours", "1")

    golden("estimate.github.over", done.stdout)
    assert "Error: No estimate meets the limits." in done.stderr
    assert 3 == done.returncode


def test_the_marker_comes_first(result):
    """A workflow finds its comment by it."""
    assert "<!-- gpu-cost-planner -->" == MARKER
    assert _comment(result).startswith(MARKER + "\n")


def test_an_error_is_no_comment(run_planner):
    """A model that nobody knows prints nothing."""
    done = run_planner(*FEW, "--model", "resnet5O")

    assert (2, "") == (done.returncode, done.stdout)


@pytest.mark.parametrize("command", ["recommend", "compare", "gpus"])
def test_only_an_estimate_is_a_comment(run_planner, command):
    """Other commands do not take the format."""
    done = run_planner(command, "--format", "github")

    assert "'github' is not one of" in done.stderr
    assert 2 == done.returncode


def test_charts_are_files_of_another_run(run_planner):
    """A comment holds no files, and says so instead of forgetting them."""
    done = run_planner(*FEW, "--chart", "front.svg")

    assert "--chart cannot go with --format github" in done.stderr
    assert (2, "") == (done.returncode, done.stdout)


def test_currency_is_that_of_the_command(run_planner):
    """Amounts in EUR, the limit in USD, and the rate among the details."""
    done = run_planner(*FEW, "--currency", "EUR", "--max-usd", "400", "--limit", "1")

    assert re.search(r"^\*\*[\d.,k]+ \([\d.,k-]+\) EUR and .* at AWS", done.stdout, re.MULTILINE)
    assert "| EUR | EUR/h |" in done.stdout
    assert "cost at most 400 USD" in done.stdout
    assert "EUR per USD" in done.stdout


def test_a_limit_within_the_range_is_said(result):
    """The first row meets it, its high end does not."""
    best = result.estimates[0]

    met = _comment(result, Gate(max_usd=best.usd + 0.01, max_hours=None, is_met=True))
    far = _comment(result, Gate(max_usd=1e6, max_hours=1e6, is_met=True))

    assert "At the high end of its range the first row of the ranking takes" in met
    assert "high end" not in far


@pytest.mark.parametrize(
    "text", [*HOSTILE, "`x`", "``", "```\n</details>", "a|b|c", "[x](https://evil.example)", "https://evil.example"]
)
def test_hostile_names_stay_in_code(result, text):
    """No HTML, no link, no picture, no mention, no second comment and no second table, wherever the name stands."""
    found = result.estimates[0]
    offer = replace(found.offer, instance_type=text, region=text, zone=text, provider=text, source=text)
    model = replace(result.workload.model, name=text, source=text)
    pick, *others = result.picked.picks
    hostile = replace(
        result,
        workload=replace(result.workload, model=model),
        estimates=(replace(found, offer=offer), *result.estimates[1:]),
        picked=replace(result.picked, picks=(replace(pick, estimate=replace(pick.estimate, offer=offer)), *others)),
        absent=(text,),
        assumptions=(text,),
        notes=(text,),
    )

    comment = _comment(hostile, command=f"planner {text}")

    assert _shape(_comment(replace(result, absent=("No row of cpu",)))) == _shape(comment)
    assert len(comment) < 65_536


def _shape(comment):
    """What a reader of Markdown sees outside of code."""
    tokens = MARKDOWN.parse(comment)
    flat = [inner for token in tokens for inner in (token, *(token.children or []))]
    assert not any(token.type in ("link_open", "image") for token in flat)
    html = [token.content.strip() for token in flat if token.type in ("html_block", "html_inline")]
    plain = "".join(token.content for token in flat if token.type == "text")
    assert "@" not in plain
    assert "http" not in plain
    return html, [token.type for token in tokens if token.type != "inline"]


@given(st.text())
def test_a_span_of_code_is_one_span(text):
    """Nothing in it ends it, in a cell of a table either."""
    (inline,) = (
        token
        for token in MARKDOWN.parse(f"| a |\n| --- |\n| {code(text)} |\n")
        if token.type == "inline" and token.content != "a"
    )

    assert 1 == len(inline.children)
    assert inline.children[0].type == ("code_inline" if code(text) != "-" else "text")


def test_the_answer_comes_first(run_planner):
    """The sentences of the terminal, warnings included, and its rows; only then the ranking, which numbers otherwise."""
    screen = run_planner(*FEW[:-2]).stdout.splitlines()
    comment = run_planner(*FEW).stdout

    said = [line.strip() for line in screen[2:6] if line.startswith("  ") and "GPUs" not in line]
    places = [comment.index(line.removeprefix("! ")) for line in said]
    assert places == sorted(places)
    assert comment.count("| balanced |") == sum(line.startswith(" balanced") for line in screen)
    assert places[-1] < comment.index("| 1 | balanced |") < comment.index("The ranking of all rows")


def test_many_rows_stay_below_githubs_limit(run_planner):
    """--all has thousands; fifty are shown and the rest is counted."""
    done = run_planner("estimate", "--model", "resnet50", "--epochs", "90", "--all", "--format", "github")

    assert len(done.stdout) < 65_536
    assert 50 == len(re.findall(r"^\| \d", done.stdout.partition("The ranking of all rows")[2], re.MULTILINE))
    assert re.search(r"^[\d,]+ more rows are not shown\.$", done.stdout, re.MULTILINE)


def _comment(result, gate=OPEN, command="planner estimate"):
    return rendered_comment(result, gate, sort="usd", limit=15, command=command)
