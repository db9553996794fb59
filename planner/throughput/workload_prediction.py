"""Predicts one workload on any GPU and count: picks the basis, and gives the figure with range, steps and notes."""

from __future__ import annotations

import math
from copy import copy

from planner.errors import NoThroughputError
from planner.hardware.gpus import load_gpus
from planner.model.frozen import changed
from planner.model.records import Basis, Benchmark, Gpu, OwnMeasurement, Precision, Throughput, Workload
from planner.throughput.adjustments import (
    FILLED,
    NO_CHANGE,
    Factor,
    batch_factor,
    input_size_factor,
    relative_arithmetic,
)
from planner.throughput.batches import Batch, Batches
from planner.throughput.between import NO_BATCH, Situation, Unmeasured, for_strangers, is_thin, nearest_own
from planner.throughput.knowledge import SHIPPED, Knowledge
from planner.throughput.learnt import load_learnt
from planner.throughput.lengths import of_open_length
from planner.throughput.limits import Limits
from planner.throughput.own_runs import (
    as_measured,
    beside_own,
    check_inputs,
    for_one_gpu,
    measured_together,
    nearest_place,
    own_batch_factor,
    own_reach,
)
from planner.throughput.precision import of_other_format, peak_tflops, precision_notes, width_of
from planner.throughput.published_rows import as_published
from planner.throughput.radeon_levels import at_radeon_level
from planner.throughput.ranges import together
from planner.throughput.scaling import ONE_GPU, Together, scaling_of
from planner.throughput.scripts import (
    NOT_FOR_LEVELS,
    is_new_generation,
    layout_gain,
    matches_framework,
    newest_row,
    of_stated_length,
    script_asked_for,
    script_of,
)
from planner.throughput.single_gpu import Single, SingleGpus
from planner.throughput.slices import noted, slice_of
from planner.throughput.stacks import common_notes
from planner.throughput.tasks import stack_class_of

TIMM = "pytorch-timm"
MOST_CELLS = 2000
"""Answers that are kept: all GPUs and counts that anybody rents are some hundred."""


