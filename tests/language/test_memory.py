"""Memory: formulas by hand, published figures, and laws that always hold."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.accuracy.own_runs import measured_runs, predicted_memory_gib
from planner.hardware.gpus import load_gpus
from planner.language.listed import find_language_model, load_language_models
from planner.language.memory import activation_bytes, layer_activation_bytes, memory_needed
from planner.language.stacks import ADAPTER_STACK
from planner.model.language_runs import LanguageJob, Layout, Method, Optimizer, Recomputation
from planner.throughput.measured import load_benchmarks
from planner.throughput.memory import GIB, usable_bytes

NAMES = ("gpt2-124m", "llama-2-7b", "llama-3-70b", "mixtral-8x7b", "deepseek-v2-lite")


@pytest.mark.parametrize(
    ("name", "options", "bytes_by_hand"),
    [
        # layer norms 2 x (4 + 2) h, queries, keys, values and attention 8 h, gelu_new 2 + 4 + 4 + 2 + 4 bytes of 4 h
        ("gpt2-124m", {}, 84 * 768),
        ("gpt2-124m", {"precision_bytes": 4}, (16 + 16 + 5 * 16) * 768),
        # norms 2 x (4 + 4) h and five 16-bit copies; queries 2 x 2 h, keys and values 4 x 512; 4 x 2 f
        ("llama-3.2-1b", {}, 26 * 2048 + 4 * 2048 + 4 * 512 + 8 * 8192),
        # norms 2 x (4 + 2 + 2) h
        ("llama-3.2-1b", {"is_pure_bf16": True}, 16 * 2048 + 4 * 2048 + 4 * 512 + 8 * 8192),
    ],
)
def test_plain_code_keeps_what_each_operation_read(name, options, bytes_by_hand):
    """Bytes of a token in a layer of Transformers without a compiler, added up from its modules."""
    job = replace(a_job(name, 1024), is_plain=True, **options)

    assert pytest.approx(bytes_by_hand) == layer_activation_bytes(job, Layout()) / 1024


def test_runs_of_plain_code_held_what_is_counted():
    """23 runs on an H100, by which nothing was set: within 2 %, where layers are computed again up to 9 % more is counted."""
    for run in measured_runs():
        if run.kind != "decoder" or run.compiled or run.memory_allocated_gib is None:
            continue
        counted = predicted_memory_gib(run.run, ADAPTER_STACK)
        assert 0.98 < counted / (run.memory_allocated_gib + 0.8) < (1.02 if run.recompute == "none" else 1.09), run.name


@pytest.mark.parametrize("tensor", [1, 2, 4, 8])
def test_activations_of_a_layer_follow_korthikanti(tensor):
    """s b h (10 + 24 / t + 5 a s / (h t)) bytes, equation 2 of https://arxiv.org/abs/2205.05198, for GPT-3 at batch 2."""
    length, batch, hidden, heads = 2048, 2, 12_288, 96
    by_formula = length * batch * hidden * (10 + 24 / tensor + 5 * heads * length / (hidden * tensor))

    found = layer_activation_bytes(
        a_job("gpt3-175b", length, has_flash_attention=False),
        Layout(tensor=tensor, micro_batch=batch),
        has_dropout=True,
    )

    assert pytest.approx(by_formula) == found


def test_selective_recomputation_takes_the_scores_away():
    """34 s b h bytes without tensor parallelism: table 2 of https://arxiv.org/abs/2205.05198."""
    job = a_job("gpt3-175b", 2048, has_flash_attention=False)
    layout = Layout(recomputation=Recomputation.SELECTIVE)

    assert pytest.approx(34 * 2048 * 12_288) == layer_activation_bytes(job, layout, has_dropout=True)


def test_full_recomputation_keeps_inputs_of_layers():
    """2 s b h bytes a layer, and one layer at work."""
    job = a_job("gpt3-175b", 2048)

    found = activation_bytes(job, Layout(recomputation=Recomputation.FULL))

    assert pytest.approx(96 * 2 * 2048 * 12_288 + 32 * 2048 * 12_288) == found


