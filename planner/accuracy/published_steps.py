"""Published steps of language models in many stacks: how fast each is against the fitted steps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from planner.errors import NoThroughputError
from planner.hardware.gpus import load_gpus
from planner.hardware.tables import read_rows
from planner.language.jobs import plan_job
from planner.language.listed import load_language_models
from planner.language.plan import LanguagePlan, plan_language_model
from planner.language.stacks import level_name
from planner.model.frozen import dataclass
from planner.model.language_runs import LanguageWork
from planner.model.records import Gpu, Precision
from planner.options.language import language_arguments

ROOM_GIB = 1000.0
"""More than any layout needs: where it is known that a step ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedStep:
    """A row of `data/language_stacks.csv`; what is empty of the layout was not published, or cannot be laid out here."""

    publication: str
    framework: str
    stack: str  # the stack of ours that it belongs to, by its software
    model: str
    method: str
    gpu: str
    card_watts: int | None  # of the cards that ran, where they were not the usual ones
    card_gb_per_s: float | None
    card_gib: float | None
    gpu_count: int
    network_gbit_per_s: float | None  # of each machine, where there are several
    precision: Precision
    sequence_length: int
    micro_batch: int | None
    batch_tokens: float
    zero_stage: int | None
    tensor_parallel: int | None
    pipeline_parallel: int | None
    recompute: str | None
    rank: int | None
    tokens_per_second: float
    note: str
    source: str
    as_of: str

    @property
    def card(self) -> Gpu:
        """The GPU that ran the step, with the power limit and the memory that it had there."""
        usual = load_gpus()[self.gpu]
        return replace(
            usual,
            tdp_watts=self.card_watts or usual.tdp_watts,
            memory_bandwidth_gb_per_s=self.card_gb_per_s or usual.memory_bandwidth_gb_per_s,
            memory_gib=self.card_gib or usual.memory_gib,
            memory_visible_mib=None if self.card_gib else usual.memory_visible_mib,
        )

    @property
    def roomy_card(self) -> Gpu:
        """The GPU with room for all: of a layout that is published whole it is known that it fits, whatever our count says."""
        layout = (self.micro_batch, self.zero_stage, self.tensor_parallel, self.pipeline_parallel, self.recompute)
        return self.card if None in layout else replace(self.card, memory_gib=ROOM_GIB, memory_visible_mib=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """A published step beside the plan for it."""

    publication: str
    group: str  # the class that its level is learnt in
    work: LanguageWork
    plan: LanguagePlan
    excess: float  # natural logarithm of measured over fitted tokens a second, without any level
    is_as_published: bool  # in the layout of the publication, not in the one that we would take


def load_published_steps() -> tuple[PublishedStep, ...]:
    """Every shipped row, in the order of the file."""
    return tuple(read_rows("language_stacks.csv", PublishedStep))


def foretold_steps() -> list[Foretold]:
    """Every published step, foretold twice: as it was laid out, and as we would lay it out.

    What is not published of a layout is searched; steps are left out where that finds none that fits by our count of memory.
    """
    return [one for step in load_published_steps() for one in _foretold_twice(step)]


def _foretold_twice(step: PublishedStep) -> Iterator[Foretold]:
    model = load_language_models()[step.model]
    given = {
        "recompute": step.recompute,
        "zero_stage": step.zero_stage,
        "tensor_parallel": step.tensor_parallel,
        "pipeline_parallel": step.pipeline_parallel,
        "micro_batch": step.micro_batch,
    }
    for layout, card in ((given, step.roomy_card), ({}, step.card)):
        options = language_arguments(
            {
                "method": step.method,
                "stack": step.stack,
                "sequence_length": step.sequence_length,
                "batch_tokens": step.batch_tokens,
                "rank": step.rank,
                **layout,
            }
        )
        job = plan_job(model, options, str(step.precision))
        work = LanguageWork(job=job, stack=step.stack, network_gbit_per_s=step.network_gbit_per_s, is_whole_run=False)
        try:
            plan = plan_language_model(work, card, step.gpu_count, step.precision)
        except NoThroughputError:
            return  # a layout that ran and does not fit by our count says nothing of speed, nor does another in its place
        fitted = plan.tokens_per_second / (1.0 if plan.level is None else math.exp(plan.level.shift))
        yield Foretold(
            publication=step.publication,
            group=level_name(step.stack, job, plan.gpu_count, is_fp8=step.precision is Precision.FP8),
            work=work,
            plan=replace(plan, level=None, tokens_per_second=fitted),
            excess=math.log(step.tokens_per_second / fitted),
            is_as_published=bool(layout),
        )
