"""Published runs of language models: time within 20 percent and inside the stated range."""

import pytest

from planner.hardware.gpus import load_gpus
from planner.model import CostItem, Precision
from planner.throughput.flops import training_flops_per_token
from planner.throughput.language_jobs import Layout
from planner.throughput.language_models import find_language_model
from planner.throughput.language_throughput import predict_language_model
from planner.throughput.language_work import LanguageOptions, plan_job, plan_language_work
from planner.throughput.step_time import load_stacks, step_seconds
from planner.throughput.training_hardware import hardware_of
from planner.units import hours

LLAMA = "https://arxiv.org/abs/2302.13971 (table 15; 4M tokens a step, 2,048 A100-80GB)"
MPT = "https://www.databricks.com/blog/mpt-7b (9.5 days on 440 A100-40GB for 1T tokens)"
BLOOM = (
    "https://arxiv.org/abs/2211.05100 (384 A100-80GB, 2,048 sequences a step; 1,082,990 hours); tensor 4, pipeline 12 of "
    "70 layers, micro batch 2, ZeRO 1 and checkpointing: bigscience-workshop/bigscience train/tr11-176B-ml/README.md"
)
LLAMA_3 = (
    "https://arxiv.org/abs/2407.21783 (table 4: tensor 8, pipeline 16, 8,192-token sequences, 16M tokens a step, nothing "
    "recomputed; 15.6T tokens, 3.8e25 operations) and its model card (30.84M H100-80GB hours)"
)
NEOX = (
    "https://arxiv.org/abs/2204.06745 (96 A100-40GB, tensor 2, pipeline 4, 3.15M tokens x 150,000 steps; 1,830 hours)"
)

RUNS = {
    "LLaMA-7B": ("llama-7b", 1.0e12, "a100-80gb-sxm", 2048, 82_432, {"batch_tokens": 4_194_304}, LLAMA),
    "LLaMA-13B": ("llama-13b", 1.0e12, "a100-80gb-sxm", 2048, 135_168, {"batch_tokens": 4_194_304}, LLAMA),
    "LLaMA-33B": ("llama-33b", 1.4e12, "a100-80gb-sxm", 2048, 530_432, {"batch_tokens": 4_194_304}, LLAMA),
    "LLaMA-65B": ("llama-65b", 1.4e12, "a100-80gb-sxm", 2048, 1_022_362, {"batch_tokens": 4_194_304}, LLAMA),
    "MPT-7B": (
        "mpt-7b", 1.0e12, "a100-40gb-sxm", 440, 9.5 * 24 * 440,
        {"batch_tokens": 1760 * 2048, "zero_stage": 3, "recompute": "full"}, MPT,
    ),
    "BLOOM-176B": (
        "bloom-176b", 366e9, "a100-80gb-sxm", 384, 1_082_990,
        {
            "batch_tokens": 2048 * 2048, "stack": "megatron-deepspeed", "tensor_parallel": 4, "pipeline_parallel": 12,
            "micro_batch": 2, "zero_stage": 1, "recompute": "full",
        },
        BLOOM,
    ),
    "GPT-NeoX-20B": (
        "gpt-neox-20b", 150_000 * 3.15e6, "a100-40gb-sxm", 96, 1830 * 96,
        {
            "batch_tokens": 1536 * 2048, "stack": "megatron-deepspeed", "tensor_parallel": 2, "pipeline_parallel": 4,
            "micro_batch": 4, "recompute": "full",
        },
        NEOX,
    ),
}  # fmt: skip


@pytest.mark.parametrize("run", RUNS)
def test_gpu_hours_of_a_published_run(run):
    """GPU-hours of the run, as far as its layout is published, within 20 percent and inside the range."""
    model, tokens, gpu, count, published, options, source = RUNS[run]

    low, middle, high = predicted_gpu_hours(model, tokens, gpu, count, **options)

    assert pytest.approx(published, rel=0.20) == middle, source
    assert low <= published <= high, source


@pytest.mark.parametrize(("gpu_count", "published"), [(8192, 0.43), (16_384, 0.41)])
def test_the_utilisation_of_llama_3_1_405b(gpu_count, published):
    """A step in the published layout, 126 layers over 16 stages: MFU within a tenth. Nothing was fitted to it."""
    model = find_language_model("llama-3.1-405b")
    job = plan_job(model, LanguageOptions(sequence_length=8192, batch_tokens=16 * 2**20), "bf16")
    layout = Layout(data=gpu_count // 128, tensor=8, pipeline=16, zero_stage=1)
    gpu = load_gpus()["h100-80gb-sxm"]
    hardware = hardware_of(gpu, gpu_count, Precision.BF16, network_gbit_per_s=3200)

    seconds = step_seconds(job, layout, hardware, load_stacks()["llm-foundry"])

    rate = training_flops_per_token(job) * job.batch_tokens / seconds / gpu_count
    assert pytest.approx(published, rel=0.10) == rate / (gpu.fp16_tensor_tflops * 1e12), LLAMA_3


def test_the_hours_of_llama_3_1_405b():
    """GPU-hours in the best layout by our count lie within 40 percent, published ones inside the range.

    Meta ran without recomputation in 80 GB, by freeing tensors early; the count of memory does not foresee that and
    recomputes, which costs the third that is missing.
    """
    options = {"batch_tokens": 16 * 2**20, "sequence_length": 8192}

    low, middle, high = predicted_gpu_hours("llama-3.1-405b", 15.6e12, "h100-80gb-sxm", 16_384, **options)

    assert pytest.approx(30.84e6, rel=0.40) == middle, LLAMA_3
    assert low <= 30.84e6 <= high, LLAMA_3
    assert pytest.approx(3.8e25, rel=0.01) == 6 * find_language_model("llama-3.1-405b").parameters * 15.6e12


def test_the_benchmark_time_of_mpt_7b():
    """At the measured speed of 128 GPUs, 1T tokens take 440 GPUs 7.3 days; the real run took 1.3 times as long."""
    tokens_per_second_per_gpu = 463_749 / 128

    days = hours(1e12 / (440 * tokens_per_second_per_gpu)) / 24

    assert pytest.approx(7.3, abs=0.05) == days
    assert pytest.approx(1.3, abs=0.01) == 9.5 / days


def test_the_money_of_a_published_calculation():
    """1,024 GPUs x 34 days x 2.933908 USD an hour = 2,451,526.58 USD, to the cent (https://arxiv.org/abs/2104.04473)."""
    item = CostItem(name="training", quantity=1024 * 34 * 24, unit="GPU-hour", usd_per_unit=2.933908)

    assert "2,451,526.58" == f"{item.usd:,.2f}"


def predicted_gpu_hours(model, tokens, gpu, count, **options):
    """GPU-hours at the high, the middle and the low end of the range of speed."""
    work = plan_language_work(model=model, precision="bf16", options=LanguageOptions(tokens=tokens, **options))
    throughput = predict_language_model(work.workload, [(gpu, count)])[gpu, count]
    rates = (throughput.high, throughput.samples_per_second, throughput.low)
    return [hours(tokens / rate) * count for rate in rates]
