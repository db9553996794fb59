"""A row as Terraform resources of AWS, Google Cloud or Azure. What the planner cannot know is a variable without a default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from planner.errors import Message
from planner.export.machines import gcp_machine, no_region
from planner.export.quoting import hcl_value
from planner.export.task import Task
from planner.model.records import Offer

PROVIDERS = ("aws", "azure", "gcp")

_SOURCES = {"aws": ("aws", "~> 6.0"), "azure": ("azurerm", "~> 4.0"), "gcp": ("google", "~> 6.0")}

Body = dict[str, object]
"""Attributes, and blocks as nested bodies, in the order in which they are written."""


class _Code(str):
    """An expression that is written as it is; everything else is a literal."""

    __slots__ = ()


def why_not(offer: Offer, node_count: int) -> str | Message | None:
    """The reason why Terraform cannot make this; `None` if it can."""
    return no_region(offer)


def text(task: Task) -> Iterator[str]:
    """The lines of the file, without the header."""
    source, version = _SOURCES[task.offer.provider]
    yield from _block(
        "terraform",
        {"required_providers": {source: _Code(f'{{ source = "hashicorp/{source}", version = "{version}" }}')}},
    )
    for name, (kind, description) in _variables(task).items():
        yield ""
        default: Body = {"default": _Code("null")} if kind == "optional" else {}
        type_ = _Code("number" if kind == "number" else "string")
        checked = _zone_check(task.offer.region) if name == "zone" else {}
        yield from _block(f'variable "{name}"', {"description": description, "type": type_, **default, **checked})
    for head, body in _RESOURCES[task.offer.provider](task):
        yield ""
        yield from _block(head, body)


def ends_runs(offer: Offer) -> bool:
    """Whether the file can end a run at its limit; only Google's machines have one."""
    return offer.provider == "gcp"


def how_to_run(task: Task) -> str:
    """The command that starts it, and the one that ends the bill."""
    return (
        "terraform init && terraform apply, with FILE as main.tf in a folder of its own; it asks for the variables. "
        f"The {'machines are' if task.estimate.node_count > 1 else 'machine is'} billed until terraform destroy"
    )


def _variables(task: Task) -> Mapping[str, tuple[str, str]]:
    offer = task.offer
    found = dict(_VARIABLES[offer.provider])
    if offer.provider == "gcp":
        found["zone"] = ("string", f"Zone of {offer.region} that has this machine, such as {offer.region}-a.")
    if task.disk_gb:
        found["system_disk_gb"] = ("number", f"GB that the image needs; {task.disk_gb} GB for the run come on top.")
    return found


def _zone_check(region: str) -> Body:
    condition = _Code(f"startswith(var.zone, {hcl_value(region + '-')})")
    return {"validation": {"condition": condition, "error_message": f"The price is that of {region}."}}


_VARIABLES = {
    "aws": {
        "ami_id": ("string", "Image with a driver for the GPUs, in the region of the instance."),
        "subnet_id": ("string", "Subnet to start in."),
        "key_name": ("optional", "Name of an SSH key pair; null for none."),
    },
    "azure": {
        "subscription_id": ("string", "Subscription that pays."),
        "resource_group_name": ("string", "Resource group that exists."),
        "subnet_id": ("string", "Subnet to start in."),
        "image_id": ("string", "Id of an image with a driver for the GPUs."),
        "admin_username": ("string", "User to make on the machine."),
        "ssh_public_key": ("string", "Public SSH key of that user."),
    },
    "gcp": {
        "project_id": ("string", "Project that pays."),
        "zone": ("string", ""),
        "image": ("string", "Boot image with a driver for the GPUs: project/family or a self link."),
        "subnetwork": ("string", "Subnetwork to start in."),
    },
}


def _aws(task: Task) -> Iterator[tuple[str, Body]]:
    offer = task.offer
    yield 'provider "aws"', {"region": offer.region}
    body: Body = {
        **_count(task),
        "ami": _Code("var.ami_id"),
        "instance_type": offer.instance_type,
        "subnet_id": _Code("var.subnet_id"),
        "key_name": _Code("var.key_name"),
    }
    if task.command:
        body["user_data"] = _script(task.command)
    if task.is_spot:
        body["instance_market_options"] = {"market_type": "spot"}
    if task.disk_gb:
        body["root_block_device"] = {"volume_size": _Code(f"var.system_disk_gb + {task.disk_gb}")}
    if offer.zone:
        yield 'data "aws_subnet" "chosen"', {"id": _Code("var.subnet_id")}
        body["lifecycle"] = {
            "precondition": {
                "condition": _Code(f"data.aws_subnet.chosen.availability_zone_id == {hcl_value(offer.zone)}"),
                "error_message": f"The price is that of zone {offer.zone}: choose a subnet there.",
            }
        }
    yield 'resource "aws_instance" "training"', body | {"tags": _Code(f"{{ Name = {hcl_value(task.name)} }}")}


