"""One price snapshot on disk: a CSV of offers and a JSON sidecar that vouches for it.

`<folder>/prices/<provider>/<stem>.csv` holds the rows, `<stem>.json` beside it says what they are. The stem is the day
(`2026-06-15`), or the day and time for a further snapshot of one day (`2026-06-15T101500`), so that names sort by age.
The sidecar is written last: a CSV without one is an interrupted write and does not count. Snapshots never change.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from planner.errors import OutputError, SnapshotError
from planner.model.frozen import dataclass
from planner.model.records import Offer, Unpriced
from planner.outside.documents import json_of
from planner.outside.files import bytes_of, opened
from planner.paths import contained, new_beside
from planner.prices.checksums import sha256_of, sha256_of_file
from planner.prices.possible import count_text, figure_text, late_problem, offer_problem
from planner.prices.sidecars import entries_of

SCHEMA = "planner.snapshot/1"
LEVELS_SCHEMA = "planner.snapshot/2"
"""The schema of books that hold levels of a marketplace, in three more columns; all other books stay as they were."""
COLUMNS = (
    "gpu",
    "gpu_count",
    "instance_type",
    "region",
    "zone",
    "purchase",
    "usd_per_hour",
    "vcpus",
    "memory_gib",
    "network_gbps",
    "observed_on",
    "source",
)
LEVEL_COLUMNS = ("usd_per_hour_cheapest", "offers_count", "reliability")
MOST_BYTES = 256 * 1024**2
"""Of a book, of its sidecar or its index; the largest have some 8 MB."""
COLUMNS_BY_SCHEMA = {SCHEMA: COLUMNS, LEVELS_SCHEMA: (*COLUMNS, *LEVEL_COLUMNS)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """The content of a sidecar: a snapshot's provider, time, sources and checksum; compared by identity.

    `columns` are those of its rows. `excludes` lists parts of the bill that the prices of some instance types leave out, as
    {"instance_types": glob, "what": text, ...}, of older rows only if an entry says "observed_before", of rows whose source
    matches if it says "source"; `retired` names instance types that are still listed but can no longer be rented, with the
    day of their end; `doubted` names rows that a refresh took though the shipped books speak against their price. `damage`
    says why nothing of the book can be used, not even its sidecar.
    """

    provider: str
    stem: str
    path: Path
    columns: tuple[str, ...]
    rows: int
    sha256: str
    sources: tuple[dict[str, Any], ...]
    unpriced: tuple[Unpriced, ...]
    excludes: tuple[dict[str, Any], ...]
    retired: dict[str, date]
    doubted: tuple[dict[str, Any], ...] = ()
    damage: str | None = None

    @property
    def observed_on(self) -> date:
        """The day of the snapshot."""
        return date.fromisoformat(self.stem[:10])


def list_snapshots(data_dir: Path) -> list[Path]:
    """Paths of all complete snapshots (their CSV files) under `data_dir`, sorted by provider and age.

    Raises:
        SnapshotError: the folder cannot be read.
    """
    try:
        return sorted(
            sidecar.with_suffix(".csv")
            for provider in _folders(data_dir / "prices")
            for sidecar in provider.iterdir()
            if sidecar.suffix == ".json"
        )
    except OSError as error:
        raise SnapshotError(f"Cannot read the snapshots under {data_dir}: {error.strerror}.") from error


def interrupted_writes(data_dir: Path) -> list[Path]:
    """CSV files under `data_dir` that have no sidecar: left behind by an interrupted refresh, never read."""
    return sorted(
        path
        for provider in _folders(data_dir / "prices")
        for path in provider.glob("[0-9]*.csv")
        if _is_stem(path.stem) and not path.with_suffix(".json").exists()
    )


def read_snapshot(path: Path) -> Snapshot:
    """Reads the sidecar of the snapshot at `path` (its CSV), not the rows.

    Raises:
        SnapshotError: the sidecar is not one, is of a newer schema, or belongs to another file.
    """
    sidecar = path.with_suffix(".json")
    try:
        content = json_of(bytes_of(sidecar, MOST_BYTES))
    except OSError as error:
        raise SnapshotError(f"Cannot read {sidecar}: {error.strerror}.") from error
    except ValueError as error:
        raise SnapshotError(f"{sidecar} is not valid JSON ({error}). {_REMEDY}") from error
    schema = content.get("schema") if isinstance(content, dict) else None
    if not isinstance(schema, str) or schema not in COLUMNS_BY_SCHEMA:
        newer = isinstance(schema, str) and schema.startswith("planner.snapshot/")
        advice = "It was written by a newer version: upgrade gpu-cost-planner." if newer else _REMEDY
        known = " and ".join(map(repr, COLUMNS_BY_SCHEMA))
        raise SnapshotError(f"{sidecar} has schema {schema!r}; this version reads {known}. {advice}")
    try:
        snapshot = Snapshot(
            provider=content["provider"],
            stem=path.stem,
            path=path,
            columns=COLUMNS_BY_SCHEMA[schema],
            rows=_count(content["rows"]),
            sha256=content["sha256"],
            sources=tuple(entries_of({"sources": content["sources"]}, "sources")),
            unpriced=tuple(Unpriced(**entry) for entry in entries_of(content, "unpriced")),
            excludes=tuple(entries_of(content, "excludes")),
            retired={
                entry["instance_type"]: date.fromisoformat(entry["retired_on"])
                for entry in entries_of(content, "retired")
            },
            doubted=tuple(entries_of(content, "doubted")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(f"{sidecar} lacks or spoils a field: {error!r}. {_REMEDY}") from error
    if snapshot.provider != path.parent.name or not _is_stem(path.stem):
        raise SnapshotError(f"{sidecar} is named or placed wrongly for provider {snapshot.provider!r}. {_REMEDY}")
    return snapshot


def read_rows(snapshot: Snapshot) -> Iterator[list[str]]:
    """The rows of a snapshot as text in the order of its columns, after its checksum has been verified.

    Raises:
        SnapshotError: the file was altered, is incomplete, or has other columns.
    """
    with _readable(snapshot), opened(snapshot.path, MOST_BYTES) as file:
        body = file.read()
    _check_sum(snapshot, sha256_of(body))
    with _readable(snapshot):
        rows = csv.reader(io.StringIO(body.decode("utf-8"), newline=""))
        _check_columns(snapshot, next(rows, ()))

    def each() -> Iterator[list[str]]:
        with _readable(snapshot):
            yield from rows

    return each()


def verify_sum(snapshot: Snapshot) -> None:
    """Refuse a snapshot whose rows are not what its sidecar vouches for, without reading them as rows.

    Raises:
        SnapshotError: the file was altered or cannot be read.
    """
    with _readable(snapshot), opened(snapshot.path, MOST_BYTES) as file:
        _check_sum(snapshot, sha256_of_file(file))


def located_rows(snapshot: Snapshot) -> Iterator[tuple[int, list[str]]]:
    """The verified rows of a snapshot, each with its byte offset, one at a time; `row_at` reads one again.

    Raises:
        SnapshotError: as for `read_rows`, when the first row is asked for.
    """
    with _readable(snapshot), opened(snapshot.path, MOST_BYTES) as file:
        _check_sum(snapshot, sha256_of_file(file))
        file.seek(0)
        end = 0

        def lines() -> Iterator[str]:
            nonlocal end
            for line in file:
                end += len(line)
                yield line.decode("utf-8")

        rows = csv.reader(lines())
        _check_columns(snapshot, next(rows, ()))
        start = end
        for row in rows:
            yield start, row
            start = end


def row_at(file: BinaryIO, start: int) -> list[str]:
    """The row at that byte offset of a snapshot's CSV; empty behind its end."""
    file.seek(start)
    return next(csv.reader(line.decode("utf-8") for line in file), [])


