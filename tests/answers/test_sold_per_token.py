"""Fine-tuning sold by the token, worked out by hand from the shipped table, beside the machines of an estimate."""

from datetime import date

import pytest

import planner
from planner.model.picks import PaidTo
from planner.render.screen import first_screen
from planner.results.answer import answer
from planner.results.estimate import document

LORA = {"model": "llama-3-8b", "method": "lora", "tokens": 50e6, "as_of": date(2026, 11, 25), "limit": 1}


@pytest.fixture(scope="module")
def lora():
    """LoRA of Llama 3 8B on 50 million tokens."""
    return planner.estimate(**LORA)


def test_a_service_asks_its_price_for_every_token(lora):
    """50 million at 0.40 USD a million are 20 USD, at 0.48 (up to 1.35 by method) 24 (to 67.50)."""
    tinker, together = lora.picked.services

    assert ("tinker", 20.0, 20.0, 20.0) == (tinker.provider, tinker.usd, tinker.usd_low, tinker.usd_high)
    assert ("together", 24.0, 24.0, 67.5) == (together.provider, together.usd, together.usd_low, together.usd_high)
    assert all(one.source and one.price_observed_on for one in (tinker, together))


def test_a_comparison_pays_a_service_what_an_estimate_says():
    """To the last bit, trials and tax included: 20 USD x 3 x 1.19."""
    terms = {"trials": 3, "tax_fraction": 0.19}
    asked = {name: value for name, value in LORA.items() if name != "limit"}
    estimated = planner.estimate(**LORA, **terms).picked.services
    compared = planner.compare(**asked, **terms, buy="rtx-4090", jobs_per_month=4, against="service")

    assert pytest.approx(20 * 3 * 1.19) == estimated[0].usd == compared.rent.usd_per_job


def test_the_screen_has_the_cheapest_with_what_it_leaves_open(lora):
    """Between list prices and spot, without a number; nobody says how long it takes."""
    lines = first_screen(lora, width=120).splitlines()

    title = lines.index("Training sold per token, how long is not stated")
    assert lines.index("GPU clouds, on demand") < title < next(i for i, line in enumerate(lines) if "Spot:" in line)
    assert lines[title + 1].split()[:6] == ["cheapest", "tinker", "lora", "of", "llama-3-8b", "-"]
    assert lines[title + 1].endswith("2026-01, 324 d")
    assert len(lines) <= 22
    assert [*range(1, len(lora.picked.picks) + 1)] == [pick.number for pick in lora.picked.picks]


def test_the_answer_and_its_document_name_it(lora):
    """Everywhere else it is a sentence, and a record with its market, source and day."""
    said = answer(lora.picked, lora.workload, lora.as_of)

    assert (
        "Sold per token: 20 USD at tinker (lora), without a machine; how long it takes is not stated, price of 2026-01-05."
        in said
    )
    first = document(lora)["services"][0]
    assert ("service", "2026-01-05", 0.4) == (
        first["market"],
        first["price_observed_on"],
        first["usd_per_million_tokens"],
    )


@pytest.mark.parametrize(
    "options",
    [
        {"providers": ["aws"]},
        {"gpus": ["H100"]},
        {"nodes": 2},
        {"purchases": ["spot"]},
        {"max_hours": 4},
        {"max_usd": 19},
        {"as_of": date(2026, 1, 1)},
        {"method": "pretrain"},
    ],
)
def test_whoever_asks_for_machines_or_limits_it_breaks_sees_none(options):
    """Nor is a price named before its day, or for work that no service does."""
    assert () == planner.estimate(**{**LORA, **options}).picked.services


def test_tax_trials_and_the_age_of_a_price_count():
    """Two trials with 19 % tax: 50 x 2 x 1.19 x 0.40; after a year only whoever names the age sees a price."""
    taxed = planner.estimate(**LORA, trials=2, tax_fraction=0.19).picked.services[0]
    later = {**LORA, "as_of": date(2027, 2, 1)}
    young, any_age = (planner.estimate(**later, **age).picked.services for age in ({}, {"max_price_age_days": 730}))

    assert pytest.approx(47.6) == taxed.usd
    assert ["together"] == [one.provider for one in young]
    assert ["tinker", "together"] == [one.provider for one in any_age]


def test_the_market_has_its_place_on_the_screen():
    """After commitments, before spot: in the order of whom one pays."""
    order = [*PaidTo]

    assert order.index(PaidTo.COMMITMENT) < order.index(PaidTo.SERVICE) < order.index(PaidTo.SPOT)
