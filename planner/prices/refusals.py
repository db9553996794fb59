"""Why a delivery as a whole makes no book: what came instead, and what can be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from planner.errors import close_matches
from planner.model.records import HeldBack, Offer
from planner.prices.contents import contents_text
from planner.prices.delivery import Delivery

STAYS = "The book before stays in use."


def no_price_text(delivery: Delivery, regions: Sequence[str], purchases: Iterable[str], old: Iterable[Offer]) -> str:
    """The refusal of a delivery without a single row that was asked for."""
    offers = delivery.parsed.offers
    if regions and not offers:
        known = sorted({offer.region for offer in old})
        near = [match for region in regions for match in close_matches(region, known)]
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        return f"No price came for the regions {', '.join(regions)}.{hint}"
    if offers:
        asked = [f"regions {', '.join(regions)}"] if regions else []
        asked += [f"purchase {', '.join(purchases)}"] if purchases else []
        places = ", ".join(sorted({offer.region for offer in offers})[:8])
        return f"None of the {len(offers):,} prices is what was asked for ({'; '.join(asked)}); regions there: {places}. {STAYS}"
    unknown = ", ".join(f"{name} ({count:,} rows)" for name, count in delivery.parsed.unknown_gpus)
    not_understood = f" GPUs that are not understood: {unknown}." if unknown else ""
    if not delivery.paths:
        return f"No price of a Linux GPU instance came.{not_understood} {STAYS}"
    where = delivery.paths[0].name if len(delivery.paths) == 1 else f"the {len(delivery.paths)} files"
    return f"There is no price of a Linux GPU instance in {where} ({contents_text(delivery.paths)}).{not_understood} {STAYS}"


def all_held_back_text(held_back: Sequence[HeldBack], again: str | None) -> str:
    """The refusal of a delivery all rows of which were held back.

    Args:
        held_back: the rows.
        again: the command that takes some of them, if a person vouches for them; `None` if nothing does.
    """
    reason, count = Counter(row.reason for row in held_back).most_common(1)[0]
    advice = f"If the prices are real: {again}" if again else "--accept does not take rows like these."
    return f"All {len(held_back):,} rows are held back, {count:,} of them so: {reason.rstrip('.')}. {STAYS} {advice}"


def not_believed_text(reasons: Iterable[str], again: str) -> str:
    """The refusal of a delivery that moved too far as a whole."""
    return f"The prices as a whole are not believed. {' '.join(reasons)} {STAYS} If the change is real: {again}"
