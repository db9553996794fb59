"""Finds the logs of a run, tells their format by content, and reads each as a stream."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from planner.errors import DataError, UsageError
from planner.logs.bar_lines import Bars, total_of
from planner.logs.configs import MOST_BYTES, facts_of, read_settings
from planner.logs.event_files import event_file_events, is_event_file
from planner.logs.json_files import json_events
from planner.logs.json_lines import is_json_lines, json_line_events
from planner.logs.mllog import mllog_events
from planner.logs.records import Event, Fact, Facts, Run
from planner.logs.tables import Columns, is_table, table_events
from planner.logs.tape import On, Tape
from planner.logs.text import CHUNK, chunks_of, encoding_of, lines_of, opened, pieces_in
from planner.logs.text_log import NOBODY, Tapes, TextLog
from planner.model.frozen import dataclass
from planner.outside.documents import json_of
from planner.outside.files import PackedError

MOST_FILES = 400
DEEPEST = 4
MOST_JSON_BYTES = 64_000_000
SETTINGS = (".yaml", ".yml", ".json")
SETTINGS_NAMES = frozenset(
    (
        "args.yaml",
        "opt.yaml",
        "hparams.yaml",
        "config.yaml",
        "training_args.yaml",
        "wandb-metadata.json",
        "config.json",
        "args.json",
    )
)
_JSON_START = re.compile(r'\s*(?:\{|\[\s*\{)\s*(?:"|$)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One file as it was read: runs by kind, what it states, and why it holds no run where it does not."""

    path: Path
    runs: tuple[Run, ...] = ()
    facts: Facts = Facts()
    extra: tuple[Fact, ...] = ()  # facts that have no field: doubts, columns, missing clocks
    reason: str = ""
    rank: int = 0

    @property
    def no_clock(self) -> str | None:
        """What the file has no clock for; `None` if that was not found."""
        return next((str(fact.value) for fact in self.extra if fact.name == "no_clock"), None)


def read_folder_or_file(path: Path, columns: Columns = Columns()) -> list[list[Log]]:  # noqa: B008 - frozen
    """The logs of each run folder below a path; those of a file alone are one folder's. Settings beside a log give it facts.

    Raises:
        UsageError: there is no such file or folder, or it is neither.
        DataError: a file needs a library that is not installed, and there is no other.
    """
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder.")
    if not (path.is_file() or path.is_dir()):
        raise UsageError(f"{path} is neither a file nor a folder. Save what it gives to a file first.")
    if path.is_file():
        log = read_file(path, columns)
        beside = [
            facts
            for other in sorted(path.parent.iterdir())
            if other.name in SETTINGS_NAMES and other != path and other.is_file() and (facts := _settings(other))
        ]
        return [] if log is None else [_with_facts([log], beside)]
    folders: dict[Path, list[Path]] = {}
    for file in _files(path):
        folders.setdefault(file.parent, []).append(file)
    shared = [facts for file in folders.get(path, []) if file.name in SETTINGS_NAMES and (facts := _settings(file))]
    missing: list[DataError] = []
    groups = [
        _read_folder(files, [] if folder == path else shared, columns, missing)
        for folder, files in sorted(folders.items())
    ]
    if not any(groups) and missing:
        raise missing[0]
    return [group for group in groups if group]


def _read_folder(
    files: Sequence[Path], shared: Sequence[Facts], columns: Columns, missing: list[DataError]
) -> list[Log]:
    """The logs of one folder; `missing` takes the errors of files that need a library."""
    logs: list[Log] = []
    settings = list(shared)
    for file in files:
        try:
            log = read_file(file, columns)
        except DataError as error:
            missing.append(error)
            continue
        if log is not None:
            logs.append(log)
        if file.suffix in SETTINGS and (facts := _settings(file)):
            settings.append(facts)
    return _with_facts(logs, settings)


def read_file(path: Path, columns: Columns = Columns()) -> Log | None:  # noqa: B008 - frozen
    """One file; `None` if it holds nothing that belongs to a run (settings, weights, pictures)."""
    try:
        return _read(path, columns)
    except PackedError as error:
        return Log(path=path, reason=f"{path.name}: {error}")


def _read(path: Path, columns: Columns) -> Log | None:
    with opened(path) as file:
        start = file.read(CHUNK)
    if is_event_file(start):
        return log_of(path, _played(path, event_file_events(path)))
    if path.suffix == ".wandb" or start[:4] == b":W&B":
        return Log(
            path=path,
            reason=f"{path.name} is Weights & Biases' own binary: export the history of the run as CSV, or give the folder `files` beside it",
        )
    if _is_binary(start):
        return None
    first_lines = [piece for piece, _ in zip(pieces_in([start]), range(60), strict=False)]
    if _is_json(path, first_lines):
        return _json_file(path)
    if path.suffix in (".yaml", ".yml"):
        return None
    is_mllog = b":::MLLOG" in start or any(":::MLLOG" in line for line in first_lines)
    return log_of(path, _text_or_rows(path, first_lines, columns, is_mllog=is_mllog))


def _text_or_rows(path: Path, first_lines: Sequence[str], columns: Columns, *, is_mllog: bool) -> list[Tape]:
    lines = lines_of(path)
    if is_mllog:
        return _played(path, mllog_events(lines))
    if is_json_lines(first_lines):
        return _played(path, json_line_events(lines, columns))
    if is_table(first_lines):
        return _played(path, table_events(lines, columns))
    log = TextLog(path.name)
    log.read_chunks(chunks_of(path))
    return log.tapes()


