"""Questions drawn from the declarations: a job of any kind, and up to four of the options that there are.

Nothing lists options here. What an option may be comes from its declaration; below stands only which part of a range is asked
for most often, and what texts without a list of names look like.
"""

from datetime import date
from functools import cache
from pathlib import Path

import click
from hypothesis import strategies as st

import planner
from planner.cli.completion_values import values_of
from planner.cli.root import cli
from planner.language.listed import load_language_models
from planner.options.arguments import EstimateArguments, WorkArguments
from planner.options.declared import declared
from planner.options.language_arguments import LanguageArguments
from planner.options.owner_arguments import CompareArguments, RecommendArguments
from planner.options.tree_arguments import TreeArguments

HOMES = (EstimateArguments, CompareArguments, RecommendArguments)

EXCUSED = {
    "calibration": "a file of one run, which says model, GPU and batch itself: tests/cli/test_calibrate_command.py asks it"
}
"""Options that no question has, and why."""

SHAPE = ("params", "layers", "hidden", "heads", "kv_heads", "feed_forward", "vocab")
OWN = ("gmacs_per_sample", "params_millions", "activations_millions", "measured", "model_file")
DESCRIBING = {*declared(WorkArguments), *declared(LanguageArguments), *declared(TreeArguments)}

OF_ANY_JOB = {"precision", "basis", "nodes"}
OF_KIND = {
    "listed": {"dataset", "samples_per_epoch", "batch_size", "framework", "sequence_length_or_image_size", "measured"},
    "own": {"batch_size", "activations_millions", "measured"},
    "file": {*OWN, "samples_per_epoch", "batch_size"},
    "language": {*declared(LanguageArguments), "sequence_length_or_image_size"} - {*SHAPE, "samples"},
    "adapter": {*declared(LanguageArguments)} - {*SHAPE, "sequence_length", "tokens"},
    "shape": {*declared(LanguageArguments), "sequence_length_or_image_size"} - {"samples"},
    "trees": {"features", "rounds", "depth"},
}
"""What may be said of each kind of job beside what it needs: an image has no tokens, an own model no data set."""

USUAL = {
    "activations_millions": (1, 1000),
    "batch_size": (1, 512),
    "batch_tokens": (1e5, 1e7),
    "card_usd": (100, 1e5),
    "checkpoint_interval_seconds": (60, 1e5),
    "checkpoint_seconds": (0, 1000),
    "depth": (4, 13),
    "epochs": (0.1, 300),
    "features": (2, 100),
    "evaluation_fraction": (0, 1),
    "gmacs_per_sample": (0.1, 1000),
    "gpu_counts": (1, 8),
    "gpu_hours_per_failure": (1000, 1e6),
    "gpu_hours_per_month": (1, 700),
    "heads": (8, 64),
    "hour_worth_usd": (0, 1000),
    "idle_seconds": (0, 1e5),
    "image_gb": (0, 50),
    "interruptions_per_hour": (0, 1),
    "dataset_gb": (0, 5000),
    "jobs_per_month": (0.01, 5),
    "layers": (8, 96),
    "max_hours": (10, 1e6),
    "max_price_age_days": (100, 2000),
    "max_usd": (10, 1e7),
    "micro_batch": (1, 16),
    "months": (6, 60),
    "nodes": (1, 8),
    "overhead_factor": (1, 2),
    "params_millions": (1, 1000),
    "pipeline_parallel": (1, 4),
    "rank": (1, 256),
    "rent_usd_per_hour": (0.1, 100),
    "restart_seconds": (0, 4000),
    "results_gb": (0, 20_000),
    "rounds": (10, 10_000),
    "rows": (1e4, 1e8),
    "samples": (1e3, 1e7),
    "samples_per_epoch": (1e3, 1e7),
    "sequence_length": (64, 4096),
    "sequence_length_or_image_size": (64, 512),
    "tax_fraction": (0, 0.25),
    "tensor_parallel": (1, 8),
    "tokens": (1e6, 1e11),
    "trials": (1, 20),
}
"""Where most numbers of an option lie; beyond, most questions have no answer. One in four is from its whole range."""

