"""The words of a choice: markets, what a row is proposed for, and why others are not."""

from __future__ import annotations

from enum import StrEnum


class PaidTo(StrEnum):
    """Whom one pays and on what terms: the markets that a choice is shown by, in the order of the screen."""

    OWN = "own"
    LARGE_CLOUD = "large_cloud"
    GPU_CLOUD = "gpu_cloud"
    COMMITMENT = "commitment"
    SERVICE = "service"
    SPOT = "spot"
    MARKETPLACE = "marketplace"


class NotPicked(StrEnum):
    """Why a row is counted and priced, but not proposed. The first that holds is the one that is said."""

    CLOSED_REGION = "closed_region"
    ARM_HOST = "arm_host"
    GPU_TOO_OLD = "gpu_too_old"
    NO_FLASH_ATTENTION = "no_flash_attention"
    NEVER_MEASURED = "never_measured"
    SLICE = "slice"
    MEMORY = "memory"
    PART_OF_HOST = "part_of_host"
    NETWORK_UNKNOWN = "network_unknown"
    OLD_PRICE = "old_price"
    WIDE_RANGE = "wide_range"


class PickKind(StrEnum):
    """What a pick is for, in the order in which a market shows them."""

    BALANCED = "balanced"
    FASTEST = "fastest"
    BETWEEN = "between"
    CHEAPEST = "cheapest"


class Mark(StrEnum):
    """Why a pick stands apart: nothing of its market passes otherwise."""

    OLD_PRICE = "old_price"
    WIDE_RANGE = "wide_range"
