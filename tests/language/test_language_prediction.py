"""Throughput of language models: basis, range, what is left out, and how well left-out steps are foretold."""

import json
import math
from dataclasses import replace

import pytest

from planner.answers.throughput import predict_throughput
from planner.errors import NoThroughputError, UnknownNameError, UsageError
from planner.language.prediction import on_machines, predict_language_model
from planner.language.step_time import load_step_time
from planner.model.records import Basis, Throughput
from planner.options.amounts import number_of
from planner.options.declared import filled
from planner.options.language_arguments import LanguageArguments
from planner.paths import shipped_data_dir
from planner.work.language import plan_language_work
from tests.builders import language_of


def test_a_measured_cell_is_measured():
    """MPT-7B at 2,048 tokens on eight A100-80GB: the fastest row of llm-foundry, 37,130 tokens/s."""
    found = predicted("mpt-7b", "a100-80gb-sxm", 8, sequence_length=2048, stack="llm-foundry")

    assert Basis.MEASURED is found.basis
    assert 37_130 == found.samples_per_second
    assert "mosaicml/llm-foundry" in found.sources[0]


def test_published_code_stands_on_the_measured_cell():
    """The same cell for code of today: the measured figure times the level of its class and faster attention, and no longer measured."""
    found = predicted("mpt-7b", "a100-80gb-sxm", 8, sequence_length=2048)

    level = load_step_time()["levels"]["typical, 8 GPUs and more, from 3 B"]
    assert Basis.SCALED is found.basis
    assert math.exp(level["shift"]) < found.samples_per_second / 37_130
    assert 0.80 < found.samples_per_second / 37_130 < 0.87  # published: about 0.84


def test_the_same_model_elsewhere_on_a100_is_scaled():
    """No row has 24 GPUs: the arithmetic and the learnt efficiencies stand for it."""
    assert Basis.SCALED is predicted("mpt-7b", "a100-80gb-sxm", 24).basis


def test_another_gpu_widens_the_range():
    """What was not measured is less sure."""
    near, far = predicted("llama-2-7b", "a100-80gb-sxm", 8), predicted("llama-2-7b", "h100-80gb-sxm", 8)

    assert Basis.MODELLED is near.basis is far.basis
    assert near.relative_high / near.relative_low < far.relative_high / far.relative_low
    assert math.log(near.high / near.low) <= math.log(far.high / far.low) + 1e-9


def test_amd_says_that_nothing_was_measured():
    """A note, beside the wider range."""
    amd = predicted("llama-2-7b", "mi300x", 8)

    assert any("no measurement of AMD" in note for note in amd.notes)


def test_qlora_is_slower_than_lora_and_lora_faster_than_full():
    """In one stack: no gradients of weights; unpacking of 4-bit weights."""
    rates = [
        predicted("llama-2-7b", "a100-80gb-sxm", 8, method=method, stack="llm-foundry").samples_per_second
        for method in ("full", "qlora", "lora")
    ]

    assert sorted(rates) == rates


def test_what_does_not_fit_is_left_out_with_the_reason():
    """One A10 cannot hold full fine-tuning of 8 B parameters; eight A100 can."""
    work = a_workload("llama-3-8b", method="full")

    found = predict_language_model(work, [("a10", 1), ("a100-80gb-sxm", 8), ("l4", 0.5)])

    assert isinstance(found["a10", 1], NoThroughputError)
    assert "llama-3-8b (full) does not fit into memory" in str(found["a10", 1])
    assert isinstance(found["a100-80gb-sxm", 8], Throughput)
    assert "not for a share of one" in str(found["l4", 0.5])


def test_machines_multiply_gpus():
    """256 machines of eight are 2,048 GPUs."""
    work = a_workload("llama-7b")
    cluster = replace(work, language=replace(work.language, node_count=256, network_gbit_per_s=1600.0))

    found = predict_language_model(cluster, [("a100-80gb-sxm", 8)])["a100-80gb-sxm", 8]
    whole = predict_language_model(work, [("a100-80gb-sxm", 2048)])["a100-80gb-sxm", 2048]

    assert whole.samples_per_second == found.samples_per_second


