"""Throughput of several machines on one run: the gradients cross the network between them.

    T_wire    = 2 (k - 1) / k x gradient bytes / network bytes a second      (ring all-reduce between k machines)
    exposed   = max(0, T_wire - overlap x step)                              (the rest hides behind the backward pass)
    E         = 1 / (1 + loss x log2 k + exposed / step)

`loss` is what the measured clusters lose at every doubling although their networks are fast: stragglers, synchronisation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from planner.errors import NoThroughputError, UsageError
from planner.model.records import Basis, Model, Throughput
from planner.throughput.learnt import load_learnt
from planner.throughput.scaling import TRAFFIC_UNITS
from planner.throughput.tasks import stack_class_of

BYTES_PER_GRADIENT = 4  # mixed precision keeps FP32 gradients unless told otherwise
OVERLAP = (0.0, 0.5, 0.67)  # share of a step that can hide traffic: worst, assumed, all of the backward pass
ASSUMED_GBIT_PER_S = (10.0, 25.0, 100.0)  # where an offer does not state its network: low, assumed, high
MAX_NODES = 4096


def over_nodes(
    one: Throughput,
    *,
    model: Model,
    gpu_count: float,
    node_count: int,
    network_gbit_per_s: float | None,
    batch_size: float | None,
) -> Throughput:
    """Throughput of `node_count` machines, each with `gpu_count` GPUs, from that of one machine.

    Args:
        one: throughput of one machine.
        model: its parameters decide the traffic.
        gpu_count: GPUs of one machine.
        node_count: machines, 1 to 4,096.
        network_gbit_per_s: of one machine; `None` where no source states it: a range is assumed and said.
        batch_size: per GPU, for the time of a step; `None` if unknown.

    Raises:
        UsageError: `node_count` is out of range.
        NoThroughputError: the traffic is not known: no parameters are, or most are tables, of which a step exchanges few rows.
    """
    if not 1 <= node_count <= MAX_NODES:
        raise UsageError(
            "{nodes} must be 1 to {most:,}, not {given:,}.", argument="nodes", most=MAX_NODES, given=node_count
        )
    if node_count == 1:
        return one
    gradient_bytes = _gradient_bytes(model)
    seconds_per_step = _seconds_per_step(one, model, gpu_count, batch_size)
    networks = ASSUMED_GBIT_PER_S if network_gbit_per_s is None else (network_gbit_per_s,) * 3
    wire_steps = [wire_seconds(gradient_bytes, node_count, gbit) / seconds_per_step for gbit in networks]
    low, mid, high = _efficiencies(node_count, wire_steps)
    stated = (
        f"{network_gbit_per_s:g} Gbit/s" if network_gbit_per_s is not None else f"an assumed {networks[1]:g} Gbit/s"
    )
    notes = one.notes
    if network_gbit_per_s is None:
        notes += (f"network between nodes not stated: {networks[0]:g} to {networks[2]:g} Gbit/s assumed",)
    return replace(
        one,
        samples_per_second=one.samples_per_second * node_count * mid,
        low=one.low * node_count * low,
        high=one.high * node_count * high,
        relative_low=None if one.relative_low is None else one.relative_low * node_count * low,
        relative_high=None if one.relative_high is None else one.relative_high * node_count * high,
        basis=Basis.SCALED if one.basis.is_measured else one.basis,
        steps=(
            *one.steps,
            f"{node_count} nodes over {stated}: {gradient_bytes / 1e9:,.3g} GB of gradients a step of "
            f"{seconds_per_step:.3g} s, {mid:.3f} of linear scaling",
        ),
        notes=notes,
    )


def _gradient_bytes(model: Model) -> float:
    """What a step exchanges."""
    if model.params_millions is None:
        raise NoThroughputError(
            f"the parameters of {model.name} are not known, so neither is its traffic between nodes"
        )
    if stack_class_of(model) == "recommenders":
        raise NoThroughputError(
            f"most parameters of {model.name} are tables, spread over the GPUs: what several machines exchange a step is not known"
        )
    return model.params_millions * 1e6 * BYTES_PER_GRADIENT


def _seconds_per_step(one: Throughput, model: Model, gpu_count: float, batch_size: float | None) -> float:
    if batch_size is None or model.sample_unit not in TRAFFIC_UNITS:
        # a step of a quarter of a second is the middle of the measured ones
        return float(load_learnt()["nodes"]["usual_seconds_per_step"])
    return batch_size * gpu_count / one.samples_per_second


def wire_seconds(gradient_bytes: float, node_count: int, gbit_per_s: float) -> float:
    """Seconds that a ring all-reduce of the gradients keeps the network of each machine busy.

    >>> wire_seconds(gradient_bytes=1e9, node_count=2, gbit_per_s=8.0)
    1.0
    """
    return 2 * (node_count - 1) / node_count * gradient_bytes / (gbit_per_s * 1e9 / 8)


def _efficiencies(node_count: int, wire_steps: Sequence[float]) -> list[float]:
    """Low, assumed and high efficiency; `wire_steps` is the network time of each case, divided by the time of a step."""
    losses = [load_learnt()["nodes"][name] for name in ("high", "median", "low")]
    return [
        _efficiency(node_count, wire_steps=steps, overlap=overlap, loss=loss)
        for steps, overlap, loss in zip(wire_steps, OVERLAP, losses, strict=True)
    ]


def _efficiency(node_count: int, *, wire_steps: float, overlap: float, loss: float) -> float:
    exposed = max(0.0, wire_steps - overlap)
    return 1.0 / (1.0 + loss * math.log2(node_count) + exposed)
