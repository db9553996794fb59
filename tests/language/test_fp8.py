"""FP8: a format of language models, on GPUs that have it, as fast over bf16 as one stack published both."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

import planner
from planner.answers.fit import fits
from planner.answers.throughput import predict_throughput
from planner.errors import NoThroughputError, UsageError
from planner.hardware.gpus import load_gpus
from planner.language.faster_format import fp8_note
from planner.language.listed import find_language_model
from planner.language.prediction import predict_language_model
from planner.language.step_time import load_stacks, load_step_time, step_seconds
from planner.language.training_hardware import hardware_of
from planner.model.language_runs import LanguageJob, Layout, Recomputation
from planner.model.records import Precision
from planner.throughput.precision import peak_tflops
from planner.work.language import plan_language_work
from tests.builders import language_of

FOUNDRY = (
    "https://github.com/mosaicml/llm-foundry/blob/061f2c7ce64e655100286584a7629e2a09f827ba/scripts/train/benchmarking/README.md "
    "(H100 80GB BF16 and FP8)"
)
TITAN = (
    "https://github.com/pytorch/torchtitan/blob/31a17bfdb70bab6f62a13d21816a5339b911d6e3/benchmarks/"
    "llama3_h100_202412_torchtitan.md (table 1)"
)
NEMO = (
    "https://github.com/NVIDIA/NeMo/blob/070a0bb168d405d653b9734c0017cf5078e77c0d/docs/source/performance/"
    "performance_summary.md (24.07, DGX-H100, FP8)"
)
H100 = load_gpus()["h100-80gb-sxm"]


def test_products_run_faster_and_nothing_else_does():
    """The gain is that of the layers' products; all other rates are those of bf16."""
    bf16, fp8 = (hardware_of(H100, 8, one) for one in (Precision.BF16, Precision.FP8))

    assert peak_tflops(H100, Precision.BF16) == peak_tflops(H100, Precision.FP8)
    assert 1.0 == bf16.product_gain
    assert pytest.approx(load_step_time()["fp8"]["gain"], rel=1e-3) == fp8.product_gain
    assert bf16.peak_flops == fp8.peak_flops


@pytest.mark.parametrize(
    ("model", "run", "bf16", "fp8", "source"),
    [
        ("mpt-1b", (512, 56, "none"), 418_201, 562_523, FOUNDRY),
        ("mpt-1b", (8192, 3, "none"), 233_256, 256_087, FOUNDRY),
        ("mpt-3b", (8192, 3, "none"), 132_626, 153_174, FOUNDRY),
        ("mpt-3b", (32768, 3, "full"), 46_984, 46_853, FOUNDRY),
        ("llama-3-8b", (8192, 2, "none"), 6_667, 8_532, TITAN),
    ],
)
def test_the_ratio_of_both_formats_in_one_stack(model, run, bf16, fp8, source):
    """Tokens a second in fp8 over bf16, 1.0 with long sequences to 1.35 with short ones: within 12 percent."""
    length, micro_batch, recompute = run
    shape = find_language_model(model)
    layout = Layout(data=8, micro_batch=micro_batch, zero_stage=3, recomputation=Recomputation(recompute))
    job = LanguageJob(model=shape, sequence_length=length, batch_tokens=8 * micro_batch * length)

    plain, faster = (
        step_seconds(job, layout, hardware_of(H100, 8, one), load_stacks()["llm-foundry"])
        for one in (Precision.BF16, Precision.FP8)
    )

    assert pytest.approx(fp8 / bf16, rel=0.12) == plain / faster, source


