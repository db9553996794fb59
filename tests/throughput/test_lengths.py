"""Encoders whose sequence length was not given: which length a figure stands for, and how wide its range is."""

import math
from dataclasses import replace

import pytest

from planner.answers.throughput import predict_throughput
from planner.model.records import Basis, Precision, Throughput, Workload
from planner.throughput.lengths import of_open_length
from planner.work.listed import resolve_model

FOUND = Throughput(
    samples_per_second=100.0,
    low=80.0,
    high=125.0,
    basis=Basis.MEASURED,
    precision=Precision.AMP,
    stack="any",
    sources=(),
)


@pytest.mark.parametrize(
    ("length", "slower", "faster"),
    [(128, math.log(4), 0.0), (512, 0.0, math.log(4)), (256, math.log(2), math.log(2)), (1024, 0.0, math.log(8))],
)
def test_the_range_holds_128_to_512_tokens(length, slower, faster):
    """Sequences a second fall in proportion to the length; both causes are independent and add as squares."""
    found = of_open_length(FOUND, workload("bert-large"), length)

    own = math.log(1.25)
    assert found.samples_per_second == 100
    assert pytest.approx(100 * math.exp(-math.hypot(own, slower))) == found.low
    assert pytest.approx(100 * math.exp(math.hypot(own, faster))) == found.high
    assert (found.relative_low, found.relative_high) == (80, 125)
    assert f"stands for sequences of {length} tokens" in found.notes[0]


def test_a_narrower_part_stays_as_it_is():
    """What differs from row to row has nothing to do with the length."""
    found = of_open_length(replace(FOUND, relative_low=90.0, relative_high=110.0), workload("bert-large"), 128)

    assert (found.relative_low, found.relative_high) == (90, 110)


@pytest.mark.parametrize(
    ("model", "asked"), [("bert-large", {"input_size": 128}), ("bert-large-squad", {}), ("resnet50", {})]
)
def test_a_known_length_widens_nothing(model, asked):
    """It was given, or the data set sets it; images have none."""
    assert of_open_length(FOUND, workload(model, **asked), 128) is FOUND


def test_a_predicted_encoder_says_its_length():
    """Rows of BERT large have 128 tokens a sequence; 384 given are taken as such."""
    said = predict_throughput(model="bert-large", gpu="a100-80gb-sxm", gpu_count=8)
    given = predict_throughput(model="bert-large", gpu="a100-80gb-sxm", gpu_count=8, sequence_length_or_image_size=128)

    assert any("stands for sequences of 128 tokens" in note for note in said.notes)
    assert not any("length was not given" in note for note in given.notes)
    assert said.low <= said.samples_per_second / 4 < given.low
    assert said.samples_per_second == given.samples_per_second


def workload(model, **fields):
    """A workload of that model, with nothing else said."""
    return Workload(
        model=resolve_model(model), dataset=None, samples_per_epoch=1000, epochs=1, precision=Precision.AMP, **fields
    )
