"""`python -m scripts.fit_step_time [--out data]`: fit the stacks of language models and write `language_step_time.json`.

Reads the shipped measurements only; the same measurements give the same file. Prints what left-out steps say.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from planner.throughput.measured_steps import foundry_steps, megatron_steps
from planner.throughput.step_time import Stack
from planner.throughput.step_time_fit import (
    FOUNDRY,
    MEGATRON,
    LeftOutResult,
    fit_stack,
    language_leave_outs,
)

DESCRIPTIONS = {
    "llm-foundry": "PyTorch FSDP with flash attention, fused kernels (llm-foundry, 2023)",
    "megatron-deepspeed": "Megatron-DeepSpeed without flash attention (2021-2022 generation)",
}


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("data"), show_default=True)
def main(out: Path) -> None:
    """Fit, validate, write."""
    stacks = {
        "llm-foundry": fit_stack(foundry_steps(), **FOUNDRY),
        "megatron-deepspeed": fit_stack(megatron_steps(), **MEGATRON),
    }
    results = language_leave_outs()
    document = {
        "schema": "planner.language_step_time/1",
        "made_by": "python -m scripts.fit_step_time",
        "sources": [
            "data/throughput/llm-foundry.csv: mosaicml/llm-foundry, 2023-10-20",
            "data/parallel_iterations.csv: VIA-Research/vTrain, 2024-09-26",
            "data/throughput/lambda.csv (BERT rows since 2022-06): lambdal/deeplearning-benchmark, 2025-12-17",
        ],
        "stacks": {name: {"description": DESCRIPTIONS[name]} | _rounded(stack) for name, stack in stacks.items()},
        "left_out": {result.split: _figures(result) for result in results},
    }
    path = out / "language_step_time.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    click.echo(json.dumps(document, indent=1))


def _rounded(stack: Stack) -> dict[str, float]:
    return {name: float(f"{value:.5g}") for name, value in asdict(stack).items()}


def _figures(result: LeftOutResult) -> dict[str, Any]:
    figures = asdict(result)
    del figures["split"]
    return {name: value if isinstance(value, int) else float(f"{value:.4g}") for name, value in figures.items()}


if __name__ == "__main__":
    main()
