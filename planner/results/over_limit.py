"""What the limits keep from the screen, in sentences: rows that only an end bars, and the nearest of markets left empty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.model.picks import PaidTo
from planner.results.money import Money
from planner.results.picked import OverLimit, Picked
from planner.results.words import gpus_text, limit_text, provider_name, time_text
from planner.units import SECONDS_PER_HOUR, hours


def over_limit_texts(picked: Picked, money: Money, *, longest: int | None = None) -> Iterator[str]:
    """A sentence on the rows that may exceed a limit, and one on those that do; as many rows as fit into `longest`.

    Figures are the expected ones. Limits are held against the slow and the dear end: where only that end passes one, it is said.
    """
    limits = [
        *([f"{money.text(picked.max_usd)} {money.code}"] if picked.max_usd is not None else []),
        *([limit_text(picked.max_hours * SECONDS_PER_HOUR)] if picked.max_hours is not None else []),
    ]
    asked = " or ".join(limits)
    for start, parts in (
        (f"May exceed {asked}: ", [_doubtful(one, picked, money) for one in picked.over_limit if one.may_hold]),
        (f"Over {asked}: ", [_nearest(one, picked, money) for one in picked.over_limit if not one.may_hold]),
    ):
        if parts:
            yield _fitting(start, parts, longest)


def _doubtful(one: OverLimit, picked: Picked, money: Money) -> str:
    """A row that is expected to keep the limits, with the end that passes one: `8x H100 at AWS for 82 (up to 139) in 89 min`."""
    is_dear = picked.max_usd is not None and one.usd_high > picked.max_usd
    is_late = picked.max_hours is not None and hours(one.seconds_high) > picked.max_hours
    dear = f" (up to {money.text(one.usd_high)})" if is_dear else ""
    late = f" (up to {time_text(one.seconds_high)})" if is_late else ""
    spot = " spot" if one.market is PaidTo.SPOT else ""
    what = f"{gpus_text(one.offer, one.node_count)} at {provider_name(one.offer)}{spot}"
    return f"{what} for {money.text(one.usd)}{dear} in {time_text(one.seconds)}{late}"


def _nearest(one: OverLimit, picked: Picked, money: Money) -> str:
    """The row of an empty market that is nearest to the limits, the figure that passes them first."""
    usd, time = money.text(one.usd), time_text(one.seconds)
    if picked.max_usd is None:
        return f"{_SHORT[one.market]} from {time} ({usd} {money.code})"
    near = "from " if picked.max_hours is None else ""
    return f"{_SHORT[one.market]} {near}{usd} ({time})"


_SHORT = {
    PaidTo.OWN: "your own",
    PaidTo.LARGE_CLOUD: "large clouds",
    PaidTo.GPU_CLOUD: "GPU clouds",
    PaidTo.COMMITMENT: "commitments",
    PaidTo.SERVICE: "services",
    PaidTo.SPOT: "spot",
    PaidTo.MARKETPLACE: "marketplaces",
}


def _fitting(start: str, parts: Sequence[str], longest: int | None) -> str:
    """The parts that fit on a line, one at least."""
    count = len(parts)
    while True:
        text = f"{start}{', '.join(parts[:count])}."
        if count == 1 or longest is None or len(text) <= longest:
            return text
        count -= 1
