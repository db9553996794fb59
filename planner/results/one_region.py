"""The warning of rows whose price one region alone asks."""

from __future__ import annotations

from collections.abc import Iterable

from planner.model.records import Offer


def one_region_text(rows: Iterable[tuple[int | str, Offer, float | None]]) -> str:
    """The warning that rows rest on the price of one region, each region with its rows; empty where none does.

    Args:
        rows: number or name on the screen, offer, and what the next region asks an hour, in USD, where that is far more.
    """
    numbers: dict[str, list[int | str]] = {}
    least: dict[str, float] = {}
    for number, offer, elsewhere in rows:
        if elsewhere is None:
            continue
        place = f"{offer.provider} {offer.region}"
        numbers.setdefault(place, []).append(number)
        least[place] = min(least.get(place, elsewhere / offer.usd_per_hour), elsewhere / offer.usd_per_hour)
    if not numbers:
        return ""
    parts = [
        f"{_numbers_text([*dict.fromkeys(numbers[place])])} ({place}, elsewhere {least[place]:.2g}x and more)"
        for place in numbers
    ]
    return f"! One region only: {', '.join(parts)}."


def _numbers_text(numbers: list[int | str]) -> str:
    """The numbers of rows, those in a row as a span, and names as they are.

    >>> _numbers_text([1, 2, 3, 5, 7, 8])
    '1 to 3, 5, 7, 8'
    >>> _numbers_text(["spot", "reserved 1y"])
    'spot, reserved 1y'
    """
    spans: list[list[int | str]] = []
    for number in numbers:
        last = spans[-1][-1] if spans else None
        if isinstance(last, int) and last + 1 == number:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(f"{span[0]} to {span[-1]}" if len(span) > 2 else ", ".join(map(str, span)) for span in spans)
