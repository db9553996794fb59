"""What one process works out once and takes again: never after the books have changed, always the same figures."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planner
from planner.answers import throughput as prediction
from planner.answers.buying import renting
from planner.errors import SnapshotError
from planner.language import layouts
from planner.language import prediction as language_throughput
from planner.model.records import Purchase
from planner.prices import catalog, current, index
from planner.results.comparison import document as comparison_document
from planner.results.estimate import document
from planner.throughput import measured
from planner.work import listed as workloads
from tests.builders import a_snapshot, an_offer
from tests.examples import examples

DAY = date(2026, 7, 1)
STORES = (
    renting._rented_again,
    current._unchanged_snapshot,
    catalog._selected,
    catalog._selected_groups,
    index.index_of,
    layouts._cuts,
    language_throughput._predicted_or_why_not,
    measured.benchmarks_of,
    prediction._prediction,
    workloads.known_model,
)


def _cheapest(folder):
    found = planner.estimate(model="resnet50", epochs=90, providers=["testcloud"], data_dir=folder, as_of=DAY)
    return found.estimates[0].offer.usd_per_hour


def test_a_newer_book_is_seen_by_a_process_that_has_answered_before(tmp_path):
    """The second answer is made from the book that came in between."""
    a_snapshot(tmp_path, an_offer(usd_per_hour=20.0), stem="2026-06-01")
    before = _cheapest(tmp_path)

    a_snapshot(tmp_path, an_offer(usd_per_hour=19.0), stem="2026-06-02")

    assert (20.0, 19.0) == (before, _cheapest(tmp_path))


def test_a_book_that_was_altered_since_the_last_answer_is_refused(tmp_path):
    """The checksum is looked at again when the file has changed."""
    path = a_snapshot(tmp_path, an_offer(usd_per_hour=20.0))
    _cheapest(tmp_path)

    path.write_bytes(path.read_bytes().replace(b"20.0", b"10.0"))

    with pytest.raises(SnapshotError, match="sha256 differs"):
        _cheapest(tmp_path)


@settings(max_examples=examples(25), deadline=None)
@given(
    epochs=st.floats(min_value=0.1, max_value=500),
    model=st.sampled_from(["resnet50", "bert-large-squad", "vit_base_patch16_224", "gpt2-124m"]),
    gpus=st.lists(st.sampled_from(["A100", "H100:8", "RTX 4090", "t4", "l4"]), max_size=2),
    purchases=st.lists(st.sampled_from([str(kind) for kind in Purchase]), max_size=2),
)
def test_what_is_remembered_changes_no_figure(epochs, model, gpus, purchases):
    """An answer in a process full of memories is the one of a fresh process."""
    work = {"tokens": epochs * 1e6} if model.startswith("gpt2") else {"epochs": epochs}
    arguments = {"model": model, **work, "gpus": gpus or ["A100", "t4"], "purchases": purchases, "limit": 5}

    remembered = _answer(arguments)
    for store in STORES:
        store.cache_clear()

    assert _answer(arguments) == remembered


@settings(max_examples=examples(10), deadline=None)
@given(
    jobs=st.integers(min_value=1, max_value=30),
    kwh=st.floats(min_value=0.0, max_value=1.0),
    card=st.sampled_from(["rtx-4090", "rtx-3090:2", "h100-80gb-sxm:8"]),
)
def test_what_is_remembered_changes_no_comparison(jobs, kwh, card):
    """Moving what owning costs takes the rental of the question before, and gets the answer of a fresh process."""
    arguments = {
        "model": "resnet50",
        "epochs": 3,
        "buy": card,
        "jobs_per_month": jobs,
        "usd_per_kwh": kwh,
        "as_of": DAY,
    }

    remembered = comparison_document(planner.compare(**arguments))
    for store in STORES:
        store.cache_clear()

    assert comparison_document(planner.compare(**arguments)) == remembered


def test_what_is_remembered_has_an_end():
    """No store grows with the number of questions."""
    assert all(store.cache_parameters()["maxsize"] is not None for store in STORES)


def _answer(arguments):
    try:
        return document(planner.estimate(**arguments, data_dir=None, as_of=DAY))
    except planner.PlannerError as error:
        return str(error)
