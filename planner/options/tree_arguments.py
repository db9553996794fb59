"""Every option of boosted trees, declared once, in the same way as in arguments.py."""

# no `from __future__ import annotations` here: the declarations are read as they stand, which takes half the time

from typing import Annotated, TypedDict

from planner.options.option import Option
from planner.options.readers import COUNT


class TreeArguments(TypedDict, total=False):
    """Trees: what xgboost, lightgbm or catboost is trained on."""

    rows: Annotated[
        float | str | None,
        Option("Rows of the training data of boosted trees: 10M.", above=0, high=1e12, read=COUNT),
    ]
    features: Annotated[int | None, Option("Columns of it. Default: 8, as measured.", low=1, high=10**6)]
    rounds: Annotated[
        int | None, Option("Boosting rounds, one tree each. Default: 100, as measured.", low=1, high=10**6)
    ]
    depth: Annotated[int | None, Option("Levels of a tree. Default: 10, as measured.", low=1, high=100)]
