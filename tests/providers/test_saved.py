import gzip

import pytest

from planner.errors import ProviderError
from planner.model.records import Purchase
from providers.base import FetchRequest
from providers.saved import fetched, json_pages
from tests.providers.clouds import NOON, saved_pages


def test_the_manifest_says_what_was_fetched(tmp_path):
    """Moment, regions and purchases of the request come back as they were."""
    found = fetched(saved_pages(tmp_path, {}, FetchRequest(regions=("r",), purchases=(Purchase.SPOT,))))

    assert (NOON, ("r",), (Purchase.SPOT,), ()) == (found.observed_at, found.regions, found.purchases, found.gaps)


def test_pages_come_in_name_order_and_unpacked(tmp_path):
    """Folders and gzip make no difference; the manifest is no page."""
    pages = saved_pages(tmp_path, {"b.json": b"2", "a/x.json.gz": gzip.compress(b"1")})

    assert [("a/x.json.gz", 1), ("b.json", 2)] == list(json_pages(pages))


@pytest.mark.parametrize("body", [b"{", gzip.compress(b"[1, 2, 3]", mtime=0)[:-6], b"\x1f\x8bnothing"])
def test_a_damaged_page_is_named(tmp_path, body):
    """A page that is cut off or not what it seems is an error with its name."""
    with pytest.raises(ProviderError, match=r"page\.json"):
        list(json_pages(saved_pages(tmp_path, {"page.json": body})))
