"""The splits of language models in the report of `planner validate`."""

from __future__ import annotations

from planner.accuracy.published_runs import SPLIT as PUBLISHED
from planner.accuracy.published_runs import leave_out_publications
from planner.accuracy.results import ErrorSummary, SplitResult
from planner.accuracy.stack_validation import SPLITS as STACK_SPLITS
from planner.accuracy.stack_validation import stack_splits
from planner.accuracy.step_time_fit import LeftOutResult, language_leave_outs

_MEANING = {
    # split of the fit: (name in the report, basis, what leaves, what the prediction may still use)
    "llm-foundry A100, cells left out": (
        "language_cell",
        "scaled",
        "a tenth of the llm-foundry cells (A100)",
        "the others",
    ),
    "llm-foundry A100, models left out": (
        "language_model",
        "modelled",
        "all llm-foundry cells of a model",
        "other models",
    ),
    "llm-foundry H100, fitted to A100": (
        "language_h100",
        "modelled",
        "llm-foundry on H100, all of it",
        "its data sheet; the same models on A100",
    ),
    "Megatron grid, cells left out": (
        "parallel_cell",
        "scaled",
        "a tenth of the Megatron iterations (A100)",
        "the others",
    ),
    "Megatron grid, shapes left out": (
        "parallel_shape",
        "modelled",
        "all Megatron iterations of a shape",
        "other shapes",
    ),
    "BERT on other GPUs, GPUs left out": (
        "encoder_gpu",
        "modelled",
        "BERT on a whole GPU, step by arithmetic",
        "other GPUs",
    ),
    "adapters A100, models left out": (
        "adapter_model",
        "modelled",
        "all LoRA and QLoRA steps of a model (A100)",
        "other models",
    ),
    PUBLISHED: (
        "published_run",
        "modelled",
        "all whole runs of a publication",
        "steps as learnt; the overhead of other publications",
    ),
}

LANGUAGE_SPLITS = (*STACK_SPLITS, *(name for name, _, _, _ in _MEANING.values()))
"""The names of all splits of language models, in the order of the report."""


def language_splits() -> tuple[SplitResult, ...]:
    """Every split of language models; takes about half a minute and needs numpy."""
    fitted = tuple(_split(result) for result in (*language_leave_outs(), leave_out_publications()))
    return (*stack_splits(), *fitted)


def _split(result: LeftOutResult) -> SplitResult:
    name, basis, left_out, still_known = _MEANING[result.split]
    errors = ErrorSummary(
        name="prediction",
        n=result.n,
        median=result.median,
        mean=result.mean,
        p90=result.p90,
        bias=result.bias,
        coverage=result.coverage,
    )
    constant = ErrorSummary(
        name="one constant MFU",
        n=result.n,
        median=result.baseline_median,
        mean=result.baseline_mean,
        p90=result.baseline_p90,
        bias=result.baseline_bias,
        coverage=None,
    )
    return SplitResult(
        split=name,
        basis=basis,
        left_out=left_out,
        still_known=still_known,
        errors=errors,
        baselines=(constant,),
        groups={},
    )
