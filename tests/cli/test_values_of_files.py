"""Every value of every key of the files that people write: finite figures come of it, or an error that names the file."""

import itertools
import math

import pytest

import planner
from planner.errors import PlannerError

OWN_PRICES = {
    "rates": {
        "provider": '"gcp"',
        "instance_type": '"g2-standard-4"',
        "region": '"us-central1"',
        "purchase": '"on_demand"',
        "usd_per_hour": "0.5",
    },
    "discounts": {"provider": '"gcp"', "family": '"g2"', "purchase": '"on_demand"', "discount_fraction": "0.12"},
    "credits": {"provider": '"gcp"', "usd": "30"},
    "machines": {
        "name": '"lab"',
        "gpu": '"l4"',
        "gpu_count": "1",
        "usd_per_hour": "0.4",
        "vcpus": "8",
        "memory_gib": "32",
        "network_gbps": "10",
    },
}
CALIBRATION = {
    "model": '"resnet50"',
    "gpu": '"l4"',
    "gpu_count": "1",
    "precision": '"amp"',
    "batch_size": "128",
    "samples_per_second": "261.0",
    "low": "253.0",
    "high": "268.0",
    "sample_unit": '"image"',
    "verdict": '"steady"',
    "startup_seconds": "41.0",
    "stall_share": "0.06",
    "watts": "69.0",
    "memory_gib": "8.5",
    "source": '"x"',
    "measured_on": '"2026-11-01"',
}
MODEL = {
    "name": '"mine"',
    "params_millions": "25.6",
    "gmacs_per_sample": "4.1",
    "activations_millions": "11.1",
    "samples_per_epoch": "1e6",
    "measured": '["l4=420"]',
}
VALUES = (
    *("nan", "inf", "-inf", "-1", "0", "-0.0", "1e-320", "1e-300", "1e300", "1e308", "9" * 309),
    *("true", '""', '"x"', '"nan"', '"\\u001b[31m"', "[]", "[[]]", "[nan]", '["a", 1]', "{}", "1979-05-27", "07:32:00"),
)
"""What a key is given in turn."""


def _file(path, head, table, content):
    path.write_text(head + table + "".join(f"{key} = {value}\n" for key, value in content.items()))
    return path


def _refused_or_finite(path, **asked):
    try:
        found = planner.estimate(epochs=90, gpus=["l4"], providers=asked.pop("providers", ()), limit=3, **asked)
    except PlannerError as error:
        return path.name in str(error) or "No offer" in str(error) or "samples" in str(error), str(error)
    return all(0 <= one.usd < math.inf and 0 < one.seconds < math.inf for one in found.estimates), "figures"


@pytest.mark.parametrize(("table", "key"), [(table, key) for table, content in OWN_PRICES.items() for key in content])
def test_own_prices(tmp_path, table, key):
    """Of whatever type a key of a rule or machine is."""
    for value in VALUES:
        path = _file(tmp_path / "own.toml", "", f"[[{table}]]\n", OWN_PRICES[table] | {key: value})

        is_well, said = _refused_or_finite(path, model="resnet50", price_book=path, nodes=2)

        assert is_well, (value, said)


@pytest.mark.parametrize("key", CALIBRATION)
def test_a_calibration(tmp_path, key):
    """Of a run of one's own."""
    head = 'schema = "planner.calibration/1"\n'
    for value, keys in itertools.product(VALUES, (("samples_per_second", "low", "high"), ())):
        changed = dict.fromkeys(keys, value) if key in keys else {key: value}
        path = _file(tmp_path / "own.toml", head, "[[runs]]\n", CALIBRATION | changed)

        is_well, said = _refused_or_finite(path, calibration=[path])

        assert is_well, (value, said)


@pytest.mark.parametrize("key", MODEL)
def test_a_model(tmp_path, key):
    """Of a model of one's own: its file is named, or the figure and what it can be."""
    for value in VALUES:
        path = _file(tmp_path / "own.toml", "", "", MODEL | {key: value})

        try:
            found = planner.estimate(model_file=path, epochs=90, gpus=["l4"], limit=3)
        except PlannerError:
            continue
        assert all(0 < one.usd < math.inf and 0 < one.seconds < math.inf for one in found.estimates), value
