"""Trains every network of a list for some seconds on the GPU of this machine, and writes a row of each at once.

    python3 scripts/gpu_runs.py --seconds 400 --output gpu_runs.csv
    python3 scripts/gpu_runs.py --tiny --only resnet --output tiny.csv      # a few small steps, on a processor too

Needs PyTorch, torchvision, timm, transformers and peft, and nothing of this project or of the network: weights are random, data is random and lies on
the device, so loaders and disks are not measured. A run that fails, or does not fit, is a row that says so.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gc
import platform
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

RUNS = """
image     resnet50                     224  128  amp
encoder   bert-base-squad              384   32  amp
decoder   gpt2-124m                   1024    8  amp
decoder   llama-3-8b                  2048    1  bf16  lora recompute
detector  maskrcnn-r50-fpn             800    4  amp
image     vit_base_patch16_224         224  128  amp
image     resnet18                      32  128  amp   small-stem
decoder   llama-3.2-1b                2048    4  bf16  full
encoder   bert-large                   512   16  amp
image     resnet50                     224  128  tf32
image     resnet50                     224  128  fp32  channels-first
image     resnet50                     224  128  amp   channels-first
image     resnet50                     224   16  amp
image     resnet50                     224   32  amp
image     resnet50                     224   33  amp
image     resnet50                     224   64  amp
image     resnet50                     224  256  amp
image     resnet18                     224  256  amp
image     resnet18                     224  256  fp32  channels-first
image     resnet18                      32  128  fp32  small-stem channels-first
image     resnet18                      64  128  amp   small-stem
image     resnet18                      64  128  amp
image     resnet18                      65  128  amp
image     resnet101                    224  128  amp
image     resnet152                    224  128  amp
image     resnet152                    224   64  tf32
encoder   bert-base-squad              384   32  tf32
encoder   bert-base-squad              384   16  fp32
encoder   bert-large-squad             384   16  amp
encoder   bert-large                   128   64  amp
encoder   bert-large                   512    8  tf32
encoder   roberta-base                 128   64  amp
encoder   roberta-base                 512   32  amp
encoder   distilbert-base              128  128  amp
encoder   xlm-roberta-base             128   64  amp
encoder   bart-large                   512    8  amp
decoder   gpt2-124m                   1024   32  amp
decoder   gpt2-124m                   1024    8  tf32
decoder   gpt2-355m                   1024    8  amp
decoder   gpt2-774m                   1024    4  amp
decoder   gpt2-1.5b                   1024    2  amp
decoder   qwen2.5-0.5b                2048    4  amp
decoder   llama-3.2-1b                2048    2  amp
decoder   llama-3.2-1b                2048    4  bf16  full recompute
decoder   llama-3.2-1b                4096    2  bf16  full
decoder   qwen2.5-1.5b                2048    2  amp
decoder   llama-3.2-3b                2048    2  bf16  full
decoder   llama-3.2-3b                2048    4  bf16  full recompute
decoder   llama-3-8b                  2048    1  bf16  full recompute
decoder   llama-3-8b                  2048    4  bf16  lora recompute
decoder   llama-3-8b                  2048    2  bf16  lora
decoder   llama-3-8b                   512    8  bf16  lora recompute
decoder   mistral-7b                  2048    4  bf16  lora recompute
decoder   qwen2.5-7b                  1024    4  bf16  lora recompute
decoder   llama-3.2-1b                1024    8  bf16  lora recompute
decoder   llama-3.2-3b                2048    4  bf16  lora recompute
image     vit_base_patch16_224         224  128  tf32
image     vit_base_patch16_224         224   64  fp32
image     vit_large_patch16_224        224   64  amp
image     vit_small_patch16_224        224  256  amp
image     swin_tiny_patch4_window7_224 224  128  amp
image     swin_base_patch4_window7_224 224   64  amp
image     convnext_tiny                224  128  amp
image     convnext_base                224   64  amp
image     convnext_tiny                224   64  tf32
image     vgg16                        224  128  amp
image     vgg16                        224   64  tf32
decoder   gpt2-124m                   1024   32  amp   compiled
image     mobilenetv2_100              224  256  amp
image     mobilenetv3_large_100        224  256  amp
image     efficientnet_b0              224  128  amp
image     efficientnet_b0              224  128  tf32
image     tf_efficientnet_b4           380   32  amp
image     inception_v3                 299  128  amp
image     resnext50_32x4d              224  128  amp
image     wide_resnet50_2              224  128  amp
image     regnety_016                  224  128  amp
image     mixer_b16_224                224  128  amp
image     densenet121                  224  128  amp
image     maxvit_tiny_rw_224           224   64  amp
image     coatnet_0_rw_224             224  128  amp
detector  fasterrcnn-r50-fpn           800    4  amp
detector  retinanet-r50-fpn            800    4  amp
detector  maskrcnn-r50-fpn             800    4  tf32
segmenter deeplabv3-r50                520   16  amp
segmenter fcn-r50                      520   16  amp
image     resnet50                     224  128  amp   compiled
"""
"""Kind, network, pixels or tokens, samples a step, number format, and what else; the most useful first, in case time runs out.

