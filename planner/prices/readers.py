"""Finds prices in a file, folder or archive saved elsewhere, for `planner refresh --from PATH`.

Looked for in this order; the first kind that is there is read, so that a whole data folder of another machine gives
its checked books and not their raw pages once more:

1. books of this project (`<provider>/<stem>.csv` with its sidecar),
2. raw pages saved by `planner refresh` (a folder with `manifest.json`),
3. replies and files of the clouds themselves, and catalogues made by SkyPilot or gpuhunt.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

from planner.errors import ProviderError, UsageError
from planner.model.frozen import dataclass
from planner.model.records import Offer
from planner.outside.documents import json_of
from planner.outside.files import bytes_of, opened
from planner.paths import is_provider_name
from planner.prices.books import book_offers, retired_entries
from planner.prices.changes import place_key
from planner.prices.checks import held_back
from planner.prices.cloud_files import DATE_ADVICE, cloud_delivery, cloud_files, head, place
from planner.prices.delivery import Delivery, Reach, parse_pages
from planner.prices.foreign import Terms
from planner.prices.gpuhunt import GPUHUNT_COLUMNS, gpuhunt_date, gpuhunt_delivery, gpuhunt_provider
from planner.prices.registry import parsed_prices, raw_pages
from planner.prices.set_aside import set_aside_problem
from planner.prices.skypilot import SKYPILOT_COLUMNS, newest_skypilot_files, skypilot_delivery, skypilot_provider
from planner.prices.snapshots import COLUMNS_BY_SCHEMA, MOST_BYTES, Snapshot, read_snapshot
from planner.prices.unpacking import check_is_file, unpack
from planner.prices.variants import Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Prices of one provider found in a path; `load` reads and parses them."""

    provider: str
    order: str  # sorts several of one provider by age
    load: Callable[[], Delivery]


def find_deliveries(path: Path, *, scratch: Path, data_dir: Path, observed_on: date | None, said: Said) -> list[Found]:
    """Everything readable in `path`, sorted by provider and age.

    Args:
        path: a file, a folder, or a zip or tar archive (also compressed).
        scratch: an empty folder for what must be unpacked or put in order.
        data_dir: the books here, which tell the GPUs of instance types.
        observed_on: the day the prices held, for files that do not say it.
        said: what a person says of GPUs that catalogues leave open.

    Raises:
        UsageError: there is nothing at `path`, or a file needs a date and none was given.
        ProviderError: nothing in it is a price file that this version reads.
    """
    root = _unpacked(path, scratch / "unpacked")
    moment = datetime.combine(observed_on, time(tzinfo=UTC)) if observed_on else None
    kinds = partial(_found, staged=scratch / "staged", data_dir=data_dir, moment=moment, said=said)
    found = kinds(root) or kinds(_nested(root, scratch / "nested"))
    if not found:
        raise ProviderError(
            f"{path} holds no prices that this version reads. Readable: books and raw pages of this tool, AWS bulk offer "
            "files, Azure retail pages, GCP SKU pages, SkyPilot catalogue folders, gpuhunt catalogues."
        )
    return sorted(map(_by_a_name, found), key=lambda each: (each.provider, each.order))


def _by_a_name(found: Found) -> Found:
    """What was found; of a provider whose name cannot be one, refused when it is loaded, so that the others are read."""
    return found if is_provider_name(found.provider) else replace(found, load=partial(_refused_name, found.provider))


def _refused_name(provider: str) -> Delivery:
    raise ProviderError(
        f"{provider[:80]!r} is no name of a provider: 1 to 40 small letters, digits and dashes are. "
        "It is what the file, its folder or its sidecar says; correct it there."
    )


def _found(root: Path, *, staged: Path, data_dir: Path, moment: datetime | None, said: Said) -> list[Found]:
    own = _own_books(root, staged) or _raw_folders(root)
    return own or [*_catalogues(root, data_dir, moment, said), *_cloud_files(root, staged, moment)]


def _unpacked(path: Path, folder: Path) -> Path:
    if not path.exists():
        raise UsageError(f"There is nothing at {str(path)!r}. Give a file, a folder or an archive.")
    if path.is_dir():
        return path
    check_is_file(path)
    # a book is two files, and a catalogue is named or dated by its folder: what belongs to the file comes along
    home = folder / path.resolve().parent.name
    home.mkdir(parents=True)
    if not unpack(path, home):
        for part in {path, path.with_suffix(".csv"), path.with_suffix(".json")}:
            if part.is_file():
                place(part.resolve(), home / part.name)
    _place_version(path.resolve().parent, home)
    return folder


