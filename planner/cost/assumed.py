"""The assumptions of bills, in words, each with the option that changes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.cost.checkpoints import checkpoint_gb
from planner.cost.course import Timer
from planner.cost.startup import SECONDS_PER_DOUBLING, SECONDS_PER_GPU, STARTUP_SECONDS
from planner.errors import Sentence
from planner.model.records import Estimate, Purchase
from planner.options.bill import USUAL_OVERHEAD


def bill_assumptions(timer: Timer, shown: Sequence[Estimate]) -> Iterator[str]:
    """The assumptions of the bills of these estimates, a line each."""
    terms = timer.terms
    if "start-up" not in terms["without"]:
        yield _startup(timer, is_joined=any(estimate.node_count > 1 for estimate in shown))
    if terms["loading_seconds"]:
        yield Sentence(
            "{seconds:,.0f} s of loading and compilation before the steady pace ({loading_seconds})",
            seconds=terms["loading_seconds"],
        )
    if any(estimate.offer.purchase is Purchase.SPOT for estimate in shown):
        yield spot_assumption(timer)
    elif any(estimate.interruptions for estimate in shown):
        yield f"one hardware failure per {terms['gpu_hours_per_failure']:,.0f} GPU-hours; {_checkpoints(timer)}"
    if timer.is_language and any(estimate.node_count > 1 for estimate in shown):
        yield Sentence(
            "what whole runs lose to checkpoints, evaluation and failures is in the speed; a run takes "
            "{factor:g} times that ({overhead_factor})",
            factor=terms["overhead_factor"],
        )
    else:
        low, high = USUAL_OVERHEAD
        yield Sentence(
            "a run takes {factor:g} times its time at the benchmark's speed (published runs: {low:g} to {high:g}, set it "
            "with {overhead_factor})",
            factor=terms["overhead_factor"],
            low=low,
            high=high,
        )
    asked = [name for name, value in (("storage", terms["dataset_gb"]), ("traffic", terms["results_gb"])) if not value]
    taxed = f"{terms['tax_fraction']:.3g} of tax" if terms["tax_fraction"] else "before tax"
    missing = f"; {' and '.join(asked)} not included ({{dataset_gb}}, {{results_gb}})" if asked else ""
    yield Sentence(f"prices in USD for the whole instance, Linux, {taxed}{missing}")
    if terms["trials"] > 1:
        yield f"{terms['trials']} trials of full length, one after the other on the same instance"


def _startup(timer: Timer, *, is_joined: bool) -> str:
    """How long a start takes, as given or as assumed."""
    given = timer.terms["startup_seconds"]
    if given is not None:
        return Sentence("start-up of {seconds:,.0f} s before the first step ({startup_seconds})", seconds=given)
    more = (
        f" and {SECONDS_PER_DOUBLING:g} s a doubling of machines and {SECONDS_PER_GPU:g} s a GPU" if is_joined else ""
    )
    return f"start-up of {STARTUP_SECONDS:g} s{more} before the first step (an assumption), billed like the rest"


def spot_assumption(timer: Timer) -> str:
    """A line on how often spot instances are assumed to be interrupted, and how checkpoints limit the loss."""
    if not timer.counts_interruptions:
        return "spot: interruptions and lost work are left out of the figures"
    given = timer.terms["interruptions_per_hour"]
    how_often = (
        f"{given:g} interruptions per instance and hour"
        if given is not None
        else "interruptions as published for the type and region (AWS), else 10 % a day; single types do far worse"
    )
    return Sentence(
        "spot: {how_often} ({interruptions_per_hour}), at random times, a new instance at once; {checkpoints}",
        how_often=how_often,
        checkpoints=_checkpoints(timer),
    )


def _checkpoints(timer: Timer) -> str:
    terms, params = timer.terms, timer.params_millions
    if not terms["has_checkpoints"]:
        return "no checkpoints, so that an interruption throws a run back to its beginning"
    size = "" if params is None or terms["checkpoint_seconds"] is not None else f" ({checkpoint_gb(params):.3g} GB)"
    interval = terms["checkpoint_interval_seconds"]
    when = "at the best interval" if interval is None else f"every {interval:g} s of work"
    return f"checkpoints {when}, {timer.checkpoint_seconds(1):,.3g} s each{size}"
