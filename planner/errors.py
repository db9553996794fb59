"""Everything the planner refuses to do, as one tree.

PlannerError                 the root; the command line catches it once           exit 1
├── UsageError               a value somebody typed is wrong                      exit 2
│   └── UnknownNameError     a model, GPU, provider ... nobody has heard of       exit 2
├── NothingLeftError         valid filters that together leave no offer           exit 1
├── NoThroughputError        no figure says how fast this runs there              exit 1
├── DataError                a file holds what it must not hold                   exit 1
│   └── SnapshotError        a price snapshot is altered, half written, too new   exit 1
├── OutputError              the result cannot be written                         exit 1
├── ProviderError            a cloud did not answer, or not with prices           exit 1
└── LimitError               no estimate meets --max-usd or --max-hours           exit 3
"""

from __future__ import annotations

from collections.abc import Iterable


class PlannerError(Exception):
    """Root of all errors of this project; `str(error)` is a message for a person."""

    exit_code = 1


class UsageError(PlannerError):
    """A value given by the user cannot be used; the message names the value and what would do."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name is not known; the message offers the closest ones.

    Args:
        kind: what was named, for example "GPU".
        name: what was typed.
        known: every name that would have been understood.
        see: a command that lists them.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], see: str) -> None:
        self.kind = kind
        self.name = name
        known = list(known)
        self.matches = close_matches(name, known)
        hint = f" Did you mean {_listed(self.matches)}?" if self.matches else ""
        if not self.matches and len(known) <= 10:
            hint = f" Known: {', '.join(known)}."
        super().__init__(f"Unknown {kind} {name!r}.{hint} See: {see}")


class NothingLeftError(PlannerError):
    """Every offer fell out; the message says which filter took the last ones."""


class NoThroughputError(PlannerError):
    """No throughput is known for this model, GPU, count and precision."""


class DataError(PlannerError):
    """A data file cannot be trusted; the message names file, line and column."""


class SnapshotError(DataError):
    """A price snapshot is altered, incomplete or of a newer schema."""


class OutputError(PlannerError):
    """The result could not be written; nothing was left half written."""


class ProviderError(PlannerError):
    """A provider's service failed, refused, or answered with something that is not prices."""


class LimitError(PlannerError):
    """A limit cannot be met; the message says by how much the best estimate misses it."""

    exit_code = 3


def close_matches(name: str, known: Iterable[str]) -> list[str]:
    """Up to three known names that look like `name`, best first."""
    import difflib  # noqa: PLC0415 - needed only on the way to an error

    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.6)
    if not found and len(name) > 1:
        found = [candidate for candidate in by_lower if name.lower() in candidate][:3]
    return [by_lower[candidate] for candidate in found]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]
