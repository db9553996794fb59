"""How weights and optimiser are held: bytes by hand, what the host takes, what excludes what, and what the refusal names."""

import json

import pytest

from planner.answers.fit import fit_of
from planner.errors import DoesNotFitError, UnknownNameError, UsageError
from planner.hardware.gpus import load_gpus
from planner.language.host import HOST_BYTES, UPDATE_SECONDS, host_bytes, host_reach, host_seconds, spilled_bytes
from planner.language.jobs import plan_job
from planner.language.listed import find_language_model
from planner.language.memory import memory_needed
from planner.language.prediction import on_machines
from planner.language.training_hardware import hardware_of
from planner.model.language_runs import CpuOffload, Layout, Optimizer, Recomputation
from planner.model.records import Precision
from planner.throughput.memory import GIB
from planner.work.language import plan_language_work
from tests.builders import language_of

SEVEN = find_language_model("llama-2-7b")
ONE = Layout(recomputation=Recomputation.FULL)
OPEN_LLAMA_3B = {
    "model_type": "llama", "hidden_size": 3200, "num_hidden_layers": 26, "num_attention_heads": 32,
    "intermediate_size": 8640, "vocab_size": 32000, "max_position_embeddings": 2048, "tie_word_embeddings": False,
}  # fmt: skip


def a_job(model=SEVEN, **options):
    return plan_job(model, language_of(method="full", **options))


def a_work(**options):
    return plan_language_work(model="llama-2-7b", options=language_of(tokens=1e8, method="full", **options)).workload


@pytest.mark.parametrize(
    ("options", "on_the_gpu"),
    [
        ({}, 2 + 2 + 12),
        ({"pure_bf16": True}, 2 + 2 + 4),
        ({"pure_bf16": True, "optimizer": "adamw-8bit"}, 2 + 2 + 2),
        ({"pure_bf16": True, "optimizer": "sgd"}, 2 + 2),
        ({"pure_bf16": True, "optimizer": "sgd-momentum"}, 2 + 2 + 2),
        ({"optimizer": "sgd"}, 2 + 2 + 4),
        ({"pure_bf16": True, "optimizer": "paged-adamw"}, 2 + 2),
        ({"pure_bf16": True, "cpu_offload": "optimizer"}, 2 + 2),
        ({"cpu_offload": "all"}, 0),
    ],
)
def test_bytes_per_parameter(options, on_the_gpu):
    """Weights, gradients and states of one GPU that accumulates, in bytes a parameter."""
    memory = memory_needed(a_job(**options), ONE)

    assert pytest.approx(on_the_gpu) == (memory.weights + memory.gradients + memory.optimizer) / SEVEN.parameters


def test_gradients_take_the_room_of_activations_where_nothing_is_accumulated():
    """One forward pass a step: what activations and logits leave of 2 bytes a parameter; in backward none is left over."""
    once, often = (a_job(sequence_length=512, batch_tokens=tokens) for tokens in (512, 64 * 512))

    memory, accumulated = memory_needed(once, ONE), memory_needed(often, ONE)
    in_backward = memory_needed(a_job(sequence_length=512, optimizer_in_backward=True), ONE)

    assert pytest.approx(2 * SEVEN.parameters) == accumulated.gradients
    assert pytest.approx(2 * SEVEN.parameters - memory.activations - memory.logits) == memory.gradients
    assert in_backward.gradients < 0.01 * accumulated.gradients


@pytest.mark.parametrize(
    ("options", "bytes_a_parameter"),
    [
        ({"cpu_offload": "optimizer"}, 4 + 8 + 4),  # FP32 copy, moments, FP32 gradients
        ({"cpu_offload": "optimizer", "pure_bf16": True}, 4 + 2 + 2),  # moments, copies of gradients and weights
        ({"cpu_offload": "all"}, 4 + 8 + 4 + 2),
        ({"optimizer": "paged-adamw", "pure_bf16": True}, 8),  # all of it, where the GPU has no room at all
    ],
)
def test_host_memory_by_hand(options, bytes_a_parameter):
    """On eight GPUs of one machine that shard all, the whole model's, and what a program takes besides."""
    job = a_job(**options)
    layout = Layout(data=8, zero_stage=3, recomputation=Recomputation.FULL)
    memory = memory_needed(job, layout)

    found = host_bytes(job, layout, spilled_bytes(job, layout, memory, memory.total), 8)

    assert pytest.approx(bytes_a_parameter * SEVEN.parameters + HOST_BYTES) == found


def test_a_paged_optimiser_spills_what_is_short():
    """With room for half of its states the host holds the other half, which comes and goes once an update."""
    job = a_job(optimizer="paged-adamw-8bit", pure_bf16=True)
    memory, states = memory_needed(job, ONE), 2 * SEVEN.parameters
    hardware = hardware_of(load_gpus()["rtx-4090"], 1, Precision.BF16)

    spilled = spilled_bytes(job, ONE, memory, memory.total + states / 2)

    assert pytest.approx(states / 2) == spilled
    assert pytest.approx(states / 24e9) == host_seconds(job, ONE, hardware, spilled)
    assert 0 == spilled_bytes(job, ONE, memory, memory.total + states)