def test_a_gated_layer_keeps_four_inner_tensors():
    """Llama 2 7B, 16 bits: 4 h for two norms, 2 h queries, 2 h keys and values, 4 f of the feed-forward."""
    found = layer_activation_bytes(a_job("llama-2-7b", 2048), Layout())

    assert pytest.approx(2 * 2048 * (4 * 4096 + 2 * 4096 + 2 * 4096 + 4 * 11_008)) == found


def test_the_first_stage_of_a_pipeline_holds_as_many_micro_batches_as_stages():
    """Four stages of eight layers with four micro batches each hold as much as one GPU with all 32; one micro batch a quarter."""
    many, one = a_job("llama-2-7b", 2048), replace(a_job("llama-2-7b", 2048), batch_tokens=2048)

    whole = activation_bytes(many, Layout())

    assert pytest.approx(whole) == activation_bytes(many, Layout(pipeline=4))
    assert pytest.approx(whole / 4) == activation_bytes(one, Layout(pipeline=4))


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120.0), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_zero_stages_need_what_the_paper_says(stage, gigabytes):
    """7.5 B parameters on 64 GPUs: 120, 31.4, 16.6 and 1.9 GB, figure 1 of https://arxiv.org/abs/1910.02054."""
    model = find_language_model("llama-2-7b")
    scale = 7.5e9 / model.parameters

    memory = memory_needed(a_job("llama-2-7b", 1), Layout(data=64, zero_stage=stage))

    states = memory.weights + memory.gradients + memory.optimizer
    assert pytest.approx(gigabytes, abs=0.05) == scale * states / 1e9


@pytest.mark.parametrize(
    ("optimizer", "precision_bytes", "expected"),
    [
        (Optimizer.ADAMW, 2, 16),  # 2 + 2 + 4 + 4 + 4: https://arxiv.org/abs/1910.02054, section 3.1
        (Optimizer.ADAMW, 4, 16),  # 4 + 4 + 4 + 4
        (Optimizer.ADAMW_8BIT, 2, 10),
        (Optimizer.SGD, 2, 8),
        (Optimizer.SGD_MOMENTUM, 4, 12),
    ],
)
def test_bytes_per_parameter(optimizer, precision_bytes, expected):
    """Weights, gradients and states of mixed-precision Adam take 16 bytes a parameter, other choices their own."""
    job = a_job("llama-2-7b", 1, optimizer=optimizer, precision_bytes=precision_bytes)

    memory = memory_needed(job, Layout())

    states = memory.weights + memory.gradients + memory.optimizer
    assert pytest.approx(expected) == states / job.model.parameters


@pytest.mark.parametrize(
    ("name", "card_gib"),
    [("llama-7b", (5, 8)), ("llama-13b", (9, 16)), ("llama-33b", (20, 24)), ("llama-65b", (40, 46))],
)
def test_qlora_fits_the_cards_of_the_paper(name, card_gib):
    """Rank 64 on every matrix, 512 tokens: 7B, 13B, 33B, 65B on 8, 16, 24 and 48 GB, https://arxiv.org/abs/2305.14314."""
    job = a_job(name, 512, method=Method.QLORA, rank=64, optimizer=Optimizer.ADAMW_8BIT)

    memory = memory_needed(job, Layout(recomputation=Recomputation.FULL))

    assert card_gib[0] < memory.total / GIB < card_gib[1]


def test_measured_runs_fit():
    """All rows of llm-foundry ran: 95 percent fit by this count, none needs a tenth more than there is."""
    loads = [load for _, load in _foundry_loads()]

    assert 0.95 <= sum(load <= 1 for load in loads) / len(loads)
    assert 1.10 > max(loads)


def test_twice_the_micro_batch_of_a_measured_run_rarely_fits():
    """Their micro batches were the largest that fit: three in four would not fit doubled."""
    doubled = [load for load, _ in _foundry_loads()]

    assert 0.75 <= sum(load > 1 for load in doubled) / len(doubled)


