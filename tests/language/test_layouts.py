"""Layouts: what divides, what fits, what is fastest."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import NoThroughputError, UsageError
from planner.hardware.gpus import load_gpus
from planner.language.layouts import Room, best_plan, candidate_layouts, check_sizes
from planner.language.listed import find_language_model
from planner.language.memory import layer_activation_bytes, memory_needed
from planner.language.step_time import Hardware, load_stacks, step_seconds
from planner.language.training_hardware import hardware_of
from planner.model.language_runs import LanguageJob, Layout, Method, Recomputation
from planner.model.records import Precision
from planner.throughput.memory import usable_bytes
from planner.throughput.sustained import sustained_tflops

A100 = load_gpus()["a100-80gb-sxm"]
STACK = load_stacks()["llm-foundry"]


def test_every_layout_uses_all_gpus_and_divides_the_heads():
    """GPUs and heads come out even in each; layers need not."""
    layouts = list(candidate_layouts(a_job("llama-2-7b"), 48))

    assert layouts
    for layout in layouts:
        assert 48 == layout.gpu_count
        assert 0 == 32 % layout.tensor
    assert {1, 3, 6, 12} <= {layout.pipeline for layout in layouts}


def test_what_is_fixed_stays_fixed():
    """Only what the job leaves open is searched."""
    job = a_job("llama-2-7b", tensor=2, pipeline=4, zero_stage=1, recomputation=Recomputation.FULL, micro_batch=2)

    layouts = list(candidate_layouts(job, 16))

    fixed = Layout(tensor=2, pipeline=4, data=2, zero_stage=1, recomputation=Recomputation.FULL, micro_batch=2)
    assert [fixed] == layouts


@pytest.mark.parametrize(
    ("changes", "gpu_count", "message"),
    [
        ({"tensor": 3}, 8, "tensor_parallel 3 does not divide the 32 attention heads of llama-2-7b. Sizes that do: 1, 2, 4"),
        ({"pipeline": 33}, 33, "pipeline_parallel 33: llama-2-7b has 32 layers, for 1 to 32 stages"),
        ({"pipeline": 5}, 8, r"8 GPUs cannot be split into groups of 1 x 5 \(tensor x pipeline\). Multiples of 5 can"),
        ({"tensor": 8, "pipeline": 2}, 24, "24 GPUs cannot be split into groups of 8 x 2"),
        ({"batch_tokens": 4096, "tensor": 1, "pipeline": 1}, 8, "8 GPUs are more than the batch can feed"),
        ({"micro_batch": 4096}, 8, "micro_batch 4096 is more than the"),
    ],
)  # fmt: skip
def test_what_does_not_divide_is_refused_with_what_would(changes, gpu_count, message):
    """The message names the option and sizes that work."""
    with pytest.raises(UsageError, match=message):
        list(candidate_layouts(a_job("llama-2-7b", **changes), gpu_count))


def test_a_batch_too_small_says_how_large_it_must_be():
    """8 replicas need 8 sequences of 2,048 tokens; 4,096 tokens feed 2 GPUs."""
    job = a_job("llama-2-7b", batch_tokens=4096, tensor=1, pipeline=1)

    with pytest.raises(UsageError, match="batch_tokens 16384 or more, or at most 2 GPUs"):
        list(candidate_layouts(job, 8))


def test_sizes_are_checked_without_a_number_of_gpus():
    """A tensor size that divides passes, another does not."""
    check_sizes(a_job("llama-2-7b", tensor=4))

    with pytest.raises(UsageError):
        check_sizes(a_job("llama-2-7b", tensor=5))


@pytest.mark.parametrize(
    ("model", "gpu_count", "options"),
    [
        ("llama-2-13b", 8, {}),
        ("gpt2-124m", 16, {"batch_tokens": 2**16}),
        ("mixtral-8x7b", 64, {}),
        ("llama-2-7b", 2, {"method": Method.LORA}),
        ("llama-2-70b", 32, {"zero_stage": 3}),
    ],
)
def test_the_best_plan_is_the_fastest_of_all_that_fit(model, gpu_count, options):
    """By brute force over every layout; of equally fast ones the simplest."""
    job = a_job(model, **options)
    hardware, usable = hardware_of(A100, min(gpu_count, 8), Precision.BF16), usable_bytes(A100)

    plan = best_plan(job, gpu_count, Room(usable_bytes=usable), hardware, STACK)

    fitting = [one for one in candidate_layouts(job, gpu_count) if memory_needed(job, one).total <= usable]
    seconds = [step_seconds(job, one, hardware, STACK) for one in fitting]
    fastest = [one for one, taken in zip(fitting, seconds, strict=True) if taken == min(seconds)]
    simplest = min((one.pipeline, one.tensor, one.zero_stage, one.micro_batch) for one in fastest)
    assert min(seconds) == plan.seconds_per_step
    assert plan.layout in fastest
    assert simplest == (plan.layout.pipeline, plan.layout.tensor, plan.layout.zero_stage, plan.layout.micro_batch)


def test_a_model_too_large_says_where_to_look():
    """70 B parameters cannot be pretrained on one GPU of 80 GB."""
    hardware = hardware_of(A100, 1, Precision.BF16)

    with pytest.raises(NoThroughputError, match=r"llama-2-70b \(pretrain\) does not fit into memory \(planner fit"):
        best_plan(a_job("llama-2-70b"), 1, Room(usable_bytes=usable_bytes(A100)), hardware, STACK)


@given(
    tensor=st.sampled_from([1, 2, 4, 8]),
    pipeline=st.sampled_from([1, 2, 4]),
    data=st.sampled_from([1, 2, 8]),
    zero_stage=st.integers(0, 1),
)
def test_laws_of_a_step(tensor, pipeline, data, zero_stage):
    """A faster GPU is never slower, recomputation is never free, and no step beats the peak."""
    job = a_job("llama-2-7b", batch_tokens=2**20)
    layout = Layout(tensor=tensor, pipeline=pipeline, data=data, zero_stage=zero_stage)
    hardware = Hardware(
        peak_flops=312e12, bytes_per_second=2e12, link_bytes_per_second=3e11, network_bytes_per_second=25e9
    )

    seconds = step_seconds(job, layout, hardware, STACK)
    faster = step_seconds(job, layout, replace(hardware, peak_flops=624e12), STACK)
    again = step_seconds(job, replace(layout, recomputation=Recomputation.FULL), hardware, STACK)

    assert faster <= seconds < again
    assert seconds > 6 * 6.6e9 * 2**20 / (312e12 * layout.gpu_count)


def test_a_pipeline_pays_its_bubble():
    """Four stages and four micro batches: seven rounds of a quarter model against four of a whole one."""
    job = a_job("llama-2-7b", batch_tokens=4 * 2048)
    hardware = Hardware(peak_flops=312e12, bytes_per_second=2e12, link_bytes_per_second=3e11)

    deep = step_seconds(job, Layout(pipeline=4), hardware, STACK)
    flat = step_seconds(job, Layout(), hardware, STACK)

    # 7/16 of the time, and the whole output layer in the last stage
    assert 7 / 16 < deep / flat < 1.15 * 7 / 16


def test_the_fullest_stage_of_an_uneven_pipeline_decides():
    """126 layers over 16 stages are 8 and 7: memory and pace are those of 128 layers, the output layer rides with 7."""
    model = find_language_model("llama-3.1-405b")
    even = replace(model, layers=128)
    layout = Layout(tensor=8, pipeline=16)
    hardware = hardware_of(A100, 128, Precision.BF16)
    jobs = [LanguageJob(model=one, sequence_length=2048, batch_tokens=2**20) for one in (model, even)]

    uneven_memory, even_memory = (memory_needed(job, layout) for job in jobs)
    uneven_seconds, even_seconds = (step_seconds(job, layout, hardware, STACK) for job in jobs)

    assert 8 == layout.stage_layers(126) == layout.stage_layers(128)
    assert uneven_memory.activations == even_memory.activations
    assert pytest.approx(even_memory.weights, rel=0.001) == uneven_memory.weights
    assert 8 / 8.7 * even_seconds < uneven_seconds < even_seconds  # the output layer is 0.66 of a layer


def test_interleaving_fills_a_pipeline_sooner_and_keeps_more():
    """Eight stages of four layers in two chunks: 8 + 7/2 rounds in place of 8 + 7, and 3.5 stages' more activations."""
    job = a_job("llama-2-7b", batch_tokens=8 * 2048)
    chunked = replace(job, has_interleaving=True)
    layout = Layout(pipeline=8)
    hardware = hardware_of(A100, 8, Precision.BF16)

    seconds = [step_seconds(one, layout, hardware, STACK) for one in (chunked, job)]
    kept = [memory_needed(one, layout).activations for one in (chunked, job)]

    assert pytest.approx(11.5 / 15, rel=0.02) == seconds[0] / seconds[1]
    assert pytest.approx(11.5 / 8) == kept[0] / kept[1]
    assert 1 == chunked.chunks(replace(layout, micro_batch=2))  # four micro batches do not fill eight stages


