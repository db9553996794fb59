"""Writes one row of an estimate as a file for another tool, or says why that tool cannot run it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from planner.errors import Message, UsageError, joined
from planner.export.task import Task, task_of
from planner.hardware.processors import is_processor
from planner.model.frozen import dataclass
from planner.model.records import Estimate, Purchase
from planner.results.answer import leading
from planner.results.estimate import EstimateResult
from planner.units import hours

TOOLS = {"skypilot": "SkyPilot", "dstack": "dstack", "kubernetes": "Kubernetes", "terraform": "Terraform"}
"""Tools by the name of their module here, and as they call themselves."""

Rows = Mapping[int, Estimate]
"""Rows by the number that names them."""

_EXPRESSIBLE = (Purchase.ON_DEMAND, Purchase.SPOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file for another tool, and how it is started."""

    text: str
    how_to_run: str
    endless: str | None
    """What is said of a limit that the tool cannot keep; `None` if it can, or if none was given."""


def export(
    result: EstimateResult,
    *,
    to: str,
    row: int | None,
    is_rank: bool = True,
    made_by: str,
    command: str | None = None,
    image: str | None = None,
    dataset_gb: float = 0.0,
    image_gb: float = 0.0,
    max_hours: float | None = None,
    max_usd: float | None = None,
) -> Export:
    """The row of that number as a file for the tool `to`.

    Args:
        result: every row, so that another one can be proposed.
        to: one of `TOOLS`.
        row: rank of the estimate, or its number on the first screen; `None` is the row of the first sentence.
        is_rank: whether it is a rank. Where the screen has no row, every number is one.
        made_by: the command line that asks for it, for the header.
        command: the training command; `None` puts a placeholder in its place.
        image: container image; `None` leaves it to the tool, or to the user.
        dataset_gb: data on the disk; with it, or with `image_gb`, a disk is asked for.
        image_gb: container image on the disk.
        max_hours: ends the run after that time where the tool can do that.
        max_usd: ends it when the rent alone has reached this.

    Raises:
        UsageError: there is no such row, or the tool cannot have it; the message says which row it can have.
    """
    screen, first = ({}, 1) if is_rank else _screen(result)
    ranking = {found.rank: found for found in result.estimates}
    row = first if row is None else row
    estimate = _of_number(row, screen, ranking)
    if reason := _why_not(to, estimate):
        raise UsageError(
            "{row} {given} cannot become a file for {tool}: {reason}. {instead}",
            argument="row",
            given=row,
            tool=TOOLS[to],
            reason=reason,
            instead=_instead(to, screen, ranking, estimate),
        )
    task = task_of(
        result,
        estimate,
        made_by=made_by,
        command=command,
        image=image,
        dataset_gb=dataset_gb,
        image_gb=image_gb,
        max_hours=max_hours,
        max_usd=max_usd,
    )
    tool = _tool(to)
    lines = [*(f"# {line}" for line in task.header), "", *tool.text(task)]
    return Export(text="\n".join(lines) + "\n", how_to_run=tool.how_to_run(task), endless=_endless(to, task))


def _screen(result: EstimateResult) -> tuple[Rows, int]:
    """The rows of the first screen by their numbers, and the number of the row that its first sentence names."""
    picked = result.picked
    if picked is None or not picked.picks:
        return {}, 1
    return {pick.number: pick.estimate for pick in picked.picks}, leading(picked).number


def _of_number(row: int, screen: Rows, ranking: Rows) -> Estimate:
    """The row of that number on the screen, or in the ranking where the screen has none."""
    estimate = (screen or ranking).get(row)
    if estimate is not None:
        return estimate
    if screen:
        raise UsageError(
            "{row} {given}: the screen has rows 1 to {last}. Ranks of all rows count with {limit}, {sort} or {every_offer}.",
            argument="row",
            given=row,
            last=len(screen),
        )
    raise UsageError("{row} {given}: there are rows 1 to {last}.", argument="row", given=row, last=len(ranking))


def _endless(to: str, task: Task) -> str | None:
    if task.max_seconds is None or _tool(to).ends_runs(task.offer):
        return None
    return f"{TOOLS[to]} cannot end the run here: watch it, the limit is reached after {hours(task.max_seconds):,.1f} hours"


def _tool(name: str) -> Any:
    return import_module(f"planner.export.{name}")


def _why_not(to: str, estimate: Estimate) -> str | Message | None:
    offer, tool = estimate.offer, _tool(to)
    if offer.provider not in tool.PROVIDERS:
        if offer.provider == "own":
            return "it is a machine of your own, which nobody has to start"
        return f"{offer.provider} is not among {', '.join(tool.PROVIDERS)}"
    if is_processor(offer.gpu):
        return "it has no GPU, which the file would ask for"
    if offer.purchase not in _EXPRESSIBLE:
        return _commitment(offer.purchase)
    reason: str | Message | None = tool.why_not(offer, estimate.node_count)
    return reason


def _commitment(purchase: Purchase) -> str | Message:
    if purchase is Purchase.CAPACITY_BLOCK:
        return "a capacity block is bought first, and started by the id of the reservation that it then has"
    return Message(
        "{kind} is bought for the account and lowers its bill; no file asks for it. Buy it, then export the same "
        "machine with {purchases} on_demand",
        kind=purchase,
    )


def _instead(to: str, screen: Rows, ranking: Rows, refused: Estimate) -> Message:
    """The rows that the tool can have: of the screen if there are any, else of the ranking."""
    of_ranking = "Rows of the ranking ({limit} 15) that can: {rows}." if screen else "Rows that can: {rows}."
    for rows, template in ((screen, "Rows that can: {rows}."), (ranking, of_ranking)):
        possible = [one for one in rows.items() if _why_not(to, one[1]) is None]
        if possible:
            named = joined((_named(number, found, refused) for number, found in possible[:3]), "; ")
            return Message(template, rows=named)
    return Message(
        "No row of this estimate can. {tool} takes {clouds}, on demand or spot; "
        "{every_offer} gives every region a row, {regions} chooses one.",
        tool=TOOLS[to],
        clouds=", ".join(_tool(to).PROVIDERS),
    )


def _named(number: int, found: Estimate, refused: Estimate) -> Message:
    offer = found.offer
    more = found.usd - refused.usd
    dearer = f"{more:,.2f} USD more" if more >= 0 else f"{-more:,.2f} USD less"
    return Message(
        "{row} {number} ({gpus}, {instance}, {purchase}, {dearer})",
        number=number,
        gpus=f"{offer.gpu_count:g}x {offer.gpu}",
        instance=f"{offer.provider} {offer.instance_type}",
        purchase=offer.purchase,
        dearer=dearer,
    )


def notes(found: Export, output: str) -> Iterator[str]:
    """Notes for the user: how to run the file, and which limit it cannot keep."""
    yield f"Next:    {found.how_to_run.replace('FILE', output)}"
    if found.endless:
        yield f"Limit:   {found.endless}."
    yield "Prices and places are those of the estimate; whether the machine is free now is not said."
