"""What `planner validate` says of own measurements in another number format, by class, beside how they were carried before."""

from __future__ import annotations

from collections.abc import Sequence

from planner.accuracy.results import SplitResult
from planner.render.error_figures import ERROR_FIGURES, percent
from planner.render.listing import Column, to_markdown

OWN_FORMAT = "own_format"
BEFORE = {
    # class: median of the same cells
    "detection": 0.265,
    "encoders": 0.409,
    "images": 0.431,
    "other": 0.042,
    "recommenders": 0.136,
    "segmentation": 0.461,
    "seq2seq": 0.243,
    "speech": 0.190,
}
"""The split on the same 75 implementations with the code of 21 to 25 November 2026, which carried a measurement as single scripts
respond to GPUs and formats, without the model that is judged. Frozen: that code is gone."""


def own_format_section(splits: Sequence[SplitResult]) -> str:
    """The table of the page; empty without the split."""
    classes = [group for split in splits if split.split == OWN_FORMAT for group in split.groups.get("stack_class", ())]
    if not classes:
        return ""
    rows = [
        {
            "class": group.name,
            "n": group.n,
            "before": BEFORE[group.name],
            "median": group.median,
            "mean": group.mean,
            "coverage": group.coverage,
            "width": group.width,
            "met": "yes" if group.median <= BEFORE[group.name] else "no",
        }
        for group in classes
    ]
    return _TEXT + to_markdown(_COLUMNS, rows) + _WHY


_FIGURE = {column.key: column for column in ERROR_FIGURES}
_COLUMNS = (
    Column(key="class", heading="class"),
    _FIGURE["n"],
    Column(key="before", heading="median before", text=percent, is_number=True),
    *(_FIGURE[key] for key in ("median", "mean", "coverage", "width")),
    Column(key="met", heading="no worse than before"),
)
_TEXT = """
After one own measurement, another number format, by class. No class was to become worse than the code of 21 November 2026 was on
these cells and 153 rows that are set aside now (it carried a measurement as single scripts respond to GPUs and formats; its column is frozen, all others are worked out anew).

"""
_WHY = """
Code differs in 16 bits, in FP32 and TF32 far less: ResNet-50 on an A100 makes 1,582 to 3,411 images/s in mixed precision, 938 to 1,067 in TF32.
So a measurement in another number format is kept in part only; the rest is what other rows of the model say (`own_format_known`), else its
arithmetic (`own_format`, where that is known: not of speech, recommenders, SSD and GPUNet). How much is kept is learnt too. Where code is
more than 2.5 times slower or faster than all that, more is kept, from 6.25 times on all of it. Kept whole, the medians were 16.8 and 18.7 %
(without batches). The batch is stated here, as it was not then: 16-bit rows mostly ran at twice the batch of FP32, and what that gained is
no longer taken for a gain of the format.

The mean ratio of the number formats of other models of a class, on the same family of GPUs, is a simpler rule. Tried with the model left
out: images 13 % in the median, with a mean of 24 %, as the five codes of ResNet-50 gain and GPUNet and Lambda's lose; speech 18,
encoders 15, detection 36, segmentation 20 %. With the whole repository left out it is 34 % off for images: all but one come from NVIDIA.
Mixed with how classes respond by a share that was learnt per class without the judged model, it gained nothing (mean of all 24.6 for 24.5 %).
Classes, or codes, set further apart in what formats gain moved the median by 1 %, down as rarely as up. None was taken.
"""
