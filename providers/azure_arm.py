"""Azure's list of resource SKUs, read with azure-mgmt-compute: sizes with vCPUs, memory and GPU counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from planner.errors import ProviderError
from providers.base import Report
from providers.bounded import asked_in_time, bound_session
from providers.http import MAX_WAIT_SECONDS, check_same_host, json_document
from providers.sdk import load_sdk

ENDPOINT = "https://management.azure.com"
_MAX_PAGES = 500  # 60 to 70 thousand items today; more pages than this is an endless list
_MAX_BYTES = 512 * 1024 * 1024  # all pages are kept until the list is whole; some 100 MB today
_RETRIES = 3  # the library's own default is ten, with waits as long as the service likes


def fetch_sku_pages(
    *,
    credential: Any,
    subscription: str,
    regions: Sequence[str],
    timeout_seconds: float,
    report: Report,
    client_options: Mapping[str, Any],
) -> dict[str, bytes]:
    """All pages by name, or none: one list per region asked for, the whole list without regions.

    Raises:
        ProviderError: credentials, permission or service failed; the message says which and what to do.
    """
    compute = load_sdk("azure.mgmt.compute", extra="azure")
    core = load_sdk("azure.core.exceptions", extra="azure")
    options = {
        "retry_policy": _retry_policy(),
        "connection_timeout": timeout_seconds,
        "read_timeout": timeout_seconds,
        "base_url": ENDPOINT,
        "transport": _bounded_transport(),
        **client_options,
    }
    pages: dict[str, bytes] = {}
    try:
        with compute.ComputeManagementClient(credential, subscription, **options) as client:
            for region in regions or ("",):
                origin, seconds = str(options["base_url"]), timeout_seconds * (_RETRIES + 1)
                for number, body in enumerate(_pages(client, region, origin, seconds), start=1):
                    pages[f"skus/{region or 'all'}-{number:03}.json"] = body
                    if sum(map(len, pages.values())) > _MAX_BYTES:
                        raise ProviderError(f"Azure resource SKUs: more than {_MAX_BYTES:,} bytes; not read further.")
                    report(f"sizes{' of ' + region if region else ''}: page {number}")
    except core.AzureError as error:
        raise _explained(error, core) from None
    except ValueError as error:  # the library lets a web page sent with status 200 through as it is
        raise ProviderError(
            f"Azure resource SKUs: the answer is not what was asked for, a page of a proxy? ({type(error).__name__})"
        ) from None
    return pages


def _pages(client: Any, region: str, origin: str, seconds: float) -> Iterator[bytes]:
    """The pages as sent; the library itself would follow a next link in circles or to another host."""
    bodies: list[bytes] = []
    wanted = {"filter": f"location eq '{region}'"} if region else {}

    def keep(response: Any) -> None:
        bodies.append(response.http_response.body())

    listing = client.resource_skus.list(raw_response_hook=keep, **wanted).by_page()
    seen: set[str] = set()
    core = load_sdk("azure.core.exceptions", extra="azure")
    what = "Azure resource SKUs"
    for number in count(1):
        items = asked_in_time(lambda: next(listing, None), seconds, what, known=(core.AzureError,))
        if items is None:
            return
        list(items)
        page = json_document(bodies[-1], "a page of Azure resource SKUs")
        if not isinstance(page, dict) or not isinstance(page.get("value"), list):
            raise ProviderError(f"Azure resource SKUs: page {number} holds no list.")
        yield bodies[-1]
        link = page.get("nextLink")
        if not link:
            return
        check_same_host(str(link), origin)
        if link in seen:
            raise ProviderError(f"Azure resource SKUs: page {number} points back to one already read; not followed.")
        if number >= _MAX_PAGES:
            raise ProviderError(f"Azure resource SKUs: more than {_MAX_PAGES} pages; not read further.")
        seen.add(link)


def _bounded_transport() -> Any:
    requests = load_sdk("requests", extra="azure")
    transport = load_sdk("azure.core.pipeline.transport", extra="azure")
    return transport.RequestsTransport(session=bound_session(requests.Session()))


def _retry_policy() -> Any:
    policies = load_sdk("azure.core.pipeline.policies", extra="azure")

    class BoundedRetryPolicy(policies.RetryPolicy):  # type: ignore[misc, name-defined]
        """Waits as the service asks, but never longer than a minute."""

        def get_retry_after(self, response: Any) -> float | None:
            wait: float | None = super().get_retry_after(response)
            return None if wait is None else min(wait, MAX_WAIT_SECONDS)

    return BoundedRetryPolicy(retry_total=_RETRIES, retry_backoff_max=MAX_WAIT_SECONDS)


def _explained(error: Any, core: Any) -> ProviderError:
    """The error to raise for an error of the library, without its own text, which is long and quotes requests."""
    said = str(getattr(getattr(error, "error", None), "code", None) or "")
    code = said if re.fullmatch(r"[A-Za-z0-9._-]{1,80}", said) else ""
    sign_in = re.search(r"AADSTS[0-9]+", str(error))
    if sign_in:
        meaning = {
            "AADSTS7000222": "the client secret has expired; make a new one and set AZURE_CLIENT_SECRET",
            "AADSTS7000215": "AZURE_CLIENT_SECRET is not the secret of this application",
            "AADSTS700016": "AZURE_CLIENT_ID is not an application of this tenant",
        }.get(sign_in[0], "the sign-in was refused; check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET")
        text = f"{meaning} ({sign_in[0]})"
    elif isinstance(error, core.ClientAuthenticationError) and not getattr(error, "status_code", None):
        text = "no usable credentials. Run: az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
    elif isinstance(error, core.ClientAuthenticationError):
        text = f"the credentials have expired or are not accepted ({code or error.status_code}). Run: az login"
    elif isinstance(error, core.DecodeError):
        text = "the answer was cut off or is not what was asked for. Try again"
    elif isinstance(error, core.HttpResponseError) and error.status_code == 403:
        text = "not permitted: the role needs Microsoft.Compute/skus/read on the subscription (Reader has it)"
    elif isinstance(error, core.ResourceNotFoundError):
        text = f"AZURE_SUBSCRIPTION_ID names no subscription these credentials see ({code or 404})"
    elif isinstance(error, core.HttpResponseError) and error.status_code == 429:
        text = "Azure is throttling this subscription. Try again in a few minutes"
    elif isinstance(error, core.HttpResponseError):
        text = f"Azure answered with status {error.status_code} {code}".rstrip() + ". Try again later"
    else:
        text = f"Azure did not answer ({type(error).__name__}). Is there a network?"
    return ProviderError(f"Azure resource SKUs: {text}.".replace("?.", "?"))
