"""Changes between two states of one provider's prices: rows new, rows gone, prices moved."""

from __future__ import annotations

from collections.abc import Iterable

from planner.model.frozen import dataclass
from planner.model.records import Offer
from planner.prices.snapshots import sort_key

Key = tuple[str, str, float, str, str, str, str]
PlaceKey = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An offer whose price changed, with the price before and after."""

    old: Offer
    new: Offer

    @property
    def change_fraction(self) -> float:
        """New over old price, less one: 0.1 is ten per cent dearer."""
        return self.new.usd_per_hour / self.old.usd_per_hour - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Differences of two states; `moved` is sorted by size of the move, largest first."""

    new: tuple[Offer, ...]
    gone: tuple[Offer, ...]
    moved: tuple[Move, ...]
    same: int

    @property
    def is_empty(self) -> bool:
        """Nothing new, gone or moved."""
        return not (self.new or self.gone or self.moved)


def changes(old: Iterable[Offer], new: Iterable[Offer]) -> Changes:
    """Compares two lists of offers: which are new, gone, or have another price.

    A price is the same if its text is: a move of 1e-9 is a move, and sorts last.
    """
    before = {offer_key(offer): offer for offer in old}
    after = {offer_key(offer): offer for offer in new}
    moves = [
        Move(old=before[key], new=offer)
        for key, offer in after.items()
        if key in before and before[key].usd_per_hour != offer.usd_per_hour
    ]
    appeared = [offer for key, offer in after.items() if key not in before]
    gone = [offer for key, offer in before.items() if key not in after]
    return Changes(
        new=tuple(sorted(appeared, key=offer_key)),
        gone=tuple(sorted(gone, key=offer_key)),
        moved=tuple(sorted(moves, key=lambda move: (-abs(move.change_fraction), offer_key(move.new)))),
        same=len(after) - len(appeared) - len(moves),
    )


def offer_key(offer: Offer) -> Key:
    """A key that is the same for the same offer in books of different days."""
    return (offer.provider, *sort_key(offer))


def place_key(offer: Offer) -> PlaceKey:
    """A key of one provider's offers that is the same also where an instance type is said to have other GPUs."""
    return (offer.instance_type, offer.region, offer.zone or "", str(offer.purchase))
