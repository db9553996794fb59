"""The search of a sweep: the figures of every offer priced, to the last bit, and bounds that no bill undercuts."""

import math
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import planner
from planner.answers.pricing import first_of_group, priced_heads, priced_members
from planner.answers.search import Search
from planner.errors import PlannerError
from planner.model.costs import ItemKind
from tests.answers.drawn_jobs import JOBS, OWN_PRICES
from tests.examples import examples

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def own_prices(tmp_path_factory):
    """A price book with everything in it."""
    path = tmp_path_factory.mktemp("own") / "prices.toml"
    path.write_text(OWN_PRICES)
    return path


@pytest.fixture(scope="module")
def searches(own_prices):
    """A search over the shipped books at list prices, and one at own prices."""
    return {book: Search(data_dir=None, as_of=TODAY, price_book=book) for book in (None, own_prices)}


@settings(max_examples=examples(40), deadline=None)
@given(job=JOBS, limit=st.sampled_from([1, 5, 40]), has_own_prices=st.booleans())
@example(job={"model": "llama-3-8b", "tokens": 1e8, "nodes": 2, "gpus": ("H100:8",)}, limit=1, has_own_prices=False)
@example(
    job={
        "model": "llama-3-8b",
        "tokens": 1e9,
        "method": "lora",
        "nodes": 2,
        "gpus": ("L4",),
        "providers": ("gcp",),
    },
    limit=3,
    has_own_prices=False,
)
@example(job={"model": "resnet50", "epochs": 90, "batch_size": 1024}, limit=3, has_own_prices=False)
@example(
    # each region is of another provider: the price on demand that a commitment is compared with is looked for in one
    job={
        "model": "resnet50",
        "epochs": 1.0,
        "gpus": ("A100",),
        "purchases": ("reserved_1y", "savings_3y"),
        "regions": ("us-east-1", "eastus", "us-central1"),
    },
    limit=1,
    has_own_prices=False,
)
@example(job={"model": "resnet50", "epochs": 0.1, "purchases": ("capacity_block",)}, limit=15, has_own_prices=True)
@example(job={"model": "resnet50", "epochs": 0.1, "providers": ("gcp",)}, limit=40, has_own_prices=True)
def test_a_search_finds_what_pricing_every_offer_finds(searches, own_prices, job, limit, has_own_prices):
    """The same estimates in the same order, or the same refusal in the same words."""
    book = own_prices if has_own_prices else None

    found = _answer(lambda: searches[book].best(job, limit)[1])
    expected = _answer(
        lambda: planner.estimate(**job, as_of=TODAY, price_book=book, every_offer=True, limit=limit).estimates
    )

    assert expected == found


@settings(max_examples=examples(40), deadline=None)
@given(job=JOBS, has_own_prices=st.booleans())
def test_no_bill_is_below_its_bound(searches, own_prices, job, has_own_prices):
    """Of no offer, whatever is on the bill: neither seconds nor USD."""
    search = searches[own_prices if has_own_prices else None]
    try:
        pricing, bounded = search.bounded(job)
        heads = priced_heads(pricing, Counter())
    except PlannerError:
        return
    place = {group: index for index, group in enumerate(pricing.offered.groups)}

    for head in heads:
        for one in priced_members(pricing, head):
            assert bounded.seconds[place[head.group]] <= one.seconds
            assert bounded.usd[place[head.group]] <= one.usd


@settings(max_examples=examples(40), deadline=None)
@given(job=JOBS, has_own_prices=st.booleans())
def test_what_is_compared_is_what_is_written(searches, own_prices, job, has_own_prices):
    """The figures that offers are ordered by are those of their whole bills, to the last bit."""
    try:
        pricing, _ = searches[own_prices if has_own_prices else None].bounded(job)
        heads = priced_heads(pricing, Counter())
    except PlannerError:
        return

    for head in heads:
        bill = head.write(rank=1, is_pareto=True)

        assert (bill.seconds, bill.usd, bill.offer) == (head.seconds, head.usd, head.offer)
        charges = math.fsum(item.usd for item in bill.items if item.kind is not ItemKind.CREDIT)
        assert bill.usd == charges + sum(item.usd for item in bill.items if item.kind is ItemKind.CREDIT)


def test_runs_that_end_on_the_hour_are_not_bounded_an_hour_too_high():
    """A whole number of hours is billed as such, in whatever order its parts are added up."""
    search = Search(data_dir=None, as_of=TODAY, price_book=None)
    bill = {"evaluation_fraction": 0.1, "overhead_factor": 1.3, "trials": 3, "idle_seconds": 77.7, "image_gb": 13.3}
    job = {"model": "resnet50", "epochs": 1.0, "providers": ("vultr",), **bill}
    pricing, bounded = search.bounded(job)
    group, throughput = pricing.offered.groups[0], bounded.throughputs[0]
    outside = 77.7 + sum(seconds for _, seconds in pricing.biller.start_parts(group.head, pricing.question.nodes))

    for whole in range(1, 300):
        samples = (3600 * whole - outside) / (1.3 * 1.1 * 3) * throughput.samples_per_second
        pricing, bounded = search.bounded(job | {"samples_per_epoch": samples})

        assert bounded.usd[0] <= next(first_of_group(pricing, group, throughput, 1)).usd


def _answer(found):
    try:
        return [replace(one, is_pareto=False) for one in found()]
    except PlannerError as error:
        return type(error), str(error)
