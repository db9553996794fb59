"""Runs that are interrupted and go on from their last checkpoint: expected time, its parts, and how late it may get."""

from __future__ import annotations

import math

from planner.errors import UsageError
from planner.model.costs import Interruptions
from planner.model.frozen import changed
from planner.units import SECONDS_PER_HOUR

BYTES_PER_PARAMETER = 12.0
"""Saved state of one parameter: the FP32 weight and two FP32 moments of Adam. SGD with momentum saves 8."""

CHECKPOINT_BYTES_PER_SECOND = 125e6
"""What a node writes: the baseline of an AWS gp3 volume (https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html),
the slowest of the usual places for a checkpoint."""

UNKNOWN_CHECKPOINT_SECONDS = 60.0
"""Where the size of the model is not known: 7.5 GB at that pace, the state of 600 million parameters. An assumption."""

HOPELESS_RATIO = 10.0
"""A run whose expected time is above so many times its work is refused: on average nine tenths of the bill are lost work."""

MANY_FAILURES = 500
"""From so many failures expected on, what they cost together is normal: the percentile moves by 0.003 %."""

_LARGEST_EXPONENT = 600.0


def interrupted_run(
    *,
    work_seconds: float,
    interruptions_per_hour: float,
    checkpoint_seconds: float,
    restart_seconds: float,
    interval_seconds: float | None = None,
    has_checkpoints: bool = True,
) -> Interruptions:
    """The expected course of a run of `work_seconds` that is interrupted at random, at a constant rate (memoryless).

    The work is cut into n equal segments, each followed by a checkpoint; w = work / n + checkpoint time. After an
    interruption the current segment starts again, behind a restart that can itself be interrupted (R seconds). With
    rate r per second the expected time is (Daly 2006, https://doi.org/10.1016/j.future.2004.11.016)

        E = n x e^(r R) x (e^(r w) - 1) / r;      r = 0: work + checkpoints;      no checkpoints, R = 0: (e^(r T) - 1) / r

    Args:
        work_seconds: time without interruptions and checkpoints, above 0.
        interruptions_per_hour: over all instances of the run together, 0 or more.
        checkpoint_seconds: training stands still for so long at each checkpoint.
        restart_seconds: from a new instance's first billed second to the first step that is not a repetition.
        interval_seconds: work between checkpoints; `None` takes the optimum (`daly_interval_seconds`).
        has_checkpoints: without, every interruption throws the run back to its beginning.

    Raises:
        UsageError: a checkpoint takes longer than the mean time between interruptions.

    >>> run = interrupted_run(work_seconds=48.5 * 3600, interruptions_per_hour=0.15, checkpoint_seconds=0,
    ...     restart_seconds=0, has_checkpoints=False)
    >>> round(run.expected_seconds / 3600)
    9618
    """
    rate = interruptions_per_hour / SECONDS_PER_HOUR
    if not has_checkpoints:
        segments, checkpoint_seconds = 1, 0.0
    else:
        _check_checkpoint_seconds(checkpoint_seconds, interruptions_per_hour)
        if interval_seconds is None:
            interval_seconds = daly_interval_seconds(checkpoint_seconds, 1 / rate) if rate > 0 else math.inf
        segments = max(1, math.ceil(work_seconds / interval_seconds)) if interval_seconds > 0 else 1
        if rate == 0 and math.isinf(interval_seconds):
            checkpoint_seconds = 0.0
    calm = Interruptions(
        per_hour=0.0,
        work_seconds=work_seconds,
        segments=segments,
        checkpoint_seconds=checkpoint_seconds,
        restart_seconds=restart_seconds,
        has_checkpoints=has_checkpoints,
        lost_seconds=0.0,
        restarting_seconds=0.0,
        count=0.0,
    )
    return same_plan(calm, work_seconds=work_seconds, interruptions_per_hour=interruptions_per_hour)


