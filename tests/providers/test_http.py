import gzip
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from planner.errors import ProviderError
from providers.http import HttpClient, HttpStatusError, check_same_host, json_document, shown
from providers.sdk import load_sdk
from tests.providers.replay import Answer, in_turn, serving


def client(waits=None, **settings):
    return HttpClient(timeout_seconds=30.0, sleep=(waits if waits is not None else []).append, **settings)


def test_a_page_comes_back_as_sent():
    """The body of a good answer is returned byte for byte after one request."""
    with serving(in_turn(Answer(body=b'{"a": 1}'))) as server:
        body = client().get(f"{server.url}/page?x=1")

    assert b'{"a": 1}' == body
    assert ["/page?x=1"] == [call.path for call in server.calls]


def test_a_question_is_posted_as_json():
    """With the headers of the caller, and again after a pause when the service is busy."""
    with serving(in_turn(Answer(status=503), Answer(body=b"[1]"))) as server:
        body = client(headers={"X-Team": "blue"}).post(server.url, {"query": "{ a }"})

    assert b"[1]" == body
    assert [("POST", b'{"query": "{ a }"}')] * 2 == [(call.method, call.body) for call in server.calls]
    assert ("application/json", "blue") == tuple(server.calls[1].headers[name] for name in ("Content-Type", "X-Team"))


def test_gzip_is_unpacked():
    """An answer packed with gzip is asked for and unpacked."""
    with serving(in_turn(Answer(body=gzip.compress(b"x" * 10_000), headers={"Content-Encoding": "gzip"}))) as server:
        body = client().get(server.url)

    assert b"x" * 10_000 == body
    assert "gzip" == server.calls[0].headers["Accept-Encoding"]


@pytest.mark.parametrize("status", [201, 203, 206])
def test_an_answer_that_is_no_whole_page_is_refused(status):
    """A part of a list would be a list with fewer rows."""
    with serving(in_turn(Answer(status=status, body=b"[1]"))) as server, pytest.raises(HttpStatusError) as refusal:
        client().get(server.url)

    assert f"answered with HTTP status {status}, which is no whole page." in str(refusal.value)


def test_what_a_library_of_a_cloud_logs_is_not_printed(monkeypatch, capsys):
    """Tracebacks among it; whoever sets up logging gets it."""
    load_sdk("azure.core", extra="azure")
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    for name in ("azure.mgmt.compute", "msal.application", "urllib3.connectionpool"):
        logging.getLogger(name).warning("Ran into an error", exc_info=ValueError("a secret"))

    assert "" == capsys.readouterr().err


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_trouble_is_waited_for(status):
    """A status that may pass is tried again after a wait that grows."""
    waits = []
    with serving(in_turn(Answer(status=status), Answer(status=status), Answer(body=b"[]"))) as server:
        body = client(waits).get(server.url)

    assert b"[]" == body
    assert 3 == len(server.calls)
    assert 0.5 <= waits[0] <= 1.0 <= waits[1] <= 2.0


def test_retry_after_in_seconds_is_obeyed():
    """The wait is the one the service asks for."""
    waits = []
    with serving(in_turn(Answer(status=429, headers={"Retry-After": "7"}), Answer(body=b"[]"))) as server:
        client(waits).get(server.url)

    assert [7.0] == waits


def test_retry_after_as_a_date_is_obeyed():
    """A date in Retry-After means the seconds until then."""
    waits = []
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    with serving(in_turn(Answer(status=503, headers={"Retry-After": when}), Answer(body=b"[]"))) as server:
        client(waits).get(server.url)

    assert 17 < waits[0] <= 20


def test_a_long_retry_after_ends_the_attempt():
    """A wait of more than a minute is left to a person, without another request."""
    with serving(in_turn(Answer(status=429, headers={"Retry-After": "3600"}))) as server:
        with pytest.raises(HttpStatusError, match="asks to wait 3600 s"):
            client().get(server.url)

        assert 1 == len(server.calls)


def test_retries_are_bounded():
    """A service that never recovers is given up after the fourth request; the message says so."""
    with serving(in_turn(Answer(status=503))) as server:
        with pytest.raises(HttpStatusError, match=r"HTTP status 503\. Tried 4 times") as caught:
            client().get(server.url)

        assert 4 == len(server.calls)
    assert 503 == caught.value.status


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_final(status):
    """A status that will not pass is reported at once."""
    with serving(in_turn(Answer(status=status))) as server:
        with pytest.raises(HttpStatusError, match=f"HTTP status {status}"):
            client().get(server.url)

        assert 1 == len(server.calls)


@pytest.mark.parametrize(
    "page",
    [
        Answer(body=b"<html>Sign in</html>", content_type="text/html"),
        Answer(body=b"\n <!DOCTYPE html><p>Sign in", content_type="application/json"),
    ],
)
def test_a_web_page_is_not_data(page):
    """HTML with status 200 is refused, whatever its content type says."""
    with serving(in_turn(page)) as server, pytest.raises(ProviderError, match="web page"):
        client().get(server.url)


def test_an_empty_answer_is_refused():
    """No bytes with status 200 is not an answer."""
    with serving(in_turn(Answer(body=b""))) as server, pytest.raises(ProviderError, match="empty"):
        client().get(server.url)


