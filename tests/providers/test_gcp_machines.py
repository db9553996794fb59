import pytest

from planner.hardware.gpus import load_gpus
from providers.gcp_machines import (
    accelerator_rows,
    listed_machines,
    load_accelerators,
    machine_rows,
    shipped_machines,
)
from tests.providers.clouds import fixture_json

MACHINE_ROWS = [
    row for n in (1, 2, 3) for row in machine_rows(fixture_json("gcp", f"machine_types_aggregated_p{n}.json"))
]
ACCELERATOR_ROWS = [
    row for n in (1, 2) for row in accelerator_rows(fixture_json("gcp", f"accelerator_types_aggregated_p{n}.json"))
]


def a_row(name="g2-standard-4", *, zone="us-central1-a", kinds=(("nvidia-l4", 1),), **changes):
    """One row of the list of machine types, with its zone."""
    accelerators = [{"guestAcceleratorType": kind, "guestAcceleratorCount": count} for kind, count in kinds]
    row = {"name": name, "guestCpus": 4, "memoryMb": 16384, "accelerators": accelerators}
    return zone, row | changes


def shape(machine):
    return machine.gpu, machine.gpu_count, machine.vcpus, machine.memory_gib, machine.local_ssd_gib


def test_the_list_agrees_with_the_shipped_table():
    """Shapes read from the Compute API equal those shipped, for every type in both."""
    shipped = {machine.instance_type: shape(machine) for machine in shipped_machines().machines}
    listed = {
        machine.instance_type: shape(machine) for machine in listed_machines(MACHINE_ROWS, ACCELERATOR_ROWS).machines
    }

    both = shipped.keys() & listed.keys()
    assert 46 == len(both)
    assert {name: shipped[name] for name in both} == {name: listed[name] for name in both}
    assert {"a3-edgegpu-8g-nolssd", "a3-ultragpu-8g-nolssd"} == listed.keys() - shipped.keys()


def test_g4_slices_are_fractions():
    """The list calls an eighth of a GPU one GPU; the description says which part it is."""
    machines = {machine.instance_type: machine for machine in listed_machines(MACHINE_ROWS, []).machines}

    assert [0.125, 0.25, 0.5, 1.0] == [machines[f"g4-standard-{vcpus}"].gpu_count for vcpus in (6, 12, 24, 48)]


def test_attached_gpus_need_host_and_gpu_in_one_zone():
    """An N1 machine with GPUs is offered where a zone has both, in the shape of 8 vCPUs a GPU."""
    host = a_row("n1-standard-16", zone="us-east1-b", kinds=(), guestCpus=16, memoryMb=61440)
    elsewhere = a_row("n1-standard-16", zone="us-west1-a", kinds=(), guestCpus=16, memoryMb=61440)
    gpus = [("us-east1-b", {"name": "nvidia-tesla-t4"}), ("us-west1-b", {"name": "nvidia-tesla-t4"})]

    (machine,) = listed_machines([host, elsewhere], gpus).machines

    assert "n1-standard-16+2x-nvidia-tesla-t4" == machine.instance_type
    assert ("us-east1",) == machine.regions
    assert ("t4", 2.0, 16, 60.0, 0) == shape(machine)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (a_row(memoryMb=0), "memoryMb is 0"),
        (a_row(guestCpus=0), "guestCpus is 0"),
        (a_row(kinds=(("nvidia-l4", 1), ("nvidia-tesla-t4", 1))), "two kinds of accelerators in one machine"),
        (a_row(kinds=()), "no accelerator where the type has some"),
        (a_row(kinds=(("nvidia-l4", 0),)), "guestAcceleratorCount is 0"),
        (
            a_row("g4-standard-6", kinds=(("nvidia-rtx-pro-6000", 1),), guestCpus=6),
            "a part of a GPU, but not which part",
        ),
    ],
)
def test_an_impossible_machine_is_held_back(row, reason):
    """A machine type without a usable shape is no machine, and says why."""
    machines = listed_machines([row], [])

    assert () == machines.machines
    assert [reason] == [held.reason for held in machines.held_back]


def test_two_shapes_of_one_type_are_both_held_back():
    """A type that differs between zones is not guessed."""
    machines = listed_machines([a_row(), a_row(zone="us-east1-b", guestCpus=8)], [])

    assert () == machines.machines
    assert 2 == len(machines.held_back)


def test_unknown_gpus_and_families_are_named():
    """An accelerator or family that no table row stands for is reported; TPUs and licences are not GPUs."""
    rows = [
        a_row(kinds=(("nvidia-r900", 1),)),
        a_row("x9-standard-4"),
        a_row("ct5lp-hightpu-1t", kinds=(("ct5lp", 1),)),
    ]
    gpus = [("a-b", {"name": name}) for name in ("nvidia-r901", "nvidia-l4-vws", "ct6e")]

    unknown = listed_machines(rows, gpus).unknown

    assert {"nvidia-r900": 1, "nvidia-r901": 1, "machine type x9-standard-4 (nvidia-l4)": 1} == unknown


def test_withdrawn_machines_are_left_out():
    """A type that Google no longer starts is not offered; a merely deprecated one is."""
    kept = listed_machines([a_row(deprecated={"state": "DEPRECATED"})], [])
    gone = listed_machines([a_row(deprecated={"state": "DELETED"})], [])

    assert (1, 0) == (len(kept.machines), len(gone.machines))


def test_every_accelerator_is_a_known_gpu():
    """The table of accelerators names only GPUs of the shipped table of GPUs."""
    assert [] == [
        accelerator.name for accelerator in load_accelerators().values() if accelerator.gpu not in load_gpus()
    ]
