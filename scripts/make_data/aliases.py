"""Spellings of GPUs: by rule from the maker's name, and by name where a rule would guess."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.model.records import Gpu

MAKER = "maker's product name"
SHORT = "common spelling"
DRIVER = "product name as nvidia-smi prints it"
GCP = "GCP accelerator type"
AWS = "AWS DescribeInstanceTypes"
LAMBDA = "Lambda Cloud GPU description"
RUNPOD = "RunPod GPU name"
VAST = "Vast.ai GPU name"
SKYPILOT = "SkyPilot catalog accelerator name"
ORACLE = "Oracle Cloud shape"
VERDA = "Verda GPU name"
HYPERSTACK = "Hyperstack GPU name"

A100 = "a100-40gb-pcie a100-40gb-sxm a100-80gb-pcie a100-80gb-sxm"
A100_40 = "a100-40gb-pcie a100-40gb-sxm"
A100_80 = "a100-80gb-pcie a100-80gb-sxm"
A100_PCIE = "a100-40gb-pcie a100-80gb-pcie"
A100_SXM = "a100-40gb-sxm a100-80gb-sxm"
H100 = "h100-80gb-pcie h100-80gb-sxm h100-94gb-nvl"
H200 = "h200-141gb-nvl h200-141gb-sxm"
V100 = "v100-16gb v100-32gb"

# (spelling, keys, who spells it so). GCP and nvidia-smi names mean exactly one variant, although they read short.
NAMED = (
    ("a100", A100, SHORT), ("nvidia a100", A100, SHORT), ("tesla a100", A100, SHORT),
    ("a100-40gb", A100_40, SHORT), ("a100-40g", A100_40, SHORT), ("a100 40 gb", A100_40, SHORT),
    ("a100-80gb", A100_80, SHORT), ("a100-80g", A100_80, SHORT), ("a100 80 gb", A100_80, SHORT),
    ("a100-pcie", A100_PCIE, SHORT), ("nvidia a100 pcie", A100_PCIE, SHORT),
    ("a100-sxm", A100_SXM, SHORT), ("a100-sxm4", A100_SXM, VAST), ("nvidia a100 sxm", A100_SXM, SHORT),
    ("nvidia-tesla-a100", "a100-40gb-sxm", GCP), ("nvidia-a100-80gb", "a100-80gb-sxm", GCP),
    ("a100-sxm4-40gb", "a100-40gb-sxm", DRIVER), ("nvidia a100-sxm4-40gb", "a100-40gb-sxm", DRIVER),
    ("a100-sxm4-80gb", "a100-80gb-sxm", DRIVER), ("nvidia a100-sxm4-80gb", "a100-80gb-sxm", DRIVER),
    ("a100-pcie-40gb", "a100-40gb-pcie", DRIVER), ("nvidia a100-pcie-40gb", "a100-40gb-pcie", DRIVER),
    ("nvidia a100 80gb pcie", "a100-80gb-pcie", DRIVER), ("a100-pcie-80gb", "a100-80gb-pcie", SHORT),
    ("a100-40gb-sxm4", "a100-40gb-sxm", SHORT), ("a100-80gb-sxm4", "a100-80gb-sxm", SHORT),
    ("a100 (40 gb sxm4)", "a100-40gb-sxm", LAMBDA), ("a100 (80 gb sxm4)", "a100-80gb-sxm", LAMBDA),
    ("a100 (40 gb pcie)", "a100-40gb-pcie", LAMBDA),
    ("h100", H100, SHORT), ("nvidia h100", H100, SHORT), ("h100-80gb", "h100-80gb-pcie h100-80gb-sxm", SHORT),
    ("h100 80 gb", "h100-80gb-pcie h100-80gb-sxm", SHORT),
    ("h100-pcie", "h100-80gb-pcie", DRIVER), ("nvidia h100 pcie", "h100-80gb-pcie", DRIVER),
    ("h100-pcie-80gb", "h100-80gb-pcie", SHORT), ("h100 (80 gb pcie)", "h100-80gb-pcie", LAMBDA),
    ("h100-sxm", "h100-80gb-sxm", VAST), ("h100-sxm5", "h100-80gb-sxm", SHORT), ("h100-sxm5-80gb", "h100-80gb-sxm", SHORT),
    ("h100-80gb-sxm5", "h100-80gb-sxm", SHORT), ("nvidia h100 sxm", "h100-80gb-sxm", SHORT),
    ("h100 (80 gb sxm5)", "h100-80gb-sxm", LAMBDA), ("h100-80gb-hbm3", "h100-80gb-sxm", RUNPOD),
    ("nvidia h100 80gb hbm3", "h100-80gb-sxm", DRIVER), ("nvidia-h100-80gb", "h100-80gb-sxm", GCP),
    ("nvidia-h100-mega-80gb", "h100-80gb-sxm", GCP), ("h100-mega", "h100-80gb-sxm", SKYPILOT),
    ("h100-nvl", "h100-94gb-nvl", DRIVER), ("nvidia h100 nvl", "h100-94gb-nvl", DRIVER), ("h100-94gb", "h100-94gb-nvl", SHORT),
    ("h200", H200, SHORT), ("nvidia h200", H200, SHORT), ("h200-141gb", H200, SHORT),
    ("nvidia-h200-141gb", "h200-141gb-sxm", GCP), ("h200-sxm", "h200-141gb-sxm", SHORT), ("h200-sxm5", "h200-141gb-sxm", SHORT),
    ("h200-nvl", "h200-141gb-nvl", DRIVER), ("nvidia h200 nvl", "h200-141gb-nvl", DRIVER),
    ("gh200", "gh200-96gb", SHORT), ("nvidia gh200", "gh200-96gb", SHORT), ("gh200 (96 gb)", "gh200-96gb", LAMBDA),
    ("nvidia gh200 480gb", "gh200-96gb", DRIVER), ("gh200-480gb", "gh200-96gb", DRIVER), ("grace hopper", "gh200-96gb", SHORT),
    ("b200", "b200-180gb-sxm", SHORT), ("nvidia-b200", "b200-180gb-sxm", GCP), ("b200-sxm", "b200-180gb-sxm", SHORT),
    ("b200-180gb", "b200-180gb-sxm", SHORT), ("b200-192gb", "b200-180gb-sxm", MAKER), ("b200-sxm6", "b200-180gb-sxm", LAMBDA),
    ("b200 (180 gb sxm6)", "b200-180gb-sxm", LAMBDA),
    ("b300", "b300-288gb-sxm", SHORT), ("nvidia-b300", "b300-288gb-sxm", SHORT), ("b300-sxm", "b300-288gb-sxm", SHORT),
    ("b300-288gb", "b300-288gb-sxm", SHORT), ("b300-sxm6-ac", "b300-288gb-sxm", RUNPOD),
    ("nvidia b300 sxm6 ac", "b300-288gb-sxm", DRIVER),
    ("gb200", "gb200-192gb", SHORT), ("nvidia-gb200", "gb200-192gb", GCP), ("gb200-nvl72", "gb200-192gb", MAKER),
    ("gb300", "gb300-288gb", SHORT), ("nvidia-gb300", "gb300-288gb", GCP), ("gb300-nvl72", "gb300-288gb", MAKER),
    ("v100", V100, SHORT), ("nvidia v100", V100, SHORT), ("tesla v100", V100, VAST), ("v100-sxm2", V100, SHORT),
    ("tesla v100-sxm2", V100, SHORT), ("nvidia-tesla-v100", "v100-16gb", GCP), ("v100-16g", "v100-16gb", SHORT),
    ("v100-sxm2-16gb", "v100-16gb", DRIVER), ("tesla v100-sxm2-16gb", "v100-16gb", DRIVER), ("v100 (16 gb)", "v100-16gb", LAMBDA),
    ("v100-32g", "v100-32gb", SHORT), ("v100-sxm2-32gb", "v100-32gb", DRIVER), ("tesla v100-sxm2-32gb", "v100-32gb", DRIVER),
    ("p100", "p100-16gb", SHORT), ("tesla p100", "p100-16gb", MAKER), ("nvidia p100", "p100-16gb", SHORT), ("nvidia-tesla-p100", "p100-16gb", GCP),
    ("nvidia-tesla-p100-vws", "p100-16gb", GCP), ("tesla p100-pcie-16gb", "p100-16gb", DRIVER),
    ("p100-pcie-16gb", "p100-16gb", DRIVER),
    ("tesla k80", "k80", DRIVER), ("nvidia-tesla-k80", "k80", GCP), ("nvidia k80", "k80", SHORT),
    ("tesla m60", "m60", DRIVER), ("nvidia m60", "m60", SHORT), ("nvidia tesla m60", "m60", MAKER),
    ("tesla p4", "p4", DRIVER), ("nvidia-tesla-p4", "p4", GCP), ("nvidia-tesla-p4-vws", "p4", GCP), ("nvidia p4", "p4", SHORT),
    ("tesla p40", "p40", DRIVER), ("nvidia tesla p40", "p40", MAKER), ("nvidia p40", "p40", SHORT),
    ("tesla t4", "t4", DRIVER), ("nvidia-tesla-t4", "t4", GCP), ("nvidia-tesla-t4-vws", "t4", GCP), ("nvidia-t4", "t4", SHORT),
    ("nvidia t4g", "t4g", SHORT), ("tesla t4g", "t4g", MAKER),
    ("a10-24gb", "a10", SHORT), ("a10 (24 gb pcie)", "a10", LAMBDA), ("a10g-24gb", "a10g", SHORT),
    ("nvidia-l4-vws", "l4", GCP), ("l4-24gb", "l4", SHORT), ("l40s-48gb", "l40s", SHORT), ("l40-48gb", "l40", SHORT),
    ("a16 (one of four)", "a16", SHORT), ("a16-16gb", "a16", SHORT), ("a30-24gb", "a30", SHORT), ("a40-48gb", "a40", SHORT),
    ("a4000", "rtx-a4000", SHORT), ("a4500", "rtx-a4500", SHORT), ("a5000", "rtx-a5000", SHORT), ("a6000", "rtx-a6000", SHORT),
    ("quadro rtx a6000", "rtx-a6000", SHORT), ("a6000 (48 gb)", "rtx-a6000", LAMBDA), ("rtx a6000 48gb", "rtx-a6000", SHORT),
    ("rtx 4000", "quadro-rtx-4000 rtx-4000-ada", SHORT), ("rtx 5000", "quadro-rtx-5000 rtx-5000-ada", SHORT),
    ("rtx 6000", "quadro-rtx-6000 rtx-6000-ada", SHORT), ("rtx6000", "quadro-rtx-6000 rtx-6000-ada", SHORT),
    ("rtx 6000 (24 gb)", "quadro-rtx-6000", LAMBDA),
    ("rtx 8000", "quadro-rtx-8000", SHORT), ("rtx8000", "quadro-rtx-8000", SHORT),
    ("6000 ada", "rtx-6000-ada", SHORT), ("rtx a6000 ada", "rtx-6000-ada", SHORT), ("rtx ada 6000", "rtx-6000-ada", SHORT),
    ("rtx 6000ada", "rtx-6000-ada", VAST), ("rtx6000 ada", "rtx-6000-ada", RUNPOD),
    ("rtx4000 ada", "rtx-4000-ada", RUNPOD), ("rtx 4000ada", "rtx-4000-ada", SHORT), ("rtx 5000ada", "rtx-5000-ada", SHORT),
    ("rtx 2000ada", "rtx-2000-ada", SHORT),
    ("rtx pro 6000", "rtx-pro-6000-blackwell", SHORT), ("rtx pro 6000 ws", "rtx-pro-6000-blackwell", VAST),
    ("rtx pro 6000 s", "rtx-pro-6000-blackwell", SHORT), ("rtx pro server 6000", "rtx-pro-6000-blackwell", AWS),
    ("nvidia-rtx-pro-6000", "rtx-pro-6000-blackwell", GCP), ("nvidia-rtx-pro-6000-vws", "rtx-pro-6000-blackwell", GCP),
    ("rtxpro6000", "rtx-pro-6000-blackwell", SKYPILOT), ("rtx 6000 pro", "rtx-pro-6000-blackwell", SHORT),
    ("nvidia rtx pro 6000 blackwell workstation edition", "rtx-pro-6000-blackwell", DRIVER),
    ("nvidia rtx pro 6000 blackwell server edition", "rtx-pro-6000-blackwell", DRIVER),
    ("rtx pro 6000 blackwell workstation edition", "rtx-pro-6000-blackwell", DRIVER),
    ("rtx pro 6000 blackwell server edition", "rtx-pro-6000-blackwell", DRIVER),
    ("titanrtx", "titan-rtx", SHORT), ("titanv", "titan-v", SHORT),
    ("gtx 1050 2gb", "gtx-1050", SHORT), ("rtx 3060 12gb", "rtx-3060", SHORT), ("rtx 3080 10gb", "rtx-3080", SHORT),
    ("rtx 3090 24gb", "rtx-3090", SHORT), ("rtx 4090 24gb", "rtx-4090", SHORT), ("rtx 5090 32gb", "rtx-5090", SHORT),
    ("amd radeon vii", "radeon-vii", MAKER), ("radeon 7", "radeon-vii", SHORT),
    ("v520", "radeon-pro-v520", SHORT), ("amd radeon pro v520", "radeon-pro-v520", MAKER),
    ("bm.gpu2", "p100-16gb", ORACLE), ("vm.gpu2", "p100-16gb", ORACLE), ("bm.gpu3", "v100-16gb", ORACLE), ("vm.gpu3", "v100-16gb", ORACLE),
    ("bm.gpu4", "a100-40gb-sxm", ORACLE), ("bm.gpu.b4", "a100-40gb-sxm", ORACLE), ("bm.gpu.gm4", "a100-80gb-sxm", ORACLE),
    ("bm.gpu.gu1", "a10", ORACLE), ("vm.gpu.gu1", "a10", ORACLE),
    ("b300 sxm6", "b300-288gb-sxm", VERDA), ("rtx pro6000 se", "rtx-pro-6000-blackwell", HYPERSTACK),
    ("amd instinct mi300x oam", "mi300x", RUNPOD), ("gh200 sxm", "gh200-96gb", VAST), ("q rtx 4000", "quadro-rtx-4000", VAST),
    ("q rtx 6000", "quadro-rtx-6000", VAST), ("q rtx 8000", "quadro-rtx-8000", VAST),
    ("amd mi25", "mi25", SHORT), ("amd mi50", "mi50", SHORT), ("amd radeon instinct mi50", "mi50", MAKER),
    ("radeon instinct mi50", "mi50", MAKER), ("instinct mi25", "mi25", SHORT), ("instinct mi50", "mi50", SHORT),
)  # fmt: skip


def aliases_by_rule(gpu: Gpu) -> Iterator[tuple[str, str]]:
    """Spellings that follow from key and display name: with and without the maker, the brand and the memory size."""
    plain = re.sub(r"\s*\(.*\)", "", gpu.display_name)
    yield gpu.display_name, MAKER
    yield plain, MAKER
    yield f"{gpu.vendor} {plain}", MAKER
    yield f"{gpu.vendor} {gpu.name}", SHORT
    yield from _workstation_and_desktop(gpu.name)
    if gpu.name.startswith("mi"):
        yield f"instinct {gpu.name}", MAKER
        yield f"amd instinct {gpu.name}", MAKER


def _workstation_and_desktop(key: str) -> Iterator[tuple[str, str]]:
    desktop = re.fullmatch(r"(rtx|gtx)-(\d+)(-ti)?", key)
    if desktop:
        brand, digits, suffix = desktop[1], desktop[2], (desktop[3] or "").strip("-")
        yield f"geforce {key}", MAKER
        yield f"nvidia geforce {key}", DRIVER
        yield f"{digits} {suffix}", SHORT
        yield f"{digits}{suffix}", SHORT
        yield f"{brand}{digits} {suffix}", RUNPOD
        yield f"{brand}{digits}{suffix}", SHORT
        yield f"{brand} {digits}{suffix}", SHORT
    elif re.fullmatch(r"rtx-a\d+", key):
        yield key.replace("-", ""), RUNPOD
        yield f"nvidia {key}", DRIVER
    elif re.fullmatch(r"rtx-\d+-ada", key):
        yield f"nvidia {key} generation", DRIVER
