"""Calls to Google's client libraries: retries, and errors explained to a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from planner.errors import ProviderError
from providers.http import MAX_WAIT_SECONDS, backoff_seconds, retry_after_seconds
from providers.sdk import load_sdk

_LONGEST_SAID = 500
_ATTEMPTS = 4  # the libraries do not retry a throttled or unavailable price list themselves
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


def library_errors() -> tuple[type[Exception], ...]:
    """The exceptions that calls to the libraries raise when the service, the network or the account is at fault."""
    exceptions = load_sdk("google.api_core.exceptions", extra="gcp")
    auth = load_sdk("google.auth.exceptions", extra="gcp")
    requests = load_sdk("requests", extra="gcp")
    protobuf = load_sdk("google.protobuf.json_format", extra="gcp")
    return (
        exceptions.GoogleAPICallError,
        auth.GoogleAuthError,
        requests.RequestException,
        protobuf.ParseError,
        UnicodeDecodeError,
    )


def ask_politely(call: Callable[[], Any], *, sleep: Callable[[float], None]) -> Any:
    """Returns the result of `call`, tried again while the service is throttling, unavailable or out of reach.

    Waits as long as the service asks for, up to a minute; a longer wait is left to a person.
    """
    attempt = 1
    while True:
        try:
            return call()
        except library_errors() as error:
            wait = _wait_seconds(error, attempt)
            if wait is None or wait > MAX_WAIT_SECONDS or attempt == _ATTEMPTS:
                raise
        sleep(wait)
        attempt += 1


def explained(error: Exception, *, what: str, secrets: Iterable[str | None]) -> ProviderError:
    """The error to raise for one of the `library_errors`, with what to do about it; `secrets` the service repeats are blotted out."""
    exceptions = load_sdk("google.api_core.exceptions", extra="gcp")
    auth = load_sdk("google.auth.exceptions", extra="gcp")
    if isinstance(error, exceptions.GoogleAPICallError):
        text = _refusal(error)
    elif _is_broken_connection(error):
        text = f"Google did not answer ({type(error).__name__}). Is there a network?"
    elif isinstance(error, auth.GoogleAuthError):
        text = (
            f"the credentials are expired, revoked or not usable ({type(error).__name__})."
            " Run: gcloud auth application-default login"
        )
    else:
        text = "the answer is not what was asked for: a page of a proxy, or an answer cut off. Try again."
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return ProviderError(f"Google {what}: {text}")


def _wait_seconds(error: Exception, attempt: int) -> float | None:
    """Seconds to wait before the next try; `None` if another try would not help."""
    exceptions = load_sdk("google.api_core.exceptions", extra="gcp")
    if isinstance(error, exceptions.GoogleAPICallError) and error.code in _TRANSIENT:
        asked = retry_after_seconds(error.response.headers) if error.response is not None else None
        return backoff_seconds(attempt) if asked is None else asked
    return backoff_seconds(attempt) if _is_broken_connection(error) else None


def _is_broken_connection(error: Exception) -> bool:
    auth = load_sdk("google.auth.exceptions", extra="gcp")
    requests = load_sdk("requests", extra="gcp")
    return isinstance(error, auth.TransportError | requests.RequestException)


def _refusal(error: Any) -> str:
    text = re.sub(r"^[A-Z]+ \S+: ", "", str(error.message))  # the library puts method and address in front
    said = "".join(char if char.isprintable() else "?" for char in text[:_LONGEST_SAID])
    if error.reason == "API_KEY_INVALID" or "API key not valid" in said:
        return (
            "the API key in GOOGLE_API_KEY is not valid. Make one at https://console.cloud.google.com/apis/credentials"
        )
    if error.reason == "SERVICE_DISABLED" or "has not been used in project" in said:
        return (
            f"the API is not enabled in the project of these credentials ({said})."
            " Run: gcloud services enable cloudbilling.googleapis.com compute.googleapis.com"
        )
    if error.code == 401:
        return "the credentials have expired or are not accepted. Run: gcloud auth application-default login"
    if error.code == 403:
        return f"not permitted ({said}). The role Compute Viewer holds what the machine lists need."
    if error.code == 429:
        return "Google is throttling this project. Try again in a few minutes."
    return f"Google answered with status {error.code} ({said}). Try again later."