`amp` is autocast to BF16 over FP32 weights, `bf16` holds weights and optimiser in BF16 (adapters in FP32).
"""

WARM_UP_STEPS = 3
BLOCK_SECONDS = 0.2
"""Steps between two looks at the clock: waiting for the device after each step would slow it down."""
LEAST_BLOCKS = 3
GIB = 1024**3
CLASSES, SEGMENT_CLASSES, DETECTOR_CLASSES, BOXES = 1000, 21, 91, 7
LORA_RANK = 16
TINY_TOKENS, TINY_PIXELS = 32, 64

# layers, hidden, heads, key-value heads, feed-forward, vocabulary, tied, context
SHAPES = {
    "gpt2-124m": (12, 768, 12, 12, 3072, 50257, True, 1024),
    "gpt2-355m": (24, 1024, 16, 16, 4096, 50257, True, 1024),
    "gpt2-774m": (36, 1280, 20, 20, 5120, 50257, True, 1024),
    "gpt2-1.5b": (48, 1600, 25, 25, 6400, 50257, True, 1024),
    "qwen2.5-0.5b": (24, 896, 14, 2, 4864, 151936, True, 32768),
    "qwen2.5-1.5b": (28, 1536, 12, 2, 8960, 151936, True, 32768),
    "qwen2.5-7b": (28, 3584, 28, 4, 18944, 152064, False, 32768),
    "llama-3.2-1b": (16, 2048, 32, 8, 8192, 128256, True, 131072),
    "llama-3.2-3b": (28, 3072, 24, 8, 8192, 128256, True, 131072),
    "llama-3-8b": (32, 4096, 32, 8, 14336, 128256, False, 8192),
    "mistral-7b": (32, 4096, 32, 8, 14336, 32000, False, 32768),
}

# class of transformers, and what its configuration has beside the defaults, which are those of BERT base and the like
LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
ROBERTA = {"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1, "pad_token_id": 1}
ENCODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert-base-squad": ("BertForQuestionAnswering", {}),
    "bert-large-squad": ("BertForQuestionAnswering", LARGE),
    "bert-large": ("BertForPreTraining", LARGE),
    "roberta-base": ("RobertaForSequenceClassification", ROBERTA),
    "distilbert-base": ("DistilBertForSequenceClassification", {}),
    "xlm-roberta-base": ("XLMRobertaForSequenceClassification", ROBERTA | {"vocab_size": 250002}),
    "bart-large": ("BartForConditionalGeneration", {}),
}
DETECTORS = {
    "maskrcnn-r50-fpn": "maskrcnn_resnet50_fpn",
    "fasterrcnn-r50-fpn": "fasterrcnn_resnet50_fpn",
    "retinanet-r50-fpn": "retinanet_resnet50_fpn",
}
SEGMENTERS = {"deeplabv3-r50": "deeplabv3_resnet50", "fcn-r50": "fcn_resnet50"}


@dataclass(frozen=True, kw_only=True)
class Run:
    """One line of the list."""

    kind: str
    model: str
    size: int
    batch: int
    precision: str
    options: frozenset[str] = frozenset()

    @property
    def method(self) -> str:
        """What of a network is trained, from what on."""
        tuned = sorted(self.options & {"full", "lora"})
        return tuned[0] if tuned else "pretrain"

    @property
    def is_channels_last(self) -> bool:
        """Whether pictures lie in memory with their channels last."""
        return self.kind in ("image", "segmenter") and "channels-first" not in self.options


@dataclass(kw_only=True)
class Training:
    """A network with what one step of it needs."""

    model: Any
    loss: Callable[[], Any]
    optimizer: Any
    samples: int
    unit: str
    network: str
    attention: str = ""
    parameters: int = field(init=False)

    def __post_init__(self) -> None:
        """Count the parameters, trained or not."""
        self.parameters = sum(one.numel() for one in self.model.parameters())


def main() -> None:
    """Run the list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("gpu_runs.csv"), help="CSV file, written row by row")
    parser.add_argument("--seconds", type=float, default=400, help="no run is begun later than that (400)")
    parser.add_argument("--timed-seconds", type=float, default=2.5, help="seconds that each run is timed for (2.5)")
    parser.add_argument("--only", default="", help="runs whose line holds this text")
    parser.add_argument("--without", type=Path, help="a CSV file of an earlier time, whose runs are left out")
    parser.add_argument("--tiny", action="store_true", help="small shapes and batches, to try the script")
    asked = parser.parse_args()
    begun = time.monotonic()
    machine = Machine()
    chosen = [run for run in runs_but(asked.without) if asked.only in f"{run.kind} {run.model} {run.precision}"]
    with asked.output.open("w", newline="", encoding="utf-8") as file:
        writer: csv.DictWriter[str] | None = None
        for number, run in enumerate(chosen, 1):
            if time.monotonic() - begun > asked.seconds:
                print(f"{len(chosen) - number + 1} runs left out: time is over", flush=True)
                break
            row = row_of(run, machine, 0.05 if asked.tiny else asked.timed_seconds, is_tiny=asked.tiny)
            if writer is None:
                writer = csv.DictWriter(file, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)
            file.flush()
            print(
                f"{time.monotonic() - begun:6.1f} s  {number}/{len(chosen)}  {run.model} {run.size} x{run.batch} {run.precision} "
                f"{' '.join(sorted(run.options))}: {row['per_second'] or row['status']} {row['unit']}/s  {row['watts']} W",
                flush=True,
            )


