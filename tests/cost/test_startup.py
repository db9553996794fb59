"""How long machines take to begin, by hand; what is given counts in its place."""

import pytest

import planner
from planner.cost.startup import startup_times, usual_startup_seconds
from planner.render.explain import explanation
from tests.builders import a_snapshot, an_offer

IMAGE = {"model": "resnet50", "epochs": 90, "providers": ["testcloud"], "gpus": ["A100:8"]}


@pytest.mark.parametrize(
    ("gpus", "machines", "seconds"),
    [
        (8, 1, 120),
        (0.5, 1, 120),
        (8, 2, 120 + 30 + 0.8),
        (8, 8, 120 + 90 + 3.2),
        (8, 256, 120 + 240 + 102.4),
        (1, 3, 167.7),
    ],
)
def test_several_machines_take_longer_than_one(gpus, machines, seconds):
    """120 + 30 log2(n) + 0.05 a GPU; log2(3) = 1.585."""
    assert pytest.approx(seconds, abs=0.01) == usual_startup_seconds(gpus, machines)


def test_the_choice_lies_between_the_published_times():
    """One machine takes no less than a ready image and no more than a slow one; thousands of GPUs add what was seen."""
    ready = [one for one in startup_times() if one.what == "one machine" and one.scale != "a marketplace"]

    assert min(one.low for one in ready) <= usual_startup_seconds(8, 1) <= max(one.high for one in ready)
    assert 100 < usual_startup_seconds(8, 375) - usual_startup_seconds(0, 375) <= 150


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """Hosts of eight A100 that can be joined."""
    folder = tmp_path_factory.mktemp("hosts")
    a_snapshot(folder, an_offer(network_gbps=400.0))
    return {**IMAGE, "data_dir": folder}


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        ({}, 120),
        ({"nodes": 8}, 213.2),
        ({"nodes": 8, "startup_seconds": 300}, 300),
        ({"startup_seconds": 0}, 0),
        ({"loading_seconds": 60}, 180),
        ({"startup_seconds": 100, "loading_seconds": 60, "nodes": 2}, 160),
        ({"without": ["start-up"], "startup_seconds": 100}, 0),
        ({"without": ["start-up"], "loading_seconds": 60}, 60),
    ],
)
def test_what_is_given_replaces_it_and_loading_comes_on_top(machines, options, seconds):
    """On the bill each machine pays for it; JSON names the seconds."""
    result = planner.estimate(**machines, **options)

    (one,) = result.estimates
    billed = sum(item.quantity for item in one.items if item.name == "start-up")
    assert pytest.approx(seconds * one.node_count / 3600) == billed
    assert pytest.approx(seconds) == result.startup_seconds


def test_a_recommendation_starts_several_machines_as_an_estimate_does(machines):
    """The same machines have the same time in both."""
    (four,) = planner.recommend(**machines, nodes=4).result.estimates
    (same,) = planner.estimate(**machines, nodes=4).estimates

    assert (four.seconds, four.usd) == (same.seconds, same.usd)


def test_the_explanation_names_the_published_times(machines):
    """Those of one machine for one, those of several for several."""
    one, two = (explanation(planner.estimate(**machines, nodes=nodes), 1) for nodes in (1, 2))

    assert "published starts: 140 s on AWS (" in one
    assert "NCCL, 16 machines" in two
    assert "140 s on AWS" not in two
