"""Several GPUs and several machines: connections, gradient traffic, networks."""

import contextlib
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.answers.throughput import predict_throughput
from planner.errors import NoThroughputError, UsageError
from planner.hardware.gpus import load_gpus
from planner.model.records import Basis, Model, OwnMeasurement, Precision, Workload
from planner.throughput.adjustments import usual_batch
from planner.throughput.links import Link, link_gb_per_s, link_of
from planner.throughput.measured import load_benchmarks
from planner.throughput.nodes import over_nodes
from planner.throughput.own_runs import for_one_gpu, measured_together, nearest_place
from planner.throughput.scaling import ONE_GPU, Efficiency, Scaling, Together, eta_of, log_efficiency, log_traffic
from planner.throughput.workload_prediction import Prediction
from planner.work.listed import resolve_model


@pytest.mark.parametrize(
    ("gpu", "link"),
    [
        ("h100-80gb-sxm", Link.SWITCH),
        ("v100-16gb", Link.MESH),
        ("a100-80gb-pcie", Link.PCIE),
        ("l4", Link.PCIE),
        ("rtx-a6000", Link.WORKSTATION),
        ("rtx-6000-ada", Link.WORKSTATION),
        ("quadro-rtx-8000", Link.WORKSTATION),
        ("rtx-4090", Link.GEFORCE),
        ("rtx-3070", Link.GEFORCE),
        ("mi300x", Link.SWITCH),
    ],
)
def test_each_gpu_has_its_kind_of_connection(gpu, link):
    """Bridges join pairs only, so bridged cards count as the PCIe cards they are."""
    assert link == link_of(load_gpus()[gpu])


def test_a_card_without_a_link_of_its_own_talks_over_pcie():
    """Sixteen lanes of generation 4 carry 64 GB/s, both directions together."""
    assert 64.0 == link_gb_per_s(load_gpus()["l4"])


def test_eta_and_efficiency_are_inverse():
    """eta of an efficiency of 0.8 is ln(0.25)."""
    assert math.log(0.25) == pytest.approx(eta_of(0.8))
    assert math.log(0.8) == pytest.approx(log_efficiency(eta_of(0.8)))


def test_the_wire_decides_how_bert_large_scales():
    """Eight GeForce cards reach a fraction of linear scaling where eight H100 SXM reach nearly all of it."""
    geforce, sxm = (
        predict_throughput(model="bert-large-squad", gpu=gpu, gpu_count=8).samples_per_second
        / predict_throughput(model="bert-large-squad", gpu=gpu).samples_per_second
        / 8
        for gpu in ("rtx-2080-ti", "h100-80gb-sxm")
    )

    assert geforce < 0.3
    assert sxm > 0.9


def test_an_unmeasured_count_lies_between_its_neighbours():
    """Six H100 are faster than four and slower than eight."""
    four, six, eight = (
        predict_throughput(model="resnet50", gpu="l40s", gpu_count=count).samples_per_second for count in (4, 6, 8)
    )

    assert four < six < eight


def test_more_gradient_traffic_scales_worse():
    """A model of the same speed with a hundred times the parameters loses more on PCIe cards."""
    gpu = load_gpus()["rtx-4090"]

    small, large = (
        Scaling(model=a_model(params), script=None).efficiency(gpu, 8, math.log(500.0), 64.0).log
        for params in (5.0, 500.0)
    )

    assert large < small


def test_one_node_is_the_machine_itself():
    """Nothing changes where nothing crosses a network."""
    one = predict_throughput(model="resnet50", gpu="h100-80gb-sxm", gpu_count=8)

    found = predict_throughput(model="resnet50", gpu="h100-80gb-sxm", gpu_count=8, node_count=1)

    assert one == found


