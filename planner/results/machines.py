"""Every machine that was priced with the time and money of the run on it: what a chart draws beside the rows shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from planner.model.frozen import dataclass
from planner.model.records import Basis, Offer
from planner.units import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine at its cheapest offer, without its bill.

    Attributes:
        offer: where it is cheapest.
        node_count: how many work together.
        seconds: from start to end.
        usd: for the run.
        basis: what the time rests on.
    """

    offer: Offer
    node_count: int
    seconds: float
    usd: float
    basis: Basis


class Machines:
    """The machines of an answer, worked out when they are first asked for: most answers draw no chart."""

    __slots__ = ("_find", "_found")

    def __init__(self, find: Callable[[], Iterable[Machine]] = tuple) -> None:
        self._find: Callable[[], Iterable[Machine]] | None = find
        self._found: tuple[Machine, ...] = ()

    def __iter__(self) -> Iterator[Machine]:
        """Each machine, in no order."""
        if self._find is not None:
            self._found, self._find = tuple(self._find()), None  # and let go of what they are found in
        return iter(self._found)

    def __eq__(self, other: object) -> bool:
        """Whether the machines are the same."""
        return tuple(self) == tuple(other) if isinstance(other, Machines) else NotImplemented

    def __hash__(self) -> int:
        """Of the machines."""
        return hash(tuple(self))

    def __reduce__(self) -> tuple[object, ...]:
        """How they are copied and pickled: as what was found."""
        return Machines, (partial(tuple, tuple(self)),)


def machine_records(machines: Iterable[Machine]) -> list[Row]:
    """The machines as records with the keys that rows of the document have too."""
    return [
        {
            "provider": machine.offer.provider,
            "region": machine.offer.region,
            "zone": machine.offer.zone,
            "instance_type": machine.offer.instance_type,
            "gpu": machine.offer.gpu,
            "gpu_count": machine.offer.gpu_count,
            "node_count": machine.node_count,
            "purchase": str(machine.offer.purchase),
            "basis": str(machine.basis),
            "seconds": machine.seconds,
            "usd": machine.usd,
        }
        for machine in machines
    ]
