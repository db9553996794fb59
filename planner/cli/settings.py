"""Settings files: defaults of options, checked before they count.

A project's file comes with the project and may be anybody's. So it may only shape the answers of commands that answer,
and can make none of them write, remove, connect or listen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import click

from planner.cli.names import setting_name
from planner.cli.setting_values import Place, SettingsFile, checked, hint, only_user
from planner.cli.settings_places import present_files
from planner.errors import DataError, PlannerError
from planner.model.frozen import dataclass
from planner.outside.documents import text_of, toml_of
from planner.outside.files import bytes_of

DEFAULTS, DEVICES = "defaults", "devices"
MAX_BYTES = 1_000_000
ALWAYS_TYPED = ("accept", "chart", "explain", "from", "help_all", "no_config", "output", "write", "yes")
"""Options that do something once; as a default they would write, remove or believe what nobody asked for."""

PROJECT_COMMANDS = (
    "compare", "estimate", "fit", "gpus", "models", "prices list", "prices history", "prices diff", "prices verify",
    "providers", "recommend", "sweep", "throughput",
)  # fmt: skip
"""Commands that a project's file may set: those that only read and answer."""

Commands = Mapping[str, click.Command]


class AllCommands(Protocol):
    """Every command there is: first words at once, the commands themselves only when they must be loaded."""

    @property
    def words(self) -> Iterable[str]:
        """First words of all commands."""
        ...

    def loaded(self) -> Commands:
        """All commands by their full names."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value that a file gives to one option of one command."""

    command: str  # "estimate", "prices list"
    param: click.Option
    value: Any
    file: SettingsFile

    @property
    def key(self) -> str:
        """The name of the option, as in a file."""
        return setting_name(self.param)


def read_files() -> list[SettingsFile]:
    """The project's file and the user's, as far as they are there, the stronger first.

    Raises:
        DataError: one cannot be read, or is not TOML.
    """
    project, user = present_files()
    files = [_read(path, is_project=path == project) for path in (project, user) if path is not None]
    _describe_devices(files)
    return files


def _describe_devices(files: Iterable[SettingsFile]) -> None:
    """Makes the devices known that the files describe, those of the stronger file first, which win.

    Raises:
        DataError: a figure is missing, not known or impossible.
    """
    described: set[str] = set()
    for file in files:
        devices = file.tables.get(DEVICES, {})
        for name, figures in devices.items() if isinstance(devices, dict) else ():
            from planner.hardware.processors import describe  # noqa: PLC0415 - few describe a device of their own

            place = Place(file=file, table=(DEVICES,), key=name)
            if not isinstance(figures, dict):
                raise place.error(f"is no table. Write [{DEVICES}.{name}] and its figures below it.")
            try:
                if name not in described:
                    describe(name, figures, where=f"[{DEVICES}.{name}]")
            except PlannerError as error:
                raise place.error(f"cannot be taken. {error}") from error
            described.add(name)


def settings_of(
    command: str, known: Commands, files: Iterable[SettingsFile], others: AllCommands
) -> dict[str, dict[str, Setting]]:
    """Settings of a command, or of every command below it, by the name of the option's argument.

    Args:
        command: the first word of the command.
        known: the commands that word stands for, by full name: one, or all below it.
        files: the stronger first.
        others: all commands there are; loaded only for a setting that no known command has.

    Raises:
        DataError: a file names what does not exist, or a value that cannot be; the message says where.
    """
    merged: dict[str, dict[str, Setting]] = {name: {} for name in known}
    for file in reversed(list(files)):
        _check_tables(file, others)
        for name, one in known.items():
            for table in _tables_for(name, file):
                for setting in _settings(name, one, table, file, others):
                    _put(merged[name], setting)
        if command in file.tables and command not in known:
            _check_group(command, known, file)
    return merged


