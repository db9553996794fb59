"""Which GPUs the frameworks still have, or never had, builds for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from planner.hardware.access import Checked, is_in_default_wheel, wheel_support
from planner.hardware.gpus import load_gpus
from planner.hardware.tables import read_table
from planner.model.frozen import dataclass
from planner.model.records import Gpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """A framework's newest release, the compute capabilities it is built for and what became of it, from `data/frameworks.csv`.

    An end is `None` where the release has none that is known.
    """

    framework: str
    version: str
    oldest_compute_capability: float | None
    newest_compute_capability: float | None
    status: str
    source: str
    checked: Checked
    as_of: str


def framework_problem(name: str, gpu: str) -> str | None:
    """Why the newest release of a framework does not run on a GPU; `None` if nothing speaks against it, or nothing is known."""
    known, sheet = framework_named(name), load_gpus().get(gpu)
    if known is None or sheet is None:  # a processor has no compute capability
        return None
    try:
        capability = float(sheet.compute_capability)
    except ValueError:
        return _problem_of_amd(known.framework, sheet)
    low, high = known.oldest_compute_capability, known.newest_compute_capability
    if (low is None or capability >= low) and (high is None or capability <= high):
        return None
    return f"{known.framework} {known.version} has no builds for compute capability {capability:g}: {known.status}"


def wheel_problem(name: str | None, gpu: str) -> str | None:
    """Why PyTorch as it is installed today does not run on a GPU, and what does; without a name PyTorch is meant.

    `None` if it runs, if the framework is another one, or if nothing is known.
    """
    sheet = load_gpus().get(gpu)
    if sheet is None or is_in_default_wheel(sheet) or not is_pytorch(name):
        return None
    return f"{gpu} needs another wheel of PyTorch: {wheel_support()[sheet.compute_capability].note}"


def is_pytorch(name: str | None) -> bool:
    """Whether a framework that was asked for is PyTorch, which is meant where none was."""
    known = None if name is None else framework_named(name)
    return name is None or (known is not None and known.framework == "pytorch")


def _problem_of_amd(framework: str, gpu: Gpu) -> str | None:
    """The same of a GPU of AMD, whose builds are others: by what its data sheet row says of each framework."""
    said = dict(entry.strip().partition(" ")[::2] for entry in gpu.frameworks.split(";"))
    if "no" not in [said.get(name) for name in _ON_AMD.get(framework, ())]:
        return None
    return f"{framework} has no builds for {gpu.compute_capability}"


_ON_AMD = {"tensorflow": ("tf-rocm", "tf"), "mxnet": ("mxnet",), "caffe": ("caffe",)}
"""How the column `frameworks` of `data/gpus.csv` calls the builds that cards of AMD may have."""


def framework_named(name: str) -> Framework | None:
    """The framework that a name begins with: `tensorflow2` is tensorflow, `pytorch-timm` pytorch; `None` if none is known."""
    plain = name.strip().lower()
    return next((one for key, one in load_frameworks().items() if plain.startswith(key)), None)


@cache
def load_frameworks() -> Mapping[str, Framework]:
    """Every framework of the shipped table by its name."""
    return read_table("frameworks.csv", Framework, lambda row: row.framework)
