"""Whole runs: what they take beyond their steps, each publication judged by the others."""

from types import SimpleNamespace

import pytest

from planner.accuracy.published_runs import (
    SPLIT,
    leave_out_publications,
    load_published_runs,
    run_overhead,
    shipped_run_overhead,
)
from planner.hardware.gpus import load_gpus
from planner.language.listed import find_language_model
from planner.language.step_time import load_step_time


def test_every_run_is_of_a_known_model_and_gpu_and_names_its_source():
    """The table can be planned, and says where its hours stand."""
    runs = load_published_runs()

    assert 13 == len({run.name for run in runs}) == len(runs)
    for run in runs:
        assert find_language_model(run.model)
        assert run.gpu in load_gpus()
        assert run.source.startswith("https://")
        assert run.as_of < "2026"


def test_each_publication_counts_once():
    """Medians 1.1 (of 1.0, 1.1, 9), 1.2 and 1.5: the middle is 1.2, the range 1.1 to 1.5."""
    runs = [
        SimpleNamespace(run=SimpleNamespace(publication=name), factor=factor)
        for name, factor in [("A", 1.0), ("A", 1.1), ("A", 9.0), ("B", 1.2), ("C", 1.5)]
    ]

    overhead = run_overhead(runs)

    assert (1.2, 1.1, 1.5) == (overhead.middle, overhead.low, overhead.high)


def test_the_shipped_overhead_is_the_one_of_the_shipped_runs():
    """The file holds what the runs say now."""
    shipped = load_step_time()["runs"]

    overhead = shipped_run_overhead()

    assert pytest.approx(shipped["middle"], rel=1e-3) == overhead.middle
    assert pytest.approx(shipped["low"], rel=1e-3) == overhead.low
    assert pytest.approx(shipped["high"], rel=1e-3) == overhead.high


def test_left_out_publications_are_foretold_as_published():
    """Median error and coverage are those of the file, better than one constant utilisation."""
    shipped = load_step_time()["left_out"][SPLIT]

    result = leave_out_publications()

    assert pytest.approx(shipped["median"], rel=1e-2) == result.median
    assert pytest.approx(shipped["coverage"], rel=1e-2) == result.coverage
    assert result.median < 0.15 < result.baseline_median


def test_the_search_hardly_flatters_itself():
    """Layouts chosen by a fit that had not seen their shape take what was foretold, and lose little to the best."""
    searched = load_step_time()["searched"]

    assert 0.97 < searched["curse_median"] < 1.03
    assert searched["regret_median"] < 1.01 < searched["regret_mean"] < 1.1
    assert 1.2 < searched["spread_median"]
