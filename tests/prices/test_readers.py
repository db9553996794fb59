"""Prices brought along from elsewhere: books, raw pages, catalogues made by others, in folders and archives."""

import shutil
import tarfile
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest

from planner.errors import ProviderError, UsageError
from planner.model.records import Purchase
from planner.prices.books import book_offers
from planner.prices.refresh import RefreshOrder, refresh
from planner.prices.snapshots import read_snapshot
from tests.builders import a_raw_snapshot, a_row, a_snapshot, an_offer
from tests.prices.test_refresh import H100, L4

SKYPILOT_AWS = """\
InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone
m5.large,,,2.0,8.0,,0.096,0.03,us-east-1,use1-az1
p4d.24xlarge,A100,8.0,96.0,1152.0,"{'Gpus': [{'MemoryInfo': {'SizeInMiB': 40960}}]}",21.957642,11.1,us-east-1,use1-az1
p4d.24xlarge,A100,8.0,96.0,1152.0,"{'Gpus': [{'MemoryInfo': {'SizeInMiB': 40960}}]}",21.957642,12.2,us-east-1,use1-az2
g6.xlarge,L4,1.0,4.0,16.0,,0.8048,0.4,us-east-1,use1-az1
g6.xlarge,L4,1.0,4.0,16.0,,0.8048,0.4,us-east-1,use1-az2
g6.2xlarge,L4,1.0,8.0,32.0,,0.0,,us-east-1,use1-az1
trn1.2xlarge,Trainium,1.0,8.0,32.0,,1.34375,0.5,us-east-1,use1-az1
"""
SKYPILOT_HEAD = SKYPILOT_AWS.partition("\n")[0]
SKYPILOT_GCP = """\
InstanceType,vCPUs,MemoryGiB,AcceleratorName,AcceleratorCount,GpuInfo,Region,AvailabilityZone,Price,SpotPrice
a2-highgpu-1g,12.0,85.0,,,,us-central1,us-central1-a,0.73948,0.29576
a2-highgpu-1g,12.0,85.0,,,,us-central1,us-central1-b,0.73948,0.29576
a3-highgpu-8g,208.0,1872.0,,,,us-central1,us-central1-a,9.46006,2.17547
n1-standard-8,8.0,30.0,,,,us-central1,us-central1-a,0.379998,0.08
,,,A100,1,"{'Gpus': [{'MemoryInfo': {'SizeInMiB': 40960}}]}",us-central1,us-central1-a,2.933908,1.173563
,,,A100,1,"{'Gpus': [{'MemoryInfo': {'SizeInMiB': 40960}}]}",us-central1,us-central1-b,2.933908,1.173563
,,,H100,8,"{'Gpus': [{'MemoryInfo': {'SizeInMiB': 81920}}]}",us-central1,us-central1-a,33.60608,14.0
,,,T4,1,"{'Gpus': [{'MemoryInfo': {'SizeInMiB': 16384}}]}",us-central1,us-central1-a,0.35,0.11
,,,tpu-v6e-1,1,tpu-v6e-1,us-central1,us-central1-b,2.7,0.64833
"""
GPUHUNT_AWS = """\
instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size
t3.small,us-east-1,0.0208,2,2.0,0,,,False,
p4d.24xlarge,us-east-1,21.957642,96,1152.0,8,A100,40.0,False,
p4d.24xlarge,us-east-1,11.1,96,1152.0,8,A100,40.0,True,
x99.huge,us-east-1,3.0,96,1152.0,1,NoSuchGpu,40.0,False,
"""
GPUHUNT_GCP = """\
instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size
a2-highgpu-1g,us-central1-a,3.673388,12,85.0,1,A100,40.0,False,
a2-highgpu-1g,us-central1-b,3.673388,12,85.0,1,A100,40.0,False,
n1-standard-8,us-central1-a,0.729998,8,30.0,1,T4,16.0,False,
"""


def _bring(path, data_dir, **order):
    return {
        outcome.provider: outcome
        for outcome in refresh(RefreshOrder(data_dir=data_dir, path=path, **order), lambda *_: None)
    }


def _fresh(outcome, day):
    offers = book_offers(read_snapshot(outcome.path))
    return {
        (offer.instance_type, offer.region, offer.zone, str(offer.purchase)): (
            offer.usd_per_hour,
            offer.gpu,
            offer.gpu_count,
        )
        for offer in offers
        if offer.observed_on == day
    }


