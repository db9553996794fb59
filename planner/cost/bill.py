"""The whole bill of one run on one offer: rent, interruptions, what a commitment binds, and the items asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from planner.cost.checkpoints import (
    HOPELESS_RATIO,
    checkpoint_gb,
    checkpoint_seconds_of,
    interrupted_run,
    percentile_seconds,
)
from planner.cost.failures import COUNTED_FROM, failures_per_hour
from planner.cost.rental import BillingRule, billed_seconds, billing_rule, rental_items
from planner.errors import UsageError
from planner.hardware.spot import InterruptionRate, interruption_rate
from planner.model.costs import CostItem, Interruptions, ItemKind
from planner.model.records import Estimate, Offer, Purchase, Throughput, Workload
from planner.options.bill import GPU_HOURS_PER_FAILURE, STARTUP_SECONDS, USUAL_OVERHEAD, BillTerms
from planner.units import hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Time and cost of one run on one offer; seconds from the start of billing to the result."""

    seconds: float
    seconds_low: float
    seconds_high: float
    items: tuple[CostItem, ...]
    usd_low: float
    usd_high: float
    interruptions: Interruptions | None
    basis_of_interruptions: str
    notes: tuple[str, ...]


class Biller:
    """Writes the bill of one workload on any offer.

    Args:
        terms: what is on the bill.
        workload: what runs.
        on_demand: price per hour on demand by (provider, instance type, region), to compare commitments with.
        credits_usd: what each provider owes the user, in USD.
    """

    def __init__(
        self,
        terms: BillTerms,
        workload: Workload,
        *,
        on_demand: Mapping[tuple[str, str, str], float] | None = None,
        credits_usd: Mapping[str, float] | None = None,
    ) -> None:
        self.terms = terms
        self.workload = workload
        self.on_demand = on_demand or {}
        self.credits_usd = credits_usd or {}
        self.refused: dict[str, tuple[float, str]] = {}  # reason: (how bad, the least bad case in numbers)
        self._counts_interruptions = "interruptions" not in terms.without
        self._has_extras = bool(terms.dataset_gb or terms.results_gb or terms.tax_fraction or credits_usd)

    def bill(self, offer: Offer, throughput: Throughput, node_count: int = 1) -> Bill | str:
        """The bill, or the reason why this offer cannot do the work; `refused` then holds the numbers."""
        terms = self.terms
        rule = billing_rule(offer.provider, offer.instance_type)
        training = self.workload.samples / throughput.samples_per_second
        once = training * terms.overhead_factor * (1 + terms.evaluation_fraction)
        work = once * terms.trials
        fastest, slowest = (
            work * throughput.samples_per_second / throughput.high,
            work * throughput.samples_per_second / throughput.low,
        )
        start = self.start_parts(offer)
        start_seconds = sum(seconds for _, seconds in start)
        rate = self.rate(offer, hours(work), node_count)
        run: Interruptions | None = None
        low, high = fastest, slowest
        if rate is not None:
            runs = self._runs((work, fastest, slowest), rate, node_count, start_seconds)
            if isinstance(runs, str):
                return runs
            run = runs[0]
            low, high = runs[1].expected_seconds, runs[2].expected_seconds
        seconds = start_seconds + (run.expected_seconds if run else work)
        items = rental_items(
            offer,
            rule,
            training_seconds=training,
            startup_seconds=0.0,
            node_count=node_count,
            more=(*start, *self._more(training, once, work, run)),
            idle_seconds=terms.idle_seconds,
        )
        if offer.purchase is Purchase.CAPACITY_BLOCK and not self._fits_block(start_seconds + high):
            return "longer than the longest capacity block"
        items, notes = self._beyond_rent(offer, items, seconds, node_count)
        return Bill(
            seconds=seconds,
            seconds_low=start_seconds + low,
            seconds_high=start_seconds + high,
            items=items,
            usd_low=self._usd(offer, rule, start_seconds + low, node_count),
            usd_high=self._usd(offer, rule, start_seconds + high, node_count),
            interruptions=run,
            basis_of_interruptions=rate.source if rate else "",
            notes=notes,
        )

    def start_parts(self, offer: Offer) -> tuple[tuple[str, float], ...]:
        """What happens before the first step, with the seconds it takes."""
        startup = 0.0 if "start-up" in self.terms.without else STARTUP_SECONDS
        if not (self.terms.image_gb or self.terms.dataset_gb):
            return (("start-up", startup),)
        from planner.cost.extras import transfer_seconds  # noqa: PLC0415 - only where somebody asks for it

        parts = [("start-up", startup), ("image pull", transfer_seconds(offer, self.terms.image_gb))]
        if "staging" not in self.terms.without:
            parts.append(("staging the data in", transfer_seconds(offer, self.terms.dataset_gb)))
        return tuple(parts)

    def assumptions(self, shown: Sequence[Estimate]) -> Iterator[str]:
        """What the bills of these estimates rest on, a line each."""
        terms = self.terms
        if "start-up" not in terms.without:
            yield f"start-up of {STARTUP_SECONDS:g} s before the first step (an assumption), billed like the rest"
        if any(estimate.offer.purchase is Purchase.SPOT for estimate in shown):
            yield self._spot_assumption()
        elif any(estimate.interruptions for estimate in shown):
            yield f"one hardware failure per {terms.gpu_hours_per_failure:,.0f} GPU-hours; {self._checkpoint_assumption()}"
        if self.workload.language is not None and any(estimate.node_count > 1 for estimate in shown):
            yield (
                "what whole runs lose to checkpoints, evaluation and failures is in the speed (see --explain); a run takes "
                f"{terms.overhead_factor:g} times that (--overhead-factor)"
            )
        else:
            low, high = USUAL_OVERHEAD
            yield (
                f"a run takes {terms.overhead_factor:g} times its time at the benchmark's speed (published runs: {low:g} to "
                f"{high:g}, set it with --overhead-factor)"
            )
        asked = [name for name, value in (("storage", terms.dataset_gb), ("traffic", terms.results_gb)) if not value]
        taxed = f"{terms.tax_fraction:.3g} of tax" if terms.tax_fraction else "before tax"
        missing = f"; {' and '.join(asked)} not included (--dataset-gb, --results-gb)" if asked else ""
        yield f"prices in USD for the whole instance, Linux, {taxed}{missing}"
        if terms.trials > 1:
            yield f"{terms.trials} trials of full length, one after the other on the same instance"

    def _spot_assumption(self) -> str:
        if not self._counts_interruptions:
            return "spot: interruptions and lost work are left out of the figures"
        given = self.terms.interruptions_per_hour
        how_often = (
            f"{given:g} interruptions per instance and hour"
            if given is not None
            else (
                "interruptions as published for the type and region (AWS), else 10 % a day; single types do far worse"
            )
        )
        return (
            f"spot: {how_often} (--interruptions-per-hour), at random times, a new instance at once; "
            f"{self._checkpoint_assumption()}"
        )

    def _checkpoint_assumption(self) -> str:
        if not self.terms.has_checkpoints:
            return "no checkpoints, so that an interruption throws a run back to its beginning"
        params = self.workload.trained_params_millions
        size = (
            "" if params is None or self.terms.checkpoint_seconds is not None else f" ({checkpoint_gb(params):.3g} GB)"
        )
        interval = self.terms.checkpoint_interval_seconds
        when = "at the best interval" if interval is None else f"every {interval:g} s of work"
        return f"checkpoints {when}, {self.checkpoint_seconds(1):,.3g} s each{size}"

    def counts_failures(self, node_count: int) -> bool:
        """Whether hardware failures are counted on top of the work.

        The speed of a language model over several machines is that of whole published runs, failures and all: there
        they are counted only at a rate that somebody gives.
        """
        is_in_speed = self.workload.language is not None and node_count > 1
        is_given = self.terms.gpu_hours_per_failure != GPU_HOURS_PER_FAILURE
        return "failures" not in self.terms.without and (is_given or not is_in_speed)

    def rate(self, offer: Offer, work_hours: float, node_count: int) -> InterruptionRate | None:
        """Interruptions of the whole run per hour, taken back and broken together; `None` where none are counted."""
        spot = offer.purchase is Purchase.SPOT and self._counts_interruptions
        failures = failures_per_hour(offer.gpu_count * node_count, self.terms.gpu_hours_per_failure)
        if not self.counts_failures(node_count) or (not spot and failures * work_hours < COUNTED_FROM):
            failures = 0.0
        if spot:
            given = self.terms.interruptions_per_hour
            rate = (
                interruption_rate(offer)
                if given is None
                else InterruptionRate(
                    per_hour=given, low=given, high=given, source="given with --interruptions-per-hour"
                )
            )
            if node_count == 1 and failures == 0:
                return rate
            return InterruptionRate(
                per_hour=rate.per_hour * node_count + failures,
                low=rate.low * node_count + failures,
                high=rate.high * node_count + failures,
                source=rate.source,
            )
        if failures == 0 and self.terms.checkpoint_interval_seconds is None:
            return None
        return InterruptionRate(
            per_hour=failures,
            low=failures,
            high=failures,
            source=f"one hardware failure per {self.terms.gpu_hours_per_failure:,.0f} GPU-hours",
        )

    def checkpoint_seconds(self, node_count: int) -> float:
        """Time to write a checkpoint: as given, or from the size of the model."""
        if self.terms.checkpoint_seconds is not None:
            return self.terms.checkpoint_seconds
        return checkpoint_seconds_of(self.workload.trained_params_millions, node_count)

    def restart_seconds(self, node_count: int, start_seconds: float) -> float:
        """Time from a new instance to its first new step."""
        if self.terms.restart_seconds is not None:
            return self.terms.restart_seconds
        return start_seconds + (self.checkpoint_seconds(node_count) if self.terms.has_checkpoints else 0.0)

    def _runs(
        self, works: tuple[float, float, float], rate: InterruptionRate, node_count: int, start_seconds: float
    ) -> tuple[Interruptions, Interruptions, Interruptions] | str:
        """The run at the middle, the low and the high of throughput and rate, or why it cannot be done."""
        middle = self._run(works[0], rate.per_hour, node_count, start_seconds)
        if isinstance(middle, str):
            return middle
        if middle.expected_seconds > HOPELESS_RATIO * works[0]:
            return self._hopeless(middle)
        low = self._run(works[1], rate.low, node_count, start_seconds)
        high = self._run(works[2], rate.high, node_count, start_seconds)
        if isinstance(low, str) or isinstance(high, str):
            return high if isinstance(high, str) else str(low)
        return self._hopeless(high) if math.isinf(high.expected_seconds) else (middle, low, high)

    def _run(self, work: float, per_hour: float, node_count: int, start_seconds: float) -> Interruptions | str:
        try:
            return interrupted_run(
                work_seconds=work,
                interruptions_per_hour=per_hour,
                checkpoint_seconds=self.checkpoint_seconds(node_count),
                restart_seconds=self.restart_seconds(node_count, start_seconds),
                interval_seconds=self.terms.checkpoint_interval_seconds,
                has_checkpoints=self.terms.has_checkpoints,
            )
        except UsageError as error:
            reason = "a checkpoint takes as long as the mean time between interruptions"
            self.refused.setdefault(reason, (per_hour, str(error)))
            return reason

    def _hopeless(self, run: Interruptions) -> str:
        reason = f"interrupted so often that the work would take more than {HOPELESS_RATIO:g} times as long"
        how = "" if run.has_checkpoints else " without checkpoints"
        text = (
            f"{hours(run.work_seconds):,.1f} h of work at {run.per_hour:.3g} interruptions per hour{how} would take "
            f"{hours(run.expected_seconds):,.0f} h on average, {run.expected_seconds / run.work_seconds:,.0f} times as long. "
            "Write checkpoints, or rent on demand."
        )
        if run.expected_seconds < self.refused.get(reason, (math.inf, ""))[0]:
            self.refused[reason] = (run.expected_seconds, text)
        return reason

    def _more(
        self, training: float, once: float, work: float, run: Interruptions | None
    ) -> tuple[tuple[str, float], ...]:
        terms = self.terms
        parts: list[tuple[str, float]] = []
        if work != training:
            overhead = training * (terms.overhead_factor - 1)
            parts += [("overhead over the benchmark", overhead), ("evaluation", once - training - overhead)]
            parts.append((f"{terms.trials - 1} more trials", work - once))
        if run is not None:
            parts.append(("checkpoints", run.checkpointing_seconds))
            parts += [("work done twice", run.lost_seconds), ("restarts", run.restarting_seconds)]
        return tuple(parts)

    def _beyond_rent(
        self, offer: Offer, items: tuple[CostItem, ...], seconds: float, node_count: int
    ) -> tuple[tuple[CostItem, ...], tuple[str, ...]]:
        notes: tuple[str, ...] = ()
        if offer.purchase not in _WITHOUT_TERM:
            from planner.cost.commitments import commitment_note, unused_item  # noqa: PLC0415 - rarely asked for

            paid_hours = sum(item.quantity for item in items) / node_count
            notes = (commitment_note(offer, paid_hours, self._on_demand(offer), is_shared=self.terms.share_commitment),)
            if not self.terms.share_commitment:
                items += unused_item(offer, paid_hours, node_count)
        if self._has_extras:
            from planner.cost.extras import extra_items  # noqa: PLC0415 - only where somebody asks for it

            more, missing = extra_items(
                offer,
                dataset_gb=self.terms.dataset_gb,
                results_gb=self.terms.results_gb,
                params_millions=self.workload.trained_params_millions,
                seconds=seconds,
                without=self.terms.without,
            )
            items += more
            notes += missing
            if self.terms.tax_fraction:
                taxed = sum(item.usd for item in items)
                items += (
                    CostItem(
                        name="tax",
                        kind=ItemKind.TAX,
                        quantity=self.terms.tax_fraction,
                        unit="of the bill",
                        usd_per_unit=taxed,
                    ),
                )
            items += self._credit(offer.provider, items)
        return items, notes

    def _credit(self, provider: str, items: tuple[CostItem, ...]) -> tuple[CostItem, ...]:
        credit = min(self.credits_usd.get(provider, 0.0), sum(item.usd for item in items))
        return (
            (CostItem(name="credit", kind=ItemKind.CREDIT, quantity=1.0, unit="credit", usd_per_unit=-credit),)
            if credit
            else ()
        )

    def _fits_block(self, seconds: float) -> bool:
        from planner.cost.commitments import term_hours  # noqa: PLC0415 - rarely asked for

        return term_hours(Purchase.CAPACITY_BLOCK, hours(seconds + self.terms.idle_seconds)) is not None

    def _on_demand(self, offer: Offer) -> float | None:
        return self.on_demand.get((offer.provider, offer.instance_type, offer.region))

    def _usd(self, offer: Offer, rule: BillingRule | None, seconds: float, node_count: int) -> float:
        billed = hours(billed_seconds(rule, seconds + self.terms.idle_seconds))
        if offer.purchase in _WITHOUT_TERM and not self._has_extras:
            return billed * node_count * offer.usd_per_hour
        rent = CostItem(
            name="rent",
            kind=ItemKind.TIME,
            quantity=billed * node_count,
            unit="instance-hour",
            usd_per_unit=offer.usd_per_hour,
        )
        items, _ = self._beyond_rent(offer, (rent,), seconds, node_count)
        return sum(item.usd for item in items)


_WITHOUT_TERM = frozenset((Purchase.ON_DEMAND, Purchase.SPOT))


def percentile(estimate: Estimate, fraction: float = 0.9) -> tuple[float, float]:
    """Seconds and USD within which that fraction of such runs ends, of the interruptions alone.

    The throughput stays at its middle figure; every further second is paid at the rate of the instances.
    """
    run = estimate.interruptions
    if run is None:
        return estimate.seconds, estimate.usd
    late = percentile_seconds(run, fraction) - run.expected_seconds
    return estimate.seconds + late, estimate.usd + hours(late) * estimate.offer.usd_per_hour * estimate.node_count
