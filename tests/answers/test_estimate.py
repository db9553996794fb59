"""`planner.estimate`: published times and prices, laws, limits, and what is left out."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planner
from planner.cost.startup import STARTUP_SECONDS
from planner.errors import LimitError, NothingLeftError, UnknownNameError, UsageError
from planner.model.records import Purchase
from tests.builders import a_snapshot, an_offer
from tests.examples import examples

DAY = date(2026, 7, 1)
IMAGENET_90 = {"model": "resnet50", "epochs": 90, "as_of": DAY}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book of one provider: one H100, eight H100 and one A100, on demand and spot, in two regions."""
    folder = tmp_path_factory.mktemp("data")
    one, eight = (
        an_offer(gpu="h100-80gb-sxm", instance_type="h-1x", gpu_count=1.0, usd_per_hour=4.0),
        an_offer(gpu="h100-80gb-sxm", instance_type="h-8x", gpu_count=8.0, usd_per_hour=30.0),
    )
    a100 = an_offer(gpu="a100-80gb-sxm", instance_type="a-1x", gpu_count=1.0, usd_per_hour=2.0)
    a_snapshot(
        folder,
        one,
        eight,
        a100,
        an_offer(gpu="h100-80gb-sxm", instance_type="h-1x", gpu_count=1.0, usd_per_hour=1.5, purchase=Purchase.SPOT),
        an_offer(gpu="h100-80gb-sxm", instance_type="h-1x", gpu_count=1.0, usd_per_hour=5.0, region="south-1"),
        an_offer(gpu="a100-80gb-sxm", instance_type="a-1x", gpu_count=1.0, purchase=Purchase.RESERVED_1Y),
    )
    return folder


def run(book, **options):
    """An estimate over that book alone."""
    return planner.estimate(**{**IMAGENET_90, "providers": ["testcloud"], "data_dir": book, **options})


@pytest.mark.parametrize(
    ("gpu", "count", "hours"),
    [("h100-80gb-sxm", 1, 11.5), ("a100-80gb-sxm", 1, 20.2), ("v100-16gb", 1, 38.5), ("h100-80gb-sxm", 8, 1.45)],
)
def test_resnet50_takes_what_the_shipped_measurements_say(gpu, count, hours):
    """115,305,030 images at 2,790, 1,582, 833 and 22,062 images/s; start-up comes on top."""
    result = planner.estimate(**IMAGENET_90, gpus=[f"{gpu}:{count}"])

    best = result.estimates[0]
    assert 115_305_030 == result.workload.samples
    assert pytest.approx(hours, rel=0.01) == (best.seconds - STARTUP_SECONDS) / 3600
    assert "measured" == best.throughput.basis


@pytest.mark.parametrize(
    ("provider", "instance_type", "region", "usd_per_hour"),
    [
        ("gcp", "a2-highgpu-1g", "us-central1", 3.67),
        ("gcp", "a3-highgpu-8g", "us-central1", 88.49),
        ("aws", "p5.48xlarge", "us-east-1", 55.04),
    ],
)
def test_published_on_demand_prices(provider, instance_type, region, usd_per_hour):
    """Whole machines, all parts included, after the cut of June 2025."""
    found = planner.offers(providers=[provider], regions=[region], purchases=["on_demand"])

    prices = [round(offer.usd_per_hour, 2) for offer in found if offer.instance_type == instance_type]
    assert [usd_per_hour] == prices


def test_time_and_cost_by_hand(book):
    """One H100 at 4 USD/h: hours are samples over throughput plus start-up, USD those hours times four."""
    best = run(book, gpus=["H100:1"], purchases=["on_demand"]).estimates[0]

    seconds = 1_281_167 * 90 / best.throughput.samples_per_second + 120
    assert pytest.approx(seconds) == best.seconds
    assert pytest.approx(seconds / 3600 * 4.0, abs=0.005) == best.usd


def test_items_add_up_to_the_total_to_the_cent(book):
    """The bill is the sum of the items shown above it."""
    for estimate in run(book).estimates:
        assert round(estimate.usd, 2) == round(sum(item.quantity * item.usd_per_unit for item in estimate.items), 2)


