"""Run by SkyPilot's own Python: reads task files with SkyPilot's parser and prints what it understood, as JSON.

Usage: with_skypilot.py MACHINES.csv FILE... with HOME set to an empty folder. SkyPilot checks names of machines and regions
against catalogues that it downloads; offline, it gets one made of the rows in MACHINES.csv, in its own columns.
"""

import csv
import json
import os
import sys
from pathlib import Path

COLUMNS = (
    "InstanceType", "vCPUs", "MemoryGiB", "AcceleratorName", "AcceleratorCount", "GpuInfo", "Price", "SpotPrice",
    "Region", "AvailabilityZone",
)  # fmt: skip


def main(machines: str, *files: str) -> None:
    from sky.skylet import constants

    with Path(machines).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    catalogs = Path(os.environ["HOME"]) / ".sky" / "catalogs" / constants.CATALOG_SCHEMA_VERSION
    for cloud in {row["cloud"] for row in rows}:
        path = catalogs / cloud / "vms.csv"
        path.parent.mkdir(parents=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(row for row in rows if row["cloud"] == cloud)

    common = catalogs / "common" / "accelerators.csv"
    common.parent.mkdir()
    names = {row["AcceleratorName"]: row["cloud"] for row in rows if row["AcceleratorName"]}
    common.write_text("AcceleratorName,Clouds\n" + "".join(f"{name},{cloud}\n" for name, cloud in names.items()))
    import sky

    for file in files:
        task = sky.Task.from_yaml(file)
        (resources,) = task.resources
        resources.validate()  # reading checks the shape only; this looks up machine, place and GPUs
        understood = {
            "name": task.name,
            "nodes": task.num_nodes,
            "run": task.run,
            "cloud": str(resources.cloud).lower(),
            "region": resources.region,
            "zone": resources.zone,
            "instance_type": resources.instance_type,
            "accelerators": resources.accelerators,
            "use_spot": resources.use_spot,
            "disk_size": resources.disk_size,
            "image": resources.extract_docker_image(),
        }
        print("UNDERSTOOD", json.dumps(understood))


if __name__ == "__main__":
    main(*sys.argv[1:])
