"""One rule with three bases: what it says of cells that were measured, of others, and of what cannot be known."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.answers.estimate import estimate
from planner.answers.question import question_from
from planner.answers.throughput import predict_many, predict_throughput, throughput_of
from planner.errors import DoesNotFitError, NoThroughputError, UnknownNameError, UsageError
from planner.hardware.gpus import load_gpus
from planner.model.records import Basis, Precision
from planner.throughput.learnt import load_learnt
from planner.throughput.limits import MAX_PEAK_SHARE, OPERATIONS_PER_MAC
from planner.work.listed import load_models, plan_work
from planner.work.own import OwnMeasurement, OwnModel, own_model
from tests.builders import an_offer

GPUS = sorted(load_gpus())


@pytest.mark.parametrize(
    ("gpu", "gpu_count", "rate", "stack"),
    [
        ("a100-80gb-sxm", 1, 1582.24, "PyTorch 1.13"),
        ("h100-80gb-sxm", 1, 2790, "PyTorch 2.3"),  # 45 machines outvote the one of PyTorch 2.5
        ("v100-16gb", 1, 832.67, "PyTorch 1.13"),
        ("h100-80gb-sxm", 8, 22080, "PyTorch 2.3"),
    ],
)
def test_a_measured_cell_is_its_newest_measurement(gpu, gpu_count, rate, stack):
    """The newest software seen on three machines, else the newest; the stack is named."""
    found = predict_throughput(model="resnet50", gpu=gpu, gpu_count=gpu_count)

    assert Basis.MEASURED == found.basis
    assert rate == pytest.approx(found.samples_per_second, rel=0.002)
    assert found.stack.startswith(stack)


def test_an_unmeasured_gpu_is_carried_over_with_its_sources():
    """No model was ever measured on an L4: scaled, with the rows it rests on and the arithmetic."""
    found = predict_throughput(model="resnet50", gpu="L4")

    assert Basis.SCALED == found.basis
    assert all("lambdal/deeplearning-benchmark" in source for source in found.sources)
    assert "carried over from" in found.steps[0]


def test_arithmetic_alone_gives_a_modelled_figure():
    """A network that was only ever timed in inference has multiply-adds, so it has an estimate, and a wide one."""
    found = predict_throughput(model="efficientvit_m4", gpu="h100-80gb-sxm")

    assert Basis.MODELLED == found.basis
    assert found.high / found.low > 2


@pytest.mark.parametrize("model", ["resnet50", "convnext_base", "efficientvit_m4", "mpt-7b"])
def test_every_gpu_gets_a_figure_or_a_reason(model):
    """Nothing is dropped: each of the GPUs, alone and by eight, is predicted within its own range."""
    work = plan_work(model=model, epochs=1)

    found = predict_many(work.workload, [(gpu, count) for gpu in GPUS for count in (1, 8)])

    figures = [one for one in found.values() if not isinstance(one, NoThroughputError)]
    reasons = [one for one in found.values() if isinstance(one, NoThroughputError)]
    assert 2 * len(GPUS) == len(found)
    assert figures
    assert all(one.low < one.samples_per_second < one.high for one in figures)
    assert all(isinstance(one, DoesNotFitError) for one in reasons)


@pytest.mark.parametrize("precision", ["amp", "fp32"])
@pytest.mark.parametrize("model", ["resnet50", "bert-large-squad", "convnext_base", "efficientvit_m4"])
def test_no_prediction_exceeds_the_hardware(model, precision):
    """Every figure that is not measured stays below 75 percent of the dense peak; small cards do not hold 335 M parameters of 16 bytes."""
    sheet = next(one for one in load_models() if one.name == model)
    gpus = load_gpus()

    for gpu in gpus.values():
        try:
            found = predict_throughput(model=model, gpu=gpu.name, precision=precision)
        except DoesNotFitError:
            assert gpu.memory_gib <= (6 if model == "bert-large-squad" else 4)
            continue
        packed = gpu.fp16_non_tensor_tflops if gpu.architecture.startswith("RDNA") else None  # measured beyond FP32
        peak = (gpu.fp16_tensor_tflops or packed or gpu.fp32_tflops) if precision == "amp" else gpu.fp32_tflops
        used = found.samples_per_second * OPERATIONS_PER_MAC * sheet.forward_gmacs_per_sample / 1000 / peak
        assert found.basis is Basis.MEASURED or used <= MAX_PEAK_SHARE + 1e-9


@pytest.mark.parametrize("model", ["resnet50", "bert-large-squad", "gnmt-v2", "convnext_base"])
@pytest.mark.parametrize(
    ("slower", "faster"),
    [("t4", "l4"), ("l4", "l40s"), ("a16", "a10"), ("p4", "p40"), ("rtx-4070", "rtx-4080"), ("mi250", "mi300x")],
)
def test_a_gpu_that_is_better_in_every_figure_is_predicted_faster(model, slower, faster):
    """More bandwidth, compute, memory and power never make an unmeasured card slower."""
    less = predict_throughput(model=model, gpu=slower)
    more = predict_throughput(model=model, gpu=faster)

    assert less.samples_per_second < more.samples_per_second


def test_the_range_grows_with_the_distance_from_what_was_measured():
    """A measured card, a card of a measured family, a card of a maker without rows: each range wider than the last."""
    measured, family, foreign = (
        predict_throughput(model="resnet50", gpu=gpu) for gpu in ("rtx-a6000", "rtx-3080-ti", "mi300x")
    )

    widths = [round(math.log(one.high / one.low), 9) for one in (measured, family, foreign)]

    assert sorted(widths) == widths


@given(st.sampled_from(GPUS), st.floats(1.01, 100.0))
def test_a_measurement_twice_as_fast_is_carried_twice_as_fast(gpu, factor):
    """What an own measurement is multiplied by, every other GPU is multiplied by."""
    model = own_model(OwnModel(measured=("t4=100",)))
    once, more = (
        predict_throughput(model=model, gpu=gpu, measured=[OwnMeasurement(gpu="t4", samples_per_second=rate)])
        for rate in (100.0, 100.0 * factor)
    )

    assert once.samples_per_second * factor == pytest.approx(more.samples_per_second, rel=1e-4)


@given(st.sampled_from(GPUS), st.sampled_from([1, 2, 8]), st.floats(1.0, 1e5))
def test_an_own_measurement_stands_for_its_own_gpu_and_count(gpu, count, rate):
    """Where it was made, an own measurement is the answer, to the last digit, with room for another machine only."""
    model = own_model(OwnModel(measured=("any=1",)))
    own = OwnMeasurement(gpu=gpu, gpu_count=count, samples_per_second=rate)

    found = predict_throughput(model=model, gpu=gpu, gpu_count=count, measured=[own])

    assert (rate, "measured_by_you") == (found.samples_per_second, str(found.basis))
    assert rate / 1.2 < found.low < rate < found.high < rate * 1.2


@pytest.mark.parametrize("precision", ["amp", "fp32"])
@pytest.mark.parametrize("batch", [None, 8, 256])
def test_what_eight_gpus_made_is_carried_there_and_back(batch, precision):
    """Eight GPUs as one and eight again, in another number format and back, are what was measured: only the drawing together is left."""
    model = own_model(OwnModel(measured=("any=1",), params_millions=25.6))
    other = "fp32" if precision == "amp" else "amp"
    asked = {"model": model, "gpu": "v100-16gb", "gpu_count": 8, "batch_size": batch}
    own = OwnMeasurement(gpu="v100-16gb", gpu_count=8, samples_per_second=3000.0, precision=Precision(precision))

    there = predict_throughput(**asked, precision=other, measured=[own])
    back = replace(own, samples_per_second=there.samples_per_second, precision=Precision(other))
    found = predict_throughput(**asked, precision=precision, measured=[back])

    assert 3000.0 == pytest.approx(found.samples_per_second, rel=0.01)


def test_at_equal_batches_a_larger_memory_gains_little():
    """BERT ran at 4 sequences on 16 GB and at 24 on 32 GB: who states his batch is told what the same card gains without that."""
    model = own_model(OwnModel(measured=("any=1",), params_millions=336, sample_unit="sequence"))
    own = OwnMeasurement(gpu="v100-16gb", samples_per_second=30.0)

    usual, equal = (
        predict_throughput(model=model, gpu="v100-32gb", batch_size=batch, measured=[own]) for batch in (None, 4)
    )

    assert 30.0 * 0.95 < equal.samples_per_second < usual.samples_per_second
    assert equal.samples_per_second < 30.0 * 1.1
    assert equal.high / equal.low < usual.high / usual.low


@pytest.mark.parametrize(
    ("unit", "batch", "times"), [("sequence", 32, 8), ("sequence", 512, 8), ("image", 32, 8), ("image", 512, 2)]
)
def test_a_batch_of_ones_own_need_not_fill_the_gpu(unit, batch, times):
    """Eight times the batch gain 8 ** e; of images from 256 on, which fill a GPU, no more than twice them."""
    exponent = load_learnt()["batch"]["median"]
    model = own_model(OwnModel(measured=("any=1",), sample_unit=unit))
    own = OwnMeasurement(gpu="a100-80gb-sxm", samples_per_second=100.0, batch_size=batch)

    found = predict_throughput(model=model, gpu="a100-80gb-sxm", batch_size=8 * batch, measured=[own])

    assert 100.0 * times**exponent == pytest.approx(found.samples_per_second)
    assert found.low < 100.0 * times ** load_learnt()["batch"]["low"]


def test_measurements_at_two_batches_are_told_apart():
    """A T4 at 8 samples and an A100 at 256 are one code: each counts as it would be at the batch asked for."""
    exponent = load_learnt()["batch"]["median"]
    model = own_model(OwnModel(measured=("any=1",), sample_unit="sequence"))
    slow = OwnMeasurement(gpu="t4", samples_per_second=40.0, batch_size=8)
    fast = OwnMeasurement(gpu="a100-80gb-sxm", samples_per_second=700.0, batch_size=256)
    level = [
        replace(slow, samples_per_second=40.0 * 4**exponent),
        replace(fast, samples_per_second=700.0 * 8**-exponent),
    ]

    found, expected = (
        predict_throughput(
            model=model, gpu="l4", batch_size=32, measured=[replace(one, batch_size=each) for one, each in given]
        )
        for given in (((slow, 8), (fast, 256)), zip(level, (32, 32), strict=True))
    )

    assert expected.samples_per_second == pytest.approx(found.samples_per_second)


def test_contradictory_own_measurements_are_refused():
    """A T4 at nearly twice the rate of an A100 is a slip of the pen, not a GPU."""
    model = own_model(OwnModel(measured=("a100-80gb-sxm=1234",)))
    own = [
        OwnMeasurement(gpu="a100-80gb-sxm", samples_per_second=1234.0),
        OwnMeasurement(gpu="t4", samples_per_second=2100.0),
    ]

    with pytest.raises(UsageError, match="contradict each other"):
        predict_throughput(model=model, gpu="l4", measured=own)


def test_a_second_measurement_narrows_the_range():
    """Two cards say more of a model than one where the first is far from the one asked for; nowhere less."""
    model = own_model(OwnModel(measured=("a100-80gb-sxm=1234",)))
    far = OwnMeasurement(gpu="t4", samples_per_second=210.0)
    near = OwnMeasurement(gpu="a100-80gb-sxm", samples_per_second=1234.0)

    for gpu, is_narrower in (("h100-80gb-sxm", True), ("l4", False)):
        one = predict_throughput(model=model, gpu=gpu, measured=[far])
        two = predict_throughput(model=model, gpu=gpu, measured=[far, near])
        assert two.high / two.low <= one.high / one.low * (1 + 1e-9)
        assert is_narrower is (two.high / two.low < 0.8 * one.high / one.low)


@pytest.mark.parametrize(
    ("gpu", "precision", "message"),
    [("t4", "bf16", "no bf16 units"), ("v100-16gb", "tf32", "no tf32 units"), ("p40", "bf16", "no bf16 units")],
)
def test_a_gpu_without_the_precision_is_refused(gpu, precision, message):
    """No bf16 and no TF32 before Ampere."""
    with pytest.raises(NoThroughputError, match=message):
        predict_throughput(model="resnet50", gpu=gpu, precision=precision)


def test_fp8_is_refused():
    """Nobody measured a training run in fp8, so none is predicted."""
    with pytest.raises(UsageError, match="fp8"):
        predict_throughput(model="resnet50", gpu="h100-80gb-sxm", precision="fp8")


def test_true_fp32_on_ampere_is_slower_than_tf32_and_says_that_it_was_not_measured():
    """The sources leave TF32 on; a run with TF32 switched off is a prediction."""
    true_fp32 = predict_throughput(model="resnet50", gpu="a100-80gb-sxm", precision="fp32")
    tf32 = predict_throughput(model="resnet50", gpu="a100-80gb-sxm", precision="tf32")

    assert Basis.SCALED == true_fp32.basis
    assert true_fp32.samples_per_second < tf32.samples_per_second
    assert any("TF32 switched off" in note for note in true_fp32.notes)


def test_mixed_precision_without_tensor_cores_is_near_fp32():
    """Pascal's FP16 units run at 1/64: mixed precision computes in FP32 there and only saves memory traffic."""
    amp = predict_throughput(model="bert-base-squad", gpu="p40", precision="amp")
    fp32 = predict_throughput(model="bert-base-squad", gpu="p40", precision="fp32")

    assert 1.0 <= amp.samples_per_second / fp32.samples_per_second < 1.8
    assert any("no tensor cores" in note for note in amp.notes)


