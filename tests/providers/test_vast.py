"""Vast's adapter: levels of a marketplace instead of single machines, over real HTTP on loopback."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.continents import continent_of
from providers.vast import VastProvider
from tests.examples import examples
from tests.providers.clouds import fixture_json, refreshed, saved_pages
from tests.providers.markets import KEY, market_answer, vast_on, vast_reply
from tests.providers.replay import Answer, in_turn

BUNDLES = fixture_json("vast", "bundles.json")["offers"]
RTX5090 = BUNDLES[0]
GIB_PER_MB = 10**6 / 2**30


def page_of(*rows):
    return json.dumps({"offers": rows}).encode()


def parsed(folder, *rows):
    """The levels of these bundles."""
    return VastProvider(environ={}).parse(saved_pages(folder, {"bundles-001.json": page_of(*rows)}))


def questions(calls):
    """What was asked, as the service reads it."""
    return [json.loads(parse_qs(urlsplit(call.path).query)["q"][0]) for call in calls]


def test_a_book_holds_levels_not_machines(tmp_path):
    """The median is the price, the cheapest its low end; one level per GPU, number and continent, named by them."""
    found = {
        (offer.instance_type, offer.region): offer
        for offer in refreshed(vast_on, market_answer, tmp_path).prices.offers
    }

    assert {
        ("1x_RTX_5090", "NA"): ("rtx-5090", 1, 0.50, 0.40, 3, 0.97),
        ("4x_RTX_5090", "AS"): ("rtx-5090", 4, 1.80, 1.60, 2, 0.99),
        ("8x_H100_SXM", "EU"): ("h100-80gb-sxm", 8, 17.0, 17.0, 1, 0.99),
        ("2x_H100_SXM", "EU"): ("h100-80gb-sxm", 2, 4.3, 4.3, 1, 0.99),
        ("1x_A100_SXM4_40GB", "EU"): ("a100-40gb-sxm", 1, 0.7, 0.7, 1, 0.99),
        ("1x_A100_SXM4_80GB", "EU"): ("a100-80gb-sxm", 1, 1.1, 1.1, 1, 0.99),
        ("8x_H200", "unknown"): ("h200-141gb-sxm", 8, 24.0, 24.0, 1, 0.99),
    } == {
        name: (
            offer.gpu,
            offer.gpu_count,
            offer.usd_per_hour,
            offer.usd_per_hour_cheapest,
            offer.offers_count,
            offer.reliability,
        )
        for name, offer in found.items()
    }


def test_memory_is_the_part_of_the_machine_that_goes_with_the_cores(tmp_path):
    """256,000 MB for 64 cores are 64,000 for 16 and 32,000 for 8; without a number of cores the memory is not known."""
    offers = refreshed(vast_on, market_answer, tmp_path).prices.offers

    found = {offer.instance_type: (offer.vcpus, offer.memory_gib) for offer in offers}
    assert (12.0, pytest.approx(48_000 * GIB_PER_MB, abs=1e-3)) == found["1x_RTX_5090"]
    assert (48.0, pytest.approx(192_000 * GIB_PER_MB, abs=1e-3)) == found["4x_RTX_5090"]
    assert (192.0, pytest.approx(2_048_000 * GIB_PER_MB, abs=1e-3)) == found["8x_H100_SXM"]
    assert None is parsed(tmp_path / "one", {**RTX5090, "cpu_cores": None}).offers[0].memory_gib


def test_what_is_no_offer_is_held_back_by_name(tmp_path):
    """Hosts without verification, machines that are let, bids, a price of the disk alone, GPUs nobody sells that way."""
    prices = refreshed(vast_on, market_answer, tmp_path).prices

    assert {
        ("1x RTX 4070S Ti", "0.12", "no single GPU of the table goes by 'RTX 4070S Ti with 16 GB'"),
        ("1x RTX 4090", "0.45", "no single GPU of the table goes by 'RTX 4090 with 48 GB'"),
        ("1x RTX 5090", "0.2", "the host is unverified"),
        ("1x RTX 5090", "0.22", "interruptible: its price is a bid"),
        ("1x RTX 5090", "0.21", "not to be rented"),
        ("1x RTX 5090", "0.01", "the price is 0.0"),
    } == {(row.instance_type, row.usd_per_hour, row.reason) for row in prices.held_back}
    assert 6 == len(prices.held_back)
    assert (("RTX 4070S Ti with 16 GB", 1), ("RTX 4090 with 48 GB", 1)) == prices.unknown_gpus


def test_replies_that_are_cut_are_followed_by_price(tmp_path):
    """Seventeen bundles in replies of six: each question starts at the dearest of the last, until nothing new comes."""
    outcome = refreshed(vast_on, market_answer, tmp_path)

    asked = questions(outcome.calls)
    assert [None, 0.4, 1.1, 17.0, 24.0] == [question.get("dph_total", {}).get("gte") for question in asked]
    assert {"verified": {"eq": True}, "rentable": {"eq": True}, "type": "on-demand"}.items() <= asked[0].items()
    assert [["dph_total", "asc"]] == asked[0]["order"]
    ids = [row["id"] for page in sorted(tmp_path.glob("*.json"))[:-1] for row in json.loads(page.read_text())["offers"]]
    assert {row["id"] for row in BUNDLES} == set(ids)


@settings(max_examples=examples(30), deadline=None)
@given(
    prices=st.lists(st.sampled_from([0.5, 0.6, 0.7, 0.8]), min_size=1, max_size=30),
    limit=st.integers(min_value=12, max_value=40),
)
def test_no_bundle_is_lost_however_replies_are_cut(tmp_path_factory, prices, limit):
    """As long as not more than a reply's worth cost the same, every machine is counted."""
    rows = [{**RTX5090, "id": number, "machine_id": number, "dph_total": price} for number, price in enumerate(prices)]
    if max(prices.count(price) for price in set(prices)) >= limit:
        return

    def answer(call):
        return Answer(body=vast_reply(rows, questions([call])[0], limit))

    (level,) = refreshed(vast_on, answer, tmp_path_factory.mktemp("pages")).prices.offers

    assert len(prices) == level.offers_count


