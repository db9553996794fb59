"""Operations of training, by hand and against published counts."""

import pytest

from planner.language.flops import hardware_flops_per_token, training_flops_per_token, utilisation
from planner.language.listed import find_language_model
from planner.model.language_runs import LanguageJob, Method, Recomputation


def test_operations_of_a_megatron_model():
    """96 B s l h^2 (1 + s / 6h + V / 16 l h) with full recomputation, https://arxiv.org/abs/2104.04473 (equation 2).

    That formula also computes the output layer only once: with 72 in place of 96 it is the training count.
    """
    layers, hidden, length, vocabulary = 96, 12_288, 2048, 50_257
    job = a_job("gpt3-175b", length)
    formula = 72 * layers * hidden**2 * (1 + length / (6 * hidden) + vocabulary / (12 * layers * hidden))

    assert pytest.approx(formula, rel=1e-9) == training_flops_per_token(job)


def test_gpt3_takes_3_14e23_operations():
    """https://arxiv.org/abs/2005.14165 (table D.1) counts 6 x parameters x 300 B tokens: 3.14e23; attention adds 3 percent."""
    job = a_job("gpt3-175b", 2048)

    total = training_flops_per_token(job) * 300e9

    assert pytest.approx(3.14e23, rel=0.03) == total
    assert pytest.approx(3.14e23, rel=0.005) == 6 * job.model.parameters * 300e9


def test_full_recomputation_costs_one_forward_pass_of_the_layers():
    """Four forward passes in place of three, but for the output layer."""
    job = a_job("llama-2-7b", 4096)
    forward = training_flops_per_token(job) / 3

    hardware = hardware_flops_per_token(job, Recomputation.FULL)

    assert pytest.approx(4 * forward - 2 * 32_000 * 4096) == hardware


def test_selective_recomputation_costs_the_scores_again():
    """4 x layers x hidden x length operations a token more."""
    job = a_job("llama-2-7b", 4096)

    again = hardware_flops_per_token(job, Recomputation.SELECTIVE) - training_flops_per_token(job)

    assert pytest.approx(4 * 32 * 4096 * 4096) == again


def test_without_recomputation_both_utilisations_are_one():
    """Nothing computed twice, nothing counted twice."""
    job = a_job("llama-2-7b", 2048)

    assert training_flops_per_token(job) == hardware_flops_per_token(job, Recomputation.NONE)


def test_a_mixture_counts_active_experts_only():
    """Mixtral 8x7B costs a token about as much as a dense model of 13 B."""
    flops = training_flops_per_token(a_job("mixtral-8x7b", 1))

    assert pytest.approx(6 * 12.75e9, rel=0.01) == flops


def test_adapters_spare_the_gradients_of_weights():
    """LoRA costs 2/3 of full training but for attention and the adapters themselves."""
    full = a_job("llama-2-7b", 1)
    lora = a_job("llama-2-7b", 1, method=Method.LORA, rank=8)

    ratio = training_flops_per_token(lora) / training_flops_per_token(full)

    # 2/3, and 6 operations for each of 20 million adapter parameters against 6 x 6.6 B
    assert pytest.approx(2 / 3 + lora.adapter_parameters / full.model.matrix_parameters, rel=1e-3) == ratio
    assert 32 * 8 * (8 * 4096 + 3 * (4096 + 11008)) == lora.adapter_parameters


def test_utilisation_of_a_published_row():
    """llm-foundry, MPT-7B, 2,048 tokens, 8 A100-80GB: 37,130 tokens/s is an MFU of 0.64."""
    job = a_job("mpt-7b", 2048)

    mfu = utilisation(training_flops_per_token(job), 37_130 / 8, 312)

    assert pytest.approx(0.64, abs=0.01) == mfu


def a_job(name, length, **changes):
    """A job of that model and sequence length."""
    return LanguageJob(model=find_language_model(name), sequence_length=length, batch_tokens=length, **changes)
