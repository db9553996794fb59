"""What is said of own measurements that cannot be, hardly can be, or are of something else."""

import math

import pytest

import planner
from planner.answers.throughput import predict_throughput
from planner.errors import UnknownNameError, UsageError
from planner.model.frozen import changed
from planner.model.records import Basis, OwnMeasurement, Precision, Workload
from planner.render.estimates import notes_text
from planner.render.screen import first_screen
from planner.throughput.adjustments import NO_CHANGE, batch_factor
from planner.throughput.batches import Batch
from planner.throughput.own_runs import beside_own
from planner.throughput.workload_prediction import Prediction
from planner.work.listed import resolve_model


def of_resnet(rate, gpu="a100-80gb-sxm", count=8, precision=Precision.AMP):
    return OwnMeasurement(gpu=gpu, gpu_count=count, precision=precision, samples_per_second=rate)


def on_eight(own):
    return predict_throughput(model="resnet50", gpu="a100-80gb-sxm", gpu_count=8, measured=[own])


def test_a_speed_that_no_gpu_reaches_is_refused_with_what_it_would_take():
    """A million images a second on eight: 125,000 x 4.11 billion multiply-adds x 2 are 1,028 TFLOPS on a card of 312."""
    with pytest.raises(
        UsageError, match=r"resnet50 at size 224 take 1,028 TFLOPS on each GPU, whose peak in amp is 312"
    ):
        on_eight(of_resnet(1e6))


def test_a_speed_of_several_machines_is_none_of_one():
    """It said that 64 GPUs fit no machine, and to plan with --nodes, which a measurement has not."""
    with pytest.raises(
        UsageError, match="a100-80gb-sxm:64: an own measurement is of one machine, which holds at most 16"
    ):
        on_eight(of_resnet(100_000, count=64))


@pytest.mark.parametrize(("rate", "share"), [(90_000, 89), (150_000, 148)])
def test_a_speed_near_the_peak_is_taken_and_named(rate, share):
    """11,250 x 4.11 x 6 are 277 of 312 TFLOPS; more than the peak is possible where layers are frozen. Other cards are not held below it."""
    found = on_eight(of_resnet(rate))
    four = predict_throughput(model="resnet50", gpu="a100-80gb-sxm", gpu_count=4, measured=[of_resnet(rate)])

    assert (rate, Basis.MEASURED_BY_YOU) == (found.samples_per_second, found.basis)
    assert any(f"your own speed is {share}% of the dense peak" in note for note in found.notes)
    assert four.samples_per_second == pytest.approx(rate / 2, rel=0.05)


def test_a_usual_speed_is_taken_without_a_word():
    """15,000 images a second on eight are 15 % of the peak."""
    assert not any("own speed" in note for note in on_eight(of_resnet(15_000)).notes)


def test_what_pytorch_calls_fp32_may_be_tf32():
    """1,200 a second on each A100 are 29.6 of 19.5 TFLOPS in FP32. They are taken and named; more of the same cards are as fast, others are held."""
    own = of_resnet(9600, precision=Precision.FP32)
    asked = {"model": "resnet50", "precision": "fp32", "measured": [own]}
    rates = [
        predict_throughput(gpu="a100-80gb-sxm", gpu_count=count, **asked).samples_per_second for count in (1, 4, 8, 16)
    ]
    other = predict_throughput(gpu="v100-32gb", **asked)

    assert [1200, 4800, 9600, 19200] == pytest.approx(rates, rel=0.1)
    assert any("152% of the FP32 peak" in note and "a100-80gb-sxm@tf32" in note for note in other.notes)
    assert other.samples_per_second == pytest.approx(0.75 * 15.7e3 / (6 * 4.11), rel=0.01)
    beyond = predict_throughput(**{**asked, "measured": [of_resnet(80_000, precision=Precision.FP32)]}, gpu="l4")
    assert any("158% of the dense peak: check unit" in note for note in beyond.notes)  # not even TF32 explains it
    with pytest.raises(UsageError, match="whose peak in tf32 is 156"):
        predict_throughput(**{**asked, "measured": [of_resnet(200_000, precision=Precision.FP32)]}, gpu="l4")


