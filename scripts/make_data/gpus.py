"""`gpus.csv`, the data sheets, and `gpu_aliases.csv`, the spellings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from planner.hardware.gpus import normalised
from planner.model.records import Gpu
from scripts.make_data.aliases import NAMED, aliases_by_rule
from scripts.make_data.tables import COMPILED_ON, cells, number, read_table, whole, write_table

GPU_COLUMNS = (
    "name", "display_name", "vendor", "architecture", "compute_capability", "release_date", "form_factor",
    "memory_gib", "memory_visible_mib", "memory_type", "has_ecc", "memory_bandwidth_gb_per_s", "cuda_cores",
    "tensor_cores", "fp64_tflops", "fp32_tflops", "tf32_tensor_tflops", "fp16_tensor_tflops", "bf16_tensor_tflops",
    "fp8_tensor_tflops", "int8_tops", "fp16_non_tensor_tflops", "pcie_generation", "interconnect",
    "interconnect_gb_per_s", "tdp_watts", "idle_watts", "launch_price_usd", "units_per_board", "board_tdp_watts",
    "frameworks", "note", "source", "as_of",
)  # fmt: skip
ALIAS_COLUMNS = ("alias", "gpu", "source", "as_of")

# What a buyer or renter must know beyond the figures. Figures in a note are of the same sources as the row.
NOTES = {
    "a100-40gb-pcie": "Same peak as SXM; the lower power limit throttles it.",
    "a100-80gb-pcie": "Same peak as SXM; the lower power limit throttles it.",
    "a10g": "AWS part: 80 SMs and a 300 W cap, not the figures of the A10.",
    "a40": "45 GiB visible with ECC on.",
    "b200-180gb-sxm": "Announced as 192 GB; bandwidth quoted as 7.7 or 8 TB/s, TF32 as 1,100 or 1,125.",
    "b300-288gb-sxm": "FP64 and INT8 were cut in this generation. Power quoted as 1,100 to 1,400 W.",
    "gb200-192gb": "One GPU of a superchip; Grace CPU and a second GPU draw more.",
    "gb300-288gb": "One GPU of a superchip; core count and INT8 rate are uncertain.",
    "gh200-96gb": "The power limit is of the superchip with its CPU; a share of about 700 W for the GPU is assumed.",
    "gtx-1050": "2 GB version; a 3 GB version exists. Too small for most training.",
    "h100-94gb-nvl": "Figures of one card; early data sheets printed those of the pair.",
    "h200-141gb-nvl": "No second source for the tensor rate; set equal to the H100 NVL.",
    "k80": "No 16-bit arithmetic.",
    "l4": "The 72 W cap keeps clocks below boost in training.",
    "m60": "AWS g3 counts one die as one GPU.",
    "mi250": "Software sees two devices of 64 GB; a model must fit one of them.",
    "mi250x": "Software sees two devices of 64 GB; a model must fit one of them.",
    "mi325x": "Announced with 288 GB, shipped with 256 GB.",
    "p100-16gb": "PCIe card, as GCP and Azure rent it.",
    "radeon-pro-v520": "ROCm never supported it: not usable for training frameworks. ECC not verified.",
    "rtx-3060": "12 GB version; an 8 GB version exists.",
    "rtx-3080": "10 GB version; a 12 GB version exists.",
    "rtx-4000-ada": "NVIDIA's sheet prints a lower tensor rate (81.9 TFLOPS dense) than clock and cores give.",
    "rtx-pro-6000-blackwell": "Workstation edition; the server edition has 1,597 GB/s and 400 to 600 W.",
    "t4": "The 70 W cap keeps clocks below boost in training.",
    "t4g": "No data sheet of its own: figures of the T4.",
    "titan-v": "NVIDIA quotes 110 TFLOPS; clock and cores give 119.",
    "v100-16gb": "SXM2 card; the PCIe card of Azure NCv3 has 112 TFLOPS and 250 W.",
    "v100-32gb": "SXM2 card; the PCIe card has 112 TFLOPS and 250 W.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One spelling of one GPU; a short name has one of these per variant."""

    alias: str
    gpu: str
    source: str
    as_of: str = COMPILED_ON


