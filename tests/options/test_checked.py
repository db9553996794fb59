"""What Python callers may hand to the public functions, and what they are told about the rest."""

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

import planner
from planner.errors import UnknownNameError, UsageError
from planner.model.records import OwnMeasurement

DAY = date(2026, 11, 1)
JOB = {"model": "resnet50", "epochs": 90, "as_of": DAY}


def refusal(function, **arguments):
    with pytest.raises(UsageError) as caught:
        function(**arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"epochs": "many"}, "epochs must be a number, not 'many'. Write for example 90, 1.5 or 50k."),
        ({"epochs": True}, "epochs must be a number or None, not True (bool)."),
        ({"nodes": 2.5}, "nodes must be a whole number or None, not 2.5 (float)."),
        ({"nodes": float("nan")}, "nodes must be a whole number or None, not nan (float)."),
        ({"as_of": "11/2026"}, "as_of must be a day, not '11/2026'. Write for example 2026-06-01."),
        (
            {"as_of": datetime(2026, 11, 1)},  # noqa: DTZ001 - as people write it
            "as_of must be a datetime.date or None, not datetime.datetime(2026, 11, 1, 0, 0) (datetime).",
        ),
        ({"data_dir": "prices"}, "data_dir must be a pathlib.Path or None, not 'prices' (str)."),
        ({"gpus": None}, "gpus must be a text or a list of texts, not None."),
        ({"gpus": ["A100", 8]}, "gpus must be a text or a list of texts, not ['A100', 8] (list)."),
        ({"gpu_counts": 8}, "gpu_counts must be a list of numbers, not 8 (int)."),
        ({"has_checkpoints": 1}, "has_checkpoints must be True or False, not 1 (int)."),
        ({"without": 5}, "without must be a text or a list of texts, not 5 (int)."),
        ({"tokens": b"1B"}, "tokens must be a number or a text or None, not b'1B' (bytes)."),
    ],
)
def test_a_wrong_type_is_named(wrong, said):
    """Argument, what would do, value and its type: nothing is computed with it."""
    assert said == refusal(planner.estimate, **{**JOB, **wrong})


def test_long_values_are_cut():
    """A message stays a line."""
    assert len(refusal(planner.estimate, **{**JOB, "epochs": "nine" * 10_000})) < 150


@pytest.mark.parametrize(
    ("function", "arguments", "said"),
    [
        (planner.estimate, {**JOB, "purchas": "spot"}, "Unknown argument 'purchas'. Did you mean purchase"),
        (planner.compare, {**JOB, "job_per_month": 4}, "Unknown argument 'job_per_month'. Did you mean jobs_per_month"),
        (planner.recommend, {**JOB, "budge": 100}, "Unknown argument 'budge'. Did you mean budget"),
        (planner.offers, {"providr": "aws"}, "Unknown argument 'providr'. Did you mean provider"),
        (planner.predict_throughput, {"model": "resnet50", "gpus": "t4"}, "Unknown argument 'gpus'. Did you mean gpu?"),
    ],
)
def test_an_unknown_name_gets_the_closest(function, arguments, said):
    """Every public function, with the help that lists its arguments."""
    message = refusal(function, **arguments)

    assert message.startswith(said)
    assert message.endswith(f"See: help(planner.{function.__name__})")


@pytest.mark.parametrize(
    ("function", "arguments", "said"),
    [
        (planner.compare, {**JOB, "buy": 4090}, "buy must be a text or a list of texts, not 4090 (int)."),
        (planner.compare, {**JOB, "buy": "rtx-4090", "rank": "eight"}, "rank must be a whole number, not 'eight'"),
        (
            planner.recommend,
            {**JOB, "deadline": [48]},
            "max_hours must be a number or a text or None, not [48] (list).",
        ),
        (planner.recommend, {**JOB, "as_of": "today"}, "as_of must be a day, not 'today'"),
        (planner.estimate_many, {"jobs": [JOB], "limit": "1"}, "limit must be a whole number"),
        (planner.offers_frame, {"data_dir": "prices"}, "data_dir must be a pathlib.Path or None"),
        (
            planner.predict_throughput,
            {"model": "resnet50", "gpu": "l4", "node_count": 1.5},
            "node_count must be a whole",
        ),
        (
            planner.predict_throughput,
            {"model": "resnet50", "gpu": "t4", "measured": ["t4=100"]},
            "measured must be a list of planner.model.records.OwnMeasurement, not ['t4=100'] (list).",
        ),
    ],
)
def test_every_public_function_looks(function, arguments, said):
    """Arguments of their own and those they hand on."""
    assert said in refusal(function, **arguments)


def test_a_lone_text_is_one_name():
    """`gpus="A100"` is no list of letters."""
    alone = planner.estimate(**JOB, gpus="A100", providers="aws", regions="us-east-1", purchases="spot")
    inside = planner.estimate(**JOB, gpus=["A100"], providers=["aws"], regions=["us-east-1"], purchases=["spot"])

    assert inside == alone
    assert planner.offers(gpus="T4", providers="gcp", as_of=DAY) == planner.offers(
        gpus=("T4",), providers={"gcp"}, as_of=DAY
    )


def test_numbers_of_other_kinds_will_do():
    """Those of NumPy, and what can be read only once."""
    usual = planner.estimate(**JOB, gpus=["T4", "V100"], gpu_counts=[1, 2], limit=3)

    assert usual == planner.estimate(
        model="resnet50",
        epochs=np.int64(90),
        as_of=DAY,
        gpus=(name for name in ("T4", "V100")),
        gpu_counts=np.array([1.0, 2.0]),
        limit=np.int64(3),
    )


def test_what_needs_no_check_passes(tmp_path):
    """Right types of every kind."""
    own = OwnMeasurement(gpu="t4", gpu_count=1, samples_per_second=500.0)

    assert 500.0 == planner.predict_throughput(model="resnet50", gpu="t4", measured=[own]).samples_per_second
    assert planner.offers(data_dir=Path(tmp_path), gpu_counts=(8,), as_of=DAY)


def test_help_shows_the_function():
    """The check does not hide names, annotations and documentation."""
    assert "estimate" == planner.estimate.__name__
    assert "Time and cost of a workload" in (planner.estimate.__doc__ or "")


def test_unknown_names_are_usage_errors():
    """One tree of errors."""
    with pytest.raises(UnknownNameError):
        planner.offers(gqu="t4")
