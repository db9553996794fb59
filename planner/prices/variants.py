"""Tells which GPU a row of a catalogue means where its name stands for several: by memory, by words, by a person's word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from planner.errors import UnknownNameError, UsageError
from planner.hardware.gpus import load_aliases, load_gpus, normalised, resolve_gpu
from planner.units import MIB_PER_GIB

# sources round GPU memory to powers of ten and of two: 80 GB is written as 81920, 81559 or 80000 MiB
MEMORY_TOLERANCE_FRACTION = 0.12


class Said(dict[str, str]):
    """What a person said of names that stand for several GPUs: the GPU by the name of a GPU or instance type, normalised."""

    def __init__(self, gpus: Mapping[str, str] | None = None) -> None:
        """Remember the names; none of them is met yet."""
        super().__init__(gpus or {})
        self._met: set[str] = set()

    def meet(self, *names: str) -> None:
        """Note that a row goes by these names."""
        self._met.update(map(normalised, names))

    def not_met(self) -> list[str]:
        """Names that no row goes by."""
        return sorted({*self} - self._met)


def said_gpus(texts: Iterable[str]) -> Said:
    """What a person says of names, each text as NAME=GPU.

    >>> said_gpus(["H100=h100-80gb-sxm"])
    {'h100': 'h100-80gb-sxm'}

    Raises:
        UsageError: a text is not of that form, or its GPU stands for several.
        UnknownNameError: no GPU goes by that name.
    """
    said = Said()
    for text in texts:
        name, equals, gpu = (part.strip() for part in text.rpartition("="))
        if not equals or not normalised(name) or not gpu:
            raise UsageError(
                "{text!r} does not say which GPU a name means. Write NAME=GPU, for example h100=h100-80gb-sxm.",
                argument="gpu_variants",
                text=text,
            )
        meant = resolve_gpu(gpu)
        if len(meant) > 1:
            raise UsageError(
                "{text!r}: {gpu!r} stands for several GPUs itself. Name one of {meant}.",
                argument="gpu_variants",
                text=text,
                gpu=gpu,
                meant=", ".join(meant),
            )
        said[normalised(name)] = meant[0]
    return said


def named_gpus(name: str) -> tuple[str, ...]:
    """GPUs that a name stands for, also where it leaves out blanks and dashes (`RTX6000Ada`); none if it is unknown."""
    try:
        return resolve_gpu(name)
    except UnknownNameError:
        return _squeezed_names().get(_squeezed(name), ())


def meant_gpus(
    name: str, *, instance_type: str, texts: Sequence[str], memory_mib: float | None, count: float | None, said: Said
) -> tuple[str, ...]:
    """The GPUs that a row can mean: one where anything decides, several where nothing does, none for an unknown name.

    Each hint narrows what the hints before have left, and one that fits none of it counts for nothing: some catalogues
    give the memory of the host, or of all GPUs together.

    Args:
        name: the GPU's name in the row.
        instance_type: the type's name, which often tells the variant.
        texts: other words of the row about its GPU.
        memory_mib: memory of one GPU, as the row has it.
        count: GPUs of the instance.
        said: what a person says.
    """
    by_type, by_name = said.get(normalised(instance_type)), said.get(normalised(name))
    if by_type is not None:
        return (by_type,)
    words = (name, instance_type, *texts)
    gpus = named_gpus(name) or next((found for text in texts if (found := named_gpus(text))), ())
    for text in words:
        gpus = _narrowed(gpus, named_gpus(text).__contains__)
    for hint in (*_written_memory(words, gpus), *_memory(memory_mib, count), *_forms(words)):
        gpus = _narrowed(gpus, hint)
    if by_name is not None and (not gpus or by_name in gpus):
        return (by_name,)
    return gpus


def which_advice(name: str, gpus: Sequence[str]) -> str:
    """How to say which of several GPUs a name means."""
    ways = " or ".join(f"{normalised(name)}={gpu}" for gpu in gpus)
    return f"say which one it is with --gpu-variant {ways}"


Hint = Callable[[str], bool]


def _narrowed(gpus: tuple[str, ...], fits: Hint) -> tuple[str, ...]:
    return tuple(gpu for gpu in gpus if fits(gpu)) or gpus


def _written_memory(words: Iterable[str], gpus: Sequence[str]) -> Iterable[Hint]:
    """The memory that stands right behind the GPU's name: `A100-sxm4-80Gx8`, `a100_80gb`; not that of a host."""
    chips = {gpu.partition("-")[0] for gpu in gpus}
    if len(chips) != 1:
        return
    between = r"(?:[-_. ]|sxm\d?|pcie?|nvl(?:ink)?|tensor|core|x\d{1,2}(?!\d))*"
    pattern = re.compile(re.escape(chips.pop()) + between + r"(\d{2,3}) ?g(?:i?b)?(?![a-wyz])", re.IGNORECASE)
    for text in words:
        for gib in pattern.findall(text):
            yield from _memory(float(gib) * MIB_PER_GIB, 1)


def _memory(memory_mib: float | None, count: float | None) -> Iterable[Hint]:
    if memory_mib is None:
        return
    yield lambda gpu: _fits(gpu, memory_mib)
    if count is not None and count > 1:
        # of all GPUs together; where the figure fits one GPU, this fits none that is left
        yield lambda gpu: _fits(gpu, memory_mib / count)


def _forms(words: Iterable[str]) -> Iterable[Hint]:
    text = " ".join(words).lower()
    is_sxm = re.search(r"sxm|hgx", text) is not None
    is_pcie = re.search(r"pcie|pci(?![a-z0-9])", text) is not None
    if re.search(r"nvl(?!ink)", text):  # "NVLink" is also said of PCIe cards with a bridge
        yield lambda gpu: gpu.endswith("-nvl")
    elif is_pcie and not is_sxm:
        yield lambda gpu: not gpu.endswith("-nvl") and load_gpus()[gpu].form_factor == "pcie"
        yield lambda gpu: load_gpus()[gpu].form_factor == "pcie"
    elif is_sxm and not is_pcie:
        yield lambda gpu: load_gpus()[gpu].form_factor == "sxm"


def _fits(gpu: str, memory_mib: float) -> bool:
    expected = load_gpus()[gpu].memory_gib * MIB_PER_GIB
    return abs(memory_mib / expected - 1) <= MEMORY_TOLERANCE_FRACTION


@cache
def _squeezed_names() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for name, gpus in [*((gpu, (gpu,)) for gpu in load_gpus()), *load_aliases().items()]:
        found.setdefault(_squeezed(name), set()).update(gpus)
    return {name: tuple(sorted(gpus)) for name, gpus in found.items()}


def _squeezed(name: str) -> str:
    return normalised(name).replace("-", "")
