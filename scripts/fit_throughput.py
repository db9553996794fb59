"""`python -m scripts.fit_throughput [--keep-variances]`: learn from the measured rows, write `data/throughput/fit/`.

Run it after the benchmark rows, the model figures or the GPU data sheets change; it takes about ten minutes on one core.
`--keep-variances` only conditions on the rows again under the variances already learnt: seconds, for small changes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from planner.accuracy.learning import level, publish, scaling, transfer
from planner.accuracy.learning.implementations import implementations
from planner.accuracy.learning.leave_out import all_left_out
from planner.accuracy.learning.left_out import Evidence, gather
from planner.accuracy.learning.response import response_posterior
from planner.accuracy.learnt_from import checksums_of_rows
from planner.hardware.gpus import load_gpus
from planner.paths import shipped_data_dir
from planner.throughput.measured import load_benchmarks
from planner.work.listed import load_models

FOLDS = 6
DIGITS = 6


@click.command()
@click.option("--keep-variances", is_flag=True, help="Use the variances of variances.json as they are.")
def main(*, keep_variances: bool) -> None:
    """Write every file of data/throughput/fit."""
    folder = shipped_data_dir() / "throughput" / "fit"
    folder.mkdir(exist_ok=True)
    evidence = gather(load_benchmarks(), load_gpus(), {model.name: model for model in load_models()})
    path = folder / "variances.json"
    if keep_variances:
        variances = json.loads(path.read_text(encoding="utf-8"))
    else:
        variances = {"learnt_from": checksums_of_rows(), **learn(evidence)}
        _write(path, variances, indent=1)
    left_out = all_left_out(evidence, variances)
    fitted = transfer.posterior(evidence.points, evidence.gpus, variances["transfer"]["all"])
    scaled = scaling.scaling_posterior(evidence.scaled, evidence.gpus, variances["scaling"]["all"])
    _write_lines(folder / "scripts.jsonl", publish.script_lines(fitted, scaled, evidence))
    exponent = publish.batch_law(evidence.rows)["median"]
    for name, batch_exponent in (("carry.jsonl", None), ("carry_equal_batches.jsonl", exponent)):
        response = response_posterior(implementations(evidence), evidence.gpus, batch_exponent)
        _write_lines(folder / name, publish.carry_lines(response))
    _write(folder / "arithmetic.json", level.arithmetic_record(evidence.networks, variances["level"]["all"]))
    fit = publish.fit_record(evidence, scaled, left_out)
    _write(folder / "fit.json", {"learnt_from": checksums_of_rows(), **fit})


def learn(evidence: Evidence) -> dict[str, Any]:
    """Variances from all rows, and from all but those of each group of GPUs or models: for predicting what is left out."""
    gpus = evidence.gpus
    transfer_all = _timed("transfer", lambda: transfer.learn_variances(evidence.points, gpus))
    scaling_all = _timed("scaling", lambda: scaling.learn_variances(evidence.scaled, gpus))
    gpu_folds = _folds(sorted({point.gpu for point in (*evidence.points, *evidence.scaled)}))
    model_folds = _folds(sorted({point.model for point in evidence.points}))
    return {
        "transfer": {
            "all": _rounded(transfer_all),
            "gpu_folds": [
                _fold(names, evidence.points, "gpu", lambda kept: transfer.learn_variances(kept, gpus, transfer_all))
                for names in gpu_folds
            ],
            "model_folds": [
                _fold(names, evidence.points, "model", lambda kept: transfer.learn_variances(kept, gpus, transfer_all))
                for names in model_folds
            ],
        },
        "scaling": {
            "all": _rounded(scaling_all),
            "gpu_folds": [
                _fold(names, evidence.scaled, "gpu", lambda kept: scaling.learn_variances(kept, gpus, scaling_all))
                for names in gpu_folds
            ],
        },
        "level": {
            "all": level.learn_level(evidence.networks),
            "folds": [level.learn_level(evidence.networks[number::2]) for number in (0, 1)],
        },
    }


def _folds(names: Sequence[str]) -> list[list[str]]:
    return [list(names[number::FOLDS]) for number in range(FOLDS)]


def _fold(
    names: Sequence[str], points: Sequence[Any], field: str, fit: Callable[[Sequence[Any]], Mapping[str, float]]
) -> dict[str, Any]:
    kept = [point for point in points if getattr(point, field) not in names]
    return {"without": list(names), "variances": _rounded(_timed(f"without {', '.join(names)}", lambda: fit(kept)))}


def _rounded(variances: Mapping[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.4g}") for name, value in variances.items()}


def _timed(what: str, make: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    made = make()
    print(f"{what}: {time.perf_counter() - started:.1f} s", flush=True)
    return made


def _write(path: Path, record: Any, indent: int | None = None) -> None:
    path.write_text(json.dumps(record, indent=indent) + "\n", encoding="utf-8")
    print(f"{path}: {path.stat().st_size:,} bytes")


def _write_lines(path: Path, records: Sequence[Any]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    print(f"{path}: {len(records)} lines, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
