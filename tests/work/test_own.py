"""A user's own model: figures, measurements, a TOML file, and what is wrong with them."""

import pytest

from planner.answers.throughput import predict_throughput
from planner.errors import UnknownNameError, UsageError
from planner.model.records import Basis, Precision
from planner.work.own import OwnMeasurement, OwnModel, own_model, parse_measurements, read_own_model


def test_figures_make_a_model():
    """Multiply-adds, parameters and activations are enough for an estimate on every GPU."""
    model = own_model(
        OwnModel(gmacs_per_sample=4.11, params_millions=25.56, activations_millions=11.11, sample_unit="image")
    )

    found = predict_throughput(model=model, gpu="a100-80gb-sxm")

    assert Basis.MODELLED == found.basis
    assert found.low < 1582 < found.high


def test_missing_figures_widen_the_range():
    """Without activations the range is wider than with them."""
    full = own_model(OwnModel(gmacs_per_sample=4.11, params_millions=25.56, activations_millions=11.11))
    partly = own_model(OwnModel(gmacs_per_sample=4.11))

    narrow, wide = (predict_throughput(model=model, gpu="t4") for model in (full, partly))

    assert wide.high / wide.low > narrow.high / narrow.low
    assert any("activations filled in" in step for step in wide.steps)


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), 1e12])
@pytest.mark.parametrize("field", ["gmacs_per_sample", "params_millions", "activations_millions"])
def test_impossible_figures_are_refused(field, value):
    """Zero, negative, not a number, or beyond any model: named as the argument is."""
    with pytest.raises(UsageError, match=field):
        own_model(OwnModel(**{"gmacs_per_sample": 4.0} | {field: value}))


def test_a_model_without_figures_is_refused():
    """The message says what to give."""
    with pytest.raises(UsageError, match=r"gmacs_per_sample .* measured"):
        own_model(OwnModel(params_millions=25.0))


@pytest.mark.parametrize(
    ("text", "measurement"),
    [
        ("a100-80gb-sxm=1234", OwnMeasurement(gpu="a100-80gb-sxm", samples_per_second=1234.0)),
        ("H100-80GB-SXM:8=21000", OwnMeasurement(gpu="h100-80gb-sxm", gpu_count=8, samples_per_second=21000.0)),
        ("t4@fp32=55.5", OwnMeasurement(gpu="t4", precision=Precision.FP32, samples_per_second=55.5)),
    ],
)
def test_measurements_are_parsed(text, measurement):
    """GPU, optional count, optional precision, rate of all GPUs together."""
    (found,) = parse_measurements([text])

    assert measurement.gpu == found.gpu
    assert measurement.gpu_count == found.gpu_count
    assert measurement.precision == found.precision
    assert measurement.samples_per_second == pytest.approx(found.samples_per_second)


@pytest.mark.parametrize("text", ["t4", "t4=", "t4=0", "t4=-5", "t4=nan", "t4=inf", "t4=fast", "t4:0.5=10", "t4:0=10"])
def test_malformed_measurements_are_refused(text):
    """No rate, no positive rate, no whole count."""
    with pytest.raises(UsageError):
        parse_measurements([text])


def test_an_ambiguous_gpu_is_refused():
    """A100 is five cards of different speed."""
    with pytest.raises(UsageError, match="Name one of them"):
        parse_measurements(["A100=1234"])


def test_an_unknown_precision_is_refused():
    """int8 is no training format here."""
    with pytest.raises(UnknownNameError, match="precision 'int8'"):
        parse_measurements(["t4@int8=100"])


def test_repeats_are_averaged_and_contradictions_refused():
    """100 and 110 on one card are two runs; 100 and 200 are a mistake."""
    (found,) = parse_measurements(["t4=100", "t4=121"])

    assert 110.0 == pytest.approx(found.samples_per_second)
    with pytest.raises(UsageError, match="contradicts"):
        parse_measurements(["t4=100", "t4=200"])


def test_a_toml_file_holds_the_same_fields(tmp_path):
    """Keys are the fields of the record."""
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\ngmacs_per_sample = 12.5\nparams_millions = 40\nmeasured = ["t4=210"]\n')

    found = read_own_model(path)

    assert OwnModel(name="mine", gmacs_per_sample=12.5, params_millions=40, measured=("t4=210",)) == found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("gmacs = 4.0", "key in mine.toml 'gmacs'"),
        ("gmacs_per_sample = 'four'", "must be a number"),
        ("gmacs_per_sample = true", "must be a number"),
        ("measured = [4]", "list of texts"),
        ("name = ''", "must be a text"),
        ("gmacs_per_sample =", "not TOML"),
    ],
)
def test_a_wrong_toml_file_is_refused(tmp_path, content, message):
    """The message names the file, the key and what it must be."""
    path = tmp_path / "mine.toml"
    path.write_text(content)

    with pytest.raises(UsageError, match=message):
        read_own_model(path)


def test_a_missing_toml_file_is_refused(tmp_path):
    """No traceback for a path that is not there."""
    with pytest.raises(UsageError, match="cannot be read"):
        read_own_model(tmp_path / "none.toml")
