"""Own price books: what they change, what they refuse, and that nothing in them is guessed."""

from datetime import date

import pytest

import planner
from planner.cost.own_prices import load_price_book
from planner.errors import UnknownNameError, UsageError
from planner.hardware.gpus import choose_gpus
from planner.model.records import Purchase
from tests.builders import a_snapshot, an_offer

TODAY = date(2026, 7, 1)
KNOWN = [
    an_offer(provider="aws", instance_type="p4d.24xlarge", region="us-east-1"),
    an_offer(provider="aws", instance_type="p4d.24xlarge", region="us-west-2", usd_per_hour=22.0),
    an_offer(provider="aws", instance_type="p5.48xlarge", region="us-east-1", usd_per_hour=50.0),
    an_offer(provider="gcp", instance_type="a2-highgpu-8g", region="us-central1", purchase=Purchase.SPOT),
]


def a_book(tmp_path, text):
    path = tmp_path / "book.toml"
    path.write_text(text)
    return load_price_book(path, KNOWN, TODAY)


def prices(book):
    return [offer.usd_per_hour for offer in book.applied(KNOWN)[0]]


def test_a_discount_holds_for_what_it_names(tmp_path):
    """A tenth off a family of one provider, in all its regions, and nowhere else."""
    book = a_book(tmp_path, '[[discounts]]\nprovider = "aws"\nfamily = "p4d"\ndiscount_fraction = 0.1\n')

    assert pytest.approx([18.0, 19.8, 50.0, 20.0]) == prices(book)


def test_a_rate_goes_before_a_discount(tmp_path):
    """A private rate is final."""
    book = a_book(
        tmp_path,
        "[[discounts]]\ndiscount_fraction = 0.5\n"
        '[[rates]]\nprovider = "aws"\ninstance_type = "p5.48xlarge"\nusd_per_hour = 40\n',
    )

    assert [10.0, 11.0, 40.0, 10.0] == prices(book)


def test_an_own_price_holds_for_the_whole_level_of_a_marketplace(tmp_path):
    """A discount takes its part off the cheapest too; a rate is the price of every machine."""
    level = an_offer(provider="aws", instance_type="p5.48xlarge", usd_per_hour=50.0, usd_per_hour_cheapest=40.0)
    half = a_book(tmp_path, "[[discounts]]\ndiscount_fraction = 0.5\n").applied([level])[0][0]
    rate = '[[rates]]\nprovider = "aws"\ninstance_type = "p5.48xlarge"\nusd_per_hour = 30\n'
    fixed = a_book(tmp_path, rate).applied([level])[0][0]

    assert (25.0, 20.0) == (half.usd_per_hour, half.usd_per_hour_cheapest)
    assert (30.0, None) == (fixed.usd_per_hour, fixed.usd_per_hour_cheapest)


def test_the_closest_rule_wins(tmp_path):
    """More keys beat fewer, whatever their order."""
    book = a_book(
        tmp_path,
        '[[discounts]]\nprovider = "aws"\nregion = "us-east-1"\ndiscount_fraction = 0.5\n'
        '[[discounts]]\nprovider = "aws"\ndiscount_fraction = 0.1\n',
    )

    assert pytest.approx([10.0, 19.8, 25.0, 20.0]) == prices(book)


def test_two_equally_close_rules_are_an_error(tmp_path):
    """Which one is meant is asked, not guessed; the message names both and the offer."""
    book = a_book(
        tmp_path,
        '[[discounts]]\nprovider = "aws"\nregion = "us-east-1"\ndiscount_fraction = 0.5\n'
        '[[discounts]]\nprovider = "aws"\nfamily = "p4d"\ndiscount_fraction = 0.1\n',
    )

    with pytest.raises(
        UsageError, match=r"number 1 .*region us-east-1.* and .*number 2 .*aws p4d.24xlarge in us-east-1"
    ):
        book.applied(KNOWN)


