"""`python -m scripts.fit_step_time [--out data]`: fit the stacks of language models and write `language_step_time.json`.

Reads the shipped measurements only; the same measurements give the same file. Prints what left-out steps say.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from planner.accuracy.attention_gain import at_gain, learn_attention
from planner.accuracy.fp8_gain import fp8_pairs, learn_fp8
from planner.accuracy.learnt_from import checksums_of_steps
from planner.accuracy.measured_steps import adapter_steps, foundry_steps, megatron_steps
from planner.accuracy.published_runs import leave_out_publications, shipped_run_overhead
from planner.accuracy.published_steps import foretold_steps
from planner.accuracy.stack_levels import learn_levels, slow_apart
from planner.accuracy.step_time_fit import (
    FOUNDRY,
    MEGATRON,
    LeftOutResult,
    adapters,
    language_leave_outs,
    learn_stack,
    searched_layouts,
)
from planner.language.stacks import ADAPTER_STACK
from planner.language.step_time import Stack, load_stacks, load_step_time
from planner.paths import shipped_data_dir

DESCRIPTIONS = {
    "typical": "PyTorch with flash attention as published by many (2023-2026)",
    "llm-foundry": "PyTorch FSDP with flash attention, fused kernels (llm-foundry, 2023)",
    "megatron-deepspeed": "Megatron-DeepSpeed without flash attention (2021-2022 generation)",
    "transformers-peft": "Hugging Face Transformers and PEFT with flash attention, not compiled (2023; QLoRA with GPTQ)",
    "fused": "fused kernels: torchtune compiled, NVIDIA NeMo, Megatron-Core (2024-2026)",
}
RUNS_LEVEL = "typical, 8 GPUs and more, from 3 B"
"""The class that published whole runs are of."""
BASES = {"typical": "llm-foundry", "fused": "llm-foundry"}
"""Stacks that have the coefficients of another and a level of their own."""


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("data"), show_default=True)
def main(out: Path) -> None:
    """Fit, validate, write."""
    stacks = {
        "llm-foundry": learn_stack(foundry_steps(), **FOUNDRY),
        "megatron-deepspeed": learn_stack(megatron_steps(), **MEGATRON),
        "transformers-peft": learn_stack(adapter_steps(), **adapters()),
    }
    path = out / "language_step_time.json"
    document: dict[str, Any] = {
        "schema": "planner.language_step_time/1",
        "made_by": "python -m scripts.fit_step_time",
        "sources": [
            "data/throughput/llm-foundry.csv: mosaicml/llm-foundry, 2023-10-20",
            "data/parallel_iterations.csv: VIA-Research/vTrain, 2024-09-26",
            "data/h100_steps.csv: mosaicml/llm-foundry, read 2026-11-21 (checked, not fitted)",
            "data/adapter_steps.csv: QwenLM/Qwen, read 2026-11-21",
            "data/published_runs.csv: whole runs, papers and model cards of 2022 to 2024",
            "data/language_stacks.csv: published steps in many stacks, 2023 to 2026",
            "data/throughput/lambda.csv (BERT rows since 2022-06): lambdal/deeplearning-benchmark, 2025-12-17",
        ],
        "learnt_from": checksums_of_steps(),
        "stacks": {name: {"description": DESCRIPTIONS[name]} | _rounded(stack) for name, stack in stacks.items()}
        | {
            name: {"description": DESCRIPTIONS[name], "base": base, "attention_gain": 1.0}
            for name, base in BASES.items()
        },
        "fp8": {"gain": 1.0, "reach": 0.0},
        "levels": {},
        "left_out": {},
        "searched": _rounded_all(asdict(searched_layouts())),
    }
    if out.resolve() != shipped_data_dir().resolve():
        raise click.UsageError(
            f"published steps and runs are foretold with the stacks of {shipped_data_dir()}: --out must be that folder"
        )
    # each is foretold with what was just written
    _write(path, document)
    attention = learn_attention(foretold_steps())
    for name in BASES:
        document["stacks"][name]["attention_gain"] = attention
    _write(path, document)
    document["stacks"][ADAPTER_STACK] |= _rounded(learn_stack(adapter_steps(), **adapters()))
    _write(path, document)
    document["left_out"] = {result.split: _figures(result) for result in language_leave_outs()}
    document["fp8"] = _rounded_all(asdict(learn_fp8(fp8_pairs())))
    _write(path, document)
    usual, _ = slow_apart(foretold_steps())
    document["levels"] = {
        name: _rounded_all(asdict(level)) for name, level in sorted(learn_levels(usual, attention).items())
    }
    _write(path, document)
    runs = leave_out_publications()
    level = learn_levels(at_gain(usual, 1.0), 1.0)[
        RUNS_LEVEL
    ].shift  # the runs are foretold with the kernels of their day
    document["runs"] = _rounded_all(asdict(shipped_run_overhead()) | {"level": level})
    document["left_out"][runs.split] = _figures(runs)
    _write(path, document)
    click.echo(json.dumps(document, indent=1))


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    load_step_time.cache_clear()
    load_stacks.cache_clear()


def _rounded(stack: Stack) -> dict[str, float]:
    return {name: float(f"{value:.5g}") for name, value in asdict(stack).items()}


def _figures(result: LeftOutResult) -> dict[str, Any]:
    figures = asdict(result)
    del figures["split"]
    return _rounded_all(figures)


def _rounded_all(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, int) else float(f"{value:.4g}") for name, value in figures.items()}


if __name__ == "__main__":
    main()
