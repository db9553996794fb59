"""Predicts implementations that were left out, with the functions that planning uses and nothing that stems from them."""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from planner.accuracy.learning import level, publish, scaling, transfer
from planner.accuracy.learning.implementations import TIMM, Implementation, implementations, rivals
from planner.accuracy.learning.left_out import Evidence, gather
from planner.accuracy.learning.response import response_posterior
from planner.errors import NoThroughputError
from planner.hardware.gpus import load_gpus as shipped_gpus
from planner.model.frozen import dataclass
from planner.model.records import Benchmark, OwnMeasurement, Workload
from planner.throughput.between import NO_BATCH, Situation
from planner.throughput.knowledge import Knowledge
from planner.throughput.precision import width_of
from planner.throughput.scaling import most_in_a_machine
from planner.throughput.scripts import origin_of
from planner.throughput.workload_prediction import Prediction

STEPS = ("own_count", "own_gpu", "own_both", "own_format")
"""What differs from the one own measurement: the number of GPUs, the GPU, both, the number format. Both state their batch, where it is known."""
WITHOUT_BATCH = tuple(f"{step}{NO_BATCH}" for step in STEPS)
"""The same where neither states its batch."""
KNOWN_FORMAT = "own_format_known"
"""The number format differs from the own measurement; other implementations' rows of the model are known."""
FittedT = TypeVar("FittedT", transfer.Posterior, scaling.ScalingPosterior)
MOST_PER_STEP = 24  # of one implementation, spread evenly over its cells: Lambda has 175 of ResNet-50


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceError:
    """One cell of an implementation that was left out, and what the others say of it."""

    split: str
    implementation: str
    model: str
    stack_class: str
    origin: str
    gpu: str
    gpu_count: int
    width: str
    measured: float
    log_error: float  # ln(measured / predicted)
    basis: str
    situation: Situation


class Shelf:
    """All evidence, from which implementations can be taken before something is predicted."""

    def __init__(
        self, evidence: Evidence, variances: Mapping[str, Any], found: Sequence[Implementation], without: str = ""
    ) -> None:
        """Read everything; `without` names a repository of which nothing is there."""
        self._variances = variances
        self.implementations = [one for one in found if one.origin != without]
        self._evidence = _without_origin(evidence, without)
        self._response = functools.cache(
            lambda exponent: response_posterior(self.implementations, evidence.gpus, exponent)
        )
        self._batch = functools.cache(
            lambda model: publish.batch_law(row for row in self._evidence.rows if row.model != model)
        )
        self._known: dict[int, transfer.Posterior] = {}

    def without(self, left_out: Collection[Implementation], model: str, gpus: Collection[str]) -> Knowledge:
        """What is known of one model, on these GPUs, without the implementations left out."""
        gone = {one.name for one in left_out}
        rows = [
            row for one in self.implementations if one.model.name == model and one.name not in gone for row in one.rows
        ]
        sightings = {*gpus, *(row.gpu for row in rows), "rtx-3090"}
        # each is worked out when it is asked for: most predictions need one of them
        known = functools.cache(lambda: _rest(self._transfer(model), gone))
        response = functools.cache(lambda exponent: _rest(self._response(exponent), gone))
        scaled = functools.cache(lambda: _rest(self._scaling, gone))
        return Knowledge(
            rows_of=lambda _: rows,
            script=functools.cache(
                lambda script: (
                    publish.script_line(script, known(), scaled(), self._evidence, sightings)
                    if publish.has_line(script, self._evidence.points)
                    else None
                )
            ),
            task_class=functools.cache(lambda name: publish.carry_line(name, response(None), sightings)),
            equal_batches=functools.cache(
                lambda name: publish.carry_line(name, response(self._batch(model)["median"]), sightings)
            ),
            batch=lambda: self._batch(model),
            scaling=functools.cache(
                lambda: {"traffic_centre": scaling.TRAFFIC_CENTRE, **publish.new_model_scaling(scaled(), sightings)}
            ),
            arithmetic=functools.cache(lambda: None if rows else self._arithmetic(model)),
        )

    @property
    def has_networks(self) -> bool:
        """Whether the networks are there that arithmetic is turned into a level by."""
        return bool(self._evidence.networks)

    def _transfer(self, model: str) -> transfer.Posterior:
        """How scripts go from GPU to GPU, under variances that were learnt without the model."""
        learnt = self._variances["transfer"]
        folds = learnt["model_folds"]
        number = next((number for number, fold in enumerate(folds) if model in fold["without"]), -1)
        if number not in self._known:
            variances = learnt["all"] if number < 0 else folds[number]["variances"]
            self._known[number] = transfer.posterior(self._evidence.points, self._evidence.gpus, variances)
        return self._known[number]

    @functools.cached_property
    def _scaling(self) -> scaling.ScalingPosterior:
        return scaling.scaling_posterior(self._evidence.scaled, self._evidence.gpus, self._variances["scaling"]["all"])

    def _arithmetic(self, model: str) -> dict[str, Any]:
        networks = self._evidence.networks
        if not networks:
            raise NoThroughputError("No network is left that arithmetic could be turned into a level by.")
        same = {network.figures for network in networks if network.model == model}
        kept = [network for network in networks if network.figures not in same]
        return level.arithmetic_record(kept, self._variances["level"]["all"])


