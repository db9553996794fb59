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

    def make_books(books, files, also=lambda folder: None):
        monkeypatch.setattr(prices, "BOOKS", books)
        folder = tmp_path / "reference" / "prices"
        folder.mkdir(parents=True)
        for name, lines in files.items():
            (folder / f"{name}.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
        also(folder)
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


def test_secure_cloud_fills_pods_of_several_gpus(make):
    """Since the book of October 2026 two, four and eight GPUs cost the price of one times their number."""
    line = "runpod,1x_{},global,,h100-80gb-sxm,1,80,,,on_demand,3.29,{},sooddvs/gpu-pricing@{}"
    files = {
        "runpod-2026-06-15": [line.format("H100_SECURE", *["2026-06-15"] * 2)],
        "runpod-2026-10-10": [line.format("H100_COMMUNITY", *["2026-10-10"] * 2)],
    }

    out = make({"runpod": ("2026-06-15", "2026-10-10")}, files)

    assert ["1x_H100_SECURE"] == [row["instance_type"] for row in read(out / "runpod/2026-06-15.csv")]
    filled = {row["instance_type"]: row for row in read(out / "runpod/2026-10-10.csv")}
    assert {"1x_H100_COMMUNITY", "1x_H100_SECURE", "2x_H100_SECURE", "4x_H100_SECURE", "8x_H100_SECURE"} == set(filled)
    eight = filled["8x_H100_SECURE"]
    assert ("8", "26.32", "2026-06-15") == (eight["gpu_count"], eight["usd_per_hour"], eight["observed_on"])
    assert eight["source"].endswith("price of one GPU times 8")


def test_a_level_ends_the_single_machines_of_its_gpu(make):
    """Levels of Vast: a frozen list is redated, its machines of one GPU end where a level is known, the others stay."""
    machine = "vast,{}x-RTX_4090-32-65536,Taiwan/TW/AS,,rtx-4090,{},24,,,on_demand,{},2026-05-20,anycloud-sh/catalog@2026-05-20"
    files = {"vast-2026-05-20": [machine.format(1, 1, "0.4"), machine.format(2, 2, "0.8")], "market-levels": []}
    feed, index = "toolshedlabs-hash/gpu-price-feed", "ewyluda/gpu-price-index"

    def levels(folder):
        lines = [
            "provider,gpu_name_as_listed,statistic,usd_per_gpu_hour,offers,as_of,source",
            f"vast,RTX 4090 24GB,cheapest listed,0.3881,,2026-10-01,{feed}@2026-10-01",
            f"vast,L40S 48GB,cheapest listed,0.5,,2026-10-01,{feed}@2026-10-01",
            f"vast,L40S,median of offers,0.6006,26,2026-10-10,{index}@2026-10-10",
            f"lambda,RTX 4090 24GB,cheapest listed,9,,2026-10-01,{feed}@2026-10-01",
            f"vast,RTX 4090 24GB,cheapest listed,0.26,,2026-07-23,{feed}@2026-07-23",
        ]
        (folder / "market-levels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    out = make({"vast": ("2026-05-20", "2026-10-10")}, files, also=levels)

    rows = read(out / "vast/2026-10-10.csv")
    assert [
        ("1x_L40S", "global", "0.6006", "2026-10-10", "0.5", "26"),
        ("1x_RTX_4090", "global", "0.3881", "2026-10-01", "0.3881", ""),
        ("2x-RTX_4090-32-65536", "Taiwan/TW/AS", "0.8", "2026-04-29", "", ""),
    ] == [
        tuple(
            row[name]
            for name in (
                "instance_type",
                "region",
                "usd_per_hour",
                "observed_on",
                "usd_per_hour_cheapest",
                "offers_count",
            )
        )
        for row in rows
    ]
    assert ["1x-RTX_4090-32-65536"] == [row["instance_type"] for row in read(out / "set-aside.csv")]
    assert "planner.snapshot/2" == json.loads((out / "vast/2026-10-10.json").read_text())["schema"]
    assert "planner.snapshot/1" == json.loads((out / "vast/2026-05-20.json").read_text())["schema"]


def test_one_price_everywhere_ends_that_of_every_region(make):
    """A price of Lambda without a region is that of each region the type was listed in."""
    line = "lambda,gpu_1x_a10,{},,a10,1,24,30,200,on_demand,{},{},{}"
    files = {
        "lambda-2026-05-20": [
            line.format(region, "0.75", "2026-05-20", "anycloud-sh/catalog@2026-05-20")
            for region in ("us-east-1", "us-west-1")
        ],
        "lambda-2026-10-10": [line.format("global", "1.29", "2026-10-10", "ewyluda/gpu-price-index@2026-10-10")],
    }

    out = make({"lambda": ("2026-05-20", "2026-10-10")}, files)

    assert {("gpu_1x_a10", region, "on_demand"): "1.29" for region in ("us-east-1", "us-west-1")} == prices_in(
        out / "lambda/2026-10-10.csv"
    )


def test_a_type_that_a_newer_list_prices_is_no_longer_unpriced(make):
    """Types without any price are named until a list has one."""
    row = "gcp,{},us-central1,,{},1,96,48,180,on_demand,{},{},{}"
    files = {
        "gcp-2026-05-20": [row.format("g2-standard-4", "l4", "0.7", "2026-05-20", "anycloud-sh/catalog@2026-05-20")],
        "gcp-2026-07-30": [
            row.format(
                "g4-standard-48",
                "rtx-pro-6000-blackwell",
                "4.49993",
                "2026-07-30",
                "Cyclenerd/google-cloud-pricing-cost-calculator@2026-07-30",
            )
        ],
    }

    out = make({"gcp": ("2026-05-20", "2026-07-30")}, files)

    unpriced = [
        {entry["instance_type"] for entry in json.loads((out / f"gcp/{day}.json").read_text())["unpriced"]}
        for day in ("2026-05-20", "2026-07-30")
    ]
    assert {"g4-standard-48"} == unpriced[0] - unpriced[1]


def test_local_ssd_is_left_out_of_older_rows_only(make):
    """Once a source counts the local SSD in, the sidecar says from which day on, if older rows are left."""
    row = "gcp,{},us-central1,,h100-80gb-sxm,8,80,208,1872,on_demand,{},{},{}"
    old = row.format("a3-highgpu-8g", "87.83", "2026-05-20", "anycloud-sh/catalog@2026-05-20")
    new = row.format("a3-megagpu-8g", "92.9", "2026-07-30", "Cyclenerd/google-cloud-pricing-cost-calculator@2026-07-30")

    out = make({"gcp": ("2026-05-20", "2026-07-30")}, {"gcp-2026-05-20": [old], "gcp-2026-07-30": [new]})

    before, after = (
        json.loads((out / f"gcp/{day}.json").read_text())["excludes"] for day in ("2026-05-20", "2026-07-30")
    )
    assert [("a3-highgpu-*", None)] == [(entry["instance_types"], entry.get("observed_before")) for entry in before]
    assert [("a3-highgpu-*", "2026-07-30")] == [(entry["instance_types"], entry["observed_before"]) for entry in after]


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
