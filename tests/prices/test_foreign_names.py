"""Names from outside as names of files: they lead nowhere but below the folder they belong in."""

import json
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planner.errors import ProviderError
from planner.paths import contained
from planner.prices.refresh import RefreshOrder, refresh
from tests.builders import a_snapshot, an_offer

PARTS = st.one_of(st.sampled_from(["..", ".", "", "/", "\\", "C:", "\0", "\ud800", "x", " ", "é" * 200]), st.text())


@given(parts=st.lists(PARTS, min_size=1, max_size=5))
@example(parts=["", "somewhere", "x"])
@example(parts=["..", "..", "x"])
@example(parts=["prices", "..", "..", "x"])
def test_no_name_leads_out_of_its_folder(tmp_path_factory, parts):
    """Whatever the name, it is refused, or lies below the folder and can be looked up on the disk."""
    folder = tmp_path_factory.getbasetemp() / "held"

    try:
        path = contained(folder, "/".join(parts))
    except ProviderError:
        return

    assert path.resolve().is_relative_to(folder.resolve())
    assert folder.resolve() != path.resolve()
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "as_archive"),
    [
        ("{outside}", False),
        ("{outside}", True),
        ("../../outside", False),
        ("A\n", False),
        ("\ud800", False),
        ([], False),
    ],
)
def test_a_book_of_no_provider_is_refused_and_the_others_are_read(tmp_path, name, as_archive):
    """A sidecar names a path as its provider: that book is an error, nothing is written elsewhere, its neighbour is taken."""
    brought, data, outside = tmp_path / "brought", tmp_path / "data", tmp_path / "outside"
    a_snapshot(brought, an_offer(provider="goodcloud"), provider="goodcloud")
    sidecar = a_snapshot(brought, an_offer()).with_suffix(".json")
    named = str(outside) if name == "{outside}" else name
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"provider": named}))
    if as_archive:
        with zipfile.ZipFile(tmp_path / "brought.zip", "w") as archive:
            for path in brought.rglob("*.*"):
                archive.write(path, path.relative_to(brought))
        brought = tmp_path / "brought.zip"

    bad, good = sorted(
        refresh(RefreshOrder(data_dir=data, path=brought), lambda *_: None),
        key=lambda outcome: outcome.provider == "goodcloud",
    )

    assert "is no name of a provider: 1 to 40 small letters, digits and dashes are" in bad.error
    assert (None, None) == (bad.traceback, good.error)
    assert ["goodcloud"] == [path.name for path in (data / "prices").iterdir()]
    assert not outside.exists()