@pytest.mark.parametrize(
    ("model", "gpu", "count", "rate"),
    [
        ("resnet50", "mi250x", 8, 10_700.0),
        ("nf_resnet50", "v100-32gb", 2, 1770.0),
        ("tnt_s_patch16_224", "t4", 8, 1250.0),
    ],
)
def test_a_measurement_where_the_usual_batch_does_not_fit_is_of_the_batch_that_is_planned(model, gpu, count, rate):
    """The batch was reduced on the way back alone: each of four was a seventh slower than each of the eight that were measured."""
    own = OwnMeasurement(gpu=gpu, gpu_count=count, samples_per_second=rate)
    each = [
        predict_throughput(model=model, gpu=gpu, gpu_count=number, measured=[own]).samples_per_second / number
        for number in (1, 2, 4, 8, 16)
    ]

    assert sorted(each, reverse=True) == pytest.approx(each, rel=1e-4)
    assert each[2] == pytest.approx(rate / count, rel=0.07)


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ({"gpu": "nope"}, "nope"),
        ({"gpu": "A100"}, "may be"),
        ({"samples_per_second": 0.0}, "positive number"),
        ({"samples_per_second": -1.0}, "positive number"),
        ({"samples_per_second": math.nan}, "positive number"),
        ({"samples_per_second": math.inf}, "positive number"),
        ({"gpu_count": 0}, "a100-80gb-sxm:0"),
        ({"gpu_count": -1}, "a100-80gb-sxm:-1"),
        ({"gpu_count": 2.5}, "whole"),
        ({"precision": "fp31"}, "fp31"),
        ({"batch_size": 0}, "batch.size must be a positive number"),
        ({"batch_size": -1}, "batch.size must be a positive number"),
        ({"low": 1100.0, "high": 1200.0}, "range from 1100 to 1200 does not hold it"),
    ],
)
def test_a_record_that_cannot_be_is_refused_as_its_text_is(own, why):
    """It ended in a KeyError, a ZeroDivisionError or "math domain error"."""
    one = OwnMeasurement(**{"gpu": "a100-80gb-sxm", "samples_per_second": 1000.0, **own})
    with pytest.raises((UsageError, UnknownNameError), match=why):
        predict_throughput(model="resnet50", gpu="l4", measured=[one])


def test_two_records_of_one_setting_must_agree():
    """As two texts must; at another batch they are another setting."""
    one, two, other = (
        OwnMeasurement(gpu="l4", samples_per_second=rate, batch_size=batch)
        for rate, batch in ((500.0, 64), (1000.0, 64), (1000.0, 256))
    )
    with pytest.raises(UsageError, match="contradicts 500 samples/s"):
        predict_throughput(model="resnet50", gpu="t4", measured=[one, two])
    assert predict_throughput(model="resnet50", gpu="t4", batch_size=64, measured=[one, other]).samples_per_second > 0


def test_a_stated_batch_is_that_of_the_measurement():
    """It was shown as the usual 448, and the share of linear scaling worked out at that."""
    asked = {"model": "resnet50", "gpu": "l4", "gpu_count": 8}
    own = OwnMeasurement(gpu="l4", gpu_count=8, samples_per_second=3000.0, batch_size=32)

    assert predict_throughput(**asked, measured=[own]).batch_size_per_gpu == 32


def test_another_batch_asked_of_the_same_prediction_is_a_prediction_at_that_batch():
    """The rate of one GPU stood for the usual batch, and the way back was at 64: each of four was slower than each of eight."""
    own = OwnMeasurement(gpu="a100-80gb-sxm", gpu_count=8, samples_per_second=8000.0)
    work = Workload(
        model=resolve_model("vgg16"),
        dataset=None,
        samples_per_epoch=1,
        epochs=1,
        precision=Precision.AMP,
        measured=(own,),
    )
    later, asked = Prediction(work).at_batch(64), Prediction(changed(work, batch_size=64))

    for count in (1, 4, 8, 16):
        assert asked.of("a100-80gb-sxm", count) == later.of("a100-80gb-sxm", count)


