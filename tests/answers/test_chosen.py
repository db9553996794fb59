"""The rows that an estimate picks, over the shipped books and over made ones."""

from dataclasses import replace
from datetime import date

import pytest

import planner
from planner.answers import chosen
from planner.answers.estimate import propose
from planner.answers.markets import paid_to
from planner.answers.pricing import priced_of_group
from planner.errors import LimitError
from planner.hardware.access import access_to
from planner.model.picks import Mark, NotPicked, PaidTo, PickKind
from planner.model.records import Purchase
from planner.results.answer import answer
from tests.builders import a_snapshot, an_offer

DAY = date(2026, 7, 1)
IMAGE = {"model": "resnet50", "epochs": 90, "as_of": DAY}


@pytest.fixture(scope="module")
def shipped():
    """ResNet-50 for 90 epochs over the shipped books."""
    return planner.estimate(**IMAGE)


@pytest.mark.parametrize(
    ("provider", "instance_type", "purchase", "market"),
    [
        ("own", "desk", Purchase.ON_DEMAND, PaidTo.OWN),
        ("vast", "1x_A100", Purchase.SPOT, PaidTo.SPOT),
        ("aws", "p5.48xlarge", Purchase.SAVINGS_1Y, PaidTo.COMMITMENT),
        ("aws", "p5.48xlarge", Purchase.CAPACITY_BLOCK, PaidTo.COMMITMENT),
        ("oci", "BM.GPU.H100.8", Purchase.ON_DEMAND, PaidTo.LARGE_CLOUD),
        ("runpod", "1x_L40S_SECURE", Purchase.ON_DEMAND, PaidTo.GPU_CLOUD),
        ("runpod", "1x_L40S_COMMUNITY", Purchase.ON_DEMAND, PaidTo.MARKETPLACE),
        ("vast", "1x_A100", Purchase.ON_DEMAND, PaidTo.MARKETPLACE),
        ("unheard of", "any", Purchase.ON_DEMAND, PaidTo.GPU_CLOUD),
    ],
)
def test_a_row_belongs_to_the_first_market_that_fits(provider, instance_type, purchase, market):
    """Spot is spot whoever sells it; the kind of seller decides last."""
    offer = an_offer(provider=provider, instance_type=instance_type, purchase=purchase)

    assert market is paid_to(offer)


def test_no_pick_is_out_by_the_rules(shipped):
    """Nothing picked has a reason against it, and what it rests on is as the rules say, looked up anew."""
    picks = shipped.picked.picks

    for pick in picks:
        offer = pick.estimate.offer
        assert pick.mark is not None or pick.estimate.not_picked is None
        assert not access_to(offer.provider, offer.region).is_closed
        assert offer.gpu_count >= 1
        assert pick.mark is Mark.OLD_PRICE or (DAY - offer.observed_on).days <= 365
        assert pick.estimate.fits_memory is not False
    assert [*range(1, len(picks) + 1)] == [pick.number for pick in picks]


def test_every_machine_is_counted_once(shipped):
    """Those picked or open to it, and those of each reason, are all the machines of the answer."""
    every = planner.estimate(**IMAGE, every_offer=True).estimates
    rows = {}
    for one in every:
        offer = one.offer
        machine = (offer.provider, offer.instance_type, offer.gpu_count, offer.purchase)
        rows.setdefault(machine, []).append(one.not_picked)
    order = [*NotPicked]
    nearest = [None if None in found else max(found, key=order.index) for found in rows.values()]

    assert len(rows) == shipped.picked.machines
    assert dict(shipped.picked.not_picked) == {reason: nearest.count(reason) for reason in order if reason in nearest}


