"""What a service says is clean before it is printed or saved: no secret that it repeats, no control characters."""

import pytest

from providers.aws_api import known_code
from providers.base import RawPages

PLANTED = "planted-secret-value-2f6b"


def test_a_page_that_repeats_a_secret_is_saved_without_it(tmp_path, monkeypatch):
    """Whatever variable holds it, as long as its name says that it is one."""
    monkeypatch.setenv("ACME_API_KEY", PLANTED)
    monkeypatch.setenv("ACME_COLOUR", "a-value-of-many-letters")

    RawPages(tmp_path).save("page.json", f'{{"you": "{PLANTED}", "colour": "a-value-of-many-letters"}}'.encode())

    assert b'{"you": "<ACME_API_KEY>", "colour": "a-value-of-many-letters"}' == (tmp_path / "page.json").read_bytes()


@pytest.mark.parametrize("said", ["\x1b[31mDenied", "x" * 200, "Denied\nAKIA", ""])
def test_an_error_code_that_is_none_is_not_repeated(said):
    """A terminal would obey it."""
    assert "of no known form" == known_code(said)
    assert "AccessDenied" == known_code("AccessDenied")
