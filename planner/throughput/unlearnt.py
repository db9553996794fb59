"""GPUs that nothing was learnt of yet: rows of `data/gpus.csv` that the learnt files lack, and those that no row of it has.

Each is planned as a mixture of the known GPUs, by data sheet (simple kriging, as in `arithmetic`):

    value = sum of share x value of each known GPU,   shares = (K + noise)^-1 k
    k(a, b) = level + slope x (a . b) + likeness x exp(-|a - b|^2 / (2 radius^2))

where a and b are natural logarithms of the figures of two data sheets. Its deviations are those of the most uncertain
GPU of its maker that was never measured, joined with what the mixture itself may be off.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from planner.errors import NoThroughputError
from planner.hardware.gpus import load_gpus
from planner.model.records import Gpu, Precision
from planner.throughput.linear import dot, solve
from planner.throughput.links import link_gb_per_s
from planner.throughput.precision import WIDTHS, peak_tflops

Record = dict[str, Any]

STAND_IN_DEVIATION = 0.12
"""Of a log rate. Each GPU of the fit as a mixture of the others is off by 0.08 in the root mean square, those that were
measured by 0.10."""
STAND_IN_SCALING_DEVIATION = 0.43
"""Of eta, found likewise."""
LINK = "link"
"""In place of a number format: that of mixed precision, and the connection between GPUs counts too."""

_LEVEL, _SLOPE, _LIKENESS, _RADIUS, _NOISE = 100.0, 0.3, 0.1, 1.2, 0.01
_USUAL = (1000.0, 30.0, 32.0, 300.0, 150.0, 64.0)
"""Bandwidth, FP32 rate, memory, power, rate of the format and link of a GPU in the middle of the table."""


def with_unlearnt_gpus(fit: Record, names: Sequence[str]) -> Record:
    """The content of `fit.json` with GPUs that it lacks at the end of its lists."""
    known = tuple(fit["gpus"])
    for name in names:
        alike = _never_measured_alike(name, known, fit["measured_gpus"])
        fit["gpus"].append(name)
        for table, by_count in fit["scaling"].items():
            if table.startswith("eta"):
                _append_mixtures(by_count, name, known, LINK)
            elif table.startswith("deviation"):
                _append_widest(by_count, alike, STAND_IN_SCALING_DEVIATION)
    return fit


def script_with_unlearnt_gpus(script: Record, fit: Mapping[str, Any]) -> Record:
    """A line of `scripts.jsonl` with all GPUs of the completed `fit.json`."""
    known = tuple(fit["gpus"][: len(script["software"])])
    for name in fit["gpus"][len(known) :]:
        alike = _never_measured_alike(name, known, fit["measured_gpus"])
        script["software"].append("")
        for width, means in script["mean"].items():
            _append_mixtures({width: means}, name, known, width)
        _append_widest(script["deviation"], alike, STAND_IN_DEVIATION)
        _append_mixtures(script["eta"], name, known, LINK)
        _append_widest(script["eta_deviation"], alike, STAND_IN_SCALING_DEVIATION)
    return script


def carry_with_unlearnt_gpus(line: Record, fit: Mapping[str, Any]) -> Record:
    """A line of `carry.jsonl` with all GPUs of the completed `fit.json`, each in the number formats that it has."""
    places = {place: index for index, place in enumerate(line["places"])}
    for width in WIDTHS:
        known = tuple(name for name in fit["gpus"] if f"{name}|{width}" in places and name in load_gpus())
        rows = [places[f"{name}|{width}"] for name in known]
        for name in fit["gpus"]:
            if name in known or name not in load_gpus() or _peak(load_gpus()[name], width) is None:
                continue
            share = shares(name, width, known)
            alike = _never_measured_alike(name, known, fit["measured_gpus"])
            line["places"].append(f"{name}|{width}")
            line["mean"].append(dot(share, [line["mean"][row] for row in rows]))
            factors = zip(*(line["factors"][row] for row in rows), strict=True)
            line["factors"].append([dot(share, factor) for factor in factors])
            line["own"].append(max(line["own"][rows[index]] for index in alike) + STAND_IN_DEVIATION**2)
    return line


@lru_cache(maxsize=2048)
def shares(name: str, width: str, known: tuple[str, ...]) -> list[float]:
    """The weight of each known GPU in the mixture that stands for a GPU; they add up to about 1."""
    wanted = _figures(load_gpus()[name], width)
    stated = [index for index, figure in enumerate(wanted) if figure]
    place, *places = (_place(_figures(load_gpus()[one], width), stated) for one in (name, *known))
    matrix = [[_likeness(one, two) + (_NOISE if one is two else 0.0) for two in places] for one in places]
    return [row[0] for row in solve(matrix, [[_likeness(one, place)] for one in places])]


def _append_mixtures(lists: Mapping[str, list[float | None]], name: str, known: Sequence[str], width: str) -> None:
    for values in lists.values():
        # GPUs added before this one stand behind those that are known
        pairs = zip(known, values, strict=False)
        there = {one: value for one, value in pairs if value is not None and one in load_gpus()}
        has_format = _peak(load_gpus()[name], width) is not None
        values.append(dot(shares(name, width, tuple(there)), list(there.values())) if has_format else None)


def _append_widest(lists: Mapping[str, list[float | None]], alike: Sequence[int], stand_in: float) -> None:
    for values in lists.values():
        values.append(math.hypot(max(values[index] or 0.0 for index in alike), stand_in))


def _never_measured_alike(name: str, known: Sequence[str], measured: Sequence[str]) -> list[int]:
    """Indices of known GPUs of the same maker that were never measured; of any maker if that one has none."""
    new = [index for index, one in enumerate(known) if one not in measured and one in load_gpus()]
    vendor = load_gpus()[name].vendor
    return [index for index in new if load_gpus()[known[index]].vendor == vendor] or new


def _figures(gpu: Gpu, width: str) -> tuple[float | None, ...]:
    link = link_gb_per_s(gpu) if width == LINK else None
    rate = _peak(gpu, width)
    return (gpu.memory_bandwidth_gb_per_s, gpu.fp32_tflops, gpu.memory_gib, gpu.tdp_watts, rate, link)


def _peak(gpu: Gpu, width: str) -> float | None:
    try:
        return peak_tflops(gpu, WIDTHS.get(width, Precision.AMP))
    except NoThroughputError:
        return None


def _place(figures: Sequence[float | None], stated: Sequence[int]) -> list[float]:
    return [math.log((figures[index] or _USUAL[index]) / _USUAL[index]) for index in stated]


def _likeness(one: Sequence[float], two: Sequence[float]) -> float:
    return _LEVEL + _SLOPE * dot(one, two) + _LIKENESS * math.exp(-(math.dist(one, two) ** 2) / (2 * _RADIUS**2))
