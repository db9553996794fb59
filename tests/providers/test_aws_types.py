import pytest

from planner.hardware.gpus import load_gpus
from providers.aws_types import InstanceType, described_type, instance_types, network_gbps, shipped_instance_types


def described(name, *, gpu, count, mib, **others):
    """An entry of DescribeInstanceTypes."""
    found = {"Name": gpu, "Manufacturer": "NVIDIA", "Count": count, "MemoryInfo": {"SizeInMiB": mib}, **others}
    return {
        "InstanceType": name,
        "VCpuInfo": {"DefaultVCpus": 96},
        "MemoryInfo": {"SizeInMiB": 1179648},
        "NetworkInfo": {"NetworkPerformance": "4x 100 Gigabit"},
        "GpuInfo": {"Gpus": [found]},
    }


def test_every_row_of_the_table_names_a_known_gpu():
    """The shipped table holds GPUs of the table of GPUs, in positive numbers."""
    table = shipped_instance_types()

    assert {row.gpu for row in table.values()} <= set(load_gpus())
    assert min(row.gpu_count for row in table.values()) == 0.125
    assert ("k80", 16) == (table["p2.16xlarge"].gpu, table["p2.16xlarge"].gpu_count)


@pytest.mark.parametrize(
    ("gpu", "mib", "key"),
    [
        ("A100", 40960, "a100-40gb-sxm"),
        ("A100", 81920, "a100-80gb-sxm"),
        ("H100", 81920, "h100-80gb-sxm"),
        ("H200", 144384, "h200-141gb-sxm"),
        ("B200", 183359, "b200-180gb-sxm"),
        ("B300", 275040, "b300-288gb-sxm"),
        ("V100", 16384, "v100-16gb"),
        ("V100", 32768, "v100-32gb"),
        ("T4", 16384, "t4"),
        ("T4g", 16384, "t4g"),
        ("A10G", 22888, "a10g"),
        ("L4", 22888, "l4"),
        ("L40S", 45776, "l40s"),
        ("RTX PRO Server 6000", 98304, "rtx-pro-6000-blackwell"),
        ("Radeon Pro V520", 8192, "radeon-pro-v520"),
        ("K80", 12288, "k80"),
    ],
)
def test_names_and_memory_of_ec2_tell_the_gpu(gpu, mib, key):
    """Every pair that EC2 reports stands for one GPU of the table; it reports a little less than the nominal memory."""
    found = described_type(described("x.large", gpu=gpu, count=8, mib=mib))

    assert InstanceType(name="x.large", gpu=key, gpu_count=8, vcpus=96, memory_gib=1152, network_gbps=400) == found


def test_a_slice_counts_as_its_share():
    """Count 0 of one logical GPU of an eighth: 0.125, told apart by the memory of the whole."""
    entry = described("g6f.large", gpu="L4", count=0, mib=2861, LogicalGpuCount=1, GpuPartitionSize=0.125)
    found = described_type(entry)

    assert ("l4", 0.125) == (found.gpu, found.gpu_count)


@pytest.mark.parametrize(
    ("gpu", "mib"), [("RTX PRO 4500", 32768), ("A100", 60000), ("Gaudi HL-205", 32768), ("H100", 0)]
)
def test_a_gpu_that_cannot_be_told_is_said_in_words(gpu, mib):
    """An unknown name, or memory that fits no variant, is no guess."""
    types = instance_types([described("p9.large", gpu=gpu, count=1, mib=mib)])

    assert f"no GPU of the shipped table stands for {gpu} ({mib} MiB)" in types.doubt("p9.large")
    assert gpu == types.family("p9.large")


def test_no_count_is_a_doubt():
    """A GPU without a number is not taken for one."""
    types = instance_types([described("p9.large", gpu="H100", count=0, mib=81920)])

    assert "without a number of GPUs" in types.doubt("p9.large")


def test_ec2_without_a_gpu_where_the_table_has_one_is_a_doubt():
    """A contradiction keeps prices out rather than choosing a side."""
    types = instance_types([{"InstanceType": "p5.48xlarge"}])

    assert "without a GPU, the shipped table with one" in types.doubt("p5.48xlarge")


@pytest.mark.parametrize(
    ("text", "gbps"),
    [("100 Gigabit", 100), ("4x 100 Gigabit", 400), ("Up to 10 Gigabit", None), ("High", None), ("", None)],
)
def test_network_text(text, gbps):
    """A promise of up to a rate is no rate."""
    assert gbps == network_gbps(text)


def test_the_baseline_of_all_cards_stands_in_for_a_promise():
    """Up to 10 Gigabit on one card with a baseline of 2.5 is 2.5; unlisted cards leave it open."""
    entry = described("g5.xlarge", gpu="A10G", count=1, mib=22888)
    entry["NetworkInfo"] = {
        "NetworkPerformance": "Up to 10 Gigabit",
        "MaximumNetworkCards": 1,
        "NetworkCards": [{"BaselineBandwidthInGbps": 2.5}],
    }
    several = {**entry, "NetworkInfo": {**entry["NetworkInfo"], "MaximumNetworkCards": 2}}

    assert 2.5 == described_type(entry).network_gbps
    assert described_type(several).network_gbps is None
