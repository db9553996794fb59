"""Learns the efficiencies of a software stack from measured steps, and measures how well they predict left-out steps.

Needs numpy (pandas brings it): only `planner validate` and `scripts/fit_step_time.py` come here.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from planner.accuracy.measured_steps import (
    Step,
    adapter_steps,
    encoder_steps,
    foundry_steps,
    hopper_steps,
    megatron_steps,
)
from planner.language.flops import training_flops_per_token
from planner.language.stacks import DEFAULT_STACK
from planner.language.step_time import Stack, load_stacks, step_seconds
from planner.model.frozen import dataclass

START = Stack(
    matrix_efficiency=0.85,
    half_tokens=400.0,
    half_width=100.0,
    attention_efficiency=0.4,
    traffic=8.0,
    score_traffic=20.0,
    launch_seconds=1e-3,
    overlap=2.0,
    wire_efficiency=0.7,
    exchange_seconds=2e-5,
    dequantised_bytes=12.0,
    attention_gain=1.0,
)
"""Where the search begins, and the values of what a set of rows cannot tell apart. Large products reach 85 % of the
data sheet in cuBLAS on an A100; half the rate at 400 tokens or a width of 100 are tiles of 128 on its 108 multiprocessors;
0.7 of the wire is what all-reduce tests show. A 4-bit weight: half a byte read, two written, two read, at half the usual
rate; https://cloud.google.com/vertex-ai/generative-ai/docs/model-garden/lora-qlora sees LoRA 1.66 times as fast."""
HELD = frozenset(("half_tokens", "half_width", "wire_efficiency", "dequantised_bytes", "attention_gain"))
LIMITS = {"matrix_efficiency": (0.3, 0.9), "attention_efficiency": (0.1, 0.9), "overlap": (1.0, 4.0)}
"""Efficiencies beyond these are no hardware's."""
FOLDS = 10
STRETCH = 1.25
"""Errors of one GPU, or of one model's adapters, go together: the ends are learnt from 16 or 3 others only, and lie
further out."""
TAIL = 0.04  # beyond either end of a 90 % range; a percentage point wider, for the ends are themselves learnt from few errors
MISFIT = 0.2  # beyond this, in logarithms, a row pulls no harder: one odd machine must not bend the fit


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutResult:
    """Errors of predicted throughput on left-out steps; fractions, not percent.

    `coverage` is the share inside the 90 % range that the errors of the other folds give. `baseline` is the median
    error of one constant utilisation, the usual rule.
    """

    split: str
    n: int
    median: float
    mean: float
    p90: float
    bias: float
    coverage: float
    baseline_median: float
    baseline_mean: float
    baseline_p90: float
    baseline_bias: float
    low: float  # ends of the range, as measured over foretold seconds
    high: float


def learn_stack(steps: Sequence[Step], *, held: Iterable[str] = HELD, start: Stack = START) -> Stack:
    """The stack whose steps come closest to the measured ones, by damped least squares on logarithms."""
    import numpy as np  # noqa: PLC0415 - heavy, and no estimate needs it

    values: dict[str, float] = asdict(start)
    free = [name for name in values if name not in set(held)]
    bounds = [LIMITS.get(name, (1e-9, 1e9)) for name in free]
    low, high = (np.log([bound[side] for bound in bounds]) for side in (0, 1))
    measured = np.log([step.seconds for step in steps])

    def foretold(point: Any) -> Any:
        stack = Stack(**(values | dict(zip(free, np.exp(point).tolist(), strict=True))))
        return np.log([step_seconds(step.job, step.layout, step.hardware, stack) for step in steps])

    point = np.clip(np.log([values[name] for name in free]), low, high)
    damping, now = 1e-2, foretold(point)
    for _ in range(25):
        error = measured - now
        weight = 1 / np.maximum(1, np.abs(error) / MISFIT)
        slopes = np.stack([(foretold(point + 1e-4 * unit) - now) / 1e-4 for unit in np.eye(len(free))], axis=1)
        normal, right = (slopes * weight[:, None]).T @ slopes, (slopes * weight[:, None]).T @ error
        gain = 0.0
        for _ in range(6):
            move = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-6), right)
            trial = np.clip(point + np.clip(move, -0.7, 0.7), low, high)
            after = foretold(trial)
            gain = _loss(error) - _loss(measured - after)
            if gain > 0:
                point, now, damping = trial, after, max(damping / 4, 1e-6)
                break
            damping *= 6
        if gain <= 1e-5 * _loss(measured - now):
            break
    return Stack(**(values | dict(zip(free, np.exp(point).tolist(), strict=True))))


