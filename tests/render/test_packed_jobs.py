"""Jobs in packed files: every way of packing, bombs of each, and what is damaged."""

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import types
import zipfile
import zlib

import pytest

from planner.errors import UsageError
from planner.render.sweep_files import read_parts

JOBS = b"model,epochs\nresnet50,1\nbert-large,2\n"


def _zip(*bodies):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, body in enumerate(bodies):
            archive.writestr(f"jobs/{number}.csv", body)
    return target.getvalue()


def _tar(*bodies):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        folder = tarfile.TarInfo("jobs")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for number, body in enumerate(bodies):
            info = tarfile.TarInfo(f"jobs/{number}.csv")
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return target.getvalue()


try:
    import zstandard
except ModuleNotFoundError:  # another packer that has its names, so that what is ours is tried
    zstandard = types.SimpleNamespace(
        ZstdError=zlib.error,
        ZstdDecompressor=lambda **_: types.SimpleNamespace(decompressobj=zlib.decompressobj),
        compress=zlib.compress,
    )
    IS_REAL = False
else:
    IS_REAL = True


@pytest.fixture(autouse=True)
def unpacker(monkeypatch):
    """The library for zstandard is there."""
    monkeypatch.setitem(sys.modules, "zstandard", zstandard)


PACKERS = {
    ".csv.zst": zstandard.compress,
    ".csv.gz": gzip.compress,
    ".csv.bz2": bz2.compress,
    ".csv.xz": lzma.compress,
    ".zip": _zip,
    ".tar": _tar,
    ".tar.gz": lambda body: gzip.compress(_tar(body)),
    ".tar.bz2": lambda body: bz2.compress(_tar(body)),
    ".tar.xz": lambda body: lzma.compress(_tar(body)),
}
BOMBS = {
    "jobs": JOBS + b"resnet50,1\n" * 120_000,
    "empty lines": JOBS + b"\n" * 1_200_000,
    "a row without end": JOBS + b"x" * 1_200_000,
    "a heading without end": b"x" * 1_200_000,
}


@pytest.mark.parametrize("ending", PACKERS)
def test_packed_jobs_are_read(tmp_path, ending):
    """The same rows as from the file that went in, whatever packed it."""
    path = tmp_path / f"jobs{ending}"
    path.write_bytes(PACKERS[ending](JOBS))

    (part,) = read_parts(path)

    assert [("resnet50", 1), ("bert-large", 2)] == list(part.itertuples(index=False, name=None))


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("ending", PACKERS)
def test_a_packed_file_that_grows_without_end_is_refused_before_any_job(tmp_path, monkeypatch, ending, bomb):
    """By what comes out of it: few bytes went in."""
    monkeypatch.setattr("planner.render.packed_jobs.MOST_UNPACKED_BYTES", 1_000_000)
    path = tmp_path / f"jobs{ending}"
    path.write_bytes(PACKERS[ending](BOMBS[bomb]))

    with pytest.raises(UsageError, match=rf"jobs{ending} .* unpacked it has more than 1,000,000 bytes; unpack it"):
        next(read_parts(path))


@pytest.mark.parametrize("ending", PACKERS)
def test_a_damaged_packed_file_is_a_clear_error(tmp_path, ending):
    """Cut off anywhere, with any byte of its middle changed, or another thing altogether: no jobs, and no fault."""
    path = tmp_path / f"jobs{ending}"
    whole = PACKERS[ending](JOBS)
    step = max(3, len(whole) // 12)
    changed = [
        whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :] for place in range(1, len(whole), step)
    ]
    for body in (b"", b"no archive", JOBS, *changed, *(whole[:size] for size in range(1, len(whole), step))):
        path.write_bytes(body)
        try:
            list(read_parts(path))
        except UsageError as error:
            assert path.name in str(error)  # noqa: PT017 - some changes do no harm


@pytest.mark.parametrize(("ending", "pack"), [(".zip", _zip), (".tar", _tar)])
@pytest.mark.parametrize("bodies", [(), (JOBS, JOBS)])
def test_an_archive_of_other_than_one_file_is_refused(tmp_path, ending, pack, bodies):
    """Nobody says which of them is meant."""
    path = tmp_path / f"jobs{ending}"
    path.write_bytes(pack(*bodies))

    with pytest.raises(UsageError, match=f"archive of {len(bodies)} files, not of one"):
        next(read_parts(path))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_file_that_is_unpacked_as_a_whole_is_refused(tmp_path, method):
    """Its library has no bound for these two ways: half a kilobyte would be a gigabyte."""
    path = tmp_path / "jobs.csv.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("jobs.csv", JOBS)

    with pytest.raises(UsageError, match="pack it with deflate"):
        next(read_parts(path))


def test_frames_of_zstandard_follow_one_another_and_end(tmp_path):
    """A file may have several; of one that is cut off nothing is planned, wherever it ends."""
    path = tmp_path / "jobs.csv.zst"
    frames = zstandard.compress(JOBS), zstandard.compress(b"resnet50,3\n")
    path.write_bytes(b"".join(frames))
    (part,) = read_parts(path)
    assert [1, 2, 3] == [*part["epochs"]]

    for size in (1, len(frames[0]) - 1, len(frames[0]) + 1, len(frames[0]) + len(frames[1]) - 1):
        path.write_bytes(b"".join(frames)[:size])
        with pytest.raises(UsageError, match="it is cut off"):
            next(read_parts(path))


