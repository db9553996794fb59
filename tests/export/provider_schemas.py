"""Which attributes and blocks Terraform's providers have, read out of the Python bindings generated from their schemas.

The archives are not installed: a class for each block stands in them, whose constructor names every attribute.
"""

import ast
import re
import zipfile
from functools import cache

CLASSES = {
    "aws_instance": ("aws", "instance", "InstanceConfig"),
    "aws_subnet": ("aws", "data_aws_subnet", "DataAwsSubnetConfig"),
    "google_compute_instance": ("google", "compute_instance", "ComputeInstanceConfig"),
    "azurerm_linux_virtual_machine": ("azurerm", "linux_virtual_machine", "LinuxVirtualMachineConfig"),
    "azurerm_network_interface": ("azurerm", "network_interface", "NetworkInterfaceConfig"),
    "aws": ("aws", "provider", "AwsProviderConfig"),
    "google": ("google", "provider", "GoogleProviderConfig"),
    "azurerm": ("azurerm", "provider", "AzurermProviderConfig"),
}


def problems(archives, kind, body):
    """What is wrong with a block: attributes that the provider does not have, and required ones that are missing."""
    provider, module, name = CLASSES[kind]
    tree = _tree(next(path for path in archives if f"_{provider}-" in path.name), provider, module)
    return list(_problems(tree, name, body, kind))


def _problems(tree, name, body, where):
    known, required = _attributes(tree, name)
    given = {key: value for key, value in body.items() if not key.startswith("__")}
    # `lifecycle` and `count` are Terraform's own
    yield from (f"{where}.{key} is unknown" for key in given if key not in known and key not in ("lifecycle", "count"))
    yield from (f"{where}.{key} is missing" for key in required if key not in given)
    for key, value in given.items():
        block = known.get(key)
        if block and isinstance(value, list) and value and isinstance(value[0], dict):
            yield from _problems(tree, block, value[0], f"{where}.{key}")


def _attributes(tree, name):
    """Attributes with the class of the block that each is, `None` for a value; and those that must be there."""
    (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    (init,) = (node for node in found.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    arguments = list(zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True))
    known = {argument.arg: _block(argument, tree) for argument, _ in arguments}
    return known, {argument.arg for argument, default in arguments if default is None}


def _block(argument, tree):
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    names = re.findall(r"[A-Z]\w+", ast.unparse(argument.annotation))
    return next((name for name in names if name in classes), None)


@cache
def _tree(archive, provider, module):
    with zipfile.ZipFile(archive) as file:
        return ast.parse(file.read(f"cdktf_cdktf_provider_{provider}/{module}/__init__.py"))
