"""Works out one part of a sweep, here or on a worker of a cluster."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.errors import PlannerError
from planner.options.arguments import EstimateArguments
from planner.options.declared import declared, other_names

if TYPE_CHECKING:
    import pandas as pd

    from planner.answers.search import Search

_LONGEST_SHOWN = 200
ROWS_PER_PART = 10_000
"""Jobs worked out at a time: seconds of work, tens of megabytes of results."""


def planned(
    frame: pd.DataFrame,
    *,
    first: int,
    limit: int,
    data_dir: Path | None = None,
    as_of: date | None = None,
    price_book: Path | None = None,
    strict: bool = False,
) -> pd.DataFrame:
    """The result rows of one part of a sweep, numbered from `first`; a cluster's workers call it."""
    return planned_part(
        frame,
        search_of(data_dir=data_dir, as_of=as_of, price_book=price_book, strict=strict),
        first=first,
        limit=limit,
    )


def search_of(
    *, data_dir: Path | None = None, as_of: date | None = None, price_book: Path | None = None, strict: bool = False
) -> Search:
    """A search over the price books as they are now."""
    from planner.answers.search import Search as Made  # noqa: PLC0415 - loads numpy

    return Made(data_dir=data_dir, as_of=as_of, price_book=price_book, strict=strict)


def planned_part(frame: pd.DataFrame, search: Search, *, first: int, limit: int) -> pd.DataFrame:
    """The result rows of one part of a sweep; equal sweep rows are worked out once."""
    import pandas as pd  # noqa: PLC0415 - heavy

    known: dict[tuple[tuple[str, Any], ...], list[dict[str, Any]]] = {}
    rows: list[dict[str, Any]] = []
    for number, job in enumerate(frame.to_dict("records"), start=first):
        options = job_options({str(name): value for name, value in job.items()})
        key = tuple(options.items())
        if key not in known:
            known[key] = _rows(search, options, limit)
        rows += [{"job": number, **row} for row in known[key]]
    return pd.DataFrame(rows)


def job_options(job: Mapping[str, Any]) -> dict[str, Any]:
    """Turns a sweep row into keyword arguments of `estimate`: empty cells left out, lists split, texts read as numbers."""
    known, others = declared(EstimateArguments), other_names(EstimateArguments)
    options: dict[str, Any] = {}
    for name, cell in job.items():
        if cell is not None and cell != "" and not (isinstance(cell, float) and math.isnan(cell)):
            first = others.get(name, name)
            options[first] = known[first].read_cell(cell)
    return options


def _rows(search: Search, options: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    from planner.results.estimate import flat_record  # noqa: PLC0415 - render imports estimate

    try:
        workload, found = search.best(options, limit)
    except (PlannerError, TypeError, ValueError) as error:
        # a word where a number belongs is this job's fault alone
        model = options.get("model")
        shown = model[:_LONGEST_SHOWN] if isinstance(model, str) else model
        return [{"model": shown, "error": str(error)}]  # in the names of Python, as the columns are
    rows = []
    for one in found:
        record = flat_record(one, workload)
        del record["is_pareto"]
        record["notes"] = "; ".join(record["notes"])
        rows.append({**record, "error": ""})
    return rows
