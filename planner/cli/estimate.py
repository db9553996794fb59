"""`planner estimate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.answers.estimate import estimate as run_estimate
from planner.answers.estimate import propose
from planner.cli.common import renewing_command, settings_used
from planner.cli.declared_options import declared_options, verb
from planner.cli.names import in_options
from planner.cli.options import (
    chart_option,
    chosen_currency,
    is_flat,
    is_verbose,
    option,
    output_options_with,
    screen_width,
    text_width,
    write_notes,
    write_result,
)
from planner.cost.currency import limit_shown_in
from planner.options.arguments import GROUPS, EstimateArguments, ShownArguments
from planner.render.estimates import NEXT, NEXT_ALL, currency_note, notes_text, rendered_estimates

if TYPE_CHECKING:
    from planner.cost.currency import Currency
    from planner.results.estimate import EstimateResult


@verb(groups=(*GROUPS, ShownArguments))
@declared_options(EstimateArguments, defaults={"limit": 15})
@option("--explain", type=int, metavar="ROW", help="Arithmetic and sources of this row, no table.")
@declared_options(ShownArguments)
@output_options_with("html", "github")
@chart_option
def estimate(
    *,
    explain: int | None,
    form: str,
    output: Path | None,
    charts: tuple[Path, ...],
    currency: str | None,
    **options: Any,
) -> None:
    """How long a training run takes and what it costs, on every GPU you could rent.

    A few rows of each market are picked: the best balance of money and time, the fastest, the cheapest. Times include
    start-up and, for spot, what interruptions cost on average; USD are billed time times the price of the whole
    instance. --limit, --sort, --all, csv and json give the ranking of all rows: the best region of each provider, GPU,
    count and purchase.

    \b
    Examples:
      planner estimate --model resnet50 --epochs 90
      planner estimate --model resnet50 --epochs 90 --gpu A100 --gpu H100:8 --purchase on_demand
      planner estimate --model bert-large-squad --epochs 2 --max-hours 1 --format json
      planner estimate --model resnet50 --epochs 90 --explain 1
      planner estimate --model resnet50 --epochs 90 --format html --output run.html
      planner estimate --model gpt2-124m --tokens 10B --gpu H100:8
      planner estimate --model llama-3-8b --method lora --samples 50000 --sequence-length 1024 --epochs 3
      planner estimate --model mine --measured a100-80gb-sxm=1234 --samples-per-epoch 1e6 --epochs 10
    """
    money = chosen_currency(currency)
    options["max_cost"] = limit_shown_in(options["max_cost"], money.code if money else None)
    if form == "github" and explain is None:
        from planner.cli.github import comment_on  # noqa: PLC0415 - only pipelines need it

        comment_on(options, currency=money, charts=charts, output=output)
        return
    is_whole = options["every_offer"]
    if is_whole or explain is not None:
        options["limit"] = None
    is_ranked = form != "table" or is_flat()
    is_screen = not (is_ranked or is_verbose() or charts or explain is not None)
    result = in_options((propose if is_screen else run_estimate)(**options))
    if explain is not None:
        from planner.render.explain import explanation, pick_explanation  # noqa: PLC0415 - the table needs none of it

        explained = explanation if is_ranked else pick_explanation
        write_result(explained(result, explain, money), output)
        return
    if not is_ranked:
        _write_screen(result, money, charts, output, options["data_dir"])
        return
    result = replace(result, assumptions=(*result.assumptions, *settings_used()))
    written: list[str] = []
    if form == "html" or charts:
        from planner.cli.report import write_estimate_charts  # noqa: PLC0415 - the table needs none of it

        written = write_estimate_charts(result, money, options["data_dir"], charts, output, is_report=form == "html")
    if form != "html":
        write_result(rendered_estimates(result, form, width=screen_width(output), currency=money), output)
    notes = in_options(_ranking_notes(result, is_short=form == "table" and not is_verbose(), is_whole=is_whole))
    write_notes([*notes, *([currency_note(money)] if money else []), *written])


def _ranking_notes(result: EstimateResult, *, is_short: bool, is_whole: bool) -> list[str]:
    """What belongs under a ranking: a few lines on a screen, else all of it."""
    if not is_short:
        return [*notes_text(result), NEXT if is_whole else NEXT + NEXT_ALL]
    from planner.render.ranking import ranking_notes  # noqa: PLC0415 - other formats need none of it

    return [*ranking_notes(result, renewing_command(), is_whole=is_whole)]


def _write_screen(
    result: EstimateResult, money: Currency | None, charts: tuple[Path, ...], output: Path | None, data_dir: Path | None
) -> None:
    """Write the first screen; notes and assumptions are for those who ask for them."""
    from planner.render.screen import first_screen  # noqa: PLC0415 - other formats need none of it

    written: list[str] = []
    if charts:
        from planner.cli.report import write_estimate_charts  # noqa: PLC0415 - the table needs none of it

        written = write_estimate_charts(result, money, data_dir, charts, output, is_report=False)
    write_result(first_screen(result, width=text_width(output), currency=money, renew=renewing_command()), output)
    if is_verbose():
        result = replace(result, assumptions=(*result.assumptions, *settings_used()))
        write_notes([*in_options([*notes_text(result)]), *([currency_note(money)] if money else [])])
    write_notes(written)
