"""What a notebook shows of a result."""

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

import planner
from planner.render.notebook import MAX_ROWS
from planner.results.recommendation import warnings

RUN = {"model": "resnet50", "epochs": 90, "as_of": date(2026, 7, 1)}


class Page(HTMLParser):
    """Collects tags, attributes and text, and insists that every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], set(), ""
        self.feed(text)
        assert [] == self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert tag == self.open.pop()

    def handle_data(self, data):
        self.text += data


def _estimates():
    return planner.estimate(**RUN, gpus=["A100:8"], purchases=["on_demand"])


def _comparison():
    return planner.compare(**RUN, buy="rtx-4090", jobs_per_month=4)


def _recommendation():
    return planner.recommend(**RUN, deadline="48h")


@pytest.mark.parametrize("make", [_estimates, _comparison, _recommendation])
def test_a_result_shows_itself(make):
    """A whole piece of HTML of plain tags only, readable on light and dark, that loads and runs nothing."""
    page = Page(make()._repr_html_())

    assert {"div", "p", "b", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre"} >= set(page.tags)
    assert {"scope", "style"} == page.attributes
    assert "table" in page.tags


def test_an_estimate_shows_basis_range_and_age():
    """The figures of the table on the screen, and what they rest on."""
    result = _estimates()

    text = Page(result._repr_html_()).text

    first = result.estimates[0]
    assert text.index("Scaled.") < text.index("balanced") < text.index("The ranking of all rows:")
    assert first.offer.instance_type in text
    assert f"{first.usd:,.2f} (" in text
    assert str(first.throughput.basis) in text
    assert f"{(result.as_of - first.offer.observed_on).days} d" in text
    assert "Left out:" in text
    assert "start-up of 120 s" in text


def test_long_results_are_cut_and_say_so():
    """A notebook is not filled by one cell."""
    result = planner.estimate(**RUN)

    page = Page(result._repr_html_())

    assert MAX_ROWS + 1 + len(result.picked.picks) + 1 == page.tags.count("tr")
    assert f"{len(result.estimates) - MAX_ROWS} more rows: to_frame() holds all." in page.text


def test_names_are_escaped():
    """What a price book calls an instance is text, not markup."""
    result = _estimates()
    evil = replace(result.estimates[0].offer, instance_type="<script>alert(1)</script>\x1b[31m", region="a&b\"'")
    result = replace(result, estimates=(replace(result.estimates[0], offer=evil),), notes=("<img src=x>",))

    html = result._repr_html_()

    assert not re.search(r"<(script|img)|\x1b", html)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\N{REPLACEMENT CHARACTER}[31m" in html
    assert "&lt;img src=x&gt;" in html


def test_a_comparison_leads_with_its_verdict():
    """And shows both bills."""
    comparison = _comparison()

    text = Page(comparison._repr_html_()).text

    assert text.startswith(comparison.verdict)
    assert comparison.own.label in text
    assert "flips" in text


def test_a_recommendation_speaks():
    """Every sentence in order, with what to mind after the answer."""
    found = _recommendation()

    text = Page(found._repr_html_()).text

    assert "".join((*found.answer, *warnings(found), *found.reasons)) in text


@pytest.mark.parametrize("make", [_estimates, _comparison, _recommendation, lambda: planner.estimate(**RUN)])
def test_a_console_shows_the_table(make):
    """IPython asks for a text; it gets the table of the command line and not every field of every record."""
    result, written = make(), []

    result._repr_pretty_(SimpleNamespace(text=written.append), False)

    assert 1 == len(written)
    assert "USD" in written[0]
    assert written[0].count("\n") < 60


def test_a_console_shows_what_to_mind():
    """The warnings of a recommendation stand after its answer, in a console of IPython too."""
    found, written = _recommendation(), []

    found._repr_pretty_(SimpleNamespace(text=written.append), False)

    said = " ".join(written[0].split())
    assert warnings(found)
    assert " ".join((*found.answer, *warnings(found), found.reasons[0])) in said


def test_the_prompt_shows_the_answer_first():
    """`repr` of a result is its sentence and the rows picked, of no more than a screen; it names no option of the command."""
    estimated, compared, found = planner.estimate(**RUN), _comparison(), _recommendation()

    shown = [repr(estimated), repr(compared), repr(found)]

    lines = shown[0].splitlines()
    assert lines[0].startswith("resnet50, 90 epochs of imagenet-1k")
    assert " USD and " in lines[2]
    best = estimated.picked.picks[0]
    assert any(f"{best.kind} {best.number} " in line and best.estimate.offer.instance_type in line for line in lines)
    assert " ".join(shown[1].split()).startswith(" ".join(compared.verdict.split()))
    assert len(compared.alternatives) <= shown[1].count("\n")
    assert " ".join(found.answer[0].split()) in " ".join(shown[2].split())
    assert found.result.estimates[0].offer.instance_type in shown[2]
    assert all(text.count("\n") < 24 and "--" not in text and "\x1b" not in text for text in shown)


def test_the_prompt_shows_a_throughput_in_a_line():
    """The rate with both ends and what it rests on, then how it came about: no field of a record."""
    shown = repr(planner.predict_throughput(model="resnet50", gpu="h100-80gb-sxm", gpu_count=8))

    first, *others = shown.splitlines()
    assert re.fullmatch(r"[\d,]+ \([\d,]+ to [\d,]+\) samples a second, measured: amp, .*", first)
    assert others[0].startswith("  measured: ")


def test_the_prompt_shows_a_result_without_picks():
    """With nothing picked `repr` says so and names the first row; names are shown without control characters."""
    result = planner.estimate(**RUN, gpus="T4", limit=1)
    evil = replace(result.estimates[0], offer=replace(result.estimates[0].offer, provider="a\x1b[31m"))

    text = repr(replace(result, picked=None, estimates=(evil,)))

    assert "No row may be picked" in text
    assert "1x T4" in text
    assert "\x1b" not in text


def test_dir_lists_the_public_names():
    """What `dir(planner)` and completion offer is what the documentation lists, whatever was imported before."""
    assert planner.__all__ == dir(planner)
    assert {"estimate", "compare", "recommend", "EstimateResult", "PlannerError"} < set(dir(planner))


def test_a_result_prints_itself_as_the_command_does():
    """The answer, then the ranking; a class's own `__repr__` would win over an inherited `_repr_pretty_`: each has its own."""
    from IPython.lib.pretty import pretty  # noqa: PLC0415 - of the developers' environment

    result = planner.estimate(model="resnet50", epochs=90, gpus="T4", limit=2)

    assert "hours (low-high)" in pretty(result)
    assert pretty(result).startswith(repr(result))
