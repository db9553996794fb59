"""Hostile replies to the clouds with one price list each: an error of the planner or rows held back, never more."""

import json
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.errors import PlannerError
from planner.hardware.gpus import load_gpus
from planner.prices.registry import load_provider
from providers.base import FetchRequest
from tests.examples import examples
from tests.providers.clouds import fixture_json, refreshed, saved_pages
from tests.providers.price_lists import KEY, ON, instead, list_answer
from tests.providers.replay import Answer

FIRST_PAGE = {"oci": "/products", "verda": "/instance-types", "hyperstack": "/pricebook", "digitalocean": "/sizes"}
KEYED = {
    "hyperstack": ("HYPERSTACK_API_KEY", "HYPERSTACK_API_KEY"),
    "digitalocean": ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_TOKEN or DIGITALOCEAN_ACCESS_TOKEN"),
}
BROKEN = {
    "throttled": (Answer(status=429, headers={"Retry-After": "7"}), "HTTP status 429 (too many requests). Tried 4"),
    "throttled for long": (Answer(status=429, headers={"Retry-After": "3600"}), "It asks to wait 3600 s"),
    "down": (Answer(status=503), "HTTP status 503. Tried 4 times."),
    "not found": (Answer(status=404), "HTTP status 404 (not found)"),
    "a web page": (Answer(body=b"<!DOCTYPE html><html>sign in</html>", content_type="text/html"), "with a web page"),
    "a web page called JSON": (Answer(body=b"<html>sign in</html>"), "with a web page"),
    "cut JSON": (Answer(body=b'{"items": [{"partNumber"'), "cut off or not JSON"),
    "a cut connection": (Answer(body=b'{"items": []}', cut_after=5), "the connection was cut after 5 of 13 bytes"),
    "nothing": (Answer(body=b""), "answered with an empty body"),
    "another encoding": (Answer(body=b'{"sizes": ["\xe9"]}'), "is not UTF-8 text"),
    "null": (Answer(body=b"null"), "list"),
    "a number": (Answer(body=b"7"), "list"),
    "a text": (Answer(body=b'"prices"'), "list"),
    "an empty object": (Answer(body=b"{}"), "list"),
    "an error as JSON": (Answer(body=b'{"id": "unauthorized", "message": "no"}'), "list"),
    "another host": (Answer(status=302, headers={"Location": "http://198.51.100.7/"}), "points on to another host"),
    "a silent host": (Answer(body=b"[]", delay_seconds=0.6), "nothing came for 0.3 s."),
}


@pytest.mark.parametrize("cloud", ON)
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_reply_is_a_clear_error(tmp_path, cloud, name):
    """No reply that is not a price list ends in a finished fetch, and the message says what came instead."""
    reply, text = BROKEN[name]
    request = FetchRequest(timeout_seconds=0.3 if reply.delay_seconds else 120.0)

    outcome = refreshed(ON[cloud], instead(FIRST_PAGE[cloud], reply), tmp_path, request)

    assert text in outcome.error
    assert not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize("cloud", ON)
def test_throttling_is_waited_for_as_asked(tmp_path, cloud):
    """Seconds that the service names, and then the prices."""
    replies = iter([Answer(status=429, headers={"Retry-After": "7"})])

    outcome = refreshed(ON[cloud], lambda call: next(replies, None) or list_answer(call), tmp_path)

    assert [7.0] == outcome.waits
    assert outcome.prices.offers


@pytest.mark.parametrize(
    ("cloud", "body"),
    [
        ("oci", b'{"items": []}'),
        ("verda", b"[]"),
        ("hyperstack", b"[]"),
        ("digitalocean", b'{"sizes": [], "links": {}}'),
    ],
)
def test_an_empty_list_is_refused(tmp_path, cloud, body):
    """A list without a single GPU is an error, not an empty book."""
    part = "/shapes" if cloud == "oci" else FIRST_PAGE[cloud]

    outcome = refreshed(ON[cloud], instead(part, Answer(body=body)), tmp_path)

    assert f"with GPUs. Try again: planner refresh {cloud}" in outcome.error.replace("for a GPU.", "with GPUs.")


@pytest.mark.parametrize("cloud", KEYED)
def test_a_missing_key_is_named_before_anything_is_asked(tmp_path, cloud):
    """The message has the variable and where a key is made."""
    outcome = refreshed(ON[cloud], list_answer, tmp_path, environ={})

    assert outcome.error.startswith(f"{KEYED[cloud][1]} is not set. A key that may read is enough: https://")
    assert [] == outcome.calls


