"""Processors as devices: what is known of each, and the names that people have for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from planner.errors import UnknownNameError, UsageError
from planner.hardware.access import Checked
from planner.hardware.gpus import (
    OWN_NAMES,
    GpuChoice,
    choose_gpus,
    count_of,
    counted,
    further_gpus,
    is_described,
    load_aliases,
    load_further,
    load_gpus,
    normalised,
    short_name,
    shown_key,
)
from planner.hardware.tables import Known, read_table
from planner.model.frozen import dataclass
from planner.units import current_day

if TYPE_CHECKING:
    from planner.hardware.described import Description

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
    no figure is published, or that whoever described the processor did not state it.
    """

    name: str
    display_name: str
    vendor: str
    kind: ProcessorKind
    aliases: tuple[str, ...]
    release_year: int | None
    cores: int
    base_ghz: float | None
    vector_bits: int | None
    has_matrix_units: bool | None
    fp32_tflops: float
    memory_bandwidth_gb_per_s: float
    tdp_watts: float | None
    note: str
    source: str
    checked: Checked
    as_of: str


def choose_devices(text: str) -> GpuChoice:
    """The GPUs or processors, and the count, that a person means by `A100`, `H100:8`, `cpu` or `"Xeon E5-2686 v4:2"`.

    A device that no table has is described in brackets: `my-card[memory_gib=16 ...]` (`planner.hardware.described`).

    Raises:
        UnknownNameError: neither a GPU nor a processor goes by that name.
        UsageError: the part after the colon is not a positive number.
    """
    if is_described(text):
        before = re.fullmatch(r"\s*(\d+)\s*[x*]\s*(.+)", text, re.IGNORECASE)
        key, rest = named_device(before[2] if before else text)
        if before and rest:
            raise UsageError(f"{text!r} says twice how many. Write NAME[...]:{before[1]}.")
        return GpuChoice(
            text=text, gpus=(key,), count=count_of(text, before[1]) if before else _count_behind(text, rest)
        )
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


def _count_behind(text: str, rest: str) -> float | None:
    """The number that stands behind a description, `:2` or `x2`; `None` if nothing does."""
    _, count = ("", rest.removeprefix(":")) if rest.startswith(":") else counted(f"it{rest}")
    if rest and not count:
        raise UsageError(f"{text!r}: what is {rest!r} behind the bracket? Write for example NAME[...]:2.")
    return count_of(text, count) if count else None


def _unknown(error: UnknownNameError) -> UnknownNameError:
    """The error with what it may mean: of a name that is a processor's by its words, processors alone."""
    words = normalised(error.name).split("-")
    if not ({"arc", "gpu"} & set(words)) and (not _LINES.isdisjoint(words) or re.fullmatch(r"[mi]\d", words[0])):
        see = "planner gpus cpu, which has all with a known source"
        return UnknownNameError("processor", error.name, load_processors(), f"{see}. {HOW}")
    known = [*load_gpus(), *load_aliases(), *load_further(), *OWN_NAMES, *ANY[:1], *load_processors()]
    return UnknownNameError(error.kind, error.name, known, f"planner gpus, planner gpus cpu. {HOW}")


HOW = (
    "Yours is in no table? Describe it by its data sheet, as NAME[memory_gib=16 bandwidth_gb_per_s=640 fp32_tflops=48.7 watts=304]; "
    "a processor has cores in place of memory_gib (docs/own-devices.md)"
)
"""What else may be done about a device that is not known."""


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
    shown = shown_key(device)
    return f"{_cores(device, count)} of {shown}" if is_processor(device) else f"{count:g}{times}{shown}"


def devices_text(device: str, count: float) -> str:
    """So many of a device in a few characters: `8x H100`, `16 cores Xeon E5-2686 v4`, `10 graphics cores Apple M3`."""
    if not is_processor(device):
        return f"{count:g}x {device_name(device)}"
    return f"{_cores(device, count)} {device_name(device)}"


def _cores(device: str, count: float) -> str:
    """`16 cores`, or `10 graphics cores` of a chip of Apple."""
    one = load_processors()[device]
    return f"{round(count * one.cores)} {'graphics ' if one.kind is ProcessorKind.APPLE else ''}cores"


def device_name(device: str) -> str:
    """A GPU or a processor in a few characters: `H100`, `Xeon 8488C`."""
    if not is_processor(device):
        return short_name(device)
    return load_processors()[device].display_name.replace("Platinum ", "")


@cache
def load_processors() -> Mapping[str, Processor]:
    """Every processor of the shipped table by its key, in the order of the file; those described are found, not listed."""
    return Known(read_table("processors.csv", Processor, lambda row: row.name), _described)


def _described(key: str) -> Processor | None:
    if not is_described(key):
        return None
    from planner.hardware.described import described  # noqa: PLC0415 - few describe a device of their own

    found = described(key)
    return _processor(key, found) if found is not None and found.is_processor else None


def named_device(text: str) -> tuple[str, str]:
    """The key of the device that a text describes, and what stands behind it: `:2` of `my-card[memory_gib=16 ...]:2`.

    Raises:
        UsageError: a figure is missing or cannot be one, or the name is taken.
        UnknownNameError: there is no such figure.
    """
    from planner.hardware.described import parted  # noqa: PLC0415 - as above

    name, figures, rest = parted(text)
    return _key_of(name, figures, where=repr(text)), rest


def describe(name: str, figures: Mapping[str, Any], *, where: str) -> None:
    """Makes a device known by its name alone: a processor if its cores are among its figures, else a card.

    Args:
        name: what to call it; no device of a table goes by it.
        figures: numbers, or texts of numbers, by the keys that docs/own-devices.md lists.
        where: says in an error where the description stands.

    Raises:
        UsageError: a figure is missing or cannot be one, or the name is taken.
        UnknownNameError: there is no such figure.
    """
    OWN_NAMES[normalised(name)] = _key_of(name, figures, where=where)


def _key_of(name: str, figures: Mapping[str, Any], *, where: str) -> str:
    """The key of a device, whose name must be that of no device of a table."""
    from planner.hardware.described import description_of  # noqa: PLC0415 - as above

    key, found = normalised(name), description_of(name, figures, where)
    tables = (load_gpus(), load_aliases(), load_processors())
    if not key or any(key in table for table in tables) or further_gpus(key):
        raise UsageError(f"{where}: {name!r} is the name of a device that is known, or none. Give yours another.")
    return found.key


def _processor(key: str, found: Description) -> Processor:
    from planner.hardware.described import SOURCE  # noqa: PLC0415 - as above

    numbers = found.numbers
    return Processor(
        name=key,
        display_name=found.name,
        vendor="own",
        kind=ProcessorKind.CPU,
        aliases=(),
        release_year=found.whole("release_year"),
        cores=int(numbers["cores"]),
        base_ghz=None,
        vector_bits=None,
        has_matrix_units=None if "matrix_units" not in numbers else bool(numbers["matrix_units"]),
        fp32_tflops=numbers["fp32_tflops"],
        memory_bandwidth_gb_per_s=numbers["bandwidth_gb_per_s"],
        tdp_watts=numbers.get("watts"),
        note="",
        source=SOURCE,
        checked=Checked.JUDGEMENT,
        as_of=current_day().isoformat(),
    )
