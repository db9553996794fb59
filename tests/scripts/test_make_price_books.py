"""The script that makes price books, on a small folder of collected figures made by hand."""

import csv
import json

import pytest

from scripts.make_data import prices
from scripts.make_data.prices import write_price_books, write_spot_interruptions

HEADER = "provider,instance_type,region,zone,gpu,gpu_count,gpu_memory_gib,vcpus,memory_gib,purchase,usd_per_hour,as_of,source"
LIST_2025 = "SkyPilot catalog v6 via thatkavish/OpenComputePrices@26428de"
LIST_2026 = "tsaol/aws-gpu@2026-01-21"


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Write reference files and make books of them; the folder of the books."""

    def make_books(books, files):
        monkeypatch.setattr(prices, "BOOKS", books)
        folder = tmp_path / "reference" / "prices"
        folder.mkdir(parents=True)
        for name, lines in files.items():
            (folder / f"{name}.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
        write_price_books(tmp_path / "reference", tmp_path / "data")
        return tmp_path / "data" / "prices"

    return make_books


def aws(instance_type, region, price, day, *, purchase="on_demand", zone="", vcpus="192"):
    source = LIST_2025 if day < "2026" else LIST_2026
    return f"aws,{instance_type},{region},{zone},h100-80gb-sxm,8,80,{vcpus},2048,{purchase},{price},{day},{source}"


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def prices_in(path):
    return {(row["instance_type"], row["region"], row["purchase"]): row["usd_per_hour"] for row in read(path)}


AWS_BOOKS = {"aws": ("2025-06-03", "2026-01-21")}


def test_a_price_cut_ends_older_prices_of_every_region(make):
    """A price from before the cut is in the book of its day and not in the next, though no newer one is known."""
    files = {
        "aws-2025-06-03": [
            aws("p5.48xlarge", "us-east-1", "98.32", "2025-06-03"),
            aws("p5.48xlarge", "eu-north-1", "98.32", "2025-06-03"),
        ],
        "aws-2026-01-21": [aws("p5.48xlarge", "us-east-1", "55.04", "2026-01-21")],
    }

    out = make(AWS_BOOKS, files)

    before, after = prices_in(out / "aws/2025-06-03.csv"), prices_in(out / "aws/2026-01-21.csv")
    assert "98.32" == before["p5.48xlarge", "eu-north-1", "on_demand"]
    assert {("p5.48xlarge", "us-east-1", "on_demand"): "55.04"} == after
    (set_aside,) = read(out / "set-aside.csv")
    assert ("eu-north-1", "98.32") == (set_aside["region"], set_aside["usd_per_hour"])
    assert set_aside["reason"].startswith("superseded")


def test_prices_missing_from_a_newer_list_are_carried_forward(make):
    """A key that the newer list lacks keeps its price and its own date."""
    files = {
        "aws-2025-06-03": [aws("g5.xlarge", "eu-west-1", "1.123", "2025-06-03")],
        "aws-2026-01-21": [aws("g5.xlarge", "us-east-1", "1.0060", "2026-01-21")],
    }

    out = make(AWS_BOOKS, files)

    rows = read(out / "aws/2026-01-21.csv")
    assert [("eu-west-1", "1.123", "2025-06-03"), ("us-east-1", "1.0060", "2026-01-21")] == [
        (row["region"], row["usd_per_hour"], row["observed_on"]) for row in rows
    ]


def test_spot_above_the_newer_on_demand_price_is_set_aside(make):
    """Spot prices that a cut overtook fall out; equal ones, and those equal but for rounding, stay."""
    files = {
        "aws-2025-06-03": [
            aws("p5.48xlarge", "us-east-1", "60.0", "2025-06-03", purchase="spot", zone="use1-az1"),
            aws("p5.48xlarge", "us-east-1", "55.04", "2025-06-03", purchase="spot", zone="use1-az2"),
            aws("g5.24xlarge", "us-east-1", "9.0426", "2025-06-03", purchase="spot", zone="use1-az2"),
        ],
        "aws-2026-01-21": [
            aws("p5.48xlarge", "us-east-1", "55.04", "2026-01-21"),
            aws("g5.24xlarge", "us-east-1", "9.04259", "2026-01-21"),
        ],
    }

    out = make(AWS_BOOKS, files)

    assert ["60.0"] == [row["usd_per_hour"] for row in read(out / "set-aside.csv")]
    spot = [row["usd_per_hour"] for row in read(out / "aws/2026-01-21.csv") if row["purchase"] == "spot"]
    assert ["9.0426", "55.04"] == spot


def test_savings_plans_become_a_purchase_of_their_own(make):
    """Savings plans, kept as reserved in the collected file, are shipped as savings and leave reservations alone."""
    row = "azure,Standard_NC24ads_A100_v4,eastus,,a100-80gb-pcie,1,80,24,220,reserved_1y,{},2026-06-15,{}"
    files = {
        "azure-2026-06-15": [row.format("2.401", "sooddvs/gpu-pricing@2026-06-15")],
        "savings-plans-azure-2026-06-15": [row.format("3.0574", "sooddvs/gpu-pricing@2026-06-15 (savings plan)")],
    }

    out = make({"azure": ("2026-06-15",)}, files)

    name = ("Standard_NC24ads_A100_v4", "eastus")
    assert {(*name, "reserved_1y"): "2.401", (*name, "savings_1y"): "3.0574"} == prices_in(out / "azure/2026-06-15.csv")


def test_a_newer_world_wide_price_ends_regional_ones(make):
    """RunPod pods of several GPUs at an older price per GPU fall out; a GPU without a newer price keeps its row."""
    old = "runpod,{},CA,,{},{},80,16,,on_demand,{},2025-04-28," + LIST_2025
    new = "runpod,1x_H100_SECURE,global,,h100-80gb-sxm,1,80,,,on_demand,3.29,2026-06-15,sooddvs/gpu-pricing@2026-06-15"
    files = {
        "runpod-2025-04-28": [
            old.format("8x_H100-SXM_SECURE", "h100-80gb-sxm", 8, "23.92"),
            old.format("1x_A40_SECURE", "a40", 1, "0.44"),
        ],
        "runpod-2026-06-15": [new],
    }

    out = make({"runpod": ("2025-04-28", "2026-06-15")}, files)

    kept = {row["instance_type"] for row in read(out / "runpod/2026-06-15.csv")}
    assert {"1x_A40_SECURE", "1x_H100_SECURE"} == kept
    sidecar = json.loads((out / "runpod/2026-06-15.json").read_text(encoding="utf-8"))
    assert ["8x_H100-SXM_SECURE"] == [entry["instance_type"] for entry in sidecar["unpriced"]]
    assert sidecar["unpriced"][0]["reason"].startswith("on demand: superseded: 2.99 per GPU")


def test_rates_not_sold_are_listed_as_unpriced(make):
    """An on-demand rate Google does not sell at is set aside; the spot price of the type stays."""
    row = "gcp,a4-highgpu-8g,us-central1,,b200-180gb-sxm,8,180,224,3968,{},{},2026-05-20,anycloud-sh/catalog@2026-05-20"
    files = {"gcp-2026-05-20": [row.format("on_demand", "128.88"), row.format("spot", "39.63")]}

    out = make({"gcp": ("2026-05-20",)}, files)

    assert {("a4-highgpu-8g", "us-central1", "spot"): "39.63"} == prices_in(out / "gcp/2026-05-20.csv")
    sidecar = json.loads((out / "gcp/2026-05-20.json").read_text(encoding="utf-8"))
    (entry,) = [entry for entry in sidecar["unpriced"] if entry["instance_type"] == "a4-highgpu-8g"]
    assert entry["reason"].startswith("on demand: Google sells")


def test_a_rate_taken_over_from_an_older_list_keeps_its_date(make):
    """The date of a repaired row is that of the list the rate came from."""
    line = (
        "gcp,a2-highgpu-1g,us-west1,,a100-40gb-sxm,1,40,12,85,on_demand,3.67,2026-05-20,"
        "anycloud-sh/catalog@2026-05-20 host+accelerator at the rate of someone/prices@2025-02-03"
    )

    out = make({"gcp": ("2026-05-20",)}, {"gcp-2026-05-20": [line]})

    assert ["2025-02-03"] == [row["observed_on"] for row in read(out / "gcp/2026-05-20.csv")]


def test_host_sizes_fill_from_the_source_that_states_them(make):
    """An empty vCPU count takes the one another source states for the type; the network speed comes by type."""
    files = {
        "aws-2025-06-03": [aws("p5.48xlarge", "us-east-1", "30", "2025-06-03", purchase="spot", vcpus="")],
        "aws-2026-01-21": [aws("p5.48xlarge", "us-east-1", "55.04", "2026-01-21")],
    }

    out = make(AWS_BOOKS, files)

    rows = read(out / "aws/2026-01-21.csv")
    assert [("192", "3200"), ("192", "3200")] == [(row["vcpus"], row["network_gbps"]) for row in rows]


def test_two_prices_for_one_key_stop_the_script(make):
    """A collected file with two prices for one key is refused; neither is picked."""
    twice = [
        aws("g5.xlarge", "us-east-1", "1.006", "2026-01-21"),
        aws("g5.xlarge", "us-east-1", "1.1", "2026-01-21"),
    ]

    with pytest.raises(ValueError, match=r"aws-2026-01-21: two prices for .*g5\.xlarge"):
        make({"aws": ("2026-01-21",)}, {"aws-2026-01-21": twice})


def test_the_same_figures_give_the_same_bytes(make, tmp_path):
    """Books do not depend on the run: writing them again changes no byte."""
    out = make(AWS_BOOKS, {f"aws-{day}": [aws("g5.xlarge", "us-east-1", "1.006", day)] for day in AWS_BOOKS["aws"]})
    first = {path: path.read_bytes() for path in out.rglob("*.*")}

    write_price_books(tmp_path / "reference", tmp_path / "data")

    assert first == {path: path.read_bytes() for path in out.rglob("*.*")}


def test_interruption_bands_become_fractions(tmp_path):
    """Percentages of the spot advisor are written as fractions, sorted by type and region."""
    folder = tmp_path / "prices"
    folder.mkdir()
    (folder / "spot-interruptions-aws.csv").write_text(
        "instance_type,region,os,interruption_band_low_pct,interruption_band_high_pct,savings_pct,as_of,source\n"
        "p5.48xlarge,us-east-1,linux,15,20,7,2025-06-28,advisor\n"
        "g5.xlarge,us-east-1,linux,0,5,61,2025-06-28,advisor\n",
        encoding="utf-8",
    )

    write_spot_interruptions(tmp_path, tmp_path / "data")

    lines = (tmp_path / "data" / "spot_interruptions.csv").read_text(encoding="utf-8").splitlines()
    assert [
        "g5.xlarge,us-east-1,0,0.05,0.61,2025-06-28,advisor",
        "p5.48xlarge,us-east-1,0.15,0.2,0.07,2025-06-28,advisor",
    ] == lines[1:]
