"""`planner config`: every setting in force, and where it comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from planner.cli.declared_options import verb
from planner.cli.defaults import EveryCommand, default_map, full_names
from planner.cli.names import setting_name, variable_of, variables_of
from planner.cli.options import output_options, write_notes, write_result
from planner.cli.setting_values import SettingsFile
from planner.cli.settings import ALWAYS_TYPED, Setting, read_files, settings_of
from planner.cli.settings_places import FILE_NAME, project_folders, user_file
from planner.errors import UnknownNameError, close_matches
from planner.render.listing import Column, Listing, as_data, general, rendered
from planner.units import Row

SCHEMA = "planner.config/1"
_SHOWN_COMMANDS = 4


@verb()
@click.argument("command", required=False, nargs=-1, metavar="[COMMAND]")
@click.option("--all", "show_all", is_flag=True, help="Also settings without a value.")
@output_options
@click.pass_context
def config(ctx: click.Context, /, *, command: tuple[str, ...], show_all: bool, form: str, output: Path | None) -> None:
    """Settings in force: value, and where it comes from (a file, the environment, or built in).

    Without COMMAND those of all commands that have a value; with one, all of its settings. What is typed wins over the
    environment (PLANNER_...), that over the project's planner.toml, that over your own, and that over what is built in.
    Every planner.toml is checked as a whole.

    \b
    Examples:
      planner config
      planner config estimate
      planner config prices list --format json
    """
    root = ctx.find_root()
    group = root.command
    if not isinstance(group, click.Group):
        raise TypeError("planner is a group of commands")
    every = EveryCommand(root, group)
    files = _files(ctx)
    settings: dict[str, dict[str, Setting]] = {}
    for word in every.words:
        one = group.get_command(root, word)
        if one is not None:
            settings |= settings_of(word, dict(full_names(word, one)), files, every)
    chosen = _chosen(" ".join(command), every.loaded())
    rows = _merged(
        [row for name, one in chosen.items() for row in _rows(root, name, one, settings[name])],
        with_empty=show_all or bool(command),
    )
    places = list(_places(files))
    data = as_data(form, lambda: {"schema": SCHEMA, "settings": rows, "files": places}, lambda: rows)
    listing = Listing(schema=SCHEMA, name="settings", columns=_COLUMNS, rows=rows)
    write_result(rendered(listing, form, width=None) if data is None else data, output)
    write_notes([f"{place['state']:<10} {place['path']}" for place in places] + _strange_variables(every.loaded()))


def _files(ctx: click.Context) -> list[SettingsFile]:
    source = ctx.get_parameter_source("no_config")
    above = ctx.find_root().get_parameter_source("no_config")
    return [] if {source, above} & {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT} else read_files()


def _chosen(name: str, commands: Mapping[str, click.Command]) -> dict[str, click.Command]:
    found = {full: one for full, one in commands.items() if not name or full == name or full.startswith(name + " ")}
    if not found:
        raise UnknownNameError("command", name, commands, "planner --help")
    return found


def _rows(root: click.Context, name: str, command: click.Command, settings: dict[str, Setting]) -> Iterator[Row]:
    """One record per option of a command."""
    mapping: Any = default_map({name: settings})
    for word in name.split(" "):
        mapping = mapping[word]
    ctx = command.make_context(name, [], parent=root, resilient_parsing=True, default_map=mapping)
    for param in command.params:
        if not isinstance(param, click.Option) or setting_name(param) in ("help", *ALWAYS_TYPED):
            continue
        source = ctx.get_parameter_source(str(param.name))
        value = ctx.params.get(str(param.name))
        origin, place = "built in", None
        if source is ParameterSource.ENVIRONMENT:
            origin, place = "environment", variable_of(param)
            value = value if param.expose_value else os.environ.get(place)
        elif source is ParameterSource.DEFAULT_MAP and param.name in settings:
            setting = settings[str(param.name)]
            origin, place = "project file" if setting.file.is_project else "user file", setting.file.shown
            value = setting.value
        yield {
            "setting": setting_name(param),
            "value": _plain(value),
            "origin": origin,
            "place": place,
            "commands": [name],
        }


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else str(value)


def _merged(rows: list[Row], *, with_empty: bool) -> list[Row]:
    """Rows that say the same of several commands as one, the strongest origin first."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        if not with_empty and row["origin"] == "built in" and row["value"] in (None, [], False):
            continue
        key = (_ORIGINS.index(row["origin"]), row["setting"], repr(row["value"]), str(row["place"]))
        if key in found:
            found[key]["commands"] += row["commands"]
        else:
            found[key] = row
    return [found[key] for key in sorted(found)]


def _places(files: list[SettingsFile]) -> Iterator[Row]:
    """Every place where a settings file is looked for, and whether one is there."""
    read = {file.path for file in files}
    looked_at = [(folder / FILE_NAME, "project") for folder in project_folders()] + [(user_file(), "user")]
    for path, kind in looked_at:
        state = "read" if path in read else ("not read" if os.path.lexists(path) else "not there")
        yield {"path": str(path), "kind": kind, "state": state}


def _strange_variables(commands: Mapping[str, click.Command]) -> list[str]:
    """Environment variables that look like settings and are none."""
    known = {name for one in commands.values() for param in one.params for name in variables_of(param)}
    known |= {"PLANNER_DEBUG"}
    lines = []
    for name in sorted(os.environ):
        if name.startswith("PLANNER_") and name not in known:
            close = close_matches(name, known)
            lines.append(f"{name} is read by no command." + (f" Did you mean {close[0]}?" if close else ""))
    return lines


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return general(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN_COMMANDS} more" if len(names) > _SHOWN_COMMANDS + 1 else ""
    return ", ".join(names[:_SHOWN_COMMANDS] if more else names) + more


_ORIGINS = ("environment", "project file", "user file", "built in")
_COLUMNS = (
    Column(key="setting", heading="setting"),
    Column(key="value", heading="value", text=lambda value: _text(value) or "-"),
    Column(key="origin", heading="from"),
    Column(key="place", heading="where"),
    Column(key="commands", heading="commands", text=_few),
)
