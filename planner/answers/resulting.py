"""The result that holds estimates, with what belongs to them all: prices, notes, assumptions, what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.answers.pricing import Pricing, known_speeds
from planner.answers.question import Question
from planner.answers.remarks import asked_for, assumptions, notes
from planner.errors import Sentence
from planner.model.left_out import LeftOut
from planner.model.records import Estimate, Workload
from planner.results.answer import damaged_text
from planner.results.estimate import EstimateResult
from planner.units import hours


def result_of(pricing: Pricing, shown: Sequence[Estimate], left_out: Mapping[str, int]) -> EstimateResult:
    """The result that holds the estimates shown and everything needed to judge them."""
    work, wanted, today = pricing.question.work, pricing.question.wanted, pricing.question.today
    selection, biller = pricing.offered.selection, pricing.biller
    return EstimateResult(
        workload=work.workload,
        as_of=today,
        prices=selection.books,
        damaged=selection.damaged,
        estimates=tuple(shown),
        left_out=tuple(LeftOut(reason=reason, count=count) for reason, count in left_out.items()),
        unpriced=tuple((provider, entry) for provider, entry in selection.unpriced if asked_for(entry, wanted)),
        assumptions=assumptions(work.workload, work.samples_source, shown, wanted, biller),
        notes=(
            *damaged_text(selection.damaged),
            *_limit_notes(pricing.question, shown),
            *notes(wanted, shown, known_speeds(pricing), today, biller),
            *_format_notes(work.workload, shown),
        ),
        startup_seconds=biller.startup_seconds(*(shown[0].offer.gpu_count, shown[0].node_count) if shown else (1.0, 1)),
        samples_source=work.samples_source,
    )


def short_result_of(pricing: Pricing, shown: Sequence[Estimate]) -> EstimateResult:
    """The result that holds the estimates shown, without notes, assumptions and what was left out."""
    selection, work, first = pricing.offered.selection, pricing.question.work, shown[0]
    return EstimateResult(
        workload=work.workload,
        as_of=pricing.question.today,
        prices=selection.books,
        damaged=selection.damaged,
        estimates=tuple(shown),
        left_out=(),
        unpriced=(),
        assumptions=(),
        notes=(),
        startup_seconds=pricing.biller.startup_seconds(first.offer.gpu_count, first.node_count),
        samples_source=work.samples_source,
    )


def _limit_notes(question: Question, shown: Sequence[Estimate]) -> tuple[str, ...]:
    """What the high end of the first row's range is, and how many rows pass a limit there; limits hold expected figures."""
    found = []
    for name, limit, unit, high in (
        ("max_usd", question.max_usd, "USD", lambda one: one.usd_high),
        ("max_hours", question.max_hours, "hours", lambda one: hours(one.seconds_high)),
    ):
        over = 0 if limit is None else sum(high(one) > limit for one in shown)
        if over:
            found.append(
                Sentence(
                    f"{{over}} of {{rows}} rows may pass {{{name}}} {{limit:,.10g}} at the high end of their range; "
                    "the first row may come to {high:,.2f} {unit}",
                    over=over,
                    rows=len(shown),
                    limit=limit or 0,
                    high=high(shown[0]),
                    unit=unit,
                )
            )
    return tuple(found)


def _format_notes(workload: Workload, shown: Sequence[Estimate]) -> tuple[str, ...]:
    if workload.language is None:
        return ()
    from planner.language.faster_format import fp8_note  # noqa: PLC0415 - most runs need none of it

    return fp8_note(workload, shown)
