"""The chain behind an estimate: what is time and what is only paid for."""

from dataclasses import replace
from datetime import date

import planner
from planner.model.costs import CostItem, ItemKind
from planner.render.explain import explanation


def _explained(*more, **options):
    """The explanation of the first rank of a run, with more items on its bill."""
    result = planner.estimate(model="resnet50", epochs=90, limit=1, as_of=date(2026, 11, 20), **options)
    best = result.estimates[0]
    return explanation(replace(result, estimates=(replace(best, items=(*best.items, *more)),)), 1)


def test_what_is_paid_by_the_hour_is_no_time_of_the_run():
    """A disk rented by the hour is on the bill, and not a part of the seconds."""
    disk = CostItem(name="local disk", kind=ItemKind.STORAGE, quantity=5.0, unit="instance-hour", usd_per_unit=0.1)

    text = _explained(disk)

    assert "local disk: 5.0000 instance-hour x 0.1 USD = 0.5000 USD" in text
    assert "s local disk" not in text


def test_the_time_that_is_billed_is_shown_with_its_idle_tail():
    """An hour of idling is billed and is no time of the run."""
    plain, idle = _explained(providers=["aws"]), _explained(providers=["aws"], idle_seconds=3600)

    assert "idle tail: 1.0000 instance-hour" in idle
    assert "s idle tail" not in idle
    assert _billed(plain) + 3600 == _billed(idle)


def _billed(text):
    """Seconds that an explanation says are billed."""
    line = next(line for line in text.splitlines() if "billed in steps of 1 s" in line)
    return int(line.split(": ")[1].split(" s;")[0].replace(",", ""))


def test_a_level_of_which_only_the_cheapest_offer_is_known_says_so():
    """A median is a level; what is listed as the cheapest is one machine, and the others ask more."""
    said = "the cheapest offer listed: what the others ask is not known"

    assert said in _priced(usd_per_hour=0.1, usd_per_hour_cheapest=0.1)
    assert said not in _priced(usd_per_hour=0.1, usd_per_hour_cheapest=0.1, offers_count=1)
    assert said not in _priced(usd_per_hour=0.1, usd_per_hour_cheapest=0.08)
    assert said not in _priced(usd_per_hour=0.1)


def _priced(**figures):
    """The explanation of a row of a marketplace with other figures of its price."""
    result = planner.estimate(model="resnet50", epochs=90, limit=1, as_of=date(2026, 11, 20), providers=["vast"])
    best = result.estimates[0]
    plain = {"usd_per_hour_cheapest": None, "offers_count": None}
    return explanation(
        replace(result, estimates=(replace(best, offer=replace(best.offer, **{**plain, **figures})),)), 1
    )