def test_the_way_rows_are_listed_has_no_part_in_the_picks(shipped):
    """All offers or the best few, by money or by time: the screen is the same."""
    other = planner.estimate(**IMAGE, sort="hours", limit=3)

    def seen(result):
        return [(one.kind, replace(one.estimate, rank=0)) for one in result.picked.picks]

    assert seen(shipped) == seen(other)


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({"gpus": ["V100"]}, NotPicked.GPU_TOO_OLD),
        ({"gpus": ["T4G"]}, NotPicked.ARM_HOST),
        ({"gpus": ["L4:0.5"]}, NotPicked.SLICE),
        ({"gpus": ["MI300X"]}, NotPicked.NEVER_MEASURED),
        ({"regions": ["attdallas1"]}, NotPicked.CLOSED_REGION),
    ],
)
def test_what_somebody_names_is_picked(named, reason):
    """An option that names what a rule leaves out wins over the rule."""
    picked = planner.estimate(**{**IMAGE, "as_of": date(2026, 11, 25)}, **named).picked

    assert picked.picks
    assert reason not in dict(picked.not_picked)


def test_several_machines_are_whole_hosts_with_a_known_network():
    """Of each GPU and provider the largest; no marketplace, and nothing without a published network."""
    picks = planner.estimate(**IMAGE, nodes=4).picked.picks

    assert picks
    for pick in picks:
        assert pick.estimate.offer.network_gbps is not None
        assert pick.market is not PaidTo.MARKETPLACE
        assert pick.estimate.node_count == 4


def test_language_models_are_not_proposed_on_what_cannot_run_their_code():
    """No Turing, no Kepler, no architecture that nobody measured."""
    result = planner.estimate(model="llama-2-7b", method="qlora", tokens="20M", as_of=DAY)

    gpus = {pick.estimate.offer.gpu for pick in result.picked.picks}
    assert gpus
    assert not gpus & {"t4", "rtx-2080-ti", "quadro-rtx-6000", "k80", "mi300x", "mi355x"}


def _books(folder, *offers):
    a_snapshot(folder, *offers, provider="market")
    return planner.estimate(**IMAGE, data_dir=folder, providers=["market"]).picked


def test_of_regions_that_ask_the_same_the_one_with_most_offers_is_shown(tmp_path):
    """A hundredth of the price is nothing; what costs more than that is another price."""
    offer = an_offer(provider="market", observed_on=DAY)
    picked = _books(
        tmp_path,
        replace(offer, region="a-small", usd_per_hour=10.0),
        replace(offer, region="b-large", usd_per_hour=10.05),
        replace(offer, region="b-large", instance_type="other", gpu_count=1.0, usd_per_hour=500.0),
        replace(offer, region="c-dear", usd_per_hour=10.2),
    )

    first = picked.picks[0]
    assert ("b-large", 1) == (first.estimate.offer.region, first.other_regions)


@pytest.mark.parametrize(("dearer", "is_said"), [(29.0, False), (31.0, True)])
def test_a_price_far_below_the_other_regions_says_so_on_its_row(tmp_path, dearer, is_said):
    """From half as much again on; what another type asks has no part in it."""
    offer = an_offer(provider="market", usd_per_hour=20.0, region="north-1", observed_on=date(2026, 6, 1))
    others = [
        replace(offer, region="south-1", usd_per_hour=dearer),
        replace(offer, instance_type="other", usd_per_hour=90.0),
    ]

    picked = _books(tmp_path, offer, *others)
    pick = picked.picks[0]

    assert (dearer if is_said else None) == pick.usd_per_hour_elsewhere
    assert is_said == (
        "north-1 alone asks 20.00 USD an hour, other regions 31.00 and more" in "".join(pick.estimate.notes)
    )
    said = [line for line in answer(picked, planner.estimate(**IMAGE, limit=1).workload, DAY) if "One region" in line]
    assert ["! One region only: 1 (market north-1, elsewhere 1.6x and more)."] * is_said == said


def test_a_market_of_old_prices_comes_back_with_one_marked_row(tmp_path):
    """Of its newest month, and only because nothing else of it is left."""
    offer = an_offer(provider="market", observed_on=date(2025, 3, 2))
    cheaper = replace(offer, instance_type="older", usd_per_hour=0.5, observed_on=date(2025, 2, 20))

    (pick,) = _books(tmp_path, offer, cheaper).picks

    assert (Mark.OLD_PRICE, PickKind.BALANCED, offer.instance_type) == (
        pick.mark,
        pick.kind,
        pick.estimate.offer.instance_type,
    )


