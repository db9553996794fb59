"""The Azure adapter over real HTTP on loopback: the retail pages, and resource SKUs with azure-mgmt-compute."""

import json
import sys
from dataclasses import replace
from urllib.parse import unquote

import pytest

from planner.errors import ProviderError
from planner.model.records import Purchase
from providers.azure import AzureProvider
from providers.azure_sizes import shipped_regions
from providers.base import FetchRequest, RawPages
from tests.providers.clouds import (
    FIXTURES,
    NOON,
    TOKEN,
    StubCredential,
    azure_answer,
    azure_on,
    bad_replies,
    fixture_page,
    refreshed,
    saved_pages,
)
from tests.providers.replay import Answer, serving

RETAIL = bad_replies("azure", "azure-retail")
ARM = bad_replies("azure", "azure-arm")
SIGN_IN = json.loads(bad_replies("azure", "azure-login")["aad_token_error.json"].body)
EASTUS = FetchRequest(regions=("eastus",), timeout_seconds=120.0)


def prices(folder, answer=azure_answer, request=EASTUS, **settings):
    return refreshed(azure_on, answer, folder, request, **settings)


def with_retail(reply):
    """The fixture pages, but `reply` for the prices."""
    return lambda call: reply if "/retail/" in call.path else azure_answer(call)


def with_skus(reply):
    """The fixture pages, but `reply` for the resource SKUs."""
    return lambda call: reply if "/skus" in call.path else azure_answer(call)


def test_a_refresh_gives_the_recorded_prices(tmp_path):
    """Prices of one region fetched page by page equal the recorded ones, with sizes from the resource SKUs."""
    outcome = prices(tmp_path)

    found = {(offer.instance_type, offer.purchase): offer for offer in outcome.prices.offers}
    assert 3.673 == found["Standard_NC24ads_A100_v4", "on_demand"].usd_per_hour
    assert 0.736436 == found["Standard_NC24ads_A100_v4", "spot"].usd_per_hour
    assert 2.401027 == found["Standard_NC24ads_A100_v4", "reserved_1y"].usd_per_hour
    assert 1.363052 == found["Standard_NC24ads_A100_v4", "reserved_3y"].usd_per_hour
    assert {NOON.date()} == {offer.observed_on for offer in outcome.prices.offers}
    assert ((), ()) == (outcome.prices.held_back, outcome.prices.gaps)
    assert "Azure resource SKUs" == outcome.prices.sources[1].name


def test_all_pages_are_followed(tmp_path):
    """Two pages of prices and three of resource SKUs, the latter with the token; prices are asked for without one."""
    outcome = prices(tmp_path)

    retail = [call for call in outcome.calls if "/retail/" in call.path]
    skus = [call for call in outcome.calls if "/skus" in call.path]
    assert (2, 3) == (len(retail), len(skus))
    assert "currencyCode='USD'" in unquote(retail[0].path)
    assert "armRegionName eq 'eastus'" in unquote(retail[0].path)
    assert [] == [call for call in retail if "Authorization" in call.headers]
    assert {f"Bearer {TOKEN}"} == {call.headers["Authorization"] for call in skus}
    assert [
        "eastus: 332 rows",
        "sizes of eastus: page 1",
        "sizes of eastus: page 2",
        "sizes of eastus: page 3",
    ] == outcome.lines


def test_all_regions_are_asked_one_by_one(tmp_path):
    """Without a choice every region seen before is asked for, and others that sell a GPU size today are found."""

    def answer(call):
        reply = azure_answer(call)
        if "meterName" in call.path:  # the question for regions
            return replace(reply, body=reply.body.replace(b'"eastus"', b'"newregion9"'))
        return reply

    outcome = prices(tmp_path, answer, FetchRequest(timeout_seconds=120.0))

    saved = {path.name.rpartition("-")[0] for path in tmp_path.glob("retail/*")}
    assert shipped_regions() | {"newregion9"} == saved
    assert {"eastus"} == {offer.region for offer in outcome.prices.offers}
    assert f"{len(saved)} regions" == outcome.lines[0]


