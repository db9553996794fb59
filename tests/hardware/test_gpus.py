"""GPUs by the names people type."""

import pytest

from planner.errors import UnknownNameError, UsageError
from planner.hardware.gpus import choose_gpus, load_gpus, resolve_gpu


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RTX 4090", ("rtx-4090",)),
        ("rtx4090", ("rtx-4090",)),
        ("nvidia-tesla-t4", ("t4",)),
        ("NVIDIA A100-SXM4-80GB", ("a100-80gb-sxm",)),
        ("a100-80gb", ("a100-80gb-pcie", "a100-80gb-sxm")),
        ("A100", ("a100-40gb-pcie", "a100-40gb-sxm", "a100-80gb-pcie", "a100-80gb-sxm")),
        ("GTX 1080 Ti", ("gtx-1080-ti",)),
        ("mi300x", ("mi300x",)),
    ],
)
def test_spellings_resolve(text, expected):
    """Short names cover all variants, full ones exactly one."""
    assert expected == resolve_gpu(text)


def test_a_count_follows_a_colon():
    """`H100:8` asks for eight."""
    assert 8.0 == choose_gpus("H100:8").count
    assert choose_gpus("H100").count is None


@pytest.mark.parametrize("text", ["A100:0", "A100:-1", "A100:many", "A100:", "A100:nan", "A100:1e9"])
def test_a_count_that_is_none_is_refused(text):
    """The message quotes what was typed and shows how it is written."""
    with pytest.raises(UsageError, match="is not a number of GPUs"):
        choose_gpus(text)


def test_a_misspelt_gpu_offers_close_matches():
    """The nearest name is proposed."""
    with pytest.raises(UnknownNameError, match="rtx-4090"):
        resolve_gpu("rtx-4009")


@pytest.mark.parametrize(
    "name",
    [
        "A100", "RTX 4090", "RTX 3090", "RTX 3080", "GTX 1080 Ti", "Titan RTX", "Quadro RTX 8000", "Radeon VII",
        "GTX 1660 Ti", "GTX 1050",
    ],
)  # fmt: skip
def test_gpus_of_buying_guides_are_there(name):
    """Each has memory, bandwidth, FP32 rate and board power."""
    gpu = load_gpus()[resolve_gpu(name)[0]]

    assert gpu.memory_gib > 0
    assert gpu.memory_bandwidth_gb_per_s > 0
    assert gpu.fp32_tflops is not None
    assert gpu.tdp_watts is not None


def test_tflops_per_watt_by_hand():
    """RTX 4090: 165.2 dense FP16 tensor TFLOPS at 450 W."""
    gpu = load_gpus()["rtx-4090"]

    assert pytest.approx(165.2 / 450, rel=0.01) == gpu.fp16_tflops_per_watt


def test_titan_x_is_two_cards():
    """Of Maxwell and of Pascal, as in the rows of 2017; NVIDIA wrote GTX before the first alone."""
    assert ("titan-x-maxwell", "titan-x-pascal") == choose_gpus("Titan X").gpus
    assert ("titan-x-maxwell",) == choose_gpus("GTX Titan X").gpus
    assert ("gtx-1080",) == choose_gpus("NVIDIA GeForce GTX 1080").gpus
