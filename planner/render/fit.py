"""Memory reports as a table, JSON, CSV or Markdown, and the notes that belong under them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.language.memory import ADAPTER_EXCESS
from planner.language.memory_fit import MemoryReport
from planner.render.listing import Column, Listing, number
from planner.throughput.memory import GIB
from planner.units import Row

SCHEMA = "planner.fit/1"
_PARTS = ("weights", "gradients", "optimizer", "activations", "logits", "buffers", "overhead")
_HEADINGS = ("weights", "grads", "optim.", "activ.", "logits", "buffers", "framework")


def fits_listing(fits: Sequence[MemoryReport]) -> Listing:
    """One row per GPU: parts, sum and usable memory in GiB, whether it fits, and the largest batch that does."""
    parts = (
        Column(key=f"{part}_gib", heading=heading, text=number(1), is_number=True, may_fold=False)
        for part, heading in zip(_PARTS, _HEADINGS, strict=True)
    )
    columns = (
        Column(key="gpus", heading="GPUs", may_fold=False),
        *parts,
        Column(key="total_gib", heading="sum GiB", text=number(1), is_number=True, may_fold=False),
        Column(key="usable_gib", heading="usable", text=number(1), is_number=True, may_fold=False),
        Column(key="fits", heading="fits", text=_yes_no, may_fold=False),
        Column(key="largest_batch", heading="largest batch", is_number=True, may_fold=False),
    )
    return Listing(schema=SCHEMA, name="fits", columns=columns, rows=[_row(fit) for fit in fits])


def fit_notes(fits: Sequence[MemoryReport], what: str) -> Iterator[str]:
    """Lines to read with the table: the model trained, the layout of each row, and changes that would make it fit."""
    yield f"Job:     {what}"
    for fit in fits:
        name = f"{fit.gpu_count:g} x {fit.gpu.name}"
        over = (fit.memory.total - fit.usable_bytes) / GIB
        if fit.measured is not None:
            row = fit.measured
            yield (
                f"{name}: fits: {fit.layout}; the count is {over:,.1f} GiB too large, since a batch of "
                f"{row.batch_size_per_gpu} was measured on {row.gpu} ({row.source})"
            )
        elif fit.fits:
            speed = f"; about {fit.tokens_per_second:,.0f} tokens/s" if fit.tokens_per_second else ""
            how = "fits, with little room" if fit.is_narrow else "fits"
            yield f"{name}: {how}: {fit.layout}{speed}"
        else:
            way = f" Cheapest change that fits: {fit.change}." if fit.change else " No change within 1,024 GPUs fits."
            yield f"{name}: {over:,.1f} GiB too much ({fit.layout}).{way}"
    if any(fit.is_narrow for fit in fits):
        yield f"Little room: {ADAPTER_EXCESS}."
    yield "Memory is of the fullest GPU; a batch is what runs through one GPU at once, the rest is accumulated."


def _row(fit: MemoryReport) -> Row:
    return {
        "gpus": f"{fit.gpu_count:g} x {fit.gpu.name}",
        "gpu": fit.gpu.name,
        "gpu_count": int(fit.gpu_count) if fit.gpu_count >= 1 else fit.gpu_count,
        **{f"{part}_gib": getattr(fit.memory, part) / GIB for part in _PARTS},
        "total_gib": fit.memory.total / GIB,
        "usable_gib": fit.usable_bytes / GIB,
        "fits": fit.fits,
        "layout": fit.layout,
        "largest_batch": fit.largest_batch,
        "tokens_per_second": fit.tokens_per_second,
        "change": fit.change,
    }


def _yes_no(value: object) -> str:
    return "yes" if value else "no"
