"""Pages of every provider, damaged anywhere: only errors of ours leave an adapter, and one bad row costs no other."""

import gzip
import json
import re
import shutil
from dataclasses import astuple, replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from planner.errors import PlannerError, ProviderError
from planner.outside.words import said_plainly
from planner.prices.checks import check_offers
from planner.prices.possible import offer_problem
from planner.prices.registry import BUILT_IN, load_provider
from tests.mutations import ODD, json_page
from tests.providers import aws_server, markets, price_lists
from tests.providers.clouds import azure_answer, azure_on, gcp_answer, gcp_on, refreshed, saved_pages
from tests.providers.replay import serving

SERVERS = {
    **{name: (on, markets.market_answer) for name, on in markets.ON.items()},
    **{name: (on, price_lists.list_answer) for name, on in price_lists.ON.items()},
    "gcp": (gcp_on, gcp_answer),
    "azure": (azure_on, azure_answer),
    "aws": (None, aws_server.good),
}
"""How each provider is put on a server, and what that server says on a quiet day."""

FEW, MANY = 6, 150
LARGE = ("aws", "azure", "gcp")
"""Their pages are large, and a fifth of the examples as long as all of another."""

# the clouds' libraries leave sockets to the collector of garbage
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The pages of a provider as a quiet day leaves them, unpacked: bytes by name."""
    found = {}

    def pages(provider):
        if provider not in found:
            folder = tmp_path_factory.mktemp(provider)
            assert "" == _fetched(provider, SERVERS[provider][1], folder)
            files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.*"))}
            found[provider] = {
                name: gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
                for name, body in files.items()
                if name != "manifest.json" and len(body) > 200  # regions without a price are all alike
            }
        return found[provider]

    return pages


def test_every_provider_is_here():
    """A new one is a new line of `SERVERS`."""
    assert BUILT_IN.keys() == SERVERS.keys()


def _each(few, many):
    """A few examples of each provider among the fast tests, many among the slow ones."""
    return pytest.mark.parametrize(
        ("provider", "count"),
        [(provider, few // 3 if provider in LARGE else few) for provider in BUILT_IN]
        + [
            pytest.param(provider, many // 5 if provider in LARGE else many, marks=pytest.mark.slow)
            for provider in BUILT_IN
        ],
    )


@_each(FEW, MANY)
def test_no_damaged_page_does_harm(tmp_path_factory, saved, provider, count):
    """Whatever stands anywhere in a saved page: an error of ours, or prices of which a book holds those that can be."""
    pages = saved(provider)

    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate])
    @given(data=st.data())
    def examine(data):
        name = data.draw(st.sampled_from(list(pages)))
        folder = tmp_path_factory.mktemp("pages")
        try:
            prices = load_provider(provider).parse(
                saved_pages(folder, {**pages, name: data.draw(json_page(pages[name]))})
            )
        except PlannerError as error:
            said_plainly(str(error)).encode()
            return
        finally:
            shutil.rmtree(folder)
        _hold(prices)

    examine()


@_each(FEW, MANY)
def test_one_bad_row_costs_no_other(tmp_path_factory, saved, provider, count):
    """A value of a row may be anything that is JSON: the provider's other prices come all the same."""
    pages = saved(provider)

    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate])
    @given(data=st.data())
    def examine(data):
        name = data.draw(st.sampled_from(list(pages)))
        page = data.draw(json_page(pages[name], most=1, is_whole=False, depth=_depth(pages[name]) + 1))
        folder = tmp_path_factory.mktemp("pages")
        try:
            prices = load_provider(provider).parse(saved_pages(folder, {**pages, name: page}))
        except PlannerError as error:
            # a number or text that no JSON may hold spoils its page, and a page that is one value holds no rows
            assert any(words in str(error) for words in ("JSON", "is no page", "holds no list"))  # noqa: PT017 - rare, by its words
            return
        finally:
            shutil.rmtree(folder)
        assert prices.offers
        _hold(prices)

    examine()


@_each(FEW // 2, MANY // 4)
def test_no_damaged_reply_does_harm(tmp_path_factory, provider, count):
    """The same over the wire, where links and cursors are followed: one reply of the service is damaged."""
    good = SERVERS[provider][1]

    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate])
    @given(data=st.data())
    def examine(data):
        bad, asked, seed = data.draw(st.integers(0, 3)), [], data.draw(st.randoms(use_true_random=False))

        def answer(call):
            reply = good(call)
            asked.append(call)
            return replace(reply, body=_spoilt(reply.body, seed)) if len(asked) == bad + 1 else reply

        folder = tmp_path_factory.mktemp("pages")
        error = _fetched(provider, answer, folder)
        shutil.rmtree(folder)
        said_plainly(error).encode()

    examine()


def _hold(prices):
    """What every answer of an adapter keeps: rows of which the checks let those through that a book can hold."""
    checked = check_offers(prices.offers, previous=(), bands={})
    assert all(offer_problem(offer) is None for offer in checked.offers)
    assert all(row.reason for row in prices.held_back)
    for text in (text for row in prices.held_back for text in astuple(row) if text is not None):
        assert said_plainly(text).isprintable()


def _fetched(provider, answer, folder):
    """Fetch and parse: the error of ours that it came to, or nothing."""
    on = SERVERS[provider][0]
    if on is not None:
        return refreshed(on, answer, folder).error
    with pytest.MonkeyPatch.context() as patch, serving(answer) as server:
        aws_server.sign_in(patch, server)
        try:
            aws_server.fetch(server, folder)
            aws_server.parse(folder)
        except ProviderError as error:
            return str(error)
    return ""


def _depth(page):
    """How deep the rows of a page lie: the way to the members of its longest list or, without one, of its largest object."""
    best = (0, 0)
    waiting = [(json.loads(page), 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, list):
            best = max(best, (len(value), depth + 1))
        if isinstance(value, dict | list):
            waiting += [(below, depth + 1) for below in (value.values() if isinstance(value, dict) else value)]
    return best[1]


def _spoilt(body, seed):
    """The body with one of its words replaced, or damaged as a whole."""
    at = seed.randrange(len(body) + 1)
    ways = (
        lambda: body[:at],
        lambda: b"\xef\xbb\xbf" + body,
        lambda: body[:at] + b"\xe9" + body[at:],
        lambda: body + body,
        lambda: b"",
    )
    words = re.split(rb"([,<>:{}\[\]\s]+)", body)
    if seed.randrange(5) == 0:
        return seed.choice(ways)()
    words[seed.randrange(len(words))] = seed.choice(ODD).encode()
    return b"".join(words)
