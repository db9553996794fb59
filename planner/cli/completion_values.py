"""The values that an option can take, from the shipped tables and the newest price books."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click

from planner.cli.names import setting_name
from planner.options.arguments import EstimateArguments, ShownArguments
from planner.options.declared import declared
from planner.options.owner_arguments import OwnerArguments
from planner.options.vocabulary import words_of


def values_of(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Values of an option or argument that begin like `incomplete` (in any case), in a fixed order."""
    known = _list_of(setting_name(param), is_argument=isinstance(param, click.Argument))
    if known == "gpus":
        return _gpus(ctx, incomplete)
    if known in _VALUES:
        return _beginning(_VALUES[known](ctx), incomplete)
    return _beginning(words_of(known), incomplete)


def _list_of(name: str, *, is_argument: bool) -> str:
    """The list that the values of an option or argument are from; empty if there is none."""
    if not is_argument:
        for one in (
            one for home in (EstimateArguments, OwnerArguments, ShownArguments) for one in declared(home).values()
        ):
            if name in (one.name, *one.spellings):
                return one.option.known
    return _OTHER_LISTS.get(name, "")


def _beginning(values: Iterable[str], incomplete: str) -> list[str]:
    return [value for value in values if value.lower().startswith(incomplete.lower())]


def _gpus(ctx: click.Context, incomplete: str) -> list[str]:
    """Keys and the short names of families; other spellings where none of those fits; after a colon, counts on offer."""
    from planner.hardware.gpus import load_aliases, load_gpus, normalised, resolve_gpu  # noqa: PLC0415
    from planner.hardware.processors import load_processors  # noqa: PLC0415

    name, colon, count = incomplete.partition(":")
    if colon:
        gpus = resolve_gpu(name)
        counts = {float(row[1]) for row in _rows(ctx) if row[0] in gpus}
        return [f"{name}:{one:g}" for one in sorted(counts) if f"{one:g}".startswith(count)]
    start = normalised(name)
    families = [alias for alias, keys in load_aliases().items() if len(keys) > 1]
    found = sorted(one for one in {*load_gpus(), *families} if one.startswith(start))
    found = found or sorted(alias for alias in load_aliases() if alias.startswith(start))
    return found or sorted(one for one in ("cpu", *load_processors()) if one.startswith(start))


def _models(ctx: click.Context) -> list[str]:
    from planner.hardware.tables import read_columns  # noqa: PLC0415
    from planner.language.listed import load_language_models  # noqa: PLC0415

    # names alone: making a record of every row would take most of the time
    names = [name for (name,) in read_columns("models.csv", "name")]
    return sorted({*names, *load_language_models()})


def _datasets(ctx: click.Context) -> list[str]:
    from planner.work.listed import load_datasets  # noqa: PLC0415

    return [dataset.name for dataset in load_datasets()]


def _providers(ctx: click.Context) -> list[str]:
    from planner.prices.current import current_snapshots  # noqa: PLC0415

    return [snapshot.provider for snapshot in current_snapshots(_data_dir(ctx))]


def _refreshable(ctx: click.Context) -> list[str]:
    from planner.prices.registry import provider_names  # noqa: PLC0415

    return provider_names()


def _regions(ctx: click.Context) -> list[str]:
    return sorted({row[3] for row in _rows(ctx)})


def _instance_types(ctx: click.Context) -> list[str]:
    return sorted({row[2] for row in _rows(ctx)})


def _rows(ctx: click.Context) -> Iterable[list[str]]:
    """Rows of the newest books, only those of the providers already typed, if any."""
    from planner.prices.current import current_snapshots  # noqa: PLC0415
    from planner.prices.damaged import book_problem  # noqa: PLC0415
    from planner.prices.snapshots import read_rows  # noqa: PLC0415

    providers = {str(name).lower() for name in ctx.params.get("providers") or ()}
    for snapshot in current_snapshots(_data_dir(ctx)):
        if (not providers or snapshot.provider in providers) and book_problem(snapshot) is None:
            yield from read_rows(snapshot)


def _data_dir(ctx: click.Context) -> Path | None:
    folder = ctx.params.get("data_dir")
    return folder if isinstance(folder, Path) else None


def _frameworks(ctx: click.Context) -> list[str]:
    from planner.throughput.measured import load_benchmarks  # noqa: PLC0415

    return sorted({benchmark.framework for benchmark in load_benchmarks()})


def _stacks(ctx: click.Context) -> list[str]:
    from planner.language.step_time import load_stacks  # noqa: PLC0415

    return sorted(load_stacks())


def _countries(ctx: click.Context) -> list[str]:
    from planner.hardware.electricity import load_places  # noqa: PLC0415

    return sorted(place.name for place in load_places())


_OTHER_LISTS = {"names": "gpus", "text": "models", "providers": "providers to refresh"}
"""Lists of options and arguments that are not declared with an estimate or a comparison, by name."""

_VALUES: dict[str, Callable[[click.Context], list[str]]] = {
    "countries": _countries,
    "currencies": lambda _ctx: ["USD", "EUR", "GBP", "CHF", "JPY"],
    "datasets": _datasets,
    "frameworks": _frameworks,
    "instance_types": _instance_types,
    "models": _models,
    "providers": _providers,
    "providers to refresh": _refreshable,
    "regions": _regions,
    "stacks": _stacks,
}
"""Lists of names, and where they come from."""
