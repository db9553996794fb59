"""The arguments of `planner fit`: whether a run fits into the memory of GPUs."""

# no `from __future__ import annotations` here: the declarations are read as they stand

from collections.abc import Iterable
from typing import Annotated, TypedDict

from planner.options.language_arguments import LanguageArguments
from planner.options.option import Option
from planner.options.readers import SIZE


class _Run(TypedDict, total=False):
    model: Annotated[
        str | None,
        Option(
            "Language model, its config.json, or an image model. See: planner models", known="models", metavar="NAME"
        ),
    ]
    gpus: Annotated[
        str | Iterable[str] | None,
        Option(
            "GPU, with a count if wanted: RTX4090, A100-80GB:8. Repeatable. Default: every GPU, 1, 2, 4 or 8 of it.",
            known="gpus",
            spellings=("gpu",),
            metavar="GPU",
        ),
    ]
    precision: Annotated[
        str,
        Option(
            "amp, bf16, fp16, tf32, fp32, or fp8 (language models).",
            default="amp",
            known="precisions",
            metavar="NAME",
        ),
    ]
    batch_size: Annotated[
        int, Option("Images per GPU and step, for image models.", default=32, low=1, high=10**9, read=SIZE)
    ]


class FitArguments(_Run, LanguageArguments, total=False):
    """The arguments of `fit`."""

    sequence_length: Annotated[  # typed here: there are no pixels that it could mean
        int | None,
        Option("Tokens of a sequence. Default: 2048, or the model's context if shorter.", low=1, high=10**9, read=SIZE),
    ]
