"""The outcomes of a refresh: one line per book, and the details under it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from planner.model.records import Offer
from planner.prices.changes import Changes, Move
from planner.prices.publish import Publication
from planner.prices.quarantine import held_back_path
from planner.prices.refresh import Outcome
from planner.render.listing import Column, Listing
from planner.units import Row

SHOWN_MOVES = 5
SHOWN_REASONS = 5


def outcomes_listing(outcomes: Iterable[Outcome], *, is_dry_run: bool) -> Listing:
    """One record per delivery."""
    return Listing(
        schema="planner.refresh/1",
        name="outcomes",
        columns=_COLUMNS,
        rows=[_record(outcome, is_dry_run=is_dry_run) for outcome in outcomes],
    )


def failures(outcomes: Iterable[Outcome]) -> list[str]:
    """A line for each provider that failed, with the reason."""
    return [f"{outcome.provider}: FAILED. {outcome.error}" for outcome in outcomes if outcome.error]


def outcome_notes(outcomes: Iterable[Outcome]) -> list[str]:
    """Notes on the outcomes, besides the figures and the failures."""
    return [f"{outcome.provider}: {line}" for outcome in outcomes for line in _details(outcome)]


def publication_listing(done: Publication) -> Listing:
    """One record per book published."""
    return Listing(
        schema="planner.publication/1",
        name="books",
        columns=_PUBLISHED_COLUMNS,
        rows=[
            {
                "provider": book.provider,
                "result": "new" if book.provider in done.new else "unchanged",
                "date": book.day.isoformat(),
                "file": book.file,
                "rows": book.rows,
                "sha256": book.sha256,
            }
            for book in done.index.books
        ],
    )


def move_text(move: Move) -> str:
    """One price move as a line: what, where, from, to, by how much."""
    return (
        f"{offer_text(move.new)}: {move.old.usd_per_hour:g} -> {move.new.usd_per_hour:g} ({move.change_fraction:+.1%})"
    )


def offer_text(offer: Offer) -> str:
    """The offer in words."""
    return f"{offer.instance_type} {offer.zone or offer.region} {offer.purchase}"


def _record(outcome: Outcome, *, is_dry_run: bool) -> Row:
    changed = outcome.changes or Changes(new=(), gone=(), moved=(), same=0)
    if outcome.error:
        result = "failed"
    elif outcome.is_not_asked:
        result = "not asked"
    elif outcome.path is not None:
        result = "written"
    else:
        result = (
            "not written (dry run)" if is_dry_run and "nothing written" not in " ".join(outcome.notes) else "unchanged"
        )
    return {
        "provider": outcome.provider,
        "result": result,
        "book": outcome.stem,
        "rows": outcome.rows if outcome.changes else None,
        "new": len(changed.new) if outcome.changes else None,
        "gone": len(changed.gone) if outcome.changes else None,
        "changed": len(changed.moved) if outcome.changes else None,
        "kept": outcome.kept if outcome.changes else None,
        "held_back": len(outcome.held_back) if outcome.changes else None,
        "compared_with": outcome.compared_with,
        "path": str(outcome.path) if outcome.path else None,
        "error": outcome.error,
        "largest_moves": [move_text(move) for move in changed.moved[:SHOWN_MOVES]],
        "held_back_reasons": [f"{count:,} x {reason}" for reason, count in _reasons(outcome)],
        "unknown_gpus": [f"{name} ({count:,} rows)" for name, count in outcome.unknown_gpus],
        "gaps": list(outcome.gaps),
        "notes": list(outcome.notes),
    }


def _details(outcome: Outcome) -> Iterable[str]:
    if outcome.changes is not None:
        moved = outcome.changes.moved
        yield from (f"largest move: {move_text(move)}" for move in moved[:SHOWN_MOVES])
        if len(moved) > SHOWN_MOVES:
            yield f"{len(moved) - SHOWN_MOVES:,} more prices moved. See: planner prices diff"
        yield from _counted("new types", outcome.new_types)
    reasons = _reasons(outcome)
    for reason, count in reasons[:SHOWN_REASONS]:
        yield f"held back: {count:,} x {reason}"
    if outcome.held_back and outcome.path is not None:
        yield f"all {len(outcome.held_back):,} rows held back: {held_back_path(outcome.path)}"
    yield from _counted("unknown GPUs", [f"{name} ({count:,} rows)" for name, count in outcome.unknown_gpus])
    yield from (f"not fetched: {gap}" for gap in outcome.gaps)
    if outcome.kept:
        yield f"{outcome.kept:,} rows are kept from book {outcome.compared_with}, with the day each was observed"
    yield from outcome.notes


def _counted(what: str, names: Sequence[str]) -> Iterable[str]:
    if names:
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        yield f"{what}: {', '.join(names[:8])}{more}"


def _reasons(outcome: Outcome) -> list[tuple[str, int]]:
    # reasons name their figures; what comes before the first colon tells the kinds apart
    kinds: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for row in outcome.held_back:
        kind = re.sub(r"(?<!\w)\d[\d.,]*", "#", row.reason.partition(":")[0])  # H100 and H200 are two kinds
        kinds[kind] += 1
        examples.setdefault(
            kind, f"{row.reason} ({row.instance_type} {row.zone or row.region} {row.purchase or ''})".strip()
        )
    return [(examples[kind], count) for kind, count in kinds.most_common()]


def _text(value: Any) -> str:
    return f"{value:,}"


_COLUMNS = (
    Column(key="provider", heading="provider"),
    Column(key="result", heading="result"),
    Column(key="book", heading="book"),
    Column(key="rows", heading="rows", text=_text, is_number=True),
    Column(key="new", heading="new", text=_text, is_number=True),
    Column(key="gone", heading="gone", text=_text, is_number=True),
    Column(key="changed", heading="changed", text=_text, is_number=True),
    Column(key="kept", heading="kept", text=_text, is_number=True),
    Column(key="held_back", heading="held back", text=_text, is_number=True),
)

_PUBLISHED_COLUMNS = (
    Column(key="provider", heading="provider"),
    Column(key="result", heading="result"),
    Column(key="date", heading="date"),
    Column(key="rows", heading="rows", text=_text, is_number=True),
    Column(key="file", heading="file"),
)