def write_snapshot(
    data_dir: Path,
    *,
    provider: str,
    stem: str,
    offers: Iterable[Offer],
    sources: Sequence[dict[str, Any]],
    unpriced: Iterable[Unpriced] = (),
    excludes: Sequence[dict[str, Any]] = (),
    retired: Sequence[dict[str, Any]] = (),
    doubted: Sequence[dict[str, Any]] = (),
    made_by: str,
) -> Path:
    """Write a new snapshot, rows first and sidecar last, each by temporary file, fsync and rename.

    Returns:
        The path of the CSV.

    Raises:
        OutputError: the snapshot exists already, would not read back, or the disk refuses; nothing half written is left behind.
        ProviderError: the provider has a name that leads elsewhere.
    """
    path = contained(data_dir, f"prices/{provider}/{stem}.csv")
    if path.with_suffix(".json").exists():
        raise OutputError(f"{path} exists already; snapshots are never changed.")
    offers = list(offers)
    _check_possible(path, offers)
    body = csv_bytes(offers)
    _check_reads_back(path, offers, body)
    sidecar = {
        "schema": _schema(offers),
        "provider": provider,
        "observed_at": stem,
        "rows": len(offers),
        "sha256": sha256_of(body),
        "sources": list(sources),
        "unpriced": [
            {name: getattr(entry, name) for name in ("instance_type", "gpu", "gpu_count", "reason")}
            for entry in sorted(unpriced, key=lambda entry: (entry.instance_type, entry.reason))
        ],
        "excludes": list(excludes),
        "retired": list(retired),
        **({"doubted": list(doubted)} if doubted else {}),
        "made_by": made_by,
    }
    text = json.dumps(sidecar, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"
    write_durably(path, body)
    # what UTF-8 has no form for, a lone surrogate, is escaped as JSON does it
    write_durably(path.with_suffix(".json"), text.encode(errors="backslashreplace"))
    return path


def csv_bytes(offers: Iterable[Offer]) -> bytes:
    """Offers as the bytes of a snapshot's CSV: sorted, `\\n` line ends, shortest exact numbers."""
    offers = sorted(offers, key=sort_key)
    columns = COLUMNS_BY_SCHEMA[_schema(offers)]
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(_row(offer)[: len(columns)] for offer in offers)
    return file.getvalue().encode()


def sort_key(offer: Offer) -> tuple[str, float, str, str, str, str]:
    """The order of rows in a snapshot; also the key that makes an offer unique within a provider."""
    count = float(count_text(offer.gpu_count))  # two that are written alike are one
    return (offer.gpu, count, offer.instance_type, offer.region, offer.zone or "", str(offer.purchase))


def write_durably(path: Path, body: bytes) -> None:
    """Write a file so that a reader sees all of it or nothing: temporary file, fsync, rename, fsync of the folder.

    Raises:
        OutputError: it cannot be written; the temporary file is gone again.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = new_beside(path)
        with temporary.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        raise OutputError(f"Cannot write {path}: {error.strerror}.") from error


_REMEDY = "Delete it, or restore it from a copy; the snapshots shipped with the package stay in use."


def _check_possible(path: Path, offers: Iterable[Offer]) -> None:
    for offer in offers:
        problem = offer_problem(offer) or late_problem(offer, date.fromisoformat(path.stem[:10]))
        if problem is not None:
            raise OutputError(f"{path} is not written: {offer.instance_type!r} in {offer.region!r}: {problem}.")


def _check_reads_back(path: Path, offers: Iterable[Offer], body: bytes) -> None:
    if len(body) > MOST_BYTES:
        raise OutputError(f"{path} is not written: it would have more than {MOST_BYTES:,} bytes.")
    rows = list(csv.reader(line.decode() for line in io.BytesIO(body)))
    width = len(rows[0])
    if rows[1:] != [list(_row(offer)[:width]) for offer in sorted(offers, key=sort_key)]:
        raise OutputError(f"{path} is not written: its rows would not read back as they are.")


def _check_sum(snapshot: Snapshot, sha256: str) -> None:
    if sha256 != snapshot.sha256:
        raise SnapshotError(
            f"{snapshot.path} is not what its sidecar vouches for (sha256 differs): altered or damaged. {_REMEDY}"
        )


@contextlib.contextmanager
def _readable(snapshot: Snapshot) -> Iterator[None]:
    try:
        yield
    except (UnicodeDecodeError, csv.Error) as error:
        raise SnapshotError(f"{snapshot.path} holds what is no CSV in UTF-8 ({error}). {_REMEDY}") from error
    except OSError as error:
        raise SnapshotError(f"Cannot read {snapshot.path}: {error.strerror}.") from error


def _check_columns(snapshot: Snapshot, names: Sequence[str]) -> None:
    if tuple(names) != snapshot.columns:
        raise SnapshotError(f"{snapshot.path}, line 1: the columns must be {','.join(snapshot.columns)}. {_REMEDY}")


def _folders(prices: Path) -> list[Path]:
    return [path for path in prices.iterdir() if path.is_dir()] if prices.is_dir() else []


def _count(found: object) -> int:
    if type(found) is not int or found < 0:
        raise ValueError(f"{str(found)[:20]!r} is no number of rows")
    return found


def _is_stem(stem: str) -> bool:
    try:
        date.fromisoformat(stem[:10])
    except ValueError:
        return False
    return len(stem) == 10 or (stem[10] == "T" and stem[11:].isdigit())


def _schema(offers: Iterable[Offer]) -> str:
    """The schema of a book of these offers: the second only if one of them is a level of a marketplace."""
    return LEVELS_SCHEMA if any(map(_is_level, offers)) else SCHEMA


def _is_level(offer: Offer) -> bool:
    return any(getattr(offer, name) is not None for name in LEVEL_COLUMNS)


def _row(offer: Offer) -> tuple[str, ...]:
    return (
        offer.gpu,
        count_text(offer.gpu_count),
        offer.instance_type,
        offer.region,
        offer.zone or "",
        str(offer.purchase),
        repr(offer.usd_per_hour),
        figure_text(offer.vcpus),
        figure_text(offer.memory_gib),
        figure_text(offer.network_gbps),
        offer.observed_on.isoformat(),
        offer.source,
        "" if offer.usd_per_hour_cheapest is None else repr(offer.usd_per_hour_cheapest),
        figure_text(offer.offers_count),
        "" if offer.reliability is None else repr(offer.reliability),
    )


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
