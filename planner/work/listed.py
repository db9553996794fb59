"""Listed models and datasets, and the workload made of them: a model, its samples per epoch, its epochs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar

from planner.errors import Sentence, UnknownNameError, UsageError
from planner.hardware.frameworks import framework_named
from planner.hardware.tables import read_columns, read_rows
from planner.model.datasets import Dataset
from planner.model.frozen import dataclass
from planner.model.records import Model, Workload, precision_named

NEVER_MEASURED = ("caffe",)
"""Frameworks that people ask for, and that no row is of."""

_T = TypeVar("_T", bound=Model | Dataset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A workload and the source of its number of samples."""

    workload: Workload
    samples_source: str


def plan_work(
    *,
    model: Model | str,
    epochs: float,
    dataset: str | None = None,
    samples_per_epoch: float | None = None,
    precision: str = "amp",
    batch_size: int | None = None,
    framework: str | None = None,
    input_size: int | None = None,
) -> Work:
    """The workload that these options describe.

    Samples per epoch are, in this order: the number given, the size of the dataset named, the size of the dataset the
    model is usually trained on.

    Args:
        model: the user's own, or the name or alias of one in `data/models.csv`.
        epochs: passes over the data, above 0 and at most a million; may be a fraction.
        dataset: a name of `data/datasets.csv`.
        samples_per_epoch: samples in the model's own unit (images, sequences, tokens).
        precision: `amp`, `fp32`, `tf32`, `bf16`, `fp16`, or `best` for the fastest known on each GPU.
        batch_size: samples per GPU and step; `None` lets each GPU use its own.
        framework: `pytorch`, `mxnet` ...; `None` for the newest PyTorch evidence.
        input_size: pixels or tokens; `None` for the model's own.

    Raises:
        UnknownNameError: no such model, dataset or precision.
        UsageError: nothing says how many samples an epoch has.
    """
    model = resolve_model(model) if isinstance(model, str) else model
    _check_framework(framework)
    samples, name, source = _samples(model, dataset, samples_per_epoch)
    workload = Workload(
        model=model,
        dataset=name,
        samples_per_epoch=samples,
        epochs=epochs,
        precision=precision_named(precision),
        batch_size=batch_size,
        framework=framework,
        input_size=input_size,
    )
    return Work(workload=workload, samples_source=source)


def _check_framework(name: str | None) -> None:
    """Refuses a framework that no row can be of, with the reason."""
    if name is None:
        return
    known = framework_named(name)
    if known is not None and known.framework in NEVER_MEASURED:
        raise UsageError(
            "{framework} {name}: nothing was measured in it ({status}).",
            argument="framework",
            name=name,
            status=known.status,
        )


def resolve_model(name: str) -> Model:
    """The model of that name or alias.

    Raises:
        UnknownNameError: there is none; the message offers close matches.
    """
    found = known_model(name)
    if found is None:
        from planner.work.unknown import no_model  # noqa: PLC0415 - only on the way to an error

        raise no_model(name)
    return found


@lru_cache(maxsize=256)
def known_model(name: str) -> Model | None:
    """The model of that name or alias; `None` if there is none.

    Of a repository such as `timm/vit_base_patch16_224.augreg_in21k` the name alone counts, without its weights.
    """
    found = _known(name)
    owner, _, rest = name.rpartition("/")
    if found is not None or not owner:
        return found
    return _known(rest) or _known(rest.partition(".")[0])


def _known(name: str) -> Model | None:
    # parsing only the lines that hold the name is ten times faster than parsing 1,500 models
    found = _named(read_rows("models.csv", Model, holding=name), name)
    if found is not None:
        return found
    key, alike = _normalised(name), set()
    letters = _without_dashes(key)
    for full, aliases in read_columns("models.csv", "name", "aliases"):
        spellings = [_normalised(one) for one in (full, *aliases.split())]
        if key in spellings:
            return _known(full)
        if letters in map(_without_dashes, spellings):
            alike.add(full)
    return _known(alike.pop()) if len(alike) == 1 else None


def load_models() -> list[Model]:
    """Every model of the shipped table, in its order."""
    return read_rows("models.csv", Model)


def models_holding(text: str) -> list[Model]:
    """The models with the text in their name or an alias, however it is punctuated, in the order of the table."""
    wanted = _normalised(text)
    return [
        model for model in load_models() if any(wanted in _normalised(name) for name in (model.name, *model.aliases))
    ]


def resolve_dataset(name: str) -> Dataset:
    """The dataset of that name or alias.

    Raises:
        UnknownNameError: there is none; the message offers close matches.
    """
    datasets = load_datasets()
    found = _named(datasets, name)
    if found is None:
        raise UnknownNameError("dataset", name, [dataset.name for dataset in datasets], "planner models --datasets")
    return found


def load_datasets() -> list[Dataset]:
    """Every dataset of the shipped table, in its order."""
    return read_rows("datasets.csv", Dataset)


def _samples(model: Model, dataset: str | None, samples_per_epoch: float | None) -> tuple[float, str | None, str]:
    if samples_per_epoch is not None:
        if dataset is not None:
            raise UsageError("Give {dataset} or {samples_per_epoch}, not both.", argument="dataset")
        return samples_per_epoch, None, Sentence("given with {samples_per_epoch}")
    name = dataset or model.dataset
    if name is None:
        raise UsageError(
            "How many {unit}s does an epoch of {name} have? Nothing is known. Give {samples_per_epoch}.",
            argument="samples_per_epoch",
            unit=model.sample_unit,
            name=model.name,
        )
    chosen = resolve_dataset(name)
    if chosen.sample_unit != model.sample_unit:
        raise UsageError(
            "{data} is counted in {its_unit}s, the throughput of {name} in {unit}s. Give {samples_per_epoch} in {unit}s.",
            argument="samples_per_epoch",
            data=chosen.name,
            its_unit=chosen.sample_unit,
            name=model.name,
            unit=model.sample_unit,
        )
    return float(chosen.samples), chosen.name, f"{chosen.source}, {chosen.as_of}"


def typical_epochs(model: Model) -> str:
    """A sentence that says how many epochs the model's reference recipe trains; empty if there is none."""
    return f" The reference recipe of {model.name} trains {model.typical_epochs:g}." if model.typical_epochs else ""


def _named(rows: Iterable[_T], name: str) -> _T | None:
    key = _normalised(name)
    for row in rows:
        if key in map(_normalised, (row.name, *row.aliases)):
            return row
    return None


def _normalised(name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")


def _without_dashes(key: str) -> str:
    """The name with its words run together: `mask-r-cnn` and `maskrcnn` are one, and so are `tacotron-2` and `tacotron2`."""
    return key.replace("-", "")
