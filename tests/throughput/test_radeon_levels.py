"""Radeon cards: levels that were measured beside an RTX 2080 Ti, and what they change."""

import math

import pytest

import planner
from planner.accuracy.device_splits import device_splits
from planner.accuracy.radeon_errors import radeon_levels_learnt
from planner.hardware.gpus import load_gpus
from planner.hardware.tables import read_rows
from planner.model.records import Basis, Precision, Throughput
from planner.throughput.radeon_levels import ANY, RadeonLevel, at_radeon_level, radeon_levels


def figure(gpu, **other):
    """A throughput foretold: 100 a second, 50 to 200."""
    return Throughput(
        **{
            "samples_per_second": 100.0, "low": 50.0, "high": 200.0, "basis": Basis.SCALED, "precision": Precision.AMP,
            "stack": "s", "sources": (),
        }
        | other
    )  # fmt: skip


def levelled(name):
    """The figure at the level of a card, of a network that no Radeon ran."""
    return at_radeon_level(figure(name), load_gpus()[name], "vit-large", "16", lambda one: figure(one.name))


def test_the_levels_are_those_of_the_ratios():
    """`data/radeon_levels.csv` says what the ratios over the foretold ratios say."""
    assert list(radeon_levels_learnt()) == read_rows("radeon_levels.csv", RadeonLevel)


def test_a_card_is_held_to_its_level():
    """The figure moves by the level, and the range is its own and the level's together."""
    level = radeon_levels()["rx-7700s", "16"]
    found = levelled("rx-7700s")
    half = math.hypot(math.log(2), level.half_width_ln)

    assert pytest.approx(100 * math.exp(level.shift_ln)) == found.samples_per_second
    assert pytest.approx((math.exp(-half), math.exp(half))) == (
        found.low / found.samples_per_second,
        found.high / found.samples_per_second,
    )


def test_other_cards_stay_as_they_are():
    """NVIDIA's, and AMD's for servers; of a Radeon of an older line only the slow end falls, by the whole width of those that were measured."""
    for name in ("rtx-2080-ti", "mi300x", "mi100"):
        assert figure(name) == levelled(name)
    old = levelled("radeon-vii")
    assert (100.0, pytest.approx(200.0)) == (old.samples_per_second, old.high)
    level = radeon_levels()[ANY, "16"]
    assert (
        pytest.approx(100 * math.exp(-math.hypot(math.log(2), level.half_width_ln - min(level.shift_ln, 0)))) == old.low
    )


def test_a_card_without_builds_is_held_to_the_one_that_was_measured():
    """Radeon Pro V520 has none, as the RX 5700: a fifth of its sheet in 16 bits; cards with builds exceed theirs, which is of FP32."""
    found = levelled("radeon-pro-v520")

    assert (
        pytest.approx(100 * math.exp(radeon_levels()["rx-5700", "16"].shift_ln), rel=1e-3) == found.samples_per_second
    )
    assert 1.2 < math.exp(radeon_levels()[ANY, "16"].shift_ln) < 1.6


def test_a_row_of_a_small_batch_is_no_measurement_of_a_full_one():
    """The RX 6800 trained ResNet-50 at 0.96 of an RTX 2080 Ti, both in fp16 at batch 12: so it does at the usual batches, scaled."""
    full, beside = (
        planner.predict_throughput(model="resnet50", gpu=gpu, precision="amp") for gpu in ("rx-6800", "rtx-2080-ti")
    )

    assert Basis.SCALED is full.basis
    assert pytest.approx(0.96103 * beside.samples_per_second, rel=1e-3) == full.samples_per_second
    assert any("0.96 of an RTX 2080 Ti, measured in fp16 at batch 12" in step for step in full.steps)
    assert any("AMD_Radeon_RX_6800__half_model_train" in source for source in full.sources)


@pytest.mark.parametrize(
    ("gpu", "precision", "batch", "basis"),
    [
        ("rx-6800", "fp16", 12, Basis.MEASURED),
        ("rx-6800", "fp16", None, Basis.SCALED),
        ("rx-6800", "amp", 12, Basis.SCALED),  # the row is of pure half precision
        ("rx-5700", "fp32", None, Basis.SCALED),
        ("titan-xp", "fp32", 12, Basis.MEASURED),
        ("titan-xp", "amp", None, Basis.SCALED),
        ("a100-80gb-sxm", "bf16", None, Basis.SCALED),  # the rows are of mixed precision
        ("a100-80gb-sxm", "amp", None, Basis.MEASURED),
    ],
)
def test_a_figure_is_measured_only_at_its_own_batch_and_format(gpu, precision, batch, basis):
    """Another 16-bit format is scaled by 1 and wider; a batch of 12 answers for those who ask for it."""
    found = planner.predict_throughput(model="resnet50", gpu=gpu, precision=precision, batch_size=batch)

    assert basis is found.basis


def test_another_format_keeps_the_rate_and_widens_the_range():
    """bf16 by rows of mixed precision: the same rate, each end 8 % further off."""
    own, other = (
        planner.predict_throughput(model="resnet50", gpu="a100-80gb-sxm", precision=one) for one in ("amp", "bf16")
    )

    assert own.samples_per_second == other.samples_per_second
    assert (pytest.approx(own.low / 1.079, rel=1e-3), pytest.approx(own.high * 1.079, rel=1e-3)) == (
        other.low,
        other.high,
    )


def test_the_high_end_of_a_card_with_fast_halves_is_not_held_at_its_fp32_peak():
    """RX 6800, VGG-16: 16.17 TFLOPS in FP32 would allow 139 images/s at 80 %, and 166 were measured at batch 12 in fp16."""
    found = planner.predict_throughput(model="vgg16", gpu="rx-6800", precision="amp")
    pascal = planner.predict_throughput(model="vgg16", gpu="gtx-1080-ti", precision="amp")

    assert found.low < 165.566 < found.high <= 0.8 * 32.33e3 / (6 * 15.47) * 1.01
    assert pascal.high <= 0.8 * 11.3e3 / (6 * 15.47) * 1.01  # its halves run at 1/64


def test_cards_and_networks_left_out_are_foretold():
    """Four cards of 226 rows, 164 of them on cards that teach: nine in ten within the range."""
    cards, networks = device_splits(["amd_card", "amd_network"])

    assert (226, 164) == (cards.errors.n, networks.errors.n)
    assert networks.errors.median <= 0.25
    assert 8 > cards.errors.width
    for split in (cards, networks):
        assert 0.85 <= split.errors.coverage <= 0.95


GUIDES = (
    "a100-40gb-pcie", "a100-40gb-sxm", "rtx-4090", "quadro-rtx-8000", "radeon-vii", "rtx-3080", "gtx-1080-ti", "titan-rtx",
    "rtx-3090", "gtx-1660-ti", "gtx-1050", "rx-5700", "rx-6800", "rx-7700s", "rx-7800-xt",
)  # fmt: skip


@pytest.mark.parametrize("gpu", GUIDES)
def test_every_card_of_the_guides_has_figures(gpu):
    """ResNet-50 and one language model where memory allows: basis, source, and a range that is not absurd."""
    from planner.errors import DoesNotFitError  # noqa: PLC0415 - one test

    network = planner.predict_throughput(model="resnet50", gpu=gpu)
    assert network.sources
    assert 1.5 < network.high / network.low < 25
    try:
        text = planner.predict_throughput(model="gpt2", gpu=gpu)
    except DoesNotFitError:
        assert load_gpus()[gpu].memory_gib <= 2
    else:
        assert text.low < text.samples_per_second < text.high
