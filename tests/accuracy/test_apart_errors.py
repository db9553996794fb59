"""Measurements of others that judge only: each code carried from one of its cells."""

import math

import pytest

from planner.accuracy.apart_errors import APART_SPLITS
from planner.accuracy.learning import publications
from planner.accuracy.learning.publications import PublishedCell, published_cells
from planner.answers.throughput import predict_throughput
from planner.hardware.gpus import load_gpus
from planner.model.records import OwnMeasurement, Precision
from planner.throughput.measured import load_benchmarks, source_rows
from planner.work.own import OwnModel, own_model


def test_nothing_is_learnt_from_them():
    """No address of theirs stands among the rows that are learnt from; each row has an address, a year and a listed GPU."""
    learnt = {row.source.partition(" ")[0] for row in (*load_benchmarks(), *source_rows())}

    for row in published_cells():
        assert row.source.startswith("https://")
        assert row.source.partition(" ")[0] not in learnt
        assert "2020" <= row.as_of[:4] <= "2026"
        assert row.gpu in load_gpus()
        assert row.samples_per_second > 0


def test_a_cell_is_carried_as_planning_carries_it(monkeypatch):
    """A V100 at 128 images and an A100 at 512: the error is that of the figure that a user would get, both ways."""
    cells = {"v100-16gb": (128, 500.0), "a100-80gb-sxm": (512, 1200.0)}
    rows = [
        PublishedCell(
            publication="p", looked_at="", code="c", model="m", task="image-classification", sample_unit="image", gpu=gpu, gpu_assumed="",
            gpu_count=1, precision=Precision.AMP, batch_size_per_gpu=batch, samples_per_second=rate, source="https://x",
            as_of="2024",
        )
        for gpu, (batch, rate) in cells.items()
    ]  # fmt: skip
    monkeypatch.setattr(publications, "published_cells", lambda: rows)

    found = APART_SPLITS["apart_gpu"]()

    model = own_model(OwnModel(measured=("any=1",), task="image-classification", sample_unit="image"))
    errors, widths = [], []
    for row, known in (rows, rows[::-1]):
        own = OwnMeasurement(
            gpu=known.gpu, samples_per_second=known.samples_per_second, batch_size=known.batch_size_per_gpu
        )
        said = predict_throughput(model=model, gpu=row.gpu, batch_size=row.batch_size_per_gpu, measured=[own])
        errors.append(abs(said.samples_per_second / row.samples_per_second - 1))
        widths.append(said.high / said.low)
    assert math.fsum(errors) / 2 == pytest.approx(found.errors.mean)
    assert min(widths) == pytest.approx(found.errors.width)
    assert 1 == found.errors.n
    assert ["not looked at"] == [group.name for group in found.groups["looked_at"]]


def test_codes_count_alike_however_many_rows_they_have():
    """Four splits: eight in ten are held of what nobody looked at, which is what the first screen says."""
    found = {name: made() for name, made in APART_SPLITS.items()}

    assert ["apart_count", "apart_gpu", "apart_both", "apart_format"] == list(found)
    for split in found.values():
        assert split.errors.n == sum(group.n for group in split.groups["publication"])
        assert 8 == int(10 * split.errors.coverage), split.split
        assert all(group.coverage > 0.78 for group in split.groups["looked_at"])
