"""Catalogues of others never make a book worse: what is not believed replaces nothing, and nothing is lost unsaid."""

import json
import zipfile
from dataclasses import replace
from datetime import date

import pytest

from planner.errors import UnknownNameError, UsageError
from planner.model.records import Purchase
from planner.prices.books import book_offers
from planner.prices.catalog import OfferFilter, select_offers
from planner.prices.checks import check_offers, price_bands
from planner.prices.refresh import RefreshOrder, refresh
from planner.prices.set_aside import set_aside_problem
from planner.prices.snapshots import read_snapshot
from planner.prices.variants import said_gpus
from planner.prices.verify import verify_books
from tests.builders import a_snapshot, an_offer
from tests.prices.catalogues import (
    GPUHUNT,
    SKYPILOT,
    a_table,
    brought,
    gcp_rows,
    hunt_row,
    newest_shipped,
    rows_of,
    sky_row,
)

DAY = date(2026, 11, 1)
A100_8 = ("a2-ultragpu-8g", "us-central1", None, "on_demand")


def _sky(tmp_path, provider, *rows, **order):
    folder = a_table(tmp_path / provider / "vms.csv", SKYPILOT, *rows)
    return brought(folder, tmp_path / "data", **{"observed_on": DAY, **order})


def _hunt(tmp_path, provider, *rows, **order):
    folder = a_table(tmp_path / "hunt" / f"{provider}.csv", GPUHUNT, *rows)
    return brought(folder, tmp_path / "data", **{"observed_on": DAY, **order})


def _reasons(outcome):
    return {(row.instance_type, row.region, row.purchase): row.reason for row in outcome.held_back}


def test_a_list_price_is_not_below_the_spot_price_of_the_same_gpus(tmp_path):
    """14.77 for eight A100 whose spot price is 15.71: the scheduler's rate; the price of the book stays."""
    rows = gcp_rows("a2-ultragpu-8g", "A100-80GB", 8, (8.79696, 4.39824), (14.76958, 15.712))

    outcome = _sky(tmp_path, "gcp", *rows)

    (reason,) = (row.reason for row in outcome.held_back)
    assert "1.8462 USD per GPU-hour is below the spot price of the same GPUs, 1.964" in reason
    assert newest_shipped("gcp")[A100_8] == rows_of(outcome)[A100_8]
    assert pytest.approx(20.11024) == rows_of(outcome)[*A100_8[:3], "spot"].usd_per_hour


@pytest.mark.parametrize(
    ("host", "gpu", "host_price", "gpu_price"),
    [
        ("a2-ultragpu-1g", ("A100-80GB", 1), 1.09962, 1.8462),
        ("a2-highgpu-8g", ("A100", 8), 5.91582, 11.735),
        ("a3-highgpu-8g", ("H100", 8), 9.46006, 33.60608),
        ("a3-megagpu-8g", ("H100-MEGA", 8), 9.46006, 35.39152),
        ("g2-standard-96", ("L4", 8), 3.0, 2.2),
    ],
)
def test_the_book_tells_a_scheduler_rate_of_any_gpu(tmp_path, host, gpu, host_price, gpu_price):
    """Half the book's price in the only region listed, without a spot price of the GPUs."""
    outcome = _sky(tmp_path, "gcp", *gcp_rows(host, *gpu, (host_price, ""), (gpu_price, "")))

    reason = _reasons(outcome)[host, "us-central1", "on_demand"]
    assert "of the on-demand price in the book" in reason
    assert None is outcome.path


def test_a_rate_taken_in_earlier_does_not_vouch_for_itself(tmp_path):
    """A book of an earlier version holds the scheduler's 23.57 from a catalogue: the shipped price still decides."""
    source = "SkyPilot catalogue gcp/vms.csv"
    offers = newest_shipped("gcp")
    rows = {
        **offers,
        A100_8: replace(offers[A100_8], usd_per_hour=23.56654, source=source, observed_on=date(2026, 10, 1)),
    }
    a_snapshot(tmp_path / "data", *rows.values(), provider="gcp", stem="2026-10-01")

    outcome = _sky(tmp_path, "gcp", *gcp_rows("a2-ultragpu-8g", "A100-80GB", 8, (8.79696, ""), (14.76958, "")))

    listed = offers[A100_8].usd_per_hour
    assert 40 < listed < 41
    assert f"23.5665 is 0.58 of the on-demand price in the book, {listed:g}" in outcome.error.replace("0.59", "0.58")


def test_other_regions_tell_a_scheduler_rate_of_a_gpu_that_no_book_knows(tmp_path):
    """G4 is in no shipped book: 0.9 where another region asks 2.24, and one constant where hosts differ."""
    rows = [
        *gcp_rows("g4-standard-48", "RTXPRO6000", 1, (2.2592, 0.9), (2.2407, 0.5)),
        *gcp_rows("g4-standard-48", "RTXPRO6000", 1, (2.4, 0.9), (0.9, 0.5), region="us-east4"),
        *gcp_rows("g4-standard-48", "RTXPRO6000", 1, (2.3, 0.9), (1.5, 0.5), region="europe-west4"),
        *gcp_rows("g4-standard-48", "RTXPRO6000", 1, (2.6, 0.9), (1.5, 0.5), region="asia-east1"),
        *gcp_rows("g4-standard-48", "RTXPRO6000", 1, (2.7, 0.9), (2.5, 0.5), region="us-west1"),
    ]

    outcome = _sky(tmp_path, "gcp", *rows)

    reasons = {region: reason for (_, region, _), reason in _reasons(outcome).items()}
    assert {"us-east4", "europe-west4", "asia-east1"} == set(reasons)
    assert "0.9 USD per GPU-hour is 0.36 of that in us-west1, 2.5" in reasons["us-east4"]
    assert "1.5 USD per GPU-hour is one constant in regions whose hosts differ in price" in reasons["asia-east1"]


def test_one_price_of_attached_gpus_in_many_regions_is_a_list_price(tmp_path):
    """A T4 costs 0.35 almost everywhere, whatever its N1 host costs."""
    hosts = {"us-central1": 0.379998, "asia-southeast1": 0.46872, "europe-west2": 0.48938}
    rows = [
        row
        for region, host in hosts.items()
        for row in gcp_rows("n1-standard-8", "T4", 1, (host, 0.08), (0.35, 0.11), region=region)
    ]

    outcome = _sky(tmp_path, "gcp", *rows)

    assert () == outcome.held_back
    name = "n1-standard-8+1x-nvidia-tesla-t4"
    assert {region: pytest.approx(host + 0.35) for region, host in hosts.items()} == {
        key[1]: offer.usd_per_hour
        for key, offer in rows_of(outcome).items()
        if key[0] == name and key[3] == "on_demand" and offer.observed_on == DAY
    }


