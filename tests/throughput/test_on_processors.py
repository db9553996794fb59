"""Networks on processors: what was measured, what is carried, and what is said beside GPUs."""

import math

import pytest

import planner
from planner.accuracy.device_splits import device_splits
from planner.answers.beside_processors import LEAST_USD_PER_TFLOPS_HOUR
from planner.errors import NothingLeftError, NoThroughputError, UsageError
from planner.hardware.processors import load_processors
from planner.model.records import Basis
from planner.prices.processor_offers import load_processor_offers
from planner.results.estimate import document
from planner.throughput.on_processors import LEAST_FORWARD, MATRIX_GAIN, PEAK, share_of
from planner.throughput.processor_runs import inference_runs, training_runs
from planner.work.own import parse_measurements


def predicted(model, device, count=1, **other):
    """The throughput of a network on so many of a processor."""
    return planner.predict_throughput(model=model, gpu=device, gpu_count=count, **other)


def test_two_xeons_of_2014_are_72_times_slower_than_a_titan_x():
    """ResNet-101 in the same source: 102.276 against 1.415 images a second; no row says 13."""
    rates = {run.device: run.samples_per_second for run in training_runs() if run.model == "resnet101"}

    assert pytest.approx(72.3, abs=0.1) == rates["titan-x-pascal"] / rates["xeon-e5-2630-v3"]
    assert pytest.approx(rates["xeon-e5-2630-v3"]) == predicted("resnet101", "xeon-e5-2630-v3", 2).samples_per_second


def test_a_share_is_rate_times_work_over_peak():
    """ResNet-34: 4.0351 images/s x 6 x 3.67 GMAC over 2 x 614 GFLOPS, by hand 7.2 percent."""
    (run,) = (one for one in training_runs() if (one.model, one.device) == ("resnet34", "xeon-e5-2630-v3"))

    assert pytest.approx(4.0351 * 6 * 3.67 / (2 * 614)) == share_of(run)


def test_software_of_today_is_within_the_range_of_2017():
    """The factor of the guide (13) lies within what the measured factor (72) leaves to newer programs."""
    found = predicted("resnet101", "xeon-e5-2630-v3", 2)

    assert Basis.SCALED is found.basis
    assert found.high / found.samples_per_second >= 72 / 13
    assert found.relative_high / found.relative_low < 1.6


@pytest.mark.parametrize("device", sorted(name for name, one in load_processors().items() if one.kind == "cpu"))
def test_every_other_processor_is_modelled_and_at_least_as_wide(device):
    """From the least share of the rows to the whole peak; the same on half of the cores at half the speed."""
    whole, half = predicted("resnet50", device), predicted("resnet50", device, 0.5)

    assert whole.high / whole.low >= 72 / 13
    assert pytest.approx(whole.samples_per_second / 2) == half.samples_per_second
    if device != "xeon-e5-2630-v3":
        assert Basis.MODELLED is whole.basis
        peak = load_processors()[device].fp32_tflops * 1e3 / (6 * 4.11)
        assert whole.high <= 2 * PEAK * peak * (1 + 1e-9)


def test_matrix_units_help_in_16_bits_only():
    """The middle moves by the square root of what the fast end gains."""
    amp = predicted("resnet50", "xeon-platinum-8488c")
    plain = predicted("resnet50", "xeon-platinum-8488c", precision="fp32")

    assert (pytest.approx(math.sqrt(2)), pytest.approx(2.0)) == (
        amp.samples_per_second / plain.samples_per_second,
        amp.high / plain.high,
    )
    assert ("bf16", "fp32") == (amp.precision, plain.precision)


def test_thin_networks_fill_fewer_cores():
    """MobileNetV3 reaches a seventh of ResNet-50's share forward on one processor: its slow end falls as far."""
    (thin,), usual = inference_runs("mobilenetv3_large_100"), inference_runs("resnet50")
    (same,) = (run for run in usual if run.device == thin.device)
    ratio = (thin.samples_per_second * 0.23) / (same.samples_per_second * 4.11)
    one, other = predicted("mobilenetv3_large_100", "epyc-9r14"), predicted("resnet50", "epyc-9r14")

    assert pytest.approx(ratio, rel=1e-3) == (one.low * 0.23) / (other.low * 4.11)
    assert 0.1 < ratio < 0.2


