"""Options that describe a language model's run; shared by `planner estimate` and `planner fit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from planner.cli.options import option

_F = TypeVar("_F", bound=Callable[..., Any])


def count(text: str) -> float:
    """A count with an optional K, M, B or T."""
    from planner.work.language import number_of  # noqa: PLC0415 - only language models need it

    return number_of(text)


_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--method", {"help": "pretrain, full, lora or qlora. Default: pretrain."}),
    ("--tokens", {"type": count, "help": "Tokens of the whole run: 15B, 300M, 7e9."}),
    ("--samples", {"type": count, "help": "Samples of an epoch, each of --sequence-length tokens."}),
    (
        "--batch-tokens",
        {"type": count, "help": "Tokens of an optimiser step over all GPUs. Default: as published runs use."},
    ),
    ("--rank", {"type": int, "help": "Rank of LoRA or QLoRA adapters, on every matrix. Default: 16."}),
    ("--optimizer", {"help": "adamw, adamw-8bit, adafactor or sgd. Default: adamw; adamw-8bit with QLoRA."}),
    (
        "--recompute",
        {
            "help": "Recomputation of activations: none, selective, full or auto. Default: auto; full with transformers-peft."
        },
    ),
    (
        "--zero-stage",
        {"type": int, "help": "0 (plain data parallelism), 1, 2 or 3 (FSDP). Default: the best that fits."},
    ),
    ("--tensor-parallel", {"type": int, "help": "GPUs that share each layer. Default: the best that fits."}),
    ("--pipeline-parallel", {"type": int, "help": "Stages of layers. Default: the best that fits."}),
    ("--micro-batch", {"type": int, "help": "Sequences of one forward pass on one GPU. Default: the best that fits."}),
    (
        "--stack",
        {
            "help": "Software the speed stands for: llm-foundry, transformers-peft or megatron-deepspeed. Default: "
            "llm-foundry; transformers-peft for lora and qlora."
        },
    ),
    ("--params", {"type": count, "help": "Parameters of an own model, with --layers --hidden --heads --vocab: 7B."}),
    ("--layers", {"type": int, "help": "Layers of an own model."}),
    ("--hidden", {"type": int, "help": "Hidden size of an own model."}),
    ("--heads", {"type": int, "help": "Attention heads of an own model."}),
    ("--kv-heads", {"type": int, "help": "Key-value heads of an own model. Default: as many as heads."}),
    ("--feed-forward", {"type": int, "help": "Inner width of an own model. Default: what gives --params."}),
    ("--vocab", {"type": int, "help": "Vocabulary of an own model, in tokens."}),
)


def language_options(function: _F) -> _F:
    """All options of a language model's run but `--sequence-length`, which other models have too."""
    for name, settings in reversed(_OPTIONS):
        function = option(name, **settings)(function)
    return function
