"""Every option of a bill, declared once, in the same way as in arguments.py."""

# read as they stand, see arguments.py

from collections.abc import Iterable
from typing import Annotated, TypedDict

from planner.options.option import Option, Same
from planner.options.readers import FACTOR, FRACTION, GIGABYTES, HOURS, PER_HOUR, SECONDS

GPU_HOURS_PER_FAILURE = 50_000.0
"""One unexpected interruption of a training run per so many GPU-hours.

Meta's Llama 3 run: 419 unexpected interruptions in 54 days on 16,384 H100, 50,676 GPU-hours each
(https://arxiv.org/abs/2407.21783, section 3.3.4, July 2024)."""

Names = str | Iterable[str]


class BillArguments(TypedDict, total=False):
    """Bill: interruptions, commitments and the items beside rent."""

    trials: Annotated[int, Option("Full runs until one is right. One after the other.", default=1, low=1, high=100_000)]
    startup_seconds: Annotated[
        float | None,
        Option(
            "From billing to the first step. Default: 120; of n machines 120 + 30 log2(n) + 0.05 x GPUs.",
            low=0,
            high=1e7,
            read=SECONDS,
        ),
    ]
    loading_seconds: Annotated[
        float | None,
        Option(
            "Loading and compiling, at every start. On top of start-up. Default: as in {calibration}, else 0.",
            low=0,
            high=1e7,
            read=SECONDS,
            is_rare=True,
        ),
    ]
    overhead_factor: Annotated[
        float,
        Option(
            "Time of a real run over the benchmark's. Published: 1 to 1.31.",
            default=1.0,
            low=1,
            high=100,
            read=FACTOR,
        ),
    ]
    evaluation_fraction: Annotated[
        float,
        Option("Evaluation, as a fraction of training time.", default=0.0, low=0, high=100, read=FRACTION),
    ]
    dataset_gb: Annotated[
        float,
        Option(
            "Training data in GB, moved and stored. Staged in, and stored over the run.",
            default=0.0,
            low=0,
            high=1e9,
            read=GIGABYTES,
        ),
    ]
    results_gb: Annotated[
        float, Option("What is downloaded at the end, in GB.", default=0.0, low=0, high=1e9, read=GIGABYTES)
    ]
    tax_fraction: Annotated[
        float, Option("Tax on the whole bill: 0.19 or 19%.", default=0.0, low=0, high=1, read=FRACTION)
    ]
    share_commitment: Annotated[
        bool, Option("Others use the rest of a commitment. The rest of its term is not counted.", default=False)
    ]
    has_checkpoints: Annotated[
        bool, Option("Whether the run saves its state.", default=True, spellings=("checkpoints",))
    ]
    checkpoints: Annotated[bool, Same("has_checkpoints")]
    without: Annotated[
        Names,
        Option(
            "Item to take off the bill. start-up, interruptions, failures, staging, storage or egress. Repeatable.",
            known="items",
            metavar="ITEM",
        ),
    ]
    interruptions_per_hour: Annotated[
        float | None,
        Option(
            "Of one spot machine: 0.05, 2/day, 5%/h. Default: as published for type and region, else 10 % a day.",
            low=0,
            high=1000,
            read=PER_HOUR,
            is_rare=True,
        ),
    ]
    checkpoint_interval_seconds: Annotated[
        float | None,
        Option(
            "Work between checkpoints. Default: the best interval (Daly).",
            low=1,
            high=1e9,
            read=SECONDS,
            is_rare=True,
        ),
    ]
    checkpoint_seconds: Annotated[
        float | None,
        Option(
            "Time to write a checkpoint. Default: from the size of the model.",
            low=0,
            high=1e7,
            read=SECONDS,
            is_rare=True,
        ),
    ]
    restart_seconds: Annotated[
        float | None,
        Option(
            "From a new machine to its first step. Default: start-up and reading.",
            low=0,
            high=1e7,
            read=SECONDS,
            is_rare=True,
        ),
    ]
    gpu_hours_per_failure: Annotated[
        float,
        Option(
            "GPU-hours between hardware failures.",
            default=GPU_HOURS_PER_FAILURE,
            low=1,
            high=1e12,
            read=HOURS,
            is_rare=True,
        ),
    ]
    image_gb: Annotated[
        float,
        Option(
            "Container image pulled at every start, in GB.",
            default=0.0,
            low=0,
            high=1e5,
            read=GIGABYTES,
            is_rare=True,
        ),
    ]
    idle_seconds: Annotated[
        float,
        Option("Until the machine is stopped after the run.", default=0.0, low=0, high=1e8, read=SECONDS, is_rare=True),
    ]