def test_apple_answers_with_its_rows():
    """Food-101, 75,750 images an epoch in 767.255 s on an M3 Max."""
    found = predicted("resnet50", "M3 Max")

    assert (pytest.approx(75_750 / 767.255, abs=0.01), Basis.MEASURED) == (found.samples_per_second, found.basis)
    assert Basis.SCALED is predicted("resnet101", "apple-m1-pro").basis


def test_a_machine_of_ones_own_may_be_a_mac(tmp_path):
    """Under [[machines]], at what it costs an hour."""
    book = tmp_path / "own.toml"
    book.write_text('[[machines]]\nname = "desk"\ngpu = "M3 Max"\ngpu_count = 1\nusd_per_hour = 0.05\n')
    found = planner.estimate(model="resnet50", epochs=1, gpus=["M3 Max"], price_book=book)

    assert [("desk", "apple-m3-max")] == [(one.offer.instance_type, one.offer.gpu) for one in found.estimates]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"model": "llama-3-8b", "tokens": 1e6}, "language model on a processor"),
        ({"model": "mpt-7b", "epochs": 1}, "language model on a processor"),
        ({"model": "resnet50", "epochs": 1, "measured": ["t4=300"]}, "says nothing of a processor"),
        ({"model": "resnet50", "epochs": 1, "nodes": 2}, "several machines"),
    ],
)
def test_what_no_row_speaks_of_is_refused(asked, said):
    """With the reason."""
    with pytest.raises(NothingLeftError, match=said):
        planner.estimate(gpus=["cpu"], **asked)


def test_an_unknown_arithmetic_is_refused():
    """There is nothing to work a rate out from."""
    with pytest.raises(NoThroughputError, match="arithmetic"):
        predicted("retinanet-resnext50", "epyc-9r14")


def test_the_factor_between_processor_and_gpu_has_a_range():
    """Over the fastest processor asked for; the ends are those of both."""
    found = planner.estimate(model="resnet50", epochs=90, gpus=["cpu", "A100"])
    (first, *_) = found.speed_ups
    rate, slow = predicted("resnet50", first.gpu), predicted("resnet50", first.processor, first.processor_count)

    assert pytest.approx(
        (rate.samples_per_second / slow.samples_per_second, rate.low / slow.high, rate.high / slow.low)
    ) == (first.factor, first.low, first.high)
    assert first.low < 13 < first.high
    assert document(found)["speed_ups"][0]["factor"] == first.factor
    assert () == planner.estimate(model="resnet50", epochs=90, gpus=["A100"]).speed_ups


def test_without_one_asked_for_processors_are_rows_only_on_the_front():
    """A training of ResNet-50 has none; a run of seconds at a provider whose GPUs cost more an hour has one."""
    long = planner.estimate(model="resnet50", epochs=90)
    short = planner.estimate(model="resnet18", epochs=1, samples_per_epoch=100, providers=["gcp"])
    rows = [one for one in short.estimates if one.offer.gpu in load_processors()]

    assert not {one.offer.gpu for one in long.estimates} & load_processors().keys()
    assert rows
    assert all(one.is_pareto for one in rows)


def test_errors_of_processors_and_networks_are_told_with_their_number():
    """One processor with training on its cores, three chips of Apple: too few for a coverage, so n and width are said."""
    networks, processors = device_splits(["network_on_processor", "processor"])
    by_kind = {group.name: group for group in processors.groups["kind"]}

    assert (14, 14) == (networks.errors.n, processors.errors.n)
    assert (5, 9) == (by_kind["cpu"].n, by_kind["apple"].n)
    assert networks.errors.coverage >= 0.85
    assert processors.errors.coverage >= 0.85
    assert LEAST_FORWARD < min(share_of(run) for run in training_runs() if run.device in load_processors())


def test_no_offer_is_cheaper_than_the_bound_that_spares_reading_them():
    """An hour of each TFLOPS that training may reach costs at least that, whatever machine of the table is taken."""
    processors = load_processors()
    reached = PEAK * MATRIX_GAIN

    assert (
        min(
            offer.usd_per_hour / (processors[offer.gpu].fp32_tflops * offer.gpu_count * reached)
            for offer in load_processor_offers()
        )
        >= LEAST_USD_PER_TFLOPS_HOUR
    )


