"""The warning of rows whose price one region alone asks."""

from __future__ import annotations

from collections.abc import Iterable

from planner.model.records import Estimate


def one_region_text(rows: Iterable[tuple[int, Estimate, float | None]]) -> str:
    """The warning that rows rest on the price of one region, each region with its rows; empty where none does.

    Args:
        rows: number on the screen, estimate, and what the next region asks an hour, in USD, where that is far more.
    """
    numbers: dict[str, list[int]] = {}
    least: dict[str, float] = {}
    for number, estimate, elsewhere in rows:
        if elsewhere is None:
            continue
        offer = estimate.offer
        place = f"{offer.provider} {offer.region}"
        numbers.setdefault(place, []).append(number)
        least[place] = min(least.get(place, elsewhere / offer.usd_per_hour), elsewhere / offer.usd_per_hour)
    if not numbers:
        return ""
    parts = [f"{_numbers_text(numbers[place])} ({place}, elsewhere {least[place]:.2g}x and more)" for place in numbers]
    return f"! One region only: {', '.join(parts)}."


def _numbers_text(numbers: list[int]) -> str:
    """The numbers of rows, those in a row as a span: 1 to 3, 5.

    >>> _numbers_text([1, 2, 3, 5, 7, 8])
    '1 to 3, 5, 7, 8'
    """
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][-1] == number - 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(f"{span[0]} to {span[-1]}" if len(span) > 2 else ", ".join(map(str, span)) for span in spans)