@pytest.mark.parametrize(
    ("model", "method", "gpu_count", "sequences", "published_per_gpu"),
    [
        ("llama-2-7b", "pretrain", 8, (128, 4096), 16_847),
        ("llama-2-70b", "pretrain", 64, (128, 4096), 1_707),
        ("llama-3-8b", "pretrain", 8, (128, 8192), 12_036),
        ("llama-2-7b", "full", 8, (32, 4096), 17_120),
        ("llama-2-13b", "lora", 8, (32, 4096), 14_161),
        ("llama-2-70b", "lora", 8, (32, 4096), 2_557),
    ],
)
def test_steps_of_nemo_in_fp8(model, method, gpu_count, sequences, published_per_gpu):
    """Pretraining, fine-tuning and LoRA in the fused stack: inside the range and within a quarter."""
    batch, length = sequences
    options = language_of(tokens=1e9, method=method, stack="fused", sequence_length=length, batch_tokens=batch * length)

    found = predict_language_model(
        plan_language_work(model=model, precision="fp8", options=options).workload, [("h100-80gb-sxm", gpu_count)]
    )["h100-80gb-sxm", gpu_count]

    # a count above sixteen is a cluster, where whole runs lose a little more than steps
    assert found.low < published_per_gpu * gpu_count < found.high, NEMO
    assert pytest.approx(published_per_gpu * gpu_count, rel=0.25) == found.samples_per_second, NEMO
    assert Precision.FP8 is found.precision


@pytest.mark.parametrize("gpu", ["a100-80gb-sxm", "v100-32gb", "rtx-3090", "mi210"])
def test_fp8_is_refused_where_the_gpu_lacks_it(gpu):
    """Ampere and older have no such units."""
    work = plan_language_work(model="gpt2-124m", precision="fp8", options=language_of(tokens=1e9)).workload

    found = predict_language_model(work, [(gpu, 1)])[gpu, 1]

    assert isinstance(found, NoThroughputError)
    assert "no fp8 units" in str(found)


def test_mixtures_gain_nothing():
    """Published mixtures run no faster in fp8: the products of experts are small."""
    rates = [
        predict_throughput(model="qwen3-30b-a3b", gpu="h100-80gb-sxm", gpu_count=8, precision=one).samples_per_second
        for one in ("bf16", "fp8")
    ]

    assert rates[0] == rates[1]


def test_other_models_are_refused_with_the_reason():
    """Images in fp8 were measured by nobody, neither in speed nor in memory."""
    with pytest.raises(UsageError, match="No training run of resnet50 in fp8 was measured"):
        predict_throughput(model="resnet50", gpu="h100-80gb-sxm", precision="fp8")
    with pytest.raises(UsageError, match="is for language models"):
        fits(model="resnet50", gpus=["H100"], precision="fp8", batch_size=8, options={})


def test_a_note_says_where_fp8_would_come_first():
    """A dearer H100 by less than its gain passes an A100, which lacks the format; by more it does not."""
    result = planner.estimate(model="llama-3-8b", tokens=1e9, gpus=["a100-80gb-sxm", "h100-80gb-sxm"], precision="bf16")
    ampere, hopper = (
        next(one for one in result.estimates if one.offer.gpu == gpu and one.offer.gpu_count == 8)
        for gpu in ("a100-80gb-sxm", "h100-80gb-sxm")
    )
    cell = (hopper.offer.gpu, 8)
    rates = [
        predict_language_model(replace(result.workload, precision=one), [cell])[cell].samples_per_second
        for one in (Precision.BF16, Precision.FP8)
    ]
    gain = rates[1] / rates[0]

    near, far = (
        fp8_note(result.workload, [costing(ampere, 100.0), costing(hopper, 100.0 * one)])
        for one in (gain * 0.99, gain * 1.01)
    )

    assert 1.2 < gain < 1.6
    assert f"in fp8 8x h100-80gb-sxm would be {gain:.2f} times as fast and cost about 99.00 USD" in near[0]
    assert far == ()


def test_no_note_where_nothing_would_change():
    """The cheapest row runs fp8 itself, or fp8 was asked for."""
    result = planner.estimate(model="llama-3-8b", tokens=1e9, gpus=["h100-80gb-sxm"], precision="bf16")

    assert fp8_note(result.workload, result.estimates) == ()
    assert fp8_note(replace(result.workload, precision=Precision.FP8), result.estimates) == ()
    assert fp8_note(result.workload, []) == ()


def costing(row, usd):
    """The row at another price."""
    return SimpleNamespace(
        offer=row.offer, node_count=row.node_count, throughput=row.throughput, rank=row.rank, usd=usd
    )
