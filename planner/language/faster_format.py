"""Whether fp8 would change which offer comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from planner.errors import Sentence
from planner.hardware.gpus import load_gpus, shown_key
from planner.language.prediction import predict_language_model
from planner.model.records import Estimate, Precision, Throughput, Workload

_SIXTEEN_BIT = (Precision.AMP, Precision.BF16)


def fp8_note(workload: Workload, shown: Sequence[Estimate]) -> tuple[str, ...]:
    """A line on the first row that fp8 would put before the cheapest one, which cannot run it; empty if there is none.

    Money is taken to fall with the time of a step.
    """
    if workload.language is None or workload.precision not in _SIXTEEN_BIT or not shown:
        return ()
    first = min(shown, key=lambda one: (one.usd, one.rank))
    if load_gpus()[first.offer.gpu].fp8_tensor_tflops is not None:
        return ()
    for one in sorted(shown, key=lambda one: (one.usd, one.rank)):
        gain = _gain(workload, one)
        if one.usd < first.usd * gain:
            return (
                Sentence(
                    "in fp8 {count:g}x {gpu} would be {gain:.2f} times as fast and cost about {usd:,.2f} USD, less than the "
                    "cheapest row: {precision} fp8",
                    count=one.offer.gpu_count,
                    gpu=shown_key(one.offer.gpu),
                    gain=gain,
                    usd=one.usd / gain,
                ),
            )
    return ()


def _gain(workload: Workload, one: Estimate) -> float:
    """How much faster the row would be in fp8; 1 where its GPU lacks it."""
    cell = one.offer.gpu, one.offer.gpu_count
    if workload.language is None or load_gpus()[one.offer.gpu].fp8_tensor_tflops is None:
        return 1.0
    work = replace(workload.language, node_count=one.node_count, network_gbit_per_s=one.offer.network_gbps)
    found = predict_language_model(replace(workload, language=work, precision=Precision.FP8), [cell])[cell]
    return found.samples_per_second / one.throughput.samples_per_second if isinstance(found, Throughput) else 1.0
