import gzip
import json
import sys
from datetime import date

import pytest

from planner.errors import ProviderError, UnknownNameError
from planner.model.records import Purchase
from providers.aws import AwsProvider
from providers.aws_bulk_json import json_rows, savings_plan_rates
from providers.base import FetchRequest, RawPages
from tests.providers.aws_server import (
    AWS,
    NOON,
    SECRET,
    SESSION_TOKEN,
    fetch,
    good,
    good_but,
    operation,
    parse,
    region,
    sign_in,
)
from tests.providers.replay import Answer, serving

EXPECTED_ON_DEMAND = {
    "p4d.24xlarge": 21.957642,
    "p4de.24xlarge": 27.44705,
    "p5.48xlarge": 55.04,
    "p5.4xlarge": 6.88,
    "p5en.48xlarge": 63.296,
    "p6-b200.48xlarge": 113.9328,
    "g6.xlarge": 0.8048,
    "g6f.large": 0.202,
    "g5.xlarge": 1.006,
    "g4dn.xlarge": 0.526,
    "g6e.xlarge": 1.861,
}
EXPECTED_SPOT = {
    "use1-az1": 30.5619,
    "use1-az2": 26.638,
    "use1-az3": 28.4433,
    "use1-az4": 29.5911,
    "use1-az5": 27.5126,
    "use1-az6": 26.8251,
}


_FETCHED = []


@pytest.fixture
def signed_in(monkeypatch, tmp_path):
    """Server and prices of a fetch of everything from good answers with credentials; made once for all tests."""
    if not _FETCHED:
        with serving(good) as server:
            sign_in(monkeypatch, server)
            fetch(server, tmp_path)
        _FETCHED.append((server, parse(tmp_path)))
    return _FETCHED[0]


def product(instance_type, usd, *, gpu="8", **attributes):
    """One entry of `PriceList`: a product with an on-demand price."""
    plain = {
        "instanceType": instance_type,
        "regionCode": "us-east-1",
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
        "gpu": gpu,
    }
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": usd}, "description": "per On Demand Linux Instance Hour"}
    terms = {"OnDemand": {"S.T": {"priceDimensions": {"S.T.R": dimension}, "termAttributes": {}}}}
    return json.dumps({"product": {"sku": "S", "attributes": plain | attributes}, "terms": terms})


def parsed_pages(folder, contents):
    """What pages of this content say."""
    pages = RawPages(folder)
    for name, content in contents.items():
        pages.save(name, json.dumps(content).encode())
    pages.finish(provider="aws", observed_at=NOON, request=FetchRequest())
    return parse(folder)


def maybe_unpacked(path):
    """The bytes of a page, and what they unpack to."""
    body = path.read_bytes()
    return body + (gzip.decompress(body) if path.suffix == ".gz" else b"")


def prices(parsed, purchase, where="us-east-1"):
    """USD per hour by instance type."""
    return {o.instance_type: o.usd_per_hour for o in parsed.offers if o.purchase == purchase and o.region == where}


def test_everything_with_credentials(signed_in):
    """Over real HTTP boto3 pages through all replies, and the prices are those of the recorded ones."""
    server, parsed = signed_in

    on_demand = prices(parsed, Purchase.ON_DEMAND)
    reserved = prices(parsed, Purchase.RESERVED_1Y)
    spot = {
        o.zone: o.usd_per_hour
        for o in parsed.offers
        if o.purchase == "spot" and o.instance_type == "p5.48xlarge" and o.region == "us-east-1"
    }
    assert EXPECTED_ON_DEMAND == {name: on_demand[name] for name in EXPECTED_ON_DEMAND}
    assert (13.921094, 0.63378) == (reserved["p4d.24xlarge"], reserved["g5.xlarge"])
    assert EXPECTED_SPOT == spot
    assert () == parsed.gaps
    assert 3 == sum(operation(call) == "DescribeInstanceTypes" for call in server.calls)


def test_the_price_list_is_asked_in_its_home_region(signed_in):
    """GetProducts goes to us-east-1 whatever region is asked about."""
    server, _ = signed_in

    assert {"us-east-1"} == {region(call) for call in server.calls if operation(call) == "GetProducts"}


