"""What a page of another site, a name of another host, and an overlong question get; and what browsers are told."""

import pytest

from planner.web.guard import POLICY
from tests.web.conftest import DAY

JOB = {"model": "resnet50", "epochs": 90, "limit": 1, "as_of": DAY}
PATHS = ("/", "/compare", "/api", "/openapi.json", "/api/models", "/assets/app.js", "/assets/vega.js", "/nothing")


@pytest.mark.parametrize("name", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_names_of_this_machine_are_answered(server, name):
    """With the port that is listened at."""
    answer = server.get("/api/estimate", JOB, headers={"Host": name.format(port=server.port)})

    assert 200 == answer.status


@pytest.mark.parametrize(
    "name",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example:{port}", "", "a b", "\xff"],
)  # fmt: skip
def test_other_names_are_refused(server, name):
    """A name that was bent to this address (DNS rebinding) reads nothing."""
    answer = server.get("/api/estimate", JOB, headers={"Host": name.format(port=server.port)})

    assert answer.status in (400, 421)
    assert b"estimates" not in answer.body


def test_no_or_two_hosts_are_refused(server):
    """There is one name, or no answer."""
    answer = server.get("/", headers=[("Host", f"localhost:{server.port}"), ("X", "y")])

    assert 200 == answer.status
    assert answer.status != server.get("/", headers={"Host": f"localhost:{server.port}, evil"}).status


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers(server, path):
    """The page may run its own scripts and ask its own server, and nobody may frame it or read it from elsewhere."""
    headers = server.get(path).headers

    assert POLICY == headers["content-security-policy"]
    assert "unsafe" not in POLICY
    assert "default-src 'none'" in POLICY
    assert "nosniff" == headers["x-content-type-options"]
    assert "no-referrer" == headers["referrer-policy"]
    assert "same-origin" == headers["cross-origin-resource-policy"]
    assert not {"set-cookie", "access-control-allow-origin", "server"} & headers.keys()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_there_is_nothing_to_change(server, method):
    """GET and HEAD, no more."""
    answer = server.get("/api/estimate", JOB, method=method)

    assert 405 == answer.status
    assert "GET, HEAD" == answer.headers["allow"]


@pytest.mark.parametrize("path", ["/", "/api/estimate?model=resnet50&epochs=90", "/api/models", "/nothing"])
def test_head_is_get_without_a_body(server, path):
    """The same status and length."""
    whole, head = server.get(path), server.get(path, method="HEAD")

    assert (whole.status, whole.headers["content-length"]) == (head.status, head.headers["content-length"])
    assert b"" == head.body


def test_pages_of_other_sites_get_nothing(server):
    """A script or image elsewhere is refused; a link that a person follows is not."""
    embedded = server.get("/api/estimate", JOB, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})
    followed = server.get("/", JOB, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})

    assert (403, "OtherSite") == (embedded.status, embedded.error["type"])
    assert 200 == followed.status


def test_overlong_questions_are_refused(server):
    """With a clear error."""
    statuses = [server.get("/api/estimate", {"model": "x" * length}).status for length in (100, 9_000, 20_000)]

    assert [400, 414, 414] == statuses


def test_a_body_is_refused(server):
    """A question stands in the address."""
    assert 400 == server.get("/api/estimate", JOB, body=b"model=resnet50").status


def test_unchanged_files_are_not_sent_again(server):
    """The browser asks whether they are the same."""
    tag = server.get("/assets/vega.js").headers["etag"]

    again = server.get("/assets/vega.js", headers={"If-None-Match": tag})

    assert (304, b"") == (again.status, again.body)
