"""The shipped throughput rows: they parse, are unique and sorted, hold spot values, and pass the checks."""

import csv
from datetime import date

import pytest

from planner.accuracy.row_checks import failed_checks
from planner.hardware.gpus import load_gpus
from planner.model.records import Precision
from planner.paths import shipped_data_dir
from planner.throughput.measured import (
    answering_benchmarks,
    benchmark_files,
    benchmarks_of,
    load_benchmarks,
    source_rows,
)
from planner.work.listed import load_datasets, load_models

COLUMNS = [
    "model",
    "framework",
    "software",
    "gpu",
    "gpu_count",
    "precision",
    "batch_size_per_gpu",
    "input_size",
    "samples_per_second",
    "low",
    "high",
    "machines",
    "sample_unit",
    "as_of",
    "source",
]


def test_the_files_are_one_per_source():
    """Rows are filed by who measured them; what is set aside lies apart."""
    names = [path.name for path in benchmark_files()]

    assert ["lambda.csv", "llm-foundry.csv", "nvidia.csv", "timm.csv"] == names


ANSWERS_ONLY = ["answers-only/diffusion", "answers-only/mlperf", "answers-only/torchvision"]


@pytest.mark.parametrize("name", ["lambda", "llm-foundry", "nvidia", "timm", *ANSWERS_ONLY])
def test_a_cell_has_one_row_and_rows_are_sorted(name):
    """Repeats of a measurement are one row; rows stand in the order of their cells."""
    header, *rows = _read(f"throughput/{name}.csv")

    cells = [(*row[:4], int(row[4]), row[5], int(row[6] or 0), int(row[7] or 0)) for row in rows]

    assert COLUMNS == header
    assert sorted(set(cells)) == cells


def test_every_row_names_a_known_gpu_and_model():
    """A row that no name leads to would be dead weight."""
    models = {model.name for model in load_models()}
    rows = [*load_benchmarks(), *answering_benchmarks()]

    assert set() == {row.gpu for row in rows} - set(load_gpus())
    assert set() == {row.model for row in rows} - models


def test_a_row_counts_what_its_model_counts():
    """Rows of a model are in the model's own unit, or a run would be timed in the wrong one."""
    units = {model.name: model.sample_unit for model in load_models()}

    rows = (*load_benchmarks(), *answering_benchmarks())

    assert set() == {(row.model, row.sample_unit) for row in rows if row.sample_unit != units[row.model]}


def test_every_row_has_a_source_and_a_date():
    """No measurement without where it is from and of when."""
    rows = [*load_benchmarks(), *answering_benchmarks()]

    assert [] == [row for row in rows if not row.source or not date.fromisoformat(row.as_of)]


@pytest.mark.parametrize(
    ("gpu", "gpu_count", "software", "samples_per_second", "machines"),
    [
        ("h100-80gb-sxm", 1, "PyTorch 2.3.0a0+40ec155e58.nv24.03 (NGC)", 2789.59, 43),
        ("h100-80gb-sxm", 8, "PyTorch 2.3.0a0+40ec155e58.nv24.03 (NGC)", 22061.61, 27),
        ("a100-80gb-sxm", 1, "PyTorch 1.13.0a0+d0d6b1f (NGC)", 1582.19, 1),
        ("v100-16gb", 1, "PyTorch 1.13.0a0+d0d6b1f (NGC)", 832.67, 1),
    ],
)
def test_a_median_is_that_of_the_published_logs(gpu, gpu_count, software, samples_per_second, machines):
    """ResNet-50 in mixed precision, 224 pixels, from the raw logs of lambdal/deeplearning-benchmark."""
    rows = [
        row
        for row in benchmarks_of("resnet50")
        if (gpu, gpu_count, software, Precision.AMP) == (row.gpu, row.gpu_count, row.software, row.precision)
    ]

    assert [(samples_per_second, machines, 224, "image")] == [
        (row.samples_per_second, row.machines, row.input_size, row.sample_unit) for row in rows
    ]


