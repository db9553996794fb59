"""Software stacks of language models: which are assumed, and how fast published code is against the fitted steps.

The steps of a stack are fitted to one or two publications. How far the code of others lies from them is learnt from
`data/language_stacks.csv`, a class at a time, each publication counted once: `planner/accuracy/stack_levels.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from planner.errors import NoThroughputError
from planner.language.step_time import load_step_time
from planner.model.frozen import dataclass
from planner.model.language_runs import LanguageJob, LanguageWork, Method
from planner.model.records import Gpu

FITTED_STACK = "llm-foundry"
DEFAULT_STACK = "typical"
"""Code of today as published, whoever wrote it."""
FUSED_STACK = "fused"
"""Code with fused kernels, such as torchtune, NVIDIA's NeMo and what runs on Megatron-Core."""
ADAPTER_STACK = "transformers-peft"
"""The stack that adapters were measured in, and that most of them are trained in."""
OLD_STACK = "megatron-deepspeed"
"""Before mid-2022: no flash attention, sequence parallelism or interleaved pipelines."""

LARGE_PARAMETERS = 3e9
"""From here on the states of training exceed one GPU and are sharded; published models have 2.8 B at most, or 6.7 B."""
MANY_GPUS = 8
MIXTURES, FUSED_16, FUSED_FP8, FUSED_ADAPTERS = "mixtures", "fused, 16 bits", "fused, fp8", "fused, adapters"
"""Classes of jobs, as in the shipped file."""
NO_FLASH_ATTENTION = (
    "no flash attention runs on this GPU: plain attention counted, which is slower and takes more memory"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How fast published code of a class is against the fitted steps, and the reach of any one of its publications.

    All are natural logarithms. `common` is one half of the 90 % range of the level of another publication, `spread`
    that of one measurement about the level of its publication.
    """

    shift: float
    common: float
    spread: float
    publications: int

    @property
    def reach(self) -> float:
        """Half of the 90 % range of a measurement of another publication."""
        return math.hypot(self.common, self.spread)


def usual_stack(method: Method) -> str:
    """The stack that an estimate assumes if none is named."""
    return ADAPTER_STACK if method.has_adapters else DEFAULT_STACK


def stands_for_tuned_code(work: LanguageWork) -> bool:
    """Whether the figure is of code that its authors tuned, where plain code of Transformers is much slower.

    Of the runs of `data/own_runs.csv` in plain code GPT-2 and Qwen 2.5 0.5B took 1.6 to 2.9 times as long, models from 3 B on no longer
    than published code.
    """
    return work.stack == DEFAULT_STACK and work.job.model.parameters < LARGE_PARAMETERS


def logit_bytes(stack: str, method: Method) -> int:
    """Bytes that a stack holds of one logit at the end of the forward pass, with its gradient.

    8: FP32 logits and their gradient, the 16-bit ones being gone by then, as llm-foundry's 139 measured runs have room for.
    12 in Transformers: PyTorch's cross entropy holds FP32 logarithms of probabilities, their gradient and that of the logits. Fused code goes through them in chunks: 16-bit ones and, where the output
    layer is trained, their gradient. torchtune's table for Llama 3.2 3B (data/memory_runs.csv) leaves 3.8 GiB for 2 x 4,096
    tokens of 128,256 with all weights, and 1.6 with LoRA.
    """
    if stack == FUSED_STACK:
        return 2 if method.has_adapters else 4
    return 12 if stack == ADAPTER_STACK else 8


def base_stack(stack: str) -> str:
    """The stack whose fitted coefficients a stack has; its own name if it was fitted itself."""
    return str(load_step_time()["stacks"].get(stack, {}).get("base", stack))


def level_of(stack: str, job: LanguageJob, gpu_count: int, *, is_fp8: bool = False) -> Level | None:
    """How fast code of the stack is in this class of jobs; `None` if the stack stands for the publication it is fitted to.

    A mixture of experts has the level of published mixtures in every stack: routing takes time that the count of operations
    does not know.
    """
    document = load_step_time()
    levels = {name: Level(**entry) for name, entry in document["levels"].items()}
    name = level_name(stack, job, gpu_count, is_fp8=is_fp8)
    if name not in levels:
        return None
    return in_fp8(name, levels, float(document["fp8"]["reach"])) if is_fp8 else levels[name]


def in_fp8(name: str, levels: Mapping[str, Level], reach: float) -> Level:
    """The level of a class in fp8, where it was learnt in 16 bits.

    Fused adapters gain what fused pretraining gains beyond the products; others may lie as far off as stacks differ.
    """
    level = levels[name]
    if name == FUSED_ADAPTERS:
        return replace(level, shift=level.shift + fused_gain(levels))
    return level if name in (FUSED_FP8, MIXTURES) else replace(level, common=math.hypot(level.common, reach))


def fused_gain(levels: Mapping[str, Level]) -> float:
    """What fused kernels gain in fp8 beyond the rate of the products, as a natural logarithm; 0 while it is not known."""
    return levels[FUSED_FP8].shift - levels[FUSED_16].shift if {FUSED_FP8, FUSED_16} <= set(levels) else 0.0


def level_name(stack: str, job: LanguageJob, gpu_count: int, *, is_fp8: bool = False) -> str:
    """The class of jobs that a level was learnt in, as in the shipped file."""
    if job.model.experts:
        return MIXTURES
    if stack == FUSED_STACK:
        return FUSED_ADAPTERS if job.method.has_adapters else FUSED_FP8 if is_fp8 else FUSED_16
    if stack != DEFAULT_STACK:
        return stack
    size = "from" if job.model.parameters >= LARGE_PARAMETERS else "below"
    return f"typical, {'1 to 7 GPUs' if gpu_count < MANY_GPUS else '8 GPUs and more'}, {size} 3 B"


def job_on(job: LanguageJob, gpu: Gpu) -> LanguageJob:
    """The job as it runs on the GPU: without flash attention where no kernel of it exists."""
    return replace(job, has_flash_attention=False) if job.has_flash_attention and not runs_flash_attention(gpu) else job


def refuse_missing_kernels(stack: str, gpu: Gpu) -> None:
    """Raise if the stack is made of kernels that the GPU cannot run.

    Raises:
        NoThroughputError: fused code of today, on a GPU for which there is no flash attention either.
    """
    if stack == FUSED_STACK and not runs_flash_attention(gpu):
        raise NoThroughputError(
            "{name} ({architecture}) runs no fused code of today. Use {stack} typical.",
            argument="stack",
            name=gpu.name,
            architecture=gpu.architecture,
        )


def runs_flash_attention(gpu: Gpu) -> bool:
    """Whether kernels of flash attention exist for the GPU.

    NVIDIA from Ampere on, AMD from CDNA 2 on: https://github.com/Dao-AILab/flash-attention (README, installation).
    """
    if gpu.vendor == "NVIDIA":
        return float(gpu.compute_capability) >= 8.0
    return gpu.architecture.startswith(("CDNA2", "CDNA3", "CDNA4"))
