"""A share of a GPU, and the notes on the batch that it is planned with."""

from __future__ import annotations

from planner.model.records import Basis, Throughput
from planner.throughput.batches import BATCH_NOTES, Batch

FRACTION_RANGE = (0.7, 1.1)
"""A slice of a GPU gives its share of the throughput, give or take: time slices cost switching, small batches fill less."""


def noted(notes: tuple[str, ...], batch: Batch) -> tuple[str, ...]:
    """The notes, with the note of this batch in place of that of another."""
    if not BATCH_NOTES.isdisjoint(notes):
        notes = tuple(note for note in notes if note not in BATCH_NOTES)
    return (*notes, batch.note) if batch.note else notes


def slice_of(one: Throughput, fraction: float, batch: Batch) -> Throughput:
    """The throughput of a share of the GPU that `one` is for."""
    low, high = FRACTION_RANGE
    return Throughput(
        samples_per_second=one.samples_per_second * fraction,
        low=one.low * fraction * low,
        high=one.high * fraction * high,
        basis=Basis.SCALED if one.basis.is_measured else one.basis,
        precision=one.precision,
        stack=one.stack,
        sources=one.sources,
        steps=(*one.steps, f"{fraction:g} of a GPU: x {fraction:g}, range x {low:g} to x {high:g} (an assumption)"),
        batch_size_per_gpu=batch.size,
        fits_memory=batch.fits,
        notes=(
            *noted(one.notes, batch),
            "a slice of a GPU is taken to give its share of the throughput: no measurement",
        ),
    )
