"""`planner compare`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from planner.answers.compare import compare as run_compare
from planner.answers.question import MAX_PRICE_AGE_DAYS
from planner.cli.common import settings_used
from planner.cli.language_options import language_options
from planner.cli.options import chart_option, data_dir_option, option, output_options_with, write_notes, write_result
from planner.cli.work_options import work_options
from planner.options.owning import MONTHS
from planner.render.comparison import notes_text, rendered_comparison


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@option("--buy", multiple=True, help="GPU to buy, with a number of cards if wanted: rtx-4090, rtx-3090:2. Repeatable.")
@option("--own", multiple=True, help="GPU that is there already. Repeatable.")
@option("--model", help="Model to train. Without it hours of use are compared. See: planner models")
@option("--epochs", type=float, help="Passes over the training data of one job.")
@option("--dataset", help="Training set. Default: the one the model is usually trained on.")
@option("--samples-per-epoch", type=float, help="Samples in an epoch, in the model's unit, instead of --dataset.")
@option("--precision", default="amp", show_default=True, help="amp (16-bit mixed), fp32, tf32, bf16, fp16, or best.")
@option("--batch-size", type=int, help="Samples per GPU and step. Default: what the measurement used.")
@work_options
@option("--jobs-per-month", type=float, help="Jobs a month.")
@option("--gpu-hours-per-month", type=float, help="Hours x GPUs a month; machine hours beside --rent-usd-per-hour.")
@option("--utilisation", type=float, help="Part of the month in use, 0 to 1; beside --jobs-per-month: at most.")
@option("--months", type=float, default=MONTHS, show_default=True, help="Horizon in months.")
@option("--rent-usd-per-hour", type=float, help="USD per hour of a rented machine, instead of the cheapest offer.")
@option("--gpu", "gpus", multiple=True, help="GPU to rent: A100, H100:8. Repeatable. Default: all.")
@option("--gpu-count", "gpu_counts", multiple=True, type=float, help="GPUs per rented instance. Repeatable.")
@option("--provider", "providers", multiple=True, help="Provider to rent from. Repeatable. Default: all.")
@option("--region", "regions", multiple=True, help="Region to rent in. Repeatable. Default: all.")
@option("--purchase", "purchases", multiple=True, help="on_demand, spot ... Repeatable. Default: on_demand and spot.")
@option(
    "--max-price-age",
    "max_price_age_days",
    type=int,
    default=MAX_PRICE_AGE_DAYS,
    show_default=True,
    help="Leave out rents older than so many days.",
)
@option("--condition", default="new", show_default=True, help="Cards are bought new, used or refurbished.")
@option("--card-usd", type=float, help="USD for all cards of the machine. Default: the shipped price.")
@option("--host-usd", type=float, help="USD for the rest of the machine; 0 for a PC that exists. Default: shipped.")
@option("--card-watts", type=float, help="Watts of all cards under load. Default: 80 % of their limit.")
@option("--host-watts", type=float, help="Watts of the rest under load. Default: shipped.")
@option(
    "--idle-watts", type=float, help="Watts of the machine when it does not work; 0 if it is off. Default: shipped."
)
@option(
    "--pue", type=float, help="Energy of the building per energy of the machine. Default: 1 at home, 1.58 for servers."
)
@option("--usd-per-kwh", type=float, help="USD per kWh. Default: household (servers: business) price of --country.")
@option(
    "--country", help="Country or US state for electricity: Germany, DE, California, US-CA. Default: United States."
)
@option("--running-usd-per-hour", type=float, help="USD per hour of use, instead of electricity.")
@option("--hosting-usd-per-month", type=float, default=0.0, show_default=True, help="Rack, cooling, line.")
@option("--maintenance-fraction-per-year", type=float, default=0.0, show_default=True, help="Part of the purchase.")
@option("--staff-usd-per-month", type=float, default=0.0, show_default=True, help="People who look after it.")
@option(
    "--resale-fraction", type=float, help="Part of the purchase fetched at the end, 0 to 1. Default: --resale-curve."
)
@option(
    "--resale-curve", default="broker", show_default=True, help="broker (60, 45, 30 % after 1, 2, 3 years) or trend."
)
@option("--discount-per-year", type=float, default=0.0, show_default=True, help="Cost of money: 0.05 for 5 percent.")
@language_options
@option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Plan with the prices known on that day, YYYY-MM-DD.")
@data_dir_option
@output_options_with("html")
@chart_option
def compare(
    *, as_of: datetime | None, form: str, output: Path | None, charts: tuple[Path, ...], **options: Any
) -> None:
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
    result = run_compare(**options, as_of=as_of.date() if as_of else None)
    result = replace(result, assumptions=(*result.assumptions, *settings_used()))
    written: list[str] = []
    if form == "html" or charts:
        from planner.cli.report import write_comparison_charts  # noqa: PLC0415 - the screen needs none of it

        written = write_comparison_charts(result, options["data_dir"], charts, output, is_report=form == "html")
    if form != "html":
        write_result(rendered_comparison(result, form), output)
    write_notes([*notes_text(result), *written])