@pytest.fixture
def skypilot(tmp_path):
    """A catalogue folder as SkyPilot keeps it, with an older schema beside the newest."""
    for folder, text in (("v7/aws", SKYPILOT_AWS), ("v7/gcp", SKYPILOT_GCP), ("v5/aws", "broken")):
        (tmp_path / "catalogs" / folder).mkdir(parents=True)
        (tmp_path / "catalogs" / folder / "vms.csv").write_text(text)
    return tmp_path / "catalogs"


def test_skypilot_rows_become_offers_per_region_or_zone(skypilot, tmp_path):
    """On demand once per region, spot per zone where the book tells zones apart; GPUs by what the type is known to have."""
    day = date(2026, 7, 1)

    outcome = _bring(skypilot, tmp_path / "data", observed_on=day)["aws"]

    assert {
        ("p4d.24xlarge", "us-east-1", None, "on_demand"): (21.957642, "a100-40gb-sxm", 8.0),
        ("p4d.24xlarge", "us-east-1", "use1-az1", "spot"): (11.1, "a100-40gb-sxm", 8.0),
        ("p4d.24xlarge", "us-east-1", "use1-az2", "spot"): (12.2, "a100-40gb-sxm", 8.0),
        ("g6.xlarge", "us-east-1", None, "on_demand"): (0.8048, "l4", 1.0),
        ("g6.xlarge", "us-east-1", "use1-az1", "spot"): (0.4, "l4", 1.0),
        ("g6.xlarge", "us-east-1", "use1-az2", "spot"): (0.4, "l4", 1.0),
    } == _fresh(outcome, day)
    assert (("Trainium", 2),) == outcome.unknown_gpus
    assert ["price '0.0' is not positive"] == [row.reason for row in outcome.held_back]


def test_a_catalogue_of_others_removes_nothing(skypilot, tmp_path):
    """It updates what it lists; everything else of the book before stays with its date."""
    outcome = _bring(skypilot, tmp_path / "data", observed_on=date(2026, 7, 1))["aws"]

    offers = book_offers(read_snapshot(outcome.path))
    assert {Purchase.RESERVED_1Y, Purchase.SPOT, Purchase.ON_DEMAND} <= {offer.purchase for offer in offers}
    assert outcome.kept == len(offers) - 6
    assert "2026-07-01" == outcome.path.stem


def test_skypilot_prices_of_gcp_are_host_and_gpus_together(skypilot, tmp_path):
    """A machine's row alone is the host: its GPUs are added, and rates of the workload scheduler are held back."""
    day = date(2026, 7, 1)

    outcome = _bring(skypilot, tmp_path / "data", observed_on=day)["gcp"]

    assert {
        ("a2-highgpu-1g", "us-central1", None, "on_demand"): (3.673388, "a100-40gb-sxm", 1.0),
        ("a2-highgpu-1g", "us-central1", None, "spot"): (1.469323, "a100-40gb-sxm", 1.0),
        ("a3-highgpu-8g", "us-central1", None, "spot"): (16.17547, "h100-80gb-sxm", 8.0),
        ("n1-standard-8+1x-nvidia-tesla-t4", "us-central1", None, "on_demand"): (0.729998, "t4", 1.0),
        ("n1-standard-8+1x-nvidia-tesla-t4", "us-central1", None, "spot"): (0.19, "t4", 1.0),
    } == _fresh(outcome, day)
    assert [
        "not Google's on-demand price but a rate of its workload scheduler or of a commitment: "
        "43.0661 is 0.49 of the on-demand price in the book, 88.49 in us-central1. Google's own list: planner refresh gcp"
    ] == [row.reason for row in outcome.held_back]
    assert {"a3-highgpu-*", "a2-ultragpu-*"} <= {
        entry["instance_types"] for entry in read_snapshot(outcome.path).excludes
    }


def test_a_skypilot_catalogue_needs_a_date(skypilot, tmp_path):
    """Its files carry none, and a date is never guessed."""
    with pytest.raises(UsageError, match=r"is a SkyPilot catalogue\. .* observed_on YYYY-MM-DD"):
        _bring(skypilot, tmp_path / "data")


