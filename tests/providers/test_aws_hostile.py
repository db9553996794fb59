"""Every hostile reply of AWS ends in a clear error, a gap, or a row held back; never in a wrong price."""

import gzip
import json
from dataclasses import replace

import pytest

from planner.errors import ProviderError
from planner.model.records import Purchase
from providers.aws_bulk import gpu_lines, reading
from providers.base import FetchRequest, RawPages
from providers.http import HttpStatusError
from tests.providers.aws_server import (
    AWS,
    BAD,
    NOON,
    OFFER_FILE,
    REGION_INDEX,
    bad,
    fetch,
    good,
    good_but,
    operation,
    parse,
    sign_in,
)
from tests.providers.replay import Answer, Call, serving

ON_DEMAND = FetchRequest(regions=("us-east-1",), purchases=(Purchase.ON_DEMAND,), timeout_seconds=120.0)
SPOT = FetchRequest(purchases=(Purchase.SPOT,), timeout_seconds=120.0)

PRICING_ERRORS = {
    "aws_pricing_truncated.json": "the reply holds no PriceList",
    "aws_pricing_html_200.html": "the reply holds no PriceList",
    "aws_pricing_throttled.json": "asked to slow down",
    "aws_pricing_503.html": "answered with the error 503",
    "aws_unrecognized_client.json": "credentials are not valid",
    "aws_expired_token.json": "credentials have expired",
    "aws_signature_mismatch.json": "credentials are not valid",
    "aws_expired_next_token.json": "the list changed while it was read",
    "aws_token_loop.json": "the same page came again and again",
}
PRICING_ROWS = {
    "aws_price_missing.json": "there is no price",
    "aws_price_cny_only.json": "the price is in CNY, not USD",
    "aws_price_zero_negative.json": "the price -1.0000000000 is not positive",
    "aws_price_zero.json": "the price 0.0000000000 is not positive",
    "aws_price_nan_string.json": "the price 'NaN' is not a number",
    "aws_price_comma.json": "the price '21,957642' is not a number",
    "aws_no_terms.json": "the price list gives no on-demand price",
    "aws_unknown_gpu.json": "which GPU p9x.64xlarge has is not known",
    "aws_pricelist_bad_entry.json": "an entry of the price list is not JSON",
}
EC2_ERRORS = {
    "ec2_auth_failure.xml": "credentials are not valid",
    "ec2_request_limit.xml": "asked to slow down",
    "ec2_expired.xml": "credentials have expired",
    "ec2_invalid_type.xml": "answered with the error InvalidInstanceType",
    "ec2_truncated.xml": "cut off or not from AWS",
}
SPOT_ERRORS = {"ec2_spot_token_loop.xml": "the same page came again and again"}
EC2_GAPS = {
    "ec2_auth_failure.xml": "spot prices of us-west-2: the AWS account is not enabled for the region",
    "ec2_optin.xml": "spot prices of us-west-2: the AWS account is not enabled for the region",
    "ec2_unauthorized.xml": "spot prices of us-west-2: the AWS credentials lack the permission ec2:DescribeSpotPriceHistory",
}
ELSEWHERE = {
    "aws_access_denied.json",
    "aws_two_ondemand_terms.json",
    "aws_duplicates.json",
    "aws_non_utf8.json",
    "ec2_spot_odd_prices.xml",
}


def test_no_hostile_reply_is_forgotten():
    """Each file is tested here, by one of the tables or by a test of its own."""
    tested = PRICING_ERRORS.keys() | PRICING_ROWS.keys() | EC2_ERRORS.keys() | SPOT_ERRORS.keys() | EC2_GAPS.keys()

    assert set(BAD) == tested | ELSEWHERE


@pytest.mark.parametrize("file", PRICING_ERRORS)
def test_bad_price_list_replies_are_errors(monkeypatch, tmp_path, file):
    """A reply that is not a whole page of prices ends the fetch with a reason, and without a manifest."""
    with serving(good_but("GetProducts", file)) as server:
        sign_in(monkeypatch, server)
        with pytest.raises(ProviderError, match=PRICING_ERRORS[file]):
            fetch(server, tmp_path, ON_DEMAND)

    assert not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize("file", PRICING_ROWS)
def test_bad_price_list_rows_are_held_back(monkeypatch, tmp_path, file):
    """The odd row is kept out with its reason; the good row beside it is an offer."""
    with serving(good_but("GetProducts", file)) as server:
        sign_in(monkeypatch, server)
        fetch(server, tmp_path, ON_DEMAND)
    parsed = parse(tmp_path)

    assert [21.957642] == [offer.usd_per_hour for offer in parsed.offers]
    assert any(PRICING_ROWS[file] in row.reason for row in parsed.held_back)


