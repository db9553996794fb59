"""What is learnt between sources: by hand on made-up implementations, and nothing of what is judged."""

import json
import math
from dataclasses import replace

import pytest

from planner.accuracy.between_sources import Judged, source_summary
from planner.accuracy.learning.between import corrected, learnt_between, students_t, weighted_quantile
from planner.accuracy.learning.implementations import implementations, rivals
from planner.accuracy.learning.leave_out_sources import Shelf, SourceError, sources_left_out
from planner.accuracy.learning.left_out import gather
from planner.errors import NoThroughputError
from planner.hardware.gpus import load_gpus
from planner.throughput.between import Situation, Unmeasured
from planner.throughput.learnt import learnt_folder
from planner.throughput.measured import load_benchmarks
from planner.throughput.precision import width_of
from planner.work.listed import load_models


def error(split, implementation, log_error, width="16", from_width="16"):
    """A left-out cell, claimed within 0.2 of its source."""
    model = implementation.partition("|")[0]
    kind = {"source": "known", "source_arithmetic": "arithmetic"}.get(split, split)
    return SourceError(
        split=split,
        implementation=implementation,
        model=model,
        stack_class="images",
        origin=implementation.partition("|")[2],
        gpu="t4",
        gpu_count=1,
        width=width,
        measured=100.0,
        log_error=log_error,
        basis="scaled",
        situation=Situation(
            stack_class="images",
            kind=kind,
            width=width,
            from_width=from_width,
            is_thin=False,
            below=0.2,
            above=0.2,
        ),
    )


STEPS = [
    error("own_format", f"m{n}|a", middle + 0.01 * (-1) ** n, width)
    for width, middle in (("tf32", -0.3), ("fp32", -0.2))
    for n in range(6)
]


@pytest.mark.parametrize(("degrees", "expected"), [(3, 2.353), (5, 2.015), (10, 1.812), (30, 1.697)])
def test_students_t_is_that_of_the_tables(degrees, expected):
    """95 percent quantiles, within half a percent."""
    assert expected == pytest.approx(students_t(degrees), rel=0.005)


def test_an_implementation_weighs_one():
    """Ninety-nine cells of one script do not outvote the one cell of another."""
    assert 5.0 == weighted_quantile({"many": [1.0] * 99, "one": [5.0]}, 0.9)
    assert 1.0 == weighted_quantile({"many": [1.0] * 99, "one": [5.0]}, 0.5)


def test_both_variances_by_hand():
    """Two implementations at +0.3 and -0.3 with cells 0.1 about it: tau 0.3, sigma 0.1, half widths by Student's t of 5."""
    cells = [
        error("source", name, offset + off)
        for name, offset in (("m|a", 0.3), ("m|b", -0.3))
        for off in (-0.1, 0.0, 0.1)
    ]

    found = learnt_between([*cells, *STEPS])["known"]["images"]

    assert (0.3, 0.1) == pytest.approx((found["tau"], found["sigma"]), abs=1e-4)
    assert students_t(5) * 0.3 * math.sqrt(1 + 1 / 6) == pytest.approx(found["common"], abs=1e-3)
    assert students_t(5) * 0.1 == pytest.approx(found["alone"], abs=1e-3)


def test_scripts_of_one_repository_do_not_say_how_far_repositories_lie_apart():
    """The same two offsets, of one repository: the spread is as uncertain as if none had been seen, Student's t of 3."""
    cells = [replace(error("source", f"m|{n}", offset), origin="one") for n, offset in (("a", 0.3), ("b", -0.3))]

    found = learnt_between([*cells, *STEPS])["known"]["images"]

    assert students_t(3) * 0.3 * math.sqrt(1 + 1 / 4) == pytest.approx(found["common"], abs=1e-3)


def test_a_ratio_of_formats_is_drawn_towards_none():
    """Carried into TF32, two implementations lie 0.4 lower than in 16 bits: 0.8 / (2 + 2), and so much is corrected."""
    cells = [error("source", f"m|{n}", value, width) for n in "ab" for value, width in ((0.1, "16"), (-0.3, "tf32"))]

    learnt = learnt_between([*cells, *STEPS])

    assert -0.2 == pytest.approx(learnt["carried"]["images"]["tf32"])
    assert -0.1 == pytest.approx(corrected(cells[1], learnt))
    assert 0.1 == pytest.approx(corrected(cells[0], learnt))


def test_what_is_kept_of_a_measurement_in_another_format_leaves_the_least_squares():
    """Two codes 0.4 and -0.2 off what was carried, rows of the model at 0.4 and -0.4 of that: (0.16 + 0.08) / 0.32 given up, by half of 2 and 2."""
    cells = []
    for name, off, gap in (("m|a", 0.4, 0.4), ("m|b", -0.2, -0.4)):
        plain = error("own_format_known", name, off, "tf32")
        known = replace(plain.situation, kind="known", from_width="tf32")
        cells.append(
            replace(plain, situation=replace(plain.situation, unmeasured=Unmeasured(gap=gap, situation=known)))
        )

    learnt = learnt_between([error("source", "m|a", 0.0), *cells, *STEPS])

    assert {"known": {"from_16": pytest.approx(1 - 0.75 / 2)}} == learnt["kept"]
    assert -0.2 + 0.375 * 0.4 == pytest.approx(corrected(cells[1], learnt))


