"""The records that flow through the planner: frozen, checked once, units in their names.

Missing is `None`, and each field says what its absence means. No field uses 0 for "unknown".
"""

from __future__ import annotations

import math
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from planner.errors import UnknownNameError
from planner.model.costs import CostItem, Interruptions, total_usd
from planner.model.frozen import dataclass
from planner.model.picks import NotPicked, PaidTo
from planner.model.rates import throughput_text

if TYPE_CHECKING:
    from planner.model.language_runs import LanguageWork
    from planner.model.tree_runs import TreeRun


class Purchase(StrEnum):
    """How an instance is paid for."""

    ON_DEMAND = "on_demand"
    SPOT = "spot"
    RESERVED_1Y = "reserved_1y"
    RESERVED_3Y = "reserved_3y"
    SAVINGS_1Y = "savings_1y"
    SAVINGS_3Y = "savings_3y"
    CAPACITY_BLOCK = "capacity_block"


class Precision(StrEnum):
    """Number formats a training run computes in; `amp` is mixed precision with 16-bit matrix products."""

    AMP = "amp"
    FP32 = "fp32"
    TF32 = "tf32"
    BF16 = "bf16"
    FP16 = "fp16"
    FP8 = "fp8"  # matrix products of language models in 8 bits, all else as in bf16


