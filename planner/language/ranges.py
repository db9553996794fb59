"""How far off the speed of a language model may be: from the errors on left-out measurements, and assumptions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from planner.language.plan import ADAPTER_STACK, LanguagePlan
from planner.language.step_time import load_step_time
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
    "llm-foundry": "llm-foundry A100, models left out",
    "megatron-deepspeed": "Megatron grid, shapes left out",
    ADAPTER_STACK: "adapters A100, models left out",
}
"""What says how far off a stack's steps are on the GPU it was fitted to."""


def reaches(work: LanguageWork, plan: LanguagePlan, row: Benchmark | None) -> tuple[float, float]:
    """Logarithms of how much slower and how much faster the run may be, nine times in ten.

    Independent causes add as squares; each is the spread of left-out measurements, or an assumption that says so.
    """
    job, layout = work.job, plan.plan.layout
    splits = _left_out()
    causes = [splits[_BASE_SPLIT[work.stack]]]
    if row is not None:
        causes = [splits["llm-foundry A100, cells left out"]]
    if plan.gpu.name == CHECKED_GPU and work.stack == "llm-foundry":
        causes.append(splits["llm-foundry H100, fitted to A100"])
    elif plan.gpu.name not in FITTED_GPUS:
        causes.append(splits["BERT on other GPUs, GPUs left out"])
    if layout.tensor * layout.pipeline > 1 and work.stack != "megatron-deepspeed":
        causes.append(splits["Megatron grid, shapes left out"])
    if job.method.has_adapters != (work.stack == ADAPTER_STACK):
        causes.append((UNSEEN_METHOD_REACH, UNSEEN_METHOD_REACH))
    if plan.gpu.vendor != "NVIDIA":
        causes.append((OTHER_VENDOR_REACH, OTHER_VENDOR_REACH))
    if plan.gpu_count > MEASURED_GPUS or job.model.parameters > MEASURED_PARAMETERS or job.model.experts:
        causes.append((FAR_REACH, FAR_REACH))
    if row is None and job.recomputation is None and layout.recomputation is Recomputation.FULL:
        # less may have to be computed again than the count of memory says: frameworks free early, or keep some layers
        causes.append((0.0, math.log(plan.hfu / plan.mfu)))
    slower, faster = (math.sqrt(sum(cause[side] ** 2 for cause in causes)) for side in (0, 1))
    if plan.is_cluster and work.is_whole_run:
        overhead = run_overhead()
        slower = math.hypot(slower, math.log(overhead["high"] / overhead["middle"]))
        faster = math.hypot(faster, math.log(overhead["middle"] / overhead["low"]))
    return slower, faster


@cache
def _left_out() -> Mapping[str, tuple[float, float]]:
    """How much slower and faster left-out steps were than predicted, as logarithms, by split."""
    splits = load_step_time()["left_out"].items()
    return {split: (math.log(entry["high"]), -math.log(entry["low"])) for split, entry in splits}


def run_overhead() -> Mapping[str, float]:
    """Time of a whole run over several machines to the sum of its steps: `middle`, `low` and `high` of published runs.

    Checkpoints, evaluation, restarts and layouts short of the best; learnt in `planner/accuracy/published_runs.py`.
    """
    overhead: Mapping[str, float] = load_step_time()["runs"]
    return overhead
