"""The page of JSON keys: every key of real documents is described, and every key described is in one."""

import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from planner import errors
from planner.cli.root import cli
from planner.model.records import Purchase
from tests.builders import a_raw_snapshot, a_row, a_snapshot, an_offer
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
RUN = ("--model", "resnet50", "--epochs", "90", "--as-of", "2026-11-20")
JOBS = ("--jobs-per-month", "200")
MARKET = ("--provider", "market", "--purchase", "spot")

DOCUMENTS = {
    "planner.estimate/1": [
        ("estimate", *RUN, "--gpu", "H100:8", "--currency", "EUR", "--purchase", "reserved_1y", "--purchase", "spot"),
        ("estimate", "--model", "llama-3-8b", "--method", "lora", "--tokens", "20M", "--gpu", "L40S"),
        ("estimate", "--model", "llama-3-8b", "--method", "lora", "--tokens", "20M"),
        ("estimate", "--model", "xgboost", "--rows", "1M", "--gpu", "T4"),
        ("estimate", *RUN, "--gpu", "cpu", "--gpu", "A100:8"),
        ("estimate", *RUN, *MARKET),
        ("estimate", *RUN, "--max-usd", "20"),
    ],
    "planner.recommend/1": [
        ("recommend", *RUN, "--deadline", "48h", "--purchase", "spot", "--gpu", "A100"),
        ("recommend", *RUN, *MARKET, "--deadline", "15h", "--nodes", "1"),
    ],
    "planner.compare/1": [
        ("compare", *RUN, "--buy", "rtx-4090", "--buy", "a10g", "--purchase", "spot", "--currency", "EUR", *JOBS),
        ("compare", "--buy", "rtx-4090", "--rent-usd-per-hour", "0.5", "--utilisation", "0.3"),
        ("compare", "--own", "rtx-4090", "--rent-usd-per-hour", "0.5", "--utilisation", "0.3", "--peak-factor", "9"),
        ("compare", "--model", "llama-3-8b", "--method", "qlora", "--tokens", "20M", "--buy", "rtx-4090", *JOBS),
        ("compare", "--model", "xgboost", "--rows", "1M", "--gpu", "T4", "--buy", "rtx-4090", *JOBS),
        ("compare", *RUN, *MARKET, "--buy", "rtx-4090", *JOBS),
    ],
}
"""Commands whose documents together hold every key; that of `validate` takes minutes: tests/accuracy/test_validation.py asks of it."""


@pytest.fixture
def marketplace(tmp_path, monkeypatch):
    """A data folder with a level of a marketplace and a damaged book, which no shipped book has or is."""
    level = an_offer(
        provider="market", purchase=Purchase.SPOT, usd_per_hour_cheapest=18.0, offers_count=9, reliability=1.0
    )
    slow = replace(level, instance_type="test-1x", gpu_count=1.0, usd_per_hour=2.0, usd_per_hour_cheapest=1.8)
    a_snapshot(tmp_path, level, slow, provider="market")
    a_raw_snapshot(tmp_path, a_row(usd_per_hour="0"), provider="broken")
    monkeypatch.setenv("PLANNER_DATA_DIR", str(tmp_path))


def _sections():
    """The tables of keys by heading; of each row the key and its whole text."""
    found = {}
    for heading, body in re.findall(r"^##+ (.+?)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL):
        found[heading] = re.findall(r"^\| `([^`]+)` (\|.*)\|$", body, re.MULTILINE)
    return found


def _described(heading):
    """Paths of the keys of a section; a link to a section below stands for all its keys."""
    sections = _sections()
    names = {re.sub(r"[^\w -]", "", name).lower().replace(" ", "-"): name for name in sections if name.startswith("A")}
    paths = set()
    for key, text in sections[heading]:
        paths.add(key)
        link = re.search(r"\(#(an?-\w+)\)", text)
        if link:
            prefix = f"{key}[]" if "| list " in text else key
            paths |= {f"{prefix}.{below}" for below in _described(names[link[1]])}
    return paths


def _paths(value, prefix=""):
    if isinstance(value, dict):
        for key, below in value.items():
            path = f"{prefix}.{key}" if prefix else key
            path = re.sub(r"\.(baselines|groups)\.[^.\[]+", r".\1.*", path)
            yield path
            yield from _paths(below, path)
    elif isinstance(value, list):
        for entry in value:
            yield from _paths(entry, f"{prefix}[]")


@pytest.mark.usefixtures("marketplace")
@pytest.mark.parametrize("schema", DOCUMENTS)
def test_the_page_has_the_keys_of_real_documents(schema):
    """A key that is missing on either side is named."""
    documents = []
    for command in DOCUMENTS[schema]:
        result = CliRunner().invoke(cli, [*command, "--format", "json"])
        assert 0 == result.exit_code, result.output
        documents.append(json.loads(result.stdout))

    check_keys(schema, *documents)


def check_keys(schema, *documents):
    """Fails where the page lacks a key of these documents of that schema, or has one that none of them has."""
    assert {schema} == {document["schema"] for document in documents}
    real = {path for document in documents for path in _paths(document)}
    described = _described(schema)
    inherited = _described("planner.estimate/1") if schema == "planner.recommend/1" else set()
    assert [] == sorted(real - described - inherited), "not described"
    assert [] == sorted(described - real), "described, but not in the documents"


def test_the_lists_of_the_listings_are_named():
    """Under the name that the code gives them."""
    rows = re.findall(r"^\| `(planner\.[a-z_-]+/1)` \| (.*?) \| `planner", PAGE, re.MULTILINE)
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "planner" / "render").glob("*.py"))
    coded = set(re.findall(r'schema="(planner\.[a-z_-]+/1)",\s*name="(\w+)"', source))
    coded -= {
        ("planner.validate/1", name) for name in ("splits", "worst", "groups", "prices")
    }  # its JSON is no listing
    coded -= {("planner.price-history/1", "series")}  # the table's; JSON has the points
    named = {(schema, name) for schema, names in rows for name in re.findall(r"`(\w+)`", names)}

    assert set() == coded - named


def test_every_schema_of_the_code_is_named():
    """A new listing is described before it ships."""
    named = set(re.findall(r"planner\.[a-z_-]+/\d", PAGE))
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "planner").rglob("*.py")]

    assert {schema for source in sources for schema in re.findall(r'"(planner\.[a-z_-]+/\d)"', source)} == named


def test_the_errors_of_the_code_are_listed_with_their_exit_codes():
    """The table is the tree of planner/errors.py."""
    listed = {name: int(code) for code, name in re.findall(r"^\| (\d) \| `(\w+Error)` \|", PAGE, re.MULTILINE)}

    tree = {name: kind.exit_code for name, kind in vars(errors).items() if name.endswith("Error")}
    assert tree == listed
