"""Reads and writes a sweep's rows and results as CSV or Parquet, a part at a time."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from planner.answers.sweep_part import ROWS_PER_PART
from planner.errors import UsageError
from planner.outside.files import MOST_UNPACKED_BYTES, bytes_of, opened
from planner.render.listing import csv_cell
from planner.render.output_files import is_stream, output_place
from planner.render.packed_jobs import opened_jobs
from planner.render.parquet_pages import check_pages

if TYPE_CHECKING:
    import pandas as pd
    from _typeshed import WriteableBuffer


_LONGEST_LINE = 1024**2
_MOST_COLUMNS = 1000
_MOST_PART_BYTES = 64 * 1024**2
_MOST_PARQUET_ROWS = 100_000_000
_MOST_VALUES_IN_LISTS = 10_000_000  # a list of nothing may have millions of values in a few bytes


def read_parts(path: Path, rows: int = ROWS_PER_PART) -> Iterator[pd.DataFrame]:
    """Yields the sweep rows of a CSV or Parquet file in parts of `rows` rows.

    Raises:
        UsageError: the file cannot be read, or holds no job.
    """
    found = False
    try:
        _check_lines(path)
        for part in _parquet_parts(path, rows) if path.suffix == ".parquet" else _csv_parts(path, rows):
            if len(part):
                found = True
                yield part
    except OSError as error:
        raise UsageError(f"Cannot read the jobs in {path}: {error.strerror or error}.") from error
    except MemoryError as error:
        raise UsageError(f"{path} is not a table of jobs: it needs more memory than there is.") from error
    except (ValueError, NotImplementedError) as error:  # of pandas and of pyarrow, whatever they call theirs
        raise UsageError(f"{path} is not a table of jobs: {error}") from error
    if not found:
        raise UsageError(f"{path} holds no jobs.")


def _check_lines(path: Path) -> None:
    """Refuse what is no file, and one that has no lines, of which the reader would hold all.

    Raises:
        ValueError: its first line has no end, or names more columns than there are options.
        OSError: it is no file, or cannot be read.
    """
    has_lines = path.is_file() and path.suffix != ".parquet"
    with opened_jobs(path) if has_lines else opened(path) as file:
        start = file.read(_LONGEST_LINE + 1) if has_lines else b""
    if min(start.partition(end)[0].count(b",") for end in (b"\n", b"\r")) >= _MOST_COLUMNS:
        raise ValueError(f"it has more than {_MOST_COLUMNS:,} columns")
    if len(start) > _LONGEST_LINE and b"\n" not in start and b"\r" not in start:
        raise ValueError(f"its first line has more than {_LONGEST_LINE:,} bytes")


def _csv_parts(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    import pandas as pd  # noqa: PLC0415 - heavy

    with opened_jobs(path) if path.is_file() else io.BytesIO(bytes_of(path)) as file:
        bounded = _Bounded(file)
        for part in pd.read_csv(io.BufferedReader(bounded), chunksize=rows):
            bounded.read_of_part = 0
            yield part


class _Bounded(io.RawIOBase):
    """A file of which no more than a part may be read before it is taken: a row, or a quoted cell, may have no end."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read a file that is open."""
        self._file = file
        self.read_of_part = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer as far as there is something.

        Raises:
            ValueError: the part is larger than any.
        """
        body = self._file.read(len(memoryview(buffer)))
        memoryview(buffer)[: len(body)] = body
        self.read_of_part += len(body)
        _check_part(self.read_of_part)
        return len(body)


def _check_part(size: int) -> None:
    if size > _MOST_PART_BYTES:
        raise ValueError(f"it has rows without end: {_MOST_PART_BYTES:,} bytes hold fewer than {ROWS_PER_PART:,}")


def write_parts(parts: Iterable[pd.DataFrame], path: Path) -> Iterator[pd.DataFrame]:
    """Write parts to a CSV or Parquet file as they come, and pass them on; a file is there whole or not at all.

    Raises:
        OutputError: the place cannot be written.
    """
    with output_place(path) as place:
        yield from _parquet_written(parts, place) if path.suffix == ".parquet" else _csv_written(parts, place)


def _csv_written(parts: Iterable[pd.DataFrame], path: Path) -> Iterator[pd.DataFrame]:
    columns: list[str] | None = None
    with path.open("a" if is_stream(path) else "w", encoding="utf-8", newline="") as file:
        for part in parts:
            is_first = columns is None
            # a part of nothing but errors has fewer columns
            columns = columns or sorted_columns(part)
            shaped = part.reindex(columns=columns)
            texts = shaped.select_dtypes(exclude=["number", "bool"]).columns
            shaped = shaped.assign(**{name: shaped[name].map(csv_cell, na_action="ignore") for name in texts})
            shaped.to_csv(file, index=False, header=is_first, lineterminator="\n")
            yield part


def _parquet_written(parts: Iterable[pd.DataFrame], path: Path) -> Iterator[pd.DataFrame]:
    arrow = _arrow()
    writer: Any = None
    try:
        for part in parts:
            types = _TYPES | (_TYPES_OF_MONEY if "currency" in part else {})
            shaped = part.reindex(columns=list(types)).astype(types)
            table = arrow.Table.from_pandas(shaped, preserve_index=False)
            if writer is None:
                writer = arrow.parquet.ParquetWriter(path, table.schema)
            writer.write_table(table)
            yield part
    finally:
        if writer is not None:
            writer.close()


def sorted_columns(part: pd.DataFrame) -> list[str]:
    """All columns a part may have, in the order of the results."""
    return [*_TYPES, *(name for name in part.columns if name not in _TYPES)]


_TYPES = {
    "job": "int64",
    "rank": "float64",
    "model": "string",
    "samples": "float64",
    "provider": "string",
    "region": "string",
    "zone": "string",
    "instance_type": "string",
    "gpu": "string",
    "gpu_count": "float64",
    "node_count": "float64",
    "purchase": "string",
    "usd_per_hour": "float64",
    "usd_per_hour_low": "float64",
    "usd_per_hour_high": "float64",
    "usd_per_gpu_hour": "float64",
    "price_observed_on": "string",
    "price_source": "string",
    "samples_per_second": "float64",
    "samples_per_second_low": "float64",
    "samples_per_second_high": "float64",
    "basis": "string",
    "stack": "string",
    "seconds": "float64",
    "seconds_low": "float64",
    "seconds_high": "float64",
    "seconds_p90": "float64",
    "usd": "float64",
    "usd_low": "float64",
    "usd_high": "float64",
    "usd_p90": "float64",
    "interruptions_per_hour": "float64",
    "interruptions_expected": "float64",
    "notes": "string",
    "error": "string",
}
"""Columns of a result file and their types, listed by hand so that a change of a record cannot change a file."""

_TYPES_OF_MONEY = {"currency": "string", "amount": "float64", "amount_low": "float64", "amount_high": "float64"}
"""Those of amounts in another currency, where one is asked for."""


def _parquet_parts(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    try:
        yield from _arrow_parts(path, rows)
    except _arrow().ArrowException as error:  # damage may be an error of any kind, of an index among them
        raise ValueError(str(error)) from error


def _arrow_parts(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    arrow = _arrow()
    schema = arrow.parquet.read_metadata(path).schema
    leaves = [schema.column(place) for place in range(len(schema))]
    # a text that stands in every row stands once in the file: read so, it stands once in memory too
    texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
    with arrow.parquet.ParquetFile(path, read_dictionary=texts) as file:
        _check_parquet(file.metadata, path)
        for batch in file.iter_batches(batch_size=rows):
            _check_part(int(math.fsum(map(_written_bytes, batch.columns))))
            yield batch.to_pandas()


def _check_parquet(metadata: Any, path: Path) -> None:
    if metadata.num_rows > _MOST_PARQUET_ROWS:
        raise ValueError(f"it has more than {_MOST_PARQUET_ROWS:,} rows")
    with opened(path) as file:
        check_pages(file, metadata, most_bytes=MOST_UNPACKED_BYTES, most_in_lists=_MOST_VALUES_IN_LISTS)


def _written_bytes(column: Any) -> int:
    """The bytes of a column with each text as often as it stands there."""
    arrow = _arrow()
    if arrow.types.is_dictionary(column.type):
        lengths = arrow.compute.binary_length(column.dictionary).take(column.indices)
        return arrow.compute.sum(lengths).as_py() or 0
    if arrow.types.is_nested(column.type) and hasattr(column, "values"):
        return _written_bytes(column.flatten())
    return int(column.nbytes)


def _arrow() -> Any:
    try:
        import pyarrow.compute  # noqa: PLC0415 - an extra
        import pyarrow.parquet  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        raise UsageError("Parquet needs the extra dask: pip install 'gpu-cost-planner[dask]'") from error
    return pyarrow
