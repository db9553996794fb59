"""Published runs of language models: time within 20 percent and inside the stated range."""

import pytest

from planner.accuracy.published_runs import load_published_runs
from planner.answers.throughput import predict_throughput
from planner.hardware.gpus import load_gpus
from planner.language.flops import training_flops_per_token
from planner.language.jobs import plan_job
from planner.language.listed import find_language_model
from planner.language.prediction import predict_language_model
from planner.language.step_time import load_stacks, step_seconds
from planner.language.training_hardware import hardware_of
from planner.model.costs import CostItem, ItemKind
from planner.model.language_runs import Layout
from planner.model.records import Precision
from planner.units import hours
from planner.work.language import plan_language_work
from tests.builders import language_of

LLAMA_3 = (
    "https://arxiv.org/abs/2407.21783 (table 4: tensor 8, pipeline 16, 8,192-token sequences, 16M tokens a step, nothing "
    "recomputed; 15.6T tokens, 3.8e25 operations) and its model card (30.84M H100-80GB hours)"
)
AUTOMODEL = (
    "https://github.com/NVIDIA-NeMo/Automodel/blob/01926a5c443b7979463c73341bf64adf79de638e/docs/performance-summary.md "
    "(DGX-H100, BF16, Transformer Engine and DeepEP)"
)
NEOX = (
    "https://arxiv.org/abs/2204.06745 (96 A100-40GB, tensor 2, pipeline 4, 3.15M tokens x 150,000 steps; 1,830 hours)"
)

RUNS = {run.name: run for run in load_published_runs()}
WITHIN_20_PERCENT = ("LLaMA-7B", "LLaMA-13B", "LLaMA-33B", "LLaMA-65B", "MPT-7B", "BLOOM-176B", "GPT-NeoX-20B")
"""What was promised. The others joined later, and nothing was chosen by them but the overhead of whole runs."""
FAR_OUT = "Llama-3.1-8B"
"""1.46 M hours are an MFU of 17 percent, less than half of what the same team's larger models reached."""


@pytest.mark.parametrize("name", WITHIN_20_PERCENT)
def test_gpu_hours_of_a_published_run(name):
    """GPU-hours of the run, as far as its layout is published, within 20 percent."""
    run = RUNS[name]

    _, middle, _ = predicted_gpu_hours(run)

    assert pytest.approx(run.gpu_hours, rel=0.20) == middle, run.source


@pytest.mark.parametrize("name", [name for name in RUNS if name != FAR_OUT])
def test_published_hours_are_inside_the_range(name):
    """Nine in ten of the published runs are inside: all but one."""
    run = RUNS[name]

    low, _, high = predicted_gpu_hours(run)

    assert low <= run.gpu_hours <= high, run.source


def test_one_published_run_is_far_outside():
    """A team may use its GPUs half as well as its own best run; no honest range holds that."""
    _, middle, high = predicted_gpu_hours(RUNS[FAR_OUT])

    assert high < RUNS[FAR_OUT].gpu_hours < 3 * middle


@pytest.mark.parametrize(("gpu_count", "published"), [(8192, 0.43), (16_384, 0.41)])
def test_the_utilisation_of_llama_3_1_405b(gpu_count, published):
    """A step in the published layout, 126 layers over 16 stages: MFU within a tenth. Nothing was fitted to it."""
    model = find_language_model("llama-3.1-405b")
    job = plan_job(model, language_of(sequence_length=8192, batch_tokens=16 * 2**20), "bf16")
    layout = Layout(data=gpu_count // 128, tensor=8, pipeline=16, zero_stage=1)
    gpu = load_gpus()["h100-80gb-sxm"]
    hardware = hardware_of(gpu, gpu_count, Precision.BF16, network_gbit_per_s=3200)

    seconds = step_seconds(job, layout, hardware, load_stacks()["llm-foundry"])

    rate = training_flops_per_token(job) * job.batch_tokens / seconds / gpu_count
    assert pytest.approx(published, rel=0.10) == rate / (gpu.fp16_tensor_tflops * 1e12), LLAMA_3


def test_the_hours_of_llama_3_1_405b():
    """GPU-hours in the best layout by our count are half as many again, and the operations are the published ones.

    Meta ran without recomputation in 80 GB, by freeing tensors early; the count of memory does not foresee that and
    recomputes, which costs a third.
    """
    run = RUNS["Llama-3.1-405B"]

    _, middle, _ = predicted_gpu_hours(run)

    assert 1.2 * run.gpu_hours < middle < 1.5 * run.gpu_hours, LLAMA_3
    assert pytest.approx(3.8e25, rel=0.01) == 6 * find_language_model("llama-3.1-405b").parameters * run.tokens


@pytest.mark.parametrize(
    ("model", "gpu_count", "published_per_gpu"),
    [("qwen3-30b-a3b", 8, 12_040), ("deepseek-v3", 256, 1_002), ("deepseek-v3", 1024, 865)],
)
def test_steps_of_mixtures_of_experts_on_h100(model, gpu_count, published_per_gpu):
    """Tokens/s a GPU in BF16 at 4,096 tokens, on up to 1,024 GPUs: inside the range, within a third; nothing fitted."""
    found = predict_throughput(
        model=model, gpu="h100-80gb-sxm", gpu_count=gpu_count, precision="bf16", sequence_length_or_image_size=4096
    )

    assert found.low < published_per_gpu * gpu_count < found.high, AUTOMODEL
    assert pytest.approx(published_per_gpu * gpu_count, rel=0.34) == found.samples_per_second, AUTOMODEL


def test_the_benchmark_time_of_mpt_7b():
    """At the measured speed of 128 GPUs, 1T tokens take 440 GPUs 7.3 days; the real run took 1.3 times as long."""
    tokens_per_second_per_gpu = 463_749 / 128

    days = hours(1e12 / (440 * tokens_per_second_per_gpu)) / 24

    assert pytest.approx(7.3, abs=0.05) == days
    assert pytest.approx(1.3, abs=0.01) == 9.5 / days


def test_the_money_of_a_published_calculation():
    """1,024 GPUs x 34 days x 2.933908 USD an hour = 2,451,526.58 USD, to the cent (https://arxiv.org/abs/2104.04473)."""
    item = CostItem(
        name="training", kind=ItemKind.TIME, quantity=1024 * 34 * 24, unit="GPU-hour", usd_per_unit=2.933908
    )

    assert "2,451,526.58" == f"{item.usd:,.2f}"


def predicted_gpu_hours(run):
    """GPU-hours at the high, the middle and the low end of the range of speed."""
    work = plan_language_work(model=run.model, precision="bf16", options=run.options)
    throughput = predict_language_model(work.workload, [(run.gpu, run.gpu_count)])[run.gpu, run.gpu_count]
    rates = (throughput.high, throughput.samples_per_second, throughput.low)
    return [hours(run.tokens / rate) * run.gpu_count for rate in rates]
