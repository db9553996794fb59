"""`models.csv`, the arithmetic of each model, and `datasets.csv`, the sizes of training sets."""

from __future__ import annotations

import re
from pathlib import Path

from planner.model.datasets import Dataset
from planner.model.records import Model
from scripts.make_data.tables import COMPILED_ON, cells, number, read_table, whole, write_table

MODEL_COLUMNS = (
    "name", "aliases", "task", "sample_unit", "params_millions", "forward_gmacs_per_sample", "activations_millions",
    "input_size", "dataset", "typical_epochs", "source", "as_of",
)  # fmt: skip
DATASET_COLUMNS = ("name", "aliases", "samples", "sample_unit", "source", "as_of")

# Collected names of networks that timm has too: one network, one row, under the name on the right.
SAME_NETWORK = {
    "efficientnet-b0": "efficientnet_b0",
    "efficientnet-b4": "efficientnet_b4",
    "efficientnet-v2-s": "efficientnetv2_s",
    "resnet50-v1.5": "resnet50",
    "resnext101-32x4d": "resnext101_32x4d",
    "se-resnext101-32x4d": "seresnext101_32x4d",
}
OTHER_SPELLINGS = {
    "convnext_tiny": ("convnext-t",),
    "gnmt-v2": ("gnmt",),
    "maskrcnn-r50-fpn": ("mask-rcnn", "maskrcnn"),
    "mobilenetv2_100": ("mobilenet-v2", "mobilenetv2"),
    "mobilenetv3_large_100": ("mobilenet-v3-large",),
    "resnet50": ("rn50", "resnet-50", "resnet50v1.5"),
    "resnet101": ("resnet-101",),
    "resnet152": ("resnet-152",),
    "resnet18": ("resnet-18",),
    "resnet34": ("resnet-34",),
    "ssd300-resnet50": ("ssd", "ssd300"),
    "swin_tiny_patch4_window7_224": ("swin-t",),
    "vgg16": ("vgg-16",),
    "vit_base_patch16_224": ("vit-b-16",),
    "vit_large_patch16_224": ("vit-l-16",),
}
# name, other spellings, samples, unit, where the number comes from
DATASETS = (
    ("coco-train2017", ("coco", "coco2017"), 117_266, "image", "COCO 2017: training images with at least one box"),
    ("coco-train2017-all", (), 118_287, "image", "COCO 2017: every training image, boxes or not"),
    ("criteo-1tb", ("criteo",), 4_195_197_692, "sample", "NVIDIA/DeepLearningExamples:TensorFlow2/Recommendation/DLRM_and_DCNv2 (training split)"),
    ("em-segmentation", (), 30, "image", "ISBI 2012 EM segmentation challenge (NVIDIA/DeepLearningExamples:TensorFlow2/Segmentation/UNet_Medical)"),
    ("imagenet-1k", ("imagenet", "imagenet1k", "ilsvrc2012"), 1_281_167, "image", "ImageNet ILSVRC 2012 training set"),
    ("librispeech-960h", ("librispeech",), 281_241, "utterance", "LibriSpeech: 960 hours of training speech"),
    ("ljspeech-1.1", ("ljspeech",), 12_500, "clip", "LJSpeech 1.1: training split of 13,100 clips (NVIDIA/DeepLearningExamples:PyTorch/SpeechSynthesis)"),
    ("movielens-20m", ("movielens", "ml-20m"), 99_308_850, "sample", "MovieLens 20M: 20,000,263 ratings less one for each of 138,493 users, times 5 for 4 negatives each"),
    ("outbrain", (), 59_899_904, "sample", "Outbrain click prediction, 457 batches of 131,072 (NVIDIA/DeepLearningExamples:TensorFlow2/Recommendation/WideAndDeep)"),
    ("squad-v1.1", ("squad",), 88_641, "sequence", "SQuAD v1.1 training features of 384 tokens (lambdal/deeplearning-benchmark raw logs)"),
    ("wikitext-103", ("wikitext103", "wt103"), 103_227_021, "token", "WikiText-103 training tokens"),
)  # fmt: skip
# The collected description of a data set begins so. EM segmentation is left out: its 30 images are no epoch of the
# measured runs, which repeat them for a fixed number of steps.
DATASET_OF = (
    ("COCO train2017, 118,287 images (117,266", "coco-train2017"),
    ("COCO train2017", "coco-train2017-all"),
    ("Criteo 1TB", "criteo-1tb"),
    ("ImageNet-1k", "imagenet-1k"),
    ("LibriSpeech", "librispeech-960h"),
    ("LJSpeech", "ljspeech-1.1"),
    ("MovieLens 20M:", "movielens-20m"),
    ("Outbrain", "outbrain"),
    ("SQuAD v1.1", "squad-v1.1"),
    ("WikiText-103", "wikitext-103"),
)
# The day the repository was read up to, by the beginning of a source; published papers carry the day of collection.
READ_UP_TO = (
    ("huggingface/pytorch-image-models", "2026-08-08"),
    ("lambdal/deeplearning-benchmark", "2025-12-17"),
    ("NVIDIA/DeepLearningExamples", "2024-04-04"),
    ("mosaicml/llm-foundry", "2025-07-21"),
)
_TOKEN_BUDGET = "token budget of the example config"  # noqa: S105 - no secret: how the collection says it


