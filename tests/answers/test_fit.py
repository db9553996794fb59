"""One answer to "does it fit": estimate, recommend and compare say what `planner fit` says, and name the same change."""

import random
from datetime import date

import pytest

import planner
from planner.answers.fit import fit_of, fits
from planner.answers.throughput import speeds_of
from planner.errors import DoesNotFitError, NothingLeftError, NoThroughputError, UsageError
from planner.hardware.frameworks import wheel_problem
from planner.hardware.gpus import load_gpus
from planner.options.declared import filled
from planner.options.language_arguments import LanguageArguments
from planner.render.fit import fit_answer
from planner.work.language import plan_language_work
from planner.work.listed import plan_work
from tests.builders import language_of

DAY = date(2026, 7, 1)
CELLS = (("rtx-4090", 1), ("t4", 1), ("l4", 4), ("a100-80gb-sxm", 8), ("h100-80gb-sxm", 8))
HELD = (
    {},
    {"optimizer": "adamw-8bit"},
    {"pure_bf16": True},
    {"pure_bf16": True, "optimizer_in_backward": True, "optimizer": "paged-adamw-8bit"},
    {"cpu_offload": "optimizer", "pure_bf16": True},
)


def drawn(seed):
    """A question about a language model, and a GPU with its number."""
    pick = random.Random(seed).choice  # noqa: S311 - draws questions, no secrets
    question = {
        "model": pick(["llama-3.2-1b", "llama-3.2-3b", "llama-2-7b", "llama-2-13b", "mixtral-8x7b"]),
        "method": pick(["full", "lora", "qlora"]),
        "sequence_length": pick([512, 2048, 8192]),
        **pick(HELD),
    }
    return question, pick(CELLS)


def said(verb, **question):
    """The answer, or the refusal."""
    try:
        return verb(**question)
    except NothingLeftError as error:
        return str(error)


def agree(question, cell):
    """Asks every answer for one machine; those that refuse name the change that `planner fit` names."""
    gpu, count = cell
    options = {name: value for name, value in question.items() if name != "model"}
    workload = plan_language_work(model=question["model"], options=language_of(tokens=1e7, **options)).workload
    report = fit_of(workload, gpu, count)
    shared = {**question, "tokens": 1e7, "as_of": DAY, "gpus": [f"{gpu}:{count}"]}

    assert report.fits == (not isinstance(speeds_of(workload).on(gpu, count), NoThroughputError))
    for verb, more in ((planner.estimate, {}), (planner.recommend, {"deadline": "1000h", "nodes": 1})):
        found = said(verb, **shared, **more)
        if isinstance(found, str):
            assert not report.fits or "of its machine's own memory" in found
            assert report.change is None or f"Cheapest change that fits on {count} x {gpu}: {report.change}." in found
        else:
            assert report.fits
            assert verb is not planner.estimate or all(row.fits_memory for row in found.estimates)
    return report.fits


@pytest.mark.parametrize("seed", [1, 4, 8])
def test_every_answer_agrees(seed):
    """Three questions drawn, some of which fit."""
    agree(*drawn(seed))


@pytest.mark.slow
def test_every_answer_agrees_on_many_questions():
    """Sixty more; both answers come up."""
    assert {True, False} == {agree(*drawn(seed)) for seed in range(100, 160)}


def test_a_comparison_names_the_change_for_the_card():
    """Llama 2 7B in full on an RTX 4090: as `planner fit` says."""
    with pytest.raises(
        DoesNotFitError, match=r"Cheapest change that fits on 1 x rtx-4090: optimizer paged-adamw-8bit pure_bf16"
    ):
        planner.compare(model="llama-2-7b", method="full", tokens=1e7, buy="rtx-4090", jobs_per_month=1, as_of=DAY)


def test_an_image_model_is_asked_at_its_own_batch():
    """Both refuse 4,096 images on a T4, and name the batch that does; both take that."""
    workload = plan_work(model="resnet50", epochs=1, precision="amp", batch_size=4096).workload

    change = fit_of(workload, "t4", 1).change

    assert "batch_size 288" == change
    with pytest.raises(NothingLeftError, match="on 1 x t4: batch_size 288"):
        planner.estimate(model="resnet50", epochs=1, batch_size=4096, gpus=["T4:1"], as_of=DAY)
    assert planner.estimate(model="resnet50", epochs=1, batch_size=288, gpus=["T4:1"], as_of=DAY).estimates


def asked(model, **options):
    """`planner fit` without a GPU."""
    given = filled(LanguageArguments, options)
    return fits(model=model, gpus=(), precision="amp", batch_size=32, options=given)


@pytest.fixture(scope="module")
def lora():
    return asked("llama-3-8b", method="lora")


def test_every_gpu_is_gone_through(lora):
    """Each once, in the smallest number that holds it, fitting ones first, of those with today's wheels the smallest machine."""
    fitting = [one for one in lora.reports if one.fits]

    assert sorted(load_gpus()) == sorted(one.gpu.name for one in lora.reports)
    assert {1, 2, 4, 8} >= {one.gpu_count for one in lora.reports}
    assert fitting == list(lora.reports[: len(fitting)])
    at_once = fitting[: len(fitting) - lora.other_builds]
    together = [one.gpu_count * one.usable_bytes for one in at_once]
    assert sorted(together) == together


def test_gpus_that_todays_wheels_do_not_run_on_stand_last(lora):
    """Of the GPUs that hold the run the first is one to use at once; the others are counted."""
    holding = [wheel_problem(None, one.gpu.name) is not None for one in lora.reports if one.fits]

    assert sorted(holding) == holding
    assert not holding[0]
    assert 0 < sum(holding) == lora.other_builds
    assert f"do not run on {lora.other_builds} of them, listed last." in fit_answer(lora)


def test_a_smaller_number_of_the_same_gpu_does_not_hold_it(lora):
    """By the least memory of any layout: half of the GPUs have too little."""
    workload = plan_language_work(model="llama-3-8b", options=language_of(tokens=1e7, method="lora")).workload
    two = [one for one in lora.reports if one.fits and one.gpu_count > 1 and one.gpu.vendor == "NVIDIA"]

    assert two
    for one in two[:5]:
        assert not fit_of(workload, one.gpu.name, one.gpu_count // 2).fits


def test_an_image_model_is_asked_on_one_of_each():
    """Every GPU holds the whole batch: numbers do not matter."""
    found = asked("resnet50")

    assert {1} == {one.gpu_count for one in found.reports}
    assert any(one.fits for one in found.reports)


def test_options_of_language_models_are_refused_for_others():
    """By the option that was given."""
    with pytest.raises(UsageError, match="resnet50 is not a language model: pure_bf16 cannot be used"):
        asked("resnet50", pure_bf16=True)


def test_trees_are_refused_as_what_they_are():
    """Their memory is not counted, which is said, rather than that the name is unknown."""
    with pytest.raises(UsageError, match="xgboost boosts trees, whose memory is that of their table"):
        asked("xgboost")