def test_what_is_planned_can_be_measured():
    """Sixteen H200 are planned at 1.3 billion samples of NCF a second: a measurement of as much was no speed of a GPU."""
    asked = {"model": "ncf", "gpu": "h200-141gb-sxm", "gpu_count": 16}
    planned = predict_throughput(**asked).samples_per_second
    own = OwnMeasurement(gpu="h200-141gb-sxm", gpu_count=16, samples_per_second=planned)

    found = predict_throughput(**asked, measured=[own])

    assert planned > 1e9
    assert (planned, Basis.MEASURED_BY_YOU) == (found.samples_per_second, found.basis)


def test_a_record_names_its_device_as_people_do():
    """An alias stands for its key."""
    named, keyed = (
        predict_throughput(model="resnet50", gpu="l4", measured=[of_resnet(9000, gpu=gpu)])
        for gpu in ("A100-SXM4-80GB", "a100-80gb-sxm")
    )

    assert keyed == named


def test_the_first_screen_warns_of_a_speed_near_the_peak():
    """It is a line with an exclamation mark: units and counts of GPUs are easily mistaken."""
    found = planner.estimate(model="resnet50", epochs=90, measured=("a100-80gb-sxm:8=90000",))

    assert "! Your own speed is 89% of the dense peak" in first_screen(found, width=80)


def test_a_speed_of_a_processor_says_nothing_of_gpus():
    """GPUs keep the published speed, and both the assumptions and the line on ranges say so."""
    alone = planner.estimate(model="resnet50", epochs=90)
    found = planner.estimate(model="resnet50", epochs=90, measured=("xeon-platinum-8488c=100",))

    def of_gpus(result):
        return [one.throughput for one in result.estimates if not one.offer.gpu.startswith("xeon")]

    assert of_gpus(alone)[:20] == of_gpus(found)[:20]
    assert "! What you measured on xeon-platinum-8488c says nothing of GPUs." in first_screen(found, width=80)
    assert "at your measured speed" not in first_screen(found, width=80)
    assert any(line.startswith("Range:") and "whatever the code" in line for line in notes_text(found))
    assert any("xeon-platinum-8488c says nothing of GPUs" in one for one in found.assumptions)
    assert not any("says nothing of GPUs" in one for one in alone.assumptions)


def test_a_language_model_takes_no_measurement_of_samples():
    """Its runs are calibrated in tokens; a rate of samples would leave the way of language models."""
    own = OwnMeasurement(gpu="a100-80gb-sxm", samples_per_second=1000.0)
    with pytest.raises(UsageError, match="not for language models: llama-3-8b is one"):
        predict_throughput(model="llama-3-8b", gpu="a100-80gb-sxm", measured=[own])


def test_a_row_of_a_small_batch_says_so():
    """NCF on eight V100 was measured at 131,072 where one has 2,560,000; asked for, the batch is no surprise."""
    found = predict_throughput(model="ncf", gpu="v100-16gb", gpu_count=8)
    asked = predict_throughput(model="ncf", gpu="v100-16gb", gpu_count=8, batch_size=131_072)

    note = "measured at 131,072 a GPU, where 2,560,000 are usual: a larger batch may be faster"
    assert (Basis.MEASURED, True) == (found.basis, note in found.notes)
    assert note not in asked.notes


def test_a_batch_beside_one_that_was_reduced_too():
    """At half the usual batch x 0.5 ** 0.2; beside a measurement at half of its usual, nothing; at the usual one, 2 ** 0.2 more than was measured."""
    law = {"low": 0.1, "median": 0.2, "high": 0.3}
    half, reduced = batch_factor(32, 64, law), Batch(size=32.0, fits=True, is_reduced=True)

    assert half is beside_own(half, Batch(size=64.0, fits=True), 64, law)
    beside = beside_own(half, reduced, 64, law)
    assert (0.0, 0.0, 0.0, "") == (beside.log, beside.below, beside.above, beside.step)
    assert 2**0.2 == pytest.approx(math.exp(beside_own(NO_CHANGE, reduced, 64, law).log))