def test_a_day_that_has_not_come_is_refused(tmp_path):
    """A mistyped year would be newer than every refresh to come: said by a person, or by a file's version."""
    soon = datetime.now(UTC).date() + timedelta(days=2)
    (tmp_path / "lambda").mkdir()
    (tmp_path / "lambda" / "vms.csv").write_text(f"{SKYPILOT_HEAD}\ngpu_1x_a10,A10,1,30,200,,1.29,,us-east-1,\n")
    (tmp_path / "hunt").mkdir()
    (tmp_path / "hunt" / "aws.csv").write_text(GPUHUNT_AWS)
    (tmp_path / "hunt" / "version").write_text(f"{soon:%Y%m%d}")

    brought = [
        _bring(tmp_path / "lambda", tmp_path / "data", observed_on=soon)["lambda"],
        _bring(tmp_path / "hunt", tmp_path / "data")["aws"],
    ]

    for outcome in brought:
        assert f"said to be of {soon}, a day that has not come" in outcome.error
        assert None is outcome.path
    a_raw_snapshot(tmp_path / "book", a_row(observed_on=f"{soon}"), provider="acme", stem="2026-10-01")
    assert f"observed on {soon}, after the day" in _bring(tmp_path / "book", tmp_path / "data")["acme"].error
    tomorrow = soon - timedelta(days=1)  # it may be there already
    assert None is _bring(tmp_path / "lambda", tmp_path / "data", observed_on=tomorrow)["lambda"].error


@pytest.mark.parametrize(("file", "text"), [("lambda/vms.csv", "SKYPILOT"), ("hunt/aws.csv", "GPUHUNT")])
def test_a_catalogue_in_another_encoding_is_refused_as_that(tmp_path, file, text):
    """In Latin-1 a name is spoilt; that is no fault of the program."""
    table = {"SKYPILOT": SKYPILOT_AWS, "GPUHUNT": GPUHUNT_AWS}[text]
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_bytes(table.encode() + "caf\xe9,x\n".encode("latin-1"))

    (outcome,) = _bring((tmp_path / file).parent, tmp_path / "data", observed_on=date(2026, 11, 1)).values()

    name = file.partition("/")[2]
    assert f"{name} is not a table in UTF-8" in outcome.error
    assert None is outcome.traceback


def test_a_gpuhunt_archive_is_dated_by_its_version(tmp_path):
    """Zones become regions, hosts with attached GPUs get names of their own, CPU rows are passed over."""
    with zipfile.ZipFile(tmp_path / "catalog.zip", "w") as archive:
        archive.writestr("aws.csv", GPUHUNT_AWS)
        archive.writestr("gcp.csv", GPUHUNT_GCP)
        archive.writestr("version", "20260702-1\n")
    day = date(2026, 7, 2)

    outcomes = _bring(tmp_path / "catalog.zip", tmp_path / "data")

    assert {
        ("p4d.24xlarge", "us-east-1", None, "on_demand"): (21.957642, "a100-40gb-sxm", 8.0),
        ("p4d.24xlarge", "us-east-1", None, "spot"): (11.1, "a100-40gb-sxm", 8.0),
    } == _fresh(outcomes["aws"], day)
    assert (("NoSuchGpu", 1),) == outcomes["aws"].unknown_gpus
    assert {
        ("a2-highgpu-1g", "us-central1", None, "on_demand"): (3.673388, "a100-40gb-sxm", 1.0),
        ("n1-standard-8+1x-nvidia-tesla-t4", "us-central1", None, "on_demand"): (0.729998, "t4", 1.0),
    } == _fresh(outcomes["gcp"], day)


def test_a_name_for_several_gpus_is_held_back_unless_the_type_is_known(tmp_path):
    """A100 of 80 GB may be PCIe or SXM: the row is shown, not guessed."""
    text = GPUHUNT_AWS + "p99.new,us-east-1,5.0,8,64.0,1,A100,80.0,False,\n"
    (tmp_path / "aws.csv").write_text(text)
    (tmp_path / "version").write_text("20260702")

    outcome = _bring(tmp_path / "aws.csv", tmp_path / "data")["aws"]

    assert [
        (
            "p99.new",
            "'A100' stands for several GPUs: a100-80gb-pcie, a100-80gb-sxm. Nothing in the row tells them apart; "
            "say which one it is with --gpu-variant a100=a100-80gb-pcie or a100=a100-80gb-sxm",
        )
    ] == [(row.instance_type, row.reason) for row in outcome.held_back]