def test_unknown_families_are_named(monkeypatch, tmp_path):
    """The family of a type nobody knows is reported with the number of its prices."""
    with serving(good_but("GetProducts", "aws_unknown_gpu.json")) as server:
        sign_in(monkeypatch, server)
        fetch(server, tmp_path, ON_DEMAND)

    assert "p9x" in dict(parse(tmp_path).unknown_gpus)


def test_two_terms_at_one_price_are_one_offer(monkeypatch, tmp_path):
    """A second on-demand term that says the same changes nothing."""
    with serving(good_but("GetProducts", "aws_two_ondemand_terms.json")) as server:
        sign_in(monkeypatch, server)
        fetch(server, tmp_path, ON_DEMAND)

    assert [21.957642] == [offer.usd_per_hour for offer in parse(tmp_path).offers]


def test_two_prices_for_one_thing_are_both_held_back(monkeypatch, tmp_path):
    """Neither the lower nor the first of two prices is taken."""
    answer = bad("aws_two_ondemand_terms.json")
    # each term in an entry of the list is JSON within JSON: the first price of the two is raised
    raised = replace(answer, body=answer.body.replace(b"21.9576420000", b"22.5000000000", 1))
    with serving(good_but("GetProducts", raised)) as server:
        sign_in(monkeypatch, server)
        fetch(server, tmp_path, ON_DEMAND)
    parsed = parse(tmp_path)

    assert () == parsed.offers
    assert ["21.957642", "22.5"] == [row.usd_per_hour for row in parsed.held_back]
    assert "different hourly prices for the same thing: 21.957642 and 22.5" in parsed.held_back[0].reason


def test_the_same_price_twice_is_one_offer(monkeypatch, tmp_path):
    """Repeated rows, and a second sku at the same price, change nothing."""
    with serving(good_but("GetProducts", "aws_duplicates.json")) as server:
        sign_in(monkeypatch, server)
        fetch(server, tmp_path, ON_DEMAND)
    parsed = parse(tmp_path)

    assert [21.957642] == [offer.usd_per_hour for offer in parsed.offers]
    assert () == parsed.held_back


def test_text_that_is_not_utf8(monkeypatch, tmp_path):
    """Bytes of another encoding end the fetch with a reason."""
    with serving(good_but("GetProducts", "aws_non_utf8.json")) as server:
        sign_in(monkeypatch, server)
        with pytest.raises(ProviderError, match="cut off or not from AWS"):
            fetch(server, tmp_path, ON_DEMAND)


def test_no_permission_for_the_price_list(monkeypatch, tmp_path):
    """Without pricing:GetProducts the public files give the same prices, and the progress says so."""
    with serving(good_but("GetProducts", "aws_access_denied.json")) as server:
        sign_in(monkeypatch, server)
        lines = fetch(server, tmp_path, ON_DEMAND)

    assert 55.04 in [offer.usd_per_hour for offer in parse(tmp_path).offers]
    assert any("pricing:GetProducts" in line for line in lines)


@pytest.mark.parametrize("file", EC2_ERRORS)
def test_bad_ec2_replies_are_errors(monkeypatch, tmp_path, file):
    """A reply of EC2 that is no answer ends the fetch with a reason."""
    with serving(good_but("DescribeInstanceTypes", file)) as server:
        sign_in(monkeypatch, server)
        with pytest.raises(ProviderError, match=EC2_ERRORS[file]):
            fetch(server, tmp_path, SPOT)


def test_no_instance_types_at_all_is_an_error(monkeypatch, tmp_path):
    """An empty list with status 200 is no catalogue."""
    reply = Answer(body=b"<DescribeInstanceTypesResponse><instanceTypeSet/></DescribeInstanceTypesResponse>")
    with serving(good_but("DescribeInstanceTypes", reply)) as server:
        sign_in(monkeypatch, server)
        with pytest.raises(ProviderError, match="lists none with a GPU"):
            fetch(server, tmp_path, SPOT)


@pytest.mark.parametrize("file", SPOT_ERRORS)
def test_bad_spot_replies_are_errors(monkeypatch, tmp_path, file):
    """The same token for ever is noticed."""
    with serving(good_but("DescribeSpotPriceHistory", file)) as server:
        sign_in(monkeypatch, server)
        with pytest.raises(ProviderError, match=SPOT_ERRORS[file]):
            fetch(server, tmp_path, SPOT)


@pytest.mark.parametrize("file", EC2_GAPS)
def test_a_region_that_refuses_is_a_gap(monkeypatch, tmp_path, file):
    """The other regions go on; the gap names the region and what is missing."""
    with serving(good_but("DescribeSpotPriceHistory", file, "us-west-2")) as server:
        sign_in(monkeypatch, server)
        fetch(server, tmp_path, SPOT)
    parsed = parse(tmp_path)

    assert {"us-east-1"} == {offer.region for offer in parsed.offers}
    assert any(EC2_GAPS[file] in gap for gap in parsed.gaps)


