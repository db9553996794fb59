"""Speed and memory of sweeps, as ratios in one run: python benchmarks/sweep.py [--repeat N].

Each sweep runs in a process of its own, from a cold start: jobs of a hundred models, each of its own length, against every
offer. Prints processor time, its ratio to `python -c "import pandas"`, and peak memory.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from typing import Any

PANDAS = "import pandas"
KINDS = {
    "half": "jobs, half of them with limits",
    "plain": "jobs without limits",
    "refused": "jobs that no offer meets",
}
SWEEPS = (("half", 1_000, 2.0), ("refused", 1_000, 3.0), ("plain", 1_300, 2.0), ("half", 10_000, 8.0))
"""Kind, number of jobs, and the most seconds where pandas is imported in `PANDAS_SECONDS`."""

PANDAS_SECONDS = 0.42
OFFERS = 8_029
"""Offers in the shipped books, retired types left out: 1,300 jobs are ten million pairs."""


def main() -> None:
    """Measure in turns, so that a busy machine slows all alike, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--run", nargs=2, metavar=("KIND", "JOBS"), help="one sweep in this process")
    options = parser.parse_args()
    if options.run:
        _sweep(options.run[0], int(options.run[1]))
        return
    commands = {PANDAS: [sys.executable, "-c", PANDAS]}
    for kind, count, _ in SWEEPS:
        commands[f"{count:,} {KINDS[kind]}"] = [sys.executable, __file__, "--run", kind, str(count)]
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(options.repeat):
        for name, command in commands.items():
            runs[name].append(_run(command))
    seconds = {name: statistics.median(run[0] for run in found) for name, found in runs.items()}
    targets = dict(zip(list(commands)[1:], SWEEPS, strict=True))
    print(f"{options.repeat} runs each: median processor time, peak memory")
    for name, found in runs.items():
        line = f"  {name:<40}{seconds[name]:7.2f} s {max(run[1] for run in found):6.0f} MB"
        if name in targets:
            _, count, most = targets[name]
            ratio, target = seconds[name] / seconds[PANDAS], most / PANDAS_SECONDS
            line += f"   / import pandas {ratio:5.1f} (at most {target:.1f})   {count * OFFERS / seconds[name] / 1e6:5.1f} million pairs a second"
        print(line)


def _sweep(kind: str, count: int) -> None:
    from planner.answers.sweep import estimate_many  # noqa: PLC0415 - what is measured
    from planner.throughput.measured import load_benchmarks  # noqa: PLC0415

    models = sorted({row.model for row in load_benchmarks()})[:100]
    jobs: list[dict[str, Any]] = [
        {"model": models[number % len(models)], "epochs": 1 + number / 7, "samples_per_epoch": 1e6}
        for number in range(count)
    ]
    for number, job in enumerate(jobs):
        if kind == "half" and number % 2:
            job |= {"max_hours": 200.0 + number, "max_usd": 5000.0}
        elif kind == "refused":
            job |= {"max_hours": 0.01}
    estimate_many(jobs)


def _run(command: list[str]) -> tuple[float, float]:
    """Seconds of processor time and peak resident memory in MB of one run."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{command} ended with status {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    main()
