"""How long a training run takes, what it costs on every GPU you could rent, and whether to buy a card instead."""

from __future__ import annotations

TYPE_CHECKING = False  # the command imports this module before it can mind Ctrl-C: it loads nothing here
if TYPE_CHECKING:
    from typing import Any

    from planner.answers.compare import compare as compare
    from planner.answers.estimate import estimate as estimate
    from planner.answers.recommend import recommend as recommend
    from planner.answers.sweep import estimate_many as estimate_many
    from planner.answers.throughput import predict_throughput as predict_throughput
    from planner.errors import PlannerError as PlannerError
    from planner.prices.offers import offers as offers
    from planner.prices.offers import offers_frame as offers_frame
    from planner.results.comparison import Comparison as Comparison
    from planner.results.estimate import EstimateResult as EstimateResult
    from planner.results.recommendation import Recommendation as Recommendation

_HOMES = {
    "Comparison": "planner.results.comparison",
    "EstimateResult": "planner.results.estimate",
    "PlannerError": "planner.errors",
    "Recommendation": "planner.results.recommendation",
    "compare": "planner.answers.compare",
    "estimate": "planner.answers.estimate",
    "estimate_many": "planner.answers.sweep",
    "offers": "planner.prices.offers",
    "offers_frame": "planner.prices.offers",
    "recommend": "planner.answers.recommend",
    "predict_throughput": "planner.answers.throughput",
}
"""Each public name and the module it is loaded from when first used."""

__all__ = sorted(_HOMES)  # noqa: PLE0605 - a list, made from the table above


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'planner' has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - as above

    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
