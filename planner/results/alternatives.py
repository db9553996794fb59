"""One way to pay for the work of a comparison beside the others."""

from __future__ import annotations

from planner.model.frozen import dataclass
from planner.units import Row

OWN_AND_RENT = "own_and_rent"

_SELLERS = {"large_cloud": "large cloud", "gpu_cloud": "GPU cloud"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One way to pay for the work that is compared, over the same horizon.

    `way` is `on_demand spot marketplace reserved_1y reserved_3y savings_1y savings_3y service given buy_new buy_used
    buy_refurbished own own_and_rent`; the last is a base that is bought or owned, and what exceeds it rented. `usd_per_gpu_hour` is of hours that do work. `break_even_utilisation` is the part of the month
    from which on the best machine is cheaper than this rental, or this machine cheaper than the rental of the verdict;
    0 if it always is, `None` if never.
    """

    way: str
    market: str
    mark: str | None
    name: str
    purchase: str | None
    provider: str | None
    instance_type: str | None
    price_observed_on: str | None  # a day, or as much of it as the source says
    seconds: float | None
    usd_per_month: float
    usd_per_job: float | None
    usd_total: float
    usd_per_gpu_hour: float | None
    break_even_utilisation: float | None
    is_rented: bool

    @property
    def is_committed(self) -> bool:
        """Whether it is paid by the month, used or not."""
        return self.way.startswith(("reserved", "savings"))

    @property
    def title(self) -> str:
        """The way in words; of list prices on demand, whose."""
        return way_title({"way": self.way, "market": self.market})


def way_title(row: Row) -> str:
    """A way to pay in words, from its record in the document."""
    if row["way"] == "on_demand" and row["market"] in _SELLERS:
        return _SELLERS[row["market"]]
    return "own + rent" if row["way"] == OWN_AND_RENT else str(row["way"]).replace("_", " ")
