"""Jobs: one training script of one model, as one source ran it; figures of different jobs are not alike.

The same network differs by a factor of two between scripts (input pipeline, fused kernels, memory layout), so a
figure is only carried within one job, and every figure names the stack it stands for.
"""

from __future__ import annotations

import re

from planner.model import Benchmark

NEW_GENERATION_SINCE = (1, 13)
"""PyTorch 1.13 (October 2022): from there on Lambda's containers use today's kernels and batch sizes."""


def job_of(row: Benchmark) -> str:
    """The job that a row measures: `model|framework|origin|input size`."""
    return "|".join((row.model, row.framework, origin_of(row), str(row.input_size or "")))


def origin_of(row: Benchmark) -> str:
    """The repository that a row comes from."""
    return row.source.partition(":")[0]


def is_new_generation(row: Benchmark) -> bool:
    """Whether the software is of the present generation; where no PyTorch version is stated, rows of 2022 and later."""
    version = pytorch_version(row.software)
    return version >= NEW_GENERATION_SINCE if version else row.as_of >= "2022"


def pytorch_version(software: str) -> tuple[int, int] | None:
    """The version in a software name such as `PyTorch 2.3.0a0+40ec155e58.nv24.03 (NGC)`.

    >>> pytorch_version("PyTorch 1.13.0a0+d0d6b1f (NGC)")
    (1, 13)
    """
    found = re.match(r"PyTorch (\d+)\.(\d+)", software)
    return (int(found[1]), int(found[2])) if found else None