def _check_checkpoint_seconds(checkpoint_seconds: float, interruptions_per_hour: float) -> None:
    rate = interruptions_per_hour / SECONDS_PER_HOUR
    if checkpoint_seconds * rate >= 1:
        raise UsageError(
            "A checkpoint takes {seconds:g} s, as long as the mean time between interruptions "
            "({between:,.0f} s at {rate:g} per hour) or longer: no work would be saved. "
            "Make it faster with {checkpoint_seconds}, or do not use spot.",
            argument="checkpoint_seconds",
            seconds=checkpoint_seconds,
            between=1 / rate,
            rate=interruptions_per_hour,
        )


def same_plan(run: Interruptions, *, work_seconds: float, interruptions_per_hour: float) -> Interruptions:
    """The same run with the same number of checkpoints, at another speed or interruption rate.

    Checkpoints are planned once, by steps of training, before anybody knows how fast and how calm it will be. So less
    work and fewer interruptions never take longer, which a new plan for each would not ensure.
    """
    rate = interruptions_per_hour / SECONDS_PER_HOUR
    piece = work_seconds / run.segments + run.checkpoint_seconds
    return changed(
        run,
        per_hour=interruptions_per_hour,
        work_seconds=work_seconds,
        lost_seconds=_lost(rate, run.segments, piece),
        restarting_seconds=_restarting(rate, run.segments, piece, run.restart_seconds),
        count=_count(rate, run.segments, piece, run.restart_seconds),
    )


def young_interval_seconds(checkpoint_seconds: float, mean_seconds_between: float) -> float:
    """Work between checkpoints that loses least time, to first order: sqrt(2 C M).

    Source: J. W. Young, 1974, https://doi.org/10.1145/361147.361115

    >>> round(young_interval_seconds(120, 6 * 3600) / 60, 1)
    37.9
    """
    return math.sqrt(2 * checkpoint_seconds * mean_seconds_between)


def daly_interval_seconds(checkpoint_seconds: float, mean_seconds_between: float) -> float:
    """Work between checkpoints that loses least time, to higher order: at most a percent of time from the true optimum.

    sqrt(2 C M) x (1 + sqrt(C / 2M) / 3 + (C / 2M) / 9) - C where C < 2M, else M. Free checkpoints are written each second.

    Source: J. T. Daly, 2006, https://doi.org/10.1016/j.future.2004.11.016

    >>> round(daly_interval_seconds(120, 6 * 3600) / 60, 1)
    36.6
    """
    if checkpoint_seconds == 0:
        return 1.0
    if checkpoint_seconds >= 2 * mean_seconds_between:
        return mean_seconds_between
    x = checkpoint_seconds / (2 * mean_seconds_between)
    best = young_interval_seconds(checkpoint_seconds, mean_seconds_between)
    return max(best * (1 + math.sqrt(x) / 3 + x / 9) - checkpoint_seconds, 1.0)


def checkpoint_gb(params_millions: float) -> float:
    """Size of a checkpoint in GB (1e9 bytes).

    >>> round(checkpoint_gb(25.6), 3)
    0.307
    """
    return params_millions * 1e6 * BYTES_PER_PARAMETER / 1e9


def checkpoint_seconds_of(params_millions: float | None, node_count: int = 1) -> float:
    """Time to write a checkpoint, each node its share; an assumption where the size of the model is not known.

    >>> round(checkpoint_seconds_of(25.6), 2)
    2.46
    """
    if params_millions is None:
        return UNKNOWN_CHECKPOINT_SECONDS
    return checkpoint_gb(params_millions) * 1e9 / CHECKPOINT_BYTES_PER_SECOND / node_count