def test_the_price_of_a_commitment_is_not_one_on_demand(tmp_path):
    """A year of a2-ultragpu costs 0.83 of on demand, too near to be told by its size alone."""
    outcome = _hunt(tmp_path, "gcp", hunt_row("a2-ultragpu-1g", "A100", 1, 4.173766, location="us-central1-a"))

    assert (
        "4.17377 is the reserved_1y price in the book, 4.17377"
        in _reasons(outcome)["a2-ultragpu-1g", "us-central1", "on_demand"]
    )


@pytest.mark.parametrize("region", ["europe-west4", "asia-southeast1"])
def test_the_discount_of_a_commitment_is_known_where_the_book_has_no_commitment(tmp_path, region):
    """The book has a year of a2-ultragpu in us-central1 alone: 33.39 of 40.55; the same share elsewhere is no list price."""
    book = newest_shipped("gcp")
    shown = book["a2-ultragpu-8g", region, None, "on_demand"].usd_per_hour
    share = book[*A100_8[:3], "reserved_1y"].usd_per_hour / book[A100_8].usd_per_hour
    assert ("a2-ultragpu-8g", region, None, "reserved_1y") not in book
    assert 0.75 < share < 0.9

    outcome = _hunt(
        tmp_path,
        "gcp",
        hunt_row("a2-ultragpu-8g", "A100", 8, round(share * shown, 4), location=f"{region}-a"),
        hunt_row("a2-ultragpu-8g", "A100", 8, round(0.95 * book[A100_8].usd_per_hour, 4), location="us-central1-a"),
    )

    reason = _reasons(outcome)["a2-ultragpu-8g", region, "on_demand"]
    assert (
        f"is 0.82 of the on-demand price in the book, {shown:g} in {region}, as reserved_1y is in us-central1" in reason
    )
    assert DAY == rows_of(outcome)[A100_8].observed_on


def test_gpuhunt_rates_of_google_are_held_against_the_book_too(tmp_path):
    """The whole machine's price: 43 where the list says 87.83."""
    rows = [
        hunt_row("a3-highgpu-8g", "H100", 8, 43.1, location="us-central1-a"),
        hunt_row("a3-highgpu-8g", "H100", 8, 16.2, location="us-central1-a", spot=True),
    ]

    outcome = _hunt(tmp_path, "gcp", *rows)

    assert (
        "43.1 is 0.49 of the on-demand price in the book"
        in _reasons(outcome)["a3-highgpu-8g", "us-central1", "on_demand"]
    )
    key = ("a3-highgpu-8g", "us-central1", None, "on_demand")
    assert newest_shipped("gcp")[key] == rows_of(outcome)[key]


@pytest.mark.parametrize("region", ["us-central1", "us-west1", "me-central9"])
def test_what_was_set_aside_does_not_come_back(tmp_path, region):
    """H200 and small A3 machines have rates on demand and are not sold so, in whatever region a catalogue lists them."""
    rows = [
        *gcp_rows("a3-ultragpu-8g", "H200", 8, (10.0, 4.0), (80.0, 20.0), region=region),
        *gcp_rows("a3-highgpu-1g", "H100", 1, (1.18, 0.27), (9.79, 2.0), region=region),
    ]

    outcome = _sky(tmp_path, "gcp", *rows)

    assert {"a3-ultragpu-8g", "a3-highgpu-1g"} == {row.instance_type for row in outcome.held_back}
    assert all(row.reason.startswith("set aside by the shipped books: Google sells A3") for row in outcome.held_back)
    fresh = [key for key, offer in rows_of(outcome).items() if offer.observed_on == DAY]
    assert {"spot"} == {key[3] for key in fresh}


def test_an_aws_region_by_its_name_for_people_is_the_region(tmp_path):
    """`US East (N. Virginia)` is `us-east-1`, `EU (Ireland)` and `Europe (Ireland)` are one; a name nobody knows is held back."""
    names = ("US East (N. Virginia)", "EU (Ireland)", "Asia Pacific (Tokyo)", "Atlantis (Center)")

    outcome = _sky(tmp_path, "aws", *(sky_row("g5.xlarge", "A10G", 1, 1.006, region=name) for name in names))

    fresh = {key[1] for key, offer in rows_of(outcome).items() if offer.observed_on == DAY}
    assert {"us-east-1", "eu-west-1", "ap-northeast-1"} == fresh
    ((key, reason),) = _reasons(outcome).items()
    assert ("Atlantis (Center)", True) == (key[1], reason.startswith("no region is known to be called"))


def test_an_azure_region_by_its_name_for_people_is_the_region(tmp_path):
    """Azure's price list calls eastus `US East` and southeastasia `AP Southeast`; its portal says `East US`."""
    names = ("US East", "AP Southeast", "West Europe")

    outcome = _sky(tmp_path, "azure", *(sky_row("Standard_NC4as_T4_v3", "T4", 1, 0.6, region=name) for name in names))

    fresh = {key[1] for key, offer in rows_of(outcome).items() if offer.observed_on == DAY}
    assert {"eastus", "southeastasia", "westeurope"} == fresh
    assert set(newest_shipped("azure")) == set(rows_of(outcome))


def test_a_price_that_was_out_of_date_is_refused_as_it_was_and_no_other():
    """RunPod's eight-GPU price of 2025 was superseded: the same figure again is a stale copy, another one is news."""
    again = an_offer(
        provider="aws",
        instance_type="p5.48xlarge",
        region="ap-southeast-2",
        zone="apse2-az2",
        gpu="h100-80gb-sxm",
        gpu_count=8.0,
        purchase="spot",
        usd_per_hour=127.816,
    )

    assert "spot price above the on-demand price" in set_aside_problem(again, DAY)
    assert None is set_aside_problem(an_offer(**{**_fields(again), "usd_per_hour": 30.0}), DAY)
    assert None is set_aside_problem(again, date(2025, 6, 3))


def _fields(offer):
    names = ("provider", "instance_type", "region", "zone", "gpu", "gpu_count", "purchase", "usd_per_hour")
    return {name: getattr(offer, name) for name in names}


def test_a_row_held_back_leaves_the_row_that_it_did_not_replace(tmp_path):
    """A price of nought, a price 40 times too high, a count that cannot be: the old prices stay with their days."""
    before = newest_shipped("azure")
    rows = [
        sky_row("Standard_NC24ads_A100_v4", "A100-80GB", 1, 0.0, 900.0, region="eastus"),
        sky_row("Standard_ND96isr_H100_v5", "H100", 7, 90.0, 30.0, region="eastus"),
        sky_row("Standard_NV36ads_A10_v5", "A10", 1, 3.2, 0.6, region="eastus"),
    ]

    outcome = _sky(tmp_path, "azure", *rows)

    after = rows_of(outcome)
    assert 4 == len(outcome.held_back)
    assert set(before) == set(after)
    for name in ("Standard_NC24ads_A100_v4", "Standard_ND96isr_H100_v5"):
        for purchase in ("on_demand", "spot"):
            assert before[name, "eastus", None, purchase] == after[name, "eastus", None, purchase]
    assert DAY == after["Standard_NV36ads_A10_v5", "eastus", None, "spot"].observed_on


