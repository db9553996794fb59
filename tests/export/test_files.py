"""What stands in an export, and which rows become none."""

import re
from dataclasses import replace
from datetime import date

import hcl2
import pytest
import yaml

from planner.errors import UsageError
from planner.export.files import export
from planner.model.picks import Mark
from planner.model.records import Purchase
from tests.export.exports import CASES, HOSTILE, case, estimated, exported


@pytest.mark.parametrize("name", sorted(CASES))
def test_golden_exports(golden, name):
    """The file of each tool and cloud, with a disk, on one day's prices."""
    golden(f"export.{name}.{'tf' if name.startswith('terraform') else 'yaml'}", case(name))


@pytest.mark.parametrize("tool", ["skypilot", "dstack", "kubernetes", "terraform"])
def test_a_file_says_what_to_expect(tool):
    """Hours and USD with their range, the price with its day, and the command that made it stand at the top."""
    found = estimated(providers=("gcp",)).estimates[0]

    head = [line for line in exported(tool, providers=["gcp"]).splitlines() if line.startswith("# ")]

    assert (
        f"{found.seconds / 3600:,.2f} hours ({found.seconds_low / 3600:,.2f} to {found.seconds_high / 3600:,.2f})"
        in head[2]
    )
    assert f"{found.usd:,.2f} USD ({found.usd_low:,.2f} to {found.usd_high:,.2f})" in head[2]
    assert f"seen on {found.offer.observed_on}, {(date(2026, 7, 1) - found.offer.observed_on).days} days old" in head[3]
    assert "# Made by: planner export --to it" == head[4]


@pytest.mark.parametrize("tool", ["skypilot", "dstack", "kubernetes", "terraform"])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_names(tool, text):
    """Whatever a price book calls machine, place and source: refused with a message, or one value of the file."""
    options = {"providers": ["vast"] if tool == "skypilot" else ["aws"], "purchases": ["on_demand"]}
    plain = exported(tool, **options)
    for field in ("instance_type", "region", "zone", "source"):
        try:
            hostile = exported(tool, **options, change={field: text})
        except UsageError as error:
            if "cannot become a file" not in str(error):
                raise
            continue

        assert _shape(tool, plain, field) == _shape(tool, hostile, field)


def _shape(tool, text, field):
    """The file without its header and without the values that the field gives."""
    body = text.partition("\n\n")[2]
    if tool != "terraform":
        loaded = yaml.safe_load(body)
        for key in ("instance_type", "infra"):
            loaded.get("resources", {}).pop(key, None)
        for key in ("instance_types", "regions"):
            loaded.pop(key, None)
        pod = loaded.get("spec", {}).get("template", {}).get("spec", {})
        selector = pod.pop("nodeSelector", {})
        return loaded, sorted(key for key in selector if "zone" not in key)
    loaded = hcl2.loads(body)
    for resource in loaded["resource"]:
        resource['"aws_instance"']['"training"'].pop("instance_type")
        if field == "zone":
            resource['"aws_instance"']['"training"'].pop("lifecycle", None)
            loaded.pop("data", None)
    return loaded


def test_no_row_of_that_number():
    """There are as many rows as the estimate has."""
    count = len(estimated(providers=("gcp",)).estimates)

    with pytest.raises(UsageError, match=rf"row {count + 1}: there are rows 1 to {count}"):
        exported("skypilot", count + 1, providers=["gcp"])


def test_a_provider_that_a_tool_does_not_know_is_an_error_with_a_way_out():
    """The message names rows that can be exported, in order, and what they cost more."""
    result = estimated()
    possible = [found for found in result.estimates if found.offer.provider in ("aws", "azure", "gcp", "oci")]

    with pytest.raises(UsageError) as caught:
        exported("kubernetes")

    assert "row 1 cannot become a file for Kubernetes: vast is not among aws, azure, gcp, oci." in str(caught.value)
    more = possible[0].usd - result.estimates[0].usd
    assert f"Rows that can: row {possible[0].rank} (" in str(caught.value)
    assert f"{more:,.2f} USD more" in str(caught.value)


@pytest.mark.parametrize("tool", ["skypilot", "dstack", "kubernetes", "terraform"])
@pytest.mark.parametrize("purchase", ["reserved_1y", "reserved_3y"])
def test_reservations_are_bought_for_the_account(tool, purchase):
    """No file asks for them; the message says what does."""
    with pytest.raises(UsageError, match=f"{purchase} is bought for the account.*purchases on_demand"):
        exported(tool, providers=["azure"], purchases=[purchase])


def test_capacity_blocks_are_bought_first():
    """They have an id only then."""
    with pytest.raises(UsageError, match="a capacity block is bought first"):
        exported("terraform", providers=["aws"], change={"purchase": Purchase.CAPACITY_BLOCK})


@pytest.mark.parametrize(
    ("tool", "change", "reason"),
    [
        ("kubernetes", {"gpu_count": 0.5}, "it counts whole GPUs, and .* has 0.5 of one"),
        ("dstack", {"gpu_count": 0.5}, "it counts whole GPUs"),
        ("terraform", {"region": "us-east-1-atl-1"}, r"Local or Wavelength Zone.*regions us-east-1 is"),
        ("skypilot", {"region": "us-east-1-wl1-bos1"}, "Local or Wavelength Zone"),
        ("terraform", {"provider": "azure", "region": "attatlanta1"}, "edge zone"),
        ("dstack", {"region": "Moon/XX"}, "'Moon/XX' is not the name of a region"),
        ("terraform", {"provider": "own"}, "a machine of your own"),
        ("skypilot", {"provider": "vultr"}, "vultr is not among"),
        ("skypilot", {"provider": "runpod"}, "SkyPilot's name for .* on RunPod is not known"),
        ("skypilot", {"provider": "gcp", "instance_type": "a3-edgegpu-8g"}, "does not know the GPUs of a3-edgegpu-8g"),
        ("dstack", {"provider": "vast", "gpu": "titan-v"}, "dstack's name for the GPU titan-v is not known"),
        ("kubernetes", {"instance_type": "a/b"}, "cannot be the value of a label"),
    ],
)
def test_what_a_tool_cannot_say_is_refused(tool, change, reason):
    """A reason, instead of a file that means something else."""
    with pytest.raises(UsageError, match=reason):
        exported(tool, providers=["aws"], purchases=["on_demand"], change=change)


