"""Google Cloud machine prices, put together from the parts a machine is made of.

Google lists cores, memory, GPUs and local SSD. A machine has a price only where every part has one for the same way
of paying in the same region: a sum without its GPU would be an A100 machine for 0.94 USD an hour.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from planner.model.records import Offer, Purchase, Unpriced
from planner.units import HOURS_PER_MONTH
from providers import gcp_skus
from providers.gcp_machines import Machine

PURCHASES = (Purchase.ON_DEMAND, Purchase.SPOT, Purchase.RESERVED_1Y, Purchase.RESERVED_3Y)

# sold as spot, flex-start or by reservation only, although some of their parts have an on-demand price
# (https://cloud.google.com/compute/docs/accelerator-optimized-machines, 2026-11-20)
_NOT_SOLD_ON_DEMAND = re.compile(r"a4-.*|a4x-.*|a3-ultragpu-.*|a3-highgpu-[124]g(-.*)?")
_MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One line of a machine's price: `quantity` of `unit` at `usd_per_unit`, per hour or per month of use."""

    quantity: Decimal
    unit: str
    usd_per_unit: Decimal
    is_per_month: bool = False

    @property
    def usd_per_hour(self) -> Decimal:
        """Cost of the part in an hour; a month is 730 hours."""
        return self.quantity * self.usd_per_unit / (HOURS_PER_MONTH if self.is_per_month else 1)


def machine_parts(
    machine: Machine, region: str, purchase: Purchase, rates: Mapping[gcp_skus.RateKey, Decimal]
) -> tuple[list[Part], list[str]]:
    """The parts of a machine with their rates, and the names of those that have none."""
    parts, missing = [], []
    for resource, quantity, unit in _needs(machine):
        usd_per_unit = rates.get((resource, purchase, region))
        if usd_per_unit is None:
            missing.append(resource)
        else:
            is_per_month = resource == gcp_skus.LOCAL_SSD
            parts.append(Part(quantity=quantity, unit=unit, usd_per_unit=usd_per_unit, is_per_month=is_per_month))
    return parts, missing


def machine_usd_per_hour(parts: Iterable[Part]) -> Decimal:
    """The sum of the parts, to the millionth of a dollar.

    >>> core = Part(quantity=Decimal(12), unit="vCPU", usd_per_unit=Decimal("0.031611"))
    >>> memory = Part(quantity=Decimal(85), unit="GiB", usd_per_unit=Decimal("0.004237"))
    >>> a100 = Part(quantity=Decimal(1), unit="nvidia-tesla-a100", usd_per_unit=Decimal("2.933908"))
    >>> machine_usd_per_hour([core, memory, a100])
    Decimal('3.673385')
    """
    return sum((part.usd_per_hour for part in parts), Decimal()).quantize(_MICRO)


def parts_text(parts: Iterable[Part]) -> str:
    """The sum as a person reads it: `12 vCPU x 0.031611 + 85 GiB RAM x 0.004237 + 1 nvidia-tesla-a100 x 2.933908`."""
    return " + ".join(
        f"{_plain(part.quantity)} {part.unit} x {_plain(part.usd_per_unit)}"
        + (f"/{HOURS_PER_MONTH}" if part.is_per_month else "")
        for part in parts
    )


def machine_offers(
    machines: Iterable[Machine],
    rates: Mapping[gcp_skus.RateKey, Decimal],
    *,
    purchases: Collection[Purchase],
    regions: Collection[str],
    observed_on: date,
) -> tuple[list[Offer], list[Unpriced]]:
    """Offers of every machine with a complete price, and why the others have none.

    Args:
        machines: what can be rented, and in which regions.
        rates: what the parts cost.
        purchases: ways of paying wanted; empty means all.
        regions: regions wanted; empty means all.
        observed_on: the day of the rates.
    """
    offers: list[Offer] = []
    unpriced: list[Unpriced] = []
    priced_regions = sorted({region for _, _, region in rates})
    for machine in machines:
        for purchase in PURCHASES:
            if purchases and purchase not in purchases:
                continue
            if purchase is Purchase.ON_DEMAND and _NOT_SOLD_ON_DEMAND.fullmatch(machine.instance_type):
                unpriced.append(_unpriced(machine, "not sold on demand: spot, flex-start or reservation only"))
                continue
            places = [place for place in machine.regions or priced_regions if not regions or place in regions]
            found, missing = _regional_offers(machine, purchase, rates, places, observed_on)
            offers += found
            if missing:
                reasons = (f"no price for {parts} in {' '.join(places)}" for parts, places in sorted(missing.items()))
                unpriced.append(_unpriced(machine, f"{purchase}: {'; '.join(reasons)}"))
    return offers, unpriced


def _needs(machine: Machine) -> list[tuple[str, Decimal, str]]:
    """Name, quantity and unit of what a machine is made of, in the order it is shown."""
    gpus = Decimal(str(machine.gpu_count))
    if machine.family == "A4":
        return [(gcp_skus.A4_SLICE, gpus, "A4 slice")]
    if machine.family == "A4X":
        return [(gcp_skus.gpu(machine.accelerator), gpus, machine.accelerator)]
    if machine.gpu_count < 1:
        return [(gcp_skus.G4_SLICE, gpus * 8, "G4 slice")]
    needs = [
        (gcp_skus.core(machine.family), Decimal(machine.vcpus), "vCPU"),
        (gcp_skus.memory(machine.family), Decimal(str(machine.memory_gib)), "GiB RAM"),
        (gcp_skus.gpu(machine.accelerator), gpus, machine.accelerator),
    ]
    if machine.local_ssd_gib:
        needs.append((gcp_skus.LOCAL_SSD, Decimal(machine.local_ssd_gib), "GiB SSD"))
    return needs


def _regional_offers(
    machine: Machine,
    purchase: Purchase,
    rates: Mapping[gcp_skus.RateKey, Decimal],
    regions: list[str],
    observed_on: date,
) -> tuple[list[Offer], dict[str, list[str]]]:
    """Offers by region, and the regions without a price by the parts missing there."""
    offers = []
    missing_in: dict[str, list[str]] = defaultdict(list)
    for region in regions:
        parts, missing = machine_parts(machine, region, purchase, rates)
        if not missing:
            offers.append(_offer(machine, region, purchase, parts, observed_on))
        elif machine.regions:
            missing_in[", ".join(missing)].append(region)
    if not offers and not machine.regions:
        missing_in[", ".join(resource for resource, _, _ in _needs(machine))].append("any region")
    return offers, missing_in


def _offer(machine: Machine, region: str, purchase: Purchase, parts: list[Part], observed_on: date) -> Offer:
    where = "" if machine.regions else "; region from the price list"
    return Offer(
        provider="gcp",
        instance_type=machine.instance_type,
        region=region,
        zone=None,
        gpu=machine.gpu,
        gpu_count=machine.gpu_count,
        vcpus=float(machine.vcpus),
        memory_gib=machine.memory_gib,
        network_gbps=machine.network_gbps,
        purchase=purchase,
        usd_per_hour=float(machine_usd_per_hour(parts)),
        observed_on=observed_on,
        source=f"Cloud Billing catalogue: {parts_text(parts)}{where}",
    )


def _unpriced(machine: Machine, reason: str) -> Unpriced:
    return Unpriced(instance_type=machine.instance_type, gpu=machine.gpu, gpu_count=machine.gpu_count, reason=reason)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
