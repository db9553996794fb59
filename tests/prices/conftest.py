"""A fake cloud whose price list the test writes, and a refresh of it."""

import json

import pytest

from planner.prices import registry
from planner.prices.refresh import RefreshOrder, refresh
from tests.prices import fakecloud


class FakeList:
    """The price list of the fake cloud; `set` writes it anew."""

    def __init__(self, path, data_dir):
        self.path = path
        self.data_dir = data_dir

    def set(self, *rows, **settings):
        """Write the list; rows are (type, region, zone, gpu, count, purchase, price)."""
        self.path.write_text(json.dumps({"rows": rows, **settings}))

    def refresh(self, **order):
        """Refresh the fake cloud into the data folder; returns its only outcome."""
        (outcome,) = refresh(
            RefreshOrder(**{"data_dir": self.data_dir, "providers": ("fakecloud",), **order}), lambda *_: None
        )
        return outcome


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """The fake cloud, registered, with an empty data folder."""
    monkeypatch.setitem(registry.BUILT_IN, "fakecloud", fakecloud.ADDRESS)
    monkeypatch.setenv("FAKECLOUD", str(tmp_path / "list.json"))
    return FakeList(tmp_path / "list.json", tmp_path / "data")
