"""Every option of a language model, declared once, in the same way as in arguments.py."""

# no `from __future__ import annotations` here: the declarations are read as they stand, which takes half the time

from typing import Annotated, TypedDict

from planner.options.option import Option, Same
from planner.options.readers import COUNT, SIZE

MOST_COUNTED = 1e18

Count = float | str | None


class LanguageArguments(TypedDict, total=False):
    """Language models: the run, its layout over GPUs, and the shape of an own model."""

    method: Annotated[
        str | None, Option("pretrain, full, lora or qlora. Default: pretrain.", known="methods", metavar="NAME")
    ]
    tokens: Annotated[
        Count,
        Option("Tokens of the whole run: 15B, 300M, 7e9.", above=0, high=MOST_COUNTED, read=COUNT),
    ]
    samples: Annotated[
        Count,
        Option("Samples of an epoch, each of {sequence_length} tokens.", above=0, high=MOST_COUNTED, read=COUNT),
    ]
    sequence_length: Annotated[
        int | None, Option("Tokens of a sequence of a language model.", low=1, high=10**9, read=SIZE, is_typed=False)
    ]
    batch_tokens: Annotated[
        Count,
        Option(
            "Tokens of a step over all GPUs. Default: as published runs use.",
            low=1,
            high=MOST_COUNTED,
            read=COUNT,
        ),
    ]
    rank: Annotated[
        int | None, Option("Rank of LoRA or QLoRA adapters. On every matrix. Default: 16.", low=1, high=100_000)
    ]
    optimizer: Annotated[
        str | None,
        Option(
            "adamw, adamw-8bit, adafactor, sgd and more. Also paged-adamw and paged-adamw-8bit (states go to host memory where the GPU is "
            "short), and sgd-momentum. Default: adamw; adamw-8bit with QLoRA.",
            known="optimizers",
            spellings=("optimizer", "optimiser"),
            metavar="NAME",
        ),
    ]
    optimiser: Annotated[str | None, Same("optimizer")]
    pure_bf16: Annotated[
        bool | None,
        Option("All in BF16, no FP32 copy of the weights. Weights, gradients and AdamW's states.", is_rare=True),
    ]
    optimizer_in_backward: Annotated[
        bool | None,
        Option(
            "Update each weight in the backward pass. Its gradient is free then: a step is one forward pass.",
            is_rare=True,
        ),
    ]
    cpu_offload: Annotated[
        str | None,
        Option(
            "What host memory holds: none, optimizer, all. optimizer is its states and their update, all weights and gradients "
            "too, a layer at a time on the GPU. Default: none.",
            known="offloads",
            metavar="NAME",
            is_rare=True,
        ),
    ]
    recompute: Annotated[
        str | None,
        Option(
            "Of activations: none, selective, full or auto. Default: auto; full with transformers-peft.",
            known="recomputations",
            metavar="NAME",
            is_rare=True,
        ),
    ]
    zero_stage: Annotated[
        int | None,
        Option("0 (plain), 1, 2 or 3 (FSDP). Default: the best that fits.", low=0, high=3, is_rare=True),
    ]
    tensor_parallel: Annotated[
        int | None,
        Option("GPUs that share each layer. Default: the best that fits.", low=1, high=1_000_000, is_rare=True),
    ]
    pipeline_parallel: Annotated[
        int | None, Option("Stages of layers. Default: the best that fits.", low=1, high=1_000_000, is_rare=True)
    ]
    micro_batch: Annotated[
        int | None,
        Option("Sequences a GPU takes at once. Default: the best that fits.", low=1, high=1_000_000, is_rare=True),
    ]
    stack: Annotated[
        str | None,
        Option(
            "Software the speed stands for. typical, fused, llm-foundry, transformers-peft or megatron-deepspeed. "
            "Default: typical; transformers-peft for lora and qlora.",
            known="stacks",
            metavar="NAME",
            is_rare=True,
        ),
    ]
    params: Annotated[
        Count,
        Option(
            "Parameters of an own model: 7B. With {layers} {hidden} {heads} {vocab}.",
            is_rare=True,
            above=0,
            high=MOST_COUNTED,
            read=COUNT,
        ),
    ]
    layers: Annotated[int | None, Option("Layers of an own model.", low=1, high=10_000, is_rare=True)]
    hidden: Annotated[
        int | None, Option("Hidden size of an own model.", low=1, high=1_000_000, read=SIZE, is_rare=True)
    ]
    heads: Annotated[int | None, Option("Attention heads of an own model.", low=1, high=100_000, is_rare=True)]
    kv_heads: Annotated[
        int | None,
        Option("Key-value heads of an own model. Default: as many as heads.", low=1, high=100_000, is_rare=True),
    ]
    feed_forward: Annotated[
        int | None,
        Option(
            "Inner width of an own model. Default: what gives {params}.",
            low=1,
            high=10_000_000,
            read=SIZE,
            is_rare=True,
        ),
    ]
    vocab: Annotated[
        int | None, Option("Vocabulary of an own model, in tokens.", low=1, high=100_000_000, read=SIZE, is_rare=True)
    ]
