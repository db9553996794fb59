"""Devices that their user describes: a card or a processor that no table has, by the figures of its data sheet.

    NAME[memory_gib=16 bandwidth_gb_per_s=640 fp32_tflops=48.7 watts=304]     wherever a GPU may be named
    [devices.NAME] with the same keys                                         in planner.toml

With `cores` it is a processor, else a card. What is not given is not known: no price, no power, no number format, no year.
The key of such a device is its whole description: nothing is kept of it, and two of one name are two devices.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from planner.errors import UnknownNameError, UsageError
from planner.model.frozen import dataclass
from planner.model.records import Gpu
from planner.options.readers import FLAG, NUMBER, Reader
from planner.units import current_day

NEEDED_OF_A_CARD = ("memory_gib", "bandwidth_gb_per_s", "fp32_tflops")
NEEDED_OF_A_PROCESSOR = ("cores", "bandwidth_gb_per_s", "fp32_tflops")
OF_A_CARD = (
    *NEEDED_OF_A_CARD,
    "fp16_tflops",
    "bf16_tflops",
    "tf32_tflops",
    "fp8_tflops",
    "pcie_generation",
    "watts",
    "usd_new",
    "usd_used",
)
OF_A_PROCESSOR = (*NEEDED_OF_A_PROCESSOR, "matrix_units", "release_year", "watts")
SEE = "docs/own-devices.md"
MOST = 1e6  # of any figure: more is another unit
WHOLE = {"cores": (1, 10000), "pcie_generation": (1, 7), "release_year": (1990, 2100)}
"""Figures that are whole numbers, and from where to where they go."""
YES_OR_NO = ("matrix_units",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A device by the name that its user gave it, and its figures: yes is 1, no is 0."""

    name: str
    numbers: Mapping[str, float]

    @property
    def is_processor(self) -> bool:
        """Whether its figures are those of a processor."""
        return "cores" in self.numbers

    def whole(self, figure: str) -> int | None:
        """A figure that is a whole number; `None` if it is not stated."""
        return None if figure not in self.numbers else int(self.numbers[figure])

    @property
    def key(self) -> str:
        """What the planner calls it: name and figures, as they may be typed."""
        return (
            f"{self.name}[{' '.join(f'{figure}={_text(figure, number)}' for figure, number in self.numbers.items())}]"
        )


@lru_cache(maxsize=256)
def described(key: str) -> Description | None:
    """The description that a key is; `None` if it is none."""
    if not key.endswith("]"):
        return None
    try:
        name, figures, _ = parted(key)
        return description_of(name, figures, repr(key))
    except UsageError:
        return None


def described_card(key: str) -> Gpu | None:
    """The card that a key describes; `None` if it describes none."""
    return _card(key, current_day().isoformat())


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
        UsageError: a figure is missing or cannot be one.
        UnknownNameError: there is no such figure.
    """
    known, needed = (OF_A_PROCESSOR, NEEDED_OF_A_PROCESSOR) if "cores" in figures else (OF_A_CARD, NEEDED_OF_A_CARD)
    for figure in figures:
        if figure not in known:
            raise UnknownNameError(f"figure in {where}:", figure, known, SEE)
    missing = [figure for figure in needed if figure not in figures]
    if missing:
        raise UsageError(f"{where}: {', '.join(missing)} is missing, without which nothing is foretold. See: {SEE}")
    numbers = {figure: _number(where, figure, figures[figure]) for figure in known if figure in figures}
    return Description(name=" ".join(name.split()), numbers=numbers)


SOURCE = "described by you"


def _text(figure: str, number: float) -> str:
    if figure in YES_OR_NO:
        return "yes" if number else "no"
    return f"{number:.12g}"


def _number(where: str, figure: str, value: Any) -> float:
    number = _read(FLAG if figure in YES_OR_NO else NUMBER, value)
    if number is None or not _may_be(figure, number):
        raise UsageError(f"{where}: {figure} must be {_expected(figure)}, not {value!r}. See: {SEE}")
    return number


def _read(reader: Reader, value: Any) -> float | None:
    """The value as a number; `None` where it is none of the reader's kind."""
    try:
        if isinstance(value, str):
            return float(reader(value))
        return float(value) if isinstance(value, bool) is (reader is FLAG) else None
    except (TypeError, ValueError):
        return None


def _may_be(figure: str, number: float) -> bool:
    if figure in WHOLE:
        low, high = WHOLE[figure]
        return low <= number <= high and number.is_integer()
    return figure in YES_OR_NO or 0 < number <= MOST


def _expected(figure: str) -> str:
    if figure in WHOLE:
        low, high = WHOLE[figure]
        return f"a whole number from {low} to {high}"
    return "yes or no" if figure in YES_OR_NO else f"a number above 0 and at most {MOST:,.0f}"


@lru_cache(maxsize=256)
def _card(key: str, today: str) -> Gpu | None:
    card = described(key)
    if card is None or card.is_processor:
        return None
    numbers = card.numbers
    return Gpu(
        name=key,
        display_name=card.name,
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
        pcie_generation=card.whole("pcie_generation"),
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
        as_of=today,
    )
