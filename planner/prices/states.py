"""The prices known at a moment: one book per provider."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path

from planner.errors import SnapshotError, UnknownNameError, UsageError
from planner.model.book_ages import DamagedBook
from planner.model.frozen import dataclass
from planner.model.records import Offer
from planner.paths import is_file
from planner.prices.books import book_offers, book_paths
from planner.prices.changes import Changes, changes
from planner.prices.snapshots import read_snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceState:
    """The books that a text such as `2026-01-31` stands for.

    `day` is set if they are those of one day, `is_newest` if they are the newest of all.
    """

    text: str
    books: Mapping[str, Path]  # CSV of the book, by provider
    day: date | None = None
    is_newest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChanges:
    """Changes of one provider's prices between two books; `None` stands for no book."""

    provider: str
    old_stem: str | None
    new_stem: str | None
    changes: Changes


def state_at(data_dir: Path, text: str) -> PriceState:
    """The state that a person means: a day, a moment (`2026-06-15T101500`), or the path of a book.

    Raises:
        UsageError: it is none of these, or no book is that old.
    """
    path = Path(text)
    if path.suffix in (".csv", ".json") and is_file(path.with_suffix(".json")):
        return PriceState(text=text, books={path.resolve().parent.name: path.with_suffix(".csv")})
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        raise UsageError(
            f"{text!r} is neither a day (2026-06-15), nor a moment (2026-06-15T101500), nor the CSV of a book."
        ) from None
    # a day includes all books of the day: no stem of it sorts after a tilde
    limit = f"{text}~" if len(text) == 10 else text
    books = {path.parent.name: path for path in book_paths(data_dir) if path.stem <= limit}
    if not books:
        raise UsageError(f"There is no price book of {text} or before. See: planner prices verify")
    return PriceState(text=text, books=books, day=day if len(text) == 10 else None)


def current_state(data_dir: Path) -> PriceState:
    """The newest book of every provider."""
    return PriceState(text="now", books={path.parent.name: path for path in book_paths(data_dir)}, is_newest=True)


def earlier_state(data_dir: Path, state: PriceState) -> PriceState:
    """For each provider the book before the one in `state`; providers with one book only have none."""
    books: dict[str, Path] = {}
    for path in book_paths(data_dir):
        newest = state.books.get(path.parent.name)
        if newest is not None and path.stem < newest.stem:
            books[path.parent.name] = path
    return PriceState(text="the book before of each provider", books=books)


def state_offers(state: PriceState, without: Collection[str] = ()) -> dict[str, tuple[Offer, ...]]:
    """Every offer of a state, by provider; `without` names those that are left out.

    Raises:
        SnapshotError: a book cannot be trusted.
    """
    return {provider: _offers(state, provider) for provider in sorted(state.books.keys() - set(without))}


def compare_states(
    old: PriceState, new: PriceState, wanted: Sequence[str] = ()
) -> tuple[list[ProviderChanges], tuple[DamagedBook, ...]]:
    """The changes of each provider between two states, and the damaged books, whose providers are left out.

    A provider that only one state has is compared with nothing. Where the states hold books of different providers because
    one is a single book, only its provider counts.

    Raises:
        UnknownNameError: a provider is wanted that neither state has.
        SnapshotError: no provider is left.
    """
    both = old.books.keys() & new.books.keys()
    providers = both if both and min(len(old.books), len(new.books)) == 1 else old.books.keys() | new.books.keys()
    for name in wanted:
        if name not in providers:
            raise UnknownNameError("provider", name, providers, "planner providers")
    found: list[ProviderChanges] = []
    damaged: list[DamagedBook] = []
    for provider in sorted(providers & set(wanted) if wanted else providers):
        try:
            found.append(_compared(old, new, provider))
        except SnapshotError as error:
            damaged.append(DamagedBook(provider=provider, stem=_stem(new, provider) or "", reason=str(error)))
    if damaged and not found:
        raise SnapshotError(damaged[0].reason)
    return found, tuple(damaged)


def _compared(old: PriceState, new: PriceState, provider: str) -> ProviderChanges:
    return ProviderChanges(
        provider=provider,
        old_stem=_stem(old, provider),
        new_stem=_stem(new, provider),
        changes=changes(_offers(old, provider), _offers(new, provider)),
    )


def _offers(state: PriceState, provider: str) -> tuple[Offer, ...]:
    path = state.books.get(provider)
    return () if path is None else book_offers(read_snapshot(path))


def _stem(state: PriceState, provider: str) -> str | None:
    path = state.books.get(provider)
    return None if path is None else path.stem
