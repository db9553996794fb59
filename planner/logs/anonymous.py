"""A run as a row of the project's tables: nothing of the machine it ran on, nor of its owner."""

from __future__ import annotations

import csv
import io

from planner.errors import UsageError, named
from planner.logs.calibration import CalibratedRun
from planner.logs.records import Verdict

COLUMNS = (
    "model", "framework", "software", "gpu", "gpu_count", "precision", "batch_size_per_gpu", "input_size", "samples_per_second",
    "low", "high", "machines", "sample_unit", "as_of", "source",
)  # fmt: skip
FRAMEWORKS = (("keras", "tensorflow2"), ("mxnet", "mxnet"), ("paddle", "paddlepaddle"), ("maxtext", "jax"))
"""Formats that one framework alone writes; all others are of PyTorch mostly."""


def anonymous_row(run: CalibratedRun, kind: str, *, software: str | None, input_size: int | None) -> str:
    """A header and the row of the run as CSV, in the columns of `data/throughput/answers-only/`.

    Raises:
        UsageError: it is no steady run, or something is missing that a row must say.
    """
    if run.verdict is not Verdict.STEADY:
        raise UsageError("Only a steady run makes a row; this one is an average over all that it did.")
    needed = {
        "model": run.model, "gpu": run.gpu, "gpu_count": run.gpu_count, "precision": run.precision, "batch_size": run.batch_size, "software": software,
    }  # fmt: skip
    missing = [name for name, value in needed.items() if value is None]
    missing += ["batch_size"] if run.sample_unit in ("step", "epoch") and "batch_size" not in missing else []
    if missing:
        raise UsageError(
            "A row must say what is missing here: give {missing}.", argument=missing[0], missing=named(*missing)
        )
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerow(
        (
            run.model,
            next((name for word, name in FRAMEWORKS if word in kind.lower()), "pytorch"),
            software,
            run.gpu,
            run.gpu_count,
            run.precision,
            f"{run.batch_size:g}",
            "" if input_size is None else input_size,
            f"{run.samples_per_second:.6g}",
            f"{run.low:.6g}",
            f"{run.high:.6g}",
            1,
            run.sample_unit,
            run.measured_on or "",
            f"own run of a user, read from its log ({_family(kind)}), steady pace",
        )
    )
    return text.getvalue()


def _family(kind: str) -> str:
    """The name of the format alone: names of columns and tags are the user's own."""
    return kind.partition(",")[0]
