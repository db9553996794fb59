"""Answers fixed questions and prints a checksum of each answer, to be compared between Pythons: `.ci/run` does it.

diff <(python3.11 -m benchmarks.same_bytes) <(python3.13 -m benchmarks.same_bytes)
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import sys
import tempfile
from pathlib import Path

from planner.cli.root import cli

AS_OF = ("--as-of", "2026-07-01", "--no-config")
RESNET = ("--model", "resnet50", "--epochs", "90")
QUESTIONS = (
    ("estimate", *RESNET, "--limit", "2000", "--dataset-gb", "731", "--results-gb", "13.7", "--tax-fraction", "0.19"),
    ("estimate", *RESNET, "--purchase", "spot", "--interruptions-per-hour", "0.07", "--trials", "3", "--limit", "500"),
    ("estimate", *RESNET, "--gpu", "L4", "--gpu", "T4", "--measured", "T4=420", "--limit", "300"),
    (
        "estimate",
        "--model",
        "bert-large",
        "--samples-per-epoch",
        "1e6",
        "--epochs",
        "3",
        "--nodes",
        "4",
        "--limit",
        "300",
    ),
    ("estimate", "--model", "llama-2-7b", "--tokens", "1e9", "--method", "lora", "--limit", "300"),
    ("estimate", "--model", "llama-2-70b", "--tokens", "1e10", "--nodes", "4", "--limit", "50"),
    ("estimate", "--model", "xgboost", "--rows", "11e6", "--features", "28", "--limit", "50"),
    (
        "compare",
        *RESNET,
        "--buy",
        "rtx-4090",
        "--jobs-per-month",
        "7",
        "--usd-per-kwh",
        "0.31",
        "--discount-per-year",
        "0.07",
    ),
    (
        "compare",
        "--model",
        "llama-2-7b",
        "--tokens",
        "1e9",
        "--method",
        "lora",
        "--buy",
        "rtx-4090",
        "--jobs-per-month",
        "4",
    ),
    ("recommend", *RESNET, "--deadline", "48h"),
    ("recommend", "--model", "llama-2-7b", "--tokens", "1e9", "--max-usd", "5000"),
)
JOBS = "model,epochs,max_usd\nresnet50,90,\ninception3,5,100\nvgg16,3,\n"


def main() -> None:
    """Print one line a question: the checksum of its JSON, or of the rows of a sweep, and the question."""
    for words in QUESTIONS:
        print(_digest(_answer([*words, *AS_OF, "--format", "json"]).encode()), *words)
    with tempfile.TemporaryDirectory() as folder:
        jobs, rows = Path(folder, "jobs.csv"), Path(folder, "rows.csv")
        jobs.write_text(JOBS, encoding="utf-8")
        _answer(["sweep", str(jobs), *AS_OF, "--output", str(rows)])
        print(_digest(rows.read_bytes()), "sweep")


def _answer(words: list[str]) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        code = cli.main(args=words, prog_name="planner", standalone_mode=False)
    if code:
        sys.exit(f"planner {' '.join(words)}: exit code {code}")
    return said.getvalue()


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


if __name__ == "__main__":
    main()
