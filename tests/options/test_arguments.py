"""The declarations: every option has a range and a help that can be spelled, is taken by every verb, and counts."""

import functools
import re
from datetime import date
from pathlib import Path

import pytest

import planner
from planner.errors import PlannerError, UsageError
from planner.options.arguments import GROUPS, EstimateArguments, ListArguments, ShownArguments
from planner.options.bill_arguments import BillArguments
from planner.options.card_arguments import CardArguments
from planner.options.declared import declared, filled, other_names
from planner.options.language_arguments import LanguageArguments
from planner.options.owner_arguments import CompareArguments, OwnerArguments, RecommendArguments
from planner.results.comparison import document as comparison_document
from planner.results.estimate import document as estimate_document

DAY = date(2026, 7, 1)
VERBS = (EstimateArguments, CompareArguments, RecommendArguments, ListArguments)
EVERY = {name: one for home in VERBS for name, one in declared(home).items()}

NOT_IN_COMPARE = {
    "max_hours": "a limit of one run; a comparison weighs both sides whole",
    "max_usd": "a limit of one run; a comparison weighs both sides whole",
    "hour_worth_usd": "a comparison is of money over months",
    "max_cost": "a limit of one run; a comparison weighs both sides whole",
    "sort": "the cheapest rental is the other side",
    "limit": "there is one rental",
    "every_offer": "every offer is looked at",
}
NOT_IN_RECOMMEND = {
    "sort": "a recommendation has an order of its own",
    "every_offer": "every offer is looked at",
}

IMAGE = {"model": "resnet50", "epochs": 90, "gpus": ["A100"], "purchases": ["on_demand"], "as_of": DAY}
SPOT = {**IMAGE, "purchases": ["spot"]}
OWN = {"model": "mine", "epochs": 1, "gpus": ["A100"], "as_of": DAY, "samples_per_epoch": 1e6}
TEXT = {"model": "llama-3-8b", "gpus": ["H100:8"], "tokens": 1e9, "purchases": ["on_demand"], "as_of": DAY}
LORA = {**TEXT, "method": "lora"}
TREES = {"model": "xgboost", "rows": 1e6, "gpus": ["T4"], "purchases": ["on_demand"], "as_of": DAY}
SHAPE = {
    "params": 7e9, "layers": 32, "hidden": 4096, "heads": 32, "vocab": 32_000,
    "gpus": ["H100:8"], "tokens": 1e9, "purchases": ["on_demand"], "as_of": DAY,
}  # fmt: skip

