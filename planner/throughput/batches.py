"""The batch per GPU that a figure is for, and whether it fits into memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from typing import NamedTuple

from planner.errors import DoesNotFitError
from planner.model.records import Benchmark, Gpu, OwnMeasurement, Precision, Workload
from planner.throughput.adjustments import usual_batch
from planner.throughput.memory import GIB, RunMemory, bytes_of, usable_bytes

SMALL = 2  # times as large is the usual batch at least where a row is said to be of a small one
REDUCED = "the usual batch does not fit into memory; the largest that does is planned"
PROVEN = "by its count the batch needs more memory than there is, but it was measured on a GPU with no more"
UNKNOWN_MEMORY = "how much memory it needs is not known, so neither is whether it fits"
UNKNOWN_BATCH = "its batch is not known, so neither is whether it fits into memory"
BATCH_NOTES = frozenset((REDUCED, PROVEN, UNKNOWN_MEMORY, UNKNOWN_BATCH))
"""All that a batch says; one of them is true of a figure at most."""


class Batch(NamedTuple):
    """Samples per GPU and step, and whether they fit into its memory; `None` where not known."""

    size: float | None
    fits: bool | None
    note: str = ""
    is_reduced: bool = False  # the usual one does not fit


class Batches:
    """The batches of one workload on every GPU; `rows` set the usual ones, `every_row` of the model shows what fits."""

    def __init__(
        self,
        workload: Workload,
        rows: Sequence[Benchmark],
        every_row: Sequence[Benchmark],
        input_size: int | None,
        gpus: Mapping[str, Gpu],
    ) -> None:
        self._model = workload.model
        self._asked = workload.batch_size
        self._gpus = gpus
        self._memory = RunMemory(workload.model, every_row, input_size)
        self._rows = rows
        self._measured: dict[int, dict[str, float]] = {}
        self._usual: dict[tuple[str, int], float | None] = {}
        self._smallest: float | None = None
        self._proven_gib = min((gpus[one.gpu].memory_gib for one in workload.measured), default=math.inf)
        held = [(one.memory_gib, one.batch_size) for one in workload.measured if one.memory_gib is not None]
        self._held_gib: float | None = None
        self._held_batch: float | None = None
        if held:
            self._held_gib, self._held_batch = max(held, key=lambda one: one[0])

    def asked(self, batch_size: int) -> Batches:
        """The batches of the same workload where this one is asked for."""
        other = copy(self)
        other._asked = batch_size
        return other

    def smallest_known(self, gpu: Gpu, precision: Precision) -> float | None:
        """The smallest batch with a known speed on that GPU: of any measured row, or what is usual there; `None` if unknown."""
        if self._smallest is None:
            sizes = [row.batch_size_per_gpu for row in self._rows if row.batch_size_per_gpu is not None]
            self._smallest = min(sizes, default=math.inf)
        usual = self.usual(gpu, precision)
        smallest = self._smallest if usual is None else min(self._smallest, usual)
        return smallest if math.isfinite(smallest) else None

    def usual(self, gpu: Gpu, precision: Precision) -> float | None:
        """The batch that measured rows use on that GPU, or a whole one in proportion to its memory; `None` if unknown."""
        width = bytes_of(precision)
        if width not in self._measured:
            self._measured[width] = _batches_of(self._rows, width)
        if (gpu.name, width) not in self._usual:
            found = usual_batch(gpu, self._measured[width], self._gpus)
            self._usual[gpu.name, width] = None if found is None else float(max(1, round(found)))
        return self._usual[gpu.name, width]

    def planned(self, gpu: Gpu, precision: Precision, share: float, usual: float | None) -> Batch:
        """The batch asked for, else the usual one, else the largest that fits into a `share` of each GPU.

        Raises:
            DoesNotFitError: the batch asked for does not fit, or not even one sample does.
        """
        wanted = usual if self._asked is None else self._asked
        if self._held_gib is not None and wanted in (None, self._held_batch):
            return self._as_held(gpu, share, wanted)
        fit = self._memory.fit(gpu, wanted or 1, precision, share)
        if fit.fits is False:
            is_open = self._asked is None and wanted is not None
            largest = self._memory.largest(gpu, precision, share) if is_open else None
            if largest is None:
                raise DoesNotFitError(self._does_not_fit(self._asked or 1))
            return Batch(size=float(largest), fits=True, note=REDUCED, is_reduced=True)
        if fit.fits is None:
            return Batch(size=wanted, fits=None, note=UNKNOWN_MEMORY)
        if wanted is None:
            return Batch(size=None, fits=None, note=UNKNOWN_BATCH)
        is_too_large = fit.measured is not None and self._memory.needed(wanted, precision) is not None
        return Batch(size=wanted, fits=True, note=PROVEN if is_too_large else "")

    def refuse_too_little(self, gpu: Gpu, gpu_count: float, share: float) -> None:
        """Refuses GPUs that do not hold what a run needs whatever its batch, where how much a batch takes is not known.

        Raises:
            DoesNotFitError: weights, gradients and optimizer alone take more than there is, and no run of the user's own did with as little.
        """
        least = self._memory.least(gpu_count)
        is_proven = gpu.memory_gib * share >= self._proven_gib
        if least is not None and least > usable_bytes(gpu) * share and not is_proven:
            raise DoesNotFitError(self._memory.least_text(least))

    def _as_held(self, gpu: Gpu, share: float, wanted: float | None) -> Batch:
        """The batch of the user's own run, which fits wherever there is as much memory as it held on one GPU.

        Raises:
            DoesNotFitError: there is less.
        """
        if self._held_gib is not None and usable_bytes(gpu) * share < self._held_gib * GIB:
            raise DoesNotFitError(f"your own run of {self._model.name} held {self._held_gib:g} GiB on one GPU")
        return Batch(size=wanted, fits=True)

    def of_row(self, row: Benchmark, gpu: Gpu, precision: Precision) -> Batch:
        """The batch of a measured row, which fits: it ran.

        Raises:
            DoesNotFitError: another one is asked for, and does not fit.
        """
        if row.batch_size_per_gpu is None and self._asked is None:
            return self._unwritten(gpu, precision)
        size = row.batch_size_per_gpu
        return self.planned(gpu, precision, 1.0, None if size is None else float(size))

    def notes_on(self, row: Benchmark) -> tuple[str, ...]:
        """That a measured row is of half the usual batch of its GPU or less, where none is asked for."""
        size, usual = row.batch_size_per_gpu, self.usual(self._gpus[row.gpu], row.precision)
        if self._asked is not None or size is None or usual is None or size * SMALL > usual:
            return ()
        return (f"measured at {size:,} a GPU, where {usual:,.0f} are usual: a larger batch may be faster",)

    def of_own(self, own: OwnMeasurement) -> Batch:
        """The batch of an own measurement, which fits: the one asked for, else its own, else the one that is planned there."""
        size = self._asked or own.batch_size
        if size is not None:
            return Batch(size=size, fits=True)
        gpu = self._gpus[own.gpu]
        try:
            planned = self.planned(gpu, own.precision, 1.0, self.usual(gpu, own.precision))
        except DoesNotFitError:
            return Batch(size=None, fits=True)
        return Batch(size=planned.size, fits=True, is_reduced=planned.is_reduced)

    def _unwritten(self, gpu: Gpu, precision: Precision) -> Batch:
        """The batch of a run that fitted but does not state its batch: the usual one, unless that does not fit."""
        usual = self.usual(gpu, precision)
        is_possible = usual is not None and self._memory.fit(gpu, usual, precision).fits is not False
        return Batch(size=usual if is_possible else None, fits=True)

    def _does_not_fit(self, batch_size: int) -> str:
        name = self._model.name
        is_listed = bool(self._model.as_of)  # what a user describes has no date
        see = f" (planner fit --model {name} says what does)" if is_listed else ""
        return f"{name} at {batch_size} a GPU does not fit into memory{see}"


def _batches_of(rows: Sequence[Benchmark], width: int) -> dict[str, float]:
    """The usual batch of each measured GPU in this number format; half that of 16 bits if none of 32 was measured.

    Of the newest rows those of the fewest GPUs: many together share one batch, and each has little of it.
    """
    by_worth = sorted(rows, key=lambda row: (bytes_of(row.precision) == width, row.as_of, -row.gpu_count))
    return {
        row.gpu: row.batch_size_per_gpu * min(1.0, bytes_of(row.precision) / width)
        for row in by_worth
        if row.batch_size_per_gpu is not None
    }