def test_a_region_that_is_a_path_is_not_asked_for(tmp_path):
    """A region by a name that leads elsewhere is a gap; nothing is written outside, and the regions that are are fetched."""

    def answer(call):
        reply = azure_answer(call)
        if "meterName" in call.path:
            return replace(reply, body=reply.body.replace(b'"eastus"', b'"../../away"'))
        return reply

    outcome = prices(tmp_path / "a" / "pages", answer, FetchRequest(timeout_seconds=120.0))

    assert "" == outcome.error
    assert ("prices of a region '../../away': not asked for, no region has such a name",) == outcome.prices.gaps[:1]
    assert ["a"] == [path.name for path in tmp_path.iterdir()]
    assert ["pages"] == [path.name for path in (tmp_path / "a").iterdir()]
    assert {"eastus"} == {offer.region for offer in outcome.prices.offers}


def test_saved_pages_parse_like_recorded_ones(tmp_path):
    """What was fetched and the same pages as recorded, in any folder, give the same offers."""
    names = ("retail_vm_eastus*", "resource_skus*")
    recorded = {path.name: path.read_bytes() for name in names for path in (FIXTURES / "azure").glob(name)}

    from_wire = AzureProvider().parse(saved_pages(tmp_path / "wire", recorded, EASTUS))

    assert from_wire == prices(tmp_path / "fetched").prices


def test_without_a_subscription_the_shipped_sizes_are_used(tmp_path):
    """Prices need no account; the gap names variable and permission, and no sign-in is tried."""
    outcome = prices(tmp_path, environ={})

    (gap,) = outcome.prices.gaps
    assert "AZURE_SUBSCRIPTION_ID" in gap
    assert "Microsoft.Compute/skus/read" in gap
    assert 2 == len(outcome.calls)
    a100 = next(offer for offer in outcome.prices.offers if offer.instance_type == "Standard_NC24ads_A100_v4")
    assert (24.0, 220.0) == (a100.vcpus, a100.memory_gib)


def test_purchases_are_chosen(tmp_path):
    """Only the ways of paying asked for are offered."""
    request = FetchRequest(regions=("eastus",), purchases=(Purchase.SPOT,), timeout_seconds=120.0)

    assert {"spot"} == {offer.purchase for offer in prices(tmp_path, request=request).prices.offers}


def test_a_mistyped_region_is_an_error_with_a_suggestion(tmp_path):
    """A region that nobody knows and that has no price is not an empty answer."""
    outcome = prices(tmp_path, request=FetchRequest(regions=("eastuss",), timeout_seconds=120.0))

    assert "no GPU price in the region 'eastuss'. Did you mean eastus" in outcome.error


def test_regions_of_other_clouds_are_a_gap(tmp_path):
    """One list of regions serves several clouds: those that are not Azure's are named, the others fetched."""
    outcome = prices(tmp_path, request=FetchRequest(regions=("us-east-1", "EastUS"), timeout_seconds=120.0))

    assert outcome.prices.gaps[0].startswith("Azure has no GPU price in the region 'us-east-1'.")
    assert {"eastus"} == {offer.region for offer in outcome.prices.offers}
    assert ["/skus" in call.path for call in outcome.calls].count(True) == 3