def listed_runs() -> list[Run]:
    """The runs of the list, in its order."""
    runs = []
    for line in RUNS.strip().splitlines():
        kind, model, size, batch, precision, *options = line.split()
        runs.append(
            Run(
                kind=kind,
                model=model,
                size=int(size),
                batch=int(batch),
                precision=precision,
                options=frozenset(options),
            )
        )
    return runs


def runs_but(earlier: Path | None) -> list[Run]:
    """The runs of the list without those that have a row in that file."""
    if earlier is None:
        return listed_runs()
    with earlier.open(newline="", encoding="utf-8") as file:
        done = {tuple(row[name] for name in MADE_BY) for row in csv.DictReader(file)}
    return [run for run in listed_runs() if tuple(described(run)[name] for name in MADE_BY) not in done]


def row_of(run: Run, machine: Machine, seconds: float, *, is_tiny: bool = False) -> dict[str, Any]:
    """The row of a run that is made now, whatever becomes of it."""
    torch = machine.torch
    begun = time.monotonic()
    found: dict[str, Any] = {}
    status = "ok"
    try:
        found = measured(run, machine, seconds, is_tiny=is_tiny)
    except torch.OutOfMemoryError:
        status = "out of memory"
    except Exception as error:  # noqa: BLE001 - a network that fails must not end the list
        status = f"failed: {type(error).__name__}: {' '.join(str(error).split())[:160]}"
    machine.clear()
    empty = dict.fromkeys(MEASURED, "")
    what = described(run)
    return {
        **{name: what[name] for name in MADE_BY[:6]},
        "gpu": machine.gpu,
        "gpu_count": 1,
        **empty,
        **found,
        **{name: what[name] for name in MADE_BY[6:]},
        "status": status,
        "whole_seconds": round(time.monotonic() - begun, 1),
        "software": machine.software,
        "machine": machine.text,
        "as_of": datetime.now(UTC).date().isoformat(),
    }


