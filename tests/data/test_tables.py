"""The shipped tables other than prices and throughput: they parse, they are sorted, they hang together."""

import csv
import re
from datetime import date

import pytest

from planner.accuracy.measured_steps import hopper_steps, megatron_steps
from planner.cost.rental import load_billing_rules
from planner.hardware.gpus import load_aliases, load_gpus, normalised, resolve_gpu
from planner.language.flops import training_flops_per_token
from planner.language.listed import load_language_models
from planner.paths import shipped_data_dir
from planner.throughput.measured import answering_benchmarks, load_benchmarks
from planner.work.listed import load_datasets, load_models, resolve_dataset, resolve_model

A100 = ("a100-40gb-pcie", "a100-40gb-sxm", "a100-80gb-pcie", "a100-80gb-sxm")


def test_every_gpu_is_there_once_and_sorted():
    """The table has 85 GPUs, each once, in order of their keys."""
    names = list(load_gpus())

    assert 85 == len(names)
    assert sorted(set(names)) == names


def test_every_gpu_key_is_written_as_people_spell_it():
    """A key is its own normal form, so that typing it always finds it."""
    names = list(load_gpus())

    assert names == [normalised(name) for name in names]


@pytest.mark.parametrize(
    ("spelling", "gpus"),
    [
        ("A100", A100),
        ("A100-80GB", ("a100-80gb-pcie", "a100-80gb-sxm")),
        ("A100 80GB SXM", ("a100-80gb-sxm",)),
        ("A100-SXM4-80GB", ("a100-80gb-sxm",)),
        ("NVIDIA A100 80GB PCIe", ("a100-80gb-pcie",)),
        ("nvidia-tesla-a100", ("a100-40gb-sxm",)),
        ("nvidia-a100-80gb", ("a100-80gb-sxm",)),
        ("H100", ("h100-80gb-pcie", "h100-80gb-sxm", "h100-94gb-nvl")),
        ("H100-80GB", ("h100-80gb-pcie", "h100-80gb-sxm")),
        ("NVIDIA H100 80GB HBM3", ("h100-80gb-sxm",)),
        ("nvidia-h100-mega-80gb", ("h100-80gb-sxm",)),
        ("nvidia-h200-141gb", ("h200-141gb-sxm",)),
        ("Tesla V100", ("v100-16gb", "v100-32gb")),
        ("nvidia-tesla-v100", ("v100-16gb",)),
        ("nvidia-tesla-t4", ("t4",)),
        ("nvidia-l4", ("l4",)),
        ("T4g", ("t4g",)),
        ("A10G", ("a10g",)),
        ("RTX PRO Server 6000", ("rtx-pro-6000-blackwell",)),
        ("Radeon Pro V520", ("radeon-pro-v520",)),
        ("B200", ("b200-180gb-sxm",)),
        ("MI300X", ("mi300x",)),
        ("AMD Instinct MI300X", ("mi300x",)),
        ("RTX 4090", ("rtx-4090",)),
        ("GeForce RTX 4090", ("rtx-4090",)),
        ("rtx4090", ("rtx-4090",)),
        ("RTX 3090", ("rtx-3090",)),
        ("RTX 3080", ("rtx-3080",)),
        ("GTX 1080 Ti", ("gtx-1080-ti",)),
        ("1080ti", ("gtx-1080-ti",)),
        ("GTX 1660 Ti", ("gtx-1660-ti",)),
        ("GTX 1050", ("gtx-1050",)),
        ("Titan RTX", ("titan-rtx",)),
        ("Quadro RTX 8000", ("quadro-rtx-8000",)),
        ("RTX 6000", ("quadro-rtx-6000", "rtx-6000-ada")),
        ("RTX A6000", ("rtx-a6000",)),
        ("Radeon VII", ("radeon-vii",)),
    ],
)
def test_a_spelling_finds_its_gpus(spelling, gpus):
    """Names of makers, drivers, clouds and buying guides resolve; a short name covers its variants."""
    found = resolve_gpu(spelling)

    assert gpus == found


def test_aliases_point_to_known_gpus():
    """No spelling leads to a GPU that is not in the table."""
    pointed_at = {gpu for gpus in load_aliases().values() for gpu in gpus}

    assert set() == pointed_at - set(load_gpus())


def test_no_alias_is_the_key_of_a_gpu():
    """A key means one GPU, whatever the alias table says."""
    keys = set(load_gpus())

    assert set() == keys & set(load_aliases())


