"""Attack refreshes and pulls and count what readers see: python benchmarks/reliability.py [--kills N] [--readers N].

Every line must end in `broken 0`. Needs a system with fork (Linux, macOS). The attacks are those of
`tests/prices/stress.py`, run longer.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.prices import stress

DISK_LIMITS = [0, 50, 100, 200, 400, *range(500, 30_000, 500), 1_000_000]


def small_disk(folder: Path) -> dict[str, int]:
    """Refresh onto a real file system of 256 KiB until it is full, and on; needs root on Linux."""
    data_dir, listed = folder / "data", folder / "list.json"
    data_dir.mkdir()
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(data_dir)], check=False, capture_output=True
    )
    if mounted.returncode:
        return {"skipped, cannot mount": 1, "broken": 0}
    stress.use_fakecloud(listed)
    counted = {"written": 0, "refused": 0, "broken": 0}
    try:
        for version in range(30):
            stress.set_version(listed, version)
            error = stress.refresh_once(data_dir)
            counted["refused" if error else "written"] += 1
            if error is None:
                last = version
            counted["broken"] += stress.newest_price(data_dir) != round(2 + last / 1000, 6)
            counted["broken"] += error is not None and "No space left on device" not in error
    finally:
        subprocess.run(["/bin/umount", str(data_dir)], check=True)
    return counted


def main() -> None:
    """Run every attack in a folder of its own and print its counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--races", type=int, default=50)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--refreshes", type=int, default=10)
    parser.add_argument("--only", default="", help="attacks whose name holds this text")
    options = parser.parse_args()
    attacks: dict[str, Callable[[Path], dict[str, int]]] = {
        "SIGKILL at random moments": partial(stress.kill_at_random_moments, count=options.kills),
        "SIGKILL at random moments of a pull": partial(stress.kill_pulls_at_random_moments, count=options.kills),
        "disk full (limit on a file)": partial(stress.fill_the_disk, limits=DISK_LIMITS),
        "disk full (a disk of 256 KiB)": small_disk,
        "read-only folder": stress.forbid_writing,
        "two refreshes at once": partial(stress.race, rounds=options.races),
        "readers during refreshes": partial(
            stress.read_during_refreshes, readers=options.readers, refreshes=options.refreshes
        ),
    }
    for name, attack in attacks.items():
        if options.only not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)  # one attack reads it as another user
            began = time.perf_counter()
            counted = attack(Path(folder))
            for path in Path(folder).rglob("*"):
                path.chmod(0o755)
        counts = ", ".join(f"{what.replace('_', ' ')} {count:,}" for what, count in counted.items())
        print(f"{name} ({time.perf_counter() - began:.0f} s): {counts}", flush=True)


if __name__ == "__main__":
    main()