def _nested(root: Path, folder: Path) -> Path:
    """A folder with what the archives below `root` hold, each unpacked where it lies there."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(root.rglob("*")):
        home = folder / path.relative_to(root).parent
        if path.is_file() and unpack(path, home):
            _place_version(path.parent, home)
    return folder


def _place_version(origin: Path, home: Path) -> None:
    """Keep the file that dates what was unpacked, which may lie beside the archive or one folder above it."""
    for version in (origin / "version", origin.parent / "version"):
        if version.is_file() and not (home / "version").exists():
            place(version, home / "version")


def _own_books(root: Path, staged: Path) -> list[Found]:
    found: dict[tuple[str, str], Path] = {}
    for sidecar in sorted(root.rglob("*.json")):
        text = head(sidecar)
        if not any(schema in text for schema in COLUMNS_BY_SCHEMA) or not sidecar.with_suffix(".csv").is_file():
            continue
        try:
            provider = str(json_of(bytes_of(sidecar, MOST_BYTES))["provider"])
        except (OSError, ValueError, KeyError, TypeError):
            provider = sidecar.parent.name  # refused when it is loaded, so that the others are read
        found[provider, sidecar.stem] = sidecar
    earlier: dict[str, Path] = {}
    books = []
    for (provider, stem), sidecar in sorted(found.items()):
        load = partial(_own_book, sidecar, provider, before=earlier.get(provider), staged=staged)
        books.append(Found(provider=provider, order=stem, load=load))
        earlier[provider] = sidecar
    return books


def _own_book(sidecar: Path, provider: str, *, before: Path | None, staged: Path) -> Delivery:
    """The offers of a book; gone is what the book before, of the same machine, still had."""
    snapshot, offers, retired = _book(sidecar, provider, staged)
    gone = frozenset(map(place_key, _book(before, provider, staged)[1] if before else ())) - {*map(place_key, offers)}
    refused = {offer: set_aside_problem(offer, snapshot.observed_on) for offer in offers}
    return Delivery(
        provider=provider,
        observed_at=datetime.combine(snapshot.observed_on, time(tzinfo=UTC)),
        parsed=parsed_prices(
            (offer for offer in offers if refused[offer] is None),
            unpriced=snapshot.unpriced,
            held_back=(held_back(offer, reason) for offer, reason in refused.items() if reason is not None),
        ),
        reach=Reach.LISTED_ONLY,
        gone=gone,
        sources=snapshot.sources,
        excludes=snapshot.excludes,
        retired=retired,
    )


def _book(sidecar: Path, provider: str, staged: Path) -> tuple[Snapshot, tuple[Offer, ...], tuple[dict[str, Any], ...]]:
    path = sidecar.with_suffix(".csv")
    staged.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=staged) as folder:
        # a book is read where a book lies: in a folder with the name of its provider
        home = Path(folder) / provider
        home.mkdir()
        for part in (sidecar, path):
            with opened(part, MOST_BYTES) as source, (home / part.name).open("wb") as target:
                shutil.copyfileobj(source, target)
        snapshot = read_snapshot(home / path.name)
        return snapshot, book_offers(snapshot), tuple(retired_entries(snapshot))


def _raw_folders(root: Path) -> list[Found]:
    found = []
    for manifest in sorted(root.rglob("manifest.json")):
        pages = raw_pages(manifest.parent)
        try:
            provider = str(pages.manifest().get("provider"))
        except ProviderError:
            provider = manifest.parent.parent.name  # told when it is loaded, so that the others are read
        found.append(Found(provider=provider, order=manifest.parent.name, load=partial(parse_pages, pages)))
    return found


def _catalogues(root: Path, data_dir: Path, moment: datetime | None, said: Said) -> list[Found]:
    found = []
    tables = {path: _columns(path) for path in sorted(root.rglob("*.csv"))}
    for path in newest_skypilot_files(path for path, columns in tables.items() if columns >= SKYPILOT_COLUMNS):
        if moment is None:
            raise UsageError(
                "{path} is a SkyPilot catalogue. {advice}", argument="observed_on", path=str(path), advice=DATE_ADVICE
            )
        terms = Terms(data_dir=data_dir, observed_at=moment, said=said)
        load = partial(skypilot_delivery, path, terms)
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
        terms = Terms(data_dir=data_dir, observed_at=made, said=said)
        load = partial(gpuhunt_delivery, path, terms)
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
