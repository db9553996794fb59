"""Which GPUs the frameworks still have, or never had, builds for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from planner.hardware.access import Builds, Checked, FrameworkBuild, builds_of
from planner.hardware.gpus import load_gpus
from planner.hardware.tables import read_table
from planner.model.frozen import dataclass

BACKENDS = ("tensorflow", "pytorch")
"""What Keras runs on: it has no kernels of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """A framework's newest release and what became of it, from `data/frameworks.csv`."""

    framework: str
    version: str
    status: str
    source: str
    checked: Checked
    as_of: str


def framework_problem(name: str, gpu: str) -> str | None:
    """Why no release of a framework that is installed today runs on a GPU; `None` if one does, or nothing is known.

    Keras runs where one of its backends does.
    """
    known = framework_named(name)
    if known is not None and known.framework == "keras":
        problems = [framework_problem(backend, gpu) for backend in BACKENDS]
        return None if None in problems else f"keras runs by its backend: {'; '.join(filter(None, problems))}"
    build = _build(name, gpu)
    if known is None or build is None or build.builds is not Builds.NONE:
        return None
    return f"{known.framework} {known.version} has no builds for compute capability {build.compute_capability}: {build.note}"


def wheel_problem(name: str | None, gpu: str) -> str | None:
    """Why a framework as it is installed today does not run on a GPU, and what does; without a name PyTorch is meant.

    `None` if it runs, or if nothing is known. Keras is well where one of its backends is.
    """
    known = framework_named(name or "pytorch")
    if known is not None and known.framework == "keras":
        problems = [wheel_problem(backend, gpu) for backend in BACKENDS]
        return None if None in problems else problems[-1]
    build = _build(name or "pytorch", gpu)
    if known is None or build is None or build.builds is Builds.DEFAULT:
        return None
    if known.framework == "pytorch":
        return f"{gpu} needs another wheel of PyTorch: {build.note}"
    return f"{gpu} needs other builds of {known.framework} than today's: {build.note}"


def _build(name: str, gpu: str) -> FrameworkBuild | None:
    """The row of a framework and a GPU; a processor has no compute capability, and one that is described none that is known."""
    known, sheet = framework_named(name), load_gpus().get(gpu)
    return None if known is None or sheet is None else builds_of(known.framework).get(sheet.compute_capability)


def is_pytorch(name: str | None) -> bool:
    """Whether a framework that was asked for is PyTorch, which is meant where none was."""
    known = None if name is None else framework_named(name)
    return name is None or (known is not None and known.framework == "pytorch")


def framework_named(name: str) -> Framework | None:
    """The framework that a name begins with: `tensorflow2` is tensorflow, `pytorch-timm` pytorch; `None` if none is known."""
    plain = name.strip().lower()
    return next((one for key, one in load_frameworks().items() if plain.startswith(key)), None)


@cache
def load_frameworks() -> Mapping[str, Framework]:
    """Every framework of the shipped table by its name."""
    return read_table("frameworks.csv", Framework, lambda row: row.framework)