def test_a_slow_network_costs_throughput():
    """Four machines over 10 Gbit/s do less than over 400 Gbit/s, and neither more than four machines."""
    machine = {"model": "bert-large-squad", "gpu": "h100-80gb-sxm", "gpu_count": 8}
    one = predict_throughput(**machine).samples_per_second

    slow, fast = (
        predict_throughput(**machine, node_count=4, network_gbit_per_s=gbit).samples_per_second for gbit in (10, 400)
    )

    assert slow < fast < 4 * one


def test_nodes_are_computed_by_hand():
    """Half a second a step, 1 GB of gradients, two nodes, 8 Gbit/s: one second on the wire, half a step of it hidden.

    Two steps on the wire less half a step leaves 1.5 steps exposed: 1 / (1 + loss + 1.5), loss of one doubling.
    """
    one = predict_throughput(model="resnet50", gpu="h100-80gb-sxm", gpu_count=8)
    batch = one.samples_per_second / 8 * 0.5

    two = over_nodes(one, model=a_model(250.0), gpu_count=8, node_count=2, network_gbit_per_s=8.0, batch_size=batch)

    assert Basis.SCALED == two.basis
    assert 1 / 2.5 == pytest.approx(two.samples_per_second / one.samples_per_second / 2, rel=0.01)


def test_an_unstated_network_is_assumed_in_sight():
    """The range spans the networks that clouds have, and a note says that one was assumed."""
    found = predict_throughput(model="bert-large-squad", gpu="l4", gpu_count=4, node_count=2)

    assert any("network between nodes not stated" in note for note in found.notes)


def test_nodes_need_the_parameters():
    """Without parameters the traffic is unknown."""
    one = predict_throughput(model="resnet50", gpu="l4")

    with pytest.raises(NoThroughputError, match="parameters"):
        over_nodes(one, model=a_model(None), gpu_count=1, node_count=2, network_gbit_per_s=25, batch_size=64)


@pytest.mark.parametrize("nodes", [0, -1, 100_000])
def test_an_impossible_number_of_nodes_is_refused(nodes):
    """One to four thousand machines."""
    with pytest.raises(UsageError, match="nodes must be"):
        predict_throughput(model="resnet50", gpu="l4", node_count=nodes)


def a_model(params_millions):
    """An image model with so many million parameters."""
    return Model(
        name="a model",
        aliases=(),
        task="image-classification",
        sample_unit="image",
        params_millions=params_millions,
        forward_gmacs_per_sample=4.0,
        activations_millions=11.0,
        input_size=224,
        dataset=None,
        typical_epochs=None,
        source="made for a test",
        as_of="2026-01-01",
    )


def share(middle, low, high):
    """A share of linear scaling with its range."""
    return Efficiency(log=math.log(middle), log_low=math.log(low), log_high=math.log(high), step="")


@pytest.mark.parametrize(
    ("wanted", "is_same_gpu", "middle", "low", "high"),
    [
        # one GPU beside eight: what the eight lost is what the one gains
        (ONE_GPU, True, 1 / 0.9, 1 / 0.97, 1 / 0.7),
        (ONE_GPU, False, 1 / 0.9, 1 / 0.97, 1 / 0.7),
        # as many of the same: nothing is left to doubt
        (share(0.9, 0.7, 0.97), True, 1.0, 1.0, 1.0),
        # four of the same are low or high with the eight
        (share(0.95, 0.84, 0.98), True, 0.95 / 0.9, 0.98 / 0.97, 0.84 / 0.7),
        # of others nothing follows: both doubts, by squares
        (
            share(0.8, 0.6, 0.88),
            False,
            0.8 / 0.9,
            0.8 / 0.9 / math.exp(math.hypot(math.log(0.8 / 0.6), math.log(0.97 / 0.9))),
            0.8 / 0.9 * math.exp(math.hypot(math.log(0.88 / 0.8), math.log(0.9 / 0.7))),
        ),
    ],
)
def test_a_share_beside_that_of_the_measurement(wanted, is_same_gpu, middle, low, high):
    """The measured eight reach 0.9 of linear scaling, or 0.7 to 0.97."""
    found = wanted.beside(share(0.9, 0.7, 0.97), is_same_gpu=is_same_gpu)

    assert (middle, low, high) == pytest.approx(tuple(map(math.exp, (found.log, found.log_low, found.log_high))))


