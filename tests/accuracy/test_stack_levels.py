"""Levels of published code: publications counted, each judged by the others, by hand where it can be."""

import math
from dataclasses import replace

import pytest

from planner.accuracy.few_publications import drawn, t_quantile, weighted_quantile
from planner.accuracy.fp8_gain import fp8_pairs, learn_fp8
from planner.accuracy.published_steps import foretold_steps, load_published_steps
from planner.accuracy.stack_levels import learn_levels, leave_publications_out, slow_apart
from planner.accuracy.stack_validation import stack_splits
from planner.hardware.gpus import load_gpus
from planner.language.step_time import load_stacks, load_step_time
from planner.language.training_hardware import hardware_of
from planner.model.records import Precision

LARGE = "typical, 8 GPUs and more, from 3 B"


@pytest.fixture(scope="module")
def steps():
    """Every published step, foretold."""
    return foretold_steps()


@pytest.fixture(scope="module")
def splits():
    """The splits by name."""
    return {split.split: split for split in stack_splits()}


def test_a_step_is_foretold_on_the_card_that_ran_it():
    """torchtitan's H100 were of 500 W and 2.4 TB/s: in BF16 (500 / 700)^0.3 of the usual rate; other rows name the usual card."""
    rows = [row for row in load_published_steps() if row.gpu == "h100-80gb-sxm"]
    cards = {row.publication: row.card for row in rows if row.publication != "torchtitan" or row.card_watts}
    odd, usual = (hardware_of(cards[name], 8, Precision.BF16) for name in ("torchtitan", "fms-fsdp"))

    assert load_gpus()["h100-80gb-sxm"] == cards["fms-fsdp"]
    assert pytest.approx((500 / 700) ** 0.3) == odd.peak_flops / usual.peak_flops
    assert 2.4e12 == odd.bytes_per_second


def test_few_publications_have_long_tails():
    """Student's t: five publications and the weight of four more have eight degrees of freedom."""
    assert (1.860, 2.132) == (t_quantile(5), t_quantile(1))
    assert t_quantile(20) == t_quantile(12)


def test_a_variance_is_drawn_towards_the_usual_one():
    """(2 x 0.01 + 4 x 0.04) / 6 = 0.03; without any, the usual one."""
    assert pytest.approx(0.03) == drawn(0.01, 2, 0.04)
    assert 0.04 == drawn(None, 1, 0.04)


def test_the_weighted_median_counts_weights():
    """One publication of ten steps does not outvote two of one step each."""
    assert 1.0 == weighted_quantile([0.1] * 10 + [1.0, 2.0], [0.1] * 10 + [1.0, 1.0], 0.5)


def test_the_level_is_the_mean_of_publications(steps):
    """Two of 0.1 and -0.3 and the fit at 0 are -0.0667, however many steps each has."""
    some = [one for one in steps if one.group == LARGE][:1]
    made = [replace(some[0], publication=name, excess=excess) for name, excess in [("a", 0.1)] * 9 + [("b", -0.3)]]
    others = [replace(some[0], publication=name, group="fused, 16 bits", excess=0.2) for name in "cd"]

    level = learn_levels([*made, *others], 1.0)[LARGE]

    assert pytest.approx(-0.2 / 3, abs=1e-4) == level.shift
    assert 3 == level.publications


def test_the_reach_of_a_class_by_hand(steps):
    """Publications at -0.3, 0.1 and the fit at 0, no scatter within: t(7) = 1.895 times the root of tau2 (1 + 1 / 7)."""
    some = next(one for one in steps if one.group == LARGE)
    made = [replace(some, publication=name, excess=excess) for name, excess in (("a", 0.1), ("b", -0.3))]
    made += made  # two steps each, alike

    level = learn_levels(made, 1.0)[LARGE]

    mean = -0.2 / 3
    tau = ((0.1 - mean) ** 2 + (-0.3 - mean) ** 2 + mean**2) / 2  # the only class: drawn towards itself
    assert pytest.approx(1.943 * math.sqrt(tau * (1 + 1 / 7)), abs=1e-4) == level.common  # 3 + 4 - 1 degrees of freedom
    assert 0.0 == level.spread


def test_the_code_of_the_fit_leaves_with_its_publication(steps):
    """llm-foundry's steps in fp8 are judged without its own steps in 16 bits as one of the publications of their class."""
    gain = load_stacks()["typical"].attention_gain
    usual = slow_apart(steps)[0]

    with_it, without = (learn_levels(usual, gain, name)[LARGE].publications for name in ("", "llm-foundry"))

    assert without == with_it - 1


