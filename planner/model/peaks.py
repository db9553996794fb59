"""Work that is not the same in every month: usual months and busy ones."""

from __future__ import annotations

from planner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The work of a busy month, times that of a usual one, and the part of all months that are busy."""

    factor: float = 1.0
    share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a busy month with less work than a usual one, and more busy months than there are."""
        if not (self.factor >= 1 and 0 <= self.share < 1):
            raise ValueError(f"factor {self.factor!r} must be at least 1, share {self.share!r} 0 to below 1")

    @property
    def mean(self) -> float:
        """Work of the average month, times that of a usual one."""
        return mean_month(self.factor, self.share)

    @property
    def busiest(self) -> float:
        """Work of the busiest month, times that of the average one."""
        return (self.factor if self.share else 1.0) / self.mean


STEADY = Peak()


def mean_month(factor: float, share: float) -> float:
    """Work of the average month, times that of a usual one: 1 + (factor - 1) x share.

    >>> mean_month(3.0, 0.25)
    1.5
    """
    return 1 + (factor - 1) * share


def hours_within(usual_hours: float, most: float, factor: float, share: float) -> float:
    """Hours of the average month that stay within `most` hours of every month.

    (1 - share) x min(usual, most) + share x min(usual x factor, most). 400 hours in nine months and 1,200 in three, on a
    machine that has 730:

    >>> hours_within(400.0, 730.0, 3.0, 0.25)
    482.5
    """
    return (1 - share) * min(usual_hours, most) + share * min(usual_hours * factor, most)
