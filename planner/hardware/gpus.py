"""GPUs by name: the table of specifications and the many spellings people and clouds use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from planner.errors import UnknownNameError, UsageError
from planner.hardware.tables import Known, read_groups, read_table
from planner.model.frozen import dataclass
from planner.model.records import Gpu
from planner.options.amounts import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuChoice:
    """The GPUs that one `--gpu` text may mean, and how many of them (`None`: any number)."""

    text: str
    gpus: tuple[str, ...]
    count: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alias:
    alias: str
    gpu: str
    source: str
    as_of: str


def choose_gpus(text: str) -> GpuChoice:
    """The GPUs and the count that a person means by `A100`, `H100:8`, `8x A100`, `"RTX 4090" x2` or `nvidia-tesla-t4`.

    Raises:
        UnknownNameError: no GPU goes by that name.
        UsageError: the part after the colon is not a positive number, or several machines are named.
    """
    name, colon, count_text = plain(text).partition(":")
    if colon:
        gpus = named_gpus(name) or resolve_gpu(name)
        return GpuChoice(text=text, gpus=gpus, count=count_of(text, count_text))
    if found := re.fullmatch(r"(\d+)\s*x\s*(\d+(?:\.\d+)?\s*x\s*.+)", name, re.IGNORECASE):
        raise UsageError(
            "{text!r} names {machines} machines. Give {machine!r}, and {machines} with {nodes}.",
            argument="gpus",
            text=text,
            machines=found[1],
            machine=found[2],
        )
    one, count_text = (name, "") if named_gpus(name) else counted(name)
    if not named_gpus(one) and further_gpus(normalised(name)):
        one, count_text = name, ""  # `7900 XTX` is no number of something
    gpus = named_gpus(one) or resolve_gpu(one)
    return GpuChoice(text=text, gpus=gpus, count=count_of(text, count_text) if count_text else None)


def resolve_gpu(name: str) -> tuple[str, ...]:
    """Canonical keys that a spelling stands for, sorted; more than one where a short name covers several variants.

    Raises:
        UnknownNameError: no GPU goes by that name; the message offers close matches.
    """
    key = normalised(name)
    if key in OWN_NAMES:
        return (OWN_NAMES[key],)
    if key in load_gpus():
        return (key,)
    aliases = load_aliases()
    if key in aliases:
        return aliases[key]
    if further := further_gpus(key):
        _NAMED.update((one.name, one) for one in further)
        return tuple(one.name for one in further)
    raise UnknownNameError("GPU", name, [*load_gpus(), *aliases, *load_further(), *OWN_NAMES], "planner gpus")


OWN_NAMES: dict[str, str] = {}
"""Keys of the devices that planner.toml describes, by their normalised names; set before anything is asked."""


def normalised(name: str) -> str:
    """Lower case, every run of other characters than letters and digits as one dash: `RTX 4090` is `rtx-4090`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


@cache
def load_gpus() -> Mapping[str, Gpu]:
    """Every GPU of the shipped table by its key, in the order of the file; those named since and those described are found, not listed."""
    return Known(read_table("gpus.csv", Gpu, lambda gpu: gpu.name), _unlisted)


def _unlisted(key: str) -> Gpu | None:
    if not is_described(key):
        return _NAMED.get(key)
    from planner.hardware.described import described_card  # noqa: PLC0415 - few describe a device of their own

    return described_card(key)


def shown_key(device: str) -> str:
    """The key of a device as people read it: of one that is described the name alone."""
    return device.partition("[")[0]


def is_described(key: str) -> bool:
    """Whether a key is the description of a device that no table has."""
    return "[" in key


def further_gpus(key: str) -> tuple[Gpu, ...]:
    """The GPUs of the second table that a normalised spelling means: with or without the maker and the line, of every size of memory."""
    bare = re.sub(r"^((nvidia|geforce|amd|intel|radeon)-)+|-(graphics|gpu|card)s?$", "", key)
    wanted = {key, bare, *(f"{line}-{bare}" for line in _FURTHER_LINES)}
    return tuple(one for name, one in load_further().items() if {name, re.sub(r"-\d+gb$", "", name)} & wanted)


