"""Memory of runs whose samples go through whole: by hand, against measured runs, and the same answer at every door."""

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.answers.compare import compare
from planner.answers.estimate import estimate
from planner.answers.fit import fit_of, fits
from planner.answers.throughput import predict_many, predict_throughput, speeds_of
from planner.errors import DoesNotFitError, NothingLeftError, NoThroughputError
from planner.hardware.gpus import load_gpus
from planner.model.records import Basis, OwnMeasurement, Precision
from planner.throughput.batches import PROVEN, REDUCED, UNKNOWN_BATCH, UNKNOWN_MEMORY
from planner.throughput.measured import answering_benchmarks, benchmarks_of, load_benchmarks
from planner.throughput.memory import GIB, RunMemory, devices_per_gpu, usable_bytes, vision_memory
from planner.work.listed import load_models, plan_work, resolve_model
from planner.work.own import OwnModel, own_model, parse_measurements
from tests.examples import examples

OWN = own_model(OwnModel(gmacs_per_sample=4.0, params_millions=100.0, activations_millions=10.0))
FIXED_BYTES = 100e6 * (4 + 2 + 4 + 4) + 0.8 * 1024**3
"""Of OWN: FP32 weights with a 16-bit copy, gradients and momentum, and what the driver takes."""
SAMPLE_BYTES = 10e6 * 2 * 2.5 * 1.02
"""Of OWN: 16-bit activations with what normalisation and masks add, and what the allocator loses."""
GPUS = sorted(load_gpus())
MODELS = sorted(model.name for model in load_models() if model.sample_unit == "image")


def test_usable_memory_is_what_the_driver_shows():
    """A10: 23,028 MiB of 24 GiB; RTX A4000 without a figure: a sixteenth for error correction; MI250: two devices."""
    gpus = load_gpus()

    assert pytest.approx(23_028 / 1024) == usable_bytes(gpus["a10"]) / GIB
    assert pytest.approx(15.0) == usable_bytes(gpus["rtx-a4000"]) / GIB
    assert pytest.approx(64 * 0.995) == usable_bytes(gpus["mi250"]) / GIB
    assert 2 == devices_per_gpu(gpus["mi250"])


def test_resnet50_at_batch_256_fits_16_gb():
    """NVIDIA trains it so on a V100-16GB (DeepLearningExamples, ConvNets/resnet50v1.5); 512 does not fit."""
    usable = usable_bytes(load_gpus()["v100-16gb"])
    model = resolve_model("resnet50")

    assert vision_memory(model, batch_size=256).total < usable < vision_memory(model, batch_size=512).total


def test_an_image_model_without_figures_has_no_memory():
    """Missing is missing: no activations known, no figure."""
    assert vision_memory(resolve_model("ssd300-resnet50"), batch_size=1) is None


def test_memory_by_hand():
    """100 million parameters and 10 million activations: 2.26 GB, and 51 MB a sample."""
    memory = vision_memory(OWN, batch_size=100)

    assert pytest.approx(FIXED_BYTES + 100 * SAMPLE_BYTES) == memory.total


@pytest.mark.parametrize(
    ("name", "batch", "precision_bytes", "held"),
    [
        ("vit_base_patch16_224", 128, 2, 9.196),
        ("vit_base_patch16_224", 128, 4, 15.187),
        ("vit_large_patch16_224", 64, 2, 13.679),
        ("vit_small_patch16_224", 256, 2, 8.696),
    ],
)
def test_vision_transformers_held_what_is_counted(name, batch, precision_bytes, held):
    """GiB of tensors on an H100 (data/own_runs.csv), by which nothing was set: within 7 %."""
    counted = vision_memory(resolve_model(name), batch_size=batch, precision_bytes=precision_bytes).total / GIB - 0.8

    assert held == pytest.approx(counted, rel=0.07)


