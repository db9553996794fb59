"""Devices that their user describes: a card or a processor that no table has, by the figures of its data sheet.

    NAME[memory_gib=16 bandwidth_gb_per_s=640 fp32_tflops=48.7 watts=304]     wherever a GPU may be named
    [devices.NAME] with the same keys                                         in planner.toml

With `cores` it is a processor, else a card. What is not given is not known: no price, no power, no number format.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from planner.errors import UnknownNameError, UsageError
from planner.hardware.cards import Card, Condition, Form, add_cards
from planner.hardware.gpus import add_gpu, further_gpus, load_aliases, load_gpus, normalised
from planner.model.frozen import dataclass
from planner.model.records import Gpu
from planner.options.readers import NUMBER
from planner.units import current_day

NEEDED_OF_A_CARD = ("memory_gib", "bandwidth_gb_per_s", "fp32_tflops")
NEEDED_OF_A_PROCESSOR = ("cores", "bandwidth_gb_per_s", "fp32_tflops")
OF_A_CARD = (
    *NEEDED_OF_A_CARD,
    "fp16_tflops",
    "bf16_tflops",
    "tf32_tflops",
    "fp8_tflops",
    "watts",
    "usd_new",
    "usd_used",
)
OF_A_PROCESSOR = (*NEEDED_OF_A_PROCESSOR, "watts")
SEE = "docs/own-devices.md"
MOST = 1e6  # of any figure: more is another unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A device by its key, the name that its user gave it, and its figures."""

    key: str
    name: str
    numbers: Mapping[str, float]

    @property
    def is_processor(self) -> bool:
        """Whether its figures are those of a processor."""
        return "cores" in self.numbers


def parted(text: str) -> tuple[str, Mapping[str, str], str]:
    """Name, figures and what stands behind them: `my-card[memory_gib=16 ...]:2`.

    Raises:
        UsageError: the brackets are not closed, or no name stands before them.
    """
    found = re.fullmatch(r"([^\[\]]+)\[([^\[\]]*)\](.*)", text.strip())
    if found is None:
        raise UsageError(f"{text!r}: write NAME[KEY=NUMBER ...]. See: {SEE}")
    name, said, rest = found.groups()
    pairs = [one.partition("=") for one in said.split()]
    return name, {key: number for key, _, number in pairs}, rest


def description_of(name: str, figures: Mapping[str, Any], where: str) -> Description:
    """The description, checked; `where` says in an error where it stands.

    Raises:
        UsageError: a figure is missing or cannot be one, or the name is none or that of a GPU of a table.
        UnknownNameError: there is no such figure.
    """
    is_processor = "cores" in figures
    known, needed = (OF_A_PROCESSOR, NEEDED_OF_A_PROCESSOR) if is_processor else (OF_A_CARD, NEEDED_OF_A_CARD)
    for figure in figures:
        if figure not in known:
            raise UnknownNameError(f"figure in {where}:", figure, known, SEE)
    missing = [figure for figure in needed if figure not in figures]
    if missing:
        raise UsageError(f"{where}: {', '.join(missing)} is missing, without which nothing is foretold. See: {SEE}")
    key, numbers = normalised(name), {figure: _number(where, figure, value) for figure, value in figures.items()}
    sheet = load_gpus().get(key)
    if not key or key in load_aliases() or further_gpus(key) or (sheet is not None and sheet.source != SOURCE):
        raise taken(where, name)
    return Description(key=key, name=name.strip(), numbers=numbers)


def taken(where: str, name: str) -> UsageError:
    """The error for a name that a table has."""
    return UsageError(f"{where}: {name!r} is the name of a device that is known, or none. Give yours another.")


def add_card(described: Description) -> None:
    """Makes a described card known, and its prices.

    Raises:
        UsageError: there is one of that name with other figures.
    """
    add_gpu(_card(described.key, described.name, described.numbers))
    add_cards(described.key, _prices(described.key, described.numbers))


SOURCE = "described by you"


def _number(where: str, figure: str, value: Any) -> float:
    try:
        number = NUMBER(value) if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not 0 < number <= MOST:
        raise UsageError(
            f"{where}: {figure} must be a number above 0 and at most {MOST:,.0f}, not {value!r}. See: {SEE}"
        )
    return float(number)


def _card(key: str, name: str, numbers: Mapping[str, float]) -> Gpu:
    return Gpu(
        name=key,
        display_name=name,
        vendor="own",
        architecture="described",
        compute_capability="",
        release_date=None,
        form_factor="pcie",
        memory_gib=numbers["memory_gib"],
        memory_visible_mib=None,
        memory_type="",
        has_ecc=False,
        memory_bandwidth_gb_per_s=numbers["bandwidth_gb_per_s"],
        cuda_cores=None,
        tensor_cores=None,
        fp64_tflops=None,
        fp32_tflops=numbers["fp32_tflops"],
        tf32_tensor_tflops=numbers.get("tf32_tflops"),
        fp16_tensor_tflops=numbers.get("fp16_tflops"),
        bf16_tensor_tflops=numbers.get("bf16_tflops"),
        fp8_tensor_tflops=numbers.get("fp8_tflops"),
        int8_tops=None,
        fp16_non_tensor_tflops=None,
        pcie_generation=None,
        interconnect=None,
        interconnect_gb_per_s=None,
        tdp_watts=numbers.get("watts"),
        idle_watts=None,
        launch_price_usd=None,
        units_per_board=1,
        board_tdp_watts=numbers.get("watts"),
        frameworks="",
        note="",
        source=SOURCE,
        as_of=current_day().isoformat(),
    )


def _prices(key: str, numbers: Mapping[str, float]) -> tuple[Card, ...]:
    return tuple(
        Card(
            gpu=key,
            condition=condition,
            form=Form.CARD,
            usd=numbers[figure],
            usd_low=None,
            usd_high=None,
            as_of=current_day().isoformat(),
            source=SOURCE,
            note="",
        )
        for figure, condition in (("usd_new", Condition.NEW), ("usd_used", Condition.USED))
        if figure in numbers
    )
