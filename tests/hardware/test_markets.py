"""Whom one pays: a large cloud, a GPU cloud or a marketplace."""

import fnmatch
from collections import defaultdict
from importlib.metadata import EntryPoint

import pytest

from planner.hardware import markets
from planner.hardware.markets import ENTRY_POINT_GROUP, market_of
from planner.hardware.tables import read_columns
from planner.paths import shipped_data_dir


@pytest.mark.parametrize(
    ("provider", "instance_type", "market"),
    [
        ("aws", "p5.48xlarge", "large_cloud"),
        ("azure", "Standard_ND96isr_H100_v5", "large_cloud"),
        ("gcp", "a3-highgpu-8g", "large_cloud"),
        ("oci", "BM.GPU.H100.8", "large_cloud"),
        ("oci", "VM.GPU.A10.1", "large_cloud"),
        ("lambda", "gpu_8x_h100_sxm5", "gpu_cloud"),
        ("runpod", "1x_H100-PCIe_SECURE", "gpu_cloud"),
        ("runpod", "1x_H100-PCIe_COMMUNITY", "marketplace"),
        ("vast", "1x-RTX_4090", "marketplace"),
        ("verda", "8H100.80S.176V", "gpu_cloud"),
        ("hyperstack", "n3-H100-SXM5x8", "gpu_cloud"),
        ("digitalocean", "gpu-h100x8-640gb", "gpu_cloud"),
        ("acme", "anything", None),
    ],
)
def test_a_machine_is_sold_on_one_market(provider, instance_type, market):
    """The four large clouds, marketplaces by provider or by type, GPU clouds; nothing is said of who is in no table."""
    assert market == market_of(provider, instance_type)


class Flea:
    """The adapter of a plug-in, as far as its market goes."""

    market = "marketplace"


class Nobody:
    """One that does not say what it is."""


def test_a_plug_in_says_what_it_is(monkeypatch):
    """By the attribute `market` of its adapter; without it, or with a word that is no market, it is not known."""
    points = {
        "flea": EntryPoint(name="flea", value=f"{__name__}:Flea", group=ENTRY_POINT_GROUP),
        "nobody": EntryPoint(name="nobody", value=f"{__name__}:Nobody", group=ENTRY_POINT_GROUP),
        "gone": EntryPoint(name="gone", value="no_such_module:Gone", group=ENTRY_POINT_GROUP),
    }
    monkeypatch.setattr(
        "importlib.metadata.entry_points", lambda *, group, name: [points[name]] if name in points else []
    )
    markets.declared_market.cache_clear()

    said = {name: markets.declared_market(name) for name in (*points, "absent")}
    markets.declared_market.cache_clear()

    assert {"flea": "marketplace", "nobody": None, "gone": None, "absent": None} == said


def test_every_shipped_instance_type_has_a_row_of_its_provider():
    """No shipped instance type is of an unknown market because the globs of its provider miss it."""
    globs = defaultdict(set)
    for provider, instance_types in read_columns("providers.csv", "provider", "instance_types"):
        globs[provider].add(instance_types)
    missed = {
        (book.parent.name, instance_type)
        for book in (shipped_data_dir() / "prices").glob("*/*.csv")
        for (instance_type,) in set(read_columns(book, "instance_type"))
        if not any(fnmatch.fnmatchcase(instance_type, glob) for glob in globs[book.parent.name])
    }

    assert set() == missed