def test_the_framework_chooses_the_stack_and_the_default_names_the_fastest():
    """The same ResNet-50 on one A100 is 1,582 images/s in PyTorch 1.13 and 3,410 in MXNet."""
    default = predict_throughput(model="resnet50", gpu="a100-80gb-sxm")
    mxnet = predict_throughput(model="resnet50", gpu="a100-80gb-sxm", framework="mxnet")

    assert 3410.52 == mxnet.samples_per_second
    assert any("mxnet" in note and "3,410.5" in note for note in default.notes)


def test_an_unknown_framework_is_refused():
    """No row of any model is of Caffe."""
    with pytest.raises(UnknownNameError, match="framework 'caffe'"):
        predict_throughput(model="resnet50", gpu="l4", framework="caffe")


def test_another_framework_of_an_unmeasured_pair_widens_the_range():
    """GNMT was never measured in MXNet: the figure stands for PyTorch, says so, and is less certain."""
    known = predict_throughput(model="gnmt-v2", gpu="t4")
    asked = predict_throughput(model="gnmt-v2", gpu="t4", framework="mxnet")

    assert known.samples_per_second == asked.samples_per_second
    assert asked.high / asked.low > known.high / known.low
    assert any("not measured in mxnet" in note for note in asked.notes)


def test_four_times_the_pixels_are_four_times_the_work():
    """448 pixels in place of 224: a quarter of the images, and a wider range, at a batch that fits either way."""
    usual = predict_throughput(model="resnet50", gpu="l4", batch_size=64)
    large = predict_throughput(model="resnet50", gpu="l4", batch_size=64, sequence_length_or_image_size=448)

    assert usual.samples_per_second / 4 == pytest.approx(large.samples_per_second)
    assert large.high / large.low > usual.high / usual.low