def test_every_changed_price_says_so(tmp_path):
    """A note names the rule, the file and the list price."""
    book = a_book(tmp_path, '[[discounts]]\nprovider = "gcp"\npurchase = "spot"\ndiscount_fraction = 0.25\n')

    offers, notes = book.applied(KNOWN)

    assert [offers[3]] == list(notes)
    assert (
        "own price: 0.25 off by [[discounts]] number 1 (provider gcp, purchase spot) of book.toml; list price 20 USD/h"
        == notes[offers[3]]
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[discount]]\ndiscount_fraction = 0.1\n", "'discount'. Did you mean discounts?"),
        ("[[discounts]]\ndiscount = 0.1\n", "key in"),
        ('[[discounts]]\nprovider = "aws"\n', "discount_fraction is missing"),
        ('[[discounts]]\nprovider = "asw"\ndiscount_fraction = 0.1\n', "'asw'. Did you mean aws?"),
        ('[[discounts]]\nprovider = "aws"\nfamily = "p4dd"\ndiscount_fraction = 0.1\n', "'p4dd'. Did you mean p4d?"),
        ('[[discounts]]\nprovider = "gcp"\nfamily = "p4d"\ndiscount_fraction = 0.1\n', "Unknown family of gcp"),
        ('[[discounts]]\npurchase = "spott"\ndiscount_fraction = 0.1\n', "'spott'. Did you mean spot?"),
        ("[[discounts]]\ndiscount_fraction = -0.1\n", "from 1e-06 to 1, not -0.1"),
        ("[[discounts]]\ndiscount_fraction = 1.2\n", "from 1e-06 to 1, not 1.2"),
        ("[[discounts]]\ndiscount_fraction = 1\n", "makes it free"),
        ('[[discounts]]\ndiscount_fraction = "10%"\n', "must be a number"),
        ("[[discounts]]\ndiscount_fraction = nan\n", "must be a number"),
        ('[[rates]]\nprovider = "aws"\nusd_per_hour = 4\n', "one instance type of one provider"),
        ('[[rates]]\nprovider = "aws"\ninstance_type = "p4d.24xlarge"\nusd_per_hour = 0\n', "from 1e-06"),
        ('[[credits]]\nprovider = "azure"\nusd = 5\n', "Unknown provider"),
        ('[[machines]]\nname = "lab"\ngpu = "A100"\ngpu_count = 8\nusd_per_hour = 4\n', "Name one"),
        ("[discounts]\ndiscount_fraction = 0.1\n", "two brackets"),
        ("[[discounts]\n", "not valid TOML"),
    ],
)
def test_a_wrong_book_is_refused(tmp_path, text, message):
    """The message names the file, the place and what would do."""
    with pytest.raises(UsageError) as caught:
        a_book(tmp_path, text)

    assert message in str(caught.value)
    assert "book.toml" in str(caught.value)


def test_a_book_that_is_not_there_is_refused(tmp_path):
    """The message names the file."""
    with pytest.raises(UsageError, match=r"none\.toml"):
        load_price_book(tmp_path / "none.toml", KNOWN, TODAY)


def test_an_unknown_name_offers_matches(tmp_path):
    """Close matches are those of the provider."""
    with pytest.raises(UnknownNameError) as caught:
        a_book(tmp_path, '[[rates]]\nprovider = "aws"\ninstance_type = "p4d.24xlagre"\nusd_per_hour = 4\n')

    assert "p4d.24xlarge" == caught.value.matches[0]


def test_own_machines_pass_the_filters(tmp_path):
    """A machine is offered where its GPU and count are asked for, or nothing is."""
    book = a_book(tmp_path, '[[machines]]\nname = "lab"\ngpu = "rtx-4090"\ngpu_count = 2\nusd_per_hour = 0.3\n')

    assert 1 == len(book.machines_for((), ()))
    assert 1 == len(book.machines_for((choose_gpus("rtx-4090:2"),), ()))
    assert [] == book.machines_for((choose_gpus("rtx-4090"),), (4,))
    assert [] == book.machines_for((choose_gpus("a100"),), ())


def test_an_estimate_shows_where_a_book_applied(tmp_path):
    """Rate, credit and machine reach the bill, and the rows say why."""
    a_snapshot(
        tmp_path,
        an_offer(provider="aws", instance_type="p5.48xlarge", gpu="h100-80gb-sxm"),
        provider="aws",
        stem="2026-11-01",
    )
    path = tmp_path / "book.toml"
    path.write_text(
        '[[rates]]\nprovider = "aws"\ninstance_type = "p5.48xlarge"\nregion = "north-1"\nusd_per_hour = 5\n'
        '[[credits]]\nprovider = "aws"\nusd = 3\n'
        '[[machines]]\nname = "lab"\ngpu = "rtx-4090"\ngpu_count = 1\nusd_per_hour = 0.01\n'
    )

    result = planner.estimate(
        model="resnet50",
        epochs=90,
        gpus=["h100-80gb-sxm:8", "rtx-4090:1"],
        purchases=["on_demand"],
        data_dir=tmp_path,
        price_book=path,
        as_of=date(2026, 11, 20),
    )

    own = [estimate for estimate in result.estimates if estimate.offer.provider == "own"]
    aws = [estimate for estimate in result.estimates if estimate.offer.instance_type == "p5.48xlarge"]
    assert ["lab"] == [estimate.offer.instance_type for estimate in own]
    assert 5.0 == aws[0].offer.usd_per_hour
    assert -3.0 == next(item.usd for item in aws[0].items if item.name == "credit")
    assert any("own rate" in note for note in aws[0].notes)