@settings(max_examples=examples(25), deadline=None)
@given(epochs=st.floats(min_value=0.01, max_value=10_000))
def test_doubling_the_epochs_doubles_the_time_beyond_start_up(book, epochs):
    """Start-up is paid once; everything else grows with the work, as long as nothing breaks it off."""
    calm = ("interruptions", "failures")
    once, twice = (
        run(book, epochs=count, gpus=["H100:1"], without=calm).estimates[0].seconds for count in (epochs, 2 * epochs)
    )

    assert pytest.approx(2 * (once - STARTUP_SECONDS), rel=1e-9) == twice - STARTUP_SECONDS


def test_ranges_hold_their_figure():
    """Low, figure and high are in order for time and money on every offer."""
    for estimate in planner.estimate(**IMAGENET_90).estimates:
        assert estimate.seconds_low <= estimate.seconds <= estimate.seconds_high
        assert estimate.usd_low <= estimate.usd + 1e-9
        assert estimate.usd <= estimate.usd_high + 1e-9


def test_one_row_per_provider_gpu_count_and_purchase(book):
    """The best region stands for its group; commitments are shown only when asked for."""
    groups = [(e.offer.gpu, e.offer.gpu_count, str(e.offer.purchase), e.offer.region) for e in run(book).estimates]

    assert sorted(groups) == [
        ("a100-80gb-sxm", 1.0, "on_demand", "north-1"),
        ("h100-80gb-sxm", 1.0, "on_demand", "north-1"),
        ("h100-80gb-sxm", 1.0, "spot", "north-1"),
        ("h100-80gb-sxm", 8.0, "on_demand", "north-1"),
    ]


def test_what_falls_out_is_counted(book):
    """One dearer region and one commitment are left out, with the reason."""
    left_out = {entry.reason: entry.count for entry in run(book).left_out}

    assert {
        "dearer than the best region of the same provider, GPU, count and purchase": 1,
        "other purchase kinds": 1,
    } == left_out


def test_every_offer_is_shown_on_request(book):
    """All regions, one row each."""
    assert 5 == len(run(book, every_offer=True).estimates)


@pytest.mark.parametrize(
    ("sort", "first"), [("usd", ("h-1x", "spot")), ("hours", ("h-8x", "on_demand")), ("value", ("h-8x", "on_demand"))]
)
def test_sort_orders(book, sort, first):
    """Cheapest, fastest, and smallest product of both."""
    best = run(book, sort=sort).estimates[0]

    assert first == (best.offer.instance_type, str(best.offer.purchase))


def test_the_pareto_front_is_what_brute_force_finds():
    """An estimate is on the front exactly if none is both no slower and cheaper, or faster and no dearer."""
    estimates = planner.estimate(**IMAGENET_90).estimates

    points = [(estimate.seconds, estimate.usd) for estimate in estimates]
    for estimate, (seconds, usd) in zip(estimates, points, strict=True):
        beaten = any(
            other_seconds <= seconds and other_usd <= usd and (other_seconds, other_usd) != (seconds, usd)
            for other_seconds, other_usd in points
        )
        assert (not beaten) == estimate.is_pareto


def test_limits_keep_what_meets_them(book):
    """Two hours leave only the eight GPUs."""
    result = run(book, max_hours=2)

    assert ["h-8x"] == [estimate.offer.instance_type for estimate in result.estimates]


def test_a_limit_that_cannot_be_met_says_by_how_much(book):
    """The cheapest estimate and how far it is over."""
    cheapest = run(book).estimates[0].usd

    with pytest.raises(
        LimitError, match=rf"h-1x \(spot, north-1\), costs {cheapest:.2f} USD \({cheapest - 1:.1%} over\)"
    ):
        run(book, max_usd=1)


def test_both_limits_together_can_fail_where_each_alone_holds(book):
    """The message shows the fastest and the cheapest."""
    run(book, max_hours=2)
    run(book, max_usd=20)

    with pytest.raises(LimitError, match=r"max_hours 2h: the fastest.*max_usd 20: the cheapest"):
        run(book, max_hours=2, max_usd=20)


@pytest.mark.parametrize("epochs", [0, -1, float("nan"), 1e12, float("inf")])
def test_impossible_epochs_are_refused(epochs):
    """The message names the argument, its range and the value."""
    with pytest.raises(UsageError, match=r"epochs must be above 0 and at most 1,000,000, not"):
        planner.estimate(model="resnet50", epochs=epochs)


