"""The price books that count: the newest snapshot of each provider, shipped or the user's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path

from planner.errors import NothingLeftError, SnapshotError, UsageError
from planner.paths import default_user_data_dir, shipped_data_dir
from planner.prices.snapshots import Snapshot, list_snapshots, read_snapshot


def current_snapshots(data_dir: Path | None = None, *, as_of: date | None = None) -> list[Snapshot]:
    """The newest snapshot of each provider, shipped or the user's own, sorted by provider.

    One whose sidecar cannot be read has `damage`.

    Args:
        data_dir: the user's folder; `None` is the platform's default, which need not exist.
        as_of: only snapshots of that day or before.

    Raises:
        UsageError: `data_dir` is given and is not a folder.
        NothingLeftError: no snapshot is that old.
    """
    newest: dict[str, Path] = {}
    for path in [*list_snapshots(shipped_data_dir()), *user_snapshots(data_dir)]:
        if as_of is not None and path.stem[:10] > as_of.isoformat():
            continue
        known = newest.get(path.parent.name)
        # the user's own come later in the list and win over a shipped one of the same day
        if known is None or path.stem >= known.stem:
            newest[path.parent.name] = path
    if not newest:
        raise NothingLeftError(f"There is no price snapshot of {as_of} or before. See: planner providers")
    return [_unchanged_snapshot(path, *_state(path)) for _, path in sorted(newest.items())]


@lru_cache(maxsize=64)
def _unchanged_snapshot(path: Path, *_: tuple[int, int] | None) -> Snapshot:
    try:
        return read_snapshot(path)
    except SnapshotError as error:
        return Snapshot(
            provider=path.parent.name,
            stem=path.stem,
            path=path,
            columns=(),
            rows=0,
            sha256="",
            sources=(),
            unpriced=(),
            excludes=(),
            retired={},
            damage=str(error),
        )


def _state(path: Path) -> Iterator[tuple[int, int] | None]:
    """Size and time of change of both files of a snapshot: what is asked again before an answer is used again."""
    for file in (path, path.with_suffix(".json")):
        try:
            status = file.stat()
        except OSError:
            yield None  # who reads the file says what is wrong with it
        else:
            yield status.st_size, status.st_mtime_ns


def user_snapshots(data_dir: Path | None) -> list[Path]:
    """Snapshots in the user's folder; none if the default folder does not exist.

    Raises:
        UsageError: a folder was given and is not one.
    """
    folder = default_user_data_dir() if data_dir is None else data_dir
    if data_dir is not None and not folder.is_dir():
        raise UsageError(
            "The data directory {folder!r} is not a folder. Make it, or leave out {data_dir}.",
            argument="data_dir",
            folder=str(folder),
        )
    return list_snapshots(folder)
