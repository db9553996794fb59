"""The tools that boost trees, by the names that people have for them."""

from __future__ import annotations

NO_NETWORK = "no-network"
"""The task of what somebody measured that is no network: it answers for the device it was measured on."""

_TOOLS = {"xgboost": "xgboost", "xgb": "xgboost", "lightgbm": "lightgbm", "lgbm": "lightgbm", "catboost": "catboost"}


def tree_names() -> tuple[str, ...]:
    """Every name of a tool."""
    return tuple(_TOOLS)


def tree_tool(model: str | None) -> str | None:
    """The tool of that name; `None` if it boosts no trees."""
    return None if model is None else _TOOLS.get(model.strip().lower())