def test_sequence_parallelism_splits_what_tensor_parallelism_leaves():
    """Korthikanti et al., equation 4: s b h x 34 / t without scores, in place of 10 + 24 / t."""
    job = LanguageJob(model=find_language_model("gpt3-175b"), sequence_length=2048, batch_tokens=2048)
    layout = Layout(tensor=8)

    whole, split = (
        layer_activation_bytes(replace(job, has_sequence_parallelism=flag), layout, has_dropout=True)
        for flag in (False, True)
    )

    assert pytest.approx((10 + 24 / 8) * 2048 * 12288) == whole
    assert pytest.approx(34 / 8 * 2048 * 12288) == split


def test_attention_kernels_of_2023_hold_hopper_back():
    """35 percent of the data sheet on an H100, no limit on an A100: long sequences suffer, short ones hardly."""
    h100 = hardware_of(load_gpus()["h100-80gb-sxm"], 8, Precision.BF16)
    layout = Layout(data=8, zero_stage=3)

    shares = []
    for length in (2048, 32_768):
        job = a_job("mpt-7b", sequence_length=length)
        free = step_seconds(job, layout, replace(h100, attention_flops=None), STACK)
        shares.append(free / step_seconds(job, layout, h100, STACK))

    assert pytest.approx(0.35 * 989.5e12, rel=0.01) == h100.attention_flops
    assert hardware_of(A100, 8, Precision.BF16).attention_flops is None
    assert 0.97 < shares[0] < 1
    assert 0.8 < shares[1] < 0.9