def test_a_smaller_batch_is_slower_and_less_certain():
    """Half the batch that fits costs some of the throughput, never half."""
    usual = predict_throughput(model="resnet50", gpu="l4")
    small = predict_throughput(model="resnet50", gpu="l4", batch_size=224)

    assert 0.5 < small.samples_per_second / usual.samples_per_second < 1
    assert small.high / small.low > usual.high / usual.low


def test_more_gpus_than_a_machine_holds_need_nodes():
    """32 L4 are not one machine."""
    with pytest.raises(NoThroughputError, match="with nodes"):
        predict_throughput(model="resnet50", gpu="l4", gpu_count=32)


def test_a_slice_of_a_gpu_says_that_it_is_an_assumption():
    """An eighth of an L4 gives an eighth of its throughput at a batch that fits into an eighth, with a note."""
    whole = predict_throughput(model="resnet50", gpu="l4", batch_size=16)
    slice_ = predict_throughput(model="resnet50", gpu="l4", gpu_count=0.125, batch_size=16)

    assert whole.samples_per_second / 8 == pytest.approx(slice_.samples_per_second)
    assert any("slice" in note for note in slice_.notes)


def test_the_best_precision_is_the_fastest():
    """Without a precision each GPU uses its fastest number format."""
    work = plan_work(model="resnet50", epochs=1, precision="best")

    found = predict_many(work.workload, [("t4", 1.0)])["t4", 1.0]

    assert Precision.AMP == found.precision


