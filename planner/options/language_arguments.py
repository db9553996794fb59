"""Every option of a language model, declared once, in the same way as in arguments.py."""

# no `from __future__ import annotations` here: the declarations are read as they stand, which takes half the time

from typing import Annotated, TypedDict

from planner.options.amounts import number_of
from planner.options.option import Option

MOST_COUNTED = 1e18

Count = float | str | None


class LanguageArguments(TypedDict, total=False):
    """Language models: the run, its layout over GPUs, and the shape of an own model."""

    method: Annotated[str | None, Option("pretrain, full, lora or qlora. Default: pretrain.", known="methods")]
    tokens: Annotated[
        Count,
        Option("Tokens of the whole run: 15B, 300M, 7e9.", above=0, high=MOST_COUNTED, read=number_of),
    ]
    samples: Annotated[
        Count,
        Option("Samples of an epoch, each of {sequence_length} tokens.", above=0, high=MOST_COUNTED, read=number_of),
    ]
    sequence_length: Annotated[
        int | None, Option("Tokens of a sequence of a language model.", low=1, high=10**9, is_typed=False)
    ]
    batch_tokens: Annotated[
        Count,
        Option(
            "Tokens of an optimiser step over all GPUs. Default: as published runs use.",
            low=1,
            high=MOST_COUNTED,
            read=number_of,
        ),
    ]
    rank: Annotated[
        int | None, Option("Rank of LoRA or QLoRA adapters, on every matrix. Default: 16.", low=1, high=100_000)
    ]
    optimizer: Annotated[
        str | None,
        Option(
            "adamw, adamw-8bit, paged-adamw, paged-adamw-8bit (states go to host memory where the GPU is short), "
            "adafactor, sgd or sgd-momentum. Default: adamw; adamw-8bit with QLoRA.",
            known="optimizers",
        ),
    ]
    pure_bf16: Annotated[
        bool | None, Option("Weights, gradients and AdamW's states in BF16, without an FP32 copy of the weights.")
    ]
    optimizer_in_backward: Annotated[
        bool | None,
        Option("Update each weight in the backward pass and free its gradient: a step is one forward pass."),
    ]
    cpu_offload: Annotated[
        str | None,
        Option(
            "What host memory holds: none, optimizer (states, and their update), or all (weights and gradients too, "
            "a layer at a time on the GPU). Default: none.",
            known="offloads",
        ),
    ]
    recompute: Annotated[
        str | None,
        Option(
            "Recomputation of activations: none, selective, full or auto. Default: auto; full with transformers-peft.",
            known="recomputations",
        ),
    ]
    zero_stage: Annotated[
        int | None,
        Option("0 (plain data parallelism), 1, 2 or 3 (FSDP). Default: the best that fits.", low=0, high=3),
    ]
    tensor_parallel: Annotated[
        int | None, Option("GPUs that share each layer. Default: the best that fits.", low=1, high=1_000_000)
    ]
    pipeline_parallel: Annotated[
        int | None, Option("Stages of layers. Default: the best that fits.", low=1, high=1_000_000)
    ]
    micro_batch: Annotated[
        int | None,
        Option("Sequences of one forward pass on one GPU. Default: the best that fits.", low=1, high=1_000_000),
    ]
    stack: Annotated[
        str | None,
        Option(
            "Software the speed stands for: typical, fused, llm-foundry, transformers-peft or megatron-deepspeed. "
            "Default: typical; transformers-peft for lora and qlora.",
            known="stacks",
        ),
    ]
    params: Annotated[
        Count,
        Option(
            "Parameters of an own model, with {layers} {hidden} {heads} {vocab}: 7B.",
            above=0,
            high=MOST_COUNTED,
            read=number_of,
        ),
    ]
    layers: Annotated[int | None, Option("Layers of an own model.", low=1, high=10_000)]
    hidden: Annotated[int | None, Option("Hidden size of an own model.", low=1, high=1_000_000)]
    heads: Annotated[int | None, Option("Attention heads of an own model.", low=1, high=100_000)]
    kv_heads: Annotated[
        int | None, Option("Key-value heads of an own model. Default: as many as heads.", low=1, high=100_000)
    ]
    feed_forward: Annotated[
        int | None, Option("Inner width of an own model. Default: what gives {params}.", low=1, high=10_000_000)
    ]
    vocab: Annotated[int | None, Option("Vocabulary of an own model, in tokens.", low=1, high=100_000_000)]