def own(gpu, count, rate=800.0):
    """A measurement in mixed precision at 64 samples a GPU."""
    return OwnMeasurement(gpu=gpu, gpu_count=count, samples_per_second=rate, batch_size=64)


def test_what_several_measured_gpus_lost_is_doubted_on_one():
    """From eight L4 to one: the range is that of the share which the eight reached at the pace of one, turned about."""
    scaling = Scaling(model=resolve_model("resnet50"), script=None)
    measured, gpu = own("l4", 8), load_gpus()["l4"]
    single = for_one_gpu(measured, scaling, 64).samples_per_second
    eight = scaling.efficiency(gpu, 8, math.log(single), 64)

    found = scaling.since(measured_together(measured, 64), gpu, ONE_GPU)

    assert 800 / 8 == pytest.approx(single * math.exp(eight.log))
    assert 0.0 == found.log
    assert (eight.log - eight.log_high, eight.log - eight.log_low) == pytest.approx((found.log_low, found.log_high))
    assert ONE_GPU is scaling.since(measured_together(own("l4", 1), 64), gpu, ONE_GPU)


@pytest.mark.parametrize(
    ("gpu", "count", "nearest"), [("t4", 1, "t4"), ("l4", 8, "l4"), ("a10g", 4, "v100"), ("a10g", 1, "l4")]
)
def test_a_row_is_carried_from_the_same_gpu_else_from_the_same_number(gpu, count, nearest):
    """One L4, eight T4 and four V100 were measured."""
    measured = [own("l4", 1), own("t4", 8), own("v100", 4)]

    assert nearest == nearest_place(measured, load_gpus()[gpu], count).gpu


def rate(model, gpu, count=1, **options):
    return predict_throughput(model=model, gpu=gpu, gpu_count=count, **options).samples_per_second


@pytest.mark.parametrize("model", ["dlrm-large", "dlrm-extra-large", "dcnv2-large", "gpunet-2", "stable-diffusion-2"])
def test_a_row_of_eight_gpus_is_carried_as_one_of_them_alone(model):
    """Measured on eight A100 only. Divided by the share that eight of each card would reach, a GTX 1050 came out faster than a T4."""
    rates = []
    for gpu in ("gtx-1050", "t4", "v100-16gb", "a100-80gb-sxm", "h100-80gb-sxm"):
        with contextlib.suppress(NoThroughputError):
            rates.append(rate(model, gpu))

    assert sorted(rates) == rates
    assert len(rates) >= 2


def test_one_gpu_of_eight_that_were_measured_has_what_it_loses_beside_the_others():
    """Of DLRM the eight make 16.5 million samples a second; alone, each would make that by the share of linear scaling which they reach."""
    model = resolve_model("dlrm-large")
    eight = Together("a100-80gb-sxm", 8, math.log(16.5e6 / 8), 8192)
    scaling = Scaling(model=model, script=None)
    share = scaling.efficiency(
        load_gpus()["a100-80gb-sxm"], 8, math.log(16.5e6 / 8), 8192
    )  # its tables are not exchanged

    assert log_traffic(model, 15.0, 8192) is None
    assert rate("dlrm-large", "a100-80gb-sxm", 8) == 16.5e6
    assert math.exp(scaling.alone(eight)) == pytest.approx(16.5e6 / 8 / math.exp(share.log))
    assert rate("dlrm-large", "a100-80gb-sxm") == pytest.approx(16.5e6 / 8 / math.exp(share.log), rel=0.01)


