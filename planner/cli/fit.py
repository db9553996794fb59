"""`planner fit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from planner.answers.fit import fits
from planner.cli.declared_options import declared_options, verb
from planner.cli.names import in_options
from planner.cli.options import is_verbose, option, output_options_with, screen_width, write_notes, write_result
from planner.options.fit_arguments import FitArguments
from planner.options.language import language_arguments
from planner.render.fit import fit_notes, rendered_fits


@verb()
@declared_options(FitArguments)
@option(
    "--limit", type=click.IntRange(min=1), default=8, show_default=True, help="GPUs to list where {gpu} is not given."
)
@output_options_with("html")
def fit(
    *,
    model: str | None,
    gpus: tuple[str, ...],
    precision: str,
    batch_size: int,
    limit: int,
    form: str,
    output: Path | None,
    **options: Any,
) -> None:
    """Does a model fit into the memory of a GPU, which parts need how much, and what would make it fit.

    Parts are of the fullest GPU, in GiB, in the fastest layout that fits; if none does, in the one that needs least.
    Without --gpu: which GPUs hold it, the smallest machine first.

    \b
    Examples:
      planner fit --model llama-3-8b --method qlora --gpu "RTX 4090"
      planner fit --model llama-3-8b --method lora
      planner fit --model llama-2-7b --method full --pure-bf16 --optimizer-in-backward --optimizer paged-adamw-8bit --gpu "RTX 4090"
      planner fit --model llama-2-70b --gpu A100-80GB:8 --gpu H100:8
      planner fit --model ./config.json --method lora --gpu L4 --sequence-length 4096
      planner fit --params 7B --layers 32 --hidden 4096 --heads 32 --vocab 32000 --gpu A100-80GB:8
      planner fit --model resnet50 --batch-size 256 --gpu V100
    """
    found = in_options(
        fits(
            model=model,
            gpus=gpus,
            precision=precision,
            batch_size=batch_size,
            options=language_arguments(options),
            limit=limit,
        )
    )
    if form == "html":
        from planner.cli.report import write_fit_report  # noqa: PLC0415 - the table needs none of it

        write_notes(write_fit_report(found, output))
    else:
        write_result(rendered_fits(found, form, width=screen_width(output)), output)
    write_notes(fit_notes(found, in_full=is_verbose()))
