"""`planner validate`: the whole report, recomputed, and the page that publishes it."""

import json
import re

import pytest
from click.testing import CliRunner

from planner.accuracy.validation import validate
from planner.cli.root import cli
from planner.errors import UnknownNameError
from planner.paths import shipped_data_dir
from tests.test_json_reference import check_keys

pytestmark = pytest.mark.slow

TARGETS = [
    # (split, figure, at most): what was aimed for
    ("cell", "median", 0.06),
    ("cell", "mean", 0.10),
    ("cell", "p90", 0.20),
    ("gpu", "median", 0.09),
    ("gpu", "mean", 0.13),
    ("model", "median", 0.12),
    ("model", "p90", 0.35),
    ("counts", "median", 0.04),
    ("counts", "p90", 0.15),
    ("language_cell", "median", 0.08),
    ("language_h100", "median", 0.06),
    ("parallel_cell", "median", 0.12),
    ("adapter_model", "median", 0.10),
    ("published_run", "median", 0.20),
]


STRANGERS = {
    # split: (coverage at least and at most, median and width at most): by implementation
    "source": (0.87, 0.95, 0.22, 4.3),
    "source_arithmetic": (0.85, 0.95, 0.26, 4.5),
    "repository": (0.85, 0.97, 0.27, 5.5),
    "own_count": (0.85, 0.95, 0.10, 1.7),
    "own_gpu": (0.85, 0.95, 0.11, 2.0),
    "own_both": (0.85, 0.95, 0.16, 2.9),
    "own_gpu_no_batch": (0.85, 0.95, 0.115, 2.1),
    "own_both_no_batch": (0.85, 0.95, 0.17, 4.0),
    "own_format": (0.83, 0.95, 0.17, 2.6),
    "own_format_known": (0.83, 0.96, 0.15, 2.6),
}

FEW_PUBLICATIONS = {
    "publication": 0.85,
    "adapter_stack": 0.80,
    "publication_fp8": 0.80,
    "publication_mixture": 0.80,
    "network_on_processor": 0.85,
    "processor": 0.85,
}
"""Splits of 3 to 21 publications, or of fewer than eight machines, with the coverage aimed for: so few cannot show that a range
is too wide."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run of the command: the JSON and the page."""
    folder = tmp_path_factory.mktemp("validate")
    outcome = CliRunner().invoke(
        cli,
        ["validate", "--format", "json", "--output", str(folder / "out.json"), "--write", str(folder / "accuracy.md")],
        catch_exceptions=False,
    )
    assert 0 == outcome.exit_code
    return json.loads((folder / "out.json").read_text()), (folder / "accuracy.md").read_text()


@pytest.mark.parametrize(("split", "figure", "target"), TARGETS)
def test_what_was_aimed_for_is_reached(run, split, figure, target):
    """On left-out rows, with everything that stems from them left out."""
    found = {one["split"]: one for one in run[0]["splits"]}

    assert found[split][figure] <= target


def test_ranges_hold_what_they_promise(run):
    """86.5 to 93 percent of the left-out figures lie in the 90 percent range, in every split; prices are judged by kind.

    Runs of our own on one GPU are witnesses that go together, and measurements kept apart judge what the rest promises: what held of
    them is told, not promised (test_own_runs.py, test_apart_errors.py).
    """
    coverage = {one["split"]: one["coverage"] for one in run[0]["splits"] if one["split"] != "price"}

    told = (
        STRANGERS.keys()
        | FEW_PUBLICATIONS.keys()
        | {split for split in coverage if split.startswith(("own_runs", "apart"))}
    )
    within = {split: share for split, share in coverage.items() if split not in told}
    assert {} == {split: share for split, share in within.items() if not 0.865 <= share <= 0.93}
    assert [] == [split for split, least in FEW_PUBLICATIONS.items() if coverage[split] < least]


@pytest.mark.parametrize(("split", "bounds"), STRANGERS.items())
def test_ranges_hold_for_strangers(run, split, bounds):
    """Whole implementations left out: coverage, median error and width, each implementation counted once."""
    least, most, median, width = bounds
    found = {one["split"]: one for one in run[0]["splits"]}[split]

    assert least <= found["coverage"] <= most
    assert found["median"] <= median
    assert found["width"] <= width


def test_predictions_beat_the_simple_rules(run):
    """On the very same cells."""
    for split in run[0]["splits"]:
        for name, rule in split["baselines"].items():
            if split["split"] != "model_filled" or name != "constant_bandwidth":  # which knows the activations withheld
                assert split["median"] < rule["median"], (split["split"], name)


def test_the_report_holds_the_splits_of_language_models(run):
    """Splits of steps and of whole runs stand beside one constant utilisation, those of publications do not."""
    steps = ["language_cell", "language_model", "parallel_cell", "parallel_shape", "encoder_gpu", "language_h100"]
    found = {one["split"]: one for one in run[0]["splits"]}

    assert found.keys() >= {"publication", "publication_fp8", "publication_mixture", "adapter_stack"}
    assert all(found[name]["baselines"] for name in (*steps, "adapter_model", "published_run"))


def test_the_report_has_its_shape(run):
    """Schema, the worst ten, and groups by GPU family and task."""
    report = run[0]

    assert "planner.validate/1" == report["schema"]
    assert 10 == len(report["worst"])
    cell = next(one for one in report["splits"] if one["split"] == "cell")
    assert {"gpu_family", "task"} <= set(cell["groups"])
    assert cell["n"] == sum(group["n"] for group in cell["groups"]["task"])


def test_the_page_of_json_has_the_keys_of_the_report(run):
    """Neither is more on the page than in the report, nor the other way round."""
    check_keys("planner.validate/1", run[0])


def test_the_published_page_is_current(run):
    """docs/accuracy.md is what the command writes now; another linear-algebra library may move a last digit."""
    page = shipped_data_dir().parent / "docs" / "accuracy.md"

    published, now = (re.split(r"([-+]?\d[\d,]*\.?\d*)", text) for text in (page.read_text(encoding="utf-8"), run[1]))

    assert published[::2] == now[::2]
    for there, here in zip(published[1::2], now[1::2], strict=True):
        assert float(there.replace(",", "")) == pytest.approx(float(here.replace(",", "")), rel=0.01, abs=0.11)


@pytest.mark.parametrize(("name", "said"), [("amd_cards", "Did you mean amd_card?"), ("xxx", "Splits: source, ")])
def test_a_split_that_there_is_not_is_refused_with_those_there_are(name, said):
    """Before any is worked out, also beside one that there is."""
    with pytest.raises(UnknownNameError, match=re.escape(said)):
        validate(["tree_machine", name])