ERRORS = {
    "azure_truncated.json": "cut off or not JSON",
    "azure_html_200.html": "answered with a web page",
    "azure_429.json": "HTTP status 429 (too many requests). Tried 4 times.",
    "azure_429_date.json": "HTTP status 429",
    "azure_503.html": "HTTP status 503. Tried 4 times.",
    "azure_400_filter.json": "HTTP status 400",
    "azure_nextlink_self.json": "the pages point in a circle; not followed",
    "azure_nextlink_cycle_a.json": "the pages point in a circle; not followed",
    "azure_nextlink_cycle_b.json": "the pages point in a circle; not followed",
    "azure_nextlink_foreign_host.json": "points on to another host, http://198.51.100.7/",
    "azure_items_not_list.json": "holds no list of prices",
    "azure_no_items_key.json": "holds no list of prices",
    "azure_non_utf8.json": "is not UTF-8 text (byte 233)",
    "azure_empty_body.json": "answered with an empty body",
}
NC16, NV4 = "Standard_NC16as_T4_v3", "Standard_NV4as_v4"
HELD_BACK = {
    "azure_missing_price.json": ((NC16, "no price"), (NV4, "no price")),
    "azure_negative_zero_price.json": ((NC16, "the price is -3.06"), (NV4, "the price is 0.0")),
    "azure_nan_price.json": ((NC16, "the price is nan"), (NV4, "the price is inf")),
    "azure_price_string_comma.json": (
        (NC16, "the price '3,673.00' is not a number"),
        ("Standard_ND40rs_v2", "the price '3.673' is not a number"),
        (NV4, "the price '3,673' is not a number"),
    ),
    "azure_unknown_gpu.json": (
        ("Virtual Machines NDrsv2 Series", "a GPU product without a size name"),
        ("Virtual Machines NVasv4 Series", "a GPU product without a size name"),
    ),
    "azure_duplicates.json": ((NC16, "several prices in force for one thing: 1.204, 2.408"),),
    "azure_wrong_currency.json": ((NC16, "priced in 'JPY', not USD"),),
    "azure_wrong_unit.json": (
        (NC16, "sold by '1/Month', not by the hour"),
        (NV4, "sold by '100 Hours', not by the hour"),
    ),
    "azure_future_and_expired.json": (
        (NC16, "not in force before 2099-01-01T00:00:00Z"),
        (NV4, "no longer in force since 2020-01-01T00:00:00Z"),
    ),
    "azure_utf8_bom.json": (),
}


def test_every_hostile_reply_is_known_here():
    """The tables above and below cover all hostile replies of both services."""
    assert RETAIL.keys() == ERRORS.keys() | HELD_BACK.keys()
    assert ARM.keys() == GAPS.keys() | {"arm_skus_odd_capabilities.json"}


@pytest.mark.parametrize(("file", "text"), ERRORS.items())
def test_a_broken_price_list_is_a_clear_error(tmp_path, file, text):
    """A list that is not one, or does not end, stops the fetch with a message that names the region."""
    outcome = prices(tmp_path, with_retail(RETAIL[file]))

    assert outcome.error.startswith("Azure prices of eastus: http://127.0.0.1:")
    assert text in outcome.error
    assert not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize(("file", "reasons"), HELD_BACK.items())
def test_odd_rows_are_held_back_and_the_rest_goes_on(tmp_path, file, reasons):
    """Rows that cannot be believed are held back by name, and are no offers."""
    outcome = prices(tmp_path, with_retail(RETAIL[file]))

    assert reasons == tuple((row.instance_type, row.reason) for row in outcome.prices.held_back)
    on_demand = {offer.instance_type for offer in outcome.prices.offers if offer.purchase is Purchase.ON_DEMAND}
    assert on_demand.isdisjoint(name for name, _ in reasons)
    unknown = ("Standard_NX99zz_R900_v9",) if file == "azure_unknown_gpu.json" else ()
    assert unknown == tuple(name for name, _ in outcome.prices.unknown_gpus)


def test_two_pages_that_point_at_each_other_end(tmp_path):
    """A circle of two pages is noticed when its first page comes up again."""

    def answer(call):
        if "/retail/" not in call.path:
            return azure_answer(call)
        return RETAIL["azure_nextlink_cycle_b.json" if "$skip=400" in call.path else "azure_nextlink_cycle_a.json"]

    outcome = prices(tmp_path, answer)

    assert "the pages point in a circle" in outcome.error
    assert 3 == len(outcome.calls)


def test_throttling_is_waited_for_as_asked_but_not_for_ever(tmp_path):
    """Three waits of the minute asked for, then an error."""
    assert [60.0, 60.0, 60.0] == prices(tmp_path, with_retail(RETAIL["azure_429.json"])).waits


