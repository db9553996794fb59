"""Which measurements are believed: hand-made rows on both sides of each bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.accuracy.row_checks import (
    below_more_gpus,
    contradictory,
    failed_checks,
    forward_gmacs_lower_bound,
    impossible,
    mislabelled,
    over_in_few_steps,
    peak_tflops,
    superlinear,
    without_links,
)
from planner.hardware.gpus import load_gpus
from planner.model.datasets import Dataset
from planner.model.records import Benchmark, Model, Precision


def test_superlinear_scaling_is_doubted():
    """8 GPUs at 1.2 times the rate of one each: one of the two rows is wrong, the faster is set aside."""
    one, eight = a_row(rate=100), a_row(gpu_count=8, rate=960)

    failed = superlinear([one, eight])

    assert {eight: "superlinear: each of 8 GPUs 1.200 times one alone (bound 1.1)"} == failed


def test_fewer_gpus_are_no_slower_each_than_more():
    """Four at 0.3 of linear scaling beside eight at 0.9: the four are set aside; a ratio of 0.76 is left."""
    one, eight = a_row(rate=100), a_row(gpu_count=8, rate=720)
    slow, fair = a_row(gpu_count=4, rate=120), a_row(gpu_count=4, rate=0.76 * 360)

    assert {slow: "sublinear: each of 4 GPUs 0.333 times each of 8 (bound 0.75)"} == below_more_gpus([one, slow, eight])
    assert {} == below_more_gpus([one, fair, eight])
    assert {} == below_more_gpus([one, a_row(gpu_count=4, rate=120, software="another"), eight])


@pytest.mark.parametrize(
    "change",
    [
        {"rate": 872},  # 1.09 times: within what two machines differ
        {"batch_size_per_gpu": 200},
        {"batch_size_per_gpu": None},
        {"software": "another generation"},
        {"gpu": "h100-80gb-sxm"},
        {"precision": Precision.TF32},
        {"input_size": 160},
    ],
)
def test_scaling_is_judged_only_between_rows_alike(change):
    """Noise, another batch, stack, GPU, precision or input size is no superlinear scaling."""
    eight = {"gpu_count": 8, "rate": 960} | change

    failed = superlinear([a_row(rate=100), a_row(**eight)])

    assert {} == failed


def test_a_noisy_model_has_a_wider_bound():
    """tacotron2 varies by 4 to 8 percent from machine to machine: 1.15 times proves nothing, 1.25 does."""
    one = a_row(model="tacotron2", rate=100)
    two, four = a_row(model="tacotron2", gpu_count=2, rate=230), a_row(model="tacotron2", gpu_count=4, rate=500)

    failed = superlinear([one, two, four])

    assert [four] == list(failed)


def scaling_rows(shares, software, gpu="a100-40gb-sxm"):
    """One and eight GPUs of as many models as there are shares of linear scaling."""
    return [
        a_row(
            model=f"m{number}",
            software=software,
            gpu=gpu,
            gpu_count=count,
            rate=100 * count * (share if count > 1 else 1),
        )
        for number, share in enumerate(shares)
        for count in (1, 8)
    ]


@pytest.mark.parametrize(
    ("shares", "gpu", "is_doubted"),
    [
        # three of ten models scale to 0.5 where the same GPUs reach 0.95 in older software
        ([0.5] * 3 + [0.93] * 7, "a100-40gb-sxm", True),
        ([0.5] * 3 + [0.93] * 7, "v100-16gb", True),
        # two of ten may be the models; nine cells are too few; 0.77 of 0.95 is above the bound
        ([0.5] * 2 + [0.93] * 8, "a100-40gb-sxm", False),
        ([0.5] * 9, "a100-40gb-sxm", False),
        ([0.77] * 10, "a100-40gb-sxm", False),
        # how PCIe cards are wired no row says
        ([0.5] * 10, "a100-40gb-pcie", False),
    ],
)
def test_a_machine_that_does_not_use_its_links_is_doubted(shares, gpu, is_doubted):
    """All of its rows of several GPUs, those of models that exchange little too; one GPU alone needs no links."""
    old, new = (scaling_rows(one, software, gpu) for one, software in (([0.95] * 10, "old"), (shares, "new")))

    failed = without_links([*old, *new], gpus=load_gpus())

    assert ([row for row in new if row.gpu_count == 8] if is_doubted else []) == list(failed)
    if is_doubted:
        reason = "links not used: 3 of 10 cells scale to less than 0.8 of what these GPUs reach elsewhere"
        assert {reason} == set(failed.values())


@pytest.mark.parametrize(
    ("change", "is_doubted"),
    [
        ({}, True),
        ({"model": "tacotron2", "software": "PyTorch 2.3.0a0+40ec155e58.nv24.03 (NGC)"}, True),
        ({"software": "PyTorch 1.10.0a0+ecc3718 (NGC)"}, False),
        ({"precision": Precision.TF32}, False),
        ({"model": "gnmt-v2"}, False),
        ({"source": "NVIDIA/DeepLearningExamples:README.md"}, False),
    ],
)
def test_runs_that_are_not_mixed_precision_are_doubted(change, is_doubted):
    """Since PyTorch 1.13 Lambda's amp of WaveGlow and tacotron2 is as fast as TF32; older rows and other models are not meant."""
    plain = {
        "model": "waveglow",
        "software": "PyTorch 1.13.0a0+d0d6b1f (NGC)",
        "source": "lambdal/deeplearning-benchmark:x",
    }
    row = a_row(**(plain | change))

    failed = mislabelled([row])

    assert ({row: "not mixed precision: since PyTorch 1.13 as fast as in TF32 or FP32"} if is_doubted else {}) == failed


