"""What is said of own measurements that cannot be, hardly can be, or are of something else."""

import pytest

import planner
from planner.answers.throughput import predict_throughput
from planner.errors import UsageError
from planner.model.records import Basis, OwnMeasurement, Precision
from planner.render.screen import first_screen


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
    """700 a second on one A100 are 17 of 19.5 TFLOPS in FP32, and 11 % of what its convolutions have in TF32."""
    own = of_resnet(700, count=1, precision=Precision.FP32)

    assert not any("own speed" in note for note in on_eight(own).notes)


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
