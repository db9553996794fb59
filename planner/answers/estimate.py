"""`planner estimate`: how long a workload takes and what it costs on every offer."""

from __future__ import annotations

from typing import Unpack

from planner.answers.estimated import estimated, proposed
from planner.answers.question import question_of
from planner.options.arguments import EstimateArguments
from planner.options.declared import takes
from planner.results.estimate import EstimateResult


@takes(EstimateArguments)
def estimate(**asked: Unpack[EstimateArguments]) -> EstimateResult:
    """Time and cost of a workload on every offer that passes the filters, best first.

    seconds = start-up + samples / throughput + what interruptions cost; usd = billed time x price of the whole instance
    and what else was asked for, as items that add up. The low and high of both come from the range of the throughput
    and of the interruptions.

    Args:
        asked: any option of docs/options.md by its name in Python; `model` with `epochs`, or with `tokens`, at least.

    Raises:
        UsageError: an argument is out of range, or a name is unknown (`UnknownNameError`).
        NothingLeftError: no offer passes the filters, or none has a known throughput.
        LimitError: offers are left, but none within `max_hours` and `max_usd`.
        DataError: a snapshot cannot be trusted.
    """
    return estimated(question_of(asked))


@takes(EstimateArguments)
def propose(**asked: Unpack[EstimateArguments]) -> EstimateResult:
    """The rows that `estimate` picks, without its ranking: enough for the first screen, and found in less time.

    Args:
        asked: as for `estimate`.

    Raises:
        PlannerError: as for `estimate`.
    """
    return proposed(question_of(asked))
