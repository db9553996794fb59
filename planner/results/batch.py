"""What a large batch costs, in sentences: of rows that a limit holds back, and of a batch that is asked for."""

from __future__ import annotations

from planner.model.records import Estimate, Workload
from planner.throughput.batch_limits import batch_limit

WORTH_SAYING = 0.05
"""Samples that a run needs more are named from this part on."""


def step_samples(estimate: Estimate) -> float | None:
    """Samples of a step over all GPUs of an estimate; `None` where its batch is not known."""
    each = estimate.throughput.batch_size_per_gpu
    return None if each is None else each * max(estimate.offer.gpu_count, 1) * estimate.node_count


def large_batch_text(estimate: Estimate, workload: Workload) -> str:
    """A sentence on the epochs that a large batch costs; empty where it costs next to none, or nobody knows."""
    limit, samples = batch_limit(workload), step_samples(estimate)
    more = None if limit is None or samples is None else limit.more_samples(samples)
    if more is None or more < WORTH_SAYING:
        return ""
    return (
        f"A step takes {samples:,.0f} {workload.model.sample_unit}s over all GPUs: MLPerf's reference points need "
        f"{more:.0%} more epochs there than at small batches; the epochs stay as asked."
    )


def batch_warning(estimate: Estimate, workload: Workload) -> str:
    """A warning of a batch that is asked for and larger than a run can use; empty if it is not."""
    limit, samples = batch_limit(workload), step_samples(estimate)
    if workload.batch_size is None or limit is None or samples is None or samples <= limit.samples:
        return ""
    more = ""
    if limit.critical is not None:
        share = (limit.critical + samples) / (limit.critical + limit.samples) - 1
        more = f", {share:.0%} more than there"
    return f"! {samples:,.0f} {workload.model.sample_unit}s a step, above {limit.samples:,}: expect more epochs{more}."