def test_hardware_of_a_slice(signed_in):
    """An eighth of an L4 is 0.125 GPUs, although EC2 counts 0."""
    offer = next(o for o in signed_in[1].offers if o.instance_type == "g6f.large")

    assert ("l4", 0.125, 2, 8, 1.5) == (offer.gpu, offer.gpu_count, offer.vcpus, offer.memory_gib, offer.network_gbps)
    assert 0.202 / 0.125 == offer.usd_per_gpu_hour


def test_memory_tells_the_variants_of_a_gpu(signed_in):
    """EC2 says A100 for both; AWS rents SXM modules."""
    found = {o.instance_type: o.gpu for o in signed_in[1].offers}

    assert "a100-40gb-sxm" == found["p4d.24xlarge"]
    assert "a100-80gb-sxm" == found["p4de.24xlarge"]
    assert "h200-141gb-sxm" == found["p5en.48xlarge"]


def test_boards_of_two_gpus(signed_in):
    """The price list gives p2.16xlarge 8 boards; each holds two GPUs."""
    assert {16.0} == {o.gpu_count for o in signed_in[1].offers if o.instance_type == "p2.16xlarge"}


def test_bare_metal_and_local_zones_are_there(signed_in):
    """Bare metal is another product family, a Local Zone another region code and a zone of its parent's spot market."""
    parsed = signed_in[1]

    assert "g4dn.metal" in prices(parsed, Purchase.ON_DEMAND)
    assert "g4dn.xlarge" in prices(parsed, Purchase.ON_DEMAND, "us-west-2-lax-1")
    assert ["usw2-lax1-az1"] == [
        o.zone for o in parsed.offers if o.region == "us-west-2-lax-1" and o.purchase == "spot"
    ]


def test_capacity_blocks_cost_fee_over_hours_and_instances(signed_in):
    """The first block of a zone counts: 755.14 USD / 24 h, in the zone whose id the spot reply gives."""
    blocks = [o for o in signed_in[1].offers if o.purchase == "capacity_block" and o.instance_type == "p5.48xlarge"]

    assert [("use1-az1", 31.464167)] == [(o.zone, o.usd_per_hour) for o in blocks if o.zone == "use1-az1"]


def test_savings_plans_join_the_product(signed_in):
    """The 1-year Compute Savings Plan without upfront payment, for the Linux product it discounts."""
    assert 16.02908 == prices(signed_in[1], Purchase.SAVINGS_1Y)["p4d.24xlarge"]
    assert 10.97882 == prices(signed_in[1], Purchase.SAVINGS_3Y)["p4d.24xlarge"]


def test_other_savings_plans_are_not_taken(tmp_path):
    """EC2 Instance Savings Plans cost less and bind to a family: another product, not covered."""
    plans = json.loads((AWS / "savings_plan_us-east-1.json").read_text(encoding="utf-8"))
    plan, rates = plans["products"][0], plans["terms"]["savingsPlan"][0]
    plans["products"].append({**plan, "sku": "BOUND", "productFamily": "EC2InstanceSavingsPlans"})
    bound = [
        {**rate, "rateCode": f"BOUND.{rate['discountedSku']}", "discountedRate": {"price": "0.1", "currency": "USD"}}
        for rate in rates["rates"]
    ]
    plans["terms"]["savingsPlan"].append({**rates, "sku": "BOUND", "rates": bound})
    offers = json.loads((AWS / "bulk_us-east-1.json").read_text(encoding="utf-8"))
    parsed = parsed_pages(tmp_path, {"offers.json": offers, "plans.json": plans})

    assert 16.02908 == prices(parsed, Purchase.SAVINGS_1Y)["p4d.24xlarge"]
    assert () == parsed.held_back


def test_gpus_without_a_row_are_reported(signed_in):
    """The GPU of g7 and g2 is in no table: named with the number of prices lost, which are held back."""
    parsed = signed_in[1]

    assert [("RTX PRO 4500", 1), ("g2", 1)] == list(parsed.unknown_gpus)
    assert {"g2.2xlarge"} == {row.instance_type for row in parsed.held_back}
    assert all("not known" in row.reason for row in parsed.held_back)