def test_an_own_rate_on_a_processor_plans_that_processor_alone():
    """100 a second on 48 cores: as much there, between 33 and 100 on 16, and nothing of other chips or by way of a GPU."""

    def at(device, count):
        return predicted("resnet50", device, count, measured=parse_measurements(["Xeon 8488C=100"]))

    whole, part = at("xeon-platinum-8488c", 1), at("xeon-platinum-8488c", 1 / 3)

    assert (100, Basis.MEASURED_BY_YOU) == (whole.samples_per_second, whole.basis)
    assert pytest.approx(100 * math.sqrt(1 / 3)) == part.samples_per_second
    assert (pytest.approx(whole.low / 3), pytest.approx(whole.high), Basis.SCALED) == (part.low, part.high, part.basis)
    with pytest.raises(NoThroughputError, match="says nothing of a processor that you did not measure"):
        at("epyc-9r14", 1)
    assert at("t4", 1) == predicted("resnet50", "t4")


def test_a_processor_that_is_meant_for_measurements_must_be_named():
    """`cpu` is none."""
    with pytest.raises(UsageError, match="on which processor"):
        parse_measurements(["cpu=100"])


def test_a_rate_on_a_processor_asks_for_machines_without_a_gpu():
    """Of a model that nothing else is known of: two of the processor as measured, fewer cores carried."""
    found = planner.estimate(model="mynet", measured=["8488c:2=100"], epochs=1, samples_per_epoch=1e6)

    bases = {one.offer.gpu_count: one.throughput.basis for one in found.estimates}
    assert {"xeon-platinum-8488c"} == {one.offer.gpu for one in found.estimates}
    assert Basis.MEASURED_BY_YOU is bases.pop(2.0)
    assert {Basis.SCALED} == set(bases.values())


@pytest.mark.parametrize("model", ["svm", "my-random-forest", "our xgboost 3", "my-gbm"])
def test_what_is_no_network_is_carried_nowhere(model):
    """A rate on an A100 says nothing of a T4, nor of two A100."""
    found = planner.estimate(
        model=model, measured=["a100-80gb-sxm=5000"], epochs=1, samples_per_epoch=1e6, every_offer=True
    )

    assert {("a100-80gb-sxm", 1.0)} == {(one.offer.gpu, one.offer.gpu_count) for one in found.estimates}
    with pytest.raises(NothingLeftError, match="no network"):
        planner.estimate(model=model, measured=["a100-80gb-sxm=5000"], epochs=1, samples_per_epoch=1e6, gpus=["T4"])


@pytest.mark.parametrize(("length", "basis"), [(None, Basis.SCALED), (128, Basis.SCALED), (512, Basis.MEASURED)])
def test_another_length_than_measured_is_no_measurement(length, basis):
    """DistilBERT ran at 512 tokens and is listed with 128: four times the rate there, with the range of another network."""
    found = predicted("distilbert-base", "apple-m3-max", sequence_length_or_image_size=length)

    assert basis is found.basis
    assert pytest.approx(48.977 * (1 if length == 512 else 4), rel=1e-3) == found.samples_per_second
    assert (found.high / found.low > 4) is (basis is Basis.SCALED)


@pytest.mark.parametrize("chip", ["M1", "M2", "M2 Max", "M2 Ultra"])
def test_chips_of_apple_that_were_not_measured_follow_their_peak(chip):
    """The median share of the other three times the peak; nothing passes the peak, however thin the network."""
    found = predicted("resnet50", chip)
    peak = load_processors()[f"apple-{chip.lower().replace(' ', '-')}"].fp32_tflops * 1e12
    thin = predicted("mobilenetv3_large_100", chip)

    assert Basis.MODELLED is found.basis
    assert 0.2 < found.samples_per_second * 6 * 4.11e9 / peak < 0.3
    assert thin.high * 6 * 0.22e9 <= 1.05 * peak


@pytest.mark.parametrize("chip", ["M1", "M2 Ultra", "M4", "M3 Ultra"])
def test_a_chip_of_apple_without_rows_is_as_unsure_as_any_processor(chip):
    """72 over 13 from end to end, and how many chips the range is set by stands in the notes."""
    found = planner.predict_throughput(model="resnet50", gpu=chip)

    assert found.high / found.low >= 72 / 13 - 1e-9
    assert any("3 chips that were, too few to check it" in note for note in found.notes)
