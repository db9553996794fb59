"""Stacks of language models: which is assumed, its level, GPUs that cannot run it, and mixtures of experts."""

import math
from dataclasses import replace

import pytest

from planner.accuracy.published_steps import load_published_steps
from planner.errors import NoThroughputError
from planner.hardware.gpus import load_gpus
from planner.language.listed import find_language_model
from planner.language.prediction import predict_language_model
from planner.language.stacks import Level, level_name, level_of, runs_flash_attention, usual_stack
from planner.language.step_time import load_stacks, load_step_time
from planner.model.language_runs import LanguageJob, Method
from planner.model.records import Throughput
from planner.work.language import plan_language_work
from tests.builders import language_of

LLAMA_3 = find_language_model("llama-3-8b")


def test_code_of_today_is_assumed():
    """Adapters stand for the stack that most of them are trained in."""
    assert ["typical", "typical", "transformers-peft", "transformers-peft"] == [usual_stack(one) for one in Method]


def test_a_stack_may_have_the_coefficients_of_another():
    """Published code is the fitted stack at another level, with the attention kernels of today."""
    stacks = load_stacks()

    assert stacks["typical"] == stacks["fused"]
    assert stacks["llm-foundry"] == replace(stacks["typical"], attention_gain=1.0)


@pytest.mark.parametrize(
    ("job", "gpu_count", "is_fp8", "name"),
    [
        (("typical", "llama-3-8b", "pretrain"), 8, False, "typical, 8 GPUs and more, from 3 B"),
        (("typical", "gpt2-124m", "pretrain"), 8, False, "typical, 8 GPUs and more, below 3 B"),
        (("typical", "llama-3-8b", "full"), 4, False, "typical, 1 to 7 GPUs, from 3 B"),
        (("typical", "gpt2-124m", "pretrain"), 1, False, "typical, 1 to 7 GPUs, below 3 B"),
        (("typical", "qwen3-30b-a3b", "pretrain"), 8, False, "mixtures"),
        (("fused", "llama-3-8b", "lora"), 8, False, "fused, adapters"),
        (("fused", "llama-3-8b", "pretrain"), 8, True, "fused, fp8"),
        (("fused", "llama-3-8b", "pretrain"), 8, False, "fused, 16 bits"),
        (("transformers-peft", "llama-3-8b", "qlora"), 1, False, "transformers-peft"),
    ],
)
def test_levels_are_learnt_by_class(job, gpu_count, is_fp8, name):
    """Stack, size, number of GPUs, format; a mixture of experts is a class of its own in every stack."""
    stack, model, method = job

    assert name == level_name(stack, a_job(model, method), gpu_count, is_fp8=is_fp8)
    assert name in load_step_time()["levels"]


def test_a_fitted_stack_has_no_level():
    """It stands for the publication it was fitted to."""
    assert level_of("llm-foundry", a_job("llama-3-8b"), 8) is None
    assert level_of("megatron-deepspeed", a_job("llama-3-8b"), 8) is None


def test_the_reach_of_another_publication_joins_both_parts():
    """Half widths of 0.3 and 0.4 are 0.5 together."""
    assert pytest.approx(0.5) == Level(shift=0.0, common=0.3, spread=0.4, publications=3).reach


def test_the_level_moves_the_figure_and_widens_the_range():
    """Llama 3 8B on eight H100: published code is 0.83 times as fast as llm-foundry, with faster attention, and may be further off."""
    fitted, typical = (predicted("llama-3-8b", "h100-80gb-sxm", 8, stack=one) for one in ("llm-foundry", "typical"))

    level = level_of("typical", a_job("llama-3-8b"), 8)
    assert math.exp(level.shift) < typical.samples_per_second / fitted.samples_per_second
    assert pytest.approx(0.83, abs=0.01) == typical.samples_per_second / fitted.samples_per_second
    assert fitted.high / fitted.low < typical.high / typical.low
    assert typical.low <= typical.relative_low < typical.relative_high <= typical.high


