"""Finds and removes old price books and raw pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from pathlib import Path

from planner.errors import OutputError, UsageError
from planner.model.frozen import dataclass
from planner.prices.delivery import complete_fetches
from planner.prices.index import index_beside
from planner.prices.lock import refresh_lock
from planner.prices.quarantine import held_back_path
from planner.prices.snapshots import interrupted_writes, list_snapshots


@dataclass(frozen=True, slots=True, kw_only=True)
class Prunable:
    """Something that can be removed: a book with its other files, or a folder of raw pages."""

    provider: str
    name: str
    why: str
    paths: tuple[Path, ...]  # in the order of removal
    size_bytes: int


def prunable(
    data_dir: Path, *, keep: int | None, before: date | None, providers: tuple[str, ...] = ()
) -> list[Prunable]:
    """Books and raw pages in the user's folder that can be removed; never shipped books or a provider's newest.

    Args:
        data_dir: the user's folder.
        keep: keep the newest so many books of each provider.
        before: books older than that day go; with `keep`, only those that both let go.
        providers: only these; empty for all.

    Raises:
        UsageError: neither rule is given, or `keep` is below 1.
    """
    if keep is None and before is None:
        raise UsageError(
            "Say what can go: {keep} N books of each provider, or {older_than_days} DAYS, or both.", argument="keep"
        )
    if keep is not None and keep < 1:
        raise UsageError(
            "{keep} must be at least 1, not {given}: the newest book of a provider always stays.",
            argument="keep",
            given=keep,
        )
    found = [
        *_old_books(data_dir, keep or 1, before),
        *(_prunable(path, "interrupted write", (path,)) for path in interrupted_writes(data_dir)),
        *(
            _prunable(pages, "raw pages of an earlier refresh", (pages,))
            for folder in sorted((data_dir / "raw").glob("*"))
            for pages in complete_fetches(folder)[:-1]
        ),
    ]
    return [thing for thing in found if not providers or thing.provider in providers]


def prune(data_dir: Path, things: list[Prunable]) -> None:
    """Remove them, while no refresh is running.

    Raises:
        ProviderError: a refresh is running.
        OutputError: something cannot be removed.
    """
    with refresh_lock(data_dir):
        for thing in things:
            for path in thing.paths:
                try:
                    if path.is_dir():
                        shutil.rmtree(path)
                    else:
                        path.unlink(missing_ok=True)
                except OSError as error:
                    raise OutputError(f"Cannot remove {path}: {error.strerror}.") from error


def _old_books(data_dir: Path, keep: int, before: date | None) -> Iterator[Prunable]:
    for _, books in groupby(list_snapshots(data_dir), key=lambda path: path.parent):
        for path in list(books)[:-keep]:
            if before is None or path.stem < before.isoformat():
                # the sidecar goes first: a book half removed must not count as one
                parts = (path.with_suffix(".json"), path, held_back_path(path), index_beside(path))
                yield _prunable(path, "old book", parts)


def _prunable(path: Path, why: str, paths: tuple[Path, ...]) -> Prunable:
    there = tuple(part for part in paths if part.exists())
    files = [file for part in there for file in (part.rglob("*") if part.is_dir() else [part]) if file.is_file()]
    return Prunable(
        provider=path.parent.name,
        name=path.name if path.is_dir() else path.stem,
        why=why,
        paths=there,
        size_bytes=sum(file.stat().st_size for file in files),
    )