def _archived(folder, path):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in folder.rglob("*"):
                archive.write(file, file.relative_to(folder))
    else:
        with tarfile.open(path, "w:gz") as archive:
            archive.add(folder, arcname=".")
    return path


@pytest.mark.parametrize("form", ["folder", "carried.zip", "carried.tar.gz"])
def test_books_of_another_machine_are_taken_over(tmp_path, fake, form):
    """A data folder carried along gives its books, with their dates and without parsing its raw pages again."""
    fake.set(H100, L4)
    there = fake.refresh()
    path = fake.data_dir if form == "folder" else _archived(fake.data_dir, tmp_path / form)

    outcome = _bring(path, tmp_path / "here")["fakecloud"]

    assert there.path.read_bytes() == outcome.path.read_bytes()
    assert there.path.name == outcome.path.name
    assert [source["name"] for source in read_snapshot(outcome.path).sources] == ["fakecloud list"]


def test_one_file_of_a_book_brings_the_other_half(tmp_path, fake):
    """Naming the CSV is enough if the sidecar lies beside it."""
    fake.set(H100, L4)
    there = fake.refresh()

    outcome = _bring(there.path, tmp_path / "here")["fakecloud"]

    assert there.path.read_bytes() == outcome.path.read_bytes()


def test_raw_pages_of_another_machine_are_parsed_here(tmp_path, fake):
    """Only the raw pages came along: the same book comes out, without a network."""
    fake.set(H100, L4)
    there = fake.refresh()
    fake.path.unlink()

    outcome = _bring(fake.data_dir / "raw", tmp_path / "here")["fakecloud"]

    assert there.path.read_bytes() == outcome.path.read_bytes()


def test_an_altered_book_is_not_taken_over(tmp_path, fake):
    """The checksum of the sidecar decides."""
    fake.set(H100, L4)
    there = fake.refresh()
    shutil.copytree(fake.data_dir / "prices", tmp_path / "carried")
    copy = tmp_path / "carried" / "fakecloud" / there.path.name
    copy.write_bytes(copy.read_bytes().replace(b"60.0", b"10.0"))

    outcome = _bring(tmp_path / "carried", tmp_path / "here")["fakecloud"]

    assert "altered or damaged" in outcome.error
    assert None is outcome.path


def test_several_books_of_a_provider_come_oldest_first(tmp_path):
    """A folder of history keeps its days."""
    for stem, price in (("2026-06-02", 21.0), ("2026-06-01", 20.0)):
        a_snapshot(tmp_path / "there", an_offer(usd_per_hour=price), stem=stem)

    outcomes = refresh(RefreshOrder(data_dir=tmp_path / "here", path=tmp_path / "there"), lambda *_: None)

    assert ["2026-06-01", "2026-06-02"] == [outcome.stem for outcome in outcomes]


def test_only_the_providers_asked_for_are_taken(skypilot, tmp_path):
    """Naming a provider leaves the others of the path alone; a wrong name says what is there."""
    assert ["gcp"] == list(_bring(skypilot, tmp_path / "data", providers=("gcp",), observed_on=date(2026, 7, 1)))
    with pytest.raises(ProviderError, match=r"holds no prices of azure; it holds: aws, gcp\."):
        _bring(skypilot, tmp_path / "data", providers=("azure",), observed_on=date(2026, 7, 1))


def test_a_path_without_prices_says_what_can_be_read(tmp_path):
    """Not a traceback, and not an empty book."""
    (tmp_path / "notes.txt").write_text("nothing here")

    with pytest.raises(ProviderError, match=r"holds no prices that this version reads\. Readable: books"):
        _bring(tmp_path / "notes.txt", tmp_path / "data")
    with pytest.raises(UsageError, match="There is nothing at"):
        _bring(tmp_path / "absent", tmp_path / "data")


def test_a_broken_archive_is_named(tmp_path):
    """A zip cut off in the middle."""
    with zipfile.ZipFile(tmp_path / "cut.zip", "w") as archive:
        archive.writestr("aws.csv", GPUHUNT_AWS * 100)
    body = (tmp_path / "cut.zip").read_bytes()
    # the directory at the end stays, the content before it is damaged
    (tmp_path / "cut.zip").write_bytes(body[:40] + b"\0" * 200 + body[240:])

    with pytest.raises(ProviderError, match=r"cut\.zip cannot be unpacked"):
        _bring(tmp_path / "cut.zip", tmp_path / "data")
