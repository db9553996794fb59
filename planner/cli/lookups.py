"""`planner gpus`, `models`, `throughput` and `providers`: what the planner knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from planner.accuracy.row_checks import suspect_benchmarks
from planner.answers.cards_ranked import ranked_cards
from planner.cli.declared_options import declared_options, verb
from planner.cli.names import in_options
from planner.cli.options import completed, data_dir_option, option, output_options, write_listing, write_notes
from planner.cost.rental import load_billing_rules
from planner.errors import NoThroughputError, UsageError
from planner.hardware.gpus import load_further, load_gpus
from planner.hardware.processors import choose_devices, is_processor, load_processors
from planner.language.listed import language_models_holding, load_language_models
from planner.model.datasets import Dataset
from planner.model.language_models import LanguageModel
from planner.model.records import Model
from planner.options.arguments import WorkloadArguments
from planner.options.card_arguments import RANKED_BY, RankArguments
from planner.options.declared import filled
from planner.prices.provider_states import provider_states
from planner.render.lookups import (
    benchmarks_listing,
    datasets_listing,
    gpu_sheets,
    gpus_listing,
    language_models_listing,
    models_listing,
    provider_notes,
    providers_listing,
    suspects_listing,
)
from planner.render.processors import processor_runs_listing, processors_listing, tree_runs_listing
from planner.render.ranked_cards import ranked_listing, ranked_notes
from planner.throughput.measured import answering_benchmarks, benchmarks_of, load_benchmarks
from planner.throughput.processor_runs import ProcessorRun, training_runs
from planner.throughput.tree_rows import load_tree_rows
from planner.units import current_day
from planner.work.described import resolve_language_model
from planner.work.listed import (
    known_model,
    load_datasets,
    load_models,
    models_holding,
    resolve_dataset,
    resolve_model,
)
from planner.work.tree_tools import tree_tool


@verb()
@click.argument("names", nargs=-1, metavar="[GPU]...", shell_complete=completed)
@declared_options(RankArguments)
@declared_options(WorkloadArguments, only=RANKED_BY)
@option("--limit", type=click.IntRange(min=1), help="Rows of a ranking. Default: all.")
@output_options
def gpus(
    *, names: tuple[str, ...], rank: str | None, limit: int | None, form: str, output: Path | None, **work: Any
) -> None:
    """Specifications of all GPUs, or every figure of those named; with --model and --rank, cards for that model.

    Rates are dense TFLOPS, bandwidth is in GB/s, power in watts. A dash means: the hardware lacks it, or no sourced
    figure is known. JSON and CSV hold every column with its source. A ranking shows the throughput of one GPU, for a USD
    of today's new and used card, and for a watt, each with its range.

    \b
    Examples:
      planner gpus
      planner gpus "RTX 4090" a100-80gb-sxm
      planner gpus cpu
      planner gpus --rank value --model resnet50
      planner gpus --rank watt --model resnet50 T4 L4 A100
      planner gpus --format csv --output gpus.csv
    """
    if rank is not None or work["model"] is not None:
        found = in_options(ranked_cards(work, rank or "value", names))
        write_listing(ranked_listing(found, limit), form, output)
        write_notes(list(ranked_notes(found, limit)))
        return
    filled(WorkloadArguments, work)  # no ranking is asked for: what cannot be is said all the same
    keys = [key for name in names for key in choose_devices(name).gpus]
    if any(map(is_processor, keys)):
        if not all(map(is_processor, keys)):
            raise UsageError(
                "Sheets of processors and of GPUs have other columns: name one kind, or give --model and --rank."
            )
        sheets = [load_processors()[key] for key in keys]
        if len({one.kind for one in sheets}) > 1:
            raise UsageError("Of Apple's chips the graphics cores are listed, of others the cores: name one kind.")
        write_listing(processors_listing(sheets), form, output)
        return
    every = {} if keys else {**load_gpus(), **load_further()}
    chosen = [load_gpus()[key] for key in keys] or [every[key] for key in sorted(every)]
    listing = gpu_sheets(chosen) if names and form in ("table", "markdown") else gpus_listing(chosen)
    write_listing(listing, form, output)


@verb()
@click.argument("text", required=False, shell_complete=completed)
@option("--all", "show_all", is_flag=True, help="Also models measured on one GPU only.")
@option("--language", is_flag=True, help="Language models of known shape, which take --tokens and --method.")
@option("--datasets", is_flag=True, help="Training sets instead, with their sizes.")
@output_options
def models(*, text: str | None, show_all: bool, language: bool, datasets: bool, form: str, output: Path | None) -> None:
    """Models, their arithmetic and the dataset and epochs they are usually trained with.

    TEXT keeps the models whose names hold it; where no network does, the language models.

    \b
    Examples:
      planner models
      planner models resnet
      planner models llama
      planner models --language "qwen 2.5"
      planner models --datasets
    """
    if datasets:
        write_listing(datasets_listing(_datasets(text)), form, output)
        return
    if (tool := tree_tool(text)) is not None:
        raise UsageError(
            "{tool} boosts trees: it is no network with a size of its own. Plan it by its rows: "
            "planner estimate --model {tool} --rows 10M",
            tool=tool,
        )
    networks = [] if language else _networks(text, show_all=show_all)
    if not networks:
        write_listing(language_models_listing(_shapes(text)), form, output)
        return
    write_listing(models_listing(networks), form, output)
    left = len(load_models()) - len(networks)
    if text is None and left:
        write_notes([f"{left} more, measured on one GPU or none: planner models --all; language models: --language"])
    elif text is not None and (others := language_models_holding(text)):
        write_notes([f"{len(others)} language models hold it too: planner models --language {text!r}"])


def _networks(text: str | None, *, show_all: bool) -> list[Model]:
    """The networks whose names hold the text; without a text all, or those measured on several GPUs."""
    if text is not None:
        found = known_model(text)
        return models_holding(text) or ([] if found is None else [found])
    if show_all:
        return load_models()
    places: dict[str, set[str]] = {}
    for benchmark in (*load_benchmarks(), *answering_benchmarks()):
        places.setdefault(benchmark.model, set()).add(benchmark.gpu)
    return [model for model in load_models() if len(places.get(model.name, ())) > 1]


def _datasets(text: str | None) -> list[Dataset]:
    known = load_datasets()
    chosen = [one for one in known if text is None or text.lower() in one.name]
    return chosen if text is None or chosen else [resolve_dataset(text)]


def _shapes(text: str | None) -> list[LanguageModel]:
    """The language models whose names hold the text, or the one that it stands for; without a text all."""
    if text is None:
        return list(load_language_models().values())
    return language_models_holding(text) or [resolve_language_model(text)]


@verb()
@option("--model", help="Model whose measurements are listed. See: planner models")
@option("--gpu", "names", multiple=True, help="Only this GPU. Repeatable.")
@option("--suspect", is_flag=True, help="The rows that are not believed instead, with the reason.")
@output_options
def throughput(*, model: str | None, names: tuple[str, ...], suspect: bool, form: str, output: Path | None) -> None:
    """Measured training throughput of a model, with the spread between machines, source and date.

    Samples per second are the total over all GPUs of a row.

    \b
    Examples:
      planner throughput --model resnet50
      planner throughput --model resnet50 --gpu A100 --format csv
      planner throughput --model resnet101 --gpu "Xeon E5-2630 v3"
      planner throughput --model xgboost
      planner throughput --suspect
    """
    wanted = {key for name in names for key in choose_devices(name).gpus}
    if suspect:
        _write_suspects(None if model is None else resolve_model(model).name, wanted, form, output)
        return
    if model is None:
        raise UsageError("Whose measurements? Give --model, or --suspect for the rows that are not believed.")
    if tree_tool(model) is not None:
        _write_tree_runs(model, wanted, form, output)
        return
    resolved = resolve_model(model)
    if any(map(is_processor, wanted)):
        if not all(map(is_processor, wanted)):
            raise UsageError("Rows of processors and of GPUs have other columns: name one kind with --gpu.")
        _write_processor_runs(resolved, wanted, form, output)
        return
    benchmarks = benchmarks_of(resolved.name)
    chosen = [benchmark for benchmark in benchmarks if not wanted or benchmark.gpu in wanted]
    if not chosen:
        measured = sorted({benchmark.gpu for benchmark in benchmarks})
        where = f" on {', '.join(sorted(wanted))}" if wanted else ""
        raise NoThroughputError(
            f"No throughput of {resolved.name} is measured{where}. Measured GPUs: {', '.join(measured) or 'none'}."
        )
    write_listing(benchmarks_listing(chosen), form, output)
    write_notes([f"Rates are in {resolved.sample_unit}s per second; sources are in the json and csv formats."])


def _write_tree_runs(model: str, wanted: set[str], form: str, output: Path | None) -> None:
    rows = [row for row in load_tree_rows() if row.tool == tree_tool(model) and (not wanted or row.device in wanted)]
    if not rows:
        raise NoThroughputError(f"No run of {model} is measured on {', '.join(sorted(wanted))}.")
    write_listing(tree_runs_listing(rows), form, output)
    write_notes(["100 rounds of depth 10 on eight columns; sources are in the json and csv formats."])


def _write_processor_runs(model: Model, wanted: set[str], form: str, output: Path | None) -> None:
    """The rows of a model on these processors, and beside them those of GPUs in the same sources."""
    own = [run for run in training_runs() if run.model == model.name and run.device in wanted]
    if not own:
        measured = sorted({run.device for run in training_runs() if run.model == model.name})
        raise NoThroughputError(
            f"No training of {model.name} is measured on {', '.join(sorted(wanted))}. Measured on: {', '.join(measured) or 'no processor'}."
        )
    sources = {run.source for run in own}
    beside = [run for run in training_runs() if run.model == model.name and run.source in sources and run not in own]
    write_listing(processor_runs_listing([*own, *beside]), form, output)
    fastest, slowest = max(beside, key=_rate, default=None), min(own, key=_rate)
    times = (
        []
        if fastest is None
        else [
            f"{fastest.device} is {_rate(fastest) / _rate(slowest):,.0f} times as fast as {slowest.device_count} x {slowest.device} in the same source."
        ]
    )
    write_notes([*times, f"Rates are in {model.sample_unit}s per second; sources are in the json and csv formats."])


def _rate(run: ProcessorRun) -> float:
    return run.samples_per_second


def _write_suspects(model: str | None, gpus: set[str], form: str, output: Path | None) -> None:
    chosen = [
        (row, reason)
        for row, reason in suspect_benchmarks()
        if model in (None, row.model) and (not gpus or row.gpu in gpus)
    ]
    write_listing(suspects_listing(chosen), form, output)
    write_notes([f"{len(chosen)} rows, none of them used for any estimate."])


@verb()
@data_dir_option
@output_options
def providers(*, data_dir: Path | None, form: str, output: Path | None) -> None:
    """Providers: newest price book, its age and cover, how rented time is billed, and credentials for live prices.

    \b
    Example: planner providers
    """
    today = current_day()
    states = provider_states(data_dir, today)
    write_listing(providers_listing(states, load_billing_rules(), today), form, output)
    write_notes(provider_notes(states))