def described(run: Run) -> dict[str, str]:
    """What tells a run from every other, as a file of rows has it."""
    return {
        "model": run.model,
        "kind": run.kind,
        "method": run.method,
        "precision": run.precision,
        "batch_size": str(run.batch),
        "size": str(run.size),
        "channels_last": "yes" if run.is_channels_last else "no",
        "recompute": "full" if "recompute" in run.options else "none",
        "compiled": "yes" if "compiled" in run.options else "no",
        "variant": "small stem" if "small-stem" in run.options else "",
    }


MADE_BY = (
    "model",
    "kind",
    "method",
    "precision",
    "batch_size",
    "size",
    "channels_last",
    "recompute",
    "compiled",
    "variant",
)
"""Columns that tell a run from every other."""
MEASURED = (
    "per_second", "low", "high", "unit", "step_seconds", "steps", "memory_allocated_gib", "memory_reserved_gib", "watts",
    "sm_mhz", "parameters_millions", "optimizer", "attention", "network",
)  # fmt: skip
"""Columns that a run fills if it succeeds."""


def measured(run: Run, machine: Machine, seconds: float, *, is_tiny: bool) -> dict[str, Any]:
    """What a run shows: its median rate with those of the slow and the fast tenth of its blocks, memory, power and clock."""
    torch = machine.torch
    set_number_format(torch, run)
    training = BUILDERS[run.kind](run, machine, is_tiny=is_tiny)
    step = step_of(training, torch, run, machine.device)
    for _ in range(1 if is_tiny else WARM_UP_STEPS):
        step()
    size = max(1, int(BLOCK_SECONDS / timed(step, 1, machine)))
    blocks: list[float] = []
    with machine.watched() as watch:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or (len(blocks) < LEAST_BLOCKS and not is_tiny):
            blocks.append(timed(step, size, machine))
    median = statistics.median(blocks)
    tenths = statistics.quantiles(blocks, n=10) if len(blocks) > 1 else [median]
    return {
        "per_second": f"{training.samples / median:.6g}",
        "low": f"{training.samples / tenths[-1]:.6g}",
        "high": f"{training.samples / tenths[0]:.6g}",
        "unit": training.unit,
        "step_seconds": f"{median:.6g}",
        "steps": size * len(blocks),
        **machine.memory(),
        "watts": watch.watts,
        "sm_mhz": watch.sm_mhz,
        "parameters_millions": f"{training.parameters / 1e6:.6g}",
        "optimizer": type(training.optimizer).__name__,
        "attention": training.attention,
        "network": training.network,
    }


def timed(step: Callable[[], None], count: int, machine: Machine) -> float:
    """Seconds of a step, of so many at once."""
    begun = time.perf_counter()
    for _ in range(count):
        step()
    machine.wait()
    return max((time.perf_counter() - begun) / count, 1e-9)


