"""A user's own model: its figures, its own measurements, or a TOML file with both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from planner.errors import UnknownNameError, UsageError, named
from planner.hardware.processors import choose_devices, is_processor
from planner.model.frozen import dataclass
from planner.model.records import Model, OwnMeasurement, Precision
from planner.options.readers import NUMBER
from planner.options.vocabulary import meant
from planner.outside.documents import toml_of
from planner.outside.files import bytes_of
from planner.work.listed import known_model, resolve_model
from planner.work.tree_tools import NO_NETWORK
from planner.work.unknown import is_no_network

CONTRADICTION = 1.25
"""Two own measurements of one setting may differ by so much before they are refused; machines differ by 1 to 14 %."""
MAX_FIGURE = 1e9
MIN_FIGURE = 1e-12
MOST_SAMPLES = 1e15
SLOWEST, FASTEST = 1e-9, 1e11
"""Samples a second: one in thirty years; some seventy times what NCF is planned at on sixteen H200."""
SAMPLE_UNITS = ("image", "sequence", "token", "sample")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnModel:
    """A model as its user describes it; `None` for what is not stated."""

    name: str = "own model"
    gmacs_per_sample: float | None = None
    params_millions: float | None = None
    activations_millions: float | None = None
    samples_per_epoch: float | None = None
    input_size: int | None = None
    sample_unit: str = "sample"
    task: str = "own"
    measured: tuple[str, ...] = ()


def described_model(
    name: str | None,
    *,
    figures: Mapping[str, float | None],
    measured: tuple[str, ...],
    model_file: Path | None,
    precision: str,
) -> tuple[Model, tuple[OwnMeasurement, ...], float | None]:
    """The model that the options describe, the user's measurements, and samples per epoch where a file states them.

    A known model keeps its own figures and takes the measurements; figures or a file describe an own model.

    Args:
        name: a known model, or what to call an own one.
        figures: `gmacs_per_sample`, `params_millions` and `activations_millions`, `None` where not given.
        measured: texts for `parse_measurements`.
        model_file: a file for `read_own_model`; options win over it.
        precision: of measurements that name none.

    Raises:
        UsageError: nothing says which model, or a figure is impossible.
        UnknownNameError: the name is not known and nothing else describes the model.
    """
    given: dict[str, Any] = {key: value for key, value in figures.items() if value is not None}
    own = OwnModel() if model_file is None else read_own_model(model_file)
    own = replace(own, **given, measured=measured or own.measured, name=name or own.name)
    known_precision = Precision(precision) if precision in map(str, Precision) else Precision.AMP
    measurements = parse_measurements(own.measured, known_precision)
    if name is None and model_file is None and not given and not measured:
        raise UsageError(
            "Which model? Give {model}, or the figures of your own: planner estimate --help", argument="model"
        )
    if model_file is None and not given:
        known = known_model(name) if name is not None and measured else None
        if known is not None or not measured:
            return known or resolve_model(str(name)), measurements, None
    return own_model(own), measurements, own.samples_per_epoch


def named_model(name: str) -> Model:
    """The record of a model of which nothing is known but its name: own runs say how fast it is."""
    return _record(OwnModel(name=name))


def own_model(own: OwnModel) -> Model:
    """The record of a model that a user describes.

    Raises:
        UsageError: a figure is zero, negative or not a number, or there is neither an amount of arithmetic nor a
            measurement.
    """
    for name in ("gmacs_per_sample", "params_millions", "activations_millions", "samples_per_epoch", "input_size"):
        _check_figure(name, getattr(own, name))
    if own.sample_unit not in SAMPLE_UNITS:
        raise UnknownNameError("sample unit", own.sample_unit, SAMPLE_UNITS, "planner estimate --help")
    if own.gmacs_per_sample is None and not own.measured:
        raise UsageError(
            "Nothing says how fast {name} is. Give {gmacs_per_sample} (billion multiply-adds of one forward pass), "
            "or one own measurement such as {measured} a100-80gb-sxm=1234.",
            argument="gmacs_per_sample",
            name=own.name,
        )
    return _record(own)


def _record(own: OwnModel) -> Model:
    return Model(
        name=own.name,
        task=NO_NETWORK if own.task == OwnModel().task and is_no_network(own.name) else own.task,
        sample_unit=own.sample_unit,
        params_millions=own.params_millions,
        forward_gmacs_per_sample=own.gmacs_per_sample,
        activations_millions=own.activations_millions,
        input_size=own.input_size,
        source="your own figures",
    )


def parse_measurements(texts: Iterable[str], precision: Precision = Precision.AMP) -> tuple[OwnMeasurement, ...]:
    """Own measurements from texts such as `a100-80gb-sxm=1234`, `h100-80gb-sxm:8=21000` or `t4@fp32=55`.

    Args:
        texts: GPU, optional count, optional precision, `=`, samples per second of all GPUs together.
        precision: of measurements that name none.

    Raises:
        UsageError: a text is malformed, a rate is not positive, a GPU name is ambiguous, or two measurements of one
            setting contradict each other.
    """
    found: dict[tuple[str, int, Precision], OwnMeasurement] = {}
    for text in texts:
        one = _measurement(text, precision)
        key = (one.gpu, one.gpu_count, one.precision)
        held = found.setdefault(key, one)
        _refuse_contradiction(one, held, text)
        mean = math.sqrt(one.samples_per_second * held.samples_per_second)
        found[key] = OwnMeasurement(
            gpu=one.gpu, gpu_count=one.gpu_count, precision=one.precision, samples_per_second=mean
        )
    return tuple(found.values())


def under_keys(measured: Iterable[OwnMeasurement]) -> tuple[OwnMeasurement, ...]:
    """Measurements with the keys of their devices, however those are named.

    Raises:
        UsageError: rate, count, batch or range cannot be one, a name covers several devices, or two of one setting contradict each other.
        UnknownNameError: no device or number format goes by that name.
    """
    found: list[OwnMeasurement] = []
    for own in measured:
        text = f"{own.gpu}:{own.gpu_count}@{own.precision}={own.samples_per_second}"
        read = _measurement(text, Precision.AMP)
        _check_figure("batch_size", own.batch_size)
        low, high = own.ends
        if not 0 < low <= own.samples_per_second <= high < math.inf:
            raise UsageError(
                "{measured} {text}: its range from {low:g} to {high:g} does not hold it.",
                argument="measured",
                text=text,
                low=low,
                high=high,
            )
        one = replace(own, gpu=read.gpu, precision=read.precision)
        for held in found:
            if _setting(held) == _setting(one):
                _refuse_contradiction(one, held, text)
        found.append(one)
    return tuple(found)


def times_apart(one: OwnMeasurement, other: OwnMeasurement) -> float:
    """How many times as fast the faster of two is."""
    ratio = one.samples_per_second / other.samples_per_second
    return max(ratio, 1 / ratio)


def _setting(own: OwnMeasurement) -> tuple[object, ...]:
    return own.gpu, own.gpu_count, own.precision, own.batch_size


def _refuse_contradiction(one: OwnMeasurement, held: OwnMeasurement, text: str) -> None:
    if (times := times_apart(one, held)) > CONTRADICTION:
        raise UsageError(
            "{measured} {text}: contradicts {other:g} samples/s given for the same GPU, count and precision "
            "({times:.2f} times). Keep the one that is right.",
            argument="measured",
            text=text,
            other=held.samples_per_second,
            times=times,
        )


def read_own_model(path: Path) -> OwnModel:
    """A model described in a TOML file, whose keys are the fields of `OwnModel`.

    ::

        name = "my-detector"
        gmacs_per_sample = 12.5
        params_millions = 40
        samples_per_epoch = 250000
        measured = ["a100-80gb-sxm=1234", "t4=210"]

    Raises:
        UsageError: the file cannot be read, is no TOML, or holds an unknown key or a value of the wrong type.
    """
    try:
        content = toml_of(bytes_of(path))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"{path} is not TOML: {error}.") from error
    known = [one.name for one in fields(OwnModel)]
    for key in content:
        if key not in known:
            raise UnknownNameError(f"key in {path.name}", key, known, "docs/throughput.md")
    return OwnModel(**_typed(content, path))


def _typed(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    typed = dict(content)
    for key, value in content.items():
        if key == "measured":
            texts = [value] if isinstance(value, str) else value
            if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
                raise UsageError(f'{path.name}: measured must be a list of texts such as "t4=210", not {value!r}.')
            typed[key] = tuple(texts)
        elif key in ("name", "sample_unit", "task"):
            if not isinstance(value, str) or not value:
                raise UsageError(f"{path.name}: {key} must be a text, not {value!r}.")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"{path.name}: {key} must be a number, not {value!r}.")
    return typed


def _check_figure(name: str, value: float | None) -> None:
    if value is None:
        return
    if not value > 0 or math.isinf(value):
        raise UsageError(
            "{which} must be a positive number, not {given:g}.", argument=name, which=named(name), given=value
        )
    is_too_large = value > (MOST_SAMPLES if name == "samples_per_epoch" else MAX_FIGURE)
    if is_too_large or value < MIN_FIGURE:
        raise UsageError(
            "{which} {given:g} is {where} any model. Check the unit.",
            argument=name,
            which=named(name),
            given=value,
            where="beyond" if is_too_large else "below",
        )


def _measurement(text: str, precision: Precision) -> OwnMeasurement:
    described, bracket, rest = text.rpartition("]")  # a device described in brackets has = of its own
    place, equals, rate_text = rest.partition("=")
    place = described + bracket + place
    try:
        rate = NUMBER(rate_text)
    except ValueError:
        rate = math.nan
    if not equals or not rate > 0 or math.isinf(rate):
        raise UsageError(
            "{measured} {text!r}: write GPU=SAMPLES_PER_SECOND with a positive number, for example a100-80gb-sxm=1234.",
            argument="measured",
            text=text,
        )
    if not SLOWEST <= rate <= FASTEST:
        raise UsageError(
            "{measured} {text!r}: {rate:g} samples a second is not the speed of a GPU. Check the unit.",
            argument="measured",
            text=text,
            rate=rate,
        )
    name, at, precision_text = place.partition("@")
    if at:
        known = [str(one) for one in Precision]
        (word, *_) = meant("precisions", precision_text)
        if word not in known:
            raise UnknownNameError("precision", precision_text, known, "planner estimate --help")
        precision = Precision(word)
    choice = choose_devices(name)
    if len(choice.gpus) > 1 and is_processor(choice.gpus[0]):
        raise UsageError(
            "{measured} {text!r}: on which processor? Name it, as planner gpus cpu lists them.",
            argument="measured",
            text=text,
        )
    if len(choice.gpus) > 1:
        raise UsageError(
            "{measured} {text!r}: {name} may be {gpus}. Name one of them.",
            argument="measured",
            text=text,
            name=name,
            gpus=", ".join(choice.gpus),
        )
    count = choice.count or 1
    if count != int(count):
        raise UsageError("{measured} {text!r}: the count must be whole.", argument="measured", text=text)
    return OwnMeasurement(gpu=choice.gpus[0], gpu_count=int(count), precision=precision, samples_per_second=rate)
