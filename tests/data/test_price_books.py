"""The shipped price books: whole, sorted, of known GPUs, and holding the prices their sources published."""

import csv
import hashlib
import json
from datetime import date
from pathlib import Path

import pytest

from planner.model.records import Purchase
from planner.prices.snapshots import list_snapshots, read_rows, read_snapshot

DATA = Path(__file__).resolve().parents[2] / "data"
BOOKS = [path.relative_to(DATA) for path in list_snapshots(DATA)]
NEWEST = {path.parent.name: path for path in BOOKS}  # sorted by age within a provider: the last one stays


def rows_of(book):
    snapshot = read_snapshot(DATA / book)
    return [dict(zip(snapshot.columns, row, strict=True)) for row in read_rows(snapshot)]


def key(row):
    return (row["instance_type"], row["region"], row["zone"], row["purchase"])


def table(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def price(provider, instance_type, region, purchase, *, day=None):
    book = Path("prices", provider, f"{day}.csv") if day else NEWEST[provider]
    found = [row for row in rows_of(book) if key(row) == (instance_type, region, "", purchase)]
    return found[0]["usd_per_hour"] if found else None


@pytest.fixture(scope="module")
def known_gpus():
    return {row["name"] for row in table("gpus.csv")}


def test_every_provider_has_its_dated_books():
    """The books of each provider are those of the days its sources were read on."""
    expected = {
        "aws": ["2023-08-06", "2025-06-03", "2026-01-21", "2026-06-15", "2026-10-10"],
        "azure": ["2020-08-30", "2026-03-21", "2026-05-20", "2026-06-15", "2026-10-10"],
        "coreweave": ["2026-10-10"],
        "crusoe": ["2026-10-10"],
        "gcp": ["2025-02-03", "2026-04-02", "2026-05-20", "2026-06-15", "2026-07-30", "2026-10-10"],
        "hyperstack": ["2026-10-10"],
        "lambda": ["2026-04-02", "2026-05-20", "2026-10-10"],
        "nebius": ["2026-10-10"],
        "oci": ["2026-03-21", "2026-10-10"],
        "runpod": ["2025-04-28", "2026-06-15", "2026-10-10"],
        "vast": ["2026-05-20", "2026-07-23", "2026-10-10"],
        "vultr": ["2026-03-22"],
    }

    actual = {name: [book.stem for book in BOOKS if book.parent.name == name] for name in NEWEST}

    assert expected == actual


@pytest.mark.parametrize("book", BOOKS, ids=str)
def test_the_sidecar_vouches_for_the_rows(book):
    """A sidecar states the checksum, the day and the number of rows of its CSV."""
    body = (DATA / book).read_bytes()

    sidecar = json.loads((DATA / book).with_suffix(".json").read_text(encoding="utf-8"))

    assert hashlib.sha256(body).hexdigest() == sidecar["sha256"]
    assert body.count(b"\n") - 1 == sidecar["rows"]
    assert book.stem == sidecar["observed_at"]
    assert b"\r" not in body


@pytest.mark.parametrize("book", BOOKS, ids=str)
def test_rows_are_sorted_and_unique(book):
    """Rows are in the order of GPU, count, type, region, zone, purchase, and no key has two prices."""
    rows = rows_of(book)
    order = ["gpu", "gpu_count", "instance_type", "region", "zone", "purchase"]

    keys = [tuple(float(row[name]) if name == "gpu_count" else row[name] for name in order) for row in rows]

    assert sorted(keys) == keys
    assert len(rows) == len({key(row) for row in rows})


@pytest.mark.parametrize("book", BOOKS, ids=str)
def test_every_row_is_an_offer(book, known_gpus):
    """GPUs are known, prices and counts positive, purchases valid; nothing is newer than its book."""
    for row in rows_of(book):
        assert row["gpu"] in known_gpus, row
        assert row["purchase"] in set(Purchase), row
        assert float(row["usd_per_hour"]) > 0, row
        assert float(row["gpu_count"]) > 0, row
        assert date.fromisoformat(row["observed_on"]) <= date.fromisoformat(book.stem), row
        assert all(float(row[name]) > 0 for name in ("vcpus", "memory_gib", "network_gbps") if row[name]), row


@pytest.mark.parametrize("book", BOOKS, ids=str)
def test_every_row_names_a_source_of_the_sidecar(book):
    """Source and date of a row are listed in the sidecar, with address and licence."""
    sources = read_snapshot(DATA / book).sources

    listed = {(source["name"], source["observed_on"]) for source in sources}

    assert {(row["source"], row["observed_on"]) for row in rows_of(book)} == listed
    assert all(source["address"].startswith("https://") and source["licence"] for source in sources)


@pytest.mark.parametrize("book", BOOKS, ids=str)
def test_what_is_unpriced_has_no_price(book):
    """A type listed as unpriced is not sold in the book in any of the ways its reason names."""
    words = {"on demand": "on_demand", "reserved 1 year": "reserved_1y", "reserved 3 years": "reserved_3y"}
    sold = {(row["instance_type"], row["purchase"]) for row in rows_of(book)}

    for entry in read_snapshot(DATA / book).unpriced:
        ways = entry.reason.split(":")[0].split(", ")
        purchases = set(Purchase) if ways == ["every purchase"] else {words.get(way, way) for way in ways}

        assert not sold & {(entry.instance_type, purchase) for purchase in purchases}, entry


@pytest.mark.parametrize("provider", NEWEST)
def test_the_newest_book_loses_no_key_in_silence(provider):
    """A key of an older book is in the newest one, or among the rows set aside."""
    kept = {key(row) for row in rows_of(NEWEST[provider])}
    set_aside = {key(row) for row in table("prices/set-aside.csv") if row["provider"] == provider}

    older = {key(row) for book in BOOKS if book.parent.name == provider for row in rows_of(book)}

    assert older <= kept | set_aside
    assert not kept & set_aside


@pytest.mark.parametrize("provider", NEWEST)
def test_no_discount_costs_more_than_on_demand(provider):
    """Spot, reserved and savings prices of the newest books do not exceed the on-demand price of the same machine."""
    rows = rows_of(NEWEST[provider])
    on_demand = {
        (row["instance_type"], row["region"]): float(row["usd_per_hour"])
        for row in rows
        if row["purchase"] == "on_demand"
    }

    dearer = [
        row
        for row in rows
        # half of the fourth decimal: AWS spot prices are collected rounded to four
        if float(row["usd_per_hour"]) > on_demand.get((row["instance_type"], row["region"]), 1e9) + 0.00005
    ]

    assert [] == dearer


@pytest.mark.parametrize(
    ("provider", "instance_type", "region", "purchase", "published"),
    [
        ("aws", "p5.48xlarge", "us-east-1", "on_demand", 55.04),
        ("aws", "p4d.24xlarge", "us-east-1", "on_demand", 21.9576),
        ("aws", "p4d.24xlarge", "us-east-1", "reserved_1y", 13.9211),
        ("aws", "p4de.24xlarge", "us-east-1", "on_demand", 27.4471),
        ("aws", "p5en.48xlarge", "us-east-1", "on_demand", 63.296),
        ("aws", "p6-b200.48xlarge", "us-east-1", "on_demand", 113.933),
        ("aws", "p6-b300.48xlarge", "us-east-1", "on_demand", 142.416),
        ("aws", "g6.xlarge", "us-east-1", "on_demand", 0.8048),
        ("aws", "g5.xlarge", "us-east-1", "on_demand", 1.006),
        ("azure", "Standard_NC24ads_A100_v4", "eastus", "on_demand", 3.673),
        ("azure", "Standard_NC24ads_A100_v4", "eastus", "reserved_1y", 2.401),
        ("azure", "Standard_NC24ads_A100_v4", "eastus", "reserved_3y", 1.3631),
        ("azure", "Standard_NC24ads_A100_v4", "eastus", "savings_1y", 3.0574),
        ("azure", "Standard_NC24ads_A100_v4", "eastus", "savings_3y", 2.2659),
        ("azure", "Standard_ND96isr_H100_v5", "eastus", "on_demand", 98.32),
        ("azure", "Standard_ND96isr_H200_v5", "eastus2", "spot", 84.8),
        ("gcp", "a2-highgpu-1g", "us-central1", "on_demand", 3.6734),
        ("coreweave", "nvidia-a100", "global", "on_demand", 21.6),
        ("crusoe", "NVIDIA H100 80GB HGX", "global", "on_demand", 3.9),
        # with 6,000 GB of local SSD, 0.66 USD an hour
        ("gcp", "a3-highgpu-8g", "us-central1", "on_demand", 88.49),
        ("gcp", "a3-megagpu-8g", "us-central1", "on_demand", 92.2145),
        ("gcp", "a2-ultragpu-8g", "us-central1", "on_demand", 40.5504),
        ("gcp", "a2-highgpu-1g", "us-central1", "reserved_3y", 1.2857),
        ("gcp", "g2-standard-4", "us-central1", "on_demand", 0.7068),
        # 48 vCPUs at 0.04891, 180 GiB at 0.00587, the GPU at 1.09565
        ("gcp", "g4-standard-48", "us-central1", "on_demand", 4.49993),
        ("hyperstack", "NVIDIA H100 SXM", "global", "on_demand", 3.2),
        ("lambda", "gpu_1x_a10", "asia-northeast-1", "on_demand", 1.29),
        ("nebius", "NVIDIA HGX H100", "global", "on_demand", 4.5),
        ("oci", "BM.GPU.A100-v2.8", "global", "on_demand", 32),
        ("runpod", "1x_H100-80GB-HBM3_SECURE", "global", "on_demand", 3.29),
        ("runpod", "8x_H100-80GB-HBM3_SECURE", "global", "on_demand", 26.32),  # 8 x 3.29
        ("vast", "1x_H100_SXM", "global", "on_demand", 4.0002),
        ("vultr", "vcg-a100-12c-120g-80vram", "global", "on_demand", 2.397),
    ],
)
def test_published_prices(provider, instance_type, region, purchase, published):
    """The newest book holds the price that the provider published, to the fourth decimal."""
    actual = price(provider, instance_type, region, purchase)

    assert published == pytest.approx(float(actual), abs=0.00006)


def test_an_older_book_answers_what_was_known_then():
    """The AWS books before and after the cut of June 2025 hold the price of their day."""
    days = ["2023-08-06", "2025-06-03", "2026-01-21", "2026-06-15", "2026-10-10"]

    prices = [price("aws", "p5.48xlarge", "us-east-1", "on_demand", day=day) for day in days]

    assert ["98.32", "98.32", "55.04", "55.04", "55.04"] == prices


def test_aws_prices_from_before_the_cut_do_not_survive():
    """No on-demand or reserved row of p4d, p4de, p5, p5en in the newest book is older than the cut of June 2025."""
    cut = ("p4d.", "p4de.", "p5.", "p5en.")

    stale = [
        row
        for row in rows_of(NEWEST["aws"])
        if row["instance_type"].startswith(cut) and row["purchase"] != "spot" and row["observed_on"] < "2025-06-05"
    ]

    assert [] == stale


@pytest.mark.parametrize("book", [book for book in BOOKS if book.parent.name == "gcp"], ids=str)
def test_gcp_rates_that_google_does_not_sell_at_are_left_out(book):
    """A3 High below 8 GPUs, A3 Ultra and A4 have no on-demand row, and are listed as unpriced on demand."""
    not_sold = {"a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g", "a3-ultragpu-8g", "a4-highgpu-8g"}

    on_demand = {row["instance_type"] for row in rows_of(book) if row["purchase"] == "on_demand"}
    unpriced = {entry.instance_type for entry in read_snapshot(DATA / book).unpriced if "on demand" in entry.reason}

    assert set() == on_demand & not_sold
    assert {"a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g"} <= unpriced


def test_gcp_rates_of_an_older_list_keep_its_date():
    """On-demand rows repaired with the rates of 2025-02-03 say that they are that old."""
    repaired = [row for row in rows_of(NEWEST["gcp"]) if "at the rate of" in row["source"]]

    assert repaired
    assert {"2025-02-03"} == {row["observed_on"] for row in repaired}


def test_gcp_books_name_the_local_ssd_they_leave_out():
    """The sidecar tells for which machines the price lacks the bundled local SSD: of rows from before it was counted in."""
    excludes = read_snapshot(DATA / NEWEST["gcp"]).excludes

    assert {"a2-ultragpu-*", "a3-edgegpu-*", "a3-highgpu-*", "a3-megagpu-*", "a3-ultragpu-*"} == {
        entry["instance_types"] for entry in excludes
    }
    assert all(entry["what"] and entry["usd_per_hour_note"] for entry in excludes)
    assert {"2026-07-30"} == {entry["observed_before"] for entry in excludes}


def test_vast_levels_hold_the_cheapest_offer_beside_the_median():
    """A level is of one GPU anywhere; older machines carry the day their list froze on, and their list never the day it bears."""
    rows = rows_of(NEWEST["vast"])
    levels = {row["instance_type"]: row for row in rows if row["region"] == "global"}

    median = levels["1x_A100_SXM4_40GB"]
    cheapest_only = levels["1x_RTX_4090"]

    assert ("0.588", "0.4719", "50") == (
        median["usd_per_hour"],
        median["usd_per_hour_cheapest"],
        median["offers_count"],
    )
    assert ("0.3881", "0.3881", "") == (
        cheapest_only["usd_per_hour"],
        cheapest_only["usd_per_hour_cheapest"],
        cheapest_only["offers_count"],
    )
    assert "" == levels["1x_L40S"]["usd_per_hour_cheapest"]  # 0.6156 on another day, above the median of 0.6006
    assert {"2026-04-29"} == {row["observed_on"] for row in rows if row["region"] != "global"}
    assert {"1"} == {row["gpu_count"] for row in levels.values()}
    assert not [row for row in rows if row["gpu_count"] == "1" and row["region"] != "global"]


def test_azure_savings_plans_are_not_reservations():
    """Savings plans are known for six sizes in two regions, 12 rows a term, and never replace a reservation."""
    rows = rows_of(NEWEST["azure"])

    counts = {name: sum(row["purchase"] == name for row in rows) for name in ("savings_1y", "savings_3y")}
    reserved_days = {row["observed_on"] for row in rows if row["purchase"].startswith("reserved")}

    assert {"savings_1y": 12, "savings_3y": 12} == counts
    assert {"2026-03-21"} == reserved_days


def test_retired_azure_families_stay_in_the_book_of_their_time():
    """K80, P40, P100 and first M60 sizes are in the list of 2020 only; NVv3 and NVv4 up to their end in September 2026."""
    reasons = {row["instance_type"]: row["reason"] for row in table("prices/set-aside.csv")}
    retired = {name for name, reason in reasons.items() if "retired 2023-09-06" in reason}
    later = {name for name, reason in reasons.items() if "retired 2026-09-30" in reason}
    books = [book for book in BOOKS if book.parent.name == "azure"]

    holding = [book.stem for book in books if retired & {row["instance_type"] for row in rows_of(book)}]

    assert {"Standard_NC6", "Standard_NC6s_v2", "Standard_ND6s", "Standard_NV6"} <= retired
    assert ["2020-08-30"] == holding
    assert {"Standard_NV12s_v3", "Standard_NV4as_v4"} <= later
    assert not later & {row["instance_type"] for row in rows_of(NEWEST["azure"])}


@pytest.mark.parametrize(
    ("provider", "instance_type", "gpu_count"),
    [
        ("aws", "g6f.large", "0.125"),
        ("azure", "Standard_NV6ads_A10_v5", "0.166667"),
        ("gcp", "g4-standard-6", "0.125"),
        ("vultr", "vcg-a40-1c-5g-2vram", "0.041667"),
    ],
)
def test_fractions_of_a_gpu_stay_fractions(provider, instance_type, gpu_count):
    """A share of a GPU is counted as that share."""
    counts = {row["gpu_count"] for row in rows_of(NEWEST[provider]) if row["instance_type"] == instance_type}

    assert {gpu_count} == counts


@pytest.mark.parametrize(
    ("provider", "instance_type", "network_gbps"),
    [
        ("aws", "p5.48xlarge", "3200"),
        ("aws", "p4d.24xlarge", "400"),
        ("aws", "g5.xlarge", "2.5"),  # the baseline; "up to 10" is a burst
        ("azure", "Standard_ND96asr_v4", "1600"),
        ("gcp", "a3-highgpu-8g", "1000"),
        ("lambda", "gpu_8x_h100_sxm5", ""),  # no source states it
    ],
)
def test_network_speed(provider, instance_type, network_gbps):
    """Network speed is the sustained one, and empty where no source states it."""
    speeds = {row["network_gbps"] for row in rows_of(NEWEST[provider]) if row["instance_type"] == instance_type}

    assert {network_gbps} == speeds


def test_every_row_set_aside_has_its_reason():
    """The list of rows set aside names one reason for each key."""
    rows = table("prices/set-aside.csv")

    assert all(row["reason"] and row["source"] and row["observed_on"] for row in rows)
    assert len(rows) == len({(row["provider"], *key(row)) for row in rows})


def test_the_readme_counts_the_rows():
    """The table of the README states the rows of every book."""
    readme = (DATA / "prices" / "README.md").read_text(encoding="utf-8")
    expected = {f"{book.parent.name}/{book.stem}": read_snapshot(DATA / book).rows for book in BOOKS}

    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in readme.splitlines()]
    counted = {row[0]: int(row[1]) for row in cells if row[0] in expected}

    assert expected == counted


def test_spot_interruptions_are_fractions():
    """Bands and savings of spot interruptions are fractions of 1, one row for each type and region."""
    rows = table("spot_interruptions.csv")

    assert len(rows) == len({(row["instance_type"], row["region"]) for row in rows})
    for row in rows:
        low, high = float(row["interruption_low_fraction"]), float(row["interruption_high_fraction"])
        assert 0 <= low < high <= 1, row
        assert float(row["savings_fraction"]) < 1, row  # negative: spot was dearer than on demand that month