def test_aliases_are_normalised_unique_and_sorted():
    """The alias file has one row per spelling and GPU, in order, spelled as lookups spell it."""
    rows = [(row["alias"], row["gpu"]) for row in _rows("gpu_aliases.csv")]

    assert sorted(set(rows)) == rows
    assert [alias for alias, _ in rows] == [normalised(alias) for alias, _ in rows]


@pytest.mark.parametrize(
    ("gpu", "field", "value"),
    [
        ("a100-80gb-sxm", "fp16_tensor_tflops", 312.0),
        ("a100-80gb-sxm", "memory_bandwidth_gb_per_s", 2039.0),
        ("a100-40gb-sxm", "cuda_cores", 6912),
        ("h100-80gb-sxm", "fp16_tensor_tflops", 989.5),
        ("l4", "fp16_tensor_tflops", 121.0),
        ("rtx-4090", "cuda_cores", 16384),
        ("rtx-3090", "tdp_watts", 350.0),
        ("rtx-3080", "launch_price_usd", 699.0),
        ("gtx-1080-ti", "fp16_tensor_tflops", None),
        ("gtx-1080-ti", "launch_price_usd", 699.0),
        ("radeon-vii", "memory_gib", 16.0),
        ("k80", "units_per_board", 2),
        ("k80", "board_tdp_watts", 300.0),
        ("t4", "bf16_tensor_tflops", None),
        ("rx-6800", "fp32_tflops", 16.17),
        ("rx-7800-xt", "memory_gib", 16.0),
        ("titan-xp", "fp16_tensor_tflops", None),
        ("rtx-2060-max-q", "fp16_tensor_tflops", 18.2),
    ],
)
def test_a_data_sheet_figure_is_the_makers(gpu, field, value):
    """Spot values read off the makers' data sheets; rates are dense."""
    found = getattr(load_gpus()[gpu], field)

    assert value == found


def test_gpu_rates_are_dense():
    """FP8 is twice FP16 where both are known: a sparse figure among dense ones would stand out."""
    ratios = {
        name: gpu.fp8_tensor_tflops / gpu.fp16_tensor_tflops
        for name, gpu in load_gpus().items()
        if gpu.fp8_tensor_tflops is not None and gpu.fp16_tensor_tflops is not None
    }

    assert {} == {name: ratio for name, ratio in ratios.items() if not 1.99 <= ratio <= 2.03}


@pytest.mark.parametrize("table", ["gpus.csv", "gpu_aliases.csv", "models.csv", "datasets.csv", "providers.csv"])
def test_every_row_has_a_source_and_a_date(table):
    """No figure without where it is from and of when."""
    rows = _rows(table)

    assert [] == [row for row in rows if not row["source"] or not date.fromisoformat(row["as_of"])]


@pytest.mark.parametrize(("table", "key"), [("models.csv", "name"), ("datasets.csv", "name")])
def test_keys_are_unique_and_sorted(table, key):
    """A difference between two versions of a table shows what changed, not how it was ordered."""
    keys = [row[key] for row in _rows(table)]

    assert sorted(set(keys)) == keys


def test_a_model_name_means_one_model():
    """No two models share a name or alias, however it is punctuated."""
    owners: dict[str, set[str]] = {}
    for model in load_models():
        for spelling in (model.name, *model.aliases):
            owners.setdefault(normalised(spelling), set()).add(model.name)

    assert {} == {spelling: names for spelling, names in owners.items() if len(names) > 1}


def test_a_models_dataset_counts_in_the_models_unit():
    """A default data set never multiplies clips by the rate of audio samples."""
    units = {dataset.name: dataset.sample_unit for dataset in load_datasets()}
    models = [model for model in load_models() if model.dataset is not None]

    assert [] == [model.name for model in models if model.sample_unit != units[model.dataset]]


@pytest.mark.parametrize(
    "model", ["tacotron2", "waveglow", "gnmt-v2", "transformer-big", "bert-large", "wav2vec2-base"]
)
def test_a_model_whose_data_is_counted_otherwise_has_no_dataset(model):
    """Where samples of model and data set differ, or training has phases, the user must say how many."""
    found = resolve_model(model)

    assert found.dataset is None


@pytest.mark.parametrize(
    ("name", "samples", "unit"),
    [
        ("imagenet", 1_281_167, "image"),
        ("coco", 117_266, "image"),
        ("squad", 88_641, "sequence"),
        ("wikitext-103", 103_227_021, "token"),
        ("librispeech", 281_241, "utterance"),
        ("movielens-20m", (20_000_263 - 138_493) * 5, "sample"),
        ("mpt-7b-token-budget", 134_000_000_000, "token"),
    ],
)
def test_a_dataset_has_its_published_size(name, samples, unit):
    """Sizes as their makers count them."""
    found = resolve_dataset(name)

    assert (samples, unit) == (found.samples, found.sample_unit)


