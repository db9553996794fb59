"""Words as people type them: the short lists of names that no table holds, in any case, with or without dashes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from planner.options.amounts import plain

SORTS = ("usd", "hours", "value")
CONDITIONS = ("new", "used", "refurbished")
RESALE_CURVES = ("broker", "trend")
ITEMS = ("start-up", "interruptions", "failures", "staging", "storage", "egress")
"""What `without` can take off a bill. Every other item is there only if its own option asks for it."""


def words_of(known: str) -> tuple[str, ...]:
    """Every word of a list, as the program itself writes it; empty for a list that is kept elsewhere."""
    return _LISTS[known]() if known in _LISTS else ()


def meant(known: str, text: str) -> tuple[str, ...]:
    """The words of a list that a text means: `On Demand` is `on_demand`, `reserved` both terms; itself if it is none.

    >>> meant("purchases", "On-Demand")
    ('on_demand',)
    """
    if known not in _LISTS:
        return (plain(text),)
    return _spellings(known).get(squeezed(text), (text,))


def separated(text: str) -> list[str]:
    """The values of a text that holds several, parted by `,` or `;`: `aws, gcp` is two. A text of none stays one.

    Among measurements a comma parts only what has a `=` of its own: `t4=1,210,l4=400` is two.
    """
    parts: list[str] = []
    for piece in text.replace(";", ",").split(","):
        if parts and "=" in parts[-1].rpartition("]")[2] and "=" not in piece:
            parts[-1] += f",{piece}"
        else:
            parts.append(piece)
    return [part.strip() for part in parts if part.strip()] or [text]


def squeezed(text: str) -> str:
    """The letters and digits of a text, in lower case: what is compared of a word."""
    return "".join(char for char in plain(text).lower() if char.isalnum())


@cache
def _spellings(known: str) -> Mapping[str, tuple[str, ...]]:
    found = {squeezed(word): (word,) for word in words_of(known)}
    return found | {squeezed(word): tuple(meanings) for word, meanings in _ALSO.get(known, {}).items()}


def _purchases() -> Iterable[str]:
    from planner.model.records import Purchase  # noqa: PLC0415 - declarations are read before any record

    return Purchase


def _precisions() -> Iterable[str]:
    from planner.model.records import Precision  # noqa: PLC0415

    return (*Precision, "best")


def _bases() -> Iterable[str]:
    from planner.model.records import Basis  # noqa: PLC0415

    return Basis


def _methods() -> Iterable[str]:
    from planner.model.language_runs import Method  # noqa: PLC0415 - only for language models

    return Method


def _optimizers() -> Iterable[str]:
    from planner.model.language_runs import Optimizer  # noqa: PLC0415

    return Optimizer


def _offloads() -> Iterable[str]:
    from planner.model.language_runs import CpuOffload  # noqa: PLC0415

    return CpuOffload


def _recomputations() -> Iterable[str]:
    from planner.model.language_runs import Recomputation  # noqa: PLC0415

    return (*Recomputation, "auto")


def _texts(of: Callable[[], Iterable[str]]) -> Callable[[], tuple[str, ...]]:
    return lambda: tuple(map(str, of()))


_LISTS: Mapping[str, Callable[[], tuple[str, ...]]] = {
    "bases": _texts(_bases),
    "conditions": lambda: CONDITIONS,
    "items": lambda: ITEMS,
    "methods": _texts(_methods),
    "offloads": _texts(_offloads),
    "optimizers": _texts(_optimizers),
    "precisions": _texts(_precisions),
    "purchases": _texts(_purchases),
    "recomputations": _texts(_recomputations),
    "resale_curves": lambda: RESALE_CURVES,
    "sorts": lambda: SORTS,
}

_ALSO: Mapping[str, Mapping[str, Sequence[str]]] = {
    "bases": {"modeled": ["modelled"]},
    "conditions": {"second-hand": ["used"], "refurb": ["refurbished"]},
    "methods": {
        "pre-training": ["pretrain"], "from scratch": ["pretrain"],
        "full fine-tune": ["full"], "full fine-tuning": ["full"], "full finetune": ["full"],
    },
    "optimizers": {"adamw8bit": ["adamw-8bit"], "8-bit adamw": ["adamw-8bit"], "paged adamw 8-bit": ["paged-adamw-8bit"]},
    "precisions": {
        "mixed": ["amp"], "mixed precision": ["amp"], "float32": ["fp32"], "float16": ["fp16"], "bfloat16": ["bf16"],
        "float8": ["fp8"], "half": ["fp16"],
    },
    "purchases": {
        "preemptible": ["spot"], "interruptible": ["spot"], "low priority": ["spot"], "spot vm": ["spot"], "spot instances": ["spot"], "pay as you go": ["on_demand"], "payg": ["on_demand"],
        "reserved": ["reserved_1y", "reserved_3y"], "savings": ["savings_1y", "savings_3y"],
        "reserved 1 year": ["reserved_1y"], "reserved 3 years": ["reserved_3y"],
        "1 year reserved": ["reserved_1y"], "3 year reserved": ["reserved_3y"], "3 years reserved": ["reserved_3y"],
        "1y reserved": ["reserved_1y"], "3y reserved": ["reserved_3y"],
        "savings plan": ["savings_1y", "savings_3y"], "savings plans": ["savings_1y", "savings_3y"],
        "capacity blocks": ["capacity_block"],
        "all": [
            "on_demand", "spot", "reserved_1y", "reserved_3y", "savings_1y", "savings_3y", "capacity_block",
        ],
        "committed": ["reserved_1y", "reserved_3y", "savings_1y", "savings_3y"],
        "commitments": ["reserved_1y", "reserved_3y", "savings_1y", "savings_3y"],
    },
    "sorts": {"cost": ["usd"], "price": ["usd"], "cheapest": ["usd"], "time": ["hours"], "fastest": ["hours"]},
}  # fmt: skip
"""Words that people use instead, by list; one that covers several means all of them, as `A100` does."""