def _read(path: Path, *, is_project: bool) -> SettingsFile:
    try:
        if not path.is_file():
            raise DataError(f"{path} is not a file. Remove it, or run with --no-config.")
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path} is larger than {MAX_BYTES:,} bytes: no settings file. Or run with --no-config.")
        text = text_of(bytes_of(path))
        return SettingsFile(path=path, is_project=is_project, tables=toml_of(text), text=text)
    except ValueError as error:
        raise DataError(f"{path}: {error}. Correct it, or run with --no-config.") from error
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}. Or run with --no-config.") from error


def _check_tables(file: SettingsFile, others: AllCommands) -> None:
    """Refuse what stands outside tables, and tables of no command."""
    for name, table in file.tables.items():
        place = Place(file=file, table=(), key=name)
        if not isinstance(table, dict):
            raise place.error(f"stands in no table. Put it under [{DEFAULTS}] or under [estimate] ...")
        if name not in (DEFAULTS, DEVICES) and name not in others.words:
            raise place.error(f"is no command.{hint(name, [DEFAULTS, *others.words])} See: planner --help.")


def _check_group(command: str, known: Commands, file: SettingsFile) -> None:
    """Refuse values right under a group of commands, and names that are none of them."""
    words = [full.partition(" ")[2] for full in known]
    for name, table in file.tables[command].items():
        if name not in words or not isinstance(table, dict):
            place = Place(file=file, table=(command,), key=name)
            raise place.error(f"is no command of {command}.{hint(name, words)} See: planner {command} --help.")


def _tables_for(command: str, file: SettingsFile) -> Iterator[tuple[str, ...]]:
    """The tables that speak of a command, the weaker first."""
    is_closed = file.is_project and command not in PROJECT_COMMANDS
    if DEFAULTS in file.tables and not is_closed:
        yield (DEFAULTS,)
    names = tuple(command.split(" "))
    table: Any = file.tables
    for word in names:
        table = table.get(word, {}) if isinstance(table, dict) else {}
    if table and isinstance(table, dict):
        if is_closed:
            raise Place(file=file, table=names, key=next(iter(table))).error(only_user(f"planner {command}"))
        yield names


def _settings(
    command: str, one: click.Command, table: tuple[str, ...], file: SettingsFile, others: AllCommands
) -> Iterator[Setting]:
    """The settings of one table for one command."""
    keys: Any = file.tables
    for word in table:
        keys = keys[word]
    if keys.get("quiet") is True and keys.get("verbose") is True:
        raise Place(file=file, table=table, key="quiet").error("and verbose exclude each other: leave one out.")
    options = _options(one)
    for key, value in keys.items():
        place = Place(file=file, table=table, key=key)
        name = key.replace("-", "_")
        if name in ALWAYS_TYPED:
            raise place.error("may not be a default: it is typed each time.")
        if name in options:
            param = options[name]
            yield Setting(command=command, param=param, value=checked(one, param, value, place), file=file)
        elif table != (DEFAULTS,):
            raise place.error(f"is no setting.{hint(name, options)} See: planner config.")
        else:
            _check_elsewhere(name, place, others)


def _check_elsewhere(name: str, place: Place, others: AllCommands) -> None:
    """Refuse a default that no command at all has."""
    words = {word for each in others.loaded().values() for word in _options(each)}
    if name not in words:
        raise place.error(f"is no setting.{hint(name, words)} See: planner config.")


def _options(command: click.Command) -> dict[str, click.Option]:
    """The options of a command by every name that a file may use."""
    return {
        text.removeprefix("--").replace("-", "_"): param
        for param in command.params
        if isinstance(param, click.Option)
        for text in param.opts
        if text.startswith("--")
    }


def _put(settings: dict[str, Setting], setting: Setting) -> None:
    name = str(setting.param.name)
    opposite = {"quiet": "verbose", "verbose": "quiet"}.get(name)
    if opposite and setting.value is True:
        settings.pop(opposite, None)
    settings[name] = setting
