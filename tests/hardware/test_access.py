"""Who can rent a machine, and what runs on it."""

import pytest

from planner.hardware.access import (
    Access,
    access_to,
    architecture_of,
    arm_hosts,
    builds_of,
    has_arm_host,
    is_in_default_wheel,
    region_access,
)
from planner.hardware.gpus import load_gpus


@pytest.mark.parametrize(
    ("provider", "region", "access"),
    [
        ("aws", "us-east-1", Access.OPEN),
        ("aws", "us-gov-west-1", Access.GOVERNMENT),
        ("aws", "us-west-2-lax-1", Access.EDGE),
        ("aws", "us-east-1-wl1-bos-wlz-1", Access.EDGE),
        ("aws", "cn-north-1", Access.SOVEREIGN),
        ("aws", "eu-south-2", Access.OPT_IN),
        ("azure", "attdallas1", Access.EDGE),
        ("azure", "westeurope", Access.OPEN),
        ("azure", "swedensouth", Access.RESTRICTED),
        ("azure", "southcentralus2", Access.UNLISTED),
        ("azure", "southcentralus", Access.OPEN),
        ("gcp", "me-central2", Access.RESTRICTED),
        ("gcp", "me-central1", Access.OPEN),
        ("lambda", "us-gov-west-1", Access.OPEN),
        ("unheard of", "anywhere", Access.OPEN),
    ],
)
def test_the_region_of_a_provider_has_its_access(provider, region, access):
    """A glob holds for its own provider only; a region that no row names is open."""
    assert access is access_to(provider, region)


def test_only_regions_that_an_account_can_switch_on_are_not_closed():
    """Edge zones, clouds of governments, reserves and regions of no list are closed; opting in takes minutes."""
    closed = {access for access in Access if access.is_closed}

    assert set(Access) - {Access.OPEN, Access.OPT_IN} == closed


@pytest.mark.parametrize(
    ("gpu", "is_held"),
    [
        ("k80", False),
        ("p100-16gb", False),
        ("v100-16gb", False),
        ("t4", True),
        ("b300-288gb-sxm", True),
        ("radeon-vii", False),
        ("mi300x", True),
    ],
)
def test_the_wheel_of_today_holds_turing_and_newer(gpu, is_held):
    """CUDA 13 ended Volta and older; of AMD it is the Instinct line from CDNA on."""
    assert is_held is is_in_default_wheel(load_gpus()[gpu])


def test_every_gpu_has_a_row_on_wheels():
    """No generation of the shipped GPUs is left to the rule for unlisted ones."""
    assert set() == {gpu.compute_capability for gpu in load_gpus().values()} - set(builds_of("pytorch"))


def test_grace_and_graviton_are_arm():
    """Every GPU of which the key says a Grace superchip is there, and the one that AWS sells with its own processor."""
    grace = {name for name in load_gpus() if name.startswith(("gh", "gb"))}

    assert grace | {"t4g"} == set(arm_hosts())
    assert not has_arm_host("h100-80gb-sxm")


def test_an_architecture_is_named_without_its_chip():
    """CDNA and RDNA are two; both chips of Ampere are one."""
    found = [architecture_of(gpu) for gpu in ("mi300x", "radeon-pro-v520", "a10g", "a100-80gb-sxm", "b200-180gb-sxm")]

    assert ["CDNA3", "RDNA1", "Ampere", "Ampere", "Blackwell"] == found


def test_rows_are_sorted_and_say_where_they_are_from():
    """Each fact has its source, and whether anybody read it."""
    rows = list(region_access().values())

    assert sorted(region_access()) == list(region_access())
    assert all(row.source and row.why and row.checked for row in rows)
    assert all(row.source for row in (*arm_hosts().values(), *builds_of("pytorch").values()))
