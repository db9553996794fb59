"""Hostile replies to the adapters of Vast, RunPod, Lambda and Vultr: only errors of ours leave them, and no row goes unnamed."""

import copy
import json
import logging
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import PlannerError
from planner.hardware.gpus import load_gpus
from planner.prices.checks import check_offers
from planner.prices.registry import load_provider
from planner.prices.snapshots import sort_key
from providers.base import RawPages
from providers.http import retry_after_seconds
from tests.examples import examples
from tests.providers.clouds import fixture_page, refreshed, saved_pages
from tests.providers.markets import KEY, ON, market_answer
from tests.providers.replay import Answer, in_turn, serving

FIRST_PATH = {
    "vast": "/api/v0/bundles/",
    "runpod": "/graphql",
    "lambda": "/api/v1/instance-types",
    "vultr": "/v2/plans",
}
PAGES = {
    "vast": ["bundles.json"],
    "runpod": ["gpu_types.json"],
    "lambda": ["instance_types.json", "images.json"],
    "vultr": ["plans_p1.json", "plans_p2.json", "plans_metal.json"],
}
BROKEN = {
    "web page": (Answer(body=b"<html>sign in</html>", content_type="text/html"), "answered with a web page"),
    "web page as JSON": (Answer(body=b"<!DOCTYPE html><html></html>"), "answered with a web page"),
    "cut": (Answer(body=b'{"offers": [{"id": 1, "dph_to'), "is cut off or not JSON"),
    "cut on the way": (Answer(body=b'{"offers": []}' * 9, cut_after=20), "the connection was cut"),
    "empty": (Answer(body=b""), "answered with an empty body"),
    "blank": (Answer(body=b"  \n"), "is empty where JSON was expected"),
    "not UTF-8": (Answer(body=b'{"data": "\xe9"}'), "is not UTF-8 text"),
    "null": (Answer(body=b"null"), "holds n"),
    "a number": (Answer(body=b"42"), "holds n"),
    "a list": (Answer(body=b"[]"), "holds n"),
    "an object": (Answer(body=b"{}"), "holds n"),
    "lists that are objects": (
        Answer(body=b'{"offers": {}, "data": 7, "plans": {}, "plans_metal": {}}'),
        "hold",
    ),
    "deep": (Answer(body=b"[" * 100_000), "is cut off or not JSON"),
    "503": (Answer(status=503), "HTTP status 503. Tried 4 times."),
    "500": (Answer(status=500, body=b"<html>oops</html>", content_type="text/html"), "HTTP status 500"),
    "429": (Answer(status=429, headers={"Retry-After": "7"}), "HTTP status 429 (too many requests). Tried 4 times."),
    "429 for long": (Answer(status=429, headers={"Retry-After": "3600"}), "It asks to wait 3600 s: try again then."),
    "404": (Answer(status=404), "HTTP status 404"),
    "redirect to a stranger": (
        Answer(status=302, headers={"Location": "http://198.51.100.7/prices"}),
        "points on to another host, http://198.51.100.7/prices; not followed",
    ),
    "redirect in circles": (Answer(status=302, headers={"Location": "{BASE}/round"}), "HTTP status 302"),
}


def to_first(provider, reply):
    """The pages made by hand, but `reply` to the first question."""
    return lambda call: reply if call.path.startswith((FIRST_PATH[provider], "/round")) else market_answer(call)


@pytest.mark.parametrize("provider", ON)
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_reply_is_a_clear_error(tmp_path, provider, kind):
    """No manifest is left, so nothing of it is ever parsed; the address in the message is the one asked."""
    reply, text = BROKEN[kind]

    outcome = refreshed(ON[provider], to_first(provider, reply), tmp_path)

    assert text in outcome.error
    assert "http://127.0.0.1:" in outcome.error
    assert not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize("provider", ON)
def test_passing_trouble_is_waited_for(tmp_path, provider):
    """As long as the service asks, then the prices are those of a quiet day."""
    troubled = in_turn(
        Answer(status=429, headers={"Retry-After": "7"}), Answer(status=503, headers={"Retry-After": "3"})
    )
    told = []

    def answer(call):
        told.append(call)
        return troubled(call) if len(told) < 3 else market_answer(call)

    outcome = refreshed(ON[provider], answer, tmp_path / "troubled")

    assert [7.0, 3.0] == outcome.waits
    assert refreshed(ON[provider], market_answer, tmp_path / "quiet").prices == outcome.prices


