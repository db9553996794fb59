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
    "dgx-b200-complete": ("system", "new", "b200-180gb-sxm"),
    "gb200-nvl72-rack": ("system", "new", "gb200-192gb"),
}
KINDS = {
    "desktop-new": "desktop",
    "three-gpu-workstation": "desktop",
    "four-gpu-mining-frame": "desktop",
    "four-gpu-xeon-workstation": "desktop",
    "used-2u-server-4-gpu": "server",
}
SYSTEM_LIMIT_WATTS = {
    "dgx-a100-complete": (6_500.0, 8 * 400),
    "dgx-h100-complete": (10_200.0, 8 * 700),
    "dgx-b200-complete": (14_300.0, 8 * 1000),
    "gb200-nvl72-rack": (126_000.0, 72 * 1200),  # midpoint of the 120 to 132 kW reported for the rack
}
"""Input power a system is rated for, and the limit of its GPUs together, in watts."""

RATED_SHARE, GPU_SHARE = 0.76, 0.8
"""Part of its rating that a node of eight H100 draws in training (arXiv:2506.14551), and the part of their limit that GPUs are
planned with: the rest of the system draws what is left between the two."""

PRICED_ELSEWHERE = {
    "dgx-b200-complete": (
        "515000",
        "407000",
        "515000",
        "2025-03",
        "vengineer.hatenablog.com, 16 March 2025 (515,000 USD); low: 8 modules of 41,500 (runlocalai.co, Q1 2026) and 75,000 for the rest",
    ),
}
"""Price, low, high, date and source of systems whose row has none."""


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
    rows = [_priced(row) for row in read_table(reference / "gpus" / "host-costs.csv")]
    found = [_host(row) for row in rows if row["host_cost_usd"]]
    return sorted([*found, HGX_B300], key=lambda row: (row.gpu_count, row.name))


def _priced(row: dict[str, str]) -> dict[str, str]:
    if row["setup"] not in PRICED_ELSEWHERE:
        return row
    usd, low, high, as_of, source = PRICED_ELSEWHERE[row["setup"]]
    return {
        **row,
        "host_cost_usd": usd,
        "host_cost_low_usd": low,
        "host_cost_high_usd": high,
        "as_of": as_of,
        "source": f"{source}; {row['source']}",
        "note": "row is the WHOLE system, do not add GPU prices",
    }


def _host(row: dict[str, str]) -> HostRow:
    kind, condition, gpus = CHOSEN.get(row["setup"], (KINDS.get(row["setup"], ""), "", ""))
    load_watts, note = number(row["host_load_watts"]), row["note"]
    if row["setup"] in SYSTEM_LIMIT_WATTS:
        rated, gpus_limit = SYSTEM_LIMIT_WATTS[row["setup"]]
        load_watts = round(RATED_SHARE * rated - GPU_SHARE * gpus_limit)
        note = f"whole system with its GPUs; load watts are {RATED_SHARE:.0%} of {rated:,.0f} W less {GPU_SHARE:.0%} of the GPUs' {gpus_limit:,} W"
        if not row["host_idle_watts"]:
            note += "; idle watts not known"
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


HGX_B300 = HostRow(
    name="b300-server-complete",
    kind="system",
    conditions="new",
    gpu_count=8,
    gpus="b300-288gb-sxm",
    usd=325_000.0,
    usd_low=300_000.0,
    usd_high=350_000.0,
    idle_watts=None,
    load_watts=None,
    includes="complete system including 8 B300 GPUs",
    basis="reported",
    as_of="2026-05",
    source="ifactoryapp.com DGX B200 and B300 comparison, 1 May 2026 (300,000-350,000 for a full system)",
    note="whole system with its GPUs; midpoint; what it draws besides its GPUs is not known",
)
"""The only complete B300 system with a published price; it has no row among the hosts."""
