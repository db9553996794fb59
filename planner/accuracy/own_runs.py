"""Runs of our own on a rented GPU, and what the planner says of them: a source that nothing was learnt from."""

from __future__ import annotations

from dataclasses import fields

from planner.errors import NoThroughputError
from planner.hardware.gpus import load_gpus
from planner.hardware.tables import read_rows
from planner.language.jobs import language_workload, plan_job
from planner.language.listed import find_language_model
from planner.language.plan import plan_language_model
from planner.language.prediction import predict_language_model
from planner.language.stacks import usual_stack
from planner.model.frozen import dataclass
from planner.model.language_runs import LanguageWork
from planner.model.records import Model, Precision, Throughput, Workload, precision_named
from planner.options.language import language_arguments
from planner.throughput.adjustments import SMALL_IMAGE
from planner.throughput.measured import benchmarks_of
from planner.throughput.memory import GIB, RunMemory
from planner.throughput.workload_prediction import Prediction
from planner.work.listed import known_model
from planner.work.own import OwnModel, own_model

UNLISTED = {
    "fasterrcnn-r50-fpn": (134.38, 41.76),
    "retinanet-r50-fpn": (151.54, 34.01),
    "deeplabv3-r50": (178.72, 42.0),
    "fcn-r50": (152.72, 35.32),
}
"""Networks that the planner does not list: multiply-adds (1e9) and parameters (1e6) as the documentation of torchvision 0.26 gives them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRun:
    """A network to train for some seconds on one GPU; `size` is pixels or tokens."""

    kind: str
    model: str
    method: str
    gpu: str
    precision: str
    batch_size: int
    size: int
    recompute: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRun:
    """A row of `data/own_runs.csv`: what a run showed; all that it showed is empty where it failed, and `status` says why.

    `low` and `high` are the rates of the slow and the fast tenth of its blocks of steps.
    """

    model: str
    kind: str
    method: str
    gpu: str
    gpu_count: int
    precision: str
    batch_size: int
    size: int
    per_second: float | None
    low: float | None
    high: float | None
    unit: str
    step_seconds: float | None
    steps: int | None
    memory_allocated_gib: float | None
    memory_reserved_gib: float | None
    watts: float | None
    sm_mhz: float | None
    parameters_millions: float | None
    optimizer: str
    attention: str
    network: str
    channels_last: bool
    recompute: str
    compiled: bool
    variant: str
    status: str
    software: str
    machine: str
    source: str
    as_of: str

    @property
    def run(self) -> OwnRun:
        """What was trained."""
        return OwnRun(**{field.name: getattr(self, field.name) for field in fields(OwnRun)})

    @property
    def name(self) -> str:
        """The run in a few words."""
        what = () if self.method == "pretrain" else (self.method,)
        layout = ("channels first",) if self.kind in ("image", "segmenter") and not self.channels_last else ()
        more = (
            *what,
            *(("recomputed",) if self.recompute != "none" else ()),
            *layout,
            *(("compiled",) if self.compiled else ()),
            *((self.variant,) if self.variant else ()),
        )
        return ", ".join((f"{self.model} {self.size} x {self.batch_size} {self.precision}", *more))

    @property
    def is_the_planned(self) -> bool:
        """Whether it is the network that the planner means: small pictures without the stride of the first layers."""
        is_small = self.model.startswith("resnet") and self.kind == "image" and self.size <= SMALL_IMAGE
        return not is_small or self.variant == "small stem"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedRun:
    """A row of `data/own_runs_predicted.csv`: what the planner said of a run before it was made."""

    model: str
    kind: str
    method: str
    gpu: str
    precision: str
    batch_size: int
    size: int
    options: str
    per_second: float | None
    low: float | None
    high: float | None
    basis: str
    memory_gib: float | None
    reason: str
    source: str
    as_of: str


def measured_runs() -> tuple[MeasuredRun, ...]:
    """The shipped rows, in the order in which they were run."""
    return tuple(read_rows("own_runs.csv", MeasuredRun))


def runs_foretold() -> tuple[PredictedRun, ...]:
    """What was said of every run of the list before."""
    return tuple(read_rows("own_runs_predicted.csv", PredictedRun))


def predicted_rate(run: OwnRun, stack: str | None = None) -> Throughput:
    """What an estimate says of the run: steps alone, its batch and size given, with the whole range.

    Args:
        run: what is trained.
        stack: that of a language model; `None` for the one that an estimate assumes.

    Raises:
        NoThroughputError: the planner refuses it.
    """
    if run.kind == "decoder":
        work = _work(run, stack)
        tokens = float(work.job.batch_tokens)
        workload = language_workload(work, tokens=tokens, passes=1.0, precision=precision_named(run.precision))
        found = predict_language_model(workload, [(run.gpu, 1.0)])[run.gpu, 1.0]
        if isinstance(found, NoThroughputError):
            raise found
        return found
    workload = Workload(
        model=_network(run),
        dataset=None,
        samples_per_epoch=1,
        epochs=1,
        precision=precision_named(run.precision),
        batch_size=run.batch_size,
        input_size=run.size,
    )
    return Prediction(workload).of(run.gpu, 1)


def predicted_memory_gib(run: OwnRun, stack: str | None = None) -> float | None:
    """What a program needs of the GPU's memory by our count, in that stack of language models; `None` where nothing is counted."""
    precision = precision_named(run.precision) or Precision.AMP
    if run.kind == "decoder":
        try:
            plan = plan_language_model(_work(run, stack), load_gpus()[run.gpu], 1, precision)
        except NoThroughputError:
            return None
        return plan.plan.memory.total / GIB
    model = _network(run)
    memory = RunMemory(model, benchmarks_of(model.name), run.size).needed(run.batch_size, precision)
    return None if memory is None else memory.total / GIB


def _work(run: OwnRun, stack: str | None = None) -> LanguageWork:
    model = find_language_model(run.model)
    if model is None:
        raise NoThroughputError(f"{run.model} is no language model of the list")
    options = language_arguments(
        {
            "method": run.method,
            "stack": stack,
            "sequence_length": run.size,
            "micro_batch": run.batch_size,
            "batch_tokens": run.batch_size * run.size,
            "recompute": run.recompute,
            "pure_bf16": run.precision == "bf16" and run.method == "full",
        }
    )
    job = plan_job(model, options, run.precision)
    return LanguageWork(job=job, stack=stack or usual_stack(job.method), is_whole_run=False)


def _network(run: OwnRun) -> Model:
    listed = known_model(run.model)
    if listed is not None:
        return listed
    multiply_adds, parameters = UNLISTED[run.model]
    own = OwnModel(name=run.model, gmacs_per_sample=multiply_adds, params_millions=parameters, input_size=run.size)
    return own_model(own)
