"""What `planner refresh --from PATH` finds: prices saved elsewhere, in a file, a folder or an archive.

Looked for in this order; the first kind that is there is read, so that a whole data folder of another machine gives
its checked books and not their raw pages once more:

1. books of this project (`<provider>/<stem>.csv` with its sidecar),
2. raw pages saved by `planner refresh` (a folder with `manifest.json`),
3. replies and files of the clouds themselves, and catalogues made by SkyPilot or gpuhunt.
"""

from __future__ import annotations

import csv
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from planner.errors import ProviderError, SnapshotError, UsageError
from planner.prices.books import book_offers
from planner.prices.cloud_files import CloudFiles
from planner.prices.delivery import Delivery, parse_pages
from planner.prices.gpuhunt import GPUHUNT_COLUMNS, gpuhunt_date, gpuhunt_delivery, gpuhunt_provider
from planner.prices.registry import raw_pages
from planner.prices.skypilot import SKYPILOT_COLUMNS, newest_skypilot_files, skypilot_delivery
from planner.prices.snapshots import SCHEMA, read_snapshot

DATE_ADVICE = "These files do not say when their prices held; say it with --observed-on YYYY-MM-DD."


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Prices of one provider found in a path; `load` reads and parses them."""

    provider: str
    order: str  # sorts several of one provider by age
    load: Callable[[], Delivery]


def find_deliveries(path: Path, *, scratch: Path, data_dir: Path, observed_on: date | None) -> list[Found]:
    """Everything readable in `path`, sorted by provider and age.

    Args:
        path: a file, a folder, or a zip or tar archive (also compressed).
        scratch: an empty folder for what must be unpacked or put in order.
        data_dir: the books here, which tell the GPUs of instance types.
        observed_on: the day the prices held, for files that do not say it.

    Raises:
        UsageError: there is nothing at `path`, or a file needs a date and none was given.
        ProviderError: nothing in it is a price file that this version reads.
    """
    root = _unpacked(path, scratch / "unpacked")
    found = _own_books(root) or _raw_folders(root)
    if not found:
        moment = datetime.combine(observed_on, time(tzinfo=UTC)) if observed_on else None
        found = [*_catalogues(root, data_dir, moment), *CloudFiles(root, scratch / "staged", moment).found()]
    if not found:
        raise ProviderError(
            f"{path} holds no prices that this version reads. Readable: books and raw pages of this tool, AWS bulk offer "
            "files, Azure retail pages, GCP SKU pages, SkyPilot catalogue folders, gpuhunt catalogues."
        )
    return sorted(found, key=lambda each: (each.provider, each.order))


def _unpacked(path: Path, folder: Path) -> Path:
    if not path.exists():
        raise UsageError(f"There is nothing at {str(path)!r}. Give a file, a folder or an archive.")
    if path.is_dir():
        return path
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder)  # noqa: S202 - zipfile strips roots and ".." from names
            return folder
        if tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
            return folder
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError) as error:
        raise ProviderError(f"{path} cannot be unpacked: {error}.") from error
    folder.mkdir(parents=True)
    # a single file of a book is no book: its other half must come along
    for part in {path, path.with_suffix(".csv"), path.with_suffix(".json")}:
        if part.is_file():
            shutil.copyfile(part, folder / part.name)
    return folder


def _own_books(root: Path) -> list[Found]:
    found = []
    for sidecar in sorted(root.rglob("*.json")):
        content = _json_start(sidecar)
        if SCHEMA not in content or not sidecar.with_suffix(".csv").is_file():
            continue
        try:
            provider = str(json.loads(sidecar.read_text(encoding="utf-8"))["provider"])
        except (ValueError, KeyError, TypeError) as error:
            raise SnapshotError(f"{sidecar} is not a sidecar of a book: {error!r}.") from error
        found.append(Found(provider=provider, order=sidecar.stem, load=lambda path=sidecar: _own_book(path)))  # type: ignore[misc]
    return found


def _own_book(sidecar: Path) -> Delivery:
    from providers_base import ParsedPrices
