"""Floating-point operations of training a language model, and model and hardware utilisation.

A multiply-add is two operations. Model FLOPs utilisation (MFU) counts what the arithmetic of the model needs: forward
pass and backward pass, attention and output layer included, recomputation not. Hardware FLOPs utilisation (HFU) also
counts what is computed twice. Source of both definitions: https://arxiv.org/abs/2204.02311 (appendix B) and
https://arxiv.org/abs/2205.05198 (section 6.2).
"""

from __future__ import annotations

from planner.model.language_models import LanguageModel
from planner.model.language_runs import LanguageJob, Recomputation


def training_flops_per_token(job: LanguageJob) -> float:
    """Operations that training on one token needs, without recomputation.

    pretraining and full fine-tuning: 3 x forward (gradients of activations and of weights cost one forward each);
    adapters: 2 x forward of the frozen matrices (no gradients of weights) + 3 x attention scores + 3 x adapters.

    >>> from planner.language.listed import find_language_model
    >>> gpt3 = find_language_model("gpt3-175b")
    >>> job = LanguageJob(model=gpt3, sequence_length=2048, batch_tokens=3_200_000)
    >>> round(training_flops_per_token(job) * 300e9 / 1e23, 2)  # the paper counts 6 x parameters: 3.14
    3.23
    """
    matrices, scores = forward_matrix_flops(job.model), forward_attention_flops(job.model, job.sequence_length)
    if job.method.has_adapters:
        return 2 * matrices + 3 * scores + 3 * 2 * job.adapter_parameters
    return 3 * (matrices + scores)


def hardware_flops_per_token(job: LanguageJob, recomputation: Recomputation) -> float:
    """Operations executed for one token: those of training and those of recomputation.

    full: the forward pass of all layers, without the output layer; selective: the attention scores.
    """
    again = 0.0
    if recomputation is Recomputation.FULL:
        layers = forward_matrix_flops(job.model) - 2 * job.model.output_parameters
        again = layers + forward_attention_flops(job.model, job.sequence_length)
    elif recomputation is Recomputation.SELECTIVE:
        again = forward_attention_flops(job.model, job.sequence_length)
    return training_flops_per_token(job) + again


def forward_matrix_flops(model: LanguageModel) -> float:
    """Operations of all matrix products of one token: 2 for each element, the output layer included."""
    return 2.0 * model.matrix_parameters


def forward_attention_flops(model: LanguageModel, sequence_length: int) -> float:
    """Operations of scores and weighted values of one token in a sequence: 2 x 2 x layers x query size x length.

    The causal mask is not taken off, as in the definition of MFU; kernels that skip it show up as faster.
    """
    query_and_key = model.query_size + model.heads * (model.rope_size or 0)
    value = model.heads * (model.value_size or model.head_size)
    return 2.0 * model.layers * (query_and_key + value) * sequence_length


def utilisation(flops_per_token: float, tokens_per_second_per_gpu: float, peak_tflops: float) -> float:
    """Share of a GPU's dense peak: MFU for `training_flops_per_token`, HFU for `hardware_flops_per_token`."""
    return flops_per_token * tokens_per_second_per_gpu / (peak_tflops * 1e12)
