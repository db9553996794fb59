"""Speed and memory of `planner estimate`, as ratios in one run: python benchmarks/estimate.py [--repeat N].

Prints the whole command against `python -c "import pandas"`, its peak memory, and what ten times the offers cost.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from planner.paths import shipped_data_dir
from planner.prices.current import current_snapshots
from planner.prices.snapshots import COLUMNS, read_rows

# what the installed `planner` script runs
PLANNER = [sys.executable, "-c", "from planner.cli import main; main()"]
ESTIMATE = [*PLANNER, "estimate", "--model", "resnet50", "--epochs", "90"]
PANDAS = [sys.executable, "-c", "import pandas"]


def main() -> None:
    """Measure in turns, so that a busy machine slows both sides alike, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=15)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as folder:
        tenfold = Path(folder)
        offers = _write_tenfold(tenfold)
        commands = {
            "import pandas": PANDAS,
            "planner estimate": ESTIMATE,
            "planner estimate, 10 x the offers": [*ESTIMATE, "--data-dir", str(tenfold)],
        }
        for command in commands.values():
            _run(command)  # warms the file cache and leaves compiled modules behind, as an installation does
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(repeat):
            for name, command in commands.items():
                runs[name].append(_run(command))
    seconds = {name: statistics.median(run[0] for run in found) for name, found in runs.items()}
    peak_mb = {name: max(run[1] for run in found) for name, found in runs.items()}
    print(f"{offers:,} offers in the shipped books; {repeat} runs each, median wall time, peak memory")
    for name in commands:
        print(f"  {name:<36} {1000 * seconds[name]:6.0f} ms   {peak_mb[name]:5.1f} MB")
    estimate = seconds["planner estimate"]
    print(f"estimate / import pandas: {estimate / seconds['import pandas']:.2f} (target: at most 0.40)")
    print(
        f"10 x the offers / once:   {seconds['planner estimate, 10 x the offers'] / estimate:.2f} (target: at most 4)"
    )
    print(f"peak memory:              {peak_mb['planner estimate']:.0f} MB (target: at most 60)")


def _run(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak resident memory in MB of one run."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"{command} ended with status {status}")
    return elapsed, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _write_tenfold(folder: Path) -> int:
    """Copies of the newest shipped books with every row in ten regions; returns the number of rows shipped."""
    total = 0
    for snapshot in current_snapshots(shipped_data_dir()):
        rows = list(read_rows(snapshot))
        total += len(rows)
        path = folder / "prices" / snapshot.provider / f"{snapshot.stem}T235959.csv"
        path.parent.mkdir(parents=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows([*row[:3], f"{row[3]}-{copy}", *row[4:]] for row in rows for copy in range(10))
        sidecar = json.loads(snapshot.path.with_suffix(".json").read_text(encoding="utf-8"))
        sidecar["rows"] = 10 * len(rows)
        sidecar["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        path.with_suffix(".json").write_text(json.dumps(sidecar), encoding="utf-8")
    return total


if __name__ == "__main__":
    main()
