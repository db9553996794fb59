"""Regions, zones, places and instance types as people name them, over every shipped book."""

import pytest

from planner.errors import UnknownNameError, UsageError
from planner.hardware.gpus import choose_gpus
from planner.hardware.markets import provider_named
from planner.prices.chosen import chosen_places, chosen_types
from planner.prices.current import current_snapshots
from planner.prices.index import index_of


@pytest.fixture(scope="module")
def books():
    """The newest shipped books."""
    return current_snapshots()


def regions(books, *texts):
    """Provider and region of all that the texts name."""
    return {(provider, region) for provider, places in chosen_places(books, texts).items() for region, _ in places}


def test_what_the_program_prints_is_read_back(books):
    """Every region, zone, type, provider and GPU label of every book means itself."""
    for book in books:
        index = index_of(book)
        assert book.provider == provider_named(book.provider.upper())
        for region, zone in index.places():
            assert (region, zone) in chosen_places([book], [zone or region])[book.provider]
            assert (region, zone) in chosen_places(books, [f" {zone or region} ".upper()])[book.provider]
        types = {group.row[2] for group in index.groups}
        assert all(one in chosen_types([book], [one]) for one in types)
        for gpu, count in {(group.row[0], float(group.row[1])) for group in index.groups}:
            for label in (f"{count:g}x {gpu}", f"{gpu}:{count:g}", f"{count:g}x{gpu.upper()}", f"{gpu} x{count:g}"):
                assert ((gpu,), count) == (choose_gpus(label).gpus, choose_gpus(label).count)


def test_a_region_is_that_of_who_calls_it_so(books):
    """`us-east-1` is not Google's us-east1."""
    assert {("aws", "us-east-1"), ("lambda", "us-east-1")} == regions(books, "us-east-1")
    assert {("gcp", "us-east1")} == regions(books, "us-east1")


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("UK", ("gcp", "europe-west2"), ("aws", "eu-west-1")),
        ("germany", ("azure", "germanywestcentral"), ("gcp", "europe-west4")),
        ("EU", ("aws", "eu-west-1"), ("aws", "eu-west-2")),
        ("Europe", ("aws", "eu-west-2"), ("aws", "us-east-1")),
        ("us", ("runpod", "US"), ("runpod", "CA")),
        ("USA", ("vast", "Oregon/US/NA"), ("vast", "global")),
        ("Virginia", ("gcp", "us-east4"), ("gcp", "us-east1")),
        ("West Europe", ("azure", "westeurope"), ("azure", "northeurope")),
        ("US East (N. Virginia)", ("aws", "us-east-1"), ("aws", "us-east-2")),
        ("N. Virginia", ("aws", "us-east-1"), ("aws", "us-west-2")),
        ("US East", ("aws", "us-east-2"), ("aws", "us-gov-east-1")),
        ("us-east", ("gcp", "us-east4"), ("aws", "us-west-1")),
        ("east us", ("azure", "eastus"), ("azure", "eastus2")),
        ("us-central1-a", ("gcp", "us-central1"), ("gcp", "us-central2")),
        ("us-east-1a", ("aws", "us-east-1"), ("aws", "us-east-2")),
        ("US-WEST-2B", ("aws", "us-west-2"), ("aws", "us-west-1")),
        ("westeurope-3", ("azure", "westeurope"), ("azure", "northeurope")),
        ("eastus zone 1", ("azure", "eastus"), ("azure", "eastus2")),
        ("Mexico", ("azure", "mexicocentral"), ("azure", "southafricanorth")),
    ],
)
def test_a_place_is_what_lies_in_it(books, text, inside, outside):
    """Countries, the union, continents, states, display names, and a zone of a region with one price."""
    found = regions(books, text)

    assert inside in found or inside[1] not in {region for book in books for region in index_of(book).regions()}
    assert outside not in found
    assert found


def test_a_local_zone_is_in_the_country_of_its_parent_and_not_in_its_state(books):
    """us-east-1-atl-2 is Atlanta, not Virginia."""
    zones = {place for place in regions(books, "us") if place[1].startswith("us-east-1-")}

    assert zones
    assert not zones & regions(books, "virginia")


def test_suggestions_are_of_the_provider_that_was_asked(books):
    """Another cloud's region is a mistake, and a town nearly right is found."""
    google = [book for book in books if book.provider == "gcp"]

    with pytest.raises(UnknownNameError, match=r"Unknown region of gcp 'us-east-1'. Did you mean us-east1"):
        chosen_places(google, ["us-east-1"])
    with pytest.raises(UnknownNameError, match="frankfurt"):
        chosen_places(google, ["Franfurt"])
    with pytest.raises(UsageError, match="'Iceland': no region of gcp lies there"):
        chosen_places(google, ["Iceland"])


def test_types_by_name_short_name_and_pattern(books):
    """In any case; what fits nothing is refused with what is close."""
    assert {"p5.48xlarge"} == chosen_types(books, ["P5.48XLARGE"])
    assert {"Standard_NC24ads_A100_v4"} == chosen_types(books, ["NC24ads A100 v4"])
    assert {"p5.48xlarge", "p5en.48xlarge"} <= chosen_types(books, ["p5*"])
    with pytest.raises(UnknownNameError, match=r"Unknown instance type 'p5.48xlrge'. Did you mean p5.48xlarge"):
        chosen_types(books, ["p5.48xlrge"])


@pytest.mark.parametrize(
    ("text", "provider"),
    [("Google", "gcp"), ("amazon", "aws"), ("Amazon Web Services", "aws"), ("Microsoft", "azure"), ("Vast.ai", "vast")],
)
def test_providers_by_other_names(text, provider):
    """Companies and display names."""
    assert provider == provider_named(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("8\u00d7A100", 8),
        ("8 A100s", 8),
        ("A100 x8", 8),
        ("A100*8", 8),
        ("A100 : 8", 8),
        ("8 x A100 GPUs", 8),
        ("A100s", None),
    ],
)
def test_labels_of_gpus(text, count):
    """Times signs, plurals and counts on either side."""
    assert choose_gpus("A100").gpus == choose_gpus(text).gpus
    assert count == choose_gpus(text).count


def test_several_machines_are_no_gpu():
    """The message says which options hold them."""
    with pytest.raises(UsageError, match=r"'2x8xA100' names 2 machines\. Give '8xA100', and 2 with nodes"):
        choose_gpus("2x8xA100")
