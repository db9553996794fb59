"""A folder of published price books for a web server, made by `planner prices publish`: books first, their index last.

The folder is laid out like a data folder and can be one. Publishing again writes only what changed, and never goes back:
a book of the folder that is newer than the one here stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from planner.errors import ProviderError
from planner.model.frozen import dataclass
from planner.outside.files import bytes_of
from planner.paths import is_provider_name
from planner.prices.books import book_paths, previous_book
from planner.prices.checksums import sha256_of
from planner.prices.published import PublishedBook, PublishedIndex, index_bytes, read_index
from planner.prices.snapshots import MOST_BYTES, Snapshot, write_durably

INDEX_NAME = "latest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What is published now; `new` names the providers whose book came or changed, `problems` what was passed over."""

    index: PublishedIndex
    path: Path
    new: frozenset[str]
    notes: tuple[str, ...]
    problems: tuple[str, ...]


def publish(data_dir: Path, folder: Path, *, now: datetime) -> Publication:
    """Make `folder` hold the newest whole book of every provider, shipped or the user's own, and their index.

    Raises:
        OutputError: the folder cannot be written; the index it had stays.
        ProviderError: there is no book at all.
    """
    path = folder / INDEX_NAME
    notes: list[str] = []
    before = _index_before(path, notes, now)
    known = {book.provider: book for book in before.books} if before else {}
    problems: list[str] = []
    books = {book.provider: book for book in _published(data_dir, folder, known, notes, problems)}
    # a provider that is not known here at all stays published
    books = {**{name: book for name, book in known.items() if name not in books and _is_there(folder, book)}, **books}
    if not books:
        raise ProviderError(f"There is no price book to publish. {' '.join(problems)}")
    listed = tuple(books[name] for name in sorted(books))
    if before is not None and before.books == listed:
        index = replace(before, refused=())
    else:
        # later than the one before also where a clock was set back: readers take no older one
        after = before.published_at + timedelta(seconds=1) if before else now
        index = PublishedIndex(published_at=max(now.replace(microsecond=0), after), books=listed)
    _write(path, index_bytes(index))
    new = frozenset(book.provider for book in listed if known.get(book.provider) != book)
    return Publication(index=index, path=path, new=new, notes=tuple(notes), problems=tuple(problems))


def _published(
    data_dir: Path, folder: Path, known: dict[str, PublishedBook], notes: list[str], problems: list[str]
) -> Iterator[PublishedBook]:
    """The books of the new index, each written by the time it is given."""
    for provider in sorted({path.parent.name for path in book_paths(data_dir)}):
        if not is_provider_name(provider):
            problems.append(f"{provider!r} is not published: such a name is refused by those who pull.")
            continue
        found = previous_book(data_dir, provider, "9999", problems)
        if found is not None and found[0].rows != len(found[1]):
            problems.append(f"{found[0].path} has {len(found[1]):,} rows where its sidecar says {found[0].rows:,}.")
            found = None
        there = known.get(provider)
        if there is not None and _is_there(folder, there) and (found is None or Path(there.file).stem > found[0].stem):
            notes.append(f"{provider}: {there.file} is newer than the book here: kept")
            yield there
        elif found is not None:
            yield _placed(found[0], folder)


def _placed(snapshot: Snapshot, folder: Path) -> PublishedBook:
    """Write a book and its sidecar into the folder, unless they are there."""
    body, sidecar = (bytes_of(path, MOST_BYTES) for path in (snapshot.path, snapshot.path.with_suffix(".json")))
    file = f"prices/{snapshot.provider}/{snapshot.path.name}"
    _write(folder / file, body)
    _write((folder / file).with_suffix(".json"), sidecar)
    return PublishedBook(
        provider=snapshot.provider,
        day=snapshot.observed_on,
        file=file,
        rows=snapshot.rows,
        sha256=sha256_of(body),
        sidecar_sha256=sha256_of(sidecar),
    )


def _index_before(path: Path, notes: list[str], now: datetime) -> PublishedIndex | None:
    try:
        return read_index(bytes_of(path, MOST_BYTES), str(path), now=now)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, ProviderError) as error:
        notes.append(f"The index before is passed over: {error}")
        return None


def _is_there(folder: Path, book: PublishedBook) -> bool:
    try:
        return sha256_of(bytes_of(folder / book.file, MOST_BYTES)) == book.sha256
    except (OSError, ValueError):
        return False


def _write(path: Path, body: bytes) -> None:
    if not path.is_file() or path.stat().st_size != len(body) or path.read_bytes() != body:
        write_durably(path, body)