def _is_json(path: Path, first_lines: Sequence[str]) -> bool:
    """Whether a file is one document of JSON, and not an object a line."""
    if not first_lines or not _JSON_START.match(first_lines[0]):
        return False
    return not is_json_lines(first_lines) or (path.suffix == ".json" and len(first_lines) == 1)


def _played(path: Path, events: Iterable[Event | On]) -> list[Tape]:
    tapes = Tapes(path.name)
    for event in events:
        tapes.add(NOBODY, event)
    return tapes.all


def log_of(path: Path, tapes: list[Tape]) -> Log:
    """The log of the tapes of one file: the runs of the best kind, and the facts of all."""
    facts = [fact for tape in tapes for fact in tape.facts.values()]
    has_losses = any(fact.name == "has_losses" for fact in facts)
    found: list[tuple[tuple[float, ...], Tape, list[Run]]] = []
    doubtful = False
    for tape in tapes:
        if tape.kind.name == Bars.kind.name and not has_losses and tape.series.startswith("?"):
            doubtful = doubtful or tape.marks_seen > 0
            continue
        runs = tape.runs()
        if runs:
            worth = _worth(tape, runs)
            found.append((worth, tape, runs))
    if not found:
        if doubtful:
            return Log(
                path=path,
                extra=tuple(facts),
                facts=_facts(facts),
                reason="a bar with no step, epoch or loss: nothing says that it is training",
            )
        return Log(path=path, extra=tuple(facts), facts=_facts(facts))
    _, best, runs = min(found, key=lambda one: one[0])
    others = [fact for tape in tapes if tape.kind is NOBODY for fact in tape.facts.values()]
    ranks = len(best.ranks) if best.ranks == set(range(len(best.ranks))) and len(best.ranks) > 1 else None
    stated = _facts([*others, *best.facts.values()])
    if ranks and stated.gpu_count is None:
        stated = replace(stated, gpu_count=ranks)
    return Log(path=path, runs=tuple(runs), rank=best.kind.rank, facts=stated, extra=(*others, *best.facts.values()))


def _worth(tape: Tape, runs: list[Run]) -> tuple[float, ...]:
    """Order of kinds in one file: those with a history first, then by rank, a loss, and the number of steps."""
    most = max(len(run.intervals) for run in runs)
    has_history = most >= 3
    steps = max(run.steps for run in runs)
    if tape.kind.name == Bars.kind.name:
        steps = total_of(tape.series)
    return (not has_history, tape.kind.rank, "loss" not in tape.series.lower(), -steps if has_history else -most)


def _json_file(path: Path) -> Log | None:
    with opened(path) as file:
        raw = file.read(MOST_JSON_BYTES + 1)
    if len(raw) > MOST_JSON_BYTES:
        return Log(path=path, reason=f"{path.name} is JSON of more than {MOST_JSON_BYTES // 10**6} MB")
    try:
        content = json_of(raw.decode(encoding_of(raw), errors="replace"))
    except ValueError:
        return Log(
            path=path, reason=f"{path.name} is JSON that is cut or damaged: without its end no total can be trusted"
        )
    events = list(json_events(content))
    return log_of(path, _played(path, events)) if events else None


def _facts(stated: Iterable[Fact]) -> Facts:
    """The facts that have a field; the last word counts."""
    known = {field.name for field in fields(Facts)}
    said: dict[str, Any] = {fact.name: fact.value for fact in stated if fact.name in known}
    return Facts(**said)


def _with_facts(logs: list[Log], settings: Sequence[Facts]) -> list[Log]:
    """The logs, each with the facts of settings and of its neighbours where it states none itself."""
    everybody = [*settings, *(log.facts for log in logs)]
    done = []
    for log in logs:
        merged = log.facts
        for other in everybody:
            missing = {
                field.name: getattr(other, field.name) for field in fields(Facts) if getattr(merged, field.name) is None
            }
            merged = replace(merged, **missing)
        done.append(replace(log, facts=merged))
    return done


def _settings(path: Path) -> Facts | None:
    if path.stat().st_size > MOST_BYTES:
        return None
    try:
        with opened(path) as file:
            raw = file.read(MOST_BYTES)
    except PackedError:
        return None
    settings = read_settings(raw.decode(encoding_of(raw), errors="replace"), is_json=path.suffix == ".json")
    return None if settings is None else _facts(facts_of(settings))


def _files(folder: Path) -> Iterator[Path]:
    found = 0
    levels: Iterable[Path] = [folder]
    for _ in range(DEEPEST):
        below: list[Path] = []
        for place in levels:
            for one in sorted(place.iterdir()):
                if one.is_symlink() and one.is_dir():
                    continue
                if one.is_dir():
                    if not one.name.startswith((".", "__")) or one.name == ".hydra":
                        below.append(one)
                elif one.is_file() and one.stat().st_size and found < MOST_FILES:
                    found += 1
                    yield one
        levels = below


def _is_binary(start: bytes) -> bool:
    """Whether bytes are no text: many control characters, and not those of UTF-16."""
    if encoding_of(start) not in ("utf-8-sig",):
        return False
    sample = start[:4096]
    odd = sum(byte < 9 or 13 < byte < 27 or 28 <= byte < 32 for byte in sample) - sample.count(8)
    return len(sample) > 0 and odd > len(sample) * 0.1
