"""Throughput of several GPUs of one machine from that of one, batch per GPU unchanged (weak scaling).

    rate of n GPUs = n x rate of one x E,   E = 1 / (1 + exp(eta))

exp(eta) is the time that exchanging gradients adds to a step, as a share of the step on one GPU.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from planner.errors import NoThroughputError
from planner.hardware.gpus import load_gpus, shown_key
from planner.model.frozen import dataclass
from planner.model.records import Benchmark, Gpu, Model
from planner.throughput.knowledge import SHIPPED, Knowledge
from planner.throughput.learnt import Record
from planner.throughput.links import link_of
from planner.throughput.ranges import reach, together
from planner.throughput.tasks import stack_class_of

TURNS = 12
"""In which the rate of one GPU settles: each turn leaves at most the share of a step that exchanging gradients takes."""
COUNTS = (2, 4, 8, 16)
MAX_GPUS_PER_MACHINE = 16
TRAFFIC_UNITS = ("image", "sequence", "sample", "molecule", "utterance")
"""Units in which batch sizes are counted too, so that rate / batch = steps per second."""
EFFICIENCY_BOUNDS = (0.02, 0.995)  # beyond, the slowdown is smaller than the noise of the measurements
SHIFT_VARIANCE = (1.2, 0.5)  # of eta: between models, and of one row about its model; see docs/accuracy.md


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """Natural logarithm of the share of linear scaling reached, with the ends of its 90 % range."""

    log: float
    log_low: float
    log_high: float
    step: str

    def beside(self, base: Efficiency, *, is_same_gpu: bool) -> Efficiency:
        """This share divided by another of the same code, neither of which is known well.

        What a step exchanges is the same on the same GPUs: if one share is low, so is the other. Other GPUs stand in another machine.

        Examples:
            One GPU beside eight that reach 0.9 of linear scaling, or 0.7 to 0.97: each is 1 / 0.9 times as fast, or 1 / 0.97 to 1 / 0.7.
        """
        log = self.log - base.log
        if is_same_gpu:
            ends = (log, self.log_low - base.log_low, self.log_high - base.log_high)
            return replace(self, log=log, log_low=min(ends), log_high=max(ends))
        return replace(
            self,
            log=log,
            log_low=log - together(self.log - self.log_low, base.log_high - base.log),
            log_high=log + together(self.log_high - self.log, base.log - base.log_low),
        )


ONE_GPU = Efficiency(log=0.0, log_low=0.0, log_high=0.0, step="")


class Together(NamedTuple):
    """GPUs of one machine that were measured together: which, how many, the natural log rate of each, the batch of each (`None` if unknown)."""

    gpu: str
    gpu_count: int
    log_rate: float
    batch_size: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """How one script scales; `shift` is how far its own rows of several GPUs differ from its class, with their number."""

    model: Model
    script: str | None
    shift: float = 0.0
    shift_rows: int = 0
    knowledge: Knowledge = SHIPPED

    def efficiency(self, gpu: Gpu, count: float, log_rate: float, batch_size: float | None) -> Efficiency:
        """The share of linear scaling that `count` GPUs reach.

        Args:
            gpu: the kind of GPU.
            count: above 1; between the fitted counts eta is interpolated over the logarithm of the count.
            log_rate: natural log rate of one GPU, for the gradient traffic.
            batch_size: per GPU; `None` if unknown.

        Raises:
            NoThroughputError: no machine holds so many.
        """
        refuse_oversized(gpu, count)
        fit = self.knowledge.script(self.script) if self.script is not None else None
        eta, deviation, why = (
            self._new_model(gpu, count, log_rate, batch_size)
            if fit is None
            else _of_job(fit, self.knowledge.index()[gpu.name], count)
        )
        half = reach("scaling", deviation)
        log = log_efficiency(eta)
        step = f"{count:g} GPUs over {link_of(gpu)}: {math.exp(log):.3f} of linear scaling ({why}), batch per GPU unchanged"
        return Efficiency(log=log, log_low=log_efficiency(eta + half), log_high=log_efficiency(eta - half), step=step)

    def alone(self, measured: Together) -> float:
        """The natural log rate that one of the GPUs would have without the others."""
        if measured.gpu_count == 1:
            return measured.log_rate
        single = measured.log_rate
        for _ in range(TURNS):  # how much is exchanged depends on how fast one GPU is
            single = measured.log_rate - self._share_of(measured, single).log
        return single

    def since(self, measured: Together, gpu: Gpu, wanted: Efficiency) -> Efficiency:
        """The share that is wanted of some `gpu`, with the doubt of what the measured GPUs lost: on several, that is not known either."""
        if measured.gpu_count == 1:
            return wanted
        both = wanted.beside(self._share_of(measured, self.alone(measured)), is_same_gpu=measured.gpu == gpu.name)
        log = wanted.log
        return replace(wanted, log_low=log + both.log_low - both.log, log_high=log + both.log_high - both.log)

    def _share_of(self, measured: Together, log_rate: float) -> Efficiency:
        return self.efficiency(load_gpus()[measured.gpu], measured.gpu_count, log_rate, measured.batch_size)

    def _new_model(self, gpu: Gpu, count: float, log_rate: float, batch_size: float | None) -> tuple[float, float, str]:
        table = self.knowledge.scaling()
        index = self.knowledge.index()[gpu.name]
        traffic = log_traffic(self.model, log_rate, batch_size)
        suffix = "_unknown" if traffic is None else ""
        eta = _at_count(table[f"eta{suffix}"], index, count)
        deviation = _at_count(table[f"deviation{suffix}"], index, count)
        why = "gradient traffic not known: that of an average model"
        if traffic is not None:
            slope = _at_count(table["eta_plus"], index, count) - eta
            eta += slope * (traffic - table["traffic_centre"])
            why = f"gradient traffic of {math.exp(traffic):,.0f} million parameters a second"
        if self.shift_rows:
            between, within = SHIFT_VARIANCE
            eta += self.shift
            deviation = math.sqrt(max(deviation**2 - between * between / (between + within / self.shift_rows), within))
            why += f", moved by the model's own {self.shift_rows} rows of several GPUs"
        return eta, deviation, why


def scaling_of(
    model: Model, script: str | None, rows: Sequence[Benchmark], gpus: Mapping[str, Gpu], knowledge: Knowledge = SHIPPED
) -> Scaling:
    """How one script scales, its own rows of several GPUs taken into account."""
    plain = Scaling(model=model, script=script, knowledge=knowledge)
    if script is None or knowledge.script(script) is not None:
        return plain
    singles = {
        (row.gpu, row.precision, row.software, row.batch_size_per_gpu): row for row in rows if row.gpu_count == 1
    }
    surprises = []
    for row in rows:
        single = singles.get((row.gpu, row.precision, row.software, row.batch_size_per_gpu))
        if single is not None and 1 < row.gpu_count <= 8:
            efficiency = row.samples_per_second / row.gpu_count / single.samples_per_second
            log_rate = math.log(single.samples_per_second)
            expected, _, _ = plain._new_model(gpus[row.gpu], row.gpu_count, log_rate, row.batch_size_per_gpu)
            surprises.append(eta_of(efficiency) - expected)
    if not surprises:
        return plain
    between, within = SHIFT_VARIANCE
    weight = between / (between + within / len(surprises))
    return replace(plain, shift=weight * math.fsum(surprises) / len(surprises), shift_rows=len(surprises))


def most_in_a_machine(gpu: Gpu) -> int:
    """The most of a GPU that one machine holds: racks of 72 are wired as one."""
    return 72 if "NVL72" in (gpu.interconnect or "") else MAX_GPUS_PER_MACHINE


def refuse_oversized(gpu: Gpu, count: float) -> None:
    """Raise if no single machine holds so many of the GPU.

    Raises:
        NoThroughputError: more than there are in a machine.
    """
    largest = most_in_a_machine(gpu)
    if count > largest:
        raise NoThroughputError(
            "{count:g} x {gpu} do not fit one machine (at most {largest}). Plan several machines with {nodes}.",
            argument="nodes",
            count=count,
            gpu=shown_key(gpu.name),
            largest=largest,
        )


def log_traffic(model: Model, log_rate: float, batch_size: float | None) -> float | None:
    """ln(millions of gradients exchanged per second of compute) = ln(parameters x rate / batch); `None` if unknown.

    Most parameters of recommenders are tables. Large ones are spread over the GPUs, so what a step exchanges is not known.
    """
    if model.params_millions is None or batch_size is None or model.sample_unit not in TRAFFIC_UNITS:
        return None
    if stack_class_of(model) == "recommenders":
        return None
    return math.log(model.params_millions / batch_size) + log_rate


def log_efficiency(eta: float) -> float:
    """ln(1 / (1 + exp(eta))).

    >>> round(log_efficiency(0.0), 4)
    -0.6931
    """
    return -math.log1p(math.exp(eta))


def eta_of(efficiency: float) -> float:
    """Eta of a measured efficiency, the inverse of `log_efficiency`, held within what can be told from noise.

    >>> round(eta_of(0.5), 4)
    0.0
    """
    held = min(max(efficiency, EFFICIENCY_BOUNDS[0]), EFFICIENCY_BOUNDS[1])
    return math.log(1.0 / held - 1.0)


def _of_job(fit: Record, index: int, count: float) -> tuple[float, float, str]:
    eta = _at_count(fit["eta"], index, count)
    return eta, _at_count(fit["eta_deviation"], index, count), "as this model's measured rows scale"


def _at_count(table: Mapping[str, Sequence[float]], index: int, count: float) -> float:
    """The value at a count: linear in its logarithm between fitted counts and beyond the last; below two as at two."""
    upper = next((fitted for fitted in COUNTS if fitted >= count), COUNTS[-1])
    position = COUNTS.index(upper)
    if upper == count or position == 0:
        return float(table[str(upper)][index])
    lower = COUNTS[position - 1]
    share = math.log(count / lower) / math.log(upper / lower)
    low, high = float(table[str(lower)][index]), float(table[str(upper)][index])
    return low + share * (high - low)