WITHIN = {
    "gpu_hours_per_month": (0, 5840),  # a month of eight cards
    "limit": (1, 100),  # an agent is given a hundred rows at most
    "layers": (1, 200),
    "tensor_parallel": (1, 1024),
    "pipeline_parallel": (1, 1024),
    "micro_batch": (1, 1024),
    "nodes": (1, 64),
}
"""Part of a range that all numbers of an option are from: more takes long, and is refused in the end."""

TEXTS = {
    "against": ("on_demand", "spot", "marketplace", "reserved_3y"),
    "batch_tokens": ["500k", "2M", "1e6"],
    "max_hours": ["48h", "2d", "90m", "2w", "2026-12-31", "2027-03-01T12:00"],
    "max_cost": ["500 EUR", "$2,000", "1500"],
    "measured": ["a100-80gb-sxm=1234", "t4=210", "h100-80gb-sxm:8=21000", "rtx-4090@fp32=55.5"],
    "params": ["7B", "350M", "1.3e9"],
    "rows": ["10M", "250,000", "1e6"],
    "samples": ["50k", "300,000", "1e5"],
    "tokens": ["15B", "300M", "7e9"],
}
"""What people write where the names of no list stand."""

FILES = {
    "price_book": {
        "rates.toml": '[[discounts]]\nprovider = "azure"\ndiscount_fraction = 0.6\n\n'
        '[[rates]]\nprovider = "aws"\ninstance_type = "g5.xlarge"\nusd_per_hour = 0.3\n',
        "credits.toml": '[[credits]]\nprovider = "gcp"\nusd = 60\n\n[[credits]]\nprovider = "aws"\nusd = 900\n',
        "machines.toml": '[[machines]]\nname = "lab"\ngpu = "rtx-3090"\ngpu_count = 2\nusd_per_hour = 0.2\n',
    },
    "model_file": {
        "detector.toml": 'name = "my-detector"\ngmacs_per_sample = 12.5\nparams_millions = 40\nsamples_per_epoch = 250000\n',
        "measured.toml": 'name = "my-net"\nsamples_per_epoch = 1000\nmeasured = ["a100-80gb-sxm=1234", "t4=210"]\n',
    },
    "data_dir": {"books": ""},
}
"""Files and folders by the option that names them, and what a file holds; tests run where they lie."""

DAYS = (date(2026, 11, 20), date(2026, 6, 20), date(2026, 5, 25))
"""Days to plan on: books of several dates are known on them."""


@cache
def names(known):
    """The names of a list, as the tab key offers them."""
    for verb in ("estimate", "compare"):
        command = cli.get_command(click.Context(cli), verb)
        for one in declared(EstimateArguments if verb == "estimate" else CompareArguments).values():
            if one.option.known == known and one.option.is_typed:
                param = next(param for param in command.params if param.name == one.name)
                return tuple(values_of(click.Context(command), param, ""))
    raise AssertionError(f"no option has names of {known}")


@cache
def offered(attribute):
    """GPUs or regions with the most offers first."""
    found = {}
    for offer in planner.offers(as_of=DAYS[0]):
        found[getattr(offer, attribute)] = found.get(getattr(offer, attribute), 0) + 1
    return tuple(sorted(found, key=lambda name: (-found[name], name))[:12])


def few_digits(low, high):
    """Numbers from low to high with two digits, as people write them."""
    powers = [power for power in range(-3, 19) if 10.0**power <= high and 99 * 10.0**power >= low]
    if not powers:
        return st.sampled_from([float(low), float(high)])
    numbers = st.builds(lambda digits, power: float(f"{digits}e{power}"), st.integers(0, 99), st.sampled_from(powers))
    return numbers.map(lambda number: min(max(number, low), high))


def numbers(one):
    """Numbers within the range of an option, most of them where most people's are."""
    low = one.option.low if one.option.low is not None else one.option.above
    low, high = WITHIN.get(one.name, (low, one.option.high))
    usual = USUAL.get(one.name, (low, high))
    if float not in one.kinds:
        return st.integers(*usual) | st.integers(*usual) | st.integers(*usual) | st.integers(int(low), int(high))
    found = st.one_of(*(few_digits(*span) for span in (usual, usual, usual, (low, high))))
    return found if one.option.above is None else found.filter(lambda number: number > one.option.above)