@pytest.mark.parametrize("changes", [{"batch_size": 0}, {"input_size": -1}])
def test_impossible_sizes_are_refused(changes):
    """Batch and input size are at least 1."""
    workload = replace(plan_work(model="resnet50", epochs=1).workload, **changes)

    with pytest.raises(UsageError, match="at least 1"):
        predict_many(workload, [("l4", 1.0)])


def test_an_own_measurement_moves_a_known_model():
    """Twice the known rate on one card is twice the known rate on every other."""
    known = predict_throughput(model="resnet50", gpu="l4")
    t4 = predict_throughput(model="resnet50", gpu="t4")
    own = OwnMeasurement(gpu="t4", samples_per_second=2 * t4.samples_per_second)

    moved = predict_throughput(model="resnet50", gpu="l4", measured=[own])

    assert 2 * known.samples_per_second == pytest.approx(moved.samples_per_second)
    assert "your own measurement" in moved.stack


def test_own_measurements_of_a_known_model_may_not_contradict_it():
    """Half the known rate on an A100 and ten times on a T4 cannot both be right."""
    own = [
        OwnMeasurement(gpu="a100-80gb-sxm", samples_per_second=800.0),
        OwnMeasurement(gpu="t4", samples_per_second=3300.0),
    ]

    with pytest.raises(UsageError, match="contradict each other"):
        predict_throughput(model="resnet50", gpu="l4", measured=own)