def set_number_format(torch: Any, run: Run) -> None:
    """Say whether FP32 may round to TF32 on its way into a matrix product or a convolution."""
    is_exact = run.precision == "fp32"
    torch.set_float32_matmul_precision("highest" if is_exact else "high")
    torch.backends.cudnn.allow_tf32 = not is_exact
    # a detector's shapes change from step to step, and each new one would be tried out
    torch.backends.cudnn.benchmark = run.kind != "detector"


def step_of(training: Training, torch: Any, run: Run, device: str) -> Callable[[], None]:
    """A function that takes one step: forward, backward, update."""
    is_mixed = run.precision == "amp" or run.method == "lora"

    def step() -> None:
        with torch.autocast(device, dtype=torch.bfloat16, enabled=is_mixed):
            loss = training.loss()
        loss.backward()
        training.optimizer.step()
        training.optimizer.zero_grad(set_to_none=True)

    return step


def image(run: Run, machine: Machine, *, is_tiny: bool) -> Training:
    """A classifier of timm, trained with SGD."""
    timm: Any = import_module("timm")
    extra = {"img_size": run.size} if run.model.startswith(("vit_", "swin_")) and run.size != 224 else {}
    with machine.torch.device(machine.device):
        model = timm.create_model(run.model, pretrained=False, num_classes=CLASSES, **extra)
        if "small-stem" in run.options:  # as trained on pictures of 32 pixels: no stride before the first block
            model.conv1 = machine.torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
            model.maxpool = machine.torch.nn.Identity()
    batch = 2 if is_tiny else run.batch
    pixels, labels = machine.pictures(run, batch), machine.integers(CLASSES, batch)
    return _of_pictures(
        run, machine, model, lambda one: machine.cross_entropy(one(pixels), labels),
        batch=batch, network=f"timm {version('timm')}",
    )  # fmt: skip


def segmenter(run: Run, machine: Machine, *, is_tiny: bool) -> Training:
    """A network of torchvision that labels pixels, with its auxiliary loss."""
    models: Any = import_module("torchvision.models.segmentation")
    with machine.torch.device(machine.device):
        model = getattr(models, SEGMENTERS[run.model])(
            weights=None, weights_backbone=None, num_classes=SEGMENT_CLASSES, aux_loss=True
        )
    batch = 2 if is_tiny else run.batch
    pixels = machine.pictures(run, batch, side=TINY_PIXELS if is_tiny else run.size)
    labels = machine.integers(SEGMENT_CLASSES, batch, *pixels.shape[-2:])

    def loss(one: Any) -> Any:
        output = one(pixels)
        return machine.cross_entropy(output["out"], labels) + 0.5 * machine.cross_entropy(output["aux"], labels)

    return _of_pictures(run, machine, model, loss, batch=batch, network=f"torchvision {version('torchvision')}")


def detector(run: Run, machine: Machine, *, is_tiny: bool) -> Training:
    """A detector of torchvision on pictures of 4:3, each with a few boxes; no layer is frozen."""
    torch = machine.torch
    models: Any = import_module("torchvision.models.detection")
    side = TINY_PIXELS if is_tiny else run.size
    with torch.device(machine.device):
        model = getattr(models, DETECTORS[run.model])(
            weights=None, weights_backbone=None, num_classes=DETECTOR_CLASSES, min_size=side
        )
        batch, height, width = 1 if is_tiny else run.batch, side, side * 4 // 3
        pictures = [torch.rand(3, height, width) for _ in range(batch)]
        corners = [torch.rand(BOXES, 2) * side / 2 for _ in range(batch)]
        targets = [
            {
                "boxes": torch.cat([corner, corner + side / 3], dim=1),
                "labels": torch.randint(1, DETECTOR_CLASSES, (BOXES,)),
                "masks": torch.randint(2, (BOXES, height, width), dtype=torch.uint8),
            }
            for corner in corners
        ]

    return _of_pictures(
        run, machine, model, lambda one: sum(one(pictures, targets).values()),
        batch=batch, network=f"torchvision {version('torchvision')}",
    )  # fmt: skip


