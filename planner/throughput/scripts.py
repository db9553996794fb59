"""Scripts: one training program of one model, as one source ran it; figures of different scripts are not alike.

The same network differs by a factor of two between scripts (input pipeline, fused kernels, memory layout), so a
figure is only carried within one script, and every figure names the stack it stands for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache

from planner.errors import UnknownNameError
from planner.model.records import Benchmark
from planner.throughput.learnt import load_learnt

NEW_GENERATION_SINCE = (1, 12)
"""PyTorch 1.12 (July 2022): Lambda's containers from 1.13 on use today's kernels and batch sizes, those up to 1.10 do not."""

ENOUGH_MACHINES = 3

NOT_FOR_LEVELS = ("pytorch-torchvision",)
"""Frameworks whose rows ran batches so small that big cards idled: they answer for their own GPU at their own batch, and for nothing else."""

BINNED = (
    "bert-large|pytorch|NVIDIA/DeepLearningExamples|512",
    "bert-large|paddlepaddle|NVIDIA/DeepLearningExamples|512",
)
"""Scripts whose sequences were binned by length and not filled up: the mean is well below the 512 tokens that they name, so they
answer for nobody who asks for sequences of that length."""


def script_of(row: Benchmark) -> str:
    """The script that a row measures: `model|framework|origin|input size`."""
    return "|".join((row.model, row.framework, origin_of(row), str(row.input_size or "")))


def of_stated_length(rows: Iterable[Benchmark], input_size: int | None) -> list[Benchmark]:
    """The rows that may answer where sequences of a length are asked for: without those of shorter ones in the mean."""
    return [row for row in rows if input_size is None or script_of(row) not in BINNED]


def origin_of(row: Benchmark) -> str:
    """The repository that a row comes from."""
    return row.source.partition(":")[0]


def is_new_generation(row: Benchmark) -> bool:
    """Whether the software is of the present generation; where no PyTorch version is stated, rows of 2022 and later."""
    version = pytorch_version(row.software)
    return version >= NEW_GENERATION_SINCE if version else row.as_of >= "2022"


def newest_row(rows: Iterable[Benchmark]) -> Benchmark | None:
    """The row that stands for today's software: newest generation first, then measured on three machines or more, then newest.

    Three machines outvote a newer container seen on one or two: 45 H100 systems run PyTorch 2.3, one ran 2.5. Of two
    memory layouts measured alike the first by name wins: channels first, PyTorch's own.
    """
    return max(
        sorted(rows, key=lambda row: row.software),
        key=lambda row: (
            is_new_generation(row),
            row.machines >= ENOUGH_MACHINES,
            row.as_of,
            row.machines,
            row.batch_size_per_gpu or 0,
        ),
        default=None,
    )


def script_asked_for(
    rows: Sequence[Benchmark], framework: str | None, input_size: int | None, usual_size: int | None
) -> tuple[str | None, bool]:
    """The script that an estimate should stand for, and whether it stands in for a framework without rows of the model.

    Raises:
        UnknownNameError: no script of any model is of that framework.
    """
    script = choose_script(rows, framework, input_size, usual_size)
    if script is not None or framework is None:
        return script, False
    known = [*load_learnt()["frameworks"], "keras"]  # which runs by the backend of another
    if not any(matches_framework(name, framework) for name in known):
        raise UnknownNameError("framework", framework, known, "planner throughput --model resnet50")
    return choose_script(rows, None, input_size, usual_size), bool(rows)


def choose_script(
    rows: Sequence[Benchmark], framework: str | None, input_size: int | None, usual_size: int | None = None
) -> str | None:
    """The script among these rows that an estimate should stand for; `None` without rows of that framework.

    The input size asked for (or the nearest), then PyTorch before others, then a stated software version, then the newest.
    Rows that do not state their size are taken to be of `usual_size`. Rows of small batches are chosen only if their
    framework is asked for.
    """
    scripts: dict[str, list[Benchmark]] = {}
    for row in rows:
        if row.framework in NOT_FOR_LEVELS and row.framework != framework:
            continue
        if framework is None or matches_framework(row.framework, framework):
            scripts.setdefault(script_of(row), []).append(row)

    def merit(script: str) -> tuple[float, bool, bool, str, int, str]:
        newest = newest_row(scripts[script]) or scripts[script][0]
        size = newest.input_size or usual_size
        distance = abs(math.log(size / input_size)) if size and input_size else 0.0
        is_pytorch = newest.framework.startswith("pytorch")
        return (-distance, is_pytorch, newest.software != "", newest.as_of, len(scripts[script]), script)

    return max(scripts, key=merit, default=None)


def layout_gain(rows: Sequence[Benchmark]) -> float:
    """The natural logarithm of what a script gains in 16 bits with channels last; 0 if it was not measured in both layouts.

    ResNet-50 on an RTX 3090: 1,218 images/s against 826 with channels first.
    """
    first, last = _rate_in(rows, "channels first"), _rate_in(rows, "channels last")
    return math.log(last / first) if first and last else 0.0


def _rate_in(rows: Iterable[Benchmark], layout: str) -> float | None:
    return next((row.samples_per_second for row in rows if layout in row.software), None)


def matches_framework(name: str, asked: str) -> bool:
    """Whether a framework goes by the name asked for: `tensorflow` covers `tensorflow1` and `tensorflow2`.

    >>> matches_framework("pytorch-timm", "PyTorch"), matches_framework("mxnet", "pytorch")
    (True, False)
    """
    return name.lower().startswith(asked.lower())


def stack_of(row: Benchmark) -> str:
    """The stack of a row, framework and software, as shown to people."""
    if row.software.lower().startswith(row.framework.lower()):
        return row.software
    return f"{row.framework} {row.software}".strip() or row.framework


@cache
def pytorch_version(software: str) -> tuple[int, int] | None:
    """The version in a software name such as `PyTorch 2.3.0a0+40ec155e58.nv24.03 (NGC)`.

    >>> pytorch_version("PyTorch 1.13.0a0+d0d6b1f (NGC)")
    (1, 13)
    """
    start, _, version = software.partition("PyTorch ")
    major, _, rest = version.partition(".")
    minor = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return (int(major), int(minor)) if not start and major.isdecimal() and minor else None
