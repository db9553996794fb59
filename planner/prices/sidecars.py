"""What the sidecar of a price book must hold: one definition for books here and for those that others publish."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from planner.prices.possible import GPUS_BELOW, GPUS_FROM, LONGEST_TEXT

ENTRIES: Mapping[str, tuple[str, ...]] = {
    "sources": ("name",),
    "unpriced": ("instance_type", "gpu", "gpu_count", "reason"),
    "excludes": ("instance_types", "what"),
    "retired": ("instance_type", "retired_on"),
    "doubted": ("instance_type", "region", "zone", "purchase", "usd_per_hour"),
}
"""Lists of a sidecar, with what each of their entries must have."""


def entries_of(content: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The entries of one of the lists, none if it is not there; of an unpriced type only what makes a record.

    Raises:
        ValueError: it is no list of such entries.
    """
    found = content.get(name, [])
    if not isinstance(found, list) or not all(_is_entry(name, entry) for entry in found):
        raise ValueError(f"it spoils {name!r}")
    return [{key: entry[key] for key in ENTRIES[name]} for entry in found] if "unpriced" == name else found


def _is_entry(name: str, entry: object) -> bool:
    if not isinstance(entry, dict) or not all(key in entry for key in ENTRIES[name]):
        return False
    counts = ("gpu_count",) if "unpriced" == name else ()
    texts = [value for key, value in entry.items() if key not in counts]
    if not all(isinstance(text, str) and len(text) <= LONGEST_TEXT for text in texts):
        return False
    if not all(type(entry[key]) in (int, float) and GPUS_FROM <= entry[key] < GPUS_BELOW for key in counts):
        return False
    return "retired" != name or _is_day(entry["retired_on"])


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
