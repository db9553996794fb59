"""`planner fit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from planner.cli.declared_options import declared_options
from planner.cli.options import option, output_options, write_listing, write_notes
from planner.errors import UsageError
from planner.hardware.gpus import choose_gpus
from planner.language.jobs import plan_job
from planner.language.memory_fit import MemoryReport, fit_language_model, fit_vision_model
from planner.language.stacks import usual_stack
from planner.model.language_runs import LanguageWork
from planner.model.records import Precision, precision_named
from planner.options.language import language_arguments
from planner.options.language_arguments import LanguageArguments
from planner.render.fit import fit_notes, fits_listing
from planner.work.language import chosen_language_model, is_language_model
from planner.work.listed import resolve_model


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@option("--model", help="Language model, its config.json, or an image model. See: planner models")
@option(
    "--gpu", "gpus", multiple=True, required=True, help="GPU, with a count if wanted: RTX4090, A100-80GB:8. Repeatable."
)
@option("--precision", default="amp", show_default=True, help="amp, bf16, fp16, tf32, fp32, or fp8 (language models).")
@option("--batch-size", type=int, default=32, show_default=True, help="Images per GPU and step, for image models.")
@option("--sequence-length", type=int, help="Tokens of a sequence. Default: 2048, or the model's context if shorter.")
@declared_options(LanguageArguments)
@output_options
def fit(
    *,
    model: str | None,
    gpus: tuple[str, ...],
    precision: str,
    batch_size: int,
    form: str,
    output: Path | None,
    **options: Any,
) -> None:
    """Does a model fit into the memory of a GPU, which parts need how much, and what would make it fit.

    Parts are of the fullest GPU, in GiB, in the fastest layout that fits; if none does, in the one that needs least.

    \b
    Examples:
      planner fit --model llama-3-8b --method qlora --gpu "RTX 4090"
      planner fit --model llama-2-70b --gpu A100-80GB:8 --gpu H100:8
      planner fit --model ./config.json --method lora --gpu L4 --sequence-length 4096
      planner fit --params 7B --layers 32 --hidden 4096 --heads 32 --vocab 32000 --gpu A100-80GB:8
      planner fit --model resnet50 --batch-size 256 --gpu V100
    """
    found, what = _fits(model, gpus, precision, batch_size, language_arguments(options))
    write_listing(fits_listing(found), form, output)
    write_notes(fit_notes(found, what))


def _fits(
    model: str | None, gpus: tuple[str, ...], precision: str, batch_size: int, options: LanguageArguments
) -> tuple[list[MemoryReport], str]:
    choices = [choose_gpus(text) for text in gpus]
    if model is not None and not (is_language_model(model) or any(value is not None for value in options.values())):
        if batch_size < 1:
            raise UsageError(f"--batch-size must be at least 1, not {batch_size}.")
        image_model = resolve_model(model)
        kind = precision_named(precision) or Precision.AMP
        found = [
            one
            for choice in choices
            for one in fit_vision_model(image_model, choice, batch_size=batch_size, precision=kind)
        ]
        return found, f"{image_model.name}, {batch_size} {image_model.sample_unit}s a GPU, {kind}"
    job = plan_job(chosen_language_model(model, options), options, precision)
    work = LanguageWork(job=job, stack=options["stack"] or usual_stack(job.method))
    found = [
        one
        for choice in choices
        for one in fit_language_model(work, choice, precision_named(precision) or Precision.AMP)
    ]
    what = (
        f"{job.model.name}, {job.model.parameters / 1e9:.4g}B parameters, {job.method}, {job.optimizer}, "
        f"{job.sequence_length:,} tokens a sequence, {job.batch_tokens:,} a step"
        + "".join(f"; {remark}" for remark in job.model.remarks)
    )
    return found, what