def test_no_permission_for_instance_types(monkeypatch, tmp_path):
    """Without ec2:DescribeInstanceTypes the shipped table serves, and the gap says so."""
    with serving(good_but("DescribeInstanceTypes", "ec2_unauthorized.xml")) as server:
        sign_in(monkeypatch, server)
        fetch(server, tmp_path)
    parsed = parse(tmp_path)

    assert 55.04 in [offer.usd_per_hour for offer in parsed.offers]
    assert "ec2:DescribeInstanceTypes; the shipped table of instance types is used" in parsed.gaps[0]
    assert parsed.gaps[1].startswith("capacity blocks")


def test_odd_spot_prices_are_held_back(monkeypatch, tmp_path):
    """Of negative, zero, NaN, comma, empty and two rival prices at one moment none is taken, nor an older one."""
    with serving(good_but("DescribeSpotPriceHistory", "ec2_spot_odd_prices.xml")) as server:
        sign_in(monkeypatch, server)
        fetch(server, tmp_path, SPOT)
    parsed = parse(tmp_path)

    assert () == parsed.offers
    assert {"-1.0", "0.000000", "NaN", "9,50", "", "9.4123", "9999"} == {row.usd_per_hour for row in parsed.held_back}


def test_throttling_is_waited_for(monkeypatch, tmp_path):
    """A request that is throttled once is made again."""
    throttled = []

    def answer(call: Call) -> Answer:
        if operation(call) == "GetProducts" and not throttled:
            throttled.append(call)
            return good_but("GetProducts", "aws_pricing_throttled.json")(call)
        return good(call)

    with serving(answer) as server:
        sign_in(monkeypatch, server)
        fetch(server, tmp_path, ON_DEMAND, attempts=2)

    assert 55.04 in [offer.usd_per_hour for offer in parse(tmp_path).offers]


def test_retries_are_bounded(monkeypatch, tmp_path):
    """An endpoint that never recovers is asked as often as allowed."""
    with serving(good_but("GetProducts", "aws_pricing_503.html")) as server:
        sign_in(monkeypatch, server)
        with pytest.raises(ProviderError):
            fetch(server, tmp_path, ON_DEMAND, attempts=2)

    assert 2 == sum(operation(call) == "GetProducts" for call in server.calls)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (Answer(body=b'{"PriceList": []}' * 9, cut_after=20), "the connection was cut|cut off|failed"),
        (Answer(body=b'{"PriceList": []}', delay_seconds=0.4), "no reply in time"),
        (Answer(body=b'{"PriceList": []}', content_type="application/x-amz-json-1.1"), "holds no Linux instances"),
    ],
)
def test_broken_connections(monkeypatch, tmp_path, answer, complaint):
    """Cut in the middle, silent, or empty: an error in words."""
    request = FetchRequest(regions=("us-east-1",), purchases=(Purchase.ON_DEMAND,), timeout_seconds=0.2)
    with serving(good_but("GetProducts", answer)) as server:
        sign_in(monkeypatch, server)
        with pytest.raises(ProviderError, match=complaint):
            fetch(server, tmp_path, request)


def test_nobody_there(monkeypatch, tmp_path):
    """A closed port is reported, not raised as the SDK's own error."""
    with serving(good) as server:
        sign_in(monkeypatch, server)

    with pytest.raises(ProviderError, match="no connection"):
        fetch(server, tmp_path, SPOT)


OFFERS = (AWS / "bulk_us-east-1.csv").read_bytes()


