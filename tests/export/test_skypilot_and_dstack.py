"""Tasks by the parsers of SkyPilot and dstack themselves, which live in an environment of their own."""

import csv
import json
import os
import subprocess
from pathlib import Path

import pytest

from planner.export.dstack import _GPUS as DSTACK_GPUS
from planner.export.dstack import PROVIDERS as DSTACK_PROVIDERS
from planner.export.skypilot import PROVIDERS as SKYPILOT_PROVIDERS
from tests.conftest import ROOT
from tests.export.exports import CASES, case, rows

PYTHON = ROOT / ".venv-export" / "bin" / "python"
HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PYTHON.exists(),
        reason="SkyPilot and dstack are not installed: .ci/run does it, see tests/export/requirements.txt",
    ),
]


@pytest.fixture(scope="module")
def skypilot(tmp_path_factory):
    """Every golden export and every row on the price lists, as SkyPilot reads it: (name or estimate, what it understood)."""
    folder = tmp_path_factory.mktemp("skypilot")
    golden = [(name, case(name, image="team/image:1")) for name in CASES if name.startswith("skypilot")]
    exports = [*golden, *rows("skypilot", purchases=["on_demand", "spot"])]
    machines = folder / "machines.csv"
    with machines.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            (
                "cloud",
                "InstanceType",
                "Region",
                "AcceleratorName",
                "AcceleratorCount",
                "vCPUs",
                "MemoryGiB",
                "Price",
                "SpotPrice",
            )
        )
        writer.writerows(_machines([found for found, _ in exports if not isinstance(found, str)]))
    return list(
        zip([found for found, _ in exports], _understood(folder, "with_skypilot.py", exports, machines), strict=True)
    )


def _machines(estimates):
    """Machines and places in the spelling of SkyPilot's catalogues (v8), at the prices of the estimates."""
    for found in estimates:
        offer = found.offer
        machine, _, attached = offer.instance_type.partition("+")
        place = ", ".join(["", *offer.region.split("/")][-3:]) if offer.provider == "vast" else offer.region
        gpu = attached.rpartition("-")[2].upper() if attached else "GPU"
        yield offer.provider, machine, place, "" if attached else gpu, offer.gpu_count, 8, 64, 1, 1
        if attached:  # Google's are listed apart
            yield offer.provider, "", place, gpu, int(offer.gpu_count), "", "", 1, 1


@pytest.fixture(scope="module")
def dstack(tmp_path_factory):
    """The same for dstack, and the GPUs that it knows."""
    golden = [(name, case(name, image="team/image:1")) for name in CASES if name.startswith("dstack")]
    exports = [*golden, *rows("dstack", purchases=["on_demand", "spot"])]
    understood = _understood(tmp_path_factory.mktemp("dstack"), "with_dstack.py", exports)
    return list(zip([found for found, _ in exports], understood, strict=True))


def _understood(folder, script, exports, *first):
    files = []
    for index, (_, text) in enumerate(exports):
        path = folder / f"{index}.yaml"
        path.write_text(text, encoding="utf-8")
        files.append(path)
    done = _run(folder, script, *first, *files)
    return [
        json.loads(line.removeprefix("UNDERSTOOD ")) for line in done.splitlines() if line.startswith("UNDERSTOOD ")
    ]


def _run(folder, script, *arguments):
    done = subprocess.run(
        [PYTHON, HERE / script, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        # no proxy, no network: a tool that asks for one fails at once
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
        },
    )
    assert 0 == done.returncode, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_skypilot_reads_the_golden_tasks(skypilot):
    """Cloud, region, machine, GPUs, spot and disk arrive as they were meant."""
    found = {name: task for name, task in skypilot if isinstance(name, str)}

    assert ("aws", "g5.12xlarge", True, 407) == _main(found["skypilot-aws-spot"])
    assert ("gcp", "n1-standard-16", False, 407) == _main(found["skypilot-gcp-n1"])
    assert {"T4": 2} == found["skypilot-gcp-n1"]["accelerators"]
    assert ("vast", "2x-RTX_4090-32-65536", False, 407) == _main(found["skypilot-vast"])
    assert {"team/image:1"} == {task["image"] for task in found.values()}


def _main(task):
    return tuple(task[key] for key in ("cloud", "instance_type", "use_spot", "disk_size"))


def test_skypilot_reads_every_row(skypilot):
    """Every provider that it knows, on demand and spot."""
    read = [(found, task) for found, task in skypilot if not isinstance(found, str)]

    for found, task in read:
        offer = found.offer
        assert (offer.provider, offer.instance_type.partition("+")[0]) == (task["cloud"], task["instance_type"])
        assert ("spot" == offer.purchase) == task["use_spot"]
        assert offer.region in ("global", task["region"]) or "vast" == offer.provider
        assert task["zone"] is None
    assert set(SKYPILOT_PROVIDERS) == {found.offer.provider for found, _ in read}


def test_dstack_reads_the_golden_tasks(dstack):
    """Backend, machine or GPU, spot, limits and disk arrive as they were meant."""
    found = {name: task for name, task in dstack if isinstance(name, str)}

    azure, runpod, gcp = (found[f"dstack-{name}"] for name in ("azure-spot", "runpod", "gcp-n1"))
    assert (["azure"], ["Standard_NC4as_T4_v3"], "spot") == (
        azure["backends"],
        azure["instance_types"],
        azure["spot_policy"],
    )
    assert (720_000, {"on_events": ["interruption"]}) == (azure["max_duration"], azure["retry"])
    assert (["runpod"], ["A100"], "on-demand") == (
        runpod["backends"],
        runpod["resources"]["gpu"]["name"],
        runpod["spot_policy"],
    )
    assert "instance_types" not in runpod
    assert (["n1-standard-16"], ["V100"]) == (gcp["instance_types"], gcp["resources"]["gpu"]["name"])
    assert {251.0} == {task["resources"]["disk"]["size"]["min"] for task in found.values()}


def test_dstack_reads_every_row(dstack):
    """Every provider that it knows, at no more than the price of the estimate, rounded up to the cent."""
    read = [(found, task) for found, task in dstack if not isinstance(found, str)]

    for found, task in read:
        assert found.offer.usd_per_hour <= task["max_price"] + 1e-9 < found.offer.usd_per_hour + 0.01 + 1e-9
        assert {"min": found.offer.gpu_count, "max": found.offer.gpu_count} == task["resources"]["gpu"]["count"]
    assert set(DSTACK_PROVIDERS) == {found.offer.provider for found, _ in read}


def test_dstack_knows_the_gpus_that_are_asked_for_by_name(tmp_path):
    """Each name of our table is one of dstack's, with that memory."""
    (line,) = [line for line in _run(tmp_path, "with_dstack.py").splitlines() if line.startswith("GPUS ")]
    known = [tuple(gpu) for gpu in json.loads(line.removeprefix("GPUS "))]

    for name, memory in DSTACK_GPUS.values():
        sizes = {gb for gpu, gb in known if gpu == name}
        assert (memory in sizes) if memory else 1 == len(sizes), name
