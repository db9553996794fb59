"""Estimates thousands of workloads over every offer, on this machine or on a Dask cluster."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.answers.sweep_part import ROWS_PER_PART, planned_part, search_of
from planner.errors import UnknownNameError, UsageError
from planner.options.arguments import EstimateArguments
from planner.options.checked import checked
from planner.options.declared import declared, other_names
from planner.prices.damaged import damaged_books
from planner.results.answer import damaged_text

if TYPE_CHECKING:
    import pandas as pd

    from planner.answers.search import Search

ENGINES = ("local", "dask")

_SHARED = ("data_dir", "as_of", "price_book", "strict", "limit", "every_offer")


@checked()
def estimate_many(
    jobs: pd.DataFrame | Iterable[Mapping[str, Any]],
    *,
    limit: int = 1,
    data_dir: Path | None = None,
    as_of: date | None = None,
    price_book: Path | None = None,
    strict: bool = False,
    engine: str = "local",
    scheduler: str | None = None,
) -> pd.DataFrame:
    """Returns a frame with the best estimates of every sweep row, the same as those of `estimate(every_offer=True)`.

    Args:
        jobs: one row or mapping a job, with `model`, `epochs` and any option of `estimate` by its name; an empty value is
            the default. Lists (`gpus`, `regions` ...) are lists, or texts with `;` between the entries.
        limit: estimates a job, best first by its `sort`.
        data_dir: folder of the user's own snapshots.
        as_of: plan with the prices known on that day.
        price_book: TOML file of own prices.
        strict: a damaged price book is an error; else its provider is left out, with a warning (`UserWarning`).
        engine: `local`, or `dask` to spread the jobs over a cluster (extra `dask`).
        scheduler: address of the Dask scheduler, `tcp://host:8786`; `None` starts workers on this machine.

    Returns:
        Columns `job` (row number from 0), `rank`, those of `EstimateResult.to_frame` but `is_pareto`, and `error`: what is
        wrong with a job that has no estimate, else empty.

    Raises:
        UsageError: a column is no option, `limit` or `engine` is wrong, or no scheduler answers.
    """
    import pandas as pd  # noqa: PLC0415 - heavy

    for line in damaged_text(damaged_books(data_dir, as_of=as_of)):
        warnings.warn(line, stacklevel=3)
    frame = jobs if isinstance(jobs, pd.DataFrame) else pd.DataFrame(list(jobs))
    parts = planned_parts(
        [frame[start : start + ROWS_PER_PART] for start in range(0, max(len(frame), 1), ROWS_PER_PART)],
        limit=limit,
        data_dir=data_dir,
        as_of=as_of,
        price_book=price_book,
        strict=strict,
        engine=engine,
        scheduler=scheduler,
    )
    return pd.concat(list(parts), ignore_index=True)


def planned_parts(
    frames: Iterable[pd.DataFrame],
    *,
    limit: int = 1,
    engine: str = "local",
    scheduler: str | None = None,
    **shared: Any,
) -> Iterator[pd.DataFrame]:
    """Yields the frame of each part of a sweep in turn, so that only a few parts are in memory at once."""
    if limit < 1:
        raise UsageError("{limit} must be at least 1, not {given}.", argument="limit", given=limit)
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES, "planner sweep --help")
    if engine == "local" and scheduler is not None:
        raise UsageError("{scheduler} needs {engine} dask.", argument="scheduler")
    if engine == "dask":
        from planner.answers.sweep_dask import planned_on_cluster  # noqa: PLC0415 - an extra

        yield from planned_on_cluster(_numbered(frames), scheduler=scheduler, limit=limit, **shared)
        return
    search: Search | None = None
    for first, frame in _numbered(frames):
        search = search or search_of(**shared)
        yield planned_part(frame, search, first=first, limit=limit)


def _numbered(frames: Iterable[pd.DataFrame]) -> Iterator[tuple[int, pd.DataFrame]]:
    first = 0
    for frame in frames:
        _check_columns(frame.columns)
        yield first, frame
        first += len(frame)


def _check_columns(columns: Iterable[Any]) -> None:
    names = [str(name) for name in columns]
    others = other_names(EstimateArguments)
    known = [name for name in (*declared(EstimateArguments), *others) if others.get(name, name) not in _SHARED]
    for name in names:
        if name not in known:
            raise UnknownNameError("column", name, known, "docs/sweep.md")
        if others.get(name, name) != name and others[name] in names:
            raise UsageError(f"The columns {name} and {others[name]} are the same; leave one out.")
    for name in ("model", "epochs"):
        if name not in names and not (name == "epochs" and {"tokens", "samples", "rows"} & set(names)):
            raise UsageError(f"The column {name} is missing; a job needs model and epochs, or tokens.")