def write_gpus(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write `gpus.csv`."""
    return [write_table(out / "gpus.csv", GPU_COLUMNS, (cells(gpu, GPU_COLUMNS) for gpu in gpus(reference).values()))]


def write_gpu_aliases(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write `gpu_aliases.csv`."""
    rows = (cells(alias, ALIAS_COLUMNS) for alias in gpu_aliases(gpus(reference)))
    return [write_table(out / "gpu_aliases.csv", ALIAS_COLUMNS, rows)]


def gpus(reference: Path) -> dict[str, Gpu]:
    """Every data sheet by key, sorted."""
    rows = read_table(reference / "gpus" / "gpus.csv")
    return {row["gpu"]: _gpu(row) for row in sorted(rows, key=lambda row: row["gpu"])}


def gpu_aliases(known: dict[str, Gpu]) -> list[Alias]:
    """Every spelling of the known GPUs, sorted; a key is never an alias.

    Raises:
        ValueError: the named spellings contradict a key.
    """
    found: dict[tuple[str, str], str] = {}
    for key, gpu in known.items():
        for text, source in aliases_by_rule(gpu):
            found.setdefault((normalised(text), key), source)
    for text, keys, source in NAMED:
        for key in keys.split():
            if key in known:
                found[(normalised(text), key)] = source
    for alias, key in found:
        if alias in known and alias != key:
            raise ValueError(f"alias {alias!r} of {key} is the key of another GPU")
    return [Alias(alias=alias, gpu=key, source=found[alias, key]) for alias, key in sorted(found) if alias != key]


def _gpu(row: dict[str, str]) -> Gpu:
    return Gpu(
        name=row["gpu"],
        display_name=row["display_name"],
        vendor=row["vendor"],
        architecture=row["architecture"],
        compute_capability=row["compute_capability_or_gfx"],
        release_date=row["release_date"] or None,
        form_factor=row["form_factor"],
        memory_gib=float(row["memory_gib"]),
        memory_visible_mib=number(row["memory_visible_mib"]),
        memory_type=row["memory_type"],
        has_ecc=row["ecc"] == "yes",
        memory_bandwidth_gb_per_s=float(row["memory_bandwidth_gbps"]),
        cuda_cores=whole(row["cuda_cores_or_stream_processors"]),
        tensor_cores=whole(row["tensor_cores"]),
        fp64_tflops=number(row["fp64_tflops"]),
        fp32_tflops=number(row["fp32_tflops"]),
        tf32_tensor_tflops=number(row["tf32_tensor_tflops"]),
        fp16_tensor_tflops=number(row["fp16_tensor_tflops"]),
        bf16_tensor_tflops=number(row["bf16_tensor_tflops"]),
        fp8_tensor_tflops=number(row["fp8_tensor_tflops"]),
        int8_tops=number(row["int8_tops"]),
        fp16_non_tensor_tflops=number(row["fp16_tflops_non_tensor"]),
        pcie_generation=whole(row["pcie_gen"]),
        interconnect=row["interconnect"] or None,
        interconnect_gb_per_s=number(row["interconnect_gbps_per_gpu"]),
        tdp_watts=number(row["tdp_watts"]),
        idle_watts=number(row["idle_watts_reported"]),
        launch_price_usd=number(row["launch_price_usd"]),
        units_per_board=int(row["units_per_board"]),
        board_tdp_watts=number(row["board_tdp_watts"]),
        frameworks=row["frameworks"],
        note=_note(row),
        source=row["sources"],
        as_of=COMPILED_ON,
    )


def _note(row: dict[str, str]) -> str:
    parts = []
    if int(row["units_per_board"]) > 1:
        parts.append(f"One of {row['units_per_board']} GPUs on a board of {row['board_tdp_watts']} W.")
    if row["fp16_accumulate_note"].startswith("half-rate"):
        parts.append("Tensor rates are with FP32 accumulation, half of those with FP16 accumulation.")
    if number(row["fp16_tflops_non_tensor"]) is not None and _is_slow_in_fp16(row):
        parts.append("16-bit arithmetic runs at 1/64 rate: train in FP32.")
    if row["gpu"] in NOTES:
        parts.append(NOTES[row["gpu"]])
    return " ".join(parts)


def _is_slow_in_fp16(row: dict[str, str]) -> bool:
    return float(row["fp16_tflops_non_tensor"]) < float(row["fp32_tflops"])