def _of_pictures(
    run: Run, machine: Machine, model: Any, loss: Callable[[Any], Any], *, batch: int, network: str
) -> Training:
    torch = machine.torch
    model.train()
    if run.is_channels_last:
        model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    called = torch.compile(model) if "compiled" in run.options else model
    return Training(
        model=model, loss=lambda: loss(called), optimizer=optimizer, samples=batch, unit="image", network=network
    )


def encoder(run: Run, machine: Machine, *, is_tiny: bool) -> Training:
    """An encoder of transformers (or an encoder with a decoder), trained with AdamW on full sequences."""
    torch = machine.torch
    transformers: Any = import_module("transformers")
    name, extra = ENCODERS[run.model]
    kind = getattr(transformers, name)
    with torch.device(machine.device):
        model = kind._from_config(kind.config_class(**extra), attn_implementation="sdpa")
    batch, length = (2, TINY_TOKENS) if is_tiny else (run.batch, run.size)
    data = {"input_ids": machine.integers(1000, batch, length) + 10}  # no token that pads
    if name.endswith("QuestionAnswering"):
        data |= {"start_positions": machine.integers(length, batch), "end_positions": machine.integers(length, batch)}
    elif name.endswith("SequenceClassification"):
        data |= {"labels": machine.integers(2, batch)}
    else:
        data |= {"labels": machine.integers(1000, batch, length)}
    if name.endswith("PreTraining"):
        data |= {"next_sentence_label": machine.integers(2, batch)}
    return _of_text(run, machine, model, data, samples=batch, unit="sequence")


def decoder(run: Run, machine: Machine, *, is_tiny: bool) -> Training:
    """A language model of transformers by its shape: all weights, or adapters on every matrix beside frozen ones."""
    torch = machine.torch
    transformers: Any = import_module("transformers")
    with torch.device(machine.device):
        model = transformers.AutoModelForCausalLM.from_config(
            decoder_config(transformers, run.model, is_tiny=is_tiny),
            dtype=torch.bfloat16 if run.precision == "bf16" else torch.float32,
            attn_implementation="sdpa",
        )
        if "recompute" in run.options:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        if run.method == "lora":
            peft: Any = import_module("peft")
            model.enable_input_require_grads()
            model = peft.get_peft_model(
                model, peft.LoraConfig(r=LORA_RANK, target_modules="all-linear", task_type="CAUSAL_LM")
            )
    batch, length = (2, TINY_TOKENS) if is_tiny else (run.batch, run.size)
    tokens = machine.integers(512, batch, length)
    return _of_text(run, machine, model, {"input_ids": tokens, "labels": tokens}, samples=batch * length, unit="token")


def decoder_config(transformers: Any, name: str, *, is_tiny: bool) -> Any:
    """The configuration of a listed shape."""
    layers, hidden, heads, key_value_heads, feed_forward, vocabulary, is_tied, context = SHAPES[name]
    if is_tiny:
        layers, hidden, feed_forward, vocabulary = 2, 8 * heads, 16 * heads, 512
    if name.startswith("gpt2"):
        return transformers.GPT2Config(
            n_layer=layers, n_embd=hidden, n_head=heads, vocab_size=vocabulary, n_positions=context, use_cache=False,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        )  # fmt: skip
    kind = transformers.Qwen2Config if name.startswith("qwen") else transformers.LlamaConfig
    return kind(
        num_hidden_layers=layers, hidden_size=hidden, num_attention_heads=heads, num_key_value_heads=key_value_heads,
        intermediate_size=feed_forward, vocab_size=vocabulary, tie_word_embeddings=is_tied,
        max_position_embeddings=context, use_cache=False,
    )  # fmt: skip


def _of_text(run: Run, machine: Machine, model: Any, data: dict[str, Any], *, samples: int, unit: str) -> Training:
    torch = machine.torch
    model.train()
    weights = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-5, fused=machine.device == "cuda")
    called = torch.compile(model) if "compiled" in run.options else model
    return Training(
        model=model, loss=lambda: called(**data).loss, optimizer=optimizer, samples=samples, unit=unit,
        network=f"transformers {version('transformers')}", attention="sdpa",
    )  # fmt: skip


