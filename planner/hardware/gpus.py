"""GPUs by name: the table of specifications and the many spellings people and clouds use."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from planner.errors import DataError, UnknownNameError, UsageError
from planner.model.records import Gpu
from planner.paths import shipped_data_dir


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuChoice:
    """What one `--gpu` text selects: all GPUs it may mean, and how many of them (`None`: any number)."""

    text: str
    gpus: tuple[str, ...]
    count: float | None


def choose_gpus(text: str) -> GpuChoice:
    """The GPUs and the count that a person means by `A100`, `H100:8`, `"RTX 4090"` or `nvidia-tesla-t4`.

    Raises:
        UnknownNameError: no GPU goes by that name.
        UsageError: the part after the colon is not a positive number.
    """
    name, colon, count_text = text.partition(":")
    return GpuChoice(text=text, gpus=resolve_gpu(name), count=_count(text, count_text) if colon else None)


def resolve_gpu(name: str) -> tuple[str, ...]:
    """Canonical keys that a spelling stands for, sorted; more than one where a short name covers several variants.

    Raises:
        UnknownNameError: no GPU goes by that name; the message offers close matches.
    """
    key = normalised(name)
    if key in load_gpus():
        return (key,)
    aliases = load_aliases()
    if key in aliases:
        return aliases[key]
    raise UnknownNameError("GPU", name, [*load_gpus(), *aliases], "planner gpus")


def normalised(name: str) -> str:
    """Lower case, every run of other characters than letters and digits as one dash: `RTX 4090` is `rtx-4090`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


@cache
def load_gpus() -> Mapping[str, Gpu]:
    """Every GPU of the shipped table by its key, in the order of the file."""
    path = shipped_data_dir() / "gpus.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        try:
            return {row["name"]: _gpu(row) for row in reader}
        except (KeyError, ValueError) as error:
            raise DataError(f"{path}, line {reader.line_num}: {error!r}. Reinstall gpu-cost-planner.") from error


@cache
def load_aliases() -> Mapping[str, tuple[str, ...]]:
    """Keys each alias stands for, sorted, by normalised alias."""
    path = shipped_data_dir() / "gpu_aliases.csv"
    found: dict[str, set[str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["alias"], set()).add(row["gpu"])
    return {alias: tuple(sorted(keys)) for alias, keys in found.items()}


def _count(text: str, count_text: str) -> float:
    try:
        count = float(count_text)
    except ValueError:
        count = -1.0
    if not 0 < count <= 100_000:
        raise UsageError(f"{text!r}: {count_text!r} is not a number of GPUs. Write for example A100:8.")
    return count


def _gpu(row: dict[str, str]) -> Gpu:
    return Gpu(
        name=row["name"],
        display_name=row["display_name"],
        vendor=row["vendor"],
        architecture=row["architecture"],
        compute_capability=row["compute_capability"],
        release_date=row["release_date"] or None,
        form_factor=row["form_factor"],
        memory_gib=float(row["memory_gib"]),
        memory_visible_mib=_number(row["memory_visible_mib"]),
        memory_type=row["memory_type"],
        has_ecc=row["has_ecc"] == "yes",
        memory_bandwidth_gb_per_s=float(row["memory_bandwidth_gb_per_s"]),
        cuda_cores=_whole(row["cuda_cores"]),
        tensor_cores=_whole(row["tensor_cores"]),
        fp64_tflops=_number(row["fp64_tflops"]),
        fp32_tflops=_number(row["fp32_tflops"]),
        tf32_tensor_tflops=_number(row["tf32_tensor_tflops"]),
        fp16_tensor_tflops=_number(row["fp16_tensor_tflops"]),
        bf16_tensor_tflops=_number(row["bf16_tensor_tflops"]),
        fp8_tensor_tflops=_number(row["fp8_tensor_tflops"]),
        int8_tops=_number(row["int8_tops"]),
        fp16_non_tensor_tflops=_number(row["fp16_non_tensor_tflops"]),
        pcie_generation=_whole(row["pcie_generation"]),
        interconnect=row["interconnect"] or None,
        interconnect_gb_per_s=_number(row["interconnect_gb_per_s"]),
        tdp_watts=_number(row["tdp_watts"]),
        idle_watts=_number(row["idle_watts"]),
        launch_price_usd=_number(row["launch_price_usd"]),
        units_per_board=int(row["units_per_board"]),
        board_tdp_watts=_number(row["board_tdp_watts"]),
        frameworks=row["frameworks"],
        note=row["note"],
        source=row["source"],
        as_of=row["as_of"],
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


def _whole(text: str) -> int | None:
    return int(text) if text else None