@pytest.mark.parametrize(
    ("name", "size", "batch", "precision", "held"),
    [
        ("bert-base-squad", 384, 32, Precision.AMP, 6.105),
        ("bert-base-squad", 384, 32, Precision.TF32, 8.543),
        ("bert-base-squad", 384, 16, Precision.FP32, 4.918),
        ("bert-large-squad", 384, 16, Precision.AMP, 10.416),
        ("bert-large", 512, 16, Precision.AMP, 14.783),  # with 30,522 words at every token, which are left out: 2.3 GiB
        ("roberta-base", 128, 64, Precision.AMP, 4.758),
        ("distilbert-base", 128, 128, Precision.AMP, 4.064),
        ("xlm-roberta-base", 128, 64, Precision.AMP, 6.463),
        ("bart-large", 512, 8, Precision.AMP, 12.546),  # with 50,265 words at every token: 1.9 GiB
        ("vgg16", 224, 128, Precision.AMP, 6.94),
        ("efficientnet_b0", 224, 128, Precision.AMP, 5.50),
    ],
)
def test_encoders_and_odd_convolutions_held_what_is_counted(name, size, batch, precision, held):
    """GiB of tensors on an H100 (data/own_runs.csv), with a context of 0.8, by which nothing was set: within an eighth."""
    counted = RunMemory(resolve_model(name), (), size).needed(batch, precision).total / GIB

    assert held + 0.8 == pytest.approx(counted, rel=0.125)


def test_an_encoder_by_hand():
    """BERT-base at 384 tokens: 12 layers x 42 bytes and 5 of the embeddings, x 768; 16 bytes a parameter and 2 of each that is multiplied."""
    memory = RunMemory(resolve_model("bert-base-squad"), (), 384).needed(10, Precision.AMP)

    assert (12 * 42 + 5) * 768 * 384 * 10 == pytest.approx(memory.activations)
    assert 109.488e6 * 16 + 2 * 12 * 12 * 768**2 == pytest.approx(memory.weights + memory.gradients + memory.optimizer)


def test_every_published_run_of_an_encoder_fits_by_its_count():
    """They ran, most of them in code that holds the scores of attention too: our count must not refuse them."""
    gpus, refused, seen = load_gpus(), [], 0
    for name in ("bert-base-squad", "bert-large-squad", "bert-large", "bart-large"):
        for row in benchmarks_of(name):
            if row.batch_size_per_gpu and row.gpu in gpus:
                run = RunMemory(resolve_model(name), (), row.input_size)
                seen += 1
                if run.needed(row.batch_size_per_gpu, row.precision).total > usable_bytes(gpus[row.gpu]):
                    refused.append(row)

    assert [] == refused
    assert seen > 500


def test_scores_of_attention_are_not_held():
    """ViT-B/16: 12 layers of 10 outputs of 768 and the patches, 197 tokens each, 3.6 bytes an element."""
    by_hand = (12 * 10 + 1) * 768 * 197 * 3.6 * 64

    assert by_hand == pytest.approx(vision_memory(resolve_model("vit_base_patch16_224"), batch_size=64).activations)


def test_a_network_of_another_shape_than_its_name_is_counted_as_any():
    """Two paths side by side in each of 18 layers: its activations are not those of a ViT-B."""
    odd = resolve_model("vit_base_patch16_18x2_224")

    assert vision_memory(odd, batch_size=1).activations == pytest.approx(odd.activations_millions * 1e6 * 5)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.25])
