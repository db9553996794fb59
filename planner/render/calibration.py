"""A calibration as a table, its document, and sentences beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from planner.answers.calibrate import Calibration, calibrated_run
from planner.answers.remaining import Remaining, hours_text
from planner.errors import Message, named
from planner.logs.calibration import SCHEMA, run_record
from planner.logs.records import Verdict
from planner.logs.verdict import Judged
from planner.render.listing import Column, to_csv, to_json, to_markdown, to_table
from planner.units import Row

COLUMNS = (
    Column(key="run", heading="Run", is_number=True),
    Column(key="verdict", heading="Verdict"),
    Column(key="rate", heading="Rate/s", is_number=True),
    Column(key="range", heading="Range"),
    Column(key="unit", heading="Of"),
    Column(key="gpus", heading="GPUs"),
    Column(key="start", heading="Start-up", is_number=True),
    Column(key="stalls", heading="Pauses", is_number=True),
    Column(key="source", heading="Read as"),
)


def calibration_rendered(found: Calibration, form: str, *, width: int | None, remaining: Row | None = None) -> str:
    """The calibration in one of the formats, ending in a line end."""
    if form == "json":
        return to_json(calibration_document(found, remaining))
    if form == "csv":
        return to_csv([{key: run_record(run).get(key) for key in run.__slots__} for run in found.records])
    rows = [_row(number, one) for number, one in enumerate(found.runs, 1)]
    return to_markdown(COLUMNS, rows) if form == "markdown" else to_table(COLUMNS, rows, width=width)


def calibration_document(found: Calibration, remaining: Row | None = None) -> dict[str, Any]:
    """The JSON document: the keys of the file, what was refused, notes and what is asked."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "runs": [run_record(run) for run in found.records],
        "refused": [{"reason": str(_spelled(one.reason)), "source": one.run.source} for one in _refused(found)],
        "notes": [*found.notes, *(note for one in found.usable for note in one.notes)],
        "questions": sorted({str(_spelled(question)) for one in found.usable for question in one.questions}),
    }
    return document if remaining is None else document | {"remaining": remaining}


def calibration_notes(found: Calibration) -> Iterable[Message | str]:
    """Why runs were refused, what the time of the others went into, what contradicts itself, and what is asked."""
    several = len(found.runs) > 1
    for number, one in enumerate(found.runs, 1):
        prefix = f"run {number}: " if several else ""
        if one.verdict is Verdict.REFUSED:
            yield Message("! {prefix}refused, {why}", prefix=prefix, why=_spelled(f"{one.run.source}: {one.reason}"))
            continue
        for note in one.notes:
            yield f"{prefix}{note}"
        for question in one.questions:
            yield Message("? {prefix}{question}", prefix=prefix, question=_spelled(question))
    yield from (f"! {note}" for note in found.notes)


def remaining_record(rest: Remaining) -> Row:
    """The rest of a run as the document holds it."""
    return {
        "seconds": rest.seconds,
        "low": rest.low,
        "high": rest.high,
        "usd": rest.usd,
        "spent_seconds": rest.spent_seconds,
        "done": rest.done,
        "total": rest.total,
        "counted": rest.counted,
        "ends_at": rest.ends_at,
        "usd_per_hour": rest.usd_per_hour,
        "moves": [
            {
                "provider": each.offer.provider,
                "instance_type": each.offer.instance_type,
                "gpu": each.offer.gpu,
                "gpu_count": each.offer.gpu_count,
                "usd": each.usd,
                "usd_low": each.usd_low,
                "usd_high": each.usd_high,
                "seconds": each.seconds,
            }
            for each in rest.moves
        ],
    }


def remaining_text(rest: Remaining) -> str:
    """The rest of a run in sentences, a line each."""
    lines = [
        f"Done:      {rest.done:,.10g} of {rest.total:,.10g} {rest.counted}s ({rest.done / rest.total:.1%}) in {hours_text(rest.spent_seconds)}",
        f"Remaining: {hours_text(rest.seconds)} ({hours_text(rest.low)} to {hours_text(rest.high)})"
        + (f", until {rest.ends_at} on the clock of the log" if rest.ends_at else ""),
    ]
    if rest.usd is not None:
        lines.append(f"Here:      {rest.usd:,.2f} USD at {rest.usd_per_hour:,.2f} USD/h ({rest.price_of})")
        if rest.seconds and not rest.moves:
            lines.append("Elsewhere: no on-demand offer finishes it for less, start-up of a new machine counted")
    lines += [
        f"Elsewhere: {each.usd:,.2f} USD ({each.usd_low:,.2f} to {each.usd_high:,.2f}) in {hours_text(each.seconds)} on "
        f"{each.offer.gpu_count:g} x {each.offer.gpu}, {each.offer.provider} {each.offer.instance_type}, its start counted"
        for each in rest.moves
    ]
    return "\n".join([*lines, *rest.notes]) + "\n"


def _row(number: int, one: Judged) -> Row:
    run = None if one.verdict is Verdict.REFUSED else calibrated_run(one)
    count = "?" if one.facts.gpu_count is None else f"{one.facts.gpu_count:g}"
    gpus = f"{count} x {one.facts.gpu or one.facts.accelerator or '?'}"
    return {
        "run": number,
        "verdict": str(one.verdict),
        "rate": "" if run is None else f"{run.samples_per_second:,.4g}",
        "range": "" if run is None else f"{run.low:,.4g} to {run.high:,.4g}",
        "unit": "" if run is None else f"{run.sample_unit}s",
        "gpus": gpus,
        "start": "" if one.startup_seconds is None else f"{one.startup_seconds:,.0f} s",
        "stalls": "" if one.stall_share is None else f"{one.stall_share:.1%}",
        "source": f"{one.run.kind}, {one.run.source}" + (f": {one.run.label}" if one.run.label else ""),
    }


def _refused(found: Calibration) -> list[Judged]:
    return [one for one in found.runs if one.verdict is Verdict.REFUSED]


def _spelled(text: str) -> Message:
    """A sentence in which names of arguments stand in braces; other braces of a file are its own."""
    slots = {
        name: named(name) for name in ("gpu", "gpu_count", "batch_size", "samples_per_epoch") if f"{{{name}}}" in text
    }
    escaped = text.replace("{", "{{").replace("}", "}}")
    for name in slots:
        escaped = escaped.replace(f"{{{{{name}}}}}", f"{{{name}}}")
    return Message(escaped, **slots)
