"""The checks against the shipped books: they pass what clouds really did, and find errors planted into it."""

from collections import Counter
from dataclasses import replace

import pytest

from planner.paths import shipped_data_dir
from planner.prices.books import book_offers
from planner.prices.checks import check_offers, price_bands
from planner.prices.snapshots import list_snapshots, read_snapshot
from planner.prices.whole_checks import check_whole


@pytest.fixture(scope="module")
def books():
    """Offers of every shipped book by path."""
    return {path: book_offers(read_snapshot(path)) for path in list_snapshots(shipped_data_dir())}


def _newest_two(books, provider):
    return [offers for path, offers in books.items() if path.parent.name == provider][-2:]


def _all_bands(books):
    newest = {path.parent.name: offers for path, offers in books.items()}
    return price_bands(offer for offers in newest.values() for offer in offers)


def test_bands_hold_for_books_that_did_not_make_them(books):
    """Each book against the bands of all others: at most one row in a thousand falls outside."""
    outside = total = 0
    for path, offers in books.items():
        bands = price_bands(offer for other, rows in books.items() if other != path for offer in rows)
        judged = [offer for offer in offers if (offer.gpu, offer.purchase == "spot") in bands]
        held = check_offers(judged, previous=(), bands=bands).held_back
        outside += sum("band of" in row.reason for row in held)
        total += len(judged)

    assert outside <= total / 1000


@pytest.mark.parametrize("provider", ["aws", "azure", "gcp"])
def test_the_newest_book_passes_as_a_refresh_of_the_one_before(books, provider):
    """What the clouds did between the last two books is believed, row by row and as a whole."""
    before, after = _newest_two(books, provider)

    checked = check_offers(after, previous=before, bands=_all_bands(books))

    assert () == checked.held_back
    assert [] == check_whole(checked.offers, before)


@pytest.mark.parametrize("provider", ["aws", "azure", "gcp"])
@pytest.mark.parametrize(
    ("error", "planted"),
    [
        ("a month", lambda offer: offer.usd_per_hour * 730),
        ("a term", lambda offer: offer.usd_per_hour * 8760),
        ("divided by a month", lambda offer: offer.usd_per_hour / 730),
        ("one GPU of many", lambda offer: offer.usd_per_hour / offer.gpu_count if offer.gpu_count >= 4 else None),
        ("GPUs twice", lambda offer: offer.usd_per_hour * offer.gpu_count if offer.gpu_count >= 4 else None),
    ],
)
def test_planted_errors_are_held_back(books, provider, error, planted):
    """Every row of the newest book spoiled at once: 99 of 100 are found by themselves, and the rest moves the median."""
    before, after = _newest_two(books, provider)
    spoiled = [replace(offer, usd_per_hour=price) for offer in after if (price := planted(offer)) is not None]

    checked = check_offers(spoiled, previous=before, bands=_all_bands(books))

    assert len(checked.held_back) >= 0.99 * len(spoiled), Counter(offer.instance_type for offer in checked.offers)
    assert [] != check_whole(checked.offers, [offer for offer in before if offer.gpu_count >= 4])