def test_one_failing_region_fails_the_whole(tmp_path):
    """A refresh of two regions is complete or nothing."""

    def answer(call):
        return RETAIL["azure_400_filter.json"] if "westeurope" in call.path else azure_answer(call)

    outcome = prices(tmp_path, answer, FetchRequest(regions=("eastus", "westeurope"), timeout_seconds=120.0))

    assert outcome.error.startswith("Azure prices of westeurope: ")
    assert not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize(
    ("broken", "seconds", "said", "tries"),
    [({"cut_after": 5000}, 60, "Tried 4 times.", 4), ({"delay_seconds": 0.6}, 0.3, "nothing came for 0.3 s.", 1)],
)
def test_a_broken_connection_is_tried_again_and_then_an_error(tmp_path, broken, seconds, said, tries):
    """A page that ends early is asked for four times, one that does not come until its time is over."""
    reply = Answer(body=fixture_page("azure", "retail_vm_eastus_preview_p1.json"), **broken)

    outcome = prices(tmp_path, with_retail(reply), FetchRequest(regions=("eastus",), timeout_seconds=seconds))

    assert said in outcome.error
    assert (tries - 1, tries) == (len(outcome.waits), len(outcome.calls))


def test_an_empty_list_is_refused(tmp_path):
    """No price at all is an error, not an empty book."""
    outcome = prices(tmp_path, with_retail(Answer(body=fixture_page("azure", "retail_empty.json"))))

    assert "without a single GPU price. It may be down" in outcome.error


GAPS = {
    "arm_401_expired.json": "have expired or are not accepted (ExpiredAuthenticationToken). Run: az login",
    "arm_401_invalid.json": "have expired or are not accepted (InvalidAuthenticationToken). Run: az login",
    "arm_403.json": "needs Microsoft.Compute/skus/read on the subscription",
    "arm_404_subscription.json": "AZURE_SUBSCRIPTION_ID names no subscription",
    "arm_429.json": "Azure is throttling this subscription",
    "arm_nextlink_self.json": "points back to one already read; not followed",
}
BROKEN_SKUS = {
    "a web page": (Answer(body=b"<html>sign in</html>", content_type="text/html"), "a page of a proxy?"),
    "a cut page": (Answer(body=b'{"value": ['), "cut off"),
    "an empty page": (Answer(), "a page of a proxy?"),
    "another encoding": (Answer(body=b'{"value": [{"name": "\xe9"}]}'), "not"),
    "no list": (Answer(body=b'{"values": []}'), "holds no list"),
    "another host": (Answer(body=b'{"value": [], "nextLink": "http://198.51.100.7/x"}'), "another host"),
    "an outage": (Answer(status=503), "status 503"),
    "a cut connection": (Answer(body=fixture_page("azure", "resource_skus_p1.json"), cut_after=9), "cut off"),
}


@pytest.mark.parametrize(
    ("reply", "text"), [*((ARM[file], text) for file, text in GAPS.items()), *BROKEN_SKUS.values()]
)
def test_a_failing_list_of_sizes_is_a_gap(tmp_path, reply, text):
    """Prices go on with the shipped sizes; the gap says what failed, and no half list is kept."""
    outcome = prices(tmp_path, with_skus(reply))

    (gap,) = outcome.prices.gaps
    assert gap.startswith("The shipped table of Azure sizes was used. ")
    assert text in gap
    assert outcome.prices.offers
    assert [] == [*tmp_path.glob("skus/*")]


