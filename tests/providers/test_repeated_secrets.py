"""What a service says is clean before it is printed or saved: no secret that it repeats, no control characters."""

from dataclasses import astuple

import pytest

from planner.errors import ProviderError
from planner.model.records import HeldBack
from planner.outside.words import said_plainly, without_secrets
from planner.prices.refresh import RefreshOrder, refresh
from providers.aws_api import known_code
from providers.base import ParsedPrices, RawPages
from tests.builders import an_offer

PLANTED = "planted-secret-value-2f6b"


def test_a_page_that_repeats_a_secret_is_saved_without_it(tmp_path, monkeypatch):
    """Whatever variable holds it, as long as its name says that it is one."""
    monkeypatch.setenv("ACME_API_KEY", PLANTED)
    monkeypatch.setenv("ACME_COLOUR", "a-value-of-many-letters")

    RawPages(tmp_path).save("page.json", f'{{"you": "{PLANTED}", "colour": "a-value-of-many-letters"}}'.encode())

    assert b'{"you": "<ACME_API_KEY>", "colour": "a-value-of-many-letters"}' == (tmp_path / "page.json").read_bytes()


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("denied for Authorization: Bearer abcdef0123456789", "denied for Authorization: Bearer <secret>"),
        ("GET https://x.example/v1?key=AIzaSyA0123456789abcdef&page=2", "GET https://x.example/v1?key=<secret>&page=2"),
        ("/?X-Amz-Security-Token=IQoJb3JpZ2luX2Vj%2F&b=1", "/?X-Amz-Security-Token=<secret>&b=1"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.sig is old", "token <secret> is old"),
        ("$skiptoken=abcdefghijkl and NextToken: abcdefghijkl", "$skiptoken=abcdefghijkl and NextToken: abcdefghijkl"),
        ("Basic instances of 12345678 rows", "Basic instances of 12345678 rows"),
    ],
)
def test_credentials_are_told_by_their_form(tmp_path, said, left):
    """Those of files and logins, which no variable names; what only pages on is kept. In messages and in pages."""
    RawPages(tmp_path).save("page.json", said.encode() + b"\xff")

    assert left == said_plainly(said)
    assert left.encode() + b"\xff" == (tmp_path / "page.json").read_bytes()


def test_a_secret_is_found_in_other_spellings(monkeypatch):
    """As it stands in an address and in JSON."""
    monkeypatch.setenv("ACME_API_KEY", 'pl/nt"d+secret \n')  # a file of secrets ends its line

    for said in (
        'pl/nt"d+secret',
        "pl%2Fnt%22d%2Bsecret",
        "pl%2fnt%22d%2bsecret",
        'pl/nt\\"d+secret',
        'pl\\/nt\\"d+secret',
    ):
        assert "a=<ACME_API_KEY>&b" == without_secrets(f"a={said}&b")


def test_passwords_have_several_names(monkeypatch):
    """Also that of a proxy, which stands in an address."""
    monkeypatch.setenv("DB_PASSWD", "pw-77aa88bb")
    monkeypatch.setenv("https_proxy", "http://user:hunter2%2Bhunter@10.0.0.1:3128")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")

    assert "<DB_PASSWD> <https_proxy> 127.0.0.1,localhost" == said_plainly(
        "pw-77aa88bb hunter2+hunter 127.0.0.1,localhost"
    )


def test_a_variable_that_is_no_text_hinders_nobody(monkeypatch):
    """Bytes of another encoding stand in the environment as half characters."""
    monkeypatch.setenv("DB_PASSWORD", b"gr\xfc\xdfe1234".decode(errors="surrogateescape"))

    assert "all is well" == said_plainly("all is well")


def test_what_is_said_has_an_end():
    """A service may send millions of characters; a person reads a few."""
    assert 10_004 == len(said_plainly("\N{GRINNING FACE}" * 1_000_000))


class Rude:
    """A provider that passes on what its service says."""

    name = "rude"

    def fetch(self, _request, pages, report):
        """Tells of its steps as a service would."""
        report("page \x1b]0;owned\x07\r1")
        pages.save("page.json", b"[]")
        pages.add_gap("eu: \x1b[2J Bearer abcdef0123456789")

    def parse(self, _pages):
        """One good row and one that is held back."""
        row = HeldBack(
            instance_type="a\x1b[31m",
            region="eu\n,,",
            zone=None,
            gpu=None,
            gpu_count=None,
            purchase=None,
            usd_per_hour="\u202e7",
            source="s",
            reason="priced in \r",
        )
        return ParsedPrices(
            offers=(an_offer(provider="rude"),),
            held_back=(row,),
            unknown_gpus=(("\x07GPU", 2),),
            gaps=("eu: \x1b[2J Bearer abcdef0123456789",),
        )


@pytest.mark.parametrize(
    "fault", [None, ProviderError("said \x1b[31mno\n key=1\r"), RuntimeError("\x1b[31m ya29.abcdefghij0123456789")]
)
def test_what_a_provider_says_is_plain(tmp_path, monkeypatch, fault):
    """Progress, errors, gaps, held-back rows and their file: one line each, and nothing that a terminal obeys."""
    told = []
    rude = Rude()
    if fault is not None:
        monkeypatch.setattr(rude, "parse", lambda _: (_ for _ in ()).throw(fault))
    monkeypatch.setattr("planner.prices.delivery.load_provider", lambda _: rude)

    (outcome,) = refresh(RefreshOrder(data_dir=tmp_path, providers=("rude",)), lambda *step: told.append(step))

    rows = [text for row in outcome.held_back for text in astuple(row) if text]
    names = [name for name, _ in outcome.unknown_gpus]
    texts = [*rows, *names, *outcome.gaps, *outcome.notes, outcome.error or "", *(line for _, line in told)]
    assert [] == [text for text in texts if not text.isprintable()]
    assert [] == [text for text in texts if "abcdef" in text]
    assert (fault is None) == bool(rows)
    for path in tmp_path.rglob("*.held-back.csv"):
        assert "\x1b" not in path.read_text()


@pytest.mark.parametrize("said", ["\x1b[31mDenied", "x" * 200, "Denied\nAKIA", ""])
def test_an_error_code_that_is_none_is_not_repeated(said):
    """A terminal would obey it."""
    assert "of no known form" == known_code(said)
    assert "AccessDenied" == known_code("AccessDenied")
