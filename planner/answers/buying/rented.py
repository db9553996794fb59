"""The rented machine in words and figures: its name, its price, how far the price may move, and its watts."""

from __future__ import annotations

from datetime import date

from planner.errors import Sentence
from planner.hardware.gpus import load_gpus
from planner.hardware.hosts import BASEBOARD, SERVER, load_hosts
from planner.hardware.machines import LOAD_FRACTION
from planner.hardware.processors import device_count_text, is_processor, load_processors
from planner.model.records import Offer, Purchase

CLOUD_PUE = 1.15
"""Energy of a large cloud's building per energy of its machines: they state about 1.1 to 1.2."""

LISTED_RENT = (0.7, 1.3)
"""How far a listed price may move over a horizon of years, as factors: an assumption. In the shipped books of 2023 to 2026
most list prices stood still, but the H100 at AWS fell by 44 percent between 3 June 2025 and 21 January 2026."""

SPOT_RENT = (0.46, 1.53)
"""The same for spot: one spot price in ten fell below and one in ten rose above these factors between the shipped GCP books of
3 February 2025 and 15 June 2026 (284 offers in both)."""


def label_of(offer: Offer, machines: int = 1) -> str:
    """The full name of a rental: `2 x 8x h100-80gb-sxm, aws p5.48xlarge, spot, us-east-1a`."""
    together = f"{machines} x " if machines > 1 else ""
    return (
        f"{together}{device_count_text(offer.gpu, offer.gpu_count)}, {offer.provider} {offer.instance_type}, {offer.purchase}, "
        f"{offer.zone or offer.region}"
    )


def rent_text(offer: Offer, machines: int, count: int, today: date) -> str:
    """A line that names the rental, its price, the age of the price, and of how many offers it is the cheapest."""
    age = (today - offer.observed_on).days
    each = " each" if machines > 1 else ""
    return Sentence(
        "rent {label}: {price} USD/h{each}, {age} days old, cheapest of {count:,} [{rent_usd_per_hour}]",
        label=label_of(offer, machines),
        price=f"{offer.usd_per_hour:,.2f}",
        each=each,
        age=age,
        count=count,
    )


def drift(offer: Offer) -> tuple[float, float]:
    """The lowest and the highest factor by which the price of an offer may change over the horizon."""
    return SPOT_RENT if offer.purchase is Purchase.SPOT else LISTED_RENT


def gpu_watts(gpu: str, gpu_count: float) -> float | None:
    """Watts of rented GPUs under load, with their share of an eight-GPU server and of the building's overhead.

    Of a processor it is the processor's own, in the same building.
    """
    if is_processor(gpu):
        limit = load_processors()[gpu].tdp_watts
        return None if limit is None else gpu_count * limit * LOAD_FRACTION * CLOUD_PUE
    spec = load_gpus()[gpu]
    kind = SERVER if spec.form_factor == "pcie" else BASEBOARD
    host = next((host for host in load_hosts() if host.kind == kind and host.gpu_count == 8), None)
    if spec.tdp_watts is None or host is None or host.load_watts is None:
        return None
    return gpu_count * (spec.tdp_watts * LOAD_FRACTION + host.load_watts / host.gpu_count) * CLOUD_PUE
