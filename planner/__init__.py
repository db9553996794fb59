"""How long a training run takes, what it costs on every GPU you could rent, and whether to buy a card instead."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planner.compare import Comparison as Comparison
    from planner.compare import compare as compare
    from planner.errors import PlannerError as PlannerError
    from planner.estimate import EstimateResult as EstimateResult
    from planner.estimate import estimate as estimate
    from planner.prices.offers import offers as offers
    from planner.prices.offers import offers_frame as offers_frame
    from planner.throughput.prediction import predict_throughput as predict_throughput

_HOMES = {
    "Comparison": "planner.compare",
    "EstimateResult": "planner.estimate",
    "PlannerError": "planner.errors",
    "compare": "planner.compare",
    "estimate": "planner.estimate",
    "offers": "planner.prices.offers",
    "offers_frame": "planner.prices.offers",
    "predict_throughput": "planner.throughput.prediction",
}
"""Each public name and the module it is loaded from when first used."""

__all__ = sorted(_HOMES)  # noqa: PLE0605 - a list, made from the table above


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'planner' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


class _Package(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        # importing the module planner.estimate would put it where the function planner.estimate belongs
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
