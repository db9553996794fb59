"""`planner recommend`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planner.answers.cards_ranked import budget_sentence, cards_for, is_of_cards_alone
from planner.answers.recommend import propose
from planner.answers.recommend import recommend as run_recommend
from planner.cli.common import renewing_command, settings_used
from planner.cli.declared_options import declared_options, verb
from planner.cli.names import in_options
from planner.cli.options import (
    chosen_currency,
    is_given,
    is_verbose,
    option,
    output_options_with,
    screen_width,
    text_width,
    write_notes,
    write_result,
)
from planner.cost.currency import limit_shown_in
from planner.options.arguments import GROUPS, ShownArguments
from planner.options.card_arguments import CardArguments
from planner.options.owner_arguments import RecommendArguments
from planner.render.estimates import currency_note, notes_text
from planner.render.ranked_cards import ranked_notes, rendered_budget
from planner.render.recommendation import rendered_recommendation
from planner.render.recommendation_screen import recommendation_screen

if TYPE_CHECKING:
    from planner.answers.cards_ranked import RankedCards
    from planner.cost.currency import Currency
    from planner.results.recommendation import Recommendation


@verb(groups=(*GROUPS, CardArguments, ShownArguments))
@declared_options(RecommendArguments, without=("is_owned",))
@declared_options(ShownArguments)
@option(
    "--owned",
    "is_owned",
    type=click.Choice(["no", "yes"]),
    default="no",
    show_default=True,
    help="Whether you have a machine of your own; yes needs it under [[machines]] in --price-book.",
)
@output_options_with("html")
def recommend(*, is_owned: str, currency: str | None, form: str, output: Path | None, **options: Any) -> None:
    """The best way to a result within a deadline and a budget, and why the others lost.

    With a deadline the least money that ends in time; else the best balance of money and time, within a budget if there
    is one. --hour-worth says what an hour of waiting counts.
    If nothing meets the limits, the exit code is 3 and the message names the nearest possibility.

    \b
    Examples:
      planner recommend --model resnet50 --epochs 90 --deadline 48h
      planner recommend --model resnet50 --epochs 90 --budget 200 --owned no
      planner recommend --model resnet50 --card-budget 400
      planner recommend --model resnet50 --epochs 90 --deadline 2d --format html --output why.html
      planner recommend --model bert-large-squad --epochs 2 --deadline 3h --budget 20 --format json
    """
    money = chosen_currency(currency)
    if is_of_cards_alone(options):
        budget = options["card_budget_usd"]
        cards = cards_for(options, budget)
        _write_cards(cards, budget, options["limit"], form, output)
        return
    options["max_cost"] = limit_shown_in(options["max_cost"], money.code if money else None)
    is_screen = form == "table" and not is_verbose()
    found = in_options((propose if is_screen else run_recommend)(**options, is_owned=is_owned == "yes"))
    result = replace(found.result, assumptions=(*found.result.assumptions, *settings_used()))
    found = replace(found, result=result)
    if form == "html":
        from planner.cli.report import write_recommendation_report  # noqa: PLC0415 - the table needs none of it

        write_notes(write_recommendation_report(found, money, output))
    elif form == "table":
        _write_screen(found, money, output)
        return
    else:
        write_result(rendered_recommendation(found, form, width=screen_width(output), currency=money), output)
    write_notes([*in_options([*notes_text(result)]), *([currency_note(money)] if money else [])])


def _write_cards(cards: RankedCards, budget_usd: float, limit: int, form: str, output: Path | None) -> None:
    """Write the cards for a budget, and notes on them."""
    if form == "html":
        from planner.cli.report import write_cards_report  # noqa: PLC0415 - the table needs none of it

        write_notes(write_cards_report(cards, budget_usd, limit, output))
        return
    if form == "table":
        write_notes([budget_sentence(cards, budget_usd)])
    write_result(rendered_budget(cards, budget_usd, limit, form, width=screen_width(output)), output)
    write_notes(list(ranked_notes(cards, limit)))


def _write_screen(found: Recommendation, money: Currency | None, output: Path | None) -> None:
    """Write the first screen; reasons, picture, notes and assumptions are for those who ask for them."""
    width = text_width(output)
    screen = recommendation_screen(
        found, width=width, currency=money, renew=renewing_command(), has_all_rows=is_given("limit")
    )
    write_result(screen, output)
    if is_verbose():
        write_notes(rendered_recommendation(found, "table", width=width, currency=money).splitlines())
        write_notes([*in_options([*notes_text(found.result)]), *([currency_note(money)] if money else [])])