def _gcp(task: Task) -> Iterator[tuple[str, Body]]:
    machine = gcp_machine(task.offer.instance_type)
    yield 'provider "google"', {"project": _Code("var.project_id"), "region": task.offer.region}
    disk: Body = {"image": _Code("var.image")}
    if task.disk_gb:
        disk["size"] = _Code(f"var.system_disk_gb + {task.disk_gb}")
    scheduling: Body = {"on_host_maintenance": "TERMINATE"}  # machines with GPUs cannot move
    if task.is_spot:
        scheduling |= {"provisioning_model": "SPOT", "preemptible": _Code("true"), "automatic_restart": _Code("false")}
    if task.is_spot or task.max_seconds:
        scheduling["instance_termination_action"] = "STOP"
    if task.max_seconds:
        scheduling["max_run_duration"] = {"seconds": task.max_seconds}
    body: Body = {
        **_count(task),
        "name": _numbered(task),
        "machine_type": machine.machine_type,
        "zone": _Code("var.zone"),
    }
    if task.command:
        body["metadata_startup_script"] = _script(task.command)
    if machine.accelerator:
        body["guest_accelerator"] = {"type": machine.accelerator, "count": machine.count}
    body["boot_disk"] = {"initialize_params": disk}
    body["network_interface"] = {"subnetwork": _Code("var.subnetwork")}
    yield 'resource "google_compute_instance" "training"', body | {"scheduling": scheduling}


def _azure(task: Task) -> Iterator[tuple[str, Body]]:
    offer, group = task.offer, _Code("var.resource_group_name")
    government: Body = {"environment": "usgovernment"} if offer.region.startswith("usgov") else {}
    yield 'provider "azurerm"', {"subscription_id": _Code("var.subscription_id"), **government, "features": {}}
    shared: Body = {**_count(task), "name": _numbered(task), "location": offer.region, "resource_group_name": group}
    address: Body = {
        "name": "internal",
        "subnet_id": _Code("var.subnet_id"),
        "private_ip_address_allocation": "Dynamic",
    }
    yield 'resource "azurerm_network_interface" "training"', shared | {"ip_configuration": address}
    index = "[count.index]" if task.estimate.node_count > 1 else ""
    body = shared | {
        "size": offer.instance_type,
        "source_image_id": _Code("var.image_id"),
        "admin_username": _Code("var.admin_username"),
        "network_interface_ids": _Code(f"[azurerm_network_interface.training{index}.id]"),
    }
    if task.is_spot:
        body |= {"priority": "Spot", "eviction_policy": "Deallocate"}
    if task.command:
        body["custom_data"] = _Code(f"base64encode({hcl_value(_script(task.command))})")
    body["admin_ssh_key"] = {"username": _Code("var.admin_username"), "public_key": _Code("var.ssh_public_key")}
    disk: Body = {"caching": "ReadWrite", "storage_account_type": "StandardSSD_LRS"}
    if task.disk_gb:
        disk["disk_size_gb"] = _Code(f"var.system_disk_gb + {task.disk_gb}")
    yield 'resource "azurerm_linux_virtual_machine" "training"', body | {"os_disk": disk}


_RESOURCES = {"aws": _aws, "azure": _azure, "gcp": _gcp}


def _count(task: Task) -> Body:
    return {"count": task.estimate.node_count} if task.estimate.node_count > 1 else {}


def _numbered(task: Task) -> str:
    return _Code(f'"{task.name}-${{count.index}}"') if task.estimate.node_count > 1 else task.name


def _script(command: str) -> str:
    return f"#!/bin/sh\n{command.rstrip()}\n"


def _block(head: str, body: Body, depth: int = 0) -> Iterator[str]:
    """A block as `terraform fmt` writes it: signs of equality in one column, blocks after attributes, a blank line between."""
    indent = "  " * depth
    if not body:
        yield f"{indent}{head} {{}}"
        return
    yield f"{indent}{head} {{"
    attributes = {name: value for name, value in body.items() if not isinstance(value, dict)}
    width = max(map(len, attributes), default=0)
    for name, value in attributes.items():
        yield f"{indent}  {name:<{width}} = {value if isinstance(value, _Code) else hcl_value(_literal(value))}"
    is_first = not attributes
    for name, value in body.items():
        if isinstance(value, dict):
            if not is_first:
                yield ""
            yield from _block(name, value, depth + 1)
            is_first = False
    yield f"{indent}}}"


def _literal(value: object) -> str | float:
    if not isinstance(value, (str, int, float)):
        raise TypeError(f"{value!r} is no literal")
    return value
