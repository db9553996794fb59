"""Own prices: the user's private rates, discounts, credits and machines, from a TOML file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from planner.errors import UnknownNameError, UsageError
from planner.hardware.gpus import GpuChoice
from planner.hardware.processors import choose_devices
from planner.model.frozen import dataclass
from planner.model.records import Offer, Purchase
from planner.outside.documents import toml_of
from planner.outside.files import bytes_of

SEE = "docs/own-prices.md"
OWN = "own"
"""Provider and region of machines of one's own."""

LEAST = 1e-6
"""Of an amount in USD and of a discount: less is nothing."""

_WHERE = ("provider", "family", "instance_type", "region", "purchase")
_TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rates": (("usd_per_hour",), _WHERE),
    "discounts": (("discount_fraction",), _WHERE),
    "credits": (("provider", "usd"), ()),
    "machines": (("name", "gpu", "gpu_count", "usd_per_hour"), ("vcpus", "memory_gib", "network_gbps")),
}
"""Keys of each table: those it must have, and those it may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rate or a discount and the offers it applies to; without a key it applies to all."""

    number: int  # its place among the rules of its kind, from 1
    kind: str  # "rates" or "discounts"
    where: Mapping[str, str]
    value: float

    def matches(self, offer: Offer) -> bool:
        """Whether the rule is for this offer."""
        return all(
            wanted in families(offer.provider, offer.instance_type)
            if key == "family"
            else wanted == str(getattr(offer, key))
            for key, wanted in self.where.items()
        )

    @property
    def name(self) -> str:
        """The rule's name in messages: [[discounts]] number 2 (provider aws, family p5)."""
        keys = ", ".join(f"{key} {value}" for key, value in self.where.items()) or "everything"
        return f"[[{self.kind}]] number {self.number} ({keys})"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPrices:
    """The content of a file of own prices; `credits_usd` by provider."""

    path: Path
    rules: tuple[Rule, ...]
    credits_usd: Mapping[str, float]
    machines: tuple[Offer, ...]

    def applied(self, offers: Iterable[Offer]) -> tuple[list[Offer], dict[Offer, str]]:
        """The offers at their own prices, and a note for each whose price is not the list price.

        The rule with the most keys holds; a rate goes before a discount.

        Raises:
            UsageError: two rules match an offer with equally many keys.
        """
        changed: list[Offer] = []
        notes: dict[Offer, str] = {}
        for offer in offers:
            rule = self._rule("rates", offer) or self._rule("discounts", offer)
            if rule is None:
                changed.append(offer)
                continue
            own, what = _own_offer(offer, rule)
            notes[own] = (
                f"own price: {what} by {rule.name} of {self.path.name}; list price {offer.usd_per_hour:g} USD/h"
            )
            changed.append(own)
        return changed, notes

    def machines_for(self, choices: Sequence[GpuChoice], counts: Sequence[float]) -> list[Offer]:
        """Machines of one's own that pass the filters on GPU and count."""
        return [
            machine
            for machine in self.machines
            if (not counts or machine.gpu_count in counts)
            and (
                not choices
                or any(machine.gpu in choice.gpus and choice.count in (None, machine.gpu_count) for choice in choices)
            )
        ]

    def _rule(self, kind: str, offer: Offer) -> Rule | None:
        matching = [rule for rule in self.rules if rule.kind == kind and rule.matches(offer)]
        if not matching:
            return None
        most = max(len(rule.where) for rule in matching)
        best = [rule for rule in matching if len(rule.where) == most]
        if len(best) > 1:
            raise UsageError(
                f"{self.path}: {best[0].name} and {best[1].name} both hold for {offer.provider} {offer.instance_type} "
                f"in {offer.region} ({offer.purchase}), equally closely. Add a key to the one that should win."
            )
        return best[0]


def _own_offer(offer: Offer, rule: Rule) -> tuple[Offer, str]:
    """The offer at its own price, and what was done to the list price; a rate is one price for every machine of a level."""
    if rule.kind == "rates":
        return replace(offer, usd_per_hour=rule.value, usd_per_hour_cheapest=None), "own rate"
    part = 1 - rule.value
    cheapest = None if offer.usd_per_hour_cheapest is None else offer.usd_per_hour_cheapest * part
    own = replace(offer, usd_per_hour=offer.usd_per_hour * part, usd_per_hour_cheapest=cheapest)
    return own, f"{rule.value:.3g} off"


def load_price_book(path: Path, known: Sequence[Offer], today: date) -> OwnPrices:
    """Reads and checks a file of own prices.

    Args:
        path: the TOML file.
        known: every offer there is, to check the names against.
        today: the day the machines' rates are dated.

    Raises:
        UsageError: the file cannot be read, a key is unknown or missing, a value is out of range, or a provider, family,
            instance type, region or purchase is not known (`UnknownNameError`).
    """
    content = _parsed(path)
    for table in content:
        if table not in _TABLES:
            raise UnknownNameError(f"table in {path}", table, _TABLES, SEE)
    names = _Names(known)
    rules = [
        _rule(path, kind, number, entry, names)
        for kind in ("rates", "discounts")
        for number, entry in enumerate(_entries(path, content, kind), start=1)
    ]
    credits_usd: dict[str, float] = {}
    for number, entry in enumerate(_entries(path, content, "credits"), start=1):
        where = f"{path}, [[credits]] number {number}"
        provider = names.checked(where, "provider", entry["provider"], None)
        credits_usd[provider] = credits_usd.get(provider, 0.0) + _number(where, entry, "usd", LEAST, 1e12)
    machines = tuple(
        _machine(path, number, entry, today)
        for number, entry in enumerate(_entries(path, content, "machines"), start=1)
    )
    return OwnPrices(path=path, rules=tuple(rules), credits_usd=credits_usd, machines=machines)


