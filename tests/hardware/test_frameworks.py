"""Frameworks: the GPUs that their newest releases are built for, and what an estimate makes of it."""

import re

import pytest

import planner
from planner.errors import NothingLeftError, NoThroughputError, UnknownNameError, UsageError
from planner.hardware.access import Builds, builds_of
from planner.hardware.frameworks import framework_problem, load_frameworks, wheel_problem
from planner.hardware.gpus import load_further, load_gpus
from planner.model.picks import NotPicked
from planner.model.records import Basis
from planner.results.estimate import document
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("framework", "gpu", "said"),
    [
        ("mxnet", "h100-80gb-sxm", "retired in September 2023"),
        ("mxnet", "a100-80gb-sxm", None),
        ("tensorflow2", "b200-180gb-sxm", "no code for Blackwell"),
        ("tensorflow2", "m60", "begin at 6.0 (Pascal)"),
        ("tensorflow", "k80", "begin at 6.0 (Pascal)"),
        ("tensorflow", "rtx-5090", "own build or NVIDIA's container"),
        ("tensorflow", "radeon-vii", None),
        ("keras", "k80", "keras runs by its backend"),
        ("keras", "rtx-5090", None),  # PyTorch has a wheel
        ("tensorflow1", "h100-80gb-sxm", None),
        ("pytorch-timm", "k80", "1.12 is the last that holds it"),
        ("pytorch", "gtx-1080-ti", None),
        ("mxnet", "mi300x", "no builds for compute capability gfx942"),
        ("tensorflow", "rx-7800-xt", "no builds for compute capability gfx1101"),
        ("tensorflow", "mi300x", None),
        ("jax", "k80", None),
    ],
)
def test_a_gpu_beyond_the_builds_is_named(framework, gpu, said):
    """With the release, the capability and what became of it; nothing is said where nothing is known."""
    problem = framework_problem(framework, gpu)

    assert (problem is None) == (said is None)
    assert said is None or said in problem


def test_every_framework_of_the_guides_is_there_with_its_source():
    """TensorFlow, PyTorch, Keras, MXNet, Caffe."""
    assert {"tensorflow", "pytorch", "keras", "mxnet", "caffe"} == load_frameworks().keys()
    assert all(one.source and one.as_of for one in load_frameworks().values())


def test_an_estimate_refuses_what_has_no_build_and_warns_where_it_was_measured():
    """MXNet of NVIDIA's containers was measured on A100; on H100 nothing holds its figure."""
    found = planner.estimate(model="resnet50", epochs=1, framework="mxnet", gpus=["A100", "H100"])

    assert {"a100"} == {one.offer.gpu.partition("-")[0] for one in found.estimates}
    with pytest.raises(NothingLeftError, match="no builds for compute capability 9"):
        planner.estimate(model="resnet50", epochs=1, framework="mxnet", gpus=["H100"])


def test_a_framework_that_is_dead_says_why():
    """Rather than that it is unknown."""
    with pytest.raises(UsageError, match="April 2017"):
        planner.estimate(model="resnet50", epochs=1, framework="caffe")


def test_keras_is_planned_by_its_backend():
    """Nothing was measured in it: the figure of another framework, wider, and never called measured."""
    keras = planner.predict_throughput(model="resnet50", gpu="a100-80gb-sxm", framework="Keras")
    torch = planner.predict_throughput(model="resnet50", gpu="a100-80gb-sxm", framework="pytorch")

    assert Basis.SCALED is keras.basis
    assert keras.high / keras.low > torch.high / torch.low
    assert any("was not measured in Keras" in note for note in keras.notes)


def test_old_builds_are_a_warning_and_no_refusal():
    """tensorflow-rocm of 2023 lists the Radeon VII; the note says so, and PyTorch's its own."""
    said = wheel_problem("tensorflow", "radeon-vii")

    assert "tensorflow-rocm of 2023" in said
    assert "another wheel of PyTorch" in wheel_problem(None, "radeon-vii")
    assert wheel_problem("tensorflow", "a100-80gb-sxm") is None
    assert wheel_problem("keras", "radeon-vii") is not None


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow", "mxnet"])
def test_every_generation_has_a_row_of_every_framework(framework):
    """Of both tables of GPUs, each with a source and a date."""
    rows = builds_of(framework)

    assert {one.compute_capability for one in (*load_gpus().values(), *load_further().values())} == rows.keys()
    assert all(row.source and row.as_of for row in rows.values())