def test_the_explanation_names_layout_memory_and_utilisation():
    """Each step of the arithmetic is a line."""
    steps = "\n".join(predicted("llama-3-8b", "a100-80gb-sxm", 64).steps)

    for word in ("8.03B parameters", "layout:", "memory:", "MFU", "HFU", "checkpoints, evaluation, restarts"):
        assert word in steps


def test_predict_throughput_knows_language_models():
    """Names of shapes work like any other; a benchmark counts steps only, so a cluster loses nothing between them."""
    found = predict_throughput(
        model="llama-3-8b", gpu="h100-80gb-sxm", gpu_count=64, sequence_length_or_image_size=4096
    )

    assert Basis.MODELLED is found.basis
    assert not any("checkpoints, evaluation" in step for step in found.steps)
    assert "sequence of 4,096" in found.steps[0]


@pytest.mark.parametrize(("micro_batch", "tokens_per_second"), [(None, 463_749), (18, 463_749)])
def test_predict_throughput_gives_a_measured_cell(micro_batch, tokens_per_second):
    """MPT-7B on 128 A100-40GB as the row says, with its own micro batch or none asked for."""
    found = predict_throughput(
        model="mpt-7b", gpu="a100-40gb-sxm", gpu_count=128, precision="bf16", batch_size=micro_batch
    )

    assert Basis.MEASURED is found.basis
    assert tokens_per_second == found.samples_per_second


def test_bf16_needs_units_for_it():
    """A V100 has none; mixed precision runs."""
    work = a_workload("gpt2-124m")

    found = predict_language_model(work, [("v100-32gb", 1)])["v100-32gb", 1]

    assert "no bf16 units" in str(found)


def test_a_slow_network_costs_time():
    """The same two machines over 25 and over 3,200 Gbit/s."""
    work = a_workload("llama-2-7b")
    two = replace(work, language=replace(work.language, node_count=2))

    slow, fast = (on_machines(two, "a100-80gb-sxm", 8, gbit).samples_per_second for gbit in (25.0, 3200.0))

    assert slow < fast


@pytest.mark.parametrize(
    ("split", "median"),
    [
        ("llm-foundry A100, cells left out", 0.08),
        ("llm-foundry A100, models left out", 0.08),
        ("Megatron grid, cells left out", 0.12),
        ("Megatron grid, shapes left out", 0.12),
    ],
)
def test_left_out_steps_are_foretold(split, median):
    """The shipped figures, as `python -m scripts.fit_step_time` prints them: median error and coverage of the range."""
    document = json.loads((shipped_data_dir() / "language_step_time.json").read_text())

    figures = document["left_out"][split]

    assert median >= figures["median"]
    assert 0.87 <= figures["coverage"] <= 0.93
    assert figures["median"] < figures["baseline_median"]


@pytest.mark.slow
def test_the_shipped_fit_is_the_one_of_the_shipped_rows():
    """Fitting llm-foundry again gives the shipped efficiencies and the shipped left-out error."""
    from planner.accuracy.measured_steps import foundry_steps  # noqa: PLC0415
    from planner.accuracy.step_time_fit import FOUNDRY, learn_stack, leave_out  # noqa: PLC0415
    from planner.language.step_time import load_stacks  # noqa: PLC0415

    document = json.loads((shipped_data_dir() / "language_step_time.json").read_text())

    again = learn_stack(foundry_steps(), **FOUNDRY)
    result = leave_out("llm-foundry A100, cells left out", foundry_steps(), by_group=False, **FOUNDRY)

    assert pytest.approx(load_stacks()["llm-foundry"].traffic, rel=1e-3) == again.traffic
    assert pytest.approx(document["left_out"][result.split]["median"], rel=1e-2) == result.median


def test_a_checkpoint_of_adapters_holds_only_them():
    """Frozen weights are on disk already: 42 million parameters of rank 16 are saved, not eight billion."""
    workloads = [
        plan_language_work(model="llama-3-8b", options=language_of(tokens=1e6, method=method)).workload
        for method in ("full", "qlora")
    ]

    assert [8030, 42] == [round(workload.trained_params_millions) for workload in workloads]


