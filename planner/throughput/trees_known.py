"""What measured runs of boosted trees say of other numbers of rows, cores and machines, and how far that is off."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from planner.hardware.processors import load_processors
from planner.model.frozen import dataclass
from planner.model.records import Basis
from planner.throughput.tree_rows import TreeRow

YEARS = 1.5
"""A processor counts less for one that is younger or older: by a factor of e in so many years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A device, and how many of its cores work; `None` for a GPU."""

    device: str
    cores: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeTime:
    """The natural log of the seconds of a run of 100 rounds at depth 10, and what that rests on."""

    log_seconds: float
    basis: Basis
    words: str
    release: int
    sources: tuple[str, ...]
    faster: float = 0.0  # a natural log: so much less time where the year of a processor is not known
    slower: float = 0.0  # so much more


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What one machine says of a run."""

    machine: str
    device: str
    log_seconds: float
    is_exact: bool
    rows: tuple[TreeRow, ...]


class TreeKnowledge:
    """Answers from measured rows; a machine can be left out to judge the answers."""

    def __init__(self, rows: Iterable[TreeRow], without: frozenset[str] = frozenset()) -> None:
        self._all = tuple(rows)
        self.machines = tuple(sorted({row.machine for row in self._all} - without))
        self._without = without
        self._newest = max(row.release for row in self._all)
        self._releases = _release_factors(self._all)
        newest: dict[tuple[str, str, int, int | None], TreeRow] = {}
        for row in self._all:
            key = (row.tool, row.machine, row.rows, row.cores)
            if row.machine not in without and (key not in newest or newest[key].as_of < row.as_of):
                newest[key] = row
        self._by_tool: dict[tuple[str, bool], dict[str, list[TreeRow]]] = {}
        for row in newest.values():
            home = self._by_tool.setdefault((row.tool, row.cores is None), {})
            home.setdefault(row.machine, []).append(row)

    def seconds(self, tool: str, rows: float, place: Place) -> TreeTime | None:
        """The time of a run there; `None` if nothing is known of the tool on that kind of device."""
        said = [
            one
            for machine in self._by_tool.get((tool, place.cores is None), {}).values()
            if (one := self._said(machine, rows, place)) is not None
        ]
        if not said:
            return None
        same = [one for one in said if one.device == place.device]
        exact = [one for one in same if one.is_exact]
        used = exact or same or said
        weights = [1.0] * len(used) if same else [_weight(one.device, place) for one in used]
        basis = Basis.MEASURED if exact else Basis.SCALED if same else Basis.MODELLED
        devices = sorted({one.device for one in used})
        has_year = place.cores is not None and load_processors()[place.device].release_year is not None
        words = {Basis.MEASURED: "measured", Basis.SCALED: "between measured runs"}.get(
            basis, f"mean of {', '.join(devices)}" + (", nearest years first" if has_year else "")
        )
        mean = math.fsum(w * one.log_seconds for w, one in zip(weights, used, strict=True)) / math.fsum(weights)
        # by its year a processor may be like the fastest of them or like the slowest
        is_open = place.cores is not None and not has_year
        return TreeTime(
            log_seconds=mean,
            faster=mean - min(one.log_seconds for one in used) if is_open else 0.0,
            slower=max(one.log_seconds for one in used) - mean if is_open else 0.0,
            basis=basis,
            words=words,
            release=max(row.release for one in used for row in one.rows),
            sources=tuple(dict.fromkeys(f"{row.source}, {row.as_of}" for one in used for row in one.rows)),
        )

    def gpus(self, tool: str) -> tuple[str, ...]:
        """The GPUs that the tool was measured on."""
        return tuple({row.device for of in self._by_tool.get((tool, True), {}).values() for row in of})

    def decades_beyond(self, tool: str, rows: float, place: Place) -> float:
        """By how many powers of ten the rows lie outside the measured."""
        counts = [row.rows for of in self._by_tool.get((tool, place.cores is None), {}).values() for row in of]
        return max(0.0, math.log10(rows / max(counts)), math.log10(min(counts) / rows))

    def left_out(self, machines: frozenset[str]) -> Iterable[tuple[TreeRow, TreeTime]]:
        """Each newest row of some machines, and its time as the other machines foretell it."""
        others = TreeKnowledge(self._all, self._without | machines)
        for of in self._by_tool.values():
            for row in (row for machine in sorted(machines) for row in of.get(machine, ())):
                foretold = others.seconds(row.tool, row.rows, Place(device=row.device, cores=row.cores))
                if foretold is not None:
                    yield row, foretold

    def machines_of(self) -> Mapping[str, frozenset[str]]:
        """The machines that have each device, by its key."""
        found: dict[str, set[str]] = {}
        for row in self._all:
            if row.machine not in self._without:
                found.setdefault(row.device, set()).add(row.machine)
        return {device: frozenset(of) for device, of in sorted(found.items())}

    def log_newest(self, row: TreeRow) -> float:
        """The natural log of a row's seconds, as the newest release would take."""
        return math.log(row.seconds) + self._releases.get((row.tool, row.rows, row.release), 0.0) * (
            row.cores is not None
        )

    def _said(self, rows: Sequence[TreeRow], wanted: float, place: Place) -> _Said | None:
        """What one machine says: between its numbers of rows, and between its numbers of cores."""
        by_size: dict[int, list[TreeRow]] = {}
        for row in rows:
            by_size.setdefault(row.rows, []).append(row)
        points = []
        used: list[TreeRow] = []
        for size, of in sorted(by_size.items()):
            at = self._at_cores(of, place.cores)
            if at is not None:
                points.append((math.log(size), at))
                used += of
        if not points:
            return None
        newest = max(row.release for row in used)
        exact = wanted in by_size and (
            place.cores is None or any(row.cores == place.cores for row in by_size[int(wanted)])
        )
        return _Said(
            machine=used[0].machine,
            device=used[0].device,
            log_seconds=_at_rows(points, math.log(wanted)),
            is_exact=exact and newest >= self._newest - 1,
            rows=tuple(row for row in used if row.rows == wanted) or tuple(used),
        )

    def _at_cores(self, rows: Sequence[TreeRow], cores: int | None) -> float | None:
        if cores is None:
            return self.log_newest(rows[0])
        points = sorted((math.log(row.cores), self.log_newest(row)) for row in rows if row.cores is not None)
        wanted = math.log(cores)
        if len(points) == 1:
            return points[0][1] if wanted == points[0][0] else None
        if wanted < points[0][0]:
            return None
        # more cores than were tried help no further: their memory is full
        return _along(points, min(wanted, points[-1][0]))