def leave_out(
    split: str,
    steps: Sequence[Step],
    *,
    by_group: bool,
    held: Iterable[str] = HELD,
    start: Stack = START,
    stretch: float = 1.0,
) -> LeftOutResult:
    """Predicts each step from what was learnt without it: by folds of single steps, or by whole groups."""
    folds = _folds(steps, lambda index: steps[index].group if by_group else _scattered(index) % FOLDS)
    errors: list[list[float]] = []
    constant: list[float] = []
    for fold in folds:
        seen = [step for index, step in enumerate(steps) if index not in fold]
        stack = learn_stack(seen, held=held, start=start)
        usual = statistics.median(_utilisation(step) for step in seen)
        inside = [steps[index] for index in sorted(fold)]
        errors.append(
            [math.log(step.seconds / step_seconds(step.job, step.layout, step.hardware, stack)) for step in inside]
        )
        constant += [usual / _utilisation(step) - 1 for step in inside]
    return _summary(split, errors, constant, stretch)


def foretell(split: str, steps: Sequence[Step], seen: Sequence[Step], stack: Stack) -> LeftOutResult:
    """Predicts steps on a GPU that `stack` has not seen; stack and constant utilisation were learnt from `seen`.

    The range that each model's steps are judged by comes from the other models' errors.
    """
    usual = statistics.median(_utilisation(step) for step in seen)
    folds = _folds(steps, lambda index: steps[index].group)
    errors = [
        [
            math.log(
                steps[index].seconds / step_seconds(steps[index].job, steps[index].layout, steps[index].hardware, stack)
            )
            for index in sorted(fold)
        ]
        for fold in folds
    ]
    return _summary(split, errors, [usual / _utilisation(step) - 1 for step in steps], 1.0)


