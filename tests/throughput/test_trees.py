"""Boosted trees: what was measured, what is carried from it, and what is refused."""

import math

import pytest

import planner
from planner.accuracy.device_splits import device_splits
from planner.accuracy.tree_machines import tree_ranges
from planner.errors import DoesNotFitError, NothingLeftError, NoThroughputError, UnknownNameError, UsageError
from planner.hardware.tables import read_rows
from planner.model.picks import NotPicked
from planner.model.records import Basis
from planner.model.tree_runs import TreeRun
from planner.throughput.tree_rows import TreeRange, load_tree_rows
from planner.throughput.trees import tree_throughput
from planner.throughput.trees_known import TreeKnowledge


def run(tool="xgboost", **other):
    """A run as all of the table are, but for what is given."""
    return TreeRun(**{"tool": tool, "rows": 1e7, "features": 8, "rounds": 100, "depth": 10} | other)


def seconds(one, device, count=1.0):
    """The time of a run, expected, at best and at worst."""
    found, work = tree_throughput(one, device, count), one.rows * one.rounds
    return work / found.samples_per_second, work / found.high, work / found.low, found.basis


@pytest.mark.parametrize(
    ("tool", "device", "expected"),
    [
        ("lightgbm", "xeon-e5-2686-v4", 22.152),
        ("lightgbm", "a10g", 28.79),
        ("lightgbm", "v100-16gb", 40.802),
        ("xgboost", "xeon-e5-2686-v4", 40.645),
        ("xgboost", "h100-80gb-pcie", 3.635),
        ("xgboost", "a10", 5.69),
        ("catboost", "v100-16gb", 23.391),
    ],
)
def test_what_was_measured_answers(tool, device, expected):
    """The seconds of 10 million rows as results.txt has them: a CPU of 2016 beats two GPUs in one tool, and loses in the other."""
    middle, low, high, basis = seconds(run(tool), device)

    assert (pytest.approx(expected), Basis.MEASURED) == (middle, basis)
    assert low < middle < high


def test_cores_are_those_of_the_machine():
    """A third of a 48-core processor is 16 cores: the mean of m7i.8xlarge and of c7i.metal-48xl on 16, in logs."""
    middle, _, _, basis = seconds(run("lightgbm"), "xeon-platinum-8488c", 1 / 3)

    assert (pytest.approx(math.sqrt(9.676 * 9.991)), Basis.MEASURED) == (middle, basis)


def test_between_measured_rows_time_lies_between():
    """3.16 million rows lie in the middle of 1 and 10 million, in logs, and so does their time."""
    middle, _, _, basis = seconds(run(rows=10**6.5), "v100-16gb")

    assert (pytest.approx(math.sqrt(1.37 * 5.017), rel=1e-6), Basis.SCALED) == (middle, basis)


@pytest.mark.parametrize("change", [{"features": 32}, {"depth": 6}, {"rounds": 1000}, {"rows": 5e7}])
def test_what_was_not_measured_is_modelled_and_wider(change):
    """Other columns, depth, rounds and more rows: never scaled in silence, and the range grows."""
    _, low, high, basis = seconds(run(), "a10")
    _, other_low, other_high, other = seconds(run(**change), "a10")

    assert (Basis.MEASURED, Basis.MODELLED) == (basis, other)
    assert other_high / other_low > 1.2 * high / low
    assert "modelled" in " ".join(tree_throughput(run(**change), "a10", 1).notes) or "rows" in change


def test_four_times_the_columns_take_once_to_four_times_the_time():
    """Both ends lie in the range beside what the machines differ by, and the middle is between them: twice."""
    middle, low, high, _ = seconds(run(), "a10")
    other, other_low, other_high, _ = seconds(run(features=32), "a10")

    assert pytest.approx(2 * middle) == other
    assert (pytest.approx(low), pytest.approx(4 * high)) == (other_low, other_high)


@pytest.mark.parametrize(
    ("change", "device", "count", "said"),
    [
        ({"features": 500}, "a10", 1, "features 500"),
        ({"depth": 30}, "a10", 1, "depth 30"),
        ({"rounds": 5}, "a10", 1, "rounds 5"),
        ({"rows": 1e9}, "a10", 1, "rows 1,000,000,000"),
        ({}, "a10", 2, "one whole GPU"),
        ({}, "a10", 0.5, "one whole GPU"),
    ],
)
def test_what_is_too_far_is_refused(change, device, count, said):
    """With the value, what was measured, and what to do."""
    with pytest.raises(NoThroughputError, match=said):
        tree_throughput(run(**change), device, count)


