"""The Google adapter over real HTTP on loopback, with Google's own libraries."""

import json
import sys
from dataclasses import replace

import pytest

from planner.errors import ProviderError
from planner.model.records import Purchase
from providers.base import FetchRequest, RawPages
from providers.gcp import GcpProvider
from tests.providers.clouds import (
    API_KEY,
    FIXTURES,
    bad_replies,
    fixture_json,
    fixture_page,
    gcp_answer,
    gcp_on,
    refreshed,
    saved_pages,
)
from tests.providers.replay import Answer

BILLING = bad_replies("gcp", "gcp-billing")
COMPUTE = bad_replies("gcp", "gcp-compute")


def prices(folder, answer=gcp_answer, **settings):
    return refreshed(gcp_on, answer, folder, **settings)


def with_skus(reply):
    """The fixture pages, but `reply` for the price list."""
    return lambda call: reply if "/skus" in call.path else gcp_answer(call)


def with_machines(reply):
    """The fixture pages, but `reply` for both machine lists."""
    return lambda call: reply if "aggregated" in call.path else gcp_answer(call)


def test_a_refresh_gives_the_published_prices(tmp_path):
    """Prices fetched page by page over REST equal the published ones; nothing is held back or unknown."""
    outcome = prices(tmp_path)

    found = {
        (offer.instance_type, offer.purchase): offer.usd_per_hour
        for offer in outcome.prices.offers
        if offer.region == "us-central1"
    }
    assert 3.673385 == found["a2-highgpu-1g", "on_demand"]
    assert 1.92768 == found["a2-highgpu-1g", "spot"]
    assert 88.49 == found["a3-highgpu-8g", "on_demand"]
    assert 4.49993 == found["g4-standard-48", "on_demand"]
    assert ((), (), ()) == (outcome.prices.held_back, outcome.prices.unknown_gpus, outcome.prices.gaps)
    assert 547 == len(outcome.prices.offers)


def test_all_pages_are_followed_with_the_key_in_a_header(tmp_path):
    """Four pages of prices, three of machines and two of accelerators; the key is never in an address."""
    outcome = prices(tmp_path)

    assert 9 == len(outcome.calls)
    assert "price list: page 4, 918 rows" in outcome.lines
    assert API_KEY == outcome.calls[0].headers["x-goog-api-key"]
    assert not [call.path for call in outcome.calls if API_KEY in call.path]


def test_saved_pages_parse_like_recorded_ones(tmp_path):
    """Pages saved by the library and the same pages as recorded from the wire give the same offers."""
    recorded = {path.name: path.read_bytes() for path in (FIXTURES / "gcp").glob("*_p*.json")}

    from_wire = GcpProvider().parse(saved_pages(tmp_path / "wire", recorded))

    assert from_wire == prices(tmp_path / "fetched").prices


def test_only_what_was_asked_for_is_offered(tmp_path):
    """Regions and purchases of the request limit the offers, although the catalogue comes whole."""
    request = FetchRequest(regions=("europe-west4",), purchases=(Purchase.SPOT,), timeout_seconds=120.0)

    offers = prices(tmp_path, request=request).prices.offers

    assert offers
    assert {("europe-west4", "spot")} == {(offer.region, offer.purchase) for offer in offers}


def test_regions_of_other_clouds_are_a_gap(tmp_path):
    """One list of regions serves several clouds: those that are not Google's are named, the others read."""
    request = FetchRequest(regions=("eastus", "us-central1"), timeout_seconds=120.0)

    outcome = prices(tmp_path, request=request)

    assert outcome.prices.gaps[0].startswith("Google Cloud has no GPU price in the region 'eastus'.")
    assert {"us-central1"} == {offer.region for offer in outcome.prices.offers}


def test_a_mistyped_region_is_an_error_with_a_suggestion(tmp_path):
    """Where none of the regions asked for exists there is no book."""
    outcome = prices(tmp_path, request=FetchRequest(regions=("us-centrall1",), timeout_seconds=120.0))

    assert "no GPU price in the region 'us-centrall1'. Did you mean us-central1" in outcome.error


def test_without_a_project_the_shipped_table_is_used(tmp_path):
    """With an API key alone prices come, machines are those shipped, and the gap names what is missing."""
    outcome = prices(tmp_path, environ={"GOOGLE_API_KEY": API_KEY})

    (gap,) = outcome.prices.gaps
    assert gap.startswith("The shipped table of Google machine types was used.")
    assert "GOOGLE_CLOUD_PROJECT" in gap
    assert "compute.machineTypes.list" in gap
    assert 4 == len(outcome.calls)
    assert 3.673385 in [offer.usd_per_hour for offer in outcome.prices.offers]
    assert "shipped table of Google machine types" == outcome.prices.sources[1].name


def test_credentials_alone_are_enough(tmp_path):
    """Without an API key the credentials read the price list too."""
    outcome = prices(tmp_path, environ={"GOOGLE_CLOUD_PROJECT": "p"})

    assert 547 == len(outcome.prices.offers)
    assert "x-goog-api-key" not in outcome.calls[0].headers