@pytest.mark.parametrize(
    ("path", "answer", "complaint"),
    [
        (OFFER_FILE, Answer(body=OFFERS, cut_after=20_000), "connection was cut after 20,000 of"),
        (OFFER_FILE, Answer(body=OFFERS[:20_000]), "ends in the middle of a row"),
        (OFFER_FILE, Answer(body=b"<html>", content_type="text/html"), "web page"),
        (OFFER_FILE, Answer(status=503), "status 503"),
        (OFFER_FILE, Answer(status=404), "status 404"),
        (OFFER_FILE, Answer(body=b'"FormatVersion","v1.0"\n'), "no header line"),
        (OFFER_FILE, Answer(body=OFFERS.replace(b'"Tenancy"', b'"Lodging"', 1)), "no column Tenancy"),
        (OFFER_FILE, Answer(body=gzip.compress(OFFERS)[:3000], headers={"Content-Encoding": "gzip"}), "ends early"),
        (OFFER_FILE, Answer(status=302, headers={"Location": "http://127.0.0.2:1/"}), "another host"),
        (REGION_INDEX, Answer(body=b'{"regions": {"us-east-1": {"curr'), "cut off"),
        (REGION_INDEX, Answer(body=b"{}"), "lists no regions"),
        (
            REGION_INDEX,
            Answer(body=b'{"regions": {"us-east-1": {"currentVersionUrl": "http://127.0.0.2:1/"}}}'),
            "another host",
        ),
    ],
)
def test_bad_public_files(tmp_path, path, answer, complaint):
    """A public file that is not whole, or not that file, ends the fetch and leaves nothing half written."""
    with serving(good_but(path, answer)) as server, pytest.raises(ProviderError, match=complaint):
        fetch(server, tmp_path, ON_DEMAND)

    assert [] == [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("code", ["../../away", "/away", "a/../../../away", "\ud800", ""])
def test_a_region_key_that_is_a_path_is_not_asked_for(tmp_path, code):
    """A key of the region index that leads elsewhere is a gap, and the region beside it is fetched."""
    link = OFFER_FILE.removesuffix(".csv") + ".json"
    regions = {"regions": {name: {"currentVersionUrl": link} for name in ("us-east-1", code)}}
    pages = tmp_path / "a" / "pages"

    with serving(good_but(REGION_INDEX, Answer(body=json.dumps(regions).encode()))) as server:
        fetch(server, pages, FetchRequest(purchases=(Purchase.ON_DEMAND,), timeout_seconds=120.0))

    assert [f"prices of a region {code!r}: not asked for, no region has such a name"] == RawPages(pages).manifest()[
        "gaps"
    ]
    assert ["prices/us-east-1.csv.gz"] == RawPages(pages).manifest()["pages"]
    assert ["pages"] == [path.name for path in (tmp_path / "a").iterdir()]


def test_the_status_of_a_public_file_is_kept(tmp_path):
    """Callers can tell a missing file from a refused one."""
    with serving(good_but(OFFER_FILE, Answer(status=404))) as server, pytest.raises(HttpStatusError) as caught:
        fetch(server, tmp_path, ON_DEMAND)

    assert 404 == caught.value.status


@pytest.mark.parametrize(
    ("name", "body", "complaint"),
    [
        ("a.json", b"<html>sign in</html>", "no page of AWS prices"),
        ("a.json", b'{"PriceList": ["{}"', "cut off"),
        ("a.json", b'{"PriceList": {}}', "holds no list PriceList"),
        ("a.json", (AWS / "bulk_us-east-1.json").read_bytes()[:50_000], "cut off"),
        ("a.json", b'{"offerCode": "AmazonEC2", "terms": {}}', "holds no products"),
        ("a.json", b'{"products": [], "terms": {"savingsPlan": []}}', "holds no rates"),
        ("a.csv", OFFERS[:20_000], "ends in the middle of a row"),
        ("a.csv.gz", gzip.compress(OFFERS)[:3000], "damaged or cut off"),
        ("a.csv.gz", b"\x1f\x8bnot gzip", "damaged or cut off"),
    ],
)
def test_bad_saved_pages(tmp_path, name, body, complaint):
    """A saved file that is cut off or something else is an error that names it."""
    pages = RawPages(tmp_path)
    pages.save(name, body)
    pages.finish(provider="aws", observed_at=NOON, request=FetchRequest())

    with pytest.raises(ProviderError, match=complaint) as caught:
        parse(tmp_path)
    assert name in str(caught.value)


def test_a_line_with_too_few_cells_is_an_error(tmp_path):
    """A damaged line is named by its number."""
    lines = OFFERS.splitlines(keepends=True)
    broken = next(n for n, line in enumerate(lines) if b'"g5.xlarge"' in line and b'"Linux","No' in line)
    lines[broken] = lines[broken].replace(b'"No License required",', b"")
    pages = RawPages(tmp_path)
    pages.save("a.csv", b"".join(lines))
    pages.finish(provider="aws", observed_at=NOON, request=FetchRequest())

    with pytest.raises(ProviderError, match=f"a.csv, line {broken + 1}: 40 cells where the header has 41"):
        parse(tmp_path)


def test_a_row_without_end_is_not_held():
    """Of a price file that comes, or lies here: it is refused at its first mebibyte."""
    sent = []
    with pytest.raises(ProviderError, match="a row of more than 1,048,576 bytes"):
        list(gpu_lines((sent.append(1) or b"x" * 300_000 for _ in range(1000)), "index.csv"))
    assert 4 == len(sent)


def test_a_packed_price_file_does_not_unpack_without_end(tmp_path, monkeypatch):
    """It has the size of a price file, unpacked."""
    monkeypatch.setattr("providers.aws_bulk.MOST_FILE_BYTES", 1_000_000)
    (tmp_path / "index.csv.gz").write_bytes(gzip.compress(b"x\n" * 1_000_000))

    with reading(tmp_path / "index.csv.gz") as file, pytest.raises(ProviderError, match="no more than 1,000,000 bytes"):
        list(iter(lambda: file.read(100_000), b""))
