"""The terms of a bill that a person may set, checked against each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from planner.errors import UnknownNameError, UsageError, named
from planner.options.bill_arguments import BillArguments
from planner.options.declared import declared
from planner.options.vocabulary import ITEMS
from planner.units import SECONDS_PER_HOUR

USUAL_OVERHEAD = (1.0, 1.31)
"""Time of a whole run over its time at the benchmark's speed. 1.31: MPT-7B, one trillion tokens in 9.5 days on 440 A100
(https://www.databricks.com/blog/mpt-7b, 5 May 2023) against the rate its makers publish for that model and card."""


def bill_terms(asked: BillArguments) -> BillArguments:
    """Picks the arguments of a bill out of all arguments of a function, and checks them against each other.

    Args:
        asked: every argument of a bill, defaults filled in, and any others.

    Raises:
        UnknownNameError: `without` names no item of a bill.
        UsageError: checkpoints take longer than there is time between interruptions, or contradict `has_checkpoints`.
    """
    given: Mapping[str, Any] = asked
    for item in asked["without"]:
        if item not in ITEMS:
            raise UnknownNameError("item of the bill", item, ITEMS, "planner estimate --help")
    per_hour, seconds = asked["interruptions_per_hour"] or 0, asked["checkpoint_seconds"] or 0
    if per_hour * seconds >= SECONDS_PER_HOUR:
        raise UsageError(
            "A checkpoint takes {seconds:g} s, as long as the mean time between interruptions at {per_hour:g} per hour, or "
            "longer: no work would be saved.",
            argument="checkpoint_seconds",
            seconds=seconds,
            per_hour=per_hour,
        )
    if not asked["has_checkpoints"] and (seconds or asked["checkpoint_interval_seconds"]):
        raise UsageError(
            "{has_checkpoints} is off, so there is nothing for {given} to say. Leave one of them out.",
            argument="has_checkpoints",
            given=named("checkpoint_seconds" if seconds else "checkpoint_interval_seconds"),
        )
    return cast("BillArguments", {name: given[name] for name in declared(BillArguments)})