def test_what_the_eight_lost_is_doubted_on_one():
    """The range of one A100 holds that the eight reached less of linear scaling, or more; the eight themselves are what was measured."""
    model, gpu = resolve_model("dlrm-large"), load_gpus()["a100-80gb-sxm"]
    eight = Scaling(model=model, script=None).efficiency(gpu, 8, 15.0, 8192)  # at any pace: its traffic is not known
    work = Workload(model=model, dataset=None, samples_per_epoch=1, epochs=1, precision=Precision.AMP)

    one = Prediction(work).within_source(gpu, 1, Precision.AMP)

    assert math.log(one.high / one.samples_per_second) >= eight.log - eight.log_low > 0.1
    assert math.log(one.samples_per_second / one.low) >= eight.log_high - eight.log


@pytest.mark.parametrize(("gpu", "count"), [("a100-80gb-sxm", 8), ("rtx-3090", 4), ("t4", 2)])
@pytest.mark.parametrize(
    "model",
    ["resnet50", "vgg16", "gnmt-v2", "bert-large-squad", "fastpitch", "ssd300-resnet50", "transformer-xl-large"],
)
def test_more_gpus_than_were_measured_are_faster_together_and_each_no_faster(model, gpu, count):
    """Without a batch the way to one GPU knew no gradient traffic and the way back did: sixteen could be slower than eight."""
    measured = OwnMeasurement(gpu=gpu, gpu_count=count, samples_per_second=0.8 * rate(model, gpu, count))
    counts = (1, 2, 4, 8, 16)
    rates = [rate(model, gpu, number, measured=(measured,)) for number in counts]

    assert sorted(rates) == rates
    each = [one / number for one, number in zip(rates, counts, strict=True)]
    assert all(more <= fewer * 1.0001 for fewer, more in itertools.pairwise(each))


@pytest.mark.parametrize("model", ["dlrm-small", "dlrm-extra-large", "ncf", "wide-and-deep"])
def test_tables_are_not_exchanged_between_machines(model):
    """113 billion parameters a step over 100 Gbit/s made two machines 9,000 times slower than one."""
    with pytest.raises(NoThroughputError, match="are tables"):
        predict_throughput(model=model, gpu="h100-80gb-sxm", gpu_count=8, node_count=2, network_gbit_per_s=100)


@pytest.mark.parametrize("twins", [("a100-40gb-sxm", "a100-80gb-sxm"), ("v100-16gb", "v100-32gb")])
def test_eight_gpus_of_one_chip_are_about_as_fast_with_half_the_memory(twins):
    """A machine without links scaled three times worse, and stood for every A100 of 40 GB; smaller batches explain 1.75."""
    names = sorted({row.model for row in load_benchmarks() if not row.framework.startswith("pytorch-t")})
    rates = []
    for name in names:
        with contextlib.suppress(NoThroughputError):
            rates.append([predict_throughput(model=name, gpu=gpu, gpu_count=8).samples_per_second for gpu in twins])

    assert len(rates) > 20
    assert 1 / 1.75 < min(one / other for one, other in rates)
    assert 1.75 > max(one / other for one, other in rates)


@pytest.mark.parametrize(("gpu", "batch"), [("a100-80gb-sxm", 32 * 80 / 180), ("b200-180gb-sxm", 32.0)])
def test_the_usual_batch_is_that_of_the_fewest_gpus(gpu, batch):
    """RetinaNet was measured on 8 to 128 B200 with 32 to 2 images each: on one GPU it is trained at 32, less where memory is."""
    found = predict_throughput(model="retinanet-resnext50", gpu=gpu)

    assert batch == pytest.approx(found.batch_size_per_gpu, rel=0.02)
    assert not any("host sets the pace" in note for note in found.notes)


@given(st.sampled_from(sorted(load_gpus())), st.floats(1e-3, 4.0))
def test_no_usual_batch_is_less_than_a_sample(gpu, batch):
    """Whatever the memory of the GPU that it is carried to."""
    assert usual_batch(load_gpus()[gpu], {"b300-288gb-sxm": batch}, load_gpus()) >= min(1.0, batch)
