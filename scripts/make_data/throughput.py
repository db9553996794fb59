"""`throughput/*.csv`: measured training throughput, one row per cell; what fails a check goes to `set-aside.csv`."""

from __future__ import annotations

import re
import statistics
from pathlib import Path
from typing import NamedTuple

from planner.accuracy.row_checks import failed_checks
from planner.model.records import Benchmark, Precision
from scripts.make_data.gpus import gpus
from scripts.make_data.models import canonical_model, datasets, models
from scripts.make_data.tables import cells, read_table, whole, write_table

COLUMNS = (
    "model", "framework", "software", "gpu", "gpu_count", "precision", "batch_size_per_gpu", "input_size",
    "samples_per_second", "low", "high", "machines", "sample_unit", "as_of", "source",
)  # fmt: skip
FILES = {
    "huggingface/pytorch-image-models": "timm.csv",
    "lambdal/deeplearning-benchmark": "lambda.csv",
    "mosaicml/llm-foundry": "llm-foundry.csv",
    "NVIDIA/DeepLearningExamples": "nvidia.csv",
}
SIGNIFICANT_DIGITS = 7  # more than any source can mean; keeps the mean of two middle machines short


class Cell(NamedTuple):
    """What one measurement is of; repeats share it."""

    model: str
    framework: str
    software: str
    gpu: str
    gpu_count: int
    precision: Precision
    batch_size_per_gpu: int | None
    input_size: int | None


