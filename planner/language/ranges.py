"""How far off the speed of a language model may be: from the errors on left-out measurements, and assumptions.

The range has two parts. What differs between the rows of an answer (GPU, count, layout) says how far apart rows may be for
code that is as fast as the stack; how fast the code of another publication is, is common to all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cache

from planner.language.host import host_reach
from planner.language.plan import LanguagePlan
from planner.language.stacks import ADAPTER_STACK, FITTED_STACK, FUSED_STACK, OLD_STACK, base_stack
from planner.language.step_time import load_step_time
from planner.model.frozen import dataclass
from planner.model.language_runs import LanguageWork, Recomputation
from planner.model.records import Benchmark

UNSEEN_METHOD_REACH = math.log(1.35)  # an assumption: adapters in a stack measured without, or all weights in the other
OTHER_VENDOR_REACH = math.log(1.5)  # an assumption: no row of an AMD GPU is shipped
FAR_REACH = math.log(1.15)  # an assumption: more GPUs, or larger models, than were measured
MEASURED_GPUS = 128
MEASURED_PARAMETERS = 70e9
CHECKED_GPU = "h100-80gb-sxm"  # never fitted, but how far off it is was measured
FITTED_GPUS = ("a100-40gb-sxm", "a100-80gb-sxm")
_BASE_SPLIT = {
    FITTED_STACK: "llm-foundry A100, models left out",
    OLD_STACK: "Megatron grid, shapes left out",
    ADAPTER_STACK: "adapters A100, models left out",
}
"""What says how far off a stack's steps are on the GPU it was fitted to."""
Reach = tuple[float, float]
"""Logarithms of how much slower and how much faster a run may be, nine times in ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaches:
    """The reach of a run by any code, and by code that is as fast as the stack."""

    whole: Reach
    relative: Reach


def reaches(work: LanguageWork, plan: LanguagePlan, row: Benchmark | None) -> Reaches:
    """How much slower and how much faster the run may be, by any code and by code as fast as the stack.

    Independent causes add as squares; each is the spread of left-out measurements, or an assumption that says so. The
    reach of published code was learnt on many kinds of GPUs and layouts: the larger of it and of the causes that differ
    from row to row counts, with the assumptions beyond what was published.
    """
    steps, assumed = _together(_row_causes(work, plan, row)), _assumed_causes(work, plan, row)
    relative = _together([steps, *assumed])
    whole = relative
    if plan.level is not None:
        reach = plan.level.reach
        published = max(steps[0], reach), max(steps[1], reach)
        whole = _together([published, *assumed, *_old_gpu_causes(plan)])
    if plan.is_cluster and work.is_whole_run:
        overhead = run_overhead()
        slower, faster = (
            math.log(overhead["high"] / overhead["middle"]),
            math.log(overhead["middle"] / overhead["low"]),
        )
        whole = _together([whole, (slower, faster)])
    return Reaches(whole=whole, relative=relative)


def _row_causes(work: LanguageWork, plan: LanguagePlan, row: Benchmark | None) -> list[Reach]:
    """The spreads of left-out steps that concern this GPU and layout."""
    splits, base = _left_out(), base_stack(work.stack)
    causes = [splits[_BASE_SPLIT[base]]]
    if row is not None:
        causes = [splits["llm-foundry A100, cells left out"]]
    if plan.gpu.name == CHECKED_GPU and base == FITTED_STACK:
        causes.append(splits["llm-foundry H100, fitted to A100"])
    elif plan.gpu.name not in FITTED_GPUS:
        causes.append(splits["BERT on other GPUs, GPUs left out"])
    layout = plan.plan.layout
    if layout.tensor * layout.pipeline > 1 and base != OLD_STACK:
        causes.append(splits["Megatron grid, shapes left out"])
    return causes


def _assumed_causes(work: LanguageWork, plan: LanguagePlan, row: Benchmark | None) -> list[Reach]:
    """What no measurement says: methods, makers and sizes beyond those that were measured."""
    job, layout = work.job, plan.plan.layout
    causes: list[Reach] = []
    if job.method.has_adapters != (work.stack == ADAPTER_STACK) and work.stack != FUSED_STACK:
        causes.append((UNSEEN_METHOD_REACH, UNSEEN_METHOD_REACH))
    if plan.gpu.vendor != "NVIDIA":
        causes.append((OTHER_VENDOR_REACH, OTHER_VENDOR_REACH))
    is_far = plan.gpu_count > MEASURED_GPUS or job.model.parameters > MEASURED_PARAMETERS
    if (is_far or job.model.experts) and plan.level is None:
        causes.append((FAR_REACH, FAR_REACH))
    if plan.plan.host_seconds:
        causes.append(host_reach(plan.plan.host_seconds / plan.plan.seconds_per_step))
    if row is None and job.recomputation is None and layout.recomputation is Recomputation.FULL:
        # less may have to be computed again than the count of memory says: frameworks free early, or keep some layers
        causes.append((0.0, math.log(plan.hfu / plan.mfu)))
    return causes


def _old_gpu_causes(plan: LanguagePlan) -> list[Reach]:
    """GPUs without flash attention are in no publication of today: how far BERT was off on other GPUs comes on top."""
    return [] if plan.has_flash_attention else [_left_out()["BERT on other GPUs, GPUs left out"]]


def _together(causes: Iterable[Reach]) -> Reach:
    every = list(causes)
    return math.hypot(*(slower for slower, _ in every)), math.hypot(*(faster for _, faster in every))


@cache
def _left_out() -> Mapping[str, tuple[float, float]]:
    """How much slower and faster left-out steps were than predicted, as logarithms, by split."""
    splits = load_step_time()["left_out"].items()
    return {split: (math.log(entry["high"]), -math.log(entry["low"])) for split, entry in splits}


def cluster_overhead(work: LanguageWork, plan: LanguagePlan) -> float:
    """Time of a whole run over several machines to the sum of its steps, in the middle; 1 for steps or one machine.

    Published runs were held against the steps of the fitted stacks: what they take holds the level of their own code, which
    is taken out again where a level is in the steps already.
    """
    if not (plan.is_cluster and work.is_whole_run):
        return 1.0
    has_level = plan.level is not None and base_stack(work.stack) == FITTED_STACK
    return run_overhead()["middle"] * (math.exp(run_overhead()["level"]) if has_level else 1.0)


def run_overhead() -> Mapping[str, float]:
    """Time of a whole run over several machines to the sum of its steps: `middle`, `low` and `high` of published runs.

    `level`, a logarithm, is how fast published code was against the fitted steps, kernels included: the runs took that too.
    Checkpoints, evaluation, restarts and layouts short of the best; learnt in `planner/accuracy/published_runs.py`.
    """
    overhead: Mapping[str, float] = load_step_time()["runs"]
    return overhead
