"""Runs a sweep on a Dask cluster, which does the work of a lost worker again elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from planner.answers.sweep_part import planned
from planner.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

WAITING_PARTS_PER_WORKER = 3
"""Enough that no worker waits for the next part, few enough that the parts in memory stay few."""


def planned_on_cluster(
    parts: Iterable[tuple[int, pd.DataFrame]], *, scheduler: str | None, **settings: Any
) -> Iterator[pd.DataFrame]:
    """Yields the frame of each part of a sweep, worked out by a cluster's workers, in the order of the parts.

    A part whose worker dies is worked out again by another. Every worker needs this package and, where given, the same data
    directory and price book.

    Raises:
        UsageError: the extra is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if error.name != "distributed":
            raise
        raise UsageError(
            "{engine} dask needs the extra dask: pip install 'gpu-cost-planner[dask]'", argument="engine"
        ) from error
    connect: Any = Client
    try:
        client = connect(scheduler, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"No Dask scheduler answers at {scheduler}: {error}") from error
    with client:
        waiting: deque[Any] = deque()
        most = WAITING_PARTS_PER_WORKER * max(1, len(client.scheduler_info()["workers"]))
        for first, frame in parts:
            waiting.append(client.submit(planned, frame, first=first, pure=False, **settings))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