@pytest.mark.slow
def test_nothing_is_learnt_from_what_is_left_out(steps):
    """A publication ten times too fast does not change how it is foretold itself."""
    usual, _ = slow_apart(steps)
    pairs = fp8_pairs()
    moved = [replace(one, excess=one.excess + math.log(10)) if one.publication == "internlm" else one for one in usual]

    before, after = (
        [one for one in leave_publications_out(every, pairs) if one.publication == "internlm"]
        for every in (usual, moved)
    )

    assert [one.width for one in before] == [one.width for one in after]
    assert pytest.approx([one.error + math.log(10) for one in before]) == [one.error for one in after]


def test_far_slower_code_is_reported_apart(steps):
    """Megatron in a fine-tuning script trains a mixture at a fifth of every other publication's speed, FSDP in another 70 B at a thirteenth."""
    usual, apart = slow_apart(steps)

    assert {("mixtures", "ms-swift"), ("transformers-peft", "hf-fsdp")} == {
        (one.group, one.publication) for one in apart
    }
    assert len(steps) == len(usual) + len(apart)


def test_the_shipped_levels_are_those_of_the_shipped_steps(steps):
    """The file holds what the steps say now."""
    shipped = load_step_time()["levels"]

    found = learn_levels(slow_apart(steps)[0], load_stacks()["typical"].attention_gain)

    assert sorted(shipped) == sorted(found)
    for name, level in found.items():
        assert pytest.approx(shipped[name]["shift"], abs=2e-3) == level.shift, name
        assert pytest.approx(shipped[name]["common"], abs=2e-3) == level.common, name


def test_the_shipped_gain_is_that_of_the_shipped_steps():
    """Products run 1.7 times as fast in fp8, by three stacks that published both formats; an eager step is no pair of a compiled one."""
    fp8 = learn_fp8(fp8_pairs())

    assert pytest.approx(load_step_time()["fp8"]["gain"]) == fp8.gain
    assert {"llm-foundry", "nemo", "torchtitan"} == {pair.publication for pair in fp8_pairs()}


@pytest.mark.slow
def test_large_models_on_many_gpus_are_foretold_from_other_publications(splits):
    """Median error at most 10 percent and nine in ten inside; the range is at most 2.1 wide."""
    (found,) = [one for one in splits["publication"].groups["class"] if one.name == LARGE]

    assert 10 <= found.n
    assert found.median <= 0.10
    assert found.coverage >= 0.85
    assert found.width <= 2.1


@pytest.mark.slow
def test_few_gpus_are_foretold_from_other_publications(splits):
    """Median error at most 20 percent, eight in ten inside."""
    (found,) = [one for one in splits["publication"].groups["gpu_count"] if one.name == "1 to 7 GPUs"]

    assert 6 == found.n
    assert found.median <= 0.20
    assert found.coverage >= 0.80


@pytest.mark.slow
def test_adapters_are_foretold_from_other_publications(splits):
    """In each stack eight in ten inside a range at most three wide; errors count publications."""
    for found in splits["adapter_stack"].groups["class"]:
        assert found.coverage >= 0.80, found
        assert found.width <= 3.0, found
        assert found.median <= 0.30, found
    assert 9 == splits["adapter_stack"].errors.n


@pytest.mark.slow
def test_every_split_of_publications_holds_what_it_promises(splits):
    """About nine in ten of the publications, whatever the class."""
    for name in ("publication", "publication_fp8", "publication_mixture", "adapter_stack"):
        assert splits[name].errors.coverage >= 0.85, name
        assert splits[name].errors.width > 1.5, name


def test_a_class_of_many_publications_says_more_of_the_usual_spread(steps):
    """Two classes, at +-0.1 twice and at +-0.4: a third of one publication is drawn to (5 x 0.008 + 2 x 0.32) / 7."""
    some = next(one for one in steps if one.group == LARGE)
    levels = {"transformers-peft": [0.1, -0.1, 0.1, -0.1], "fused, 16 bits": [0.4, -0.4], "fused, fp8": [0.2]}
    made = [
        replace(some, publication=f"{group} {number}", group=group, excess=excess)
        for group, several in levels.items()
        for number, excess in enumerate(several)
    ]

    level = learn_levels([*made, *made], 1.0)["fused, fp8"]

    # the code of the fit is a fifth publication of the first class, at its level of 0
    usual = (5 * (4 * 0.01 / 5) + 2 * (2 * 0.16)) / 7
    assert pytest.approx(t_quantile(1) * math.sqrt(usual * (1 + 1 / 5)), abs=1e-3) == level.common
