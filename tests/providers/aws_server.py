"""A loopback server that answers like AWS: EC2, the price list service and the public price files, from fixtures."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from providers.aws import AwsProvider
from providers.base import FetchRequest, ParsedPrices, RawPages
from tests.providers.replay import Answer, Call, Server

AWS = Path(__file__).parent.parent / "fixtures" / "aws"
BAD = {entry["file"]: entry for entry in json.loads((AWS / "bad" / "manifest.json").read_text(encoding="utf-8"))}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECRET = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYPLANTEDKEY"  # noqa: S105 - planted, to be searched for
SESSION_TOKEN = "IQoJb3JpZ2luX2VjPLANTEDTOKEN"  # noqa: S105 - as above

_XML = "text/xml;charset=UTF-8"
_REGIONS = {
    code: {"regionCode": code, "currentVersionUrl": f"/offers/v1.0/aws/AmazonEC2/20261112184510/{code}/index.json"}
    for code in ("us-east-1", "us-west-2-lax-1", "us-gov-west-1", "cn-north-1-pkx-1")
}


def operation(call: Call) -> str:
    """What a call asks for: an operation of AWS or the path of a public file."""
    target = call.headers.get("X-Amz-Target", "")
    if target:
        return target.partition(".")[2]
    return _form(call).get("Action") or call.path


def region(call: Call) -> str:
    """The region a call to EC2 is signed for."""
    found = re.search(r"Credential=[^/]+/\d+/([^/]+)/", call.headers.get("Authorization", ""))
    return found[1] if found else ""


def good(call: Call) -> Answer:
    """The answer of AWS as recorded."""
    asked = operation(call)
    return _FILES[asked]() if asked in _FILES else _OPERATIONS[asked](call)


def good_but(asked: str, reply: Answer | str, where: str = "") -> Callable[[Call], Answer]:
    """The answers of AWS, less one: `asked` (in the region `where`) gets a bad reply, given or named by its file."""
    said = bad(reply) if isinstance(reply, str) else reply

    def answer(call: Call) -> Answer:
        return said if operation(call) == asked and where in {"", region(call)} else good(call)

    return answer


def bad(file: str) -> Answer:
    """A hostile reply by its file."""
    entry = BAD[file]
    return Answer(
        body=(AWS / "bad" / file).read_bytes(),
        status=entry["status"],
        content_type=entry["content_type"],
        headers=entry["headers"],
    )


def sign_in(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """Credentials in the environment, and the endpoints of AWS on the server."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION_TOKEN)
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", server.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", server.url)


def fetch(server: Server, folder: Path, request: FetchRequest | None = None, *, attempts: int = 1) -> list[str]:
    """Fetch into `folder` as a refresh does; the lines of progress."""
    lines: list[str] = []
    asked = request or FetchRequest(timeout_seconds=120.0)
    pages = RawPages(folder)
    AwsProvider(price_files=server.url, attempts=attempts, sleep=lambda _: None).fetch(asked, pages, lines.append)
    pages.finish(provider="aws", observed_at=NOON, request=asked)
    return lines


def parse(folder: Path) -> ParsedPrices:
    """What the pages in `folder` say."""
    return AwsProvider().parse(RawPages(folder))


def _form(call: Call) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(call.body.decode("latin-1")).items()}


def _paged(stem: str) -> Callable[[Call], Answer]:
    def answer(call: Call) -> Answer:
        number = _form(call).get("NextToken", "page-1").removeprefix("page-")
        return Answer(body=(AWS / f"{stem}_p{number}.xml").read_bytes(), content_type=_XML)

    return answer


def _products(call: Call) -> Answer:
    asked = json.loads(call.body)
    code = next(each["Value"] for each in asked["Filters"] if each["Field"] == "regionCode")
    number = asked.get("NextToken", "page-1").removeprefix("page-")
    body = (AWS / f"get_products_{code}_p{number}.json").read_bytes()
    return Answer(body=body, content_type="application/x-amz-json-1.1")


def _spot(call: Call) -> Answer:
    return _paged(f"describe_spot_price_history_{region(call)}")(call)


def _regions(_: Call) -> Answer:
    items = "".join(f"<item><regionName>{code}</regionName></item>" for code in ("us-east-1", "us-west-2"))
    return Answer(body=_ec2("DescribeRegions", f"<regionInfo>{items}</regionInfo>"), content_type=_XML)


def _offerings(call: Call) -> Answer:
    names = ("p4d.24xlarge", "p5.48xlarge") if region(call) == "us-east-1" else ()
    items = "".join(f"<item><instanceType>{name}</instanceType></item>" for name in names)
    body = _ec2("DescribeInstanceTypeOfferings", f"<instanceTypeOfferingSet>{items}</instanceTypeOfferingSet>")
    return Answer(body=body, content_type=_XML)


def _blocks(call: Call) -> Answer:
    text = (AWS / "describe_capacity_block_offerings_p1.xml").read_text(encoding="utf-8")
    items = re.findall(r"<item>.*?</item>", text, re.DOTALL)
    wanted = "".join(item for item in items if f"<instanceType>{_form(call)['InstanceType']}<" in item)
    body = _ec2("DescribeCapacityBlockOfferings", f"<capacityBlockOfferingSet>{wanted}</capacityBlockOfferingSet>")
    return Answer(body=body, content_type=_XML)


def _ec2(name: str, content: str) -> bytes:
    space = "http://ec2.amazonaws.com/doc/2016-11-15/"
    return f'<?xml version="1.0"?><{name}Response xmlns="{space}">{content}</{name}Response>'.encode()


def _index() -> Answer:
    return Answer(body=json.dumps({"formatVersion": "v1.0", "regions": _REGIONS}).encode())


def _savings_index() -> Answer:
    entry = {
        "regionCode": "us-east-1",
        "versionUrl": "/savingsPlan/v1.0/aws/AWSComputeSavingsPlan/1/us-east-1/index.json",
    }
    return Answer(body=json.dumps({"regions": [entry]}).encode())


_OPERATIONS = {
    "GetProducts": _products,
    "DescribeInstanceTypes": _paged("describe_instance_types"),
    "DescribeRegions": _regions,
    "DescribeSpotPriceHistory": _spot,
    "DescribeInstanceTypeOfferings": _offerings,
    "DescribeCapacityBlockOfferings": _blocks,
}
REGION_INDEX = "/offers/v1.0/aws/AmazonEC2/current/region_index.json"
OFFER_FILE = "/offers/v1.0/aws/AmazonEC2/20261112184510/us-east-1/index.csv"
_FILES = {
    REGION_INDEX: _index,
    OFFER_FILE: lambda: Answer(body=(AWS / "bulk_us-east-1.csv").read_bytes(), content_type="text/csv"),
    # the excerpt has no file of the Local Zone: one with no row about GPUs stands for it
    OFFER_FILE.replace("us-east-1", "us-west-2-lax-1"): lambda: Answer(
        body=b"".join((AWS / "bulk_us-east-1.csv").read_bytes().splitlines(keepends=True)[:6]), content_type="text/csv"
    ),
    "/savingsPlan/v1.0/aws/AWSComputeSavingsPlan/current/region_index.json": _savings_index,
    "/savingsPlan/v1.0/aws/AWSComputeSavingsPlan/1/us-east-1/index.json": lambda: Answer(
        body=(AWS / "savings_plan_us-east-1.json").read_bytes()
    ),
}
