"""The index of a book: the same groups as its rows make, believed only where the rows would be."""

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import PlannerError
from planner.hardware.gpus import choose_gpus, load_gpus
from planner.model.records import Purchase
from planner.prices.catalog import OfferFilter, select_groups, select_offers
from planner.prices.current import current_snapshots
from planner.prices.groups import grouped
from planner.units import current_day

SNAPSHOTS = current_snapshots()
REGIONS = ("us-east-1", "US-EAST-1", "eu-west-1", "eastus", "us-central1", "global", "nowhere-1")


def as_rows_make_them(snapshots, wanted, today):
    """Groups with all members and what was left out by reading every row; or the error."""
    try:
        selection = select_offers(snapshots, wanted, today=today)
    except PlannerError as error:
        return type(error), str(error)
    return listed(grouped(selection.offers)), beside(selection)


def as_the_index_gives_them(snapshots, wanted, today):
    """The same by the index."""
    try:
        selection = select_groups(snapshots, wanted, today=today)
    except PlannerError as error:
        return type(error), str(error)
    return listed(selection.groups), beside(selection)


def listed(groups):
    """Head, size and all members of each group."""
    return [(group.head, group.size, list(group.members())) for group in groups]


def beside(selection):
    """What a selection says beside its offers."""
    return selection.books, selection.left_out, selection.unpriced, selection.excludes


gpu_texts = st.sampled_from(sorted(load_gpus())).flatmap(lambda name: st.sampled_from([name, f"{name}:8", f"{name}:3"]))
filters = st.builds(
    OfferFilter,
    gpus=st.lists(st.sampled_from(["A100", "H100:8", "T4"]) | gpu_texts, max_size=3).map(
        lambda texts: tuple(map(choose_gpus, texts))
    ),
    gpu_counts=st.lists(st.sampled_from([0.125, 1.0, 4.0, 8.0]), max_size=2).map(tuple),
    providers=st.lists(st.sampled_from([*{book.provider for book in SNAPSHOTS}, "AWS", "awz"]), max_size=3).map(tuple),
    regions=st.lists(st.sampled_from(REGIONS), max_size=2).map(tuple),
    purchases=st.lists(st.sampled_from(list(Purchase)), max_size=3).map(tuple),
    max_price_age_days=st.none() | st.integers(min_value=0, max_value=1500),
)


@settings(max_examples=60)
@given(wanted=filters)
def test_any_filter_leaves_the_same_groups_as_reading_every_row(wanted):
    """Heads, sizes, members, their order, counts of what was left out, and the wording of refusals."""
    today = current_day()

    assert as_rows_make_them(SNAPSHOTS, wanted, today) == as_the_index_gives_them(SNAPSHOTS, wanted, today)
