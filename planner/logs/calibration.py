"""The calibration file: what was learnt of one's own runs, as TOML that `planner estimate --calibration` takes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from planner.errors import DataError, UnknownNameError, UsageError
from planner.hardware.processors import choose_gpus_only
from planner.logs.records import Verdict
from planner.model.frozen import dataclass
from planner.model.records import Precision
from planner.outside.documents import toml_of
from planner.outside.files import bytes_of

SCHEMA = "planner.calibration/1"
UNITS = ("sample", "image", "sequence", "token", "step", "epoch")
SEE = "docs/calibrate.md"
NO_PROCESSOR = (
    "Only runs on GPUs are read; plan with its rate: planner estimate --measured PROCESSOR=SAMPLES_PER_SECOND."
)
_RANGES = {
    **dict.fromkeys(("samples_per_second", "low", "high"), (1e-9, 1e15)),
    "batch_size": (1e-3, 1e9),
    "watts": (1e-3, 1e7),
    "memory_gib": (1e-3, 1e5),
    **dict.fromkeys(("gpu_count", "node_count"), (1, 100_000)),
    "startup_seconds": (0, 1e7),
    "stall_share": (0, 1000),
}
"""The least and the most that a figure can be, as that of its option."""
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedRun:
    """One run of the user's own: its rate with a range, on what, and what else it took. `None` is not known.

    The rate is that of all GPUs together in `sample_unit`s a second, at the steady pace; `stall_share` is what evaluation, checkpoints
    and pauses took on top of it. `batch_size` is samples per GPU and step.
    """

    samples_per_second: float
    low: float
    high: float
    sample_unit: str
    verdict: Verdict
    model: str | None = None
    gpu: str | None = None
    gpu_count: int | None = None
    node_count: int | None = None
    precision: str | None = None
    batch_size: float | None = None
    startup_seconds: float | None = None
    stall_share: float | None = None
    watts: float | None = None
    memory_gib: float | None = None
    source: str | None = None
    measured_on: str | None = None

    def __post_init__(self) -> None:
        """Refuse figures that are no rate."""
        if not 0 < self.low <= self.samples_per_second <= self.high < math.inf:
            raise ValueError(f"low {self.low!r}, samples_per_second, high {self.high!r} are out of order")


ORDER = (
    "model", "gpu", "gpu_count", "node_count", "precision", "batch_size", "samples_per_second", "low", "high", "sample_unit",
    "verdict", "startup_seconds", "stall_share", "watts", "memory_gib", "source", "measured_on",
)  # fmt: skip
"""Keys of a run, as they are written."""


def calibration_text(runs: Sequence[CalibratedRun]) -> str:
    """The runs as TOML; what is not known is left out."""
    lines = [f"schema = {json.dumps(SCHEMA)}"]
    for run in runs:
        lines += ["", "[[runs]]"]
        lines += [f"{key} = {_literal(value)}" for key, value in run_record(run).items()]
    return "\n".join(lines) + "\n"


def run_record(run: CalibratedRun) -> dict[str, Any]:
    """The known values of a run by their keys, figures with six digits."""
    found = {key: getattr(run, key) for key in ORDER}
    return {
        key: float(f"{value:.6g}")
        if isinstance(value, float)
        else (str(value) if isinstance(value, Verdict) else value)
        for key, value in found.items()
        if value is not None
    }


def read_calibration(path: Path) -> tuple[CalibratedRun, ...]:
    """The runs of a calibration file.

    Raises:
        UsageError: the file cannot be read, or is no calibration; the message names the place.
        DataError: its schema is newer.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} is too large for a calibration.")
        content = toml_of(bytes_of(path))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}. Make it with: planner calibrate RUN") from error
    except ValueError as error:
        raise UsageError(f"{path} is not TOML: {error}. A log becomes one by: planner calibrate {path}") from error
    schema = content.get("schema")
    if schema != SCHEMA:
        kind = DataError if isinstance(schema, str) and schema.startswith("planner.calibration/") else UsageError
        raise kind(f"{path}: schema is {schema!r}, not {SCHEMA!r}. Make it with: planner calibrate RUN")
    runs = content.get("runs")
    if not isinstance(runs, list) or not runs:
        raise UsageError(f"{path}: no [[runs]] in it.")
    return tuple(_run_of(run, f"{path}: run {number}") for number, run in enumerate(runs, 1))


def _run_of(given: object, place: str) -> CalibratedRun:
    if not isinstance(given, Mapping):
        raise UsageError(f"{place}: is no table.")
    known = [field.name for field in fields(CalibratedRun)]
    for key in given:
        if key not in known:
            raise UnknownNameError(f"key in {place}", key, known, SEE)
    for key in ("samples_per_second", "low", "high", "sample_unit", "verdict"):
        if key not in given:
            raise UsageError(f"{place}: {key} is missing.")
    values = dict(given)
    _check_numbers(values, place)
    for key in ("model", "gpu", "precision", "sample_unit", "verdict", "source"):
        if key in values and not isinstance(values[key], str):
            raise UsageError(f"{place}: {key} must be a text, not {values[key]!r}.")
    _check_names(values, place)
    if "measured_on" in values:
        values["measured_on"] = str(values["measured_on"])
    try:
        return CalibratedRun(**{**values, "verdict": Verdict(values["verdict"])})
    except ValueError as error:
        raise UsageError(f"{place}: {error}.") from error


def _check_numbers(values: dict[str, Any], place: str) -> None:
    """Numbers must be in their ranges; counts are whole."""
    for key, (least, most) in _RANGES.items():
        value = values.get(key)
        if value is None:
            continue
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:  # a NaN is in none
            raise UsageError(f"{place}: {key} must be a number from {least:g} to {most:,.10g}, not {value!r}.")
        if key in ("gpu_count", "node_count"):
            if value != int(value):
                raise UsageError(f"{place}: {key} must be whole, not {value!r}.")
            values[key] = int(value)


def _check_names(values: dict[str, Any], place: str) -> None:
    """Names must be known ones; a GPU's other names become its key."""
    if values["sample_unit"] not in UNITS:
        raise UnknownNameError(f"sample_unit in {place}", values["sample_unit"], UNITS, SEE)
    if values["verdict"] not in (Verdict.STEADY, Verdict.AVERAGE):
        raise UnknownNameError(f"verdict in {place}", values["verdict"], (Verdict.STEADY, Verdict.AVERAGE), SEE)
    if "precision" in values and values["precision"] not in map(str, Precision):
        raise UnknownNameError(f"precision in {place}", values["precision"], map(str, Precision), SEE)
    if "gpu" in values:
        try:
            chosen = choose_gpus_only(values["gpu"], NO_PROCESSOR).gpus
        except UsageError as error:
            raise UsageError(f"{place}: {error}") from error
        if len(chosen) > 1:
            raise UsageError(f"{place}: {values['gpu']} may be {', '.join(chosen)}. Name one of them.")
        values["gpu"] = chosen[0]


def _literal(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=True)
    return repr(value)