def test_a_question_without_epochs_hears_of_the_reference_recipe():
    """What is missing, and what the reference recipe trains."""
    with pytest.raises(
        UsageError, match=r"How many epochs of resnet50\? Give epochs, .* The reference recipe of resnet50 trains 90"
    ):
        planner.estimate(model="resnet50")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"model": "resnet51"}, "Did you mean"),
        ({"precision": "fp17"}, "Unknown precision"),
        ({"dataset": "imagenet-2k"}, "imagenet"),
        ({"gpus": ["a1000"]}, "Unknown GPU"),
        ({"providers": ["awz"]}, "aws"),
        ({"regions": ["us-esat-1"]}, "us-east-1"),
        ({"purchases": ["on-demnd"]}, "on_demand"),
        ({"sort": "quickest"}, "Unknown sort"),
    ],
)
def test_unknown_names_are_refused_with_close_matches(options, match):
    """Every name that can be misspelt."""
    with pytest.raises(UnknownNameError, match=match):
        planner.estimate(**{**IMAGENET_90, **options})


@pytest.mark.parametrize(
    "options",
    [
        {"samples_per_epoch": 0},
        {"samples_per_epoch": -5},
        {"samples_per_epoch": 1e16},
        {"dataset": "imagenet", "samples_per_epoch": 5},
        {"dataset": "squad"},
        {"batch_size": 0},
        {"max_hours": 0},
        {"max_usd": -1},
        {"max_price_age_days": -1},
        {"limit": 0},
    ],
)
def test_numbers_out_of_range_are_refused(options):
    """Nothing is clamped or guessed."""
    with pytest.raises(UsageError):
        planner.estimate(**{**IMAGENET_90, **options})


def test_a_model_without_a_data_set_asks_for_samples():
    """Tacotron 2 is measured in mel frames, its corpus counted in clips: nobody's figure is used for the other."""
    with pytest.raises(UsageError, match="Give samples_per_epoch"):
        planner.estimate(model="tacotron2", epochs=1)


def test_old_prices_are_left_out_unless_asked_for():
    """The price list of 2020 answers only who asks for it."""
    with pytest.raises(LimitError, match=r"no price is so new.* The newest of 60 that pass all else is 854 days old"):
        planner.estimate(model="resnet50", epochs=90, providers=["azure"], as_of=date(2023, 1, 1), gpus=["v100-16gb"])

    old = planner.estimate(
        model="resnet50",
        epochs=90,
        providers=["azure"],
        as_of=date(2023, 1, 1),
        gpus=["v100-16gb"],
        max_price_age_days=None,
    )
    assert {date(2020, 8, 30)} == {estimate.offer.observed_on for estimate in old.estimates}


def test_the_frame_holds_one_row_per_estimate(book):
    """Columns are the flat keys of the JSON."""
    frame = run(book).to_frame()

    assert [1, 2, 3, 4] == list(frame["rank"])
    assert {"provider", "instance_type", "usd", "seconds_low", "basis"} <= set(frame.columns)


def test_offers_come_as_records_and_as_a_frame(book):
    """Same offers, by price per GPU and hour."""
    options = {"data_dir": book, "providers": ["testcloud"]}

    offers, frame = planner.offers(**options), planner.offers_frame(**options)

    assert [offer.usd_per_gpu_hour for offer in offers] == list(frame["usd_per_gpu_hour"])
    assert sorted(frame["usd_per_gpu_hour"]) == list(frame["usd_per_gpu_hour"])


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"gpus": ["V100"], "precision": "bf16"}, NothingLeftError, "has no bf16 units. Use precision amp"),
        ({"gpus": ["T4"], "precision": "tf32"}, NothingLeftError, "has no tf32 units"),
        ({"precision": "fp8"}, UsageError, "No training run of resnet50 in fp8 was measured"),
        ({"gpus": ["A100:32"]}, NothingLeftError, "instances hold .*16; for more, take several with nodes"),
        ({"basis": "guessed"}, UnknownNameError, "Known: measured_by_you, measured, scaled, modelled"),
        ({"framework": "pytroch"}, UnknownNameError, "Did you mean pytorch"),
        ({"nodes": 0}, UsageError, "nodes must be 1 to 4,096"),
        ({"measured": ["a100-80gb-sxm=0"]}, UsageError, "positive number"),
        ({"measured": ["t4=100", "t4=300"]}, UsageError, "contradicts 100 samples/s"),
        ({"measured": ["t4=100"], "precision": "tf32"}, UsageError, "cannot be what it says: t4 .* has no tf32 units"),
        ({"model": None}, UsageError, "Which model"),
        ({"model": "nix", "params_millions": 5}, UsageError, "Nothing says how fast nix is"),
        ({"model": "nix", "gmacs_per_sample": 5}, UsageError, "Give samples_per_epoch"),
        ({"model": "nix", "gmacs_per_sample": -5}, UsageError, "gmacs_per_sample must be above 0, not -5"),
    ],
)
def test_what_cannot_be_predicted_is_refused(options, error, match):
    """Each refusal says what would do instead."""
    with pytest.raises(error, match=match):
        planner.estimate(**{**IMAGENET_90, **options})


