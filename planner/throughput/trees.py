"""Boosted trees: measured runs to rows per second on a GPU or on the cores of a processor, with a range.

    measured   that tool, device, number of rows and of cores, in the newest release
    scaled     the same device, between or beside measured numbers of rows or cores, or in an older release
    modelled   another device: the mean of those measured, of processors those of the nearest years first; a GPU with less bandwidth
               than any measured takes between as long and longer in proportion

A time by TFLOPS would be wrong here: histograms are bound by memory and by the cores beside a GPU.
"""

from __future__ import annotations

import math
from functools import cache

from planner.errors import DoesNotFitError, NoThroughputError
from planner.hardware.gpus import is_described, load_gpus, shown_key
from planner.hardware.processors import ProcessorKind, load_processors
from planner.model.records import Basis, Gpu, Precision, Throughput
from planner.model.tree_runs import TreeRun
from planner.throughput.memory import GIB, usable_bytes
from planner.throughput.tree_changes import MEASURED_ROUNDS, change_of
from planner.throughput.tree_rows import load_tree_rows, tree_ranges
from planner.throughput.trees_known import Place, TreeKnowledge, TreeTime

PER_DECADE_MORE, PER_DECADE_FEWER = 0.57, 0.76
"""What a tenfold number of rows beyond the measured adds to the range: nine in ten of 113 devices and numbers of cores, foretold at 10 million
rows from 100,000 and 1 million, or at 100,000 from the others, are off by no more."""
MOST_ROWS, FEWEST_ROWS = 1e8, 1e4
MEASURED_ROWS = 1e5, 1e7
_GIB_KNOWN, _VALUES_KNOWN = 16, 8e7  # the smallest GPU that ran 10 million rows of eight columns
BYTES_PER_VALUE, BYTES_PER_ROW = 1, 12
"""The least that any of the tools keeps on a GPU: a bin of a byte for each value; for each row a gradient of two numbers of 32 bits, and its place."""


def tree_throughput(run: TreeRun, device: str, count: float) -> Throughput:
    """Rows a second that pass through one round, on so many of the device.

    Raises:
        NoThroughputError: the run is too far from what was measured, or on several GPUs.
    """
    place = _place(run, device, count)
    known = shipped()
    found = known.seconds(run.tool, run.rows, place)
    if found is None:
        raise NoThroughputError(f"{run.tool} was measured on no such device")
    change = change_of(run)
    weaker = _weaker(run, place, known) if found.basis is Basis.MODELLED else 0.0
    beyond = known.decades_beyond(run.tool, run.rows, place)
    reach = _reach(run.tool, place, is_known=found.basis is not Basis.MODELLED) + beyond * (
        PER_DECADE_MORE if run.rows > MEASURED_ROWS[1] else PER_DECADE_FEWER
    )
    reach += weaker / 2
    seconds = math.exp(found.log_seconds + change.log + weaker / 2)
    rate = run.rows * run.rounds / seconds
    basis = found.basis
    if change.log or change.below or change.above or beyond:
        basis = Basis.MODELLED
    return Throughput(
        samples_per_second=rate,
        low=rate * math.exp(-reach - change.above - found.slower),
        high=rate * math.exp(reach + change.below + found.faster),
        basis=basis,
        precision=Precision.FP32,
        stack=f"{run.tool}, releases of {found.release}",
        sources=found.sources,
        fits_memory=_fits(run, place),
        steps=(
            *_steps(run, place, found.log_seconds, found.words),
            *change.steps,
            *((f"less bandwidth than any that was measured: time x 1 to {math.exp(weaker):.3g}",) if weaker else ()),
            f"range: x or / {math.exp(reach):.2f}",
        ),
        notes=(*_notes(run, place, found, beyond), *change.notes),
    )


