"""The rest of the machine around bought GPUs, and systems that are only sold whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache

from planner.hardware.cards import Condition, day_of
from planner.hardware.tables import read_rows
from planner.model.frozen import dataclass

DESKTOP, SERVER, BASEBOARD, SYSTEM = "desktop", "server", "baseboard", "system"
LARGEST_PCIE_HOST = 8  # GPUs; beyond that it is several machines


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One machine of `data/hosts.csv` without its GPUs, or a `system` with them.

    `conditions` are those of the cards it is the usual host for; empty: listed, never chosen. `gpus` names the modules
    a baseboard or system is built for; empty: any PCIe card. Watts are without GPUs. Watts and the ends of the price
    are `None` where not known.
    """

    name: str
    kind: str
    conditions: tuple[str, ...]
    gpu_count: int
    gpus: tuple[str, ...]
    usd: float
    usd_low: float | None
    usd_high: float | None
    idle_watts: float | None
    load_watts: float | None
    includes: str
    basis: str
    as_of: str
    source: str
    note: str

    @property
    def day(self) -> date:
        """The day the price stands for: the last year or month it names."""
        return day_of(self.as_of.rsplit("-", 1)[-1] if len(self.as_of) == len("2023-2024") else self.as_of)


def pcie_host(card_count: int, condition: Condition) -> Host | None:
    """The smallest usual host for so many PCIe cards; `None` beyond eight.

    Refurbished cards go into the host of used ones: both buyers save.
    """
    usual = "new" if condition is Condition.NEW else "used"
    fitting = [
        host for host in load_hosts() if not host.gpus and usual in host.conditions and host.gpu_count >= card_count
    ]
    return min(fitting, key=lambda host: (host.gpu_count, host.name), default=None)


def module_hosts(gpu: str) -> list[Host]:
    """The whole systems and baseboards for a module that does not go into a PCIe slot."""
    return [host for host in load_hosts() if gpu in host.gpus]


@cache
def load_hosts() -> Sequence[Host]:
    """Every host of the shipped table, in its order."""
    return read_rows("hosts.csv", Host)