def test_a_language_model_is_planned_for_all_nodes():
    """Two machines of eight A100 take the layout of sixteen GPUs, whatever number the workload was described for."""
    offer = an_offer(gpu="a100-80gb-sxm", gpu_count=8.0, network_gbps=100.0)
    described = {"model": "gpt2-124m", "tokens": "10B"}

    for_one, for_two = (
        throughput_of(question_from({**described, "nodes": nodes}).work.workload, offer, nodes=2) for nodes in (1, 2)
    )

    assert for_two == for_one
    assert any("on 16 GPUs" in step for step in for_one.steps)


def test_throughput_of_says_why_none_counts():
    """A basis too weak, a batch that does not fit and a machine nobody builds are reasons, not errors that are raised."""
    work, wide = (plan_work(model="resnet50", epochs=1, batch_size=size).workload for size in (64, 4096))
    a10g = an_offer(gpu="a10g", gpu_count=1.0)

    weak, large, many = (
        throughput_of(work, a10g, weakest=Basis.MEASURED),
        throughput_of(wide, a10g),
        throughput_of(work, an_offer(gpu="a10g", gpu_count=32.0)),
    )

    assert "throughput only scaled (basis measured)" == str(weak)
    assert "resnet50 at 4096 a GPU does not fit into memory" in str(large)
    assert "32" in str(many)


@pytest.mark.parametrize(
    ("model", "pixels"), [("efficientnet-b4", [320]), ("tf_efficientnet_b4", [380]), ("resnet50", [])]
)
def test_an_unusual_size_of_pictures_is_said(model, pixels):
    """Two families train EfficientNet-B4 at different sizes: the answer says which one it stands for."""
    said = estimate(model=model, epochs=1, gpus=["T4"], providers=["gcp"]).assumptions

    assert pixels == [int(line.split()[2]) for line in said if line.startswith("pictures of")]