def test_contradictory_repeats_are_doubted():
    """Two machines of one GPU, one 1.3 times the other: nobody can say which is right."""
    row = a_row(rate=115, low=100, high=130, machines=2)

    failed = contradictory([row])

    assert {row: "repeats contradict: fastest 1.30 times the slowest (bound 1.25)"} == failed


@pytest.mark.parametrize(
    "change",
    [
        {"low": 100, "high": 124},
        {"machines": 5},
        {"gpu_count": 8},
    ],
)
def test_repeats_may_differ_by_what_machines_do(change):
    """A tenth or two, one bad machine among five, or the wires between several GPUs do not condemn a cell."""
    row = a_row(**({"rate": 115, "low": 100, "high": 130, "machines": 2} | change))

    failed = contradictory([row])

    assert {} == failed


def test_rates_above_the_hardware_peak_are_doubted():
    """6 x 4.11 GMAC x 12,700 images/s is 313.2 TFLOPS, above the 312 of an A100."""
    row = a_row(rate=12_700)

    failed = impossible([row], gpus=load_gpus(), models={"resnet50": a_model()})

    assert {row: "needs 313.2 TFLOPS per GPU, above the dense peak of 312"} == failed


@pytest.mark.parametrize(
    "change",
    [
        {"rate": 12_600},  # 310.7 TFLOPS
        {"rate": 25_200, "gpu_count": 2},
        {"model": "unknown"},
        {"gpu": "unknown"},
        {"input_size": 112},  # a quarter of the arithmetic
    ],
)
def test_rates_within_the_peak_or_beyond_judgement_pass(change):
    """Below the peak of its GPUs, or without known arithmetic or peak, a row is not doubted."""
    row = a_row(**({"rate": 12_700} | change))

    failed = impossible([row], gpus=load_gpus(), models={"resnet50": a_model()})

    assert {} == failed


def test_an_epoch_of_few_steps_is_doubted():
    """1,000 samples at 8 x 30 a step are over in 4.2 steps; 8 x 25 a step is five and passes."""
    short, enough = (a_row(gpu_count=8, batch_size_per_gpu=batch) for batch in (30, 25))
    tiny = Dataset(name="tiny", aliases=(), samples=1000, sample_unit="image", source="s", as_of="2026-01-01")

    failed = over_in_few_steps([short, enough], models={"resnet50": a_model(dataset="tiny")}, datasets={"tiny": tiny})

    assert {short: "an epoch is over in 4.2 steps, too few to time"} == failed


