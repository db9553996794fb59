"""Archives and files from elsewhere: whatever is in them, the refusal is in words, bounded, and takes only the file that is bad."""

import contextlib
import gzip
import io
import json
import lzma
import os
import re
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import PlannerError, ProviderError, UsageError
from planner.prices import unpacking
from planner.prices.refresh import RefreshOrder, refresh
from planner.prices.unpacking import unpack
from tests.builders import a_snapshot, an_offer
from tests.examples import examples

CATALOGUE = b"InstanceType,AcceleratorName,AcceleratorCount,Price,SpotPrice,Region\n"


def zipped(name="aws/vms.csv", body=CATALOGUE, **settings):
    """A zip archive of one file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **settings) as archive:
        archive.writestr(name, body)
    return file.getvalue()


def taped(member="aws/vms.csv", body=CATALOGUE, mode="w", **fields):
    """A tar archive of one member."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        info = tarfile.TarInfo(member)
        info.size = len(body)
        for name, value in fields.items():
            setattr(info, name, value)
        archive.addfile(info, io.BytesIO(body))
    return file.getvalue()


def _patched(body, place, value):
    return body[:place] + value + body[place + len(value) :]


def _both_headers(body, offset, value):
    """The archive with a field of two bytes changed in the local header and in the directory."""
    central = body.index(b"PK\x01\x02")
    return _patched(_patched(body, offset, value), central + offset + 2, value)


STORED = zipped()
PACKED = zipped(compression=zipfile.ZIP_DEFLATED, body=CATALOGUE * 90)


