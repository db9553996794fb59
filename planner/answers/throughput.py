"""How fast a workload trains on a number of GPUs: one rule with three bases.

    measured   rows of that model, GPU, count and number format, in the framework asked for
    scaled     the same model measured elsewhere (other GPU, count or number format), or an own measurement
    modelled   only the arithmetic of the model is known

Every figure comes with a range that holds nine left-out measurements in ten (docs/accuracy.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from copy import copy
from functools import lru_cache
from typing import TYPE_CHECKING

from planner.errors import NoThroughputError, UsageError
from planner.hardware.gpus import is_described
from planner.hardware.processors import choose_devices, is_processor
from planner.model.frozen import changed
from planner.model.rates import Cell
from planner.model.records import (
    Basis,
    Model,
    Offer,
    OwnMeasurement,
    Throughput,
    Workload,
    precision_named,
)
from planner.options.checked import checked
from planner.throughput.batch_limits import BatchLimit, batch_limit
from planner.throughput.builds import build_refusal, build_warning
from planner.throughput.elsewhere import elsewhere, only_on_gpus
from planner.throughput.knowledge import knowing
from planner.throughput.workload_prediction import MOST_CELLS, Prediction
from planner.work.listed import known_model, resolve_model
from planner.work.tree_tools import NO_NETWORK

if TYPE_CHECKING:
    from planner.model.language_models import LanguageModel

_MEASURED_ALONE = {
    "image-generation-lora": "adapters of picture models were measured on one A100 alone",
    NO_NETWORK: "what you measured of it says nothing of other devices or other numbers of them: it is no network. "
    "Measure it on what you would rent, or plan a machine of your own (docs/own-prices.md)",
}
"""Tasks of models that answer for what was measured alone, and why: neither speed nor memory is known elsewhere."""

_Place = tuple[str, float, float | None, float | None]
"""A cell with the network and the memory of its machines."""


def throughput_of(
    workload: Workload, offer: Offer, nodes: int = 1, weakest: Basis = Basis.MODELLED
) -> Throughput | NoThroughputError:
    """Throughput of `nodes` instances of the offer together, or the error that says why none counts.

    None counts where nothing is known, where the basis is weaker than `weakest`, or where the run does not fit into memory.
    Whoever asks for many offers takes `speeds_of` once.

    Raises:
        UnknownNameError: no row of any model is of the framework asked for.
        UsageError: own measurements contradict each other.
    """
    return speeds_of(workload, nodes, weakest).of(offer)


def speeds_of(workload: Workload, nodes: int = 1, weakest: Basis = Basis.MODELLED) -> Speeds:
    """The throughputs of a workload on `nodes` instances together, remembered and shared by runs of any length.

    Raises:
        UnknownNameError: no row of any model is of the framework asked for.
        UsageError: own measurements contradict each other.
    """
    speeds = _speeds(_of_unit_length(workload), nodes, weakest)
    is_open = workload.batch_size is None and not workload.measured
    limit = batch_limit(workload) if is_open and speeds.knows_batches() else None
    return speeds if limit is None else speeds.held_at(limit)


class Speeds:
    """Looks up and remembers the throughput of one workload on any offer.

    Where nobody says otherwise, a step of all GPUs together takes no more samples than a run can use. More GPUs get a smaller batch
    each, at the speed of that batch, and none below the smallest batch with a known speed.
    """

    def __init__(self, workload: Workload, nodes: int, weakest: Basis) -> None:
        # a layout is planned for all machines together, whatever number the workload was described for
        language = None if workload.language is None else changed(workload.language, node_count=nodes)
        self._workload = changed(workload, language=language)
        self._nodes = nodes
        self._allowed = tuple(Basis)[: tuple(Basis).index(weakest) + 1]
        self._weakest = weakest
        is_network = workload.language is None and workload.trees is None
        self._prediction = _prediction(only_on_gpus(workload)) if is_network else None
        self._uses_host = language is not None and language.job.may_use_host
        self._found: dict[_Place, Throughput | NoThroughputError] = {}
        self._limit: BatchLimit | None = None
        self._held: dict[tuple[_Place, int], Throughput | NoThroughputError] = {}
        self._by_limit: dict[BatchLimit, Speeds] = {}

    def knows_batches(self) -> bool:
        """Whether any row of the workload's model says at which batch it ran."""
        return self._prediction is not None and self._prediction.knows_batches()

    def held_at(self, limit: BatchLimit) -> Speeds:
        """The speeds of the workload where a step takes no more samples than the limit; what is known is shared."""
        if limit not in self._by_limit:
            other = self._by_limit[limit] = copy(self)
            other._limit = limit
        return self._by_limit[limit]

    def of(self, offer: Offer) -> Throughput | NoThroughputError:
        """Throughput on the offer's instances, or why none counts."""
        return self.on(offer.gpu, offer.gpu_count, offer.network_gbps, offer.memory_gib)

    def on(
        self,
        gpu: str,
        gpu_count: float,
        network_gbit_per_s: float | None = None,
        host_memory_gib: float | None = None,
    ) -> Throughput | NoThroughputError:
        """Throughput on machines that each have so many of the GPU, that network and that memory, or why none counts."""
        network = network_gbit_per_s if self._nodes > 1 else None
        key = (gpu, gpu_count, network, host_memory_gib if self._uses_host else None)
        known = self._found.get(key)
        if known is None:
            known = self._counted(self._predicted(*key), gpu)
            if len(self._found) < MOST_CELLS and not is_described(gpu):
                self._found[key] = known
        return known if self._limit is None else self._within(known, key, self._limit)

    def _within(
        self, one: Throughput | NoThroughputError, place: _Place, limit: BatchLimit
    ) -> Throughput | NoThroughputError:
        """The throughput, with the batch that each GPU gets of the limit where the usual ones are more together."""
        if isinstance(one, NoThroughputError) or one.batch_size_per_gpu is None or self._prediction is None:
            return one
        gpu, gpu_count = place[:2]
        count = max(gpu_count, 1) * self._nodes
        if one.batch_size_per_gpu * count <= limit.samples:
            return one
        least = math.ceil(self._prediction.smallest_batch(gpu, one.precision) or 1)
        most = math.floor(limit.samples / count)
        if most < least and count > 1:
            return NoThroughputError(
                "more GPUs than a batch of {most:,} {unit}s over all of them feeds: no speed is known of so few each "
                "({batch_size} sets another)",
                argument="batch_size",
                most=limit.samples,
                unit=self._workload.model.sample_unit,
            )
        most = max(most, least)
        if most >= one.batch_size_per_gpu:
            return one
        known = self._held.get((place, most))
        if known is None:
            known = self._counted(self._at_batch(place, most, limit), gpu)
            if len(self._held) < MOST_CELLS and not is_described(gpu):
                self._held[place, most] = known
        return known

    def _at_batch(self, place: _Place, most: int, limit: BatchLimit) -> Throughput | NoThroughputError:
        held = copy(self)
        prediction = self._prediction_on(place[0])
        held._prediction = None if prediction is None else prediction.at_batch(most)
        found = held._predicted(*place)
        if isinstance(found, NoThroughputError):
            return found
        note = f"{most:,} a GPU, no more than {limit.samples:,} a step over all GPUs"
        return changed(found, notes=(*found.notes, note))

    def _counted(self, found: Throughput | NoThroughputError, gpu: str) -> Throughput | NoThroughputError:
        if isinstance(found, NoThroughputError):
            return found
        if isinstance(alone := _where_measured(self._workload, found), NoThroughputError):
            return alone
        refusal = build_refusal(self._workload, gpu)
        if refusal and not found.basis.is_measured:
            return NoThroughputError(refusal)
        warning = None if found.basis is Basis.MEASURED_BY_YOU else build_warning(self._workload, gpu)
        if warning:
            found = changed(found, notes=(*found.notes, warning))
        if found.basis not in self._allowed:
            return NoThroughputError(
                "throughput only {found} ({basis} {weakest})",
                argument="basis",
                found=found.basis,
                weakest=self._weakest,
            )
        return found

    def _predicted(
        self, gpu: str, gpu_count: float, network_gbit_per_s: float | None, host_memory_gib: float | None
    ) -> Throughput | NoThroughputError:
        if self._workload.trees is not None or is_processor(gpu):
            return elsewhere(self._workload, gpu, gpu_count, self._nodes)
        prediction = self._prediction_on(gpu)
        if prediction is None:
            from planner.language.prediction import on_machines  # noqa: PLC0415 - most runs need none of it

            found = on_machines(self._workload, gpu, gpu_count, network_gbit_per_s, host_memory_gib)
            on_gpus = only_on_gpus(self._workload)
            if not on_gpus.measured:
                return found
            from planner.language.own_level import at_own_level  # noqa: PLC0415 - only with runs of the user's own

            return at_own_level(on_gpus, found, gpu, gpu_count)
        try:
            one = prediction.of(gpu, gpu_count, self._nodes)
            return _on_nodes(one, self._workload.model, gpu_count, self._nodes, network_gbit_per_s)
        except NoThroughputError as error:
            return type(error)(
                error.message, argument=error.argument
            )  # what is kept must not hold on to where it was raised

    def _prediction_on(self, gpu: str) -> Prediction | None:
        """The prediction that knows the GPU: one of its own where no table has it."""
        if self._prediction is None or gpu in self._prediction.knowledge.index():
            return self._prediction
        return _prediction(only_on_gpus(self._workload), gpu)