@pytest.mark.parametrize(
    ("provider", "page"),
    [
        ("vast", {"offers": []}),
        ("runpod", {"data": {"gpuTypes": []}}),
        ("lambda", {"data": {}}),
        ("vultr", {"plans": [], "plans_metal": []}),
    ],
)
def test_empty_lists_are_an_error(tmp_path, provider, page):
    """No price at all is no answer, whoever says so politely."""
    outcome = refreshed(ON[provider], lambda _: Answer(body=json.dumps(page).encode()), tmp_path)

    assert f"Try again: planner refresh {provider}" in outcome.error


@pytest.mark.parametrize("provider", ON)
def test_an_interrupted_fetch_is_not_parsed(tmp_path, provider):
    """Pages without a manifest are refused."""
    for name in PAGES[provider]:
        (tmp_path / name).write_bytes(fixture_page(provider, name))
    pages = saved_pages(tmp_path, {})
    (tmp_path / "manifest.json").unlink()

    with pytest.raises(PlannerError, match="the fetch was interrupted"):
        load_provider(provider).parse(pages)


@pytest.mark.parametrize("provider", ON)
def test_rows_in_any_order_give_the_same_prices(tmp_path, provider):
    """Whole pages turned round, with every row twice."""
    given = {name: fixture_page(provider, name) for name in PAGES[provider]}

    turned = {f"9-{len(given) - number}.json": turned_round(body) for number, body in enumerate(given.values())}

    usual = load_provider(provider).parse(saved_pages(tmp_path / "usual", given))
    assert usual.offers == load_provider(provider).parse(saved_pages(tmp_path / "turned", turned)).offers


@pytest.mark.parametrize(
    ("provider", "page", "key"),
    [
        ("runpod", "gpu_types.json", "securePrice"),
        ("lambda", "instance_types.json", "price_cents_per_hour"),
        ("vultr", "plans_metal.json", "hourly_cost"),
    ],
)
def test_one_thing_at_two_prices_is_offered_at_neither(tmp_path, provider, page, key):
    """Nobody knows which is right: a refresh holds both back, in an order that does not change."""
    text = fixture_page(provider, page).decode()
    other = re.sub(rf'"{key}":(\d+)', lambda found: f'"{key}":{int(found[1]) + 1}', text, count=1)
    pages = {"a.json": text.encode(), "b.json": other.encode()}
    if provider == "lambda":  # an object has one entry of a name, whichever page it is on
        renamed = other.replace('"gpu_8x_b200_sxm6":', '"again":', 1)
        pages["b.json"] = renamed.encode()
    if provider == "vultr":
        pages["c.json"] = fixture_page("vultr", "plans_p2.json")

    found = load_provider(provider).parse(saved_pages(tmp_path, pages))
    checked = check_offers(found.offers, previous=(), bands={})

    assert checked.held_back
    assert all("2 prices for one offer" in row.reason for row in checked.held_back)
    assert found.offers == load_provider(provider).parse(RawPages(tmp_path)).offers


def turned_round(body):
    """A page with its rows in the other order, each twice; lists within rows as they are."""

    def turned(value, depth=0):
        if isinstance(value, list) and depth < 4 and value and isinstance(value[0], dict):
            return [*reversed(value), *value]
        if isinstance(value, dict) and depth < 2:
            return {key: turned(below, depth + 1) for key, below in reversed(value.items())}
        return value

    return json.dumps(turned(json.loads(body))).encode()


def places(value, path=()):
    """Paths to every value of a document."""
    yield path
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in below:
        yield from places(one, (*path, key))


def replaced(document, path, value):
    """The document with another value at that place; `...` takes it away."""
    document = copy.deepcopy(document)
    if not path:
        return None if value is ... else value
    at = document
    for key in path[:-1]:
        at = at[key]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return document


odd = (
    st.sampled_from(
        [
            ...,
            None,
            True,
            False,
            0,
            -1,
            0.0,
            1e-300,
            5e-324,
            1e300,
            10**30,
            2.5,
            "",
            " ",
            "0",
            "NaN",
            "1,5",
            "\x1b[31m",
            "é" * 200,
        ]
    )
    | st.sampled_from([math.nan, math.inf, -math.inf, [], {}, [[]], {"a": {}}, ["a"], [None], "x" * 5000])
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
)


@st.composite
def mutated(draw, provider):
    """A page made by hand, with up to four values replaced by odd ones."""
    name = draw(st.sampled_from(PAGES[provider]))
    document = json.loads(fixture_page(provider, name))
    for _ in range(draw(st.integers(min_value=1, max_value=4))):
        path = draw(st.sampled_from(list(places(document))))
        document = replaced(document, path, draw(odd))
    return {**{page: fixture_page(provider, page) for page in PAGES[provider]}, name: json.dumps(document).encode()}