def test_the_ranges_are_those_of_the_rows():
    """`data/tree_ranges.csv` says what leaving every machine out once says."""
    assert list(tree_ranges()) == read_rows("tree_ranges.csv", TreeRange)


def test_devices_left_out_are_foretold():
    """Nine processors and GPUs, each left out with all its machines: half of the errors below 25 percent, nine in ten within the range."""
    (split,) = device_splits(["tree_machine"])

    assert 9 == len(split.groups["device"])
    assert split.errors.median <= 0.25
    assert 0.85 <= split.errors.coverage <= 0.95
    assert all(group.coverage >= 0.65 for group in split.groups["device"])
    # the page says which two are above
    assert ["a10", "epyc-7r32"] == sorted(group.name for group in split.groups["device"] if group.median > 0.25)


def test_a_processor_is_left_out_with_its_siblings():
    """Two machines have the Xeon 8488C: neither foretells the other where a processor that nobody measured is judged."""
    known = TreeKnowledge(load_tree_rows())
    machines = known.machines_of()["xeon-platinum-8488c"]

    assert {"c7i.metal-48xl", "m7i.8xlarge"} == machines
    assert {Basis.MODELLED} == {foretold.basis for _, foretold in known.left_out(machines)}
    assert Basis.MEASURED in {foretold.basis for _, foretold in known.left_out(frozenset({"m7i.8xlarge"}))}


def test_support_vector_machines_are_refused_with_the_reason():
    """No table says how long they train; an own measurement does."""
    for asked in ({"epochs": 1}, {"rows": 1e6}):
        with pytest.raises(UnknownNameError, match=r"support vector machine.*nothing is guessed.*measured"):
            planner.estimate(model="svm", **asked)
    assert planner.estimate(
        model="svm", measured=["t4=5000"], epochs=1, samples_per_epoch=1e6, gpus=["T4"], limit=1
    ).estimates


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"model": "xgboost"}, "How many rows"),
        ({"model": "resnet50", "rows": 10, "epochs": 1}, "rows is for boosted trees"),
        ({"model": "xgboost", "rows": 1e6, "epochs": 3}, "epochs is not for boosted trees"),
        ({"model": "lgbm", "rows": 1e6, "tokens": 1e9}, "tokens is not for boosted trees"),
        ({"model": "xgboost", "rows": 1e6, "measured": ["t4=5"]}, "measured is not for boosted trees"),
    ],
)
def test_what_does_not_belong_together_is_refused(asked, said):
    """By name, with what belongs there."""
    with pytest.raises(UsageError, match=said):
        planner.estimate(**asked)


def test_processors_are_among_the_machines():
    """Trees are priced on machines without a GPU unasked; naming a GPU leaves them out, naming one alone asks for it."""
    everything = planner.estimate(model="lightgbm", rows=1e7)
    named = planner.estimate(model="lightgbm", rows=1e7, gpus=["T4"])
    alone = planner.estimate(model="lightgbm", rows=1e7, gpus=["Xeon E5-2686 v4"], regions=["us-east-1"])

    assert {"xeon-e5-2686-v4", "xeon-platinum-8488c", "t4"} <= {one.offer.gpu for one in everything.estimates}
    assert {"t4"} == {one.offer.gpu for one in named.estimates}
    assert {("r4.8xlarge", "on_demand", 2.128), ("r4.16xlarge", "on_demand", 4.256)} <= {
        (one.offer.instance_type, str(one.offer.purchase), one.offer.usd_per_hour) for one in alone.estimates
    }
    with pytest.raises(NothingLeftError, match="one whole GPU"):
        planner.estimate(model="lightgbm", rows=1e7, gpus=["T4:4"])


def test_runs_of_seconds_are_offered_by_spot():
    """A checkpoint of a minute is no reason against a run of six seconds, and some cores are no slice of a GPU."""
    found = planner.estimate(model="xgboost", rows=1e7, purchases=["spot"], limit=None)

    assert {True, False} == {"xeon" in estimate.offer.gpu for estimate in found.estimates}
    assert not {entry.reason for entry in found.left_out if "interrupted so often" in entry.reason}
    on_cores = [estimate for estimate in found.estimates if "xeon" in estimate.offer.gpu]
    assert any(estimate.offer.gpu_count < 1 for estimate in on_cores)
    assert NotPicked.SLICE not in {estimate.not_picked for estimate in on_cores}


def test_a_card_is_compared_with_renting_processors():
    """They draw watts of their own."""
    found = planner.compare(model="xgboost", rows=1e7, buy=["rtx-4090"], jobs_per_month=0.01)

    assert found.options