def test_an_age_that_somebody_gives_wins_even_where_it_is_the_usual_one(tmp_path):
    """Prices of up to 730 days are priced without it, but only where somebody says so may one older than a year be picked."""
    young = an_offer(provider="market", observed_on=date(2026, 6, 1))
    old = replace(young, instance_type="older", usd_per_hour=0.5, observed_on=date(2025, 2, 20))
    a_snapshot(tmp_path, young, old, provider="market")
    asked = {**IMAGE, "data_dir": tmp_path, "providers": ["market"]}

    usual, given = (planner.estimate(**asked, **age).picked for age in ({}, {"max_price_age_days": 730}))

    assert ("test-8x", {NotPicked.OLD_PRICE: 1}) == (
        usual.picks[0].estimate.offer.instance_type,
        dict(usual.not_picked),
    )
    assert ("older", ()) == (given.picks[0].estimate.offer.instance_type, given.not_picked)


def test_a_commitment_costs_what_the_run_uses_of_it():
    """Nobody rents a year for ninety minutes: the row is a share of it, and the ranking shows the whole."""
    asked = {**IMAGE, "gpus": ["H100:8"], "purchases": ["reserved_1y"]}
    result = planner.estimate(**asked)
    (pick, *_) = result.picked.picks

    used = pick.estimate.offer.usd_per_hour * pick.estimate.seconds / 3600

    assert PaidTo.COMMITMENT is pick.market
    assert used == pytest.approx(pick.estimate.usd, rel=0.01)
    assert result.estimates[0].usd > 100 * used


def test_limits_hold_at_the_dear_end_while_some_row_keeps_them():
    """With room every pick keeps the limit at its dear end; with next to none the expected figures do, and it is said."""
    roomy = planner.estimate(**IMAGE, max_usd=60).picked
    dearest = min(pick.estimate.usd for pick in roomy.picks)
    tight = planner.estimate(**IMAGE, max_usd=dearest * 1.02).picked

    assert roomy.limits_hold
    assert all(pick.estimate.usd_high <= 60 for pick in roomy.picks)
    assert tight.limits_hold or all(pick.estimate.usd <= dearest * 1.02 for pick in tight.picks)


def test_a_market_that_a_limit_empties_is_named_with_its_nearest_row():
    """Each once, none of them on the screen, nearest first."""
    picked = planner.estimate(model="vit_base_patch16_224", epochs=90, max_usd=20, as_of=DAY).picked

    named = [over.market for over in picked.over_limit]
    assert named
    assert len(set(named)) == len(named)
    assert not set(named) & {pick.market for pick in picked.picks}
    over = [one.usd for one in picked.over_limit if not one.may_hold]
    assert over == sorted(over)
    assert all(usd > 20 for usd in over)
    assert all(one.usd <= 20 < one.usd_high for one in picked.over_limit if one.may_hold)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"max_usd": 100}, "May exceed 100 USD: 8x A100-40G at AWS for 64 (up to 107) in 2.9 h"),
        ({"max_hours": 2.2}, "May exceed 2.2 h: 8x H100 at RunPod for 39 in 89 min (up to 2.5 h)"),
        (
            {"max_hours": 2.2, "max_usd": 300},
            "May exceed 300 USD or 2.2 h: 8x H100 at RunPod for 39 in 89 min (up to 2.5 h)",
        ),
    ],
)
def test_a_row_that_only_an_end_bars_is_named_though_its_market_is_shown(limits, said):
    """Figures of the row without limits: the plain ones, and the end that passes a limit, and only that."""
    job = {**IMAGE, "as_of": date(2026, 11, 26), "providers": ["aws", "oci", "runpod"], "purchases": ["on_demand"]}

    found = planner.estimate(**job, **limits)

    assert said in "".join(answer(found.picked, found.workload, found.as_of))
    barred_by_an_end = [one for one in found.picked.over_limit if one.may_hold]
    assert {one.market for one in barred_by_an_end} <= {pick.market for pick in found.picked.picks}
    for one in barred_by_an_end:
        assert one.usd <= limits.get("max_usd", one.usd)
        assert one.seconds / 3600 <= limits.get("max_hours", one.seconds)