def write_models(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write `models.csv`."""
    return [
        write_table(out / "models.csv", MODEL_COLUMNS, (cells(model, MODEL_COLUMNS) for model in models(reference)))
    ]


def write_datasets(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write `datasets.csv`."""
    rows = (cells(dataset, DATASET_COLUMNS) for dataset in datasets(reference))
    return [write_table(out / "datasets.csv", DATASET_COLUMNS, rows)]


def canonical_model(name: str) -> str:
    """The project's name of a model: timm's without the prefix, one name for one network."""
    return SAME_NETWORK.get(name, name.removeprefix("timm/"))


def models(reference: Path) -> list[Model]:
    """Every model with a measured throughput, a number of multiply-adds or of parameters, sorted by name."""
    units = {dataset.name: dataset.sample_unit for dataset in datasets(reference)}
    measured = _sources_of_measured_models(reference)
    rows: dict[str, list[dict[str, str]]] = {}
    for row in read_table(reference / "throughput" / "models.csv"):
        rows.setdefault(canonical_model(row["model"]), []).append(row)
    made = [_model(name, same, measured.get(name, ""), units) for name, same in sorted(rows.items())]
    return [model for model in made if model.source and _is_of_use(model, measured)]


def datasets(reference: Path) -> list[Dataset]:
    """Every training set with an exact size, sorted by name; token budgets are named as what they are."""
    found = [
        Dataset(
            name=name,
            aliases=aliases,
            samples=samples,
            sample_unit=unit,
            source=source,
            as_of=_date_of(source),
        )
        for name, aliases, samples, unit, source in DATASETS
    ]
    for row in read_table(reference / "throughput" / "models.csv"):
        if _TOKEN_BUDGET in row["dataset"]:
            config = f"scripts/train/yamls/pretrain/{row['model']}.yaml"
            source = f"mosaicml/llm-foundry:{config} (tokens the example run is set to see, no data set of that size)"
            found.append(
                Dataset(
                    name=f"{row['model']}-token-budget",
                    aliases=(),
                    samples=round(float(row["dataset_size_samples"])),
                    sample_unit="token",
                    source=source,
                    as_of=_date_of(source),
                )
            )
    return sorted(found, key=lambda dataset: dataset.name)


def _model(name: str, rows: list[dict[str, str]], measured_in: str, units: dict[str, str]) -> Model:
    # timm's own row states the arithmetic where there is one; the other row of the same network adds epochs
    main = next((row for row in rows if row["model"].startswith("timm/")), rows[0])
    unit = re.sub(r"\s*\(.*\)", "", main["sample_unit"])
    dataset = _dataset_name(main)
    source = re.sub(r"^dataset size only$", "", main["source"]) or measured_in
    spellings = {row["model"] for row in rows} - {name}
    return Model(
        name=name,
        aliases=tuple(sorted(spellings | set(OTHER_SPELLINGS.get(name, ())))),
        task=main["task"],
        sample_unit=unit,
        params_millions=number(main["params_millions"]),
        forward_gmacs_per_sample=number(main["forward_gmacs_per_sample"]),
        activations_millions=number(main["activations_millions"]),
        input_size=_input_size(main["input"]),
        dataset=dataset if dataset and units.get(dataset) == unit else None,
        typical_epochs=_epochs(main, rows),
        source=source,
        as_of=_date_of(source),
    )


def _dataset_name(row: dict[str, str]) -> str | None:
    if _TOKEN_BUDGET in row["dataset"]:
        return f"{row['model']}-token-budget"
    if not row["dataset_size_samples"]:
        return None
    return next((name for start, name in DATASET_OF if row["dataset"].startswith(start)), None)


def _input_size(text: str) -> int | None:
    """Pixels of a square image or of its short side, or tokens; `None` for sentences, clips and ranges."""
    match = re.match(r"(?:about )?(\d+)x\d+ image|([\d,]+) tokens\b", text)
    return whole((match[1] or match[2]).replace(",", "")) if match else None


def _epochs(main: dict[str, str], rows: list[dict[str, str]]) -> float | None:
    same_input = [row for row in rows if _input_size(row["input"]) == _input_size(main["input"])]
    numbers = [row["typical_epochs"] for row in same_input if re.fullmatch(r"\d+(\.\d+)?", row["typical_epochs"])]
    return float(numbers[0]) if numbers else None


def _sources_of_measured_models(reference: Path) -> dict[str, str]:
    rows = read_table(reference / "throughput" / "training-throughput.csv")
    return {canonical_model(row["model"]): row["source"].split(" (")[0] for row in rows}


def _is_of_use(model: Model, measured: dict[str, str]) -> bool:
    return model.name in measured or any((model.params_millions, model.forward_gmacs_per_sample))


def _date_of(source: str) -> str:
    return next((day for start, day in READ_UP_TO if start in source), COMPILED_ON)