def test_a_fetch_keeps_what_its_doubtful_rows_did_not_replace(fake):
    """Also where all that is not listed is gone: the row was listed, only its price is not believed."""
    old = [
        an_offer(
            provider="fakecloud",
            instance_type=name,
            region="north",
            zone=None,
            gpu="l4",
            gpu_count=1.0,
            usd_per_hour=0.8,
        )
        for name in ("a", "b", "c", "d", "e", "gone")
    ]
    a_snapshot(fake.data_dir, *old, provider="fakecloud")
    fake.set(
        *((name, "north", None, "l4", 1.0, "on_demand", 0.8) for name in "abcd"),
        ("e", "north", None, "l4", 1.0, "on_demand", 80.0),
    )

    outcome = fake.refresh()

    assert ["gone"] == [offer.instance_type for offer in outcome.changes.gone]
    assert old[4] == rows_of(outcome)["e", "north", None, "on_demand"]


@pytest.mark.parametrize(
    ("name", "written", "kept"),
    [
        ("Standard_NV12ads_A10_v5", "0.333", 0.333333),
        ("Standard_NV12ads_A10_v5", "0.33", 0.333333),
        ("Standard_NV6ads_A10_v5", "0.167", 0.166667),
        ("Standard_NV6ads_A10_v5", "0.1667", 0.166667),
        ("Standard_NV36ads_A10_v5", "1.0", 1.0),
    ],
)
def test_a_rounded_count_is_the_count_of_the_book(tmp_path, name, written, kept):
    """0.333 and 0.333333 are the same third, and one row of the book."""
    before = newest_shipped("azure")

    outcome = _sky(tmp_path, "azure", sky_row(name, "A10", written, 0.9 * kept * 4, "", region="eastus"))

    after = rows_of(outcome)
    assert () == outcome.held_back
    assert kept == after[name, "eastus", None, "on_demand"].gpu_count
    assert set(before) == set(after)


def test_a_rounded_count_of_a_new_type_is_a_plain_fraction(tmp_path):
    """A type that no book knows: 0.333 is a third there too, and a half of a GPU is not a whole one."""
    rows = [sky_row("third", "A10", 0.333, 0.9), sky_row("half", "A10", "0.5", 1.4)]

    after = rows_of(_sky(tmp_path, "nebula", *rows))

    assert {"third": 0.333333, "half": 0.5} == {key[0]: offer.gpu_count for key, offer in after.items()}


def test_gpus_without_a_machine_are_counted_by_name(tmp_path):
    """G4 is taken, K80 has no machine any more, GB200 has no public price, and no host for the T4 is in the file."""
    rows = [
        *gcp_rows("g4-standard-48", "RTXPRO6000", 1, (2.2592, 0.9037), (2.2407, 0.8963)),
        *gcp_rows("a4x-highgpu-4g", "GB200", 4, (10.0, 4.0), (50.0, 20.0)),
        *gcp_rows("n1-highmem-8", "T4", 1, (0.4736, 0.0997), (0.35, 0.14)),
        *gcp_rows("n1-standard-8", "K80", 1, (0.38, 0.08), (0.45, 0.0375))[1:],
        *gcp_rows("n1-standard-8", "K80", 2, (0.38, 0.08), (0.9, 0.075))[1:],
        *gcp_rows("c9-new-8", "WarpCore 7", 1, (0.38, 0.08), (0.45, 0.0375))[1:],
    ]

    outcome = _sky(tmp_path, "gcp", *rows)

    assert (("GB200", 1), ("K80", 2), ("T4", 1), ("WarpCore 7", 1)) == outcome.unknown_gpus
    taken = rows_of(outcome)["g4-standard-48", "us-central1", None, "on_demand"]
    assert (pytest.approx(4.4999), "rtx-pro-6000-blackwell", 1.0) == (taken.usd_per_hour, taken.gpu, taken.gpu_count)
    assert any("belong to no machine that is known here: GB200, K80, T4, WarpCore 7" in note for note in outcome.notes)


@pytest.mark.parametrize(
    ("name", "gpu", "mib", "found"),
    [
        ("gpu-h100-sxm_8gpu-128vcpu-1600gb", "H100", 81920, "h100-80gb-sxm"),
        ("gpu-h200-sxm_8gpu-128vcpu-1600gb", "H200", 144384, "h200-141gb-sxm"),
        ("gpu-h100-sxm_1gpu-16vcpu-200gb", "H100", 204800, "h100-80gb-sxm"),  # the memory of the host
        ("n3-H100-SXM5x8", "H100", 81920, "h100-80gb-sxm"),
        ("n3-A100-PCIe-x1", "A100", 81920, "a100-80gb-pcie"),
        ("epyc-genoa-h100-nvl-pcie_1x2v4gb", "H100", 96256, "h100-94gb-nvl"),
        ("box-H100-NVL", "H100", None, "h100-94gb-nvl"),
        ("intel-ice-lake-a100-pci_1x2v4gb", "A100", 81920, "a100-80gb-pcie"),
        ("a100-80gb.sxm.8x", "A100", None, "a100-80gb-sxm"),
        ("gpu_8x_a100_80gb_sxm4", "A100", None, "a100-80gb-sxm"),
        ("datacrunch_A100-sxm4-80Gx8", "A100-80G", None, "a100-80gb-sxm"),
        ("hgx-h100-8", "H100", 81920, "h100-80gb-sxm"),
        ("r__4xA100_80GB", "A100", 4 * 81920, None),  # the memory of all four; the form is still open
        ("box-8xH100", "H100", 81920, None),
        ("hyperstack_H100x8-NVLINK", "H100", 81920, None),  # PCIe cards have NVLink bridges too
        ("a100-28vcpu-120gb-pcie", "A100", 81920, "a100-80gb-pcie"),
        ("b-RTX6000Ada", "RTX6000Ada", 49152, "rtx-6000-ada"),
    ],
)
def test_the_name_of_the_type_tells_the_variant(tmp_path, name, gpu, mib, found):
    """Whatever tells the GPUs apart counts; where nothing does, the row is held back and the message says how to decide."""
    count = 4 if name.startswith("r__4x") else 1

    outcome = _sky(
        tmp_path,
        "nebula",
        sky_row(name, gpu, count, (1.0 if "Ada" in gpu else 2.5) * count, mib=mib),
        sky_row("l4", "L4", 1, 0.8),
    )

    taken = {key[0]: offer.gpu for key, offer in rows_of(outcome).items()}
    assert found == taken.get(name)
    if found is None:
        assert (
            f"with --gpu-variant {gpu.lower()}={gpu.lower()}-80gb-pcie or {gpu.lower()}={gpu.lower()}-80gb-sxm"
            in (_reasons(outcome)[name, "here-1", "on_demand"])
        )