def write_throughput(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write one file per source and `set-aside.csv`."""
    kept, set_aside = benchmarks(reference)
    folder = out / "throughput"
    written = []
    for repository, name in sorted(FILES.items(), key=lambda item: item[1]):
        mine = [benchmark for benchmark in kept if benchmark.source.startswith(repository)]
        written.append(write_table(folder / name, COLUMNS, (cells(row, COLUMNS) for row in sorted(mine, key=_order))))
    doubted = sorted(set_aside, key=lambda pair: (*_order(pair[0]), pair[0].source))
    rows = ([*cells(row, COLUMNS), reason] for row, reason in doubted)
    written.append(write_table(folder / "set-aside.csv", (*COLUMNS, "reason"), rows))
    return written


def benchmarks(reference: Path) -> tuple[list[Benchmark], list[tuple[Benchmark, str]]]:
    """The rows to ship, and the rows to set aside with the reason; one row per cell and source."""
    known = gpus(reference)
    made, set_aside = _measured(reference)
    set_aside += [(row, "GPU has no data sheet row") for row in made if row.gpu not in known]
    made = [row for row in made if row.gpu in known]
    failed = failed_checks(
        made,
        gpus=known,
        models={model.name: model for model in models(reference)},
        datasets={dataset.name: dataset for dataset in datasets(reference)},
    )
    return [row for row in made if row not in failed], [*set_aside, *failed.items()]


def _measured(reference: Path) -> tuple[list[Benchmark], list[tuple[Benchmark, str]]]:
    repeats: dict[tuple[str, Cell], list[dict[str, str]]] = {}
    set_aside = []
    for row in read_table(reference / "throughput" / "training-throughput.csv"):
        if "accuracy" in row["source"].lower():
            set_aside.append((_benchmark(_cell(row), [row]), "rate seen in an accuracy run, not in a throughput run"))
        else:
            repeats.setdefault((_repository(row), _cell(row)), []).append(row)
    return [_benchmark(cell, rows) for (_, cell), rows in repeats.items()], set_aside


def _cell(row: dict[str, str]) -> Cell:
    return Cell(
        model=canonical_model(row["model"]),
        framework=row["framework"],
        software=_software(row),
        gpu=row["gpu"],
        gpu_count=int(row["gpu_count"]),
        precision=Precision(row["precision"]),
        batch_size_per_gpu=whole(row["batch_size_per_gpu"]),
        input_size=_input_size(row["sequence_length_or_image_size"]),
    )


def _software(row: dict[str, str]) -> str:
    """One spelling per generation: the framework's name is not repeated, and empty means that no source states it."""
    text = row["software"]
    if _repository(row) == "mosaicml/llm-foundry":
        mode = text.rsplit(" ", 1)[1]
        checkpointing = " activation checkpointing" if "checkpointing True" in text else ""
        return f"FSDP FULL_SHARD{checkpointing} {mode}"
    if _repository(row) == "NVIDIA/DeepLearningExamples":
        release = re.search(r"NGC (\d\d\.\d\d)", text)
        compiler = re.search(r"XLA=(Yes|No)", row["source"])
        parts = [f"NGC {release[1]}"] if release else []
        parts += [{"Yes": "XLA", "No": "no XLA"}[compiler[1]]] if compiler else []
        return " ".join(parts)
    return text


def _input_size(text: str) -> int | None:
    """Pixels or tokens; the short side of a rectangle, `None` for lengths that vary within a run."""
    rectangle = re.fullmatch(r"(\d{3,})-(\d{3,})", text)
    if rectangle:
        return int(rectangle[1])
    return int(text) if text.isdigit() else None


def _benchmark(cell: Cell, rows: list[dict[str, str]]) -> Benchmark:
    rates = [float(row["throughput"]) for row in rows]
    return Benchmark(
        **cell._asdict(),
        samples_per_second=_rounded(statistics.median(rates)),
        low=_rounded(min(rates)),
        high=_rounded(max(rates)),
        machines=len({_machine(row) for row in rows}),
        sample_unit=rows[0]["unit"].removesuffix("s/s").replace("-", " "),
        as_of=max(row["as_of"] for row in rows),
        source=_source(rows),
    )


def _rounded(rate: float) -> float:
    return float(f"{rate:.{SIGNIFICANT_DIGITS}g}")


def _repository(row: dict[str, str]) -> str:
    return row["source"].split(":")[0]


def _place(row: dict[str, str]) -> str:
    return row["source"].split(" (")[0]


def _machine(row: dict[str, str]) -> str:
    """The folder of a machine's logs, or the table of one."""
    return _place(row).rpartition("/")[0] if _repository(row) == "lambdal/deeplearning-benchmark" else row["source"]


def _source(rows: list[dict[str, str]]) -> str:
    """Repository, path and what the figure was taken from there."""
    first = min(rows, key=lambda row: row["source"])
    detail = re.search(r" \((.*)\)$", first["source"])
    heading = detail[1].split("; micro-batch")[0] if detail else ""
    if _repository(first) == "lambdal/deeplearning-benchmark":
        return _source_of_runs(rows)
    if len(rows) > 1:
        return f"{_place(first)} ({len(rows)} tables)"
    return f"{_place(first)} ({heading})" if heading else _place(first)


def _source_of_runs(rows: list[dict[str, str]]) -> str:
    runs = sum(int(row["source"].rpartition(" (")[2].split(" ")[0]) for row in rows)
    machines = sorted({_machine(row) for row in rows})
    repository = _repository(rows[0])
    folders = machines if len(machines) == 1 else sorted({machine.rpartition("/")[0] for machine in machines})
    where = " and ".join(folder.removeprefix(f"{repository}:") for folder in folders)
    count = f"{runs} run{'s' if runs > 1 else ''}"
    if len(machines) > 1:
        count = f"{len(machines)} machines, {count}"
    corrected = sum("corrected" in row["source"] for row in rows)
    note = f"; {corrected} corrected to the steps that were run" if corrected else ""
    return f"{repository}:{where} ({count}{note})"


def _order(row: Benchmark) -> tuple[object, ...]:
    return (
        row.model,
        row.framework,
        row.software,
        row.gpu,
        row.gpu_count,
        row.precision,
        row.batch_size_per_gpu or 0,
        row.input_size or 0,
    )
