"""Resources by Terraform's own formatter, by a parser of its language, and against the schemas of the providers."""

import shutil
import subprocess

import hcl2
import pytest

from tests.conftest import ROOT
from tests.export.exports import CASES, case, exported, rows
from tests.export.provider_schemas import problems

NAMES = [name for name in CASES if name.startswith("terraform")]
ARCHIVES = sorted((ROOT / ".venv-export" / "terraform").glob("*.whl"))
NEEDS_TERRAFORM = pytest.mark.skipif(
    shutil.which("terraform") is None,
    reason="terraform is not on the PATH: https://developer.hashicorp.com/terraform/install",
)
NEEDS_SCHEMAS = pytest.mark.skipif(
    not ARCHIVES,
    reason="schemas of Terraform's providers are not there: .ci/run fetches them, see tests/export/requirements-terraform.txt",
)


@NEEDS_TERRAFORM
@pytest.mark.parametrize("more", [{}, {"command": 'python train.py --name "${RUN}"\n# done'}])
@pytest.mark.parametrize("name", NAMES)
def test_terraform_has_nothing_to_reformat(tmp_path, name, more):
    """`terraform fmt` parses the file and would write it the same way."""
    (tmp_path / "main.tf").write_text(case(name, **more), encoding="utf-8")

    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "CHECKPOINT_DISABLE": "1"},
    )

    assert (0, "") == (done.returncode, done.stdout), done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_what_the_planner_cannot_know_is_a_variable(name):
    """Every variable is used, every one that is used is declared, and images, networks and keys have no default."""
    text = case(name)
    loaded = hcl2.loads(text)
    declared = {label.strip('"'): body for block in loaded["variable"] for label, body in block.items()}

    used = {word.split(".")[1] for word in _words(text) if word.startswith("var.")}

    assert declared.keys() == used
    assert {"key_name"} >= {label for label, body in declared.items() if "default" in body}


def _words(text):
    return "".join(char if char.isalnum() or char in "._" else " " for char in text).split()


def test_machines_with_their_own_gpus_have_none_attached():
    """A2 and G2 bring theirs; N1 needs them named."""
    assert "guest_accelerator" not in exported("terraform", providers=["gcp"], gpus=["L4:1"])
    assert "guest_accelerator" in exported("terraform", providers=["gcp"], gpus=["T4:1"])


def test_a_zone_that_the_price_is_of_is_checked():
    """AWS zones are known by their ids: the subnet must lie there."""
    text = exported("terraform", providers=["aws"], purchases=["spot"], change={"zone": "use1-az4"})

    assert 'data.aws_subnet.chosen.availability_zone_id == "use1-az4"' in text


def test_the_government_cloud_is_named():
    """Another cloud by another address."""
    text = exported("terraform", providers=["azure"], change={"region": "usgovvirginia"})

    assert 'environment     = "usgovernment"' in text


@pytest.mark.slow
@NEEDS_SCHEMAS
@pytest.mark.parametrize("name", NAMES)
def test_the_providers_know_every_attribute(name):
    """Names and required attributes of all blocks, by the schemas of the providers themselves."""
    assert [] == _all_problems(case(name, command="python train.py"))


@pytest.mark.slow
@NEEDS_SCHEMAS
def test_the_providers_know_every_attribute_of_every_row():
    """Spot and on demand, with and without GPUs attached, on one node and on two."""
    for nodes in (1, 2):
        seen = set()
        for found, text in rows("terraform", nodes=nodes, providers=["aws", "azure", "gcp"]):
            seen.add((found.offer.provider, str(found.offer.purchase)))
            assert [] == _all_problems(text)
        assert 6 == len(seen)


@pytest.mark.slow
@NEEDS_SCHEMAS
def test_the_schemas_refuse_a_wrong_attribute():
    """The check itself: misspelt, missing and misplaced attributes do not pass."""
    text = case("terraform-gcp-n1").replace("machine_type", "machine_typ").replace("seconds =", "second =")

    assert [
        "google_compute_instance.machine_typ is unknown",
        "google_compute_instance.machine_type is missing",
        "google_compute_instance.scheduling.max_run_duration.second is unknown",
        "google_compute_instance.scheduling.max_run_duration.seconds is missing",
    ] == sorted(_all_problems(text))


def _all_problems(text):
    loaded = hcl2.loads(text)
    found = []
    for group in ("resource", "data"):
        for block in loaded.get(group, []):
            for kind, named in block.items():
                (body,) = (value for key, value in named.items() if not key.startswith("__"))
                found += problems(ARCHIVES, kind.strip('"'), body)
    for block in loaded["provider"]:
        for kind, body in block.items():
            if not kind.startswith("__"):
                found += problems(ARCHIVES, kind.strip('"'), body)
    return found
