"""Every offer as columns: the arithmetic of `estimate` on whole columns at once, and its exact figures for the best."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.answers.estimate import estimate
from planner.answers.estimated import price_one
from planner.answers.question import check_nodes, described_work, wanted_offers, weakest_basis
from planner.answers.ranking import check_limits, ranked
from planner.answers.throughput import Speeds, speeds_of
from planner.cost.bill import Biller
from planner.cost.checkpoints import HOPELESS_RATIO
from planner.cost.failures import COUNTED_FROM
from planner.cost.rental import billing_rule
from planner.hardware.spot import interruption_rate
from planner.model.records import Basis, Estimate, Offer, Purchase, Throughput, Workload
from planner.options.bill import STARTUP_SECONDS, BillTerms
from planner.prices.catalog import OfferFilter, Selection, select_offers
from planner.prices.current import current_snapshots
from planner.units import SECONDS_PER_HOUR, current_day
from planner.work.planned import LanguageArguments

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_Kind = tuple[str, float, float | None]
"""What throughput depends on: GPU, count, and over several nodes the network."""

_ROUNDING = 1e-9
"""By how much numpy and Python may differ in the last digits: what is that close is worked out once more, exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One job, taken apart."""

    workload: Workload
    terms: BillTerms
    wanted: OfferFilter
    weakest: Basis
    nodes: int
    max_hours: float | None
    max_usd: float | None
    sort: str


class Columns:
    """Every offer as columns, and what is worked out once for all jobs."""

    def __init__(self, *, data_dir: Path | None, as_of: date | None, price_book: Path | None) -> None:
        self.shared: dict[str, Any] = {"data_dir": data_dir, "as_of": as_of, "price_book": price_book}
        self.today = as_of or current_day()
        snapshots = current_snapshots(data_dir, as_of=as_of)
        self.selection: Selection = select_offers(snapshots, OfferFilter(), today=self.today)
        self.own_notes: Mapping[Offer, str] = {}
        self.credits_usd: Mapping[str, float] = {}
        offers = list(self.selection.offers)
        self.machines: list[Offer] = []
        if price_book is not None:
            from planner.cost.own_prices import load_price_book  # noqa: PLC0415 - only with a price book

            own = load_price_book(price_book, offers, self.today)
            offers, self.own_notes = own.applied(offers)
            self.credits_usd = own.credits_usd
            self.machines = list(own.machines)
        self.offers = offers + self.machines
        self.on_demand = {
            (offer.provider, offer.instance_type, offer.region): offer.usd_per_hour
            for offer in self.selection.offers
            if offer.purchase is Purchase.ON_DEMAND
        }
        self.speeds: dict[Speeds, tuple[Mapping[Any, Any], Floats]] = {}
        self.masks: dict[Any, Flags] = {}
        self._make_columns()

    def best(self, options: dict[str, Any], limit: int) -> tuple[Workload, Sequence[Estimate]]:
        """The workload of a job and its best estimates.

        Raises:
            PlannerError: what `estimate` says of the same options.
        """
        question = _question(options)
        throughputs, speeds = self._speeds(question)
        seconds, usd = self._bills(question, speeds)
        fits = np.isfinite(usd) & self._mask(question)
        if question.max_hours is not None:
            fits &= seconds <= question.max_hours * SECONDS_PER_HOUR * (1 + _ROUNDING)
        if question.max_usd is not None:
            fits &= usd <= question.max_usd * (1 + _ROUNDING)
        found = self._exactly(question, throughputs, self._candidates(question.sort, seconds, usd, fits, limit))
        if not found:
            # the plain estimate knows best what is wrong, and is right about limits met only by rounding
            return question.workload, estimate(**options, **self.shared, every_offer=True, limit=limit).estimates
        return question.workload, found[:limit]

    def _make_columns(self) -> None:
        offers = self.offers
        rules = [billing_rule(offer.provider, offer.instance_type) for offer in offers]
        rates = [interruption_rate(offer).per_hour if offer.purchase is Purchase.SPOT else 0.0 for offer in offers]
        self.kinds: dict[_Kind, Offer] = {}  # all offers of a kind have one throughput
        for offer in offers:
            self.kinds.setdefault(_kind(offer), offer)
        place = {kind: index for index, kind in enumerate(self.kinds)}
        self.usd_per_hour = np.array([offer.usd_per_hour for offer in offers])
        self.gpu_count = np.array([offer.gpu_count for offer in offers])
        self.kind = np.array([place[_kind(offer)] for offer in offers])
        self.increment = np.array([(rule.increment_seconds if rule else None) or 0.0 for rule in rules])
        self.minimum = np.array([(rule.minimum_seconds if rule else None) or 0.0 for rule in rules])
        self.is_spot = np.array([offer.purchase is Purchase.SPOT for offer in offers])
        self.rate = np.array(rates)
        self.gbps = np.array([offer.network_gbps or math.inf for offer in offers])
        self.purchase = np.array([str(offer.purchase) for offer in offers])
        self.provider = np.array([offer.provider for offer in offers])
        self.region = np.array([offer.region.lower() for offer in offers])
        self.gpu = np.array([offer.gpu for offer in offers])
        self.day = np.array([offer.observed_on.toordinal() for offer in offers])

    def _speeds(self, question: _Question) -> tuple[Mapping[Any, Any], Floats]:
        """Throughput of each kind of offer that has one, and samples per second of each offer (NaN where it has none)."""
        speeds = speeds_of(question.workload, question.nodes, question.weakest)
        if speeds not in self.speeds:
            asked = {kind: speeds.on(*kind) for kind in self.kinds}
            found = {kind: one if isinstance(one, Throughput) else None for kind, one in asked.items()}
            values = [math.nan if one is None else one.samples_per_second for one in found.values()]
            self.speeds[speeds] = (found, np.array(values)[self.kind])
        return self.speeds[speeds]

    def _mask(self, question: _Question) -> Flags:
        """Offers that pass the filters of a job; the same filters are worked out once."""
        if question.wanted not in self.masks:
            self.masks[question.wanted] = self._passing(question.wanted)
        return self.masks[question.wanted]

    def _passing(self, wanted: OfferFilter) -> Flags:
        passing = np.isin(self.purchase, [str(purchase) for purchase in wanted.purchases])
        for values, names in (
            (self.gpu_count, wanted.gpu_counts),
            (self.provider, tuple(name.lower() for name in wanted.providers)),
            (self.region, tuple(name.lower() for name in wanted.regions)),
        ):
            if names:
                passing &= np.isin(values, names)
        if wanted.gpus:
            chosen = np.zeros(len(self.offers), dtype=bool)
            for choice in wanted.gpus:
                these = np.isin(self.gpu, choice.gpus)
                chosen |= these if choice.count is None else these & (self.gpu_count == choice.count)
            passing &= chosen
        if wanted.max_price_age_days is not None:
            passing &= self.day >= self.today.toordinal() - wanted.max_price_age_days
        if self.machines:
            # as in `estimate`: own machines know no region, purchase or age
            passing[-len(self.machines) :] = self._own_passing(wanted)
        return passing

    def _own_passing(self, wanted: OfferFilter) -> list[bool]:
        return [
            not wanted.providers
            and (not wanted.gpu_counts or machine.gpu_count in wanted.gpu_counts)
            and (
                not wanted.gpus
                or any(
                    machine.gpu in choice.gpus and choice.count in (None, machine.gpu_count) for choice in wanted.gpus
                )
            )
            for machine in self.machines
        ]

    def _bills(self, question: _Question, speeds: Floats) -> tuple[Floats, Floats]:
        """Seconds and USD of the job on every offer; NaN or infinite where it cannot run. As `Biller.bill`."""
        terms = question.terms
        work = (
            question.workload.samples / speeds * terms.overhead_factor * (1 + terms.evaluation_fraction) * terms.trials
        )
        start = self._start_seconds(terms)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            seconds = start + self._expected(question, work, start)
            used = seconds + terms.idle_seconds
            steps = np.where(self.increment > 0, self.increment, 1.0)
            billed = np.where(self.increment > 0, steps * np.ceil(used / steps), used)
            billed_hours = np.maximum(billed, self.minimum) / SECONDS_PER_HOUR
            paid_hours = billed_hours if terms.share_commitment else self._term_hours(billed_hours)
            usd = paid_hours * self.usd_per_hour * question.nodes + self._extras(question, seconds)
        usd *= 1 + terms.tax_fraction
        for provider, credit in self.credits_usd.items():
            usd = np.where(self.provider == provider, np.maximum(usd - credit, 0.0), usd)
        return seconds, usd

    def _start_seconds(self, terms: BillTerms) -> Floats:
        start = np.full(len(self.offers), 0.0 if "start-up" in terms.without else STARTUP_SECONDS)
        if terms.image_gb or terms.dataset_gb:
            from planner.cost.extras import GBIT_PER_SECOND  # noqa: PLC0415 - only where somebody asks for it

            moved = terms.image_gb + (0.0 if "staging" in terms.without else terms.dataset_gb)
            start += moved * 8 / np.minimum(GBIT_PER_SECOND, self.gbps)
        return start

    def _expected(self, question: _Question, work: Floats, start: Floats) -> Floats:
        """Expected time of the work with its interruptions; infinite where hopeless. As `interrupted_run`."""
        terms = question.terms
        biller = Biller(terms, question.workload)
        failures = self.gpu_count * question.nodes / terms.gpu_hours_per_failure
        spot = self.is_spot & ("interruptions" not in terms.without)
        counts = spot | (failures * work / SECONDS_PER_HOUR >= COUNTED_FROM)
        failures = (
            np.where(counts, failures, 0.0) if biller.counts_failures(question.nodes) else np.zeros_like(failures)
        )
        given = terms.interruptions_per_hour
        rate = (
            np.where(spot, self.rate if given is None else given, 0.0) * question.nodes + failures
        ) / SECONDS_PER_HOUR
        checkpoint = biller.checkpoint_seconds(question.nodes) if terms.has_checkpoints else 0.0
        restart = np.array([biller.restart_seconds(question.nodes, one) for one in np.unique(start)])[
            np.unique(start, return_inverse=True)[1]
        ]
        if not terms.has_checkpoints:
            segments = np.ones_like(work)
        else:
            between = 1 / rate
            interval = terms.checkpoint_interval_seconds or _daly(checkpoint, between)
            segments = np.maximum(1.0, np.ceil(work / interval))
        piece = work / segments + checkpoint
        expected = segments * np.exp(rate * restart) * np.expm1(rate * piece) / rate
        calm = work + (segments * checkpoint if terms.checkpoint_interval_seconds else 0.0)
        expected = np.where(rate > 0, expected, calm)
        hopeless = (rate > 0) & ((expected > HOPELESS_RATIO * work) | (checkpoint * rate >= 1))
        return np.where(hopeless, np.inf, expected)

    def _term_hours(self, used: Floats) -> Floats:
        from planner.cost.commitments import TERM_HOURS, term_hours  # noqa: PLC0415 - rarely asked for

        paid = used.copy()
        for purchase, term in TERM_HOURS.items():
            paid = np.where(self.purchase == purchase, term * np.maximum(1.0, np.ceil(used / term)), paid)
        for index in np.flatnonzero(self.purchase == Purchase.CAPACITY_BLOCK):
            if math.isfinite(used[index]):
                paid[index] = term_hours(Purchase.CAPACITY_BLOCK, used[index]) or math.inf
        return paid

    def _extras(self, question: _Question, seconds: Floats) -> Floats:
        terms = question.terms
        total = np.zeros(len(self.offers))
        if not (terms.dataset_gb or terms.results_gb):
            return total
        from planner.cost.extras import extra_items  # noqa: PLC0415 - only where somebody asks for it

        for provider in sorted(set(self.provider.tolist())):
            here = self.provider == provider
            offer = next(offer for offer in self.offers if offer.provider == provider)
            once, twice = (
                sum(
                    item.usd
                    for item in extra_items(
                        offer,
                        dataset_gb=terms.dataset_gb,
                        results_gb=terms.results_gb,
                        params_millions=question.workload.trained_params_millions,
                        seconds=span,
                        without=terms.without,
                    )[0]
                )
                for span in (0.0, SECONDS_PER_HOUR)
            )
            # storage grows with time, traffic does not
            total = np.where(here, once + (twice - once) * seconds / SECONDS_PER_HOUR, total)
        return total

    def _candidates(self, sort: str, seconds: Floats, usd: Floats, fits: Flags, limit: int) -> NDArray[np.int64]:
        """Offers that may be among the best, ties and rounding included."""
        key = {"usd": usd, "hours": seconds, "value": usd * seconds}[sort]
        places = np.flatnonzero(fits)
        if len(places) <= limit:
            return places
        best = np.partition(key[places], limit - 1)[limit - 1]
        near: NDArray[np.int64] = places[key[places] <= best * (1 + _ROUNDING) + _ROUNDING]
        return near

    def _exactly(
        self, question: _Question, throughputs: Mapping[Any, Any], places: NDArray[np.int64]
    ) -> list[Estimate]:
        """The estimates of these offers, as `estimate` makes them, ranked."""
        biller = Biller(question.terms, question.workload, on_demand=self.on_demand, credits_usd=self.credits_usd)
        found = []
        for place in places.tolist():
            offer = self.offers[place]
            notes = (self.own_notes[offer],) if offer in self.own_notes else ()
            one = price_one(
                offer, throughputs[_kind(offer)], biller, self.selection, nodes=question.nodes, own_notes=notes
            )
            if isinstance(one, str) or (question.max_usd is not None and one.usd > question.max_usd):
                continue
            if question.max_hours is None or one.seconds / SECONDS_PER_HOUR <= question.max_hours:
                found.append(one)
        return ranked(found, question.sort)


def _kind(offer: Offer) -> _Kind:
    return offer.gpu, offer.gpu_count, offer.network_gbps


def _daly(checkpoint: float, between: Floats) -> Floats:
    """`daly_interval_seconds` on a column."""
    x = checkpoint / (2 * between)
    best = np.sqrt(2 * checkpoint * between)
    return np.where(x >= 1, between, np.maximum(best * (1 + np.sqrt(x) / 3 + x / 9) - checkpoint, 1.0))


def _question(options: Mapping[str, Any]) -> _Question:
    work = described_work(**_of(described_work, options), language=_of_language(options))
    sort, nodes = options.get("sort", "usd"), options.get("nodes", 1)
    max_hours, max_usd = options.get("max_hours"), options.get("max_usd")
    check_limits(max_hours, max_usd, options.get("max_price_age_days"), sort, None)
    check_nodes(nodes)
    return _Question(
        workload=work.workload,
        terms=BillTerms(**{field.name: options[field.name] for field in fields(BillTerms) if field.name in options}),
        wanted=wanted_offers(**_of(wanted_offers, options)),
        weakest=weakest_basis(options.get("basis")),
        nodes=nodes,
        max_hours=max_hours,
        max_usd=max_usd,
        sort=sort,
    )


def _of_language(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in LanguageArguments.__annotations__ if name in options}


def _of(function: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Those options that the function takes."""
    return {name: options[name] for name in inspect.signature(function).parameters if name in options}
