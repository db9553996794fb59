"""A plain training loop of PyTorch on synthetic data, run as a script: it prints what it is and when its steps end.

    python torch_loop.py '{"probe": true}'
    python torch_loop.py '{"model": "resnet50", "batch_size": 32, "precision": "amp", "channels_last": true, ...}'

Each line that counts is `planner ` and an object of JSON. Data lies on the device: loaders and disks are not measured.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

BLOCK_SECONDS = 0.25
"""Steps between two looks at the clock: waiting for the device after each one would slow it down."""
WARM_UP = 3
IMAGES = {"cuda": 64, "mps": 16, "cpu": 8}
SEQUENCES = {"cuda": 8, "mps": 2, "cpu": 1}
USUAL_IMAGE, USUAL_TOKENS = 224, 1024


class CannotError(Exception):
    """What is asked cannot be run here; the text says why, and what to do."""


def main(settings: dict[str, Any]) -> None:
    """Answer the probe, or train until somebody stops it."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # a model is built from its configuration, never fetched
    torch: Any = import_module("torch")
    device = _device(torch)
    if settings.get("probe"):
        _say(_probed(torch, device))
        return
    _set_format(torch, device, settings["precision"])
    torch.manual_seed(0)
    training = _Training(torch, device, settings)
    training.begin()
    _say({"fact": training.facts()})
    training.go_on()


class _Training:
    """One model on one device in one number format."""

    def __init__(self, torch: Any, device: str, settings: dict[str, Any]) -> None:
        self.torch, self.device, self.settings = torch, device, settings
        self.model, self.task = _built(torch, settings)
        self.layout = (
            torch.channels_last
            if settings.get("channels_last") and self.task["kind"] == "image"
            else torch.contiguous_format
        )
        self.model = self.model.to(device).train()
        if self.task["kind"] == "image":
            self.model = self.model.to(memory_format=self.layout)
        weights = [one for one in self.model.parameters() if one.requires_grad]
        self.optimizer = (
            torch.optim.SGD(weights, lr=1e-3, momentum=0.9)
            if self.task["kind"] == "image"
            else torch.optim.AdamW(weights, lr=1e-5)
        )
        is_half = settings["precision"] == "amp" and device != "cpu"
        self.scaler = torch.amp.GradScaler(device, enabled=is_half and device == "cuda")
        self.dtype = {"amp": torch.float16 if is_half else torch.bfloat16, "bf16": torch.bfloat16}.get(
            settings["precision"]
        )
        usual = (IMAGES if self.task["kind"] == "image" else SEQUENCES)[device]
        self.batch = int(settings.get("batch_size") or usual)
        self.step = 0
        self.data: dict[str, Any] = {}

    def begin(self) -> None:
        """Take the first steps; a batch that does not fit is halved."""
        while True:
            try:
                self.data = self._synthetic()
                for _ in range(WARM_UP):
                    self._train()
                self._wait()
            except Exception as error:
                if "out of memory" not in str(error).lower() or self.batch == 1:
                    raise CannotError(
                        f"a step of {self.settings['model']} with {self.batch} samples fails: {error}"
                    ) from error
                self.batch //= 2
                self.optimizer.zero_grad(set_to_none=True)
                self.data = {}
            else:
                return
            # outside of the handler, which holds the frames of the failed step
            if self.device == "cuda":
                self.torch.cuda.empty_cache()

    def go_on(self) -> None:
        """Train, and say after each block of steps how long all of them took."""
        self.step = 0
        size, begun = 1, time.perf_counter()
        while True:
            before = time.perf_counter()
            for _ in range(size):
                self._train()
            self._wait()
            now = time.perf_counter()
            self.step += size
            _say({"step": self.step, "clock": now - begun})
            if now - before < BLOCK_SECONDS:
                size = max(size, min(size * 2, int(size * BLOCK_SECONDS / max(now - before, 1e-6)) + 1))
            if self.device == "cuda" and self.step == size:
                _say({"fact": self._held()})

    def facts(self) -> dict[str, Any]:
        """What is trained on what."""
        torch, task = self.torch, self.task
        facts = {
            "model": self.settings["model"],
            "batch_size": self.batch,
            "gpu_count": 1,
            "precision": self.settings["precision"],
            **_named(torch, self.device),
            **self._held(),
        }
        if task["kind"] == "causal":
            return facts | {"sample_tokens": task["tokens"]}
        return facts | {"sample_unit": "image" if task["kind"] == "image" else "sequence"}

    def _train(self) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        is_mixed = self.dtype is not None
        with self.torch.autocast(self.device, dtype=self.dtype) if is_mixed else contextlib.nullcontext():
            loss = self._loss()
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()

    def _loss(self) -> Any:
        if "x" not in self.data:
            return self.model(**self.data).loss
        output = self.model(self.data["x"])
        if isinstance(output, dict):  # segmentation
            output = output["out"]
        parts = [part for part in output if part is not None] if isinstance(output, tuple) else [output]
        loss: Any = 0.0
        for part in parts:
            shape = (part.shape[0], *part.shape[2:])
            if self.data["y"].shape != shape:
                self.data["y"] = self.torch.randint(part.shape[1], shape, device=self.device)
            loss = loss + self.torch.nn.functional.cross_entropy(part.float(), self.data["y"])
        return loss

    def _synthetic(self) -> dict[str, Any]:
        torch, task = self.torch, self.task
        if task["kind"] == "image":
            side = task["side"]
            pixels = torch.randn(self.batch, task["channels"], side, side, device=self.device).contiguous(
                memory_format=self.layout
            )
            if task["labels"]:
                return {
                    "pixel_values": pixels,
                    "labels": torch.randint(task["labels"], (self.batch,), device=self.device),
                }
            return {"x": pixels, "y": torch.zeros(0, dtype=torch.long, device=self.device)}
        tokens = torch.randint(task["vocabulary"], (self.batch, task["tokens"]), device=self.device)
        return {"input_ids": tokens, "labels": tokens.clone()}

    def _wait(self) -> None:
        if self.device != "cpu":
            getattr(self.torch, self.device).synchronize()

    def _held(self) -> dict[str, Any]:
        if self.device != "cuda":
            return {}
        return {"memory_gib": self.torch.cuda.max_memory_reserved() / 1024**3}


