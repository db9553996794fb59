"""Throughput of one GPU: measured, carried over from other GPUs, or from the arithmetic of the model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from planner.errors import UsageError
from planner.hardware.gpus import load_gpus, shown_key
from planner.model.frozen import dataclass
from planner.model.records import Basis, Benchmark, Gpu, Model, OwnMeasurement, Precision
from planner.throughput.adjustments import Factor
from planner.throughput.knowledge import SHIPPED, Knowledge
from planner.throughput.learnt import Record, load_learnt
from planner.throughput.precision import peak_tflops, width_of
from planner.throughput.ranges import measured_reach, reach, together
from planner.throughput.scaling import Scaling, Together
from planner.throughput.scripts import is_new_generation, newest_row, stack_of
from planner.throughput.tasks import stack_class_of

if TYPE_CHECKING:
    from planner.throughput.carry import Carried, Sighting

MEASUREMENT_DEVIATION = 0.03  # of one row, natural logarithm: another machine, another day
NEAREST_SOURCES = 5
CONTRADICTION = 4.0  # standard deviations between own measurements that machines and software do not explain


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """Natural log rate of one GPU, the half width of its 90 % range, and its basis."""

    log_rate: float
    reach: float
    basis: Basis
    stack: str
    sources: tuple[str, ...]
    steps: tuple[str, ...]
    notes: tuple[str, ...] = ()


class SingleGpus:
    """Predicts one model under one stack on every GPU; what all GPUs have in common is worked out once.

    `rows` are those of the script chosen, `scaling` is how it scales. `own` measurements, if any, set the level in place of all rows; `at_batch` is what the batch
    asked for changes of each, and `knows_batch` says that it is the one of every GPU.
    """

    def __init__(
        self,
        *,
        model: Model,
        script: str | None,
        rows: Sequence[Benchmark],
        scaling: Scaling,
        relative_arithmetic: float = 1.0,
        own: Sequence[OwnMeasurement] = (),
        at_batch: Sequence[Factor] = (),
        knows_batch: bool = False,
        knowledge: Knowledge = SHIPPED,
    ) -> None:
        self.model = model
        self.script = script
        self.rows = rows
        self.scaling = scaling
        self.relative_arithmetic = relative_arithmetic
        self.own = own
        self.at_batch = at_batch
        self.knows_batch = knows_batch
        self.knowledge = knowledge
        self._carried: tuple[Carried, Basis, tuple[str, ...]] | None = None
        self._newest: dict[tuple[str, str], Benchmark] | None = None
        self._yardsticks: dict[str, list[tuple[float, str, Benchmark]]] = {}
        self._found: dict[tuple[str, str], Single] = {}
        self._level_reach = 0.0

    def on(self, gpu: Gpu, precision: Precision) -> Single:
        """The rate of the model on one GPU of this kind.

        Raises:
            NoThroughputError: the GPU lacks the precision, or nothing at all is known of the model.
        """
        width = width_of(precision)
        if (gpu.name, width) not in self._found:
            peak_tflops(gpu, precision)  # raises where the GPU lacks the number format
            self._found[gpu.name, width] = self._work_out(gpu, width)
        return self._found[gpu.name, width]

    def base(self, gpu: Gpu) -> Together | None:
        """The row of several GPUs that the rate of one is worked out from, of this GPU if there is one; `None` if one alone was measured."""
        rows = list(self._newest_rows().values())
        if not rows or rows[0].gpu_count == 1:
            return None
        return _together(min(rows, key=lambda row: (row.gpu != gpu.name, row.gpu)))

    def level_reach(self) -> float:
        """Half width of the 90 % range of the level itself, where only the arithmetic is known."""
        return self._level_reach

    def _work_out(self, gpu: Gpu, width: str) -> Single:
        fit = self.knowledge.script(self.script) if self.script is not None else None
        if fit is None:
            return self._by_carrying(gpu, width)
        return self._by_shift(gpu, width, fit) if self.own else self._by_table(gpu, width, fit)

    def _by_table(self, gpu: Gpu, width: str, fit: Record) -> Single:
        index = self.knowledge.index()[gpu.name]
        mean, deviation = fit["mean"][width][index], fit["deviation"][width][index]
        if width == "fp32" and fit["mean"]["tf32"][index] is not None:
            mean = min(mean, fit["mean"]["tf32"][index])  # true FP32 is never faster than TF32 on the same GPU
        newest = self._newest_rows()
        kind = "new_gpu" if gpu.name not in load_learnt()["measured_gpus"] else "gpu"
        if any(place[0] == gpu.name for place in newest):
            kind = "cell"
        near = self._nearest(newest, mean, width)
        software = fit["software"][index]
        named = ", ".join(f"{row.gpu} {row.samples_per_second / row.gpu_count:,.4g}/s" for row in near[:3])
        step = (
            f"one {shown_key(gpu.name)}: {math.exp(mean):,.4g}/s, carried over from {len(newest)} measured cells of this model by memory "
            f"bandwidth, {width}-rate, FP32 rate, memory and power, weighted as this model responds to them (nearest: {named})"
        )
        return Single(
            log_rate=mean,
            reach=reach(kind, deviation),
            basis=Basis.SCALED,
            stack=software or f"{near[0].framework} of 2022 and later",
            sources=source_texts(near),
            steps=(step,),
        )

    def _by_shift(self, gpu: Gpu, width: str, fit: Record) -> Single:
        """The learnt rate of a known model, moved to the level of the user's own measurements."""
        seen = [
            math.log(one.samples_per_second) + factor.log
            for one, factor in zip(self.own, self.at_batch, strict=True)
            if (one.gpu, width_of(one.precision)) == (gpu.name, width)
        ]
        table = self._by_table(gpu, width, fit)
        moves, deviations = [], []
        for one, factor in zip(self.own, self.at_batch, strict=True):
            index, format_ = self.knowledge.index()[one.gpu], width_of(one.precision)
            moves.append(math.log(one.samples_per_second) + factor.log - fit["mean"][format_][index])
            deviations.append(fit["deviation"][format_][index])
        if max(moves) - min(moves) > CONTRADICTION * math.hypot(max(deviations), min(deviations)):
            raise UsageError(
                "Own measurements contradict each other, given how {name} compares between GPUs: "
                "they are {least:.2f} to {most:.2f} times what is known. "
                "Check GPU, count, precision and unit of each {measured}.",
                argument="measured",
                name=self.model.name,
                least=math.exp(min(moves)),
                most=math.exp(max(moves)),
            )
        move, deviation = math.fsum(moves) / len(moves), math.fsum(deviations) / len(deviations)
        log_rate, half = table.log_rate + move, together(table.reach, reach("gpu", deviation))
        if seen:
            log_rate = math.fsum(seen) / len(seen)
            half = measured_reach(self.model.name, versions=2)
        step = f"x {math.exp(move):.3f}, as your own measurements compare with the rows of this model: {math.exp(log_rate):,.4g}/s"
        return replace(
            table,
            log_rate=log_rate,
            reach=half,
            stack="the software of your own measurement",
            sources=(*self._own_sources(), *table.sources),
            steps=(*table.steps, step),
        )

    def _by_carrying(self, gpu: Gpu, width: str) -> Single:
        if self._carried is None:
            self._carried = self._prepare()
        carried, basis, steps = self._carried
        mean, deviation = carried.log_rate(gpu.name, width)
        known = list(self._newest_rows().values())
        what = "own measurement" if self.own else "measurement" if basis is Basis.SCALED else "level"
        step = f"one {shown_key(gpu.name)}: {math.exp(mean):,.4g}/s, the {what} carried over as models of its class respond to GPUs ({stack_class_of(self.model)})"
        fit_source = "data/throughput/fit (learnt from the measured rows; see docs/accuracy.md)"
        sources = (*self._own_sources(), *(source_texts(known) if not self.own else ()), fit_source)
        return Single(
            log_rate=mean,
            reach=reach(self._kind(carried, basis, width), deviation),
            basis=basis,
            stack=self._carried_stack(known),
            sources=sources,
            steps=(*steps, step),
        )

    def _prepare(self) -> tuple[Carried, Basis, tuple[str, ...]]:
        from planner.throughput.carry import Carried, Sighting  # noqa: PLC0415 - models with a table need none of it

        name = stack_class_of(self.model)
        task = self.knowledge.equal_batches(name) if self.knows_batch else self.knowledge.task_class(name)
        if self.own:
            steps = tuple(
                f"own measurement: {one.samples_per_second:,.6g}/s on {one.gpu_count} x {shown_key(one.gpu)} ({one.precision})"
                + (f", {factor.step}" if factor.step else "")
                for one, factor in zip(self.own, self.at_batch, strict=True)
            )
            carried = Carried(
                task, [_own_sighting(one, factor) for one, factor in zip(self.own, self.at_batch, strict=True)]
            )
            if stranger := carried.contradiction():
                raise UsageError(
                    "Own measurements contradict each other: {rate:,.6g} samples/s on one {gpu} does not go "
                    "with the others, given how GPUs compare. Check GPU, count, precision and unit of each {measured}.",
                    argument="measured",
                    rate=math.exp(stranger.log_rate),
                    gpu=shown_key(stranger.gpu),
                )
            return carried, Basis.SCALED, steps
        newest = self._newest_rows()
        if newest:
            steps = tuple(
                f"measured: {row.samples_per_second:,.6g}/s on {row.gpu_count} x {row.gpu} ({row.precision}, {stack_of(row)})"
                for row in newest.values()
            )
            return Carried(task, [_sighting(row, self.scaling) for row in newest.values()]), Basis.SCALED, steps
        from planner.throughput.arithmetic import REFERENCE_GPU, level_of  # noqa: PLC0415 - as above

        level = level_of(self.model, self.relative_arithmetic, self.knowledge.arithmetic())
        sighting = Sighting(gpu=REFERENCE_GPU, width="16", log_rate=level.log_rate, deviation=level.deviation)
        self._level_reach = reach(self._modelled_kind(), level.deviation)
        return Carried(task, [sighting]), Basis.MODELLED, level.steps

    def _kind(self, carried: Carried, basis: Basis, width: str) -> str:
        if basis is Basis.SCALED:
            return "carried" if carried.has_seen(width) else "carried_format"
        return self._modelled_kind()

    def _modelled_kind(self) -> str:
        model = self.model
        return "modelled" if model.activations_millions and model.params_millions else "modelled_filled"

    def _newest_rows(self) -> dict[tuple[str, str], Benchmark]:
        if self._newest is None:
            groups: dict[tuple[str, str], list[Benchmark]] = {}
            smallest = min((row.gpu_count for row in self.rows), default=1)
            for row in self.rows:
                if row.gpu_count == smallest and row.gpu in load_gpus():
                    groups.setdefault((row.gpu, width_of(row.precision)), []).append(row)
            self._newest = {place: newest for place, rows in groups.items() if (newest := newest_row(rows)) is not None}
        return self._newest

    def _nearest(self, newest: Mapping[tuple[str, str], Benchmark], mean: float, width: str) -> list[Benchmark]:
        if width not in self._yardsticks:
            alike = [row for (_, other), row in newest.items() if other == width] or list(newest.values())
            alike = [row for row in alike if is_new_generation(row)] or alike
            self._yardsticks[width] = [
                (math.log(row.samples_per_second / row.gpu_count), row.gpu, row) for row in alike
            ]
        near = sorted(
            (abs(rate - mean), gpu, row.precision, index)
            for index, (rate, gpu, row) in enumerate(self._yardsticks[width])
        )
        return [self._yardsticks[width][index][2] for *_, index in near[:NEAREST_SOURCES]]

    def _carried_stack(self, known: Sequence[Benchmark]) -> str:
        if self.own:
            return "the software of your own measurement"
        return _stack(known) if known else "PyTorch 1.12 (timm training script), channels first"

    def _own_sources(self) -> tuple[str, ...]:
        return tuple(f"own measurement on {one.gpu_count} x {shown_key(one.gpu)}" for one in self.own)