class Prediction:
    """Predicts one workload on any GPU; what all GPUs have in common is worked out once, and answers are remembered."""

    def __init__(self, workload: Workload, knowledge: Knowledge = SHIPPED) -> None:
        check_inputs(workload)
        self._workload, own = workload, workload.measured
        self._model, self._gpus = workload.model, load_gpus()
        rows = (row for row in knowledge.rows_of(self._model.name) if row.gpu in self._gpus)
        self._all_rows = of_stated_length(rows, workload.input_size)
        self._script, self._stands_in = script_asked_for(
            self._all_rows, workload.framework, workload.input_size, self._model.input_size
        )
        self._rows = [row for row in self._all_rows if script_of(row) == self._script]
        self._widths = {width_of(row.precision) for row in self._rows}
        self._layout_gain = layout_gain(self._rows)
        self._measured_size = (
            self._rows[0].input_size or self._model.input_size if self._rows else self._model.input_size
        )
        self._arithmetic = relative_arithmetic(self._model, self._measured_size, workload.input_size)
        self._scaling = scaling_of(self._model, self._script, self._rows, self._gpus, knowledge)
        self._batches = Batches(
            workload, self._rows, self._all_rows, workload.input_size or self._measured_size, self._gpus
        )
        self._single = SingleGpus(
            model=self._model,
            script=self._script,
            rows=self._rows,
            relative_arithmetic=self._arithmetic,
            scaling=self._scaling,
            own=tuple(for_one_gpu(one, self._scaling, self._batches.of_own(one).size) for one in own),
            at_batch=tuple(own_batch_factor(workload, one, knowledge.batch()) for one in own),
            knows_batch=bool(own) and workload.batch_size is not None,
            knowledge=knowledge,
        )
        self._row_of: dict[tuple[str, float, Precision], Benchmark | None] = {}
        self._ones: dict[tuple[str, Precision], Throughput | None] = {}
        self._found: dict[tuple[str, float], Throughput] = {}
        self._at_batch: dict[int, Prediction] = {}
        self._limits = Limits(self._model, workload, self._measured_size)
        self._notes = (
            self._limits.notes_on_own()
            if own
            else common_notes(workload, self._rows, self._all_rows, self._measured_size, stands_in=self._stands_in)
        )
        self._own = own
        self._without_own: Prediction | None = None
        self.knowledge = knowledge
        # how thin networks respond to a GPU is known of one card only
        self._is_thin = is_thin(self._model) and not own and (self._script is None or TIMM in self._script)
        self._own_by_place = {(one.gpu, float(one.gpu_count), width_of(one.precision)): one for one in own}
        self._by_place: dict[tuple[str, float, str], list[Benchmark]] = {}
        for row in () if own else filter(self._is_alike, self._all_rows):
            self._by_place.setdefault((row.gpu, row.gpu_count, width_of(row.precision)), []).append(row)

    def at_batch(self, batch_size: int) -> Prediction:
        """The prediction of the same workload where this batch is asked for; what does not depend on it is shared."""
        if self._own and batch_size not in self._at_batch:  # the speed of one of several measured depends on it
            self._at_batch[batch_size] = Prediction(changed(self._workload, batch_size=batch_size), self.knowledge)
        if batch_size not in self._at_batch:
            other = self._at_batch[batch_size] = copy(self)
            other._workload = changed(self._workload, batch_size=batch_size)
            other._batches = self._batches.asked(batch_size)
            other._ones, other._found, other._at_batch, other._row_of = {}, {}, {}, {}
            other._without_own = None
        return self._at_batch[batch_size]

    def knows_batches(self) -> bool:
        """Whether a row of the chosen script says at which batch it ran."""
        return any(row.batch_size_per_gpu is not None for row in self._rows)

    def smallest_batch(self, gpu: str, precision: Precision) -> float | None:
        """The smallest batch with a known speed on that GPU; `None` where none is known."""
        return self._batches.smallest_known(self._gpus[gpu], precision)

    def of(self, gpu: str, gpu_count: float, nodes: int = 1) -> Throughput:
        """Throughput on so many of the GPU in one machine, of which `nodes` share the memory that a run needs.

        Raises:
            NoThroughputError: the GPU lacks the precision, no machine holds so many, nothing is known of the model, or it does not fit.
        """
        found = self._found.get((gpu, gpu_count)) or self._on_one(gpu, gpu_count)
        if found.fits_memory is None:
            self._batches.refuse_too_little(self._gpus[gpu], gpu_count * nodes, min(gpu_count, 1.0))
        return found

    def _on_one(self, gpu: str, gpu_count: float) -> Throughput:
        sheet = self._gpus[gpu]
        if self._workload.precision is not None:
            found = self._in(sheet, gpu_count, self._workload.precision)
        else:
            found = self._in_the_best(sheet, gpu_count)
        found = of_open_length(found, self._workload, self._measured_size)
        if len(self._found) < MOST_CELLS:
            self._found[gpu, gpu_count] = found
        return found

    def _in_the_best(self, gpu: Gpu, gpu_count: float) -> Throughput:
        """Throughput in the fastest precision that fits into memory."""
        found = []
        for precision in (Precision.AMP, Precision.TF32 if gpu.tf32_tensor_tflops else Precision.FP32):
            try:
                found.append(self._in(gpu, gpu_count, precision))
            except NoThroughputError as error:
                why = error
        if not found:
            raise why
        return max(found, key=lambda one: one.samples_per_second)

    def _in(self, gpu: Gpu, gpu_count: float, precision: Precision) -> Throughput:
        one = self.within_source(gpu, gpu_count, precision)
        situation = self.situation(one, gpu_count, gpu, precision)
        if situation.kind == "own_same":
            return one
        found = for_strangers(one, situation, self.knowledge.between(), self._model.sample_unit)
        if one.basis is Basis.MEASURED and (row := self._measured_row(gpu, gpu_count, precision)):
            return of_other_format(found, row.precision)
        if gpu.vendor != "NVIDIA" and not self._own:
            found = at_radeon_level(
                found, gpu, self._model.name, situation.width, lambda one: self.within_source(one, 1, precision)
            )
        return self._limits.held(found, gpu, gpu_count)

    def situation(self, one: Throughput, gpu_count: float, gpu: Gpu, precision: Precision) -> Situation:
        """What decides how far a stranger's run may lie from this figure."""
        width = width_of(precision)
        kind, from_width = "arithmetic", "16"
        if self._own:
            kind, from_width = nearest_own(self._own, gpu.name, gpu_count, width)
            kind = kind if self._workload.batch_size is not None or kind == "own_same" else f"{kind}{NO_BATCH}"
        elif self._rows:
            kind = "known"
            from_width = width if width in self._widths or one.basis.is_measured else min(self._widths)
        rate = one.samples_per_second
        batch = NO_CHANGE
        if self._own and kind != "own_same":
            batch = own_batch_factor(self._workload, nearest_place(self._own, gpu, gpu_count), self.knowledge.batch())
        return Situation(
            stack_class=stack_class_of(self._model),
            kind=kind,
            width=width,
            from_width=from_width,
            is_of_stack=bool(self._rows) and self._rows[0].framework == self._workload.framework,
            layout_gain=self._layout_gain,
            is_thin=self._is_thin and not one.basis.is_measured,
            below=math.log(rate / one.low),
            above=math.log(one.high / rate),
            level=self._single.level_reach() if kind == "arithmetic" else 0.0,
            batch=batch.far,
            unmeasured=self._unmeasured(one, gpu_count, gpu, precision) if self._own and width != from_width else None,
        )

    def _unmeasured(self, one: Throughput, gpu_count: float, gpu: Gpu, precision: Precision) -> Unmeasured | None:
        """What is said where the user measured nothing, beside this figure; `None` where nothing else is known of the model."""
        if gpu.vendor != "NVIDIA":
            return None  # what is known of Radeon cards is known of their level, which an own measurement sets
        if self._without_own is None:
            self._without_own = Prediction(changed(self._workload, measured=()), self.knowledge)
        try:
            found = self._without_own.within_source(gpu, gpu_count, precision)
        except NoThroughputError:
            return None
        return Unmeasured(
            gap=math.log(found.samples_per_second / one.samples_per_second),
            situation=self._without_own.situation(found, gpu_count, gpu, precision),
        )

    def within_source(self, gpu: Gpu, gpu_count: float, precision: Precision) -> Throughput:
        """Throughput as the chosen source has it, with a range that holds for that source alone.

        Raises:
            NoThroughputError: as `of`.
        """
        peak_tflops(gpu, precision)  # raises where the GPU lacks the number format
        found = self._known(gpu, gpu_count, precision)
        if found is not None:
            return found
        if gpu_count < 1:
            return self._of_slice(gpu, gpu_count, precision)
        return self._predicted(gpu, gpu_count, precision)

    def _of_slice(self, gpu: Gpu, share: float, precision: Precision) -> Throughput:
        """Throughput of a share of one GPU, which has that share of its memory."""
        whole = self._known(gpu, 1, precision)
        usual = self._batches.usual(gpu, precision) if whole is None else whole.batch_size_per_gpu
        batch = self._batches.planned(gpu, precision, share, usual)
        if whole is None or batch.is_reduced:
            whole = self._predicted(gpu, 1, precision, batch)
        return slice_of(whole, share, batch)

    def _known(self, gpu: Gpu, gpu_count: float, precision: Precision) -> Throughput | None:
        """Throughput as measured on exactly this GPU and count, by the user or in the shipped rows; `None` if it was not."""
        own = self._own_by_place.get((gpu.name, gpu_count, width_of(precision)))
        if own is not None:
            return self._measured_by_user(own, gpu, precision, self._batches.of_own(own))
        row = self._measured_row(gpu, gpu_count, precision)
        if row is None:
            return None
        return self._measured(row, precision, self._batches.of_row(row, gpu, precision))

    def _measured_by_user(self, own: OwnMeasurement, gpu: Gpu, precision: Precision, batch: Batch) -> Throughput:
        single = self._single.on(gpu, precision)  # raises where own measurements contradict each other
        factor = own_batch_factor(self._workload, own, self.knowledge.batch())
        found = as_measured(own, self._workload, precision, batch, factor)
        return changed(found, stack=single.stack, notes=self._notes)

    def _measured_row(self, gpu: Gpu, gpu_count: float, precision: Precision) -> Benchmark | None:
        place = gpu.name, gpu_count, precision
        if place not in self._row_of:
            self._row_of[place] = self._newest_at(*place)
        return self._row_of[place]

    def _newest_at(self, gpu: str, gpu_count: float, precision: Precision) -> Benchmark | None:
        fitting = self._rows_at(gpu, gpu_count, precision)
        exact = [row for row in fitting if row.precision is precision] or fitting
        row = newest_row([one for one in exact if script_of(one) == self._script]) or newest_row(exact)
        return None if row is None or self._is_outdated(row) else row

    def _rows_at(self, gpu: str, gpu_count: float, precision: Precision) -> list[Benchmark]:
        """The rows that may answer for this GPU and count, in numbers of that width."""
        return [row for row in self._by_place.get((gpu, gpu_count, width_of(precision)), ()) if self._has_batch(row)]

    def _is_outdated(self, row: Benchmark) -> bool:
        """Whether a row is of older software, and what that changes is learnt: it is evidence then, and no answer."""
        return not is_new_generation(row) and self.knowledge.script(script_of(row)) is not None

    def _is_alike(self, row: Benchmark) -> bool:
        asked = self._workload
        size = asked.input_size or (self._rows[0].input_size if self._rows else None)
        is_of_size = size is None or row.input_size in (None, size)
        return matches_framework(row.framework, asked.framework or "pytorch") and is_of_size

    def _has_batch(self, row: Benchmark) -> bool:
        asked, batch = self._workload.batch_size, row.batch_size_per_gpu
        if asked is None:
            return row.framework not in NOT_FOR_LEVELS or row.framework == self._workload.framework
        if batch is None:  # at which batch another script ran, nobody knows
            return asked >= FILLED and script_of(row) == self._script
        return batch_factor(asked, batch, self.knowledge.batch()).log == 0.0

    def _measured(self, row: Benchmark, precision: Precision, planned: Batch) -> Throughput:
        alike = [
            other
            for other in self._rows_at(row.gpu, row.gpu_count, row.precision)
            if script_of(other) == script_of(row)
            and other.precision is row.precision
            and is_new_generation(other) == is_new_generation(row)
        ]
        common = (*self._notes, *self._batches.notes_on(row))
        return as_published(row, alike, precision, planned, unit=self._model.sample_unit, common=common)

    def _predicted(self, gpu: Gpu, gpu_count: float, precision: Precision, planned: Batch | None = None) -> Throughput:
        is_reduced = planned is not None and planned.is_reduced
        one = self._one_measured(gpu, precision) if gpu_count > 1 or is_reduced else None
        usual = self._batches.usual(gpu, precision) if one is None else one.batch_size_per_gpu
        planned = planned or self._batches.planned(gpu, precision, 1.0, usual)
        wanted = planned.size if planned.is_reduced else self._workload.batch_size
        batch = batch_factor(wanted, usual, self.knowledge.batch())
        if one is not None:
            if not planned.is_reduced:
                batch = NO_CHANGE  # it was measured at that batch
            batch = self._limits.at_smaller_batch(batch, wanted, usual, one.samples_per_second)
            log_rate = math.log(one.samples_per_second) + batch.log
            below = together(math.log(one.samples_per_second / one.low), batch.below)
            above = together(math.log(one.high / one.samples_per_second), batch.above)
            sources, steps, notes, basis, stack = one.sources, one.steps[:1], one.notes, Basis.SCALED, one.stack
            steps = (*steps, batch.step) if batch.step else steps
        else:
            single = self._single.on(gpu, precision)
            batch, size = self._factors(single, batch, gpu, gpu_count, planned=planned, usual=usual)
            log_rate = single.log_rate + batch.log + size.log
            other = float(load_learnt()["quantiles"]["framework"]) if self._stands_in and not self._own else 0.0
            reach = together(single.reach, other, own_reach(self._own))
            below, above = together(reach, batch.below, size.below), together(reach, batch.above, size.above)
            sources, basis, stack = single.sources, single.basis, single.stack
            steps = (*single.steps, *(factor.step for factor in (batch, size) if factor.step))
            added = [*single.notes, *(factor.note for factor in (batch, size) if factor.note)]
            notes = (*self._notes, *precision_notes(gpu, precision, None), *added)
        efficiency = self._scaling.efficiency(gpu, gpu_count, log_rate, planned.size) if gpu_count > 1 else ONE_GPU
        if one is None and (base := self._base(gpu, gpu_count)) is not None:
            efficiency = self._scaling.since(base, gpu, efficiency)
        log_total = log_rate + math.log(gpu_count) + efficiency.log
        below, above = (
            together(below, efficiency.log - efficiency.log_low),
            together(above, efficiency.log_high - efficiency.log),
        )
        steps = (*steps, efficiency.step) if efficiency.step else steps
        rate = math.exp(log_total)
        span = f"range: / {math.exp(below):.3f} to x {math.exp(above):.3f}, nine left-out measurements in ten ({basis})"
        return Throughput(
            samples_per_second=rate,
            low=rate * math.exp(-below),
            high=rate * math.exp(above),
            basis=basis,
            precision=precision,
            stack=stack,
            sources=sources,
            steps=(*steps, f"{rate:,.6g} {self._model.sample_unit}s/s", span),
            batch_size_per_gpu=planned.size,
            fits_memory=planned.fits,
            notes=noted(notes, planned),
        )

    def _base(self, gpu: Gpu, gpu_count: float) -> Together | None:
        """What was measured on several GPUs and the rate of one is worked out from; `None` if that was measured, or nothing."""
        if self._own:
            nearest = nearest_place(self._own, gpu, gpu_count)
            return measured_together(nearest, self._batches.of_own(nearest).size)
        return self._single.base(gpu)

    def _factors(
        self, single: Single, batch: Factor, gpu: Gpu, gpu_count: float, *, planned: Batch, usual: float | None
    ) -> tuple[Factor, Factor]:
        """What the batch and the size asked for change of the rate of one GPU."""
        wanted = planned.size if planned.is_reduced else self._workload.batch_size
        size = input_size_factor(self._model, self._measured_size, self._workload.input_size)
        if self._own:
            size = NO_CHANGE  # an own measurement is of the user's own batch and size
            nearest = nearest_place(self._own, gpu, gpu_count)
            asked = own_batch_factor(self._workload, nearest, self.knowledge.batch())
            # the measurement was carried at the batch asked for, and said so
            batch = batch if planned.is_reduced else Factor(log=0.0, below=asked.below, above=asked.above)
            there = self._batches.usual(self._gpus[nearest.gpu], nearest.precision)
            batch = beside_own(batch, self._batches.of_own(nearest), there, self.knowledge.batch())
        elif single.basis is Basis.MODELLED:
            size = NO_CHANGE  # the level was worked out at the size wanted
        rate = math.exp(single.log_rate)
        batch = self._limits.at_smaller_batch(batch, wanted, usual, rate)
        return batch, self._limits.at_smaller_size(size, wanted, usual, rate)

    def _one_measured(self, gpu: Gpu, precision: Precision) -> Throughput | None:
        """The throughput of one GPU of this kind as the chosen script measured it; `None` if it did not."""
        if (gpu.name, precision) not in self._ones:
            row = self._measured_row(gpu, 1, precision)
            is_of_script = row is None or script_of(row) == self._script
            self._ones[gpu.name, precision] = self._known(gpu, 1, precision) if is_of_script else None
        return self._ones[gpu.name, precision]
