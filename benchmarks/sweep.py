"""Speed and memory of a sweep: python benchmarks/sweep.py [--jobs N]. Prints pairs, seconds, peak memory."""

from __future__ import annotations

import argparse
import resource
import sys
import time

from planner.answers.columns import Columns
from planner.answers.sweep import estimate_many
from planner.throughput.measured import load_benchmarks


def main() -> None:
    """Plan that many different jobs of a hundred models against every offer, from a cold start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1300)
    count = parser.parse_args().jobs
    models = sorted({row.model for row in load_benchmarks()})[:100]
    jobs = [
        {"model": models[number % len(models)], "epochs": 1 + number / 7, "samples_per_epoch": 1e6}
        for number in range(count)
    ]
    start = time.perf_counter()
    frame = estimate_many(jobs)
    seconds = time.perf_counter() - start
    offers = len(Columns(data_dir=None, as_of=None, price_book=None).offers)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    failed = int((frame["error"] != "").sum())
    print(f"{count:,} jobs x {offers:,} offers = {count * offers:,} pairs, {failed} jobs without an estimate")
    print(f"{seconds:.2f} s (target: at most 10), {peak_mb:.0f} MB peak (target: at most 1000)")


if __name__ == "__main__":
    main()
