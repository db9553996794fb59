"""What is said beside a figure of the stacks that a model was measured in."""

from __future__ import annotations

from collections.abc import Sequence

from planner.errors import Sentence
from planner.model.records import Benchmark, Model, Precision, Workload
from planner.throughput.adjustments import small_image_note
from planner.throughput.precision import width_of
from planner.throughput.scripts import newest_row, script_of, stack_of

NOTEWORTHY = 1.05


def common_notes(
    workload: Workload,
    chosen_rows: Sequence[Benchmark],
    every_row: Sequence[Benchmark],
    measured_size: int | None,
    *,
    stands_in: bool,
) -> tuple[str, ...]:
    """What is true of every figure of a workload: that another framework stands in, which network, and that a faster stack is known."""
    model = workload.model
    notes = []
    if stands_in:
        notes.append(
            f"{model.name} was not measured in {workload.framework}: the figure stands for another framework, range widened"
        )
    notes.append(small_image_note(model, measured_size, workload.input_size))
    notes.append(faster_stack(model, chosen_rows, every_row, workload.precision))
    return tuple(note for note in notes if note)


def faster_stack(
    model: Model, chosen_rows: Sequence[Benchmark], every_row: Sequence[Benchmark], precision: Precision | None
) -> str:
    """A sentence that compares the fastest measured stack with the chosen one on the same GPUs; empty if none is faster."""
    if not chosen_rows:
        return ""
    size, script = chosen_rows[0].input_size, script_of(chosen_rows[0])
    by_place: dict[tuple[str, str], list[Benchmark]] = {}
    for row in chosen_rows:
        if row.gpu_count == 1:
            by_place.setdefault((row.gpu, width_of(row.precision)), []).append(row)
    best_ratio, best = NOTEWORTHY, ""
    for row in every_row:
        if script_of(row) == script or row.input_size not in (None, size) or row.gpu_count > 1:
            continue
        if precision is not None and width_of(row.precision) != width_of(precision):
            continue
        chosen = newest_row(by_place.get((row.gpu, width_of(row.precision)), []))
        if chosen is not None and row.samples_per_second / chosen.samples_per_second > best_ratio:
            best_ratio = row.samples_per_second / chosen.samples_per_second
            choose = " ({framework} {other})" if row.framework != chosen.framework else ""
            best = Sentence(
                "stands for {stack}; the fastest known stack, {faster}"
                + choose
                + ", reaches {rate:,.5g} against {usual:,.5g} "
                "{unit}s/s on {where}",
                stack=stack_of(chosen),
                faster=stack_of(row),
                other=row.framework,
                rate=row.samples_per_second,
                usual=chosen.samples_per_second,
                unit=model.sample_unit,
                where=f"{row.gpu_count} x {row.gpu} in {row.precision}",
            )
    return best
