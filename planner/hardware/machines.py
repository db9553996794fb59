"""The machine a buyer would own: cards or modules, and the host they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from planner.errors import Message, Sentence, UsageError, joined
from planner.hardware.cards import STALE_DAYS, Card, CardPrice, Condition, Form, card_price, cards_of, conditions_priced
from planner.hardware.gpus import load_gpus
from planner.hardware.hosts import LARGEST_PCIE_HOST, SERVER, SYSTEM, Host, module_hosts, pcie_host
from planner.model.frozen import dataclass
from planner.model.records import Gpu

LOAD_FRACTION = 0.8
LOAD_FRACTION_LOW, LOAD_FRACTION_HIGH = 0.6, 1.0
"""Part of its power limit that a GPU draws in training: 0.6 to 1.0, planned with the middle. Measured on training nodes of
eight H100: 76 percent of the rating on average (https://arxiv.org/abs/2506.14551), at most 82 (https://arxiv.org/abs/2412.08602)."""

UNSTATED_SPREAD = 0.25
"""Range put around a price that one source states without a range: sources that can be compared differ by that and more."""

OLDEST_DAYS = 3 * 365
"""Age from which on a price is no longer planned with: cards lose half their value in three years. An assumption."""

FAR_BELOW = 0.6
"""Part of the known price below which a price that is given is called low: sources of one card differ by up to a factor of two."""

_FORM_FACTORS_OF_CARDS = {"pcie"}
_USUAL_MODULES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount with the range its sources span, and a line that says where it is from."""

    usd: float
    usd_low: float
    usd_high: float
    basis: str
    rows: tuple[Card, ...] = ()  # the prices it was made from

    def __post_init__(self) -> None:
        """Refuse a range that does not hold its own amount."""
        if not 0 <= self.usd_low <= self.usd <= self.usd_high:
            raise ValueError(f"usd_low {self.usd_low!r}, usd {self.usd!r}, usd_high {self.usd_high!r} are out of order")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine that is bought: `card_count` cards (boards, modules) with `gpu_count` GPUs together, and their host.

    Money and watts are for the whole machine; watts of cards and host are under load, `None` where not known. `cards`
    is 0 where the host price holds the GPUs too. `in_data_centre` is true for servers, which are not run at home.
    """

    gpu: Gpu
    card_count: int
    gpu_count: int
    condition: Condition
    form: Form
    host_name: str
    machine_count: int
    in_data_centre: bool
    cards: Money
    host: Money
    card_watts: float | None
    host_watts: float | None
    idle_card_watts: float | None
    idle_host_watts: float | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Figures that a buyer states instead of the shipped ones, for the whole machine; `None` if not stated."""

    card_usd: float | None = None
    host_usd: float | None = None  # 0: a PC that exists
    host_watts: float | None = None


def machine_for(gpu: str, card_count: int | None, *, condition: Condition, given: Given, today: date) -> Machine:
    """The machine with so many cards of a GPU; `None` is one card, or for modules one whole system.

    Args:
        gpu: canonical key.
        card_count: cards, boards or modules.
        condition: the state the cards are bought in; whole systems are known new only.
        given: money and watts that replace the shipped ones.
        today: the day that ages of prices are counted from.

    Raises:
        UsageError: the GPU is not sold, not in that number, or no price of it is known.
    """
    spec = load_gpus()[gpu]
    form = _sold_form(spec)
    if form in (Form.CARD, Form.BOARD):
        return _pcie_machine(spec, form, card_count or 1, condition=condition, given=given, today=today)
    return _system(spec, form, card_count, condition=condition, given=given, today=today)


def gpus_in(gpu: str, card_count: int | None) -> int:
    """GPUs of a machine with so many cards; `None` is one card, or for modules one whole system.

    >>> gpus_in("rtx-4090", 2), gpus_in("k80", None), gpus_in("h100-80gb-sxm", None)
    (2, 2, 8)
    """
    spec = load_gpus()[gpu]
    if is_sold_as_card(gpu):
        return (card_count or 1) * spec.units_per_board
    return card_count or _system_size(gpu)


def is_sold_as_card(gpu: str) -> bool:
    """Whether the GPU comes on a PCIe card that goes into an ordinary machine."""
    return _form(load_gpus()[gpu]) in (Form.CARD, Form.BOARD)


def _sold_form(spec: Gpu) -> Form:
    form = _form(spec)
    if form is Form.NOT_SOLD:
        why = next(row.note for row in cards_of(spec.name))
        raise UsageError(
            "{card} is not sold as a card: {why}. Rent it, or name another {buy}.",
            argument="buy",
            card=spec.display_name,
            why=why,
        )
    return form


def _form(spec: Gpu) -> Form:
    rows = cards_of(spec.name)
    if rows:
        return rows[0].form
    if spec.units_per_board > 1:
        return Form.BOARD
    return Form.CARD if spec.form_factor in _FORM_FACTORS_OF_CARDS else Form.MODULE


def _pcie_machine(
    spec: Gpu, form: Form, card_count: int, *, condition: Condition, given: Given, today: date
) -> Machine:
    is_module = spec.form_factor not in _FORM_FACTORS_OF_CARDS
    if is_module and given.host_usd is None:
        raise UsageError(
            "{card} is a module that only fits servers built for it, and no price of such a server is known. "
            "Give {host_usd} and {host_watts} of yours, or name another {buy}.",
            argument="buy",
            card=spec.display_name,
        )
    host = None if is_module and given.host_usd else pcie_host(card_count, condition)
    if host is None and (given.host_usd is None or given.host_watts is None):
        raise UsageError(
            "{count} cards do not fit in one machine of the shipped table (at most {most}). "
            "Give {host_usd} and {host_watts} of the machines that hold them.",
            argument="host_usd",
            count=card_count,
            most=LARGEST_PCIE_HOST,
        )
    cards, notes = _cards_money(spec, condition, card_count, given, today)
    gpu_count = card_count * spec.units_per_board
    if form is Form.BOARD:
        notes += (f"bought as boards of {spec.units_per_board} GPUs",)
    if is_module:
        notes += (f"{spec.display_name}: specifications of the SXM module, prices of the PCIe card",)
    return Machine(
        gpu=spec,
        card_count=card_count,
        gpu_count=gpu_count,
        condition=condition,
        form=form,
        host_name=host.name if host else "given host",
        machine_count=1,
        in_data_centre=host is None or host.kind == SERVER,
        cards=cards,
        host=_host_money(host, given),
        card_watts=_load_watts(spec, gpu_count),
        host_watts=host.load_watts if host else None,
        idle_card_watts=None if spec.idle_watts is None else spec.idle_watts * gpu_count,
        idle_host_watts=host.idle_watts if host else None,
        notes=notes,
    )


def _system(
    spec: Gpu, form: Form, card_count: int | None, *, condition: Condition, given: Given, today: date
) -> Machine:
    hosts = module_hosts(spec.name)
    size = _system_size(spec.name)
    count = card_count or size
    if count % size:
        raise UsageError(
            "{card} is not sold as a card: it comes in systems of {size}. Write {buy} {gpu}:{size} for a whole system.",
            argument="buy",
            card=spec.display_name,
            size=size,
            gpu=spec.name,
        )
    whole = next((host for host in hosts if host.kind == SYSTEM and condition.value in host.conditions), None)
    if whole and (today - whole.day).days > OLDEST_DAYS:
        whole = None
    is_whole = whole is not None and given.card_usd is None and given.host_usd is None
    host = whole if is_whole else _rest_of(hosts)
    if is_whole and host is not None:
        cards = Money(usd=0.0, usd_low=0.0, usd_high=0.0, basis="in the price of the system")
        old = ", more than a year old: ask for a quote" if (today - host.day).days > STALE_DAYS else ""
        notes: tuple[str, ...] = (f"bought as a whole system with {count} GPUs, a price of {host.as_of}{old}",)
    else:
        if given.card_usd is not None and given.host_usd is None:
            given = replace(given, host_usd=0.0)  # the money given is for the whole machine
        _check_system(spec, condition, host, given)
        cards, notes = _cards_money(spec, condition, count, given, today)
        notes += (f"bought as a whole system with {count} GPUs",)
    machines = count // size
    return Machine(
        gpu=spec,
        card_count=count,
        gpu_count=count,
        condition=condition,
        form=form,
        host_name=host.name if host else "given system",
        machine_count=machines,
        in_data_centre=True,
        cards=cards,
        host=_host_money(host, given, machines),
        card_watts=_load_watts(spec, count),
        host_watts=None if host is None or host.load_watts is None else host.load_watts * machines,
        idle_card_watts=None if spec.idle_watts is None else spec.idle_watts * count,
        idle_host_watts=None if host is None or host.idle_watts is None else host.idle_watts * machines,
        notes=notes,
    )


def _system_size(gpu: str) -> int:
    hosts = module_hosts(gpu)
    return hosts[0].gpu_count if hosts else _USUAL_MODULES


def _rest_of(hosts: Sequence[Host]) -> Host | None:
    # where the price is one's own, a whole system still tells what the rest of the machine draws
    return min(hosts, key=lambda host: host.kind == SYSTEM, default=None)


def _check_system(spec: Gpu, condition: Condition, host: Host | None, given: Given) -> None:
    if given.host_usd is None and (host is None or host.kind == SYSTEM):
        raise UsageError(
            "No price of a complete {state} {card} system is known that can be planned with{hint}. "
            "Ask for a quote and give the price of the whole machine with {card_usd}.",
            argument="card_usd",
            state=condition,
            card=spec.display_name,
            hint=_share_hint(spec, condition),
        )
    if host is None and given.host_watts is None:
        raise UsageError(
            "What a {card} system draws besides its GPUs is not known. Give {host_watts} for the whole machine.",
            argument="host_watts",
            card=spec.display_name,
        )


def _cards_money(
    spec: Gpu, condition: Condition, count: int, given: Given, today: date
) -> tuple[Money, tuple[str, ...]]:
    usd = given.card_usd
    price = card_price(spec.name, condition)
    if usd is not None:
        return Money(usd=usd, usd_low=usd, usd_high=usd, basis="as given" if usd else "none bought"), _low_price(
            usd, price, count, spec
        )
    if price is None or price.form is Form.SYSTEM_SHARE:
        raise UsageError(_no_price(spec, condition), argument="card_usd")
    age = price.age_days(today)
    if age > OLDEST_DAYS:
        raise UsageError(
            "The newest known price of a {state} {card} is {usd:,.0f} USD of {day}: too old to plan with. "
            "Ask for a quote and give what it costs with {card_usd}.",
            argument="card_usd",
            state=condition,
            card=spec.display_name,
            usd=price.usd,
            day=price.as_of,
        )
    note = (
        (
            Sentence(
                "price of {card} is old: {day}, {years:.1f} years; give {card_usd}",
                card=spec.display_name,
                day=price.as_of,
                years=age / 365,
            ),
        )
        if price.is_stale(today)
        else ()
    )
    low, high = _ranged(price)
    many = f"{count} x {price.usd:,.0f} USD, " if count > 1 else ""
    sources = f"{len(price.rows)} source{'s' if len(price.rows) > 1 else ''}"
    return (
        Money(
            usd=price.usd * count,
            usd_low=low * count,
            usd_high=high * count,
            basis=f"{many}{condition}, {sources}, {price.as_of}",
            rows=price.rows,
        ),
        note,
    )


def _low_price(usd: float, price: CardPrice | None, count: int, spec: Gpu) -> tuple[str, ...]:
    """A note where the price given is far below what the cards are known to cost; 0 is a machine that exists."""
    if price is None or not 0 < usd < FAR_BELOW * price.usd * count:
        return ()
    return (
        Sentence(
            "{card_usd} {given} is far below {count} x {usual} USD, what a {card} costs ({day}): is it for all cards?",
            given=f"{usd:,.0f}",
            count=count,
            usual=f"{price.usd:,.0f}",
            card=spec.display_name,
            day=price.as_of,
        ),
    )


def _ranged(price: CardPrice) -> tuple[float, float]:
    if price.usd_low < price.usd_high:
        return price.usd_low, price.usd_high
    return price.usd * (1 - UNSTATED_SPREAD), price.usd * (1 + UNSTATED_SPREAD)


def _host_money(host: Host | None, given: Given, machines: int = 1) -> Money:
    usd = given.host_usd
    if usd is not None:
        return Money(usd=usd, usd_low=usd, usd_high=usd, basis="as given" if usd else "none bought")
    if host is None:
        raise UsageError("No price of a host is known. Give {host_usd}.", argument="host_usd")
    low, high = host.usd_low or host.usd, host.usd_high or host.usd
    if low == high:
        low, high = host.usd * (1 - UNSTATED_SPREAD), host.usd * (1 + UNSTATED_SPREAD)
    return Money(
        usd=host.usd * machines,
        usd_low=low * machines,
        usd_high=high * machines,
        basis=f"{host.name}, {host.as_of}",
    )


def _load_watts(spec: Gpu, gpu_count: int) -> float | None:
    return None if spec.tdp_watts is None else spec.tdp_watts * gpu_count * LOAD_FRACTION


def _no_price(spec: Gpu, condition: Condition) -> Message:
    known = [
        Message("{condition} {other} ({usd:,.0f} USD, {day})", other=other, usd=price.usd, day=str(price.as_of))
        for other in conditions_priced(spec.name)
        if other is not condition and (price := card_price(spec.name, other)) and price.form is not Form.SYSTEM_SHARE
    ]
    launch = (
        f" Its list price at launch was {spec.launch_price_usd:,.0f} USD, which is not what it sells for."
        if spec.launch_price_usd
        else ""
    )
    return Message(
        "No price of a {state} {card} is known.{others}{launch} Ask for a quote and give what it costs with {card_usd}.",
        state=condition,
        card=spec.display_name,
        others=Message(" Known: {known}.", known=joined(known, " or ")) if known else "",
        launch=launch,
    )


def _share_hint(spec: Gpu, condition: Condition) -> str:
    old = next((host for host in module_hosts(spec.name) if host.kind == SYSTEM), None)
    if old is not None:
        return f" (the newest is {old.usd:,.0f} USD of {old.as_of})"
    price = card_price(spec.name, condition)
    if price is None:
        return ""
    what = "a share of a rack" if price.form is Form.SYSTEM_SHARE else "the module alone"
    return f" ({what} is {price.usd:,.0f} USD a GPU, {price.as_of})"