def families(provider: str, instance_type: str) -> frozenset[str]:
    """The names of an instance type's family at its provider.

    >>> sorted(families("aws", "p4d.24xlarge")), sorted(families("gcp", "a2-highgpu-1g"))
    (['p4d'], ['a2', 'a2-highgpu'])
    >>> sorted(families("azure", "Standard_ND96isr_H100_v5"))
    ['ND', 'NDisr_H100_v5']
    """
    if provider == "aws":
        return frozenset((instance_type.partition(".")[0],))
    if provider == "azure":
        size = instance_type.removeprefix("Standard_")
        letters = re.match(r"[A-Z]+", size)
        return frozenset((letters[0], re.sub(r"^([A-Z]+)\d+", r"\1", size)) if letters else ())
    parts = re.split(r"[-_]", instance_type)
    return frozenset(instance_type[: len("-".join(parts[:count]))] for count in range(1, len(parts)))


class _Names:
    """The names that rules may use: those of all offers there are."""

    def __init__(self, known: Sequence[Offer]) -> None:
        self.by_key: dict[str, dict[str | None, set[str]]] = {key: {} for key in _WHERE}
        for offer in known:
            for provider in (offer.provider, None):
                self._add("family", provider, *families(offer.provider, offer.instance_type))
                self._add("instance_type", provider, offer.instance_type)
                self._add("region", provider, offer.region)
            self._add("provider", None, offer.provider)
        self._add("purchase", None, *map(str, Purchase))

    def checked(self, where: str, key: str, value: object, provider: str | None) -> str:
        """The value, if it is a name that some offer (of that provider) has."""
        names = self.by_key[key].get(provider if key in ("family", "instance_type", "region") else None, set())
        if not isinstance(value, str) or value not in names:
            of = f" of {provider}" if provider and key != "provider" else ""
            raise UnknownNameError(f"{key.replace('_', ' ')}{of} in {where}:", str(value), sorted(names), SEE)
        return value

    def _add(self, key: str, provider: str | None, *values: str) -> None:
        self.by_key[key].setdefault(provider, set()).update(values)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return toml_of(bytes_of(path))
    except OSError as error:
        raise UsageError(f"Cannot read the price book {path}: {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"{path} is not valid TOML: {error}. See: {SEE}") from error


def _entries(path: Path, content: Mapping[str, Any], table: str) -> list[dict[str, Any]]:
    entries = content.get(table, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageError(f"{path}: write [[{table}]], with two brackets, before each entry. See: {SEE}")
    required, optional = _TABLES[table]
    for number, entry in enumerate(entries, start=1):
        where = f"{path}, [[{table}]] number {number}"
        for key in entry:
            if key not in (*required, *optional):
                raise UnknownNameError(f"key in {where}:", key, (*required, *optional), SEE)
        for key in required:
            if key not in entry:
                raise UsageError(f"{where}: {key} is missing. See: {SEE}")
    return entries


def _rule(path: Path, kind: str, number: int, entry: dict[str, Any], names: _Names) -> Rule:
    where = f"{path}, [[{kind}]] number {number}"
    provider = entry.get("provider")
    keys = {key: names.checked(where, key, entry[key], provider) for key in _WHERE if key in entry}
    if kind == "rates":
        if "instance_type" not in keys or "provider" not in keys:
            raise UsageError(f"{where}: a rate is for one instance type of one provider; name both.")
        value = _number(where, entry, "usd_per_hour", LEAST, 1e6)
    else:
        value = _number(where, entry, "discount_fraction", LEAST, 1)
        if value == 1:
            raise UsageError(f"{where}: discount_fraction 1 makes it free. Write what is really paid as a rate.")
    return Rule(number=number, kind=kind, where=keys, value=value)


def _machine(path: Path, number: int, entry: dict[str, Any], today: date) -> Offer:
    where = f"{path}, [[machines]] number {number}"
    for key in ("name", "gpu"):
        if not isinstance(entry[key], str) or not entry[key].strip() or not entry[key].isprintable():
            raise UsageError(f"{where}: {key} must be a name, not {entry[key]!r}.")
    try:
        keys = choose_devices(entry["gpu"]).gpus
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error
    if len(keys) > 1:
        raise UsageError(f"{where}: {entry['gpu']!r} may be {', '.join(keys)}. Name one.")
    extra = {
        key: _number(where, entry, key, 1e-3, 1e6) for key in ("vcpus", "memory_gib", "network_gbps") if key in entry
    }
    return Offer(
        provider=OWN,
        instance_type=entry["name"],
        region=OWN,
        zone=None,
        gpu=keys[0],
        gpu_count=_number(where, entry, "gpu_count", 1e-3, 1e5),
        vcpus=extra.get("vcpus"),
        memory_gib=extra.get("memory_gib"),
        network_gbps=extra.get("network_gbps"),
        purchase=Purchase.ON_DEMAND,
        usd_per_hour=_number(where, entry, "usd_per_hour", LEAST, 1e6),
        observed_on=today,
        source=f"price book {path.name}",
    )


def _number(where: str, entry: Mapping[str, Any], key: str, low: float, high: float) -> float:
    value = entry[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise UsageError(f"{where}: {key} must be a number from {low:g} to {high:,.0f}, not {value!r}.")
    return float(value)