COUNTS = {
    "model": (IMAGE, "resnet101"),
    "epochs": (IMAGE, 91),
    "dataset": (IMAGE, "coco-train2017"),
    "samples_per_epoch": (IMAGE, 1000),
    "precision": (IMAGE, "fp32"),
    "batch_size": (IMAGE, 16),
    "framework": (IMAGE, "mxnet"),
    "sequence_length_or_image_size": (IMAGE, 320),
    "gmacs_per_sample": ({**OWN, "gmacs_per_sample": 4.0, "params_millions": 25.0}, 12.0),
    "params_millions": ({**OWN, "gmacs_per_sample": 4.0, "params_millions": 25.0, "purchases": ["spot"]}, 900.0),
    "activations_millions": ({**OWN, "gmacs_per_sample": 4.0, "params_millions": 25.0, "activations_millions": 10.0}, 20.0),
    "measured": ({**OWN, "measured": ["a100-80gb-sxm=1000"]}, ["a100-80gb-sxm=2000"]),
    "basis": ({**IMAGE, "gpus": ["A100", "L40"]}, "measured"),
    "nodes": (IMAGE, 2),
    "hour_worth_usd": (IMAGE, 0),
    "gpus": (IMAGE, ["H100"]),
    "gpu_counts": (IMAGE, [8]),
    "providers": (IMAGE, ["azure"]),
    "regions": (IMAGE, ["us-east-1"]),
    "purchases": (IMAGE, ["spot"]),
    "instances": (IMAGE, ["p4d*"]),
    "max_price_age_days": ({**IMAGE, "providers": ["aws", "vast"]}, 20),
    "as_of": (IMAGE, date(2026, 4, 10)),
    "max_hours": (IMAGE, 5),
    "max_usd": (IMAGE, 100),
    "max_cost": (IMAGE, "80 EUR"),
    "sort": (IMAGE, "hours"),
    "limit": (IMAGE, 1),
    "every_offer": (IMAGE, True),
    "interruptions_per_hour": (SPOT, 0.5),
    "has_checkpoints": (SPOT, False),
    "checkpoint_interval_seconds": (SPOT, 60),
    "checkpoint_seconds": (SPOT, 300),
    "restart_seconds": (SPOT, 3000),
    "gpu_hours_per_failure": (IMAGE, 10),
    "share_commitment": ({**IMAGE, "purchases": ["reserved_1y"]}, True),
    "trials": (IMAGE, 5),
    "evaluation_fraction": (IMAGE, 0.5),
    "overhead_factor": (IMAGE, 1.3),
    "startup_seconds": (IMAGE, 7200),
    "loading_seconds": (IMAGE, 7200),
    "dataset_gb": (IMAGE, 1000),
    "results_gb": ({**IMAGE, "providers": ["aws"]}, 1000),
    "image_gb": (IMAGE, 50),
    "idle_seconds": (IMAGE, 36_000),
    "tax_fraction": (IMAGE, 0.5),
    "without": (IMAGE, ["start-up"]),
    "method": (TEXT, "lora"),
    "tokens": (TEXT, 2e9),
    "samples": ({**TEXT, "tokens": None, "samples": 1e6}, 2e6),
    "sequence_length": (TEXT, 4096),
    "batch_tokens": (TEXT, 8_388_608),
    "rank": ({**LORA, "purchases": ["spot"]}, 256),
    "optimizer": ({**TEXT, "method": "full", "gpus": ["A100:8"]}, "adafactor"),
    "pure_bf16": ({**TEXT, "method": "full", "gpus": ["A100:8"]}, True),
    "optimizer_in_backward": ({**TEXT, "method": "full", "gpus": ["A100:8"]}, True),
    "cpu_offload": ({**TEXT, "method": "full", "gpus": ["A100:8"]}, "optimizer"),
    "recompute": (TEXT, "full"),
    "zero_stage": ({**TEXT, "gpus": ["A100:8"]}, 3),
    "tensor_parallel": (TEXT, 8),
    "pipeline_parallel": (TEXT, 4),
    "micro_batch": (TEXT, 1),
    "stack": (TEXT, "megatron-deepspeed"),
    "params": (SHAPE, 6e9),
    "layers": (SHAPE, 16),
    "hidden": (SHAPE, 4128),
    "heads": ({**SHAPE, "kv_heads": 8}, 64),
    "kv_heads": (SHAPE, 8),
    "feed_forward": (SHAPE, 10_900),
    "vocab": (SHAPE, 256_000),
    "rows": (TREES, 2e6),
    "features": (TREES, 16),
    "rounds": (TREES, 200),
    "depth": (TREES, 8),
}  # fmt: skip
"""For each option of an estimate a question and another value, which must change the answer. Files: the tests below."""

FILES = {"calibration", "model_file", "price_book", "data_dir", "strict"}  # and what is to be done about damaged ones


def test_every_number_has_a_range():
    """Tests draw from it, and a typing error is told."""
    assert [] == [
        name
        for name, one in EVERY.items()
        if one.is_number and (one.option.high is None or (one.option.low is None) == (one.option.above is None))
    ]


def test_defaults_and_bounds_can_be_used():
    """No declaration contradicts itself."""
    for one in EVERY.values():
        if one.default is not None:
            one.usable(one.default)
        if one.is_number:
            for bound in (one.option.low, one.option.high):
                if bound is not None:
                    number = bound if float in one.kinds else int(bound)
                    one.usable([number] if one.is_list else number)


@pytest.mark.parametrize("name", [name for name, one in EVERY.items() if one.is_number])
def test_what_lies_outside_a_range_is_refused(name):
    """One below, one above and one far above; the message names argument, a range that does not hold the value, and it."""
    one = EVERY[name]
    below = one.option.above if one.option.low is None else one.option.low - 1
    for bound in (below, (one.option.high or 0) * 2, 1e300):
        number = float(bound) if float in one.kinds else int(bound)
        with pytest.raises(UsageError, match=f"^{name} must be .*, not ") as caught:
            one.usable([number] if one.is_list else number)
        assert name == caught.value.argument
        end = f"{one.option.high:,.10g}"
        assert (bound == below) or re.search(rf"( to|at most) {re.escape(end)}, not ", str(caught.value)), caught.value
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize("tiny", [5e-324, 1e-310, 1e-200])
def test_numbers_that_nobody_means_are_as_good_as_nothing(tiny):
    """Divided by them others would end beyond what a float holds: what must be above 0 is refused, else it is 0."""
    for name, one in EVERY.items():
        if float in one.kinds and not one.is_list:
            if one.option.above == 0:
                with pytest.raises(UsageError, match=f"^{name} must be above 0.*, not {tiny:g}"):
                    one.usable(tiny)
            elif one.option.low == 0:
                assert one.usable(tiny) == 0.0


