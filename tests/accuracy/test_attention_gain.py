"""How much faster attention is today: learnt from steps that one publication made at several lengths."""

from dataclasses import replace

import pytest

from planner.accuracy.attention_gain import at_gain, learn_attention
from planner.accuracy.published_steps import foretold_steps, load_published_steps
from planner.language.step_time import load_stacks
from planner.throughput.memory import GIB


@pytest.fixture(scope="module")
def steps():
    """Every published step, foretold."""
    return foretold_steps()


def test_steps_at_several_lengths_teach_the_gain(steps):
    """FlashAttention-2's own table and VectorLM's, each without the other, say that attention is about twice as fast."""
    alone = {
        one.publication: learn_attention(step for step in steps if step.publication == one.publication) for one in steps
    }

    assert {"flash-attention", "vectorlm"} == {name for name, gain in alone.items() if gain > 1}
    assert all(1.5 < alone[name] < 2.6 for name in ("flash-attention", "vectorlm"))
    assert pytest.approx(load_stacks()["typical"].attention_gain) == learn_attention(steps)


def test_the_gain_is_found_again(steps):
    """Steps that lie where a gain of 1.4 would put them, each publication at a level of its own, teach 1.4."""
    levels = {"flash-attention": 0.3, "vectorlm": -0.2}
    made = [
        replace(one, excess=levels[one.publication] + one.excess - moved.excess)
        for one, moved in zip(steps, at_gain(steps, 1.4), strict=True)
        if one.publication in levels
    ]

    assert pytest.approx(1.4) == learn_attention(made)


def test_longer_sequences_gain_more(steps):
    """At 8,192 tokens faster attention lifts what is foretold more than at 2,048; the shipped gain moves nothing."""
    some = [one for one in steps if one.publication == "flash-attention"]
    slower = [one.excess - before.excess for one, before in zip(at_gain(some, 1.0), some, strict=True)]

    by_length = {one.work.job.sequence_length: gained for one, gained in zip(some, slower, strict=True)}

    assert 0 < by_length[2048] < by_length[8192]
    assert [one.excess for one in some] == [
        one.excess for one in at_gain(some, load_stacks()["typical"].attention_gain)
    ]


def test_a_layout_published_whole_is_foretold_as_it_ran(steps):
    """nanochat holds 32 sequences on an A100 without recomputation, where our count of memory says that it does not fit."""
    (one,) = [one for one in steps if one.publication == "nanochat" and one.plan.gpu_count == 8 and one.is_as_published]

    layout = one.plan.plan.layout

    assert (8, 1, 32, "none") == (layout.data, layout.zero_stage, layout.micro_batch, str(layout.recomputation))
    assert one.plan.plan.memory.total > 80 * GIB


def test_a_step_is_foretold_over_the_network_that_it_ran_on(steps):
    """InternLM's machines have four cards of 100 Gbit/s; nothing is said of the network of one machine."""
    found = {(one.plan.gpu_count > 8, one.work.network_gbit_per_s) for one in steps if one.publication == "internlm"}

    assert {(False, None), (True, 400)} == found


def test_a_card_has_the_memory_that_it_had():
    """torchtitan's H100 have 96 GB; VectorLM's runs recompute all layers and share nothing but ZeRO."""
    rows = load_published_steps()

    assert {96} == {row.card.memory_gib for row in rows if row.publication == "torchtitan" and row.card_gib}
    assert {("full", 1, 1)} == {
        (row.recompute, row.tensor_parallel, row.pipeline_parallel) for row in rows if row.publication == "vectorlm"
    }