def sources_left_out(shelf: Shelf, *, with_own: bool = False) -> list[SourceError]:
    """Every implementation of a model that others measured too, predicted from those.

    `with_own`: and from one of its own cells, in another number format.
    """
    found = []
    for one in rivals(shelf.implementations):
        knowledge = shelf.without([one, *_other_jobs(shelf, one)], one.model.name, _gpus(one))
        found += _errors("source", one, knowledge)
        if with_own and one.origin != TIMM:
            found += own_errors(KNOWN_FORMAT, one, knowledge)
    return found


def arithmetic_left_out(shelf: Shelf) -> list[SourceError]:
    """Every implementation of a model whose multiply-adds are known, predicted from those alone."""
    if not shelf.has_networks:
        return []
    found = []
    judged = [one for one in shelf.implementations if one.model.forward_gmacs_per_sample and not one.is_another_job]
    several = {one.model.name for one in judged if one.origin != TIMM}
    for one in judged:
        if one.model.name in several:  # timm's 838 networks are a split of their own
            mine = [other for other in shelf.implementations if other.model.name == one.model.name]
            found += _errors("source_arithmetic", one, shelf.without(mine, one.model.name, _gpus(one)))
    return found


def repository_left_out(whole: Shelf, rest: Shelf, origin: str) -> list[SourceError]:
    """Every implementation of a repository, predicted from the rest alone: by other rows of the model, else by arithmetic."""
    remaining = {one.model.name for one in rest.implementations if not one.is_another_job}
    found = []
    for one in whole.implementations:
        is_known = one.model.name in remaining
        is_modelled = one.model.forward_gmacs_per_sample is not None and origin != TIMM
        if one.origin == origin and not one.is_another_job and (is_known or is_modelled):
            others = [
                other for other in rest.implementations if other.is_another_job and other.model.name == one.model.name
            ]
            found += _errors("repository", one, rest.without(others, one.model.name, _gpus(one)))
    return found


def own_steps_left_out(shelf: Shelf, splits: Sequence[str] = (*STEPS, *WITHOUT_BATCH)) -> list[SourceError]:
    """Every implementation predicted from one of its own cells, the rest of its model left out."""
    found = []
    for one in shelf.implementations:
        if len(one.cells) > 1 and one.origin != TIMM:
            mine = [other for other in shelf.implementations if other.model.name == one.model.name]
            knowledge = shelf.without(mine, one.model.name, _gpus(one))
            for split in splits:
                found += own_errors(split, one, knowledge)
    return found


def _rest(posterior: FittedT, gone: Collection[str]) -> FittedT:
    """The posterior without the points of the scripts that are gone."""
    return posterior.without([i for i, point in enumerate(posterior.points) if point.script in gone])


def _errors(split: str, one: Implementation, knowledge: Knowledge) -> list[SourceError]:
    return [error for row in one.cells if (error := _error(split, one, row, knowledge)) is not None]


