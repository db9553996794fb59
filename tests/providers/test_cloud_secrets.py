"""Keys and tokens of Google and Azure stay where they were: in the headers of the calls."""

import logging

import pytest

from providers.azure import AzureProvider
from providers.gcp import GcpProvider
from tests.providers.clouds import (
    API_KEY,
    TOKEN,
    azure_answer,
    azure_on,
    bad_replies,
    gcp_answer,
    gcp_on,
    refreshed,
)
from tests.providers.replay import Answer

SECRETS = (API_KEY, TOKEN)


def echo(call):
    """A service that refuses and repeats the caller's secrets in its message."""
    said = f"refused: {call.headers.get('x-goog-api-key')} {call.headers.get('Authorization')}"
    return Answer(status=403, body=b'{"error": {"code": 403, "message": "%s", "status": "X"}}' % said.encode())


def google_login():
    from google.oauth2.credentials import Credentials  # noqa: PLC0415 - only with the SDK

    return Credentials(token=TOKEN)


def everything_seen(folder, outcome, caplog, capfd):
    """Every byte written, logged, printed or told of a refresh."""
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    printed = "".join(capfd.readouterr())
    logged = [vars(record) for record in caplog.records]
    return f"{written!r} {logged} {caplog.text} {printed} {outcome.error} {outcome.lines} {outcome.prices!r}"


@pytest.mark.parametrize("answer", [gcp_answer, echo, *bad_replies("gcp", "gcp-billing").values()])
@pytest.mark.parametrize(
    "environ", [{"GOOGLE_API_KEY": API_KEY, "GOOGLE_CLOUD_PROJECT": "p"}, {"GOOGLE_CLOUD_PROJECT": "p"}]
)
def test_google_secrets_are_only_in_headers(tmp_path, caplog, capfd, answer, environ):
    """Neither key nor token is in pages, messages, addresses or logs of any level, whatever the service answers."""
    caplog.set_level(logging.DEBUG)
    reply = answer if callable(answer) else lambda _: answer

    outcome = refreshed(gcp_on, reply, tmp_path, environ=environ, credentials=google_login())

    seen = everything_seen(tmp_path, outcome, caplog, capfd)
    assert [] == [secret for secret in SECRETS if secret in seen]
    assert [] == [call.path for call in outcome.calls if any(secret in call.path for secret in SECRETS)]
    sent = "".join(str(call.headers) for call in outcome.calls)
    assert any(secret in sent for secret in SECRETS)


@pytest.mark.parametrize("reply", [None, echo, *bad_replies("azure", "azure-arm").values()])
def test_azure_tokens_are_only_in_headers(tmp_path, caplog, capfd, reply):
    """The token for resource SKUs is in no page, message or log, whatever the service answers."""
    caplog.set_level(logging.DEBUG)

    def answer(call):
        if "/skus" not in call.path or reply is None:
            return azure_answer(call)
        return reply(call) if callable(reply) else reply

    outcome = refreshed(azure_on, answer, tmp_path)

    seen = everything_seen(tmp_path, outcome, caplog, capfd)
    assert TOKEN not in seen
    assert TOKEN in "".join(str(call.headers) for call in outcome.calls)


def test_the_state_of_credentials_shows_no_secret():
    """`planner providers` can show the line as it is."""
    environ = {
        "GOOGLE_API_KEY": API_KEY,
        "AZURE_SUBSCRIPTION_ID": "0",
        "AZURE_CLIENT_ID": "id",
        "AZURE_CLIENT_SECRET": TOKEN,
    }

    said = GcpProvider(environ=environ).credentials() + AzureProvider(environ=environ).credentials()

    assert [] == [secret for secret in SECRETS if secret in said]
