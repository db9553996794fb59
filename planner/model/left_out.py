"""What fell out of an answer."""

from __future__ import annotations

from planner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """How many offers fell out of an estimate for one reason."""

    reason: str
    count: int
