"""Calls to AWS with boto3: each returns the whole reply, or raises an error that says what is missing.

boto3 does not notice a reply that is HTML or cut off where it expects JSON: the reply then lacks its list. Every reply
is checked for it. Messages of AWS are not passed on, because some repeat the request with its session token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

from planner.errors import ProviderError
from providers.bounded import asked_in_time, bound_pools
from providers.sdk import load_sdk

HOME_REGION = "us-east-1"  # the price list and the most complete list of instance types live here
NO_CREDENTIALS = "no AWS credentials found (set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE)"

# the product on sale to everybody: other tenancies, systems and states are other rows at other prices, some of them 0
_PRODUCT_FILTERS = {
    "tenancy": "Shared",
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
}
_MAX_PAGES = 1000
_CONNECT_SECONDS = 5  # a healthy endpoint connects in well under a second
_BLOCK_HOURS = 24

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_MEANINGS = (
    (
        {"ExpiredToken", "ExpiredTokenException", "RequestExpired"},
        "the credentials have expired ({code}). Renew them (aws sso login, or a new AWS_SESSION_TOKEN).",
    ),
    (
        {
            "AuthFailure",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        },
        "the credentials are not valid ({code}). Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the clock, or unset "
        "them to refresh from public prices alone.",
    ),
    (
        {
            "RequestLimitExceeded",
            "RequestThrottled",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        },
        "asked to slow down ({code}) on every try. Try again in a few minutes.",
    ),
    (
        {"ExpiredNextTokenException", "InvalidNextTokenException"},
        "the list changed while it was read ({code}). Try again.",
    ),
)


class NotAllowedError(Exception):
    """The account may not do this; `reason` names the permission. The rest of a refresh goes on."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}" if what else reason)
        self.reason = reason


class Account:
    """An AWS account whose credentials boto3 found.

    Args:
        timeout_seconds: longest wait for a reply.
        attempts: tries of a request that was throttled or broken off, with growing waits between them.
    """

    def __init__(self, *, timeout_seconds: float, attempts: int) -> None:
        # all tries of a call together, with the waits between them
        self._seconds = timeout_seconds * attempts
        self._clients: dict[tuple[str, str], Any] = {}
        self._session = _session()
        if _credentials_method(self._session) is None:
            raise NotAllowedError("", NO_CREDENTIALS)
        self._config = load_sdk("botocore.config", extra="aws").Config(
            connect_timeout=min(_CONNECT_SECONDS, timeout_seconds),
            read_timeout=timeout_seconds,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )

    def instance_types(self) -> Iterator[list[Mapping[str, Any]]]:
        """Pages of every instance type of every region."""
        what, permission = "EC2 instance types", "ec2:DescribeInstanceTypes"
        with _asking(what, permission):
            client = self._client("ec2", HOME_REGION)
            yield from self._pages(
                client, "describe_instance_types", what, "InstanceTypes", IncludeUnsupportedInRegion=True
            )

    def regions(self) -> list[str]:
        """Regions that this account may use, sorted."""
        what = "EC2 regions"
        with _asking(what, "ec2:DescribeRegions"):
            reply = asked_in_time(
                self._client("ec2", HOME_REGION).describe_regions, self._seconds, f"AWS: {what}", known=_errors()
            )
            return sorted(str(region["RegionName"]) for region in _listed(reply, "Regions", what))

    def products(self, region: str) -> Iterator[list[str]]:
        """Pages of price list documents of Linux instances of one region or Local Zone."""
        what, permission = f"prices of {region}", "pricing:GetProducts"
        wanted = {"regionCode": region, **_PRODUCT_FILTERS}
        filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
        with _asking(what, permission):
            # whatever the region asked for: the service has three hosts, and boto3 would invent others
            client = self._client("pricing", HOME_REGION)
            yield from self._pages(
                client,
                "get_products",
                what,
                "PriceList",
                ServiceCode="AmazonEC2",
                FormatVersion="aws_v1",
                Filters=filters,
            )

    def spot_prices(self, region: str) -> Iterator[list[Mapping[str, Any]]]:
        """Pages of the Linux spot prices now in force in one region and its Local Zones."""
        what, permission = f"spot prices of {region}", "ec2:DescribeSpotPriceHistory"
        with _asking(what, permission, region):
            yield from self._pages(
                self._client("ec2", region),
                "describe_spot_price_history",
                what,
                "SpotPriceHistory",
                ProductDescriptions=["Linux/UNIX"],
                StartTime=datetime.now(UTC),  # only prices in force now, not 90 days of them
            )

    def types_offered(self, region: str, instance_types: list[str]) -> list[str]:
        """Those of the instance types that the region has, sorted."""
        what, permission = f"instance types offered in {region}", "ec2:DescribeInstanceTypeOfferings"
        with _asking(what, permission, region):
            pages = self._pages(
                self._client("ec2", region),
                "describe_instance_type_offerings",
                what,
                "InstanceTypeOfferings",
                LocationType="region",
                Filters=[{"Name": "instance-type", "Values": instance_types}],
            )
            offered = {str(entry["InstanceType"]) for page in pages for entry in page}
        return sorted(offered & set(instance_types))

    def capacity_blocks(self, region: str, instance_type: str) -> Iterator[list[Mapping[str, Any]]]:
        """Pages of blocks of one instance for one day on offer in a region; none on offer is an empty page."""
        what, permission = (
            f"capacity blocks of {instance_type} in {region}",
            "ec2:DescribeCapacityBlockOfferings",
        )
        with _asking(what, permission, region):
            yield from self._pages(
                self._client("ec2", region),
                "describe_capacity_block_offerings",
                what,
                "CapacityBlockOfferings",
                InstanceType=instance_type,
                InstanceCount=1,
                CapacityDurationHours=_BLOCK_HOURS,
            )

    def _pages(self, client: Any, operation: str, what: str, key: str, **parameters: Any) -> Iterator[list[Any]]:
        replies = iter(client.get_paginator(operation).paginate(**parameters))
        for number in count(1):
            reply = asked_in_time(lambda: next(replies, None), self._seconds, f"AWS: {what}", known=_errors())
            if reply is None:
                return
            if number > _MAX_PAGES:
                raise ProviderError(f"AWS: {what}: more than {_MAX_PAGES} pages; not read further.")
            yield _listed(reply, key, what)

    def _client(self, service: str, region: str) -> Any:
        key = (service, region)
        if key not in self._clients:
            client = self._session.client(service, region_name=region, config=self._config)
            _bound(client)
            self._clients[key] = client
        return self._clients[key]


