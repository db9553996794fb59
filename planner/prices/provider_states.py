"""The state of each provider: its newest price book, what the book covers, and whether it can be refreshed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from planner.errors import PlannerError
from planner.model.book_ages import PriceAges
from planner.model.frozen import dataclass
from planner.prices.ages import book_ages
from planner.prices.current import current_snapshots
from planner.prices.damaged import book_problem
from planner.prices.index import index_of
from planner.prices.registry import load_provider, provider_names, what_failed
from planner.prices.snapshots import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """One provider; `snapshot` is `None` before its first refresh or where it is damaged, `credentials` without an adapter.

    `regions` is how many its book covers, `ages` are those of the prices of each kind of purchase.
    """

    provider: str
    snapshot: Snapshot | None
    regions: int
    ages: tuple[PriceAges, ...]
    credentials: str | None
    damage: str | None = None


def provider_states(data_dir: Path | None, today: date) -> list[ProviderState]:
    """Every provider with a book or an adapter, by name; ages are counted to `today`."""
    books = {snapshot.provider: snapshot for snapshot in current_snapshots(data_dir)}
    adapters = provider_names()
    return [_state(name, books.get(name), today, name in adapters) for name in sorted({*books, *adapters})]


def _state(name: str, snapshot: Snapshot | None, today: date, has_adapter: bool) -> ProviderState:  # noqa: FBT001 - private
    damage = book_problem(snapshot) if snapshot else None
    snapshot = snapshot if damage is None else None
    return ProviderState(
        provider=name,
        snapshot=snapshot,
        regions=len(index_of(snapshot).regions()) if snapshot else 0,
        ages=book_ages(snapshot, today) if snapshot else (),
        credentials=_credentials(name) if has_adapter else None,
        damage=damage,
    )


def _credentials(name: str) -> str:
    try:
        return load_provider(name).credentials()
    except PlannerError as error:
        return str(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - code of others
        return f"the adapter cannot say: {what_failed(error)}"
