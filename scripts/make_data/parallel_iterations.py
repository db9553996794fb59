"""`parallel_iterations.csv`: measured iteration times of GPT models under tensor, data and pipeline parallelism."""

from __future__ import annotations

from pathlib import Path

from scripts.make_data.tables import read_table, write_table

COLUMNS = (
    "gpu", "hidden_size", "layers", "attention_heads", "sequence_length", "global_batch", "micro_batch",
    "tensor_parallel", "data_parallel", "pipeline_parallel", "iteration_ms", "as_of", "source",
)  # fmt: skip
GPU = "a100-40gb-sxm"
"""The source says A100 in a node of eight, not which; the figures do not hang on it, the memory of no run is given."""


def write_parallel_iterations(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write the table, sorted by shape, batch and layout."""
    rows = read_table(reference / "throughput" / "llm-parallel-iteration-times.csv")
    made = [[GPU if column == "gpu" else row[column] for column in COLUMNS] for row in rows]
    made.sort(key=lambda row: [int(text) for text in row[1:10]])
    return [write_table(out / "parallel_iterations.csv", COLUMNS, made)]