def test_odd_capabilities_are_held_back(tmp_path):
    """Sizes without a usable memory or vCPU figure are reported, and their prices use the shipped one."""
    outcome = prices(tmp_path, with_skus(ARM["arm_skus_odd_capabilities.json"]))

    assert ["Standard_NC4as_T4_v3", "Standard_NC8as_T4_v3", "Standard_NC16as_T4_v3"] == [
        row.instance_type for row in outcome.prices.held_back
    ]
    t4 = next(offer for offer in outcome.prices.offers if offer.instance_type == "Standard_NC8as_T4_v3")
    assert 56.0 == t4.memory_gib


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (SIGN_IN["error_description"], "make a new one and set AZURE_CLIENT_SECRET (AADSTS7000222)"),
        ("AADSTS700016: Application not found", "AZURE_CLIENT_ID is not an application of this tenant"),
        ("AADSTS50034: no such user", "check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (AADSTS50034)"),
        ("DefaultAzureCredential failed", "no usable credentials. Run: az login"),
    ],
)
def test_a_refused_sign_in_says_what_to_do(tmp_path, said, text):
    """Errors of the sign-in become one line, without the long text of the library."""
    from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415 - only with the SDK

    class Refused(StubCredential):
        def get_token(self, *_, **__):
            raise ClientAuthenticationError(message=f"{said} {TOKEN}")

    with serving(azure_answer) as server:
        pages = RawPages(tmp_path)
        provider = AzureProvider(
            environ={"AZURE_SUBSCRIPTION_ID": "0"},
            retail_address=f"{server.url}/api/retail/prices",
            credential=Refused(),
            arm_options={"base_url": "https://127.0.0.1:9"},
        )
        provider.fetch(EASTUS, pages, lambda _: None)
        pages.finish(provider="azure", observed_at=NOON, request=EASTUS)

    (gap,) = provider.parse(pages).gaps
    assert text in gap
    assert TOKEN not in gap


def test_the_wait_asked_for_by_the_sku_list_is_kept_within_a_minute():
    """An hour of Retry-After becomes a minute; three tries follow the first."""
    from types import SimpleNamespace  # noqa: PLC0415

    from providers.azure_arm import _retry_policy  # noqa: PLC0415 - what the library calls, not we

    policy = _retry_policy()
    reply = SimpleNamespace(http_response=SimpleNamespace(headers={"Retry-After": "3600"}))

    assert 60.0 == policy.get_retry_after(reply)
    assert 3 == policy.total_retries


def test_pages_of_another_cloud_are_refused(tmp_path):
    """A page that is none of Azure's is named, not skipped."""
    pages = saved_pages(tmp_path, {"prices.json": json.dumps({"skus": []}).encode()})

    with pytest.raises(ProviderError, match=r"prices\.json holds neither"):
        AzureProvider().parse(pages)


def test_prices_need_no_library(tmp_path, monkeypatch):
    """Where Azure's libraries are not installed prices still come; the gap says what to install."""
    monkeypatch.setitem(sys.modules, "azure.mgmt.compute", None)
    monkeypatch.setitem(sys.modules, "azure.core.pipeline.policies", None)
    with serving(azure_answer) as server:
        pages = RawPages(tmp_path)
        provider = AzureProvider(
            environ={"AZURE_SUBSCRIPTION_ID": "0"},
            retail_address=f"{server.url}/api/retail/prices",
            credential=StubCredential(),
        )
        provider.fetch(EASTUS, pages, lambda _: None)
        pages.finish(provider="azure", observed_at=NOON, request=EASTUS)

    found = provider.parse(pages)
    assert found.offers
    assert "pip install 'gpu-cost-planner[azure]'" in found.gaps[0]


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({}, "prices: no account needed; sizes: shipped table (set AZURE_SUBSCRIPTION_ID)"),
        ({"AZURE_SUBSCRIPTION_ID": "0"}, "no credentials found (run az login, or set AZURE_CLIENT_ID)"),
        ({"AZURE_SUBSCRIPTION_ID": "0", "AZURE_CLIENT_ID": "id"}, "credentials in AZURE_CLIENT_ID"),
    ],
)
def test_credentials_are_described_without_being_shown(environ, text):
    """The state of credentials names variables and commands."""
    assert text in AzureProvider(environ={"AZURE_CONFIG_DIR": "/nowhere", **environ}).credentials()
