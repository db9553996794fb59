"""How far training on processors is off: networks left out on a processor, and whole processors left out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.accuracy.results import SplitResult
from planner.accuracy.summaries import Foretold, split_of
from planner.hardware.processors import load_processors
from planner.model.records import Precision, Workload
from planner.throughput.on_processors import network_throughput
from planner.throughput.processor_runs import ProcessorRun, measured_model, training_runs

NETWORK, PROCESSOR = "network_on_processor", "processor"


def network_split() -> SplitResult:
    """The split that leaves each network out on each processor that trained others."""
    rows = _on_processors()
    judged = [
        _judged(run, [other for other in rows if (other.device, other.model) != (run.device, run.model)])
        for run in rows
        if any(other.device == run.device and other.model != run.model for other in rows)
    ]
    return split_of(
        NETWORK, "scaled", "a network on a processor", "the other networks on it; arithmetic of the network", judged
    )


def processor_split() -> SplitResult:
    """The split that leaves whole processors out; of a kind with one processor nothing but the peak is left."""
    rows = _on_processors()
    judged = [_judged(run, [other for other in rows if other.device != run.device]) for run in rows]
    return split_of(
        PROCESSOR,
        "modelled",
        "a whole processor, all networks",
        "its peak; what other processors of its kind reach of theirs",
        judged,
    )


def _on_processors() -> Sequence[ProcessorRun]:
    return [run for run in training_runs() if run.device in load_processors()]


def _judged(run: ProcessorRun, others: Sequence[ProcessorRun]) -> Foretold:
    """The rate foretold from other rows against the measured; a range that is not even counts as wide as it is."""
    workload = Workload(
        model=measured_model(run.model),
        dataset=None,
        samples_per_epoch=1,
        epochs=1,
        precision=Precision.FP32,
        framework=run.software,
        input_size=run.input_size,
    )
    found = network_throughput(workload, run.device, run.device_count, others)
    error = math.log(found.samples_per_second / run.samples_per_second)
    side = found.low if error > 0 else found.high
    return Foretold(
        log_error=error,
        half_width=abs(math.log(found.samples_per_second / side)),
        width=found.high / found.low,
        groups={"kind": str(load_processors()[run.device].kind), "device": run.device},
    )