def test_a_cut_connection_is_noticed_and_tried_again():
    """A body shorter than announced is never returned; the next attempt may be whole."""
    with serving(in_turn(Answer(body=b"x" * 100, cut_after=40), Answer(body=b"x" * 100))) as server:
        body = client().get(server.url)

    assert b"x" * 100 == body


def test_a_connection_that_is_always_cut_is_an_error():
    """The message says how much came."""
    with (
        serving(in_turn(Answer(body=b"x" * 100, cut_after=40))) as server,
        pytest.raises(ProviderError, match="cut after 40 of 100 bytes"),
    ):
        client().get(server.url)


def test_silence_ends_at_the_timeout():
    """A server that says nothing is given up."""
    with (
        serving(in_turn(Answer(body=b"[]", delay_seconds=0.3))) as server,
        pytest.raises(ProviderError, match=r"nothing came for 0\.1 s"),
    ):
        HttpClient(timeout_seconds=0.1, attempts=2, sleep=[].append).get(server.url)


def test_a_closed_port_is_an_error():
    """Nobody listening is reported, not raised as an OSError."""
    with serving(in_turn(Answer())) as server:
        url = server.url

    with pytest.raises(ProviderError, match="refused"):
        client().get(url)


def test_a_page_without_end_is_not_read():
    """A body larger than the limit is refused, packed or not."""
    packed = Answer(body=gzip.compress(b"0" * 5_000_000), headers={"Content-Encoding": "gzip"})
    with serving(in_turn(packed)) as server, pytest.raises(ProviderError, match="more than 1,000,000 bytes"):
        client().get(server.url, max_bytes=1_000_000)


def test_damaged_gzip_is_an_error():
    """Bytes that are not gzip although announced so are refused."""
    with (
        serving(in_turn(Answer(body=b"plain", headers={"Content-Encoding": "gzip"}))) as server,
        pytest.raises(ProviderError, match="damaged gzip"),
    ):
        client().get(server.url)


def test_gzip_that_ends_early_is_cut_off():
    """A packed body of the announced length that lacks its end is not taken for whole."""
    half = Answer(body=gzip.compress(bytes(range(256)) * 40)[:60], headers={"Content-Encoding": "gzip"})
    with serving(in_turn(half)) as server, pytest.raises(ProviderError, match="ends early"):
        client().get(server.url)


def test_a_redirect_on_the_same_host_is_followed():
    """A moved page on the same host is read where it went."""
    moved = Answer(status=302, headers={"Location": "/new"})
    with serving(in_turn(moved, Answer(body=b"[]"))) as server:
        client().get(f"{server.url}/old")

    assert ["/old", "/new"] == [call.path for call in server.calls]


def test_a_redirect_to_another_host_is_not_followed():
    """Not even one request goes to a host nobody named."""
    moved = Answer(status=302, headers={"Location": "http://127.0.0.2:1/prices"})
    with serving(in_turn(moved)) as server, pytest.raises(ProviderError, match="another host"):
        client().get(server.url)


def test_headers_of_the_caller_go_with_every_request():
    """A key is sent again after a wait and after a redirect on the same host, and is in no message."""
    moved = Answer(status=302, headers={"Location": "/new"})
    with serving(in_turn(Answer(status=503), moved, Answer(status=403))) as server:
        with pytest.raises(HttpStatusError) as caught:
            client(headers={"Authorization": "Bearer planted"}).get(f"{server.url}/old")

        assert ["Bearer planted"] * 3 == [call.headers["Authorization"] for call in server.calls]
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://prices.example.com/", "ftp://127.0.0.1/", "file:///etc/passwd", "prices"])
def test_only_https_or_loopback(url):
    """Anything else is refused before a connection is made."""
    with pytest.raises(ProviderError, match="not an https address"):
        client().get(url)


def test_next_links_may_name_the_default_port():
    """Port 443 written out is the same host."""
    link = check_same_host("https://prices.azure.com:443/next", "https://prices.azure.com/first")

    assert "https://prices.azure.com:443/next" == link


@pytest.mark.parametrize(
    "link", ["https://evil.example/next", "http://prices.azure.com/next", "https://prices.azure.com:8443/"]
)
def test_next_links_stay_on_their_host(link):
    """Another host, scheme or port is an error that names both."""
    with pytest.raises(ProviderError, match="another host"):
        check_same_host(link, "https://prices.azure.com/first")


def test_messages_hide_secrets():
    """User, password and secret parameters are not shown."""
    assert "https://host/path?key=...&page=2" == shown("https://me:pw@host/path?key=abc&page=2#x")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "empty"),
        (b"<html></html>", "web page"),
        (b'{"Items": [1, 2', "cut off"),
        (b'{"a": "\xe9"}', "not UTF-8"),
        (b"[" * 100_000, "cut off"),
    ],
)
def test_what_is_not_json_is_refused(body, complaint):
    """Each way of not being JSON is said in words."""
    with pytest.raises(ProviderError, match=complaint):
        json_document(body, "page 3")


def test_a_byte_order_mark_is_allowed():
    """UTF-8 with a mark at the front is JSON too."""
    assert {"a": 1} == json_document(b'\xef\xbb\xbf{"a": 1}', "page 3")