def test_without_any_account_nothing_comes_and_the_message_says_why(tmp_path):
    """No key and no credentials: one error that names the variable, and no page."""
    provider = GcpProvider(environ={})

    with pytest.raises(ProviderError, match="GOOGLE_API_KEY") as caught:
        provider.fetch(FetchRequest(), RawPages(tmp_path / "raw"), lambda _: None)

    assert "gcloud auth application-default login" in str(caught.value)
    assert not (tmp_path / "raw").exists()


ERRORS = {
    "gcp_truncated.json": "cut off",
    "gcp_html_200.html": "a page of a proxy",
    "gcp_400_api_key.json": "the API key in GOOGLE_API_KEY is not valid",
    "gcp_401.json": "gcloud auth application-default login",
    "gcp_403_disabled.json": "gcloud services enable cloudbilling.googleapis.com",
    "gcp_429.json": "Google is throttling this project",
    "gcp_503.json": "status 503 (The service is currently unavailable.)",
    "gcp_units_comma.json": "not what was asked for",
    "gcp_nan.json": "not what was asked for",
    "gcp_non_utf8.json": "not what was asked for",
    "gcp_token_loop.json": "points back to a page already read",
    "gcp_empty_object.json": "without a single price row",
}
HELD_BACK = {
    "gcp_missing_price.json": (
        ("Nvidia H100 80GB GPU", "no price"),
        ("Nvidia L4 GPU", "no price"),
        ("Nvidia Tesla A100 GPU", "no price"),
        ("Nvidia Tesla T4 GPU", "0 price tiers where one is expected"),
    ),
    "gcp_negative_zero.json": (
        ("Nvidia H100 80GB GPU", "the price is -2.500000000"),
        ("Nvidia Tesla A100 GPU", "the price is 0.000000000"),
    ),
    "gcp_tiered.json": (("Nvidia H100 80GB GPU", "2 price tiers where one is expected"),),
    "gcp_wrong_currency.json": tuple(
        (f"{name} GPU", "priced in 'EUR', not USD")
        for name in ("H200 141GB", "Nvidia H100 80GB", "Nvidia L4", "Nvidia Tesla A100 80GB", "Nvidia Tesla A100", "Nvidia Tesla T4")
    ),
    "gcp_geo_missing.json": (
        ("Nvidia H100 80GB GPU", "for no region"),
        ("Nvidia Tesla A100 GPU", "for the whole world, not a region"),
    ),
    "gcp_units_absent.json": (),
    "gcp_two_pricinginfo.json": (),
    "gcp_unknown_gpu.json": (),
    "gcp_duplicates.json": (),
}  # fmt: skip


def test_every_hostile_reply_is_known_here():
    """The two tables above cover all hostile replies of the price list."""
    assert BILLING.keys() == ERRORS.keys() | HELD_BACK.keys()


@pytest.mark.parametrize(("file", "text"), ERRORS.items())
def test_a_broken_price_list_is_a_clear_error(tmp_path, file, text):
    """A price list that is not one ends the fetch with a message that says what to do; the folder is never finished."""
    outcome = prices(tmp_path, with_skus(BILLING[file]))

    assert text in outcome.error
    assert not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize(("file", "reasons"), HELD_BACK.items())
def test_odd_rows_are_held_back_and_the_rest_goes_on(tmp_path, file, reasons):
    """Rows that cannot be believed are held back by name; the others stay rates."""
    outcome = prices(tmp_path, with_skus(BILLING[file]))

    held = tuple((row.instance_type.partition(" running")[0], row.reason) for row in outcome.prices.held_back)
    assert reasons == held
    unknown = ("GPU price 061A-3CE2-AFE1 without a description", "Nvidia R900 384GB GPU")
    assert (unknown if file == "gcp_unknown_gpu.json" else ()) == tuple(name for name, _ in outcome.prices.unknown_gpus)


def test_throttling_is_waited_for_as_asked_but_not_for_ever(tmp_path):
    """Three waits of the 30 seconds asked for, then an error."""
    outcome = prices(tmp_path, with_skus(BILLING["gcp_429.json"]))

    assert [30.0, 30.0, 30.0] == outcome.waits
    assert 4 == len(outcome.calls)


def test_a_very_long_wait_is_left_to_a_person(tmp_path):
    """An hour is not waited for."""
    outcome = prices(tmp_path, with_skus(replace(BILLING["gcp_429.json"], headers={"Retry-After": "3600"})))

    assert ([], 1) == (outcome.waits, len(outcome.calls))
    assert "throttling" in outcome.error


def test_a_short_outage_is_ridden_out(tmp_path):
    """A 503 before a good page costs one wait and nothing else."""
    outages = [BILLING["gcp_503.json"]]
    outcome = prices(tmp_path, lambda call: outages.pop() if outages else gcp_answer(call))

    assert 547 == len(outcome.prices.offers)
    assert 1 == len(outcome.waits)


