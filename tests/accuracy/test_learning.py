"""What is learnt from the rows: exact left-out predictions, no leakage, sane quantiles."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.accuracy.learning import transfer
from planner.accuracy.learning.evidence import single_gpu_points
from planner.accuracy.learning.implementations import TIMM, implementations
from planner.accuracy.learning.left_out import gather, quantile
from planner.accuracy.learning.response import NOISE, posterior_of, response_points
from planner.accuracy.learnt_from import checksums_of_rows, checksums_of_steps
from planner.accuracy.validation import nested_coverage, summary
from planner.hardware.gpus import load_gpus
from planner.paths import shipped_data_dir
from planner.throughput.carry import Carried, Sighting
from planner.throughput.learnt import gpu_index, learnt_folder, learnt_of_class, learnt_of_script, load_learnt
from planner.throughput.linear import solve
from planner.throughput.measured import load_benchmarks
from planner.work.listed import load_models

GPUS = load_gpus()


@pytest.fixture(scope="module")
def points():
    """Every fourth single-GPU point: enough for identities, quick to invert."""
    models = {model.name: model for model in load_models()}
    return single_gpu_points(load_benchmarks(), GPUS, models)[::4]


@pytest.fixture(scope="module")
def variances():
    """The published variances."""
    return json.loads((learnt_folder() / "variances.json").read_text())["transfer"]["all"]


def test_leaving_out_by_formula_is_leaving_out(points, variances):
    """The block formula gives what a fit without the group gives."""
    group = [index for index, point in enumerate(points) if point.gpu == "rtx-3090"]
    rest = [point for point in points if point.gpu != "rtx-3090"]

    by_formula, deviation = transfer.posterior(points, GPUS, variances).left_out(group)
    again, covariance = transfer.posterior(rest, GPUS, variances).predict([points[index] for index in group])

    table = transfer.columns([points[index] for index in group], GPUS)
    assert again == pytest.approx(by_formula, abs=1e-6)
    assert np.sqrt(np.diag(covariance) + transfer.noise(variances, table)) == pytest.approx(deviation, rel=1e-4)


def test_a_left_out_group_does_not_see_itself(points, variances):
    """Ten times the measured rates of a GPU change nothing in what is predicted for it."""
    group = [index for index, point in enumerate(points) if point.gpu == "rtx-4090"]
    changed = [
        replace(point, log_rate=point.log_rate + math.log(10)) if point.gpu == "rtx-4090" else point for point in points
    ]

    before, _ = transfer.posterior(points, GPUS, variances).left_out(group)
    after, _ = transfer.posterior(changed, GPUS, variances).left_out(group)

    assert before == pytest.approx(after, abs=1e-6)


def test_the_folds_leave_out_every_gpu_and_model_once():
    """Each measured GPU and model is in exactly one group whose variances were learnt without it."""
    stored = json.loads((learnt_folder() / "variances.json").read_text())
    models = {model.name: model for model in load_models()}
    measured = single_gpu_points(load_benchmarks(), GPUS, models)

    gpus = [name for fold in stored["transfer"]["gpu_folds"] for name in fold["without"]]
    names = [name for fold in stored["transfer"]["model_folds"] for name in fold["without"]]

    assert len(gpus) == len(set(gpus))
    assert {point.gpu for point in measured} <= set(gpus)
    assert len(names) == len(set(names))
    assert {point.model for point in measured} <= set(names)


def test_the_published_files_fit_the_shipped_gpus():
    """Every list has one entry per GPU of the table, in its order; otherwise the fit must be run again."""
    on_disk = json.loads(
        (learnt_folder() / "fit.json").read_text(encoding="utf-8")
    )  # as read, lacking GPUs are filled in
    assert list(GPUS) == on_disk["gpus"]
    assert len(load_benchmarks()) == load_learnt()["rows"]
    script = learnt_of_script("resnet50|pytorch|lambdal/deeplearning-benchmark|224")
    assert len(GPUS) == len(script["mean"]["16"]) == len(script["eta"]["8"])
    assert 0 == gpu_index()[next(iter(GPUS))]


@pytest.mark.parametrize(
    ("path", "checksums"),
    [
        ("throughput/fit/variances.json", checksums_of_rows),
        ("throughput/fit/fit.json", checksums_of_rows),
        ("throughput/fit/between.json", checksums_of_rows),
        ("language_step_time.json", checksums_of_steps),
    ],
)
def test_learnt_files_are_those_of_the_shipped_rows(path, checksums):
    """Each names the rows it was learnt from by their checksums; after a change of rows it must be learnt again."""
    learnt = json.loads((shipped_data_dir() / path).read_text(encoding="utf-8"))

    assert checksums() == learnt["learnt_from"]


def test_the_quantile_is_the_conformal_one():
    """Of 19 scores the 90 percent quantile is the 18th: ceil(20 x 0.9)."""
    assert 18.0 == quantile([float(score) for score in range(1, 20)])


def test_coverage_is_judged_without_the_own_group():
    """A group of large errors raises the quantile of the others and not its own."""
    scores = [1.0] * 10 + [5.0, 5.0]
    groups = ["usual"] * 10 + ["odd"] * 2

    held = nested_coverage(scores, groups)

    assert [True] * 10 + [False] * 2 == held


def test_one_group_has_no_coverage():
    """There is nothing left to find a quantile on."""
    assert [] == nested_coverage([1.0, 2.0], ["same", "same"])


def test_a_summary_is_computed_by_hand():
    """Median, mean and 90th percentile of the sizes, mean of the signed errors."""
    found = summary("x", [0.1, -0.3, 0.2], [True, True, False])

    assert (3, 0.2) == (found.n, found.median)
    assert 0.2 == pytest.approx(found.mean)
    assert 0.28 == pytest.approx(found.p90)
    assert 0.0 == pytest.approx(found.bias, abs=1e-12)
    assert 2 / 3 == pytest.approx(found.coverage)


@given(st.lists(st.floats(-3, 3), min_size=9, max_size=9), st.lists(st.floats(-3, 3), min_size=3, max_size=3))
def test_small_systems_are_solved(entries, right):
    """The plain solver agrees with numpy on symmetric positive definite matrices."""
    square = np.array(entries).reshape(3, 3)
    matrix = square @ square.T + np.eye(3)

    found = solve(matrix.tolist(), [[value] for value in right])

    assert np.linalg.solve(matrix, right) == pytest.approx(np.array(found)[:, 0], abs=1e-9)


def test_carrying_agrees_with_the_full_posterior():
    """The published factors and the plain solver give what the whole Gaussian process gives, within 2 percent."""
    evidence = gather(load_benchmarks(), GPUS, {model.name: model for model in load_models()})
    everything = response_points(implementations(evidence))
    blank = replace(
        next(point for point in everything if point.width == "16"),
        model="?",
        script="?",
        task_class="images",
        gpu="rtx-3090",
        log_rate=6.0,
    )
    fitted = posterior_of([*everything, blank], GPUS)
    wanted = [replace(blank, gpu=name) for name in ("a100-80gb-sxm", "t4", "h100-80gb-sxm", "mi300x")]

    mean, _ = fitted.predict(wanted)
    noise = math.sqrt(NOISE)
    carried = Carried(learnt_of_class("images"), [Sighting(gpu="rtx-3090", width="16", log_rate=6.0, deviation=noise)])

    assert [carried.log_rate(point.gpu, "16")[0] for point in wanted] == pytest.approx(list(mean), abs=0.02)


def test_an_implementation_stands_with_one_row_of_each_cell():
    """However many containers measured a cell, one point of the newest carries; networks of one GPU only carry nothing."""
    found = implementations(gather(load_benchmarks(), GPUS, {model.name: model for model in load_models()}))

    points = response_points(found)

    cells = [(point.script, point.gpu, point.width) for point in points]
    assert len(set(cells)) == len(cells) > 600
    assert not any(TIMM in point.script for point in points)
    # older containers measured it too: PyTorch 1.13 is the newest that ran on this GPU
    wanted = ("resnet50|pytorch|lambdal/deeplearning-benchmark|224", "a100-80gb-sxm", "16")
    assert ["PyTorch 1.13"] == [
        point.software[:12] for point, cell in zip(points, cells, strict=True) if cell == wanted
    ]


def test_at_equal_batches_an_implementation_stands_at_its_middle_batch():
    """BERT of TensorFlow 1 at 384 tokens: 4, 24 and 32 sequences on V100 16 GB, V100 32 GB and A100; at e = 0.5 the first counts root 6 times."""
    found = implementations(gather(load_benchmarks(), GPUS, {model.name: model for model in load_models()}))
    wanted = "bert-large|tensorflow1|NVIDIA/DeepLearningExamples|384"

    usual, equal = (
        {
            point.gpu: point.log_rate
            for point in response_points(found, exponent)
            if (point.script, point.width) == (wanted, "16")
        }
        for exponent in (None, 0.5)
    )

    moved = {gpu: math.exp(equal[gpu] - usual[gpu]) for gpu in usual}
    middle = moved["v100-16gb"] ** 2 * 4
    assert {"v100-16gb", "v100-32gb", "a100-40gb-sxm"} == set(moved)
    assert moved["v100-32gb"] == pytest.approx((middle / 24) ** 0.5)
    assert moved["a100-40gb-sxm"] == pytest.approx((middle / 32) ** 0.5)


def test_what_is_carried_to_other_gpus_counts_implementations():
    """Three scripts gain 2.0 on a second GPU, one 4.0: a fifth of their class gains near their mean, one of another class less."""
    evidence = gather(load_benchmarks(), GPUS, {model.name: model for model in load_models()})
    like = next(point for point in response_points(implementations(evidence)) if point.width == "16")
    known = [
        replace(like, model=f"m{n}", script=f"j{n}", task_class="images", gpu=gpu, log_rate=n + gain)
        for n, more in enumerate((2.0, 2.0, 2.0, 4.0))
        for gpu, gain in (("v100-16gb", 0.0), ("a100-80gb-sxm", math.log(more)))
    ]

    gains = {}
    for name in ("images", "speech"):
        wanted = [
            replace(like, model="?", script="?", task_class=name, gpu=gpu) for gpu in ("v100-16gb", "a100-80gb-sxm")
        ]
        mean, _ = posterior_of(known, GPUS).predict(wanted)
        gains[name] = float(mean[1] - mean[0])

    expected = (3 * math.log(2.0) + math.log(4.0)) / 4
    assert expected == pytest.approx(gains["images"], abs=0.15)
    assert 0 < gains["speech"] < gains["images"] < expected