def test_the_table_of_the_guides_is_that_of_the_builds():
    """A cell is what the row of its generation says: a word, and a note below the table where there is one."""
    page = (ROOT / "docs" / "guides.md").read_text(encoding="utf-8")
    words = {Builds.DEFAULT: "yes", Builds.OTHER: "other builds", Builds.NONE: "no"}
    lines = re.findall(r"^\| .* \(([^)]*)\) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", page, re.MULTILINE)
    found = {cell: tuple(cells) for places, *cells in lines for cell in places.split(", ")}

    assert found == {
        place: tuple(words[builds_of(name)[place].builds] for name in ("pytorch", "tensorflow", "mxnet"))
        for place in builds_of("pytorch")
    }


def test_adapters_of_picture_models_answer_where_they_were_measured():
    """2,000 steps in 5,236 s on an A100; elsewhere neither speed nor memory is known."""
    found = planner.predict_throughput(model="FLUX-LoRA", gpu="a100-80gb-sxm")

    assert pytest.approx(2000 / 5236, rel=1e-4) == found.samples_per_second
    with pytest.raises(NoThroughputError, match="one A100 alone"):
        planner.predict_throughput(model="flux.1-lora", gpu="t4")


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"model": "sdxl-lora", "epochs": 1}, UnknownNameError, "flux.1-lora alone was measured"),
        ({"model": "sdxl", "method": "lora", "epochs": 1}, UsageError, "trains without method"),
    ],
)
def test_other_adapters_are_refused_with_what_there_is(asked, error, said):
    """By name or by method."""
    with pytest.raises(error, match=said):
        planner.estimate(**asked)


@pytest.mark.parametrize("model", ["sdxl", "sd1.5", "flux"])
def test_whole_picture_models_train_by_name(model):
    """All weights: with a basis and a range."""
    found = planner.estimate(model=model, epochs=1, samples_per_epoch=1000, gpus=["A100:8"], limit=1)

    assert found.estimates[0].throughput.low < found.estimates[0].throughput.high


@pytest.mark.parametrize(
    ("framework", "gpu", "said"),
    [
        (None, "gtx-1080-ti", "gtx-1080-ti needs another wheel of PyTorch: cu126 wheels up to 2.14 hold it"),
        ("pytorch-timm", "p100-16gb", "cu126"),
        (None, "k80", "1.12 is the last"),
        (None, "radeon-vii", "out of support since ROCm 6"),
        (None, "t4", None),
        ("tensorflow2", "p100-16gb", None),
        (None, "xeon-e5-2686-v4", None),
    ],
)
def test_what_the_default_wheel_lacks_is_said(framework, gpu, said):
    """Of PyTorch, which is meant where no framework is named; what else holds the GPU stands beside it."""
    problem = wheel_problem(framework, gpu)

    assert (problem is None) == (said is None)
    assert said is None or said in problem


def test_every_answer_warns_of_a_card_that_today_s_builds_leave_out():
    """The estimate on its screen and in its rows, a comparison in its notes; trees need no PyTorch."""
    warning = "p100-16gb needs another wheel of PyTorch"
    found = planner.estimate(model="resnet50", epochs=1, gpus=["P100"])
    bought = planner.compare(model="resnet50", epochs=1, jobs_per_month=4, buy=["P100"], card_usd=300)
    trees = planner.estimate(model="xgboost", rows=1e6, gpus=["P100"])
    advised = planner.recommend(model="resnet50", epochs=1, gpus=["P100"])

    assert any(warning in sentence for sentence in advised.sentences)
    assert any(line.startswith(f"! {warning}") for line in document(found)["answer"])
    assert all(any(warning in note for note in one.notes) for one in found.estimates)
    assert any(warning in note for note in bought.notes)
    assert not any("wheel" in note for one in trees.estimates for note in one.notes)


def test_trees_are_picked_on_cards_that_pytorch_left():
    """A P100 beside a T4 for XGBoost; for a network it is too old."""
    trees = planner.estimate(model="xgboost", rows=1e7).picked.not_picked
    network = planner.estimate(model="resnet50", epochs=1).picked.not_picked

    assert NotPicked.GPU_TOO_OLD not in dict(trees)
    assert NotPicked.GPU_TOO_OLD in dict(network)
