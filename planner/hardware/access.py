"""Whether anybody can rent a machine, and today's software runs on it: regions that are not open to all, Arm hosts, wheels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache

from planner.hardware.globs import matches
from planner.hardware.gpus import load_gpus
from planner.hardware.tables import read_columns, read_rows, read_table
from planner.model.frozen import dataclass
from planner.model.records import Gpu


class Access(StrEnum):
    """Who may rent in a region; `OPEN` is every account, at once."""

    OPEN = "open"
    OPT_IN = "opt_in"  # every account, after switching it on
    EDGE = "edge"
    GOVERNMENT = "government"
    SOVEREIGN = "sovereign"
    RESTRICTED = "restricted"
    UNLISTED = "unlisted"  # has prices, but is in no list of regions

    @property
    def is_closed(self) -> bool:
        """Whether an ordinary account cannot rent there."""
        return self not in (Access.OPEN, Access.OPT_IN)


class Checked(StrEnum):
    """How sure a fact is: its source was read, or it still rests on judgement or on general knowledge."""

    READ = "read"
    JUDGEMENT = "judgement"
    GENERAL_KNOWLEDGE = "general knowledge"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionAccess:
    """Who may rent in the regions of a provider that a glob matches, from `data/region_access.csv`."""

    provider: str
    region_pattern: str
    access: Access
    why: str
    source: str
    checked: Checked
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmHost:
    """A GPU whose host has an Arm processor, from `data/arm_hosts.csv`."""

    gpu: str
    host_cpu: str
    source: str
    checked: Checked
    as_of: date


class Builds(StrEnum):
    """Whether a framework as it is installed today holds code for a GPU."""

    DEFAULT = "default"
    OTHER = "other"  # another wheel, an old release or an own build does
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkBuild:
    """What of a framework's builds runs on the GPUs of a compute capability, from `data/wheel_support.csv`."""

    framework: str
    compute_capability: str
    builds: Builds
    note: str
    source: str
    checked: Checked
    as_of: date


@cache
def access_to(provider: str, region: str) -> Access:
    """Who may rent in that region; a region that no row names is open."""
    for pattern, access in _patterns().get(provider, ()):
        if matches(region, pattern):
            return Access(access)
    return Access.OPEN


def has_arm_host(gpu: str) -> bool:
    """Whether machines with that GPU have an Arm processor, for which x86 images and wheels are of no use."""
    return gpu in arm_hosts()


def is_in_default_wheel(gpu: Gpu) -> bool:
    """Whether PyTorch as it is installed today holds code for the GPU; one of an unlisted generation counts as new."""
    known = builds_of("pytorch").get(gpu.compute_capability)
    return known is None or known.builds is Builds.DEFAULT


def architecture_of(gpu: str) -> str:
    """The architecture of a GPU without its chip: `Blackwell` of a B200, `CDNA3` of an MI300X."""
    return load_gpus()[gpu].architecture.partition(" ")[0]


@cache
def region_access() -> Mapping[tuple[str, str], RegionAccess]:
    """Every row of the table of regions, by provider and glob."""
    return read_table("region_access.csv", RegionAccess, lambda row: (row.provider, row.region_pattern))


@cache
def arm_hosts() -> Mapping[str, ArmHost]:
    """GPUs whose hosts have an Arm processor."""
    return read_table("arm_hosts.csv", ArmHost, lambda row: row.gpu)


@cache
def builds_of(framework: str) -> Mapping[str, FrameworkBuild]:
    """What the builds of a framework hold, by compute capability; none of a framework without rows."""
    rows = read_rows("wheel_support.csv", FrameworkBuild, holding=f"\n{framework},")
    return {row.compute_capability: row for row in rows}


@cache
def _patterns() -> Mapping[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for provider, pattern, access in read_columns("region_access.csv", "provider", "region_pattern", "access"):
        found.setdefault(provider, []).append((pattern, access))
    return found
