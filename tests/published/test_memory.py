"""Published memory of training runs: each anchor within 15 percent of our count, and the page that lists them."""

import pytest

from planner.accuracy.published_memory import WITHIN, Use, load_published_memory, memory_table
from tests.conftest import ROOT

ROWS = load_published_memory()
PAGE = ROOT / "docs" / "language-models.md"


def test_every_anchor_is_within_15_percent():
    """24 of them, 20 of which set no constant; what is left out says why."""
    anchors = [row for row in ROWS if row.use is not Use.LEFT_OUT]

    assert {f"{row.framework} {row.model} {row.method}": row.error for row in anchors if abs(row.error) > WITHIN} == {}
    assert 20 <= sum(row.use is Use.CHECK for row in anchors)
    assert all(row.note for row in ROWS if row.use is Use.LEFT_OUT)
    assert all(row.source.startswith("https://") and row.as_of for row in ROWS)


@pytest.mark.parametrize(
    ("model", "published", "counted"),
    [
        ("llama-2-7b", 27.83, 27.0),  # SGD: 2 + 2 bytes x 6.738 B
        ("llama-2-7b", 54.0, 54.0),  # AdamW: 2 + 2 + 4 bytes
        ("llama-2-7b", 13.99, 14.2),  # paged, in backward: 2 bytes, and activations
        ("llama-2-70b", 51.0, 44.6),  # 8 GPUs: 2 + 2 bytes x 69 B / 8, and two layers gathered and scattered
    ],
)
def test_the_runs_that_people_ask_about(model, published, counted):
    """Figures in GB copied by eye: torchtune's pure BF16, from pull requests 389 and 527 and issue 987."""
    (row,) = [
        row for row in ROWS if (row.model, row.published, row.unit) == (model, published, "GB") and row.place == "gpu"
    ]

    assert pytest.approx(counted, rel=0.02) == row.counted_gib * 1.073741824


@pytest.mark.parametrize(
    ("model", "layers", "hidden", "feed_forward"), [("llama-2-7b", 32, 4096, 11008), ("llama-2-13b", 40, 5120, 13824)]
)
def test_old_inputs_of_4_bit_products_are_all_that_litgpt_held_more(model, layers, hidden, feed_forward):
    """LitGPT of 2023 beside our count of today: the inputs of four products of a layer, in 16 bits, which bitsandbytes kept until July 2024."""
    (row,) = [one for one in ROWS if (one.framework, one.model, one.method) == ("LitGPT", model, "qlora")]

    inputs = 2 * row.micro_batch * row.sequence_length * layers * (3 * hidden + feed_forward)

    assert row.error < -WITHIN
    assert pytest.approx(row.published_gib, rel=0.06) == row.counted_gib + inputs / 1024**3


def test_the_page_lists_every_run(request):
    """The table of docs/language-models.md is what the function makes that the test above checks."""
    text, table = PAGE.read_text(encoding="utf-8"), "\n".join(memory_table())
    start, end = text.index("| run | GPUs |"), text.index("\n\n", text.index("| run | GPUs |"))
    if request.config.getoption("--update-golden"):
        PAGE.write_text(text[:start] + table + text[end:], encoding="utf-8")
        return

    assert table == text[start:end], "run: python -m pytest tests/published/test_memory.py --update-golden"