@cache
def load_further() -> dict[str, Gpu]:
    """GPUs of `data/more_gpus.csv` by their keys: cards that no cloud rents and no row measured, read only for those who name one."""
    return read_table("more_gpus.csv", Gpu, lambda gpu: gpu.name)


_NAMED: dict[str, Gpu] = {}
"""Rows of the second table that somebody named."""
_FURTHER_LINES = ("rtx", "gtx", "rx", "radeon", "arc")


@cache
def load_aliases() -> Mapping[str, tuple[str, ...]]:
    """Keys each alias stands for, sorted, by normalised alias."""
    groups = read_groups("gpu_aliases.csv", _Alias, lambda row: row.alias)
    return {alias: tuple(sorted({row.gpu for row in rows})) for alias, rows in groups.items()}


def named_gpus(name: str) -> tuple[str, ...]:
    """The keys of a name that a person types, also as a plural or before the word GPU: `A100s`, `T4 GPUs`; none if unknown."""
    key = normalised(name)
    for one in (key, re.sub(r"-?(gpu|card)s?$", "", key), key.removesuffix("s")):
        if one in OWN_NAMES:
            return (OWN_NAMES[one],)
        if one in load_gpus():
            return (one,)
        if one in load_aliases():
            return load_aliases()[one]
    return ()


def counted(text: str) -> tuple[str, str]:
    """Name and count of `8x A100`, `8 A100s`, `A100 x8`, `A100*8`; the whole text and no count where it has none."""
    number = r"(\d+(?:\.\d+)?)"
    choices = []
    if found := re.fullmatch(rf"(.+?)\s*[x*]\s*{number}", text, re.IGNORECASE):
        choices.append((found[1], found[2], bool(re.search(r"\s[x*]", text, re.IGNORECASE))))
    if found := re.fullmatch(rf"{number}\s*([x*])?\s*(.*[^\W_].*)", text, re.IGNORECASE):
        choices.append((found[3], found[1], bool(found[2])))
    for is_wanted in (lambda one: named_gpus(one[0]), lambda one: one[2]):
        for one in filter(is_wanted, choices):
            return one[0], one[1]
    return text, ""


def count_of(text: str, count_text: str) -> float:
    """How many GPUs the second text says, which is a part of the first.

    Raises:
        UsageError: it is no positive number of them.
    """
    try:
        count = float(count_text.strip().removesuffix("x"))
    except ValueError:
        count = -1.0
    if not 0 < count <= 100_000:
        raise UsageError(f"{text!r}: {count_text!r} is not a number of GPUs. Write for example A100:8.")
    return count


@lru_cache(maxsize=1024)
def short_name(gpu: str) -> str:
    """A GPU in a few characters, as people say it: `H100`, `A100-80G PCIe`, `RTX 3090 Ti`.

    The memory is named only where one kind is sold in two sizes, and the card only beside a faster module.
    """
    if (known := load_gpus().get(gpu)) is not None and not known.compute_capability:
        return known.display_name  # described by its owner
    base, memory, form = _parts(gpu)
    others = [_parts(name) for name in load_gpus() if name != gpu and name.startswith(base)]
    alike = [(size, kind) for name, size, kind in others if name == base]
    size = f"-{memory}G" if any(kind == form and other != memory for other, kind in alike) else ""
    card = {"pcie": " PCIe", "nvl": " NVL"}.get(form, "") if any(kind == "sxm" for _, kind in alike) else ""
    base = base.removesuffix("-blackwell")  # the generation: no other is called RTX PRO
    words = " ".join(_WORDS.get(word, word.upper()) for word in base.split("-"))
    return words + size + card


_WORDS = {"ti": "Ti", "ada": "Ada", "quadro": "Quadro", "titan": "Titan", "radeon": "Radeon"}


def _parts(gpu: str) -> tuple[str, str, str]:
    """What a key is made of: the name, its memory in GB and its form; the last two may be empty."""
    found = re.fullmatch(r"(.+?)(?:-(\d+)gb)?(?:-(sxm|pcie|nvl))?", gpu)
    return (found[1], found[2] or "", found[3] or "") if found else (gpu, "", "")