@pytest.mark.parametrize(
    ("tool", "device", "expected"),
    [
        ("xgboost", "a10g", 3.733 + (3.733 - 1.663) / 9e6 * 9e7),
        ("xgboost", "a10", 5.69 + (5.69 - 1.693) / 9e6 * 9e7),
        ("lightgbm", "v100-16gb", 40.802 + (40.802 - 9.082) / 9e6 * 9e7),
    ],
)
def test_ten_times_the_measured_rows_follow_the_last_slope(tool, device, expected):
    """100 million rows: what each of the last nine million took for ninety million more, and a range of x or / 1.8 a decade."""
    middle, low, high, basis = seconds(run(tool, rows=1e8), device)
    _, near_low, near_high, _ = seconds(run(tool), device)

    assert (pytest.approx(expected), Basis.MODELLED) == (middle, basis)
    assert pytest.approx(near_high / near_low * math.exp(2 * 0.57)) == high / low


def test_fewer_rows_than_measured_keep_the_fixed_part():
    """10,000 rows on an A10G: 0.655 s at 100,000 less what each row up to a million took."""
    middle, _, _, _ = seconds(run(rows=1e4), "a10g")

    assert pytest.approx(0.655 - (1.663 - 0.655) / 9e5 * 9e4) == middle


@pytest.mark.parametrize("tool", ["xgboost", "lightgbm", "catboost"])
def test_the_third_number_of_rows_lies_in_the_range_of_a_decade(tool):
    """10 million rows as the slope of 100,000 and 1 million foretells them: nine in ten within what a decade adds."""
    measured = {}
    for row in (one for one in load_tree_rows() if one.tool == tool):
        measured.setdefault((row.machine, row.cores), {})[row.rows] = row.seconds  # the newest stands last
    thirds = [of for of in measured.values() if len(of) == 3]
    off = [abs(math.log((of[10**6] + (of[10**6] - of[10**5]) / 9e5 * 9e6) / of[10**7])) for of in thirds]

    assert len(off) >= 25
    assert sum(one <= 0.57 + 0.19 for one in off) >= 0.85 * len(off)


def test_trees_on_gpus_of_others_than_nvidia_are_refused():
    """No row is of AMD, and the mean of NVIDIA's is no figure of it."""
    for gpu in ("rx-6800", "radeon-vii", "mi300x"):
        with pytest.raises(NoThroughputError, match="measured on no GPU of AMD"):
            tree_throughput(run(), gpu, 1)
    with pytest.raises(NoThroughputError, match="no GPU of an unknown maker"):
        tree_throughput(run(), "mine[memory_gib=16 bandwidth_gb_per_s=640 fp32_tflops=48.7]", 1)


def test_a_weak_card_takes_up_to_its_bandwidth_longer():
    """A GTX 1050 has 112 GB/s, the least measured 600 (A10, A10G): between as long as the mean and 5.4 times that."""
    middle, low, high, _ = seconds(run(), "gtx-1050")
    strong, strong_low, strong_high, _ = seconds(run(), "rtx-4090")

    assert (pytest.approx(strong_low), pytest.approx(strong_high * 600 / 112)) == (low, high)
    assert pytest.approx(strong * math.sqrt(600 / 112)) == middle


@pytest.mark.parametrize(
    ("rows", "features", "gpu", "fits"), [(1e7, 8, "a10g", True), (1e7, 9, "a10g", None), (1e7, 8, "gtx-1050", None)]
)
def test_memory_of_trees_is_known_where_as_much_ran(rows, features, gpu, fits):
    """10 million rows of eight columns ran on 16 GB: more values or a smaller card are not known, and it is said."""
    found = tree_throughput(run(rows=rows, features=features), gpu, 1)

    assert fits is found.fits_memory
    assert (fits is None) is any("memory" in note and "GiB at least" in note for note in found.notes)


def test_rows_that_cannot_fit_are_refused():
    """100 million rows of 100 columns: 112 bytes each are 10.4 GiB, and a GTX 1050 has 2."""
    with pytest.raises(DoesNotFitError, match=r"at least 10\.4 GiB"):
        tree_throughput(run(rows=1e8, features=100), "gtx-1050", 1)


def test_trees_do_not_run_on_the_graphics_cores_of_a_mac():
    """Of Apple's chips those alone are known."""
    with pytest.raises(NoThroughputError, match="graphics cores"):
        tree_throughput(run(), "apple-m3-max", 1)
