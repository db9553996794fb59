"""What lines of a log say of the machine and the run beside its steps: GPUs, world size, sequence length, precision."""

from __future__ import annotations

import re
from collections.abc import Iterable

from planner.logs.line_reader import number
from planner.logs.records import Fact
from planner.logs.text import Line

_PATTERNS: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("world size", "gpu_count", re.compile(r"\b(?:world[_ ]size|WORLD_SIZE)\b\s*[:=.]+\s*(\d+)", re.IGNORECASE)),
    ("nproc", "gpu_count", re.compile(r"--nproc[-_]per[-_]node[= ](\d+)")),
    ("num_processes", "gpu_count", re.compile(r"--num_processes[= ](\d+)")),
    ("seq", "sample_tokens", re.compile(r"\b(?:encoder_)?seq_length\s*\.{2,}\s*(\d+)")),
    ("global_batch", "step_samples", re.compile(r"\bglobal_batch_size\s*\.{2,}\s*(\d+)")),
    ("rain batch size", "step_samples", re.compile(r"Total train batch size.*?=\s*([\d,]+)")),
    ("batch", "batch_of_all", re.compile(r"\btrain_batch_size: (\d+)\b")),
    ("ptimization steps", "total_steps", re.compile(r"Total optimization steps\s*=\s*([\d,]+)")),
    ("train images", "epoch_samples", re.compile(r"\bnetwork on the (\d+) train images")),
    ("atch size", "batch_size", re.compile(r"Instantaneous batch size per device\s*=\s*([\d,]+)")),
)
MAKERS = ("NVIDIA", "Tesla", "GeForce", "Quadro")
_SMI = re.compile(r"^\|\s+(\d+)\s+((?:NVIDIA|Tesla|GeForce|Quadro|A\d|H\d|B\d|L\d)[^|]*?)\s+(?:On|Off|N/A)\s*\|")
_SMI_LOAD = re.compile(r"\|\s*[\w/]+\s+\d+C\s+P\d+\s+(\d+)W\s*/\s*\d+W\s*\|\s*(\d+)MiB /\s*\d+MiB")
_LISTED = re.compile(r"^(?:GPU )?(\d+)[,:]\s*((?:NVIDIA|Tesla|GeForce|Quadro)[^,(]*?)\s*(?:,|\(UUID|$)")
_NAMED = re.compile(
    r"(?:CUDA:(\d+) \(|(?:[Dd]evice|GPU)(?: name| type)?\s*[:=]\s*|on device )((?:NVIDIA|Tesla|GeForce|Quadro) [\w \-]+?)(?:,|\)|\s*$|\s*\()"
)
_CAPABILITY = re.compile(r"GPU Compute Capability: (\d+\.\d)")


class MachineFacts:
    """Gathers them line by line."""

    def __init__(self) -> None:
        self._gpus: dict[str, str] = {}
        self._busy = 0

    def read(self, line: Line) -> Iterable[Fact]:
        """The facts of a line; those that need the whole file come from `end`."""
        text = line.text[:400]
        for word, name, pattern in _PATTERNS:
            if word in text and (found := pattern.search(text)) is not None:
                yield Fact(name, number(found[1]))
        if "MiB" in text and (load := _SMI_LOAD.search(text)) is not None and int(load[2]) >= 200:
            self._busy += 1
        is_named = (text.startswith("|") or any(maker in text for maker in MAKERS)) and len(self._gpus) < 4096
        for pattern in (_SMI, _LISTED, _NAMED) if is_named else ():
            found = pattern.search(text)
            if found is not None:
                self._gpus[found[1] or "0"] = found[2].strip()
                break
        if "Compute Capability" in text and (known := _CAPABILITY.search(text)) is not None:
            yield Fact("capability", known[1])
        if "16" not in text and "--amp" not in text:
            return
        if re.search(r"\bbf16 \.+ True|\bbf16=True|--bf16\b", text):
            yield Fact("precision", "bf16")
        elif re.search(r"\bfp16 \.+ True|\bfp16=True|--fp16\b|--amp\b", text):
            yield Fact("precision", "amp")

    def end(self) -> Iterable[Fact]:
        """GPUs that were listed; a table that shows memory held on each of several says that all of them work."""
        names = set(self._gpus.values())
        if len(names) == 1:
            yield Fact("gpu", names.pop())
            yield Fact("gpus_visible", len(self._gpus))
            if self._busy >= len(self._gpus) > 1:
                yield Fact("gpu_count", len(self._gpus))