def test_a_type_sold_as_capacity_blocks_only_is_unpriced(tmp_path):
    """Rows of capacity blocks cost 0 in the list; they say why there is no on-demand price."""
    row = product("p5.48xlarge", "0.0000000000", marketoption="CapacityBlock")
    parsed = parsed_pages(tmp_path, {"products.json": {"PriceList": [row]}})

    assert () == parsed.offers
    assert [("p5.48xlarge", "on demand: not sold; capacity blocks only")] == [
        (entry.instance_type, entry.reason) for entry in parsed.unpriced
    ]


@pytest.mark.parametrize(
    "attributes",
    [
        {"capacitystatus": "UnusedCapacityReservation"},
        {"capacitystatus": "AllocatedCapacityReservation"},
        {"tenancy": "Dedicated"},
        {"tenancy": "Host"},
        {"operatingSystem": "Windows"},
        {"operatingSystem": "RHEL"},
        {"preInstalledSw": "SQL Web"},
        {"marketoption": "CapacityBlock"},
    ],
)
def test_rows_that_look_right_and_are_not(tmp_path, attributes):
    """Other systems, tenancies, states and markets are no on-demand price, whatever they cost."""
    rows = [product("p5.48xlarge", "1.0000000000", **attributes), product("p5.48xlarge", "55.0400000000")]
    parsed = parsed_pages(tmp_path, {"products.json": {"PriceList": rows}})

    assert [55.04] == [offer.usd_per_hour for offer in parsed.offers]
    assert () == parsed.held_back


def test_the_price_list_contradicting_the_number_of_gpus_is_held_back(tmp_path):
    """An 8-fold mistake in a number of GPUs is not passed on."""
    parsed = parsed_pages(tmp_path, {"products.json": {"PriceList": [product("p5.48xlarge", "55.04", gpu="1")]}})

    assert () == parsed.offers
    assert ["the price list gives p5.48xlarge 1 GPUs, its description 8"] == [row.reason for row in parsed.held_back]


def test_ec2_contradicting_the_shipped_table_is_held_back(tmp_path):
    """Where EC2 and the table disagree on the GPUs of a type, its prices are kept out."""
    gpus = [{"Name": "H100", "Count": 4, "MemoryInfo": {"SizeInMiB": 81920}}]
    described = {"InstanceTypes": [{"InstanceType": "p5.48xlarge", "GpuInfo": {"Gpus": gpus}}]}
    pages = {"types.json": described, "products.json": {"PriceList": [product("p5.48xlarge", "55.04", gpu="4")]}}
    parsed = parsed_pages(tmp_path, pages)

    assert () == parsed.offers
    assert "4 x h100-80gb-sxm, the shipped table with 8 x h100-80gb-sxm" in parsed.held_back[0].reason


def test_without_credentials_the_public_files_are_read(tmp_path):
    """On demand, reserved and savings plans come without an account; what needs one is named with its permission."""
    with serving(good) as server:
        fetch(server, tmp_path / "raw")
    parsed = parse(tmp_path / "raw")

    assert 21.957642 == prices(parsed, Purchase.ON_DEMAND)["p4d.24xlarge"]
    assert 13.921094 == prices(parsed, Purchase.RESERVED_1Y)["p4d.24xlarge"]
    assert 16.02908 == prices(parsed, Purchase.SAVINGS_1Y)["p4d.24xlarge"]
    assert {date(2026, 11, 20)} == {offer.observed_on for offer in parsed.offers}
    assert 2 == len(parsed.gaps)
    assert "AWS_ACCESS_KEY_ID" in parsed.gaps[0]
    assert parsed.gaps[0].endswith("needs ec2:DescribeSpotPriceHistory")
    assert not any("us-gov" in call.path or "cn-north" in call.path for call in server.calls)


def test_the_publication_date_is_kept(tmp_path):
    """The source says when AWS published the file."""
    with serving(good) as server:
        fetch(server, tmp_path / "raw")

    assert "published 2026-11-12T18:45:10Z" in parse(tmp_path / "raw").sources[1].note


