"""Checks whether measured throughput is believable; each check returns the rows it doubts, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from planner.hardware.gpus import load_gpus
from planner.model.datasets import Dataset
from planner.model.records import Benchmark, Gpu, Model, Precision
from planner.throughput.links import Link, link_of
from planner.throughput.measured import answering_benchmarks, load_benchmarks, set_aside
from planner.throughput.scripts import origin_of, pytorch_version
from planner.work.listed import load_datasets, load_models

# Repeats of one cell on different machines of one kind differ by 0.3 to 6 percent on one GPU (tacotron2 14), and by up
# to 14 where a host or a power limit differs. A quarter is none of these.
SINGLE_GPU_SPREAD = 1.25
# Several GPUs also differ in wires that a row does not name (bridges, switches): 1.3 to 1.9 times is usual on PCIe cards.
# Beyond twice, a median between two such machines says nothing about a third.
MULTI_GPU_SPREAD = 2.0
# From this many machines on, the median outvotes one bad machine.
MACHINES_THAT_OUTVOTE = 5
# n GPUs cannot each be faster than one alone. Repeats of the same model vary by 1 to 3 percent (tacotron2 4 to 8), at
# both ends of the ratio, and another host adds some: three standard deviations are about 10 percent (tacotron2 20).
SUPERLINEAR_BOUND = 1.10
SUPERLINEAR_BOUND_NOISY = 1.20
NOISY_MODELS = frozenset({"tacotron2"})
# Nor can each of more GPUs be faster than each of fewer, in the same stack at the same batch. All pairs but four lie above 0.8.
SUBLINEAR_BOUND = 0.75
# Batches within 10 percent count as the same: GPUs are faster at larger batches, which is no fault of a row.
SAME_BATCH_FRACTION = 0.10
# With fewer steps in an epoch, start and end of the epoch are most of what was timed.
STEPS_PER_EPOCH_NEEDED = 5
NOT_MIXED_PRECISION = {("lambdal/deeplearning-benchmark", name): (1, 13) for name in ("tacotron2", "waveglow")}
"""Since which PyTorch the `amp` of a model is not mixed precision there: at equal batch as fast as TF32, and as FP32 on a V100
(WaveGlow 20 of 21 pairs within 4 %, tacotron2 about zero within its noise)."""
# Machines with the same GPUs and links differ by 5 percent in how they scale, software by as much again. A machine on which
# this share of what can be compared scales to less than that share of another's does not use its links: some virtual machines.
UNUSED_LINKS = 0.8
UNUSED_LINKS_CELLS = 0.25
COMPARED_CELLS_NEEDED = 10
# The backward pass costs twice the forward pass; a multiply-add is two operations.
TRAINING_OPERATIONS_PER_FORWARD_MAC = 3 * 2


def failed_checks(
    benchmarks: Iterable[Benchmark],
    *,
    gpus: Mapping[str, Gpu],
    models: Mapping[str, Model],
    datasets: Mapping[str, Dataset],
) -> dict[Benchmark, str]:
    """Every row that fails a check, with the reason of the first one it fails: number format, repeats, peak, steps, scaling (two), links.

    Rows that fail an earlier check are no yardstick for scaling: a bad single-GPU row does not condemn good rows of
    eight GPUs.
    """
    rows = list(benchmarks)
    failed = (
        impossible(rows, gpus=gpus, models=models) | contradictory(rows) | mislabelled(rows)
    )  # the last reason stays
    failed |= over_in_few_steps([row for row in rows if row not in failed], models=models, datasets=datasets)
    failed |= superlinear([row for row in rows if row not in failed])
    failed |= below_more_gpus([row for row in rows if row not in failed])
    failed |= without_links([row for row in rows if row not in failed], gpus=gpus)
    return failed


def suspect_benchmarks() -> list[tuple[Benchmark, str]]:
    """Every row that is not believed, with the reason: those set aside, then shipped ones that fail a check today."""
    failed = failed_checks(
        [*load_benchmarks(), *answering_benchmarks()],
        gpus=load_gpus(),
        models={model.name: model for model in load_models()},
        datasets={dataset.name: dataset for dataset in load_datasets()},
    )
    return [*set_aside(), *failed.items()]


def mislabelled(benchmarks: Iterable[Benchmark]) -> dict[Benchmark, str]:
    """Rows that are said to be of mixed precision, of scripts that are known to run in another format since some version."""
    failed = {}
    for row in benchmarks:
        since = NOT_MIXED_PRECISION.get((origin_of(row), row.model))
        version = pytorch_version(row.software)
        if row.precision is Precision.AMP and since is not None and version is not None and version >= since:
            failed[row] = f"not mixed precision: since PyTorch {since[0]}.{since[1]} as fast as in TF32 or FP32"
    return failed


def contradictory(benchmarks: Iterable[Benchmark]) -> dict[Benchmark, str]:
    """Rows whose fastest and slowest machine disagree by more than machines do, with too few machines to tell which."""
    failed = {}
    for row in benchmarks:
        spread = row.high / row.low
        bound = SINGLE_GPU_SPREAD if row.gpu_count == 1 else MULTI_GPU_SPREAD
        if spread > bound and row.machines < MACHINES_THAT_OUTVOTE:
            failed[row] = f"repeats contradict: fastest {spread:.2f} times the slowest (bound {bound:g})"
    return failed


def impossible(
    benchmarks: Iterable[Benchmark], *, gpus: Mapping[str, Gpu], models: Mapping[str, Model]
) -> dict[Benchmark, str]:
    """Rows that need more arithmetic than the GPU's dense peak.

    operations per second and GPU = 3 x 2 x forward multiply-adds x samples per second / GPUs. Rows of a model without
    known multiply-adds, or of another input size than theirs for which no lower bound is known, are not judged.
    """
    failed = {}
    for row in benchmarks:
        gpu, model = gpus.get(row.gpu), models.get(row.model)
        macs = forward_gmacs_lower_bound(row, model) if model else None
        peak = peak_tflops(gpu, row.precision) if gpu else None
        if macs is None or peak is None:
            continue
        gflops = TRAINING_OPERATIONS_PER_FORWARD_MAC * macs * row.samples_per_second / row.gpu_count
        if gflops > peak * 1000:
            failed[row] = f"needs {gflops / 1000:.1f} TFLOPS per GPU, above the dense peak of {peak:g}"
    return failed


def over_in_few_steps(
    benchmarks: Iterable[Benchmark], *, models: Mapping[str, Model], datasets: Mapping[str, Dataset]
) -> dict[Benchmark, str]:
    """Rows whose global batch is so large that an epoch of the model's own data set is over in a few steps."""
    failed = {}
    for row in benchmarks:
        model = models.get(row.model)
        dataset = datasets.get(model.dataset) if model and model.dataset else None
        if dataset is None or row.batch_size_per_gpu is None:
            continue
        steps = dataset.samples / (row.batch_size_per_gpu * row.gpu_count)
        if steps < STEPS_PER_EPOCH_NEEDED:
            failed[row] = f"an epoch is over in {steps:.1f} steps, too few to time"
    return failed


