"""The records of a bill: its lines, what each is for, and what interruptions add to a run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum

from planner.model.frozen import dataclass


class ItemKind(StrEnum):
    """The kind of a bill's line. Code that adds lines up asks for the kind, never for a name or a unit."""

    TIME = "time"  # rent until the result is there: training, start-up, checkpoints, restarts
    BILLED_TIME = "billed_time"  # rent of hours that are no part of the run's time: idling, rounding
    UNUSED_TERM = "unused_term"  # rent of a commitment beyond what is used
    STORAGE = "storage"
    TRAFFIC = "traffic"
    TAX = "tax"
    CREDIT = "credit"
    PURCHASE = "purchase"
    ELECTRICITY = "electricity"  # or the running cost given in its place
    UPKEEP = "upkeep"  # hosting, maintenance, staff
    RESALE = "resale"
    DISCOUNT = "discount"  # what later payments are worth less today


@dataclass(frozen=True, slots=True, kw_only=True)
class CostItem:
    """One line of a bill: `quantity` of `unit` at `usd_per_unit`."""

    name: str
    kind: ItemKind
    quantity: float
    unit: str
    usd_per_unit: float

    @property
    def usd(self) -> float:
        """Cost of the line."""
        return self.quantity * self.usd_per_unit


def total_usd(items: Iterable[CostItem]) -> float:
    """What a bill comes to: its lines, added without rounding between them, less its credit; a credit for all of it leaves 0.

    >>> a, b, c = (CostItem(name="", kind=ItemKind.TIME, quantity=1, unit="", usd_per_unit=x) for x in (0.1, 0.2, 0.3))
    >>> total_usd([a, b, c]), 0.1 + 0.2 + 0.3
    (0.6, 0.6000000000000001)
    """
    charges: list[float] = []
    credit = 0.0
    for item in items:
        if item.kind is ItemKind.CREDIT:
            credit += item.usd
        else:
            charges.append(item.usd)
    return math.fsum(charges) + credit


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruptions:
    """The average effect of interruptions on a run; a run without any has `per_hour` 0 and loses nothing.

    The run is `segments` equal pieces of work, each followed by a checkpoint.
    """

    per_hour: float
    work_seconds: float
    segments: int
    checkpoint_seconds: float
    restart_seconds: float
    has_checkpoints: bool
    lost_seconds: float  # work done twice
    restarting_seconds: float
    count: float  # interruptions expected over the run

    @property
    def checkpointing_seconds(self) -> float:
        """Time spent writing checkpoints that are kept."""
        return self.segments * self.checkpoint_seconds

    @property
    def interval_seconds(self) -> float:
        """Work between two checkpoints."""
        return self.work_seconds / self.segments

    @property
    def expected_seconds(self) -> float:
        """Mean time from the first step to the end."""
        return self.work_seconds + self.checkpointing_seconds + self.lost_seconds + self.restarting_seconds
