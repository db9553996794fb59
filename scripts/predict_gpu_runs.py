"""Writes what the planner says of every run of `scripts/gpu_runs.py` on one H100, before anybody has run it.

    python -m scripts.predict_gpu_runs --output predicted.csv

Each row names the commit that predicted it, so that what was predicted and what was measured can be told apart later.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from planner.accuracy.own_runs import OwnRun, predicted_memory_gib, predicted_rate
from planner.errors import NoThroughputError
from scripts.gpu_runs import Run, listed_runs

GPU = "h100-80gb-sxm"


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    asked = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    named = {"source": f"planner at commit {commit}, before any run", "as_of": datetime.now(UTC).date().isoformat()}
    rows = [_row(one) | named for one in listed_runs()]
    with asked.output.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _row(one: Run) -> dict[str, object]:
    run = OwnRun(
        kind=one.kind,
        model=one.model,
        method=one.method,
        gpu=GPU,
        precision=one.precision,
        batch_size=one.batch,
        size=one.size,
        recompute="full" if "recompute" in one.options else "none",
    )
    said = dict.fromkeys(("per_second", "low", "high", "basis", "memory_gib", "reason"), "")
    try:
        rate = predicted_rate(run)
        said |= {
            "per_second": f"{rate.samples_per_second:.6g}",
            "low": f"{rate.low:.6g}",
            "high": f"{rate.high:.6g}",
            "basis": str(rate.basis),
        }
    except NoThroughputError as error:
        said["reason"] = str(error)
    memory = predicted_memory_gib(run)
    if memory is not None:
        said["memory_gib"] = f"{memory:.3f}"
    options = " ".join(sorted(one.options))
    return {
        "model": one.model, "kind": one.kind, "method": one.method, "gpu": GPU, "precision": one.precision,
        "batch_size": one.batch, "size": one.size, "options": options, **said,
    }  # fmt: skip


if __name__ == "__main__":
    main()
