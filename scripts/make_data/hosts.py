"""`hosts.csv`: the rest of the machine around bought GPUs, and systems sold whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scripts.make_data.tables import cells, number, read_table, write_table

HOST_COLUMNS = (
    "name", "kind", "conditions", "gpu_count", "gpus", "usd", "usd_low", "usd_high", "idle_watts", "load_watts",
    "includes", "basis", "as_of", "source", "note",
)  # fmt: skip

# (kind, condition of the cards it is the usual host for, GPUs it is for). Rows that are not here are shown but never
# chosen: builds at older memory prices, boards without PCIe lanes, and rows that another row replaces.
CHOSEN = {
    "desktop-budget": ("desktop", "used", ""),
    "desktop-new-2026-memory": ("desktop", "new", ""),
    "dual-gpu-desktop": ("desktop", "new used", ""),
    "four-gpu-threadripper-pro": ("desktop", "new", ""),
    "four-gpu-epyc-used": ("desktop", "used", ""),
    "eight-gpu-pcie-server": ("server", "new used", ""),
    "hgx-h100-8": ("baseboard", "new used", "h100-80gb-sxm h200-141gb-sxm"),
    "dgx-a100-complete": ("system", "new", "a100-40gb-sxm"),
    "dgx-h100-complete": ("system", "new", "h100-80gb-sxm"),
    "gb200-nvl72-rack": ("system", "new", "gb200-192gb"),
}
KINDS = {
    "desktop-new": "desktop",
    "three-gpu-workstation": "desktop",
    "four-gpu-mining-frame": "desktop",
    "four-gpu-xeon-workstation": "desktop",
    "used-2u-server-4-gpu": "server",
}
RACK_WALL_WATTS = 126_000.0  # midpoint of the 120 to 132 kW reported for the rack


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRow:
    """One row of `hosts.csv`; watts are without GPUs."""

    name: str
    kind: str
    conditions: str
    gpu_count: int
    gpus: str
    usd: float | None
    usd_low: float | None
    usd_high: float | None
    idle_watts: float | None
    load_watts: float | None
    includes: str
    basis: str
    as_of: str
    source: str
    note: str


def write_hosts(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write `hosts.csv`."""
    return [write_table(out / "hosts.csv", HOST_COLUMNS, (cells(row, HOST_COLUMNS) for row in hosts(reference)))]


def hosts(reference: Path) -> list[HostRow]:
    """Every host that has a price, sorted by the GPUs it holds and its name."""
    rows = read_table(reference / "gpus" / "host-costs.csv")
    return sorted((_host(row) for row in rows if row["host_cost_usd"]), key=lambda row: (row.gpu_count, row.name))


def _host(row: dict[str, str]) -> HostRow:
    kind, condition, gpus = CHOSEN.get(row["setup"], (KINDS.get(row["setup"], ""), "", ""))
    load_watts, note = number(row["host_load_watts"]), row["note"]
    if row["setup"] == "gb200-nvl72-rack":
        # the load is what the rack draws beyond the boards' own limit of 1,200 W each
        load_watts = RACK_WALL_WATTS - 72 * 1200
        note = "whole rack; load watts are 126 kW at the wall less 72 x 1,200 W; idle watts not known"
    return HostRow(
        name=row["setup"],
        kind=kind,
        conditions=condition,
        gpu_count=int(row["gpu_count"]),
        gpus=gpus,
        usd=number(row["host_cost_usd"]),
        usd_low=number(row["host_cost_low_usd"]),
        usd_high=number(row["host_cost_high_usd"]),
        idle_watts=number(row["host_idle_watts"]),
        load_watts=load_watts,
        includes=row["what_is_included"],
        basis=row["basis"],
        as_of=row["as_of"],
        source=row["source"],
        note=note,
    )
