"""The options that rank cards for a model, declared once."""

# read as they stand, see arguments.py

from typing import Annotated, TypedDict

from planner.options.arguments import MOST
from planner.options.option import Option, Same
from planner.options.readers import USD_LIMIT


class CardArguments(TypedDict, total=False):
    """Cards: which card the money buys."""

    card_budget_usd: Annotated[
        float | None,
        Option(
            "What a card may cost, in USD. Names the fastest card for it; alone with {model} nothing else.",
            above=0,
            high=MOST,
            spellings=("card_budget",),
            read=USD_LIMIT,
        ),
    ]
    card_budget: Annotated[float | None, Same("card_budget_usd")]


class RankArguments(TypedDict, total=False):
    """Ranking: cards for one model."""

    rank: Annotated[
        str | None,
        Option(
            "value, watt or speed: order the cards for {model}. By speed per USD of the card, or per watt.",
            metavar="WORD",
        ),
    ]


RANKED_BY = ("model", "precision", "method", "sequence_length_or_image_size", "batch_size", "framework", "measured",
             "rows", "features", "rounds", "depth")  # fmt: skip
"""What of the work has a part in its speed on one card."""