@checked()
def predict_throughput(
    *,
    model: str | Model,
    gpu: str,
    gpu_count: float = 1,
    precision: str = "amp",
    batch_size: int | None = None,
    framework: str | None = None,
    sequence_length_or_image_size: int | None = None,
    node_count: int = 1,
    network_gbit_per_s: float | None = None,
    measured: Iterable[OwnMeasurement] = (),
) -> Throughput:
    """Training throughput of a model on `gpu_count` GPUs of one machine, or on `node_count` such machines.

    Args:
        model: a name of `data/models.csv`, or an own model (`planner.work.own`).
        gpu: one GPU, by key or alias.
        gpu_count: GPUs of each machine; a fraction for a slice of one.
        precision: `amp`, `bf16`, `fp16`, `tf32` or `fp32`; `fp8` for language models.
        batch_size: samples per GPU and step; by default that of the measured rows.
        framework: `pytorch`, `tensorflow2`, `mxnet` ...; by default PyTorch.
        sequence_length_or_image_size: tokens or pixels; by default the model's own.
        node_count: machines working together.
        network_gbit_per_s: network of one machine; `None` if not stated.
        measured: own measurements, which then set the level.

    Raises:
        UnknownNameError: no such model, GPU, precision or framework.
        UsageError: the GPU name covers several GPUs, a number is out of range, or a measurement is of a language model.
        NoThroughputError: the GPU lacks the precision, or nothing is known of the model's speed.
    """
    key = _checked_gpu(gpu, gpu_count)
    if isinstance(model, str) and (shape := _language_model(model, measured)) is not None:
        from planner.language.prediction import language_throughput  # noqa: PLC0415 - most runs need none of it

        return language_throughput(
            shape,
            gpu=key,
            gpu_count=gpu_count,
            precision=precision_named(precision),
            micro_batch=batch_size,
            sequence_length=sequence_length_or_image_size,
            node_count=node_count,
            network_gbit_per_s=network_gbit_per_s,
        )
    workload = Workload(
        model=resolve_model(model) if isinstance(model, str) else model,
        dataset=None,
        samples_per_epoch=1,
        epochs=1,
        precision=precision_named(precision),
        batch_size=batch_size,
        framework=framework,
        input_size=sequence_length_or_image_size,
        measured=_under_keys(measured),
    )
    return _known(_speeds(workload, node_count, Basis.MODELLED).on(key, gpu_count, network_gbit_per_s))