@pytest.mark.parametrize("broken", [{"cut_after": 5000}, {"delay_seconds": 0.6}])
def test_a_broken_connection_is_tried_again_and_then_an_error(tmp_path, broken):
    """A page that ends early or never comes is asked for four times."""
    reply = Answer(body=fixture_page("gcp", "billing_skus_p1.json"), **broken)

    outcome = prices(tmp_path, with_skus(reply), request=FetchRequest(timeout_seconds=0.3))

    assert "Google did not answer" in outcome.error
    assert (3, 4) == (len(outcome.waits), len(outcome.calls))


def test_an_expired_login_says_how_to_renew_it(tmp_path):
    """A refresh token that was revoked ends in the command that makes a new one."""
    from google.oauth2.credentials import Credentials  # noqa: PLC0415 - only with the SDK

    grant = bad_replies("gcp", "gcp-oauth")["gcp_invalid_grant.json"]
    with gcp_on(lambda _: grant) as (_, server, _):
        login = Credentials(None, refresh_token="r", token_uri=f"{server.url}/token", client_id="c", client_secret="s")  # noqa: S106
        outcome = prices(tmp_path, environ={}, credentials=login)

    assert "Run: gcloud auth application-default login" in outcome.error


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (COMPUTE["gcp_compute_403.json"], "Required 'compute.machineTypes.list' permission"),
        (BILLING["gcp_401.json"], "gcloud auth application-default login"),
        (BILLING["gcp_html_200.html"], "a page of a proxy"),
        (BILLING["gcp_truncated.json"], "cut off"),
        (BILLING["gcp_empty_object.json"], "lists no machine type"),
        (Answer(body=b'{"nextPageToken": "SAME"}'), "points back to a page already read"),
    ],
)
def test_a_failing_machine_list_is_a_gap(tmp_path, reply, text):
    """Prices go on with the shipped machines; the gap says what failed, and no half list is kept."""
    outcome = prices(tmp_path, with_machines(reply))

    (gap,) = outcome.prices.gaps
    assert text in gap
    assert "shipped table" in gap
    assert outcome.prices.offers
    assert [] == [*tmp_path.glob("machine-types/*"), *tmp_path.glob("accelerator-types/*")]


def test_odd_machine_types_are_held_back_or_named(tmp_path):
    """A machine list of impossible types gives no offers from them: three are held back, one GPU is unknown."""
    outcome = prices(tmp_path, with_machines(COMPUTE["gcp_machine_types_odd.json"]))

    assert ["a2-highgpu-2g", "a2-highgpu-4g", "a2-highgpu-8g"] == [
        row.instance_type for row in outcome.prices.held_back
    ]
    assert (("nvidia-r900", 1),) == outcome.prices.unknown_gpus
    assert () == outcome.prices.offers


def test_pages_of_another_cloud_are_refused(tmp_path):
    """A page that is none of Google's is named, not skipped."""
    pages = saved_pages(tmp_path, {"prices.json": json.dumps({"Items": []}).encode()})

    with pytest.raises(ProviderError, match=r"prices\.json holds neither"):
        GcpProvider().parse(pages)


@pytest.mark.parametrize("body", [b"{}", b'{"skus": []}'])
def test_an_empty_folder_of_pages_is_refused(tmp_path, body):
    """No price row at all is an error, not an empty book."""
    with pytest.raises(ProviderError, match="no price row of Compute Engine in the pages"):
        GcpProvider().parse(saved_pages(tmp_path, {"skus/001.json": body}))


def test_parsing_needs_no_library(tmp_path, monkeypatch):
    """Saved pages can be read where Google's libraries are not installed; fetching says what to install."""
    monkeypatch.setitem(sys.modules, "google.cloud.billing_v1", None)
    pages = saved_pages(tmp_path, {"skus/1.json": json.dumps(fixture_json("gcp", "billing_skus_p1.json")).encode()})

    assert GcpProvider().parse(pages).unpriced
    with pytest.raises(ProviderError, match=r"pip install 'gpu-cost-planner\[gcp\]'"):
        GcpProvider(environ={"GOOGLE_API_KEY": API_KEY}).fetch(FetchRequest(), RawPages(tmp_path), lambda _: None)


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({}, "missing: set GOOGLE_API_KEY"),
        ({"GOOGLE_API_KEY": API_KEY}, "prices: API key in GOOGLE_API_KEY; machine types: shipped table"),
        ({"GOOGLE_APPLICATION_CREDENTIALS": __file__}, "application-default credentials; machine types: shipped table"),
        ({"GOOGLE_APPLICATION_CREDENTIALS": __file__, "GOOGLE_CLOUD_PROJECT": "p"}, "machine types: project p"),
    ],
)
def test_credentials_are_described_without_being_shown(environ, text):
    """The state of credentials names variables, never values of secrets."""
    said = GcpProvider(environ={"HOME": "/nowhere", **environ}).credentials()

    assert text in said
    assert API_KEY not in said
