"""Calibration files in an estimate: the run itself to the second, other machines at its level, and what does not go together."""

import pytest

import planner
from planner.errors import UsageError
from planner.logs.calibration import calibration_text, read_calibration
from planner.logs.records import Verdict

RUN = {
    "model": '"resnet50"', "gpu": '"a100-80gb-sxm"', "gpu_count": 8, "precision": '"amp"', "batch_size": 256,
    "samples_per_second": 20000.0, "low": 19500.0, "high": 20600.0, "sample_unit": '"image"', "verdict": '"steady"',
    "startup_seconds": 300.0, "stall_share": 0.1,
}  # fmt: skip
ASKED = {"epochs": 90, "gpus": ["a100-80gb-sxm:8"], "purchases": ["on_demand"], "limit": 1}


def calibration(folder, *runs, name="c.toml"):
    """A calibration file of these runs, each as changes of `RUN`; `None` leaves a key out."""
    lines = ['schema = "planner.calibration/1"']
    for changes in runs:
        lines.append("[[runs]]")
        lines += [f"{key} = {value}" for key, value in {**RUN, **changes}.items() if value is not None]
    place = folder / name
    place.write_text("\n".join(lines))
    return place


def test_the_run_itself_takes_its_own_time(tmp_path):
    """115,305,030 images at 20,000/s x 1.1 of pauses, 300 s of start-up and 120 s until the machine is up: 6,761.8 s."""
    (best,) = planner.estimate(calibration=[calibration(tmp_path, {})], **ASKED).estimates

    assert best.seconds == pytest.approx(115_305_030 / 20_000 * 1.1 + 300 + 120)
    assert "measured_by_you" == best.throughput.basis
    assert (19_500.0, 20_600.0) == (best.throughput.low, best.throughput.high)
    assert 256 == best.throughput.batch_size_per_gpu


def test_options_win_over_the_file(tmp_path):
    """Overhead, loading and model that are given count, whatever the file says."""
    (best,) = planner.estimate(
        calibration=[calibration(tmp_path, {})], model="resnet50", overhead_factor=1.5, loading_seconds=0, **ASKED
    ).estimates

    assert best.seconds == pytest.approx(115_305_030 / 20_000 * 1.5 + 120)


def test_other_gpus_are_at_the_level_of_the_run(tmp_path):
    """Twice the rate in the file doubles what is predicted elsewhere; the basis says that it was carried."""
    asked = ASKED | {"gpus": ["h100-80gb-sxm:8"]}
    slow = calibration(tmp_path, {})
    fast = calibration(tmp_path, {"samples_per_second": 40000.0, "low": 39000.0, "high": 41200.0}, name="d.toml")

    (once,), (twice,) = (planner.estimate(calibration=[one], **asked).estimates for one in (slow, fast))

    assert twice.throughput.samples_per_second == pytest.approx(2 * once.throughput.samples_per_second, rel=0.05)
    assert "scaled" == once.throughput.basis


def test_a_language_model_is_carried_too(tmp_path):
    """A run of a language model in tokens: itself exactly, another GPU at its level and scaled."""
    run = {
        "model": '"llama-2-7b"',
        "sample_unit": '"token"',
        "batch_size": None,
        "precision": '"bf16"',
        "samples_per_second": 25000.0,
        "low": 24300.0,
        "high": 25700.0,
    }
    asked = {"tokens": 1e9, "purchases": ["on_demand"], "limit": 1, "calibration": [calibration(tmp_path, run)]}

    (same,) = planner.estimate(gpus=["a100-80gb-sxm:8"], **asked).estimates
    (other,) = planner.estimate(gpus=["h100-80gb-sxm:8"], **asked).estimates
    (plain,) = planner.estimate(
        **(asked | {"model": "llama-2-7b", "gpus": ["a100-80gb-sxm:8"], "calibration": []})
    ).estimates
    (plain_other,) = planner.estimate(
        **(asked | {"model": "llama-2-7b", "gpus": ["h100-80gb-sxm:8"], "calibration": []})
    ).estimates

    assert same.seconds == pytest.approx(1e9 / 25_000 * 1.1 + 420)
    # the prediction of the other machine, moved by as much as the run lies from its own prediction
    moved = plain_other.throughput.samples_per_second * 25_000 / plain.throughput.samples_per_second
    assert other.throughput.samples_per_second == pytest.approx(moved, rel=0.02)
    assert "scaled" == other.throughput.basis


