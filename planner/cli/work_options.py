"""Options that say more of the job: its framework and input size, and the figures or measurements of an own model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from planner.cli.options import option

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS = (
    option(
        "--framework", help="Framework whose measurements count: pytorch, mxnet ... Default: newest PyTorch evidence."
    ),
    option(
        "--image-size",
        "--sequence-length",
        "sequence_length_or_image_size",
        type=int,
        help="Pixels or tokens of a sample. Default: the model's own.",
    ),
    option("--gmacs-per-sample", type=float, help="Own model: 1e9 multiply-adds of one forward pass."),
    option("--params-millions", type=float, help="Own model: parameters, in millions."),
    option(
        "--activations-millions", type=float, help="Own model: outputs of matrix and convolution layers, in millions."
    ),
    option(
        "--measured",
        multiple=True,
        metavar="GPU=RATE",
        help="Own measurement in samples per second, carried to every other GPU: a100-80gb-sxm=1234. Repeatable.",
    ),
    option("--model-file", type=click.Path(path_type=Path), help="TOML file with the figures of your own model."),
)


def work_options(function: _F) -> _F:
    """Names and units as `planner.estimate` takes them."""
    for add in reversed(_OPTIONS):
        function = add(function)
    return function
