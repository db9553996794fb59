"""A comparison as a JSON document, and the records it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from planner.buying.owning import Owned
from planner.compare import Comparison
from planner.cost.break_even import case_break_even_months
from planner.cost.rent_or_buy import rent_usd
from planner.model import CostItem
from planner.render.estimate_document import estimate_record, workload_record
from planner.render.listing import Row

SCHEMA = "planner.compare/1"
GRAMS_PER_KILOGRAM = 1000


def document(comparison: Comparison) -> Row:
    """The JSON document of the comparison, schema `planner.compare/1`."""
    workload, best = comparison.workload, comparison.own
    return {
        "schema": SCHEMA,
        "as_of": comparison.as_of.isoformat(),
        "workload": None if workload is None else workload_record(workload),
        "use": {
            "jobs_per_month": best.case.jobs_per_month if workload else None,
            "hours_per_month": best.case.hours_per_month,
            "months": best.case.terms.months,
        },
        "rent": _rent_record(comparison),
        "own": _own_record(best),
        "break_even": asdict(comparison.break_even),
        "margin_usd": best.margin_usd,
        "verdict": comparison.verdict,
        "odds": asdict(comparison.odds),
        "curve": curve_rows(comparison),
        "use_curve": [asdict(entry) for entry in comparison.use_curve],
        "sensitivity": [asdict(entry) for entry in comparison.sensitivity],
        "ranking": ranking_rows(comparison),
        "not_compared": [asdict(entry) for entry in comparison.not_compared],
        "assumptions": [*comparison.assumptions, *comparison.rent_assumptions],
        "notes": list(comparison.notes),
    }


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
    return sorted(rows, key=lambda row: (-row["margin_usd"], row["what"]))


def rented_kwh(comparison: Comparison) -> float | None:
    """Energy of the rented machine over the horizon; `None` where it is not known."""
    per_job = comparison.rent.kwh_per_job
    case = comparison.own.case
    return None if per_job is None else per_job * case.jobs_per_month * case.terms.months


def rented_kg(comparison: Comparison) -> float | None:
    """Carbon dioxide of the same in kg; `None` where the grid is not known."""
    kwh, grid = rented_kwh(comparison), comparison.rent.grid
    return None if kwh is None or grid is None else kwh * grid.gco2_per_kwh / GRAMS_PER_KILOGRAM


def _rent_record(comparison: Comparison) -> Row:
    rental, case = comparison.rent, comparison.own.case
    record: Row = (
        estimate_record(rental.estimate)
        if rental.estimate
        else {
            "gpu": rental.cell[0] if rental.cell else None,
            "gpu_count": rental.cell[1] if rental.cell else None,
            "usd_per_hour": rental.usd_per_hour,
            "seconds": rental.seconds,
            "usd": rental.usd_per_job,
            "items": _items(rental.items),
        }
    )
    record.update(
        {
            "label": rental.label,
            "usd_per_job": rental.usd_per_job if comparison.workload else None,
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
        "items": _items(owned.items),
        "usd_upfront": terms.upfront_usd,
        "usd_per_month": owned.usd_per_month,
        "usd_per_job": owned.usd_per_job if throughput else None,
        "usd_resale": -sum(item.usd for item in owned.items if item.name == "resale"),
        "usd_total": owned.usd,
        "seconds": owned.job_seconds if throughput else None,
        "hours_per_month": owned.case.hours_per_month,
        "throughput": None
        if throughput is None
        else {
            "samples_per_second": throughput.samples_per_second,
            "low": throughput.low,
            "high": throughput.high,
            "basis": str(throughput.basis),
            "precision": str(throughput.precision),
            "stack": throughput.stack,
            "sources": list(throughput.sources),
            "notes": list(throughput.notes),
        },
        "prices": {"cards": asdict(owned.machine.cards), "host": asdict(owned.machine.host)},
        "terms": {**asdict(terms), "resale_curve": str(terms.resale_curve)},
        "kwh_total": owned.kwh,
        "kg_co2_total": owned.kg_co2,
        "grid": asdict(owned.grid) if owned.grid else None,
    }


def _items(items: Sequence[CostItem]) -> list[Row]:
    return [{**asdict(item), "usd": item.usd} for item in items]
