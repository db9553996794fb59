"""The assumptions of an answer about owning, in words, each with the options that change it."""

from __future__ import annotations

from planner.answers.buying.upkeep import USUAL, Upkeep
from planner.cost.ownership import OwnershipTerms
from planner.cost.resale import resale_fraction
from planner.errors import Sentence
from planner.hardware.electricity import Place
from planner.hardware.machines import Machine, Money
from planner.hardware.owner_costs import owner_costs
from planner.options.owner_arguments import OwnerArguments


def owner_assumptions(
    machine: Machine,
    terms: OwnershipTerms,
    upkeep: Upkeep,
    options: OwnerArguments,
    place: Place,
    *,
    is_owned_already: bool,
) -> tuple[str, ...]:
    """The assumptions of an answer about owning, a line each, with the options that change them."""
    lines: list[str] = []
    if is_owned_already:
        lines.append("owned already: no purchase, no resale, no idle power counted")
    else:
        lines.append(Sentence("cards {money} [{card_usd} {condition}]", money=_money(machine.cards)))
        lines.append(Sentence("host {money} [{host_usd}]", money=_money(machine.host)))
    watts = f"{terms.card_watts:,.0f} W + host {terms.host_watts:,.0f}, idle {terms.idle_watts:,.0f}"
    lines.append(Sentence("power {watts} [{card_watts} {host_watts} {idle_watts}]", watts=watts))
    lines.append(_electricity_text(machine, terms, options, place))
    lines += _upkeep_texts(terms, upkeep)
    if not is_owned_already:
        lines.append(_resale_text(terms))
    else:
        lines.append(Sentence("cost of money {rate:.1%} a year [{discount_per_year}]", rate=terms.discount_per_year))
    return tuple(lines)


def _money(money: Money) -> str:
    span = f" ({money.usd_low:,.0f}-{money.usd_high:,.0f})" if money.usd_low < money.usd_high else ""
    return f"{money.usd:,.0f} USD{span} {money.basis}"


def _electricity_text(machine: Machine, terms: OwnershipTerms, options: OwnerArguments, place: Place) -> str:
    if terms.running_usd_per_hour is not None:
        return f"running cost {terms.running_usd_per_hour:g} USD/h as given, in place of electricity"
    rate = "business" if machine.in_data_centre else "household"
    how = "as given" if options["usd_per_kwh"] is not None else f"{place.iso2 or place.name} {rate}"
    rate = f"{terms.usd_per_kwh:g} USD/kWh, {how}, PUE {terms.pue:g}"
    return Sentence("{rate} [{country} {usd_per_kwh} {pue}]", rate=rate)


def _upkeep_texts(terms: OwnershipTerms, upkeep: Upkeep) -> list[str]:
    """What running it costs besides power: what is paid, where usual figures are from, and what is taken as 0."""
    paid = {
        "hosting_usd_per_month": f"hosting {terms.hosting_usd_per_month:,.0f} USD a month",
        "staff_usd_per_month": f"staff {terms.staff_usd_per_month:,.0f} USD a month",
        "maintenance_fraction_per_year": f"upkeep and spares {terms.maintenance_fraction_per_year:.1%} of the purchase a year",
        "networking_usd": f"networking {terms.networking_usd:,.0f} USD",
    }
    lines: list[str] = [
        Sentence(f"{text}{_source(field) if field in upkeep.ranges else ', as given'} [{{{field}}}]")
        for field, text in paid.items()
        if getattr(terms, field) > 0
    ]
    nothing = [text.split(" ")[0] for field, text in paid.items() if getattr(terms, field) == 0]
    options = " ".join(f"{{{field}}}" for field in paid if getattr(terms, field) == 0)
    return lines + ([Sentence(f"{', '.join(nothing)}: 0 [{options}]")] if nothing else [])


def _source(field: str) -> str:
    cost = owner_costs()[USUAL[field]]
    return f" ({cost.value:g} {cost.unit}, {cost.as_of}: {cost.source.split(',')[0].split(':')[0]})"


def _resale_text(terms: OwnershipTerms) -> str:
    fraction = (
        terms.resale_fraction
        if terms.resale_fraction is not None
        else resale_fraction(terms.resale_curve, terms.months)
    )
    how = "" if terms.resale_fraction is not None else f" ({terms.resale_curve})"
    return Sentence(
        f"resale {fraction:.0%}{how}, money {terms.discount_per_year:.1%} a year "
        "[{resale_fraction} {discount_per_year}]"
    )