def test_help_names_arguments_that_there_are():
    """Every slot of a help text is an option or a spelling of one, so that each reader can be shown its own name."""
    names = {word for name, one in EVERY.items() for word in (name, *one.spellings)}
    names |= declared(OwnerArguments).keys() | declared(ShownArguments).keys()

    assert [] == [
        (name, slot)
        for name, one in EVERY.items()
        for slot in re.findall(r"\{(\w+)\}", one.option.help)
        if slot not in names
    ]
    assert all(one.option.help.endswith(".") or "Default" in one.option.help for one in EVERY.values())


def test_second_names_are_names_of_something():
    """They lead to a first name, and none hides another argument."""
    for home in VERBS:
        assert set(other_names(home).values()) <= declared(home).keys()
        assert not other_names(home).keys() & declared(home).keys()


def test_every_verb_takes_the_options_of_an_estimate():
    """Or has a reason not to; a new option is in all of them by construction."""
    options = declared(EstimateArguments).keys()

    assert set(NOT_IN_COMPARE) == options - declared(CompareArguments).keys()
    assert set(NOT_IN_RECOMMEND) == options - declared(RecommendArguments).keys()


def test_every_option_is_in_a_group():
    """The headings of `--help` hold all of them."""
    grouped = {name for group in (*GROUPS, OwnerArguments, CardArguments) for name in declared(group)}

    assert {"is_owned"} == {name for home in VERBS for name in declared(home)} - grouped


def test_every_option_of_an_estimate_is_tried():
    """The table above is whole."""
    assert COUNTS.keys() | FILES == declared(EstimateArguments).keys()


@pytest.mark.parametrize("name", COUNTS)
def test_every_option_counts(name):
    """Another value gives another answer: nothing that is accepted is dropped."""
    base, value = COUNTS[name]

    before, after = (_estimated(_Question(one)) for one in (base, base | {name: value}))

    assert (before["estimates"], before["picks"]) != (after["estimates"], after["picks"])
    assert before["estimates"]


class _Question(dict):
    """Arguments of a question that can be looked up: many options are tried on the same one."""

    def __hash__(self):
        return hash(repr(self))


@functools.cache
def _estimated(question):
    return estimate_document(planner.estimate(**question))


ON_BOTH_SIDES = ("trials", "evaluation_fraction", "overhead_factor", "tax_fraction")
"""Options of the bill that an owned machine pays for as well; docs/ownership.md says why it does not for the others."""

BUY = {"buy": "rtx-4090", "jobs_per_month": 2, "as_of": DAY}


@pytest.mark.parametrize("name", [name for name in COUNTS if name in declared(CompareArguments)])
def test_every_option_counts_in_a_comparison(name):
    """On the rented side; what makes a run longer or is taxed makes owning dearer too."""
    if name == "share_commitment":
        pytest.skip("a commitment is paid for its term: a comparison asks for its price per hour of use")
    base, value = COUNTS[name]
    gpu = {"buy": "h100-80gb-sxm:8"} if "tokens" in base or "samples" in base or "params" in base else {}
    base = {**base, **BUY, **gpu, "jobs_per_month": 0.5}

    before, after = (_compared(_Question(one)) for one in (base, base | {name: value}))

    assert "own" in before
    assert before != after
    if name in declared(BillArguments):
        assert before["rent"]["usd_total"] != after["rent"]["usd_total"]
        assert (name in ON_BOTH_SIDES) == (before["own"]["usd_total"] != after["own"]["usd_total"])


@functools.cache
def _compared(question):
    """Both sides and what they assume (of how many rows the rental is the cheapest), or the refusal as one."""
    try:
        document = comparison_document(planner.compare(**question))
    except PlannerError as error:
        return {"refused": str(error)}
    return {part: document[part] for part in ("rent", "own", "assumptions")}