def test_a_bad_single_gpu_row_condemns_no_others():
    """A single-GPU cell that contradicts itself is no yardstick for eight GPUs."""
    one = a_row(rate=80, low=60, high=100, machines=2)
    eight = a_row(gpu_count=8, rate=800)

    failed = failed_checks([one, eight], gpus={}, models={}, datasets={})

    assert [one] == list(failed)


def test_a_row_is_doubted_for_one_reason():
    """A row that fails several checks is reported once, with the first reason."""
    row = a_row(rate=12_700, low=9_000, high=12_700, machines=2)

    failed = failed_checks([row], gpus=load_gpus(), models={"resnet50": a_model()}, datasets={})

    assert {row: "repeats contradict: fastest 1.41 times the slowest (bound 1.25)"} == failed


@pytest.mark.parametrize(
    ("gpu", "precision", "tflops"),
    [
        ("a100-80gb-sxm", Precision.AMP, 312.0),
        ("a100-80gb-sxm", Precision.TF32, 156.0),
        ("a100-80gb-sxm", Precision.FP32, 19.5),
        ("v100-16gb", Precision.AMP, 125.0),
        ("gtx-1080-ti", Precision.AMP, 11.3),  # 16-bit runs at 1/64 rate: FP32 is the faster
        ("radeon-vii", Precision.AMP, 26.9),  # packed 16-bit
    ],
)
def test_the_peak_is_that_of_the_precision(gpu, precision, tflops):
    """Tensor rate where there are tensor cores, else the better of packed 16-bit and FP32."""
    peak = peak_tflops(load_gpus()[gpu], precision)

    assert tflops == peak


@pytest.mark.parametrize(
    ("unit", "input_size", "gmacs"),
    [
        ("image", None, 4.11),
        ("image", 224, 4.11),
        ("image", 448, 16.44),
        ("sequence", 448, 8.22),
        ("sequence", 112, None),
        ("token", 448, 4.11),
        ("token", 112, None),
        ("utterance", 448, None),
    ],
)
def test_arithmetic_grows_with_the_input_at_least_so(unit, input_size, gmacs):
    """Images by the square of the side, sequences by their length, a token not less; else nothing is known."""
    row = a_row(sample_unit=unit, input_size=input_size)

    found = forward_gmacs_lower_bound(row, a_model())

    assert gmacs == (found if found is None else pytest.approx(found))


@given(
    rates=st.lists(st.floats(1, 1e6), min_size=2, max_size=6),
    counts=st.lists(st.sampled_from([1, 2, 4, 8]), min_size=6, max_size=6),
)
def test_the_order_of_rows_does_not_matter(rates, counts):
    """The same rows in another order are doubted for the same reasons."""
    rows = [a_row(rate=rate, gpu_count=count) for rate, count in zip(rates, counts, strict=False)]

    forwards = failed_checks(rows, gpus=load_gpus(), models={"resnet50": a_model()}, datasets={})
    backwards = failed_checks(rows[::-1], gpus=load_gpus(), models={"resnet50": a_model()}, datasets={})

    assert forwards == backwards


def a_row(*, rate=100.0, low=None, high=None, **changes):
    values = {
        "model": "resnet50",
        "framework": "pytorch",
        "software": "one generation",
        "gpu": "a100-80gb-sxm",
        "gpu_count": 1,
        "precision": Precision.AMP,
        "batch_size_per_gpu": 256,
        "input_size": 224,
        "machines": 1,
        "sample_unit": "image",
        "as_of": "2026-01-01",
        "source": "made for a test",
    }
    return Benchmark(samples_per_second=rate, low=low or rate, high=high or rate, **(values | changes))


def a_model(dataset=None):
    return Model(
        name="resnet50",
        aliases=(),
        task="image-classification",
        sample_unit="image",
        params_millions=25.56,
        forward_gmacs_per_sample=4.11,
        activations_millions=11.11,
        input_size=224,
        dataset=dataset,
        typical_epochs=90.0,
        source="made for a test",
        as_of="2026-01-01",
    )