def _block(kind, size, name="x"):
    """A header of a tar archive, of a kind and for so many bytes to come."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def _attributes(**values):
    """A header of attributes, and the empty file that has them."""
    body = b"".join(
        b"%d %s" % (len(text) + len(str(len(text) + 3)) + 1, text)
        for text in (f"{name.replace('_', '.', 2)}={value}\n".encode() for name, value in values.items())
    )
    return _block(b"x", len(body)) + body.ljust(-(-len(body) // 512) * 512, b"\0") + _block(b"0", 0, "a.csv")


def _listed(extra, times):
    """A zip file whose list has entries with so many bytes beside the name."""
    entry = (
        struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 0, 20, *(0,) * 8, 5, extra, *(0,) * 5) + b"a.csv" + bytes(extra)
    )
    return entry * times + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, times, times, len(entry) * times, 0, 0)


_MIB = bytes(1024**2)
GIANT = {
    # name: how to make the archive, words of the refusal
    **{
        f"header {kind.decode()}": (
            lambda kind=kind: gzip.compress(_block(kind, 64 * len(_MIB)) + _MIB * 64, 1),
            "one of its headers has 67,108,864",
        )
        for kind in (b"L", b"K", b"x", b"g", b"X")
    },
    "header said to be long": (lambda: _block(b"L", 2**50) + bytes(5120), "one of its headers has"),
    "headers one behind the other": (
        lambda: gzip.compress((_block(b"L", 512) + b"a" * 512) * 5000, 1),
        "recursion",
    ),
    "holes of old": (lambda: _block(b"S", 512, "a.csv") + bytes(1024), "a file with holes"),
    "holes whose map has no end": (
        lambda: gzip.compress(
            _attributes(GNU_sparse_major="1", GNU_sparse_minor="0", GNU_sparse_name="a.csv")
            + b"9999999999\n"
            + b"0\n" * 10_000_000,
            1,
        ),
        "a file with holes",
    ),
    "a file of no kind": (lambda: _block(b"Z", 2**40) + bytes(1024), "more than 4,294,967,296 bytes"),
    "folders without end": (
        lambda: gzip.compress(_block(b"5", 0) * 1200, 1),
        "more than 1,000 files and folders",
    ),
    "a zip of bzip2": (lambda: zipped(body=b"0" * 100_000_000, compression=zipfile.ZIP_BZIP2), "bzip2 or LZMA"),
    "a zip of LZMA": (lambda: zipped(body=b"0" * 100_000_000, compression=zipfile.ZIP_LZMA), "bzip2 or LZMA"),
    "a zip file's list": (lambda: _listed(60_000, 300), "its list of files has 18,0"),
}


ARCHIVES = {
    "zip with a password": _both_headers(STORED, 6, struct.pack("<H", 1)),
    "zip of an unknown method": _both_headers(STORED, 8, struct.pack("<H", 77)),
    "zip with damaged deflate": _patched(PACKED, 60, b"\xff" * 12),
    "zip with a wrong checksum": _patched(STORED, STORED.index(CATALOGUE), b"X"),
    "zip cut off": STORED[:-30],
    "zip of bzip2 damaged": _patched(zipped(compression=zipfile.ZIP_BZIP2, body=CATALOGUE * 90), 50, b"\0" * 9),
    "zip of lzma damaged": _patched(zipped(compression=zipfile.ZIP_LZMA, body=CATALOGUE * 90), 60, b"\0" * 9),
    "zip with a name of nothing": zipped(zipfile.ZipInfo("")),
    "zip that leads out": zipped("../../x.csv"),
    "zip of an absolute name": zipped("/etc/x.csv"),
    "zip of a drive": zipped("C:\\x.csv"),
    "zip with a nul": zipped("a\x1fb.csv"),
    "zip of a long name": zipped("x" * 300),
    "tar that leads out": taped("../../x.csv"),
    "tar cut off": taped(body=CATALOGUE * 90)[:700],
    "tar of xz damaged": _patched(taped(mode="w:xz"), 60, b"\xff" * 8),
    "tar of gzip damaged": _patched(taped(mode="w:gz", body=os.urandom(5000)), 900, b"\xff" * 9),
    "tar of gzip cut off": taped(mode="w:gz", body=os.urandom(5000))[:-900],
    "tar of bzip2 cut off": taped(mode="w:bz2", body=os.urandom(5000))[:-900],
    "xz without end": lzma.compress(b"\0" * 5000)[:-12],
    "gzip of no tar": gzip.compress(b"x" * 5000)[:-8],
}
"""Archives that cannot be unpacked, or must not be."""


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_bad_archive_is_refused_in_words(tmp_path, name):
    """And nothing of it lies outside the folder, whether it is brought alone or among others."""
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "brought.zip"
    path.write_bytes(ARCHIVES[name])

    for source in (path, path.parent):
        with pytest.raises(PlannerError) as caught:
            refresh(RefreshOrder(data_dir=tmp_path / "data", path=source), lambda *_: None)
        assert str(caught.value).isprintable()

    assert {"in", "data"} == {entry.name for entry in tmp_path.iterdir()}


@pytest.mark.parametrize(
    "body", [zipped(body=b"0" * 300_000, compression=zipfile.ZIP_DEFLATED), taped(body=b"0" * 300_000)]
)
def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch, body):
    """Before it is written, and also where its header states less."""
    monkeypatch.setattr(unpacking, "MOST_BYTES", 100_000)
    path = tmp_path / "x.zip"
    path.write_bytes(body)

    with pytest.raises(ProviderError, match="more than 100,000 bytes"):
        unpack(path, tmp_path / "out")

    assert 100_000 > sum(one.stat().st_size for one in (tmp_path / "out").rglob("*") if one.is_file())


def test_an_archive_of_many_files_is_refused(tmp_path, monkeypatch):
    """Empty files fill a folder too."""
    monkeypatch.setattr(unpacking, "MOST_FILES", 3)
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(5):
            archive.writestr(f"{number}", "")

    with pytest.raises(ProviderError, match="more than 3 files"):
        unpack(path, tmp_path / "out")


def test_links_and_devices_are_left_in_the_archive(tmp_path):
    """Only regular files are written."""
    path = tmp_path / "x.tar"
    path.write_bytes(taped("passwd", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"))

    assert unpack(path, tmp_path / "out")

    assert [] == [one for one in (tmp_path / "out").rglob("*") if not one.is_dir()]


@settings(max_examples=examples(40))
@given(st.sampled_from([STORED, PACKED, taped(), taped(mode="w:gz"), taped(mode="w:xz")]), st.data())
def test_a_mutated_archive_is_unpacked_or_refused(tmp_path_factory, body, data):
    """Nothing but `PlannerError` leaves."""
    folder = tmp_path_factory.mktemp("archive")
    place = data.draw(st.integers(0, len(body) - 1))
    noise = data.draw(st.binary(min_size=1, max_size=12))
    cut = data.draw(st.integers(0, 40))
    path = folder / "x.zip"
    path.write_bytes(_patched(body, place, noise)[: len(body) - cut])

    with contextlib.suppress(PlannerError):
        unpack(path, folder / "out")

    assert {"x.zip"} >= {entry.name for entry in folder.iterdir()} - {"out"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of POSIX")
def test_a_pipe_or_a_device_is_refused_or_passed_over(tmp_path):
    """Nobody waits for what may never come, or never end; a book beside one is read."""
    home = tmp_path / "in" / "testcloud"
    home.mkdir(parents=True)
    for name in ("x.csv", "x.json", "manifest.json", "y.json.gz"):
        os.mkfifo(home / name)
    (home / "zero.csv").symlink_to("/dev/zero")

    for path in (home / "x.csv", home / "zero.csv"):
        with pytest.raises(UsageError, match="neither a file nor a folder"):
            refresh(RefreshOrder(data_dir=tmp_path / "data", path=path), lambda *_: None)
    a_snapshot(tmp_path / "in", an_offer())
    outcomes = refresh(RefreshOrder(data_dir=tmp_path / "data", path=tmp_path / "in"), lambda *_: None)

    assert [("testcloud", None)] == [(one.provider, one.error) for one in outcomes]


_SKYPILOT = b"InstanceType,AcceleratorName,AcceleratorCount,Price,SpotPrice,Region,GpuInfo\n"
_GPUHUNT = b"instance_name,location,price,gpu_count,gpu_name,gpu_memory,spot\n"
LARGE = {
    "bad/2029-01-01.csv": b"gpu",
    "bad/2029-01-01.json": b'{"schema": "planner.snapshot/1"',
    "bad/x/manifest.json": b'{"schema": "planner.raw/1"',
    "v8/bad/vms.csv": _SKYPILOT,
    "bad.csv": _GPUHUNT,
    "aws/index.csv": b'"FormatVersion","v1.0"\n',
    "aws/index.json": b'{"offerCode": "AmazonEC2", ',
    "azure/page.json": b'{"BillingCurrency": "USD", ',
}


@pytest.mark.parametrize("name", LARGE)
def test_a_file_of_terabytes_is_not_read(tmp_path, name):
    """Nor copied: a folder that holds one is refused in words, whatever kind of price file it begins as."""
    if name.startswith("bad/2029"):
        a_snapshot(tmp_path / "made", an_offer(provider="bad"), provider="bad", stem="2029-01-01")
        (tmp_path / "made" / "prices").rename(tmp_path / "in")
    path = tmp_path / "in" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(LARGE[name])
        file.truncate(2**42)
    order = RefreshOrder(data_dir=tmp_path / "data", path=tmp_path / "in", observed_on=date(2026, 11, 1))

    (outcome,) = refresh(order, lambda *_: None)

    assert outcome.traceback is None
    assert re.search("has (more than )?[0-9,]+ bytes", outcome.error), outcome.error


BAD_SIDECARS = [
    b"", b"[]", b"\xff\xfe{", b'{"schema": "planner.snapshot/1"', b'{"schema": "planner.snapshot/1", "provider": 7}',
    b'{"schema": "planner.snapshot/1", "x": ' + b"[" * 100_000, b'{"schema": "planner.snapshot/1", "rows": ' + b"9" * 5000 + b"}",
]  # fmt: skip


@pytest.mark.parametrize("sidecar", BAD_SIDECARS, ids=range(len(BAD_SIDECARS)))
def test_one_bad_book_does_not_keep_the_others_out(tmp_path, sidecar):
    """It is told by name, and the book beside it lands."""
    a_snapshot(tmp_path / "in", an_offer(provider="good"), provider="good")
    bad = a_snapshot(tmp_path / "in", an_offer(provider="bad"), provider="bad")
    bad.with_suffix(".json").write_bytes(sidecar)

    outcomes = refresh(RefreshOrder(data_dir=tmp_path / "data", path=tmp_path / "in"), lambda *_: None)

    landed = {one.provider: one.error for one in outcomes}
    assert landed.pop("good") is None
    assert [] == [one.traceback for one in outcomes if one.traceback]
    assert all(landed.values())


def test_a_damaged_page_does_not_unpack_without_end(tmp_path, monkeypatch):
    """A saved page that is a gzip bomb is refused by its size, as is one of damaged deflate."""
    monkeypatch.setattr("providers.saved.MOST_PAGE_BYTES", 1_000_000)
    bomb = gzip.compress(b"[" + b" " * 3_000_000 + b"]")
    for body in (bomb, gzip.compress(b"[]")[:-9] + zlib.compress(b"x")):
        folder = tmp_path / f"{len(body)}" / "acme"
        folder.mkdir(parents=True)
        (folder / "page.json").write_bytes(body)
        manifest = {"schema": "planner.raw/1", "provider": "vultr", "observed_at": "2026-11-20", "pages": ["page.json"]}
        (folder / "manifest.json").write_text(json.dumps(manifest | {"regions": [], "purchases": [], "gaps": []}))

        (outcome,) = refresh(RefreshOrder(data_dir=tmp_path / "data", path=folder), lambda *_: None)

        assert outcome.traceback is None
        assert outcome.error is not None


@pytest.mark.parametrize("name", GIANT)
def test_a_giant_list_or_header_is_not_read(tmp_path, monkeypatch, name):
    """What is said of the files is bounded like the files: refused before it is held, or after as much as may be."""
    monkeypatch.setattr(unpacking, "MOST_ENTRIES", 1000)
    make, words = GIANT[name]
    (tmp_path / "catalogue.bin").write_bytes(make())
    tracemalloc.start()
    try:
        with pytest.raises(ProviderError, match=words):
            unpack(tmp_path / "catalogue.bin", tmp_path / "out")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 64 * 1024**2


def test_a_file_is_unpacked_as_its_first_bytes_say(tmp_path, monkeypatch):
    """Zeros are empty streams to one way of packing, as many as there are, and it takes them one by one."""

    def _never(*_, **__):
        raise AssertionError

    for name in ("gzopen", "bz2open", "xzopen"):
        monkeypatch.setattr(tarfile.TarFile, name, _never)
    (tmp_path / "page.csv").write_bytes(bytes(100_000))
    (tmp_path / "plain.bin").write_bytes(taped())

    unpack(tmp_path / "page.csv", tmp_path / "out")

    assert unpack(tmp_path / "plain.bin", tmp_path / "out")
    assert (tmp_path / "out" / "plain" / "aws" / "vms.csv").read_bytes() == CATALOGUE


def test_links_are_passed_over(tmp_path):
    """Symbolic and hard ones, and what is to be written through them lands in the folder all the same."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, kind, target in (
            ("l", tarfile.SYMTYPE, "/etc"),
            ("l/a.csv", tarfile.REGTYPE, ""),
            ("h.csv", tarfile.LNKTYPE, "../../etc/passwd"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info, io.BytesIO())
    (tmp_path / "c.tar").write_bytes(file.getvalue())

    assert unpack(tmp_path / "c.tar", tmp_path / "out")
    assert ["l/a.csv"] == [
        path.relative_to(tmp_path / "out" / "c").as_posix() for path in (tmp_path / "out").rglob("*.csv")
    ]
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))