def test_own_prices_count_in_a_comparison(tmp_path: Path):
    """A discount of 90 % makes renting ten times cheaper, by the run and by the hour."""
    book = tmp_path / "prices.toml"
    book.write_text('[[discounts]]\nprovider = "aws"\ndiscount_fraction = 0.9\n')
    run = {**IMAGE, **BUY, "providers": ["aws"]}
    hour = {
        "buy": "h100-80gb-sxm:8",
        "utilisation": 0.5,
        "providers": ["aws"],
        "purchases": ["on_demand"],
        "as_of": DAY,
    }

    for question in (run, hour):
        listed = planner.compare(**question).rent
        own = planner.compare(**question, price_book=book).rent

        assert pytest.approx(listed.usd_per_job / 10) == own.usd_per_job


@pytest.mark.parametrize(
    "more", [{"trials": 5}, {"nodes": 2}, {"tax_fraction": 0.5}, {"dataset_gb": 5000}, {"overhead_factor": 1.3}]
)
def test_a_recommendation_weighs_the_card_with_the_same_options(more):
    """The sentence about a card speaks of the bill that was asked for."""
    options = {**IMAGE, **more}

    sentence = planner.recommend(**options, runs_per_month=4).sentences[-1]
    verdict = planner.compare(
        **options, buy=("rtx-3090", "rtx-4090", "rtx-5090", "rtx-a6000"), jobs_per_month=4
    ).verdict

    assert verdict in sentence
    assert (
        verdict
        != planner.compare(**IMAGE, buy=("rtx-3090", "rtx-4090", "rtx-5090", "rtx-a6000"), jobs_per_month=4).verdict
    )


@pytest.mark.parametrize(
    ("first", "other", "value"),
    [
        ("gpus", "gpu", "H100"),
        ("providers", "provider", "gcp"),
        ("regions", "region", "us-east-1"),
        ("purchases", "purchase", "spot"),
        ("gpu_counts", "gpu_count", [8]),
        ("max_hours", "deadline", "5h"),
        ("max_usd", "budget", 200),
        ("max_usd", "budget_usd", 200),
        ("has_checkpoints", "checkpoints", False),
    ],
)
def test_both_names_of_an_argument_do_the_same(first, other, value):
    """In Python as at a terminal; both at once are refused."""
    base = {name: known for name, known in SPOT.items() if name != first}

    assert planner.estimate(**base, **{first: value}) == planner.estimate(**base, **{other: value})
    with pytest.raises(UsageError, match=f"{other} and {first} are the same; give one"):
        planner.estimate(**base, **{first: value, other: value})


def test_runs_and_jobs_per_month_are_one():
    """In a comparison and in a recommendation."""
    assert planner.compare(**IMAGE, buy="rtx-4090", jobs_per_month=3) == planner.compare(
        **IMAGE, buy="rtx-4090", runs_per_month=3
    )
    assert planner.recommend(**IMAGE, jobs_per_month=3) == planner.recommend(**IMAGE, runs_per_month=3)


@pytest.mark.parametrize(
    ("alone", "listed"),
    [
        ({"gpus": "A100"}, {"gpus": ["A100"]}),
        ({"providers": "gcp"}, {"providers": ["gcp"]}),
        ({"regions": "us-east-1"}, {"regions": ["us-east-1"]}),
        ({"purchases": "on_demand"}, {"purchases": ["on_demand"]}),
        ({"measured": "a100-80gb-sxm=1000"}, {"measured": ["a100-80gb-sxm=1000"]}),
        ({"buy": "rtx-3090"}, {"buy": ["rtx-3090"]}),
    ],
)
def test_a_lone_text_is_one_name_in_a_comparison(alone, listed):
    """No text is read letter by letter."""
    base = {"model": "resnet50", "epochs": 90, **BUY}

    assert planner.compare(**base | listed) == planner.compare(**base | alone)


def test_what_is_filled_in_is_whole():
    """Every argument is there under its first name, with its default."""
    found = filled(EstimateArguments, {"gpu": "A100", "deadline": 5})

    assert declared(EstimateArguments).keys() == found.keys()
    assert (("A100",), 5.0, "amp", (), None) == (
        found["gpus"], found["max_hours"], found["precision"], found["providers"], found["model"]
    )  # fmt: skip


def test_language_options_are_language_models_only():
    """The group decides what makes a question one about a language model."""
    assert "batch_size" not in declared(LanguageArguments)
    assert "method" in declared(LanguageArguments)