def test_other_words_of_a_row_tell_the_variant(tmp_path):
    """The driver's name of the GPU in SkyPilot's `GpuInfo`, a name of the reseller's source, a gpuhunt name."""
    info = "{'Gpus': [{'Name': 'NVIDIA-H100-80GB-HBM3', 'MemoryInfo': {'SizeInMiB': 81559}}]}"
    rows = [sky_row("1x-H100-28", "H100", 1, 2.0, GpuInfo=info)]
    folder = a_table(
        tmp_path / "prime" / "vms.csv",
        (*SKYPILOT, "UpstreamCloudId"),
        sky_row("r__1xA100", "A100", 1, 1.4, mib=81920, UpstreamCloudId="NVIDIA A100-SXM4-80GB"),
    )

    hyper = _sky(tmp_path, "hyper", *rows)
    prime = brought(folder, tmp_path / "data", observed_on=DAY)
    hunt = _hunt(
        tmp_path, "pods", hunt_row("NVIDIA A100 80GB PCIe", "A100", 1, 1.2), hunt_row("x", "H100NVL", 1, 2.9, memory=94)
    )

    assert ["h100-80gb-sxm"] == [offer.gpu for offer in rows_of(hyper).values()]
    assert ["a100-80gb-sxm"] == [offer.gpu for offer in rows_of(prime).values()]
    assert ["a100-80gb-pcie", "h100-94gb-nvl"] == sorted(offer.gpu for offer in rows_of(hunt).values())


def test_a_person_says_what_nothing_else_tells(tmp_path):
    """By the GPU's name for all rows, by the type's name for one, and for a name that nobody knows."""
    rows = [
        sky_row("box-8xH100", "H100", 8, 20.0, mib=81920),
        sky_row("card-8xH100", "H100", 8, 16.0, mib=81920),
        sky_row("n3-H100-PCIe", "H100", 1, 2.0, mib=81920),
        sky_row("secret", "Project Q", 1, 2.0),
    ]
    said = ("H100=h100-80gb-sxm", "card-8xH100=h100-80gb-pcie", "project q=l40s")

    outcome = _sky(tmp_path, "nebula", *rows, gpu_variants=said)

    assert {
        "box-8xH100": "h100-80gb-sxm",
        "card-8xH100": "h100-80gb-pcie",
        "n3-H100-PCIe": "h100-80gb-pcie",
        "secret": "l40s",
    } == {key[0]: offer.gpu for key, offer in rows_of(outcome).items()}


def test_an_unclear_word_of_a_person_is_refused():
    """Not of the form, a name for several GPUs, no GPU at all: said before anything is read."""
    with pytest.raises(UsageError, match=r"'h100' does not say which GPU a name means\. Write NAME=GPU"):
        said_gpus(["h100"])
    with pytest.raises(UsageError, match=r"'H100' stands for several GPUs itself\. Name one of h100-80gb-pcie"):
        said_gpus(["x=H100"])
    with pytest.raises(UnknownNameError, match="h100-80gb-sx"):
        said_gpus(["h100=h100-80gb-sx"])


def test_a_slice_of_a_gpu_is_not_a_whole_one(tmp_path):
    """10 GB of an H100 at a seventh of its price is a slice of it."""
    outcome = _hunt(
        tmp_path, "nebula", hunt_row("h100-sxm-1g", "H100", 1, 0.5, memory=10), hunt_row("l4", "L4", 1, 0.8, memory=24)
    )

    assert (
        "10 GB of GPU memory where a h100-80gb-sxm has 80: a slice of a GPU, counted as 1"
        == (_reasons(outcome)["h100-sxm-1g", "here-1", "on_demand"])
    )


def test_a_catalogue_that_contradicts_the_book_on_a_gpu_is_not_taken(tmp_path):
    """p4d has A100; a row that gives it H100 is of something else."""
    outcome = _sky(
        tmp_path,
        "aws",
        sky_row("p4d.24xlarge", "H100", 8, 20.0, region="us-east-1"),
        sky_row("g6.xlarge", "L4", 1, 0.8, region="us-east-1"),
    )

    assert (
        "but p4d.24xlarge is known to have a100-40gb-sxm" in _reasons(outcome)["p4d.24xlarge", "us-east-1", "on_demand"]
    )


def test_a_back_dated_catalogue_uses_what_is_known_today(tmp_path):
    """A list of May: GPU, memory and network of the type as the newest book has them, and that book stays in use."""
    newest = newest_shipped("aws")["p5.48xlarge", "us-east-1", None, "on_demand"]
    row = sky_row("P5.48XLARGE", "H100", 8, 60.0, region="us-east-1", vCPUs=1, MemoryGiB=1)

    outcome = _sky(tmp_path, "aws", row, observed_on=date(2026, 5, 1))

    taken = rows_of(outcome)["p5.48xlarge", "us-east-1", None, "on_demand"]
    assert "2026-05-01" == outcome.path.stem
    assert (60.0, date(2026, 5, 1)) == (taken.usd_per_hour, taken.observed_on)
    assert (newest.gpu, newest.vcpus, newest.memory_gib, newest.network_gbps) == (
        taken.gpu,
        taken.vcpus,
        taken.memory_gib,
        taken.network_gbps,
    )
    book = max(offer.observed_on for offer in newest_shipped("aws").values())
    assert (f"book {book} is newer and stays in use; this one answers for its day (--as-of)",) == outcome.notes


def test_a_list_older_than_every_book_is_checked_with_what_is_known_today(tmp_path):
    """A type with another number of GPUs than it has is refused, though no book of that time says so."""
    rows = [
        sky_row("p5.48xlarge", "H100", 4, 60.0, region="us-east-1"),
        sky_row("g5.xlarge", "A10G", 1, 1.0, region="us-east-1"),
    ]

    outcome = _sky(tmp_path, "aws", *rows, observed_on=date(2022, 5, 1))

    assert (
        "4 x h100-80gb-sxm, but p5.48xlarge is known to have 8 x h100-80gb-sxm"
        == (_reasons(outcome)["p5.48xlarge", "us-east-1", "on_demand"])
    )


def _own(**more):
    return an_offer(
        **{
            "provider": "aws",
            "region": "us-east-1",
            "zone": None,
            "gpu": "l4",
            "gpu_count": 1.0,
            "usd_per_hour": 0.8,
            **more,
        }
    )


def test_a_book_brought_along_rolls_no_newer_price_back(tmp_path):
    """The other machine's newer book still carries an older price of one offer: the later price stays."""
    ours = _own(instance_type="a", usd_per_hour=0.9, observed_on=date(2026, 6, 10))
    a_snapshot(tmp_path / "data", ours, provider="aws", stem="2026-09-01")
    theirs = [
        _own(instance_type="a", usd_per_hour=0.7, observed_on=date(2026, 6, 1)),
        _own(instance_type="b", observed_on=date(2026, 9, 2)),
    ]
    a_snapshot(tmp_path / "there", *theirs, provider="aws", stem="2026-09-02")

    outcome = brought(tmp_path / "there", tmp_path / "data")

    assert {"a": ours, "b": theirs[1]} == {key[0]: offer for key, offer in rows_of(outcome).items()}