def superlinear(benchmarks: Iterable[Benchmark]) -> dict[Benchmark, str]:
    """Rows of several GPUs, each faster than one GPU alone in the same stack at the same batch.

    Batches must agree within 10 percent, or be unstated on both sides; otherwise nothing is compared.
    """
    failed = {}
    for row, share in _shares_of_linear(benchmarks).items():
        bound = SUPERLINEAR_BOUND_NOISY if row.model in NOISY_MODELS else SUPERLINEAR_BOUND
        if share > bound:
            failed[row] = f"superlinear: each of {row.gpu_count} GPUs {share:.3f} times one alone (bound {bound:g})"
    return failed


def below_more_gpus(benchmarks: Iterable[Benchmark]) -> dict[Benchmark, str]:
    """Rows of several GPUs, each far slower than each of more GPUs in the same stack at the same batch.

    Rows without one of a single GPU beside them are not judged, as for `superlinear`.
    """
    alike: dict[tuple[object, ...], list[tuple[Benchmark, float]]] = {}
    for row, share in _shares_of_linear(benchmarks).items():
        alike.setdefault(_stack(row), []).append((row, share))
    failed = {}
    for rows in alike.values():
        for row, share in rows:
            others = [one for one in rows if one[0].gpu_count > row.gpu_count and _same_batch(one[0], row)]
            more, best = max(others, key=lambda one: one[1], default=(row, share))
            if share < SUBLINEAR_BOUND * best:
                failed[row] = (
                    f"sublinear: each of {row.gpu_count} GPUs {share / best:.3f} times each of {more.gpu_count} (bound {SUBLINEAR_BOUND:g})"
                )
    return failed


