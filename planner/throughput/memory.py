"""GPU memory of a training run, against what a program can use: whether a batch fits, and the largest that does.

Every GPU holds the whole model and its batch; language models that are cut into parts have their own count in
`planner.language.memory`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from planner.hardware.gpus import load_gpus
from planner.model.records import Benchmark, Gpu, Model, Precision
from planner.throughput.adjustments import relative_arithmetic
from planner.throughput.encoders import shape_of, token_bytes
from planner.throughput.plain_convolutions import held_bytes
from planner.throughput.plain_transformers import BYTES_PER_ELEMENT, held_millions
from planner.units import MIB_PER_GIB

GIB = 1024**3
CONTEXT_BYTES = 0.8 * GIB  # driver context, libraries and their workspaces: 0.4 to 1.2 GiB by GPU and version
FRAGMENTATION_FRACTION = 0.02  # of activations: blocks the allocator holds but cannot hand out
VISIBLE_FRACTION = 0.995  # of nominal memory where no figure is known: firmware takes some of it
VISIBLE_FRACTION_INLINE_ECC = 0.9375  # GDDR cards keep one bit in sixteen for error correction
VISION_BYTES_PER_ELEMENT = 2.5  # 16-bit outputs, their batch norms and masks
SHARDING_FRAMEWORKS = frozenset(("pytorch-nemo", "pytorch-llm-foundry"))
"""Frameworks of measured rows that divide weights, gradients and optimizer over all GPUs (NeMo's FSDP, PyTorch's FSDP)."""
MAX_BATCH = 65_536
"""Samples beyond which nobody looks for a larger batch."""


class Memory(NamedTuple):
    """Memory of a run on its fullest GPU, in bytes."""

    # no dataclass, which would cost every estimate a millisecond at its start
    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float
    buffers: float
    overhead: float

    @property
    def total(self) -> float:
        """All parts together."""
        return math.fsum(self)


class MemoryFit(NamedTuple):
    """Whether a batch fits on a GPU; `None` where neither a count nor a measured run says.

    `measured` is the row of a run that held as much on a GPU with no more memory, where the count alone does not do.
    """

    fits: bool | None
    measured: Benchmark | None = None


class RunMemory:
    """Memory of training one model at one input size; `rows` are its measured runs, which all did fit."""

    def __init__(self, model: Model, rows: Sequence[Benchmark], input_size: int | None = None) -> None:
        self.name = model.name
        self._model = model
        self._rows = rows
        self._arithmetic = relative_arithmetic(model, model.input_size, input_size)
        self._input_size = input_size or model.input_size
        self._lines: dict[int, tuple[float, float] | None] = {}
        self._runs: dict[int, list[tuple[float, Benchmark]]] = {}

    def needed(self, batch_size: float, precision: Precision) -> Memory | None:
        """Memory that the batch needs on each GPU; `None` if parameters or activations of the model are not known."""
        return self._counted(batch_size, bytes_of(precision))

    def least(self, gpu_count: float = 1.0) -> float | None:
        """Bytes on each of so many GPUs that no batch goes below; `None` if the parameters are not known, or are embeddings.

        Weights, gradients and optimizer are whole on each GPU, unless measured runs of the model divided them over all.
        The tables of recommenders need no optimizer, and may lie in the memory of the machine.
        """
        empty = vision_memory(replace(self._model, activations_millions=0.0), batch_size=0, precision_bytes=4)
        if empty is None or self._model.task == "recommendation":
            return None
        state = empty.weights + empty.gradients + empty.optimizer
        return empty.overhead + state / (max(gpu_count, 1.0) if self.is_divided() else 1.0)

    def is_divided(self) -> bool:
        """Whether measured runs of the model divided its weights, gradients and optimizer over all GPUs."""
        return any(row.framework in SHARDING_FRAMEWORKS for row in self._rows)

    def least_text(self, least: float) -> str:
        """What a run takes whatever its batch, in words."""
        return f"weights, gradients and optimizer of {self.name} alone take {least / GIB:.1f} GiB on each GPU"

    def smallest_run(self) -> Benchmark | None:
        """The measured run that had least memory on all its GPUs together; `None` if none was measured."""
        held = [
            (usable_bytes(gpu) * row.gpu_count, row.gpu, row)
            for row in self._rows
            if (gpu := load_gpus().get(row.gpu)) is not None
        ]
        return min(held, key=lambda one: one[:2])[2] if held else None

    def fit(self, gpu: Gpu, batch_size: float, precision: Precision, share: float = 1.0) -> MemoryFit:
        """Whether the batch fits on each GPU of that kind, or on a `share` of one.

        The count may be too large: of the measured runs, which all fitted, it asks up to twice what there is. So a run
        that was measured counts for more: with the same model and width of numbers, no smaller batch, no more memory.
        """
        usable = usable_bytes(gpu) * share
        line = self._line(bytes_of(precision))
        if line is not None and line[0] + line[1] * batch_size <= usable:
            return MemoryFit(fits=True)
        row = self._largest_run(usable, precision)
        if row is not None and self._elements(row) >= batch_size * self._arithmetic:
            return MemoryFit(fits=True, measured=row)
        return MemoryFit(fits=None if line is None else False)

    def largest(self, gpu: Gpu, precision: Precision, share: float = 1.0) -> int | None:
        """The largest batch that fits on each GPU, by the count or by a measured run; `None` if none does or none is known."""
        usable = usable_bytes(gpu) * share
        row = self._largest_run(usable, precision)
        measured = 0 if row is None else int(self._elements(row) / self._arithmetic)
        counted, line = 0, self._line(bytes_of(precision))
        if line is not None:
            counted = int(min(max((usable - line[0]) / line[1], 0), MAX_BATCH))
            while counted and line[0] + line[1] * counted > usable:
                counted -= 1  # what rounding added
        return max(counted, measured) or None

    def _line(self, width: int) -> tuple[float, float] | None:
        """Bytes that any batch takes, and bytes of each sample: the count is a straight line."""
        if width not in self._lines:
            empty, one = (self._counted(batch, width) for batch in (0, 1))
            self._lines[width] = None if empty is None or one is None else (empty.total, one.total - empty.total)
        return self._lines[width]

    def _counted(self, batch_size: float, width: int) -> Memory | None:
        if shape_of(self._model) is not None:
            return encoder_memory(
                self._model, batch_size=batch_size, precision_bytes=width, sequence_length=self._input_size
            )
        return vision_memory(
            self._model, batch_size=batch_size, precision_bytes=width, relative_activations=self._arithmetic
        )

    def _largest_run(self, usable: float, precision: Precision) -> Benchmark | None:
        """The measured run of most activations in numbers of that width, on a GPU with no more memory than that."""
        width = bytes_of(precision)
        if width not in self._runs:
            self._runs[width] = self._stairs(width)
        found = None
        for memory, row in self._runs[width]:
            if memory > usable:
                break
            found = row
        return found

    def _stairs(self, width: int) -> list[tuple[float, Benchmark]]:
        """The memory of each measured GPU, ascending, with the largest run on it or on one before it."""
        by_gpu: dict[str, Benchmark] = {}
        for row in self._rows:
            if row.gpu in load_gpus() and bytes_of(row.precision) == width:
                best = by_gpu.get(row.gpu)
                if best is None or self._elements(row) > self._elements(best):
                    by_gpu[row.gpu] = row
        stairs: list[tuple[float, Benchmark]] = []
        for memory, _, row in sorted((usable_bytes(load_gpus()[name]), name, row) for name, row in by_gpu.items()):
            is_larger = not stairs or self._elements(row) >= self._elements(stairs[-1][1])
            stairs.append((memory, row if is_larger else stairs[-1][1]))
        return stairs

    def _elements(self, row: Benchmark) -> float:
        """The batch of a row, in samples of the model's own input size."""
        return (row.batch_size_per_gpu or 0) * relative_arithmetic(self._model, self._model.input_size, row.input_size)