def test_a_level_counts_models():
    """Nine scripts of one network at 0.6 and one of another at 0: (0.6 + 0) / (2 + 2)."""
    cells = [error("source_arithmetic", f"m|{n}", 0.6) for n in range(9)]

    learnt = learnt_between([*cells, error("source_arithmetic", "n|a", 0.0), *STEPS, error("source", "m|a", 0.0)])

    assert 0.15 == pytest.approx(learnt["levels"]["images"]["16"])


def test_a_summary_counts_implementations():
    """One of ten cells of one script and the one of another outside: (0.9 + 0) / 2 are held."""
    learnt = {
        "thin": 0.0,
        "carried": {"all": {}},
        "known": {"all": {"common": 0.0, "alone": 0.1, "usual": 0.2, "usual_level": 0.0}},
    }
    cells = [error("source", "m|a", 0.05 if n else 0.5) for n in range(10)] + [error("source", "m|b", 0.5)]

    found = source_summary("x", [Judged(one, learnt) for one in cells])

    assert 2 == found.n
    assert 0.45 == pytest.approx(found.coverage)
    assert math.exp(0.2) == pytest.approx(found.width)


@pytest.fixture(scope="module")
def evidence():
    """The rows of two models that several repositories measured: enough for identities, quick to invert."""
    models = {model.name: model for model in load_models()}
    names = ("tacotron2", "resnet50")
    rows = [row for row in load_benchmarks() if row.model in names and row.gpu_count in (1, 8)]
    return gather([row for row in rows if row.framework != "pytorch-timm"], load_gpus(), models)


@pytest.fixture(scope="module")
def variances():
    """The published variances."""
    return json.loads((learnt_folder() / "variances.json").read_text(encoding="utf-8"))


def test_a_left_out_implementation_does_not_see_itself(evidence, variances):
    """Three times its measured rates change its errors by just that, and nothing in what is predicted for it."""
    name = "tacotron2|pytorch|lambdal/deeplearning-benchmark|"
    faster = [
        replace(row, samples_per_second=3 * row.samples_per_second, low=3 * row.low, high=3 * row.high)
        if row.model == "tacotron2" and row.source.startswith("lambdal/")
        else row
        for row in evidence.rows
    ]

    before, after = (
        {
            (one.gpu, one.gpu_count, one.width): one.log_error
            for one in sources_left_out(Shelf(each, variances, implementations(each)))
            if one.implementation == name
        }
        for each in (evidence, gather(faster, evidence.gpus, evidence.models))
    )

    assert before
    assert {key: value + math.log(3) for key, value in before.items()} == pytest.approx(after, abs=0.02)


def test_without_networks_nothing_is_known_by_arithmetic(evidence, variances):
    """Where timm's repository is left out too, a model without other rows is foretold from its own cell alone."""
    found = implementations(evidence)
    mine = [one for one in found if one.model.name == "resnet50"]

    knowledge = Shelf(evidence, variances, found).without(mine, "resnet50", {"t4"})

    with pytest.raises(NoThroughputError, match="No network is left"):
        knowledge.arithmetic()


def test_rivals_measured_the_same_work(evidence):
    """A model that one repository measured has no rival; what counts other tokens is none."""
    found = rivals(implementations(evidence))

    by_model = {}
    for one in found:
        by_model.setdefault(one.model.name, []).append(one)
    assert all(len(mine) > 1 for mine in by_model.values())
    assert not any(one.is_another_job for one in found)
    assert {"tacotron2", "resnet50", "nnunet-2d", "dlrm-large"} <= set(by_model)


def test_mislabelled_rows_are_no_cells(evidence):
    """Lambda's tacotron2 in `amp` since PyTorch 1.13 is not mixed precision; its TF32 rows stay."""
    one = next(each for each in implementations(evidence) if each.name.startswith("tacotron2|pytorch|lambdal/"))

    new = [row for row in one.cells if row.software.startswith(("PyTorch 1.13", "PyTorch 2"))]
    assert {"tf32", "fp32"} >= {width_of(row.precision) for row in new}


def test_claims_count_beyond_what_costs_least():
    """Nine codes off by 0.1 claim 0.2, one off by 0.6 claims 0.8: counted beyond 0.5 the last has 0.63, beyond 0.55 it falls out of 0.59."""
    near = [error("own_gpu", f"m{n}|a", 0.1 * (-1) ** n) for n in range(9)]
    far = error("own_gpu", "m9|a", -0.6)
    errors = [*near, replace(far, situation=replace(far.situation, below=0.8, above=0.8))]

    learnt = learnt_between([error("source", "m|a", 0.0), *errors, *STEPS])

    assert {"usual": 0.5} == learnt["usual"]["own_gpu"]
    assert {"all": 0.1} == learnt["steps"]["own_gpu"]


def test_a_batch_far_away_makes_no_other_row_nearer():
    """Off by -0.5 where the batch alone gives 0.4 below: the reach of every row is 0.5 nevertheless."""
    plain = error("own_count", "m|a", -0.5)
    far = replace(plain, situation=replace(plain.situation, below=math.hypot(0.1, 0.4), batch=(0.4, 0.0)))

    learnt = learnt_between([error("source", "m|a", 0.0), far, *STEPS])

    assert {"all": 0.5} == learnt["steps"]["own_count"]
