"""`planner estimate`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from planner.answers.estimate import estimate as run_estimate
from planner.answers.question import MAX_PRICE_AGE_DAYS
from planner.cli.bill_options import bill_options, chosen_currency, currency_option
from planner.cli.common import settings_used
from planner.cli.language_options import language_options
from planner.cli.options import (
    chart_option,
    data_dir_option,
    option,
    output_options_with,
    screen_width,
    write_notes,
    write_result,
)
from planner.cli.work_options import work_options
from planner.render.estimates import NEXT, NEXT_ALL, currency_note, notes_text, rendered_estimates


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@option(
    "--model",
    help="Model to train, see: planner models; or the config.json of a language model. With own figures, any name.",
)
@option("--epochs", type=float, help="Passes over the training data. Language models may be given --tokens instead.")
@option("--dataset", help="Training set. Default: the one the model is usually trained on.")
@option("--samples-per-epoch", type=float, help="Samples in an epoch, in the model's unit, instead of --dataset.")
@option(
    "--precision",
    default="amp",
    show_default=True,
    help="amp (16-bit mixed), fp32, tf32, bf16, fp16, or best (fastest known).",
)
@option("--batch-size", type=int, help="Samples per GPU and step. Default: what the measurement used.")
@work_options
@option("--basis", help="Weakest basis wanted: measured, scaled or modelled. Default: all.")
@option("--nodes", type=int, default=1, show_default=True, help="Instances that work together on the run.")
@option("--gpu", "gpus", multiple=True, help="GPU, with a count if wanted: A100, H100:8, 'RTX 4090'. Repeatable.")
@option("--gpu-count", "gpu_counts", multiple=True, type=float, help="GPUs per instance. Repeatable. Default: any.")
@option("--provider", "providers", multiple=True, help="Provider. Repeatable. Default: all.")
@option("--region", "regions", multiple=True, help="Region as the provider writes it. Repeatable. Default: all.")
@option(
    "--purchase",
    "purchases",
    multiple=True,
    help="on_demand, spot, reserved_1y, reserved_3y, savings_1y, savings_3y, capacity_block. Repeatable. "
    "Default: on_demand and spot.",
)
@option("--max-hours", type=float, help="Leave out what takes longer, in hours.")
@option("--max-usd", type=float, help="Leave out what costs more, in USD.")
@option(
    "--max-price-age",
    "max_price_age_days",
    type=int,
    default=MAX_PRICE_AGE_DAYS,
    show_default=True,
    help="Leave out prices older than so many days.",
)
@option(
    "--sort", default="usd", show_default=True, help="usd (cheapest first), hours (fastest first), value (USD x hours)."
)
@option("--limit", type=int, default=15, show_default=True, help="Rows to show.")
@option("--all", "every_offer", is_flag=True, help="Every offer: all regions and zones, all rows.")
@option(
    "--explain", type=int, metavar="RANK", help="Show the arithmetic and the sources of this row instead of the table."
)
@bill_options
@option(
    "--price-book",
    type=click.Path(dir_okay=False, path_type=Path),
    help="TOML file of your own rates, discounts, credits and machines. See docs/own-prices.md.",
)
@currency_option
@option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Plan with the prices known on that day, YYYY-MM-DD.")
@language_options
@data_dir_option
@output_options_with("html", "github")
@chart_option
def estimate(
    *,
    every_offer: bool,
    limit: int,
    explain: int | None,
    as_of: datetime | None,
    form: str,
    output: Path | None,
    charts: tuple[Path, ...],
    currency: str | None,
    **options: Any,
) -> None:
    """How long a training run takes and what it costs, on every GPU you could rent.

    Rows are the best region of each provider, GPU, count and purchase, cheapest run first. Hours include start-up
    and, for spot, what interruptions cost on average; USD are billed time times the price of the whole instance. Ranges
    come from the spread of the throughput and of the interruptions.

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
    if form == "github" and explain is None:
        from planner.cli.github import comment_on  # noqa: PLC0415 - only pipelines need it

        options["as_of"] = as_of.date() if as_of else None
        comment_on(options, limit=limit, every_offer=every_offer, currency=money, charts=charts, output=output)
        return
    result = run_estimate(
        **options,
        limit=None if every_offer or explain is not None else limit,
        every_offer=every_offer,
        as_of=as_of.date() if as_of else None,
    )
    if explain is not None:
        from planner.render.explain import explanation  # noqa: PLC0415 - the table needs none of it

        write_result(explanation(result, explain, money), output)
        return
    result = replace(result, assumptions=(*result.assumptions, *settings_used()))
    written: list[str] = []
    if form == "html" or charts:
        from planner.cli.report import write_estimate_charts  # noqa: PLC0415 - the table needs none of it

        written = write_estimate_charts(result, money, options["data_dir"], charts, output, is_report=form == "html")
    if form != "html":
        write_result(rendered_estimates(result, form, width=screen_width(output), currency=money), output)
    next_step = NEXT if every_offer else NEXT + NEXT_ALL
    write_notes([*notes_text(result), next_step, *([currency_note(money)] if money else []), *written])