@pytest.mark.skipif(not IS_REAL, reason="needs zstandard")
def test_a_frame_that_asks_for_a_gigabyte_is_refused(tmp_path):
    """Its header says so, before any of it is unpacked."""
    path = tmp_path / "jobs.csv.zst"
    settings = zstandard.ZstdCompressionParameters(window_log=30)
    target = io.BytesIO()
    with zstandard.ZstdCompressor(compression_params=settings).stream_writer(target, closefd=False) as writer:
        writer.write(JOBS)
    path.write_bytes(target.getvalue())

    with pytest.raises(UsageError, match="requires too much memory"):
        next(read_parts(path))


def test_a_missing_unpacker_is_named(tmp_path, monkeypatch):
    """With what to do."""
    monkeypatch.setitem(sys.modules, "zstandard", None)
    path = tmp_path / "jobs.csv.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd")

    with pytest.raises(UsageError, match=r"\.zst need the package zstandard"):
        next(read_parts(path))


@pytest.mark.parametrize("is_list", [False, True])
def test_a_text_that_stands_once_in_parquet_and_in_every_row_is_counted_in_every_row(tmp_path, monkeypatch, is_list):
    """A file of some hundred bytes that is 2 MB for a reader."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("planner.render.sweep_files._MOST_PART_BYTES", 1_000_000)
    text = "x" * 2000
    cells = arrow.array([[text]] * 1000 if is_list else [text] * 1000)
    parquet.write_table(arrow.table({"model": cells, "epochs": [1] * 1000}), tmp_path / "jobs.parquet")

    with pytest.raises(UsageError, match="1,000,000 bytes hold fewer"):
        next(read_parts(tmp_path / "jobs.parquet"))


def test_parquet_of_large_groups_is_refused_by_what_it_says_of_itself(tmp_path, monkeypatch):
    """Before any of it is unpacked."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"model": [f"{number:0200d}" for number in range(1000)], "epochs": [1] * 1000})
    parquet.write_table(table, tmp_path / "jobs.parquet")
    monkeypatch.setattr("planner.render.sweep_files.MOST_UNPACKED_BYTES", 100_000)

    with pytest.raises(UsageError, match="one of its row groups has more than 100,000 bytes"):
        next(read_parts(tmp_path / "jobs.parquet"))


def _padded(number, width):
    """A number of Thrift in more bytes than it takes."""
    digits = [(number >> 7 * place) & 127 for place in range(width)]
    return bytes(digit | (128 if place < width - 1 else 0) for place, digit in enumerate(digits))


def _said_small(body, metadata):
    """The file with totals of a thousand bytes at its end, whatever its pages hold."""
    size = int.from_bytes(body[-8:-4], "little")
    end = body[-8 - size : -8]
    group = metadata.row_group(0)
    for total in (group.total_byte_size, *(group.column(place).total_uncompressed_size for place in range(2))):
        if total > 100_000:
            width = (2 * total).bit_length() // 7 + 1
            assert _padded(2 * total, width) in end
            end = end.replace(_padded(2 * total, width), _padded(2000, width))
    return body[: -8 - size] + end + body[-8:]


@pytest.mark.parametrize("packing", ["none", "snappy", "gzip", "zstd"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("cells", [[b"\0" * 2_000_000], [b"resnet50" + b" " * 1000] * 2000])
def test_a_parquet_file_is_judged_by_its_pages_and_not_by_what_its_end_says(
    tmp_path, monkeypatch, packing, version, cells
):
    """The totals say a thousand bytes; the pages hold two million."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("planner.render.sweep_files.MOST_UNPACKED_BYTES", 1_000_000)
    path = tmp_path / "jobs.parquet"
    table = arrow.table({"model": arrow.array(cells, arrow.binary()), "epochs": [1.0] * len(cells)})
    settings = {"use_dictionary": False, "write_statistics": False, "data_page_version": version}
    parquet.write_table(table, path, compression=packing, **settings)
    path.write_bytes(_said_small(path.read_bytes(), parquet.read_metadata(path)))
    assert parquet.read_metadata(path).row_group(0).total_byte_size == 1000

    with pytest.raises(UsageError, match="one of its row groups has more than 1,000,000 bytes unpacked"):
        next(read_parts(path))


def test_a_list_of_nothing_without_end_is_refused(tmp_path, monkeypatch):
    """Few bytes, and many values for a reader."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("planner.render.sweep_files._MOST_VALUES_IN_LISTS", 10_000)
    path = tmp_path / "jobs.parquet"
    parquet.write_table(arrow.table({"model": ["resnet50"], "gpus": [[None] * 20_000]}), path)

    with pytest.raises(UsageError, match="more than 10,000 values in lists"):
        next(read_parts(path))


@pytest.mark.parametrize("place", [4, 5, 6, 7, 8, 10, 12, 14, 16])
@pytest.mark.parametrize("byte", [0, 0x0C, 0x15, 0x18, 0x7F, 0xFF])
def test_headers_of_pages_that_are_none_are_clear_errors(tmp_path, place, byte):
    """Any byte of one may be anything."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "jobs.parquet"
    parquet.write_table(arrow.table({"model": ["resnet50"] * 9, "epochs": [1.0] * 9}), path)
    body = bytearray(path.read_bytes())
    body[place] = byte
    path.write_bytes(body)

    try:
        list(read_parts(path))
    except UsageError as error:
        assert path.name in str(error)  # noqa: PT017 - some changes do no harm