def test_a_low_power_limit_holds_products_back():
    """An A100 SXM has 1.28 W a TFLOP, enough; an H100 SXM with 0.71 keeps (0.71 / 1.2)^0.3 of its rate."""
    h100 = load_gpus()["h100-80gb-sxm"]

    assert 312 == sustained_tflops(A100, Precision.BF16)
    assert pytest.approx(989.5 * (700 / 989.5 / 1.2) ** 0.3) == sustained_tflops(h100, Precision.BF16)


def test_products_summed_at_half_rate_reach_beyond_the_sheet():
    """GeForce cards: 1.3 times the 165.2 of an RTX 4090's sheet; in FP32, and on the RTX 6000 Ada of the same chip, no more."""
    geforce, workstation = load_gpus()["rtx-4090"], load_gpus()["rtx-6000-ada"]

    assert pytest.approx(1.3 * 165.2) == sustained_tflops(geforce, Precision.BF16)
    assert pytest.approx(82.6) == sustained_tflops(geforce, Precision.FP32)
    assert pytest.approx(364.2 * (300 / 364.2 / 1.2) ** 0.3) == sustained_tflops(workstation, Precision.BF16)


def a_job(name, **changes):
    """A pretraining job of 2,048 tokens a sequence and about 4 M a step."""
    return LanguageJob(model=find_language_model(name), **{"sequence_length": 2048, "batch_tokens": 2**22, **changes})
