"""GPUs by a provider's spelling, and what a message may show of a cell."""

import pytest

from providers.lists import gpu_named, shown_cell


@pytest.mark.parametrize(
    ("spelling", "memory_gib", "form_factor", "gpu"),
    [
        ("H100 SXM5", 80, None, "h100-80gb-sxm"),
        ("H100", 94, None, "h100-94gb-nvl"),
        ("H100", 80, None, None),  # PCIe or SXM is not said
        ("H100", 80, "sxm", "h100-80gb-sxm"),
        ("H100", None, "sxm", "h100-80gb-sxm"),
        ("A100 SXM4", 40, None, "a100-40gb-sxm"),
        ("A100 SXM4", 80, None, "a100-80gb-sxm"),
        ("A100 SXM4", None, "sxm", None),  # 40 or 80 GB is not said
        ("B300 SXM6", 262, None, "b300-288gb-sxm"),
        ("B300 SXM6", 268, None, "b300-288gb-sxm"),
        ("B300 SXM6", 288, None, "b300-288gb-sxm"),
        ("GB200", 192, "sxm", "gb200-192gb"),
        ("BM.GPU4", 40, "sxm", "a100-40gb-sxm"),
        ("BM.GPU3", 16, "sxm", "v100-16gb"),
        ("H100 SXM5", 20, None, None),  # a quarter of one
        ("H100 SXM5", 640, None, None),  # eight of them
        ("MI350X", 288, None, None),
        ("", None, None, None),
    ],
)
def test_a_spelling_means_one_gpu_or_none(spelling, memory_gib, form_factor, gpu):
    """Memory and form factor tell variants apart; what is left open or contradicts the table is no GPU."""
    assert gpu == gpu_named(spelling, memory_gib=memory_gib, form_factor=form_factor)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("H100", "H100"),
        (3.95, "3.95"),
        (None, "None"),
        ([1, 2], "(a list)"),
        ({"a": 1}, "(an object)"),
        ("two\nlines\ud800", "two?lines?"),
        ("x" * 500, "x" * 120),
    ],
)
def test_a_cell_is_shown_short_and_on_one_line(cell, shown):
    """Whatever a page holds fits into a message and a file."""
    assert shown == shown_cell(cell)