def test_learned_positions_end_where_they_end():
    """GPT-2 has 1,024 positions: pretraining makes more, tuning cannot; rotary positions have no end."""
    too_long = {"tokens": 1e6, "sequence_length": 4096}

    plan_language_work(model="gpt2", options=language_of(**too_long))
    plan_language_work(model="llama-2-7b", options=language_of(**too_long, method="lora"))
    with pytest.raises(UsageError, match="longer than the 1,024 positions that gpt2-124m has learned"):
        plan_language_work(model="gpt2", options=language_of(**too_long, method="lora"))


@pytest.mark.parametrize(
    ("text", "number"),
    [("15B", 15e9), ("1.4T", 1.4e12), ("300m", 300e6), ("7e9", 7e9), ("1e+16", 1e16), ("500k", 5e5), ("1,000", 1000)],
)
def test_counts_may_be_short(text, number):
    """K, M, B and T in either case, exponents and thousands separators."""
    assert pytest.approx(number) == number_of(text)


@pytest.mark.parametrize("text", ["", "B", "-5B", "0", "1.2.3", "15X"])
def test_what_is_no_count_is_refused(text):
    """The message shows how to write one."""
    with pytest.raises(UsageError, match=r"^tokens must be (a number, not .*Write for example 15B|above 0, not )"):
        filled(LanguageArguments, {"tokens": text})


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, UsageError, "How much text. Give tokens"),
        (
            {"tokens": 1e9, "epochs": 3},
            UsageError,
            # 1e9 / 2048 = 488,281.25
            "give tokens 3,000,000,000 alone, or samples 488,281 of 2,048 tokens with epochs 3",
        ),
        (
            {"tokens": 1e9, "samples": 1000, "epochs": 2},
            UsageError,
            "contradicts samples 1,000 x sequence_length 2048",
        ),
        ({"tokens": 1e9, "method": "loraa"}, UnknownNameError, "Did you mean lora or qlora"),
        ({"tokens": 1e9, "method": "full", "rank": 8}, UsageError, "rank is the size of adapters"),
        ({"tokens": 1e9, "zero_stage": 4}, UsageError, "zero_stage must be 0 to 3"),
        ({"tokens": 1e9, "batch_tokens": 100}, UsageError, "less than one sequence of 2048"),
        ({"tokens": 1e9, "optimizer": "lion"}, UnknownNameError, "Unknown optimiser"),
        ({"tokens": 1e9, "stack": "jax"}, UnknownNameError, "Unknown software stack"),
        ({"tokens": 1e9, "tensor_parallel": 7}, UsageError, "Sizes that do"),
        ({"tokens": 1e9, "sequence_length": 0}, UsageError, "sequence_length must be at least 1"),
        ({"tokens": 1e9, "params": 7e9}, UsageError, "has a shape already: leave out params"),
    ],
)
def test_bad_input_is_refused_with_what_would_work(options, error, message):
    """Contradictions and unknown names."""
    options = dict(options)
    epochs = options.pop("epochs", None)

    with pytest.raises(error, match=message):
        plan_language_work(model="llama-3-8b", epochs=epochs, options=language_of(**options))


def test_samples_and_epochs_make_tokens():
    """50,000 samples of 1,024 tokens three times are 153.6 M tokens."""
    options = language_of(samples=50_000, sequence_length=1024, method="lora")

    work = plan_language_work(model="llama-3-8b", epochs=3, options=options)

    assert 153_600_000 == work.workload.samples
    assert 51_200_000 == work.workload.samples_per_epoch


def test_tokens_that_agree_with_samples_are_accepted():
    """Saying the same thing twice is no contradiction."""
    options = language_of(samples=1000, sequence_length=2048, tokens=4_096_000)

    assert 4_096_000 == plan_language_work(model="gpt-neox-20b", epochs=2, options=options).workload.samples


def predicted(name, gpu, count, **options):
    """Throughput of a job of that model on so many of the GPU."""
    found = predict_language_model(a_workload(name, **options), [(gpu, count)])[gpu, count]
    assert isinstance(found, Throughput), found
    return found


def a_workload(name, **options):
    """A run of 1 B tokens."""
    return plan_language_work(model=name, precision="bf16", options=language_of(tokens=1e9, **options)).workload