class Basis(StrEnum):
    """The bases of a throughput figure, strongest first."""

    MEASURED_BY_YOU = "measured_by_you"  # a run of the user's own, on exactly that
    MEASURED = "measured"
    SCALED = "scaled"
    MODELLED = "modelled"

    @property
    def is_measured(self) -> bool:
        """Whether it was measured on exactly that GPU and count, by anybody."""
        return self in (Basis.MEASURED_BY_YOU, Basis.MEASURED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU as clouds count it (one die of a two-die board), from `data/gpus.csv`.

    Rates are dense (no sparsity). `None` means the hardware lacks it or no sourced figure was found.
    """

    name: str
    display_name: str
    vendor: str
    architecture: str
    compute_capability: str
    release_date: str | None
    form_factor: str
    memory_gib: float
    memory_visible_mib: float | None
    memory_type: str
    has_ecc: bool
    memory_bandwidth_gb_per_s: float
    cuda_cores: int | None
    tensor_cores: int | None
    fp64_tflops: float | None
    fp32_tflops: float | None
    tf32_tensor_tflops: float | None
    fp16_tensor_tflops: float | None
    bf16_tensor_tflops: float | None
    fp8_tensor_tflops: float | None
    int8_tops: float | None
    fp16_non_tensor_tflops: float | None
    pcie_generation: int | None
    interconnect: str | None
    interconnect_gb_per_s: float | None
    tdp_watts: float | None
    idle_watts: float | None
    launch_price_usd: float | None
    units_per_board: int
    board_tdp_watts: float | None
    frameworks: str
    note: str
    source: str
    as_of: str

    @property
    def fp16_tflops_per_watt(self) -> float | None:
        """Dense 16-bit tensor TFLOPS per watt of board limit; `None` without tensor cores or a limit."""
        if self.fp16_tensor_tflops is None or self.tdp_watts is None:
            return None
        return self.fp16_tensor_tflops / self.tdp_watts

    @property
    def fp32_tflops_per_watt(self) -> float | None:
        """FP32 vector TFLOPS per watt of board limit; `None` if either is unknown."""
        if self.fp32_tflops is None or self.tdp_watts is None:
            return None
        return self.fp32_tflops / self.tdp_watts


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One way to rent one instance type: the whole instance, all parts included, Linux, before tax.

    `gpu_count` may be a fraction (0.125 of an L4). `zone` is `None` where the price holds for the whole region.
    `vcpus`, `memory_gib` and `network_gbps` are `None` where no source states them.

    On a marketplace an offer is a level, the middle of what many hosts ask: `usd_per_hour_cheapest` is the lowest of
    their prices, `offers_count` how many there were, `reliability` the share of time their machines are up (0 to 1, the
    median). Each is `None` where it is not known, as for all other offers.
    """

    provider: str
    instance_type: str
    region: str
    zone: str | None
    gpu: str
    gpu_count: float
    vcpus: float | None
    memory_gib: float | None
    network_gbps: float | None = None
    purchase: Purchase
    usd_per_hour: float
    observed_on: date
    source: str
    usd_per_hour_cheapest: float | None = None
    offers_count: int | None = None
    reliability: float | None = None

    def __post_init__(self) -> None:
        """Refuse a price, a count or a share that cannot be one."""
        _check_positive("usd_per_hour", self.usd_per_hour)
        _check_positive("gpu_count", self.gpu_count)
        if self.usd_per_hour_cheapest is not None:
            _check_positive("usd_per_hour_cheapest", self.usd_per_hour_cheapest)
            if self.usd_per_hour_cheapest > self.usd_per_hour:
                raise ValueError(
                    f"usd_per_hour_cheapest {self.usd_per_hour_cheapest!r} is above usd_per_hour {self.usd_per_hour!r}"
                )
        if self.offers_count is not None:
            _check_positive("offers_count", self.offers_count)
        if self.reliability is not None and not 0 <= self.reliability <= 1:
            raise ValueError(f"reliability must be from 0 to 1, not {self.reliability!r}")

    @property
    def usd_per_gpu_hour(self) -> float:
        """Price of the whole instance divided by its GPUs."""
        return self.usd_per_hour / self.gpu_count


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpriced:
    """An instance type that exists but has no usable public price, and why ("sold as capacity blocks only")."""

    instance_type: str
    gpu: str
    gpu_count: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A row that was not believed: its content as text, and the reason why it is kept out of the book."""

    instance_type: str
    region: str
    zone: str | None
    gpu: str | None
    gpu_count: str | None
    purchase: str | None
    usd_per_hour: str | None
    source: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model and the figures of its arithmetic, from `data/models.csv`.

    `forward_gmacs_per_sample` counts multiply-adds of one forward pass (1e9); `activations_millions` the output
    elements of matrix and convolution layers for one sample. Both hold at `input_size` (pixels or tokens).
    """

    name: str
    aliases: tuple[str, ...] = ()
    task: str
    sample_unit: str
    params_millions: float | None = None
    forward_gmacs_per_sample: float | None = None
    activations_millions: float | None = None
    input_size: int | None = None
    dataset: str | None = None
    typical_epochs: float | None = None
    source: str
    as_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMeasurement:
    """Samples per second of all `gpu_count` GPUs together, as the user measured them.

    What only a calibration knows is `None` otherwise: the range, `batch_size` per GPU, `memory_gib` held on one GPU, `watts` of all.
    """

    gpu: str
    gpu_count: int = 1
    precision: Precision = Precision.AMP
    samples_per_second: float
    low: float | None = None
    high: float | None = None
    batch_size: float | None = None
    memory_gib: float | None = None
    watts: float | None = None
    is_average: bool = False  # over a whole run, start-up and evaluation inside

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of its own range."""
        rate = self.samples_per_second
        return (rate if self.low is None else self.low), (rate if self.high is None else self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The work of a run: `samples_per_epoch` x `epochs` samples of `model`."""

    model: Model
    dataset: str | None
    samples_per_epoch: float
    epochs: float
    precision: Precision | None  # None: the fastest measured precision of each GPU
    batch_size: int | None = None
    framework: str | None = None
    input_size: int | None = None  # pixels or tokens; None: the model's own
    language: LanguageWork | None = None  # None: not a language model described by its shape
    trees: TreeRun | None = None  # None: no boosted trees; else a sample is a row in one round
    measured: tuple[OwnMeasurement, ...] = ()  # if any, they set the level in place of all shipped rows

    def __post_init__(self) -> None:
        """Refuse an amount of work that cannot be one."""
        _check_positive("samples_per_epoch", self.samples_per_epoch)
        _check_positive("epochs", self.epochs)

    @property
    def samples(self) -> float:
        """Samples seen over the whole run."""
        return self.samples_per_epoch * self.epochs

    @property
    def trained_params_millions(self) -> float | None:
        """Parameters that a checkpoint holds, in millions: of adapters, those of the adapters; `None` where not known."""
        if self.language is not None:
            return self.language.job.trained_parameters / 1e6
        return self.model.params_millions


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Measured training throughput of one cell: model, stack, GPU, count, precision, batch and input size.

    `samples_per_second` is the median over `machines` machines of the total over all `gpu_count` GPUs;
    `low` and `high` are the slowest and the fastest machine.
    """

    model: str
    framework: str
    software: str
    gpu: str
    gpu_count: int
    precision: Precision
    batch_size_per_gpu: int | None
    input_size: int | None
    samples_per_second: float
    low: float
    high: float
    machines: int
    sample_unit: str
    as_of: str
    source: str

    def __post_init__(self) -> None:
        """Refuse figures that are not throughput."""
        _check_positive("samples_per_second", self.samples_per_second)
        if not 0 < self.low <= self.samples_per_second <= self.high:
            raise ValueError(f"low {self.low!r}, samples_per_second, high {self.high!r} are out of order")


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Training throughput of a workload on `gpu_count` GPUs together, with its range and its basis.

    `low` and `high` hold the run of somebody whose code is not known; `relative_low` and `relative_high` that of code as
    fast as the stack: by so much two rows of one answer may differ. `sources` name every row used.
    """

    samples_per_second: float
    low: float
    high: float
    basis: Basis
    precision: Precision
    stack: str  # framework and software generation
    sources: tuple[str, ...]
    relative_low: float | None = None  # None: as low
    relative_high: float | None = None  # None: as high
    batch_size_per_gpu: float | None = None  # None: not known
    fits_memory: bool | None = None  # that batch on each GPU; None: not known
    steps: tuple[str, ...] = ()  # the arithmetic, one readable line a step, for --explain
    notes: tuple[str, ...] = ()  # what a reader must know to use the figure

    def __post_init__(self) -> None:
        """Refuse a range that does not hold its own figure."""
        _check_positive("samples_per_second", self.samples_per_second)
        if not 0 < self.low <= self.samples_per_second <= self.high or not math.isfinite(self.high):
            raise ValueError(f"low {self.low!r}, samples_per_second, high {self.high!r} are out of order")
        (relative_low, relative_high), rate = self.relative_ends, self.samples_per_second
        slack = 1 + 1e-9  # both ranges are worked out apart
        if not self.low <= relative_low * slack <= rate * slack**2 <= relative_high * slack**3 <= self.high * slack**4:
            raise ValueError(f"{relative_low!r} to {relative_high!r} is no range within {self.low!r} to {self.high!r}")

    __repr__ = throughput_text

    @property
    def relative_ends(self) -> tuple[float, float]:
        """Ends of the range for code as fast as the stack, in samples per second."""
        return (
            self.low if self.relative_low is None else self.relative_low,
            self.high if self.relative_high is None else self.relative_high,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One offer rented for one workload: its time and its bill.

    `seconds` is wall time from start to end (start-up included); low and high come from the throughput range. Those of
    the bill hold the range of today's price as well, `usd_per_hour_low` to `usd_per_hour_high`.
    `fits_memory` is `None` where the memory need of the model is not known.
    """

    rank: int
    offer: Offer
    node_count: int
    throughput: Throughput
    seconds: float
    seconds_low: float
    seconds_high: float
    items: tuple[CostItem, ...]
    usd_low: float
    usd_high: float
    usd_per_hour_low: float
    usd_per_hour_high: float
    fits_memory: bool | None = None
    is_pareto: bool = False
    market: PaidTo | None = None  # None: nobody is paid, as in a comparison of cards
    not_picked: NotPicked | None = None  # None: it may be proposed
    notes: tuple[str, ...] = ()
    interruptions: Interruptions | None = None  # None: none are counted
    basis_of_interruptions: str = ""  # where the rate comes from

    @property
    def usd(self) -> float:
        """The bill: the sum of its items."""
        return total_usd(self.items)


def _check_positive(field: str, value: float) -> None:
    # `not value > 0` also catches NaN
    if not 0 < value < math.inf:
        raise ValueError(f"{field} must be a positive number, not {value!r}")


def precision_named(text: str) -> Precision | None:
    """The precision of that name; `None` for `best`, the fastest known of each GPU.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if text == "best":
        return None
    known = [*map(str, Precision), "best"]
    if text not in known:
        raise UnknownNameError("precision", text, known, "planner estimate --help")
    return Precision(text)