def test_offer_files_are_cut_on_arrival(tmp_path):
    """Only the lines about GPUs are kept, as they came, with their header."""
    with serving(good) as server:
        fetch(server, tmp_path / "raw")

    kept = gzip.decompress((tmp_path / "raw" / "prices" / "us-east-1.csv.gz").read_bytes())
    whole = (AWS / "bulk_us-east-1.csv").read_bytes().splitlines()
    assert set(kept.splitlines()) < set(whole)
    assert whole[:6] == kept.splitlines()[:6]
    assert b"c5.9xlarge" not in kept


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_saved_offer_files_say_the_same_in_either_form(tmp_path, form, packed):
    """CSV and JSON, gzipped or not, hold the same prices."""
    body = (AWS / f"bulk_us-east-1.{form}").read_bytes()
    pages = RawPages(tmp_path)
    pages.save(f"index.{form}" + (".gz" if packed else ""), gzip.compress(body) if packed else body)
    pages.finish(provider="aws", observed_at=NOON, request=FetchRequest())
    parsed = parse(tmp_path)

    assert {"g5.xlarge": 1.006, "g5.12xlarge": 5.672, "p4d.24xlarge": 21.957642, "p5.48xlarge": 55.04} == prices(
        parsed, Purchase.ON_DEMAND
    )
    assert () == parsed.held_back


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("chunk_bytes", [97, 1 << 20])
def test_json_is_cut_into_its_parts_anywhere(monkeypatch, tmp_path, indent, chunk_bytes):
    """Neither white space nor where a chunk ends changes what an offer file in JSON says."""
    monkeypatch.setattr("providers.aws_bulk_json._CHUNK_BYTES", chunk_bytes)
    document = json.loads((AWS / "bulk_us-east-1.json").read_text(encoding="utf-8"))
    whole = tmp_path / "index.json"
    whole.write_text(json.dumps(document, indent=indent), encoding="utf-8")
    rows = list(json_rows(whole, "s"))

    assert list(json_rows(AWS / "bulk_us-east-1.json", "s")) == rows
    assert {"OnDemand", "Reserved"} == {row.term for row in rows}


def test_json_without_reserved_terms(tmp_path):
    """A region without Reserved Instances has on-demand prices all the same."""
    document = json.loads((AWS / "bulk_us-east-1.json").read_text(encoding="utf-8"))
    del document["terms"]["Reserved"]
    path = tmp_path / "index.json"
    path.write_text(json.dumps(document), encoding="utf-8")

    assert {"OnDemand"} == {row.term for row in json_rows(path, "s")}


def test_regions_and_purchases_limit_the_fetch(monkeypatch, tmp_path):
    """Asking for spot prices of a Local Zone asks its parent region, and nothing else."""
    request = FetchRequest(regions=("us-west-2-lax-1",), purchases=(Purchase.SPOT,), timeout_seconds=120.0)
    with serving(good) as server:
        sign_in(monkeypatch, server)
        fetch(server, tmp_path / "raw", request)
    parsed = parse(tmp_path / "raw")

    assert {"DescribeInstanceTypes", "DescribeSpotPriceHistory"} == {operation(call) for call in server.calls}
    assert {("us-west-2-lax-1", "usw2-lax1-az1")} == {(offer.region, offer.zone) for offer in parsed.offers}


def test_an_unknown_region_is_an_error(tmp_path):
    """A mistyped region comes with close matches, not with an empty book."""
    with serving(good) as server, pytest.raises(UnknownNameError, match="Did you mean us-east-1"):
        fetch(server, tmp_path, FetchRequest(regions=("us-esat-1",)))


def test_the_same_pages_give_the_same_offers(monkeypatch, tmp_path):
    """Parsing is pure."""
    with serving(good) as server:
        sign_in(monkeypatch, server)
        fetch(server, tmp_path)

    assert parse(tmp_path) == parse(tmp_path)


def test_secrets_are_never_written(monkeypatch, tmp_path):
    """Neither key nor token is in any byte of the pages, in the progress, the offers or the line on credentials."""
    with serving(good) as server:
        sign_in(monkeypatch, server)
        lines = fetch(server, tmp_path)
        sent = json.dumps([[dict(call.headers), call.body.decode("latin-1")] for call in server.calls])
    written = b"".join(maybe_unpacked(path) for path in tmp_path.rglob("*") if path.is_file())
    said = "\n".join([*lines, repr(parse(tmp_path)), AwsProvider().credentials()])

    assert SESSION_TOKEN in sent  # it did travel
    for secret in (SECRET, SESSION_TOKEN, "AKIAIOSFODNN7EXAMPLE"):
        assert secret.encode() not in written
        assert secret not in said