def test_commitments_alone_are_proposed_too():
    """The first screen of commitments needs no ranking; no price of theirs is asked for as it stands."""
    found = propose(**IMAGE, purchases=["reserved_1y"])

    assert {PaidTo.COMMITMENT} == {pick.market for pick in found.picked.picks}


def test_where_no_row_is_sure_of_two_limits_picks_break_the_fewest():
    """Of rows that are expected to keep both, a market shows those whose ends pass but one of them, if it has any."""
    job = {"model": "resnet50", "epochs": 90, "as_of": date(2026, 11, 26), "purchases": ["spot"], "providers": ["gcp"]}

    found = planner.estimate(**job, max_hours=4, max_usd=20, every_offer=True)

    def broken(one):
        return (one.seconds_high > 4 * 3600) + (one.usd_high > 20)

    assert not found.picked.limits_hold
    assert {1} == {broken(pick.estimate) for pick in found.picked.picks}
    assert 2 in {broken(one) for one in found.estimates if one.not_picked is None}


def test_a_market_of_wide_ranges_comes_back_with_a_row_that_none_of_them_beats():
    """On processors alone every row is wide: an older month is no reason to show one that costs more and takes longer."""
    found = planner.estimate(model="resnet50", epochs=90, gpus=["cpu"], limit=100, as_of=date(2026, 11, 26))
    marked = {pick.market: pick for pick in found.picked.picks if pick.mark is Mark.WIDE_RANGE}

    assert {PaidTo.LARGE_CLOUD, PaidTo.SPOT} == marked.keys()
    for market, pick in marked.items():
        others = [one for one in found.estimates if one.market is market]
        assert market is PaidTo.SPOT or len({one.offer.observed_on for one in others}) > 1
        assert not [one for one in others if all(x < y for x, y in zip(_ends(one), _ends(pick.estimate), strict=True))]


def _ends(one):
    """Money and time, expected and when things go badly: a row that is less sure must win by its own doubt."""
    return one.usd, one.seconds, one.usd_high, one.seconds_high


def test_a_market_that_a_limit_empties_is_not_shown_at_an_old_price():
    """GPU clouds have prices of this year above the limit: the nearest is named, and a row of 577 days is no stand-in."""
    job = {"model": "resnet50", "epochs": 90, "as_of": date(2026, 11, 26)}
    (free,) = [pick for pick in planner.estimate(**job).picked.picks if pick.market is PaidTo.GPU_CLOUD][-1:]

    found = planner.estimate(**job, max_usd=free.estimate.usd_high * 0.98).picked

    assert PaidTo.GPU_CLOUD not in {pick.market for pick in found.picks}
    assert PaidTo.GPU_CLOUD in {one.market for one in found.over_limit}
    assert all(pick.mark is None for pick in found.picks)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"max_usd": 60},
        {"max_usd": 0.01, "max_hours": 900},
        {"providers": ["lambda", "vast"], "max_price_age_days": 1000},
        {"nodes": 4},
        {"model": "llama-2-7b", "epochs": None, "tokens": "20M", "method": "qlora"},
        {"epochs": 0.01},
    ],
)
def test_what_is_proposed_without_a_ranking_is_what_the_ranking_has(asked):
    """The same rows, warnings and counts, whatever is asked; only their rank among all is not known; or the same error."""
    told = []
    for ask in (planner.estimate, propose):
        try:
            picked = ask(**IMAGE | asked).picked
            told.append(
                replace(
                    picked, picks=tuple(replace(one, estimate=replace(one.estimate, rank=0)) for one in picked.picks)
                )
            )
        except LimitError as error:
            told.append(str(error))

    assert told[0] == told[1]


def test_most_offers_are_not_priced_for_the_first_screen(monkeypatch):
    """Of those barred before their speed is known none is: that is what makes the screen quick."""
    priced = []
    monkeypatch.setattr(chosen, "priced_of_group", lambda *asked: priced.append(asked[1]) or priced_of_group(*asked))

    picked = propose(**IMAGE).picked

    assert 0 < len(priced) < 0.75 * picked.machines