def _under_keys(measured: Iterable[OwnMeasurement]) -> tuple[OwnMeasurement, ...]:
    if not (given := tuple(measured)):
        return ()
    from planner.work.own import under_keys  # noqa: PLC0415 - most runs need none of it

    return under_keys(given)


def _known(found: Throughput | NoThroughputError) -> Throughput:
    if isinstance(found, NoThroughputError):
        raise found
    return found


def _checked_gpu(name: str, count: float) -> str:
    """The key of the one GPU that the name stands for; the count must be a positive number."""
    chosen = choose_devices(name).gpus
    if len(chosen) > 1:
        raise UsageError(f"{name} may be {', '.join(chosen)}. Name one of them.")
    if not count > 0 or math.isinf(count):
        raise UsageError(f"gpu_count must be a positive number, not {count!r}.")
    return chosen[0]


def _language_model(name: str, measured: Iterable[OwnMeasurement]) -> LanguageModel | None:
    """The language model of that name, refused with a measurement in samples; `None` for names of other models."""
    listed = known_model(name)
    if listed is not None and not listed.task.startswith("language-model"):
        return None
    from planner.language.listed import find_language_model  # noqa: PLC0415 - most runs need none of it

    shape = find_language_model(name)
    if shape is not None and tuple(measured):
        why = "{measured} is not for language models: {name} is one. Runs of one go into {calibration} of an estimate."
        raise UsageError(why, argument="measured", name=name)
    return shape