@pytest.mark.parametrize("cloud", KEYED)
@pytest.mark.parametrize("key", ["two words", "line\nline", "schlüssel", "\x00", "k\udcff"])
def test_what_cannot_be_a_key_is_refused_unseen(tmp_path, cloud, key):
    """Neither sent nor shown."""
    outcome = refreshed(ON[cloud], list_answer, tmp_path, environ={KEYED[cloud][0]: key})

    assert f"{KEYED[cloud][0]} does not hold a key: it has spaces or characters that no key has." == outcome.error
    assert [] == outcome.calls


@pytest.mark.parametrize("cloud", KEYED)
@pytest.mark.parametrize("status", [401, 403])
def test_a_denied_key_is_said_to_be_one_and_stays_secret(tmp_path, caplog, capfd, cloud, status):
    """A service that repeats the key does not get it into a message, a log or a file."""
    caplog.set_level(logging.DEBUG)

    def echo(call):
        return Answer(status=status, body=json.dumps({"message": f"denied: {call.headers}"}).encode())

    outcome = refreshed(ON[cloud], echo, tmp_path)

    assert f"The key in {KEYED[cloud][1]} is wrong, has run out, or may not read prices" in outcome.error
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    seen = f"{written!r} {caplog.text} {''.join(capfd.readouterr())} {outcome.error} {outcome.lines}"
    assert KEY not in seen
    assert KEY in str(outcome.calls[0].headers)


@pytest.mark.parametrize("cloud", KEYED)
def test_a_key_is_in_no_page(tmp_path, cloud):
    """What is kept of a good refresh holds no key."""
    outcome = refreshed(ON[cloud], list_answer, tmp_path)

    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert outcome.prices.offers
    assert KEY.encode() not in written
    assert KEY not in f"{outcome.prices!r} {outcome.lines}"


PAGES = {
    "oci": {"products.json": fixture_json("oci", "products.json"), "shapes.json": fixture_json("oci", "shapes.json")},
    "verda": {"instance-types.json": fixture_json("verda", "instance_types.json")},
    "hyperstack": {
        "pricebook.json": fixture_json("hyperstack", "pricebook.json"),
        "flavors.json": fixture_json("hyperstack", "flavors.json"),
    },
    "digitalocean": {"sizes-001.json": fixture_json("digitalocean", "sizes_p1.json")},
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**400), max_value=10**400),
    st.floats(),
    st.text(alphabet=st.characters(codec=None), max_size=8),
    st.sampled_from(["", "0", "-1", "nan", "1e999", "\ud800", "usd", "H100", "8x H100 SXM5 80GB", "BM.GPU.H100.8"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


@st.composite
def mutated(draw, page):
    """A page with some of its cells, rows or itself replaced, dropped or doubled."""
    page = json.loads(json.dumps(page))
    for _ in range(draw(st.integers(1, 6))):
        place, key = None, None
        inside = page
        while isinstance(inside, dict | list) and inside and draw(st.integers(0, 5)):
            place, key = inside, draw(st.sampled_from(list(inside) if isinstance(inside, dict) else range(len(inside))))
            inside = place[key]
        if place is None:
            return draw(ODD)
        what = draw(st.sampled_from(["replace", "replace", "drop", "double"]))
        if what == "replace":
            place[key] = draw(ODD)
        elif what == "drop":
            del place[key]
        elif isinstance(place, list):
            place.append(inside)
    return page


@pytest.mark.parametrize("cloud", ON)
@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_pages_never_break_an_adapter(tmp_path_factory, cloud, data):
    """Whatever is in a page: offers with a positive price of a known GPU, and only errors of the planner."""
    pages = {
        name: json.dumps(data.draw(mutated(page)), ensure_ascii=True).encode() for name, page in PAGES[cloud].items()
    }
    raw = saved_pages(tmp_path_factory.mktemp("raw"), pages)
    try:
        prices = load_provider(cloud).parse(raw)
    except PlannerError as error:
        str(error).encode()
        return

    for offer in prices.offers:
        assert 0 < offer.usd_per_hour < 1e13
        assert offer.gpu in load_gpus()
        assert offer.gpu_count in range(1, 1001)
        assert offer.instance_type.isprintable()
        assert offer.region.isprintable()
    for row in prices.held_back:
        " ".join(str(cell) for cell in (row.instance_type, row.usd_per_hour, row.reason)).encode()
    for name, count in prices.unknown_gpus:
        assert (name.isprintable(), count > 0) == (True, True)