def test_basis_measured_is_the_strict_view():
    """Only rows of that model, GPU and count; the others are counted."""
    strict = planner.estimate(**IMAGENET_90, basis="measured")

    assert {"measured"} == {str(estimate.throughput.basis) for estimate in strict.estimates}
    assert any("basis measured" in entry.reason for entry in strict.left_out)


def test_every_gpu_on_offer_gets_a_basis():
    """L4, T4, MI300X ... are ranked beside what was measured."""
    bases = {e.offer.gpu: str(e.throughput.basis) for e in planner.estimate(**IMAGENET_90).estimates}

    assert ("measured", "scaled", "scaled") == (bases["h100-80gb-sxm"], bases["l4"], bases["mi300x"])


def test_an_own_measurement_is_carried_to_other_gpus(book):
    """1,000 samples/s on one A100: the A100 row answers with just that, an H100 is faster."""
    result = run(book, model="mine", measured=["a100-80gb-sxm=1000"], samples_per_epoch=1e6, gpus=["A100:1", "H100:1"])

    found = {estimate.offer.gpu: estimate.throughput for estimate in result.estimates}
    assert (1000.0, "measured_by_you") == (
        found["a100-80gb-sxm"].samples_per_second,
        str(found["a100-80gb-sxm"].basis),
    )
    assert found["h100-80gb-sxm"].samples_per_second > 1200
    assert "scaled" == str(found["h100-80gb-sxm"].basis)


def test_four_nodes_cost_four_instances(book):
    """Time shrinks less than fourfold, the bill counts every node, and the items add up."""
    one = run(book, gpus=["H100:8"]).estimates[0]
    four = run(book, gpus=["H100:8"], nodes=4).estimates[0]

    assert 1 < one.seconds / four.seconds < 4
    assert 4 == four.node_count
    assert four.usd > one.usd
    assert pytest.approx(4 * 30.0 * four.seconds / 3600, rel=1e-3) == four.usd
    assert four.usd_low <= four.usd <= four.usd_high


def test_a_file_describes_a_model(book, tmp_path):
    """The TOML file and the options of the same figures give the same answer."""
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\ngmacs_per_sample = 12.5\nparams_millions = 40\nsamples_per_epoch = 1e6\n'
    )

    by_file = run(book, model=None, model_file=tmp_path / "mine.toml")
    by_options = run(book, model="mine", gmacs_per_sample=12.5, params_millions=40, samples_per_epoch=1e6)

    assert [e.usd for e in by_options.estimates] == [e.usd for e in by_file.estimates]
    assert {"modelled"} == {str(estimate.throughput.basis) for estimate in by_file.estimates}


def test_commitments_in_regions_of_several_providers_are_priced():
    """The price on demand to compare with is looked for at the offer's own provider: it knows no regions of others."""
    found = planner.estimate(
        model="resnet50",
        epochs=1,
        gpus=("A100",),
        purchases=("reserved_1y",),
        regions=("us-east-1", "eastus", "us-central1"),
        as_of=date(2026, 11, 20),
    )

    assert {"us-east-1", "eastus"} <= {one.offer.region for one in found.estimates}
    assert all(any("on demand" in note for note in one.notes) for one in found.estimates)