def without_links(benchmarks: Iterable[Benchmark], *, gpus: Mapping[str, Gpu]) -> dict[Benchmark, str]:
    """Rows of several GPUs of machines whose GPUs have links and do not use them, by how the same GPUs scale in other software.

    A machine is known by source, GPU and software. Where PCIe cards are in a machine, no row says how they are wired: they are not judged.
    """
    rows = [row for row in benchmarks if row.gpu in gpus and link_of(gpus[row.gpu]) in (Link.SWITCH, Link.MESH)]
    shares = _shares_of_linear(rows)
    best: dict[tuple[object, ...], dict[tuple[str, ...], float]] = {}
    for row, share in shares.items():
        machines = best.setdefault((row.model, row.framework, row.gpu, row.gpu_count, row.precision), {})
        machines[_machine(row)] = max(share, machines.get(_machine(row), 0.0))
    compared: dict[tuple[str, ...], list[float]] = {}
    for machines in best.values():
        for machine, share in machines.items():
            others = [other for name, other in machines.items() if name != machine]
            if others:
                compared.setdefault(machine, []).append(share / max(others))
    doubted = {
        machine: f"links not used: {sum(one < UNUSED_LINKS for one in found)} of {len(found)} cells scale to less than {UNUSED_LINKS} of what these GPUs reach elsewhere"
        for machine, found in compared.items()
        if len(found) >= COMPARED_CELLS_NEEDED
        and sum(one < UNUSED_LINKS for one in found) >= UNUSED_LINKS_CELLS * len(found)
    }
    return {row: doubted[_machine(row)] for row in rows if row.gpu_count > 1 and _machine(row) in doubted}


def peak_tflops(gpu: Gpu, precision: Precision) -> float | None:
    """The highest dense rate the hardware has for a precision; `None` if no figure is known.

    Mixed precision without tensor cores may compute in packed 16-bit or in FP32, whichever is faster.
    """
    vector = max((rate for rate in (gpu.fp32_tflops, gpu.fp16_non_tensor_tflops) if rate is not None), default=None)
    return {
        Precision.AMP: gpu.fp16_tensor_tflops or vector,
        Precision.FP16: gpu.fp16_tensor_tflops or vector,
        Precision.BF16: gpu.bf16_tensor_tflops or gpu.fp32_tflops,
        Precision.TF32: gpu.tf32_tensor_tflops or gpu.fp32_tflops,
        Precision.FP32: gpu.fp32_tflops,
    }[precision]


def forward_gmacs_lower_bound(row: Benchmark, model: Model) -> float | None:
    """Forward multiply-adds (1e9) of one sample at the row's input size, at least; `None` if not known.

    Images grow with the square of the side. A sequence grows at least in proportion to its tokens; a token costs at
    least the same. A row without an input size ran at the model's own.
    """
    macs = model.forward_gmacs_per_sample
    if macs is None or row.input_size is None or row.input_size == model.input_size:
        return macs
    if model.input_size is None:
        return None
    ratio = row.input_size / model.input_size
    if row.sample_unit == "image":
        return macs * ratio**2
    if row.sample_unit == "sequence" and ratio > 1:
        return macs * ratio
    if row.sample_unit == "token" and ratio > 1:
        return macs
    return None


def _shares_of_linear(benchmarks: Iterable[Benchmark]) -> dict[Benchmark, float]:
    """The speed of each GPU of a row of several, as a share of that of one alone in the same stack at the same batch."""
    rows = list(benchmarks)
    singles: dict[tuple[object, ...], list[Benchmark]] = {}
    for row in rows:
        if row.gpu_count == 1:
            singles.setdefault(_stack(row), []).append(row)
    found = {}
    for row in rows:
        alike = [single for single in singles.get(_stack(row), []) if _same_batch(single, row)]
        if row.gpu_count > 1 and alike:
            alone = max(single.samples_per_second for single in alike)
            found[row] = row.samples_per_second / row.gpu_count / alone
    return found


def _machine(row: Benchmark) -> tuple[str, ...]:
    return origin_of(row), row.gpu, row.software


def _stack(row: Benchmark) -> tuple[object, ...]:
    return row.model, row.framework, row.software, row.gpu, row.precision, row.input_size


def _same_batch(one: Benchmark, other: Benchmark) -> bool:
    if one.batch_size_per_gpu is None or other.batch_size_per_gpu is None:
        return one.batch_size_per_gpu is other.batch_size_per_gpu
    return abs(one.batch_size_per_gpu / other.batch_size_per_gpu - 1) <= SAME_BATCH_FRACTION