def check(prices):
    """What every answer of an adapter keeps: real GPUs, prices that a book can hold, one line for each row held back."""
    for offer in prices.offers:
        assert 0 < offer.usd_per_hour < math.inf
        assert 0 < offer.gpu_count <= 1000
        assert offer.gpu in load_gpus()
        assert offer.usd_per_hour_cheapest is None or 0 < offer.usd_per_hour_cheapest <= offer.usd_per_hour
        assert offer.instance_type.isprintable()
        assert offer.region.isprintable()
        assert offer.region
    for row in prices.held_back:
        assert row.reason
        assert row.instance_type.isprintable()
        assert row.usd_per_hour is None or row.usd_per_hour.isprintable()
    assert sum(count for _, count in prices.unknown_gpus) <= len(prices.held_back)


@pytest.mark.parametrize("provider", ON)
@settings(max_examples=examples(20), deadline=None)
@given(data=st.data())
def test_no_mutated_page_does_harm(tmp_path_factory, provider, data):
    """Whatever stands anywhere in a saved page: an error of ours, or prices that can be."""
    pages = saved_pages(tmp_path_factory.mktemp("pages"), data.draw(mutated(provider)))
    try:
        prices = load_provider(provider).parse(pages)
    except PlannerError:
        return

    check(prices)
    assert len(prices.offers) == len({(sort_key(offer), offer.usd_per_hour, offer.source) for offer in prices.offers})


@pytest.mark.parametrize("provider", ON)
@settings(max_examples=examples(15), deadline=None)
@given(data=st.data())
def test_no_mutated_reply_does_harm(tmp_path_factory, provider, data):
    """The same over the wire, where links, cursors and errors are followed; and cut anywhere."""
    pages = list(data.draw(mutated(provider)).values())
    cut = data.draw(st.none() | st.integers(min_value=0, max_value=4000))
    replies = in_turn(*(Answer(body=body[:cut]) for body in pages))

    outcome = refreshed(ON[provider], replies, tmp_path_factory.mktemp("pages"))

    assert (outcome.prices is None) == bool(outcome.error)
    if outcome.prices is not None:
        check(outcome.prices)


@pytest.mark.parametrize(("provider", "variable"), [("vast", "VAST_API_KEY"), ("lambda", "LAMBDA_API_KEY")])
@pytest.mark.parametrize("kind", [None, "echo", *BROKEN])
def test_a_key_is_only_in_headers(request, tmp_path, provider, variable, kind):
    """In no page, message, address or log of any level, whatever the service answers."""
    caplog, capfd = request.getfixturevalue("caplog"), request.getfixturevalue("capfd")
    caplog.set_level(logging.DEBUG)

    def echo(call):
        return Answer(status=403, body=f"refused: {call.headers.get('Authorization')}".encode())

    answer = {None: market_answer, "echo": echo}.get(kind) or to_first(provider, BROKEN[kind][0])

    outcome = refreshed(ON[provider], answer, tmp_path, environ={variable: KEY})

    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    logged = [vars(record) for record in caplog.records]
    said = f"{written!r} {logged} {caplog.text} {capfd.readouterr()} {outcome.error} {outcome.lines} {outcome.prices!r}"
    assert KEY not in said
    assert [] == [call.path for call in outcome.calls if KEY in call.path]
    assert KEY in str([call.headers for call in outcome.calls])


@pytest.mark.parametrize("provider", ["vast", "lambda"])
def test_a_key_does_not_follow_a_redirect_to_a_stranger(tmp_path, provider):
    """Nor does anything else: the stranger is never called."""
    with serving(market_answer) as stranger:
        reply = Answer(status=307, headers={"Location": f"{stranger.url}/prices"})

        outcome = refreshed(
            ON[provider],
            to_first(provider, reply),
            tmp_path,
            environ={"VAST_API_KEY": KEY, "LAMBDA_API_KEY": KEY},
        )

    assert "points on to another host" in outcome.error
    assert [] == stranger.calls


@pytest.mark.parametrize("said", ["\u00b2", "Mon, 20 Nov 99999999999 10:00:00 GMT", "soon", "-5", "1e3"])
def test_a_time_to_wait_that_is_none_is_passed_over(said):
    """The server chooses what it writes there."""
    assert retry_after_seconds({"Retry-After": said}) is None
