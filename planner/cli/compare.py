"""`planner compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from planner.answers.compare import compare as run_compare
from planner.cli.common import settings_used
from planner.cli.declared_options import declared_options, verb
from planner.cli.names import in_options
from planner.cli.options import (
    chart_option,
    chosen_currency,
    is_verbose,
    output_options_with,
    text_width,
    write_notes,
    write_result,
)
from planner.model.frozen import changed
from planner.options.arguments import GROUPS, ShownArguments
from planner.options.owner_arguments import CompareArguments, OwnerArguments
from planner.render.comparison import notes_text, rendered_comparison
from planner.render.estimates import currency_note


@verb(groups=(OwnerArguments, *GROUPS, ShownArguments))
@declared_options(CompareArguments)
@declared_options(ShownArguments)
@output_options_with("html")
@chart_option
def compare(*, currency: str | None, form: str, output: Path | None, charts: tuple[Path, ...], **options: Any) -> None:
    """Rent, or buy a card, and after how many jobs or months the purchase pays.

    Renting is the cheapest matching offer of `planner estimate`. Owning is cards, host, electricity and the rest over
    the horizon, less what the machine still fetches. Money and watts given are for the whole machine bought.

    \b
    Examples:
      planner compare --model resnet50 --epochs 90 --buy rtx-4090 --jobs-per-month 4
      planner compare --model resnet50 --epochs 90 --buy rtx-4090 --buy rtx-3090 --own rtx-2080-ti --jobs-per-month 10
      planner compare --model llama-3-8b --method qlora --tokens 20M --buy rtx-4090 --jobs-per-month 20
      planner compare --model mine --measured rtx-3090=500 --samples-per-epoch 1e6 --epochs 30 --buy rtx-4090 --jobs-per-month 9
      planner compare --buy rtx-3090 --condition used --rent-usd-per-hour 0.50 --utilisation 0.3 --country Germany
      planner compare --buy h100-80gb-sxm --utilisation 0.8 --discount-per-year 0.08 --format json
    """
    money = chosen_currency(currency)
    result = in_options(run_compare(**options))
    settings = settings_used()
    result = changed(result, assumptions=(*result.assumptions, *settings))
    written: list[str] = []
    if form == "html" or charts:
        from planner.cli.report import write_comparison_charts  # noqa: PLC0415 - the screen needs none of it

        written = write_comparison_charts(result, money, options["data_dir"], charts, output, is_report=form == "html")
    if form != "html":
        write_result(rendered_comparison(result, form, money, width=text_width(output)), output)
    said = [*notes_text(result, money, in_full=is_verbose()), *([currency_note(money)] if money else []), *written]
    write_notes(said if is_verbose() else [*said, *settings])
