"""AWS's public offer files in CSV, hundreds of megabytes each, read as a stream: memory does not grow with the file."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from planner.errors import ProviderError
from planner.outside.files import opened
from providers.aws_rows import PriceRow
from providers.aws_types import may_have_gpu, shipped_instance_types
from providers.http import MAX_PAGE_BYTES

MOST_FILE_BYTES = 8 * 1024**3
"""Of a price file, unpacked; it is read line by line, and the largest has some 0.5 GB."""

_CHUNK_BYTES = 1024 * 1024
_LONGEST_ROW = 1024 * 1024
_MAX_HEADER_LINES = 50  # five lines of metadata come before the header today
_REQUIRED = {
    "SKU": "sku",
    "TermType": "term",
    "PriceDescription": "description",
    "Unit": "unit",
    "PricePerUnit": "usd",
    "Currency": "currency",
    "LeaseContractLength": "lease",
    "PurchaseOption": "payment",
    "Instance Type": "instance_type",
    "Tenancy": "tenancy",
    "Operating System": "operating_system",
    "CapacityStatus": "capacity_status",
    "Region Code": "region",
}
_OPTIONAL = {
    "OfferingClass": "offering_class",
    "GPU": "gpu",
    "Pre Installed S/W": "preinstalled_software",
    "MarketOption": "market_option",
}


def csv_rows(path: Path, source: str) -> Iterator[PriceRow]:
    """Rows of Linux instances that may have a GPU, from an offer file in CSV (gzip or not).

    Raises:
        ProviderError: the file is damaged, cut off, or lacks a column.
    """
    with reading(path) as file:
        columns: dict[str, int] = {}
        for line in gpu_lines(iter(lambda: file.read(_CHUNK_BYTES), b""), path.name):
            cells = _cells(line)
            if not columns:
                columns = _columns(cells)  # lines of metadata come before the header
            else:
                yield PriceRow(source=source, **{name: cells[place] for name, place in columns.items()})


def gpu_lines(chunks: Iterable[bytes], where: str) -> Iterator[bytes]:
    """The lines of an offer file in CSV that concern GPUs, as they are: metadata, header, Linux rows of GPU types.

    Raises:
        ProviderError: the file is damaged, cut off, or lacks a column.
    """
    columns: dict[str, int] = {}
    width = 0
    for count, line in enumerate(_lines(chunks, where), start=1):
        if not columns:
            yield line
            cells = _cells(line)
            columns, width = _columns(cells), len(cells)
            if columns:
                _check_columns(columns, where)
            elif count == _MAX_HEADER_LINES:
                raise ProviderError(f"{where} has no header line that begins with SKU: not an AWS offer file in CSV.")
        # most of the millions of rows end here, without being split into cells
        elif b'"Linux"' in line and b'"Shared"' in line:
            cells = _cells(line)
            if len(cells) != width:
                raise ProviderError(f"{where}, line {count}: {len(cells)} cells where the header has {width}.")
            gpu = cells[columns["gpu"]] if "gpu" in columns else ""
            if concerns_gpus(cells[columns["instance_type"]], gpu):
                yield line
    if not columns:
        raise ProviderError(f"{where} has no header line that begins with SKU: not an AWS offer file in CSV.")


def publication_date(path: Path) -> str | None:
    """When AWS published the file, as the text in its first lines; `None` if it does not say."""
    found = re.search(rb'"?[pP]ublication ?[dD]ate"?\s*[:,]\s*"([^"]{10,40})"', head(path))
    return found[1].decode("ascii", "replace") if found else None


def head(path: Path, size: int = 64 * 1024) -> bytes:
    """The first bytes of a file, unpacked.

    Raises:
        ProviderError: it is damaged gzip.
    """
    with reading(path) as file:
        return file.read(size)


@contextmanager
def reading(path: Path) -> Iterator[IO[bytes]]:
    """A file to read unpacked bytes from, gzipped or not; damage met while it is read is a `ProviderError`."""
    with opened(path, MOST_FILE_BYTES) as raw:
        is_packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        try:
            yield cast("IO[bytes]", _Unpacked(fileobj=raw)) if is_packed else raw
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ProviderError(f"{path.name} is damaged or cut off: {error}.") from error


class _Unpacked(gzip.GzipFile):
    """A gzipped price file, which is none if it unpacks to more than any."""

    def read(self, size: int | None = -1) -> bytes:
        """So many unpacked bytes.

        Raises:
            ProviderError: there are more than a price file has.
        """
        body = super().read(size)
        if self.tell() > MOST_FILE_BYTES:
            raise ProviderError(f"A price file of AWS has no more than {MOST_FILE_BYTES:,} bytes; not read further.")
        return body


def unpacked(path: Path) -> bytes:
    """All bytes of a file, unpacked.

    Raises:
        ProviderError: it is damaged gzip, or too large for a page.
    """
    with reading(path) as file:
        body = file.read(MAX_PAGE_BYTES + 1)
    if len(body) > MAX_PAGE_BYTES:
        raise ProviderError(f"{path.name} is larger than any page of AWS ({MAX_PAGE_BYTES:,} bytes); not read.")
    return body


def concerns_gpus(instance_type: str, gpu: str) -> bool:
    """Whether a type is known to have GPUs, or its name or the price list's `gpu` attribute says so."""
    return instance_type in shipped_instance_types() or may_have_gpu(instance_type, gpu)


def _lines(chunks: Iterable[bytes], where: str) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        yield from lines
        if len(rest) > _LONGEST_ROW:
            raise ProviderError(f"{where} has a row of more than {_LONGEST_ROW:,} bytes: it is no price file.")
    if rest:
        if not rest.endswith((b'"', b'"\r')):
            raise ProviderError(f"{where} ends in the middle of a row: it is cut off.")
        yield rest


def _cells(line: bytes) -> list[str]:
    return next(csv.reader([line.decode("utf-8", "replace")]), [])


def _columns(cells: Sequence[str]) -> dict[str, int]:
    if not cells or cells[0].lstrip("\ufeff") != "SKU":
        return {}
    places = {cell: place for place, cell in enumerate(["SKU", *cells[1:]])}
    return {field: places[column] for column, field in (_REQUIRED | _OPTIONAL).items() if column in places}


def _check_columns(columns: Mapping[str, int], where: str) -> None:
    missing = [column for column, field in _REQUIRED.items() if field not in columns]
    if missing:
        raise ProviderError(f"{where} has no column {', '.join(missing)}: AWS changed its offer files?")