def test_one_network_gathers_the_rows_of_all_its_names():
    """ResNet-50 rows come from the logs, the vendor's tables and timm alike."""
    frameworks = {row.framework for row in benchmarks_of("resnet50")}

    assert {"mxnet", "paddlepaddle", "pytorch", "pytorch-timm", "pytorch-torchvision", "tensorflow1"} == frameworks


def test_a_fine_tuning_rate_is_corrected_where_its_source_says_so():
    """bert-base on 8 H100 does not scale past 8, as the figures printed in the logs would."""
    rows = [row for row in benchmarks_of("bert-base-squad") if row.gpu == "h100-80gb-sxm" and row.gpu_count == 8]
    corrected = [row for row in rows if "corrected to the steps that were run" in row.source]

    assert [Precision.AMP] == sorted({row.precision for row in corrected})


def test_the_shipped_rows_pass_the_checks():
    """What fails a check is not shipped with the rest."""
    failed = failed_checks(
        (*load_benchmarks(), *answering_benchmarks()),
        gpus=load_gpus(),
        models={model.name: model for model in load_models()},
        datasets={dataset.name: dataset for dataset in load_datasets()},
    )

    assert {} == failed


def test_every_row_set_aside_says_why():
    """Rows set aside keep their figures and carry the reason."""
    header, *rows = _read("throughput/set-aside.csv")

    assert [*COLUMNS, "reason"] == header
    assert [] == [row for row in rows if not row[-1]]


def test_set_aside_rows_are_counted_in_the_readme():
    """The number of rows set aside is the one the documentation states."""
    _, *rows = _read("throughput/set-aside.csv")
    readme = (shipped_data_dir() / "README.md").read_text(encoding="utf-8")

    assert f"{len(rows)} rows are set aside" in readme


def _read(name):
    with (shipped_data_dir() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_rows_between_sources_are_sorted_and_not_learnt_from():
    """Every row has a source with its repository and a date, in order; none is among the rows that are learnt from."""
    rows = source_rows()

    keys = [(row.model, row.framework, row.gpu, row.gpu_count, row.precision) for row in rows]
    assert sorted(keys) == keys
    assert all(row.source.startswith("NVIDIA/DeepLearningExamples:") and row.as_of for row in rows)
    assert not {row.benchmark for row in rows} & set(load_benchmarks())


@pytest.mark.parametrize(
    ("model", "gpu", "gpu_count", "samples_per_second", "unit"),
    [
        ("hifigan", "a100-80gb-sxm", 1, 15578.65, "mel frame"),
        ("efficientnet-widese-b4", "a100-80gb-sxm", 8, 2585, "image"),
        ("flux.1", "gb200-192gb", 72, 4014.64, "image"),
        ("stable-diffusion-2", "a100-80gb-sxm", 128, 4590, "image"),  # 512 pixels
        ("r-gat", "b200-180gb-sxm", 64, 844764, "node"),
        ("retinanet-resnext50", "b200-180gb-sxm", 128, 8109.922, "image"),  # 1.17 million images x 4.2 in 10.1 minutes
        ("vgg16", "rx-6800", 1, 117.104, "image"),  # 12 images in 102.473 ms
    ],
)
def test_rows_that_nothing_is_learnt_from_answer_for_themselves(model, gpu, gpu_count, samples_per_second, unit):
    """The published figure is there, of the model that was measured."""
    rows = [row for row in benchmarks_of(model) if (row.gpu, row.gpu_count) == (gpu, gpu_count)]

    assert (pytest.approx(samples_per_second, rel=1e-4), unit) in [
        (row.samples_per_second, row.sample_unit) for row in rows
    ]


def test_rows_of_small_batches_leave_out_steps_that_the_host_sets():
    """No row of a card that idles at a batch of 12: no A100, no RTX 3090, and at least seven other cards."""
    gpus = {row.gpu for row in answering_benchmarks() if row.framework == "pytorch-torchvision"}

    assert not {"a100-40gb-sxm", "rtx-3090"} & gpus
    assert {"rx-5700", "rx-6800", "rx-7700s", "rx-7800-xt", "titan-xp", "rtx-2060-max-q", "rtx-2080-ti"} == gpus