def percentile_seconds(run: Interruptions, fraction: float = 0.9) -> float:
    """Seconds within which that fraction of such runs ends.

    Each segment fails a geometric number of times, so the failures of all n are negative binomial with success
    probability e^(-r w). One failure costs a truncated exponential and a mean restart, several a normal sum. The
    percentile is found by bisection; with very many failures their number is nearly normal, and so is the whole delay.
    Where that many runs see no interruption at all it is the time without one, exactly.
    """
    calm = run.work_seconds + run.segments * run.checkpoint_seconds
    rate = run.per_hour / SECONDS_PER_HOUR
    success = math.exp(-rate * calm / run.segments)
    if run.per_hour == 0 or success**run.segments >= fraction:
        return calm
    piece, restart = calm / run.segments, _grown(rate, run.restart_seconds)
    mean, deviation = _delay_of_one(rate, piece, run.restart_seconds)
    failures = run.segments * math.expm1(rate * piece)
    if failures > MANY_FAILURES:
        spread = math.sqrt(failures * deviation**2 + failures / success * mean**2)
        return calm + failures * mean + spread * _normal_quantile(fraction)
    weights = _negative_binomial(run.segments, success)

    def share_within(delay: float) -> float:
        once = math.expm1(-rate * min(max(delay - restart, 0.0), piece)) / math.expm1(-rate * piece)
        return weights[0] + weights[1] * once + _several(delay, weights, mean, deviation)

    low, high = 0.0, 1.0
    while share_within(high) < fraction:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if share_within(middle) < fraction else (low, middle)
    return calm + high


def _grown(rate: float, seconds: float) -> float:
    """(e^(r t) - 1) / r, the expected time to see t seconds without an interruption; t where r is 0."""
    if rate * seconds > _LARGEST_EXPONENT:
        return math.inf
    return math.expm1(rate * seconds) / rate if rate > 0 else seconds


def _lost(rate: float, segments: int, seconds: float) -> float:
    # for small rates the difference of two close numbers would be mostly rounding
    x = rate * seconds
    one = rate * seconds * seconds * (0.5 + x / 6) if x < 1e-5 else _grown(rate, seconds) - seconds
    return segments * one


def _restarting(rate: float, segments: int, seconds: float, restart_seconds: float) -> float:
    if rate == 0 or restart_seconds == 0:
        return 0.0  # also where the run never ends: an infinite number of restarts in no time
    return segments * rate * _grown(rate, seconds) * _grown(rate, restart_seconds)


def _count(rate: float, segments: int, seconds: float, restart_seconds: float) -> float:
    if rate == 0:
        return 0.0
    return segments * rate * _grown(rate, seconds) * (1 + rate * _grown(rate, restart_seconds))


def _delay_of_one(rate: float, seconds: float, restart_seconds: float) -> tuple[float, float]:
    """Mean and standard deviation of the seconds one failure costs: lost work since the checkpoint, and the restart."""
    lost, lost_variance = _lost_at_a_failure(rate, seconds)
    restart = _grown(rate, restart_seconds)
    # time to R seconds without an interruption: variance (e^(2rR) - 1 - 2 r R e^(rR)) / r^2
    x = rate * restart_seconds
    restart_variance = max((math.expm1(2 * x) - 2 * x * math.exp(x)) / rate**2, 0.0) if x > 1e-4 else 0.0
    return lost + restart, math.sqrt(lost_variance + restart_variance)


def _lost_at_a_failure(rate: float, seconds: float) -> tuple[float, float]:
    """Mean and variance of the time to an interruption, given that it comes within so many seconds (truncated exponential)."""
    if rate * seconds < 1e-3:  # nearly uniform; the formulas below would be differences of close numbers
        return seconds * (0.5 - rate * seconds / 12), seconds**2 / 12
    fail = -math.expm1(-rate * seconds)
    variance = 1 / rate**2 - seconds**2 * (1 - fail) / fail**2
    return 1 / rate - seconds * (1 - fail) / fail, variance


def _negative_binomial(segments: int, success: float) -> list[float]:
    """Probability of 0, 1, 2 ... failures, until what is left is below 1e-6."""
    weight = success**segments
    weights, total, failures = [weight], weight, 0
    while total < 1 - 1e-6 and failures < 100_000:
        weight *= (segments + failures) / (failures + 1) * (1 - success)
        failures += 1
        weights.append(weight)
        total += weight
    return weights


def _several(delay: float, weights: list[float], mean: float, deviation: float) -> float:
    """Probability of two failures or more that together cost no more than `delay`."""
    total = 0.0
    for failures, weight in enumerate(weights[2:], start=2):
        if weight > 1e-9:
            spread = deviation * math.sqrt(failures)
            total += weight * _normal((delay - failures * mean) / spread)
    return total


def _normal_quantile(fraction: float) -> float:
    low, high = -40.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _normal(middle) < fraction else (low, middle)
    return high


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))