def _at_rows(points: Sequence[tuple[float, float]], wanted: float) -> float:
    """The log of the seconds at a number of rows: between points on straight lines of logs, beyond them by a fixed part and one in proportion.

    Of 113 devices and numbers of cores with three points, the third as foretold from the other two: by the fixed part it is off by 0.22
    (more rows) and 0.31 (fewer), half of them by more; by the line of logs by 0.7, and always to the short side with more rows.
    """
    if len(points) == 1 or points[0][0] <= wanted <= points[-1][0]:
        return _along(points, wanted)
    (left, low), (right, high) = points[:2] if wanted < points[0][0] else points[-2:]
    at, near, rows = (left, low, math.exp(wanted)) if wanted < left else (right, high, math.exp(wanted))
    each = max(0.0, math.exp(high) - math.exp(low)) / (math.exp(right) - math.exp(left))
    seconds = math.exp(near) + each * (rows - math.exp(at))
    return math.log(max(seconds, math.exp(near) * min(1.0, rows / math.exp(at))))


def _along(points: Sequence[tuple[float, float]], wanted: float) -> float:
    """The value there on straight lines between the points, and on the nearest line beyond them."""
    if len(points) == 1:
        return points[0][1] + (wanted - points[0][0])  # in proportion
    place = next((index for index, (at, _) in enumerate(points[1:], start=1) if wanted <= at), len(points) - 1)
    (left, low), (right, high) = points[place - 1], points[place]
    return low + (high - low) * (wanted - left) / (right - left)


def _weight(device: str, place: Place) -> float:
    """How much a device counts for another one: all GPUs alike, processors by their years where both are known."""
    if place.cores is None:
        return 1.0
    one, other = (load_processors()[name].release_year for name in (device, place.device))
    return 1.0 if one is None or other is None else math.exp(-abs(one - other) / YEARS)


def _release_factors(rows: Iterable[TreeRow]) -> Mapping[tuple[str, int, int], float]:
    """What the newest release takes of an older one's time, by tool, rows and year: of the one machine that ran them all."""
    times: dict[tuple[str, str, int, int | None], dict[int, float]] = {}
    for row in rows:
        if row.cores is not None:
            times.setdefault((row.machine, row.tool, row.rows, row.cores), {})[row.release] = math.log(row.seconds)
    found = {}
    for (_, tool, size, _), of in times.items():
        for year, log_seconds in of.items():
            if year < max(of):
                found[tool, size, year] = of[max(of)] - log_seconds
    return found
