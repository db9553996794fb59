"""The same question gives the same bytes on every Python and machine: fixed questions beside their golden answers."""

import pytest

QUESTIONS = {
    "bill.json": (
        *("estimate", "--model", "resnet50", "--epochs", "90", "--provider", "gcp", "--gpu", "L4", "--gpu", "V100"),
        *("--purchase", "spot", "--interruptions-per-hour", "0.07", "--dataset-gb", "731", "--results-gb", "13.7"),
        *("--tax-fraction", "0.19", "--trials", "3", "--evaluation-fraction", "0.1", "--limit", "6"),
    ),
    "language.json": (
        *("estimate", "--model", "llama-2-7b", "--tokens", "1e9", "--method", "lora", "--provider", "aws"),
        *("--nodes", "2", "--limit", "2"),
    ),
    "owned.json": (
        *("compare", "--model", "resnet50", "--epochs", "90", "--buy", "rtx-4090", "--jobs-per-month", "7"),
        *("--usd-per-kwh", "0.31", "--discount-per-year", "0.07", "--provider", "aws", "--gpu", "T4"),
    ),
    "recommended.json": (
        *("recommend", "--model", "resnet50", "--epochs", "90", "--deadline", "48h", "--provider", "aws"),
        *("--gpu", "T4", "--gpu", "A10G"),
    ),
    "trees.json": (
        *("estimate", "--model", "xgboost", "--rows", "11e6", "--features", "28", "--provider", "aws", "--limit", "2"),
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_gives_its_bytes(run_planner, golden, name):
    """To the last digit: nothing is added up, drawn or ordered as one Python alone does it."""
    done = run_planner(*QUESTIONS[name], "--as-of", "2026-07-01", "--format", "json")

    assert 0 == done.returncode, done.stderr
    golden(f"same.{name}", done.stdout)