@pytest.mark.parametrize(
    ("here", "brought_zone", "is_taken"),
    [(None, "a", False), ("a", None, False), ("a", "a", False), ("a", "b", True)],
)
def test_an_older_price_of_a_region_or_zone_does_not_land_beside_a_newer_one(tmp_path, here, brought_zone, is_taken):
    """What was paid in a zone in May is no offer beside the price of its region in November; of another zone it is."""
    newer = _own(zone=here, observed_on=date(2026, 11, 1), usd_per_hour=2.0)
    older = _own(zone=brought_zone, observed_on=date(2026, 5, 1), usd_per_hour=1.5)
    a_snapshot(tmp_path / "data", newer, provider="aws", stem="2026-11-01")
    a_snapshot(tmp_path / "theirs", older, provider="aws", stem="2026-11-02")

    outcome = brought(tmp_path / "theirs", tmp_path / "data")

    prices = {1.5, 2.0} if is_taken else {2.0}
    assert None is outcome.error
    assert prices == {offer.usd_per_hour for offer in _book_now(tmp_path / "data")}


def _book_now(data_dir):
    return book_offers(read_snapshot(max((data_dir / "prices" / "aws").glob("*.csv"))))


def test_a_book_brought_along_takes_away_only_what_it_saw_vanish(tmp_path):
    """What its machine never knew stays; what was in its book before and is not in this one is gone."""
    ours = [_own(instance_type=name) for name in ("known to us", "gone there")]
    a_snapshot(tmp_path / "data", *ours, provider="aws", stem="2026-08-01")
    first = [_own(instance_type=name, observed_on=date(2026, 9, 1)) for name in ("a", "gone there")]
    a_snapshot(tmp_path / "there", *first, provider="aws", stem="2026-09-01")
    a_snapshot(
        tmp_path / "there", _own(instance_type="a", observed_on=date(2026, 9, 2)), provider="aws", stem="2026-09-02"
    )

    *_, last = refresh(RefreshOrder(data_dir=tmp_path / "data", path=tmp_path / "there"), lambda *_: None)

    assert {"a", "known to us"} == {key[0] for key in rows_of(last)}


def test_one_price_that_moved_does_not_sink_a_short_file(tmp_path):
    """One row at 0.45 of its price is taken by row, one at 0.3 is held back by row; the third is as it was."""
    before = newest_shipped("azure")
    names = ("Standard_NC24ads_A100_v4", "Standard_NC48ads_A100_v4", "Standard_NC96ads_A100_v4")
    was = {name: before[name, "eastus", None, "on_demand"].usd_per_hour for name in names}
    rows = [
        sky_row(name, "A100-80GB", count, was[name] * factor, region="eastus")
        for name, count, factor in zip(names, (1, 2, 4), (0.45, 0.3, 1.0), strict=True)
    ]

    alone = _sky(tmp_path / "alone", "azure", rows[0])
    together = _sky(tmp_path / "together", "azure", *rows)

    assert None is alone.error
    assert pytest.approx(was[names[0]] * 0.45) == rows_of(alone)[names[0], "eastus", None, "on_demand"].usd_per_hour
    assert [names[1]] == [row.instance_type for row in together.held_back]
    assert was[names[1]] == rows_of(together)[names[1], "eastus", None, "on_demand"].usd_per_hour


def test_a_file_where_most_prices_moved_is_refused_and_says_how_to_take_it(tmp_path):
    """All at 0.45: more likely another currency or another product than three cuts on one day."""
    before = newest_shipped("azure")
    names = ("Standard_NC24ads_A100_v4", "Standard_NC48ads_A100_v4", "Standard_NC96ads_A100_v4")
    rows = [
        sky_row(
            name, "A100-80GB", count, before[name, "eastus", None, "on_demand"].usd_per_hour * 0.45, region="eastus"
        )
        for name, count in zip(names, (1, 2, 4), strict=True)
    ]

    refused = _sky(tmp_path, "azure", *rows)
    accepted = _sky(tmp_path, "azure", *rows, accepts=True)

    assert "the median price moved by -55%" in refused.error
    assert refused.error.endswith("If the change is real: repeat the command with --accept")
    assert None is accepted.error


def test_rows_all_held_back_say_why_and_whether_accept_helps(tmp_path):
    """A price that moved too far passes with --accept; a GPU that is not clear does not."""
    moved = _sky(tmp_path / "moved", "azure", sky_row("Standard_NC24ads_A100_v4", "A100-80GB", 1, 0.9, region="eastus"))
    unclear = _sky(tmp_path / "unclear", "nebula", sky_row("box", "H100", 1, 2.0))

    assert "All 1 rows are held back, 1 of them so: " in moved.error
    assert moved.error.endswith("If the prices are real: repeat the command with --accept")
    assert "'H100' stands for several GPUs" in unclear.error
    assert unclear.error.endswith("--accept does not take rows like these.")


def test_files_without_a_gpu_price_say_what_they_hold(tmp_path):
    """Machines without GPUs, GPUs nobody knows, storage of a region: named, and nothing is said of --accept."""
    cpu = _sky(tmp_path / "cpu", "nebula", sky_row("m5.large", "", "", 0.1), sky_row("m5.xlarge", "", "", 0.2))
    odd = _sky(tmp_path / "odd", "nebula", sky_row("w7", "WarpCore 7", 1, 0.1))
    storage = {
        "offerCode": "AmazonEC2",
        "publicationDate": "2026-07-01T00:00:00Z",
        "products": {
            "A": {"sku": "A", "productFamily": "Storage", "attributes": {"location": "China (Beijing)"}},
            "B": {"sku": "B", "productFamily": "Storage", "attributes": {"location": "China (Beijing)"}},
        },
        "terms": {"OnDemand": {}},
    }
    (tmp_path / "cn.json").write_text(json.dumps(storage))
    chinese = brought(tmp_path / "cn.json", tmp_path / "data")

    assert (
        "There is no price of a Linux GPU instance in vms.csv (2 products: machine without a GPU, m5.large, m5.xlarge). "
        "The book before stays in use."
    ) == cpu.error
    assert "GPUs that are not understood: WarpCore 7 (1 rows)." in odd.error
    assert "no price of a Linux GPU instance in cn.json (2 products: Storage)" in chinese.error
    assert not any("accept" in outcome.error for outcome in (cpu, odd, chinese))


@pytest.mark.parametrize(
    ("product", "sku", "kind"),
    [
        ("Virtual Machines NCadsA100v4 Series Windows", "NC24ads A100 v4", "Windows Virtual Machines"),
        ("Virtual Machines NCadsA100v4 Series", "NC24ads A100 v4 Low Priority", "Low Priority Virtual Machines"),
    ],
)
def test_azure_pages_of_other_products_say_so(tmp_path, product, sku, kind):
    """Windows machines and the old Batch product are not what a Linux machine costs."""
    row = {
        "productName": product,
        "skuName": sku,
        "meterName": sku,
        "armSkuName": "Standard_NC24ads_A100_v4",
        "armRegionName": "eastus",
        "serviceName": "Virtual Machines",
        "type": "Consumption",
        "unitOfMeasure": "1 Hour",
        "currencyCode": "USD",
        "retailPrice": 3.0,
    }
    (tmp_path / "page.json").write_text(json.dumps({"BillingCurrency": "USD", "Items": [row], "NextPageLink": None}))

    outcome = brought(tmp_path / "page.json", tmp_path / "data", observed_on=DAY)

    assert (
        f"There is no price of a Linux GPU instance in page.json (1 product: {kind}, Standard_NC24ads_A100_v4). "
        "The book before stays in use."
    ) == outcome.error


