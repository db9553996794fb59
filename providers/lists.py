"""Price lists of clouds that publish one row a machine or a GPU: cells as values, GPUs by their spelling, odd rows.

A row is used as a whole or not at all. What cannot be used is held back with its reason; a GPU nobody knows is counted
by its name besides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from planner.errors import UnknownNameError
from planner.hardware.gpus import load_gpus, resolve_gpu
from planner.model.records import HeldBack, Offer, Purchase
from providers.base import ParsedPrices, Source

EVERYWHERE = "global"  # the region of a price that holds in all regions
MEMORY_TOLERANCE = 0.1  # 268 to 288 GB are said of one B300; the nearest two GPUs of one name are 80 and 94 GB
_LARGEST = 1e9  # of any number in a price list: more is a mistake, and much more is no float
_LONGEST = 120  # characters of a cell that a message or a quarantine file shows


class DoubtError(Exception):
    """A row says something that cannot be used; its text is the reason."""


class PriceList:
    """The rows of one provider's list, on their way into offers.

    Args:
        provider: whose list it is.
        source: what the list is called in offers and in the quarantine file.
        observed_on: the day it was fetched.
    """

    def __init__(self, provider: str, source: str, observed_on: date) -> None:
        self._provider = provider
        self._source = source
        self._observed_on = observed_on
        self._offers: list[Offer] = []
        self._held_back: list[HeldBack] = []
        self._unknown: Counter[str] = Counter()

    @property
    def has_rows(self) -> bool:
        """Whether any row was taken or held back."""
        return bool(self._offers or self._held_back)

    def add(
        self,
        instance_type: str,
        *,
        region: str = EVERYWHERE,
        gpu: str,
        gpu_count: float,
        vcpus: float | None = None,
        memory_gib: float | None = None,
        purchase: Purchase = Purchase.ON_DEMAND,
        usd_per_hour: Decimal,
        note: str = "",
        usd_per_hour_cheapest: Decimal | None = None,
        offers_count: int | None = None,
        reliability: float | None = None,
    ) -> None:
        """Take an offer; `usd_per_hour` is the price of the whole machine, `note` what a reader of it should know.

        The last three are of a level of a marketplace, as in `Offer`.
        """
        self._offers.append(
            Offer(
                provider=self._provider,
                instance_type=instance_type,
                region=region,
                zone=None,
                gpu=gpu,
                gpu_count=gpu_count,
                vcpus=vcpus,
                memory_gib=memory_gib,
                purchase=purchase,
                usd_per_hour=float(usd_per_hour),
                observed_on=self._observed_on,
                source=f"{self._source}{f': {note}' if note else ''}",
                usd_per_hour_cheapest=None if usd_per_hour_cheapest is None else float(usd_per_hour_cheapest),
                offers_count=offers_count,
                reliability=reliability,
            )
        )

    def hold_back(
        self, name: object, reason: object, *, price: object = None, purchase: Purchase | None = None
    ) -> None:
        """Keep a row out of the book: its name and price as they came, and why."""
        self._held_back.append(
            HeldBack(
                instance_type=shown_cell(name) or "(no name)",
                region=EVERYWHERE,
                zone=None,
                gpu=None,
                gpu_count=None,
                purchase=None if purchase is None else str(purchase),
                usd_per_hour=None if price is None else shown_cell(price),
                source=self._source,
                reason=str(reason),
            )
        )

    def unknown_gpu(self, spelling: str, *, name: str, price: object) -> None:
        """Keep a row out of the book because no GPU of the table goes by that spelling, or several do."""
        self._unknown[shown_cell(spelling)] += 1
        self.hold_back(name, f"no single GPU of the table goes by {shown_cell(spelling)!r}", price=price)

    def parsed(
        self, sources: Iterable[Source], gaps: Iterable[str] = (), *, ended: Iterable[Purchase] = ()
    ) -> ParsedPrices:
        """Everything that was taken, in an order that does not depend on that of the rows."""
        return ParsedPrices(
            offers=tuple(
                sorted(
                    set(self._offers),
                    key=lambda offer: (
                        offer.instance_type,
                        offer.region,
                        offer.purchase,
                        offer.usd_per_hour,
                        offer.gpu,
                        offer.gpu_count,
                        offer.source,
                    ),
                )
            ),
            held_back=tuple(
                sorted(self._held_back, key=lambda row: (row.instance_type, row.purchase or "", row.reason))
            ),
            unknown_gpus=tuple(sorted(self._unknown.items())),
            sources=tuple(sources),
            gaps=tuple(gaps),
            ended=tuple(ended),
        )


def gpu_named(spelling: str, *, memory_gib: float | None = None, form_factor: str | None = None) -> str | None:
    """The one GPU that a provider's spelling means; `None` if nobody goes by it, or more than one.

    Args:
        spelling: without count and memory.
        memory_gib: of one GPU, as the provider says; tells variants apart, and refuses a share of a GPU.
        form_factor: the one the provider has, where it does not say it (`sxm`).
    """
    try:
        found = resolve_gpu(spelling)
    except UnknownNameError:
        return None
    if memory_gib is not None:
        found = tuple(gpu for gpu in found if _is_near(load_gpus()[gpu].memory_gib, memory_gib))
    if len(found) > 1 and form_factor is not None:
        found = tuple(gpu for gpu in found if load_gpus()[gpu].form_factor == form_factor)
    return found[0] if len(found) == 1 else None


def rows_in(items: Iterable[Any], prices: PriceList) -> Iterable[dict[str, Any]]:
    """The rows that are objects; any other is held back."""
    for item in items:
        if isinstance(item, dict):
            yield item
        else:
            prices.hold_back(item, "the row is not an object")


def text_in(row: Mapping[str, Any], key: str) -> str:
    """The text of a cell; a `DoubtError` if it is empty, too long, or no text to be printed."""
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise DoubtError(f"no {key}")
    if not value.isprintable() or len(value) > _LONGEST:
        raise DoubtError(f"{key} is not a name")
    return value.strip()


def usd_in(row: Mapping[str, Any], key: str) -> Decimal:
    """The price in a cell that holds a positive JSON number; a `DoubtError` for anything else."""
    value = row.get(key)
    if value is None:
        raise DoubtError("no price")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DoubtError(f"the price {shown_cell(value)!r} is not a number")
    return _believable(value, f"{value}")


def usd_text_in(row: Mapping[str, Any], key: str) -> Decimal:
    """The price in a cell that holds a positive number as text, such as `"3.95"`; a `DoubtError` for anything else."""
    value = row.get(key)
    if value is None:
        raise DoubtError("no price")
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,12})?", value):
        raise DoubtError(f"the price {shown_cell(value)!r} is not a number in text")
    return _believable(float(value), value)


def count_in(row: Mapping[str, Any], key: str) -> int:
    """The number of GPUs in a cell, 0 if the cell is empty; a `DoubtError` for anything but a whole number."""
    value = row.get(key)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1000:
        raise DoubtError(f"{key} {shown_cell(value)!r} is not a number of GPUs")
    return value


def gpu_count_in(row: Mapping[str, Any], key: str) -> int:
    """The number of GPUs in a cell; a `DoubtError` if it is empty, 0 or not a whole number."""
    count = count_in(row, key)
    if not count:
        raise DoubtError("no number of GPUs")
    return count


def size_in(row: Mapping[str, Any], key: str) -> float | None:
    """The positive figure in a cell, `None` if it is empty or 0; a `DoubtError` for anything but a number."""
    value = row.get(key)
    if value is None or (value == 0 and not isinstance(value, bool)):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LARGEST:
        raise DoubtError(f"{key} {shown_cell(value)!r} is not a size")
    return float(value)


def part_in(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object in a cell; a `DoubtError` if there is none."""
    value = row.get(key)
    if not isinstance(value, dict):
        raise DoubtError(f"{key} is not an object")
    return value


def shown_cell(value: object) -> str:
    """A cell as a message may show it: short, on one line, and never the inside of a list or an object."""
    if isinstance(value, list | dict):
        return "(a list)" if isinstance(value, list) else "(an object)"
    return "".join(character if character.isprintable() else "?" for character in str(value))[:_LONGEST]


def _believable(value: float, text: str) -> Decimal:
    if not 0 < value < _LARGEST:  # also refuses what is not a number
        raise DoubtError(f"the price is {text[:_LONGEST]}")
    return Decimal(text)


def _is_near(listed: float, said: float) -> bool:
    return abs(listed - said) <= MEMORY_TOLERANCE * listed