def test_the_largest_batch_by_hand(share):
    """What a T4, or a share of one, has beside the fixed part, in samples; one more does not fit."""
    t4, run = load_gpus()["t4"], RunMemory(OWN, ())
    by_hand = int((usable_bytes(t4) * share - FIXED_BYTES) // SAMPLE_BYTES)

    assert by_hand == run.largest(t4, Precision.AMP, share)
    assert run.fit(t4, by_hand, Precision.AMP, share).fits is True
    assert run.fit(t4, by_hand + 1, Precision.AMP, share).fits is False


def test_larger_images_need_more():
    """Twice the side, four times the activations: a quarter of the batch, or one less."""
    model, t4 = resolve_model("resnet50"), load_gpus()["t4"]

    usual, large = (RunMemory(model, (), size).largest(t4, Precision.AMP) for size in (224, 448))

    assert large == usual // 4


MEASURED = [
    row for row in load_benchmarks() if row.batch_size_per_gpu and row.gpu in load_gpus() and row.sample_unit == "image"
]


@pytest.mark.parametrize("row", MEASURED[::61], ids=lambda row: f"{row.model}-{row.gpu}-{row.precision}")
def test_what_was_measured_fits(row):
    """Every run of the tables ran: whatever the count says, its batch fits on its GPU."""
    gpus = load_gpus()
    run = RunMemory(resolve_model(row.model), benchmarks_of(row.model), row.input_size)

    assert run.fit(gpus[row.gpu], row.batch_size_per_gpu, row.precision).fits is True


def test_a_measurement_counts_only_where_there_is_as_much_memory():
    """ResNet-50 at 448 ran on an A10 of 22.5 GiB although the count says 24.8: so on an RTX 4090, not on a T4."""
    model = resolve_model("resnet50")
    run, gpus = RunMemory(model, benchmarks_of("resnet50")), load_gpus()

    found = [run.fit(gpus[name], 448, Precision.AMP) for name in ("a10", "rtx-4090", "t4")]

    assert usable_bytes(gpus["a10"]) < run.needed(448, Precision.AMP).total
    assert [True, True, False] == [fit.fits for fit in found]
    assert "a10" == found[0].measured.gpu
    assert run.fit(gpus["a10"], 449, Precision.AMP).fits is False
    assert run.fit(gpus["a10"], 448, Precision.FP32).fits is False


def test_a_measured_row_says_that_its_count_is_too_large():
    """The measurement wins, and the row says so."""
    found = predict_throughput(model="resnet50", gpu="a10")

    assert (Basis.MEASURED, 448, True) == (found.basis, found.batch_size_per_gpu, found.fits_memory)
    assert PROVEN in found.notes


@settings(max_examples=examples(150), deadline=None)
@given(
    name=st.sampled_from(MODELS),
    gpu=st.sampled_from(GPUS),
    count=st.sampled_from([0.25, 1.0, 8.0]),
    precision=st.sampled_from(["amp", "fp32"]),
    batch_size=st.sampled_from([None, None, 8, 256, 4096]),
)
def test_every_row_agrees_with_fit(name, gpu, count, precision, batch_size):
    """A row fits by `planner fit` at its own batch; one left out for its batch does not."""
    workload = plan_work(model=name, epochs=1, samples_per_epoch=1, precision=precision, batch_size=batch_size).workload
    found = predict_many(workload, [(gpu, count)])[gpu, count]

    if isinstance(found, NoThroughputError):
        if "does not fit into memory" not in str(found):
            return
        assert not fit_of(workload, gpu, count).fits
    elif found.fits_memory:
        size = int(found.batch_size_per_gpu)
        try:
            by_fit = fit_of(replace(workload, batch_size=size, precision=found.precision), gpu, count)
        except NoThroughputError:  # no count: it was measured
            assert any(row.batch_size_per_gpu >= size for row in benchmarks_of(name) if row.batch_size_per_gpu)
        else:
            assert by_fit.fits
    else:
        assert found.fits_memory is None
        assert found.batch_size_per_gpu is None or workload.model.activations_millions is None
        assert {UNKNOWN_BATCH, UNKNOWN_MEMORY} & set(found.notes)


@pytest.mark.parametrize("name", ["vit_large_patch16_224", "swinv2_cr_tiny_384", "resnext101_32x8d", "vgg16"])
def test_nothing_is_ranked_that_fit_refuses(name):
    """Rows of an estimate are planned at batches that `planner fit` accepts, and say so where that is not the usual one."""
    rows = estimate(model=name, epochs=90).estimates
    workload = plan_work(model=name, epochs=90, precision="amp").workload

    reduced = [row for row in rows if REDUCED in row.notes]
    assert all(row.fits_memory for row in rows)
    assert all(row.throughput.basis is not Basis.MEASURED for row in reduced)
    for row in rows:
        size = int(row.throughput.batch_size_per_gpu)
        assert fit_of(replace(workload, batch_size=size), row.offer.gpu, row.offer.gpu_count).fits, (
            row.offer.gpu,
            size,
        )


def test_a_smaller_batch_is_slower_by_the_rule_of_batches():
    """Where the largest batch is planned the figure is what asking for that batch gives, and its range no narrower."""
    usual = predict_throughput(model="convnext_large", gpu="t4")

    asked = predict_throughput(model="convnext_large", gpu="t4", batch_size=int(usual.batch_size_per_gpu))

    assert REDUCED in usual.notes
    assert REDUCED not in asked.notes
    assert (asked.samples_per_second, asked.low, asked.high) == (usual.samples_per_second, usual.low, usual.high)


def test_no_gpu_holds_a_hundred_thousand_images():
    """5,262 GiB on a V100: nothing is left, however well the model was measured."""
    with pytest.raises(NothingLeftError, match="resnet50 at 100000 a GPU does not fit into memory"):
        estimate(model="resnet50", epochs=90, batch_size=100_000)


def test_a_batch_that_is_too_large_for_each_card_is_left_out():
    """1,024 images a GPU on cards of 12 GB: left out by name and count, whoever asks."""
    with pytest.raises(NothingLeftError, match="resnet50 at 1024 a GPU does not fit into memory"):
        estimate(model="resnet50", epochs=90, batch_size=1024, gpus=["rtx-3060"])
    with pytest.raises(NoThroughputError, match="does not fit into memory"):
        predict_throughput(model="resnet50", gpu="rtx-3060", gpu_count=4, batch_size=1024)


def test_an_owned_card_is_asked_too():
    """Nobody owns their way round a batch that does not fit."""
    with pytest.raises(NoThroughputError, match="resnet50 at 1024 a GPU does not fit into memory"):
        compare(model="resnet50", epochs=90, batch_size=1024, buy="rtx-3060", jobs_per_month=1)


def test_a_model_of_own_figures_is_asked():
    """At 300 samples OWN needs 17.6 GB: not on a T4, but on an A10G; the reason names no `planner fit` that would not know it."""
    figures = {"gmacs_per_sample": 4.0, "params_millions": 100.0, "activations_millions": 10.0}
    found = estimate(**figures, model="mine", samples_per_epoch=1e6, epochs=1, batch_size=300, gpus=["T4:1", "A10G:1"])

    assert {"a10g"} == {row.offer.gpu for row in found.estimates}
    assert all(row.fits_memory for row in found.estimates)
    assert "mine at 300 a GPU does not fit into memory" in [entry.reason for entry in found.left_out]


def test_what_is_not_known_is_said():
    """No activations or no batch: null, with a note."""
    speech = predict_throughput(model="tacotron2", gpu="rtx-5090", batch_size=1000)
    own = predict_throughput(model=OWN, gpu="t4")

    assert (None, None) == (speech.fits_memory, own.fits_memory)
    assert UNKNOWN_MEMORY in speech.notes
    assert UNKNOWN_BATCH in own.notes


def test_an_own_measurement_ran():
    """What a user measured fits there, at the batch asked for; elsewhere the count is asked."""
    own = [OwnMeasurement(gpu="t4", samples_per_second=100.0)]

    there = predict_throughput(model=OWN, gpu="t4", measured=own, batch_size=1000)

    assert (True, 1000) == (there.fits_memory, there.batch_size_per_gpu)
    with pytest.raises(NoThroughputError, match="does not fit into memory"):
        predict_throughput(model=OWN, gpu="l4", measured=own, batch_size=1000)


def test_a_slice_has_a_share_of_the_memory():
    """An eighth of an L4 has 2.8 GiB: 31 images of ResNet-50 by the count, not the 448 that a whole one holds."""
    whole, eighth = (predict_throughput(model="resnet50", gpu="l4", gpu_count=count) for count in (1, 0.125))

    assert 448 == whole.batch_size_per_gpu
    assert (31, True) == (eighth.batch_size_per_gpu, eighth.fits_memory)
    assert eighth.samples_per_second < whole.samples_per_second / 8


def test_numbers_of_32_bits_fill_the_memory_with_half_the_batch():
    """A model measured in 16 bits alone is planned with half the batch in FP32, as the measured models are."""
    amp, fp32 = (
        predict_throughput(model="vit_small_patch16_224", gpu="rtx-3090", precision=name) for name in ("amp", "fp32")
    )

    assert Basis.MEASURED is amp.basis
    assert fp32.batch_size_per_gpu == amp.batch_size_per_gpu / 2


def _diffusion(name):
    return plan_work(model=resolve_model(name), epochs=1, samples_per_epoch=1000).workload


@pytest.mark.parametrize(
    ("model", "gpu", "count", "nodes", "least"),
    [
        ("stable-diffusion-xl", "t4", 1, 1, 29.5),
        ("stable-diffusion-xl", "t4", 8, 1, 29.5),
        ("stable-diffusion-xl", "rtx-3090", 2, 4, 29.5),
        ("flux.1", "l40s", 1, 1, 133.7),
        ("flux.1", "l40s", 2, 1, 67.2),
        ("flux.1", "l40s", 1, 2, 67.2),
    ],
)
def test_gpus_below_the_state_of_a_run_are_refused(model, gpu, count, nodes, least):
    """Activations are not known; 12 bytes a parameter (2,567 and 11,891 million) and 0.8 GiB are. FLUX was measured in shards."""
    found = speeds_of(_diffusion(model), nodes).on(gpu, count, 100.0)

    assert isinstance(found, DoesNotFitError)
    assert f"alone take {least} GiB on each GPU" in str(found)


@pytest.mark.parametrize(
    ("model", "gpu", "count", "nodes"),
    [("stable-diffusion-xl", "a100-40gb-sxm", 1, 1), ("flux.1", "l40s", 4, 1), ("flux.1", "l40s", 2, 2)],
)
def test_above_the_state_of_a_run_its_memory_is_not_known(model, gpu, count, nodes):
    """It may fit, and it is said that nobody knows."""
    found = speeds_of(_diffusion(model), nodes).on(gpu, count, 100.0)

    assert found.fits_memory is None
    assert UNKNOWN_MEMORY in found.notes


def test_a_run_of_ones_own_proves_that_less_memory_does():
    """SDXL measured on an RTX 3090, with whatever saves memory: an RTX 4090 has as much, a T4 has less."""
    speeds = speeds_of(replace(_diffusion("stable-diffusion-xl"), measured=parse_measurements(["RTX 3090=1.5"])))

    assert None is speeds.on("rtx-4090", 1).fits_memory
    assert isinstance(speeds.on("t4", 1), DoesNotFitError)


def test_no_measured_run_had_less_memory_than_the_least():
    """Every row ran on GPUs that hold the state of its model; of embeddings (DLRM: 113 billion on 8 x A100 80 GB) none is said."""
    usable = {name: usable_bytes(gpu) for name, gpu in load_gpus().items()}
    measured = defaultdict(list)
    for row in (*load_benchmarks(), *answering_benchmarks()):
        measured[row.model].append(row)
    for model in load_models():
        rows = [row for row in measured[model.name] if row.gpu in usable]
        run = RunMemory(model, rows)
        assert (run.least() is None) is (model.params_millions is None or model.task == "recommendation")
        leasts = {count: run.least(count) for count in {row.gpu_count for row in rows}}
        for row in rows:
            least = leasts[row.gpu_count]
            assert least is None or least <= usable[row.gpu], row


@pytest.mark.parametrize(("gpu", "said"), [("t4", "each t4 has 15.0: it does not fit"), ("a100-40gb-sxm", "not known")])
def test_fit_says_what_is_known_of_a_model_without_activations(gpu, said):
    """The state alone, and what the GPU has."""
    with pytest.raises(NoThroughputError, match=rf"alone take 29\.5 GiB.*{said}"):
        fit_of(_diffusion("stable-diffusion-xl"), gpu, 1)


def test_fit_says_what_may_hold_a_model_without_activations():
    """GPUs with more than the state (12 bytes of 2,567 and 11,891 million, and 0.8 GiB), shards, what ran, and adapters."""
    found = {}
    for model in ("stable-diffusion-xl", "flux.1"):
        with pytest.raises(NoThroughputError) as caught:
            fits(model=model, gpus=(), precision="amp", batch_size=1, options={})
        found[model] = str(caught.value)
    with pytest.raises(NoThroughputError) as caught:
        fit_of(_diffusion("flux.1"), "a100-40gb-sxm", 1)

    larger = [name for name, gpu in load_gpus().items() if usable_bytes(gpu) > 12 * 2567.46e6 + 0.8 * 2**30]
    smallest = min(larger, key=lambda name: (usable_bytes(load_gpus()[name]), name))
    assert f"{len(larger)} have more than 29.5 GiB, the smallest {smallest}." in found["stable-diffusion-xl"]
    for text in (found["flux.1"], str(caught.value)):
        assert (
            "Over 8 GPUs, divided as measured runs were, it takes 17.4 on each. It did run on 16 x b200-180gb-sxm."
            in text
        )
        assert "model flux.1-lora did run on 1 x a100-80gb-sxm." in text