def test_an_azure_page_without_any_row_says_so(tmp_path):
    """A page beyond the last one is whole and empty: there is nothing to try again."""
    (tmp_path / "page.json").write_text(json.dumps({"BillingCurrency": "USD", "Items": [], "NextPageLink": None}))

    outcome = brought(tmp_path / "page.json", tmp_path / "data", observed_on=DAY)

    assert (
        "There is no price of a Linux GPU instance in page.json (nothing that has a price). The book before stays in use."
    ) == outcome.error


def test_flagged_rows_of_the_newest_gpuhunt_layout_are_told_apart(tmp_path):
    """Calendar Mode and clusters are other products; TPUs are no GPUs; other flags change nothing."""
    rows = [
        hunt_row("g4-standard-48", "RTXPRO6000", 1, 4.5, memory=96, location="us-central1-b", flags="gcp-g4"),
        hunt_row(
            "g4-standard-48",
            "RTXPRO6000",
            1,
            3.3,
            memory=96,
            location="us-central1-b",
            flags="gcp-g4 gcp-dws-calendar-mode",
            provider_data='{"is_dws_calendar_mode": true}',
        ),
        hunt_row("v5p-8", "v5p-8", 1, 9.0, memory=95, location="us-central1-a", gpu_vendor="google"),
        hunt_row("e2-small", "", 0, 0.02, memory="", location="us-central1-a", gpu_vendor=""),
    ]

    outcome = _hunt(tmp_path, "gcp", *rows)

    assert ["neither on demand nor spot: the catalogue marks it gcp-dws-calendar-mode, is_dws_calendar_mode"] == [
        row.reason for row in outcome.held_back
    ]
    assert 4.5 == rows_of(outcome)["g4-standard-48", "us-central1", None, "on_demand"].usd_per_hour
    assert (("TPU", 1),) == outcome.unknown_gpus


@pytest.mark.parametrize(
    "asked", ["", "nebius", "nebius/20260918-412", "nebius/20260918-412/catalog.zip", "nebius/latest/catalog.zip"]
)
def test_the_newest_gpuhunt_folders_hold_an_archive_for_each_provider(tmp_path, asked):
    """`<provider>/<version>/catalog.zip`: dated by the folder, or by the file `version` above it."""
    a_table(tmp_path / "nebius.csv", GPUHUNT, hunt_row("gpu-h100-sxm", "H100", 8, 23.6))
    for folder in ("20260918-412", "latest"):
        home = tmp_path / "v3" / "nebius" / folder
        home.mkdir(parents=True)
        with zipfile.ZipFile(home / "catalog.zip", "w") as archive:
            archive.write(tmp_path / "nebius.csv", "nebius.csv")
    (tmp_path / "v3" / "nebius" / "version").write_text("20260918-412\n")

    outcomes = refresh(RefreshOrder(data_dir=tmp_path / "data", path=tmp_path / "v3" / asked), lambda *_: None)

    assert {"2026-09-18"} == {outcome.stem for outcome in outcomes}
    assert [23.6] == [offer.usd_per_hour for offer in rows_of(outcomes[0]).values()]


def test_one_place_in_two_spellings_is_one_place(tmp_path):
    """Capitals, blanks and dashes of a region do not make a second one, nor does a zone that repeats it."""
    before = newest_shipped("azure")
    rows = [
        sky_row("Standard_NC24ads_A100_v4", "A100-80GB", 1, 3.7, region="East US", zone="EastUS"),
        sky_row("standard_nc24ads_a100_v4", "A100-80GB", 1, 3.7, region="eastus"),
    ]

    outcome = _sky(tmp_path, "azure", *rows)
    new = _sky(
        tmp_path,
        "nebula",
        sky_row("l4", "L4", 1, 0.8, region="EU-North1"),
        sky_row("l4", "L4", 1, 0.8, region="eu-north1"),
    )

    after = rows_of(outcome)
    assert set(before) == set(after)
    assert (3.7, DAY) == (
        after["Standard_NC24ads_A100_v4", "eastus", None, "on_demand"].usd_per_hour,
        after["Standard_NC24ads_A100_v4", "eastus", None, "on_demand"].observed_on,
    )
    assert [("l4", "EU-North1", None, "on_demand")] == list(rows_of(new))


def test_a_zone_for_machine_learning_is_a_zone(tmp_path):
    """Google's us-south1-ai1b lies in us-south1."""
    outcome = _hunt(
        tmp_path, "gcp", hunt_row("g4-standard-48", "RTXPRO6000", 1, 4.5, memory=96, location="us-south1-ai1b")
    )

    assert ("g4-standard-48", "us-south1", None, "on_demand") in rows_of(outcome)


def test_a_damaged_row_harms_no_other(tmp_path):
    """Short rows, words for numbers, a mark at the start of the file: held back or counted by row."""
    text = (
        "\ufeff"
        + ",".join(GPUHUNT)
        + "\nx,here,abc,8,64,1,L4,24GB,False\nbroken\ny,here,0.8,8,64,one,L4,24,False,,,,,{oops\nz,here,0.9,8,64,1,L4,24,False\n"
    )
    folder = tmp_path / "hunt"
    folder.mkdir()
    (folder / "nebula.csv").write_text(text, encoding="utf-8")
    sky = tmp_path / "gcp" / "vms.csv"
    good = gcp_rows("g4-standard-48", "RTXPRO6000", 1, (2.2592, 0.9037), (2.2407, 0.8963))
    a_table(sky, SKYPILOT, *good, sky_row("", "L4", "many", 1.0, region="us-central1", zone="us-central1-a"))

    hunt = brought(folder, tmp_path / "data", observed_on=DAY)
    gcp = brought(sky.parent, tmp_path / "data", observed_on=DAY)

    assert ["z"] == [key[0] for key in rows_of(hunt)]
    assert {"price 'abc' is not a number", "GPU count 'one' is not a positive number"} == {
        row.reason for row in hunt.held_back
    }
    assert (("L4", 1),) == gcp.unknown_gpus


