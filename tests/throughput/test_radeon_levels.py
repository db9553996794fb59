"""Radeon cards: levels that were measured beside an RTX 2080 Ti, and what they change."""

import math

import pytest

import planner
from planner.accuracy.device_splits import device_splits
from planner.accuracy.radeon_errors import radeon_levels_learnt
from planner.hardware.gpus import load_gpus
from planner.hardware.tables import read_rows
from planner.throughput.radeon_levels import ANY, RadeonLevel, at_radeon_level, radeon_levels


def figure(gpu, **other):
    """A throughput foretold: 100 a second, 50 to 200."""
    from planner.model.records import Basis, Precision, Throughput  # noqa: PLC0415 - one helper

    return Throughput(
        **{
            "samples_per_second": 100.0, "low": 50.0, "high": 200.0, "basis": Basis.SCALED, "precision": Precision.AMP,
            "stack": "s", "sources": (),
        }
        | other
    )  # fmt: skip


def test_the_levels_are_those_of_the_ratios():
    """`data/radeon_levels.csv` says what the ratios over the foretold ratios say."""
    assert list(radeon_levels_learnt()) == read_rows("radeon_levels.csv", RadeonLevel)


def test_a_card_is_held_to_its_level():
    """The figure moves by the level, and the range is its own and the level's together."""
    level = radeon_levels()["rx-7700s", "16"]
    found = at_radeon_level(figure("rx-7700s"), load_gpus()["rx-7700s"], "16")
    half = math.hypot(math.log(2), level.half_width_ln)

    assert pytest.approx(100 * math.exp(level.shift_ln)) == found.samples_per_second
    assert pytest.approx((math.exp(-half), math.exp(half))) == (
        found.low / found.samples_per_second,
        found.high / found.samples_per_second,
    )


def test_other_cards_stay_as_they_are():
    """NVIDIA's, and AMD's for servers; of a Radeon of an older line only the slow end falls."""
    for name in ("rtx-2080-ti", "mi300x", "mi100"):
        assert figure(name) == at_radeon_level(figure(name), load_gpus()[name], "16")
    old = at_radeon_level(figure("radeon-vii"), load_gpus()["radeon-vii"], "16")
    assert (100.0, pytest.approx(200.0)) == (old.samples_per_second, old.high)
    level = radeon_levels()[ANY, "16"]
    assert pytest.approx(100 * math.exp(-math.hypot(math.log(2), level.half_width_ln - level.shift_ln))) == old.low


def test_a_card_without_builds_is_held_to_the_one_that_was_measured():
    """Radeon Pro V520 has none, as the RX 5700: a fifth of its sheet in 16 bits; cards with builds come near theirs."""
    found = at_radeon_level(figure("radeon-pro-v520"), load_gpus()["radeon-pro-v520"], "16")

    assert (
        pytest.approx(100 * math.exp(radeon_levels()["rx-5700", "16"].shift_ln), rel=1e-3) == found.samples_per_second
    )
    assert 0.9 < math.exp(radeon_levels()[ANY, "16"].shift_ln) < 1.1


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