def _place(run: TreeRun, device: str, count: float) -> Place:
    if not FEWEST_ROWS <= run.rows <= MOST_ROWS:
        raise NoThroughputError(
            "{rows} {given:,.0f}: boosted trees were measured on 100,000 to 10 million rows, and nothing is said beyond 10 "
            "thousand to 100 million. Measure a short run and give {measured} with a name of your own as {model}",
            argument="rows",
            given=run.rows,
        )
    if device in load_gpus():
        _refuse_gpu(run, load_gpus()[device])
        if count != 1:
            raise NoThroughputError("boosted trees were measured on one whole GPU only")
        return Place(device=device, cores=None)
    processor = load_processors()[device]
    if processor.kind is ProcessorKind.APPLE:
        raise NoThroughputError(
            "of Apple's chips the graphics cores are known alone, and boosted trees do not run on them"
        )
    cores = min(processor.cores, max(1, round(count * processor.cores)))
    return Place(device=device, cores=cores)


def _refuse_gpu(run: TreeRun, gpu: Gpu) -> None:
    if gpu.vendor != "NVIDIA":
        maker = "an unknown maker" if is_described(gpu.name) else gpu.vendor
        raise NoThroughputError(
            f"{run.tool} was measured on no GPU of {maker}, and what those of NVIDIA take says nothing of it"
        )
    if _least_bytes(run) > usable_bytes(gpu):
        raise DoesNotFitError(
            f"{run.rows:,.0f} rows of {run.features} columns take at least {_least_bytes(run) / GIB:.1f} GiB on a GPU"
        )


def _weaker(run: TreeRun, place: Place, known: TreeKnowledge) -> float:
    """How many times the bandwidth of a GPU the least that was measured has, as a natural log; 0 where it has no less."""
    if place.cores is not None:
        return 0.0
    least = min(load_gpus()[gpu].memory_bandwidth_gb_per_s for gpu in known.gpus(run.tool))
    return max(0.0, math.log(least / load_gpus()[place.device].memory_bandwidth_gb_per_s))


def _least_bytes(run: TreeRun) -> float:
    return run.rows * (run.features * BYTES_PER_VALUE + BYTES_PER_ROW)


def _steps(run: TreeRun, place: Place, log_seconds: float, words: str) -> tuple[str, ...]:
    where = place.device if place.cores is None else f"{place.cores} cores of {shown_key(place.device)}"
    return (
        f"{words}: {run.rows:,.0f} rows, {MEASURED_ROUNDS} rounds, depth 10: {math.exp(log_seconds):,.3g} s on {where}",
    )


def _notes(run: TreeRun, place: Place, found: TreeTime, beyond: float) -> tuple[str, ...]:
    said = []
    if found.slower:
        said.append(
            f"release_year of {shown_key(place.device)} is not stated: the range holds processors as fast as any that were measured, "
            "and as slow"
        )
    if place.cores is not None:
        said.append(
            f"{run.tool} on the physical cores of one processor: with every hyper-thread of two it takes up to ten times as long"
        )
    elif run.tool == "lightgbm":
        said.append("lightgbm leans on the cores beside a GPU: 8 of 2016 took three times as long as 30 of 2021")
    if beyond:
        said.append("more or fewer rows than were measured (100,000 to 10 million)")
    if place.cores is None and _fits(run, place) is None:
        said.append(
            f"how much memory {run.tool} needs for so many rows is not known: {_least_bytes(run) / GIB:.2g} GiB at least"
        )
    return tuple(said)


def _reach(tool: str, place: Place, *, is_known: bool) -> float:
    """Half width of the range as a natural log, by what is known of the device."""
    return tree_ranges()[tool, place.cores is None, is_known].half_width_ln


def _fits(run: TreeRun, place: Place) -> bool | None:
    """Whether it fits into a GPU: where as much ran on no more memory it does, else it is not known."""
    if place.cores is not None:
        return None
    is_known = run.rows * run.features <= _VALUES_KNOWN and load_gpus()[place.device].memory_gib >= _GIB_KNOWN
    return True if is_known else None


@cache
def shipped() -> TreeKnowledge:
    """What the shipped rows say."""
    return TreeKnowledge(load_tree_rows())