def predict_many(workload: Workload, cells: Iterable[Cell]) -> dict[Cell, Throughput | NoThroughputError]:
    """Throughput of the workload on each (GPU, count), or the reason why none is known.

    Raises:
        UnknownNameError: no row of any model is of the framework asked for.
        UsageError: own measurements contradict each other.
    """
    if workload.language is not None:
        from planner.language.prediction import predict_language_model  # noqa: PLC0415 - most runs need none of it

        return predict_language_model(workload, cells)
    cells = list(cells)
    others = {cell: elsewhere(workload, *cell) for cell in cells if workload.trees is not None or is_processor(cell[0])}
    found: dict[Cell, Throughput | NoThroughputError] = dict(others)
    on_gpus = [cell for cell in cells if cell not in others]
    if on_gpus:
        prediction = _prediction(only_on_gpus(_of_unit_length(workload)))
    for cell in on_gpus:
        of_gpu = (
            prediction
            if cell[0] in prediction.knowledge.index()
            else _prediction(only_on_gpus(_of_unit_length(workload)), cell[0])
        )
        try:
            found[cell] = of_gpu.of(*cell)
        except NoThroughputError as error:
            found[cell] = error
    return {cell: _where_measured(workload, one) for cell, one in found.items()}


def _where_measured(workload: Workload, found: Throughput | NoThroughputError) -> Throughput | NoThroughputError:
    """The throughput, or the error that it counts where it was measured alone."""
    alone = _MEASURED_ALONE.get(workload.model.task)
    if alone is None or isinstance(found, NoThroughputError) or found.basis.is_measured:
        return found
    return NoThroughputError(alone)


def _of_unit_length(workload: Workload) -> Workload:
    # the amount of work has no part in its speed: runs of other lengths take what is worked out already
    return changed(workload, dataset=None, samples_per_epoch=1, epochs=1)


def _on_nodes(
    one: Throughput, model: Model, gpu_count: float, node_count: int, network_gbit_per_s: float | None
) -> Throughput:
    """Throughput of `node_count` machines from that of one."""
    if node_count == 1:
        return one
    from planner.throughput.nodes import over_nodes  # noqa: PLC0415 - most runs are on one machine

    return over_nodes(
        one,
        model=model,
        gpu_count=gpu_count,
        node_count=node_count,
        network_gbit_per_s=network_gbit_per_s,
        batch_size=one.batch_size_per_gpu,
    )


# a sweep goes through a hundred models in turn, again and again
@lru_cache(maxsize=256)
def _speeds(workload: Workload, nodes: int, weakest: Basis) -> Speeds:
    return Speeds(workload, nodes, weakest)


@lru_cache(maxsize=32)
def _prediction(workload: Workload, stranger: str | None = None) -> Prediction:
    """The prediction for the shipped GPUs, those measured on, and one that no table has."""
    measured_on = [own.gpu for own in workload.measured]
    return Prediction(workload, knowing(measured_on if stranger is None else [*measured_on, stranger]))
