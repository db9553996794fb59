"""Memory reports as a table, JSON, CSV or Markdown, and the notes that belong under them."""

from __future__ import annotations

from collections.abc import Iterator

from planner.answers.fit import Fits
from planner.hardware.frameworks import wheel_problem
from planner.hardware.gpus import shown_key
from planner.language.memory import ADAPTER_EXCESS
from planner.language.memory_fit import MemoryReport
from planner.render.listing import (
    Column,
    Listing,
    markdown_text,
    number,
    one_line,
    rendered,
    shown,
    spaced,
    spaced_width,
)
from planner.render.screen import LEAST, NARROW, wrapped
from planner.throughput.memory import GIB
from planner.units import Row

SCHEMA = "planner.fit/1"
_PARTS = ("weights", "gradients", "optimizer", "activations", "logits", "buffers", "overhead")
_HEADINGS = ("weights", "grads", "optim.", "activ.", "logits", "buffers", "framework")


def fits_listing(fits: Fits) -> Listing:
    """One row per GPU: parts, sum and usable memory in GiB, whether it fits, and the largest batch that does.

    An overview has, in place of the parts, the least memory that is needed, and what would make it fit.
    """
    parts = [_memory(f"{part}_gib", heading) for part, heading in zip(_PARTS, _HEADINGS, strict=True)]
    with_host = any(one.host_bytes for one in fits.reports)
    columns = (
        Column(key="gpus", heading="GPUs", may_fold=False),
        *(() if fits.is_overview else parts),
        _memory("least_gib", "needs GiB") if fits.is_overview else _memory("total_gib", "sum GiB"),
        _memory("usable_gib", "usable"),
        *((_memory("host_gib", "host GiB"),) if with_host else ()),
        Column(key="fits", heading="fits", text=_yes_no, may_fold=False),
        Column(key="largest_batch", heading="largest batch", is_number=True, may_fold=False),
        *((Column(key="change", heading="cheapest change"),) if fits.is_overview else ()),
    )
    return Listing(schema=SCHEMA, name="fits", columns=columns, rows=[_row(one) for one in fits.reports])


def rendered_fits(fits: Fits, form: str, *, width: int | None) -> str:
    """The reports in one of the formats of a listing; what people read begins with the answer, Markdown ends with the notes."""
    listing = fits_listing(fits)
    if form == "table":
        columns = NARROW if width is None else max(width, LEAST)
        lines = [*wrapped(fit_answer(fits), columns, ""), "", *_table(fits, listing, width)]
        return "".join(f"{one_line(line).rstrip()}\n" for line in lines)
    table = rendered(listing, form, width=width)
    if form != "markdown":
        return table
    job, *notes = (markdown_text(note) for note in fit_notes(fits))
    listed = "".join(f"- {note}\n" for note in notes)
    return f"{job.removeprefix('Job:').strip()}\n\n{markdown_text(fit_answer(fits))}\n\n{table}\n{listed}"


def _table(fits: Fits, listing: Listing, width: int | None) -> list[str]:
    """The table for a terminal; where the parts have no room beside each other they stand below, or are left out."""
    cells = [
        [column.heading for column in listing.columns],
        *([shown(column, row) for column in listing.columns] for row in listing.rows),
    ]
    is_number = [column.is_number for column in listing.columns]
    if fits.is_overview and not any(fit.change for fit in fits.reports):
        cells, is_number = [row[:-1] for row in cells], is_number[:-1]
    right = [place for place, number in enumerate(is_number) if number]
    natural = spaced_width([max(map(len, column)) for column in zip(*cells, strict=True)])
    columns = natural if width is None else max(width, LEAST)
    if natural <= columns:
        return spaced(cells, right=right, flexible=0, columns=columns)
    if fits.is_overview:  # only the change, in words, is too long
        change = len(is_number) - 1
        return spaced(cells, right=right, flexible=change, columns=columns, droppable=(change - 1, 2))
    turned = list(map(list, zip(*cells, strict=True)))
    if spaced_width([max(map(len, row)) for row in cells]) <= columns:
        return spaced(turned, right=range(1, len(cells)), flexible=0, columns=columns)
    kept = [place for place, column in enumerate(listing.columns) if column.key in _SUMMED]
    short = [[row[place] for place in kept] for row in cells]
    return [
        *spaced(short, right=[1, 2, 4], flexible=0, columns=columns),
        "Parts: --format json, fewer GPUs, or a wider window.",
    ]


_SUMMED = ("gpus", "total_gib", "usable_gib", "fits", "largest_batch")


def _memory(key: str, heading: str) -> Column:
    return Column(key=key, heading=heading, text=number(1), is_number=True, may_fold=False)


