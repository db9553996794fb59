"""Kinds of connection between the GPUs of one machine, as far as they matter for training."""

from __future__ import annotations

from enum import StrEnum

from planner.model.records import Gpu

PCIE_GB_PER_S = 32.0  # 16 lanes of the third generation, both directions together; each generation doubles it


class Link(StrEnum):
    """How the GPUs of one machine talk to each other."""

    SWITCH = "NVSwitch"  # SXM modules, all to all at full rate; AMD's OAM modules are counted here
    MESH = "NVLink mesh"  # V100 SXM2: six links to some neighbours
    PCIE = "PCIe data-centre cards"
    WORKSTATION = "PCIe workstation cards"
    GEFORCE = "PCIe GeForce cards"  # peer-to-peer transfers are switched off from the 20 series on


def link_of(gpu: Gpu) -> Link:
    """The connection that machines with several of this GPU have.

    NVLink bridges join pairs only; the measured machines with bridges scale like those without beyond two GPUs, so a
    bridged card counts as the PCIe card it is.
    """
    name = gpu.interconnect or ""
    if name.startswith("NVLink2") and "bridge" not in name:
        return Link.MESH
    if "bridge" not in name and name:
        return Link.SWITCH
    if gpu.name.startswith(
        ("gtx-", "rtx-20", "rtx-30", "rtx-40", "rtx-50", "titan-", "radeon-vii")
    ) and not gpu.name.endswith("-ada"):
        return Link.GEFORCE
    if gpu.name.startswith(("quadro-", "rtx-", "radeon-")):
        return Link.WORKSTATION
    return Link.PCIE


def link_gb_per_s(gpu: Gpu) -> float | None:
    """Bandwidth of one GPU's link to the others, both directions together, in GB/s; `None` if not known."""
    if gpu.interconnect_gb_per_s is not None or gpu.pcie_generation is None:
        return gpu.interconnect_gb_per_s
    return PCIE_GB_PER_S * 2.0 ** (gpu.pcie_generation - 3)