def test_an_offloaded_update_takes_its_time():
    """0.23 ns a parameter, 2 + 2 bytes over the bus; half of a step on the host makes it up to 4.2 times as long."""
    job = a_job(cpu_offload="optimizer", pure_bf16=True)
    hardware = hardware_of(load_gpus()["a100-80gb-sxm"], 1, Precision.BF16)

    by_hand = SEVEN.parameters * (UPDATE_SECONDS + 4 / 24e9)

    assert pytest.approx(by_hand) == host_seconds(job, ONE, hardware, 0.0)
    assert host_reach(0.0) == (0.0, 0.0)
    assert pytest.approx(1.44, abs=0.01) == host_reach(0.5)[0]


def test_host_memory_is_asked_of_the_machine():
    """58 GiB for 7 B in pure BF16: left out where the instance has less, a note where it does not say, none where it has more."""
    work = a_work(cpu_offload="optimizer", pure_bf16=True)

    little, unknown, enough = (on_machines(work, "a100-80gb-sxm", 1, None, memory) for memory in (32.0, None, 256.0))

    assert isinstance(little, DoesNotFitError)
    assert "54 GiB or more of its machine's own memory" in str(little)
    assert any("must have 54 GiB of memory of its own; how much it has is not known" in note for note in unknown.notes)
    assert not any("not known" in note for note in enough.notes)
    assert (
        enough.high / enough.low
        > 1.2
        * on_machines(a_work(pure_bf16=True), "a100-80gb-sxm", 1, None).high
        / on_machines(a_work(pure_bf16=True), "a100-80gb-sxm", 1, None).low
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pure_bf16": True, "precision": "fp32"}, "pure_bf16 holds everything in BF16, precision fp32 does not"),
        ({"pure_bf16": True, "precision": "fp16"}, "precision fp16 does not"),
        ({"optimizer_in_backward": True, "batch_tokens": 1e6}, "accumulates nothing: a step is one forward pass"),
        ({"optimizer_in_backward": True, "pipeline_parallel": 2}, "a pipeline of 2 stages must"),
        ({"cpu_offload": "optimizer", "optimizer": "paged-adamw"}, "holds the states in host memory already"),
    ],
)
def test_what_excludes_each_other_is_refused(options, words):
    """With the option to leave out."""
    precision = options.pop("precision", "amp")
    with pytest.raises(UsageError, match=words):
        plan_job(SEVEN, language_of(method="full", **options), precision)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("paged_adamw_8bit", Optimizer.PAGED_ADAMW_8BIT),
        ("paged_adamw_32bit", Optimizer.PAGED_ADAMW),
        ("bitsandbytes.optim.PagedAdamW8bit", Optimizer.PAGED_ADAMW_8BIT),
        ("adamw_bnb_8bit", Optimizer.ADAMW_8BIT),
        ("adamw_torch", Optimizer.ADAMW),
        ("AdamW", Optimizer.ADAMW),
    ],
)
def test_optimisers_are_known_by_the_names_of_trainers(typed, meant):
    """As Hugging Face, torchtune and bitsandbytes spell them."""
    assert meant is a_job(optimizer=typed).optimizer


def test_a_misspelt_optimiser_or_offload_is_refused():
    """With close ones."""
    with pytest.raises(UnknownNameError, match="adamw-8bit"):
        a_job(optimizer="adamw-8bits")
    with pytest.raises(UnknownNameError, match="Known: none, optimizer, all"):
        a_job(cpu_offload="gpu")


def test_pure_bf16_needs_a_gpu_that_has_it():
    """Not a V100: it says so, and promises no change."""
    report = fit_of(a_work(pure_bf16=True), "v100-32gb", 1)

    assert (False, None) == (report.fits, report.change)
    assert "has no bf16 units" in report.reason


def test_seven_billion_in_full_on_a_24_gb_card():
    """As torchtune runs it; the refusal of the usual way names just that, and the named way fits."""
    refused = fit_of(a_work(), "rtx-4090", 1)
    way = {"optimizer": "paged-adamw-8bit", "pure_bf16": True, "optimizer_in_backward": True}

    named = fit_of(a_work(**way), "rtx-4090", 1)

    assert refused.change.startswith("optimizer paged-adamw-8bit pure_bf16 optimizer_in_backward (one GPU")
    assert named.fits
    assert 10 * GIB < named.host_bytes < 20 * GIB


def test_three_billion_in_pure_bf16(tmp_path):
    """6 bytes x 3.43 B = 20.6 GB and what a step needs: 22 GB, on a 24 GB card; without it the refusal names it."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(OPEN_LLAMA_3B), encoding="utf-8")
    options = {"sequence_length": 1024, "optimizer": "adamw-8bit", "micro_batch": 1, "method": "full", "tokens": 1e8}

    mixed, pure = (
        fit_of(
            plan_language_work(model=str(file), options=language_of(**options, pure_bf16=flag)).workload, "rtx-3090", 1
        )
        for flag in (None, True)
    )

    assert not mixed.fits
    assert mixed.change.startswith("pure_bf16 (one GPU")
    assert pure.fits
    assert pytest.approx(22.0e9, rel=0.05) == pure.least_bytes


def test_an_offloaded_job_is_what_its_enumeration_says():
    """`none` is the same as nothing."""
    assert CpuOffload.NONE is a_job(cpu_offload="none").cpu_offload