def vision_memory(
    model: Model, *, batch_size: float, precision_bytes: int = 2, relative_activations: float = 1.0
) -> Memory | None:
    """Memory of training a model of `data/models.csv` on one GPU; `None` where its figures are not known.

    Weights, gradients and momentum in FP32 (4 + 4 + 4 bytes); activations are the output elements of convolutions and
    matrix products, kept in the precision of the run with what normalisation and masks add. What kernels are searched for with is
    not in it: the search takes what is free, and does with less.
    """
    if model.params_millions is None or model.activations_millions is None:
        return None
    parameters = model.params_millions * 1e6
    activations = _sample_bytes(model, precision_bytes) * batch_size * relative_activations
    copied = parameters if precision_bytes == 2 else 0.0
    return _in_fp32(parameters, copied, optimizer=4 * parameters, activations=activations)


def _sample_bytes(model: Model, precision_bytes: int) -> float:
    """Bytes of activations that one sample keeps, at the model's own size."""
    if (counted := held_bytes(model, precision_bytes)) is not None:
        return counted
    held = held_millions(model)
    if held is None:
        return (model.activations_millions or 0.0) * 1e6 * VISION_BYTES_PER_ELEMENT * precision_bytes
    return held * 1e6 * BYTES_PER_ELEMENT[precision_bytes]


