"""The result of a comparison, the records in it, and its JSON document."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

from planner.cost.break_even import case_break_even_months
from planner.cost.rent_or_buy import Month, rent_usd
from planner.cost.sensitivity import Sensitivity
from planner.cost.uncertainty import Odds
from planner.model.book_ages import DamagedBook
from planner.model.costs import ItemKind
from planner.model.frozen import dataclass
from planner.model.records import Workload
from planner.results.alternatives import Alternative
from planner.results.answer import damaged_text
from planner.results.estimate import estimate_record, item_records, speed_record, workload_record
from planner.results.lines import way_lines
from planner.results.one_region import one_region_text
from planner.results.owning import owning_text
from planner.results.prices import damaged_record
from planner.results.shown import ShownInNotebooks
from planner.results.sides import GRAMS_PER_KILOGRAM, Owned, Rental
from planner.units import MONTHS_PER_YEAR, Row

if TYPE_CHECKING:
    import pandas as pd

    from planner.cost.currency import Currency

SCHEMA = "planner.compare/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(ShownInNotebooks):
    """The result of `compare`: renting against owning, best machine first, and all that is needed to judge it.

    `options` are ranked by their cost over the horizon; `break_even`, `curve`, `sensitivity` and the rest speak of
    the first. `workload` is `None` where only hours are compared.
    """

    workload: Workload | None
    as_of: date
    options: tuple[Owned, ...]
    machines: tuple[Owned, ...]  # those, and the best one bought in other conditions: each has a line of its own
    alternatives: tuple[Alternative, ...]
    break_even: BreakEven
    curve: tuple[Month, ...]
    use_curve: tuple[UseMonth, ...]
    verdict: str
    odds: Odds
    sensitivity: tuple[Sensitivity, ...]
    not_compared: tuple[NotCompared, ...]
    assumptions: tuple[str, ...]
    rent_assumptions: tuple[str, ...]  # what the estimate of the rented run rests on besides
    notes: tuple[str, ...]
    damaged: tuple[DamagedBook, ...] = ()  # books of providers that the answer is made without

    @property
    def own(self) -> Owned:
        """The best machine."""
        return self.options[0]

    @property
    def rent(self) -> Rental:
        """The rental that the best machine is compared with."""
        return self.options[0].rental

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to mind of the whole: books it is made without, and rentals whose price one region alone asks."""
        rentals = {rental.label: rental for rental in self.own.rentals}
        rented = [(row.title, rentals[row.name]) for row in self.alternatives if row.name in rentals]
        alone = one_region_text(
            (title, rental.offer, rental.usd_per_hour_elsewhere) for title, rental in rented if rental.offer is not None
        )
        return (*damaged_text(self.damaged), *filter(None, (alone,)))

    def to_frame(self) -> pd.DataFrame:
        """The curve of the best machine: month, rent_usd, own_usd, own_if_sold_usd, all cumulative and worth today."""
        import pandas as pd  # noqa: PLC0415 - heavy, and only notebooks need it

        return pd.DataFrame(curve_rows(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompared:
    """A machine that was asked for and could not be compared, and why."""

    gpu: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """When the purchase has paid for itself, as jobs, months and GPU hours; all `None`: never, for the `reason`.

    Resale is not counted. `months_if_sold` counts it: from then on buying and selling again costs no more than renting
    did; `None` if not within the horizon. `jobs` is `None` where only hours are compared.
    """

    jobs: float | None
    months: float | None
    gpu_hours: float | None
    reason: str | None
    months_if_sold: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseMonth:
    """The decision at another use of the machine: a part of the month, its hours, margin and break-even."""

    utilisation: float
    hours_per_month: float
    margin_usd: float
    break_even_months: float | None


def document(comparison: Comparison, currency: Currency | None = None) -> Row:
    """The JSON document of the comparison, schema `planner.compare/1`; with a currency its totals in that too."""
    workload, best = comparison.workload, comparison.own
    return {
        "schema": SCHEMA,
        "as_of": comparison.as_of.isoformat(),
        "workload": None if workload is None else workload_record(workload),
        "use": {
            "jobs_per_month": best.case.jobs_per_month if workload else None,
            "hours_per_month": best.case.work_hours_per_month,
            "months": best.case.terms.months,
            "peak": _peak_record(best, has_jobs=workload is not None),
        },
        "rent": _rent_record(comparison),
        "own": _own_record(best),
        "against": {"way": comparison.rent.way, "name": comparison.rent.label},
        "alternatives": [asdict(entry) for entry in comparison.alternatives],
        "break_even": asdict(comparison.break_even),
        "margin_usd": best.margin_usd,
        "verdict": comparison.verdict,
        "warnings": list(comparison.warnings),
        "owning": owning_text(best),
        **(
            {
                "currency": asdict(currency),
                "amounts": amounts(comparison, currency),
                "verdict_in_currency": sentence_in(comparison, currency),
            }
            if currency
            else {}
        ),
        "odds": asdict(comparison.odds),
        "curve": curve_rows(comparison),
        "use_curve": [asdict(entry) for entry in comparison.use_curve],
        "lines": way_lines(
            comparison.alternatives,
            comparison.machines,
            curve=comparison.curve,
            hours_of_use=[entry.hours_per_month for entry in comparison.use_curve],
        ),
        "sensitivity": [asdict(entry) for entry in comparison.sensitivity],
        "ranking": ranking_rows(comparison),
        "not_compared": [asdict(entry) for entry in comparison.not_compared],
        "assumptions": [*comparison.assumptions, *comparison.rent_assumptions],
        "notes": list(comparison.notes),
        "damaged_books": [damaged_record(book) for book in comparison.damaged],
    }


def amounts(comparison: Comparison, currency: Currency) -> Row:
    """Totals over the horizon, and those of a run, in the currency; `None` for a run where only hours are compared."""
    best, rate = comparison.own, currency.per_usd
    per_job = (best.rent_usd_per_job, best.usd_per_job) if comparison.workload is not None else (None, None)
    return {
        "rent_total": rent_usd(best.case) * rate,
        "own_total": best.usd * rate,
        "margin": best.margin_usd * rate,
        "rent_per_job": None if per_job[0] is None else per_job[0] * rate,
        "own_per_job": None if per_job[1] is None else per_job[1] * rate,
    }


def sentence_in(comparison: Comparison, currency: Currency) -> str:
    """The totals of the verdict in the currency, with the rate, its day and its source."""
    shown = amounts(comparison, currency)
    return (
        f"In {currency.code}: renting costs {shown['rent_total']:,.0f}, owning {shown['own_total']:,.0f}, a difference of "
        f"{abs(shown['margin']):,.0f}, at {currency.per_usd:.6g} {currency.code} per USD of {currency.as_of} ({currency.source})."
    )


def curve_rows(comparison: Comparison) -> list[Row]:
    """The curve of the best machine, one record a month."""
    return [asdict(month) for month in comparison.curve]


def ranking_rows(comparison: Comparison) -> list[Row]:
    """Every machine and renting, best first."""
    best = comparison.own
    rows: list[Row] = [
        {
            "what": owned.label,
            "usd_total": owned.usd,
            "margin_usd": owned.margin_usd,
            "break_even_months": None if owned.is_owned_already else case_break_even_months(owned.case),
            "seconds": owned.job_seconds if comparison.workload else None,
        }
        for owned in comparison.options
    ]
    rows.append(
        {
            "what": f"keep renting: {best.rental.label}",
            "usd_total": rent_usd(best.case),
            "margin_usd": 0.0,
            "break_even_months": None,
            "seconds": best.rental.seconds if comparison.workload else None,
        }
    )
    return sorted(rows, key=lambda row: (row["usd_total"], row["what"]))


def rented_kwh(comparison: Comparison) -> float | None:
    """Energy of the rented machine over the horizon; `None` where it is not known."""
    per_job = comparison.rent.kwh_per_job
    case = comparison.own.case
    return None if per_job is None else per_job * case.jobs_per_month * case.terms.months


def rented_kg(comparison: Comparison) -> float | None:
    """Carbon dioxide of the rented machine's energy in kg; `None` where the grid is not known."""
    kwh, grid = rented_kwh(comparison), comparison.rent.grid
    return None if kwh is None or grid is None else kwh * grid.gco2_per_kwh / GRAMS_PER_KILOGRAM


def _rent_record(comparison: Comparison) -> Row:
    rental, case = comparison.rent, comparison.own.case
    record: Row = (
        # what it is among all rows that could be rented is not worked out
        estimate_record(rental.estimate) | {"rank": None, "is_pareto": None}
        if rental.estimate
        else {
            "gpu": rental.cell[0] if rental.cell else None,
            "gpu_count": rental.cell[1] if rental.cell else None,
            "usd_per_hour": rental.usd_per_hour,
            "seconds": rental.seconds,
            "usd": rental.usd_per_job,
            "items": item_records(rental.items),
        }
    )
    record.update(
        {
            "label": rental.label,
            "usd_per_job": comparison.own.rent_usd_per_job if comparison.workload else None,
            "usd_per_month": case.rent_usd_per_month,
            "usd_total": rent_usd(case),
            "kwh_total": rented_kwh(comparison),
            "kg_co2_total": rented_kg(comparison),
            "grid": asdict(rental.grid) if rental.grid else None,
        }
    )
    return record


def _own_record(owned: Owned) -> Row:
    terms, throughput = owned.case.terms, owned.throughput
    return {
        "gpu": owned.machine.gpu.name,
        "card_count": owned.machine.card_count,
        "gpu_count": owned.machine.gpu_count,
        "condition": "owned" if owned.is_owned_already else str(owned.machine.condition),
        "label": owned.label,
        "items": item_records(owned.items),
        "usd_upfront": terms.upfront_usd,
        "usd_per_month": owned.usd_per_month,
        "usd_per_job": owned.usd_per_job if throughput else None,
        "usd_resale": math.fsum(-item.usd for item in owned.items if item.kind is ItemKind.RESALE),
        "usd_total": owned.usd,
        "seconds": owned.job_seconds if throughput else None,
        "hours_per_month": owned.case.hours_per_month,
        "rest": None if owned.rest is None else _rest_record(owned, owned.rest),
        "throughput": None
        if throughput is None
        else {
            **speed_record(throughput),
            "sources": list(throughput.sources),
            "notes": list(throughput.notes),
        },
        "prices": {"cards": asdict(owned.machine.cards), "host": asdict(owned.machine.host)},
        "terms": {**asdict(terms), "resale_curve": str(terms.resale_curve)},
        "kwh_total": owned.kwh,
        "kg_co2_total": owned.kg_co2,
        "grid": asdict(owned.grid) if owned.grid else None,
    }


def _peak_record(owned: Owned, *, has_jobs: bool) -> Row | None:
    """How busy months differ from usual ones; `None` where all are alike."""
    case, peak = owned.case, owned.case.peak
    if not peak.share:
        return None
    usual_hours, usual_jobs = case.work_hours_per_month / peak.mean, case.jobs_per_month / peak.mean
    return {
        "factor": peak.factor,
        "months_per_year": peak.share * MONTHS_PER_YEAR,
        "usual_hours_per_month": usual_hours,
        "busy_hours_per_month": usual_hours * peak.factor,
        "usual_jobs_per_month": usual_jobs if has_jobs else None,
        "busy_jobs_per_month": usual_jobs * peak.factor if has_jobs else None,
    }


def _rest_record(owned: Owned, rest: Rental) -> Row:
    """What exceeds the machine, and the rental that does it."""
    case = owned.case
    return {
        "label": rest.label,
        "way": rest.way,
        "most_hours_per_month": case.most_hours_per_month,
        "jobs_per_month": case.rest_jobs_per_month,
        "usd_per_job": case.rest_usd_per_job,
        "usd_per_month": case.rest_jobs_per_month * case.rest_usd_per_job,
        "base_sizes": [asdict(size) for size in owned.base_sizes],
    }
