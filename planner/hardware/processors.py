"""Processors as devices: what is known of each, and the names that people have for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from planner.errors import UnknownNameError, UsageError
from planner.hardware.access import Checked
from planner.hardware.gpus import (
    GpuChoice,
    choose_gpus,
    count_of,
    counted,
    load_aliases,
    load_gpus,
    normalised,
    short_name,
)
from planner.hardware.tables import read_table
from planner.model.frozen import dataclass

ANY = ("cpu", "cpus", "no-gpu")
"""Names of every processor that trains on its own cores."""


class ProcessorKind(StrEnum):
    """What of a processor trains: its cores, or the graphics part beside them, as in Apple's chips."""

    CPU = "cpu"
    APPLE = "apple"


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """One processor, from `data/processors.csv`; two of them in a machine are two.

    `cores` are those that do the work and that clouds rent out, `fp32_tflops` what they reach at base clock. `None` means that
    no figure is published.
    """

    name: str
    display_name: str
    vendor: str
    kind: ProcessorKind
    aliases: tuple[str, ...]
    release_year: int
    cores: int
    base_ghz: float | None
    vector_bits: int
    has_matrix_units: bool
    fp32_tflops: float
    memory_bandwidth_gb_per_s: float
    tdp_watts: float | None
    note: str
    source: str
    checked: Checked
    as_of: str


def choose_devices(text: str) -> GpuChoice:
    """The GPUs or processors, and the count, that a person means by `A100`, `H100:8`, `cpu` or `"Xeon E5-2686 v4:2"`.

    Raises:
        UnknownNameError: neither a GPU nor a processor goes by that name.
        UsageError: the part after the colon is not a positive number.
    """
    try:
        return choose_gpus(text)
    except UnknownNameError as error:
        name, colon, count = text.partition(":")
        if not colon and not processors_named(name):
            name, count = counted(name)
        found = processors_named(name)
        if found:
            return GpuChoice(text=text, gpus=found, count=count_of(text, count) if count or colon else None)
        raise _unknown(error) from None


def _unknown(error: UnknownNameError) -> UnknownNameError:
    """The error with what it may mean: of a name that is a processor's by its words, processors alone."""
    words = normalised(error.name).split("-")
    if not ({"arc", "gpu"} & set(words)) and (not _LINES.isdisjoint(words) or re.fullmatch(r"[mi]\d", words[0])):
        see = "planner gpus cpu, which has all with a known source"
        return UnknownNameError("processor", error.name, load_processors(), see)
    known = [*load_gpus(), *load_aliases(), *ANY[:1], *load_processors()]
    return UnknownNameError(error.kind, error.name, known, "planner gpus, planner gpus cpu")


def choose_gpus_only(text: str, why: str) -> GpuChoice:
    """The GPUs and the count that a person means, where a processor is no answer; `why` says why, and what to do.

    Raises:
        UsageError: it is a processor.
        UnknownNameError: neither a GPU nor a processor goes by that name.
    """
    choice = choose_devices(text)
    if is_processor(choice.gpus[0]):
        raise UsageError(f"{text!r} is a processor. {why}")
    return choice


def processors_named(name: str) -> tuple[str, ...]:
    """The keys of the processors of that name, or of that line (`Xeon Gold`, `Ryzen 9`); `cpu` is all that train on their cores."""
    if normalised(name) in ANY:
        return tuple(name for name, one in load_processors().items() if one.kind is ProcessorKind.CPU)
    wanted = _bare(name)
    found = tuple(name for name, one in load_processors().items() if wanted in map(_bare, (name, *one.aliases)))
    return found or _of_line(re.sub(r"^(intel|amd|aws)-", "", normalised(name)))


def _of_line(key: str) -> tuple[str, ...]:
    """The processors whose names begin with whole words of a line."""
    if key.partition("-")[0] not in _LINES | {"graviton"}:
        return ()
    return tuple(name for name in load_processors() if re.match(rf"{re.escape(key)}(-|\d$)", name))


def _bare(name: str) -> str:
    """A name without its maker, its line and what stands between its words: `i913900k`, `e52686v4`, `m3max`."""
    key = normalised(re.sub(r"\((r|tm)\)|@.*", " ", name, flags=re.IGNORECASE))
    # the numbers of a line are no part of the name of a chip, and a machine is none either
    key = re.sub(r"ryzen-\d-|\d+-core|\d+th-gen|\bi\d-|mac(book)?-(pro|air|mini|studio)-|imac-", "", key)
    return "".join(word for word in key.split("-") if word not in _LINES) or key


_LINES = frozenset(
    (
        *("intel", "amd", "aws", "apple", "ampere", "xeon", "platinum", "gold", "silver", "core", "epyc", "ryzen"),
        *("threadripper", "processor", "cpu", "gpu", "chip"),
    )
)
"""Words that makers put before what tells their chips apart."""


def is_processor(device: str) -> bool:
    """Whether the key of a device is that of a processor and not of a GPU."""
    return device not in load_gpus() and device in load_processors()


def device_count_text(device: str, count: float, times: str = "x ") -> str:
    """So many of a device under its key: `8x a100-80gb-sxm`, `4 cores of xeon-platinum-8481c`."""
    return f"{_cores(device, count)} cores of {device}" if is_processor(device) else f"{count:g}{times}{device}"


def devices_text(device: str, count: float) -> str:
    """So many of a device in a few characters: `8x H100`, `16 cores Xeon E5-2686 v4`."""
    if not is_processor(device):
        return f"{count:g}x {device_name(device)}"
    return f"{_cores(device, count)} cores {device_name(device)}"


def _cores(device: str, count: float) -> int:
    return round(count * load_processors()[device].cores)


def device_name(device: str) -> str:
    """A GPU or a processor in a few characters: `H100`, `Xeon 8488C`."""
    if not is_processor(device):
        return short_name(device)
    return load_processors()[device].display_name.replace("Platinum ", "")


@cache
def load_processors() -> Mapping[str, Processor]:
    """Every processor of the shipped table by its key, in the order of the file."""
    return read_table("processors.csv", Processor, lambda row: row.name)