def credentials_found() -> str:
    """One line on the credentials boto3 finds, without any part of them."""
    try:
        method = _credentials_method(_session())
    except ProviderError as error:
        return f"{error}; without it: on-demand and reserved prices, from public files"
    if method is None:
        return f"{NO_CREDENTIALS}; without them: on-demand, reserved and savings plan prices, from public files"
    return f"credentials found ({method})"


def _session() -> Any:
    boto3 = load_sdk("boto3", extra="aws")
    with _asking("AWS credentials", "none"):
        return boto3.session.Session()


def _credentials_method(session: Any) -> str | None:
    """The way in which boto3 found credentials: `env`, `shared-credentials-file`, `iam-role` ..."""
    with _asking("AWS credentials", "none"):
        found = session.get_credentials()
    return None if found is None else str(found.method)


def _errors() -> tuple[type[Exception], ...]:
    """What boto3 raises on purpose."""
    exceptions = load_sdk("botocore.exceptions", extra="aws")
    unreadable = load_sdk("botocore.parsers", extra="aws").ResponseParserError  # outside the tree of BotoCoreError
    return exceptions.ClientError, exceptions.BotoCoreError, unreadable, UnicodeDecodeError


def _bound(client: Any) -> None:
    """Let the client take no reply larger than a page; where the library has no such place any more, time alone is bounded."""
    manager = getattr(getattr(getattr(client, "_endpoint", None), "http_session", None), "_manager", None)
    if manager is not None:
        bound_pools(manager)


def _listed(reply: object, key: str, what: str) -> list[Any]:
    found = reply.get(key) if isinstance(reply, dict) else None
    if not isinstance(found, list):
        raise ProviderError(f"AWS: {what}: the reply holds no {key}; it was cut off or is not from AWS. Try again.")
    return found


@contextmanager
def _asking(what: str, permission: str, region: str = HOME_REGION) -> Iterator[None]:
    """Turns errors of a call into `ProviderError` with a message of our own.

    The causes are not chained (`from None`): their text may hold the request with its session token.
    """
    exceptions = load_sdk("botocore.exceptions", extra="aws")
    unreadable = load_sdk("botocore.parsers", extra="aws").ResponseParserError  # outside the tree of BotoCoreError
    try:
        yield
    except exceptions.ClientError as error:
        code = known_code(str(error.response.get("Error", {}).get("Code")))
        raise _refused(code, what, permission, region) from None
    except exceptions.PaginationError:
        raise ProviderError(f"AWS: {what}: the same page came again and again; given up.") from None
    except exceptions.ParamValidationError:
        raise  # a mistake of this module
    except exceptions.BotoCoreError as error:
        raise ProviderError(f"AWS: {what}: {_in_words(type(error).__name__)}") from None
    except (unreadable, UnicodeDecodeError):
        raise ProviderError(f"AWS: {what}: the reply is cut off or not from AWS. Try again.") from None


def known_code(said: str) -> str:
    """The error code of a reply, if it has the form of one: a terminal would obey what else may come."""
    return said if re.fullmatch(r"[A-Za-z0-9.:_-]{1,80}", said) else "of no known form"


def _refused(code: str, what: str, permission: str, region: str) -> Exception:
    if code in _DENIED:
        return NotAllowedError(what, f"the AWS credentials lack the permission {permission}")
    if code == "OptInRequired" or (code == "AuthFailure" and region != HOME_REGION):
        return NotAllowedError(what, f"the AWS account is not enabled for the region ({code})")
    for codes, meaning in _MEANINGS:
        if code in codes:
            return ProviderError(f"AWS: {what}: {meaning.format(code=code)}")
    return ProviderError(f"AWS: {what}: answered with the error {code}.")


def _in_words(name: str) -> str:
    known = {
        "ConnectTimeoutError": "no connection in time.",
        "ConnectionClosedError": "the connection was cut.",
        "EndpointConnectionError": "no connection. Is there a network?",
        "InvalidConfigError": "the AWS configuration file is not valid.",
        "NoCredentialsError": f"{NO_CREDENTIALS}.",
        "PartialCredentialsError": "the credentials are incomplete. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY both.",
        "ProfileNotFound": "there is no profile of the name in AWS_PROFILE.",
        "ReadTimeoutError": "no reply in time.",
        "SSLError": "no trusted TLS connection.",
        "UnauthorizedSSOTokenError": "the sign-in has expired. Run: aws sso login",
    }
    return known.get(name, f"failed ({name}).")