def test_what_cannot_be_rented_by_the_hour_does_not_come_back(tmp_path):
    """AWS sells p5e and p6e by capacity block, and nobody has a public price of A4X: the newest book says so."""
    aws = _sky(
        tmp_path,
        "aws",
        sky_row("p5e.48xlarge", "H200", 8, 60.0, 20.0, region="us-east-2"),
        sky_row("p6e-gb200.36xlarge", "GB200", 4, 70.0, region="us-east-2"),
    )
    gcp = _hunt(tmp_path, "gcp", hunt_row("a4x-highgpu-4g", "GB200", 4, 60.0, memory=186, location="us-central1-a"))

    assert {
        "p5e.48xlarge": "set aside by the shipped books: not sold; capacity blocks (no price here) and spot",
        "p6e-gb200.36xlarge": "set aside by the shipped books: sold as capacity blocks only, priced per block",
    } == {row.instance_type: row.reason for row in aws.held_back}
    assert [(20.0, "spot")] == [
        (offer.usd_per_hour, key[3]) for key, offer in rows_of(aws).items() if offer.observed_on == DAY
    ]
    assert "set aside by the shipped books: sold by reservation only, no public price" in gcp.error


def test_a_spot_price_that_moved_far_must_lie_within_the_market():
    """Twelve times the spot price before is within its own limits, and above what anybody asks for an L4: 0.2 to 0.5, times 3."""
    market = [an_offer(gpu="l4", gpu_count=1.0, purchase=Purchase.SPOT, usd_per_hour=usd) for usd in (0.2, 0.3, 0.5)]
    before = [
        an_offer(instance_type=name, gpu="l4", gpu_count=1.0, purchase=Purchase.SPOT, usd_per_hour=0.2) for name in "ab"
    ]
    now = [replace(before[0], usd_per_hour=2.4), replace(before[1], usd_per_hour=0.39)]

    checked = check_offers(now, previous=before, bands=price_bands(market))

    assert [now[1]] == list(checked.offers)
    assert "2.4 USD per GPU-hour is outside 0.06667 to 1.5, the band of l4" in checked.held_back[0].reason


def test_spot_prices_of_lettered_zones_are_not_put_beside_zone_ids(tmp_path):
    """us-east-1a is another zone in each account of AWS, so nobody knows which row of the book it would be."""
    rows = [
        sky_row("g6.xlarge", "L4", 1, 0.8048, spot, region="us-east-1", zone=f"us-east-1{letter}")
        for letter, spot in (("a", 0.4), ("b", 0.5))
    ]
    before = newest_shipped("aws")

    outcome = _sky(tmp_path, "aws", *rows)

    after = rows_of(outcome)
    assert set(before) == set(after)
    assert DAY == after["g6.xlarge", "us-east-1", None, "on_demand"].observed_on
    assert ["spot", "spot"] == [row.purchase for row in outcome.held_back]
    assert outcome.held_back[0].reason.startswith("zone 'us-east-1a' is another one in each account")


def test_short_names_of_zones_are_those_of_their_region(tmp_path):
    """A zone "1" of one region is not that of another, and is the zone "here-1" of its own."""
    rows = [
        sky_row("l4", "L4", 1, "", spot, region=region, zone=zone)
        for region, zone, spot in (
            ("here", "1", 0.3),
            ("here", "2", 0.4),
            ("there", "1", 0.3),
            ("there", "there-2", 0.5),
        )
    ]

    assert {("here", "here-1"), ("here", "here-2"), ("there", "there-1"), ("there", "there-2")} == {
        key[1:3] for key in rows_of(_sky(tmp_path, "nebula", *rows))
    }


@pytest.mark.parametrize(
    "form", ["nebula.csv", "v3/nebula.csv", "v5/nebula/instances.csv", "nebula.zip", "some/nebula.zip"]
)
def test_a_catalogue_is_named_by_its_file_folder_or_archive(tmp_path, form):
    """Not by the folder in which a single file or archive happens to lie."""
    path = tmp_path / "downloads" / form
    row = sky_row("l4", "L4", 1, 0.8)
    if path.suffix == ".zip":
        a_table(tmp_path / "vms.csv", SKYPILOT, row)
        path.parent.mkdir(parents=True)
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(tmp_path / "vms.csv", "vms.csv")
    else:
        a_table(path, SKYPILOT, row)

    assert "nebula" == brought(path, tmp_path / "data", observed_on=DAY).provider


def test_the_list_of_machines_goes_before_others_of_its_folder(tmp_path):
    """Azure's folder also has a file of machine learning sizes with the same columns."""
    a_table(
        tmp_path / "azure" / "az_ml_vms.csv",
        SKYPILOT,
        sky_row("Standard_NC24ads_A100_v4", "A100-80GB", 1, 3.0, region="eastus"),
    )
    a_table(
        tmp_path / "azure" / "vms.csv",
        SKYPILOT,
        sky_row("Standard_NC24ads_A100_v4", "A100-80GB", 1, 3.8, region="eastus"),
    )

    outcome = brought(tmp_path / "azure", tmp_path / "data", observed_on=DAY)

    assert 3.8 == rows_of(outcome)["Standard_NC24ads_A100_v4", "eastus", None, "on_demand"].usd_per_hour


def test_what_a_price_leaves_out_is_said_once(tmp_path):
    """Local SSD is not in a price of a2-ultragpu made of host and GPUs; it is in those that stay of the book."""
    outcome = _sky(tmp_path, "gcp", *gcp_rows("a2-ultragpu-8g", "A100-80GB", 8, (8.79696, 4.39824), (31.42482, 15.712)))

    left_out = _left_out(outcome, "a2-ultragpu-8g")
    assert {("bundled local SSD",)} == left_out[DAY]
    assert {()} == set.union(*(said for day, said in left_out.items() if date(2026, 7, 30) <= day < DAY))
    assert ("a3-edgegpu-*", "2026-07-30") in {
        (entry["instance_types"], entry.get("observed_before")) for entry in read_snapshot(outcome.path).excludes
    }


def test_prices_with_the_local_ssd_are_not_said_to_leave_it_out(tmp_path):
    """gpuhunt counts the disks in: also over rows of a catalogue that does not, and over a book that says it of all."""
    hosts = gcp_rows("a2-ultragpu-8g", "A100-80GB", 8, (8.79696, 4.39824), (31.42482, 15.712))
    _sky(tmp_path, "gcp", *hosts, observed_on=date(2026, 10, 31))
    row = hunt_row("a2-ultragpu-8g", "A100", 8, 40.55, location="us-central1-a")
    over_catalogue = _hunt(tmp_path, "gcp", row)
    over_old_book = _hunt(tmp_path / "old", "gcp", row, observed_on=date(2025, 3, 1))

    newest = _left_out(over_catalogue, "a2-ultragpu-8g")
    assert {("bundled local SSD",)} == newest[date(2026, 10, 31)]
    assert {()} == newest[DAY]
    assert {()} == _left_out(over_old_book, "a2-ultragpu-8g")[date(2025, 3, 1)]
    assert {("bundled local SSD",)} == _left_out(over_old_book, "a2-ultragpu-8g")[date(2025, 2, 3)]


def _left_out(outcome, instance_type):
    """What the prices of a type leave out, as sets by the day of the row."""
    found = {}
    selection = select_offers([read_snapshot(outcome.path)], OfferFilter(), today=DAY)
    for offer in selection.offers:
        if offer.instance_type == instance_type:
            found.setdefault(offer.observed_on, set()).add(selection.excluded_from(offer))
    return found