def _summary(split: str, errors: Sequence[Sequence[float]], constant: Sequence[float], stretch: float) -> LeftOutResult:
    every = [error for fold in errors for error in fold]
    # measured over foretold seconds less one is the relative error of the throughput
    size = sorted(abs(math.expm1(error)) for error in every)
    covered = sum(
        _covered(fold, [error for other in errors if other is not fold for error in other], stretch) for fold in errors
    )
    return LeftOutResult(
        split=split,
        n=len(every),
        median=statistics.median(size),
        mean=statistics.fmean(size),
        p90=_quantile(size, 0.9),
        bias=statistics.fmean(math.expm1(error) for error in every),
        coverage=covered / len(every),
        baseline_median=statistics.median(map(abs, constant)),
        baseline_mean=statistics.fmean(map(abs, constant)),
        baseline_p90=_quantile(map(abs, constant), 0.9),
        baseline_bias=statistics.fmean(constant),
        low=math.exp(stretch * _quantile(every, TAIL)),
        high=math.exp(stretch * _quantile(every, 1 - TAIL)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """How the layout predicted to be fastest ranks among the measured ones of the same job and GPUs.

    `curse` is its measured over its foretold time: above 1 if the search picks errors in its own favour. `regret` is
    its measured time over that of the fastest, `spread` the median of all layouts over the fastest.
    """

    jobs: int
    curse_median: float
    curse_mean: float
    regret_median: float
    regret_mean: float
    spread_median: float


def searched_layouts(*, at_least: int = 3) -> SearchResult:
    """The result of the layout search over the Megatron iterations, by a stack learnt without their shape."""
    steps = megatron_steps()
    foretold: dict[int, float] = {}
    for fold in _folds(steps, lambda index: steps[index].group):
        stack = learn_stack([step for index, step in enumerate(steps) if index not in fold], **MEGATRON)
        for index in fold:
            step = steps[index]
            foretold[index] = step_seconds(step.job, step.layout, step.hardware, stack)
    curse, regret, spread = [], [], []
    for job in _folds(steps, lambda index: (steps[index].job, steps[index].layout.gpu_count)):
        if len(job) < at_least:
            continue
        chosen = min(job, key=lambda index: (foretold[index], index))
        seconds = [steps[index].seconds for index in job]
        curse.append(steps[chosen].seconds / foretold[chosen])
        regret.append(steps[chosen].seconds / min(seconds))
        spread.append(statistics.median(seconds) / min(seconds))
    return SearchResult(
        jobs=len(curse),
        curse_median=statistics.median(curse),
        curse_mean=statistics.fmean(curse),
        regret_median=statistics.median(regret),
        regret_mean=statistics.fmean(regret),
        spread_median=statistics.median(spread),
    )


def language_leave_outs() -> list[LeftOutResult]:
    """Every split of the validation of language models, the easiest first."""
    foundry, megatron, encoders = foundry_steps(), megatron_steps(), encoder_steps()
    stack = learn_stack(foundry, **FOUNDRY)
    return [
        leave_out("llm-foundry A100, cells left out", foundry, by_group=False, **FOUNDRY),
        leave_out("llm-foundry A100, models left out", foundry, by_group=True, **FOUNDRY),
        foretell("llm-foundry H100, fitted to A100", hopper_steps(), foundry, stack),
        leave_out("Megatron grid, cells left out", megatron, by_group=False, **MEGATRON),
        leave_out("Megatron grid, shapes left out", megatron, by_group=True, **MEGATRON),
        leave_out("BERT on other GPUs, GPUs left out", encoders, by_group=True, stretch=STRETCH, **ENCODER),
        leave_out("adapters A100, models left out", adapter_steps(), by_group=True, stretch=STRETCH, **adapters()),
    ]


FOUNDRY: dict[str, Any] = {"held": HELD | {"score_traffic", "matrix_efficiency", "overlap", "exchange_seconds"}}
MEGATRON: dict[str, Any] = {"held": HELD | {"attention_efficiency"}}
ENCODER: dict[str, Any] = {
    "held": HELD | {"attention_efficiency", "matrix_efficiency", "overlap", "exchange_seconds"},
}
"""What each set of rows cannot tell apart: without flash attention there is no kernel of its own to learn, on one GPU
no exchange, and sharded runs hide nearly all exchange."""


def adapters() -> dict[str, Any]:
    """What the few steps of adapters cannot tell apart; their attention is llm-foundry's on the same GPU, with the kernels of today."""
    gain = load_stacks()[DEFAULT_STACK].attention_gain
    return {
        "held": HELD - {"dequantised_bytes"}
        | {"attention_efficiency", "matrix_efficiency", "score_traffic", "overlap", "exchange_seconds"},
        "start": replace(START, attention_efficiency=0.56, attention_gain=gain),
    }


def _loss(error: Any) -> float:
    import numpy as np  # noqa: PLC0415

    size = np.abs(error)
    return float(np.where(size < MISFIT, size**2, MISFIT * (2 * size - MISFIT)).sum())


def _folds(steps: Sequence[Step], key: Callable[[int], Hashable]) -> list[set[int]]:
    folds: dict[Hashable, set[int]] = {}
    for index in range(len(steps)):
        folds.setdefault(key(index), set()).add(index)
    return list(folds.values())


def _scattered(index: int) -> int:
    # neighbours in the files are alike: a multiplicative hash spreads them over the folds, the same way every time
    return (index * 2_654_435_761 % 2**32) >> 16


def _utilisation(step: Step) -> float:
    flops = training_flops_per_token(step.job) * step.job.batch_sequences * step.job.sequence_length
    return flops / step.seconds / step.layout.gpu_count / step.hardware.peak_flops


def _covered(errors: Sequence[float], others: Sequence[float], stretch: float) -> int:
    low, high = (stretch * _quantile(others, end) for end in (TAIL, 1 - TAIL))
    return sum(low <= error <= high for error in errors)


def _quantile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    lower = math.floor(place)
    upper = min(lower + 1, len(ordered) - 1)
    return ordered[lower] + (place - lower) * (ordered[upper] - ordered[lower])
