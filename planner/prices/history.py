"""Price history by GPU, provider and kind of purchase, from one book to the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

from planner.errors import NothingLeftError
from planner.model.frozen import dataclass
from planner.model.records import Purchase
from planner.prices.history_index import ALL_REGIONS, Report, open_index, unreadable_books


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPoint:
    """Prices of one GPU at one provider on one day, in USD per GPU-hour; `cheapest` is the type at the lowest."""

    day: date
    offers: int
    low: float
    median: float
    high: float
    cheapest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSeries:
    """All points of one GPU, provider and purchase, oldest first; at least one."""

    gpu: str
    provider: str
    purchase: Purchase
    region: str | None  # None: over all regions
    points: tuple[HistoryPoint, ...]

    @property
    def change_fraction(self) -> float:
        """Last over first median, less one."""
        return self.points[-1].median / self.points[0].median - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceHistory:
    """Series sorted by GPU, purchase and provider, and books that could not be read."""

    series: tuple[PriceSeries, ...]
    problems: tuple[str, ...]


def price_history(
    data_dir: Path,
    *,
    gpus: Sequence[str],
    purchases: Sequence[Purchase],
    providers: Sequence[str] = (),
    region: str | None = None,
    since: date | None = None,
    report: Report = lambda _: None,
) -> PriceHistory:
    """Prices per GPU-hour of every day that has a book; of several books of a day the last.

    Args:
        data_dir: the user's folder; shipped books belong to the history too.
        gpus: canonical names; empty for all.
        purchases: kinds of purchase; empty for all.
        providers: names; empty for all.
        region: as the provider writes it; `None` takes all regions together.
        since: leave out days before.
        report: told how many books must be read first.

    Raises:
        NothingLeftError: no book has such a price.
    """
    conditions = ["region = ?", "stem >= ?"]
    values = [ALL_REGIONS if region is None else region, since.isoformat() if since else ""]
    for column, wanted in (("gpu", gpus), ("purchase", purchases), ("provider", providers)):
        if wanted:
            conditions.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values += [str(value) for value in wanted]
    # only names of columns and question marks are put together here, never a value
    query = f"""
        SELECT gpu, purchase, provider, stem, offers, low, median, high, cheapest FROM price
        WHERE {" AND ".join(conditions)} ORDER BY gpu, purchase, provider, stem
    """  # noqa: S608
    with open_index(data_dir, report) as connection:
        # half a character is in no book, and the database takes none
        texts = [value.encode(errors="replace").decode() for value in values]
        rows = connection.execute(query, texts).fetchall()
        problems = tuple(unreadable_books(connection))
    if not rows:
        what = ", ".join([*gpus, *map(str, purchases), *providers, *([region] if region else [])])
        raise NothingLeftError(f"No price book has a price of {what or 'anything'}. See: planner prices list")
    return PriceHistory(series=tuple(_series(rows, region)), problems=problems)


Row = tuple[str, str, str, str, int, float, float, float, str]


def _series(rows: Iterable[Row], region: str | None) -> Iterable[PriceSeries]:
    for (gpu, purchase, provider), group in groupby(rows, key=lambda row: row[:3]):
        by_day = {row[3][:10]: row for row in group}
        yield PriceSeries(
            gpu=gpu,
            provider=provider,
            purchase=Purchase(purchase),
            region=region,
            points=tuple(_point(row) for row in by_day.values()),
        )


def _point(row: Row) -> HistoryPoint:
    return HistoryPoint(
        day=date.fromisoformat(row[3][:10]), offers=row[4], low=row[5], median=row[6], high=row[7], cheapest=row[8]
    )
