"""Finds prices in a file, folder or archive saved elsewhere, for `planner refresh --from PATH`.

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
import tempfile
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path

from planner.errors import ProviderError, SnapshotError, UsageError
from planner.model.frozen import dataclass
from planner.prices.books import book_offers, retired_entries
from planner.prices.cloud_files import DATE_ADVICE, cloud_delivery, cloud_files, head, place
from planner.prices.delivery import Delivery, parse_pages
from planner.prices.gpuhunt import GPUHUNT_COLUMNS, gpuhunt_date, gpuhunt_delivery, gpuhunt_provider
from planner.prices.registry import parsed_prices, raw_pages
from planner.prices.skypilot import SKYPILOT_COLUMNS, newest_skypilot_files, skypilot_delivery, skypilot_provider
from planner.prices.snapshots import COLUMNS_BY_SCHEMA, read_snapshot


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
        found = [*_catalogues(root, data_dir, moment), *_cloud_files(root, scratch / "staged", moment)]
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
    # a book is two files, and a catalogue is named by its folder: what belongs to the file comes along
    home = folder / path.resolve().parent.name
    home.mkdir(parents=True)
    for part in {path, path.with_suffix(".csv"), path.with_suffix(".json"), path.with_name("version")}:
        if part.is_file():
            place(part.resolve(), home / part.name)
    return folder


def _own_books(root: Path) -> list[Found]:
    found = []
    for sidecar in sorted(root.rglob("*.json")):
        text = head(sidecar)
        if not any(schema in text for schema in COLUMNS_BY_SCHEMA) or not sidecar.with_suffix(".csv").is_file():
            continue
        try:
            provider = str(json.loads(sidecar.read_text(encoding="utf-8"))["provider"])
        except (ValueError, KeyError, TypeError) as error:
            raise SnapshotError(f"{sidecar} is not the sidecar of a book: {error!r}.") from error
        found.append(Found(provider=provider, order=sidecar.stem, load=partial(_own_book, sidecar, provider)))
    return found


def _own_book(sidecar: Path, provider: str) -> Delivery:
    path = sidecar.with_suffix(".csv")
    with tempfile.TemporaryDirectory() as folder:
        # a book is read where a book lies: in a folder with the name of its provider
        home = Path(folder) / provider
        home.mkdir()
        for part in (sidecar, path):
            shutil.copyfile(part, home / part.name)
        snapshot = read_snapshot(home / path.name)
        offers = book_offers(snapshot)
        retired = tuple(retired_entries(snapshot))
    return Delivery(
        provider=provider,
        observed_at=datetime.combine(snapshot.observed_on, time(tzinfo=UTC)),
        parsed=parsed_prices(offers, unpriced=snapshot.unpriced),
        sources=snapshot.sources,
        excludes=snapshot.excludes,
        retired=retired,
    )


def _raw_folders(root: Path) -> list[Found]:
    found = []
    for manifest in sorted(root.rglob("manifest.json")):
        pages = raw_pages(manifest.parent)
        provider = str(pages.manifest().get("provider"))
        found.append(Found(provider=provider, order=manifest.parent.name, load=partial(parse_pages, pages)))
    return found


def _catalogues(root: Path, data_dir: Path, moment: datetime | None) -> list[Found]:
    found = []
    tables = {path: _columns(path) for path in sorted(root.rglob("*.csv"))}
    for path in newest_skypilot_files(path for path, columns in tables.items() if columns >= SKYPILOT_COLUMNS):
        if moment is None:
            raise UsageError(
                "{path} is a SkyPilot catalogue. {advice}", argument="observed_on", path=str(path), advice=DATE_ADVICE
            )
        load = partial(skypilot_delivery, path, data_dir, moment)
        found.append(Found(provider=skypilot_provider(path), order=str(path), load=load))
    for path, columns in tables.items():
        if not columns >= GPUHUNT_COLUMNS:
            continue
        made = moment or gpuhunt_date(path)
        if made is None:
            raise UsageError(
                "{path} is a gpuhunt catalogue without its file `version`. {advice}",
                argument="observed_on",
                path=str(path),
                advice=DATE_ADVICE,
            )
        load = partial(gpuhunt_delivery, path, data_dir, made)
        found.append(Found(provider=gpuhunt_provider(path), order=str(path), load=load))
    return found


def _cloud_files(root: Path, staged: Path, moment: datetime | None) -> list[Found]:
    return [
        Found(
            provider=provider,
            order="",
            load=partial(cloud_delivery, provider, paths, root=root, staged=staged, observed_at=moment),
        )
        for provider, paths in cloud_files(root).items()
    ]


def _columns(path: Path) -> frozenset[str]:
    try:
        return frozenset(next(csv.reader(head(path).splitlines()), ()))
    except csv.Error:
        return frozenset()
