"""The groups of splits, as `planner validate --split` shows them."""

from datetime import date

from planner.accuracy.results import ErrorSummary, SplitResult, Validation
from planner.render.validation import groups_listing


def test_one_row_per_group():
    """A split with one group of a kind is not told apart by it."""
    groups = {
        "gpu_count": (figures("8 GPUs and more", 0.1), figures("1 to 7 GPUs", 0.2)),
        "class": (figures("all", 0.1),),
    }
    split = SplitResult(
        split="publication", basis="modelled", left_out="", still_known="", errors=figures("prediction", 0.15),
        baselines=(), groups=groups,
    )  # fmt: skip

    found = groups_listing(Validation(rows=1, newest_row=date(2026, 11, 26), splits=(split,), worst=()))

    assert [(row["rule"], row["median"], row["width"]) for row in found.rows] == [
        ("gpu count: 8 GPUs and more", 0.1, 1.8),
        ("gpu count: 1 to 7 GPUs", 0.2, 1.8),
    ]


def figures(name, median):
    """Errors of a group of that name."""
    return ErrorSummary(name=name, n=2, median=median, mean=median, p90=0.3, bias=0.0, coverage=0.9, width=1.8)