def _built(torch: Any, settings: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The model without weights of anybody, and what it takes."""
    if settings.get("config"):
        return _of_transformers(settings["config"], settings)
    name = settings["model"]
    failed = []
    for find in (_of_torchvision, _of_timm, _by_type):
        try:
            found = find(name, settings)
        except ModuleNotFoundError as error:
            failed.append(f"{error.name} is not installed")
            continue
        except RuntimeError as error:  # torchvision of another PyTorch
            failed.append(f"{find.__name__.rpartition('_')[2]}: {error}")
            continue
        if found is not None:
            return found
    raise CannotError(
        f"no model {name!r} in torchvision, timm or transformers{': ' if failed else ''}{'; '.join(failed)}. "
        "Install what has it in this Python, or give a config.json"
    )


def _of_torchvision(name: str, settings: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
    models: Any = import_module("torchvision.models")
    known = {one.lower(): one for one in models.list_models()}
    found = next((known[one] for one in _spellings(name) if one in known), None)
    if found is None:
        return None
    module = models.get_model_builder(found).__module__
    if module.startswith("torchvision.models.detection"):
        raise CannotError(
            f"{found} detects objects: a plain loop has no boxes for it. Measure your own script instead: planner measure -- COMMAND"
        )
    side = settings.get("image_size") or (299 if "inception" in found else USUAL_IMAGE)
    size: dict[str, Any] = {"image_size": side} if found.startswith("vit_") and side != USUAL_IMAGE else {}
    if module.startswith("torchvision.models.segmentation"):
        size["weights_backbone"] = None  # else it is fetched
    return models.get_model(found, weights=None, **size), _images(side)


def _of_timm(name: str, settings: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
    timm: Any = import_module("timm")
    found = next((one for one in _spellings(name) if timm.is_model(one)), None)
    if found is None:
        return None
    try:
        model = timm.create_model(
            found, pretrained=False, **({"img_size": settings["image_size"]} if settings.get("image_size") else {})
        )
    except TypeError:  # convolutions take any size
        model = timm.create_model(found, pretrained=False)
    channels, side, _ = model.default_cfg["input_size"]
    return model, _images(settings.get("image_size") or side, channels)


def _by_type(name: str, settings: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
    transformers: Any = import_module("transformers")
    found = next((one for one in _spellings(name) if one in transformers.CONFIG_MAPPING), None)
    return None if found is None else _of_transformers({"model_type": found}, settings)


def _of_transformers(config: dict[str, Any], settings: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """A model of transformers by its configuration, in the first form that it has: masked, causal, translation, images."""
    transformers: Any = import_module("transformers")
    kind = config.get("model_type")
    if kind not in transformers.CONFIG_MAPPING:
        raise CannotError(f"transformers {transformers.__version__} knows no model_type {kind!r}")
    made = transformers.AutoConfig.for_model(
        kind, **{key: value for key, value in config.items() if key != "model_type"}
    )
    for form, words in (
        ("AutoModelForMaskedLM", "masked"), ("AutoModelForSeq2SeqLM", "masked"),
        ("AutoModelForCausalLM", "causal"), ("AutoModelForImageClassification", "image"),
    ):  # fmt: skip
        auto = getattr(transformers, form)
        if type(made) in auto._model_mapping:
            if hasattr(made, "use_cache"):
                made.use_cache = False
            return auto.from_config(made), _task(made, words, settings)
    raise CannotError(f"{kind} is neither a language model nor a classifier of images: a plain loop has no data for it")


def _task(config: Any, kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    if kind == "image":
        side = settings.get("image_size") or getattr(config, "image_size", None) or USUAL_IMAGE
        side = side[0] if isinstance(side, list | tuple) else side
        return _images(side, getattr(config, "num_channels", 3)) | {"labels": config.num_labels}
    text = config.get_text_config()
    most = getattr(text, "max_position_embeddings", None) or USUAL_TOKENS
    tokens = settings.get("sequence_length") or min(USUAL_TOKENS, most)
    return {"kind": kind, "tokens": tokens, "vocabulary": text.vocab_size}


def _images(side: int, channels: int = 3) -> dict[str, Any]:
    return {"kind": "image", "side": side, "channels": channels, "labels": 0}


def _spellings(name: str) -> list[str]:
    lower = name.lower().removeprefix("timm/")
    return [lower, lower.replace("-", "_"), lower.replace("-", ""), lower.replace("_", "-")]


def _device(torch: Any) -> str:
    if torch.cuda.is_available():  # ROCm answers by this name too
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _probed(torch: Any, device: str) -> dict[str, Any]:
    """The versions, the device, and the number formats that it has."""
    formats = ["fp32"]
    if device == "mps":
        formats = ["amp", "fp32"]
    if device == "cuda":
        is_new = torch.version.hip is not None or torch.cuda.get_device_capability()[0] >= 8
        formats = (
            ["amp", "bf16", "tf32"]
            if is_new and torch.version.hip is None
            else ["amp", "bf16"]
            if is_new
            else ["amp", "fp32"]
        )
    software = f"PyTorch {torch.__version__}"
    software += (
        f", CUDA {torch.version.cuda}"
        if torch.version.cuda
        else f", ROCm {torch.version.hip}"
        if torch.version.hip
        else ""
    )
    return {"device": device, "formats": formats, "software": software, **_named(torch, device)}


def _named(torch: Any, device: str) -> dict[str, Any]:
    if device == "cuda":
        return {"gpu": torch.cuda.get_device_name()}
    if device == "mps":
        return {"accelerator": f"{platform.processor() or 'Apple'} GPU by MPS"}
    return {"accelerator": f"CPU, {torch.get_num_threads()} threads, {_processor()}"}


def _processor() -> str:
    place = Path("/proc/cpuinfo")
    if place.is_file():
        for line in place.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _set_format(torch: Any, device: str, precision: str) -> None:
    """Let matrix products of fp32 round to TF32 or not; 16 bits are those of autocast."""
    formats = {"amp", "bf16", "fp32", "tf32"} if device == "cuda" else {"amp", "bf16", "fp32"}
    if precision not in formats:
        raise CannotError(f"a plain loop trains in {', '.join(sorted(formats))} on this device, not in {precision}")
    torch.set_float32_matmul_precision("highest" if precision == "fp32" else "high")
    torch.backends.cudnn.allow_tf32 = precision != "fp32"
    torch.backends.cudnn.benchmark = True


def _say(what: dict[str, Any]) -> None:
    print("planner", json.dumps(what), flush=True)  # noqa: T201 - whoever started it reads this


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path[:] = [place for place in sys.path if Path(place or ".").resolve() != here]
    try:
        main(json.loads(sys.argv[1]))
    except CannotError as problem:
        sys.exit(f"planner: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