def test_errors_do_not_repeat_the_request(monkeypatch, tmp_path, caplog):
    """AWS answers a wrong signature with the request it saw, token included: that text goes nowhere."""
    told = f"The Canonical String should have been 'x-amz-security-token:{SESSION_TOKEN}'"
    reply = json.dumps({"__type": "SignatureDoesNotMatch", "message": told}).encode()
    answer = Answer(body=reply, status=400, content_type="application/x-amz-json-1.1")
    with serving(good_but("GetProducts", answer)) as server:
        sign_in(monkeypatch, server)
        with pytest.raises(ProviderError, match="not valid") as caught:
            fetch(server, tmp_path)

    assert SESSION_TOKEN not in str(caught.value)
    assert caught.value.__suppress_context__
    assert SESSION_TOKEN not in caplog.text


def test_a_missing_sdk_is_a_gap(monkeypatch, tmp_path):
    """Without boto3 the public prices are fetched, and the gap says what to install."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with serving(good) as server:
        fetch(server, tmp_path)

    assert "pip install 'gpu-cost-planner[aws]'" in parse(tmp_path).gaps[0]
    assert "pip install" in AwsProvider().credentials()


def test_a_missing_json_parser_is_a_gap(monkeypatch, tmp_path):
    """Without ijson only the savings plans are missing."""
    monkeypatch.setitem(sys.modules, "ijson", None)
    with serving(good) as server:
        fetch(server, tmp_path)
    parsed = parse(tmp_path)

    assert 21.957642 == prices(parsed, Purchase.ON_DEMAND)["p4d.24xlarge"]
    assert any(gap.startswith("savings plans: The Python module ijson") for gap in parsed.gaps)


def test_half_a_pair_of_credentials_is_an_error(monkeypatch, tmp_path):
    """A key without its secret is a mistake to name, not an account that is not there."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    with serving(good) as server, pytest.raises(ProviderError, match="AWS_SECRET_ACCESS_KEY both"):
        fetch(server, tmp_path)


def test_credentials_say_where_they_come_from(monkeypatch):
    """One line: found and how, or the variable that is missing."""
    before = AwsProvider().credentials()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    assert "AWS_ACCESS_KEY_ID" in before
    assert "credentials found (env)" == AwsProvider().credentials()


@pytest.mark.slow
def test_instance_types_from_moto(monkeypatch, tmp_path):
    """boto3 against moto's EC2, whose instance types were recorded from AWS."""
    moto = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    try:
        with serving(good) as server:
            sign_in(monkeypatch, server)
            host, port = moto.get_host_and_port()
            monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", f"http://{host}:{port}")
            fetch(server, tmp_path, FetchRequest(purchases=(Purchase.ON_DEMAND,), timeout_seconds=120.0))
    finally:
        moto.stop()
    saved = json.loads(gzip.decompress((tmp_path / "instance_types" / "001.json.gz").read_bytes()))
    found = {offer.instance_type: (offer.gpu, offer.gpu_count) for offer in parse(tmp_path).offers}

    assert 65 == sum("GpuInfo" in entry for entry in saved["InstanceTypes"])
    assert ("h100-80gb-sxm", 8.0) == found["p5.48xlarge"]
    assert ("b200-180gb-sxm", 8.0) == found["p6-b200.48xlarge"]
    assert ("l4", 0.125) == found["g6f.large"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (b"9" * 5000, "a number of more than 308 digits"),
        (b"1" * 2**20 + b".5", "a number of more than 308 digits"),
        (b"[" * 200_000, "nested more than 256 deep"),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "nested more than 256 deep"),
        (b"[[]," * 200_000, "nested more than 256 deep"),
        (b"1e999999999999999999999", "is cut off or not JSON"),
        (b"NaN", "is cut off or not JSON"),
    ],
    ids=["digits", "digits over two chunks", "lists", "objects", "lists that close", "exponent", "NaN"],
)
def test_what_the_stream_reader_cannot_bear_is_refused_before(tmp_path, damage, said):
    """Its C code crashes the interpreter on long numbers, and takes the square of the depth."""
    path = tmp_path / "savings.json"
    path.write_bytes(b'{"products":[' + damage + b"]}")

    with pytest.raises(ProviderError, match=said):
        list(savings_plan_rates(path))