def test_runs_of_one_setting_are_combined(tmp_path):
    """20,000 and 20,800 on one machine: the geometric mean, with the range of both; a steady run wins over an average."""
    near = calibration(tmp_path, {}, {"samples_per_second": 20800.0, "low": 20200.0, "high": 21400.0}, name="near.toml")
    mixed = calibration(
        tmp_path,
        {"samples_per_second": 30000.0, "low": 29400.0, "high": 45000.0, "verdict": '"average"'},
        {},
        name="mixed.toml",
    )

    (best,) = planner.estimate(calibration=[near], **ASKED).estimates
    (steady,) = planner.estimate(calibration=[mixed], **ASKED).estimates

    assert best.throughput.samples_per_second == pytest.approx((20_000 * 20_800) ** 0.5)
    assert (19_500.0, 21_400.0) == (best.throughput.low, pytest.approx(best.throughput.high))
    assert 20_000.0 == steady.throughput.samples_per_second


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gpu": None}, "gpu"),
        ({"gpu_count": None}, "gpu count"),
        ({"sample_unit": '"step"'}, "batch size"),
        ({"sample_unit": '"epoch"'}, "samples per epoch"),
        ({"sample_unit": '"token"'}, "in tokens a second"),
        ({"model": None}, "Which model"),
    ],
)
def test_what_is_missing_is_asked_for(changes, said, tmp_path):
    """A run without its GPU, count, batch or model cannot be planned with: the message says what and how to add it."""
    with pytest.raises(UsageError, match=said):
        planner.estimate(calibration=[calibration(tmp_path, changes)], **ASKED)


def test_two_runs_that_contradict_each_other_are_refused(tmp_path):
    """Rates of one setting that are 1.5 times apart are two different things: the user picks."""
    file = calibration(tmp_path, {}, {"samples_per_second": 30000.0, "low": 29000.0, "high": 31000.0})

    with pytest.raises(UsageError, match="contradict each other"):
        planner.estimate(calibration=[file], **ASKED)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = ", "is not TOML"),
        ("a = 1", "schema is None"),
        ('schema = "planner.calibration/1"', r"no \[\[runs\]\]"),
        ('schema = "planner.calibration/1"\n[[runs]]\nspeed = 1', "speed"),
        ('schema = "planner.calibration/1"\n[[runs]]\nsamples_per_second = 1', "low is missing"),
    ],
)
def test_a_file_that_is_none_is_refused(text, said, tmp_path):
    """Files of another kind, without runs, with unknown or missing keys."""
    (tmp_path / "c.toml").write_text(text)

    with pytest.raises(UsageError, match=said):
        read_calibration(tmp_path / "c.toml")


def test_a_file_reads_as_it_was_written(tmp_path):
    """What is written is read back; what is not known is no key."""
    (run,) = read_calibration(calibration(tmp_path, {"batch_size": None}))
    (tmp_path / "again.toml").write_text(calibration_text([run]))

    assert (run,) == read_calibration(tmp_path / "again.toml")
    assert Verdict.STEADY is run.verdict
    assert "batch_size" not in calibration_text([run])


def test_memory_that_a_run_held_is_the_memory_test(tmp_path):
    """A run that held 30 GiB on one GPU fits on 80 GB, and not on 16 GB; the reason says so."""
    file = calibration(tmp_path, {"memory_gib": 30.0})

    large = planner.estimate(calibration=[file], **ASKED | {"gpus": ["h100-80gb-sxm:8"]})
    with pytest.raises(planner.PlannerError, match="held 30 GiB"):
        planner.estimate(calibration=[file], **ASKED | {"gpus": ["t4:8"]})

    assert large.estimates[0].fits_memory is True


def test_power_that_a_run_drew_is_paid_for(tmp_path):
    """Two cards that drew 600 W in the run: a machine with one draws 300 W for its card."""
    file = calibration(
        tmp_path,
        {
            "gpu": '"rtx-4090"',
            "gpu_count": 2,
            "watts": 600.0,
            "batch_size": 64,
            "samples_per_second": 3000.0,
            "low": 2900.0,
            "high": 3100.0,
        },
    )

    found = planner.compare(calibration=[file], epochs=90, buy="rtx-4090", jobs_per_month=4)

    assert any("power 300 W" in line for line in found.assumptions)
