"""Speed and memory of the planner over many offers, as ratios in one run: python benchmarks/estimate.py [--repeat N].

Prints processor time and peak memory of whole commands against `python -c "import pandas"`, over the shipped books and
over copies with every row in ten and in a hundred regions. The first run over new books makes their index; it is
printed apart.
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
from itertools import groupby
from pathlib import Path

from planner.paths import shipped_data_dir
from planner.prices.current import current_snapshots
from planner.prices.snapshots import COLUMNS, read_rows

# what the installed `planner` script runs
PLANNER = [sys.executable, "-c", "from planner.cli import main; main()"]
WORK = ["--model", "resnet50", "--epochs", "90"]
COMMANDS = {
    "estimate": ["estimate", *WORK],
    "estimate --nodes 2": ["estimate", *WORK, "--nodes", "2"],
    "estimate --region us-east-1": ["estimate", *WORK, "--region", "us-east-1"],
    "recommend --deadline 48h": ["recommend", *WORK, "--deadline", "48h"],
    "compare --buy rtx-4090": ["compare", *WORK, "--buy", "rtx-4090", "--jobs-per-month", "4"],
}
SIZES = (1, 10, 100)
PANDAS = "import pandas"


def main() -> None:
    """Measure in turns, so that a busy machine slows all alike, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=9)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as name:
        folders = {size: Path(name) / str(size) for size in SIZES}
        offers = [_write_books(folder, size) for size, folder in folders.items()]
        commands = {(PANDAS, 1): [sys.executable, "-c", "import pandas"]}
        for title, arguments in COMMANDS.items():
            for size, folder in folders.items():
                commands[title, size] = [*PLANNER, *arguments, "--data-dir", str(folder)]
        # warms the file cache and leaves compiled modules and indexes behind, as an installation does
        first = {name: _run(command) for name, command in commands.items()}
        runs: dict[tuple[str, int], list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(repeat):
            for key, command in commands.items():
                runs[key].append(_run(command))
    seconds = {name: statistics.median(run[0] for run in found) for name, found in runs.items()}
    peak_mb = {name: max(run[1] for run in found) for name, found in runs.items()}
    print(f"{offers[0]:,} offers in the shipped books; {repeat} runs each: median processor time, peak memory")
    print(f"  {PANDAS:<30}{1000 * seconds[PANDAS, 1]:16.0f} ms {peak_mb[PANDAS, 1]:6.0f} MB")
    for title in COMMANDS:
        for size in SIZES:
            here = title, size
            print(
                f"  {title:<30}{size:>4} x {1000 * seconds[here]:9.0f} ms {peak_mb[here]:6.0f} MB"
                f"  / import pandas {seconds[here] / seconds[PANDAS, 1]:5.2f}"
                f"  / 1 x {seconds[here] / seconds[title, 1]:5.2f}"
            )
    for size in SIZES:
        took, most = first["estimate", size]
        print(f"  first estimate over new books {size:>4} x {1000 * took:9.0f} ms {most:6.0f} MB")
    print(f"estimate / import pandas:  {seconds['estimate', 1] / seconds[PANDAS, 1]:.2f} (target: at most 0.27)")
    print(f"recommend / import pandas: {seconds['recommend --deadline 48h', 1] / seconds[PANDAS, 1]:.2f} (at most 0.7)")
    print(f"100 x the offers / once:   {seconds['estimate', 100] / seconds['estimate', 1]:.2f} (target: at most 1.5)")
    print(f"peak memory at 100 x:      {peak_mb['estimate', 100]:.0f} MB (target: at most 60)")


def _run(command: list[str]) -> tuple[float, float]:
    """Seconds of processor time and peak resident memory in MB of one run."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{command} ended with status {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _write_books(folder: Path, copies: int) -> int:
    """Copies of the newest shipped books with every row in so many regions, the first as it is; returns the rows written."""
    total = 0
    for snapshot in current_snapshots(shipped_data_dir()):
        path = folder / "prices" / snapshot.provider / f"{snapshot.stem}T235959.csv"
        path.parent.mkdir(parents=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            # type by type: the memory of this process counts as that of the commands it starts
            for _, rows in groupby(read_rows(snapshot), key=lambda row: row[:3]):
                more = [[*row[:3], _named(row[3], copy), *row[4:]] for row in rows for copy in range(copies)]
                total += len(more)
                writer.writerows(sorted(more, key=lambda row: row[3:6]))
        sidecar = json.loads(snapshot.path.with_suffix(".json").read_text(encoding="utf-8"))
        sidecar["rows"] *= copies
        with path.open("rb") as body:
            sidecar["sha256"] = hashlib.file_digest(body, "sha256").hexdigest()
        path.with_suffix(".json").write_text(json.dumps(sidecar), encoding="utf-8")
    return total


def _named(region: str, copy: int) -> str:
    return f"{region}-{copy}" if copy else region


if __name__ == "__main__":
    main()
