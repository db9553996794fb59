"""What is left of a run: time with a range, when it ends, what it costs to finish here, and where moving the rest is cheaper."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from planner.answers.calibrate import calibrated_run
from planner.answers.estimated import estimated
from planner.answers.question import question_from
from planner.errors import NothingLeftError, UsageError
from planner.hardware.gpus import load_gpus
from planner.logs.calibration import CalibratedRun, calibration_text
from planner.logs.epoch_means import epoch_steps_of
from planner.logs.records import Counted
from planner.logs.verdict import Judged
from planner.model.frozen import dataclass
from planner.model.records import Estimate, Purchase
from planner.units import SECONDS_PER_HOUR
from planner.work.listed import known_model

PLACES = 3
UNKNOWN_STALL = 0.15
"""Pauses as a share of steady time, at most, of a log that cannot show them: published runs take 1 to 1.31 times their steps."""

UNSEEN = 0.1
"""Half width where more is left than was seen: of eleven logs read to 30 %, the rest was off by up to 8 % where nothing had drifted yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """The rest of a run. `usd` is what the rest costs on the machine it runs on, `moves` are cheaper places, the move counted."""

    done: float
    total: float
    counted: str
    spent_seconds: float
    seconds: float
    low: float
    high: float
    ends_at: str | None  # on the clock of the log
    usd_per_hour: float | None = None
    price_of: str = ""
    moves: tuple[Estimate, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def usd(self) -> float | None:
        """What the rest costs here; `None` without a price."""
        return None if self.usd_per_hour is None else self.usd_per_hour * self.seconds / SECONDS_PER_HOUR


def remaining_of(one: Judged, *, total_steps: float | None = None, usd_per_hour: float | None = None) -> Remaining:
    """The rest of a run whose log was read.

    Args:
        one: a run with a rate.
        total_steps: steps of the whole run, in what its log counts; by default as the files say.
        usd_per_hour: what the machine costs; by default the cheapest on-demand price of the same GPUs.

    Raises:
        UsageError: nothing says how long the whole run is, or it is longer already.
    """
    if one.run.are_epoch_means and epoch_steps_of(one.facts) is None:
        raise UsageError(
            "Its lines are one an epoch and do not say how many steps that is: give {samples_per_epoch}, {batch_size} and {gpu_count}.",
            argument="samples_per_epoch",
        )
    done, total = _done(one), total_steps or _total(one)
    if total is None:
        raise UsageError(
            "How many {counted}s has the whole run? Give {total_steps}; the log has come to {done:,.10g}.",
            argument="total_steps",
            counted=str(one.run.counted),
            done=done,
        )
    if total < done:
        raise UsageError(
            "{total_steps} {total:,.10g} is less than the {done:,.10g} {counted}s that are done.",
            argument="total_steps",
            total=total,
            done=done,
            counted=str(one.run.counted),
        )
    seconds, low, high = _rest(one, total - done)
    ends_at = None
    if one.run.ended_at is not None:
        ends_at = datetime.fromtimestamp(one.run.ended_at + seconds, UTC).strftime("%Y-%m-%d %H:%M")
    rest = Remaining(
        done=done,
        total=total,
        counted=str(one.run.counted),
        spent_seconds=_spent(one, done),
        seconds=seconds,
        low=low,
        high=high,
        ends_at=ends_at,
        usd_per_hour=usd_per_hour,
        price_of="as given" if usd_per_hour else "",
    )
    return _with_prices(rest, one) if total > done else rest


def _done(one: Judged) -> float:
    if one.run.total is not None:
        return one.run.total.steps
    return one.run.intervals[-1].end if one.run.counted in (Counted.STEP, Counted.EPOCH) else one.run.steps


def _total(one: Judged) -> float | None:
    facts = one.facts
    if one.run.counted is Counted.EPOCH:
        return facts.total_epochs
    if one.run.counted is not Counted.STEP:
        return facts.total_steps
    if facts.total_steps is None and facts.total_epochs and facts.epoch_steps:
        return facts.total_epochs * facts.epoch_steps
    return facts.total_steps


def _rest(one: Judged, steps: float) -> tuple[float, float, float]:
    """Seconds of so many more steps, with pauses as they were so far; the range holds the pace of the last part seen."""
    share = one.stall_share or 0.0
    middle = steps * one.step_seconds * (1 + share)
    if one.steady is None:
        return middle, middle * one.rate / one.high, middle * one.rate / one.low
    unseen = UNKNOWN_STALL if one.stall_share is None else 0.5 * share
    paces = [one.steady.low, one.steady.high, *(one.steady.seconds * spell.times for spell in one.steady.spells)]
    least, most = steps * min(paces) * (1 + share), steps * max(paces) * (1 + share)
    low, high = least * (1 + 0.5 * share) / (1 + share), most * (1 + share + unseen) / (1 + share)
    if steps > one.steady.last - one.steady.first:
        low, high = min(low, middle / (1 + UNSEEN)), max(high, middle * (1 + UNSEEN))
    return middle, low, high


def _spent(one: Judged, done: float) -> float:
    if one.run.total is not None:
        return one.run.total.seconds
    if one.facts.wall_seconds or one.run.wall_seconds:
        return one.facts.wall_seconds or one.run.wall_seconds or 0.0
    return done * one.step_seconds * (1 + (one.stall_share or 0.0)) + (one.startup_seconds or 0.0)


def _with_prices(rest: Remaining, one: Judged) -> Remaining:
    """The rest with what it costs here and elsewhere, where GPU and count are known."""
    if one.facts.gpu not in load_gpus() or one.facts.gpu_count is None:
        return replace(rest, notes=("without GPU and count nothing says what it costs: --gpu, --gpu-count",))
    with _as_file(_as_planned(one)) as place:
        found = _estimates(rest, one, place, purchases=[Purchase.ON_DEMAND])
        here = [
            each
            for each in found
            if (each.offer.gpu, each.offer.gpu_count) == (one.facts.gpu, float(one.facts.gpu_count or 0))
        ]
    if rest.usd_per_hour is None and here:
        cheapest = min(here, key=lambda each: each.offer.usd_per_hour)
        offer = cheapest.offer
        rest = replace(
            rest,
            usd_per_hour=offer.usd_per_hour,
            price_of=f"{offer.provider} {offer.instance_type}, {offer.observed_on}",
        )
    cost = rest.usd
    least_gib = one.facts.memory_gib or load_gpus()[one.facts.gpu or ""].memory_gib
    moves = [
        each for each in found if cost is not None and each.usd < cost and _memory_gib(each.offer.gpu) >= least_gib
    ]
    return replace(rest, moves=tuple(sorted(moves, key=lambda each: (each.usd, each.rank))[:PLACES]))


def _memory_gib(gpu: str) -> float:
    """Memory of a GPU; none of a processor, where no run of a GPU moves to."""
    known = load_gpus().get(gpu)
    return known.memory_gib if known else 0.0


def _estimates(rest: Remaining, one: Judged, place: Path, *, purchases: list[Purchase]) -> tuple[Estimate, ...]:
    """What the rest takes on every offer, from a new machine: its start, loading and compilation are the price of a move."""
    left = (rest.total - rest.done) * one.rate * one.step_seconds  # in samples or tokens of the run
    options: dict[str, Any] = {
        "calibration": [place],
        "model": _planned_name(one),
        "precision": one.facts.precision or "amp",
        "purchases": [str(purchase) for purchase in purchases],
    }
    if _is_language(one):
        options["tokens"] = left
    else:
        options |= {"epochs": 1, "samples_per_epoch": left}
    try:
        return estimated(question_from(options)).estimates
    except NothingLeftError:
        return ()


def _as_planned(one: Judged) -> CalibratedRun:
    """The run with a unit that can be planned in: a step or an epoch of which nothing more is known is a sample of its own kind."""
    run = calibrated_run(one)
    unit = run.sample_unit if _is_language(one) or known_model(str(run.model)) is not None else "sample"
    return replace(run, model=_planned_name(one), sample_unit=unit if unit not in ("step", "epoch") else "sample")


def _planned_name(one: Judged) -> str:
    name = one.facts.model
    is_planned = (
        name is not None and one.unit not in ("step", "epoch") and (_is_language(one) or known_model(name) is not None)
    )
    return name if is_planned and name is not None else "your run"


def _is_language(one: Judged) -> bool:
    if one.facts.model is None or one.unit != "token":
        return False
    from planner.language.listed import find_language_model  # noqa: PLC0415 - only where a model is named

    return find_language_model(one.facts.model) is not None


@contextmanager
def _as_file(run: CalibratedRun) -> Iterator[Path]:
    """The run as a calibration file, as `estimate` takes one; gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "run.toml"
        place.write_text(calibration_text([run]), encoding="utf-8")
        yield place


def hours_text(seconds: float) -> str:
    """A time in words: `45 s`, `12.5 min`, `3.2 h`, `5.1 days`.

    >>> hours_text(45), hours_text(7200), hours_text(864_000)
    ('45 s', '2 h', '10 days')
    """
    for limit, size, name in ((120, 1, "s"), (7200, 60, "min"), (48 * 3600, 3600, "h")):
        if seconds < limit or math.isinf(seconds):
            return f"{seconds / size:,.3g} {name}"
    return f"{seconds / 86400:,.3g} days"
