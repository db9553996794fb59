"""What owning a machine is made of, in a sentence."""

from __future__ import annotations

from planner.results.sides import Owned


def owning_text(best: Owned) -> str:
    """What owning is made of in one sentence, with the items that are 0 and the source of those that were filled in."""
    usd: dict[str, float] = {}
    for item in best.items:
        name = "electricity" if item.name in _POWER else item.name
        usd[name] = usd.get(name, 0.0) + item.usd
    paid = ", ".join(f"{name} {amount:,.0f}" for name, amount in usd.items())
    names = {item.name for item in best.items}
    may_be = _MAY_BE_NOTHING if best.machine.machine_count > 1 else _MAY_BE_NOTHING[:-1]  # one machine has no network
    nothing = [] if best.is_owned_already else [name for name in may_be if name not in names]
    nothing += ["cost of money"] * (best.case.terms.discount_per_year == 0)
    left = f"; 0 is counted for {', '.join(nothing)}" if nothing else ""
    usual = ", ".join(_USUAL[field] for field in best.term_ranges)
    filled = f" Usual {usual}: CBRE and others." if usual else ""
    return f"{best.label}: {paid}{left}.{filled}{_sizes_text(best)}"


def _sizes_text(best: Owned) -> str:
    """What the work costs with bases of other sizes; nothing where the machine does all of it."""
    if best.rest is None:
        return ""
    sizes = ", ".join(f"{size.card_count}: {short_usd(size.usd)}" for size in best.base_sizes)
    return f" USD by cards owned: {sizes}."


_MAY_BE_NOTHING = ("hosting", "staff", "maintenance", "networking")
_POWER = ("electricity under load", "electricity idle")
_USUAL = {
    "hosting_usd_per_month": "hosting",
    "staff_usd_per_month": "staff",
    "maintenance_fraction_per_year": "upkeep with spares",
    "networking_usd": "networking",
    "discount_per_year": "cost of money",
}


def short_usd(value: float) -> str:
    """At most seven characters: whole dollars, thousands (k) or millions (M)."""
    if abs(value) < 100_000:
        return f"{round(value):,}"  # never -0
    return f"{value / 1e3:,.0f}k" if abs(value) < 1e7 else f"{value / 1e6:,.1f}M"
