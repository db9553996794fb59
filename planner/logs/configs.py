"""Facts from the settings that trainers leave beside their logs: YAML and JSON of arguments, hyperparameters, metadata."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from planner.logs.records import Fact

MOST_BYTES = 4_000_000
_MOST_YAML = 200_000
"""Characters of a file of settings in YAML, whose reader takes a second for so many; those of a run have some thousand."""

BATCH_PER_GPU = (
    "per_device_train_batch_size",
    "micro_batch_size",
    "samples_per_gpu",
    "batch_size_per_gpu",
    "per_gpu_batch_size",
)
BATCH_OF_ALL = ("train_batch_size", "batch_size", "batch", "bs")
"""Some programs mean the batch of each GPU, others that of all: they are told apart only where one GPU was used."""
GLOBAL_BATCH = ("global_batch_size", "total_train_batch_size", "effective_batch_size")
ACCUMULATION = (
    "gradient_accumulation_steps",
    "grad_accum_steps",
    "accumulate_grad_batches",
    "accumulation_steps",
    "grad_accum",
    "accum_steps",
)
LENGTH = (
    "encoder_seq_length",
    "seq_length",
    "seq_len",
    "sequence_length",
    "block_size",
    "max_seq_len",
    "context_length",
    "n_ctx",
)
EPOCHS = ("num_train_epochs", "epochs", "num_epochs", "max_epochs", "n_epochs")
STEPS = ("max_steps", "max_iters", "total_steps", "num_iterations", "train_iters", "max_iter")
MODEL = ("model_name_or_path", "model", "arch", "model_name", "architecture", "backbone")
GPUS = ("world_size", "n_gpu", "num_gpus", "n_gpus", "nproc_per_node", "num_processes")
WEIGHTS = (".pt", ".pth", ".yaml", ".yml", ".safetensors", ".bin", ".ckpt")


def read_settings(text: str, *, is_json: bool) -> Mapping[str, Any] | None:
    """The settings of a file, values of Weights & Biases unwrapped; `None` if it is not a list of settings, or PyYAML is missing."""
    if is_json:
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            return None
    else:
        content = _yaml(text) if len(text) <= _MOST_YAML else None
    if not isinstance(content, Mapping):
        return None
    return {
        str(key): value["value"] if isinstance(value, Mapping) and "value" in value else value
        for key, value in content.items()
    }


def facts_of(settings: Mapping[str, Any]) -> Iterable[Fact]:
    """What the settings say of the run."""
    numbers = (
        ("batch_size", BATCH_PER_GPU),
        ("batch_of_all", BATCH_OF_ALL),
        ("step_samples", GLOBAL_BATCH),
        ("accumulation", ACCUMULATION),
        ("sample_tokens", LENGTH),
        ("total_epochs", EPOCHS),
        ("total_steps", STEPS),
        ("gpu_count", GPUS),
    )
    for name, keys in numbers:
        for key in keys:
            value = settings.get(key)
            if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e12:
                yield Fact(name, float(value))
                break
    for key in MODEL:
        value = settings.get(key)
        if isinstance(value, str) and value:
            yield Fact("model", _model_name(value))
            break
    yield from _precision(settings)
    if settings.get("resume") not in (None, False, "", "never") or settings.get("resume_from_checkpoint"):
        yield Fact("is_resumed", value=True)
    yield from _metadata(settings)


def _precision(settings: Mapping[str, Any]) -> Iterable[Fact]:
    stated = settings.get("precision") or settings.get("mixed_precision") or settings.get("dtype")
    said = str(stated).lower() if isinstance(stated, str | int) else ""  # a list may name itself a million times
    if settings.get("bf16") is True or "bf16" in said or "bfloat16" in said:
        yield Fact("precision", "bf16")
    elif settings.get("fp16") is True or settings.get("amp") is True or said in ("16", "16-mixed", "fp16", "float16"):
        yield Fact("precision", "amp")
    elif said in ("32", "32-true", "fp32", "float32", "no") or settings.get("amp") is False:
        yield Fact("precision", "fp32")


def _metadata(settings: Mapping[str, Any]) -> Iterable[Fact]:
    """The GPUs that Weights & Biases saw: they were visible, and one alone is one that was used."""
    name, count = settings.get("gpu"), settings.get("gpu_count")
    devices = settings.get("gpu_nvidia") or settings.get("gpu_devices")
    if isinstance(devices, list) and devices and isinstance(devices[0], Mapping):
        name = devices[0].get("name", name)
    if isinstance(name, str) and name:
        yield Fact("gpu", name)
    if isinstance(name, str) and isinstance(count, int) and count > 0:
        yield Fact("gpus_visible", count)
    tpu = settings.get("tpu") or settings.get("google_tpu")
    if tpu:
        yield Fact("accelerator", f"TPU {tpu if isinstance(tpu, str) else ''}".strip())


def _model_name(text: str) -> str:
    name = text.replace("\\", "/").rstrip("/").rpartition("/")[2]
    for ending in WEIGHTS:
        name = name.removesuffix(ending)
    return name


def _yaml(text: str) -> Any:
    try:
        import yaml  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if error.name != "yaml":
            raise
        return None

    loader = type("Loader", (yaml.SafeLoader,), {})  # reads plain values; objects of a program become nothing
    yaml.add_multi_constructor("", lambda *_: None, loader)
    try:
        return yaml.load(text, loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError, AttributeError, LookupError, TypeError, ArithmeticError):
        # the last four where a tag (!!timestamp, !!bool, !!int) stands at what is none
        return None


def has_yaml() -> bool:
    """Whether files of settings in YAML can be read."""
    from importlib.util import find_spec  # noqa: PLC0415

    return find_spec("yaml") is not None
