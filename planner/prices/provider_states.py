"""The state of each provider: its newest price book, what the book covers, and whether it can be refreshed."""

from __future__ import annotations

from pathlib import Path

from planner.errors import PlannerError
from planner.model.frozen import dataclass
from planner.prices.books import book_offers
from planner.prices.current import current_snapshots
from planner.prices.registry import load_provider, provider_names
from planner.prices.snapshots import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """One provider; `snapshot` is `None` before its first refresh, `credentials` without an adapter."""

    provider: str
    snapshot: Snapshot | None
    regions: int
    purchases: tuple[str, ...]
    credentials: str | None


def provider_states(data_dir: Path | None) -> list[ProviderState]:
    """Every provider with a book or an adapter, by name."""
    books = {snapshot.provider: snapshot for snapshot in current_snapshots(data_dir)}
    adapters = provider_names()
    return [_state(name, books.get(name), name in adapters) for name in sorted({*books, *adapters})]


def _state(name: str, snapshot: Snapshot | None, has_adapter: bool) -> ProviderState:  # noqa: FBT001 - private
    offers = book_offers(snapshot) if snapshot else ()
    return ProviderState(
        provider=name,
        snapshot=snapshot,
        regions=len({offer.region for offer in offers}),
        purchases=tuple(sorted({str(offer.purchase) for offer in offers})),
        credentials=_credentials(name) if has_adapter else None,
    )


def _credentials(name: str) -> str:
    try:
        return load_provider(name).credentials()
    except PlannerError as error:
        return str(error)