def own_errors(split: str, one: Implementation, knowledge: Knowledge) -> list[SourceError]:
    """The errors of an implementation's cells, each predicted from another of its cells that differs as the split says."""
    wanted = "own_format" if split == KNOWN_FORMAT else split.removesuffix(NO_BATCH)
    pairs = [(known, row) for row in one.cells for known in one.cells if _step(known, row) == wanted]
    step = max(1, len(pairs) // MOST_PER_STEP)
    return [error for known, row in pairs[::step] if (error := _error(split, one, row, knowledge, known)) is not None]


def _step(known: Benchmark, row: Benchmark) -> str:
    same = (
        known.gpu == row.gpu,
        known.gpu_count == row.gpu_count,
        width_of(known.precision) == width_of(row.precision),
    )
    names = {
        (True, False, True): "own_count",
        (False, True, True): "own_gpu",
        (False, False, True): "own_both",
        (True, True, False): "own_format",
    }
    return names.get(same, "")


def _error(
    split: str, one: Implementation, row: Benchmark, knowledge: Knowledge, known: Benchmark | None = None
) -> SourceError | None:
    """The error of one cell; `None` where planning gives no figure, for example if the known cell is of several machines."""
    if known is not None and known.gpu_count > most_in_a_machine(shipped_gpus()[known.gpu]):
        return None
    states_batch = (
        known is not None
        and not split.endswith(NO_BATCH)
        and None not in (known.batch_size_per_gpu, row.batch_size_per_gpu)
    )
    own = (
        ()
        if known is None
        else (
            OwnMeasurement(
                gpu=known.gpu,
                gpu_count=known.gpu_count,
                precision=known.precision,
                samples_per_second=known.samples_per_second,
                batch_size=known.batch_size_per_gpu if states_batch else None,
            ),
        )
    )
    workload = Workload(
        model=one.model,
        dataset=None,
        samples_per_epoch=1,
        epochs=1,
        precision=row.precision,
        batch_size=row.batch_size_per_gpu if states_batch else None,
        input_size=row.input_size,
        measured=own,
    )
    try:
        prediction = _prediction(workload, knowledge)
        gpu = shipped_gpus()[row.gpu]
        found = prediction.within_source(gpu, row.gpu_count, row.precision)
    except NoThroughputError:
        return None
    rate = found.samples_per_second
    return SourceError(
        split=split,
        implementation=one.name,
        model=one.model.name,
        stack_class=one.stack_class,
        origin=one.origin,
        gpu=row.gpu,
        gpu_count=row.gpu_count,
        width=width_of(row.precision),
        measured=row.samples_per_second,
        log_error=math.log(row.samples_per_second / rate),
        basis=str(found.basis),
        situation=prediction.situation(found, row.gpu_count, gpu, row.precision),
    )


@functools.lru_cache(maxsize=8)
def _prediction(workload: Workload, knowledge: Knowledge) -> Prediction:
    return Prediction(workload, knowledge)


def _other_jobs(shelf: Shelf, one: Implementation) -> list[Implementation]:
    # what counts other units or other work under the same name is no evidence
    return [other for other in shelf.implementations if other.is_another_job and other.model.name == one.model.name]


def _gpus(one: Implementation) -> set[str]:
    return {row.gpu for row in one.cells}


def _without_origin(evidence: Evidence, origin: str) -> Evidence:
    if not origin:
        return evidence
    rows = [row for row in evidence.rows if origin_of(row) != origin]
    return gather(rows, evidence.gpus, evidence.models)


def all_source_errors(evidence: Evidence, variances: Mapping[str, Any]) -> list[SourceError]:
    """The errors of every split within which whole models leave."""
    shelf = Shelf(evidence, variances, implementations(evidence))
    return [*sources_left_out(shelf, with_own=True), *arithmetic_left_out(shelf), *own_steps_left_out(shelf)]


def repository_errors(
    evidence: Evidence, variances: Mapping[str, Any]
) -> Iterator[tuple[list[SourceError], list[SourceError]]]:
    """For each repository that others can foretell: the errors that are left to learn from, and its own."""
    found = implementations(evidence)
    whole = Shelf(evidence, variances, found)
    for origin in dict.fromkeys(one.origin for one in found):
        rest = Shelf(evidence, variances, found, without=origin)
        left_out = repository_left_out(whole, rest, origin)
        if left_out:
            learnt_from = [
                *sources_left_out(rest),
                *arithmetic_left_out(rest),
                *own_steps_left_out(rest, ("own_format", f"own_format{NO_BATCH}")),
            ]
            yield learnt_from, left_out
