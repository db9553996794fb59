"""Lower bounds of seconds and USD for whole columns of offers: never above the exact figure, whatever is on the bill.

They only say where to look first and when to stop; every figure that is shown is that of the bill.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from planner.answers.question import Question
from planner.cost.bill import Biller
from planner.cost.rental import billing_rule
from planner.model.records import Offer, Purchase
from planner.units import SECONDS_PER_HOUR

Floats = NDArray[np.float64]

_SHAVED = 1 - 1e-12
"""Taken off before anything is rounded up, where one last digit too many would cost a whole hour or year."""

_SUMMED = 1 - 1e-11
"""Taken off the sum: the bill adds its items in another order."""


class Bounds:
    """Lower bounds of time and cost for a list of offers, whose prices and rules are kept as columns."""

    def __init__(self, offers: Sequence[Offer]) -> None:
        from planner.cost.commitments import BLOCK_DAYS, BLOCK_LOST_HOURS, TERM_HOURS  # noqa: PLC0415

        rules = [billing_rule(offer.provider, offer.instance_type) for offer in offers]
        self._offers = offers
        self._usd_per_hour = np.array([offer.usd_per_hour for offer in offers])
        self._increment = np.array([(rule.increment_seconds if rule else None) or 0.0 for rule in rules])
        self._minimum = np.array([(rule.minimum_seconds if rule else None) or 0.0 for rule in rules])
        self._term_hours = np.array([TERM_HOURS.get(offer.purchase, 0.0) for offer in offers])
        self._in_blocks = np.array([offer.purchase is Purchase.CAPACITY_BLOCK for offer in offers], dtype=bool)
        self._block_hours = np.array([24.0 * days for days in BLOCK_DAYS] + [math.inf])
        self._usable_hours = self._block_hours[:-1] - BLOCK_LOST_HOURS
        networks = {offer.network_gbps: offer for offer in offers}
        self._networks = list(networks.values())  # one offer of each network
        self._network = _places(list(networks), [offer.network_gbps for offer in offers])
        providers = {offer.provider: offer for offer in offers}
        self._providers = list(providers.values())
        self._provider = _places(list(providers), [offer.provider for offer in offers])

    def of(self, question: Question, biller: Biller, samples_per_second: Floats) -> tuple[Floats, Floats]:
        """Least seconds and least USD of the question on each offer; infinite where no speed is known (NaN).

        Checkpoints, lost work, restarts and failures only add time; rounding up to increments and terms, minima, storage,
        traffic, tax and credits never fall when time or price rise.
        """
        terms = question.terms
        work = question.work.workload.samples / samples_per_second
        work = work * terms["overhead_factor"] * (1 + terms["evaluation_fraction"]) * terms["trials"]
        starts = np.array([_least_start(biller, offer, question.nodes) for offer in self._networks])
        seconds = (starts[self._network] + work) * _SHAVED
        hours = self._paid_hours(seconds + terms["idle_seconds"], is_shared=terms["share_commitment"])
        usd = hours * self._usd_per_hour * question.nodes
        if terms["dataset_gb"] or terms["results_gb"]:
            usd = usd + self._extras(question, seconds)
        usd = usd * ((1 + terms["tax_fraction"]) * _SUMMED)
        if biller.credits_usd:
            usd = np.maximum(usd - self._credits(biller.credits_usd), 0.0)
        is_known = np.isfinite(samples_per_second)
        return np.where(is_known, seconds, np.inf), np.where(is_known, usd, np.inf)

    def _paid_hours(self, used: Floats, *, is_shared: bool) -> Floats:
        """Least hours that are paid for so many seconds of use; infinite where no capacity block is that long."""
        used = used * _SHAVED
        steps = np.where(self._increment > 0, self._increment, 1.0)
        billed = np.where(self._increment > 0, steps * np.ceil(used / steps), used)
        hours: Floats = np.maximum(billed, self._minimum) / SECONDS_PER_HOUR * _SHAVED
        if is_shared:
            return hours
        if self._term_hours.any():
            terms = np.where(self._term_hours > 0, self._term_hours, 1.0)
            hours = np.where(self._term_hours > 0, terms * np.maximum(1.0, np.ceil(hours / terms)), hours)
        if self._in_blocks.any():
            blocks = self._block_hours[np.searchsorted(self._usable_hours, hours)]
            hours = np.where(self._in_blocks, blocks, hours)
        return hours

    def _extras(self, question: Question, seconds: Floats) -> Floats:
        """USD of storage, which grows with time, and of traffic, which does not."""
        from planner.cost.extras import extra_items  # noqa: PLC0415 - only where somebody asks for it

        at_once: list[float] = []
        per_hour: list[float] = []
        for offer in self._providers:
            once, later = (
                math.fsum(
                    item.usd
                    for item in extra_items(
                        offer,
                        dataset_gb=question.terms["dataset_gb"],
                        results_gb=question.terms["results_gb"],
                        params_millions=question.work.workload.trained_params_millions,
                        seconds=span,
                        without=question.terms["without"],
                    )[0]
                )
                for span in (0.0, SECONDS_PER_HOUR)
            )
            at_once.append(once)
            per_hour.append((later - once) * _SHAVED)
        fixed, rising = np.array(at_once)[self._provider], np.array(per_hour)[self._provider]
        total: Floats = fixed + rising * seconds / SECONDS_PER_HOUR
        return total

    def _credits(self, credits_usd: Mapping[str, float]) -> Floats:
        owed: Floats = np.array([credits_usd.get(offer.provider, 0.0) for offer in self._providers])[self._provider]
        return owed


def _least_start(biller: Biller, offer: Offer, nodes: int) -> float:
    """The seconds of a start on the offer's network, of machines with however few GPUs."""
    fetching = math.fsum(seconds for name, seconds in biller.start_parts(offer, nodes) if name != "start-up")
    return biller.startup_seconds(0.0, nodes) + fetching


def _places(names: Sequence[object], values: Sequence[object]) -> NDArray[np.int64]:
    place = {name: index for index, name in enumerate(names)}
    return np.array([place[value] for value in values], dtype=np.int64)