def test_a_list_of_one_price_that_was_cut_is_refused(tmp_path):
    """Nobody can ask for what stands behind a full reply of one price."""
    rows = [{**RTX5090, "id": number, "machine_id": number} for number in range(100)]

    outcome = refreshed(vast_on, lambda call: Answer(body=vast_reply(rows, questions([call])[0], 64)), tmp_path)

    assert "holds 64 bundles at one price; what follows cannot be asked for" in outcome.error


def test_a_list_without_end_is_given_up(tmp_path):
    """A service that makes up new bundles for ever is left after 200 replies."""
    answers = iter(range(10**6))

    def answer(_):
        number = next(answers)
        return Answer(body=page_of({**RTX5090, "id": number, "dph_total": 1.0 + number}))

    outcome = refreshed(vast_on, answer, tmp_path)

    assert "more than 200 replies with new bundles; not read further" in outcome.error
    assert 200 == len(outcome.calls)


def test_a_key_is_sent_if_there_is_one(tmp_path):
    """And only then; the list comes without one too."""
    without = refreshed(vast_on, market_answer, tmp_path / "without")
    with_key = refreshed(vast_on, market_answer, tmp_path / "with", environ={"VAST_API_KEY": KEY})

    assert [] == [call for call in without.calls if "Authorization" in call.headers]
    assert {f"Bearer {KEY}"} == {call.headers["Authorization"] for call in with_key.calls}
    assert "prices: no account needed" == VastProvider(environ={}).credentials()
    assert "prices: no account needed; key in VAST_API_KEY" == VastProvider(environ={"VAST_API_KEY": KEY}).credentials()