def source_texts(rows: Iterable[Benchmark]) -> tuple[str, ...]:
    """The rows' sources with their dates, each once, in order."""
    return tuple(dict.fromkeys(f"{row.source}, {row.as_of}" for row in rows))


def _stack(rows: Sequence[Benchmark]) -> str:
    newest = newest_row(rows)
    return stack_of(newest) if newest is not None else "unknown"


def _together(row: Benchmark) -> Together:
    log_rate = math.log(row.samples_per_second / row.gpu_count)
    return Together(row.gpu, row.gpu_count, log_rate, row.batch_size_per_gpu)


def _sighting(row: Benchmark, scaling: Scaling) -> Sighting:
    from planner.throughput.carry import Sighting  # noqa: PLC0415 - as above

    return Sighting(
        gpu=row.gpu,
        width=width_of(row.precision),
        log_rate=scaling.alone(_together(row)),
        deviation=MEASUREMENT_DEVIATION,
    )


def _own_sighting(own: OwnMeasurement, factor: Factor) -> Sighting:
    from planner.throughput.carry import Sighting  # noqa: PLC0415 - as above

    return Sighting(
        gpu=own.gpu,
        width=width_of(own.precision),
        log_rate=math.log(own.samples_per_second / own.gpu_count) + factor.log,
        deviation=MEASUREMENT_DEVIATION,
    )
