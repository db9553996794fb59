"""Time of `planner prices history` over daily books: python benchmarks/history.py [--days 365].

Writes daily books of three clouds with the shipped rows, prices drifting, builds the index, adds one day, and asks.
Prints rows, sizes, and seconds of whole processes. With --days 365 that is 4 million rows and takes some two minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from planner.paths import shipped_data_dir
from planner.prices.snapshots import SCHEMA, list_snapshots

FIRST_DAY = date(2027, 1, 1)
ROWS_PER_DAY = 10_959  # 4 million rows in a year


def main() -> None:
    """Write the books, then time the index and the questions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        rows = write_books(data_dir, options.days)
        size = sum(path.stat().st_size for path in data_dir.rglob("*.csv"))
        print(f"{3 * options.days:,} daily books of three clouds, {rows:,} rows, {size / 1e6:,.0f} MB")
        build = _ask(data_dir)
        index = (data_dir / "index.sqlite").stat().st_size
        print(f"first question, building the index: {build:.1f} s; index {index / 1e6:.0f} MB")
        write_books(data_dir, 1, FIRST_DAY + timedelta(days=options.days))
        print(f"question after a new day of three books:  {_ask(data_dir):.2f} s")
        for what, arguments in (
            ("--gpu h100", ["--gpu", "h100"]),
            ("all GPUs", []),
            ("--gpu h100 --region us-east-1", ["--gpu", "h100", "--region", "us-east-1"]),
        ):
            times = [_ask(data_dir, *arguments) for _ in range(options.repeat)]
            print(f"history {what:<32} {statistics.median(times):.2f} s (target: below 1)")


def write_books(data_dir: Path, days: int, first: date = FIRST_DAY) -> int:
    """Daily books from the newest shipped rows of three clouds, repeated to `ROWS_PER_DAY`; returns the rows written."""
    moves = random.Random(1)  # noqa: S311 - prices, not secrets
    written = 0
    for provider in ("aws", "azure", "gcp"):
        newest = [path for path in list_snapshots(shipped_data_dir()) if path.parent.name == provider][-1]
        header, *lines = newest.read_text(encoding="utf-8").splitlines()
        rows = [line.split(",", 7) for line in lines if '"' not in line]
        wanted = ROWS_PER_DAY // 3
        taken = [(rows[n % len(rows)], f"z{n // len(rows)}") for n in range(wanted)]
        rows = sorted([*row[:4], zone, *row[5:]] for row, zone in taken)
        for day in range(days):
            stem = (first + timedelta(days=day)).isoformat()
            drift = 1 + 0.2 * moves.random()
            text = "".join(f"{','.join(row[:6])},{float(row[6]) * drift:.4f},{row[7]}\n" for row in rows)
            body = f"{header}\n{text}".encode()
            path = data_dir / "prices" / provider / f"{stem}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            sidecar = {"schema": SCHEMA, "provider": provider, "observed_at": stem, "rows": wanted, "sources": []}
            sidecar["sha256"] = hashlib.sha256(body).hexdigest()
            path.with_suffix(".json").write_text(json.dumps(sidecar), encoding="utf-8")
            written += wanted
    return written


def _ask(data_dir: Path, *arguments: str) -> float:
    command = [sys.executable, "-m", "planner", "prices", "history", *arguments, "--data-dir", str(data_dir)]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
