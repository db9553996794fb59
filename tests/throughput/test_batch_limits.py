"""The largest batch of a step: by the published rows, worked out by hand, and kept by every answer."""

import contextlib

import pytest

import planner
from planner import predict_throughput
from planner.errors import NoThroughputError
from planner.hardware.gpus import load_gpus
from planner.render.screen import first_screen
from planner.results.batch import batch_warning, step_samples
from planner.throughput.batch_limits import batch_limit
from planner.work.listed import plan_work
from tests.builders import a_snapshot, an_offer

IMAGE = {"model": "resnet50", "epochs": 90}


def limit_of(**work):
    """The limit of a described workload."""
    return batch_limit(plan_work(epochs=1, **work).workload)


@pytest.mark.parametrize(
    ("work", "samples", "why"),
    [
        ({"model": "resnet50"}, 8192, "published without loss (Goyal"),
        ({"model": "efficientnet_b0"}, 46_780 // 4, "quarter of the critical batch"),
        ({"model": "vit_base_patch16_224"}, 4096, "published recipe"),
        ({"model": "bert-large-squad"}, 256, "published recipe"),
        ({"model": "maskrcnn-r50-fpn"}, 869 // 4, "quarter"),
        ({"model": "yolov8n"}, 1333 // 4, "quarter"),
        ({"model": "dlrm-small"}, 288_500 // 4, "quarter"),
        ({"model": "ncf"}, 524_288, "hundredth of an epoch"),
        ({"model": "resnet50", "samples_per_epoch": 20_000}, 1024, "tenth of an epoch"),
        ({"model": "resnet50", "samples_per_epoch": 100}, 32, "tenth of an epoch"),
    ],
)
def test_the_limit_is_the_published_one(work, samples, why):
    """The model's largest without loss, else a quarter of its task's critical batch, else part of an epoch."""
    limit = limit_of(**work)

    assert samples == limit.samples
    assert why in limit.why


def test_what_counts_in_other_units_has_no_limit():
    """Tokens of a step are the plan's, and frames of speech are no samples."""
    assert limit_of(model="hifigan", samples_per_epoch=1e6) is None
    assert batch_limit(planner.estimate(model="gpt2-124m", tokens=1e8, limit=1).workload) is None


def test_more_samples_follow_the_fitted_law():
    """samples(B) = least x (1 + B / critical): 8,192 / 46,780 = 17.5 % more than at batches near 0."""
    assert pytest.approx(8192 / 46_780) == limit_of(model="resnet50").more_samples(8192)
    assert limit_of(model="ncf").more_samples(8192) is None


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """Hosts of one to eight GPUs of three kinds at one price of a GPU."""
    folder = tmp_path_factory.mktemp("hosts")
    a_snapshot(
        folder,
        *(
            an_offer(
                provider="testcloud",
                instance_type=f"{gpu}-{count}",
                gpu=gpu,
                gpu_count=float(count),
                network_gbps=3200.0,
            )
            for gpu in ("h100-80gb-sxm", "b300-288gb-sxm", "a10g")
            for count in (1, 2, 4, 8)
        ),
    )
    return {"data_dir": folder, "providers": ["testcloud"]}


@pytest.mark.parametrize("nodes", [1, 2, 8])
def test_no_step_takes_more_samples_than_the_limit(hosts, nodes):
    """On every row of several GPUs, and the rows of recommend have the same times."""
    found = planner.estimate(**IMAGE, **hosts, nodes=nodes, every_offer=True).estimates

    assert max(step_samples(one) for one in found if one.offer.gpu_count * nodes > 1) <= 8192
    seconds = {(one.offer.instance_type): one.seconds for one in found}
    for one in planner.recommend(**IMAGE, **hosts, nodes=nodes).result.estimates:
        assert seconds[one.offer.instance_type] == one.seconds


def test_a_held_batch_has_the_speed_of_the_same_batch_asked_for(hosts):
    """Eight B300 take 3,328 each by themselves; of 8,192 each gets 1,024."""
    only = {**IMAGE, **hosts, "instances": ["b300-288gb-sxm-8"]}
    (held,), (asked,) = (planner.estimate(**only, **given).estimates for given in ({}, {"batch_size": 1024}))

    assert (1024, held.throughput.samples_per_second) == (
        held.throughput.batch_size_per_gpu,
        asked.throughput.samples_per_second,
    )
    assert "1,024 a GPU, no more than 8,192 a step over all GPUs" in held.notes


def test_a_little_less_of_a_large_batch_is_still_measured(hosts):
    """1,024 in place of the measured 1,280 costs a per cent at most; half of it costs more, and is scaled."""
    only = {**IMAGE, **hosts, "instances": ["h100-80gb-sxm-8"]}

    speeds = [planner.estimate(**only, batch_size=batch).estimates[0].throughput for batch in (1280, 1024, 640)]

    assert ["measured", "measured", "scaled"] == [str(one.basis) for one in speeds]
    assert speeds[0].samples_per_second == speeds[1].samples_per_second > speeds[2].samples_per_second


def test_the_host_takes_the_same_of_every_step():
    """At 128 on each of eight H100 the GPU's tenth of a step of 1,280 hides 50 convolutions of 0.55 ms; at 48 they set the pace."""
    work = {"model": "resnet50", "gpu": "h100-80gb-sxm", "gpu_count": 8}
    usual = predict_throughput(**work).samples_per_second / 8

    hidden, paced = (predict_throughput(**work, batch_size=batch).samples_per_second / 8 for batch in (128, 48))

    assert pytest.approx(usual, rel=0.03) == hidden  # eight scale as their own rows do
    assert pytest.approx(48 / 0.0275, rel=0.03) == paced


def test_too_many_gpus_for_the_limit_are_left_out_and_counted(hosts):
    """32 images are four each of eight, and nobody measured fewer than 12; on one GPU they train, and where a batch is asked for."""
    few = {**IMAGE, **hosts, "samples_per_epoch": 400, "instances": ["a10g-8", "a10g-1"]}

    result = planner.estimate(**few)

    assert ["a10g-1"] == [one.offer.instance_type for one in result.estimates]
    (reason,) = [entry.reason for entry in result.left_out if "more GPUs than a batch of 32" in entry.reason]
    assert "batch_size sets another" in reason
    assert ["a10g-8"] == [
        one.offer.instance_type for one in planner.estimate(**{**few, "instances": ["a10g-8"]}, batch_size=64).estimates
    ]


def test_a_batch_asked_for_above_the_limit_is_warned_of(hosts):
    """2,048 on each of eight: (46,780 + 16,384) / (46,780 + 8,192) = 1.149 times the samples."""
    only = {**IMAGE, **hosts, "instances": ["b300-288gb-sxm-8"]}

    asked = planner.estimate(**only, batch_size=2048)
    usual = planner.estimate(**only)

    warning = "! 16,384 images a step, above 8,192: expect more epochs, 15% more than there."
    assert warning == batch_warning(asked.estimates[0], asked.workload)
    assert warning in first_screen(asked, width=80)
    assert "" == batch_warning(usual.estimates[0], usual.workload)
    (said,) = [text for text in planner.recommend(**IMAGE, **hosts).sentences if "MLPerf" in text]
    assert "need 18% more epochs" in said


def test_own_measurements_are_of_their_own_batch(hosts):
    """Whoever measured a run knows its batch; nothing of it is held back."""
    only = {**IMAGE, **hosts, "instances": ["h100-80gb-sxm-8"], "measured": ["h100-80gb-sxm:8=20000"]}

    (one,) = planner.estimate(**only).estimates

    assert 20_000 == one.throughput.samples_per_second


@pytest.mark.parametrize("precision", ["amp", "fp32"])
@pytest.mark.parametrize(
    "model", ["resnet50", "flux.1", "dlrm-large", "retinanet-resnext50", "gnmt-v2", "unet-medical"]
)
def test_a_batch_is_a_whole_number(model, precision):
    """In proportion to the memory it was 14.29 pictures of FLUX.1, and half of one in FP32 where the batch of 16 bits is one."""
    batches = []
    for gpu in load_gpus():
        with contextlib.suppress(NoThroughputError):
            batches.append(
                predict_throughput(model=model, gpu=gpu, gpu_count=8, precision=precision).batch_size_per_gpu
            )

    assert any(batches)
    assert all(batch is None or (batch >= 1 and batch == int(batch)) for batch in batches)
