"""`python -m scripts.fit_ranges`: learn how far implementations lie apart, write `data/throughput/fit/between.json`.

Run it after `scripts.fit_throughput`, or when rows of `data/throughput/between-sources.csv` change. Every implementation is left
out once; it takes about a minute on one core.
"""

from __future__ import annotations

import json

import click

from planner.accuracy.learning.between import learnt_between
from planner.accuracy.learning.leave_out_sources import all_source_errors
from planner.accuracy.learning.left_out import gather
from planner.accuracy.learnt_from import checksums_of_rows
from planner.hardware.gpus import load_gpus
from planner.throughput.learnt import learnt_folder
from planner.throughput.measured import load_benchmarks, source_rows
from planner.work.listed import load_models


@click.command()
def main() -> None:
    """Write between.json."""
    folder = learnt_folder()
    evidence = gather(load_benchmarks(), load_gpus(), {model.name: model for model in load_models()})
    variances = json.loads((folder / "variances.json").read_text(encoding="utf-8"))
    errors = all_source_errors(evidence, variances)
    record = {
        "made_by": "python -m scripts.fit_ranges",
        "rows": len(evidence.rows),
        "source_rows": len(source_rows()),
        "learnt_from": checksums_of_rows(),
        **learnt_between(errors),
    }
    path = folder / "between.json"
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"{path}: {len(errors):,} left-out cells, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