def fit_answer(fits: Fits) -> str:
    """The answer in a sentence or two: which of the GPUs asked for hold the run, or the smallest machine that does."""
    holding = [fit for fit in fits.reports if fit.fits]
    if not fits.is_overview:
        held = f"It fits on {', '.join(map(_name, holding))}." if holding else ""
        short = [f"{_name(fit)} ({_lacking(fit)})" for fit in fits.reports if not fit.fits]
        return " ".join(filter(None, (held, f"It does not fit on {', '.join(short)}." if short else "")))
    if not holding:
        change = next((f" Cheapest change on {_name(fit)}: {fit.change}." for fit in fits.reports if fit.change), "")
        return f"No GPU that is known holds it, not even 8 of one.{change}"
    first = holding[0]
    needs = (first.memory.total if first.least_bytes is None else first.least_bytes) / GIB
    count, every = len(holding) + fits.hidden_fitting, len(fits.reports) + fits.hidden
    return (
        f"The smallest machine that holds it is {_name(first)}: it needs {needs:,.1f} of {first.usable_bytes / GIB:,.1f} GiB. "
        f"{count} of {every} GPUs hold it, alone or up to 8 together{_other_builds_text(fits)}."
    )


def _other_builds_text(fits: Fits) -> str:
    """How many of those that hold the run stand last, since today's PyTorch does not run there."""
    if not fits.other_builds:
        return ""
    return f"; today's default wheels of PyTorch do not run on {fits.other_builds} of them, listed last"


def _lacking(fit: MemoryReport) -> str:
    if fit.reason is not None:
        return fit.reason
    return f"{(fit.memory.total - fit.usable_bytes) / GIB:,.1f} GiB too much"


def fit_notes(fits: Fits, *, in_full: bool = True) -> Iterator[str]:
    """Lines to read with the table: the model trained, the layout of each row, and changes that would make it fit.

    Without `in_full` layouts of many GPUs that hold the run are left out: a screen shall hold the answer above.
    """
    yield f"Job:     {fits.what}"
    if fits.is_overview:
        yield from _overview_notes(fits)
    else:
        with_layouts = in_full or len(fits.reports) <= _MOST_LAYOUTS
        yield from (_note(fit) for fit in fits.reports if with_layouts or not fit.fits or fit.measured is not None)
        if not with_layouts:
            yield "Layouts and speeds of those that hold it: --verbose"
    if any(fit.is_narrow for fit in fits.reports):
        yield f"Little room: {ADAPTER_EXCESS}."
    if any(fit.host_bytes for fit in fits.reports):
        yield "Host memory is that of the machine for all its GPUs; instances that have less are left out of an estimate."
    if not fits.is_overview:
        yield from _wheels(fits)
    yield "Memory is of the fullest GPU; a batch is what runs through one GPU at once, the rest is accumulated."


_MOST_LAYOUTS = 3


def _wheels(fits: Fits) -> Iterator[str]:
    """What GPUs need another build of PyTorch, those with the same need in one line."""
    names: dict[str, list[str]] = {}
    for name in dict.fromkeys(fit.gpu.name for fit in fits.reports):
        if problem := wheel_problem(None, name):
            names.setdefault(problem.replace(name, "{}", 1), []).append(name)
    for problem, gpus in names.items():
        said = problem.replace("{}", ", ".join(gpus), 1)
        yield f"{said if len(gpus) == 1 else said.replace(' needs ', ' need ', 1)}."


def _overview_notes(fits: Fits) -> Iterator[str]:
    for fit in fits.reports:
        if fit.reason is not None:
            yield f"{_name(fit)}: does not run there: {fit.reason}"
    yield from fits.advice


def _note(fit: MemoryReport) -> str:
    """How the run fits there, or by how much it does not and what would make it fit."""
    name = _name(fit)
    over = (fit.memory.total - fit.usable_bytes) / GIB
    if fit.reason is not None:
        return f"{name}: does not run there: {fit.reason}"
    if fit.measured is not None:
        row = fit.measured
        return (
            f"{name}: fits: {fit.layout}; the count is {over:,.1f} GiB too large, since a batch of "
            f"{row.batch_size_per_gpu} was measured on {row.gpu} ({row.source})"
        )
    if fit.fits:
        host = f"; {fit.host_bytes / GIB:,.0f} GiB of host memory" if fit.host_bytes else ""
        speed = f"; about {fit.tokens_per_second:,.0f} tokens/s" if fit.tokens_per_second else ""
        how = "fits, with little room" if fit.is_narrow else "fits"
        return f"{name}: {how}: {fit.layout}{host}{speed}"
    way = f" Cheapest change that fits: {fit.change}." if fit.change else " No change within 1,024 GPUs fits."
    return f"{name}: {over:,.1f} GiB too much ({fit.layout}).{way}"


def _name(fit: MemoryReport) -> str:
    return f"{fit.gpu_count:g} x {shown_key(fit.gpu.name)}"


def _row(fit: MemoryReport) -> Row:
    return {
        "gpus": _name(fit),
        "gpu": fit.gpu.name,
        "gpu_count": int(fit.gpu_count) if fit.gpu_count >= 1 else fit.gpu_count,
        **{f"{part}_gib": getattr(fit.memory, part) / GIB for part in _PARTS},
        "total_gib": fit.memory.total / GIB,
        "usable_gib": fit.usable_bytes / GIB,
        "least_gib": (fit.memory.total if fit.least_bytes is None else fit.least_bytes) / GIB,
        "host_gib": fit.host_bytes / GIB if fit.host_bytes else None,
        "fits": fit.fits,
        "layout": fit.layout,
        "largest_batch": fit.largest_batch,
        "tokens_per_second": fit.tokens_per_second,
        "change": fit.change,
        "reason": fit.reason,
    }


def _yes_no(value: object) -> str:
    return "yes" if value else "no"
