"""The small files that `scripts/fit_throughput.py` writes, read as needed. Lists follow the order of `gpu_index`.

GPUs that were added to `data/gpus.csv` since stand at their ends, by data sheet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from planner.errors import DataError
from planner.hardware.gpus import load_gpus
from planner.paths import shipped_data_dir

Record = dict[str, Any]


@cache
def load_learnt() -> Record:
    """`fit.json`: quantiles of the ranges, scaling of new models, the effect of batch size and of a network."""
    fit = _parsed(learnt_folder() / "fit.json", (learnt_folder() / "fit.json").read_text(encoding="utf-8"))
    added = [name for name in load_gpus() if name not in set(fit["gpus"])]
    if not added:
        return fit
    from planner.throughput.unlearnt import with_unlearnt_gpus  # noqa: PLC0415 - the shipped fit knows every GPU

    return with_unlearnt_gpus(fit, added)


@cache
def learnt_of_script(script: str) -> Record | None:
    """What was learnt of one script on every GPU; `None` for scripts measured on one or two GPUs only."""
    found = _line("scripts.jsonl", f'{{"script": {json.dumps(script)}, ')
    if found is None or len(found["software"]) == len(load_learnt()["gpus"]):
        return found
    from planner.throughput.unlearnt import script_with_unlearnt_gpus  # noqa: PLC0415 - as above

    return script_with_unlearnt_gpus(found, load_learnt())


@cache
def learnt_of_class(task_class: str) -> Record:
    """What was learnt of one class of tasks: how its models respond to each GPU, with the batches that they are trained at there."""
    return _response("carry.jsonl", task_class)


@cache
def learnt_at_equal_batches(task_class: str) -> Record:
    """What was learnt of one class of tasks: how its models respond to each GPU at the same batch everywhere."""
    return _response("carry_equal_batches.jsonl", task_class)


def _response(name: str, task_class: str) -> Record:
    found = _line(name, f'{{"class": {json.dumps(task_class)}, ')
    if found is None:
        raise DataError(f"{learnt_folder() / name} has no line for {task_class!r}. Run scripts/fit_throughput.py.")
    if len({place.partition("|")[0] for place in found["places"]}) == len(load_learnt()["gpus"]):
        return found
    from planner.throughput.unlearnt import carry_with_unlearnt_gpus  # noqa: PLC0415 - as above

    return carry_with_unlearnt_gpus(found, load_learnt())


@cache
def load_between() -> Record:
    """`between.json`: how far implementations lie apart, by class, and the ratios of number formats within one."""
    path = learnt_folder() / "between.json"
    return _parsed(path, path.read_text(encoding="utf-8"))


@cache
def gpu_index() -> Mapping[str, int]:
    """The place of each GPU in the lists of the learnt files."""
    return {name: index for index, name in enumerate(load_learnt()["gpus"])}


def learnt_folder() -> Path:
    """The folder of the learnt files."""
    return shipped_data_dir() / "throughput" / "fit"


def _line(name: str, start: str) -> Record | None:
    # only the line that is asked for is parsed
    path = learnt_folder() / name
    with path.open(encoding="utf-8") as file:
        text = next((line for line in file if line.startswith(start)), None)
    return None if text is None else _parsed(path, text)


def _parsed(path: Path, text: str) -> Record:
    try:
        found: Record = json.loads(text)
    except ValueError as error:
        raise DataError(f"{path}: {error}. Reinstall gpu-cost-planner.") from error
    return found