def test_an_older_spot_price_above_a_new_price_on_demand_stays_and_is_sound(tmp_path):
    """A list that names on-demand prices alone says nothing of spot: the row of 2025 stays, and no check calls it an error."""
    before = newest_shipped("aws")
    key = ("g5.48xlarge", "eu-central-1", "euc1-az2", "spot")

    outcome = _sky(tmp_path, "aws", sky_row("g5.48xlarge", "A10G", 8, 15.0, region="eu-central-1"))

    after = rows_of(outcome)
    assert before[key] == after[key]
    assert 15.0 == after["g5.48xlarge", "eu-central-1", None, "on_demand"].usd_per_hour < before[key].usd_per_hour
    reports = verify_books(tmp_path / "data", ("aws",))
    assert [()] == [report.problems for report in reports if not report.is_shipped]


def test_rows_that_moved_far_count_beside_those_that_fail(tmp_path):
    """One price at 0.3 is held back, two at 0.45 would pass one by one, two are as they were: three of five are odd."""
    before = newest_shipped("azure")
    listed = [offer for (_, place, _, kind), offer in before.items() if (place, kind) == ("eastus", "on_demand")]
    chosen = sorted((offer for offer in listed if offer.gpu == "t4"), key=lambda offer: offer.instance_type)
    factors = (0.3, 0.45, 1.0, 1.0, 0.45)
    chosen += [offer for offer in listed if offer.gpu == "a100-80gb-pcie"]
    rows = [
        sky_row(offer.instance_type, offer.gpu, offer.gpu_count, offer.usd_per_hour * factor, region="eastus")
        for offer, factor in zip(chosen, factors, strict=False)
    ]

    refused = _sky(tmp_path / "most", "azure", *rows)
    taken = _sky(tmp_path / "half", "azure", *rows[:4])

    assert "on_demand: 3 of 5 rows are not believed one by one, or moved by more than 50%." in refused.error
    assert None is taken.error
    assert 1 == len(taken.held_back)


def test_a_file_most_of_whose_rows_fail_one_by_one_lands_no_row(tmp_path):
    """Four of six prices at three times the list: the two that are believed come from no better hand."""
    before = newest_shipped("azure")
    listed = [offer for offer in before.values() if offer.purchase is Purchase.ON_DEMAND and offer.region == "eastus"]
    chosen = sorted({offer.instance_type: offer for offer in listed if offer.gpu == "a100-80gb-pcie"}.items())[:3]
    chosen += sorted({offer.instance_type: offer for offer in listed if offer.gpu == "t4"}.items())[:3]
    rows = [
        sky_row(
            name,
            "A100-80GB" if offer.gpu != "t4" else "T4",
            offer.gpu_count,
            offer.usd_per_hour * (3 if index < 4 else 1.01),
            region="eastus",
        )
        for index, (name, offer) in enumerate(chosen)
    ]

    refused = _sky(tmp_path / "most", "azure", *rows)
    fewer = _sky(tmp_path / "fewer", "azure", *rows[1:])
    accepted = _sky(tmp_path / "accepted", "azure", *rows, accepts=True)

    assert "on_demand: 4 of 6 rows are not believed one by one, or moved by more than 50%." in refused.error
    assert refused.error.endswith("If the change is real: repeat the command with --accept")
    assert "on_demand: 3 of 5 rows are not believed one by one, or moved by more than 50%." in fewer.error
    assert None is accepted.error


def test_a_persons_word_on_a_name_that_no_row_has_is_reported(tmp_path):
    """h100x was mistyped; A100 and the type were met, also where the word was not needed."""
    rows = [sky_row("box", "H100", 1, 2.0), sky_row("cube-A100-SXM", "A100", 1, 1.4, mib=81920)]
    words = ("h100x=h100-80gb-sxm", "A100=a100-80gb-sxm", "cube-A100-SXM=a100-80gb-sxm", "box=h100-80gb-sxm")

    mistyped = _sky(tmp_path, "nebula", *rows, gpu_variants=words)
    right = _sky(tmp_path, "nebula", *rows, gpu_variants=words[1:])

    assert (
        "no row goes by what --gpu-variant says of h100x: it takes names of GPUs or types as the file has them",
    ) == mistyped.notes
    assert not any("--gpu-variant" in note for note in right.notes)


def test_rows_without_any_price_are_named(tmp_path):
    """An A10 that is neither sold on demand nor by spot, and the GPUs of a host of Google's without theirs."""
    lambda_rows = [sky_row("gpu_1x_a10", "A10", 1, ""), sky_row("gpu_1x_gh200", "GH200", 1, 1.9, region="us-east-1")]
    google = [
        *gcp_rows("g2-standard-4", "L4", 1, (0.14683, 0.0588), (0.56004, 0.224)),
        *gcp_rows("a2-ultragpu-1g", "A100-80GB", 1, (1.1, 0.5), ("", "")),
        *gcp_rows("a3-highgpu-8g", "H100", 8, (10.96, 5.0), (80.0, 30.0))[:1],
    ]

    other = _sky(tmp_path, "lambda", *lambda_rows)
    gcp = _sky(tmp_path, "gcp", *google)

    assert "1 rows of GPUs give no price, and change nothing: A10" in other.notes
    assert "1 rows of GPUs give no price, and change nothing: A100-80GB" in gcp.notes
    assert "1 rows of GPU machines have no price of their GPUs in their zone: a3-highgpu-8g" in gcp.notes


def test_rows_without_a_type_or_without_a_name_of_the_gpu_are_named(tmp_path):
    """A T4 of no machine, and a machine with four GPUs of no name; a machine without GPUs is passed over."""
    rows = [
        sky_row("Standard_NC4as_T4_v3", "T4", 1, 0.526, region="eastus"),
        sky_row("", "T4", 1, 0.5, region="eastus"),
        sky_row("Standard_W", "", "4.0", 30, region="eastus"),
        sky_row("Standard_D2", "", "0.0", 0.1, region="eastus"),
        sky_row("Standard_D4", "", "", 0.2, region="eastus"),
    ]

    outcome = _sky(tmp_path, "azure", *rows)

    assert (("GPU without a name", 1), ("T4", 1)) == outcome.unknown_gpus


def test_a_gpu_that_google_took_away_does_not_come_back(tmp_path):
    """gpuhunt lists a K80 on an N1 host, which Google ended in 2024; a T4 on the same host is taken."""
    rows = [
        hunt_row("n1-standard-8", gpu, 1, price, memory=memory, location="us-central1-a")
        for gpu, price, memory in (("K80", 0.83, 12.0), ("T4", 0.73, 16.0))
    ]

    outcome = _hunt(tmp_path, "gcp", *rows)

    (reason,) = (row.reason for row in outcome.held_back)
    assert reason.startswith("Google attaches no K80 to its machines")
    assert not any("k80" in name for name, *_ in rows_of(outcome))
    assert 0.73 == rows_of(outcome)["n1-standard-8+1x-nvidia-tesla-t4", "us-central1", None, "on_demand"].usd_per_hour