@given(data=st.data())
def test_more_recomputation_never_needs_more(data):
    """none, selective, full: each needs at most what the one before does."""
    job, layout = data.draw(jobs()), data.draw(layouts())

    none, selective, full = (memory_needed(job, replace(layout, recomputation=kind)).total for kind in Recomputation)

    if job.model.layers / layout.pipeline >= 2:  # of a single layer there is nothing to throw away
        assert full <= selective * 1.0001
    assert selective <= none


@given(data=st.data())
def test_a_deeper_pipeline_never_needs_more_for_states(data):
    """However unevenly the layers divide: the fullest stage of more stages holds no more weights."""
    job, layout = data.draw(jobs()), data.draw(layouts())

    shallow, deep = (memory_needed(job, replace(layout, pipeline=stages)) for stages in (3, 5))

    assert deep.weights + deep.optimizer < shallow.weights + shallow.optimizer


@given(data=st.data())
def test_sequence_parallelism_never_needs_more(data):
    """Split norms and residuals are smaller ones."""
    job, layout = data.draw(jobs()), data.draw(layouts())

    whole, split = (memory_needed(replace(job, has_sequence_parallelism=flag), layout).total for flag in (False, True))

    assert split <= whole


@given(data=st.data())
def test_a_higher_zero_stage_never_needs_more_for_states(data):
    """Weights, gradients and optimiser states shrink or stay from stage to stage; so does the sum from two layers on."""
    job, layout = data.draw(jobs()), data.draw(layouts())

    states = []
    for stage in range(4):
        memory = memory_needed(job, replace(layout, zero_stage=stage))
        states.append(memory.weights + memory.gradients + memory.optimizer)

    assert sorted(states, reverse=True) == states


@given(data=st.data())
def test_twice_the_batch_never_needs_less(data):
    """More sequences at once need more memory, and at most twice as much; so long as they still interleave, or never did."""
    job, layout = replace(data.draw(jobs()), has_interleaving=False), data.draw(layouts())

    once = memory_needed(job, layout).total
    twice = memory_needed(job, replace(layout, micro_batch=2 * layout.micro_batch)).total

    assert once <= twice <= 2 * once


def jobs():
    """Jobs of small and large, dense and sparse models in every method and optimiser."""
    return st.builds(
        LanguageJob,
        model=st.sampled_from([load_language_models()[name] for name in NAMES]),
        method=st.sampled_from(Method),
        sequence_length=st.sampled_from([128, 2048, 8192]),
        batch_tokens=st.just(2**24),
        precision_bytes=st.sampled_from([2, 4]),
        optimizer=st.sampled_from(Optimizer),
        rank=st.integers(1, 256),
        has_flash_attention=st.booleans(),
        has_sequence_parallelism=st.booleans(),
        has_interleaving=st.booleans(),
    )


def layouts():
    """Layouts of one to thousands of GPUs."""
    return st.builds(
        Layout,
        data=st.sampled_from([1, 2, 8, 64]),
        tensor=st.sampled_from([1, 2, 4, 8]),
        pipeline=st.sampled_from([1, 2, 3, 4, 5, 16]),
        micro_batch=st.integers(1, 16),
        zero_stage=st.integers(0, 3),
        recomputation=st.sampled_from(Recomputation),
    )


def a_job(name, length, **changes):
    """A job of that model and sequence length."""
    return LanguageJob(model=find_language_model(name), sequence_length=length, batch_tokens=2**24, **changes)


def _foundry_loads():
    """(with twice the micro batch, as run): memory over what is usable, for every MPT row."""
    loads = []
    for row in load_benchmarks():
        if not row.model.startswith("mpt-"):
            continue
        full = "activation checkpointing" in row.software
        layout = Layout(
            data=row.gpu_count,
            micro_batch=row.batch_size_per_gpu,
            zero_stage=3,
            recomputation=Recomputation.FULL if full else Recomputation.NONE,
        )
        usable = usable_bytes(load_gpus()[row.gpu])
        job = a_job(row.model, row.input_size)
        double = replace(layout, micro_batch=2 * layout.micro_batch)
        loads.append((memory_needed(job, double).total / usable, memory_needed(job, layout).total / usable))
    return loads