@pytest.mark.parametrize("status", [401, 403])
def test_a_service_that_asks_for_a_key_is_understood(tmp_path, status):
    """The variable is named; where it is set, that its key was refused."""
    answer = in_turn(Answer(status=status))

    without = refreshed(vast_on, answer, tmp_path / "without")
    with_key = refreshed(vast_on, answer, tmp_path / "with", environ={"VAST_API_KEY": KEY})

    assert "Vast asks for a key now: set VAST_API_KEY" in without.error
    assert "The key in VAST_API_KEY is wrong" in with_key.error


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dph_total": None}, "no price"),
        ({"dph_total": 0}, "the price is 0"),
        ({"dph_total": -1.5}, "the price is -1.5"),
        ({"dph_total": float("nan")}, "the price is nan"),
        ({"dph_total": float("inf")}, "the price is inf"),
        ({"dph_total": "0.40"}, "the price '0.40' is not a number"),
        ({"dph_total": True}, "the price 'True' is not a number"),
        ({"dph_base": "0"}, "the price '0' is not a number"),
        ({"num_gpus": 0}, "no number of GPUs"),
        ({"num_gpus": None}, "no number of GPUs"),
        ({"num_gpus": 1.5}, "num_gpus '1.5' is not a number of GPUs"),
        ({"num_gpus": "4"}, "num_gpus '4' is not a number of GPUs"),
        ({"gpu_name": None}, "no gpu_name"),
        ({"gpu_name": ["RTX 5090"]}, "no gpu_name"),
        ({"gpu_ram": "32 GB"}, "gpu_ram '32 GB' is not a size"),
        ({"cpu_ram": []}, "cpu_ram '(a list)' is not a size"),
        ({"reliability2": 99.5}, "reliability2 '99.5' is not a share"),
        ({"verification": {"state": "verified"}}, "the host is (an object)"),
    ],
)
def test_an_odd_bundle_is_held_back(tmp_path, changes, reason):
    """A row with a cell of the wrong kind counts for no level; the others do."""
    prices = parsed(tmp_path, {**RTX5090, **changes}, {**RTX5090, "id": 1, "machine_id": 1, "dph_total": 0.6})

    assert [reason] == [row.reason for row in prices.held_back]
    assert [(0.6, 1)] == [(offer.usd_per_hour, offer.offers_count) for offer in prices.offers]


def test_rows_that_are_no_objects_are_held_back(tmp_path):
    """Numbers, texts and lists among the bundles are named as such."""
    prices = parsed(tmp_path, 7, "bundle", [RTX5090], None, RTX5090)

    assert 4 == len(prices.held_back)
    assert {"the row is not an object"} == {row.reason for row in prices.held_back}
    assert 1 == len(prices.offers)


def test_the_same_bundle_twice_counts_once(tmp_path):
    """It came in two replies; the later one holds, also at another price."""
    (level,) = parsed(tmp_path, RTX5090, {**RTX5090, "dph_total": 0.48}, {**RTX5090, "dph_total": 0.48}).offers

    assert (0.48, 0.48, 1) == (level.usd_per_hour, level.usd_per_hour_cheapest, level.offers_count)


@pytest.mark.parametrize(
    ("place", "continent"),
    [
        ("Montana, US", "NA"),
        (", FI", "EU"),
        ("Sao Paulo, BR", "SA"),
        ("KR", "AS"),
        ("Mordor", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        (7, "unknown"),
    ],
)
def test_a_level_is_of_a_continent(tmp_path, place, continent):
    """The end of the place is a country; what is none is not guessed."""
    assert {continent} == {offer.region for offer in parsed(tmp_path, {**RTX5090, "geolocation": place}).offers}


def test_every_country_has_one_continent():
    """Of a few that lie on a border, and of all continents."""
    assert ["EU", "AS", "AF", "NA", "SA", "OC", "AN"] == [
        continent_of(country) for country in ("RU", "TR", "EG", "MX", "CO", "NZ", "AQ")
    ]