@pytest.mark.parametrize("spelling", ["resnet50", "resnet50-v1.5", "timm/resnet50", "ResNet-50", "rn50"])
def test_spellings_of_one_network_find_one_model(spelling):
    """The network that several sources measured under several names is one row."""
    found = resolve_model(spelling)

    assert ("resnet50", 25.56, 4.11, 11.11, 224, "imagenet-1k", 90.0) == (
        found.name,
        found.params_millions,
        found.forward_gmacs_per_sample,
        found.activations_millions,
        found.input_size,
        found.dataset,
        found.typical_epochs,
    )


def test_typical_epochs_are_numbers_of_epochs():
    """A recipe counted in steps, phases or accuracy has no number of epochs."""
    by_name = {model.name: model.typical_epochs for model in load_models()}

    assert (90.0, 2.0, 65.0) == (by_name["resnet50"], by_name["bert-large-squad"], by_name["ssd300-resnet50"])
    assert [None] * 4 == [by_name[name] for name in ("bert-large", "ncf", "transformer-xl-base", "maskrcnn-r50-fpn")]


def test_every_model_can_be_planned_with():
    """A row that knows neither size, arithmetic nor measurement would answer no question."""
    measured = {row.model for row in (*load_benchmarks(), *answering_benchmarks())}

    assert [] == [
        model.name
        for model in load_models()
        if model.params_millions is None and model.forward_gmacs_per_sample is None and model.name not in measured
    ]


@pytest.mark.parametrize(
    ("provider", "increment", "minimum"),
    [
        ("aws", 1.0, 60.0),
        ("azure", 1.0, None),
        ("gcp", 1.0, 60.0),
        ("lambda", 60.0, None),
        ("oci", 1.0, 3600.0),
        ("runpod", 1.0, None),
        ("vast", 1.0, None),
        ("vultr", 3600.0, 3600.0),
    ],
)
def test_a_provider_bills_by_its_published_rule(provider, increment, minimum):
    """Increment and minimum in seconds; an unstated minimum is none, not zero."""
    rule = load_billing_rules()[provider][0]

    assert (increment, minimum) == (rule.increment_seconds, rule.minimum_seconds)


def test_every_provider_with_prices_has_a_billing_rule():
    """No price book is billed by guess."""
    with_prices = {path.name for path in (shipped_data_dir() / "prices").iterdir() if path.is_dir()}

    assert set() == with_prices - set(load_billing_rules())


def _rows(table):
    with (shipped_data_dir() / table).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_language_models_are_sorted_and_have_a_source():
    """One row a name, in order, each with where its shape comes from and when."""
    models = list(load_language_models().values())

    assert sorted(model.name for model in models) == [model.name for model in models]
    assert all(model.source and model.as_of and model.published_parameters for model in models)


def test_parallel_iterations_use_up_to_eight_gpus():
    """Tensor x data x pipeline sizes of the 1,440 rows; every iteration took time."""
    steps = megatron_steps()

    assert 1440 == len(steps)
    assert {2, 4, 8} == {step.layout.gpu_count for step in steps}
    assert all(0.02 < step.seconds < 100 for step in steps)


def test_steps_on_h100_are_possible():
    """52 rows, each between 20 and 60 percent of the data sheet, as its own table says (26 to 46 percent MFU)."""
    steps = hopper_steps()

    assert 52 == len(steps)
    for step in steps:
        rate = training_flops_per_token(step.job) * step.job.batch_tokens / step.seconds / step.layout.gpu_count
        assert 0.2 < rate / 989.5e12 < 0.6


def test_the_page_about_the_tables_names_each_with_its_rows():
    """The first table of data/README.md, against the files."""
    page = (shipped_data_dir() / "README.md").read_text(encoding="utf-8")
    named = {
        name: int(rows.replace(",", ""))
        for name, rows in re.findall(r"^\| \[(\w+\.csv)\]\S* \| ([\d,]+) \|", page, re.M)
    }

    files = {
        path.name: len(list(csv.reader(path.read_text(encoding="utf-8").splitlines(keepends=True)))) - 1
        for path in shipped_data_dir().glob("*.csv")
    }
    assert files == named
