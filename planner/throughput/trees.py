"""Boosted trees: measured runs to rows per second on a GPU or on the cores of a processor, with a range.

    measured   that tool, device, number of rows and of cores, in the newest release
    scaled     the same device, between or beside measured numbers of rows or cores, or in an older release
    modelled   another device: the mean of those measured, of processors those of the nearest years first

A time by TFLOPS would be wrong here: histograms are bound by memory and by the cores beside a GPU.
"""

from __future__ import annotations

import math
from functools import cache

from planner.errors import NoThroughputError
from planner.hardware.gpus import load_gpus
from planner.hardware.processors import load_processors
from planner.model.records import Basis, Precision, Throughput
from planner.model.tree_runs import TreeRun
from planner.throughput.tree_changes import MEASURED_ROUNDS, change_of
from planner.throughput.tree_rows import load_tree_rows, tree_ranges
from planner.throughput.trees_known import Place, TreeKnowledge

PER_DECADE = 0.35
"""What a tenfold number of rows beyond the measured adds to the range: between 1 and 10 million the times of one tool and
device grow 3 to 30 times, so the slope itself is unsure by that much."""
MOST_ROWS, FEWEST_ROWS = 1e8, 1e4
_GIB_KNOWN = 16  # the smallest GPU that ran 10 million rows


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
    beyond = known.decades_beyond(run.tool, run.rows, place)
    reach = _reach(run.tool, place, is_known=found.basis is not Basis.MODELLED) + PER_DECADE * beyond
    seconds = math.exp(found.log_seconds + change.log)
    rate = run.rows * run.rounds / seconds
    basis = found.basis
    if change.log or change.below or change.above or beyond:
        basis = Basis.MODELLED
    return Throughput(
        samples_per_second=rate,
        low=rate * math.exp(-reach - change.above),
        high=rate * math.exp(reach + change.below),
        basis=basis,
        precision=Precision.FP32,
        stack=f"{run.tool}, releases of {found.release}",
        sources=found.sources,
        fits_memory=_fits(run, place),
        steps=(
            *_steps(run, place, found.log_seconds, found.words),
            *change.steps,
            f"range: x or / {math.exp(reach):.2f}",
        ),
        notes=(*_notes(run, place, beyond), *change.notes),
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
        if count != 1:
            raise NoThroughputError("boosted trees were measured on one whole GPU only")
        return Place(device=device, cores=None)
    processor = load_processors()[device]
    cores = min(processor.cores, max(1, round(count * processor.cores)))
    return Place(device=device, cores=cores)


def _steps(run: TreeRun, place: Place, log_seconds: float, words: str) -> tuple[str, ...]:
    where = place.device if place.cores is None else f"{place.cores} cores of {place.device}"
    return (
        f"{words}: {run.rows:,.0f} rows, {MEASURED_ROUNDS} rounds, depth 10: {math.exp(log_seconds):,.3g} s on {where}",
    )


def _notes(run: TreeRun, place: Place, beyond: float) -> tuple[str, ...]:
    said = []
    if place.cores is not None:
        said.append(
            f"{run.tool} on the physical cores of one processor: with every hyper-thread of two it takes up to ten times as long"
        )
    elif run.tool == "lightgbm":
        said.append("lightgbm leans on the cores beside a GPU: 8 of 2016 took three times as long as 30 of 2021")
    if beyond:
        said.append("more or fewer rows than were measured (100,000 to 10 million)")
    return tuple(said)


def _reach(tool: str, place: Place, *, is_known: bool) -> float:
    """Half width of the range as a natural log, by what is known of the device."""
    return tree_ranges()[tool, place.cores is None, is_known].half_width_ln


def _fits(run: TreeRun, place: Place) -> bool | None:
    """Whether it fits into a GPU: where as much ran on no more memory it does, else it is not known."""
    if place.cores is not None:
        return None
    return True if run.rows <= 1e7 and load_gpus()[place.device].memory_gib >= _GIB_KNOWN else None


@cache
def shipped() -> TreeKnowledge:
    """What the shipped rows say."""
    return TreeKnowledge(load_tree_rows())
