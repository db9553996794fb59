"""docs/options.md: made from the declarations, current, and whole."""

import re

import pandas as pd
import pytest

import planner
from planner.errors import UnknownNameError
from planner.options.arguments import EstimateArguments
from planner.options.bill_arguments import BillArguments
from planner.options.declared import declared
from planner.options.owner_arguments import CompareArguments, RecommendArguments
from scripts.docs_options import PAGE, VERBS, page, verbs_of
from tests.conftest import ROOT
from tests.options.test_arguments import ON_BOTH_SIDES

_ROW = re.compile(r"^\| `(\w+)`(?:, `\w+`)* \| (?P<typed>.*?) \| .*? \| .*? \| .*? \| (?P<by>.*?) \|", re.MULTILINE)


def test_the_page_is_current():
    """After a change of a declaration `python -m scripts.docs_options` writes it again."""
    assert page() == PAGE.read_text(encoding="utf-8"), "run: python -m scripts.docs_options"


def test_every_option_is_on_the_page():
    """Under its name in Python."""
    named = {row[1] for row in _ROW.finditer(PAGE.read_text(encoding="utf-8"))}

    assert {
        name for home in (EstimateArguments, CompareArguments, RecommendArguments) for name in declared(home)
    } == named


@pytest.mark.parametrize("name", ["trials", "sort", "price_book", "limit", "every_offer", "as_of"])
def test_the_page_says_rightly_which_columns_a_sweep_takes(name):
    """A column that the page does not promise is refused, one that it promises is not; three are options of the command."""
    jobs = pd.DataFrame([{"model": "resnet50", "epochs": 90, "gpus": "a100-80gb-sxm:8", name: None}])
    of_command = ("price_book", "as_of", "limit")

    try:
        planner.estimate_many(jobs)
        is_column = True
    except UnknownNameError:
        is_column = False

    assert is_column == ("sweep" in verbs_of(name) and name not in of_command)


@pytest.mark.parametrize(
    ("name", "verbs"),
    [
        ("gpus", VERBS),
        ("trials", ("estimate", "compare", "recommend", "sweep", "export", "page", "agents")),
        ("buy", ("compare", "page", "agents")),
        ("model_file", ("estimate", "compare", "recommend", "sweep", "export")),
        ("is_owned", ("recommend", "agents")),
    ],
)
def test_the_page_names_who_takes_an_option(name, verbs):
    """Written down by hand for one of each kind."""
    assert verbs == verbs_of(name)


def test_the_page_on_owning_names_what_an_owned_machine_pays():
    """The options of the bill that count on both sides, as the tests of a comparison measure them."""
    text = (ROOT / "docs" / "ownership.md").read_text(encoding="utf-8")
    named = re.search(r"An owned machine pays for (.*?);", text, re.DOTALL)[1]

    assert set(ON_BOTH_SIDES) <= declared(BillArguments).keys()
    assert {f"--{name.replace('_', '-')}" for name in ON_BOTH_SIDES} == set(re.findall(r"`(--[\w-]+)`", named))
