"""Options that say what is on the bill, the same for every command that makes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from planner.cli.options import option

if TYPE_CHECKING:
    from planner.cost.currency import Currency

_F = TypeVar("_F", bound=Callable[..., Any])


def bill_options(function: _F) -> _F:
    """Interruptions, commitments and the items beside rent; names as in `planner.options.bill.BillTerms`."""
    for add in reversed(_OPTIONS):
        function = add(function)
    return function


def currency_option(function: _F) -> _F:
    """`--currency`: what amounts are shown in."""
    return option(
        "--currency", help="Show amounts in this currency, at the dated rate in the data: EUR, GBP, CHF, JPY."
    )(function)


def chosen_currency(code: str | None) -> Currency | None:
    """The currency of that code with its rate; `None` for USD."""
    if code is None or code.upper() == "USD":
        return None
    from planner.cost.currency import currency  # noqa: PLC0415 - only where somebody asks for it

    return currency(code)


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    option(
        "--interruptions-per-hour",
        type=float,
        help="Interruptions of one spot instance per hour. Default: as published for type and region, else 10 % a day.",
    ),
    option(
        "--checkpoints/--no-checkpoints",
        "has_checkpoints",
        default=True,
        show_default=True,
        help="Whether the run saves its state.",
    ),
    option(
        "--checkpoint-interval-seconds", type=float, help="Work between checkpoints. Default: the best interval (Daly)."
    ),
    option("--checkpoint-seconds", type=float, help="Time to write a checkpoint. Default: from the size of the model."),
    option(
        "--restart-seconds",
        type=float,
        help="From a new instance to the first new step. Default: start-up and reading.",
    ),
    option(
        "--gpu-hours-per-failure",
        type=float,
        default=50_000,
        show_default=True,
        help="GPU-hours between hardware failures.",
    ),
    option("--share-commitment", is_flag=True, help="Others use the rest of a commitment's term: do not count it."),
    option(
        "--trials", type=int, default=1, show_default=True, help="Full runs, one after the other, until one is right."
    ),
    option(
        "--evaluation-fraction",
        type=float,
        default=0.0,
        show_default=True,
        help="Evaluation, as a fraction of training time.",
    ),
    option(
        "--overhead-factor",
        type=float,
        default=1.0,
        show_default=True,
        help="Time of a real run over its time at the benchmark's speed; published: 1 to 1.31.",
    ),
    option(
        "--dataset-gb",
        type=float,
        default=0.0,
        help="Size of the training data in GB: staged in, and stored over the run.",
    ),
    option("--results-gb", type=float, default=0.0, help="What is downloaded at the end, in GB."),
    option("--image-gb", type=float, default=0.0, help="Container image pulled at every start, in GB."),
    option("--idle-seconds", type=float, default=0.0, help="Until the instance is stopped after the run has ended."),
    option("--tax-fraction", type=float, default=0.0, help="Tax on the whole bill: 0.19 for 19 %."),
    option(
        "--without",
        multiple=True,
        help="Take an item off the bill: start-up, interruptions, failures, staging, storage, egress. Repeatable.",
    ),
)