def encoder_memory(
    model: Model, *, batch_size: float, precision_bytes: int, sequence_length: int | None
) -> Memory | None:
    """Memory of training an encoder of text on one GPU in plain PyTorch; `None` where its shape or the length is not known.

    Weights, gradients and both moments of AdamW in FP32 (4 + 4 + 8 bytes); autocast keeps 16-bit copies of what is multiplied.
    Predictions of a vocabulary are not counted: for fine-tuning there are none, pretraining makes them of some tokens.
    """
    shape = shape_of(model)
    if shape is None or model.params_millions is None or sequence_length is None:
        return None
    parameters = model.params_millions * 1e6
    activations = token_bytes(shape, precision_bytes) * sequence_length * batch_size
    copied = float(shape.multiplied) if precision_bytes == 2 else 0.0
    return _in_fp32(parameters, copied, optimizer=8 * parameters, activations=activations)


def _in_fp32(parameters: float, copied: float, *, optimizer: float, activations: float) -> Memory:
    """Bytes of a run whose weights and gradients are in FP32, with a 16-bit copy of some parameters."""
    return Memory(
        weights=4 * parameters + 2 * copied,
        gradients=4 * parameters,
        optimizer=optimizer,
        activations=activations,
        logits=0.0,
        buffers=0.0,
        overhead=CONTEXT_BYTES + FRAGMENTATION_FRACTION * activations,
    )


def bytes_of(precision: Precision) -> int:
    """Bytes of one number in matrix products of that precision."""
    return 4 if precision in (Precision.FP32, Precision.TF32) else 2


def usable_bytes(gpu: Gpu) -> float:
    """Memory a program can use on one device of the GPU: what the driver shows, or an estimate from the nominal size.

    A board of two devices (MI250) is two GPUs to a program; a model must fit into one.
    """
    if gpu.memory_visible_mib is not None:
        return gpu.memory_visible_mib / devices_per_gpu(gpu) * GIB / MIB_PER_GIB
    has_inline_ecc = gpu.has_ecc and gpu.memory_type.startswith("GDDR")
    fraction = VISIBLE_FRACTION_INLINE_ECC if has_inline_ecc else VISIBLE_FRACTION
    return gpu.memory_gib * fraction / devices_per_gpu(gpu) * GIB


def devices_per_gpu(gpu: Gpu) -> int:
    """Devices a program sees for what clouds and makers count as one GPU."""
    return 2 if gpu.name in ("mi250", "mi250x") else 1