@pytest.mark.parametrize(("tool", "provider"), [("skypilot", "vast"), ("skypilot", "runpod"), ("dstack", "lambda")])
def test_one_node_where_a_tool_has_no_clusters(tool, provider):
    """Several nodes are refused there, as the tool itself would."""
    with pytest.raises(UsageError, match=f"runs one node on {provider}, not 2"):
        exported(tool, providers=["aws"], purchases=["on_demand"], nodes=2, change={"provider": provider})


def test_limits_end_the_run():
    """500 USD at the rent of one node an hour, or the hours given, whichever comes first."""
    found = estimated(providers=("gcp",), max_usd=500.0).estimates[0]
    seconds = int(500 / found.offer.usd_per_hour * 3600)

    by_money = yaml.safe_load(exported("kubernetes", providers=["gcp"], max_usd=500.0))
    by_time = yaml.safe_load(exported("dstack", providers=["gcp"], max_usd=500.0, max_hours=200.0))
    without = yaml.safe_load(exported("kubernetes", providers=["gcp"]))

    assert seconds == by_money["spec"]["activeDeadlineSeconds"]
    assert f"{min(720_000, seconds)}s" == by_time["max_duration"]
    assert "activeDeadlineSeconds" not in without["spec"]


def test_no_disk_is_invented():
    """Only what was said of data is asked for: 150 GB, and two checkpoints of 12 bytes for each of 25.6 million parameters."""
    options = {"providers": ["gcp"], "purchases": ["spot"]}

    without = [exported(tool, **options) for tool in ("skypilot", "dstack", "kubernetes", "terraform")]
    with_data = [
        exported(tool, **options, dataset_gb=150.0) for tool in ("skypilot", "dstack", "kubernetes", "terraform")
    ]

    assert not any(re.search(r"disk_size|disk:|storage|system_disk", text) for text in without)
    for text, disk in zip(
        with_data, ("disk_size: 407", "disk: 251GB..", "ephemeral-storage: 151G", "+ 151"), strict=True
    ):
        assert disk in text


def test_a_placeholder_fails_until_it_is_replaced():
    """Whoever forgets the command does not pay for a machine that does nothing."""
    assert "exit 1" in yaml.safe_load(exported("skypilot", providers=["aws"]))["run"]
    assert (
        "python train.py\n" == yaml.safe_load(exported("skypilot", providers=["aws"], command="python train.py"))["run"]
    )


def test_arm_machines_are_said_to_be_arm():
    """A GH200 has an ARM processor: an image for another one does not start, and dstack offers none without being told."""
    text = exported("dstack", providers=["lambda"], gpus=["gh200"])

    assert "# Processor: ARM." in text
    assert "arm" == yaml.safe_load(text)["resources"]["cpu"]["arch"]
    assert "ARM" not in exported("dstack", providers=["lambda"], gpus=["A10"])


def test_the_price_guard_is_the_price_rounded_up():
    """0.0824 USD is no more than nine cents."""
    options = {"providers": ["aws"], "purchases": ["spot"]}

    assert 0.09 == yaml.safe_load(exported("dstack", **options, change={"usd_per_hour": 0.0824}))["max_price"]
    assert 30.1 == yaml.safe_load(exported("dstack", **options, change={"usd_per_hour": 30.1}))["max_price"]


def test_without_a_number_the_row_is_that_of_the_first_sentence():
    """Not number 1 where that is of an old price; the numbers of the screen are those of the picks."""
    result = estimated(gpus=["RTX 4090:4"], as_of=date(2026, 11, 20))
    first, second = result.picked.picks
    assert (Mark.OLD_PRICE, Mark.WIDE_RANGE) == (first.mark, second.mark)

    texts = [
        export(result, to="dstack", row=row, is_rank=False, made_by="").text
        for row in (None, second.number, first.number)
    ]

    assert texts[0] == texts[1] != texts[2]


def test_a_tool_that_can_have_no_row_of_the_screen_is_shown_rows_of_the_ranking():
    """Terraform knows no RunPod and no Vast; Azure has the GPU at a price that is no pick."""
    result = estimated(gpus=["RTX 4090", "T4"], providers=["vast", "runpod", "aws"], purchases=["on_demand"])
    screen = {pick.number: pick.estimate.offer.provider for pick in result.picked.picks}
    only = replace(
        result, picked=replace(result.picked, picks=tuple(p for p in result.picked.picks if screen[p.number] != "aws"))
    )

    with pytest.raises(UsageError) as refused:
        export(only, to="terraform", row=only.picked.picks[0].number, is_rank=False, made_by="")

    said = refused.value.spelled(lambda name: f"--{name}")
    rank = re.search(r"Rows of the ranking \(--limit 15\) that can: --row (\d+) ", said)[1]
    assert "aws" == result.estimates[int(rank) - 1].offer.provider
