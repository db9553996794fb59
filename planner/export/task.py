"""A row of an estimate as a task: the names, places, limits and training command that files for all tools share."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from planner.cost.checkpoints import checkpoint_gb
from planner.cost.extras import KEPT_CHECKPOINTS
from planner.export.machines import is_arm
from planner.model.frozen import dataclass
from planner.model.records import Estimate, Offer, Purchase
from planner.model.tree_runs import pass_name
from planner.results.estimate import EstimateResult
from planner.units import SECONDS_PER_HOUR, epochs_text, hours

PLACEHOLDER = (
    "# TODO: your training command goes here; until then the run stops at once and says so",
    'echo "Put your training command into this file." >&2',
    "exit 1",
)
"""Stands where the training command belongs. It fails, so that nobody pays for a machine that does nothing."""

ANYWHERE = "global"
"""Region of prices that hold wherever a provider has the machine."""

COMMENT_LENGTH = 200
"""Characters of a name in a comment; values are never shortened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One row of an estimate with the other values that the file needs; `None` leaves a field out.

    `disk_gb` is what the run stores, without the system; `max_seconds` ends the run where the tool can do that.
    """

    estimate: Estimate
    name: str
    command: str | None
    image: str | None
    disk_gb: int | None
    max_seconds: int | None
    header: tuple[str, ...]

    @property
    def offer(self) -> Offer:
        """The offer that the task rents."""
        return self.estimate.offer

    @property
    def is_spot(self) -> bool:
        """Whether the provider may take the machine back."""
        return self.offer.purchase is Purchase.SPOT

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the training command, or of a placeholder for it."""
        return tuple(self.command.splitlines()) if self.command else PLACEHOLDER

    @property
    def usd_per_hour_at_most(self) -> float:
        """The price of one instance, rounded up to the cent: catalogues round too."""
        return math.ceil(round(self.offer.usd_per_hour * 100, 6)) / 100


def task_of(
    result: EstimateResult,
    estimate: Estimate,
    *,
    made_by: str,
    command: str | None,
    image: str | None,
    dataset_gb: float,
    image_gb: float,
    max_hours: float | None,
    max_usd: float | None,
) -> Task:
    """The task that runs this estimate."""
    params = result.workload.trained_params_millions
    stored = dataset_gb + image_gb
    if stored:
        stored += KEPT_CHECKPOINTS * (checkpoint_gb(params) if params else 0.0)
    return Task(
        estimate=estimate,
        name=task_name(result.workload.model.name),
        command=command,
        image=image,
        disk_gb=math.ceil(stored) or None,
        max_seconds=_max_seconds(estimate, max_hours, max_usd),
        header=tuple(_header(result, estimate, made_by)),
    )


def task_name(text: str) -> str:
    """A name that every tool takes: small letters, digits and dashes, a letter first, 40 characters at most.

    >>> task_name("My Net_v2 (large)"), task_name("3d-unet"), task_name("???")
    ('my-net-v2-large', 'train-3d-unet', 'train')
    """
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if not name[:1].isalpha():
        name = f"train-{name}"
    return name[:40].strip("-")


def comment(text: str) -> str:
    """Text for one line of a comment: no line ends, nothing invisible, not too long."""
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return shown if len(shown) <= COMMENT_LENGTH else shown[: COMMENT_LENGTH - 3] + "..."


def _max_seconds(estimate: Estimate, max_hours: float | None, max_usd: float | None) -> int | None:
    """Seconds after which the run must stop: its limit of hours, or when the rent alone reaches its limit of USD."""
    limits = []
    if max_hours is not None:
        limits.append(max_hours * SECONDS_PER_HOUR)
    if max_usd is not None:
        limits.append(max_usd / (estimate.offer.usd_per_hour * estimate.node_count) * SECONDS_PER_HOUR)
    return math.floor(min(limits)) if limits else None


def _header(result: EstimateResult, estimate: Estimate, made_by: str) -> Iterator[str]:
    offer, workload = estimate.offer, result.workload
    nodes = f"{estimate.node_count} x " if estimate.node_count > 1 else ""
    age = (result.as_of - offer.observed_on).days
    yield (
        f"Train {comment(workload.model.name)} for {epochs_text(workload.epochs, pass_name(workload.trees))} "
        f"({workload.samples:,.0f} {workload.model.sample_unit}s)"
    )
    yield f"on {nodes}{comment(offer.instance_type)} ({offer.gpu_count:g}x {offer.gpu}), {offer.provider} {place(offer)}, {offer.purchase}."
    yield (
        f"Expected: {hours(estimate.seconds):,.2f} hours ({hours(estimate.seconds_low):,.2f} to "
        f"{hours(estimate.seconds_high):,.2f}), {estimate.usd:,.2f} USD ({estimate.usd_low:,.2f} to {estimate.usd_high:,.2f}); "
        f"throughput {estimate.throughput.basis}."
    )
    yield f"Price: {offer.usd_per_hour:,.4f} USD per instance and hour, seen on {offer.observed_on}, {age} days old."
    if is_arm(offer):
        yield "Processor: ARM. The container image and everything in it must be built for it."
    yield f"Made by: {made_by if made_by.isprintable() else comment(made_by)}"


def place(offer: Offer) -> str:
    """Region and zone, as text for a comment."""
    return comment(f"{offer.region}, zone {offer.zone}" if offer.zone else offer.region)
