"""Google and Azure on loopback: servers that play the fixture pages, and providers pointed at them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from planner.errors import ProviderError
from providers.azure import AzureProvider
from providers.base import FetchRequest, ParsedPrices, RawPages
from providers.gcp import GcpProvider
from tests.providers.replay import Answer, Call, serving

FIXTURES = Path(__file__).parent.parent / "fixtures"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
API_KEY = "AIza-planted-key-7d1f"
TOKEN = "planted-bearer-token-93ac"  # noqa: S105 - planted to be looked for

Answering = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a refresh of one provider came to: prices or an error, and how it got there."""

    prices: ParsedPrices | None
    error: str
    waits: list[float]
    calls: list[Call]
    lines: list[str]


class StubCredential:
    """An Azure credential that always has the same token."""

    def get_token(self, *_: object, **__: object) -> object:
        from azure.core.credentials import AccessToken  # noqa: PLC0415 - only with the SDK

        return AccessToken(TOKEN, int(time.time()) + 3600)


def fixture_page(cloud: str, name: str) -> bytes:
    return (FIXTURES / cloud / name).read_bytes()


def fixture_json(cloud: str, name: str) -> dict:
    return json.loads(fixture_page(cloud, name))


def bad_replies(cloud: str, *apis: str) -> dict[str, Answer]:
    """Hostile replies by file name."""
    return {
        entry["file"]: Answer(
            body=fixture_page(cloud, f"bad/{entry['file']}"),
            status=entry["status"],
            content_type=entry["content_type"],
            headers=entry["headers"],
        )
        for entry in json.loads(fixture_page(cloud, "bad/manifest.json"))
        if entry["api"] in apis
    }


def gcp_answer(call: Call) -> Answer:
    """The fixture page a call to one of Google's services asks for."""
    url = urlsplit(call.path)
    token = parse_qs(url.query).get("pageToken", [""])[0]
    number = token.rpartition("_p")[2] or "1"
    stem = {
        "skus": "billing_skus",
        "machineTypes": "machine_types_aggregated",
        "acceleratorTypes": "accelerator_types_aggregated",
    }[url.path.rpartition("/")[2]]
    return Answer(body=fixture_page("gcp", f"{stem}_p{number}.json"))


def azure_answer(call: Call) -> Answer:
    """The fixture page a call to one of Azure's services asks for; only eastus has prices."""
    url = urlsplit(call.path)
    query = parse_qs(url.query)
    if url.path == "/api/retail/prices":
        region = re.search(r"armRegionName eq '([\w-]+)'", query.get("$filter", [""])[0])
        if region and region[1] != "eastus":
            return Answer(body=fixture_page("azure", "retail_empty.json"))
        number = int(query.get("$skip", ["0"])[0]) // 200 + 1
        body = fixture_page("azure", f"retail_vm_eastus_preview_p{number}.json")
        return Answer(body=body.replace(b"https://prices.azure.com:443", b"{BASE}"))
    number = int(query.get("$skiptoken", ["0"])[0]) // 120 + 1
    body = fixture_page("azure", f"resource_skus_p{number}.json")
    return Answer(body=body.replace(b"https://management.azure.com", b"{BASE}"))


@contextmanager
def gcp_on(answer: Answering, *, environ: dict[str, str] | None = None, credentials: object = None) -> Iterator[tuple]:
    """A Google provider on a server with `answer`, with the server and the list of waits."""
    from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415 - only with the SDK

    waits: list[float] = []
    with serving(answer) as server:
        provider = GcpProvider(
            environ={"GOOGLE_API_KEY": API_KEY, "GOOGLE_CLOUD_PROJECT": "p"} if environ is None else environ,
            credentials=AnonymousCredentials() if credentials is None else credentials,
            billing_endpoint=server.url,
            compute_endpoint=server.url,
            sleep=waits.append,
        )
        yield provider, server, waits


@contextmanager
def azure_on(answer: Answering, *, environ: dict[str, str] | None = None) -> Iterator[tuple]:
    """An Azure provider on a server with `answer`, with the server and the list of waits; tokens are sent over http."""
    from azure.core.pipeline.policies import RetryPolicy  # noqa: PLC0415 - only with the SDK
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy  # noqa: PLC0415

    class OverPlainHttp(ARMChallengeAuthenticationPolicy):
        def on_request(self, request: object) -> None:
            request.context.options["enforce_https"] = False
            super().on_request(request)

    waits: list[float] = []
    with serving(answer) as server:
        credential = StubCredential()
        provider = AzureProvider(
            environ={"AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000000"} if environ is None else environ,
            retail_address=f"{server.url}/api/retail/prices",
            credential=credential,
            arm_options={
                "base_url": server.url,
                "authentication_policy": OverPlainHttp(credential, "https://management.azure.com/.default"),
                "retry_policy": RetryPolicy.no_retries(),
            },
            sleep=waits.append,
        )
        yield provider, server, waits


def refreshed(
    on: Callable, answer: Answering, folder: Path, request: FetchRequest | None = None, **settings
) -> Outcome:
    """Fetch and parse once; an error of the provider is kept, any other passes through."""
    request = request or FetchRequest(timeout_seconds=120.0)
    pages = RawPages(folder)
    lines: list[str] = []
    with on(answer, **settings) as (provider, server, waits):
        try:
            provider.fetch(request, pages, lines.append)
            pages.finish(provider=provider.name, observed_at=NOON, request=request)
            prices, error = provider.parse(pages), ""
        except ProviderError as problem:
            prices, error = None, str(problem)
    return Outcome(prices=prices, error=error, waits=waits, calls=server.calls, lines=lines)


def saved_pages(folder: Path, pages: dict[str, bytes], request: FetchRequest | None = None) -> RawPages:
    """A finished folder of raw pages with the given content."""
    raw = RawPages(folder)
    for name, body in pages.items():
        raw.save(name, body)
    raw.finish(provider="test", observed_at=NOON, request=request or FetchRequest())
    return raw
