"""`aws_instance_types.csv`: the GPUs of EC2 instance types, for refreshes without an account and as a cross-check.

From recorded replies of DescribeInstanceTypes; types that no longer appear there, or were not recorded, from the price
books that name their hardware.
"""

from __future__ import annotations

import json
from pathlib import Path

from providers.aws_types import InstanceType, described_type
from scripts.make_data.tables import COMPILED_ON, cell, number, read_table, write_table

COLUMNS = ("instance_type", "gpu", "gpu_count", "vcpus", "memory_gib", "network_gbps", "source", "as_of")
_RECORDED = "EC2 DescribeInstanceTypes as recorded in getmoto/moto 5.2.5"
_NOT_RECORDED = "g4ad."  # the folder's entries of this family are put together by hand


def write_aws_instance_types(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write the table into `out`; the books there must have been written before."""
    rows = _from_books(out / "prices" / "aws") | _from_recordings(reference / "apis" / "fixtures" / "aws")
    return [write_table(out / "aws_instance_types.csv", COLUMNS, [rows[name] for name in sorted(rows)])]


def _from_recordings(folder: Path) -> dict[str, list[str]]:
    rows = {}
    for path in sorted(folder.glob("describe_instance_types_p*.boto3.json")):
        for entry in json.loads(path.read_text(encoding="utf-8"))["InstanceTypes"]:
            found = described_type(entry)
            if isinstance(found, InstanceType) and not found.name.startswith(_NOT_RECORDED):
                rows[found.name] = _row(found, _RECORDED, COMPILED_ON)
    return rows


def _from_books(folder: Path) -> dict[str, list[str]]:
    rows = {}
    for path in sorted(folder.glob("*.csv")):
        for row in read_table(path):
            found = InstanceType(
                name=row["instance_type"],
                gpu=row["gpu"],
                gpu_count=float(row["gpu_count"]),
                vcpus=number(row["vcpus"]),
                memory_gib=number(row["memory_gib"]),
                network_gbps=number(row["network_gbps"]),
            )
            rows[found.name] = _row(found, row["source"], row["observed_on"])
    return rows


def _row(found: InstanceType, source: str, as_of: str) -> list[str]:
    hardware = (found.gpu, found.gpu_count, found.vcpus, found.memory_gib, found.network_gbps)
    return [found.name, *(cell(value) for value in hardware), source, as_of]
