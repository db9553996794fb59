"""Published memory of training runs against our count: the anchors of the count, and what it does not reach."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from planner.hardware.tables import read_rows
from planner.language.host import host_bytes, spilled_bytes
from planner.language.jobs import plan_job
from planner.language.listed import load_language_models
from planner.language.memory import activation_bytes, layer_activation_bytes, memory_needed
from planner.model.frozen import dataclass
from planner.model.language_runs import LanguageJob, Layout, Recomputation
from planner.options.language import language_arguments
from planner.throughput.memory import CONTEXT_BYTES, GIB

WITHIN = 0.15
"""How far our count may be from an anchor."""
CARD_BYTES = 16 * GIB
"""The card on which host memory of a paged optimiser was seen: an RTX 4070 Ti SUPER."""
GPUS_PER_MACHINE = 8


class Use(StrEnum):
    """What a published figure is to our count."""

    CHECK = "check"  # nothing was set by it
    CONSTANT = "constant"  # a constant of the count was set by it
    LEFT_OUT = "left_out"  # the note says why it cannot be met, or compared


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedMemory:
    """A row of `data/memory_runs.csv`: the most memory that a run held, on one GPU or on its host."""

    framework: str
    model: str
    method: str
    gpu_count: int
    optimizer: str | None
    pure_bf16: bool | None
    optimizer_in_backward: bool | None
    cpu_offload: str | None
    activation_offload: bool | None  # inputs of recomputed layers go to the host, which is no choice here
    stack: str
    rank: int | None
    sequence_length: int
    micro_batch: int
    batch_sequences: int | None  # of a step over all GPUs; None: accumulated
    zero_stage: int | None
    recompute: Recomputation
    place: str  # gpu or host
    published: float
    unit: str  # GB or GiB
    seen_by: str  # driver, which counts its own context; allocator, which does not; or reserved by it
    use: Use
    note: str
    source: str
    as_of: str

    @property
    def published_gib(self) -> float:
        """The figure in GiB."""
        return self.published if self.unit == "GiB" else self.published * 1e9 / GIB

    @property
    def counted_gib(self) -> float:
        """Our count of the same, in the layout that was published."""
        job, layout = self._job(), self._layout()
        memory = memory_needed(job, layout)
        if self.place == "host":
            spilled = spilled_bytes(job, layout, memory, CARD_BYTES)
            return host_bytes(job, layout, spilled, GPUS_PER_MACHINE) / GIB
        counted = memory.total
        if self.activation_offload:
            at_work = layer_activation_bytes(job, replace(layout, recomputation=Recomputation.SELECTIVE))
            counted -= activation_bytes(job, layout) - at_work
        return (counted - (CONTEXT_BYTES if self.seen_by != "driver" else 0.0)) / GIB

    @property
    def error(self) -> float:
        """Our count over the published figure, less one."""
        return self.counted_gib / self.published_gib - 1

    def _job(self) -> LanguageJob:
        options = {
            name: getattr(self, name)
            for name in (
                "method",
                "optimizer",
                "pure_bf16",
                "optimizer_in_backward",
                "cpu_offload",
                "stack",
                "rank",
                "sequence_length",
            )
        }
        job = plan_job(load_language_models()[self.model], language_arguments(options))
        if self.batch_sequences is None:
            return job
        return replace(job, batch_tokens=self.batch_sequences * self.sequence_length)

    def _layout(self) -> Layout:
        return Layout(
            data=self.gpu_count,
            micro_batch=self.micro_batch,
            zero_stage=self.zero_stage or 0,
            recomputation=self.recompute,
        )


def load_published_memory() -> tuple[PublishedMemory, ...]:
    """Every shipped row, in the order of the file."""
    return tuple(read_rows("memory_runs.csv", PublishedMemory))


def memory_table() -> list[str]:
    """The rows as lines of a Markdown table: predicted, published, and how far off we are."""
    lines = [
        "| run | GPUs | how weights and optimiser are held | tokens | counted GiB | published GiB | off by | source |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in load_published_memory():
        note = {Use.CONSTANT: "; sets a constant", Use.LEFT_OUT: f"; left out: {row.note}"}.get(row.use, "")
        of_host = " (host memory)" if row.place == "host" else ""
        lines.append(
            f"| {row.framework}: {row.model}, {row.method}{of_host} | {row.gpu_count} | {_held(row)} | "
            f"{row.micro_batch} x {row.sequence_length:,} | {row.counted_gib:.1f} | {row.published_gib:.1f} | "
            f"{row.error:+.0%}{note} | [link]({row.source.partition(' ')[0]}) |"
        )
    return lines


def _held(row: PublishedMemory) -> str:
    words = (
        row.optimizer or "adamw",
        "pure BF16" if row.pure_bf16 else "",
        "in backward" if row.optimizer_in_backward else "",
        f"CPU offload: {row.cpu_offload}" if row.cpu_offload else "",
        f"ZeRO {row.zero_stage}" if row.zero_stage else "",
        "activations offloaded" if row.activation_offload else "",
        "recomputed" if row.recompute is Recomputation.FULL else "",
    )
    return ", ".join(filter(None, words))