def texts(one):
    """Texts that an option knows, most of them those that are on offer."""
    known = one.option.known
    if not known:
        return st.sampled_from(TEXTS[one.name])
    if known == "gpus":
        counted = st.builds("{}:{}".format, st.sampled_from(offered("gpu")), st.sampled_from([1, 2, 4, 8]))
        return st.sampled_from(offered("gpu")) | counted | st.sampled_from(names(known))
    if known == "regions":
        return st.sampled_from(offered("region")) | st.sampled_from(names(known))
    return st.sampled_from(names(known))


def one_value(one):
    """One value of an option, by its declaration."""
    if one.name in FILES:
        return st.sampled_from([Path(name) for name in FILES[one.name]])
    if bool in one.kinds:
        return st.booleans()
    if date in one.kinds:
        return st.sampled_from(DAYS)
    if one.is_number:
        return numbers(one) | st.sampled_from(TEXTS[one.name]) if str in one.kinds else numbers(one)
    return texts(one)


@cache
def values(one):
    """Values of an option; a short list where it may be given several times."""
    if not one.is_list:
        return one_value(one)
    return st.lists(one_value(one), min_size=1, max_size=3, unique=True).map(tuple)


def _of(home, *needed):
    return {name: values(declared(home)[name]) for name in needed}


@cache
def jobs(home):
    """Each kind of job, and what it needs at least."""
    language = st.sampled_from(sorted(load_language_models()))
    plain = st.sampled_from(sorted(set(names("models")) - set(load_language_models())))
    few = st.sampled_from(["resnet50", "bert-large-squad", "maskrcnn-r50-fpn", "vgg16", "ssd300-vgg16"])
    return {
        "listed": {"model": few | few | plain, **_of(home, "epochs")},
        "own": {
            "model": st.just("mine"),
            **_of(home, "gmacs_per_sample", "params_millions", "samples_per_epoch", "epochs"),
        },
        "file": {"model": st.just("mine"), **_of(home, "model_file", "epochs")},
        "language": {"model": language, **_of(home, "tokens")},
        "adapter": {
            "model": language,
            "method": st.sampled_from(["lora", "qlora"]),
            **_of(home, "samples", "sequence_length_or_image_size", "epochs"),
        },
        "trees": {"model": st.sampled_from(["xgboost", "lightgbm", "catboost"]), **_of(home, "rows")},
        "shape": {
            **_of(home, "tokens"),
            "params": st.just("1.3B"),
            "layers": st.just(24),
            "hidden": st.just(2048),
            "heads": st.just(16),
            "vocab": st.sampled_from([32_000, 50_000]),
        },
    }


def options(home, kind):
    """What may be said of a kind of job."""
    fitting = OF_ANY_JOB | OF_KIND[kind]
    return [name for name in declared(home) if name in fitting or name not in DESCRIBING]


@st.composite
def questions(draw, home, *, without=(), needed=None, kinds=tuple(OF_KIND)):
    """Arguments of a declaration: a job, what else is needed, and up to four options that may be said of it.

    Args:
        home: the declaration.
        without: options that are not drawn.
        needed: what is always there beside the job.
        kinds: kinds of job.
    """
    kind = draw(st.sampled_from(kinds))
    asked = {
        **draw(st.fixed_dictionaries(jobs(home)[kind])),
        "as_of": draw(st.sampled_from(DAYS)),
        **draw(st.just({}) if needed is None else needed),
    }
    left = [name for name in options(home, kind) if name not in {*asked, *without}]
    for name in draw(st.lists(st.sampled_from(left), max_size=4, unique=True)):
        asked[name] = draw(values(declared(home)[name]))
    if asked.get("every_offer") and "gpus" not in asked:
        asked["gpus"] = draw(values(declared(home)["gpus"]))  # not eight thousand rows
    return asked
