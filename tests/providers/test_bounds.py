"""Whatever a server does, a page ends in time, in bounded memory and in an error that names it: with our client and the clouds' own."""

import gc
import threading
import tracemalloc
import warnings

import pytest

from planner.errors import ProviderError
from providers import bounded, deadline, http
from providers.azure_arm import fetch_sku_pages
from providers.base import FetchRequest, RawPages
from providers.deadline import Deadline, TooLateError, in_time
from providers.gcp import GcpProvider
from providers.http import HttpClient
from tests.providers.clouds import API_KEY, StubCredential
from tests.providers.slow_server import ENDLESS, ODD, SLOW, sending

# the libraries leave sockets to the collector of garbage, which tells of them in some test or other
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

SECONDS = 0.1
"""The time limit of a page."""


@pytest.fixture(scope="module", autouse=True)
def _collected_here():
    """No later test hears of sockets of these."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


def plain(url, _folder):
    """A page by our own client."""
    HttpClient(timeout_seconds=SECONDS, sleep=[].append).get(f"{url}/page")


def file(url, _folder):
    """A large file by our own client."""
    client = HttpClient(timeout_seconds=SECONDS, sleep=[].append)
    client.stream(f"{url}/file", lambda chunks: sum(map(len, chunks)), max_bytes=8_000_000)


def google(url, folder):
    """Prices by Google's library."""
    provider = GcpProvider(environ={"GOOGLE_API_KEY": API_KEY}, billing_endpoint=url, sleep=[].append)
    provider.fetch(FetchRequest(timeout_seconds=SECONDS), RawPages(folder), lambda _: None)


def azure(url, _folder):
    """Sizes by Azure's library."""
    from azure.core.pipeline.policies import RetryPolicy  # noqa: PLC0415 - only with the SDK
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy  # noqa: PLC0415

    class OverPlainHttp(ARMChallengeAuthenticationPolicy):
        def on_request(self, request):
            request.context.options["enforce_https"] = False
            super().on_request(request)

    credential = StubCredential()
    fetch_sku_pages(
        credential=credential,
        subscription="0",
        regions=(),
        timeout_seconds=SECONDS,
        report=lambda _: None,
        client_options={
            "base_url": url,
            "retry_policy": RetryPolicy.no_retries(),
            "authentication_policy": OverPlainHttp(credential, "https://management.azure.com/.default"),
        },
    )


def aws(url, _folder):
    """Instance types by boto3."""
    from providers.aws_api import Account  # noqa: PLC0415 - only with the SDK

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        patch.setenv("AWS_ENDPOINT_URL_EC2", url)
        list(Account(timeout_seconds=SECONDS, attempts=1).instance_types())


CLIENTS = {client.__name__: client for client in (plain, file, google, azure, aws)}
LENIENT = ("negative length", "length of no number", "control characters")
"""What a client may overlook, since the body ends with the connection."""


def _left_after(client, sends, folder, **settings):
    """The error with which a client leaves a server; the test fails where it stays for a minute."""
    with sending(sends) as url:
        return in_time(lambda _: _error(client, url, folder, **settings), 60)


def _error(client, url, folder, *, may_answer=False):
    try:
        client(url, folder)
    except ProviderError as error:
        return str(error)
    assert may_answer, "the answer was taken"
    return "answered"


def _cases(names, fast):
    """Every client with every name; slow but for those that stand for the others."""
    return pytest.mark.parametrize(
        ("client", "name"),
        [
            pytest.param(client, name, marks=() if (client, name) in fast else pytest.mark.slow)
            for client in CLIENTS
            for name in names
        ],
    )


@_cases(SLOW, {*(("plain", name) for name in SLOW), ("file", "chunks dripped"), ("google", "body dripped")})
def test_a_slow_server_is_left_in_time(tmp_path, client, name):
    """Every one, though no single wait is long; also by the libraries, whose own time limits hold for single waits."""
    assert _left_after(CLIENTS[client], SLOW[name], tmp_path)


@_cases(ENDLESS, {("plain", "bomb"), ("file", "junk"), ("google", "bomb")})
def test_an_endless_answer_is_not_kept(tmp_path, monkeypatch, client, name):
    """Packed or not, it ends at the cap of a page, or in time; memory stays at a small multiple of the cap."""
    for module in (http, bounded):
        monkeypatch.setattr(module, "MAX_PAGE_BYTES", 2_000_000)
    monkeypatch.setattr("tests.providers.test_bounds.SECONDS", 20)
    tracemalloc.start()
    try:
        text = _left_after(CLIENTS[client], ENDLESS[name], tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert "more than" in text or "gzip" in text or client == "aws"
    assert peak < 150_000_000


@_cases(ODD, {*(("plain", name) for name in ODD), ("google", "negative chunk"), ("azure", "no address to go to")})
def test_an_odd_answer_is_an_error_of_its_own(tmp_path, client, name):
    """In printable words; never a bug."""
    text = _left_after(CLIENTS[client], ODD[name], tmp_path, may_answer=name in LENIENT)

    assert text.isprintable()
    assert API_KEY not in text


def test_time_is_put_off_by_what_comes():
    """The deadline of a large file moves with its bytes; once it is over, whoever works for it is told."""
    now = [0.0]
    page = Deadline(2.0, clock=lambda: now[0])

    now[0] = 1.5
    page.add(3.0)
    now[0] = 4.9
    page.check()
    now[0] = 5.1

    with pytest.raises(TooLateError):
        page.check()


def test_who_is_left_behind_hears_of_it():
    """A thread that nobody waits for any more finds its deadline over."""
    begun, heard = threading.Event(), threading.Event()

    def work(page):
        begun.set()
        release.wait(30)
        if page.seconds_left < 0:
            heard.set()

    release = threading.Event()
    with pytest.raises(TooLateError):
        in_time(work, 0.01)
    release.set()

    assert begun.is_set()
    assert heard.wait(30)


def test_what_the_work_raises_is_raised():
    """Also a TimeoutError of its own, which is not the end of the time."""

    def work(_):
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        in_time(work, 30)
    assert deadline.in_time(lambda _: 7, 30) == 7


def test_the_pages_of_a_fetch_are_bounded(tmp_path, monkeypatch):
    """Together, by the room on the disk, and by the time of the fetch."""
    monkeypatch.setattr("providers.base.MOST_BYTES", 100)
    pages = RawPages(tmp_path)
    pages.save("one.json", b"x" * 60)

    with pytest.raises(ProviderError, match="more than 100 bytes together"):
        pages.save("two.json", b"x" * 60)

    monkeypatch.setattr("providers.base.MOST_BYTES", 10**18)
    with pytest.raises(ProviderError, match="No room for"):
        pages.make_room(10**17)
    pages.give_up()
    with pytest.raises(ProviderError, match="given up"):
        pages.save("three.json", b"")
    assert ["one.json"] == [path.name for path in tmp_path.iterdir()]