BUILDERS: dict[str, Callable[..., Training]] = {
    one.__name__: one for one in (image, segmenter, detector, encoder, decoder)
}


class Machine:
    """The GPU of this machine, or its processor where there is none."""

    def __init__(self) -> None:
        """Look what there is."""
        self.torch: Any = import_module("torch")
        torch = self.torch
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.cross_entropy = torch.nn.functional.cross_entropy
        self._nvml: Any = None
        self._handle: Any = None
        driver = ""
        with contextlib.suppress(Exception):  # power and clocks are read where they can be
            nvml: Any = import_module("pynvml")
            nvml.nvmlInit()
            self._handle = nvml.nvmlDeviceGetHandleByIndex(0)
            nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)
            self._nvml = nvml
            driver = f", driver {nvml.nvmlSystemGetDriverVersion()}"
        self.gpu = torch.cuda.get_device_name() if self.device == "cuda" else "cpu"
        self.software = (
            f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
        )
        self.text = f"{self.gpu}{driver}, {torch.get_num_threads()} threads, Python {platform.python_version()}"

    def pictures(self, run: Run, batch: int, side: int | None = None) -> Any:
        """Random pictures in the layout of the run."""
        torch, side = self.torch, side or run.size
        layout = torch.channels_last if run.is_channels_last else torch.contiguous_format
        return torch.randn(batch, 3, side, side, device=self.device).contiguous(memory_format=layout)

    def integers(self, below: int, *shape: int) -> Any:
        """Random integers from 0 on."""
        return self.torch.randint(below, shape, device=self.device)

    def wait(self) -> None:
        """Wait until the device has done what it was given."""
        if self.device == "cuda":
            self.torch.cuda.synchronize()

    def memory(self) -> dict[str, str]:
        """The most memory that tensors took, and that was held for them."""
        if self.device != "cuda":
            return {}
        cuda = self.torch.cuda
        return {
            "memory_allocated_gib": f"{cuda.max_memory_allocated() / GIB:.3f}",
            "memory_reserved_gib": f"{cuda.max_memory_reserved() / GIB:.3f}",
        }

    def clear(self) -> None:
        """Give back what the last run held."""
        gc.collect()
        if self.device == "cuda":
            self.torch.cuda.empty_cache()
            self.torch.cuda.reset_peak_memory_stats()

    @contextlib.contextmanager
    def watched(self) -> Iterator[Watch]:
        """Read power and clock while something runs."""
        watch = Watch(self._nvml, self._handle)
        watch.begin()
        try:
            yield watch
        finally:
            watch.end()


class Watch:
    """Mean power by the energy counter of the GPU, and the median of its clock; empty where they cannot be read."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self.watts = self.sm_mhz = ""
        self._nvml, self._handle = nvml, handle
        self._clocks: list[int] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._begun, self._millijoules = 0.0, 0

    def begin(self) -> None:
        """Read the counter, and the clock from now on."""
        if self._nvml is not None:
            self._millijoules = self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)
            self._begun = time.perf_counter()
            self._thread.start()

    def end(self) -> None:
        """Read the counter again."""
        if self._nvml is None:
            return
        energy = self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle) - self._millijoules
        self.watts = f"{energy / 1000 / (time.perf_counter() - self._begun):.0f}"
        self._is_over.set()
        self._thread.join()
        if self._clocks:
            self.sm_mhz = f"{statistics.median(self._clocks):.0f}"

    def _look(self) -> None:
        while not self._is_over.wait(0.2):
            self._clocks.append(self._nvml.nvmlDeviceGetClockInfo(self._handle, self._nvml.NVML_CLOCK_SM))


if __name__ == "__main__":
    main()