def test_fused_adapters_are_about_twice_as_fast():
    """LoRA of Llama 2 7B on eight H100."""
    usual, fused = (
        predicted("llama-2-7b", "h100-80gb-sxm", 8, method="lora", stack=stack)
        for stack in ("transformers-peft", "fused")
    )

    assert 1.7 < fused.samples_per_second / usual.samples_per_second < 2.6


@pytest.mark.parametrize(
    ("gpu", "runs"),
    [
        ("k80", False), ("m60", False), ("p100-16gb", False), ("v100-32gb", False), ("t4", False), ("mi100", False),
        ("a100-80gb-sxm", True), ("rtx-3090", True), ("l4", True), ("h100-80gb-sxm", True), ("b200-180gb-sxm", True),
        ("mi300x", True), ("rtx-5090", True),
    ],
)  # fmt: skip
def test_flash_attention_needs_a_gpu_that_has_it(gpu, runs):
    """https://github.com/Dao-AILab/flash-attention: Ampere, Ada, Hopper and later; CDNA 2 and later."""
    assert runs == runs_flash_attention(load_gpus()[gpu])


def test_a_gpu_without_flash_attention_is_priced_as_what_would_run_there():
    """A V100 runs plain attention: slower with longer sequences, more memory, and a note says so."""
    short, long = (predicted("gpt2-1.5b", "v100-32gb", 8, sequence_length=one) for one in (512, 8192))
    ampere = [predicted("gpt2-1.5b", "a100-40gb-sxm", 8, sequence_length=one) for one in (512, 8192)]

    assert any("no flash attention runs on this GPU" in note for note in short.notes)
    assert not any("no flash attention" in note for note in ampere[0].notes)
    assert (
        short.samples_per_second / long.samples_per_second
        > 1.2 * ampere[0].samples_per_second / ampere[1].samples_per_second
    )
    assert short.high / short.low > ampere[0].high / ampere[0].low


@pytest.mark.parametrize("gpu", ["k80", "p100-16gb", "v100-32gb", "t4"])
def test_fused_code_is_not_priced_where_it_cannot_run(gpu):
    """Its kernels are of Ampere and later; the message names a stack that runs."""
    work = plan_language_work(
        model="gpt2-124m", precision="amp", options=language_of(tokens=1e9, stack="fused")
    ).workload

    found = predict_language_model(work, [(gpu, 1)])[gpu, 1]

    assert isinstance(found, NoThroughputError)
    assert "runs no fused code of today. Use stack typical." in str(found)


def test_routing_costs_time():
    """A mixture is slower than its active parameters say, in every stack, and says why."""
    fitted, typical, fused = (
        predicted("qwen3-30b-a3b", "h100-80gb-sxm", 8, stack=one) for one in ("llm-foundry", "typical", "fused")
    )

    shift = load_step_time()["levels"]["mixtures"]["shift"]
    assert shift < -0.1
    assert pytest.approx(typical.samples_per_second) == fused.samples_per_second
    assert fitted.samples_per_second < typical.samples_per_second  # its attention is slower
    assert any("routing costs time" in note for note in fitted.notes)
    assert fitted.high / fitted.low > 1.8


def test_every_published_step_can_be_found_again():
    """Each has an address, a known model and GPU, and a stack of ours."""
    steps = load_published_steps()

    assert len(steps) > 140
    for step in steps:
        assert step.source.startswith("https://"), step
        assert find_language_model(step.model)
        assert step.gpu in load_gpus()
        assert step.stack in load_stacks()
        assert step.tokens_per_second > 0


def predicted(name, gpu, count, precision="amp", **options):
    """Throughput of the steps of 1 B tokens on so many of the GPU."""
    work = plan_language_work(model=name, precision=precision, options=language_of(tokens=1e9, **options)).workload
    found = predict_language_model(work, [(gpu, count)])[gpu, count]
    assert not isinstance(found, NoThroughputError), found
    assert isinstance(found, Throughput)
    return found


def a_job(name, method="pretrain"):
    """A job of that model."""
    return LanguageJob(model=find_language_model(name), method=Method(method), sequence_length=2048, batch_tokens=2**20)
